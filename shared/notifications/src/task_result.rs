//! What a waiting workflow is told of a job's end: an output, or an error with a name that `Retry` and `Catch` match.

use model::{ErrorClass, Job, JobView, Status};
use serde_json::{Value, json};

/// The most bytes of an output: API references of Step Functions (`SendTaskSuccess`) and Lambda
/// (`SendDurableExecutionCallbackSuccess`).
const MAX_OUTPUT_BYTES: usize = 262_144;
/// The most bytes of a cause: API reference of Step Functions (`SendTaskFailure`), which counts characters.
const MAX_CAUSE_BYTES: usize = 32_768;
/// The most characters that an error's message keeps when the cause is too long otherwise.
const SHORT_MESSAGE: usize = 1_000;

/// How a job's end is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TaskResult {
    /// The work is done.
    Success {
        /// `{"job": …, "manifest": {"bucket": …, "key": …}}`.
        output: String,
    },
    /// It is not.
    Failure {
        /// A name such as `Landfall.Partial`, at most 256 characters.
        error: String,
        /// What a person may read.
        message: String,
        /// The same as an output.
        cause: String,
    },
}

impl TaskResult {
    /// What those who wait for a job at its end are told.
    pub(crate) fn of(job: &Job, bucket: &str) -> Self {
        let whole = json!({
            "job": JobView::from(job),
            "manifest": job.manifest.as_ref().map(|manifest| json!({ "bucket": bucket, "key": manifest.key })),
        });
        match error_name(job) {
            None => Self::Success { output: shortened(whole, MAX_OUTPUT_BYTES) },
            Some(error) => {
                let message = job.error.as_ref().map(|error| error.message.clone());
                let message = message.unwrap_or_else(|| format!("the job is {}", job.status));
                Self::Failure { error, message, cause: shortened(whole, MAX_CAUSE_BYTES) }
            }
        }
    }
}

/// The error's name; nothing for a job that is told as a success. A job that is not at its end is told as no success.
fn error_name(job: &Job) -> Option<String> {
    let name = match job.status {
        Status::Stored => return None,
        Status::Partial if job.audience.partial_is_success => return None,
        Status::Partial => "Landfall.Partial",
        Status::Expired => "Landfall.Expired",
        Status::Cancelled => "Landfall.Cancelled",
        Status::Failed
        | Status::Waiting
        | Status::Submitting
        | Status::Submitted
        | Status::Unknown
        | Status::Rendering
        | Status::Received
        | Status::Landing => {
            let class = job.error.as_ref().map_or(ErrorClass::Internal, |error| error.class);
            return Some(format!("Landfall.Failed.{}", class.name()));
        }
    };
    Some(name.to_owned())
}

/// The JSON text without as much as it takes: the list of files first, half of it at a time, since the manifest lists
/// them all, and then whatever else may be long.
fn shortened(mut whole: Value, longest: usize) -> String {
    let mut text = whole.to_string();
    for cut in [halve_files, drop_what_came, drop_request, drop_remarks, drop_metadata, cut_message] {
        while text.len() > longest && cut(&mut whole["job"]) {
            text = whole.to_string();
        }
    }
    text
}

/// Each cut says whether it made the job shorter.
fn halve_files(job: &mut Value) -> bool {
    let Some(files) = job["files"].as_array_mut().filter(|files| !files.is_empty()) else { return false };
    files.truncate(files.len() / 2);
    true
}

fn drop_what_came(job: &mut Value) -> bool {
    emptied(job, "missing", json!([])) | emptied(job, "result", Value::Null)
}

fn drop_request(job: &mut Value) -> bool {
    emptied(job, "request", Value::Null)
}

fn drop_remarks(job: &mut Value) -> bool {
    let Some(error) = job["error"].as_object_mut() else { return false };
    error.remove("errors").is_some() | error.remove("provider").is_some()
}

fn drop_metadata(job: &mut Value) -> bool {
    emptied(job, "metadata", Value::Null)
}

