//! Generated assets: images, videos, voices, audio and texts that the provider makes within one request. A file "can be
//! deleted at any time" (the provider's pages on its tools), so it is landed at once.

mod read_response;
mod submit;

pub(super) use read_response::read_response;
pub(super) use submit::GeneratedAssetSubmission;
