//! Writes a job as an item of the table and reads it back.

use model::{
    Error, Job, JobOrigin, JobRetries, Outbox, OutboxProgress, PollState, ProviderJobId, ProviderName,
    StoredFile, TraceHeader,
};
use serde_json::{Map, Value};

use crate::{
    item_attributes::{Item, ItemReader, ItemWriter, unreadable},
    job_keys::{JOB, day_key, due_shard, due_time, provider_job_key},
    notify_targets_attribute,
};

/// Writes a job's attributes, except those of its lease.
pub(crate) fn write_job(job: &Job) -> Result<Item, Error> {
    let writer = write_keys(ItemWriter::key(job.id.to_string(), JOB), job)?;
    let writer = write_submission(writer, job);
    let writer = write_polls_and_retries(writer, job);
    let writer = write_notifications(writer, job)?;
    Ok(write_files(writer, job)?.finish())
}

/// The keys of the indexes, which are sparse: a job is in an index only while its attributes are there.
fn write_keys(writer: ItemWriter, job: &Job) -> Result<ItemWriter, Error> {
    let provider_job_id = job.provider_job_id.as_ref();
    let writer = (writer.text("day", day_key(job.created_at.date())?))
        // The sort key of `by_day`. A job id sorts by creation time and is unique, which `created_at` is not.
        .text("created", job.id.to_string())
        .maybe_text("provider_job_key", provider_job_id.map(|id| provider_job_key(&job.provider, id)));
    Ok(match job.due_at() {
        Some(at) => writer.text("due_shard", due_shard(job.id)).text("due_at", due_time(at)?),
        None => writer,
    })
}

/// The request and the state of a job.
fn write_submission(writer: ItemWriter, job: &Job) -> ItemWriter {
    (writer.text("provider", job.provider.as_str()))
        .text("kind", &job.kind)
        .text("status", job.status.as_str())
        .text("origin", origin_name(job.origin))
        .text("request", job.request.to_string())
        .time("created_at", job.created_at)
        .time("updated_at", job.updated_at)
        .number("version", job.version)
        .maybe_number("expected_files", job.expected_files)
        .maybe_text("unpack", job.unpack.map(|unpack| unpack.to_string()))
        .maybe_number("progress", job.progress)
        .maybe_number("slow_attempts", Some(job.slow_attempts).filter(|attempts| *attempts > 0))
        .maybe_text("metadata", job.metadata.as_ref().map(Value::to_string))
        .maybe_text(
            "provider_state",
            (!job.provider_state.is_empty()).then(|| Value::Object(job.provider_state.clone()).to_string()),
        )
        .maybe_text("completed_by", job.completed_by.map(|by| by.to_string()))
        .maybe_text("result", job.result.as_ref().map(Value::to_string))
        .maybe_text("trace", job.trace.as_ref().map(TraceHeader::to_string))
        .maybe_text("provider_job_id", job.provider_job_id.as_ref().map(ProviderJobId::as_str))
}

fn write_polls_and_retries(mut writer: ItemWriter, job: &Job) -> ItemWriter {
    if job.retries != JobRetries::default() {
        writer = (writer.number("restarts", job.retries.restarts))
            .maybe_text("retry_of", job.retries.retry_of.map(|id| id.to_string()))
            .maybe_text("resubmitted_as", job.retries.resubmitted_as.map(|id| id.to_string()));
    }
    if job.poll_state.next_poll_at.is_some() {
        writer = writer
            .number("answered_polls", job.poll_state.answered_polls)
            .number("consecutive_poll_failures", job.poll_state.consecutive_failures);
    }
    if let Some(polled_at) = job
        .poll_state
        .last_callback_poll_at
        .filter(|_| !job.status.is_final() || job.poll_state.next_poll_at.is_some())
    {
        writer = writer.time("last_callback_poll_at", polled_at);
    }
    writer
}

/// The outbox, the notification targets, and the times at which they are due.
fn write_notifications(mut writer: ItemWriter, job: &Job) -> Result<ItemWriter, Error> {
    if let Some(publish_at) = job.outbox.due_at {
        writer = writer.json("outbox", &job.outbox.events)?.text("publish_at", due_time(publish_at)?);
        let OutboxProgress { event_bus: bus, caller_webhook: caller } = job.outbox.progress;
        writer =
            writer.maybe_number("event_bus_sequence", bus).maybe_number("caller_webhook_sequence", caller);
    }
    if let Some(targets) = notify_targets_attribute::write_targets(&job.notify_targets) {
        writer = writer.json("notify_targets", &targets)?;
    }
    if let Some(heartbeat_at) = job.notify_targets.next_heartbeat_at {
        writer = writer.text("next_heartbeat_at", due_time(heartbeat_at)?);
    }
    if job.outbox.due_at.is_some() || job.notify_targets.next_heartbeat_at.is_some() {
        // `due_at` is the earliest of these times, so each is stored separately.
        writer = writer.maybe_text("next_poll_at", job.poll_state.next_poll_at.map(due_time).transpose()?);
    }
    Ok(writer)
}

