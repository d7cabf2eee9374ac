//! The tier of a request, and what a response says about the budget of its tier.

use bytes::Bytes;
use time::OffsetDateTime;

/// The tier that a request counts against, see [`model::RateTier`]. A provider adds it to the extensions of a request. A
/// request without it counts only against the ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestTier(pub &'static str);

/// What a response says about the budget that is closest to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateQuota {
    /// The budget in requests.
    pub limit: u32,
    /// How many of them are left.
    pub remaining: u32,
    /// When requests are free again.
    pub reset: OffsetDateTime,
}

/// Parses `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset` in Unix seconds. None unless all three are
/// there.
pub fn parse_rate_quota(response: &http::Response<Bytes>) -> Option<RateQuota> {
    let number = |name: &str| response.headers().get(name)?.to_str().ok()?.trim().parse::<u32>().ok();
    let reset = OffsetDateTime::from_unix_timestamp(number("x-ratelimit-reset")?.into()).ok()?;
    Some(RateQuota {
        limit: number("x-ratelimit-limit")?,
        remaining: number("x-ratelimit-remaining")?,
        reset,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(headers: &[(&str, &str)]) -> Option<(u32, u32, i64)> {
        let mut response = http::Response::builder();
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let quota = parse_rate_quota(&response.body(Bytes::new()).expect("a response"))?;
        Some((quota.limit, quota.remaining, quota.reset.unix_timestamp()))
    }

    #[test]
    fn a_quota_needs_all_three_headers_as_numbers() {
        let all = [
            ("X-RateLimit-Limit", "60"),
            ("X-RateLimit-Remaining", "4"),
            ("X-RateLimit-Reset", "1786000020"),
        ];
        assert_eq!(quota(&all), Some((60, 4, 1_786_000_020)));
        assert_eq!(quota(&all[..2]), None);
        assert_eq!(quota(&[all[0], all[1], ("X-RateLimit-Reset", "soon")]), None);
        assert_eq!(quota(&[all[0], ("X-RateLimit-Remaining", "-1"), all[2]]), None);
    }
}
