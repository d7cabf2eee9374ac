//! The published rate limits, and the tier of each request (contract 1.5 and 13.1-13.4).

use http::Method;
use model::{RateLimits, RateTier, RateWindow};

use super::order::{DYNAMIC_IMAGE, EXPORT};
use crate::RequestTier;

const WRITE: &str = "write";
const READ: &str = "read";
const VALIDATION: &str = "validation";
const POLLING: &str = "polling";

/// The ceiling is 10 requests in any second, and a request may arrive up to a quarter of a second after its time. At 8 a
/// second, evenly spaced, 1.25 seconds hold 10.
const REQUESTS_PER_SECOND: f64 = 8.0;

/// The limits of contract 13.1.
pub(super) fn rate_limits() -> RateLimits {
    let tier = |name, a_minute, an_hour| RateTier {
        name,
        windows: vec![
            RateWindow { requests: a_minute, seconds: 60 },
            RateWindow { requests: an_hour, seconds: 3600 },
        ],
    };
    RateLimits {
        requests_per_second: REQUESTS_PER_SECOND,
        tiers: vec![
            tier(WRITE, 60, 1_200),
            tier(READ, 120, 3_000),
            tier(VALIDATION, 120, 2_400),
            tier(POLLING, 600, 18_000),
        ],
    }
}

/// Returns the tier of a request. The three POSTs of generations have none (contract 1.5). The tiers of the others are
/// inferred from their names, and that of exports is the safe reading (contract 13.2 and 13.3).
pub(super) fn request_tier(method: &Method, path: &str) -> Option<RequestTier> {
    let path = path.split('?').next().unwrap_or(path);
    let is_generation = ["/generate", "/generate-multipage-pdf"].iter().any(|end| path.ends_with(end));
    let tier = match *method {
        Method::POST if path == "/auth" => VALIDATION,
        Method::POST if is_generation => return None,
        Method::GET if path.starts_with("/generation-request/") => POLLING,
        Method::GET => READ,
        _ => WRITE,
    };
    Some(RequestTier(tier))
}

/// Returns the tier of the request that submits work of a kind.
pub(super) fn submission_tier(kind: &str) -> Option<RequestTier> {
    matches!(kind, EXPORT | DYNAMIC_IMAGE).then_some(RequestTier(WRITE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_has_the_tier_of_its_endpoint() {
        for (method, path, tier) in [
            (Method::POST, "/async/banners/export", Some("write")),
            (Method::POST, "/async/banner-builder/d/generate", None),
            (Method::POST, "/async/banner-builder/d/generate-multipage-pdf", None),
            (Method::POST, "/banner-builder/d/generate", None),
            (Method::POST, "/designs/d/dynamic-image-url", Some("write")),
            (Method::GET, "/generation-request/g", Some("polling")),
            (Method::GET, "/banners/b", Some("read")),
            (Method::GET, "/designs/d?page=2", Some("read")),
            (Method::GET, "/credits", Some("read")),
            (Method::POST, "/auth", Some("validation")),
            (Method::GET, "/signing-secret", Some("read")),
            (Method::POST, "/signing-secret/rotate?force=true", Some("write")),
        ] {
            assert_eq!(request_tier(&method, path).map(|tier| tier.0), tier, "{method} {path}");
        }
    }

    #[test]
    fn every_tier_of_a_request_is_published() {
        let limits = rate_limits();
        for tier in [WRITE, READ, VALIDATION, POLLING] {
            assert!(limits.tier(tier).is_some(), "{tier}");
        }
    }
}
