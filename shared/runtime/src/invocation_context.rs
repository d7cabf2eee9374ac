//! One invocation: what every line that is written in it says, and which trace it belongs to.

use model::{JobId, Trace};
use tracing::{Instrument, Span, field::Empty};

tokio::task_local! {
    static TRACE: Option<Trace>;
}

/// An invocation, as Lambda names it.
#[derive(Debug, Clone)]
pub struct InvocationContext {
    /// Lambda's id for it.
    pub request_id: String,
    /// The trace it belongs to, as `X-Amzn-Trace-Id` gives it.
    pub trace: Option<Trace>,
}

impl InvocationContext {
    /// Does the work of the invocation. Its lines have `request_id` and `trace_id`, and `job_id` and `provider` once
    /// it is known what it is about.
    pub async fn run<F: Future>(self, work: F) -> F::Output {
        let trace_id = self.trace.as_ref().map(Trace::root);
        let request_id = &*self.request_id;
        let span = tracing::info_span!("invocation", request_id, trace_id, job_id = Empty, provider = Empty);
        TRACE.scope(self.trace, work.instrument(span)).await
    }
}

/// The trace of the invocation that is under way.
pub fn trace() -> Option<Trace> {
    TRACE.try_with(Clone::clone).ok().flatten()
}

/// A part of an invocation that is about a job of its own: a message of a batch, a job that the sweep looks at.
pub fn work_item_span() -> Span {
    tracing::info_span!("work_item_span", job_id = Empty, provider = Empty)
}

/// Says which job the lines from here on are about, in the piece of work or else the invocation that is under way.
pub fn set_job(job: JobId) {
    Span::current().record("job_id", tracing::field::display(job));
}

/// Says whose work the lines from here on are about. A metric has it as its dimension, so it must be a known provider.
pub fn set_provider(provider: &str) {
    Span::current().record("provider", provider);
}
