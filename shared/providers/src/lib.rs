//! The protocol of each creative provider as pure functions: no socket, no clock, no async.
//!
//! A provider translates an order into requests ([`Provider::submit`]), responses into steps ([`SubmitProtocol`])
//! and deliveries into reports ([`Provider::read_delivery`]). The rest of Landfall iterates over [`ALL`] and does not
//! depend on any provider by name. To add a provider, write its folder, then add its two lines: one below, and one in
//! `registry.rs`.

pub mod abyssale; // a provider's folder: line one of two
mod access_token;
pub mod ai_studios;
#[cfg(test)]
mod conformance;
mod credentials;
mod credits;
mod delivery;
mod delivery_limits;
mod health_check;
mod item_status;
mod observation;
mod order;
#[cfg(feature = "schema")]
mod order_schema;
mod poll_intervals;
mod poll_status;
mod provider;
mod query_state_machine;
mod redaction_exception;
mod registry;
mod request_tier;
mod response_limit;
mod retry_after;
mod send_result;
mod signing_secret;
mod submit_state_machine;
mod subscription;
mod validate_request_fields;

pub use access_token::AccessToken;
pub use credentials::{ApiAccess, Credentials};
pub use credits::CreditBalance;
pub use delivery::{Authenticity, Delivery, DeliveryMethod, DeliveryReport, MalformedDelivery};
pub use delivery_limits::{limit_item_status, limit_poll_status};
pub use health_check::{HealthCheck, HealthCheckResult, HealthCheckStatus};
pub use item_status::ItemStatus;
pub use observation::Observation;
pub use order::Order;
#[cfg(feature = "schema")]
pub use order_schema::OrderSchema;
pub use poll_intervals::PollSchedule;
pub use poll_status::PollStatus;
pub use provider::Provider;
pub use query_state_machine::{Query, QueryStep};
pub use redaction_exception::SecretResponse;
pub use registry::{ALL, find_provider, provider_name};
pub use request_tier::{RateQuota, RequestTier, parse_rate_quota};
pub use response_limit::ResponseLimit;
pub use retry_after::parse_retry_after;
pub use send_result::{SendFailure, SendResult};
pub use signing_secret::{
    SecretRetention, SigningAction, SigningSecret, SigningSecrets, StoredSigningSecret, format_rfc3339,
    secret_fingerprint,
};
pub use submit_state_machine::{SubmitContext, SubmitProtocol, SubmitStep, SynchronousResult};
pub use subscription::{SubscriptionAction, SubscriptionState};
pub use validate_request_fields::RequestFields;
