//! Workspace subscriptions: a provider's service delivers every event of a type to one URL, whoever started the work.

/// An action on a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionAction<'a> {
    /// Create a subscription to an event. A repetition creates a second one.
    Create {
        /// The event, one of [`crate::Provider::subscription_events`].
        event: &'a str,
        /// The URL that receives the deliveries.
        hook_url: &'a str,
    },
    /// Look whether the subscription with this id exists.
    Find(&'a str),
    /// Remove the subscription with this id.
    Remove(&'a str),
}

/// The state of a subscription after an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubscriptionState {
    /// It was created.
    Created {
        /// The provider's id.
        id: String,
    },
    /// It exists.
    Exists {
        /// The URL that receives the deliveries, when the service tells it.
        hook_url: Option<String>,
    },
    /// It does not exist.
    Missing,
}
