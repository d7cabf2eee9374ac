//! Asking the provider: the conversation it leads, with our socket and our clock, in our turn.

use std::time::Duration;

use exchange::{LONGEST_HOLD, Line, Pace};
use model::{Event, Fault, FaultClass, JobId, Status};
use providers::{Conversation, Outcome, Step};
use records::{Records, Turn};
use time::OffsetDateTime;

/// What is left of the invocation after the last wait for the provider: time to record and to answer.
pub(crate) const RESERVE: Duration = Duration::from_secs(2);

/// How asking ended.
pub(crate) enum Asked {
    /// The provider took the work.
    Accepted(Event),
    /// It took the work and has done it already.
    Done(Event, Outcome),
    /// It may have taken the work.
    Unknown(Event),
    /// It did no work.
    Refused(Fault),
    /// It did no work, and is to be asked later.
    Later(Later),
}

/// When a job is to be asked for again.
pub(crate) struct Later {
    pub(crate) at: OffsetDateTime,
    /// What the provider said, when it was asked.
    pub(crate) why: Option<Fault>,
}

/// What it takes to ask.
pub(crate) struct Asking<'a> {
    pub(crate) line: Line<'a>,
    pub(crate) pace: &'a Pace<'a>,
    /// Where the job is remembered.
    pub(crate) records: &'a Records,
    pub(crate) job: JobId,
    /// What the provider refused the job with in an earlier invocation.
    pub(crate) refused_before: Option<FaultClass>,
}

impl Asking<'_> {
    /// Leads the conversation to its end, or as far as the time allows. The first request has this turn already.
    pub(crate) async fn lead(&self, conversation: &mut dyn Conversation, turn: OffsetDateTime) -> Asked {
        let (mut first, mut token) = (Some(turn), None);
        let mut step = conversation.start();
        loop {
            let (request, wait, otherwise) = match step {
                Step::Send(request) => (request, Duration::ZERO, None),
                Step::SendAfter { otherwise, .. } if self.had_its_last_chance(&otherwise) => {
                    return Asked::Refused(otherwise);
                }
                Step::SendAfter { wait, request, otherwise } => (request, wait, Some(otherwise)),
                Step::Authorize { refused } => {
                    let unfit = token.take().filter(|_| refused);
                    let fresh = match self.line.token(unfit.as_ref()).await {
                        Ok(fresh) => fresh,
                        Err(fault) => return Asked::Refused(fault),
                    };
                    step = conversation.authorized(&fresh);
                    token = Some(fresh);
                    continue;
                }
                Step::Remember(notes) => {
                    let noted = Event::Noted { notes };
                    match self.records.apply(self.job, &noted, OffsetDateTime::now_utc()).await {
                        Ok((job, _)) if job.status == Status::Cancelled => return Asked::Refused(cancelled()),
                        Ok(_) => {}
                        Err(fault) => return Asked::Refused(fault),
                    }
                    step = conversation.remembered();
                    continue;
                }
                Step::Accepted(ticket) => return Asked::Accepted(Event::Accepted { ticket }),
                Step::Done { ticket, outcome } => return Asked::Done(Event::Accepted { ticket }, outcome),
                Step::OutcomeUnknown(fault) => {
                    fault.log("the provider may or may not have taken the work");
                    let error = fault.remembered(OffsetDateTime::now_utc());
                    return Asked::Unknown(Event::OutcomeUnknown { error });
                }
                Step::Refused(fault) => return self.refused(fault).await,
            };
            match self.turn(first.take(), wait, otherwise.as_ref()).await {
                Ok(Turn::At(_)) => {}
                Ok(Turn::NotBefore(at)) if self.pace.is_shared() => {
                    return Asked::Later(Later { at, why: otherwise });
                }
                Ok(Turn::NotBefore(_)) => return Asked::Refused(otherwise.unwrap_or_else(late)),
                Err(fault) => return Asked::Refused(otherwise.unwrap_or(fault)),
            }
            step = conversation.answered(self.line.send(request).await);
        }
    }

    /// Waits for the turn of a request: the one it has, or another one after a refusal and what it asked to wait.
    async fn turn(
        &self,
        taken: Option<OffsetDateTime>,
        wait: Duration,
        refusal: Option<&Fault>,
    ) -> Result<Turn, Fault> {
        if let Some(turn) = taken {
            return self.pace.come(turn).await;
        }
        let from = OffsetDateTime::now_utc() + wait.min(LONGEST_HOLD);
        if refusal.is_some_and(|refusal| refusal.class == FaultClass::ProviderThrottled) {
            self.pace.hold_back(from).await;
        }
        let next = match refusal {
            Some(_) => self.pace.take(from).await?,
            None => self.pace.take_patiently(from).await?,
        };
        match next {
            Turn::At(turn) => self.pace.come(turn).await,
            far => Ok(far),
        }
    }

    /// A refusal that lasts is probed once; the probe may have been the first request of another invocation.
    fn had_its_last_chance(&self, refusal: &Fault) -> bool {
        !refusal.retryable() && self.refused_before == Some(refusal.class)
    }

    /// A provider that goes on throttling is left alone, and the job waits.
    async fn refused(&self, fault: Fault) -> Asked {
        if fault.class != FaultClass::ProviderThrottled || !self.pace.is_shared() {
            return Asked::Refused(fault);
        }
        let wait = Duration::from_secs(fault.retry_after.unwrap_or(1)).min(LONGEST_HOLD);
        let at = OffsetDateTime::now_utc() + wait;
        self.pace.hold_back(at).await;
        Asked::Later(Later { at, why: Some(fault) })
    }
}

/// The work is not wanted any more, and was not asked for.
fn cancelled() -> Fault {
    Fault::new(FaultClass::JobConflict, "the job was cancelled before the provider was asked for its work")
}

/// There is no time to ask.
pub(crate) fn late() -> Fault {
    let message = "there was no time left to ask the provider; nothing was submitted";
    Fault::new(FaultClass::StorageUnavailable, message).retry_after(5)
}
