//! Reads ZIP archives by byte ranges: lists and limits their entries, plans the reads, inflates file data, makes
//! file names safe and detects content types.
//!
//! The words and the section numbers are those of PKWARE's `APPNOTE.TXT` 6.3. The central directory at the end of
//! an archive decides what the archive holds, because local file headers may contradict it and a download may be
//! truncated. The crate reads only byte ranges, in windows of bounded size, so it lists an archive of any length in
//! constant memory. The caller supplies the ranges: this crate opens no socket and no file.

mod archive_tail;
mod central_directory;
mod central_directory_header;
mod decoder;
mod detect_content_type;
mod end_of_central_directory;
mod end_record;
mod entry;
mod entry_name;
mod errors;
mod image_dimensions;
mod inflate_in_memory;
mod inflate_stream;
mod list_entries;
mod little_endian;
mod local_file_header;
mod plan_range_reads;
mod sanitize_file_name;
mod unique_file_names;
mod unpack_limits;
mod unreadable_entry;
mod verify_crc32;
mod zip_signatures;

pub use archive_tail::END_RECORD_SEARCH_BYTES;
pub use detect_content_type::content_type;
pub use entry::{ArchiveEntry, CompressionMethod, MIN_LOCAL_FILE_HEADER_BYTES};
pub use entry_name::{NameEncoding, quote_name};
pub use errors::{archive_refused, corrupt_entry, is_not_an_archive, not_an_archive};
pub use image_dimensions::{ImageDimensions, image_dimensions};
pub use inflate_in_memory::{inflate_all, inflate_start};
pub use inflate_stream::inflate_stream;
pub use list_entries::{ArchiveListing, count_files, list_entries};
pub use local_file_header::locate_file_data;
pub use plan_range_reads::{PlannedFile, ReadStep, plan_reads};
pub use unique_file_names::{safe_entry_names, safe_file_names};
pub use unpack_limits::UnpackLimits;
pub use unreadable_entry::EncryptionMethod;

#[cfg(test)]
mod tests;
