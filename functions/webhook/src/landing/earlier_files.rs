//! The files that an earlier round of a job landed, before an operator retried it and its items were read one by one.
//!
//! They stay: the new manifest lists them, and what is there by its name is not downloaded again.

use archive::{ImageDimensions, safe_file_names};
use bucket::ObjectKey;
use model::{Archive, Checksum, Error, Source, SourceRole, StoredFile};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    landing_context::LandingContext, manifest_entry::ManifestEntry, source_name::source_name,
    transfer_result::TransferResult,
};
use crate::{file_names::FileNames, provider_of_job::find_job_provider};

/// The files of the earlier rounds.
#[derive(Debug, Default)]
pub(super) struct EarlierFiles {
    archive: Option<Archive>,
    landed: Vec<EarlierFile>,
    rejected: Vec<EarlierRejection>,
}

/// The manifest of the earlier rounds.
#[derive(Debug, Default, Deserialize)]
struct EarlierManifest {
    #[serde(default)]
    files: Vec<EarlierFile>,
    #[serde(default)]
    refused: Vec<EarlierRejection>,
}

#[derive(Debug, Deserialize)]
struct EarlierFile {
    #[serde(flatten)]
    file: StoredFile,
    #[serde(default)]
    crc32: Option<String>,
    #[serde(default)]
    source_name: Option<String>,
    #[serde(default)]
    width: Option<u32>,
    #[serde(default)]
    height: Option<u32>,
    #[serde(default)]
    details: Map<String, Value>,
    /// Whether it is the file of one of the new sources.
    #[serde(skip)]
    is_matched: bool,
    /// Whether it belongs to another file.
    #[serde(skip)]
    is_companion: bool,
}

#[derive(Debug, Deserialize)]
struct EarlierRejection {
    source_name: String,
    reason: String,
}

impl EarlierFiles {
    /// Loads the files of a job whose items were read after a retry. Returns the sources whose files are not among them.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub(super) async fn load(
        context: &LandingContext<'_>,
        sources: &[Source],
    ) -> Result<(Self, Vec<Source>), Error> {
        let LandingContext { clients, job, .. } = context;
        let is_first_round = job.retries.restarts == 0 || job.manifest.is_none();
        if is_first_round || find_job_provider(job)?.items(job).is_empty() {
            return Ok((Self::default(), sources.to_vec()));
        }
        let key = ObjectKey::Manifest(job.provider.clone(), job.id);
        let text = clients.bucket.get_object(&clients.bucket.object_key(&key)).await?;
        let manifest: EarlierManifest = serde_json::from_slice(&text.unwrap_or_default()).unwrap_or_default();
        Ok(Self::compare(job.archive.clone(), manifest, sources))
    }

    /// Compares the files with the sources by their names.
    fn compare(
        archive: Option<Archive>,
        manifest: EarlierManifest,
        sources: &[Source],
    ) -> (Self, Vec<Source>) {
        let EarlierManifest { files: mut landed, refused: rejected } = manifest;
        let is_companion = |source: &&Source| source.role == SourceRole::Companion;
        let names: Vec<String> = sources.iter().map(source_name).collect();
        let mut wanted: FileNames = names.iter().map(String::as_str).collect();
        let companions: Vec<String> = sources.iter().filter(is_companion).map(source_name).collect();
        let mut companions: FileNames = companions.iter().map(String::as_str).collect();
        for file in &mut landed {
            let name = file.source_name.as_deref().unwrap_or(&file.file.name);
            file.is_matched = wanted.take(name);
            file.is_companion = companions.take(name);
        }
        let mut present: FileNames =
            landed.iter().map(|file| file.source_name.as_deref().unwrap_or(&file.file.name)).collect();
        let new = |(source, name): (&Source, &String)| (!present.take(name)).then(|| source.clone());
        let new_sources = sources.iter().zip(&names).filter_map(new).collect();
        (Self { archive, landed, rejected }, new_sources)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.archive.is_none() && self.landed.is_empty() && self.rejected.is_empty()
    }

    /// The safe names of the new sources, none of which is the name of an earlier file.
    pub(super) fn safe_names(&self, sources: &[Source]) -> Vec<String> {
        let earlier = self.landed.iter().map(|file| file.file.name.clone());
        let mut names = safe_file_names(earlier.chain(sources.iter().map(source_name)));
        names.split_off(self.landed.len())
    }

    /// Adds the new files to the earlier ones.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub(super) async fn merge(
        self,
        context: &LandingContext<'_>,
        new: Vec<ManifestEntry>,
    ) -> Result<TransferResult, Error> {
        let new = self.remove_repeated(context, new).await?;
        let Self { archive, landed, rejected } = self;
        let is_archive =
            |file: &EarlierFile| archive.as_ref().is_some_and(|archive| archive.file.key == file.file.key);
        let is_packed = landed.iter().any(is_archive);
        let mut replaced: FileNames = new.iter().filter_map(entry_name).collect();
        let rejected = rejected.into_iter().filter(|rejection| !replaced.take(&rejection.source_name)).map(
            |EarlierRejection { source_name, reason }| ManifestEntry::Rejected {
                source_name,
                reason,
                counted: true,
            },
        );
        let rejected: Vec<ManifestEntry> = rejected.collect();
        let files: Vec<ManifestEntry> =
            landed.into_iter().map(ManifestEntry::from).chain(new).chain(rejected).collect();
        let counted = files.iter().filter(|entry| entry.is_counted()).count() as u64;
        // The files in an archive that is not unpacked cannot be compared with the others.
        let (packed, single) = match &archive {
            Some(archive) if is_packed => (archive.entries, counted.saturating_sub(1)),
            Some(_) | None => (0, counted),
        };
        let count = packed.max(single);
        let job = context.job;
        let promised = if archive.is_some() { 0 } else { count + job.missing.len() as u64 };
        let expected = Some(job.expected_files.unwrap_or(0).max(promised)).filter(|expected| *expected > 0);
        Ok(TransferResult { archive, files, expected, count })
    }

    /// Removes new files that are the same as earlier files of another name. The provider may name the files of an archive
    /// otherwise.
    async fn remove_repeated(
        &self,
        context: &LandingContext<'_>,
        new: Vec<ManifestEntry>,
    ) -> Result<Vec<ManifestEntry>, Error> {
        let unmatched = self.landed.iter().filter(|file| !file.is_matched);
        let mut contents: Vec<(u64, &Checksum)> =
            unmatched.map(|file| (file.file.bytes, &file.file.checksum)).collect();
        let mut kept = vec![];
        for entry in new {
            let same = match &entry {
                ManifestEntry::Landed { file, .. } => {
                    contents.iter().position(|content| *content == (file.bytes, &file.checksum))
                }
                ManifestEntry::Rejected { .. } => None,
            };
            match (same, &entry) {
                (Some(same), ManifestEntry::Landed { file, .. }) => {
                    contents.swap_remove(same);
                    let job = context.job;
                    let key = ObjectKey::File(job.provider.clone(), job.id, file.name.clone());
                    context.clients.bucket.delete_object(&key).await?;
                }
                _ => kept.push(entry),
            }
        }
        Ok(kept)
    }
}

