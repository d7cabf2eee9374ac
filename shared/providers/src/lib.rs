//! What each creative provider says and expects, as pure translation: no socket, no clock, no async.
//!
//! A provider turns an order into requests ([`Provider::submission`]), answers into steps ([`SubmitProtocol`])
//! and deliveries into reports ([`Provider::read_delivery`]). Everything else in Landfall iterates over
//! [`ALL`] and knows no provider by name. To add one: write its folder, then add the two lines marked below.

pub mod abyssale; // a provider's folder: line one of two
pub mod ai_studios;
mod bounds;
#[cfg(test)]
mod conformance;
mod credentials;
mod delivery;
mod order;
mod poll_schedule;
mod poll_status;
mod query;
mod response_limit;
mod retry_after;
#[cfg(feature = "schema")]
mod schema;
mod secret_response;
mod signing_secret;
mod submit_protocol;
mod token;

use model::{Error, Job, ProviderName};
use serde_json::{Map, Value};
use time::OffsetDateTime;

pub use bounds::bounded_standing;
pub use credentials::Credentials;
pub use delivery::{Authenticity, Delivery, DeliveryMethod, DeliveryReport, MalformedDelivery};
pub use order::{Fields, Order};
pub use poll_schedule::PollSchedule;
pub use poll_status::PollStatus;
pub use query::{ApiAccess, CheckResult, CheckStatus, ProviderCheck, Query, QueryStep};
pub use response_limit::ResponseLimit;
pub use retry_after::retry_after;
#[cfg(feature = "schema")]
pub use schema::OrderSchema;
pub use secret_response::SecretResponse;
pub use signing_secret::{
    HeldSecret, SecretRetention, SigningAction, SigningSecret, SigningSecrets, fingerprint, rfc3339,
};
pub use submit_protocol::{
    SendFailure, SendResult, SubmitContext, SubmitProtocol, SubmitStep, SynchronousResult,
};
pub use token::Token;

/// Every provider. The functions, the runner and the conformance tests iterate over it.
pub static ALL: &[&dyn Provider] = &[
    &abyssale::Abyssale, // line two of two
    &ai_studios::AiStudios,
];

/// One creative provider.
pub trait Provider: Sync {
    /// The name in requests, callback paths, S3 keys and environment variables: lower-case letters and `_`.
    fn name(&self) -> &'static str;

    /// Base URL of the provider's API, without a trailing slash.
    fn default_api_url(&self) -> &'static str;

    /// How often the provider is asked unless the operator says otherwise, by all invocations together.
    fn requests_per_second(&self) -> f64;

