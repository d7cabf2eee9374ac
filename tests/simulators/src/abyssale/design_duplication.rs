//! DUP

use time::OffsetDateTime;
use uuid::Uuid;

/// A copy that was asked for.
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
