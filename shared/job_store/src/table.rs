//! The DynamoDB table: consistent reads and conditional writes of items.

use aws_sdk_dynamodb::{
    Client,
    config::Builder,
    operation::{
        put_item::builders::PutItemFluentBuilder, query::builders::QueryFluentBuilder,
        update_item::builders::UpdateItemFluentBuilder,
    },
    types::builders::PutBuilder,
};
use model::Error;

use crate::{
    errors::storage_error,
    item_attributes::{Item, ItemWriter},
    transaction_conflict::TransactionConflictClassifier,
};

/// The table of jobs.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
}

impl Table {
    pub(crate) fn new(aws: &aws_types::SdkConfig, name: impl Into<String>) -> Self {
        let config = Builder::from(aws).retry_classifier(TransactionConflictClassifier).build();
        Self { client: Client::from_conf(config), name: name.into() }
    }

    /// Reads an item, strongly consistent.
    pub(crate) async fn get_item(&self, key: ItemWriter) -> Result<Option<Item>, Error> {
        let get = self.client.get_item().table_name(&self.name).consistent_read(true);
        let output = get.set_key(Some(key.finish())).send().await;
        Ok(output.map_err(|e| storage_error("answer", e))?.item)
    }

    pub(crate) fn query(&self) -> QueryFluentBuilder {
        self.client.query().table_name(&self.name)
    }

    pub(crate) fn query_index(&self, index: &str) -> QueryFluentBuilder {
        self.query().index_name(index)
    }

    pub(crate) fn put_item(&self, item: Item) -> PutItemFluentBuilder {
        self.client.put_item().table_name(&self.name).set_item(Some(item))
    }

    pub(crate) fn update_item(&self, key: ItemWriter) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.name).set_key(Some(key.finish()))
    }

    /// A put as a part of a transaction.
    pub(crate) fn transaction_put(&self, item: Item) -> PutBuilder {
        aws_sdk_dynamodb::types::Put::builder().table_name(&self.name).set_item(Some(item))
    }
}

/// Sends a conditional put. Returns whether its condition held. `action` is that of [`storage_error`].
pub(crate) async fn put_if(put: PutItemFluentBuilder, action: &str) -> Result<bool, Error> {
    match put.send().await {
        Ok(_) => Ok(true),
        Err(e) if e.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
            Ok(false)
        }
        Err(e) => Err(storage_error(action, e)),
    }
}

/// Sends a conditional update. Returns whether its condition held. `action` is that of [`storage_error`].
pub(crate) async fn update_if(update: UpdateItemFluentBuilder, action: &str) -> Result<bool, Error> {
    match update.send().await {
        Ok(_) => Ok(true),
        Err(e) if e.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
            Ok(false)
        }
        Err(e) => Err(storage_error(action, e)),
    }
}
