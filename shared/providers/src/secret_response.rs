//! Which answers legitimately hold a secret.

/// Put into a request's extensions by a provider whose answer gives a secret: the member of the provider's section of
/// Landfall's secret that keeps it. What is held there is not redacted in that answer; every other secret is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretResponse(pub &'static str);
