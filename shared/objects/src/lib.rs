#![doc = include_str!("../README.md")]

mod body;
mod bucket;
mod checksum;
mod key;
mod leftovers;
mod link;
mod link_signer;
mod multipart;
mod parts;
mod place;
mod read;
mod single;
mod trouble;
mod upload;

pub use bucket::{Existing, Objects};
pub use key::Key;
pub use link::{Download, Link, Links};
pub use link_signer::LinkSigner;
pub use parts::{Part, PartsTrouble};
pub use place::Placed;
pub use upload::{LONGEST_SINGLE, Upload, Uploaded};
