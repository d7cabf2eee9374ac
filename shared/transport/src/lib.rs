//! The only crate that opens a socket to a provider, and the one that fetches the keys for it.
//!
//! - [`Sender`] sends one request and tells whether the provider can have seen it.
//! - [`Downloader`] fetches a file, through a guard that lets it reach nothing but the provider's hosts.
//! - [`CallerWebhookClient`] posts to a URL that whoever submitted a job has named, through a guard of the same kind.
//! - [`Secrets`] reads Landfall's secret and keeps it for a while, and changes it.
//! - [`TokenCache`] shares providers' tokens by a second secret.

mod addresses;
mod caller_webhook_client;
mod client;
mod download;
mod ranges;
mod secret_cache;
mod secret_change;
mod secrets;
mod send;
mod ssrf_guard;
mod token_cache;

pub use caller_webhook_client::{CallerWebhookClient, CallerWebhookError};
pub use download::{Download, Downloader};
pub use ranges::RemoteFile;
pub use secret_change::SecretVersion;
pub use secrets::{SecretDocument, Secrets, random_bytes};
pub use send::{MAX_RESPONSE_BYTES, SendError, Sender};
pub use ssrf_guard::{Origin, SsrfGuard};
pub use token_cache::TokenCache;
