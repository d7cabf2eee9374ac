//! Parses `multipart/form-data` (RFC 7578): the subset that the vendor's clients upload.

use bytes::Bytes;
use http::Request;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::acceptance_policy::AcceptancePolicy;
use crate::ai_studios::api_error::ApiError;
use crate::ai_studios::field_check::FieldPolicies;

/// One part of a form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FormPart {
    pub(super) name: String,
    pub(super) file_name: Option<String>,
    pub(super) content: Bytes,
}

impl FormPart {
    /// Returns a field's text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.content).trim().to_owned()
    }

    /// Returns the name of a file that is not empty.
    pub(super) fn file(&self) -> Option<&str> {
        self.file_name.as_deref().filter(|name| !name.is_empty() && !self.content.is_empty())
    }
}

/// Checks that a form has only these text fields, which are no files, and these files. A field may not be repeated;
/// a file may.
pub(super) fn check_names(
    parts: &[FormPart],
    texts: &[&str],
    files: &[&str],
    policies: FieldPolicies,
) -> Result<(), ApiError> {
    for (number, part) in parts.iter().enumerate() {
        let name = part.name.as_str();
        let wrong = match (texts.contains(&name), files.contains(&name)) {
            (true, false) if part.file_name.is_some() => "must be a text",
            (true, false) if parts[..number].iter().any(|earlier| earlier.name == name) => "is repeated",
            (false, true) if part.file_name.is_none() => "must be a file",
            (false, false) if policies.unknown_fields == AcceptancePolicy::Refuse => {
                "is not a parameter of this call"
            }
            _ => continue,
        };
        return Err(ApiError::invalid(format!("{name} {wrong}")));
    }
    Ok(())
}

/// Whether a file's name ends with one of these types.
pub(super) fn has_type(file: &str, types: &[&str]) -> bool {
    let extension = file.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| types.contains(&extension.as_str()))
}

/// Returns the parts for the log: texts as they are, files by name and length.
pub(super) fn summarize_form(parts: &[FormPart]) -> Value {
    let summary = |part: &FormPart| match &part.file_name {
        Some(file) => json!({"name": part.name, "file": file, "bytes": part.content.len()}),
        None => json!({"name": part.name, "text": part.text()}),
    };
    parts.iter().map(summary).collect()
}

/// Parses a form into its parts, in their order.
pub(super) fn parse_form(request: &Request<Bytes>) -> Result<Vec<FormPart>, ApiError> {
    let wrong = || ApiError::invalid("the body must be multipart/form-data");
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = content_type.filter(|value| value.starts_with("multipart/form-data")).and_then(boundary);
    let delimiter = format!("--{}", boundary.ok_or_else(wrong)?);
    let body = request.body();
    let mut parts = Vec::new();
    let mut at = find(body, delimiter.as_bytes(), 0).ok_or_else(wrong)? + delimiter.len();
    while !body[at..].starts_with(b"--") {
        let start = body[at..].starts_with(b"\r\n").then_some(at + 2).ok_or_else(wrong)?;
        let end = find(body, format!("\r\n{delimiter}").as_bytes(), at).ok_or_else(wrong)?;
        parts.push(parse_part(&body.slice(start.min(end)..end)).ok_or_else(wrong)?);
        at = end + 2 + delimiter.len();
    }
    Ok(parts)
}

fn boundary(content_type: &str) -> Option<String> {
    parameter(content_type, "boundary").filter(|boundary| !boundary.is_empty())
}

fn parse_part(bytes: &Bytes) -> Option<FormPart> {
    let end = find(bytes, b"\r\n\r\n", 0)?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let disposition =
        head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let name = parameter(disposition, "name")?;
    let file_name = parameter(disposition, "filename");
    Some(FormPart { name, file_name, content: bytes.slice(end + 4..) })
}

/// Returns a parameter of a header. A quoted value may contain semicolons and escaped characters.
fn parameter(header: &str, requested: &str) -> Option<String> {
    let (_, mut rest) = header.split_once(';')?;
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, next) = parameter_value(after);
        if name.trim().eq_ignore_ascii_case(requested) {
            return Some(value);
        }
        rest = next.split_once(';')?.1;
    }
}

/// Splits a value, quoted or not, from what follows it.
fn parameter_value(after: &str) -> (String, &str) {
    let Some(quoted) = after.trim_start().strip_prefix('"') else {
        let end = after.find(';').unwrap_or(after.len());
        return (after[..end].trim().to_owned(), &after[end..]);
    };
    let (mut value, mut escaped) = (String::new(), false);
    for (at, character) in quoted.char_indices() {
        match character {
            '"' if !escaped => return (value, &quoted[at + 1..]),
            '\\' if !escaped => escaped = true,
            character => {
                value.push(character);
                escaped = false;
            }
        }
    }
    (value, "")
}

fn find(bytes: &[u8], requested: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(requested.len()).position(|window| window == requested).map(|at| at + from)
}

#[cfg(test)]
mod tests {
    //! Valid and invalid forms.

    use super::*;

    fn request(content_type: &str, body: &'static [u8]) -> Request<Bytes> {
        let request = Request::builder().header(CONTENT_TYPE, content_type);
        request.body(Bytes::from_static(body)).expect("a request")
    }

    #[test]
    fn a_form_has_fields_and_files() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"target_0\"\r\n\r\nfr-FR\r\n\
            --b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.mp4\"\r\nContent-Type: video/mp4\r\n\r\n\
            \x00\r\n\x01\r\n--b--\r\n";
        let parts = parse_form(&request("multipart/form-data; boundary=b", body)).expect("a form");
        assert_eq!((parts[0].name.as_str(), parts[0].text().as_str()), ("target_0", "fr-FR"));
        assert_eq!(parts[1].file_name.as_deref(), Some("a.mp4"));
        assert_eq!(parts[1].content.as_ref(), b"\x00\r\n\x01");
    }

    #[test]
    fn a_quoted_file_name_may_have_any_character() {
        let body = b"--b\r\nContent-Disposition: form-data; filename=\"a; name=\\\"x\\\".mp4\"; name=\"file\"\r\n\r\n\
            x\r\n--b--\r\n";
        let parts =
            parse_form(&request("multipart/form-data; charset=utf-8; boundary=\"b\"", body)).expect("a form");
        assert_eq!(parts[0].name, "file");
        assert_eq!(parts[0].file(), Some("a; name=\"x\".mp4"));
    }

    #[test]
    fn invalid_forms_are_rejected() {
        for (content_type, body) in [
            ("application/json", b"{}".as_slice()),
            ("multipart/form-data", b"--b\r\n".as_slice()),
            ("multipart/form-data; boundary=b", b"--b\r\nno end".as_slice()),
            ("multipart/form-data; boundary=b", b"--b\r\nno name\r\n\r\nx\r\n--b--".as_slice()),
            ("multipart/form-data; boundary=b", b"--b".as_slice()),
            ("multipart/form-data; boundary=b", b"".as_slice()),
        ] {
            assert!(parse_form(&request(content_type, body)).is_err(), "{content_type}");
        }
    }
}
