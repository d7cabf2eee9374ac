//! How much of an answer is read.

/// Put into a request's extensions by a provider whose answer to it may be longer than the usual 1 MiB, in bytes. What
/// is longer is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseLimit(pub usize);
