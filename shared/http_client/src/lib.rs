//! The only crate that opens a connection to a provider, to its files' hosts or to callers' webhooks.
//!
//! - [`Sender`] sends one request and reports whether the provider can have received it.
//! - [`Downloader`] downloads a file, through a guard that lets it reach the provider's hosts only.
//! - [`CallerWebhookClient`] posts to a URL that the caller of a job named, through a guard of the same kind.

mod caller_webhook_client;
mod client_builder;
mod download;
mod download_response;
mod provider_http_client;
mod public_addresses;
mod public_resolver;
mod remote_file;
mod ssrf_guard;

pub use caller_webhook_client::{CallerWebhookClient, CallerWebhookError};
pub use download::Downloader;
pub use download_response::Download;
pub use provider_http_client::{MAX_RESPONSE_BYTES, SendError, Sender};
pub use remote_file::RemoteFile;
pub use ssrf_guard::{Origin, SsrfGuard};
