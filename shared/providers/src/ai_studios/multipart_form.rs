//! Builds the body of a `multipart/form-data` request (RFC 7578).

use bytes::Bytes;

/// A finished form.
#[derive(Debug, Clone)]
pub(super) struct FormBody {
    /// The media type with the boundary.
    pub(super) content_type: String,
    /// The encoded parts.
    pub(super) bytes: Bytes,
}

/// A form that is being filled.
#[derive(Debug, Default)]
pub(super) struct MultipartForm {
    parts: Vec<FormPart>,
}

/// One part: the parameters of its `Content-Disposition`, its media type if it is a file, and its content.
#[derive(Debug)]
struct FormPart {
    disposition: String,
    content_type: Option<&'static str>,
    content: Bytes,
}

impl MultipartForm {
    /// Adds a text.
    pub(super) fn add_text(&mut self, name: &str, text: &str) {
        let disposition = format!("form-data; name=\"{}\"", escape_parameter(name));
        let content = Bytes::copy_from_slice(text.as_bytes());
        self.parts.push(FormPart { disposition, content_type: None, content });
    }

    /// Adds a file.
    pub(super) fn add_file(
        &mut self,
        name: &str,
        file_name: &str,
        content_type: &'static str,
        content: Bytes,
    ) {
        let (name, file_name) = (escape_parameter(name), escape_parameter(file_name));
        let disposition = format!("form-data; name=\"{name}\"; filename=\"{file_name}\"");
        self.parts.push(FormPart { disposition, content_type: Some(content_type), content });
    }

    /// Encodes the form, with a boundary that occurs in no part.
    pub(super) fn finish(self) -> FormBody {
        let boundary = self.find_boundary();
        let length = self.parts.iter().map(|part| part.content.len() + part.disposition.len() + 128).sum();
        let mut bytes: Vec<u8> = Vec::with_capacity(length);
        for part in &self.parts {
            bytes.extend_from_slice(
                format!("--{boundary}\r\nContent-Disposition: {}\r\n", part.disposition).as_bytes(),
            );
            if let Some(content_type) = part.content_type {
                bytes.extend_from_slice(format!("Content-Type: {content_type}\r\n").as_bytes());
            }
            bytes.extend_from_slice(b"\r\n");
            bytes.extend_from_slice(&part.content);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        FormBody { content_type: format!("multipart/form-data; boundary={boundary}"), bytes: bytes.into() }
    }

    /// Returns the first of a sequence of boundaries that occurs in no part. Callers write parts, and one that held the
    /// boundary could add parts of its own.
    fn find_boundary(&self) -> String {
        let mut number = 0_u64;
        loop {
            let boundary = format!("landfall-form-{number}");
            let occurs =
                self.parts.iter().any(|part| contains(&part.content, format!("--{boundary}").as_bytes()));
            if !occurs {
                return boundary;
            }
            number += 1;
        }
    }
}

fn contains(content: &[u8], searched: &[u8]) -> bool {
    content.windows(searched.len()).any(|window| window == searched)
}

/// Escapes what would end a quoted parameter (RFC 7578, 4.2, in the form that browsers use).
fn escape_parameter(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_a_part_for_each_text_and_file() {
        let mut form = MultipartForm::default();
        form.add_text("target_0", "ko-KR");
        form.add_file("originalSrt", "a\"b\r\n.srt", "application/x-subrip", Bytes::from_static(b"1\n"));
        let FormBody { content_type, bytes } = form.finish();
        assert_eq!(content_type, "multipart/form-data; boundary=landfall-form-0");
        let expected = "--landfall-form-0\r\nContent-Disposition: form-data; name=\"target_0\"\r\n\r\nko-KR\r\n\
            --landfall-form-0\r\nContent-Disposition: form-data; name=\"originalSrt\"; filename=\"a%22b%0D%0A.srt\"\r\n\
            Content-Type: application/x-subrip\r\n\r\n1\n\r\n--landfall-form-0--\r\n";
        assert_eq!(std::str::from_utf8(&bytes).expect("text"), expected);
    }

    #[test]
    fn the_boundary_occurs_in_no_part() {
        let mut form = MultipartForm::default();
        form.add_text("a", "\r\n--landfall-form-0\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\nx");
        form.add_text("c", "--landfall-form-1--");
        assert_eq!(form.finish().content_type, "multipart/form-data; boundary=landfall-form-2");
    }
}
