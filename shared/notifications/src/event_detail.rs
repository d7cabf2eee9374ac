//! The detail type and the detail of an event, as the JSON Schemas describe them.

use model::{
    CompletedBy, Job, JobError, JobId, JobStatus, ManifestObject, OutboxEvent, ProviderJobId, ProviderName,
    utc_milliseconds,
};
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;

/// An event of a job.
#[derive(Debug, Clone, Serialize)]
pub struct JobEventDetail<'a> {
    /// The same each time the event is published: `<job_id>:<sequence>`.
    id: String,
    job_id: JobId,
    /// Grows within a job. Numbers may be skipped.
    sequence: u64,
    provider: &'a ProviderName,
    kind: &'a str,
    status: JobStatus,
    provider_job_id: Option<&'a ProviderJobId>,
    #[serde(serialize_with = "utc_milliseconds")]
    created_at: OffsetDateTime,
    #[serde(serialize_with = "utc_milliseconds")]
    updated_at: OffsetDateTime,
    progress: Option<f64>,
    /// How the files or the result became known. Null before that.
    completed_by: Option<CompletedBy>,
    metadata: Option<&'a Value>,
    manifest: Option<&'a ManifestObject>,
    files_total: u64,
    error: Option<&'a JobError>,
}

/// Whether a job in this status knows its files. The job may have changed since its event.
fn knows_files(status: JobStatus) -> bool {
    match status {
        JobStatus::Received
        | JobStatus::Landing
        | JobStatus::Stored
        | JobStatus::Partial
        | JobStatus::Failed => true,
        JobStatus::Waiting
        | JobStatus::Submitting
        | JobStatus::Submitted
        | JobStatus::Unknown
        | JobStatus::Rendering
        | JobStatus::Expired
        | JobStatus::Cancelled => false,
    }
}

/// An event of a provider that is about no job.
#[derive(Debug, Clone, Serialize)]
pub struct ProviderEvent<'a> {
    /// The same each time the event is published: the provider's id of the delivery, or the queue's.
    pub id: &'a str,
    /// The provider.
    pub provider: &'a ProviderName,
    /// The provider's name for the event, such as `NEW_BANNER`.
    pub name: &'a str,
    /// When the receiver received it.
    #[serde(serialize_with = "utc_milliseconds")]
    pub received_at: OffsetDateTime,
    /// The provider's body. Null when it is not JSON, or too long for an event.
    pub body: Option<Value>,
}

impl<'a> JobEventDetail<'a> {
    /// The events of a job that are pending for the event bus, oldest first.
    pub fn pending_for_bus(job: &'a Job) -> Vec<Self> {
        Self::after(job, job.outbox.progress.event_bus).collect()
    }

    /// The events of a job after a sequence, oldest first.
    pub(crate) fn after(job: &'a Job, sequence: Option<u64>) -> impl Iterator<Item = Self> {
        let later = job.outbox.events.iter().filter(move |event| Some(event.sequence) > sequence);
        later.map(|event| Self::new(job, event))
    }

    fn new(job: &'a Job, event: &'a OutboxEvent) -> Self {
        // The job may have changed since, and its files belong to the event of their landing only.
        let is_landed = matches!(event.status, JobStatus::Stored | JobStatus::Partial);
        Self {
            id: format!("{}:{}", job.id, event.sequence),
            job_id: job.id,
            sequence: event.sequence,
            provider: &job.provider,
            kind: &job.kind,
            status: event.status,
            provider_job_id: job.provider_job_id.as_ref(),
            created_at: job.created_at,
            updated_at: event.at,
            progress: event.progress,
            completed_by: job.completed_by.filter(|_| knows_files(event.status)),
            metadata: job.metadata.as_ref(),
            manifest: job.manifest.as_ref().filter(|_| is_landed),
            files_total: if is_landed { job.files_total } else { 0 },
            error: event.error.as_ref(),
        }
    }

    /// The `detail-type` of the event, as rules match it.
    pub fn detail_type(&self) -> &'static str {
        match self.status {
            JobStatus::Waiting
            | JobStatus::Submitting
            | JobStatus::Unknown
            | JobStatus::Rendering
            | JobStatus::Received
            | JobStatus::Landing => "Job Progressed",
            JobStatus::Submitted => "Job Submitted",
            JobStatus::Stored => "Job Stored",
            JobStatus::Partial => "Job Partial",
            JobStatus::Failed => "Job Failed",
            JobStatus::Expired => "Job Expired",
            JobStatus::Cancelled => "Job Cancelled",
        }
    }

    /// The detail without the fields that may be long: the caller's metadata and the provider's error response. The error
    /// message stays.
    pub(crate) fn to_short_json(&self) -> Value {
        let mut detail = serde_json::to_value(self).unwrap_or_default();
        detail["metadata"] = Value::Null;
        if let Some(error) = detail["error"].as_object_mut() {
            error.remove("provider");
            error.remove("errors");
        }
        detail
    }

    /// The id of the event, the same in every notification.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The status of the job after the change.
    pub(crate) fn status(&self) -> JobStatus {
        self.status
    }

    /// The time of the change.
    pub(crate) fn updated_at(&self) -> OffsetDateTime {
        self.updated_at
    }
}
