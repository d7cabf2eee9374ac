//! Asking the provider: the conversation it leads, with our socket and our clock.

use std::time::Duration;

use model::{Event, Fault, FaultClass};
use providers::{Answer, Conversation, SendFailure, Step};
use time::OffsetDateTime;
use transport::{Sender, Unanswered};

/// What is left of the invocation after the last wait for the provider: time to record and to answer.
pub(crate) const RESERVE: Duration = Duration::from_secs(2);

/// A request is sent only while there is this much time for its answer: one that is cut short leaves nobody
/// knowing whether the work is done.
const SHORTEST_ANSWER: Duration = Duration::from_secs(5);

/// How asking ended.
pub(crate) enum Asked {
    /// The provider took the work.
    Accepted(Event),
    /// It may have taken the work.
    Unknown(Event),
    /// It did no work.
    Refused(Fault),
}

/// Leads the conversation to its end, or as far as the time allows.
pub(crate) async fn ask(
    conversation: &mut dyn Conversation,
    sender: &Sender,
    timeout: Duration,
    deadline: OffsetDateTime,
) -> Asked {
    let mut step = conversation.start();
    loop {
        let request = match step {
            Step::Send(_) if !is_time_for_an_answer(Duration::ZERO, timeout, deadline) => {
                return Asked::Refused(late());
            }
            Step::Send(request) => request,
            Step::SendAfter { wait, otherwise, .. } if !is_time_for_an_answer(wait, timeout, deadline) => {
                return Asked::Refused(otherwise);
            }
            Step::SendAfter { wait, request, .. } => {
                tokio::time::sleep(wait).await;
                request
            }
            Step::Accepted(ticket) => return Asked::Accepted(Event::Accepted { ticket }),
            Step::OutcomeUnknown(fault) => {
                fault.log("the provider may or may not have taken the work");
                let error = fault.remembered(OffsetDateTime::now_utc());
                return Asked::Unknown(Event::OutcomeUnknown { error });
            }
            Step::Refused(fault) => return Asked::Refused(fault),
        };
        let timeout = timeout.min(left(deadline).saturating_sub(RESERVE));
        let answer: Answer = sender.send(request, timeout).await.map_err(|unanswered| match unanswered {
            Unanswered::NotSent => SendFailure::NotSent,
            Unanswered::MaybeSent => SendFailure::MaybeSent,
        });
        step = conversation.answered(answer);
    }
}

fn is_time_for_an_answer(wait: Duration, timeout: Duration, deadline: OffsetDateTime) -> bool {
    left(deadline) > wait + RESERVE + timeout.min(SHORTEST_ANSWER)
}

/// What is left until then, zero when it is over.
pub(crate) fn left(deadline: OffsetDateTime) -> Duration {
    Duration::try_from(deadline - OffsetDateTime::now_utc()).unwrap_or(Duration::ZERO)
}

fn late() -> Fault {
    let message = "there was no time left to ask the provider; nothing was submitted";
    Fault::new(FaultClass::StorageUnavailable, message).retry_after(5)
}
