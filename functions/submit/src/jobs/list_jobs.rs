//! Use case: list jobs, newest first, one page at a time.
//!
//! A job that the filters exclude costs as much as one that is returned, so a request reads a limited number of jobs.
//! If it reaches the limit, the page is short and its cursor continues the list.

use job_store::JobStore;
use model::{Error, Job, JobView};
use secrets::SecretStore;
use time::OffsetDateTime;

use crate::jobs::{
    cursor::{ListPosition, PURPOSE},
    list_query::ListQuery,
};

/// The most queries of a day or of a part of a day for one page: at most 1,000 jobs.
const MAX_QUERIES: u32 = 10;
/// The size limit of a page in bytes of JSON. A Lambda response has at most 6 MB, and there every quote is escaped.
const MAX_PAGE_BYTES: usize = 2 * 1024 * 1024;

/// A page of jobs, and the cursor of the next page.
#[derive(Debug, Default)]
pub(crate) struct JobPage {
    pub(crate) jobs: Vec<Job>,
    pub(crate) next_cursor: Option<String>,
    bytes: usize,
}

/// Lists the jobs that match the query.
pub(crate) async fn list_jobs(
    job_store: &JobStore,
    secrets: &SecretStore,
    query: &ListQuery,
) -> Result<JobPage, Error> {
    let signer = secrets.get().await?.callback_keys().token_signer(PURPOSE);
    let today = OffsetDateTime::now_utc().date();
    let mut next = match ListPosition::from_query(query, &signer, today) {
        // The key may have changed since the secret was cached.
        Err(_) if query.cursor.is_some() => {
            let signer = secrets.get_fresh().await?.callback_keys().token_signer(PURPOSE);
            Some(ListPosition::from_query(query, &signer, today)?)
        }
        position => Some(position?),
    };
    let mut page = JobPage::default();
    for _ in 0..MAX_QUERIES {
        let Some(position) = next else { break };
        next = read_jobs(job_store, query, position, &mut page).await?;
        if page.jobs.len() >= query.limit || page.bytes >= MAX_PAGE_BYTES {
            break;
        }
    }
    page.next_cursor = next.map(|position| position.create_cursor(query, &signer)).transpose()?;
    Ok(page)
}

/// Reads jobs of one day into the page. Returns the position to continue at, if there are more.
async fn read_jobs(
    job_store: &JobStore,
    query: &ListQuery,
    position: ListPosition,
    page: &mut JobPage,
) -> Result<Option<ListPosition>, Error> {
    let room = query.limit - page.jobs.len();
    let max_ids = if query.has_filters() { JobStore::MAX_PAGE_JOBS } else { room };
    let found = job_store.list_created_on(position.day, position.before, max_ids).await?;
    let mut jobs = job_store.get_batch(&found.job_ids).await?;
    let mut last_read = position;
    for (index, id) in found.job_ids.iter().enumerate() {
        let matching = jobs.remove(id).filter(|job| query.matches(job));
        if let Some(job) = matching
            && !page.add(job)
        {
            return Ok(Some(last_read));
        }
        last_read.before = Some(*id);
        if page.jobs.len() >= query.limit && index + 1 < found.job_ids.len() {
            return Ok(Some(last_read));
        }
    }
    Ok(if found.has_more { Some(last_read) } else { position.previous_day() })
}

impl JobPage {
    /// Adds a job, unless the page would exceed its size limit. Returns whether the job was added.
    fn add(&mut self, job: Job) -> bool {
        let bytes = serde_json::to_vec(&JobView::from(&job)).map_or(0, |json| json.len());
        if !self.jobs.is_empty() && self.bytes + bytes > MAX_PAGE_BYTES {
            // Marks the page as full, although some bytes are left.
            self.bytes = MAX_PAGE_BYTES;
            return false;
        }
        self.bytes += bytes;
        self.jobs.push(job);
        true
    }
}
