//! One invocation's line to a provider: requests go out in their turn, and no later than their answers can come.

use std::{borrow::Cow, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use job_store::Reservation;
use model::{Error, ErrorClass, JobId, Redactor, Secret};
use providers::{Query, QueryStep, ResponseLimit, SecretResponse, SendFailure, SendResult};
use time::OffsetDateTime;
use transport::{MAX_RESPONSE_BYTES, SendError, Sender};

use crate::{RateLimiter, TokenSource};

/// What is left of the invocation after the last wait for the provider: time to record and to answer.
const RESERVE: Duration = Duration::from_secs(2);

/// A request is sent only while there is this much time for its answer: one that is cut short leaves nobody
/// knowing what was done.
const MIN_RESPONSE_TIME: Duration = Duration::from_secs(5);

/// How a provider is reached, and how long that may take.
#[derive(Clone, Copy)]
pub struct ProviderClient<'a> {
    /// Sends requests.
    pub sender: &'a Sender,
    /// How long one answer may take.
    pub timeout: Duration,
    /// When Lambda ends the invocation.
    pub deadline: OffsetDateTime,
    /// Whose turns requests take; none for an operator's commands, which are few.
    pub rate_limiter: Option<&'a RateLimiter<'a>>,
    /// Where keys and tokens come from.
    pub token_source: TokenSource<'a>,
    /// Whether requests may carry a token. Not while a token is being got.
    pub authorizes: bool,
    /// The job that the provider is asked about, if it is one.
    pub job: Option<JobId>,
    /// Whether to wait before a repeat, or to leave it to whoever asks again later.
    pub waits: bool,
}

/// Why an inquiry has no answer.
#[derive(Debug)]
pub enum QueryError {
    /// There will be none, or none now.
    Failed(Error),
    /// Trouble in passing, and the wait that the provider wants; nobody waited.
    Later(Error, Duration),
    /// There was no time to ask.
    NoTime,
}

impl From<QueryError> for Error {
    fn from(unasked: QueryError) -> Self {
        match unasked {
            QueryError::Failed(error) | QueryError::Later(error, _) => error,
            QueryError::NoTime => {
                let message = "there was no time left to ask the provider; nothing was done";
                Error::new(ErrorClass::StorageUnavailable, message).retry_after(5)
            }
        }
    }
}

impl From<Error> for QueryError {
    fn from(error: Error) -> Self {
        QueryError::Failed(error)
    }
}

