//! Reads ZIP archives by ranges, plans these reads, inflates entries, makes safe file names and detects content types.
//!
//! The central directory at the end decides what an archive holds: local headers may lie and streams may be cut off. Only
//! ranges are read, in windows of bounded size, so an archive of any length is inspected in constant memory. The caller
//! reads the ranges: this crate opens no socket and no file.

mod central_directory;
mod content_type;
mod end_of_central_directory;
mod entry;
mod entry_name;
mod errors;
mod file_names;
mod first_bytes;
mod image_dimensions;
mod inflate;
mod limits;
mod listing;
mod little_endian;
mod read_plan;

pub use content_type::content_type;
pub use entry::{Entry, HEADER_LENGTH, Method, data_range};
pub use entry_name::{decode_name, printable_name};
pub use errors::{archive_refused, corrupt_entry};
pub use file_names::{safe_names, unique_names};
pub use first_bytes::can_start_with;
pub use image_dimensions::{ImageDimensions, image_dimensions};
pub use inflate::{inflate_all, inflate_start, inflate_stream};
pub use limits::Limits;
pub use listing::{Listing, count_files, list_entries};
pub use read_plan::{Planned, Step, plan_reads};

#[cfg(test)]
mod tests;
