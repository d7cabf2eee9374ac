//! OPERATION

/// Which of the three generation calls it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Several formats, asynchronously.
    Formats,
    /// A multipage document, asynchronously.
    Pages,
    /// One format of a static design, at once.
    Render,
}
