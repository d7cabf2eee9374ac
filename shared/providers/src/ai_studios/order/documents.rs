//! Reads an order for a project that the provider makes of documents (contract 7, "Docs to video").
//!
//! Landfall downloads the documents from the caller's URLs when it submits the job, and uploads them to the provider.

use serde_json::{Value, json};
use url::Url;

use super::field_validators::Request;
use crate::{RequestFields, ai_studios::file_name::file_name_of_url};

/// The file types that the provider's page lists, `docs` included.
pub(super) const DOCUMENT_TYPES: [&str; 9] =
    ["txt", "pdf", "xls", "xlsx", "doc", "docs", "docx", "pptx", "ppt"];
/// The maximum number of documents. No limit is documented.
pub(super) const MAX_DOCUMENTS: usize = 10;
/// The maximum length of the name of a document, in characters.
pub(super) const MAX_NAME_CHARS: usize = 200;
/// The maximum length of the URL of a document, in bytes.
pub(super) const MAX_URL_BYTES: usize = 8 * 1024;

/// Reads `documents`: each has a `url`, and a `name` unless its URL ends in one.
pub(super) fn read_documents(fields: &mut RequestFields, request: &mut Request) {
    let documents = match fields.take("documents") {
        Some(Value::Array(documents)) if (1..=MAX_DOCUMENTS).contains(&documents.len()) => documents,
        _ => {
            let expected = format!("expected a list of 1 to {MAX_DOCUMENTS} documents");
            return fields.add_violation("documents", expected);
        }
    };
    let read =
        |(index, document): (usize, Value)| read_document(fields, &format!("documents[{index}]"), &document);
    let documents: Vec<Value> = documents.into_iter().enumerate().filter_map(read).collect();
    request.insert("documents".into(), documents.into());
}

fn read_document(fields: &mut RequestFields, path: &str, document: &Value) -> Option<Value> {
    let Value::Object(members) = document else {
        fields.add_violation(path, "expected an object with url and name");
        return None;
    };
    for name in members.keys().filter(|name| !["url", "name"].contains(&name.as_str())) {
        fields.add_violation(format!("{path}.{name}"), "unknown field");
    }
    let url = members.get("url").and_then(Value::as_str).filter(|url| is_web_url(url));
    if url.is_none() {
        fields.add_violation(format!("{path}.url"), "expected the https URL of a document");
    }
    let stated = members.get("name").filter(|name| !name.is_null());
    let name = match stated {
        Some(name) => name.as_str(),
        None => url.and_then(file_name_of_url),
    };
    let name = name.filter(|name| is_document_name(name));
    if name.is_none() && (stated.is_some() || url.is_some()) {
        let expected = format!("expected a file name that ends in one of: {}", DOCUMENT_TYPES.join(", "));
        fields.add_violation(format!("{path}.name"), expected);
    }
    Some(json!({ "url": url?, "name": name? }))
}

/// Whether a text is a URL that can be requested. The SSRF guard checks it before the download.
pub(super) fn is_web_url(text: &str) -> bool {
    text.len() <= MAX_URL_BYTES
        && is_uri(text)
        && Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
}

/// Whether the characters of a URL are those of RFC 3986, which the description of the API demands. `Url` accepts more.
pub(super) fn is_uri(text: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%".contains(&b);
    let is_escape = |(at, _): (usize, &str)| {
        let digits = text.as_bytes().get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    // Brackets enclose an IPv6 address.
    authority.bytes().all(|b| is_allowed(b) || b == b'[' || b == b']')
        && path.bytes().all(is_allowed)
        && authority.matches('@').count() <= 1
        && path.matches('#').count() <= 1
        && text.match_indices('%').all(is_escape)
}

fn is_document_name(name: &str) -> bool {
    let is_safe = |c: char| !c.is_control() && !matches!(c, '/' | '\\' | '"');
    let extension =
        name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, extension)| extension);
    name.chars().count() <= MAX_NAME_CHARS
        && name.chars().all(is_safe)
        && extension
            .is_some_and(|extension| DOCUMENT_TYPES.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}
