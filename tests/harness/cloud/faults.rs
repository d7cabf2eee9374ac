//! Injects faults into the services: into all requests of a service, or into the next requests of one operation.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::operation::{Operation, Service};

/// How a service fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// The service works.
    None,
    /// Every request gets status 503.
    Refuse503,
    /// Requests that can change something get status 503. The others work.
    RefuseWrites503,
    /// The connection closes without a response. The operation is not carried out.
    DropConnections,
    /// The operation is carried out, then the connection closes without a response. The client cannot know the outcome.
    LoseAnswers,
    /// The operation is not carried out, and no response is sent as long as the client waits.
    Stall,
    /// The operation is not carried out, and the client gets this error.
    Reject(Rejection),
}

/// An error response that a service sends on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejection {
    status: u16,
    body: &'static str,
}

impl Rejection {
    /// S3: a conditional write met another request for its key.
    pub const CONDITIONAL_REQUEST_CONFLICT: Self = Self::new(
        409,
        "<Error><Code>ConditionalRequestConflict</Code><Message>A conflicting conditional operation</Message></Error>",
    );
    /// S3: the body of the request paused for too long.
    pub const REQUEST_TIMEOUT: Self = Self::new(
        400,
        "<Error><Code>RequestTimeout</Code><Message>Your socket connection was not written to</Message></Error>",
    );
    /// DynamoDB: a transaction on the item is in progress.
    pub const TRANSACTION_CONFLICT: Self = Self::new(
        400,
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionConflictException","message":"Ongoing"}"#,
    );
    /// DynamoDB: the condition of a write does not hold. The response does not contain the item.
    pub const CONDITION_FAILED_WITHOUT_ITEM: Self = Self::new(
        400,
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"Failed"}"#,
    );
    /// DynamoDB: a transaction of two writes is cancelled, because the second item is too large.
    pub const TRANSACTION_CANCELLED_BY_ITEM_SIZE: Self = Self::new(
        400,
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"Transaction cancelled",
        "CancellationReasons":[{"Code":"None"},{"Code":"ValidationError","Message":"Item size has exceeded"}]}"#,
    );

    const fn new(status: u16, body: &'static str) -> Self {
        Self { status, body }
    }

    pub(super) fn status(self) -> u16 {
        self.status
    }

    pub(super) fn body(self) -> &'static str {
        self.body
    }
}

/// The injected faults of all services.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Mutex<Vec<Rule>>,
}

#[derive(Debug)]
struct Rule {
    service: Service,
    outage: Outage,
    /// The operation that fails, and how many more of its requests do.
    limited: Option<(String, u32)>,
}

impl Faults {
    /// Makes all requests of a service fail until the next call. [`Outage::None`] ends the outage.
    pub fn set(&self, service: Service, outage: Outage) {
        let mut rules = self.rules();
        rules.retain(|rule| rule.service != service || rule.limited.is_some());
        if outage != Outage::None {
            rules.push(Rule { service, outage, limited: None });
        }
    }

    /// [`Faults::set`] for S3.
    pub fn s3(&self, outage: Outage) {
        self.set(Service::S3, outage);
    }

    /// [`Faults::set`] for DynamoDB.
    pub fn dynamodb(&self, outage: Outage) {
        self.set(Service::DynamoDb, outage);
    }

    /// [`Faults::set`] for SQS.
    pub fn sqs(&self, outage: Outage) {
        self.set(Service::Sqs, outage);
    }

    /// Makes the next `calls` requests of one operation fail, for instance of `"CompleteMultipartUpload"`.
    pub fn next(&self, service: Service, operation: &str, outage: Outage, calls: u32) {
        let limited = Some((operation.to_owned(), calls));
        self.rules().push(Rule { service, outage, limited });
    }

    /// Ends all faults.
    pub fn clear(&self) {
        self.rules().clear();
    }

    /// Returns how this request fails, and counts it against the number of limited failures.
    pub(super) fn take_outage(&self, operation: &Operation) -> Outage {
        let mut rules = self.rules();
        let Some(index) = rules.iter().position(|rule| rule.applies(operation)) else {
            return Outage::None;
        };
        let outage = rules[index].outage;
        if let Some((_, calls)) = &mut rules[index].limited {
            *calls -= 1;
        }
        match outage {
            Outage::RefuseWrites503 if !operation.writes() => Outage::None,
            Outage::RefuseWrites503 => Outage::Refuse503,
            other => other,
        }
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rule {
    fn applies(&self, operation: &Operation) -> bool {
        self.service == operation.service
            && self.limited.as_ref().is_none_or(|(name, calls)| *name == operation.name && *calls > 0)
    }
}
