//! A job as the function returns it. Reading is tolerant of newer versions of Landfall: unknown fields are kept, and an
//! unknown status counts as active.

use model::{JobStatus, StoredFile};
use serde_json::Value;

use crate::{error::CliError, exit_status::ExitStatus};

/// A job's JSON.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Job(Value);

impl Job {
    /// Takes a job from a response.
    ///
    /// # Errors
    /// It has no ID or no status.
    pub(crate) fn from_response(response: Value) -> Result<Self, CliError> {
        let job = Self(response);
        if job.id().is_empty() || job.status().is_empty() {
            return Err(CliError::unexpected_response("the function's response is not a job"));
        }
        Ok(job)
    }

    /// The whole document.
    pub(crate) fn json(&self) -> &Value {
        &self.0
    }

    pub(crate) fn id(&self) -> &str {
        self.text("/job_id")
    }

    pub(crate) fn status(&self) -> &str {
        self.text("/status")
    }

    /// The text at a JSON pointer, or an empty text.
    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// The number at a JSON pointer.
    pub(crate) fn number(&self, pointer: &str) -> Option<f64> {
        self.0.pointer(pointer).and_then(Value::as_f64)
    }

    /// The items of the list at a JSON pointer.
    pub(crate) fn items(&self, pointer: &str) -> &[Value] {
        self.0.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The exit status of a job that has ended; `None` while it is active.
    pub(crate) fn exit_status(&self) -> Option<ExitStatus> {
        let status: JobStatus = self.status().parse().ok()?;
        match status {
            JobStatus::Stored => Some(ExitStatus::Success),
            JobStatus::Partial => Some(ExitStatus::JobPartial),
            ended if ended.ends_waiting() => Some(ExitStatus::JobUnsuccessful),
            _ => None,
        }
    }

    /// The files that the job lists, and the number of all its files: a long list is truncated.
    ///
    /// # Errors
    /// A file lacks a required field.
    pub(crate) fn files(&self) -> Result<(Vec<StoredFile>, u64), CliError> {
        let files: Vec<StoredFile> = self.items("/files").iter().map(parse_file).collect::<Result<_, _>>()?;
        let total = self.0.pointer("/files_total").and_then(Value::as_u64).unwrap_or(0);
        let total = total.max(files.len() as u64);
        Ok((files, total))
    }

    /// The archive as the provider delivered it, if the job has one.
    ///
    /// # Errors
    /// It lacks a required field.
    pub(crate) fn archive(&self) -> Result<Option<StoredFile>, CliError> {
        self.0.get("archive").filter(|archive| !archive.is_null()).map(parse_file).transpose()
    }
}

/// Parses a file of a job or a manifest.
///
/// # Errors
/// It lacks a required field.
pub(crate) fn parse_file(json: &Value) -> Result<StoredFile, CliError> {
    serde_json::from_value(json.clone())
        .map_err(|e| CliError::unexpected_response(format!("a file of the job cannot be read: {e}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(status: &str) -> Job {
        Job::from_response(json!({ "job_id": "1", "status": status, "later_field": 7 })).expect("a job")
    }

    #[test]
    fn every_final_status_has_an_exit_code() {
        let codes = JobStatus::ALL.map(|status| job(status.as_str()).exit_status().map(ExitStatus::code));
        let expected =
            [None, None, None, None, None, None, None, Some(0), Some(5), Some(6), Some(6), Some(6)];
        assert_eq!(codes, expected);
    }

    #[test]
    fn an_unknown_status_counts_as_active() {
        assert_eq!(job("polishing").exit_status(), None);
    }

    #[test]
    fn unknown_fields_are_kept() {
        assert_eq!(job("stored").json()["later_field"], 7);
    }

    #[test]
    fn a_response_without_job_id_or_status_is_rejected() {
        for response in [json!(null), json!({ "ok": true }), json!({ "job_id": "1" })] {
            assert_eq!(
                Job::from_response(response.clone()).map_err(|error| error.class),
                Err("NotUnderstood".into()),
                "{response}"
            );
        }
    }
}
