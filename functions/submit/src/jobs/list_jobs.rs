//! Use case: list jobs, newest first, a page at a time.
//!
//! What a listing leaves out costs as much as what it shows, so one request only looks at so many jobs. Then its page is
//! short, and its cursor goes on.

use job_store::JobStore;
use model::{Error, Job, JobView};
use time::OffsetDateTime;

use crate::{
    App,
    jobs::{
        cursor::{PURPOSE, Position},
        list_query::ListQuery,
    },
};

/// Days or parts of days that are read for one page: at most 1,000 jobs.
const MAX_QUERIES: u32 = 10;
/// The longest page in bytes of JSON. Lambda answers with 6 MB at most, in which every quote is escaped.
const MAX_PAGE_BYTES: usize = 2 * 1024 * 1024;

/// Jobs, and where the next ones are.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) jobs: Vec<Job>,
    pub(crate) next_cursor: Option<String>,
    bytes: usize,
}

impl App {
    /// Lists the jobs that a caller wants to see.
    pub(crate) async fn list(&self, listing: &ListQuery) -> Result<Page, Error> {
        let seals = self.secrets.get().await?.callback_keys().seals(PURPOSE);
        let today = OffsetDateTime::now_utc().date();
        let mut next = match Position::of(listing, &seals, today) {
            // The key may have changed since it was fetched.
            Err(_) if listing.cursor.is_some() => {
                let seals = self.secrets.refreshed().await?.callback_keys().seals(PURPOSE);
                Some(Position::of(listing, &seals, today)?)
            }
            position => Some(position?),
        };
        let mut page = Page::default();
        for _ in 0..MAX_QUERIES {
            let Some(at) = next else { break };
            next = self.read_on(listing, at, &mut page).await?;
            if page.jobs.len() >= listing.limit || page.bytes >= MAX_PAGE_BYTES {
                break;
            }
        }
        page.next_cursor = next.map(|at| at.cursor(listing, &seals)).transpose()?;
        Ok(page)
    }

    /// Reads some jobs of one day. Returns where to go on, if there is more.
    async fn read_on(
        &self,
        listing: &ListQuery,
        at: Position,
        page: &mut Page,
    ) -> Result<Option<Position>, Error> {
        let room = listing.limit - page.jobs.len();
        let most = if listing.filters() { JobStore::MAX_PAGE_JOBS } else { room };
        let found = self.records.made_on(at.day, at.before, most).await?;
        let mut jobs = self.records.get_all(&found.ids).await?;
        let mut read = at;
        for (index, id) in found.ids.iter().enumerate() {
            let wanted = jobs.remove(id).filter(|job| listing.wants(job));
            if let Some(job) = wanted
                && !page.takes(job)
            {
                return Ok(Some(read));
            }
            read.before = Some(*id);
            if page.jobs.len() >= listing.limit && index + 1 < found.ids.len() {
                return Ok(Some(read));
            }
        }
        Ok(if found.more { Some(read) } else { at.earlier() })
    }
}

impl Page {
    /// Takes a job, unless that would make the page too long.
    fn takes(&mut self, job: Job) -> bool {
        let bytes = serde_json::to_vec(&JobView::from(&job)).map_or(0, |json| json.len());
        if !self.jobs.is_empty() && self.bytes + bytes > MAX_PAGE_BYTES {
            // Full, whatever is left of it.
            self.bytes = MAX_PAGE_BYTES;
            return false;
        }
        self.bytes += bytes;
        self.jobs.push(job);
        true
    }
}
