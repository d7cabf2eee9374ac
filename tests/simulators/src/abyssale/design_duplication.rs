//! Requests to copy a template into a project (contract 5.3).

use time::OffsetDateTime;
use uuid::Uuid;

/// One request to copy a template.
#[derive(Debug, Clone)]
pub(super) struct DesignDuplication {
    pub(super) id: Uuid,
    pub(super) project: Uuid,
    pub(super) original: Uuid,
    pub(super) copy: Option<Uuid>,
    pub(super) name: String,
    pub(super) created_at: OffsetDateTime,
    pub(super) ends_at: OffsetDateTime,
}