/// The provider's name of a file.
fn entry_name(entry: &ManifestEntry) -> Option<&str> {
    match entry {
        ManifestEntry::Landed { source_name, .. } => source_name.as_deref(),
        ManifestEntry::Rejected { source_name, .. } => Some(source_name),
    }
}

impl From<EarlierFile> for ManifestEntry {
    fn from(earlier: EarlierFile) -> Self {
        let EarlierFile { file, crc32, source_name, width, height, details, is_companion, .. } = earlier;
        let dimensions = width.zip(height).map(|(width, height)| ImageDimensions { width, height });
        let crc32 = crc32.and_then(|crc32| u32::from_str_radix(&crc32, 16).ok());
        ManifestEntry::Landed { file, source_name, crc32, dimensions, details, counted: !is_companion }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::json;

    use super::*;

    fn earlier(name: &str, source_name: &str) -> Value {
        json!({
            "name": name, "key": format!("p/files/{name}"), "bytes": 7, "content_type": "image/png",
            "checksum": { "algorithm": "CRC64NVME", "value": "AAAAAAAAAAA=" }, "crc32": "0000beef",
            "source_name": source_name, "width": 3, "height": 2,
        })
    }

    fn source(name: &str) -> Source {
        Source { role: SourceRole::File, name: Some(name.into()), ..Source::archive("https://h/x") }
    }

    #[test]
    fn only_sources_without_an_earlier_file_are_new_and_their_names_are_free() {
        let manifest = json!({ "files": [earlier("A/a.png", "A/a.png"), earlier("x.png", "x.png")] });
        let manifest = serde_json::from_value(manifest).expect("a manifest");
        let sources = ["a.png", "b.png", "A.png"].map(source);
        let (files, new) = EarlierFiles::compare(None, manifest, &sources);
        let names: Vec<String> = new.iter().map(source_name).collect();
        assert_eq!(names, ["b.png", "A.png"]);
        assert_eq!(files.safe_names(&[source("x.png"), source("y.png")]), ["x (2).png", "y.png"]);
        let unmatched: HashSet<&str> =
            files.landed.iter().filter(|file| !file.is_matched).map(|file| &*file.file.name).collect();
        assert_eq!(unmatched, HashSet::from(["x.png"]));
    }
}
