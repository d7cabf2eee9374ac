#![doc = include_str!("../README.md")]

mod body;
mod bucket;
mod checksum;
mod key;
mod leftovers;
mod multipart;
mod single;
mod trouble;
mod upload;

pub use bucket::{Existing, Objects};
pub use key::Key;
pub use upload::{Upload, Uploaded};
