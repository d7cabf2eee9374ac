//! The workspace subscriptions that Landfall created at providers. A subscription service need not list them, so the table
//! remembers the id of each.

use model::{Error, ProviderName};

use crate::{
    item_attributes::{ItemReader, ItemWriter, text_value},
    table::{Table, put_if},
};

/// The attribute with the provider's id. An item without it stands for no subscription: the submit function may not delete
/// items other than idempotency keys.
const ID: &str = "subscription_id";
/// The attribute with the URL that receives the deliveries.
const HOOK_URL: &str = "hook_url";

/// A subscription to one event of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSubscription {
    /// The provider's id.
    pub id: String,
    /// The URL that receives the deliveries.
    pub hook_url: String,
}

/// The subscriptions in the table of jobs: at most one for each provider and event.
#[derive(Debug, Clone)]
pub struct SubscriptionStore {
    table: Table,
}

impl SubscriptionStore {
    /// The subscriptions in the table of this name.
    pub fn new(aws: &aws_types::SdkConfig, table: impl Into<String>) -> Self {
        Self { table: Table::new(aws, table) }
    }

    /// Reads the subscription to an event, strongly consistent.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`], or [`model::ErrorClass::Internal`] for a damaged item.
    pub async fn read_subscription(
        &self,
        provider: &ProviderName,
        event: &str,
    ) -> Result<Option<StoredSubscription>, Error> {
        let Some(item) = Box::pin(self.table.get_item(subscription_key(provider, event))).await? else {
            return Ok(None);
        };
        let item = ItemReader(&item);
        let Some(id) = item.maybe_text(ID) else { return Ok(None) };
        Ok(Some(StoredSubscription { id: id.to_owned(), hook_url: item.text(HOOK_URL)?.to_owned() }))
    }

    /// Replaces the subscription to an event, unless it is another one than `before` now. Returns whether it did.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn replace_subscription(
        &self,
        provider: &ProviderName,
        event: &str,
        before: Option<&StoredSubscription>,
        after: Option<&StoredSubscription>,
    ) -> Result<bool, Error> {
        let item = subscription_key(provider, event)
            .maybe_text(ID, after.map(|subscription| &subscription.id))
            .maybe_text(HOOK_URL, after.map(|subscription| &subscription.hook_url));
        let put = self.table.put_item(item.finish());
        let put = match before {
            None => put.condition_expression("attribute_not_exists(subscription_id)"),
            Some(before) => put
                .condition_expression("subscription_id = :before")
                .expression_attribute_values(":before", text_value(&before.id)),
        };
        Box::pin(put_if(put, "accept the subscription")).await
    }
}

fn subscription_key(provider: &ProviderName, event: &str) -> ItemWriter {
    ItemWriter::key(format!("SUBSCRIPTION#{provider}#{event}"), "SUBSCRIPTION")
}
