//! Observability: log, metrics and traces.

mod drift;
mod echoed_secrets;
mod metrics;
mod secret_leaks;
mod traces;
