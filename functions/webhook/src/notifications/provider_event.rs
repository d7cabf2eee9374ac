//! Forwards a provider's event that matches no job to the event bus.

use bytes::Bytes;
use job_store::NewDeliveryLogEntry;
use model::{Error, ProviderName};
use notifications::{EventBus, ProviderEvent};

/// Publishes what a provider reported, if there is an event bus. On an error the delivery stays on its queue.
pub(crate) async fn forward_provider_event(
    event_bus: Option<&EventBus>,
    provider: &ProviderName,
    delivery: &NewDeliveryLogEntry<'_>,
    body: &Bytes,
) -> Result<(), Error> {
    let Some(event_bus) = event_bus else { return Ok(()) };
    let (id, name, received_at) = (delivery.id, delivery.name, delivery.received_at);
    let body = serde_json::from_slice(body).ok();
    event_bus.publish_provider_event(&ProviderEvent { id, provider, name, received_at, body }).await
}
