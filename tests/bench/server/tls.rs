//! Creates a certificate authority for this run, and its certificate for 127.0.0.1.

use std::{error::Error, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{
    CipherSuite, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::PrivateKeyDer,
};
use tokio_rustls::TlsAcceptor;

/// The certificate of the authority, and an acceptor with a certificate that it signed.
pub(crate) struct Authority {
    pub(crate) pem: String,
    pub(crate) acceptor: TlsAcceptor,
}

pub(crate) fn create_authority() -> Result<Authority, Box<dyn Error>> {
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // OpenSSL distinguishes an authority from its certificates by name.
    parameters.distinguished_name.push(DnType::CommonName, "bench authority");
    let key = KeyPair::generate()?;
    let pem = parameters.self_signed(&key)?.pem();
    let issuer = Issuer::new(parameters, key);

    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()])?.signed_by(&key, &issuer)?;
    let private = PrivateKeyDer::try_from(key.serialize_der())?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)?;
    // As in S3 and CloudFront: HTTP/1.1, and the server chooses the cipher, so that all clients use the same one.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ignore_client_order = true;
    Ok(Authority { pem, acceptor: TlsAcceptor::from(Arc::new(config)) })
}

/// Prefers AES-128-GCM, which S3 and CloudFront choose.
fn provider() -> CryptoProvider {
    let mut provider = ring::default_provider();
    provider.cipher_suites.sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
    provider
}
