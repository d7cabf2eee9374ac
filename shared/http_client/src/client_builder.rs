//! Builds HTTP clients: one TLS library, bundled root certificates, no redirects, no proxy.

use std::{sync::Arc, time::Duration};

use model::{Error, ErrorClass};
use reqwest::{ClientBuilder, redirect::Policy};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The configuration of every client of this crate.
///
/// # Errors
/// [`ErrorClass::Misconfigured`] if the TLS library rejects its own defaults.
pub(crate) fn builder() -> Result<ClientBuilder, Error> {
    builder_with_ca_bundle(&[])
}

/// The same configuration, which also trusts the certificate authorities in `pem`.
///
/// # Errors
/// [`ErrorClass::Misconfigured`] if `pem` contains anything else.
#[expect(clippy::disallowed_methods, reason = "the one place where clients are built")]
pub(crate) fn builder_with_ca_bundle(pem: &[u8]) -> Result<ClientBuilder, Error> {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let unusable =
            || Error::new(ErrorClass::Misconfigured, "a certificate of the CA bundle cannot be used");
        let certificate = certificate.map_err(|e| unusable().with_source(e))?;
        roots.add(certificate).map_err(|e| unusable().with_source(e))?;
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::new(ErrorClass::Misconfigured, "TLS cannot be set up").with_source(e))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT_TIMEOUT)
        // A POST must never be repeated automatically, and every hop of a download must pass the guard.
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .user_agent(concat!("landfall/", env!("CARGO_PKG_VERSION"))))
}

/// Builds a client.
///
/// # Errors
/// [`ErrorClass::Misconfigured`] if it cannot be built.
pub(crate) fn build(builder: ClientBuilder) -> Result<reqwest::Client, Error> {
    builder
        .build()
        .map_err(|e| Error::new(ErrorClass::Misconfigured, "the HTTP client cannot be built").with_source(e))
}
