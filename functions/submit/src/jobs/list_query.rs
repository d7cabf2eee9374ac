//! Which jobs a caller wants to see: the query of `GET /jobs`, or the fields of the command `list`.

use std::collections::BTreeMap;

use model::{Error, Job, Status};
use providers::Fields;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use time::{Date, Duration, format_description::BorrowedFormatItem, macros::format_description};

use crate::http::router::parameters;

const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
/// How many days are listed when the caller does not say, and at most.
const DEFAULT_DAYS: i64 = 7;
const MAX_DAYS: i64 = 31;
/// How many jobs a page holds when the caller does not say, and at most.
const DEFAULT_LIMIT: u64 = 50;
const MAX_LIMIT: u64 = 100;
/// How many values of the metadata may be asked for at once.
const MAX_METADATA_FILTERS: usize = 10;
/// What a parameter begins with that names a field of the metadata.
const METADATA: &str = "metadata.";

/// What is listed.
#[derive(Debug, Clone, PartialEq)]
pub struct ListQuery {
    /// The first day, in UTC.
    pub from: Option<Date>,
    /// The last day, in UTC.
    pub to: Option<Date>,
    /// Only jobs with one of these statuses; with any, if there is none.
    pub statuses: Vec<Status>,
    /// Only jobs of this provider.
    pub provider: Option<String>,
    /// Only jobs of this kind.
    pub kind: Option<String>,
    /// Only jobs whose metadata has these values, compared as texts.
    pub metadata: BTreeMap<String, String>,
    /// How many jobs a page holds at most.
    pub limit: usize,
    /// Where the page begins that an earlier one named.
    pub cursor: Option<String>,
}

impl ListQuery {
    /// Reads a query. Each parameter may stand there once.
    ///
    /// # Errors
    /// [`model::ErrorClass::InvalidRequest`] naming each parameter that makes no sense.
    pub fn of_query(query: &str) -> Result<Self, Error> {
        let (mut fields, mut metadata) = (Map::new(), Map::new());
        for (name, value) in parameters(query)? {
            match name.strip_prefix(METADATA) {
                Some(key) => metadata.insert(key.to_owned(), value),
                // The object itself is only in the command.
                None if name == "metadata" => {
                    return Err(Error::invalid("metadata", "expected metadata.NAME=VALUE"));
                }
                None => fields.insert(name, value),
            };
        }
        if !metadata.is_empty() {
            fields.insert("metadata".to_owned(), metadata.into());
        }
        Self::read(fields)
    }

    /// Reads the fields of a command.
    ///
    /// # Errors
    /// As [`ListQuery::of_query`].
    pub fn read(mut fields: Map<String, Value>) -> Result<Self, Error> {
        // As it was said, since jobs keep theirs so: 7.0 is another text than 7.
        let metadata = fields.remove("metadata");
        let mut reading = Reading(Fields::new(fields));
        let listing = Self {
            from: reading.date("from"),
            to: reading.date("to"),
            statuses: reading.statuses(),
            provider: reading.provider(),
            kind: reading.text("kind"),
            metadata: reading.metadata(metadata),
            limit: reading.limit(),
            cursor: reading.text("cursor"),
        };
        reading.0.finish()?;
        Ok(listing)
    }

    /// The first and the last day, as seen `today`.
    ///
    /// # Errors
    /// [`model::ErrorClass::InvalidRequest`] when they are not in order, or too far apart.
    pub(crate) fn days(&self, today: Date) -> Result<(Date, Date), Error> {
        let to = self.to.unwrap_or(today);
        let from = self.from.unwrap_or_else(|| to.saturating_sub(Duration::days(DEFAULT_DAYS - 1)));
        if from > to {
            return Err(Error::invalid(
                "from",
                "expected a day that is not after `to`, which is today if it is not given",
            ));
        }
        if to - from >= Duration::days(MAX_DAYS) {
            return Err(Error::invalid(
                "from",
                "expected at most 31 days up to `to`, which is today if it is not given",
            ));
        }
        Ok((from, to))
    }

    /// Whether some jobs of the days are left out.
    pub(crate) fn filters(&self) -> bool {
        !self.statuses.is_empty()
            || self.provider.is_some()
            || self.kind.is_some()
            || !self.metadata.is_empty()
    }

    /// Whether a job is wanted.
    pub(crate) fn wants(&self, job: &Job) -> bool {
        let said = |name: &String| job.metadata.as_ref()?.get(name).and_then(scalar);
        (self.statuses.is_empty() || self.statuses.contains(&job.status))
            && self.provider.as_ref().is_none_or(|provider| job.provider.as_str() == provider)
            && self.kind.as_ref().is_none_or(|kind| job.kind == *kind)
            && self.metadata.iter().all(|(name, value)| said(name).as_ref() == Some(value))
    }

