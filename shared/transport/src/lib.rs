//! HTTP clients for providers and callers, and the client of Secrets Manager. No other crate opens a connection to a
//! provider.
//!
//! - [`Sender`] sends one request to a provider's API and says whether the provider can have received it.
//! - [`Downloader`] downloads a file, through a guard that allows the provider's hosts only.
//! - [`CallerWebhookClient`] posts to the URL of a caller's webhook, through a guard of the same kind.
//! - [`Secrets`] reads Landfall's secret with a cache, and changes it.
//! - [`TokenCache`] shares providers' tokens through a second secret.

mod caller_webhook_client;
mod client_builder;
mod download;
mod download_response;
mod provider_http_client;
mod public_addresses;
mod public_resolver;
mod random;
mod remote_file;
mod secret_cache;
mod secret_document;
mod secret_version;
mod secrets;
mod ssrf_guard;
mod token_cache;

pub use caller_webhook_client::{CallerWebhookClient, CallerWebhookError};
pub use download::Downloader;
pub use download_response::Download;
pub use provider_http_client::{MAX_RESPONSE_BYTES, SendError, Sender};
pub use random::random_bytes;
pub use remote_file::RemoteFile;
pub use secret_document::SecretDocument;
pub use secret_version::SecretVersion;
pub use secrets::Secrets;
pub use ssrf_guard::{Origin, SsrfGuard};
pub use token_cache::TokenCache;
