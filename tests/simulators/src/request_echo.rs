//! Repeats a request in a response, as careless APIs and gateways do: an error that quotes the headers and the
//! body of the request.

use bytes::Bytes;
use http::Request;
use serde::{Deserialize, Serialize};

/// How the repeated text is encoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EchoEncoding {
    /// Unchanged.
    #[default]
    Plain,
    /// Percent-encoded.
    Percent,
    /// As HTML character references.
    Html,
}

/// Returns each part of a request with its name.
pub(crate) fn echo_parts(request: &Request<Bytes>, writing: EchoEncoding) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| encode(&String::from_utf8_lossy(bytes), writing);
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| (format!("headers.{name}"), text(value.as_bytes())));
    [
        ("body".to_owned(), text(request.body())),
        ("url".to_owned(), text(request.uri().to_string().as_bytes())),
    ]
    .into_iter()
    .chain(headers)
    .collect()
}

/// Returns all parts in one line.
pub(crate) fn echo_line(request: &Request<Bytes>, writing: EchoEncoding) -> String {
    let parts = echo_parts(request, writing).into_iter();
    parts.map(|(name, text)| format!("{name}: {text}")).collect::<Vec<_>>().join("; ")
}

fn encode(text: &str, writing: EchoEncoding) -> String {
    match writing {
        EchoEncoding::Plain => text.to_owned(),
        EchoEncoding::Percent => model::percent_encode(text),
        EchoEncoding::Html => text
            .chars()
            .map(|c| if c.is_alphanumeric() { c.to_string() } else { format!("&#{};", u32::from(c)) })
            .collect(),
    }
}
