//! Abyssale: banners rendered from designs, and ZIP exports of them.
//!
//! Comments cite sections of the provider's integration contract ("contract 1.3").

mod api_request;
mod banner;
mod batch_result;
mod endpoints;
mod error_response;
mod get_with_retries;
mod health_check;
mod order;
mod poll;
mod rate_limits;
mod signing_secret;
mod submit;
mod verify_signature;
mod webhook;

use model::{Error, Job, RateLimits};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

#[cfg(feature = "schema")]
use crate::OrderSchema;
use crate::{
    ApiAccess, Authenticity, Credentials, Delivery, DeliveryReport, HealthCheck, MalformedDelivery, Order,
    PollSchedule, PollStatus, Provider, Query, RequestTier, SigningAction, SigningSecret, SubmitContext,
    SubmitProtocol, delivery_limits::limit_report,
};

/// The provider.
#[derive(Debug)]
pub struct Abyssale;

impl Provider for Abyssale {
    fn name(&self) -> &'static str {
        "abyssale"
    }

    /// Contract 1.1.
    fn default_api_url(&self) -> &'static str {
        "https://api.abyssale.com"
    }

    fn empty_secret_section(&self) -> Value {
        json!({ "api_key": "", "signing_secrets": [] })
    }

    fn rate_limits(&self) -> RateLimits {
        rate_limits::rate_limits()
    }

    fn submission_tier(&self, kind: &str) -> Option<RequestTier> {
        rate_limits::submission_tier(kind)
    }

    /// Contract 8. The host of archives is not documented. It is expected to be one of the same buckets.
    fn download_hosts(&self) -> &'static [&'static str] {
        &[
            "production-banners.s3.eu-west-1.amazonaws.com",
            "production-banners.s3-eu-west-1.amazonaws.com",
            "cdn.abyssale.com",
            "img.abyssale.com",
        ]
    }

    fn parse_order(&self, kind: &str, fields: Map<String, Value>) -> Result<Order, Error> {
        order::read_order(kind, fields)
    }

    #[cfg(feature = "schema")]
    fn order_schemas(&self) -> Vec<OrderSchema> {
        order::order_schemas()
    }

    fn complete_order(&self, order: Order, job: &Job) -> Result<Order, Error> {
        order::complete_order(order, job)
    }

    fn submit(
        &self,
        context: &SubmitContext<'_>,
        _now: OffsetDateTime,
    ) -> Result<Box<dyn SubmitProtocol>, Error> {
        Ok(Box::new(submit::AbyssaleSubmission::new(context)?))
    }

    fn authenticate(
        &self,
        delivery: &Delivery<'_>,
        credentials: &Credentials,
        now: OffsetDateTime,
    ) -> Authenticity {
        webhook::authenticate(delivery, credentials, now)
    }

    fn delivery_id(&self, headers: &http::HeaderMap) -> Option<String> {
        webhook::delivery_id(headers)
    }

    fn read_delivery(&self, body: &[u8]) -> Result<DeliveryReport, MalformedDelivery> {
        webhook::read_delivery(body).and_then(limit_report)
    }

    fn poll(
        &self,
        access: &ApiAccess<'_>,
        job: &Job,
        _now: OffsetDateTime,
    ) -> Result<Option<Box<dyn Query<PollStatus>>>, Error> {
        let poll = poll::build_poll(access, job)?;
        Ok(poll.map(|poll| Box::new(poll) as Box<dyn Query<PollStatus>>))
    }

    fn is_synchronous(&self, kind: &str) -> bool {
        matches!(kind, order::IMAGE | order::DYNAMIC_IMAGE)
    }

    fn is_report_for_kind(&self, report: &DeliveryReport, kind: &str) -> bool {
        webhook::can_end_kind(&report.event_name, kind)
    }

    fn poll_schedule(&self) -> PollSchedule {
        poll::POLLING
    }

    fn manage_signing_secret(
        &self,
        access: &ApiAccess<'_>,
        action: SigningAction,
    ) -> Result<Option<Box<dyn Query<SigningSecret>>>, Error> {
        Ok(Some(Box::new(signing_secret::build_request(access, action)?)))
    }

    fn health_checks(
        &self,
        access: &ApiAccess<'_>,
        fields: Map<String, Value>,
    ) -> Result<Vec<HealthCheck>, Error> {
        health_check::build_checks(access, fields)
    }
}
