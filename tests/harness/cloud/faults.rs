//! Switches that break a service on purpose: the whole of it until switched back, or the next few
//! calls of one operation.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::operation::{Operation, Service};

/// How a service fails while it is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// It works.
    None,
    /// Every call is answered with 503.
    Refuse503,
    /// Calls that can change something are answered with 503, the others work.
    RefuseWrites503,
    /// The connection closes without an answer and nothing is done.
    DropConnections,
    /// The call is carried out, then the connection closes without an answer: the client cannot
    /// know whether it worked.
    LoseAnswers,
    /// Nothing is done and nothing is answered for as long as the client waits.
    Stall,
}

/// The switches of all services.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Mutex<Vec<Rule>>,
}

#[derive(Debug)]
struct Rule {
    service: Service,
    outage: Outage,
    /// With an operation: how many more of its calls fail.
    limited: Option<(String, u32)>,
}

impl Faults {
    /// Breaks all of a service until this is called again; [`Outage::None`] repairs it.
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

    /// Breaks the next `calls` calls of one operation, for instance `"CompleteMultipartUpload"`.
    pub fn next(&self, service: Service, operation: &str, outage: Outage, calls: u32) {
        let limited = Some((operation.to_owned(), calls));
        self.rules().push(Rule { service, outage, limited });
    }

    /// Repairs everything.
    pub fn clear(&self) {
        self.rules().clear();
    }

    /// How this call is to fail; uses up one of a limited number of failures.
    pub(super) fn verdict(&self, operation: &Operation) -> Outage {
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
