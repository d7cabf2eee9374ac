//! The manifest: one object beside the files that lists them all, written last. Who finds it finds everything.
//!
//! It holds nothing that would differ when the same archive is landed again, so landing twice writes it once.

use archive::ImageDimensions;
use bucket::{Bucket, Key};
use bytes::Bytes;
use model::{
    Checksum, Error, ErrorClass, Job, JobId, ManifestObject, Missing, ProviderJobId, ProviderName, StoredFile,
};
use serde::Serialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::landing::completeness::TransferResult;

/// The version of the manifest's form. Additions do not change it.
const SCHEMA_VERSION: u32 = 1;
const JSON: &str = "application/json";

/// A file that came, or the archive itself when it is not unpacked.
#[derive(Debug)]
pub(crate) enum ManifestEntry {
    /// It is in the bucket.
    Landed {
        /// The object.
        file: StoredFile,
        /// The name in the archive or at the provider.
        source_name: Option<String>,
        /// CRC-32 of the bytes.
        crc32: Option<u32>,
        /// Width and height of a picture.
        measures: Option<ImageDimensions>,
        /// What the provider says about it.
        details: Map<String, Value>,
        /// Whether it is one of the files that were asked for.
        counted: bool,
    },
    /// It is not.
    Refused {
        /// The name in the archive or at the provider.
        source_name: String,
        /// Why.
        reason: String,
        /// Whether it is one of the files that were asked for.
        counted: bool,
    },
}

impl ManifestEntry {
    /// The archive, as the one file of a job that is not unpacked.
    pub(crate) fn whole(file: StoredFile) -> Self {
        let details = Map::new();
        ManifestEntry::Landed { file, source_name: None, crc32: None, measures: None, details, counted: true }
    }

    /// Whether it is one of the files that were asked for.
    pub(crate) fn counted(&self) -> bool {
        match self {
            ManifestEntry::Landed { counted, .. } | ManifestEntry::Refused { counted, .. } => *counted,
        }
    }

    /// The object, if there is one.
    pub(crate) fn stored(self) -> Option<StoredFile> {
        match self {
            ManifestEntry::Landed { file, .. } => Some(file),
            ManifestEntry::Refused { .. } => None,
        }
    }
}

#[derive(Serialize)]
struct Manifest<'a> {
    schema_version: u32,
    job_id: JobId,
    provider: &'a ProviderName,
    kind: &'a str,
    provider_job_id: Option<&'a ProviderJobId>,
    request: &'a Value,
    #[serde(serialize_with = "model::utc_milliseconds")]
    created_at: OffsetDateTime,
    archive: Option<Packed<'a>>,
    files: Vec<File<'a>>,
    refused: Vec<Refused<'a>>,
    missing: &'a [Missing],
    completeness: Completeness,
}

#[derive(Serialize)]
struct Packed<'a> {
    key: &'a str,
    bytes: u64,
    checksum: &'a Checksum,
    entries: u64,
}

#[derive(Serialize)]
struct File<'a> {
    #[serde(flatten)]
    file: &'a StoredFile,
    #[serde(skip_serializing_if = "Option::is_none")]
    crc32: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    details: &'a Map<String, Value>,
}

#[derive(Serialize)]
struct Refused<'a> {
    source_name: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Completeness {
    expected: Option<u64>,
    landed: u64,
    missing: Option<u64>,
}

/// Writes the manifest of a job, unless it is there. One that tells of an earlier round of the same job gives way.
///
/// # Errors
/// [`ErrorClass::ObjectConflict`] if another one is there, or [`ErrorClass::StorageUnavailable`].
pub(crate) async fn write(
    objects: &Bucket,
    job: &Job,
    came: &TransferResult,
) -> Result<ManifestObject, Error> {
    let text = text(job, came)?;
    let key = Key::Manifest(job.provider.clone(), job.id);
    let path = objects.key(&key);
    let bytes = match objects.place(&key, JSON, text.clone()).await {
        Ok(_) => text.len() as u64,
        Err(conflict) if conflict.class == ErrorClass::ObjectConflict => {
            let there = objects.get(&path).await?.unwrap_or_default();
            match same(&there, &text) {
                true => there.len() as u64,
                false if replaces(&there, job) => {
                    // The bucket keeps the list of the round before as an older version.
                    objects.delete(&key).await?;
                    objects.place(&key, JSON, text.clone()).await?;
                    text.len() as u64
                }
                false => return Err(conflict),
            }
        }
        Err(error) => return Err(error),
    };
    Ok(ManifestObject { key: path, bytes })
}

/// Whether two manifests say the same of the files. The provider job id may have become known between two landings.
fn same(there: &[u8], ours: &[u8]) -> bool {
    let read = |text| {
        let mut manifest: Value = serde_json::from_slice(text).ok()?;
        manifest.as_object_mut()?.remove("provider_job_id");
        Some(manifest)
    };
    read(there).is_some_and(|there| Some(there) == read(ours))
}

/// Whether a manifest tells of an earlier round of the job, which an operator let land again.
fn replaces(there: &[u8], job: &Job) -> bool {
    let there: Option<Value> = serde_json::from_slice(there).ok();
    let of = there.as_ref().and_then(|there| there.get("job_id")).and_then(Value::as_str);
    job.retries.rounds > 0 && of == Some(job.id.to_string().as_str())
}

