//! The generation calls of the API.

/// One of the three generation calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GenerationOperation {
    /// Several formats, asynchronously.
    Formats,
    /// A multipage document, asynchronously.
    Pages,
    /// One format of a static design, synchronously.
    Render,
}
