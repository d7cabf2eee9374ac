//! The maximum length of a response.

/// The maximum length of a response in bytes. A provider adds it to the extensions of a request whose response may be
/// longer than the default of 1 MiB. A longer response is truncated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseLimit(pub usize);
