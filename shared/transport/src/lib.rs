//! The only crate that opens a socket to a provider, and the one that fetches the keys for it.
//!
//! - [`Sender`] sends one request and tells whether the provider can have seen it.
//! - [`Downloader`] fetches a file, through a guard that lets it reach nothing but the provider's hosts.
//! - [`Secrets`] reads Landfall's secret and keeps it for a while, and changes it.

mod addresses;
mod client;
mod download;
mod guard;
mod ranges;
mod secret_change;
mod secrets;
mod send;
mod tokens;

pub use download::{Download, Downloader};
pub use guard::{Guard, Origin};
pub use ranges::Remote;
pub use secret_change::SecretVersion;
pub use secrets::{SecretDocument, Secrets};
pub use send::{Sender, Unanswered};
