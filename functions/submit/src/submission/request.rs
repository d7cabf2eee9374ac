//! A request for a job: read, checked, and nothing else yet.

use job_store::IdempotencyKey;
use model::{Error, ErrorClass, Job, JobId, NotifyTargets, ProviderName, Violation};
use providers::{Order, Provider};
use serde_json::{Map, Value, json};

use crate::submission::notify_field;

/// The largest `metadata`, in bytes of compact JSON.
const MAX_METADATA_BYTES: usize = 4 * 1024;
/// The longest idempotency key, in characters.
const MAX_KEY_BYTES: usize = 255;

/// A checked request.
pub struct Request {
    /// Who shall do the work.
    pub provider: &'static dyn Provider,
    /// The work.
    pub order: Order,
    /// The caller's own JSON.
    pub metadata: Option<Value>,
    /// Whether the archive shall be unpacked; `None` leaves it to the worker's configuration.
    pub unpack: Option<bool>,
    /// Whom the job tells of its end.
    pub audience: NotifyTargets,
    /// What makes a repetition of the request recognisable.
    pub key: Option<IdempotencyKey>,
    /// The job whose request this is, when it is made again.
    pub retry_of: Option<JobId>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("provider", &self.provider.name())
            .field("order", &self.order)
            .finish()
    }
}

impl Request {
    /// Reads the fields of a request. `provider`, `kind`, `metadata`, `unpack` and `notify` are common to all; the
    /// rest is the provider's.
    ///
    /// # Errors
    /// [`model::ErrorClass::InvalidRequest`] with a violation for every broken rule.
    pub fn read(mut fields: Map<String, Value>, key: Option<&str>) -> Result<Self, Error> {
        let mut violations = vec![];
        let metadata = fields.remove("metadata").filter(|metadata| !metadata.is_null());
        if metadata.as_ref().is_some_and(|metadata| metadata.to_string().len() > MAX_METADATA_BYTES) {
            violations.push(Violation::new("metadata", "expected at most 4096 bytes of JSON"));
        }
        let unpack = match fields.remove("unpack") {
            None | Some(Value::Null) => None,
            Some(Value::Bool(unpack)) => Some(unpack),
            Some(_) => {
                violations.push(Violation::new("unpack", "expected true or false"));
                None
            }
        };
        let audience = notify_field::read(fields.remove("notify"), &mut violations);
        if key.is_some_and(|key| !is_key(key)) {
            violations
                .push(Violation::new("idempotency_key", "expected 1 to 255 printable ASCII characters"));
        }
        let provider = fields.remove("provider");
        let provider = provider.as_ref().and_then(Value::as_str).and_then(providers::find);
        let kind = fields.remove("kind");
        let kind = kind.as_ref().and_then(Value::as_str);
        let (provider, kind) = match (provider, kind) {
            (Some(provider), Some(kind)) => (provider, kind),
            (provider, kind) => {
                if provider.is_none() {
                    violations.push(Violation::new("provider", format!("expected one of: {}", names())));
                }
                if kind.is_none() {
                    violations.push(Violation::new("kind", "expected the kind of work, such as \"export\""));
                }
                return Err(Error::violations(violations));
            }
        };
        match provider.read_order(kind, fields) {
            Ok(order) if violations.is_empty() => {
                let mut request =
                    Self { provider, order, metadata, unpack, audience, key: None, retry_of: None };
                request.key = key.map(|key| request.fingerprinted(key));
                Ok(request)
            }
            Ok(_) => Err(Error::violations(violations)),
            Err(error) => {
                violations.extend(error.violations);
                Err(Error::violations(violations))
            }
        }
    }

    /// The request of a job once more. Whoever makes it again and again makes one job: the key is the job's own. Who
    /// waited for the old one has heard of its end; its caller's webhook is told of the new one, too.
    ///
    /// # Errors
    /// [`ErrorClass::Internal`] when the job's provider is not known any more.
    pub fn again(job: &Job) -> Result<Self, Error> {
        let provider = providers::find(job.provider.as_str())
            .ok_or_else(|| Error::new(ErrorClass::Internal, "the job's provider is not known any more"))?;
        let order = Order { kind: job.kind.clone(), request: job.request.clone(), expected: job.expected };
        Ok(Self {
            provider,
            order,
            metadata: job.metadata.clone(),
            unpack: job.unpack,
            audience: NotifyTargets { waiters: vec![], sign_at: None, ..job.audience.clone() },
            key: Some(IdempotencyKey::new("retry", &job.id.to_string(), &job.request)),
            retry_of: Some(job.id),
        })
    }

    fn fingerprinted(&self, key: &str) -> IdempotencyKey {
        let Self { provider, order, metadata, .. } = self;
        let mut request = json!({
            "provider": provider.name(), "kind": order.kind, "request": order.request, "metadata": metadata,
        });
        // Only when it is said: keys that were remembered before these fields existed go on to match.
        if let Some(unpack) = self.unpack {
            request["unpack"] = unpack.into();
        }
        if let Some(notify) = notify_field::fingerprint(&self.audience) {
            request["notify"] = notify;
        }
        IdempotencyKey::new("caller", key, &request)
    }

    /// The provider's typed name.
    pub fn provider_name(&self) -> ProviderName {
        providers::name_of(self.provider)
    }
}

fn names() -> String {
    let names: Vec<&str> = providers::ALL.iter().map(|provider| provider.name()).collect();
    names.join(", ")
}

fn is_key(key: &str) -> bool {
    (1..=MAX_KEY_BYTES).contains(&key.len()) && key.bytes().all(|b| (b' '..=b'~').contains(&b))
}
