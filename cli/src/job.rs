//! A job as the function shows it. Read with care for what a newer Landfall may add: unknown fields are kept, and an
//! unknown status is one that has not ended.

use model::{Status, StoredFile};
use serde_json::Value;

use crate::{exit::Exit, failure::Failure};

/// A job's JSON.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Job(Value);

impl Job {
    /// Takes an answer for a job.
    ///
    /// # Errors
    /// It has no id or no status.
    pub(crate) fn read(answer: Value) -> Result<Self, Failure> {
        let job = Self(answer);
        if job.id().is_empty() || job.status().is_empty() {
            return Err(Failure::not_understood("the function's answer is no job"));
        }
        Ok(job)
    }

    /// All of it.
    pub(crate) fn json(&self) -> &Value {
        &self.0
    }

    pub(crate) fn id(&self) -> &str {
        self.text("/job_id")
    }

    pub(crate) fn status(&self) -> &str {
        self.text("/status")
    }

    /// A text by its JSON pointer; empty when there is none.
    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// A number by its JSON pointer.
    pub(crate) fn number(&self, pointer: &str) -> Option<f64> {
        self.0.pointer(pointer).and_then(Value::as_f64)
    }

    /// The items of a list by its JSON pointer.
    pub(crate) fn items(&self, pointer: &str) -> &[Value] {
        self.0.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// How the process ends when the job has ended so; none while it has not.
    pub(crate) fn end(&self) -> Option<Exit> {
        let status: Status = self.status().parse().ok()?;
        match status {
            Status::Stored => Some(Exit::Done),
            Status::Partial => Some(Exit::Partial),
            ended if ended.ends_wait() => Some(Exit::Ended),
            _ => None,
        }
    }

    /// The files that the job lists, and how many it has in all: a long list is cut.
    ///
    /// # Errors
    /// A file lacks what makes it one.
    pub(crate) fn files(&self) -> Result<(Vec<StoredFile>, u64), Failure> {
        let files: Vec<StoredFile> = self.items("/files").iter().map(file).collect::<Result<_, _>>()?;
        let total = self.0.pointer("/files_total").and_then(Value::as_u64).unwrap_or(0);
        let total = total.max(files.len() as u64);
        Ok((files, total))
    }

    /// The archive as the provider delivered it, if it did.
    ///
    /// # Errors
    /// It lacks what makes it a file.
    pub(crate) fn archive(&self) -> Result<Option<StoredFile>, Failure> {
        self.0.get("archive").filter(|archive| !archive.is_null()).map(file).transpose()
    }
}

/// A file out of a job or a manifest.
///
/// # Errors
/// It lacks what makes it one.
pub(crate) fn file(listed: &Value) -> Result<StoredFile, Failure> {
    serde_json::from_value(listed.clone())
        .map_err(|e| Failure::not_understood(format!("a file of the job cannot be read: {e}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(status: &str) -> Job {
        Job::read(json!({ "job_id": "1", "status": status, "later_field": 7 })).expect("a job")
    }

    #[test]
    fn every_status_has_its_end() {
        let ends = Status::ALL.map(|status| job(status.as_str()).end().map(Exit::code));
        let expected =
            [None, None, None, None, None, None, None, Some(0), Some(5), Some(6), Some(6), Some(6)];
        assert_eq!(ends, expected);
    }

    #[test]
    fn a_status_of_a_newer_landfall_has_not_ended() {
        assert_eq!(job("polishing").end(), None);
    }

    #[test]
    fn fields_of_a_newer_landfall_are_kept() {
        assert_eq!(job("stored").json()["later_field"], 7);
    }

    #[test]
    fn what_is_no_job_is_not_taken_for_one() {
        for answer in [json!(null), json!({ "ok": true }), json!({ "job_id": "1" })] {
            assert_eq!(
                Job::read(answer.clone()).map_err(|failure| failure.class),
                Err("NotUnderstood".into()),
                "{answer}"
            );
        }
    }
}