    /// Host names from which the provider is known to serve files.
    fn download_hosts(&self) -> &'static [&'static str];

    /// Checks a caller's request.
    ///
    /// # Errors
    /// [`model::ErrorClass::InvalidRequest`] with a violation for each broken rule.
    fn read_order(&self, kind: &str, fields: Map<String, Value>) -> Result<Order, Error>;

    /// What [`Provider::read_order`] takes, as JSON Schemas: one for each way to order a kind of work.
    #[cfg(feature = "schema")]
    fn order_schemas(&self) -> Vec<OrderSchema>;

    /// Fills in what an order takes from the results of another job, see [`Order::of_job`].
    ///
    /// # Errors
    /// [`model::ErrorClass::InvalidRequest`] when that job has nothing to build on.
    fn complete_order(&self, order: Order, _job: &Job) -> Result<Order, Error> {
        Ok(order)
    }

    /// What an order's work has for itself while it goes on, such as the project that is rendered: a second order for
    /// the same is refused until the first is at its end. Nothing when orders do not get in each other's way.
    fn exclusive_resource(&self, _request: &Value) -> Option<String> {
        None
    }

    /// How many of the works that have something for themselves go on at once, unless configured otherwise; further ones
    /// wait. Nothing when there is no such limit.
    fn concurrent_jobs(&self) -> Option<u32> {
        None
    }

    /// Begins to ask for the work of an order, at the time `now`.
    ///
    /// # Errors
    /// [`model::ErrorClass::Misconfigured`] when the credentials or the URL cannot be used.
    fn submission(
        &self,
        call: &SubmitContext<'_>,
        now: OffsetDateTime,
    ) -> Result<Box<dyn SubmitProtocol>, Error>;

    /// Whether the provider can sign deliveries at all. Those of one that cannot only hint at what it must be asked
    /// about, so they need no proof but the token in their URL.
    fn signs(&self) -> bool {
        true
    }

    /// Judges whether a delivery really comes from the provider.
    fn authenticate(
        &self,
        delivery: &Delivery<'_>,
        credentials: &Credentials,
        now: OffsetDateTime,
    ) -> Authenticity;

    /// The provider's own id of a delivery, the same on each attempt, when it sends one.
    fn delivery_id(&self, headers: &http::HeaderMap) -> Option<String>;

    /// Reads an authentic delivery.
    ///
    /// # Errors
    /// [`MalformedDelivery`] when the body cannot be what the provider documents; it is then recorded and dropped.
    fn read_delivery(&self, body: &[u8]) -> Result<DeliveryReport, MalformedDelivery>;

    /// Asks how a job's work stands at the time `now`. Nothing when the provider cannot be asked about it.
    ///
    /// # Errors
    /// [`model::ErrorClass::Misconfigured`] when the credentials cannot be used.
    fn poll(
        &self,
        _access: &ApiAccess<'_>,
        _job: &Job,
        _now: OffsetDateTime,
    ) -> Result<Option<Box<dyn Query<PollStatus>>>, Error> {
        Ok(None)
    }

    /// Whether a kind of work is done when the provider answers, so that its caller can wait for the end.
    fn is_synchronous(&self, _kind: &str) -> bool {
        false
    }

    /// Whether a delivery can be about a job of this kind. One that came to a job's own callback URL and reports other
    /// work must not move it.
    fn concerns(&self, _report: &DeliveryReport, _kind: &str) -> bool {
        true
    }

    /// How often to ask about a kind of work that can be asked about.
    fn polling(&self) -> PollSchedule;

    /// Whether requests carry a token that the keys are exchanged for.
    fn carries_token(&self) -> bool {
        false
    }

    /// At the time `now`, exchanges the keys for a token that requests carry. Nothing when they carry the keys themselves.
    ///
    /// # Errors
    /// [`model::ErrorClass::Misconfigured`] when the credentials cannot be used.
    fn token(
        &self,
        _access: &ApiAccess<'_>,
        _now: OffsetDateTime,
    ) -> Result<Option<Box<dyn Query<Token>>>, Error> {
        Ok(None)
    }

    /// What counts as a delivery. Providers whose method is not documented may take more than POST; a request that
    /// is no delivery is answered 200 and forgotten.
    fn delivery_method(&self, method: &http::Method, _query: Option<&str>) -> DeliveryMethod {
        match *method {
            http::Method::POST => DeliveryMethod::Delivery,
            _ => DeliveryMethod::Refused,
        }
    }

    /// Asks for the secret that signs deliveries, or changes it. Nothing when the provider's API does not manage one.
    ///
    /// # Errors
    /// [`model::ErrorClass::Misconfigured`] when the credentials cannot be used.
    fn signing(
        &self,
        _access: &ApiAccess<'_>,
        _action: SigningAction,
    ) -> Result<Option<Box<dyn Query<SigningSecret>>>, Error> {
        Ok(None)
    }

    /// What to ask the provider to see whether it would serve. `fields` may name things to look at.
    ///
    /// # Errors
    /// [`model::ErrorClass::InvalidRequest`] for fields that make no sense, [`model::ErrorClass::Misconfigured`] when
    /// the credentials cannot be used.
    fn checks(
        &self,
        _access: &ApiAccess<'_>,
        fields: Map<String, Value>,
    ) -> Result<Vec<ProviderCheck>, Error> {
        Fields::new(fields).finish()?;
        Ok(vec![])
    }
}

/// Finds a provider by the name that a caller or a callback path gave.
pub fn find(name: &str) -> Option<&'static dyn Provider> {
    ALL.iter().copied().find(|provider| provider.name() == name)
}

/// The typed name of a provider.
pub fn name_of(provider: &dyn Provider) -> ProviderName {
    ProviderName::new(provider.name())
}
