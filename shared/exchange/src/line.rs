//! One invocation's line to a provider: requests go out in their turn, and no later than their answers can come.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use model::{Fault, FaultClass, Secret};
use providers::{Answer, Ask, Inquiry, LongestAnswer, SendFailure};
use records::Turn;
use time::OffsetDateTime;
use transport::{LONGEST_ANSWER, Sender, Unanswered};

use crate::{Authority, Pace};

/// What is left of the invocation after the last wait for the provider: time to record and to answer.
const RESERVE: Duration = Duration::from_secs(2);

/// A request is sent only while there is this much time for its answer: one that is cut short leaves nobody
/// knowing what was done.
const SHORTEST_ANSWER: Duration = Duration::from_secs(5);

/// How a provider is reached, and how long that may take.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    /// Sends requests.
    pub sender: &'a Sender,
    /// How long one answer may take.
    pub timeout: Duration,
    /// When Lambda ends the invocation.
    pub deadline: OffsetDateTime,
    /// Whose turns requests take; none for an operator's commands, which are few.
    pub pace: Option<&'a Pace<'a>>,
    /// Where tokens come from; none while a token is being got.
    pub authority: Option<Authority<'a>>,
    /// Whether to wait before a repeat, or to leave it to whoever asks again later.
    pub waits: bool,
}

/// Why an inquiry has no answer.
#[derive(Debug)]
pub enum Unasked {
    /// There will be none, or none now.
    Failed(Fault),
    /// Trouble in passing, and the wait that the provider wants; nobody waited.
    Later(Fault, Duration),
    /// There was no time to ask.
    NoTime,
}

impl From<Unasked> for Fault {
    fn from(unasked: Unasked) -> Self {
        match unasked {
            Unasked::Failed(fault) | Unasked::Later(fault, _) => fault,
            Unasked::NoTime => {
                let message = "there was no time left to ask the provider; nothing was done";
                Fault::new(FaultClass::StorageUnavailable, message).retry_after(5)
            }
        }
    }
}

impl From<Fault> for Unasked {
    fn from(fault: Fault) -> Self {
        Unasked::Failed(fault)
    }
}

impl Line<'_> {
    /// Leads an inquiry to its end, or as far as the time allows.
    ///
    /// # Errors
    /// [`Unasked`].
    pub async fn inquire<T>(&self, inquiry: &mut dyn Inquiry<T>) -> Result<T, Unasked> {
        let mut step = inquiry.start();
        let mut token: Option<Secret> = None;
        loop {
            let (request, wait) = match step {
                Ask::Send(request) => (request, Duration::ZERO),
                Ask::SendAfter { wait, request, otherwise } => {
                    self.heard(&otherwise, wait).await;
                    if !self.waits || !self.is_time_for_an_answer(wait) {
                        return Err(Unasked::Later(otherwise, wait));
                    }
                    (request, wait)
                }
                Ask::Authorize { refused } => {
                    let unfit = token.take().filter(|_| refused);
                    let fresh = self.token(unfit.as_ref()).await?;
                    step = inquiry.authorized(&fresh);
                    token = Some(fresh);
                    continue;
                }
                Ask::Done(answer) => return Ok(answer),
                Ask::Failed(fault) => return Err(Unasked::Failed(fault)),
            };
            if !self.turn_comes(wait).await? {
                return Err(Unasked::NoTime);
            }
            step = inquiry.answered(self.send(request).await);
        }
    }

    /// A token for whoever must send one.
    ///
    /// # Errors
    /// As [`Authority::token`].
    pub async fn token(&self, refused: Option<&Secret>) -> Result<Secret, Fault> {
        match self.authority {
            Some(authority) => authority.token(self, refused).await,
            None => Err(Fault::new(FaultClass::Internal, "a token is needed to get a token")),
        }
    }

    /// Sends one request, and waits no longer than the invocation allows.
    pub async fn send(&self, request: http::Request<Bytes>) -> Answer {
        let timeout = self.timeout.min(left(self.deadline).saturating_sub(RESERVE));
        let longest = request.extensions().get::<LongestAnswer>().map_or(LONGEST_ANSWER, |longest| longest.0);
        let answer = self.sender.send(request, timeout, longest).await;
        if answer.as_ref().is_ok_and(|answer| answer.status() == StatusCode::TOO_MANY_REQUESTS) {
            let provider = self.authority.map(|authority| authority.provider.name());
            tracing::info!(
                metric = "ProviderThrottles",
                count = 1,
                provider,
                "the provider is asked too often"
            );
        }
        answer.map_err(|unanswered| match unanswered {
            Unanswered::NotSent => SendFailure::NotSent,
            Unanswered::MaybeSent => SendFailure::MaybeSent,
        })
    }

    /// Waits, and then for a turn. Returns whether it came in time.
    async fn turn_comes(&self, wait: Duration) -> Result<bool, Fault> {
        let Some(pace) = self.pace else {
            tokio::time::sleep(wait).await;
            return Ok(self.is_time_for_an_answer(Duration::ZERO));
        };
        match pace.take(OffsetDateTime::now_utc() + wait).await? {
            Turn::At(turn) => Ok(matches!(pace.come(turn).await?, Turn::At(_))),
            Turn::NotBefore(_) => Ok(false),
        }
    }

    /// Everybody leaves a provider alone that asked for it.
    async fn heard(&self, refusal: &Fault, wait: Duration) {
        if refusal.class == FaultClass::ProviderThrottled
            && let Some(pace) = self.pace
        {
            pace.hold_back(OffsetDateTime::now_utc() + wait).await;
        }
    }

    fn is_time_for_an_answer(&self, wait: Duration) -> bool {
        left(self.deadline) > wait + RESERVE + self.timeout.min(SHORTEST_ANSWER)
    }
}

/// The last moment at which a request may be sent so that its answer comes in time.
pub fn latest_request(timeout: Duration, deadline: OffsetDateTime) -> OffsetDateTime {
    deadline - RESERVE - timeout.min(SHORTEST_ANSWER)
}

/// What is left until then, zero when it is over.
pub fn left(deadline: OffsetDateTime) -> Duration {
    Duration::try_from(deadline - OffsetDateTime::now_utc()).unwrap_or(Duration::ZERO)
}
