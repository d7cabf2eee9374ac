//! The peak request rate in real time: the most requests within any period of one length, such as a second.

use std::collections::VecDeque;

use http::{Method, Request};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::simulator::Endpoint;

/// Older requests are dropped.
const MAX_REQUESTS: usize = 200_000;

/// One request.
#[derive(Debug)]
struct RequestTime {
    at: OffsetDateTime,
    endpoint: Endpoint,
    method: Method,
    path: String,
    tier: Option<&'static str>,
}

/// The latest requests, oldest first.
#[derive(Debug, Default)]
pub(crate) struct RequestRate(VecDeque<RequestTime>);

impl RequestRate {
    /// Records a request, with the name of the tier that counts it.
    pub(crate) fn record<B>(
        &mut self,
        endpoint: Endpoint,
        request: &Request<B>,
        tier: Option<&'static str>,
        at: OffsetDateTime,
    ) {
        if self.0.len() == MAX_REQUESTS {
            self.0.pop_front();
        }
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        self.0.push_back(RequestTime { at, endpoint, method, path, tier });
    }

    /// Returns the period of `window` seconds with the most requests among those that match the query's `endpoint`,
    /// `method`, `path` and `tier`. Without an endpoint it is the API's, and without a window it is a second. A request
    /// exactly one window after the first is in the next one.
    pub(crate) fn peak(&self, query: &str) -> Value {
        let field = |requested: &str| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            pairs.find(|(name, _)| name == requested).map(|(_, value)| value.into_owned())
        };
        let endpoint = match field("endpoint").as_deref() {
            Some("files") => Endpoint::Files,
            Some(_) | None => Endpoint::Api,
        };
        let (method, path, tier) = (field("method"), field("path"), field("tier"));
        let window = field("window").and_then(|seconds| seconds.parse().ok()).unwrap_or(1_u32);
        let counts = |request: &&RequestTime| {
            request.endpoint == endpoint
                && method.as_deref().is_none_or(|method| request.method == method)
                && path.as_ref().is_none_or(|path| request.path == *path)
                && tier.as_deref().is_none_or(|tier| request.tier == Some(tier))
        };
        let mut times: Vec<OffsetDateTime> = self.0.iter().filter(counts).map(|request| request.at).collect();
        times.sort_unstable();
        let (max, since) = busiest_window(&times, Duration::seconds(window.into()));
        json!({
            "requests": max,
            "window_seconds": window,
            "since": since.map(|since| since.unix_timestamp_nanos() as f64 / 1e9),
            "all_requests": times.len(),
        })
    }
}

/// Returns the largest number of times within one window, and the first of them.
fn busiest_window(times: &[OffsetDateTime], window: Duration) -> (usize, Option<OffsetDateTime>) {
    let mut best = (0, None);
    let mut end = 0;
    for (start, since) in times.iter().enumerate() {
        while times.get(end).is_some_and(|time| *time < *since + window) {
            end += 1;
        }
        if end - start > best.0 {
            best = (end - start, Some(*since));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    //! The window slides; it is not aligned to the clock.

    use super::*;

    fn rate(milliseconds: &[i64]) -> RequestRate {
        let mut rate = RequestRate::default();
        for after in milliseconds {
            let at = OffsetDateTime::UNIX_EPOCH + Duration::milliseconds(*after);
            let request = Request::post("/auth").body(()).expect("a request");
            rate.record(Endpoint::Api, &request, Some("validation"), at);
        }
        rate
    }

    #[test]
    fn the_busiest_second_can_start_at_any_time() {
        assert_eq!(rate(&[]).peak("")["requests"], 0);
        let peak = rate(&[0, 900, 950, 1_100, 1_899, 1_900, 5_000]).peak("");
        assert_eq!((&peak["requests"], &peak["since"]), (&json!(4), &json!(0.9)));
        assert_eq!(rate(&[0, 999]).peak("")["requests"], 2);
        assert_eq!(rate(&[0, 1_000]).peak("")["requests"], 1);
        assert_eq!(rate(&[0, 1_000, 59_999, 60_000]).peak("window=60")["requests"], 3);
    }

    #[test]
    fn only_requests_that_match_the_query_count() {
        let rate = rate(&[0, 1]);
        for (query, requests) in [
            ("method=POST&path=/auth", 2),
            ("tier=validation", 2),
            ("method=GET", 0),
            ("path=/other", 0),
            ("tier=read", 0),
            ("endpoint=files", 0),
        ] {
            assert_eq!(rate.peak(query)["requests"], requests, "{query}");
        }
    }
}
