//! The header `Retry-After` of a response.

use std::time::Duration;

use bytes::Bytes;
use http::header;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// Parses `Retry-After`: seconds with or without decimals, or an HTTP date. Any other value is ignored.
pub fn parse_retry_after(response: &http::Response<Bytes>) -> Option<Duration> {
    let text = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds.max(0.0)).ok();
    }
    let date = response.headers().get(header::DATE)?.to_str().ok()?;
    let until = OffsetDateTime::parse(&text.replace("GMT", "+0000"), &Rfc2822).ok()?;
    let now = OffsetDateTime::parse(&date.replace("GMT", "+0000"), &Rfc2822).ok()?;
    Some(Duration::try_from(until - now).unwrap_or(Duration::ZERO))
}
