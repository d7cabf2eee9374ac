//! Jobs as text.

use serde_json::Value;

use super::{
    lines::{Lines, string},
    table::Table,
    text::size,
};
use crate::job::Job;

/// A job with everything about it.
pub(crate) fn job(job: &Job) -> String {
    let mut lines = Lines::default();
    lines.text("job", job.id());
    lines.text("status", job.status());
    lines.text("work", &format!("{} {}", job.text("/provider"), job.text("/kind")));
    lines.text("provider_job_id", job.text("/provider_job_id"));
    lines.text("created", job.text("/created_at"));
    lines.text("updated", job.text("/updated_at"));
    lines.text("retry of", job.text("/retry_of"));
    lines.text("resubmitted", job.text("/resubmitted_as"));
    if let Some(percent) = job.number("/progress") {
        lines.text("progress", &format!("{percent:.0} %"));
    }
    lines.text("transfer", &transfer(job));
    for name in ["metadata", "result"] {
        let value = &job.json()[name];
        lines.text(name, &if value.is_null() { String::new() } else { value.to_string() });
    }
    lines.text("notify", &notify(&job.json()["notify"]));
    lines.text("archive", &named(&job.json()["archive"]));
    lines.list("files", job.items("/files").iter().map(named));
    let unlisted =
        (job.number("/files_total").unwrap_or(0.0) as usize).saturating_sub(job.items("/files").len());
    if unlisted > 0 {
        lines.text("", &format!("and {unlisted} more, listed in the manifest"));
    }
    let missing = |missing: &Value| format!("{}: {}", string(missing, "name"), string(missing, "reason"));
    lines.list("missing", job.items("/missing").iter().map(missing));
    lines.list("deliveries", job.items("/deliveries").iter().map(delivery));
    lines.text("error", &error(job));
    lines.into_text()
}

/// The headings and rows of a page of jobs.
pub(crate) fn jobs_table(jobs: &[Job]) -> String {
    let mut table = Table::new(&["CREATED", "STATUS", "PROVIDER", "KIND", "FILES", "JOB", "ERROR"]);
    for job in jobs {
        table.row(job_row(job));
    }
    table.lines()
}

/// A job as a row.
fn job_row(job: &Job) -> Vec<String> {
    let files = job.number("/files_total").map(|files| format!("{files}")).unwrap_or_default();
    let created = job.text("/created_at").get(..19).unwrap_or_default().replace('T', " ");
    let text = |pointer: &str| job.text(pointer).to_owned();
    vec![
        created,
        text("/status"),
        text("/provider"),
        text("/kind"),
        files,
        text("/job_id"),
        text("/error/type"),
    ]
}

fn transfer(job: &Job) -> String {
    let Some(bytes) = job.number("/transfer/bytes") else { return String::new() };
    let of = |total: Option<f64>, shown: &dyn Fn(f64) -> String| {
        total.map(|total| format!(" of {}", shown(total))).unwrap_or_default()
    };
    let files = job.number("/transfer/files").unwrap_or(0.0);
    format!(
        "{}{}, {files}{} files",
        size(bytes),
        of(job.number("/transfer/total_bytes"), &size),
        of(job.number("/transfer/total_files"), &|total| total.to_string()),
    )
}

/// Who is told of the job's end. Landfall shows no token, and of a URL only scheme and host.
fn notify(notify: &Value) -> String {
    let waiting = notify["waiting"].as_u64().unwrap_or(0);
    let mut told = vec![];
    if waiting > 0 {
        told.push(format!("workflows that wait: {waiting}"));
    }
    if let Some(url) = notify["webhook_url"].as_str() {
        told.push(url.to_owned());
    }
    if notify["partial_is_success"] == true {
        told.push("partial counts as success".to_owned());
    }
    told.join(", ")
}

fn named(file: &Value) -> String {
    match file["bytes"].as_f64() {
        Some(bytes) => {
            format!("{:>9}  {:<15}  {}", size(bytes), string(file, "content_type"), string(file, "name"))
        }
        None => String::new(),
    }
}

fn delivery(delivery: &Value) -> String {
    let replayable = if delivery["replayable"] == true { "" } else { ", cannot be replayed" };
    let text = |field| string(delivery, field);
    format!("{}  {}  {}{replayable}", text("received_at"), text("name"), text("id"))
}

fn error(job: &Job) -> String {
    match job.text("/error/type") {
        "" => String::new(),
        class => format!("{class}: {}", job.text("/error/message")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn stored() -> Job {
        let job = json!({
            "job_id": "0192d2c0", "provider": "abyssale", "kind": "export", "status": "partial",
            "created_at": "2026-03-04T05:06:07.890Z", "progress": 100.0, "metadata": { "campaign": "spring" },
            "transfer": { "bytes": 354_633, "total_bytes": 400_000, "files": 1, "total_files": 2 },
            "files": [{ "name": "a\u{7}.png", "bytes": 58_120, "content_type": "image/png" }], "files_total": 3,
            "missing": [{ "name": "story", "reason": "the text does not fit" }],
            "notify": { "waiting": 2, "webhook_url": "https://example.com", "partial_is_success": true },
            "retry_of": "0192d2bf", "resubmitted_as": null,
            "error": { "type": "FilesMissing", "message": "1 of 2 files came" },
        });
        Job::read(job).expect("a job")
    }

    #[test]
    fn a_job_is_shown_line_by_line_and_what_it_lacks_is_left_out() {
        let expected = "\
job          0192d2c0
status       partial
work         abyssale export
created      2026-03-04T05:06:07.890Z
retry of     0192d2bf
progress     100 %
transfer     354.6 kB of 400.0 kB, 1 of 2 files
metadata     {\"campaign\":\"spring\"}
notify       workflows that wait: 2, https://example.com, partial counts as success
files          58.1 kB  image/png        a\u{fffd}.png
             and 2 more, listed in the manifest
missing      story: the text does not fit
error        FilesMissing: 1 of 2 files came
";
        assert_eq!(job(&stored()), expected);
    }

    #[test]
    fn jobs_stand_in_a_table() {
        let expected = "\
CREATED              STATUS   PROVIDER  KIND    FILES  JOB       ERROR
2026-03-04 05:06:07  partial  abyssale  export  3      0192d2c0  FilesMissing
";
        assert_eq!(jobs_table(&[stored()]), expected);
    }
}
