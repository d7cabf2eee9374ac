//! When the event of an accepted request is due.

/// Whether the event of an accepted request waits for the configured latency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventTiming {
    /// Due at once, so that the webhook arrives before the response.
    Immediate,
    /// Due after the latency of the settings.
    AfterLatency,
}

impl EventTiming {
    /// Returns the latency in seconds, given the configured one.
    pub(super) fn latency_seconds(self, configured: f64) -> f64 {
        match self {
            Self::Immediate => 0.0,
            Self::AfterLatency => configured,
        }
    }
}
