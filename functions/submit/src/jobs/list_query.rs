//! The query of a list of jobs, from the query string of `GET /jobs` or from the fields of the command `list`.

use std::collections::BTreeMap;

use model::{Error, Job, JobStatus};
use providers::RequestFields;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use time::{Date, Duration, format_description::BorrowedFormatItem, macros::format_description};

use crate::query_string::parse_query_string;

const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
/// The number of days in a list: the default and the maximum.
const DEFAULT_DAYS: i64 = 7;
const MAX_DAYS: i64 = 31;
/// The number of jobs in a page: the default and the maximum.
const DEFAULT_LIMIT: u64 = 50;
const MAX_LIMIT: u64 = 100;
/// The number of metadata filters in a query.
const MAX_METADATA_FILTERS: usize = 10;
/// The prefix of a parameter that filters by a field of the metadata.
const METADATA_PREFIX: &str = "metadata.";

/// The date range, filters and page of a list of jobs.
#[derive(Debug, Clone, PartialEq)]
pub struct ListQuery {
    /// The first day, in UTC.
    pub from: Option<Date>,
    /// The last day, in UTC.
    pub to: Option<Date>,
    /// Only jobs with one of these statuses. Empty selects every status.
    pub statuses: Vec<JobStatus>,
    /// Only jobs of this provider.
    pub provider: Option<String>,
    /// Only jobs of this kind.
    pub kind: Option<String>,
    /// Only jobs whose metadata has these values, compared as text.
    pub metadata: BTreeMap<String, String>,
    /// The maximum number of jobs in the page.
    pub limit: usize,
    /// The cursor of an earlier page, where this page starts.
    pub cursor: Option<String>,
}

impl ListQuery {
    /// Parses the query string of `GET /jobs`. Each parameter may occur once.
    ///
    /// # Errors
    /// [`model::ErrorClass::InvalidRequest`] naming each invalid parameter.
    pub fn parse(query: &str) -> Result<Self, Error> {
        let (mut fields, mut metadata) = (Map::new(), Map::new());
        for (name, value) in parse_query_string(query)? {
            match name.strip_prefix(METADATA_PREFIX) {
                Some(key) => metadata.insert(key.to_owned(), value),
                // Only the command has the whole object as a field.
                None if name == "metadata" => {
                    return Err(Error::invalid("metadata", "expected metadata.NAME=VALUE"));
                }
                None => fields.insert(name, value),
            };
        }
        if !metadata.is_empty() {
            fields.insert("metadata".to_owned(), metadata.into());
        }
        Self::read_fields(fields)
    }

    /// Reads the fields of the command `list`.
    ///
    /// # Errors
    /// As [`ListQuery::parse`].
    pub fn read_fields(mut fields: Map<String, Value>) -> Result<Self, Error> {
        // Numbers keep their spelling, as they do in the metadata of jobs: the text of 7.0 differs from the text of 7.
        let metadata = fields.remove("metadata");
        let mut reader = QueryReader(RequestFields::new(fields));
        let query = Self {
            from: reader.take_date("from"),
            to: reader.take_date("to"),
            statuses: reader.take_statuses(),
            provider: reader.take_provider(),
            kind: reader.take_string("kind"),
            metadata: reader.read_metadata(metadata),
            limit: reader.take_limit(),
            cursor: reader.take_string("cursor"),
        };
        reader.0.finish()?;
        Ok(query)
    }

    /// Resolves the first and the last day, relative to `today`.
    ///
    /// # Errors
    /// [`model::ErrorClass::InvalidRequest`] when the first day is after the last, or the range is too long.
    pub(crate) fn resolve_dates(&self, today: Date) -> Result<(Date, Date), Error> {
        let to = self.to.unwrap_or(today);
        let from = self.from.unwrap_or_else(|| to.saturating_sub(Duration::days(DEFAULT_DAYS - 1)));
        if from > to {
            return Err(Error::invalid(
                "from",
                "expected a day that is not after `to`, which defaults to today",
            ));
        }
        if to - from >= Duration::days(MAX_DAYS) {
            return Err(Error::invalid(
                "from",
                "expected at most 31 days up to `to`, which defaults to today",
            ));
        }
        Ok((from, to))
    }

    /// Whether the query excludes some jobs of its days.
    pub(crate) fn has_filters(&self) -> bool {
        !self.statuses.is_empty()
            || self.provider.is_some()
            || self.kind.is_some()
            || !self.metadata.is_empty()
    }

    /// Whether a job passes the filters.
    pub(crate) fn matches(&self, job: &Job) -> bool {
        let value_of = |name: &String| job.metadata.as_ref()?.get(name).and_then(scalar_text);
        (self.statuses.is_empty() || self.statuses.contains(&job.status))
            && self.provider.as_ref().is_none_or(|provider| job.provider.as_str() == provider)
            && self.kind.as_ref().is_none_or(|kind| job.kind == *kind)
            && self.metadata.iter().all(|(name, value)| value_of(name).as_ref() == Some(value))
    }

