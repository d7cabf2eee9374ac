//! Copies one URL into one object with the code that lands files in production, and tells what it cost.
//!
//! `cargo bench-land URL s3://bucket/key` prints one line of JSON: `bytes`, `seconds`, `mib_per_second`, `cpu_seconds`
//! (user and system of the whole process, start included), `peak_rss_mib` and the object's `checksum`. Linux only.
//!
//! Like the worker it reads `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`,
//! `AWS_ENDPOINT_URL_S3` and `TRUSTED_CA_FILE` from the environment, and runs on one thread. The download guard lets
//! the given URL's origin through: whoever types it means it.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use lambda::{Aws, Environment, Error, start_log, trusted_ca};
use model::ChecksumAlgorithm;
use objects::{Key, Objects, Uploaded};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;
use transport::{Downloader, Guard, Origin};
use webhook::transfer::{Meter, Transfer};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, target] = &arguments[..] else { return Err("usage: bench-land URL s3://bucket/key".into()) };
    let object = target.strip_prefix("s3://").and_then(|object| object.split_once('/'));
    let (bucket, key) =
        object.filter(|(_, key)| !key.is_empty()).ok_or("the target is not s3://bucket/key")?;
    let origin = Origin::of(url).ok_or("the source is not a URL")?;

    let environment = Environment::of_process();
    start_log(&environment);
    let objects =
        Objects::new(&Aws::new(&environment)?.streaming("S3"), bucket, "", ChecksumAlgorithm::Crc64Nvme);
    let guard = Guard::new([], [origin], "TRUSTED_ORIGINS");
    let downloader = Downloader::new(guard, u64::MAX, &trusted_ca(&environment)?)?;

    let (started, meter) = (Instant::now(), Meter::default());
    let transfer = Transfer {
        downloader: &downloader,
        objects: &objects,
        url,
        key: &Key::Named(key.to_owned()),
        judge: &|_| Ok("application/octet-stream"),
        tally: &meter.tally(),
    };
    match transfer.run(None).await?.uploaded {
        Uploaded::Stored { bytes, checksum } => report(bytes, &checksum.value, started.elapsed()),
        Uploaded::AlreadyThere => Err("there is an object at the key already".into()),
    }
}

fn report(bytes: u64, checksum: &str, took: Duration) -> Result<(), Error> {
    let rounded = |value: f64| (value * 1000.0).round() / 1000.0;
    #[expect(clippy::cast_precision_loss, reason = "a rate is no exact number")]
    let mib = bytes as f64 / 1024.0 / 1024.0;
    let cpu = Duration::try_from(clock_gettime(ClockId::ProcessCPUTime))?;
    let report = json!({
        "bytes": bytes,
        "seconds": rounded(took.as_secs_f64()),
        "mib_per_second": rounded(mib / took.as_secs_f64()),
        "cpu_seconds": rounded(cpu.as_secs_f64()),
        "peak_rss_mib": rounded(peak_rss_mib()?),
        "checksum": checksum,
    });
    Ok(writeln!(std::io::stdout(), "{report}")?)
}

/// The most memory that this process ever held.
fn peak_rss_mib() -> Result<f64, Error> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .ok_or("the kernel does not tell VmHWM")?;
    Ok(line.trim_end_matches("kB").trim().parse::<f64>()? / 1024.0)
}
