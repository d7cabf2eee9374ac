//! Asking the provider something: the inquiry it leads, with our socket and our clock.

use std::time::Duration;

use model::{Fault, FaultClass};
use providers::{Answer, Ask, Inquiry, SendFailure};
use time::OffsetDateTime;
use transport::{Sender, Unanswered};

use crate::ask::{RESERVE, left};

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
                Ask::Send(_) if self.time_for_an_answer(Duration::ZERO).is_zero() => return Err(late()),
                Ask::Send(request) => request,
                Ask::SendAfter { wait, otherwise, .. } if self.time_for_an_answer(wait).is_zero() => {
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
        let timeout = self.timeout.min(self.time_for_an_answer(Duration::ZERO));
        self.sender.send(request, timeout).await.map_err(|unanswered| match unanswered {
            Unanswered::NotSent => SendFailure::NotSent,
            Unanswered::MaybeSent => SendFailure::MaybeSent,
        })
    }

    /// What is left for an answer after a wait, zero when it is over.
    fn time_for_an_answer(&self, wait: Duration) -> Duration {
        left(self.deadline).saturating_sub(wait + RESERVE)
    }
}

fn late() -> Fault {
    let message = "there was no time left to ask the provider; nothing was done";
    Fault::new(FaultClass::StorageUnavailable, message).retry_after(5)
}
