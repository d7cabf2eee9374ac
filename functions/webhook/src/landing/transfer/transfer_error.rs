//! Why an attempt to transfer a file failed.

use bucket::UploadError;
use model::{Error, ErrorClass};

/// The error of one attempt.
pub(super) enum TransferError {
    /// The ranges of the file cannot be combined: it is downloaded whole. The error is of the class `SourceChanged`,
    /// though whether the file changed is not known.
    UnreliableRanges(Error),
    /// The upload cannot be continued: the transfer starts again.
    Restart(Error),
    /// Any other error.
    Failed(Error),
}

impl From<Error> for TransferError {
    fn from(error: Error) -> Self {
        match error.class {
            ErrorClass::SourceChanged => TransferError::UnreliableRanges(error),
            _ => TransferError::Failed(error),
        }
    }
}

impl From<UploadError> for TransferError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::NoSuchUpload | UploadError::Conflict(_) => TransferError::Restart(error.into()),
            UploadError::IdleBody(error) => TransferError::Failed(silent_source(error)),
            UploadError::Other(error) => error.into(),
        }
    }
}

/// The bucket ended a request whose body comes from the source, because nothing arrived.
fn silent_source(error: Error) -> Error {
    let message = "the download server sent nothing for so long that the bucket ended the upload";
    Error::new(ErrorClass::SourceUnavailable, message).with_source(error)
}
