//! Certificate authorities that the operator adds to the public ones.

use model::{Error, ErrorClass};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::Environment;

const SETTING: &str = "TRUSTED_CA_FILE";

/// Reads the certificates in the file of the setting `TRUSTED_CA_FILE`, as PEM; empty when it is not set.
///
/// # Errors
/// [`ErrorClass::Misconfigured`] when the file does not exist or contains anything but certificates.
pub fn read_ca_bundle(environment: &Environment) -> Result<Vec<u8>, Error> {
    let Some(path) = environment.optional(SETTING) else { return Ok(vec![]) };
    let invalid_file = |reason: &str| {
        Error::new(
            ErrorClass::Misconfigured,
            format!("the environment variable {SETTING} names a file that {reason}"),
        )
    };
    let pem = std::fs::read(path).map_err(|e| invalid_file("cannot be read").with_source(e))?;
    // Validated here, because the SDK ends the process for a certificate that it cannot use.
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|e| invalid_file("is not PEM").with_source(e))?;
        roots
            .add(certificate)
            .map_err(|e| invalid_file("contains a certificate of no authority").with_source(e))?;
    }
    if roots.is_empty() { Err(invalid_file("contains no certificate")) } else { Ok(pem) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_of_certificates_is_accepted() {
        let read =
            |path: &str| read_ca_bundle(&Environment::new([(SETTING, path)])).map_err(|error| error.message);
        assert_eq!(read(""), Ok(vec![]));
        for path in ["/nowhere/ca.pem", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")] {
            assert!(read(path).is_err_and(|message| message.contains(SETTING)), "{path}");
        }
    }
}
