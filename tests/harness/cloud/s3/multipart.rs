//! Multipart uploads: parts are files of their own until the upload is completed or aborted.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use s3s::dto::CompletedPart;
use s3s::{S3Error, S3Result, s3_error};
use serde::{Deserialize, Serialize};

use super::super::snapshot;
use super::checksum::{Algorithm, Kind, Stored, Value, given_checksums, of_parts};
use super::object::{Attributes, now_millis};
use super::receive::{Received, hex};
use super::store::{State, Store};

/// S3 refuses smaller parts, except the last.
const MIN_PART_BYTES: u64 = 5 * 1024 * 1024;

/// An upload that is neither completed nor aborted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) id: String,
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) initiated_millis: u64,
    pub(super) attributes: Attributes,
    /// What the client asked for; without it S3 keeps CRC64NVME of the whole object.
    pub(super) asked: Option<(Algorithm, Kind)>,
    #[serde(skip)]
    pub(super) parts: BTreeMap<i32, Part>,
}

/// A part that was received.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) number: i32,
    pub(super) size: u64,
    pub(super) md5: [u8; 16],
    pub(super) checksum: Value,
    pub(super) modified_millis: u64,
    file: String,
}

impl Part {
    pub(super) fn etag(&self) -> String {
        hex(&self.md5)
    }
}

impl Upload {
    /// Algorithm and kind of the finished object's checksum.
    pub(super) fn checksum(&self) -> (Algorithm, Kind) {
        self.asked.unwrap_or((Algorithm::Crc64Nvme, Kind::FullObject))
    }

    /// A part may bring no checksum, but not one of another algorithm than was announced.
    pub(super) fn check_algorithm(&self, given: Option<Algorithm>) -> S3Result<()> {
        match (self.asked, given) {
            (Some((asked, _)), Some(given)) if asked != given => Err(s3_error!(
                InvalidRequest,
                "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                asked.name().to_ascii_lowercase(),
                given.name().to_ascii_lowercase()
            )),
            _ => Ok(()),
        }
    }

    /// Checks the list that the client completes with and picks the parts it names.
    pub(super) fn chosen_parts(&self, list: &[CompletedPart]) -> S3Result<Vec<Part>> {
        if list.is_empty() {
            return Err(s3_error!(MalformedXML, "You must specify at least one part"));
        }
        let number = |part: &CompletedPart| part.part_number.unwrap_or_default();
        if !list.is_sorted_by(|one, next| number(one) < number(next)) {
            return Err(s3_error!(InvalidPartOrder, "The list of parts was not in ascending order."));
        }
        let chosen = list.iter().map(|entry| self.chosen_part(entry)).collect::<S3Result<Vec<_>>>()?;
        let all_but_last = &chosen[..chosen.len() - 1];
        if all_but_last.iter().any(|part| part.size < MIN_PART_BYTES) {
            let message = "Your proposed upload is smaller than the minimum allowed size";
            return Err(s3_error!(EntityTooSmall, "{message}"));
        }
        Ok(chosen)
    }

    fn chosen_part(&self, entry: &CompletedPart) -> S3Result<Part> {
        let number = entry.part_number.unwrap_or_default();
        let given = given_checksums!(entry);
        if given.is_empty() && matches!(self.asked, Some((_, Kind::Composite))) {
            return Err(s3_error!(
                InvalidRequest,
                "The complete request must include the checksum for each part. It was missing for part {number}."
            ));
        }
        let part = self.parts.get(&number).filter(|part| {
            entry.e_tag.as_ref().is_some_and(|etag| etag.value() == part.etag())
                && given.iter().all(|value| self.agrees(part, value))
        });
        part.cloned()
            .ok_or_else(|| s3_error!(InvalidPart, "One or more of the specified parts could not be found."))
    }

    /// Without an announced algorithm a part may have been sent, and so be listed, with any.
    fn agrees(&self, part: &Part, value: &Value) -> bool {
        *value == part.checksum || (self.asked.is_none() && value.algorithm != part.checksum.algorithm)
    }

