//! What this process cost so far. Linux only.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use runtime::RuntimeError;
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

/// Prints one line of JSON: `bytes` as given, `seconds` since `started`, `mib_per_second`, `cpu_seconds` (user and
/// system of the whole process, start included), `peak_rss_mib`, and `more`.
pub(crate) fn report(bytes: u64, started: Instant, more: Value) -> Result<(), RuntimeError> {
    let took = started.elapsed();
    let rounded = |value: f64| (value * 1000.0).round() / 1000.0;
    #[expect(clippy::cast_precision_loss, reason = "a rate is no exact number")]
    let mib = bytes as f64 / 1024.0 / 1024.0;
    let cpu = Duration::try_from(clock_gettime(ClockId::ProcessCPUTime))?;
    let mut report = json!({
        "bytes": bytes,
        "seconds": rounded(took.as_secs_f64()),
        "mib_per_second": rounded(mib / took.as_secs_f64()),
        "cpu_seconds": rounded(cpu.as_secs_f64()),
        "peak_rss_mib": rounded(peak_rss_mib()?),
    });
    if let (Some(report), Value::Object(more)) = (report.as_object_mut(), more) {
        report.extend(more);
    }
    Ok(writeln!(std::io::stdout(), "{report}")?)
}

/// The most memory that this process ever held.
fn peak_rss_mib() -> Result<f64, RuntimeError> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .ok_or("the kernel does not tell VmHWM")?;
    Ok(line.trim_end_matches("kB").trim().parse::<f64>()? / 1024.0)
}
