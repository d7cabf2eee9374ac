//! The manifest: one object beside the files that lists them all. It is written last, so when it exists all files do.
//!
//! Its content is the same when the same archive is landed again, so a repeated landing does not change it.

use bucket::{Bucket, ObjectKey};
use bytes::Bytes;
use model::{
    Checksum, CompletedBy, Error, ErrorClass, Job, JobId, ManifestObject, MissingFile, ProviderJobId,
    ProviderName, StoredFile,
};
use serde::Serialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{manifest_entry::ManifestEntry, transfer_result::TransferResult};

/// The version of the manifest's format. An additional field does not change it.
const SCHEMA_VERSION: u32 = 1;
const JSON: &str = "application/json";

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
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_by: Option<CompletedBy>,
    archive: Option<ManifestArchive<'a>>,
    files: Vec<ManifestFile<'a>>,
    refused: Vec<RejectedFile<'a>>,
    missing: &'a [MissingFile],
    completeness: Completeness,
}

#[derive(Serialize)]
struct ManifestArchive<'a> {
    key: &'a str,
    bytes: u64,
    checksum: &'a Checksum,
    entries: u64,
}

#[derive(Serialize)]
struct ManifestFile<'a> {
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
struct RejectedFile<'a> {
    source_name: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Completeness {
    expected: Option<u64>,
    landed: u64,
    missing: Option<u64>,
}

/// Writes the manifest of a job, unless it exists. Replaces the manifest of an earlier round of the same job.
///
/// # Errors
/// [`ErrorClass::ObjectConflict`] if another one exists, or [`ErrorClass::StorageUnavailable`].
pub(super) async fn write_manifest(
    bucket: &Bucket,
    job: &Job,
    result: &TransferResult,
) -> Result<ManifestObject, Error> {
    let text = serialize_manifest(job, result)?;
    let key = ObjectKey::Manifest(job.provider.clone(), job.id);
    let path = bucket.object_key(&key);
    let bytes = match bucket.put_if_absent(&key, JSON, text.clone()).await {
        Ok(_) => text.len() as u64,
        Err(conflict) if conflict.class == ErrorClass::ObjectConflict => {
            let existing = bucket.get_object(&path).await?.unwrap_or_default();
            match lists_same_files(&existing, &text) {
                true => existing.len() as u64,
                false if is_of_earlier_round(&existing, job) => {
                    // In one write: until it has ended, a retry needs the earlier manifest to keep its files.
                    bucket.replace_object(&key, JSON, text.clone()).await?;
                    text.len() as u64
                }
                false => return Err(conflict),
            }
        }
        Err(error) => return Err(error),
    };
    Ok(ManifestObject { key: path, bytes })
}

/// Whether two manifests are equal apart from the provider job id, which may have become known between two landings.
fn lists_same_files(existing: &[u8], new: &[u8]) -> bool {
    let read = |text| {
        let mut manifest: Value = serde_json::from_slice(text).ok()?;
        manifest.as_object_mut()?.remove("provider_job_id");
        Some(manifest)
    };
    read(existing).is_some_and(|existing| Some(existing) == read(new))
}

/// Whether a manifest is of an earlier round of the job, which an operator has retried since.
fn is_of_earlier_round(existing: &[u8], job: &Job) -> bool {
    let existing: Option<Value> = serde_json::from_slice(existing).ok();
    let job_id = existing.as_ref().and_then(|manifest| manifest.get("job_id")).and_then(Value::as_str);
    job.retries.restarts > 0 && job_id == Some(job.id.to_string().as_str())
}