    /// ETag and checksum of the object that these parts make.
    pub(super) fn digests(&self, parts: &[Part]) -> S3Result<(String, Stored)> {
        use s3s::crypto::{Checksum as _, Md5};
        let md5s: Vec<u8> = parts.iter().flat_map(|part| part.md5).collect();
        let etag = format!("{}-{}", hex(&Md5::checksum(&md5s)), parts.len());
        let values: Vec<_> = parts.iter().map(|part| (part.checksum.clone(), part.size)).collect();
        let (algorithm, kind) = self.checksum();
        Ok((etag, of_parts(algorithm, kind, &values)?))
    }

    /// The uploads that were open when the store was last used.
    pub(super) fn load_all(folder: &Path) -> io::Result<BTreeMap<String, Self>> {
        let mut uploads = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let folder = entry?.path();
            let Some(mut upload) = snapshot::load::<Self>(&folder.join("upload.json"))? else {
                continue;
            };
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if name.starts_with("part-")
                    && name.ends_with(".json")
                    && let Some(part) = snapshot::load::<Part>(&path)?
                {
                    upload.parts.insert(part.number, part);
                }
            }
            uploads.insert(upload.id.clone(), upload);
        }
        Ok(uploads)
    }
}

impl State {
    /// The upload, if it is of this bucket and key.
    pub(super) fn upload(&mut self, bucket: &str, key: &str, id: &str) -> S3Result<&mut Upload> {
        let upload = self.uploads.get_mut(id);
        upload.filter(|upload| upload.bucket == bucket && upload.key == key).ok_or_else(|| {
            s3_error!(
                NoSuchUpload,
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
            )
        })
    }
}

impl Store {
    /// Opens an upload.
    pub(super) fn begin_upload(&self, upload: Upload) -> S3Result<()> {
        let folder = self.upload_folder(&upload.id);
        let mut state = self.lock();
        state.bucket(&upload.bucket)?;
        fs::create_dir_all(&folder).map_err(S3Error::internal_error)?;
        snapshot::save(&folder.join("upload.json"), &upload).map_err(S3Error::internal_error)?;
        state.uploads.insert(upload.id.clone(), upload);
        Ok(())
    }

    /// Adds a received part, in place of an older one of the same number.
    pub(super) fn add_part(
        &self,
        (bucket, key, id): (&str, &str, &str),
        number: i32,
        received: Received,
    ) -> S3Result<Part> {
        let mut state = self.lock();
        let upload = state.upload(bucket, key, id)?;
        let folder = self.upload_folder(id);
        let part = Part {
            number,
            size: received.size,
            md5: received.md5,
            checksum: received.checksum(upload.checksum().0)?,
            modified_millis: now_millis(),
            file: format!("{}.data", uuid::Uuid::now_v7().simple()),
        };
        received.file.keep_as(&folder.join(&part.file)).map_err(S3Error::internal_error)?;
        let record = folder.join(format!("part-{number:05}.json"));
        snapshot::save(&record, &part).map_err(S3Error::internal_error)?;
        if let Some(old) = upload.parts.insert(number, part.clone()) {
            // A leftover would only take space until the upload ends.
            let _ = fs::remove_file(folder.join(old.file));
        }
        Ok(part)
    }

    /// Forgets an upload and its parts.
    pub(super) fn end_upload(&self, state: &mut State, id: &str) {
        let folder = self.upload_folder(id);
        // The record goes first: a folder without one is no upload, even if the rest stays.
        let _ = fs::remove_file(folder.join("upload.json"));
        let _ = fs::remove_dir_all(&folder);
        state.uploads.remove(id);
    }

    /// Where the bytes of these parts are.
    pub(super) fn part_files(&self, id: &str, parts: &[Part]) -> Vec<PathBuf> {
        let folder = self.upload_folder(id);
        parts.iter().map(|part| folder.join(&part.file)).collect()
    }
}

/// Copies the parts into one file, by the kernel where it can.
pub(super) fn concatenate(parts: &[PathBuf], target: &Path) -> io::Result<()> {
    let mut target = fs::File::create(target)?;
    for part in parts {
        io::copy(&mut fs::File::open(part)?, &mut target)?;
    }
    Ok(())
}
