//! Sends one invocation's requests to a provider, within the rate limit and the time of the invocation.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_client::{MAX_RESPONSE_BYTES, ProviderHttpClient, SendError};
use model::{Error, ErrorClass, JobId, Redactor, Secret};
use providers::{
    ApiAccess, Credentials, Query, QueryStep, RequestTier, ResponseLimit, SecretResponse, SendFailure,
    SendResult, parse_retry_after,
};
use time::OffsetDateTime;

use crate::{
    RateLimiter, Reservation, TokenSource,
    deadline::{RESERVE, has_time_for_response, time_until},
    redact_response::redact_response,
    report_observations::report_observations,
};

/// A client for one provider, for the time of one invocation.
#[derive(Clone, Copy)]
pub struct ProviderClient<'a> {
    /// Sends HTTP requests.
    pub sender: &'a ProviderHttpClient,
    /// The timeout of one response.
    pub response_timeout: Duration,
    /// When Lambda ends the invocation.
    pub deadline: OffsetDateTime,
    /// The rate limiter of the requests. None for operator commands, which are few.
    pub rate_limiter: Option<&'a RateLimiter<'a>>,
    /// Where keys and tokens come from.
    pub token_source: TokenSource<'a>,
    /// Whether requests may carry a token. Not while a token is being exchanged.
    pub can_authorize: bool,
    /// The job that the requests are about, if they are about one.
    pub job_id: Option<JobId>,
    /// Whether the client waits before a retry. If not, the caller of the query retries later.
    pub waits_before_retry: bool,
}

/// Why a query has no result.
#[derive(Debug)]
pub enum QueryError {
    /// The query failed.
    Failed(Error),
    /// A temporary failure, and how long to wait before a retry. The client did not wait.
    RetryLater(Error, Duration),
    /// There was no time left to send a request.
    DeadlineExceeded,
    /// The rate limit permits the request only at this time, which is after the deadline.
    RateLimited(OffsetDateTime),
}

impl From<QueryError> for Error {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Failed(error) | QueryError::RetryLater(error, _) => error,
            QueryError::DeadlineExceeded | QueryError::RateLimited(_) => {
                let message = "no time is left to send a request to the provider; nothing was done";
                Error::new(ErrorClass::StorageUnavailable, message).with_retry_after(5)
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
    /// Runs a query until it has a result, or until the time of the invocation is used up.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn run_query<T>(&self, query: &mut dyn Query<T>) -> Result<T, QueryError> {
        let mut step = query.start();
        let mut token: Option<Secret> = None;
        let mut throttled = None;
        loop {
            let (request, wait) = match step {
                QueryStep::Send(request) => (request, Duration::ZERO),
                QueryStep::SendAfter { wait, request, deadline_error: otherwise } => {
                    self.pause_if_throttled(throttled.take(), &otherwise, wait).await;
                    if !self.waits_before_retry
                        || !has_time_for_response(self.deadline, self.response_timeout, wait)
                    {
                        return Err(QueryError::RetryLater(otherwise, wait));
                    }
                    (request, wait)
                }
                QueryStep::Authorize { is_token_rejected: refused } => {
                    let rejected_token = token.take().filter(|_| refused);
                    let new_token = self.get_token(rejected_token.as_ref()).await?;
                    step = query.on_token(&new_token);
                    token = Some(new_token);
                    continue;
                }
                QueryStep::Done(result) => return Ok(result),
                QueryStep::Failed(error) => {
                    let wait = Duration::from_secs(error.retry_after.unwrap_or(1));
                    self.pause_if_throttled(throttled.take(), &error, wait).await;
                    return Err(QueryError::Failed(error));
                }
            };
            let rate_limiter = self.rate_limiter.map(|rate_limiter| rate_limiter.for_request(&request));
            self.wait_for_reservation(rate_limiter.as_ref(), wait).await?;
            let result = self.send_request(request).await;
            if let Some(rate_limiter) = rate_limiter {
                rate_limiter.learn_from(&result).await;
                throttled = Some((rate_limiter, has_retry_after(&result)));
            }
            step = query.on_response(result);
        }
    }

    /// Returns a token that is valid for a while, and another one than `rejected`.
    ///
    /// # Errors
    /// The provider's error for the keys, or [`ErrorClass::Misconfigured`] or [`ErrorClass::StorageUnavailable`] from
    /// either secret.
    pub async fn get_token(&self, rejected: Option<&Secret>) -> Result<Secret, Error> {
        if !self.can_authorize {
            return Err(Error::new(
                ErrorClass::Internal,
                "the exchange of keys for a token requires a token",
            ));
        }
        let TokenSource { token_cache: tokens, provider, .. } = self.token_source;
        tokens.get_token(provider.name(), rejected, || self.exchange_keys()).await
    }

