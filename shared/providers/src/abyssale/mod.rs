//! Abyssale: banners rendered from designs, and ZIP exports of them.
//!
//! Comments cite sections of the provider's integration contract ("contract 1.3").

mod api_request;
mod banner;
mod batch_result;
mod credits;
mod endpoints;
mod error_response;
mod get_with_retries;
mod health_check;
mod observations;
mod order;
mod poll;
mod rate_limits;
mod read_banner;
mod signing_secret;
mod submit;
mod subscriptions;
mod verify_signature;
mod webhook;

use http::StatusCode;
use model::{Error, Job, RateLimits, Violation};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

#[cfg(feature = "schema")]
use crate::OrderSchema;
use crate::{
    ApiAccess, Authenticity, Credentials, CreditBalance, Delivery, DeliveryReport, HealthCheck, ItemStatus,
    MalformedDelivery, Observation, Order, PollSchedule, PollStatus, Provider, Query, RequestTier,
    SigningAction, SigningSecret, SubmitContext, SubmitProtocol, SubscriptionAction, SubscriptionState,
    delivery_limits::limit_report,
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

    fn request_warnings(&self, request: &Value) -> Vec<Violation> {
        order::unknown_options(request)
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

    fn items(&self, job: &Job) -> Vec<String> {
        read_banner::banner_ids(job)
    }

    fn read_item(
        &self,
        access: &ApiAccess<'_>,
        item: &str,
    ) -> Result<Option<Box<dyn Query<ItemStatus>>>, Error> {
        Ok(Some(Box::new(read_banner::build_read(access, item)?)))
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

    fn read_credits(
        &self,
        access: &ApiAccess<'_>,
    ) -> Result<Option<Box<dyn Query<Vec<CreditBalance>>>>, Error> {
        Ok(Some(Box::new(credits::build_request(access)?)))
    }

    /// A level that fits every plan: the check warns when none are left.
    fn default_credits_warning(&self) -> Option<u64> {
        Some(0)
    }

    fn default_subscriptions_url(&self) -> Option<&'static str> {
        Some(subscriptions::SUBSCRIPTIONS_URL)
    }

    fn subscription_events(&self) -> &'static [&'static str] {
        subscriptions::EVENTS
    }

    fn manage_subscription(
        &self,
        access: &ApiAccess<'_>,
        action: SubscriptionAction<'_>,
    ) -> Result<Option<Box<dyn Query<SubscriptionState>>>, Error> {
        Ok(Some(Box::new(subscriptions::build_request(access, action)?)))
    }

    fn observe_response(&self, status: StatusCode, body: &[u8]) -> Vec<Observation> {
        observations::observe_response(status, body)
    }

    fn observe_delivery(&self, body: &[u8]) -> Vec<Observation> {
        observations::observe_delivery(body)
    }

    fn health_checks(
        &self,
        access: &ApiAccess<'_>,
        fields: Map<String, Value>,
    ) -> Result<Vec<HealthCheck>, Error> {
        health_check::build_checks(access, fields)
    }
}
