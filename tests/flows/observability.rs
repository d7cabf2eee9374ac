//! Observability: log, metrics and traces.

mod echoed_secrets;
mod metrics;
mod secret_leaks;
mod traces;