fn serialize_manifest(job: &Job, result: &TransferResult) -> Result<Bytes, Error> {
    let files: Vec<ManifestFile<'_>> = result.files.iter().filter_map(landed_file).collect();
    let refused: Vec<RejectedFile<'_>> = result.files.iter().filter_map(rejected_file).collect();
    let is_rejected =
        |file: &&ManifestEntry| file.is_counted() && matches!(file, ManifestEntry::Rejected { .. });
    let rejected = result.files.iter().filter(is_rejected).count() as u64;
    let landed = result.count.saturating_sub(rejected);
    let missing = result.expected.map(|expected| expected.saturating_sub(landed));
    let manifest = Manifest {
        schema_version: SCHEMA_VERSION,
        job_id: job.id,
        provider: &job.provider,
        kind: &job.kind,
        provider_job_id: job.provider_job_id.as_ref(),
        request: &job.request,
        created_at: job.created_at,
        completed_by: job.completed_by,
        archive: result.archive.as_ref().map(|archive| ManifestArchive {
            key: &archive.file.key,
            bytes: archive.file.bytes,
            checksum: &archive.file.checksum,
            entries: archive.entries,
        }),
        files,
        refused,
        missing: &job.missing,
        completeness: Completeness { expected: result.expected, landed, missing },
    };
    let not_serialized =
        |e| Error::new(ErrorClass::Internal, "the manifest cannot be serialized").with_source(e);
    let mut text = serde_json::to_vec_pretty(&manifest).map_err(not_serialized)?;
    text.push(b'\n');
    Ok(text.into())
}

fn landed_file(entry: &ManifestEntry) -> Option<ManifestFile<'_>> {
    let ManifestEntry::Landed { file, source_name, crc32, dimensions, details, .. } = entry else {
        return None;
    };
    Some(ManifestFile {
        file,
        crc32: crc32.map(|crc32| format!("{crc32:08x}")),
        source_name: source_name.as_deref(),
        width: dimensions.map(|dimensions| dimensions.width),
        height: dimensions.map(|dimensions| dimensions.height),
        details,
    })
}

fn rejected_file(entry: &ManifestEntry) -> Option<RejectedFile<'_>> {
    match entry {
        ManifestEntry::Rejected { source_name, reason, .. } => Some(RejectedFile { source_name, reason }),
        ManifestEntry::Landed { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use archive::ImageDimensions;
    use model::{Archive, ChecksumAlgorithm, JobEvent, JobOrigin, NewJob};
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
            expected_files: Some(3),
            metadata: None,
            unpack: None,
            origin: JobOrigin::Submitted,
        })
    }

    fn result() -> TransferResult {
        let archive = Archive { file: stored("archive.zip"), entries: 2, expected: Some(3) };
        TransferResult { archive: Some(archive), files: entries(), expected: Some(3), count: 2 }
    }

    fn entries() -> Vec<ManifestEntry> {
        let dimensions = Some(ImageDimensions { width: 300, height: 250 });
        let landed = ManifestEntry::Landed {
            file: stored("a.png"),
            source_name: Some("A/a.png".into()),
            crc32: Some(0xbeef),
            dimensions,
            details: Map::new(),
            counted: true,
        };
        vec![
            landed,
            ManifestEntry::Rejected { source_name: "b.png".into(), reason: "cut".into(), counted: true },
        ]
    }

    #[test]
    fn a_manifest_lists_all_files_and_is_the_same_each_time() {
        let manifest_bytes = serialize_manifest(&job(), &result()).expect("a manifest");
        assert_eq!(manifest_bytes, serialize_manifest(&job(), &result()).expect("a manifest"));
        let manifest: Value = serde_json::from_slice(&manifest_bytes).expect("JSON");
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
    fn a_provider_job_id_that_becomes_known_later_does_not_change_the_manifest() {
        let before = serialize_manifest(&job(), &result()).expect("a manifest");
        let mut known = job();
        known.apply(
            JobEvent::SubmissionAccepted { provider_job_id: ProviderJobId::new("t") },
            OffsetDateTime::UNIX_EPOCH,
        );
        let after = serialize_manifest(&known, &result()).expect("a manifest");
        assert!(before != after && lists_same_files(&before, &after));
        assert!(!is_of_earlier_round(&before, &known) && !is_of_earlier_round(b"", &known));
        known.retries.restarts = 1;
        assert!(
            is_of_earlier_round(&before, &known)
                && !is_of_earlier_round(b"{\"job_id\": \"another\"}", &known)
        );
        let fewer = TransferResult { files: vec![], ..result() };
        assert!(!lists_same_files(&before, &serialize_manifest(&job(), &fewer).expect("a manifest")));
        assert!(!lists_same_files(b"", &before) && !lists_same_files(b"{", b"{"));
    }
}
