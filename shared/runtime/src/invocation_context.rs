//! The context of an invocation: the fields of its log lines and its trace.

use model::{JobId, TraceHeader};
use tracing::{Instrument, Span, field::Empty};

tokio::task_local! {
    static TRACE: Option<TraceHeader>;
    static REQUEST_ID: String;
}

/// The ids of an invocation.
#[derive(Debug, Clone)]
pub struct InvocationContext {
    /// The request id of Lambda.
    pub request_id: String,
    /// The trace of the invocation, from `X-Amzn-TraceHeader-Id`.
    pub trace: Option<TraceHeader>,
}

impl InvocationContext {
    /// Runs the work of the invocation in its context. Its log lines have `request_id` and `trace_id`, and `job_id` and
    /// `provider` once they are set.
    pub async fn run<F: Future>(self, work: F) -> F::Output {
        let trace_id = self.trace.as_ref().map(TraceHeader::trace_id);
        let request_id = &*self.request_id;
        let span = tracing::info_span!("invocation", request_id, trace_id, job_id = Empty, provider = Empty);
        let work = TRACE.scope(self.trace, work.instrument(span));
        REQUEST_ID.scope(self.request_id, work).await
    }
}

/// The request id of the current invocation. It identifies the event: repeated attempts of an asynchronous event have the
/// same request id (AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes",
/// `Lambda-Runtime-Invocation-Id`: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).
pub fn current_request_id() -> Option<String> {
    REQUEST_ID.try_with(Clone::clone).ok()
}

/// The trace of the current invocation.
pub fn current_trace() -> Option<TraceHeader> {
    TRACE.try_with(Clone::clone).ok().flatten()
}

/// A span for one work item of an invocation with its own job: a message of a batch, or a job of the sweep.
pub fn work_item_span() -> Span {
    tracing::info_span!("work_item_span", job_id = Empty, provider = Empty)
}

/// Sets the field `job_id` of the following log lines of the current work item or invocation.
pub fn record_job_id(job: JobId) {
    Span::current().record("job_id", tracing::field::display(job));
}

/// Sets the field `provider` of the following log lines. It is a dimension of metrics, so it must be a known provider.
pub fn record_provider(provider: &str) {
    Span::current().record("provider", provider);
}
