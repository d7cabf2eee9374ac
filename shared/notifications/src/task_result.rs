//! The result of a finished job for a waiting workflow: an output, or an error with a name that `Retry` and `Catch` match.

use model::{ErrorClass, Job, JobStatus, JobView};
use serde_json::{Value, json};

/// The most bytes of an output: API references of Step Functions (`SendTaskSuccess`) and Lambda
/// (`SendDurableExecutionCallbackSuccess`).
const MAX_OUTPUT_BYTES: usize = 262_144;
/// The most bytes of a cause: API reference of Step Functions (`SendTaskFailure`), which counts characters.
const MAX_CAUSE_BYTES: usize = 32_768;
/// The most characters of an error's message when the cause would otherwise be too long.
const MAX_SHORT_MESSAGE_CHARS: usize = 1_000;

/// The result of a finished job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TaskResult {
    /// The job succeeded.
    Success {
        /// `{"job": …, "manifest": {"bucket": …, "key": …}}`.
        output: String,
    },
    /// The job failed.
    Failure {
        /// A name such as `Landfall.Partial`, at most 256 characters.
        error: String,
        /// The error message.
        message: String,
        /// The same JSON as an output.
        cause: String,
    },
}

impl TaskResult {
    /// The result of a finished job. `bucket` is the bucket of the manifest.
    pub(crate) fn from_job(job: &Job, bucket: &str) -> Self {
        let result = json!({
            "job": JobView::from(job),
            "manifest": job.manifest.as_ref().map(|manifest| json!({ "bucket": bucket, "key": manifest.key })),
        });
        match error_name(job) {
            None => Self::Success { output: write_within(result, MAX_OUTPUT_BYTES) },
            Some(error) => {
                let message = job.error.as_ref().map(|error| error.message.clone());
                let message = message.unwrap_or_else(|| format!("the job is {}", job.status));
                Self::Failure { error, message, cause: write_within(result, MAX_CAUSE_BYTES) }
            }
        }
    }
}

/// The name of the error; none for a job that succeeded. An unfinished job counts as failed.
fn error_name(job: &Job) -> Option<String> {
    let name = match job.status {
        JobStatus::Stored => return None,
        JobStatus::Partial if job.notify_targets.partial_is_success => return None,
        JobStatus::Partial => "Landfall.Partial",
        JobStatus::Expired => "Landfall.Expired",
        JobStatus::Cancelled => "Landfall.Cancelled",
        JobStatus::Failed
        | JobStatus::Waiting
        | JobStatus::Submitting
        | JobStatus::Submitted
        | JobStatus::Unknown
        | JobStatus::Rendering
        | JobStatus::Received
        | JobStatus::Landing => {
            let class = job.error.as_ref().map_or(ErrorClass::Internal, |error| error.class);
            return Some(format!("Landfall.Failed.{}", class.name()));
        }
    };
    Some(name.to_owned())
}

/// Writes the JSON text within `max_bytes`. It removes fields until the text fits: first the list of files, half of it at a
/// time, because the manifest lists them all, then the other fields that may be long.
fn write_within(mut result: Value, max_bytes: usize) -> String {
    let mut text = result.to_string();
    for remove in [
        halve_files,
        remove_provider_result,
        remove_request,
        remove_error_details,
        remove_metadata,
        truncate_message,
    ] {
        while text.len() > max_bytes && remove(&mut result["job"]) {
            text = result.to_string();
        }
    }
    text
}

/// Halves the list of files. Returns whether the job became shorter, as the following functions do.
fn halve_files(job: &mut Value) -> bool {
    let Some(files) = job["files"].as_array_mut().filter(|files| !files.is_empty()) else { return false };
    files.truncate(files.len() / 2);
    true
}

fn remove_provider_result(job: &mut Value) -> bool {
    empty_field(job, "missing", json!([])) | empty_field(job, "result", Value::Null)
}

fn remove_request(job: &mut Value) -> bool {
    empty_field(job, "request", Value::Null)
}

fn remove_error_details(job: &mut Value) -> bool {
    let Some(error) = job["error"].as_object_mut() else { return false };
    error.remove("errors").is_some() | error.remove("provider").is_some()
}

fn remove_metadata(job: &mut Value) -> bool {
    empty_field(job, "metadata", Value::Null)
}

fn truncate_message(job: &mut Value) -> bool {
    let Some(message) = job["error"]["message"].as_str() else { return false };
    let short: String = message.chars().take(MAX_SHORT_MESSAGE_CHARS).collect();
    let is_truncated = short.len() < message.len();
    job["error"]["message"] = short.into();
    is_truncated
}

