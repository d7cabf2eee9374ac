//! A job together with the attributes that only its item has: its lease and the id of its last write.

use std::ops::Deref;

use model::{Error, Job};

use crate::{
    item_attributes::{Item, ItemReader, number_value, text_value},
    job_item,
    lease_token::Lease,
};

/// The attribute with the random id of the last write, by which a writer recognizes its own write.
const WRITE_ID: &str = "write";
const LEASE_TOKEN: &str = "lease_token";
const LEASE_UNTIL: &str = "lease_until";

/// A job as the table held it at its version.
///
/// An invocation carries it from one step to the next instead of reading it again. It may be out of date: a change of it is
/// written on condition that the table still holds this version, and is otherwise applied to the newest one.
#[derive(Debug, Clone)]
pub struct StoredJob {
    job: Job,
    lease: Option<StoredLease>,
    write_id: Option<String>,
}

/// The lease on the landing of a job, held or expired.
#[derive(Debug, Clone)]
pub(crate) struct StoredLease {
    pub(crate) token: String,
    /// The millisecond of the Unix epoch at which it expires.
    pub(crate) until: i128,
}

impl StoredJob {
    /// A job that was written without a lease.
    pub(crate) fn new(job: Job) -> Self {
        Self { job, lease: None, write_id: None }
    }

    /// Reads the item of a job.
    pub(crate) fn read(item: &Item) -> Result<Self, Error> {
        let reader = ItemReader(item);
        let lease = reader.maybe_text(LEASE_TOKEN).zip(reader.maybe_number(LEASE_UNTIL));
        Ok(Self {
            job: job_item::read_job(item)?,
            lease: lease.map(|(token, until)| StoredLease { token: token.to_owned(), until }),
            write_id: reader.maybe_text(WRITE_ID).map(str::to_owned),
        })
    }

    /// The item of the job.
    pub(crate) fn write(&self) -> Result<Item, Error> {
        let mut item = job_item::write_job(&self.job)?;
        item.extend(self.write_id.as_ref().map(|id| (WRITE_ID.to_owned(), text_value(id))));
        if let Some(StoredLease { token, until }) = &self.lease {
            item.insert(LEASE_TOKEN.to_owned(), text_value(token));
            item.insert(LEASE_UNTIL.to_owned(), number_value(*until));
        }
        Ok(item)
    }

    /// What the write with this id makes of the job. A job in a final status has no lease.
    pub(crate) fn changed_to(&self, job: Job, write_id: &str) -> Self {
        let lease = self.lease.clone().filter(|_| !job.status.is_final());
        Self { job, lease, write_id: Some(write_id.to_owned()) }
    }

    /// The same with another lease.
    pub(crate) fn with_lease(self, lease: StoredLease) -> Self {
        Self { lease: Some(lease), ..self }
    }

    pub(crate) fn lease(&self) -> Option<&StoredLease> {
        self.lease.as_ref()
    }

    /// Whether this lease is the last one that was taken on the job. It may have expired.
    pub(crate) fn is_leased_by(&self, lease: &Lease) -> bool {
        self.lease.as_ref().is_some_and(|stored| stored.token == lease.token)
    }

    /// Whether the write with this id is the last one that replaced the job.
    pub(crate) fn is_written_by(&self, write_id: &str) -> bool {
        self.write_id.as_deref() == Some(write_id)
    }

    /// The job alone.
    pub fn into_job(self) -> Job {
        self.job
    }
}

impl Deref for StoredJob {
    type Target = Job;

    fn deref(&self) -> &Job {
        &self.job
    }
}
