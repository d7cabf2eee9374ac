//! The S3 rights of the functions' roles, as far as the tests depend on what a role may not do.

use s3s::access::{S3Access, S3AccessContext};
use s3s::{S3Result, s3_error};

/// The key pair of the submit function, whose role has no right to S3.
pub(crate) const SUBMIT_KEYS: (&str, &str) = ("local-submit", "local-submit-secret");
/// The key pair of the receiver, whose role may put objects and do nothing else.
pub(crate) const RECEIVER_KEYS: (&str, &str) = ("local-receiver", "local-receiver-secret");

/// Rejects what the role of a request may not do. The key pairs of the account and of an assumed role may do everything.
pub(super) struct RoleAccess;

#[async_trait::async_trait]
impl S3Access for RoleAccess {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let Some(key) = context.credentials().map(|credentials| credentials.access_key.as_str()) else {
            return Err(s3_error!(AccessDenied, "Signature is required"));
        };
        let is_allowed = match key {
            key if key == SUBMIT_KEYS.0 => false,
            key if key == RECEIVER_KEYS.0 => context.s3_op().name() == "PutObject",
            _ => true,
        };
        if is_allowed { Ok(()) } else { Err(s3_error!(AccessDenied, "Access Denied")) }
    }
}
