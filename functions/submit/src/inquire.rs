//! Asking the provider something: the inquiry it leads, with our socket and our clock.

use std::time::Duration;

use model::{Fault, FaultClass};
use providers::{Answer, Ask, Inquiry, SendFailure};
use time::OffsetDateTime;
use transport::{Sender, Unanswered};

use crate::ask::{RESERVE, left};

/// A request is sent only while there is this much time for its answer: one that is cut short leaves nobody
/// knowing what was done.
const SHORTEST_ANSWER: Duration = Duration::from_secs(5);

/// How an operator's command reaches a provider, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// Sends requests.
    pub(crate) sender: &'a Sender,
    /// How long one answer may take.
    pub(crate) timeout: Duration,
    /// When Lambda ends the invocation.
    pub(crate) deadline: OffsetDateTime,
}

impl Line<'_> {
    /// Leads an inquiry to its end, or as far as the time allows.
    pub(crate) async fn inquire<T>(&self, inquiry: &mut dyn Inquiry<T>) -> Result<T, Fault> {
        let mut step = inquiry.start();
        loop {
            let request = match step {
                Ask::Send(_) if !self.is_time_for_an_answer(Duration::ZERO) => return Err(late()),
                Ask::Send(request) => request,
                Ask::SendAfter { wait, otherwise, .. } if !self.is_time_for_an_answer(wait) => {
                    return Err(otherwise);
                }
                Ask::SendAfter { wait, request, .. } => {
                    tokio::time::sleep(wait).await;
                    request
                }
                Ask::Done(answer) => return Ok(answer),
                Ask::Failed(fault) => return Err(fault),
            };
            step = inquiry.answered(self.send(request).await);
        }
    }

    /// Sends one request, and waits no longer than the invocation allows.
    pub(crate) async fn send(&self, request: http::Request<bytes::Bytes>) -> Answer {
        let timeout = self.timeout.min(left(self.deadline).saturating_sub(RESERVE));
        self.sender.send(request, timeout).await.map_err(|unanswered| match unanswered {
            Unanswered::NotSent => SendFailure::NotSent,
            Unanswered::MaybeSent => SendFailure::MaybeSent,
        })
    }

    fn is_time_for_an_answer(&self, wait: Duration) -> bool {
        left(self.deadline) > wait + RESERVE + self.timeout.min(SHORTEST_ANSWER)
    }
}

fn late() -> Fault {
    let message = "there was no time left to ask the provider; nothing was done";
    Fault::new(FaultClass::StorageUnavailable, message).retry_after(5)
}