    /// Exchanges the keys for a token. Returns it with the time at which to renew it.
    async fn exchange_keys(&self) -> Result<(Secret, OffsetDateTime), Error> {
        let TokenSource { secrets, provider, api_url, .. } = self.token_source;
        let credentials = Credentials::new(secrets.get().await?.provider_section(provider.name()));
        let access = ApiAccess { api_url, credentials: &credentials };
        let query = provider.exchange_token(&access, OffsetDateTime::now_utc())?;
        let mut query = query.ok_or_else(|| {
            Error::new(ErrorClass::Internal, "a provider without a token exchange requires a token")
        })?;
        let client_without_token = ProviderClient { can_authorize: false, ..*self };
        let token = Box::pin(client_without_token.run_query(query.as_mut())).await.map_err(Error::from)?;
        tracing::info!(metric = "TokenExchanges", count = 1, provider = provider.name(), "token exchanged");
        Ok((token.value, token.renew_at))
    }

    /// Sends one request, with a timeout that ends before the invocation does.
    ///
    /// A provider may repeat anything that it was sent, in any part of its response, and the response ends up in the
    /// log, on the job and with the caller. So the response is redacted here, before anything reads it.
    pub async fn send_request(&self, request: http::Request<Bytes>) -> SendResult {
        let redactor = match self.build_redactor(&request).await {
            Ok(redactor) => redactor,
            Err(error) => {
                error.log("request not sent: its response could not be redacted");
                return Err(SendFailure::NotSent);
            }
        };
        let timeout = self.response_timeout.min(time_until(self.deadline).saturating_sub(RESERVE));
        let tier = request.extensions().get::<RequestTier>().map_or("none", |tier| tier.0);
        let max_bytes =
            request.extensions().get::<ResponseLimit>().map_or(MAX_RESPONSE_BYTES, |limit| limit.0);
        match self.sender.send(request, timeout, max_bytes).await {
            Ok(response) => {
                if response.status() == StatusCode::TOO_MANY_REQUESTS {
                    let provider = self.token_source.provider.name();
                    tracing::info!(
                        metric = "ProviderThrottles",
                        count = 1,
                        provider,
                        tier,
                        "provider throttled request"
                    );
                }
                let response = redact_response(response, &redactor);
                let provider = self.token_source.provider;
                report_observations(provider, provider.observe_response(response.status(), response.body()));
                Ok(response)
            }
            Err(SendError::NotSent) => Err(SendFailure::NotSent),
            Err(SendError::PossiblySent) => Err(SendFailure::MaybeSent),
        }
    }

    /// Builds the redactor of a response: for all stored secrets, and for those that the request carries, which may be
    /// newer than the cached copy.
    async fn build_redactor(&self, request: &http::Request<Bytes>) -> Result<Redactor, Error> {
        let secret = self.token_source.secrets.get().await?;
        let provider = providers::provider_name(self.token_source.provider);
        let expected = request.extensions().get::<SecretResponse>().map(|secret| secret.0);
        let mut redactor = secret.redactor(&provider, self.job_id, expected);
        let sensitive = request.headers().values().filter(|value| value.is_sensitive());
        for value in sensitive.filter_map(|value| value.to_str().ok()) {
            // The secret follows the name of the authentication scheme, if there is one.
            redactor.add_secret(&Secret::new(value.rsplit(' ').next().unwrap_or_default()));
        }
        Ok(redactor)
    }

    /// Waits, and then for a reservation of the rate limiter.
    async fn wait_for_reservation(
        &self,
        rate_limiter: Option<&RateLimiter<'_>>,
        wait: Duration,
    ) -> Result<(), QueryError> {
        let Some(rate_limiter) = rate_limiter else {
            tokio::time::sleep(wait).await;
            return match has_time_for_response(self.deadline, self.response_timeout, Duration::ZERO) {
                true => Ok(()),
                false => Err(QueryError::DeadlineExceeded),
            };
        };
        let reservation = match rate_limiter.reserve(OffsetDateTime::now_utc() + wait).await? {
            Reservation::Granted(reserved) => rate_limiter.wait_for(reserved).await?,
            too_late => too_late,
        };
        match reservation {
            Reservation::Granted(_) => Ok(()),
            Reservation::RetryAt(at) => Err(QueryError::RateLimited(at)),
        }
    }

    /// Pauses the requests of all invocations that a throttled response concerns.
    async fn pause_if_throttled(
        &self,
        throttled: Option<(RateLimiter<'_>, bool)>,
        error: &Error,
        wait: Duration,
    ) {
        if let Some((rate_limiter, has_retry_after)) = throttled {
            rate_limiter.pause_after(error, wait, has_retry_after).await;
        }
    }
}

/// Whether a response says when to retry. A throttled one that does not comes from the ceiling of all requests.
pub fn has_retry_after(result: &SendResult) -> bool {
    result.as_ref().is_ok_and(|response| parse_retry_after(response).is_some())
}
