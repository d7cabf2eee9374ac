//! A default subscriber for `tracing` that discards everything. If a log statement is first reached in a thread
//! without a subscriber, `tracing` may cache it as disabled, and a thread that installs a subscriber at that moment
//! misses it.

use std::sync::Once;

use tracing::{
    Event, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::Interest,
};

/// Discards everything, for threads that capture no log.
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

/// Installs the default subscriber. Call it before the first log statement.
pub(crate) fn install_default_subscriber() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing::subscriber::set_global_default(DiscardingSubscriber).expect("no other default subscriber");
    });
}