impl ProviderClient<'_> {
    /// Leads an inquiry to its end, or as far as the time allows.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn inquire<T>(&self, inquiry: &mut dyn Query<T>) -> Result<T, QueryError> {
        let mut step = inquiry.start();
        let mut token: Option<Secret> = None;
        loop {
            let (request, wait) = match step {
                QueryStep::Send(request) => (request, Duration::ZERO),
                QueryStep::SendAfter { wait, request, otherwise } => {
                    self.heard(&otherwise, wait).await;
                    if !self.waits || !self.is_time_for_an_answer(wait) {
                        return Err(QueryError::Later(otherwise, wait));
                    }
                    (request, wait)
                }
                QueryStep::Authorize { refused } => {
                    let unfit = token.take().filter(|_| refused);
                    let fresh = self.token(unfit.as_ref()).await?;
                    step = inquiry.on_token(&fresh);
                    token = Some(fresh);
                    continue;
                }
                QueryStep::Done(answer) => return Ok(answer),
                QueryStep::Failed(error) => return Err(QueryError::Failed(error)),
            };
            if !self.turn_comes(wait).await? {
                return Err(QueryError::NoTime);
            }
            step = inquiry.on_response(self.send(request).await);
        }
    }

    /// A token for whoever must send one.
    ///
    /// # Errors
    /// As [`TokenSource::token`].
    pub async fn token(&self, refused: Option<&Secret>) -> Result<Secret, Error> {
        if !self.authorizes {
            return Err(Error::new(ErrorClass::Internal, "a token is needed to get a token"));
        }
        self.token_source.token(self, refused).await
    }

    /// Sends one request, and waits no longer than the invocation allows.
    ///
    /// A provider may repeat anything that it was sent, in any part of its answer, and what it says ends up in the log, on
    /// the job and with the caller. So no answer gets further than here with a secret in it.
    pub async fn send(&self, request: http::Request<Bytes>) -> SendResult {
        let redactor = match self.redactor(&request).await {
            Ok(redactor) => redactor,
            Err(error) => {
                error.log("a provider is not asked: its answer could not be redacted");
                return Err(SendFailure::NotSent);
            }
        };
        let timeout = self.timeout.min(time_left(self.deadline).saturating_sub(RESERVE));
        let longest =
            request.extensions().get::<ResponseLimit>().map_or(MAX_RESPONSE_BYTES, |longest| longest.0);
        let answer = self.sender.send(request, timeout, longest).await;
        if answer.as_ref().is_ok_and(|answer| answer.status() == StatusCode::TOO_MANY_REQUESTS) {
            let provider = self.token_source.provider.name();
            tracing::info!(
                metric = "ProviderThrottles",
                count = 1,
                provider,
                "the provider is asked too often"
            );
        }
        match answer {
            Ok(answer) => Ok(redacted(answer, &redactor)),
            Err(SendError::NotSent) => Err(SendFailure::NotSent),
            Err(SendError::MaybeSent) => Err(SendFailure::MaybeSent),
        }
    }

    /// Redacts what the answer to a request may repeat: all secrets that are held, and those that the request carries,
    /// which may be newer than the copy that is held.
    async fn redactor(&self, request: &http::Request<Bytes>) -> Result<Redactor, Error> {
        let secret = self.token_source.secrets.get().await?;
        let provider = providers::name_of(self.token_source.provider);
        let expected = request.extensions().get::<SecretResponse>().map(|secret| secret.0);
        let mut redactor = secret.redactor(&provider, self.job, expected);
        let sensitive = request.headers().values().filter(|value| value.is_sensitive());
        for value in sensitive.filter_map(|value| value.to_str().ok()) {
            // After the name of a scheme, if there is one.
            redactor.hide(&Secret::new(value.rsplit(' ').next().unwrap_or_default()));
        }
        Ok(redactor)
    }

    /// Waits, and then for a turn. Returns whether it came in time.
    async fn turn_comes(&self, wait: Duration) -> Result<bool, Error> {
        let Some(rate_limiter) = self.rate_limiter else {
            tokio::time::sleep(wait).await;
            return Ok(self.is_time_for_an_answer(Duration::ZERO));
        };
        match rate_limiter.reserve(OffsetDateTime::now_utc() + wait).await? {
            Reservation::At(turn) => Ok(matches!(rate_limiter.wait_for(turn).await?, Reservation::At(_))),
            Reservation::NotBefore(_) => Ok(false),
        }
    }

    /// Everybody leaves a provider alone that asked for it.
    async fn heard(&self, refusal: &Error, wait: Duration) {
        if refusal.class == ErrorClass::ProviderThrottled
            && let Some(rate_limiter) = self.rate_limiter
        {
            rate_limiter.pause_until(OffsetDateTime::now_utc() + wait).await;
        }
    }

    fn is_time_for_an_answer(&self, wait: Duration) -> bool {
        time_left(self.deadline) > wait + RESERVE + self.timeout.min(MIN_RESPONSE_TIME)
    }
}

/// An answer without secrets, in its headers and its body.
fn redacted(answer: http::Response<Bytes>, redactor: &Redactor) -> http::Response<Bytes> {
    let (mut head, mut body) = answer.into_parts();
    for value in head.headers.values_mut() {
        if let Cow::Owned(text) = redactor.redact(value.as_bytes()) {
            *value = HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("***"));
        }
    }
    if let Cow::Owned(text) = redactor.redact(&body) {
        tracing::warn!("a provider's answer repeats a secret, which is redacted");
        body = text.into();
    }
    http::Response::from_parts(head, body)
}

/// The last moment at which a request may be sent so that its answer comes in time.
pub fn latest_request(timeout: Duration, deadline: OffsetDateTime) -> OffsetDateTime {
    deadline - RESERVE - timeout.min(MIN_RESPONSE_TIME)
}

/// What is left until then, zero when it is over.
pub fn time_left(deadline: OffsetDateTime) -> Duration {
    Duration::try_from(deadline - OffsetDateTime::now_utc()).unwrap_or(Duration::ZERO)
}
