//! The state from which another invocation resumes a multipart transfer, or learns that earlier ones did not get far
//! enough.

use bucket::UploadedPart;
use http_client::RemoteFile;
use model::{Error, ErrorClass};
use serde::{Deserialize, Serialize};

/// After this many invocations that ran out of time and left nothing to continue, a file is not attempted again.
const MAX_RESTARTS: u32 = 3;

/// What another invocation needs to know of the transfer of a long file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The S3 key of the object.
    pub key: String,
    /// The open multipart upload. None for a file that is downloaded whole: such a transfer cannot be resumed.
    pub upload_id: Option<String>,
    /// The file's length, in bytes. None if the source does not announce it.
    pub length: Option<u64>,
    /// The strong validator that distinguishes the file from a later one at the same URL.
    pub validator: Option<String>,
    /// The length of each part except the last, in bytes.
    pub part_length: u64,
    /// The parts that S3 has, in no particular order.
    pub parts: Vec<UploadedPart>,
    /// How many invocations before ran out of time, and this transfer continued none of them.
    #[serde(default)]
    pub restarts: u32,
    /// Whether the last invocation ran out of time.
    #[serde(default)]
    pub ran_out_of_time: bool,
}

impl Checkpoint {
    /// Whether the file at the source is still the same, and the transfer can be resumed.
    pub(super) fn matches(&self, remote: &RemoteFile) -> bool {
        self.upload_id.is_some()
            && remote.length.is_some()
            && remote.length == self.length
            && self.validator.is_some()
            && remote.validator.as_ref().ok() == self.validator.as_ref()
    }

    /// How many invocations ran out of time if the transfer starts again with the first byte.
    pub(super) fn restarts_so_far(&self) -> u32 {
        self.restarts + u32::from(self.ran_out_of_time)
    }

    /// Why the file, which has `length` bytes now, is not downloaded from its first byte again: the invocations before ran
    /// out of time too often. `reason` is why no ranges of it are used. Only a file of another length is certainly another
    /// file: an `ETag` may differ from node to node of a network.
    pub(super) fn check_restarts(&self, length: Option<u64>, reason: Option<&str>) -> Result<(), Error> {
        let restarts = self.restarts_so_far();
        if restarts < MAX_RESTARTS {
            return Ok(());
        }
        if let (Some(before), Some(now)) = (self.length, length)
            && before != now
        {
            let message = format!(
                "the file at the provider changes: it has {now} bytes and had {before} bytes before, and \
                 {restarts} invocations ran out of time for it"
            );
            return Err(Error::new(ErrorClass::SourceChanged, message));
        }
        let length = length.map_or_else(|| "unknown length".to_owned(), |bytes| format!("{bytes} bytes"));
        let reason = reason.unwrap_or("its ETag or Last-Modified differs from response to response");
        let message = format!(
            "the file of {length} is too large for its server: {restarts} invocations ran out of time for it, and \
             none could continue where another stopped: {reason}"
        );
        Err(Error::new(ErrorClass::SourceTooLarge, message))
    }

    /// The same after the file was given up, so that a retry by an operator has as many attempts.
    pub(super) fn without_restarts(self) -> Self {
        Self { restarts: 0, ran_out_of_time: false, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint(restarts: u32, ran_out_of_time: bool, length: Option<u64>) -> Checkpoint {
        Checkpoint {
            key: "k".into(),
            upload_id: None,
            length,
            validator: None,
            part_length: 0,
            parts: vec![],
            restarts,
            ran_out_of_time,
        }
    }

    fn class(checkpoint: &Checkpoint, length: Option<u64>) -> Option<ErrorClass> {
        checkpoint.check_restarts(length, None).err().map(|error| error.class)
    }

    #[test]
    fn a_file_is_given_up_when_three_invocations_ran_out_of_time() {
        assert_eq!(class(&checkpoint(2, false, Some(9)), Some(9)), None);
        assert_eq!(class(&checkpoint(2, true, Some(9)), Some(9)), Some(ErrorClass::SourceTooLarge));
        assert_eq!(class(&checkpoint(3, false, None), Some(9)), Some(ErrorClass::SourceTooLarge));
        assert_eq!(class(&checkpoint(9, true, None).without_restarts(), None), None);
    }

    #[test]
    fn only_a_file_of_another_length_is_said_to_have_changed() {
        assert_eq!(class(&checkpoint(3, false, Some(8)), Some(9)), Some(ErrorClass::SourceChanged));
        let error = checkpoint(3, false, Some(9)).check_restarts(Some(9), Some("why")).expect_err("given up");
        assert_eq!(
            error.message,
            "the file of 9 bytes is too large for its server: 3 invocations ran out of time for it, and none could \
             continue where another stopped: why"
        );
    }

    #[test]
    fn a_checkpoint_of_an_earlier_version_is_read() {
        let stored = r#"{"key":"k","upload_id":"u","length":9,"validator":"v","part_length":5,"parts":[]}"#;
        let read: Checkpoint = serde_json::from_str(stored).expect("a checkpoint");
        assert_eq!((read.upload_id.as_deref(), read.length, read.restarts_so_far()), (Some("u"), Some(9), 0));
    }
}
