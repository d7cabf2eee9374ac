//! URLs that expire, in the manner of presigned ones.

use super::denied::Denied;
use super::export::Export;
use super::knobs::seconds;
use super::signature::hex;
use super::{AbyssaleSimulator, Moment};

impl AbyssaleSimulator {
    /// Where an export's archive is.
    pub(super) fn archive_url(&self, export: &Export, at: Moment) -> String {
        let knobs = &self.state.knobs;
        let from = if knobs.archive_url_renewed { at.now } else { export.generated_at };
        let expires = (from + seconds(knobs.archive_expiry_seconds)).unix_timestamp();
        let extension = match export.found.first() {
            Some(banner) if export.bare_file => banner.file_type.extension(),
            Some(_) | None => "zip",
        };
        self.sealed_url(&format!("/exports/{}.{extension}", export.id), expires)
    }

    /// The URL of a path of the Files endpoint, good until the Unix second `expires`.
    pub(super) fn sealed_url(&self, path: &str, expires: i64) -> String {
        let seal = self.seal(path, expires);
        format!("{}{path}?Expires={expires}&Signature={seal}", self.origins.files)
    }

    /// Checks that the query was given out by this simulator for this path and is not too old.
    pub(super) fn check_seal(&self, path: &str, query: &str, at: Moment) -> Result<(), Denied> {
        let field = |wanted: &str| {
            url::form_urlencoded::parse(query.as_bytes())
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.into_owned())
        };
        let expires = field("Expires").and_then(|text| text.parse::<i64>().ok());
        match (expires, field("Signature")) {
            (Some(expires), Some(seal)) if seal == self.seal(path, expires) => {
                if at.now.unix_timestamp() < expires { Ok(()) } else { Err(Denied::EXPIRED) }
            }
            _ => Err(Denied::NO_SEAL),
        }
    }

    fn seal(&self, path: &str, expires: i64) -> String {
        let label = format!("seal of {path}");
        hex(&self.draw.seeded(&label, expires.unsigned_abs())).chars().take(40).collect()
    }
}
