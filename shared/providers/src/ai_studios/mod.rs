//! AI Studios by DeepBrain: videos of avatar projects.
//!
//! Comments cite sections of the provider's integration contract ("contract 3.2"). Only responses to Landfall's own
//! requests are authenticated. A callback only triggers a poll.

mod access_token;
mod api_request;
mod document_submission;
mod dubbing;
mod envelope;
mod error_response;
mod export_status;
mod file_name;
mod generated_asset;
mod health_check;
mod kind_dispatch;
mod lenient_values;
mod multipart_form;
mod observations;
mod order;
mod paid_request;
mod partial_json_parser;
mod poll;
mod poll_evaluation;
mod retry_delays;
mod stored_export_state;
mod submit;
mod submit_errors;
mod webhook;
mod wire_request;

use std::time::Duration;

use model::{Error, Job, RateLimits};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

#[cfg(feature = "schema")]
use crate::OrderSchema;
use crate::{
    AccessToken, ApiAccess, Authenticity, Credentials, Delivery, DeliveryMethod, DeliveryReport, HealthCheck,
    MalformedDelivery, Observation, Order, PollSchedule, PollStatus, Provider, Query, SubmitContext,
    SubmitProtocol, delivery_limits::limit_report,
};

/// The provider.
#[derive(Debug)]
pub struct AiStudios;

impl Provider for AiStudios {
    fn name(&self) -> &'static str {
        "ai_studios"
    }

    /// Contract 1.1. The service in China has another URL.
    fn default_api_url(&self) -> &'static str {
        "https://app.aistudios.com"
    }

    fn empty_secret_section(&self) -> Value {
        json!({ "app_id": "", "user_key": "" })
    }

    /// Contract 6.3: no limit is published, so this value is Landfall's own.
    fn rate_limits(&self) -> RateLimits {
        RateLimits { requests_per_second: 2.0, tiers: vec![] }
    }

    /// Contract 6.4: no host is documented. The contract also lists suffixes of whole clouds. They are left out,
    /// since anyone can have a host below them.
    fn download_hosts(&self) -> &'static [&'static str] {
        &[
            "*.aistudios.com",
            "*.aistudios.cn",
            "*.deepbrain.io",
            "*.deepbrainai.io",
            "ai-platform-public.s3.ap-northeast-2.amazonaws.com",
            "ai-platform-prd.s3.ap-northeast-2.amazonaws.com",
        ]
    }

    fn parse_order(&self, kind: &str, fields: Map<String, Value>) -> Result<Order, Error> {
        order::read_order(kind, fields)
    }

    #[cfg(feature = "schema")]
    fn order_schemas(&self) -> Vec<OrderSchema> {
        order::order_schemas()
    }

    fn exclusive_resource(&self, job: &Job) -> Option<String> {
        kind_dispatch::exclusive_resource(job)
    }

    fn is_concurrency_limited(&self, job: &Job) -> bool {
        kind_dispatch::is_concurrency_limited(job)
    }

    /// Landfall's own limit for each account, since none is published (contract 6.3).
    fn concurrency_limit(&self) -> Option<u32> {
        Some(3)
    }

    fn submit(
        &self,
        context: &SubmitContext<'_>,
        now: OffsetDateTime,
    ) -> Result<Box<dyn SubmitProtocol>, Error> {
        kind_dispatch::submit(context, now)
    }

    /// Contract 4.2: no signature is documented.
    fn signs_deliveries(&self) -> bool {
        false
    }

    fn authenticate(
        &self,
        _delivery: &Delivery<'_>,
        _credentials: &Credentials,
        _now: OffsetDateTime,
    ) -> Authenticity {
        Authenticity::NoSigningSecret
    }

    /// Contract 4.1: deliveries have no id.
    fn delivery_id(&self, _headers: &http::HeaderMap) -> Option<String> {
        None
    }

    fn read_delivery(&self, body: &[u8]) -> Result<DeliveryReport, MalformedDelivery> {
        webhook::read_delivery(body).and_then(limit_report)
    }

    fn classify_callback_request(&self, method: &http::Method, query: Option<&str>) -> DeliveryMethod {
        webhook::delivery_method(method, query)
    }

    fn poll(
        &self,
        access: &ApiAccess<'_>,
        job: &Job,
        now: OffsetDateTime,
    ) -> Result<Option<Box<dyn Query<PollStatus>>>, Error> {
        kind_dispatch::poll(access, job, now)
    }

    fn is_synchronous(&self, kind: &str) -> bool {
        kind_dispatch::is_synchronous(kind)
    }

    fn long_response_time(&self, kind: &str) -> Option<Duration> {
        kind_dispatch::long_response_time(kind)
    }

    /// Unlike a callback, the response to Landfall's own request is authentic.
    fn read_submit_response(&self, body: &[u8]) -> Result<DeliveryReport, MalformedDelivery> {
        generated_asset::read_response(body).and_then(limit_report)
    }

    fn poll_schedule(&self) -> PollSchedule {
        poll::POLLING
    }

    fn uses_token(&self) -> bool {
        true
    }

    fn exchange_token(
        &self,
        access: &ApiAccess<'_>,
        now: OffsetDateTime,
    ) -> Result<Option<Box<dyn Query<AccessToken>>>, Error> {
        Ok(Some(Box::new(access_token::TokenExchange::new(access, now)?)))
    }

    /// Deliveries are unauthenticated (contract 4), so only responses are observed.
    fn observe_response(&self, status: http::StatusCode, body: &[u8]) -> Vec<Observation> {
        observations::observe_response(status, body)
    }

    fn health_checks(
        &self,
        access: &ApiAccess<'_>,
        fields: Map<String, Value>,
    ) -> Result<Vec<HealthCheck>, Error> {
        health_check::build_checks(access, fields)
    }
}
