//! Reads an order for a text that an avatar speaks: one of the provider's avatars in its clothes, or one of the
//! account's own (contract 7, "Chroma-key video" and "Custom-avatar video").

use super::field_validators::{MAX_SCRIPT_CHARS, MAX_WORDS_CHARS, Request, read_export_options, read_text};
use crate::RequestFields;

pub(super) fn read_simple_video(fields: &mut RequestFields) -> Request {
    let mut request = read_custom_video(fields);
    read_text(fields, &mut request, "clothes", MAX_WORDS_CHARS);
    request
}

pub(super) fn read_custom_video(fields: &mut RequestFields) -> Request {
    let mut request = Request::new();
    read_text(fields, &mut request, "language", MAX_WORDS_CHARS);
    read_text(fields, &mut request, "text", MAX_SCRIPT_CHARS);
    read_text(fields, &mut request, "model", MAX_WORDS_CHARS);
    read_export_options(fields, &mut request);
    request
}
