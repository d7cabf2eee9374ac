//! Where a job stands, and the one function that says where an event takes it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::Event;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Status {
    /// Recorded; its turn at the provider has not come. Nobody has been asked, or whoever was did no work.
    Waiting,
    /// Recorded; the provider is being asked.
    Submitting,
    /// The provider took the work and gave a provider job id.
    Submitted,
    /// The provider may or may not have taken the work: its answer never came. Never asked again.
    Unknown,
    /// The provider reported progress.
    Rendering,
    /// The provider says the files are ready.
    Received,
    /// The files are on their way into the bucket.
    Landing,
    /// Every file is in the bucket. Final.
    Stored,
    /// Some files are in the bucket, others never came. Final.
    Partial,
    /// Nothing more will come. Final.
    Failed,
    /// The provider stayed silent too long. A late callback still lands.
    Expired,
    /// Cancelled by the caller. Final.
    Cancelled,
}

/// The text names no status.
#[derive(Debug, thiserror::Error)]
#[error("unknown job status")]
pub struct UnknownStatus;

impl Status {
    /// Every status, in the order of a job's life.
    pub const ALL: [Status; 12] = [
        Status::Waiting,
        Status::Submitting,
        Status::Submitted,
        Status::Unknown,
        Status::Rendering,
        Status::Received,
        Status::Landing,
        Status::Stored,
        Status::Partial,
        Status::Failed,
        Status::Expired,
        Status::Cancelled,
    ];

    /// The name in JSON and in DynamoDB.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Waiting => "waiting",
            Status::Submitting => "submitting",
            Status::Submitted => "submitted",
            Status::Unknown => "unknown",
            Status::Rendering => "rendering",
            Status::Received => "received",
            Status::Landing => "landing",
            Status::Stored => "stored",
            Status::Partial => "partial",
            Status::Failed => "failed",
            Status::Expired => "expired",
            Status::Cancelled => "cancelled",
        }
    }

    /// Whether nothing will move the job any more but an operator's retry. `expired` is not final: a late callback
    /// still lands.
    pub fn is_final(self) -> bool {
        match self {
            Status::Stored | Status::Partial | Status::Failed | Status::Cancelled => true,
            Status::Waiting
            | Status::Submitting
            | Status::Submitted
            | Status::Unknown
            | Status::Rendering
            | Status::Received
            | Status::Landing
            | Status::Expired => false,
        }
    }

    /// Whether the next word is the provider's, or that of somebody who may have died or of a queue that may have
    /// lost it: such a job is looked after.
    pub fn is_silent(self) -> bool {
        match self {
            Status::Waiting
            | Status::Submitting
            | Status::Submitted
            | Status::Unknown
            | Status::Rendering
            | Status::Received
            | Status::Landing => true,
            Status::Stored | Status::Partial | Status::Failed | Status::Expired | Status::Cancelled => false,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        Status::ALL.into_iter().find(|status| status.as_str() == text).ok_or(UnknownStatus)
    }
}

/// What an event does to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// The job moves on.
    To(Status),
    /// The job stays where it is, but what the event says is worth recording.
    Note,
    /// The event came too late or twice. Nothing changes.
    Stale,
}

