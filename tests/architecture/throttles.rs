//! The arithmetic of the throttles in `template.yaml`: what a campaign needs, what a flood costs, and that
//! `docs/operate.md` says the same.

use std::fs;

use crate::{
    root,
    template::{resource, setting, template},
};

/// Rows of the largest campaign that is planned for, each an export that ends together with the others.
const ROWS: f64 = 200.0;
/// Deliveries of a row: the callback of its export and of its generation, the two workspace events of the same names,
/// and `new_banner` for each of eight banners.
const DELIVERIES_OF_A_ROW: f64 = 12.0;
/// Attempts of Abyssale at one delivery (contract 6.1).
const ATTEMPTS: f64 = 6.0;
/// How many of them a campaign may take: the other two are for an outage or a flood meanwhile.
const ATTEMPTS_FOR_A_CAMPAIGN: f64 = ATTEMPTS - 2.0;
/// Seconds that a slow delivery is taken to keep an execution environment: one call of SQS, and now and then the secret.
const SLOW_DELIVERY_SECONDS: f64 = 0.05;
/// Seconds between two looks of a client at one job, and jobs that are submitted at once.
const POLL_SECONDS: f64 = 5.0;
const CONCURRENT_JOBS: f64 = 500.0;

/// Prices of us-east-1 in USD, per million refused deliveries: the rows of the document's table.
fn prices(rate: f64) -> [(&'static str, f64); 7] {
    // 5 ms of 256 MB on arm64, at 0.0000133334 a GB-second.
    let duration = 1e6 * 0.005 * 0.25 * 0.000_013_333_4;
    // The function's two lines (889 bytes, measured), Lambda's two (taken as 550), the access log's (200) and 26 bytes for
    // each that CloudWatch adds, rounded up; at 0.50 a GB.
    let logs = 1e6 * 1800.0 / 1e9 * 0.50;
    // The first request of a second and 5% of the others are sampled, at 5 a million.
    let traces = 5.0 * (1.0 + 0.05 * (rate - 1.0)) / rate;
    // Ten environments that each ask once in five seconds, at 0.05 for 10,000 calls.
    let secrets = 1e6 * (10.0 / 5.0 / rate) * 0.05 / 10_000.0;
    // 500 bytes to the internet, at 0.09 a GB.
    let transfer = 1e6 * 500.0 / 1e9 * 0.09;
    [
        ("HTTP API requests", 1.00),
        ("Lambda requests", 0.20),
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

/// Where the cost of a flood and the advised concurrency are explained.
const DOCUMENT: &str = "docs/operate.md";

fn document() -> String {
    fs::read_to_string(root().join(DOCUMENT)).expect("text")
}

#[test]
fn a_campaign_that_ends_in_one_second_is_taken_in_by_the_fourth_attempt() {
    let (rate, burst) = (default_of("WebhookRateLimit"), default_of("WebhookBurstLimit"));
    // The worst case: every attempt of all deliveries falls into one second, in which the bucket gives this much.
    let second = burst + rate;
    let deliveries = ROWS * DELIVERIES_OF_A_ROW;
    assert!(second * ATTEMPTS_FOR_A_CAMPAIGN >= deliveries, "{second} a second for {deliveries}");
    assert!(burst >= 2.0 * ROWS, "the callbacks and events of the exports are taken in at once");
    // The bucket is full again before the simulator's first retry, after ten seconds.
    assert!(burst / rate <= 10.0, "{burst} at {rate} a second");
}

#[test]
fn the_document_says_what_a_flood_costs() {
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
fn the_concurrency_that_the_document_advises_covers_the_throttle() {
    let (rate, burst) = (default_of("WebhookRateLimit"), default_of("WebhookBurstLimit"));
    let document = document();
    let (_, advised) = document.split_once("`WebhookReservedConcurrency=").expect("an advice");
    let advised: f64 = advised.split_once('`').expect("a value").0.parse().expect("a number");
    assert!(advised / SLOW_DELIVERY_SECONDS >= rate + burst, "{advised} environments");
    // A new account may have ten environments in all, of which none can be reserved: the deployment would fail.
    assert!(default_of("WebhookReservedConcurrency") < 0.0, "none is reserved unless somebody asks for it");
}

#[test]
fn both_apis_have_throttles_of_their_own() {
    let template = template();
    for (api, prefix) in [("WebhookApi", "Webhook"), ("SubmitApi", "Submit")] {
        let text = resource(&template, api);
        assert_eq!(setting(&text, "ThrottlingRateLimit"), format!("!Ref {prefix}RateLimit"));
        assert_eq!(setting(&text, "ThrottlingBurstLimit"), format!("!Ref {prefix}BurstLimit"));
    }
    assert!(default_of("SubmitRateLimit") >= ROWS / POLL_SECONDS, "every job of a campaign is looked at");
    assert!(default_of("SubmitBurstLimit") >= CONCURRENT_JOBS);
}

#[test]
fn requests_that_the_throttle_turns_away_raise_an_alarm() {
    let template = template();
    let alarm = resource(&template, "ThrottledWebhooksAlarm");
    let filter = resource(&template, "ThrottledWebhooks");
    assert_eq!(setting(&filter, "FilterPattern"), r#"'{ $.status = "429" }'"#);
    assert_eq!(setting(&alarm, "MetricName"), setting(&filter, "MetricName"));
    assert_eq!(setting(&alarm, "Namespace"), setting(&filter, "- MetricNamespace"));
}

#[test]
fn the_access_log_tells_neither_paths_nor_queries() {
    let format = resource(&template(), "WebhookApi");
    let format = setting(&format, "Format").trim_matches('\'').to_owned();
    let fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&format).unwrap_or_else(|e| panic!("no JSON: {e}: {format}"));
    let variables: Vec<&str> = fields.values().filter_map(|value| value.as_str()).collect();
    assert!(variables.contains(&"$context.status") && variables.contains(&"$context.routeKey"), "{format}");
    // A path of the receiver holds a callback token, an integration's error may quote the path.
    for variable in variables {
        for secret in ["path", "query", "header", "error.message", "integrationError", "integration.error"] {
            assert!(!variable.to_lowercase().contains(&secret.to_lowercase()), "{variable}");
        }
    }
}
