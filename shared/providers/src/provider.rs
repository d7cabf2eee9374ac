//! The trait that each provider implements.

use std::time::Duration;

use model::{Error, Job};
use serde_json::{Map, Value};
use time::OffsetDateTime;

#[cfg(feature = "schema")]
use crate::OrderSchema;
use crate::{
    AccessToken, ApiAccess, Authenticity, Credentials, Delivery, DeliveryMethod, DeliveryReport, HealthCheck,
    MalformedDelivery, Order, PollSchedule, PollStatus, Query, RequestFields, SigningAction, SigningSecret,
    SubmitContext, SubmitProtocol,
};

/// A creative provider.
pub trait Provider: Sync {
    /// Returns the name in requests, callback paths, S3 keys and environment variables: lower-case letters, digits
    /// and `_`.
    fn name(&self) -> &'static str;

    /// Returns the default base URL of the provider's API, without a trailing slash.
    fn default_api_url(&self) -> &'static str;

    /// Returns the default rate limit of requests, for all invocations together.
    fn requests_per_second(&self) -> f64;

    /// Returns the host names from which the provider is known to serve files.
    fn download_hosts(&self) -> &'static [&'static str];

    /// Validates a caller's request.
    ///
    /// # Errors
    /// [`model::ErrorClass::InvalidRequest`] with a violation for each broken rule.
    fn parse_order(&self, kind: &str, fields: Map<String, Value>) -> Result<Order, Error>;

    /// Returns the JSON Schemas of the requests that [`Provider::parse_order`] accepts: one for each variant of a kind
    /// of work.
    #[cfg(feature = "schema")]
    fn order_schemas(&self) -> Vec<OrderSchema>;

    /// Completes an order with the results of another job, see [`Order::source_job_id`].
    ///
    /// # Errors
    /// [`model::ErrorClass::InvalidRequest`] when that job has no usable results.
    fn complete_order(&self, order: Order, _job: &Job) -> Result<Order, Error> {
        Ok(order)
    }

    /// Returns the resource that a job's next request locks, such as the project that is rendered. Another job for the
    /// same resource is rejected until the first one has ended. None when jobs do not conflict.
    fn exclusive_resource(&self, _job: &Job) -> Option<String> {
        None
    }

    /// Whether a job counts for the limit of concurrent jobs.
    fn is_concurrency_limited(&self, job: &Job) -> bool {
        self.exclusive_resource(job).is_some()
    }

    /// Returns the default limit of concurrent jobs that are limited. Further ones wait. None when there is no limit.
    fn concurrency_limit(&self) -> Option<u32> {
        None
    }

    /// Returns the provider's section of Landfall's secret before an operator has filled it: every key that jobs need,
    /// empty.
    fn empty_secret_section(&self) -> Value;

    /// Starts the submission of an order at the time `now`, or of its next request once the provider has finished an
    /// earlier one, see [`PollStatus::PhaseFinished`].
    ///
    /// # Errors
    /// [`model::ErrorClass::ProviderCredentials`] when keys are missing, [`model::ErrorClass::Misconfigured`] when a
    /// setting or the URL is invalid.
    fn submit(
        &self,
        context: &SubmitContext<'_>,
        now: OffsetDateTime,
    ) -> Result<Box<dyn SubmitProtocol>, Error>;

    /// Whether the provider can sign deliveries. Deliveries of one that cannot only trigger a poll, so they need no
    /// authentication except the token in their URL.
    fn signs_deliveries(&self) -> bool {
        true
    }

    /// Verifies that a delivery comes from the provider.
    fn authenticate(
        &self,
        delivery: &Delivery<'_>,
        credentials: &Credentials,
        now: OffsetDateTime,
    ) -> Authenticity;

    /// Returns the provider's id of a delivery, the same on each attempt. None when the provider sends none.
    fn delivery_id(&self, headers: &http::HeaderMap) -> Option<String>;

    /// Reads an authenticated delivery.
    ///
    /// # Errors
    /// [`MalformedDelivery`] when the body is not what the provider documents. The delivery is then recorded and
    /// dropped.
    fn read_delivery(&self, body: &[u8]) -> Result<DeliveryReport, MalformedDelivery>;

    /// Polls the status of a job's work at the time `now`. None when the provider has no way to poll it.
    ///
    /// # Errors
    /// [`model::ErrorClass::ProviderCredentials`] when keys are missing, [`model::ErrorClass::Misconfigured`] when a
    /// setting is invalid.
    fn poll(
        &self,
        _access: &ApiAccess<'_>,
        _job: &Job,
        _now: OffsetDateTime,
    ) -> Result<Option<Box<dyn Query<PollStatus>>>, Error> {
        Ok(None)
    }

    /// Whether a kind of work is finished when the provider responds, so that its caller can wait for the result.
    fn is_synchronous(&self, _kind: &str) -> bool {
        false
    }

    /// How long the response to the submission of a kind of work may take, if that is longer than a caller's request can
    /// wait. Such work is submitted from the queue, in an invocation that has this much time. None for other work.
    fn long_response_time(&self, _kind: &str) -> Option<Duration> {
        None
    }

    /// Reads the response to the submission of synchronous work, of [`crate::SynchronousResult::Files`].
    ///
    /// # Errors
    /// As [`Provider::read_delivery`].
    fn read_submit_response(&self, body: &[u8]) -> Result<DeliveryReport, MalformedDelivery> {
        self.read_delivery(body)
    }

    /// Whether a delivery can be about a job of this kind. A delivery to a job's own callback URL that reports other
    /// work must not change the job.
    fn is_report_for_kind(&self, _report: &DeliveryReport, _kind: &str) -> bool {
        true
    }

    /// Returns the schedule of polls.
    fn poll_schedule(&self) -> PollSchedule;

    /// Whether requests carry an access token that the keys are exchanged for.
    fn uses_token(&self) -> bool {
        false
    }

    /// Exchanges the keys for an access token at the time `now`. None when requests carry the keys themselves.
    ///
    /// # Errors
    /// [`model::ErrorClass::ProviderCredentials`] when keys are missing, [`model::ErrorClass::Misconfigured`] when a
    /// setting is invalid.
    fn exchange_token(
        &self,
        _access: &ApiAccess<'_>,
        _now: OffsetDateTime,
    ) -> Result<Option<Box<dyn Query<AccessToken>>>, Error> {
        Ok(None)
    }

    /// Returns what a request to a callback URL is, by its method and query. A provider whose method is not
    /// documented may accept more than POST. A request that is no delivery gets the response 200 and is not stored.
    fn classify_callback_request(&self, method: &http::Method, _query: Option<&str>) -> DeliveryMethod {
        match *method {
            http::Method::POST => DeliveryMethod::Delivery,
            _ => DeliveryMethod::MethodNotAllowed,
        }
    }

    /// Fetches or changes the secret that signs deliveries. None when the provider's API does not manage one.
    ///
    /// # Errors
    /// [`model::ErrorClass::ProviderCredentials`] when keys are missing, [`model::ErrorClass::Misconfigured`] when a
    /// setting is invalid.
    fn manage_signing_secret(
        &self,
        _access: &ApiAccess<'_>,
        _action: SigningAction,
    ) -> Result<Option<Box<dyn Query<SigningSecret>>>, Error> {
        Ok(None)
    }

    /// Returns the health checks of the provider. `fields` may name resources to check.
    ///
    /// # Errors
    /// [`model::ErrorClass::InvalidRequest`] for invalid fields, [`model::ErrorClass::Misconfigured`] when the
    /// credentials cannot be used.
    fn health_checks(
        &self,
        _access: &ApiAccess<'_>,
        fields: Map<String, Value>,
    ) -> Result<Vec<HealthCheck>, Error> {
        RequestFields::new(fields).finish()?;
        Ok(vec![])
    }
}
