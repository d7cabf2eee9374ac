//! Runs one job of each provider and prints its steps, from the request to the files in the bucket.

use std::time::{Duration, Instant};

use harness::{BUCKET, Stack};
use http::Method;
use serde_json::Value;

use crate::show;

/// Longer than any simulated provider takes.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Submits the jobs and polls each one until it ends. `all` runs every kind of work instead of one job of each provider.
///
/// # Errors
/// A job ends with another status than `stored`. The message contains the job's error.
pub(crate) async fn run(stack: &Stack, all: bool) -> Result<(), Box<dyn std::error::Error>> {
    for (provider, simulator) in &stack.simulators {
        let bodies = simulator.with(|simulator| {
            simulator.shorten_latencies();
            if all { simulator.example_jobs() } else { vec![simulator.demo_job()] }
        });
        for body in bodies {
            show::line(&format!("\nA job of {provider}:\n"));
            run_job(stack, &body).await?;
        }
    }
    Ok(())
}

async fn run_job(stack: &Stack, body: &Value) -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    let seconds = || start.elapsed().as_secs_f64();
    show::step(seconds(), &format!("POST /jobs {}", truncated_json(body)));
    let response = stack.http.json(Method::POST, &format!("{}/jobs", stack.submit.url), &[], body).await?;
    if !response.status().is_success() {
        return Err(format!("POST /jobs returned {}: {}", response.status(), response.body()).into());
    }
    let url =
        format!("{}{}", stack.submit.url, response.body()["links"]["self"].as_str().unwrap_or_default());
    show::step(
        seconds(),
        &format!("{}, job {}", response.status(), response.body()["job_id"].as_str().unwrap_or_default()),
    );
    let mut last = String::new();
    loop {
        let job = stack.http.json(Method::GET, &url, &[], &Value::Null).await?.into_body();
        let progress = describe_progress(&job);
        if progress != last {
            show::step(seconds(), &progress);
            last = progress;
        }
        match job["status"].as_str() {
            Some("stored") => return show_result(stack, &job).await,
            Some("failed" | "partial") => {
                return Err(format!("the job ended as {}: {}", job["status"], job["error"]["message"]).into());
            }
            _ if start.elapsed() > TIMEOUT => {
                return Err(format!("the job is still {}", job["status"]).into());
            }
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Describes the status of a job in one line.
fn describe_progress(job: &Value) -> String {
    let status = job["status"].as_str().unwrap_or_default();
    match (status, &job["transfer"], &job["provider_job_id"]) {
        ("rendering", ..) => match job["progress"].as_f64() {
            Some(percent) => format!("rendering: {percent} %"),
            None => "rendering".to_owned(),
        },
        ("submitted", _, Value::String(provider_job_id)) => {
            format!("submitted: the provider works on it as {provider_job_id}")
        }
        ("landing", Value::Object(transfer), _) => {
            let (done, total) = (show::size(&transfer["bytes"]), transfer.get("total_bytes").map(show::size));
            format!("landing: {done} of {}", total.as_deref().unwrap_or("an unknown length"))
        }
        _ => status.to_owned(),
    }
}

/// Prints the archive, its files and the manifest that lists them.
async fn show_result(stack: &Stack, job: &Value) -> Result<(), Box<dyn std::error::Error>> {
    if !job["result"].is_null() {
        show::line(&format!("\n  result: {}", truncated_json(&job["result"])));
        return Ok(());
    }
    let archive = &job["archive"];
    show::line("");
    if let Some(key) = archive["key"].as_str() {
        show::line(&format!("  s3://{BUCKET}/{key}"));
        let (size, entries) = (show::size(&archive["bytes"]), &archive["entries"]);
        show::line(&format!("    {size}, {entries} files, {}", checksum(archive)));
    }
    let Some(key) = job["manifest"]["key"].as_str() else { return Err("the job has no manifest".into()) };
    let manifest = stack.aws.s3.get_object().bucket(BUCKET).key(key).send().await?.body.collect().await?;
    let manifest: Value = serde_json::from_slice(&manifest.into_bytes())?;
    for file in manifest["files"].as_array().into_iter().flatten() {
        let text = |name: &str| file[name].as_str().unwrap_or_default();
        let dimensions = match (&file["width"], &file["height"]) {
            (Value::Number(width), Value::Number(height)) => format!(", {width} x {height}"),
            _ => String::new(),
        };
        show::line(&format!("  s3://{BUCKET}/{}", text("key")));
        show::line(&format!(
            "    {}, {}{dimensions}, {}",
            show::size(&file["bytes"]),
            text("content_type"),
            checksum(file)
        ));
    }
    show::line(&format!("  s3://{BUCKET}/{key}\n    {}", show::size(&job["manifest"]["bytes"])));
    Ok(())
}

fn checksum(file: &Value) -> String {
    let text = |name: &str| file["checksum"][name].as_str().unwrap_or_default().to_owned();
    format!("{} {}", text("algorithm"), text("value"))
}

fn truncated_json(body: &Value) -> String {
    let text = body.to_string();
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
