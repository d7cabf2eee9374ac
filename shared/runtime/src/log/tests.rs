//! The content of log lines, and which lines are written.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tracing::Instrument;

use super::*;

/// A log in memory.
#[derive(Clone, Default)]
pub(crate) struct MemoryLog(Arc<Mutex<Vec<u8>>>);

impl io::Write for MemoryLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines that `writes` logs at a level.
pub(crate) fn lines(level: &str, writes: impl FnOnce()) -> Vec<Value> {
    lines_with(&[("LOG_LEVEL", level)], writes)
}

/// The lines that `writes` logs with these settings in the stack `spring`.
pub(crate) fn lines_with(settings: &[(&str, &str)], writes: impl FnOnce()) -> Vec<Value> {
    let log = MemoryLog::default();
    let written = log.clone();
    let environment = Environment::new(settings.iter().copied().chain([("STACK_NAME", "spring")]));
    tracing::subscriber::with_default(log_subscriber(&environment, move || written.clone()), writes);
    let bytes = log.0.lock().expect("no panic").clone();
    let text = String::from_utf8(bytes).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn a_line_is_flat_and_has_the_fields_that_lambda_requires() {
    let lines = lines("info", || tracing::warn!(bytes = 7, whole = true, share = 0.5, "cut off"));
    let line = lines.first().expect("a line");
    assert_eq!((&line["level"], &line["message"]), (&json!("WARN"), &json!("cut off")));
    assert_eq!((&line["bytes"], &line["whole"], &line["share"]), (&json!(7), &json!(true), &json!(0.5)));
    let time = line["timestamp"].as_str().expect("a text");
    assert!(OffsetDateTime::parse(time, &Rfc3339).is_ok(), "{time}");
    assert_eq!(line.get("_aws"), None);
}

#[test]
fn a_line_has_the_fields_of_every_span_around_it_and_inner_ones_take_precedence() {
    let lines = lines("error", || {
        let outer = tracing::info_span!("invocation", request_id = "r", job_id = tracing::field::Empty);
        let _entered = outer.enter();
        tracing::error!("before");
        outer.record("job_id", "outer");
        let inner = tracing::info_span!("job", job_id = "inner");
        inner.in_scope(|| tracing::error!("within"));
        tracing::error!("after");
    });
    let ids: Vec<_> =
        lines.iter().map(|line| (line["request_id"].as_str(), line["job_id"].as_str())).collect();
    assert_eq!(ids, [(Some("r"), None), (Some("r"), Some("inner")), (Some("r"), Some("outer"))]);
}

#[test]
fn lower_levels_apply_to_our_own_crates_only() {
    for target in ["lambda_runtime", "aws_smithy_runtime::client", "hyper_util"] {
        assert!(!is_own_crate(target), "{target}");
    }
    let lines = lines("trace", || {
        tracing::trace!(target: "webhook::landing", "ours");
        tracing::info!(target: "hyper_util", "a whole request");
        tracing::warn!(target: "hyper_util", "a failure");
    });
    assert_eq!(lines.iter().map(|line| &line["message"]).collect::<Vec<_>>(), ["ours", "a failure"]);
}

#[test]
fn metrics_are_written_at_every_log_level() {
    let lines = lines("error", || {
        tracing::info!("quiet");
        tracing::warn!(target: "hyper_util", "quiet, too");
        tracing::info!(metric = "JobsStored", count = 1, "job stored");
    });
    assert_eq!(lines.iter().map(|line| &line["message"]).collect::<Vec<_>>(), ["job stored"]);
}

#[test]
fn lines_of_an_invocation_have_its_request_id_and_job_id() {
    let id = model::JobId::generate();
    let invocation = crate::InvocationContext {
        request_id: "r-1".into(),
        trace: "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1".parse().ok(),
    };
    let lines = lines("info", || {
        let work = invocation.run(async {
            crate::record_job_id(id);
            tracing::info!("done");
            async { tracing::info!("of another job") }.instrument(crate::work_item_span()).await;
            assert!(crate::current_trace().is_some_and(|trace| trace.is_sampled()));
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(work);
    });
    assert_eq!(lines.len(), 2);
    for line in lines {
        assert_eq!((&line["request_id"], &line["job_id"]), (&json!("r-1"), &json!(id.to_string())));
        assert_eq!(line["trace_id"], "1-5759e988-bd862e3fe1be46a994272793");
    }
}
