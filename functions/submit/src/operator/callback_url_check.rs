//! Checks the URL of the webhook receiver for reasons why a provider may not deliver to it.

use providers::{HealthCheckResult, HealthCheckStatus};
use url::{Host, Url};

/// Checks the URL. No provider is known to reject such URLs, so every finding is a warning.
pub(crate) fn check_callback_url(url: &Url) -> HealthCheckResult {
    let mut findings = vec![];
    if url.scheme() != "https" {
        findings.push("it is not https, and providers deliver by https only");
    }
    if url.port().is_some() {
        findings.push("it names a port");
    }
    if !url.username().is_empty() || url.password().is_some() {
        findings.push("it contains a user or password");
    }
    match url.host() {
        Some(Host::Domain(name)) if is_private(name) => findings.push("its host is a private name"),
        Some(Host::Domain(_)) => {}
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => findings.push("its host is an address instead of a name"),
        None => findings.push("it has no host"),
    }
    match findings.is_empty() {
        true => HealthCheckResult::new(HealthCheckStatus::Ok, "the callback URL is https on a public host"),
        false => HealthCheckResult::new(
            HealthCheckStatus::Warning,
            format!("a provider may not reach WEBHOOK_URL: {}", findings.join("; ")),
        ),
    }
}

/// Whether public DNS has no such name (RFC 6761, RFC 6762, and the names that ICANN reserved).
fn is_private(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    last == name || ["localhost", "local", "internal", "test", "invalid", "lan", "home"].contains(&last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str) -> HealthCheckResult {
        check_callback_url(&Url::parse(url).expect("a URL"))
    }

    #[test]
    fn a_public_https_url_passes() {
        for url in ["https://abc.execute-api.eu-west-1.amazonaws.com", "https://hooks.example.com/landfall"] {
            assert_eq!(check(url).status, HealthCheckStatus::Ok, "{url}");
        }
    }

    #[test]
    fn the_reason_of_each_warning_is_named() {
        for (url, reason) in [
            ("http://hooks.example.com", "not https"),
            ("https://hooks.example.com:8443", "port"),
            ("https://user:password@hooks.example.com", "user"),
            ("https://localhost", "private name"),
            ("https://receiver.internal.", "private name"),
            ("https://receiver", "private name"),
            ("https://10.0.0.1", "address"),
            ("https://[2001:4860:4860::8888]", "address"),
        ] {
            let result = check(url);
            assert_eq!(result.status, HealthCheckStatus::Warning, "{url}");
            let detail = result.detail;
            assert!(detail.contains(reason) && !detail.contains("password@"), "{detail}");
        }
    }
}
