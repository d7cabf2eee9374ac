//! Copies one URL to one object with the code that lands files in production, and prints the cost.
//!
//! `cargo bench-land URL s3://bucket/key` prints one line of JSON: `bytes`, `seconds`, `mib_per_second`, `cpu_seconds`
//! (user and system of the whole process, start included), `peak_rss_mib` and the object's `checksum`. Linux only.
//!
//! Like the worker it reads `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`,
//! `AWS_ENDPOINT_URL_S3` and `TRUSTED_CA_FILE` from the environment, and runs on one thread. The SSRF guard accepts the
//! origin of the given URL.

mod cost;

use std::time::Instant;

use bucket::{Bucket, ObjectKey, UploadOutcome};
use http_client::{Downloader, SsrfGuard, UrlOrigin};
use model::ChecksumAlgorithm;
use runtime::{AwsConfig, Environment, RuntimeError, init_logging, read_ca_bundle};
use serde_json::json;
use webhook::landing::transfer::{FileProgress, LandingProgress, TransferRequest, transfer_file};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, target] = &arguments[..] else { return Err("usage: bench-land URL s3://bucket/key".into()) };
    let object = target.strip_prefix("s3://").and_then(|object| object.split_once('/'));
    let (bucket, key) =
        object.filter(|(_, key)| !key.is_empty()).ok_or("the target is not s3://bucket/key")?;
    let origin = UrlOrigin::from_url(url).ok_or("the source is not a URL")?;

    let environment = Environment::from_process();
    init_logging(&environment);
    let store = Bucket::new(
        &AwsConfig::new(&environment)?.streaming_config("S3"),
        bucket,
        "",
        ChecksumAlgorithm::Crc64Nvme,
    );
    let guard = SsrfGuard::new([], [origin], "TRUSTED_ORIGINS");
    let downloader = Downloader::new(guard, u64::MAX, &read_ca_bundle(&environment)?)?;

    let (started, progress) = (Instant::now(), LandingProgress::default());
    let request = TransferRequest {
        downloader: &downloader,
        bucket: &store,
        url,
        key: &ObjectKey::Literal(key.to_owned()),
        check_start: &|_| Ok("application/octet-stream"),
        progress: &FileProgress::new(&progress),
    };
    match transfer_file(&request, None).await?.uploaded {
        UploadOutcome::Stored { bytes, checksum } => {
            cost::report(bytes, started, json!({ "checksum": checksum.value }))
        }
        UploadOutcome::AlreadyExists => Err("there is an object at the key already".into()),
    }
}
