//! Keeps every place that writes to the log awake. Where nobody listens when it is first passed, it may stay silent for
//! those who begin to install_default_subscriber in another thread at that very moment.

use std::sync::Once;

use tracing::{
    Event, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::Interest,
};

/// Whoever listens in threads that keep no log, and hears nothing.
struct DiscardingSubscriber;

impl Subscriber for DiscardingSubscriber {
    fn register_callsite(&self, _: &Metadata<'_>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        false
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// To be called before anything is written.
pub(crate) fn install_default_subscriber() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing::subscriber::set_global_default(DiscardingSubscriber)
            .expect("nobody else listens to all threads");
    });
}
