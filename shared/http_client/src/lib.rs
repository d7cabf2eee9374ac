//! The only crate that opens a connection to a provider, to its files' hosts or to callers' webhooks.
//!
//! - [`ProviderHttpClient`] sends one request and reports whether the provider can have received it.
//! - [`Downloader`] downloads a file, through a guard that lets it reach the provider's hosts only.
//! - [`CallerWebhookClient`] posts to a URL that the caller of a job named, through a guard of the same kind.

mod caller_webhook_client;
mod client_builder;
mod download;
mod download_response;
mod gzip_decoding;
mod http_get;
mod provider_http_client;
mod public_addresses;
mod public_resolver;
mod range_stream;
mod remote_file_version;
mod ssrf_guard;

pub use caller_webhook_client::{CallerWebhookClient, CallerWebhookError};
pub use download::Downloader;
pub use download_response::DownloadStream;
pub use provider_http_client::{MAX_RESPONSE_BYTES, ProviderHttpClient, SendError};
pub use remote_file_version::RemoteFile;
pub use ssrf_guard::{SsrfGuard, UrlOrigin};
