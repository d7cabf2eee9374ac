//! Signed URLs that expire, like presigned S3 URLs.

use crate::abyssale::export::Export;
use crate::abyssale::settings::seconds;
use crate::abyssale::state::AbyssaleSimulator;
use crate::abyssale::storage_error::StorageError;
use crate::id_generator::hex;
use crate::virtual_clock::Moment;

/// Returns the URL of an export's archive.
pub(super) fn archive_url(simulator: &AbyssaleSimulator, export: &Export, at: Moment) -> String {
    let settings = &simulator.state.settings;
    let from = if settings.archive_url_renewed { at.now } else { export.generated_at };
    let expires = (from + seconds(settings.archive_expiry_seconds)).unix_timestamp();
    let extension = match export.found.first() {
        Some(banner) if export.bare_file => banner.file_type.extension(),
        Some(_) | None => "zip",
    };
    sign_url(simulator, &format!("/exports/{}.{extension}", export.id), expires)
}

/// Signs the URL of a path of the Files endpoint, valid until the Unix second `expires`.
pub(super) fn sign_url(simulator: &AbyssaleSimulator, path: &str, expires: i64) -> String {
    let signature = url_signature(simulator, path, expires);
    format!("{}{path}?Expires={expires}&Signature={signature}", simulator.origins.files)
}

/// Checks that this simulator signed the query for this path and that it has not expired.
pub(super) fn verify_signed_url(
    simulator: &AbyssaleSimulator,
    path: &str,
    query: &str,
    at: Moment,
) -> Result<(), StorageError> {
    let field = |requested: &str| {
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == requested)
            .map(|(_, value)| value.into_owned())
    };
    let expires = field("Expires").and_then(|text| text.parse::<i64>().ok());
    match (expires, field("Signature")) {
        (Some(expires), Some(signature)) if signature == url_signature(simulator, path, expires) => {
            if at.now.unix_timestamp() < expires { Ok(()) } else { Err(StorageError::EXPIRED) }
        }
        _ => Err(StorageError::INVALID_SIGNATURE),
    }
}

fn url_signature(simulator: &AbyssaleSimulator, path: &str, expires: i64) -> String {
    let label = format!("seal of {path}");
    hex(&simulator.ids.seeded(&label, expires.unsigned_abs())).chars().take(40).collect()
}
