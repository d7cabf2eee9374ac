//! What an event says: its name and its detail, as the schemas describe them.

use model::{
    Job, JobError, JobId, ManifestObject, OutboxEvent, ProviderJobId, ProviderName, Status, utc_milliseconds,
};
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;

/// Something that happened to a job.
#[derive(Debug, Clone, Serialize)]
pub struct JobEvent<'a> {
    /// The same each time that the event is published: `<job_id>:<sequence>`.
    id: String,
    job_id: JobId,
    /// Grows within a job; not every number is there.
    sequence: u64,
    provider: &'a ProviderName,
    kind: &'a str,
    status: Status,
    provider_job_id: Option<&'a ProviderJobId>,
    #[serde(serialize_with = "utc_milliseconds")]
    created_at: OffsetDateTime,
    #[serde(serialize_with = "utc_milliseconds")]
    updated_at: OffsetDateTime,
    progress: Option<f64>,
    metadata: Option<&'a Value>,
    manifest: Option<&'a ManifestObject>,
    files_total: u64,
    error: Option<&'a JobError>,
}

/// Something that a provider reported and that is about no job.
#[derive(Debug, Clone, Serialize)]
pub struct ProviderEvent<'a> {
    /// The same each time: the provider's id of the delivery, or that of our queue.
    pub id: &'a str,
    /// Who reported it.
    pub provider: &'a ProviderName,
    /// What the provider calls it, such as `NEW_BANNER`.
    pub name: &'a str,
    /// When it came.
    #[serde(serialize_with = "utc_milliseconds")]
    pub received_at: OffsetDateTime,
    /// What it says. Null when it is no JSON, or too long for an event.
    pub body: Option<Value>,
}

impl<'a> JobEvent<'a> {
    /// Everything that the bus is still to be told of a job, oldest first.
    pub fn all(job: &'a Job) -> Vec<Self> {
        Self::after(job, job.outbox.told.bus).collect()
    }

    /// What was announced of a job after this, oldest first.
    pub(crate) fn after(job: &'a Job, told: Option<u64>) -> impl Iterator<Item = Self> {
        let later = job.outbox.events.iter().filter(move |announced| Some(announced.sequence) > told);
        later.map(|announcement| Self::new(job, announcement))
    }

    fn new(job: &'a Job, announced: &'a OutboxEvent) -> Self {
        // The job may have gone on since; what came of it belongs to its last event alone.
        let landed = matches!(announced.status, Status::Stored | Status::Partial);
        Self {
            id: format!("{}:{}", job.id, announced.sequence),
            job_id: job.id,
            sequence: announced.sequence,
            provider: &job.provider,
            kind: &job.kind,
            status: announced.status,
            provider_job_id: job.provider_job_id.as_ref(),
            created_at: job.created_at,
            updated_at: announced.at,
            progress: announced.progress,
            metadata: job.metadata.as_ref(),
            manifest: job.manifest.as_ref().filter(|_| landed),
            files_total: if landed { job.files_total } else { 0 },
            error: announced.error.as_ref(),
        }
    }

    /// The event's name, `detail-type` in a rule.
    pub fn name(&self) -> &'static str {
        match self.status {
            Status::Waiting
            | Status::Submitting
            | Status::Unknown
            | Status::Rendering
            | Status::Received
            | Status::Landing => "Job Progressed",
            Status::Submitted => "Job Submitted",
            Status::Stored => "Job Stored",
            Status::Partial => "Job Partial",
            Status::Failed => "Job Failed",
            Status::Expired => "Job Expired",
            Status::Cancelled => "Job Cancelled",
        }
    }

    /// The same without the caller's own JSON and the provider's remarks on fields, the only parts that could be
    /// long. An error's message stays.
    pub(crate) fn shortened(&self) -> Value {
        let mut detail = serde_json::to_value(self).unwrap_or_default();
        detail["metadata"] = Value::Null;
        if let Some(error) = detail["error"].as_object_mut() {
            error.remove("provider");
            error.remove("errors");
        }
        detail
    }

    /// The same each time that others are told of it.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Where the job stood.
    pub(crate) fn status(&self) -> Status {
        self.status
    }

    /// When it came there.
    pub(crate) fn updated_at(&self) -> OffsetDateTime {
        self.updated_at
    }
}