    /// A hash of the dates and filters, without the page. A cursor belongs to one query.
    pub(crate) fn fingerprint(&self) -> String {
        let mut statuses: Vec<&str> = self.statuses.iter().map(|status| status.as_str()).collect();
        statuses.sort_unstable();
        let date = |date: Option<Date>| date.map(|date| date.to_string());
        let query =
            json!([date(self.from), date(self.to), statuses, self.provider, self.kind, self.metadata]);
        let digest = Sha256::digest(query.to_string().as_bytes());
        digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The text of a scalar, for comparison.
fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Reads the fields of a query and collects violations.
struct QueryReader(RequestFields);

impl QueryReader {
    fn add_violation<T>(&mut self, name: &str, expected: impl Into<String>) -> Option<T> {
        self.0.add_violation(name, expected);
        None
    }

    fn take_string(&mut self, name: &str) -> Option<String> {
        match self.0.take(name)? {
            Value::String(text) if !text.is_empty() => Some(text),
            _ => self.add_violation(name, "expected a string"),
        }
    }

    fn take_date(&mut self, name: &str) -> Option<Date> {
        let value = self.0.take(name)?;
        let date = value.as_str().and_then(|text| Date::parse(text, DATE).ok());
        date.or_else(|| self.add_violation(name, "expected a day such as 2026-03-04"))
    }

    fn take_statuses(&mut self) -> Vec<JobStatus> {
        let Some(text) = self.take_string("status") else { return vec![] };
        let statuses: Option<Vec<JobStatus>> = text.split(',').map(|name| name.trim().parse().ok()).collect();
        statuses
            .or_else(|| {
                let names = JobStatus::ALL.map(JobStatus::as_str).join(", ");
                self.add_violation("status", format!("expected one or more of {names}, separated by commas"))
            })
            .unwrap_or_default()
    }

    fn take_provider(&mut self) -> Option<String> {
        let name = self.take_string("provider")?;
        if providers::find_provider(&name).is_some() {
            return Some(name);
        }
        let names: Vec<&str> = providers::ALL.iter().map(|provider| provider.name()).collect();
        self.add_violation("provider", format!("expected one of: {}", names.join(", ")))
    }

    fn read_metadata(&mut self, value: Option<Value>) -> BTreeMap<String, String> {
        let fields = match value {
            None | Some(Value::Null) => return BTreeMap::new(),
            Some(Value::Object(fields)) => fields,
            Some(_) => return self.add_violation("metadata", "expected an object").unwrap_or_default(),
        };
        if fields.len() > MAX_METADATA_FILTERS {
            return self.add_violation("metadata", "expected at most 10 values").unwrap_or_default();
        }
        let mut metadata = BTreeMap::new();
        for (name, value) in fields {
            match scalar_text(&value).filter(|_| !name.is_empty()) {
                Some(text) => drop(metadata.insert(name, text)),
                None => drop(self.add_violation::<()>(
                    &format!("{METADATA_PREFIX}{name}"),
                    "expected the name of a field and a string, a number, true or false",
                )),
            }
        }
        metadata
    }

    fn take_limit(&mut self) -> usize {
        let Some(value) = self.0.take("limit") else { return DEFAULT_LIMIT as usize };
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        let limit = number.filter(|number| (1..=MAX_LIMIT).contains(number));
        limit.or_else(|| self.add_violation("limit", "expected a number from 1 to 100")).unwrap_or(1) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_string_and_a_command_with_equal_filters_have_equal_fingerprints() {
        let query = "from=2026-03-01&to=2026-03-04&status=stored,partial&kind=export&metadata.n=7&metadata.a%20b=c+d&limit=9";
        let Value::Object(command) = json!({
            "from": "2026-03-01", "to": "2026-03-04", "status": "partial, stored", "kind": "export",
            "metadata": { "n": 7, "a b": "c d" }, "limit": 3,
        }) else {
            panic!("an object")
        };
        let (query, command) = (
            ListQuery::parse(query).expect("a valid query"),
            ListQuery::read_fields(command).expect("valid fields"),
        );
        assert_eq!(query.metadata, command.metadata);
        assert_eq!(query.fingerprint(), command.fingerprint(), "the fingerprint does not include the limit");
        assert_ne!(query.fingerprint(), ListQuery { kind: None, ..query.clone() }.fingerprint());
    }

    #[test]
    fn every_invalid_parameter_is_named() {
        let query = "from=2026-3-1&status=stored,gone&provider=nobody&kind=&metadata.=x&limit=101&page=2";
        let error = ListQuery::parse(query).expect_err("invalid");
        let named: Vec<&str> = error.violations.iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!(named, ["from", "status", "provider", "kind", "metadata.", "limit", "page"]);
        for (query, field) in [("limit=1&limit=2", "limit"), ("metadata=x", "metadata"), ("limit=0", "limit")]
        {
            let error = ListQuery::parse(query).expect_err("invalid");
            assert_eq!(error.violations[0].field, field);
        }
    }

    #[test]
    fn the_default_range_is_7_days_and_the_maximum_is_31() {
        let today = time::macros::date!(2026 - 03 - 10);
        let days = |query: &str| {
            ListQuery::parse(query)
                .expect("a valid query")
                .resolve_dates(today)
                .map_err(|error| error.violations)
        };
        assert_eq!(days(""), Ok((time::macros::date!(2026 - 03 - 04), today)));
        assert_eq!(days("from=2026-02-08"), Ok((time::macros::date!(2026 - 02 - 08), today)));
        assert!(days("from=2026-02-07").is_err() && days("from=2026-03-11").is_err());
    }
}
