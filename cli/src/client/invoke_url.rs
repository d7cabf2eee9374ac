//! Builds the URL of a Lambda invocation.

use http::Uri;
use model::percent_encode;

use crate::error::CliError;

/// The longest function name that Lambda accepts, an ARN with a qualifier included.
const MAX_NAME_BYTES: usize = 170;

/// Builds `{endpoint}/2015-03-31/functions/{function}/invocations`. The function is a name, `name:alias` or an ARN.
///
/// # Errors
/// The endpoint is not an HTTP URL, or the function is neither a name nor an ARN.
pub(super) fn invoke_url(endpoint: &str, function: &str) -> Result<String, CliError> {
    let endpoint = endpoint.trim_end_matches('/');
    let uri: Option<Uri> = endpoint.parse().ok();
    if !uri.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()) {
        return Err(CliError::usage("the endpoint of Lambda is not an http or https URL"));
    }
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_:$".contains(c);
    if function.is_empty() || function.len() > MAX_NAME_BYTES || !function.chars().all(is_allowed) {
        return Err(CliError::usage("the function is neither a name nor an ARN"));
    }
    Ok(format!("{endpoint}/2015-03-31/functions/{}/invocations", percent_encode(function)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_aliases_and_arns_are_percent_encoded() {
        let local = "http://127.0.0.1:4104";
        for (endpoint, function, path) in [
            (local, "submit", "submit"),
            ("http://127.0.0.1:4104/", "landfall-submit:live", "landfall-submit%3Alive"),
            (
                local,
                "arn:aws:lambda:eu-west-1:123456789012:function:s:$LATEST",
                "arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3As%3A%24LATEST",
            ),
        ] {
            let expected = format!("{local}/2015-03-31/functions/{path}/invocations");
            assert_eq!(invoke_url(endpoint, function), Ok(expected), "{function}");
        }
    }

    #[test]
    fn invalid_functions_and_endpoints_are_rejected() {
        let long = "n".repeat(171);
        for (endpoint, function) in [
            ("https://lambda.eu-west-1.amazonaws.com", ""),
            ("https://lambda.eu-west-1.amazonaws.com", "a/b"),
            ("https://lambda.eu-west-1.amazonaws.com", "a?b"),
            ("https://lambda.eu-west-1.amazonaws.com", long.as_str()),
            ("ftp://127.0.0.1", "submit"),
            ("127.0.0.1", "submit"),
            ("", "submit"),
        ] {
            assert_eq!(
                invoke_url(endpoint, function).map_err(|error| error.exit_status.code()),
                Err(2),
                "{endpoint} {function}"
            );
        }
    }
}
