//! Multipart uploads: each part is a separate file until the upload is completed or aborted.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use s3s::dto::CompletedPart;
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

use super::checksum::{
    Algorithm, ChecksumKind, ChecksumValue, ObjectChecksum, client_checksums, combine_part_checksums,
};
use super::object::ObjectAttributes;
use super::receive_body::hex;
use crate::cloud::json_file;

/// The minimum size of a part. The last part may be smaller.
const MIN_PART_BYTES: u64 = 5 * 1024 * 1024;

/// An upload that is neither completed nor aborted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) id: String,
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) initiated_millis: u64,
    pub(super) attributes: ObjectAttributes,
    /// The checksum that the client requested. Without it S3 stores CRC64NVME of the complete object.
    pub(super) requested_checksum: Option<(Algorithm, ChecksumKind)>,
    /// How often the key had been deleted when the upload was created. Deletes are counted from the start of the store.
    #[serde(skip)]
    pub(super) deletes_before: u64,
    #[serde(skip)]
    pub(super) parts: BTreeMap<i32, Part>,
}

/// A part that was received.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) number: i32,
    pub(super) size: u64,
    pub(super) md5: [u8; 16],
    pub(super) checksum: ChecksumValue,
    pub(super) modified_millis: u64,
    pub(super) file: String,
}

impl Part {
    pub(super) fn etag(&self) -> String {
        hex(&self.md5)
    }
}

impl Upload {
    /// Returns algorithm and type of the completed object's checksum.
    pub(super) fn checksum(&self) -> (Algorithm, ChecksumKind) {
        self.requested_checksum.unwrap_or((Algorithm::Crc64Nvme, ChecksumKind::FullObject))
    }

    /// Rejects a part whose checksum has another algorithm than the upload. A part may have no checksum.
    pub(super) fn check_algorithm(&self, given: Option<Algorithm>) -> S3Result<()> {
        match (self.requested_checksum, given) {
            (Some((requested, _)), Some(given)) if requested != given => Err(s3_error!(
                InvalidRequest,
                "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                requested.name().to_ascii_lowercase(),
                given.name().to_ascii_lowercase()
            )),
            _ => Ok(()),
        }
    }

    /// Checks the part list of a completion and returns the parts that it names.
    pub(super) fn select_parts(&self, list: &[CompletedPart]) -> S3Result<Vec<Part>> {
        if list.is_empty() {
            return Err(s3_error!(MalformedXML, "You must specify at least one part"));
        }
        let number = |part: &CompletedPart| part.part_number.unwrap_or_default();
        if !list.is_sorted_by(|one, next| number(one) < number(next)) {
            return Err(s3_error!(InvalidPartOrder, "The list of parts was not in ascending order."));
        }
        let selected = list.iter().map(|entry| self.select_part(entry)).collect::<S3Result<Vec<_>>>()?;
        let all_but_last = &selected[..selected.len() - 1];
        if all_but_last.iter().any(|part| part.size < MIN_PART_BYTES) {
            let message = "Your proposed upload is smaller than the minimum allowed size";
            return Err(s3_error!(EntityTooSmall, "{message}"));
        }
        Ok(selected)
    }

    fn select_part(&self, entry: &CompletedPart) -> S3Result<Part> {
        let number = entry.part_number.unwrap_or_default();
        let given = client_checksums!(entry);
        if given.is_empty() && matches!(self.requested_checksum, Some((_, ChecksumKind::Composite))) {
            return Err(s3_error!(
                InvalidRequest,
                "The complete request must include the checksum for each part. It was missing for part {number}."
            ));
        }
        let part = self.parts.get(&number).filter(|part| {
            entry.e_tag.as_ref().is_some_and(|etag| etag.value() == part.etag())
                && given.iter().all(|value| self.matches(part, value))
        });
        part.cloned()
            .ok_or_else(|| s3_error!(InvalidPart, "One or more of the specified parts could not be found."))
    }

    /// Returns whether a listed checksum matches the part. If the upload has no algorithm, a part may have been sent with
    /// any, and is listed with that.
    fn matches(&self, part: &Part, value: &ChecksumValue) -> bool {
        *value == part.checksum
            || (self.requested_checksum.is_none() && value.algorithm != part.checksum.algorithm)
    }

    /// Computes ETag and checksum of the object that consists of these parts.
    pub(super) fn compute_digests(&self, parts: &[Part]) -> S3Result<(String, ObjectChecksum)> {
        use s3s::crypto::{Checksum as _, Md5};
        let md5s: Vec<u8> = parts.iter().flat_map(|part| part.md5).collect();
        let etag = format!("{}-{}", hex(&Md5::checksum(&md5s)), parts.len());
        let values: Vec<_> = parts.iter().map(|part| (part.checksum.clone(), part.size)).collect();
        let (algorithm, kind) = self.checksum();
        Ok((etag, combine_part_checksums(algorithm, kind, &values)?))
    }

    /// Loads the uploads that were open when the store was last used.
    pub(super) fn load_all(folder: &Path) -> io::Result<BTreeMap<String, Self>> {
        let mut uploads = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let folder = entry?.path();
            let Some(mut upload) = json_file::load::<Self>(&folder.join("upload.json"))? else {
                continue;
            };
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if name.starts_with("part-")
                    && name.ends_with(".json")
                    && let Some(part) = json_file::load::<Part>(&path)?
                {
                    upload.parts.insert(part.number, part);
                }
            }
            uploads.insert(upload.id.clone(), upload);
        }
        Ok(uploads)
    }
}

/// Copies the parts into one file, within the kernel where possible.
pub(super) fn concatenate(parts: &[PathBuf], target: &Path) -> io::Result<()> {
    let mut target = fs::File::create(target)?;
    for part in parts {
        io::copy(&mut fs::File::open(part)?, &mut target)?;
    }
    Ok(())
}
