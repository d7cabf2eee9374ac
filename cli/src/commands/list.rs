//! Use case: list jobs, page after page, as many as are asked for.

use serde_json::{Map, Value};

use super::fields;
use crate::{
    arguments::Listing,
    client::Function,
    exit::Exit,
    failure::Failure,
    job::Job,
    output::{self, Output, Reader},
};

/// The longest page that Landfall gives.
const MAX_PAGE_JOBS: u64 = 100;

/// Lists jobs. For programs each page is printed as it comes, as long as somebody reads; the columns of a table need all
/// of them.
///
/// # Errors
/// A filter makes no sense, or a page cannot be had.
pub(super) async fn list(function: &Function, output: &Output, listing: &Listing) -> Result<Exit, Failure> {
    let mut room = if listing.all { u64::MAX } else { listing.limit };
    let (mut cursor, mut table) = (None, vec![]);
    loop {
        let answer = function.call("list", query(listing, room.min(MAX_PAGE_JOBS), cursor)).await?;
        let jobs = answer["jobs"].as_array().cloned();
        let jobs = jobs.ok_or_else(|| Failure::not_understood("the function's answer is no list of jobs"))?;
        room = room.saturating_sub(jobs.len() as u64);
        for job in jobs {
            let job = Job::read(job)?;
            if !output.is_json() {
                table.push(job);
            } else if output.answer(job.json(), String::new)? == Reader::Gone {
                return Ok(Exit::Done);
            }
        }
        cursor = answer["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() || room == 0 {
            break;
        }
    }
    if !output.is_json() {
        output.answer(&Value::Null, || output::jobs_table(&table))?;
    }
    if cursor.is_some() {
        output.hint("There are more jobs: --limit or --all lists them, --to goes back in time.");
    }
    Ok(Exit::Done)
}

/// The fields of the command `list` for one page.
fn query(listing: &Listing, limit: u64, cursor: Option<String>) -> Map<String, Value> {
    let filters = [
        ("from", &listing.from),
        ("to", &listing.to),
        ("status", &listing.status),
        ("provider", &listing.provider),
        ("kind", &listing.kind),
        ("cursor", &cursor),
    ];
    let mut query = fields([]);
    for (name, value) in filters {
        if let Some(value) = value {
            query.insert(name.to_owned(), value.as_str().into());
        }
    }
    if !listing.metadata.is_empty() {
        let metadata = listing.metadata.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
        query.insert("metadata".to_owned(), Value::Object(metadata.collect()));
    }
    query.insert("limit".to_owned(), limit.into());
    query
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;
    use crate::arguments::{Arguments, Command};

    #[test]
    fn only_the_filters_that_are_given_are_sent() {
        let line = "landfall list --status stored,partial --metadata campaign=spring --metadata n=7";
        let Command::List(listing) = Arguments::try_parse_from(line.split(' ')).expect("a line").command
        else {
            panic!("a listing")
        };
        let expected = json!({
            "status": "stored,partial", "metadata": { "campaign": "spring", "n": "7" }, "limit": 50, "cursor": "c",
        });
        assert_eq!(Value::Object(query(&listing, listing.limit, Some("c".into()))), expected);
    }
}
