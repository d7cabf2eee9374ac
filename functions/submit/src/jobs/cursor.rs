//! The cursor of a list of jobs: the position where a page ended, as a signed token.
//!
//! A cursor belongs to one query and holds the dates that the query had at the first page. A caller who pages through
//! the last week over midnight stays in the same week.

use model::{Error, ErrorClass, JobId, TokenSigner};
use serde::{Deserialize, Serialize};
use time::Date;

use crate::jobs::list_query::ListQuery;

/// The purpose in the signature of a cursor.
pub(crate) const PURPOSE: &str = "cursor";

/// A position in a list of jobs: the pages so far showed everything before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListPosition {
    /// The first day of the list, which is read last.
    pub(crate) from: Date,
    /// The day to read.
    pub(crate) day: Date,
    /// The job of that day that was read last.
    pub(crate) before: Option<JobId>,
}

/// The content of a cursor. Days are Julian day numbers.
#[derive(Serialize, Deserialize)]
struct CursorPayload {
    query: String,
    from: i32,
    day: i32,
    before: Option<JobId>,
}

impl ListPosition {
    /// Where a list starts: at the position in its cursor, or at its last day.
    ///
    /// # Errors
    /// [`ErrorClass::InvalidRequest`] naming `cursor` when its signature is invalid or it belongs to another query, and
    /// as [`ListQuery::resolve_dates`].
    pub(crate) fn from_query(query: &ListQuery, signer: &TokenSigner, today: Date) -> Result<Self, Error> {
        let Some(cursor) = &query.cursor else {
            let (from, to) = query.resolve_dates(today)?;
            return Ok(Self { from, day: to, before: None });
        };
        let invalid =
            || Error::invalid("cursor", "expected the next_cursor of an earlier page of the same query");
        let message = signer.verify(cursor).ok_or_else(invalid)?;
        let payload: CursorPayload =
            serde_json::from_slice(&message).map_err(|e| invalid().with_source(e))?;
        if payload.query != query.fingerprint() {
            return Err(invalid());
        }
        let date = |day| Date::from_julian_day(day).map_err(|e| invalid().with_source(e));
        Ok(Self { from: date(payload.from)?, day: date(payload.day)?, before: payload.before })
    }

    /// Creates the cursor of the page that starts at this position.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] without a callback key.
    pub(crate) fn create_cursor(self, query: &ListQuery, signer: &TokenSigner) -> Result<String, Error> {
        let payload = CursorPayload {
            query: query.fingerprint(),
            from: self.from.to_julian_day(),
            day: self.day.to_julian_day(),
            before: self.before,
        };
        let no_key = || Error::new(ErrorClass::Misconfigured, "no callback_key in Landfall's secret");
        let message = serde_json::to_vec(&payload).map_err(|e| no_key().with_source(e))?;
        signer.sign(&message).ok_or_else(no_key)
    }

    /// The start of the previous day, unless that is before the first day of the list.
    pub(crate) fn previous_day(self) -> Option<Self> {
        let day = self.day.previous_day().filter(|day| *day >= self.from)?;
        Some(Self { day, before: None, ..self })
    }
}