fn cut_message(job: &mut Value) -> bool {
    let Some(message) = job["error"]["message"].as_str() else { return false };
    let short: String = message.chars().take(SHORT_MESSAGE).collect();
    let cut = short.len() < message.len();
    job["error"]["message"] = short.into();
    cut
}

fn emptied(job: &mut Value, field: &str, empty: Value) -> bool {
    let full = job[field] != empty;
    job[field] = empty;
    full
}

#[cfg(test)]
mod tests {
    use model::{
        Checksum, ChecksumAlgorithm, Error, Event, JobError, JobId, LandedFiles, ManifestObject, NewJob,
        NotifyTargets, Origin, ProviderName, Source, StoredFile, Violation,
    };

    use super::*;

    fn landing() -> Job {
        let mut job = Job::new(NewJob {
            id: JobId::generate(),
            provider: ProviderName::new("abyssale"),
            kind: "export".into(),
            request: json!({ "elements": "e".repeat(100_000) }),
            expected: None,
            metadata: Some(json!("m".repeat(4000))),
            unpack: None,
            origin: Origin::Submitted,
        });
        job.apply(Event::Finished { sources: Vec::<Source>::new(), missing: vec![] }, job.created_at);
        job.apply(Event::LandingStarted, job.created_at);
        job
    }

    fn haul(files: usize) -> LandedFiles {
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
        LandedFiles::of(
            None,
            (0..files).map(file).collect(),
            ManifestObject { key: "p/manifest.json".into(), bytes: 9 },
        )
    }

    fn error(class: ErrorClass, message: impl Into<String>) -> JobError {
        let violations = vec![Violation::new("field", "v".repeat(40_000))];
        Error::new(class, message).with_violations(violations).for_record(time::OffsetDateTime::UNIX_EPOCH)
    }

    fn ended(event: Event) -> Job {
        let mut job = landing();
        job.apply(event, job.created_at);
        job
    }

    #[test]
    fn a_stored_job_is_an_output_with_its_manifest_and_fits() {
        let job = ended(Event::Landed { haul: haul(200) });
        let TaskResult::Success { output } = TaskResult::of(&job, "files") else { panic!("no success") };
        let told: Value = serde_json::from_str(&output).expect("JSON");
        assert!(output.len() <= MAX_OUTPUT_BYTES, "{} bytes", output.len());
        assert_eq!(told["manifest"], json!({ "bucket": "files", "key": "p/manifest.json" }));
        assert_eq!((&told["job"]["status"], &told["job"]["files_total"]), (&json!("stored"), &json!(200)));
        assert_eq!(told["job"]["request"], job.request, "files are left out first");
    }

    #[test]
    fn a_cause_fits_and_keeps_what_happened() {
        let error = error(ErrorClass::SourceGone, "é".repeat(20_000));
        let job = ended(Event::LandingFailed { archive: None, error });
        let TaskResult::Failure { error, cause, .. } = TaskResult::of(&job, "files") else {
            panic!("no failure")
        };
        let told: Value = serde_json::from_str(&cause).expect("JSON");
        assert!(cause.len() <= MAX_CAUSE_BYTES, "{} bytes", cause.len());
        assert_eq!(error, "Landfall.Failed.SourceGone");
        assert_eq!((&told["job"]["error"]["type"], &told["manifest"]), (&json!("SourceGone"), &Value::Null));
    }

    #[test]
    fn a_job_that_lacks_files_is_a_failure_unless_whoever_waits_takes_it() {
        let error = error(ErrorClass::FilesMissing, "1 missing");
        let partly = Event::LandedPartly { haul: haul(1), error };
        let job = ended(partly);
        let TaskResult::Failure { error, cause, .. } = TaskResult::of(&job, "files") else {
            panic!("no failure")
        };
        let told: Value = serde_json::from_str(&cause).expect("JSON");
        assert_eq!((error.as_str(), &told["manifest"]["bucket"]), ("Landfall.Partial", &json!("files")));
        let job = job.telling(NotifyTargets { partial_is_success: true, ..NotifyTargets::default() });
        assert!(matches!(TaskResult::of(&job, "files"), TaskResult::Success { .. }));
    }
}
