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
    /// How many requests work before the first that fails.
    skipped: u32,
}

impl Faults {
    /// Makes all requests of a service fail until the next call. [`Outage::None`] ends the outage.
    pub fn set(&self, service: Service, outage: Outage) {
        let mut rules = self.rules();
        rules.retain(|rule| rule.service != service || rule.limited.is_some());
        if outage != Outage::None {
            rules.push(Rule { service, outage, limited: None, skipped: 0 });
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
        self.rules().push(Rule { service, outage, limited, skipped: 0 });
    }

    /// Makes one request of one operation fail, after `skipped` others of it.
    pub fn one_after(&self, skipped: u32, service: Service, operation: &str, outage: Outage) {
        let limited = Some((operation.to_owned(), 1));
        self.rules().push(Rule { service, outage, limited, skipped });
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
        if rules[index].skipped > 0 {
            rules[index].skipped -= 1;
            return Outage::None;
        }
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
