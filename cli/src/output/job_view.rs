//! Renders jobs as text.

use serde_json::Value;

use super::{
    labelled_lines::{LabelledLines, text_field},
    table::Table,
    terminal_text::format_bytes,
};
use crate::job::Job;

/// Renders a job with all its fields.
pub(crate) fn render_job(job: &Job) -> String {
    let mut lines = LabelledLines::default();
    lines.add("job", job.id());
    lines.add("status", job.status());
    lines.add("kind", &format!("{} {}", job.text("/provider"), job.text("/kind")));
    lines.add("provider_job_id", job.text("/provider_job_id"));
    lines.add("created", job.text("/created_at"));
    lines.add("updated", job.text("/updated_at"));
    lines.add("retry of", job.text("/retry_of"));
    lines.add("resubmitted", job.text("/resubmitted_as"));
    if let Some(percent) = job.number("/progress") {
        lines.add("progress", &format!("{percent:.0} %"));
    }
    lines.add("completed by", job.text("/completed_by"));
    lines.add("transfer", &transfer_text(job));
    for name in ["metadata", "result"] {
        let value = &job.json()[name];
        lines.add(name, &if value.is_null() { String::new() } else { value.to_string() });
    }
    lines.add("notify", &notify_text(&job.json()["notify"]));
    lines.add("archive", &file_text(&job.json()["archive"]));
    lines.add_list("files", job.items("/files").iter().map(file_text));
    let unlisted =
        (job.number("/files_total").unwrap_or(0.0) as usize).saturating_sub(job.items("/files").len());
    if unlisted > 0 {
        lines.add("", &format!("and {unlisted} more, listed in the manifest"));
    }
    let missing_text =
        |missing: &Value| format!("{}: {}", text_field(missing, "name"), text_field(missing, "reason"));
    lines.add_list("missing", job.items("/missing").iter().map(missing_text));
    lines.add_list("deliveries", job.items("/deliveries").iter().map(delivery_text));
    let warning_text =
        |warning: &Value| format!("{}: {}", text_field(warning, "field"), text_field(warning, "message"));
    lines.add_list("warnings", job.items("/warnings").iter().map(warning_text));
    lines.add("error", &error_text(job));
    lines.into_text()
}

/// Renders jobs as a table.
pub(crate) fn render_job_table(jobs: &[Job]) -> String {
    let mut table = Table::new(&["CREATED", "STATUS", "PROVIDER", "KIND", "FILES", "JOB", "ERROR"]);
    for job in jobs {
        table.add_row(job_row(job));
    }
    table.into_text()
}

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

fn transfer_text(job: &Job) -> String {
    let Some(bytes) = job.number("/transfer/bytes") else { return String::new() };
    let of_total = |total: Option<f64>, format: &dyn Fn(f64) -> String| {
        total.map(|total| format!(" of {}", format(total))).unwrap_or_default()
    };
    let files = job.number("/transfer/files").unwrap_or(0.0);
    format!(
        "{}{}, {files}{} files",
        format_bytes(bytes),
        of_total(job.number("/transfer/total_bytes"), &format_bytes),
        of_total(job.number("/transfer/total_files"), &|total| total.to_string()),
    )
}

/// The notification targets of the job. The response contains no token, and of a URL only scheme and host.
fn notify_text(notify: &Value) -> String {
    let waiting = notify["waiting"].as_u64().unwrap_or(0);
    let mut parts = vec![];
    if waiting > 0 {
        parts.push(format!("waiting workflows: {waiting}"));
    }
    if let Some(url) = notify["webhook_url"].as_str() {
        parts.push(url.to_owned());
    }
    if notify["partial_is_success"] == true {
        parts.push("partial counts as success".to_owned());
    }
    parts.join(", ")
}

fn file_text(file: &Value) -> String {
    match file["bytes"].as_f64() {
        Some(bytes) => {
            let (content_type, name) = (text_field(file, "content_type"), text_field(file, "name"));
            format!("{:>9}  {content_type:<15}  {name}", format_bytes(bytes))
        }
        None => String::new(),
    }
}

fn delivery_text(delivery: &Value) -> String {
    let suffix = if delivery["replayable"] == true { "" } else { ", cannot be replayed" };
    let text = |field| text_field(delivery, field);
    format!("{}  {}  {}{suffix}", text("received_at"), text("name"), text("id"))
}

fn error_text(job: &Job) -> String {
    match job.text("/error/type") {
        "" => String::new(),
        class => format!("{class}: {}", job.text("/error/message")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn partial_job() -> Job {
        let job = json!({
            "job_id": "0192d2c0", "provider": "abyssale", "kind": "export", "status": "partial",
            "created_at": "2026-03-04T05:06:07.890Z", "progress": 100.0, "metadata": { "campaign": "spring" },
            "transfer": { "bytes": 354_633, "total_bytes": 400_000, "files": 1, "total_files": 2 },
            "files": [{ "name": "a\u{7}.png", "bytes": 58_120, "content_type": "image/png" }], "files_total": 3,
            "missing": [{ "name": "story", "reason": "the text does not fit" }],
            "warnings": [{ "field": "gif.loop", "message": "unknown option" }],
            "notify": { "waiting": 2, "webhook_url": "https://example.com", "partial_is_success": true },
            "completed_by": "banners", "retry_of": "0192d2bf", "resubmitted_as": null,
            "error": { "type": "FilesMissing", "message": "1 of 2 files were delivered" },
        });
        Job::from_response(job).expect("a job")
    }

    #[test]
    fn a_job_is_rendered_line_by_line_without_its_empty_fields() {
        let expected = "\
job              0192d2c0
status           partial
kind             abyssale export
created          2026-03-04T05:06:07.890Z
retry of         0192d2bf
progress         100 %
completed by     banners
transfer         354.6 kB of 400.0 kB, 1 of 2 files
metadata         {\"campaign\":\"spring\"}
notify           waiting workflows: 2, https://example.com, partial counts as success
files              58.1 kB  image/png        a\u{fffd}.png
                 and 2 more, listed in the manifest
missing          story: the text does not fit
warnings         gif.loop: unknown option
error            FilesMissing: 1 of 2 files were delivered
";
        assert_eq!(render_job(&partial_job()), expected);
    }

    #[test]
    fn jobs_are_rendered_as_a_table() {
        let expected = "\
CREATED              STATUS   PROVIDER  KIND    FILES  JOB       ERROR
2026-03-04 05:06:07  partial  abyssale  export  3      0192d2c0  FilesMissing
";
        assert_eq!(render_job_table(&[partial_job()]), expected);
    }
}
