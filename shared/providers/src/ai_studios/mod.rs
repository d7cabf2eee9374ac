//! AI Studios: videos exported from projects.
//!
//! Wire facts are those of the provider's contract; comments name its sections ("contract 3.1").

#[cfg(feature = "sim")]
pub mod sim;
