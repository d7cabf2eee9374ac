//! Marks requests whose response legitimately holds a secret.

/// The field of the provider's section in Landfall's secret that stores the secret of a response. A provider adds it
/// to the extensions of the request. The stored values of that field are not redacted in the response; all other
/// secrets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretResponse(pub &'static str);
