//! The throttles in `template.yaml`: they suffice for a campaign, and `docs/operate.md` states the cost of a flood of
//! requests.

use std::fs;

use crate::{
    cost::price,
    root,
    template::{resource, setting, template},
};

/// Rows of the largest planned campaign. Each row is an export, and all exports end at the same time.
const ROWS: f64 = 200.0;
/// Deliveries for a row: the callbacks of its export and its generation, the two workspace events of the same names, and
/// `new_banner` for each of eight banners.
const DELIVERIES_PER_ROW: f64 = 12.0;
/// How often Abyssale attempts one delivery (contract 6.1).
const ATTEMPTS: f64 = 6.0;
/// The attempts that a campaign may need. The other two are reserved for an outage or a flood at the same time.
const ATTEMPTS_FOR_A_CAMPAIGN: f64 = ATTEMPTS - 2.0;
/// The assumed seconds of a slow delivery in an execution environment: one SQS request, and sometimes the secret.
const SLOW_DELIVERY_SECONDS: f64 = 0.05;
/// Seconds between two polls of one job by a client.
const POLL_SECONDS: f64 = 5.0;
/// Jobs that are submitted at the same time.
const CONCURRENT_JOBS: f64 = 500.0;

/// Returns the prices of us-east-1 in USD for a million throttled deliveries: the rows of the document's table.
fn prices(rate: f64) -> [(&'static str, f64); 7] {
    // 5 ms of 256 MB on arm64.
    let duration = 1e6 * 0.005 * 0.25 * price("Lambda GB-seconds");
    // The function's two lines (889 bytes, measured), Lambda's two (550 bytes, estimated), the access log's line (200 bytes)
    // and the 26 bytes that CloudWatch adds to each line, rounded up.
    let logs = 1e6 * 1800.0 * price("Log bytes");
    // The first request of a second and 5% of the others are sampled.
    let traces = 1e6 * price("X-Ray traces") * (1.0 + 0.05 * (rate - 1.0)) / rate;
    // Ten environments that each send a request every five seconds.
    let secrets = 1e6 * (10.0 / 5.0 / rate) * price("Secrets Manager requests");
    // 500 bytes to the internet, at 0.09 a GB.
    let transfer = 1e6 * 500.0 / 1e9 * 0.09;
    [
        ("HTTP API requests", 1e6 * price("HTTP API requests")),
        ("Lambda requests", 1e6 * price("Lambda requests")),
        ("Lambda duration", duration),
        ("CloudWatch Logs", logs),
        ("X-Ray", traces),
        ("Secrets Manager", secrets),
        ("Data transfer", transfer),
    ]
}

fn default_of(parameter: &str) -> f64 {
    setting(&resource(&template(), parameter), "Default").parse().expect("a number")
}

/// The document that explains the cost of a flood and the recommended concurrency.
const DOCUMENT: &str = "docs/operate.md";

fn document() -> String {
    fs::read_to_string(root().join(DOCUMENT)).expect("text")
}

#[test]
fn all_deliveries_of_a_campaign_that_ends_in_one_second_are_accepted_by_the_fourth_attempt() {
    let (rate, burst) = (default_of("WebhookRateLimit"), default_of("WebhookBurstLimit"));
    // The worst case: each attempt of all deliveries falls into one second, in which the token bucket accepts this many.
    let second = burst + rate;
    let deliveries = ROWS * DELIVERIES_PER_ROW;
    assert!(second * ATTEMPTS_FOR_A_CAMPAIGN >= deliveries, "{second} a second for {deliveries}");
    assert!(burst >= 2.0 * ROWS, "the callbacks and events of the exports are accepted at once");
    // The token bucket is full again before the simulator's first retry after ten seconds.
    assert!(burst / rate <= 10.0, "{burst} at {rate} a second");
}

#[test]
fn the_document_states_the_cost_of_a_flood() {
    let (document, rate) = (document(), default_of("WebhookRateLimit"));
    let rows = prices(rate);
    for (name, price) in rows {
        let row = format!("| {name} | ${price:.2} |");
        assert!(document.contains(&row), "{DOCUMENT} has no row {row}");
    }
    let million: f64 = rows.iter().map(|(_, price)| price).sum();
    let hour = million * rate * 3600.0 / 1e6;
    let all = format!(
        "| Together | ${million:.2}; at {rate} a second ${hour:.2} an hour, ${:.0} a day, ${:.0} a month |",
        hour * 24.0,
        hour * 24.0 * 30.0
    );
    assert!(document.contains(&all), "{DOCUMENT} has no row {all}");
    for times in [2.0, 10.0_f64] {
        let lost = (1.0 - 1.0 / times).powf(ATTEMPTS) * 100.0;
        assert!(document.contains(&format!("{lost:.0} of 100 deliveries")), "{times} times: {lost:.0}");
    }
}

#[test]
fn the_recommended_concurrency_covers_the_throttle() {
    let (rate, burst) = (default_of("WebhookRateLimit"), default_of("WebhookBurstLimit"));
    let document = document();
    let (_, recommended) = document.split_once("`WebhookReservedConcurrency=").expect("a recommendation");
    let recommended: f64 = recommended.split_once('`').expect("a value").0.parse().expect("a number");
    assert!(recommended / SLOW_DELIVERY_SECONDS >= rate + burst, "{recommended} environments");
    // A new account may have only ten environments in total, of which none can be reserved: the deployment would fail.
    assert!(default_of("WebhookReservedConcurrency") < 0.0, "no concurrency is reserved by default");
}

#[test]
fn each_api_has_its_own_throttle() {
    let template = template();
    for (api, prefix) in [("WebhookApi", "Webhook"), ("SubmitApi", "Submit")] {
        let text = resource(&template, api);
        assert_eq!(setting(&text, "ThrottlingRateLimit"), format!("!Ref {prefix}RateLimit"));
        assert_eq!(setting(&text, "ThrottlingBurstLimit"), format!("!Ref {prefix}BurstLimit"));
    }
    assert!(default_of("SubmitRateLimit") >= ROWS / POLL_SECONDS, "every job of a campaign can be polled");
    assert!(default_of("SubmitBurstLimit") >= CONCURRENT_JOBS);
}

#[test]
fn throttled_requests_raise_an_alarm() {
    let template = template();
    let alarm = resource(&template, "ThrottledWebhooksAlarm");
    let filter = resource(&template, "ThrottledWebhooks");
    assert_eq!(setting(&filter, "FilterPattern"), r#"'{ $.status = "429" }'"#);
    assert_eq!(setting(&alarm, "MetricName"), setting(&filter, "MetricName"));
    assert_eq!(setting(&alarm, "Namespace"), setting(&filter, "- MetricNamespace"));
}