fn empty_field(job: &mut Value, field: &str, empty: Value) -> bool {
    let was_full = job[field] != empty;
    job[field] = empty;
    was_full
}

#[cfg(test)]
mod tests {
    use model::{
        Checksum, ChecksumAlgorithm, Error, JobError, JobEvent, JobId, JobOrigin, LandedFiles,
        ManifestObject, NewJob, NotifyTargets, ProviderName, Source, StoredFile, Violation,
    };

    use super::*;

    fn landing_job() -> Job {
        let mut job = Job::new(NewJob {
            id: JobId::generate(),
            provider: ProviderName::new("abyssale"),
            kind: "export".into(),
            request: json!({ "elements": "e".repeat(100_000) }),
            expected_files: None,
            metadata: Some(json!("m".repeat(4000))),
            unpack: None,
            origin: JobOrigin::Submitted,
        });
        job.apply(JobEvent::FilesReady { sources: Vec::<Source>::new(), missing: vec![] }, job.created_at);
        job.apply(JobEvent::LandingStarted, job.created_at);
        job
    }

    fn landed_files(files: usize) -> LandedFiles {
        let checksum = Checksum { algorithm: ChecksumAlgorithm::Crc32, value: "AAAAAA==".into() };
        let file = |number: usize| {
            let name = format!("{number}-{}.png", "n".repeat(300));
            StoredFile {
                key: format!("p/{name}"),
                name,
                bytes: 1,
                content_type: "image/png".into(),
                checksum: checksum.clone(),
            }
        };
        LandedFiles::from_stored_files(
            None,
            (0..files).map(file).collect(),
            ManifestObject { key: "p/manifest.json".into(), bytes: 9 },
        )
    }

    fn error(class: ErrorClass, message: impl Into<String>) -> JobError {
        let violations = vec![Violation::new("field", "v".repeat(40_000))];
        Error::new(class, message).with_violations(violations).to_job_error(time::OffsetDateTime::UNIX_EPOCH)
    }

    fn finished_job(event: JobEvent) -> Job {
        let mut job = landing_job();
        job.apply(event, job.created_at);
        job
    }

    #[test]
    fn a_stored_job_is_an_output_with_its_manifest_within_the_size_limit() {
        let job =
            finished_job(JobEvent::Landed { landed_files: Box::new(landed_files(200)), transfer: None });
        let TaskResult::Success { output } = TaskResult::from_job(&job, "files") else {
            panic!("no success")
        };
        let json: Value = serde_json::from_str(&output).expect("JSON");
        assert!(output.len() <= MAX_OUTPUT_BYTES, "{} bytes", output.len());
        assert_eq!(json["manifest"], json!({ "bucket": "files", "key": "p/manifest.json" }));
        assert_eq!((&json["job"]["status"], &json["job"]["files_total"]), (&json!("stored"), &json!(200)));
        assert_eq!(json["job"]["request"], job.request, "files are removed first");
    }

    #[test]
    fn a_cause_is_within_the_size_limit_and_keeps_the_error() {
        let error = error(ErrorClass::SourceGone, "é".repeat(20_000));
        let job = finished_job(JobEvent::LandingFailed { archive: None, transfer: None, error });
        let TaskResult::Failure { error, cause, .. } = TaskResult::from_job(&job, "files") else {
            panic!("no failure")
        };
        let json: Value = serde_json::from_str(&cause).expect("JSON");
        assert!(cause.len() <= MAX_CAUSE_BYTES, "{} bytes", cause.len());
        assert_eq!(error, "Landfall.Failed.SourceGone");
        assert_eq!((&json["job"]["error"]["type"], &json["manifest"]), (&json!("SourceGone"), &Value::Null));
    }

    #[test]
    fn a_partial_job_is_a_failure_unless_partial_is_success() {
        let error = error(ErrorClass::FilesMissing, "1 missing");
        let partial =
            JobEvent::LandedPartially { landed_files: Box::new(landed_files(1)), transfer: None, error };
        let job = finished_job(partial);
        let TaskResult::Failure { error, cause, .. } = TaskResult::from_job(&job, "files") else {
            panic!("no failure")
        };
        let json: Value = serde_json::from_str(&cause).expect("JSON");
        assert_eq!((error.as_str(), &json["manifest"]["bucket"]), ("Landfall.Partial", &json!("files")));
        let job =
            job.with_notify_targets(NotifyTargets { partial_is_success: true, ..NotifyTargets::default() });
        assert!(matches!(TaskResult::from_job(&job, "files"), TaskResult::Success { .. }));
    }
}
