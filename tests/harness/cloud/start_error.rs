//! Why the local cloud does not start.

/// Why the local cloud did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A requested port is in use.
    #[error(
        "port {port} for {service} is in use; stop the process that listens there or choose another port"
    )]
    PortTaken {
        /// The listener that needs the port.
        service: &'static str,
        /// The port.
        port: u16,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The data folder or a socket cannot be opened.
    #[error("cannot start the local {service}")]
    Io {
        /// The part that failed.
        service: &'static str,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The table database cannot be opened.
    #[error("cannot open the table database: {0}")]
    Database(String),
}
