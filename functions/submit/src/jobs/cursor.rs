//! Where a page of a listing ended, as a text that only we can write.
//!
//! A cursor belongs to the query that it came from, and keeps the days that the query had then: whoever pages through
//! the last week over midnight stays in the same week.

use model::{Error, ErrorClass, JobId, TokenSigner};
use serde::{Deserialize, Serialize};
use time::Date;

use crate::jobs::list_query::ListQuery;

/// What cursors are sealed for.
pub(crate) const PURPOSE: &str = "cursor";

/// A place in a listing: everything before it has been shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// The first day of the listing; the last one to be read.
    pub(crate) from: Date,
    /// The day that is being read.
    pub(crate) day: Date,
    /// The job of that day that was read last.
    pub(crate) before: Option<JobId>,
}

/// Days are counted from the epoch of Julian days.
#[derive(Serialize, Deserialize)]
struct Written {
    query: String,
    from: i32,
    day: i32,
    before: Option<JobId>,
}

impl Position {
    /// Where a listing goes on: where its cursor says, or at its last day.
    ///
    /// # Errors
    /// [`ErrorClass::InvalidRequest`] naming `cursor` when it is none of ours or of another query, and as
    /// [`ListQuery::days`].
    pub(crate) fn of(listing: &ListQuery, seals: &TokenSigner, today: Date) -> Result<Self, Error> {
        let Some(cursor) = &listing.cursor else {
            let (from, to) = listing.days(today)?;
            return Ok(Self { from, day: to, before: None });
        };
        let unknown =
            || Error::invalid("cursor", "expected the next_cursor of an earlier page of the same query");
        let message = seals.open(cursor).ok_or_else(unknown)?;
        let written: Written = serde_json::from_slice(&message).map_err(|e| unknown().with_source(e))?;
        if written.query != listing.fingerprint() {
            return Err(unknown());
        }
        let date = |day| Date::from_julian_day(day).map_err(|e| unknown().with_source(e));
        Ok(Self { from: date(written.from)?, day: date(written.day)?, before: written.before })
    }

    /// The cursor of a listing that goes on here.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] without a callback key.
    pub(crate) fn cursor(self, listing: &ListQuery, seals: &TokenSigner) -> Result<String, Error> {
        let query = listing.fingerprint();
        let (from, day) = (self.from.to_julian_day(), self.day.to_julian_day());
        let unwritten = || Error::new(ErrorClass::Misconfigured, "no callback_key in Landfall's secret");
        let message = serde_json::to_vec(&Written { query, from, day, before: self.before });
        seals.seal(&message.map_err(|e| unwritten().with_source(e))?).ok_or_else(unwritten)
    }

    /// The day before, if the listing reaches so far.
    pub(crate) fn earlier(self) -> Option<Self> {
        let day = self.day.previous_day().filter(|day| *day >= self.from)?;
        Some(Self { day, before: None, ..self })
    }
}
