//! A job as an item of the table.

use model::{
    Error, Job, JobId, Origin, Outbox, OutboxProgress, PollState, ProviderJobId, ProviderName, Retries,
    StoredFile, Trace,
};
use serde_json::{Map, Value};
use time::{Date, OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem};

use crate::{
    item::{Item, Reader, Writer, unreadable},
    waiters,
};

/// The sort key of a job's own item.
pub(crate) const JOB: &str = "JOB";

const DAY: &[BorrowedFormatItem<'_>] = time::macros::format_description!("[year]-[month]-[day]");

/// Of one length, so that times sort as texts.
const DUE: &[BorrowedFormatItem<'_>] =
    time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// How many partitions `due` is spread over, so that one does not take every write.
pub(crate) const DUE_SHARDS: u8 = 4;

/// The partition of `due` in which a job is.
fn due_shard(id: JobId) -> String {
    let last = id.as_bytes().last().copied().unwrap_or_default();
    (last % DUE_SHARDS).to_string()
}

/// A time as `due` sorts by it.
pub(crate) fn due_time(at: OffsetDateTime) -> Result<String, Error> {
    at.to_offset(UtcOffset::UTC).format(DUE).map_err(|e| unreadable("due_at").with_source(e))
}

/// A day as `by_day` is keyed by it.
pub(crate) fn day(date: Date) -> Result<String, Error> {
    date.format(DAY).map_err(|e| unreadable("day").with_source(e))
}

/// What `by_provider_job_id` is keyed by.
pub(crate) fn provider_job_key(provider: &ProviderName, provider_job_id: &ProviderJobId) -> String {
    format!("{provider}#{provider_job_id}")
}

/// The job's attributes, lease not included.
pub(crate) fn write(job: &Job) -> Result<Item, Error> {
    let mut writer = Writer::key(job.id.to_string(), JOB)
        .text("provider", job.provider.as_str())
        .text("kind", &job.kind)
        .text("status", job.status.as_str())
        .text("origin", origin_name(job.origin))
        .text("request", job.request.to_string())
        .time("created_at", job.created_at)
        .time("updated_at", job.updated_at)
        .text("day", day(job.created_at.date())?)
        // The id sorts by creation time and is unique, so it is the better half of the listing key.
        .text("created", job.id.to_string())
        .number("version", job.version)
        .maybe_number("expected", job.expected)
        .maybe("unpack", job.unpack.map(|unpack| unpack.to_string()))
        .maybe_number("progress", job.progress)
        .maybe_number("slow_attempts", Some(job.slow_attempts).filter(|attempts| *attempts > 0))
        .maybe("metadata", job.metadata.as_ref().map(Value::to_string))
        .maybe("notes", (!job.notes.is_empty()).then(|| Value::Object(job.notes.clone()).to_string()))
        .maybe("result", job.result.as_ref().map(Value::to_string))
        .maybe("trace", job.trace.as_ref().map(Trace::to_string))
        .maybe("provider_job_id", job.provider_job_id.as_ref().map(ProviderJobId::as_str))
        .maybe(
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
            .maybe("retry_of", job.retries.of.map(|id| id.to_string()))
            .maybe("resubmitted_as", job.retries.resubmitted_as.map(|id| id.to_string()));
    }
    if job.check.at.is_some() {
        writer = writer.number("checks", job.check.asked).number("unanswered_checks", job.check.unanswered);
    }
    if let Some(hinted) = job.check.hinted.filter(|_| !job.status.is_final()) {
        writer = writer.time("hinted_at", hinted);
    }
    if let Some(publish_at) = job.outbox.due {
        writer = writer.json("outbox", &job.outbox.events)?.text("publish_at", due_time(publish_at)?);
        let OutboxProgress { bus, caller } = job.outbox.told;
        writer = writer.maybe_number("told_bus", bus).maybe_number("told_caller", caller);
    }
    if let Some(told) = waiters::write(&job.audience) {
        writer = writer.json("audience", &told)?;
    }
    if let Some(sign_at) = job.audience.sign_at {
        writer = writer.text("sign_at", due_time(sign_at)?);
    }
    if job.outbox.due.is_some() || job.audience.sign_at.is_some() {
        // Each of them makes the job due, so each has a time of its own.
        writer = writer.maybe("check_at", job.check.at.map(due_time).transpose()?);
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
    Ok(writer.done())
}

/// Reads a job back.
pub(crate) fn read(item: &Item) -> Result<Job, Error> {
    let reader = Reader(item);
    let text_json = |name: &str| -> Result<Option<Value>, Error> {
        reader.maybe(name).map(serde_json::from_str).transpose().map_err(|e| unreadable(name).with_source(e))
    };
    let outbox = Outbox {
        events: reader.json("outbox")?.unwrap_or_default(),
        told: OutboxProgress {
            bus: reader.maybe_number("told_bus"),
            caller: reader.maybe_number("told_caller"),
        },
        due: reader.maybe_time("publish_at")?,
    };
    let audience = waiters::read(reader.json("audience")?, reader.maybe_time("sign_at")?);
    let due_for_more = outbox.due.is_some() || audience.sign_at.is_some();
    let check_at = reader.maybe_time(if due_for_more { "check_at" } else { "due_at" })?;
    let files: Vec<StoredFile> = reader.json("files")?.unwrap_or_default();
    Ok(Job {
        id: reader.parsed("pk")?,
        provider: ProviderName::new(reader.text("provider")?),
        kind: reader.text("kind")?.to_owned(),
        request: text_json("request")?.ok_or_else(|| unreadable("request"))?,
        expected: reader.maybe_number("expected"),
        metadata: text_json("metadata")?,
        unpack: reader
            .maybe("unpack")
            .map(|text| text.parse().map_err(|_| unreadable("unpack")))
            .transpose()?,
        origin: if reader.maybe("origin") == Some("adopted") { Origin::Adopted } else { Origin::Submitted },
        status: reader.parsed("status")?,
        provider_job_id: reader.maybe("provider_job_id").map(ProviderJobId::new),
        created_at: reader.time("created_at")?,
        updated_at: reader.time("updated_at")?,
        progress: reader.maybe_number("progress"),
        sources: reader.json("sources")?.unwrap_or_default(),
        missing: reader.json("missing")?.unwrap_or_default(),
        result: text_json("result")?,
        notes: match text_json("notes")? {
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
        audience,
        slow_attempts: reader.maybe_number("slow_attempts").unwrap_or(0),
        retries: Retries {
            rounds: reader.maybe_number("rounds").unwrap_or(0),
            of: reader.maybe_parsed("retry_of")?,
            resubmitted_as: reader.maybe_parsed("resubmitted_as")?,
        },
        outbox,
        // Only for watching: nobody is kept from a job whose trace cannot be read.
        trace: reader.maybe("trace").and_then(|header| header.parse().ok()),
        version: reader.maybe_number("version").ok_or_else(|| unreadable("version"))?,
    })
}

fn origin_name(origin: Origin) -> &'static str {
    match origin {
        Origin::Submitted => "submitted",
        Origin::Adopted => "adopted",
    }
}
