//! Why an attempt to transfer a file failed.

use model::{Error, ErrorClass};

/// The error of one attempt.
pub(super) enum TransferError {
    /// The file at the source changed, or the multipart upload does not exist any more: the transfer starts again.
    Restart(Error),
    /// Any other error.
    Failed(Error),
}

impl From<Error> for TransferError {
    fn from(error: Error) -> Self {
        match error.class {
            ErrorClass::SourceChanged => TransferError::Restart(error),
            _ => TransferError::Failed(error),
        }
    }
}
