//! Landfall's secret and its token secret in Secrets Manager.
//!
//! - [`SecretStore`] reads Landfall's secret, caches it for a while, and changes it.
//! - [`TokenCache`] shares the providers' access tokens between invocations by a second secret.

mod random_bytes;
mod secret_cache;
mod secret_document;
mod secret_store;
mod secret_version;
mod token_cache;

pub use random_bytes::random_bytes;
pub use secret_document::SecretDocument;
pub use secret_store::SecretStore;
pub use secret_version::SecretVersion;
pub use token_cache::TokenCache;
