//! What can happen to a job.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::{
    Archive, JobError, JobId, LandedFiles, ProviderJobId, TransferStatistics, url_origin::url_origin,
};

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
        provider_job_id: ProviderJobId,
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
        /// Where they are. Empty when there was nothing to make.
        sources: Vec<Source>,
        /// The files that it could not make.
        missing: Vec<Missing>,
    },
    /// The provider did what it was asked for, and there is no file to bring in.
    Answered {
        /// What it answered, for the caller.
        result: Value,
    },
    /// The provider says that nothing will come of the work.
    Failed {
        /// Why.
        error: JobError,
        /// The files that it could not make.
        missing: Vec<Missing>,
    },
    /// The provider was asked how the work stands, or could not be asked.
    Checked {
        /// When to look again.
        next: OffsetDateTime,
        /// Whether it answered.
        answered: bool,
    },
    /// Somebody who need not be believed hints that there is news of the work. Of several at once only the first makes
    /// its worker ask the provider: the one that finds its own time in [`crate::PollState::hinted`]. The others bring the
    /// next look forward.
    Hinted {
        /// When.
        at: OffsetDateTime,
    },
    /// There is something to keep for later questions about the work.
    Noted {
        /// The provider's own JSON; fields of it replace those of the same name.
        notes: Map<String, Value>,
    },
    /// The provider stayed silent for as long as anybody waits.
    Expired {
        /// What that means.
        error: JobError,
    },
    /// A worker holds the lease and begins to bring the files in.
    LandingStarted,
    /// Bytes are arriving.
    Transferred {
        /// How far it is.
        transfer: TransferStatistics,
    },
    /// A passing trouble stopped the landing; the queue will bring it back.
    LandingPostponed {
        /// What stopped it.
        error: JobError,
        /// Set when it was the source, which was too slow.
        slow: Option<SlowAttempt>,
    },
    /// Somebody looked whether the landing is still attempted.
    LandingChecked {
        /// When to look again.
        next: OffsetDateTime,
        /// Whether its message is sent again.
        queued: bool,
        /// That nobody attempts it, if so.
        error: Option<JobError>,
    },
    /// Every file is in the bucket.
    Landed {
        /// What is there.
        haul: LandedFiles,
    },
    /// Fewer files are in the bucket than were asked for.
    LandedPartly {
        /// What did come.
        haul: LandedFiles,
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
    /// The caller does not want the work any more.
    Cancelled,
    /// An operator lets the files of a job that ended be brought in again, from where they are known to be.
    LandingRetried,
    /// An operator lets the provider be asked again about a job that ended without word of its files.
    InquiryRetried {
        /// Whether the provider is known to have the work.
        known: bool,
    },
    /// Another job was made of the same request.
    Resubmitted {
        /// That job.
        job: JobId,
    },
}

/// An attempt to bring files in that ended since the source was too slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowAttempt {
    /// Whether it brought at least a part of a file before: then the count of such attempts begins anew.
    pub progressed: bool,
}

/// Where a finished file can be fetched.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The provider's URL, possibly pre-signed: whoever has it can read the file.
    pub url: String,
    /// What the file is to the job.
    pub role: SourceRole,
    /// The name that the provider gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the provider says about it, for the manifest.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
}

/// What a source is to its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceRole {
    /// One archive that holds every file.
    Archive,
    /// One of the files.
    File,
    /// A file that comes beside another one, such as a fallback image. It is not counted.
    Companion,
    /// The list of all sources, which is too long for the job's record and lies in the bucket at this key.
    List,
}

/// A file that will not come, by the provider's own word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Missing {
    /// What the provider calls it, such as the name of a format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Why, in the provider's words.
    pub reason: String,
}

impl Source {
    /// One archive that holds every file.
    pub fn archive(url: impl Into<String>) -> Self {
        Self { url: url.into(), role: SourceRole::Archive, name: None, details: Map::new() }
    }

    /// Keeps where the file lay, and no longer what opens it: once it is landed nobody fetches it again.
    pub(crate) fn forget_signature(&mut self) {
        let place = self.url.find(['?', '#']).unwrap_or(self.url.len());
        self.url.truncate(place);
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A presigned URL is a key to the file, and some carry the key in their path.
        f.debug_struct("Source")
            .field("url", &format_args!("{}/***", url_origin(&self.url)))
            .field("role", &self.role)
            .field("name", &self.name)
            .finish()
    }
}
