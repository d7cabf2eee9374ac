//! The command `list`: lists jobs across pages.

use serde_json::{Map, Value};

use crate::{
    arguments::ListArguments,
    client::{SubmitFunction, payload},
    error::CliError,
    exit_status::ExitStatus,
    job::Job,
    output::{self, Output, StdoutState},
};

/// The maximum page size of the command `list`.
const MAX_PAGE_JOBS: u64 = 100;

/// Lists jobs. As JSON each page is printed when it arrives, until standard output is closed. A text table needs all
/// jobs for the widths of its columns.
///
/// # Errors
/// A filter is invalid, or a page cannot be fetched.
pub(super) async fn list_jobs(
    function: &SubmitFunction,
    output: &Output,
    arguments: &ListArguments,
) -> Result<ExitStatus, CliError> {
    let mut remaining = if arguments.all { u64::MAX } else { arguments.limit };
    let (mut cursor, mut table) = (None, vec![]);
    loop {
        let payload = page_payload(arguments, remaining.min(MAX_PAGE_JOBS), cursor);
        let page = function.invoke("list", payload).await?;
        let jobs = page["jobs"].as_array().cloned();
        let jobs =
            jobs.ok_or_else(|| CliError::unexpected_response("the function's response has no list of jobs"))?;
        remaining = remaining.saturating_sub(jobs.len() as u64);
        for job in jobs {
            let job = Job::from_response(job)?;
            if !output.is_json() {
                table.push(job);
            } else if output.print_result(job.json(), String::new)? == StdoutState::Closed {
                return Ok(ExitStatus::Success);
            }
        }
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() || remaining == 0 {
            break;
        }
    }
    if !output.is_json() {
        output.print_result(&Value::Null, || output::render_job_table(&table))?;
    }
    if cursor.is_some() {
        output.print_hint(
            "There are more jobs. Use --limit or --all to list them, or --to to list older ones.",
        );
    }
    Ok(ExitStatus::Success)
}

/// The payload of the command `list` for one page.
fn page_payload(arguments: &ListArguments, limit: u64, cursor: Option<String>) -> Map<String, Value> {
    let filters = [
        ("from", &arguments.from),
        ("to", &arguments.to),
        ("status", &arguments.status),
        ("provider", &arguments.provider),
        ("kind", &arguments.kind),
        ("cursor", &cursor),
    ];
    let mut payload = payload([]);
    for (name, value) in filters {
        if let Some(value) = value {
            payload.insert(name.to_owned(), value.as_str().into());
        }
    }
    if !arguments.metadata.is_empty() {
        let metadata = arguments.metadata.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
        payload.insert("metadata".to_owned(), Value::Object(metadata.collect()));
    }
    payload.insert("limit".to_owned(), limit.into());
    payload
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;
    use crate::arguments::{Arguments, Command};

    #[test]
    fn only_the_given_filters_are_sent() {
        let line = "landfall list --status stored,partial --metadata campaign=spring --metadata n=7";
        let arguments = Arguments::try_parse_from(line.split(' ')).expect("a valid line");
        let Command::List(arguments) = arguments.command else { panic!("not the command list") };
        let expected = json!({
            "status": "stored,partial", "metadata": { "campaign": "spring", "n": "7" }, "limit": 50, "cursor": "c",
        });
        let payload = page_payload(&arguments, arguments.limit, Some("c".into()));
        assert_eq!(Value::Object(payload), expected);
    }
}
