//! All queues of the account, by name.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::errors;
use super::queue::QueueDepth;
use super::stored_queue::{self, StoredQueue};
use crate::cloud::account::ACCOUNT_ID;
use crate::cloud::services::error::ServiceError;

/// All queues.
#[derive(Debug)]
pub(crate) struct Queues {
    pub(super) folder: PathBuf,
    region: String,
    endpoint: String,
    queues: Mutex<BTreeMap<String, StoredQueue>>,
}

impl Queues {
    pub(crate) fn open(folder: PathBuf, region: &str, endpoint: &str) -> io::Result<Arc<Self>> {
        std::fs::create_dir_all(&folder)?;
        let mut queues = BTreeMap::new();
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == stored_queue::EXTENSION)
                && let Some(queue) = StoredQueue::load(path)?
            {
                queues.insert(queue.settings.name.clone(), queue);
            }
        }
        let (region, endpoint) = (region.to_owned(), endpoint.to_owned());
        Ok(Arc::new(Self { folder, region, endpoint, queues: Mutex::new(queues) }))
    }

    pub(crate) fn depth(&self, queue: &str) -> Option<QueueDepth> {
        self.lock().get_mut(queue).map(|queue| queue.advance_to(now_millis()).depth())
    }

    /// Returns for each received message how long it stays hidden.
    pub(crate) fn remaining_invisibility(&self, queue: &str) -> Vec<Duration> {
        let now = now_millis();
        self.lock()
            .get_mut(queue)
            .map(|queue| queue.advance_to(now).remaining_invisibility(now))
            .unwrap_or_default()
    }

    /// Makes hidden messages visible earlier, as if this time had passed.
    pub(crate) fn advance_clock(&self, queue: &str, by: Duration) {
        if let Some(queue) = self.lock().get_mut(queue) {
            queue.advance_clock(by);
        }
    }

    /// Returns the ARN of a queue with this name.
    pub(crate) fn arn(&self, queue: &str) -> String {
        format!("arn:aws:sqs:{}:{ACCOUNT_ID}:{queue}", self.region)
    }

    /// The region of all queues.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    pub(super) fn url(&self, queue: &str) -> String {
        format!("{}/{ACCOUNT_ID}/{queue}", self.endpoint)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<String, StoredQueue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Finds a queue by its name.
pub(super) fn find_queue<'a>(
    queues: &'a mut BTreeMap<String, StoredQueue>,
    name: &str,
) -> Result<&'a mut StoredQueue, ServiceError> {
    queues.get_mut(name).ok_or_else(errors::no_such_queue)
}

/// Returns the name of the queue from the `QueueUrl` of a request.
pub(super) fn queue_name(input: &Value) -> Result<String, ServiceError> {
    let url = input["QueueUrl"].as_str().ok_or_else(|| ServiceError::missing("QueueUrl"))?;
    Ok(url.rsplit('/').next().unwrap_or_default().to_owned())
}

/// Returns the milliseconds since 1970.
pub(super) fn now_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Returns the response of an operation without output.
pub(super) fn empty_response() -> Value {
    json!({})
}