/// The sources, the files in the bucket, the error and the warnings.
fn write_files(mut writer: ItemWriter, job: &Job) -> Result<ItemWriter, Error> {
    if !job.sources.is_empty() {
        writer = writer.json("sources", &job.sources)?;
    }
    if !job.missing.is_empty() {
        writer = writer.json("missing", &job.missing)?;
    }
    if let Some(transfer) = &job.transfer {
        writer = writer.json("transfer", transfer)?;
    }
    if let Some(archive) = &job.archive {
        writer = writer.json("archive", archive)?;
    }
    if !job.files.is_empty() {
        writer = writer.json("files", &job.files)?.number("files_total", job.files_total);
    }
    if let Some(manifest) = &job.manifest {
        writer = writer.json("manifest", manifest)?;
    }
    if let Some(error) = &job.error {
        writer = writer.json("error", error)?;
    }
    if !job.warnings.is_empty() {
        writer = writer.json("warnings", &job.warnings)?;
    }
    Ok(writer)
}

/// Reads a job.
pub(crate) fn read_job(item: &Item) -> Result<Job, Error> {
    let reader = ItemReader(item);
    let targets = notify_targets_attribute::read_targets(
        reader.json("notify_targets")?,
        reader.maybe_time("next_heartbeat_at")?,
    );
    let outbox = read_outbox(reader)?;
    let has_other_due_times = outbox.due_at.is_some() || targets.next_heartbeat_at.is_some();
    let next_poll_at = reader.maybe_time(if has_other_due_times { "next_poll_at" } else { "due_at" })?;
    let files: Vec<StoredFile> = reader.json("files")?.unwrap_or_default();
    Ok(Job {
        id: reader.parsed("pk")?,
        provider: ProviderName::new(reader.text("provider")?),
        kind: reader.text("kind")?.to_owned(),
        request: json_text(reader, "request")?.ok_or_else(|| unreadable("request"))?,
        expected_files: reader.maybe_number("expected_files"),
        metadata: json_text(reader, "metadata")?,
        unpack: reader
            .maybe_text("unpack")
            .map(|text| text.parse().map_err(|_| unreadable("unpack")))
            .transpose()?,
        warnings: reader.json("warnings")?.unwrap_or_default(),
        origin: if reader.maybe_text("origin") == Some("imported") {
            JobOrigin::Imported
        } else {
            JobOrigin::Submitted
        },
        status: reader.parsed("status")?,
        provider_job_id: reader.maybe_text("provider_job_id").map(ProviderJobId::new),
        created_at: reader.time("created_at")?,
        updated_at: reader.time("updated_at")?,
        progress: reader.maybe_number("progress"),
        sources: reader.json("sources")?.unwrap_or_default(),
        missing: reader.json("missing")?.unwrap_or_default(),
        completed_by: reader.maybe_parsed("completed_by")?,
        result: json_text(reader, "result")?,
        provider_state: match json_text(reader, "provider_state")? {
            Some(Value::Object(notes)) => notes,
            _ => Map::new(),
        },
        transfer: reader.json("transfer")?,
        archive: reader.json("archive")?,
        files_total: reader.maybe_number("files_total").unwrap_or(files.len() as u64),
        files,
        manifest: reader.json("manifest")?,
        error: reader.json("error")?,
        poll_state: PollState { next_poll_at, ..read_poll_state(reader)? },
        notify_targets: targets,
        slow_attempts: reader.maybe_number("slow_attempts").unwrap_or(0),
        retries: read_retries(reader)?,
        outbox,
        // The trace only serves monitoring, so a trace that cannot be read does not make the job unreadable.
        trace: reader.maybe_text("trace").and_then(|header| header.parse().ok()),
        version: reader.maybe_number("version").ok_or_else(|| unreadable("version"))?,
    })
}

fn read_outbox(reader: ItemReader<'_>) -> Result<Outbox, Error> {
    Ok(Outbox {
        events: reader.json("outbox")?.unwrap_or_default(),
        progress: OutboxProgress {
            event_bus: reader.maybe_number("event_bus_sequence"),
            caller_webhook: reader.maybe_number("caller_webhook_sequence"),
        },
        due_at: reader.maybe_time("publish_at")?,
    })
}

/// The state of the polls, without the time of the next one.
fn read_poll_state(reader: ItemReader<'_>) -> Result<PollState, Error> {
    Ok(PollState {
        next_poll_at: None,
        answered_polls: reader.maybe_number("answered_polls").unwrap_or(0),
        consecutive_failures: reader.maybe_number("consecutive_poll_failures").unwrap_or(0),
        last_callback_poll_at: reader.maybe_time("last_callback_poll_at")?,
    })
}

fn read_retries(reader: ItemReader<'_>) -> Result<JobRetries, Error> {
    Ok(JobRetries {
        restarts: reader.maybe_number("restarts").unwrap_or(0),
        retry_of: reader.maybe_parsed("retry_of")?,
        resubmitted_as: reader.maybe_parsed("resubmitted_as")?,
    })
}

/// Reads an attribute that is JSON text.
fn json_text(reader: ItemReader<'_>, name: &str) -> Result<Option<Value>, Error> {
    let text = reader.maybe_text(name);
    text.map(serde_json::from_str).transpose().map_err(|e| unreadable(name).with_source(e))
}

fn origin_name(origin: JobOrigin) -> &'static str {
    match origin {
        JobOrigin::Submitted => "submitted",
        JobOrigin::Imported => "imported",
    }
}
