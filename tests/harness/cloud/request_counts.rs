//! Counts the requests of every operation, including those that an injected fault rejects, so that a test can assert "one
//! `CompleteMultipartUpload`, no `AbortMultipartUpload`".

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::operation::{Operation, Service};

/// How often each operation was called since the start or the last [`RequestCounts::reset`].
#[derive(Debug, Default)]
pub struct RequestCounts {
    counts: Mutex<BTreeMap<(Service, String), u64>>,
    transaction_items: AtomicU64,
}

impl RequestCounts {
    /// Returns the requests of one operation, for instance `(Service::S3, "UploadPart")`.
    pub fn count(&self, service: Service, operation: &str) -> u64 {
        self.counts().get(&(service, operation.to_owned())).copied().unwrap_or_default()
    }

    /// Returns the requests of one service.
    pub fn of_service(&self, service: Service) -> u64 {
        self.counts().iter().filter(|((of, _), _)| *of == service).map(|(_, count)| count).sum()
    }

    /// Returns all counts.
    pub fn all(&self) -> BTreeMap<(Service, String), u64> {
        self.counts().clone()
    }

    /// Returns the items that the transactions of DynamoDB named. A transaction is one request, and each of its items is
    /// billed.
    pub fn transaction_items(&self) -> u64 {
        self.transaction_items.load(Ordering::Relaxed)
    }

    /// Resets all counts to zero.
    pub fn reset(&self) {
        self.counts().clear();
        self.transaction_items.store(0, Ordering::Relaxed);
    }

    pub(super) fn add_transaction_items(&self, items: u64) {
        self.transaction_items.fetch_add(items, Ordering::Relaxed);
    }

    pub(super) fn add(&self, operation: &Operation) {
        *self.counts().entry((operation.service, operation.name.clone())).or_default() += 1;
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<(Service, String), u64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