/// Where an event takes a job that stands at `status`. Total, and never backwards, but for a job that was refused
/// for the moment and waits again, and for one that an operator retries: whatever the order and number in which the provider's events arrive, the job
/// ends in the same place.
pub fn transition(status: Status, event: &Event) -> Transition {
    use Status::*;
    use Transition::{Note, Stale, To};
    match event {
        Event::Begun => match status {
            Waiting => To(Submitting),
            // Somebody else took the job: only the one who moved it may ask.
            Submitting | Submitted | Unknown | Rendering | Received | Landing | Stored | Partial | Failed
            | Expired | Cancelled => Stale,
        },
        Event::Deferred { .. } => match status {
            // The one way back: the provider is known to have done no work.
            Submitting => To(Waiting),
            Waiting | Submitted | Unknown | Rendering | Received | Landing | Stored | Partial | Failed
            | Expired | Cancelled => Stale,
        },
        Event::Accepted { .. } => match status {
            // Whoever accepts or reports work did it, even on a job that waits; asking would bill it again.
            Waiting | Submitting | Unknown => To(Submitted),
            // The callback overtook the answer; the provider job id is still news.
            Submitted | Rendering | Received | Landing | Stored | Partial | Failed | Expired | Cancelled => {
                Note
            }
        },
        Event::Refused { .. } => match status {
            Waiting | Submitting => To(Failed),
            Submitted | Unknown | Rendering | Received | Landing | Stored | Partial | Failed | Expired
            | Cancelled => Stale,
        },
        Event::OutcomeUnknown { .. } => match status {
            Submitting => To(Unknown),
            Waiting | Submitted | Unknown | Rendering | Received | Landing | Stored | Partial | Failed
            | Expired | Cancelled => Stale,
        },
        Event::Progressed { .. } => match status {
            Waiting | Submitting | Submitted | Unknown => To(Rendering),
            Rendering => Note,
            Received | Landing | Stored | Partial | Failed | Expired | Cancelled => Stale,
        },
        Event::Finished { .. } => match status {
            Waiting | Submitting | Submitted | Unknown | Rendering | Expired => To(Received),
            // A later delivery may carry a URL that is still good when the first one is not.
            Received | Landing => Note,
            Stored | Partial | Failed | Cancelled => Stale,
        },
        Event::Answered { .. } => match status {
            Waiting | Submitting | Submitted | Unknown | Rendering | Expired => To(Stored),
            Received | Landing | Stored | Partial | Failed | Cancelled => Stale,
        },
        Event::Failed { .. } => match status {
            Waiting | Submitting | Submitted | Unknown | Rendering | Expired => To(Failed),
            // Files that are ready speak louder.
            Received | Landing | Stored | Partial | Failed | Cancelled => Stale,
        },
        Event::Checked { .. } => match status {
            Waiting | Submitting | Submitted | Unknown | Rendering | Received | Landing => Note,
            Stored | Partial | Failed | Expired | Cancelled => Stale,
        },
        // Before there is an answer to our own request there is nothing to ask about.
        Event::Hinted { .. } => match status {
            Submitted | Unknown | Rendering | Expired => Note,
            Waiting | Submitting | Received | Landing | Stored | Partial | Failed | Cancelled => Stale,
        },
        Event::Noted { .. } => match status {
            Waiting | Submitting | Submitted | Unknown | Rendering | Received | Landing | Expired => Note,
            Stored | Partial | Failed | Cancelled => Stale,
        },
        Event::Expired { .. } => match status {
            Waiting | Submitting | Submitted | Unknown | Rendering => To(Expired),
            Received | Landing | Stored | Partial | Failed | Expired | Cancelled => Stale,
        },
        Event::LandingStarted => match status {
            Received => To(Landing),
            // Another worker takes over after a crash.
            Landing => Note,
            Waiting | Submitting | Submitted | Unknown | Rendering | Stored | Partial | Failed | Expired
            | Cancelled => Stale,
        },
        Event::Transferred { .. } | Event::LandingPostponed { .. } | Event::LandingChecked { .. } => {
            match status {
                Landing => Note,
                Waiting | Submitting | Submitted | Unknown | Rendering | Received | Stored | Partial
                | Failed | Expired | Cancelled => Stale,
            }
        }
        Event::Landed { .. } => only_while_landing(status, Stored),
        Event::LandedPartly { .. } => only_while_landing(status, Partial),
        Event::LandingFailed { .. } => only_while_landing(status, Failed),
        Event::Cancelled => match status {
            Waiting | Submitting | Submitted | Unknown | Rendering | Received | Landing | Expired => {
                To(Cancelled)
            }
            Stored | Partial | Failed | Cancelled => Stale,
        },
        // A new round, which only an operator begins: whatever the provider still says of the last one cannot.
        Event::LandingRetried => match status {
            Partial | Failed | Expired => To(Received),
            Waiting | Submitting | Submitted | Unknown | Rendering | Received | Landing | Stored
            | Cancelled => Stale,
        },
        Event::InquiryRetried { known } => match status {
            Failed | Expired if *known => To(Submitted),
            Failed | Expired => To(Unknown),
            Waiting | Submitting | Submitted | Unknown | Rendering | Received | Landing | Stored
            | Partial | Cancelled => Stale,
        },
        // About another job as much as about this one: true wherever this one stands.
        Event::Resubmitted { .. } => match status {
            Waiting | Submitting | Submitted | Unknown | Rendering | Received | Landing | Stored
            | Partial | Failed | Expired | Cancelled => Note,
        },
    }
}

fn only_while_landing(status: Status, next: Status) -> Transition {
    match status {
        Status::Landing => Transition::To(next),
        Status::Waiting
        | Status::Submitting
        | Status::Submitted
        | Status::Unknown
        | Status::Rendering
        | Status::Received
        | Status::Stored
        | Status::Partial
        | Status::Failed
        | Status::Expired
        | Status::Cancelled => Transition::Stale,
    }
}
