#![doc = include_str!("../README.md")]

mod abandoned_uploads;
mod body;
mod bucket;
mod checksum;
mod errors;
mod get_object;
mod key;
mod multipart_upload;
mod presign_credentials;
mod presigned_url;
mod put_if_absent;
mod put_object;
mod upload;
mod upload_part;

pub use bucket::{Existing, Objects};
pub use key::Key;
pub use presign_credentials::LinkSigner;
pub use presigned_url::{Download, Link, Links};
pub use put_if_absent::Placed;
pub use upload::{LONGEST_SINGLE, Upload, Uploaded};
pub use upload_part::{Part, PartsTrouble};
