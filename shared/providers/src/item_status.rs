//! The files of one item of a job's work, as the provider returns them for the item's own id.

use model::{MissingFile, Source};

/// The status of an item, such as a banner of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemStatus {
    /// The item has these files.
    Found(Vec<Source>),
    /// The item does not exist or has no file. The name is the item's id.
    Missing(MissingFile),
}
