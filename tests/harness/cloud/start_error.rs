//! Why the local cloud does not start.

/// Why the cloud did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Someone else listens on a port that was asked for.
    #[error("port {port} for {service} is taken; stop what listens there or choose another port")]
    PortTaken {
        /// Which listener wanted it.
        service: &'static str,
        /// The port.
        port: u16,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The data folder or a socket refused.
    #[error("cannot start the local {service}")]
    Io {
        /// Which part failed.
        service: &'static str,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The table database refused.
    #[error("cannot open the table database: {0}")]
    Database(String),
}
