//! Transfers one file from a provider into one object of the bucket.
//!
//! One GET returns the length, whether ranges can be combined, and the first bytes of the file. A file of up to 64 MiB
//! continues as one streamed `PutObject`; a longer file with ranges as ranged GETs that are streamed into parts,
//! several at a time, which a later invocation can resume; everything else in buffered parts. Where ranges turn out not to
//! be of one file, the file is downloaded again with one plain GET, whole or not at all. No byte is held longer than it
//! takes to send it on, and the checksum of the whole object is computed on the way.

mod byte_stream;
mod checkpoint;
mod download_rate;
mod file_progress;
mod landing_progress;
mod multipart_transfer;
mod part_sizes;
mod transfer_error;
mod transfer_file;
mod transfer_request;

pub use checkpoint::Checkpoint;
pub use download_rate::{DownloadRate, MinDownloadRate};
pub use file_progress::FileProgress;
pub use landing_progress::LandingProgress;
pub(crate) use landing_progress::landing_stopped;
pub(crate) use transfer_file::read_start;
pub use transfer_file::transfer_file;
pub use transfer_request::{CheckStart, TransferRequest, TransferredFile};
