//! The part of a URL that may be shown: scheme, host and port. Like queries, paths can hold secrets, for example
//! those of Slack's incoming webhooks and of some presigned URLs.

/// Returns the scheme, host and port of an http or https URL, and `***` for a text that has none.
pub(crate) fn url_origin(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "***".to_owned() };
    // The WHATWG URL Standard ends the authority of an http URL at a backslash, too.
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scheme_host_and_port_are_shown() {
        for (url, shown) in [
            (
                "https://hooks.example.com/services/T0/B0/s3cret?key=s3cret#s3cret",
                "https://hooks.example.com",
            ),
            ("https://hooks.example.com?key=s3cret", "https://hooks.example.com"),
            ("https://hooks.example.com#s3cret", "https://hooks.example.com"),
            (r"https://hooks.example.com\s3cret", "https://hooks.example.com"),
            ("https://user:s3cret@hooks.example.com:8443/", "https://hooks.example.com:8443"),
            ("http://[::1]:9000/s3cret", "http://[::1]:9000"),
            ("https:///s3cret", "https://"),
            ("s3cret", "***"),
            ("https:/s3cret", "***"),
            ("", "***"),
        ] {
            assert_eq!(url_origin(url), shown);
        }
    }
}
