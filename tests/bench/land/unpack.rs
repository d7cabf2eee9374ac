//! Unpacks one archive in S3 with the code that unpacks in production, and prints the cost.
//!
//! `cargo bench-unpack s3://bucket/key` lists the archive, uploads every file to the same bucket as a file of a new job, and
//! prints one line of JSON: `bytes` of all files, `seconds`, `mib_per_second`, `cpu_seconds` (user and system of the whole
//! process, start included), `peak_rss_mib`, `files`, and the `prefix` of their keys. Linux only. Reads the same environment
//! as `bench-land`, and runs on one thread.

mod cost;

use std::time::Instant;

use archive::{UnpackLimits, list_entries};
use bucket::{Bucket, ObjectKey};
use model::{ChecksumAlgorithm, Job, JobId, JobOrigin, NewJob, ProviderName};
use runtime::{AwsConfig, Environment, RuntimeError, init_logging};
use serde_json::{Value, json};
use webhook::landing::{
    archive::unpack::{EntryResult, UnpackRequest, unpack_archive},
    transfer::LandingProgress,
};

const NO_LIMITS: UnpackLimits = UnpackLimits {
    max_entries: u64::MAX,
    max_unpacked_bytes: u64::MAX,
    max_entry_bytes: u64::MAX,
    max_ratio: u64::MAX,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [archive] = &arguments[..] else { return Err("usage: bench-unpack s3://bucket/key".into()) };
    let object = archive.strip_prefix("s3://").and_then(|object| object.split_once('/'));
    let (bucket, key) =
        object.filter(|(_, key)| !key.is_empty()).ok_or("the archive is not s3://bucket/key")?;

    let environment = Environment::from_process();
    init_logging(&environment);
    let store = Bucket::new(
        &AwsConfig::new(&environment)?.streaming_config("S3"),
        bucket,
        "",
        ChecksumAlgorithm::Crc64Nvme,
    );
    let archive = ObjectKey::Literal(key.to_owned());

    let started = Instant::now();
    let job = new_job();
    let object = store.head_object(&archive).await?.ok_or("there is no object at the key")?;
    let listing = list_entries(object.bytes, |range| store.read_range(&archive, range), NO_LIMITS).await?;
    let request = UnpackRequest {
        bucket: &store,
        job: &job,
        archive: &archive,
        listing: &listing,
        is_retry: false,
        progress: &LandingProgress::default(),
    };
    let outcomes = unpack_archive(request).await?;
    let mut bytes = 0;
    for outcome in &outcomes {
        match &outcome.result {
            EntryResult::Landed { file, .. } => bytes += file.bytes,
            EntryResult::Rejected(why) => return Err(format!("{}: {why}", outcome.source_name).into()),
        }
    }
    let prefix = store.object_key(&ObjectKey::File(job.provider.clone(), job.id, String::new()));
    cost::report(bytes, started, json!({ "files": outcomes.len(), "prefix": prefix }))
}

fn new_job() -> Job {
    Job::new(NewJob {
        id: JobId::generate(),
        provider: ProviderName::new("bench"),
        kind: "export".to_owned(),
        request: Value::Null,
        expected_files: None,
        metadata: None,
        unpack: Some(true),
        origin: JobOrigin::Submitted,
    })
}
