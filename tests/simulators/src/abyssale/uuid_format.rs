//! The UUID format that the API accepts.

use uuid::Uuid;

/// Parses an id: the form with hyphens, 36 characters long.
pub(super) fn parse_uuid(text: &str) -> Option<Uuid> {
    if text.len() == 36 { Uuid::try_parse(text).ok() } else { None }
}
