//! What can happen to a job.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Archive, Haul, JobError, Ticket, Transfer};

/// Something that happened to a job. Past tense: an event is a fact, and [`crate::transition`] decides what
/// it means where the job stands.
#[derive(Debug, Clone)]
pub enum Event {
    /// The turn of a job that waited has come. Whoever moves the job by it asks the provider, and nobody else.
    Begun,
    /// The provider was not asked, or refused for the moment without doing any work: the job waits for a later
    /// turn.
    Deferred {
        /// What the provider said, when it was asked.
        error: Option<JobError>,
    },
    /// The provider took the work.
    Accepted {
        /// Its id for the work.
        ticket: Ticket,
    },
    /// The provider refused in a way that proves no work was done.
    Refused {
        /// Why.
        error: JobError,
    },
    /// The provider may have taken the work: its answer never came.
    OutcomeUnknown {
        /// What came instead.
        error: JobError,
    },
    /// The provider reports progress.
    Progressed {
        /// 0 to 100.
        percent: f64,
    },
    /// The provider says the files are ready.
    Finished {
        /// Where they are. Never empty.
        sources: Vec<Source>,
    },
    /// A worker holds the lease and begins to bring the files in.
    LandingStarted,
    /// Bytes are arriving.
    Transferred {
        /// How far it is.
        transfer: Transfer,
    },
    /// A passing trouble stopped the landing; the queue will bring it back.
    LandingPostponed {
        /// What stopped it.
        error: JobError,
    },
    /// Every file is in the bucket.
    Landed {
        /// What is there.
        haul: Haul,
    },
    /// Fewer files are in the bucket than were asked for.
    LandedPartly {
        /// What did come.
        haul: Haul,
        /// What is missing.
        error: JobError,
    },
    /// The files cannot be brought in, and trying again would not help.
    LandingFailed {
        /// The archive, when it is in the bucket all the same.
        archive: Option<Archive>,
        /// Why.
        error: JobError,
    },
}

/// Where a finished file can be fetched.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The provider's URL, possibly pre-signed: whoever has it can read the file.
    pub url: String,
    /// What the file is to the job.
    pub role: SourceRole,
}

/// What a source is to its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceRole {
    /// One archive that holds every file.
    Archive,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A pre-signed URL is a key to the file: show the place, not the signature.
        let place = self.url.split(['?', '#']).next().unwrap_or_default();
        f.debug_struct("Source").field("url", &format_args!("{place}?***")).field("role", &self.role).finish()
    }
}
