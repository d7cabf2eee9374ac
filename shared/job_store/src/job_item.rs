//! Writes a job as an item of the table and reads it back.

use model::{
    Error, Job, JobId, Origin, Outbox, OutboxProgress, PollState, ProviderJobId, ProviderName, Retries,
    StoredFile, Trace,
};
use serde_json::{Map, Value};
use time::{Date, OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem};

use crate::{
    item::{Item, ItemReader, ItemWriter, unreadable},
    notify_targets_attribute,
};

/// The sort key of a job's item.
pub(crate) const JOB: &str = "JOB";

const DAY: &[BorrowedFormatItem<'_>] = time::macros::format_description!("[year]-[month]-[day]");

/// All times have the same length, so that they sort as strings.
const DUE: &[BorrowedFormatItem<'_>] =
    time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// The number of partitions of the index `due`, so that one partition does not take every write.
pub(crate) const DUE_SHARDS: u8 = 4;

/// The partition of the index `due` that a job is in.
fn due_shard(id: JobId) -> String {
    let last = id.as_bytes().last().copied().unwrap_or_default();
    (last % DUE_SHARDS).to_string()
}

/// A time as the sort key of the index `due`.
pub(crate) fn due_time(at: OffsetDateTime) -> Result<String, Error> {
    at.to_offset(UtcOffset::UTC).format(DUE).map_err(|e| unreadable("due_at").with_source(e))
}

/// A day as the partition key of the index `by_day`.
pub(crate) fn day_key(date: Date) -> Result<String, Error> {
    date.format(DAY).map_err(|e| unreadable("day").with_source(e))
}

/// The partition key of the index `by_provider_job_id`.
pub(crate) fn provider_job_key(provider: &ProviderName, provider_job_id: &ProviderJobId) -> String {
    format!("{provider}#{provider_job_id}")
}

/// Writes a job's attributes, except those of its lease.
pub(crate) fn write(job: &Job) -> Result<Item, Error> {
    let mut writer = ItemWriter::key(job.id.to_string(), JOB)
        .text("provider", job.provider.as_str())
        .text("kind", &job.kind)
        .text("status", job.status.as_str())
        .text("origin", origin_name(job.origin))
        .text("request", job.request.to_string())
        .time("created_at", job.created_at)
        .time("updated_at", job.updated_at)
        .text("day", day_key(job.created_at.date())?)
        // The sort key of `by_day`. A job id sorts by creation time and is unique, which `created_at` is not.
        .text("created", job.id.to_string())
        .number("version", job.version)
        .maybe_number("expected", job.expected)
        .maybe_text("unpack", job.unpack.map(|unpack| unpack.to_string()))
        .maybe_number("progress", job.progress)
        .maybe_number("slow_attempts", Some(job.slow_attempts).filter(|attempts| *attempts > 0))
        .maybe_text("metadata", job.metadata.as_ref().map(Value::to_string))
        .maybe_text("notes", (!job.notes.is_empty()).then(|| Value::Object(job.notes.clone()).to_string()))
        .maybe_text("result", job.result.as_ref().map(Value::to_string))
        .maybe_text("trace", job.trace.as_ref().map(Trace::to_string))
        .maybe_text("provider_job_id", job.provider_job_id.as_ref().map(ProviderJobId::as_str))
        .maybe_text(
            "provider_job_key",
            job.provider_job_id
                .as_ref()
                .map(|provider_job_id| provider_job_key(&job.provider, provider_job_id)),
        );
    if let Some(at) = job.due() {
        writer = writer.text("due_shard", due_shard(job.id)).text("due_at", due_time(at)?);
    }
    if job.retries != Retries::default() {
        writer = (writer.number("rounds", job.retries.rounds))
            .maybe_text("retry_of", job.retries.of.map(|id| id.to_string()))
            .maybe_text("resubmitted_as", job.retries.resubmitted_as.map(|id| id.to_string()));
    }
    if job.check.at.is_some() {
        writer = writer.number("checks", job.check.asked).number("unanswered_checks", job.check.unanswered);
    }
    if let Some(hinted_at) = job.check.hinted.filter(|_| !job.status.is_final()) {
        writer = writer.time("hinted_at", hinted_at);
    }
    if let Some(publish_at) = job.outbox.due {
        writer = writer.json("outbox", &job.outbox.events)?.text("publish_at", due_time(publish_at)?);
        let OutboxProgress { bus, caller } = job.outbox.told;
        writer = writer.maybe_number("told_bus", bus).maybe_number("told_caller", caller);
    }
    if let Some(targets) = notify_targets_attribute::write(&job.audience) {
        writer = writer.json("audience", &targets)?;
    }
    if let Some(heartbeat_at) = job.audience.sign_at {
        writer = writer.text("sign_at", due_time(heartbeat_at)?);
    }
    if job.outbox.due.is_some() || job.audience.sign_at.is_some() {
        // `due_at` is the earliest of these times, so each is stored separately.
        writer = writer.maybe_text("check_at", job.check.at.map(due_time).transpose()?);
    }
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
    Ok(writer.finish())
}

/// Reads a job.
pub(crate) fn read(item: &Item) -> Result<Job, Error> {
    let reader = ItemReader(item);
    let json_text = |name: &str| -> Result<Option<Value>, Error> {
        reader
            .maybe_text(name)
            .map(serde_json::from_str)
            .transpose()
            .map_err(|e| unreadable(name).with_source(e))
    };
    let outbox = Outbox {
        events: reader.json("outbox")?.unwrap_or_default(),
        told: OutboxProgress {
            bus: reader.maybe_number("told_bus"),
            caller: reader.maybe_number("told_caller"),
        },
        due: reader.maybe_time("publish_at")?,
    };
    let targets = notify_targets_attribute::read(reader.json("audience")?, reader.maybe_time("sign_at")?);
    let has_other_due_times = outbox.due.is_some() || targets.sign_at.is_some();
    let check_at = reader.maybe_time(if has_other_due_times { "check_at" } else { "due_at" })?;
    let files: Vec<StoredFile> = reader.json("files")?.unwrap_or_default();
    Ok(Job {
        id: reader.parsed("pk")?,
        provider: ProviderName::new(reader.text("provider")?),
        kind: reader.text("kind")?.to_owned(),
        request: json_text("request")?.ok_or_else(|| unreadable("request"))?,
        expected: reader.maybe_number("expected"),
        metadata: json_text("metadata")?,
        unpack: reader
            .maybe_text("unpack")
            .map(|text| text.parse().map_err(|_| unreadable("unpack")))
            .transpose()?,
        origin: if reader.maybe_text("origin") == Some("adopted") {
            Origin::Adopted
        } else {
            Origin::Submitted
        },
        status: reader.parsed("status")?,
        provider_job_id: reader.maybe_text("provider_job_id").map(ProviderJobId::new),
        created_at: reader.time("created_at")?,
        updated_at: reader.time("updated_at")?,
        progress: reader.maybe_number("progress"),
        sources: reader.json("sources")?.unwrap_or_default(),
        missing: reader.json("missing")?.unwrap_or_default(),
        result: json_text("result")?,
        notes: match json_text("notes")? {
            Some(Value::Object(notes)) => notes,
            _ => Map::new(),
        },
        transfer: reader.json("transfer")?,
        archive: reader.json("archive")?,
        files_total: reader.maybe_number("files_total").unwrap_or(files.len() as u64),
        files,
        manifest: reader.json("manifest")?,
        error: reader.json("error")?,
        check: PollState {
            at: check_at,
            asked: reader.maybe_number("checks").unwrap_or(0),
            unanswered: reader.maybe_number("unanswered_checks").unwrap_or(0),
            hinted: reader.maybe_time("hinted_at")?,
        },
        audience: targets,
        slow_attempts: reader.maybe_number("slow_attempts").unwrap_or(0),
        retries: Retries {
            rounds: reader.maybe_number("rounds").unwrap_or(0),
            of: reader.maybe_parsed("retry_of")?,
            resubmitted_as: reader.maybe_parsed("resubmitted_as")?,
        },
        outbox,
        // The trace only serves monitoring, so a trace that cannot be read does not make the job unreadable.
        trace: reader.maybe_text("trace").and_then(|header| header.parse().ok()),
        version: reader.maybe_number("version").ok_or_else(|| unreadable("version"))?,
    })
}

fn origin_name(origin: Origin) -> &'static str {
    match origin {
        Origin::Submitted => "submitted",
        Origin::Adopted => "adopted",
    }
}
