//! Fetches one file with a fresh presigned URL for each attempt, resuming at the bytes it has, until its checksum matches.

use std::{path::Path, time::Duration};

use http::StatusCode;
use model::StoredFile;

use super::{
    download_progress::DownloadProgress,
    object_response::{begins_at_offset, get_object_request, object_error},
    part_file::PartFile,
};
use crate::{
    arguments::DownloadArguments,
    client::{HttpClient, HttpResponse, LinkTarget, S3_READ_TIMEOUT, SubmitFunction, create_presigned_url},
    error::CliError,
    exit_status::ExitStatus,
    job::Job,
};

/// The maximum number of consecutive attempts without a new byte.
const MAX_IDLE_ATTEMPTS: u32 = 4;
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(500);

/// The error class for a complete file with another checksum. The file is fetched once more; a second mismatch is not a
/// transfer error.
pub(super) const CHECKSUM_DIFFERS_CLASS: &str = "ChecksumDiffers";

/// The outcome of a file's download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileOutcome {
    Skipped,
    Downloaded,
    Resumed,
}

impl FileOutcome {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Downloaded => "downloaded",
            Self::Resumed => "resumed",
        }
    }
}

/// The retry state of a file.
#[derive(Debug, Default)]
struct RetryState {
    /// Consecutive attempts without a new byte.
    idle_attempts: u32,
    has_checksum_mismatch: bool,
}

impl RetryState {
    /// The delay before the next attempt, or `None` to give up. An attempt that received bytes resets the count: a file that
    /// makes progress is resumed however often its connection breaks.
    fn next_delay(&mut self, error: &CliError, has_new_bytes: bool) -> Option<Duration> {
        let is_mismatch = error.class == CHECKSUM_DIFFERS_CLASS;
        if error.exit_status != ExitStatus::Retryable || is_mismatch && self.has_checksum_mismatch {
            return None;
        }
        self.has_checksum_mismatch |= is_mismatch;
        if has_new_bytes {
            self.idle_attempts = 0;
            return Some(Duration::ZERO);
        }
        self.idle_attempts += 1;
        (self.idle_attempts < MAX_IDLE_ATTEMPTS)
            .then(|| FIRST_RETRY_DELAY * 2_u32.pow(self.idle_attempts - 1))
    }
}

/// Fetches the files of one job.
#[derive(Debug)]
pub(super) struct FileFetcher<'a> {
    function: &'a SubmitFunction,
    job: &'a Job,
    arguments: &'a DownloadArguments,
    http: HttpClient,
    progress: &'a DownloadProgress,
}

impl<'a> FileFetcher<'a> {
    pub(super) fn new(
        function: &'a SubmitFunction,
        job: &'a Job,
        arguments: &'a DownloadArguments,
        progress: &'a DownloadProgress,
    ) -> Self {
        Self { function, job, arguments, http: HttpClient::new(S3_READ_TIMEOUT), progress }
    }

    /// Fetches a file to its destination.
    ///
    /// # Errors
    /// The object is missing or refused, the attempts are exhausted, the checksum differs twice, or the disk cannot be
    /// written.
    pub(super) async fn fetch_file(
        &self,
        file: &StoredFile,
        destination: &Path,
    ) -> Result<FileOutcome, CliError> {
        let mut part = PartFile::open(destination, file)?;
        self.progress.add_completed_bytes(part.bytes());
        let mut retry_state = RetryState::default();
        while !part.is_verified() {
            let bytes_before = part.bytes();
            let Err(error) = self.run_attempt(file, &mut part).await else { continue };
            match retry_state.next_delay(&error, part.bytes() > bytes_before) {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(error),
            }
        }
        let outcome = if part.is_resumed() { FileOutcome::Resumed } else { FileOutcome::Downloaded };
        part.move_to_destination(self.arguments.force)?;
        self.progress.add_completed_file();
        Ok(outcome)
    }

    /// Sends one request with a fresh presigned URL. Received bytes are kept even if the response breaks off.
    async fn run_attempt(&self, file: &StoredFile, part: &mut PartFile<'_>) -> Result<(), CliError> {
        let target = if self.arguments.archive { LinkTarget::Archive } else { LinkTarget::File(&file.name) };
        let link = create_presigned_url(self.function, self.job.id(), target, None).await?;
        let what = format!("the file {:?}", file.name);
        let response = self.http.send(get_object_request(&link.url, part.bytes())?).await;
        let response = response.map_err(|e| CliError::unreachable(&what, &e))?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT if begins_at_offset(&response, part.bytes()) => {}
            // The server ignored the range and sends the whole file.
            StatusCode::OK => self.restart(part)?,
            status => return Err(object_error(&what, status)),
        }
        self.receive_body(response, &what, part, file.bytes).await?;
        self.verify(&what, part, file)
    }

    /// Appends the body to the part file until it ends or exceeds the file's length.
    async fn receive_body(
        &self,
        response: HttpResponse,
        what: &str,
        part: &mut PartFile<'_>,
        file_bytes: u64,
    ) -> Result<(), CliError> {
        let mut body = response.into_body();
        while part.bytes() <= file_bytes {
            let chunk = self.http.read_chunk(&mut body).await.map_err(|e| CliError::unreachable(what, &e))?;
            let Some(chunk) = chunk else { break };
            part.append(&chunk)?;
            self.progress.add_received_bytes(chunk.len() as u64);
        }
        Ok(())
    }

    /// Verifies the part file. Discards it if it is complete and its checksum differs.
    fn verify(&self, what: &str, part: &mut PartFile<'_>, file: &StoredFile) -> Result<(), CliError> {
        if part.is_verified() {
            return Ok(());
        }
        if part.bytes() < file.bytes {
            let message = format!("{what} broke off after {} of {} bytes", part.bytes(), file.bytes);
            return Err(CliError::new("BrokeOff", message, ExitStatus::Retryable));
        }
        self.restart(part)?;
        let message =
            format!("the checksum of {what} differs from the one that S3 verified when it was stored");
        Err(CliError::new(CHECKSUM_DIFFERS_CLASS, message, ExitStatus::Retryable))
    }

    fn restart(&self, part: &mut PartFile<'_>) -> Result<(), CliError> {
        self.progress.subtract_discarded_bytes(part.bytes());
        part.discard_content()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_makes_progress_is_resumed_and_one_that_does_not_is_given_up() {
        let broke_off = CliError::new("BrokeOff", "", ExitStatus::Retryable);
        let mut retry_state = RetryState::default();
        let delays = [false, false, false, true, false, false, false, false].map(|has_new_bytes| {
            retry_state.next_delay(&broke_off, has_new_bytes).map(|delay| delay.as_millis())
        });
        let expected = [Some(500), Some(1000), Some(2000), Some(0), Some(500), Some(1000), Some(2000), None];
        assert_eq!(delays, expected);
    }

    #[test]
    fn permanent_errors_and_a_second_checksum_mismatch_are_not_retried() {
        let mut retry_state = RetryState::default();
        let mismatch = CliError::new(CHECKSUM_DIFFERS_CLASS, "", ExitStatus::Retryable);
        assert!(retry_state.next_delay(&mismatch, false).is_some());
        assert!(retry_state.next_delay(&mismatch, false).is_none());
        let not_found = CliError::new("NotFound", "", ExitStatus::NotFound);
        assert!(RetryState::default().next_delay(&not_found, true).is_none());
    }
}
