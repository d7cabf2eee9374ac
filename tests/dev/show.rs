//! Prints the output of the local runner.

use harness::Stack;
use serde_json::Value;

/// Prints a line to standard output.
#[expect(clippy::print_stdout, reason = "standard output is the interface of a terminal program")]
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// Prints a step of the demonstration, with the seconds since its start.
pub(crate) fn step(seconds: f64, text: &str) {
    line(&format!("  {seconds:5.1} s  {text}"));
}

/// Prints the error that ends the run.
pub(crate) fn failure(reason: &str) {
    line(&format!("\nfailed: {reason}"));
}

/// Prints the addresses of the stack.
pub(crate) fn started(stack: &Stack) {
    let described = stack.describe();
    let text = |name: &str| described[name].as_str().unwrap_or_default();
    line("Landfall is running on this machine.\n");
    for (what, name) in [
        ("submit API", "submit_url"),
        ("webhook API", "webhook_url"),
        ("S3", "s3_endpoint"),
        ("DynamoDB", "dynamodb_endpoint"),
        ("SQS, Secrets Manager, Lambda", "aws_endpoint"),
        ("data", "data_dir"),
    ] {
        line(&format!("  {what:<30} {}", text(name)));
    }
    for (provider, simulator) in described["providers"].as_object().into_iter().flatten() {
        let text = |name: &str| simulator[name].as_str().unwrap_or_default();
        line(&format!("  {:<30} {}", format!("simulator of {provider}"), text("api_url")));
        line(&format!("  {:<30} {}", "  its control", text("admin_url")));
    }
}

/// Formats a size for people.
pub(crate) fn size(bytes: &Value) -> String {
    let bytes = bytes.as_u64().unwrap_or_default();
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