    /// What tells this query from others, whatever its page: a cursor belongs to one query.
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

/// A scalar as the text by which it is compared.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Fields on their way into a listing.
struct Reading(Fields);

impl Reading {
    fn refuse<T>(&mut self, name: &str, expected: impl Into<String>) -> Option<T> {
        self.0.violation(name, expected);
        None
    }

    fn text(&mut self, name: &str) -> Option<String> {
        match self.0.take(name)? {
            Value::String(text) if !text.is_empty() => Some(text),
            _ => self.refuse(name, "expected a text"),
        }
    }

    fn date(&mut self, name: &str) -> Option<Date> {
        let value = self.0.take(name)?;
        let date = value.as_str().and_then(|text| Date::parse(text, DATE).ok());
        date.or_else(|| self.refuse(name, "expected a day such as 2026-03-04"))
    }

    fn statuses(&mut self) -> Vec<Status> {
        let Some(text) = self.text("status") else { return vec![] };
        let read: Option<Vec<Status>> = text.split(',').map(|name| name.trim().parse().ok()).collect();
        read.or_else(|| {
            let names = Status::ALL.map(Status::as_str).join(", ");
            self.refuse("status", format!("expected one or more of {names}, separated by commas"))
        })
        .unwrap_or_default()
    }

    fn provider(&mut self) -> Option<String> {
        let name = self.text("provider")?;
        if providers::find(&name).is_some() {
            return Some(name);
        }
        let names: Vec<&str> = providers::ALL.iter().map(|provider| provider.name()).collect();
        self.refuse("provider", format!("expected one of: {}", names.join(", ")))
    }

    fn metadata(&mut self, value: Option<Value>) -> BTreeMap<String, String> {
        let fields = match value {
            None | Some(Value::Null) => return BTreeMap::new(),
            Some(Value::Object(fields)) => fields,
            Some(_) => return self.refuse("metadata", "expected an object").unwrap_or_default(),
        };
        if fields.len() > MAX_METADATA_FILTERS {
            return self.refuse("metadata", "expected at most 10 values").unwrap_or_default();
        }
        let mut metadata = BTreeMap::new();
        for (name, value) in fields {
            match scalar(&value).filter(|_| !name.is_empty()) {
                Some(text) => drop(metadata.insert(name, text)),
                None => drop(self.refuse::<()>(
                    &format!("{METADATA}{name}"),
                    "expected the name of a field and a text, a number, true or false",
                )),
            }
        }
        metadata
    }

    fn limit(&mut self) -> usize {
        let Some(value) = self.0.take("limit") else { return DEFAULT_LIMIT as usize };
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        let limit = number.filter(|number| (1..=MAX_LIMIT).contains(number));
        limit.or_else(|| self.refuse("limit", "expected a number from 1 to 100")).unwrap_or(1) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_and_a_command_that_say_the_same_are_the_same() {
        let query = "from=2026-03-01&to=2026-03-04&status=stored,partial&kind=export&metadata.n=7&metadata.a%20b=c+d&limit=9";
        let Value::Object(command) = json!({
            "from": "2026-03-01", "to": "2026-03-04", "status": "partial, stored", "kind": "export",
            "metadata": { "n": 7, "a b": "c d" }, "limit": 3,
        }) else {
            panic!("an object")
        };
        let (query, command) =
            (ListQuery::of_query(query).expect("a query"), ListQuery::read(command).expect("fields"));
        assert_eq!(query.metadata, command.metadata);
        assert_eq!(query.fingerprint(), command.fingerprint(), "the page's length is no part of the query");
        assert_ne!(query.fingerprint(), ListQuery { kind: None, ..query.clone() }.fingerprint());
    }

    #[test]
    fn every_parameter_that_makes_no_sense_is_named() {
        let query = "from=2026-3-1&status=stored,gone&provider=nobody&kind=&metadata.=x&limit=101&page=2";
        let error = ListQuery::of_query(query).expect_err("a refusal");
        let named: Vec<&str> = error.violations.iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!(named, ["from", "status", "provider", "kind", "metadata.", "limit", "page"]);
        for (query, field) in [("limit=1&limit=2", "limit"), ("metadata=x", "metadata"), ("limit=0", "limit")]
        {
            let error = ListQuery::of_query(query).expect_err("a refusal");
            assert_eq!(error.violations[0].field, field);
        }
    }

    #[test]
    fn a_week_is_listed_unless_the_caller_says_otherwise_and_a_month_at_most() {
        let today = time::macros::date!(2026 - 03 - 10);
        let days = |query: &str| {
            ListQuery::of_query(query).expect("a query").days(today).map_err(|error| error.violations)
        };
        assert_eq!(days(""), Ok((time::macros::date!(2026 - 03 - 04), today)));
        assert_eq!(days("from=2026-02-08"), Ok((time::macros::date!(2026 - 02 - 08), today)));
        assert!(days("from=2026-02-07").is_err() && days("from=2026-03-11").is_err());
    }
}
