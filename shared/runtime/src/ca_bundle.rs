//! A certificate authority that the operator adds to the public ones.

use model::{Error, ErrorClass};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::Environment;

const SETTING: &str = "TRUSTED_CA_FILE";

/// The certificates in the file that `TRUSTED_CA_FILE` names, as PEM; empty when it names none.
///
/// # Errors
/// [`ErrorClass::Misconfigured`] when there is no such file, or something else in it than certificates.
pub fn ca_bundle(environment: &Environment) -> Result<Vec<u8>, Error> {
    let Some(path) = environment.maybe(SETTING) else { return Ok(vec![]) };
    let unusable = |why: &str| {
        Error::new(
            ErrorClass::Misconfigured,
            format!("the environment variable {SETTING} names a file that {why}"),
        )
    };
    let pem = std::fs::read(path).map_err(|e| unusable("cannot be read").with_source(e))?;
    // Tried here, since the SDK ends the process over a certificate that it cannot use.
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|e| unusable("is not PEM").with_source(e))?;
        roots
            .add(certificate)
            .map_err(|e| unusable("holds no certificate of an authority").with_source(e))?;
    }
    if roots.is_empty() { Err(unusable("holds no certificate")) } else { Ok(pem) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_of_certificates_is_taken() {
        let read =
            |path: &str| ca_bundle(&Environment::new([(SETTING, path)])).map_err(|error| error.message);
        assert_eq!(read(""), Ok(vec![]));
        for path in ["/nowhere/ca.pem", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")] {
            assert!(read(path).is_err_and(|message| message.contains(SETTING)), "{path}");
        }
    }
}
