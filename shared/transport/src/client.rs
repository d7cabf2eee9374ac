//! How HTTP clients are built: one TLS library, bundled roots, no redirects, no proxy.

use std::{sync::Arc, time::Duration};

use model::{Fault, FaultClass};
use reqwest::{ClientBuilder, redirect::Policy};
use rustls::{ClientConfig, RootCertStore};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What every client here has in common.
///
/// # Errors
/// [`FaultClass::Misconfigured`] if the TLS library refuses its own defaults.
#[expect(clippy::disallowed_methods, reason = "the one place where clients are built")]
pub(crate) fn builder() -> Result<ClientBuilder, Fault> {
    let roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| Fault::new(FaultClass::Misconfigured, "TLS cannot be set up").because(e))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT_TIMEOUT)
        // A POST must never be repeated by itself, and a download's every hop must pass the guard.
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .user_agent(concat!("landfall/", env!("CARGO_PKG_VERSION"))))
}

/// Builds a client.
///
/// # Errors
/// [`FaultClass::Misconfigured`] if it cannot be built.
pub(crate) fn build(builder: ClientBuilder) -> Result<reqwest::Client, Fault> {
    builder.build().map_err(|e| Fault::new(FaultClass::Misconfigured, "the HTTP client cannot be built").because(e))
}