fn text(job: &Job, came: &TransferResult) -> Result<Bytes, Error> {
    let files: Vec<File<'_>> = came.files.iter().filter_map(file).collect();
    let refused: Vec<Refused<'_>> = came.files.iter().filter_map(refused).collect();
    let broken =
        came.files.iter().filter(|file| file.counted() && matches!(file, ManifestEntry::Refused { .. }));
    let landed = came.count.saturating_sub(broken.count() as u64);
    let missing = came.expected.map(|expected| expected.saturating_sub(landed));
    let manifest = Manifest {
        schema_version: SCHEMA_VERSION,
        job_id: job.id,
        provider: &job.provider,
        kind: &job.kind,
        provider_job_id: job.provider_job_id.as_ref(),
        request: &job.request,
        created_at: job.created_at,
        archive: came.archive.as_ref().map(|archive| Packed {
            key: &archive.file.key,
            bytes: archive.file.bytes,
            checksum: &archive.file.checksum,
            entries: archive.entries,
        }),
        files,
        refused,
        missing: &job.missing,
        completeness: Completeness { expected: came.expected, landed, missing },
    };
    let unwritten = |e| Error::new(ErrorClass::Internal, "the manifest cannot be written").with_source(e);
    let mut text = serde_json::to_vec_pretty(&manifest).map_err(unwritten)?;
    text.push(b'\n');
    Ok(text.into())
}

fn file(listed: &ManifestEntry) -> Option<File<'_>> {
    let ManifestEntry::Landed { file, source_name, crc32, measures, details, .. } = listed else {
        return None;
    };
    Some(File {
        file,
        crc32: crc32.map(|crc32| format!("{crc32:08x}")),
        source_name: source_name.as_deref(),
        width: measures.map(|measures| measures.width),
        height: measures.map(|measures| measures.height),
        details,
    })
}

fn refused(listed: &ManifestEntry) -> Option<Refused<'_>> {
    match listed {
        ManifestEntry::Refused { source_name, reason, .. } => Some(Refused { source_name, reason }),
        ManifestEntry::Landed { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use model::{Archive, ChecksumAlgorithm, Event, NewJob, Origin};
    use serde_json::json;

    use super::*;

    fn stored(name: &str) -> StoredFile {
        let checksum = Checksum { algorithm: ChecksumAlgorithm::Crc64Nvme, value: "AAAAAAAAAAA=".into() };
        StoredFile {
            name: name.into(),
            key: format!("p/{name}"),
            bytes: 7,
            content_type: "image/png".into(),
            checksum,
        }
    }

    fn job() -> Job {
        Job::new(NewJob {
            id: "0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a".parse().expect("an id"),
            provider: ProviderName::new("abyssale"),
            kind: "export".into(),
            request: json!({ "banner_ids": ["b"] }),
            expected: Some(3),
            metadata: None,
            unpack: None,
            origin: Origin::Submitted,
        })
    }

    fn came() -> TransferResult {
        let archive = Archive { file: stored("archive.zip"), entries: 2, expected: Some(3) };
        TransferResult { archive: Some(archive), files: listed(), expected: Some(3), count: 2 }
    }

    fn listed() -> Vec<ManifestEntry> {
        let measures = Some(ImageDimensions { width: 300, height: 250 });
        let landed = ManifestEntry::Landed {
            file: stored("a.png"),
            source_name: Some("A/a.png".into()),
            crc32: Some(0xbeef),
            measures,
            details: Map::new(),
            counted: true,
        };
        vec![
            landed,
            ManifestEntry::Refused { source_name: "b.png".into(), reason: "cut".into(), counted: true },
        ]
    }

    #[test]
    fn a_manifest_says_everything_and_the_same_each_time() {
        let once = text(&job(), &came()).expect("a manifest");
        assert_eq!(once, text(&job(), &came()).expect("a manifest"));
        let manifest: Value = serde_json::from_slice(&once).expect("JSON");
        assert_eq!(manifest["schema_version"], 1);
        assert_eq!(manifest["created_at"], "2024-10-28T10:51:22.778Z");
        assert_eq!(manifest["archive"]["entries"], 2);
        let file = json!({
            "name": "a.png", "key": "p/a.png", "bytes": 7, "content_type": "image/png",
            "checksum": { "algorithm": "CRC64NVME", "value": "AAAAAAAAAAA=" },
            "crc32": "0000beef", "source_name": "A/a.png", "width": 300, "height": 250,
        });
        assert_eq!(manifest["files"], json!([file]));
        assert_eq!(manifest["refused"], json!([{ "source_name": "b.png", "reason": "cut" }]));
        assert_eq!(manifest["completeness"], json!({ "expected": 3, "landed": 1, "missing": 2 }));
    }

    #[test]
    fn a_provider_job_id_that_came_later_makes_no_other_manifest() {
        let before = text(&job(), &came()).expect("a manifest");
        let mut known = job();
        known.apply(Event::Accepted { provider_job_id: ProviderJobId::new("t") }, OffsetDateTime::UNIX_EPOCH);
        let after = text(&known, &came()).expect("a manifest");
        assert!(before != after && same(&before, &after));
        assert!(!replaces(&before, &known) && !replaces(b"", &known));
        known.retries.rounds = 1;
        assert!(replaces(&before, &known) && !replaces(b"{\"job_id\": \"another\"}", &known));
        let fewer = TransferResult { files: vec![], ..came() };
        assert!(!same(&before, &text(&job(), &fewer).expect("a manifest")));
        assert!(!same(b"", &before) && !same(b"{", b"{"));
    }
}
