//! Unpacks an archive in the bucket into the bucket.
//!
//! The archive is read once, in the order of its bytes, and is never in memory as a whole: small files that are next
//! to each other in blocks, large files as streams, several at a time within one memory budget. Every file is written
//! under a safe name, only if no object has that key, and compared if one has; so a repetition, or a continuation
//! after a crash, changes nothing. The files are not visible to callers before the manifest is written; those of a
//! hostile archive are deleted.

mod entry_outcome;
mod memory_budget;
mod unpack_archive;
mod unpack_context;
mod unpack_file;
mod unpack_state;

pub use entry_outcome::{EntryOutcome, EntryResult};
pub use unpack_archive::unpack_archive;
pub use unpack_context::UnpackRequest;
