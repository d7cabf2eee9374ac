//! Random bytes for secrets.

use model::{Error, ErrorClass};

/// Cryptographically secure random bytes from the operating system, through the TLS library.
///
/// # Errors
/// [`ErrorClass::Internal`] when the operating system provides none.
pub fn random_bytes() -> Result<[u8; 32], Error> {
    let mut bytes = [0; 32];
    let random = rustls::crypto::ring::default_provider().secure_random;
    random.fill(&mut bytes).map_err(|_| Error::new(ErrorClass::Internal, "no random bytes are available"))?;
    Ok(bytes)
}
