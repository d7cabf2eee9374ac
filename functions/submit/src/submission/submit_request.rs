//! Reads and validates the request of a job.

use job_store::IdempotencyKey;
use model::{Error, ErrorClass, Job, JobId, NotifyTargets, ProviderName, Violation};
use providers::{Order, Provider};
use serde_json::{Map, Value, json};

use crate::submission::notify_field;

/// The size limit of `metadata`, in bytes of compact JSON.
const MAX_METADATA_BYTES: usize = 4 * 1024;
/// The length limit of an idempotency key, in characters.
const MAX_KEY_BYTES: usize = 255;

/// A validated request.
pub struct SubmitRequest {
    /// The provider that does the work.
    pub provider: &'static dyn Provider,
    /// The kind of work and its parameters.
    pub order: Order,
    /// The caller's own JSON.
    pub metadata: Option<Value>,
    /// Whether the worker unpacks the archive. `None` applies the worker's setting `UNPACK`.
    pub unpack: Option<bool>,
    /// The targets that are notified of the job's final status.
    pub notify_targets: NotifyTargets,
    /// The idempotency key, which identifies a repeated request.
    pub idempotency_key: Option<IdempotencyKey>,
    /// The job that this request resubmits.
    pub retry_of: Option<JobId>,
}

impl std::fmt::Debug for SubmitRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SubmitRequest")
            .field("provider", &self.provider.name())
            .field("order", &self.order)
            .finish()
    }
}

impl SubmitRequest {
    /// Reads the fields of a request. `provider`, `kind`, `metadata`, `unpack` and `notify` are common to all
    /// providers. The other fields are the provider's own.
    ///
    /// # Errors
    /// [`model::ErrorClass::InvalidRequest`] with a violation for each invalid field.
    pub fn read(mut fields: Map<String, Value>, key: Option<&str>) -> Result<Self, Error> {
        let mut violations = vec![];
        let metadata = read_metadata(&mut fields, &mut violations);
        let unpack = read_unpack(&mut fields, &mut violations);
        let notify_targets = notify_field::read_notify(fields.remove("notify"), &mut violations);
        if key.is_some_and(|key| !is_valid_key(key)) {
            violations
                .push(Violation::new("idempotency_key", "expected 1 to 255 printable ASCII characters"));
        }
        let provider_and_kind = read_provider_and_kind(&mut fields, &mut violations);
        let Some((provider, kind)) = provider_and_kind else {
            return Err(Error::from_violations(violations));
        };
        match provider.parse_order(&kind, fields) {
            Ok(order) if violations.is_empty() => {
                let mut request = Self {
                    provider,
                    order,
                    metadata,
                    unpack,
                    notify_targets,
                    idempotency_key: None,
                    retry_of: None,
                };
                request.idempotency_key = key.map(|key| request.create_key(key));
                Ok(request)
            }
            Ok(_) => Err(Error::from_violations(violations)),
            Err(error) => {
                violations.extend(error.violations);
                Err(Error::from_violations(violations))
            }
        }
    }

    /// Creates the request that resubmits a job.
    ///
    /// Its idempotency key derives from the old job's id, so that repeated resubmissions create one job. The waiters of
    /// the old job were notified of its final status. The caller's webhook is notified of the new job as well.
    ///
    /// # Errors
    /// [`ErrorClass::Internal`] when the job names an unknown provider.
    pub fn from_job(job: &Job) -> Result<Self, Error> {
        let provider = providers::find_provider(job.provider.as_str())
            .ok_or_else(|| Error::new(ErrorClass::Internal, "the job names an unknown provider"))?;
        let order = Order {
            kind: job.kind.clone(),
            request: job.request.clone(),
            expected_files: job.expected_files,
        };
        Ok(Self {
            provider,
            order,
            metadata: job.metadata.clone(),
            unpack: job.unpack,
            notify_targets: NotifyTargets {
                waiters: vec![],
                next_heartbeat_at: None,
                ..job.notify_targets.clone()
            },
            idempotency_key: Some(IdempotencyKey::new("retry", &job.id.to_string(), &job.request)),
            retry_of: Some(job.id),
        })
    }

    /// Creates the idempotency key of a caller, with a hash of the request.
    fn create_key(&self, key: &str) -> IdempotencyKey {
        let Self { provider, order, metadata, .. } = self;
        let mut request = json!({
            "provider": provider.name(), "kind": order.kind, "request": order.request, "metadata": metadata,
        });
        // Absent fields are left out, so that keys stored before these fields existed still match.
        if let Some(unpack) = self.unpack {
            request["unpack"] = unpack.into();
        }
        if let Some(notify) = notify_field::fingerprint(&self.notify_targets) {
            request["notify"] = notify;
        }
        IdempotencyKey::new("caller", key, &request)
    }

    /// The name of the provider.
    pub fn provider_name(&self) -> ProviderName {
        providers::provider_name(self.provider)
    }
}

fn read_metadata(fields: &mut Map<String, Value>, violations: &mut Vec<Violation>) -> Option<Value> {
    let metadata = fields.remove("metadata").filter(|metadata| !metadata.is_null());
    if metadata.as_ref().is_some_and(|metadata| metadata.to_string().len() > MAX_METADATA_BYTES) {
        violations.push(Violation::new("metadata", "expected at most 4096 bytes of JSON"));
    }
    metadata
}

fn read_unpack(fields: &mut Map<String, Value>, violations: &mut Vec<Violation>) -> Option<bool> {
    match fields.remove("unpack") {
        None | Some(Value::Null) => None,
        Some(Value::Bool(unpack)) => Some(unpack),
        Some(_) => {
            violations.push(Violation::new("unpack", "expected true or false"));
            None
        }
    }
}

fn read_provider_and_kind(
    fields: &mut Map<String, Value>,
    violations: &mut Vec<Violation>,
) -> Option<(&'static dyn Provider, String)> {
    let provider = fields.remove("provider");
    let provider = provider.as_ref().and_then(Value::as_str).and_then(providers::find_provider);
    if provider.is_none() {
        violations.push(Violation::new("provider", format!("expected one of: {}", provider_names())));
    }
    let kind = match fields.remove("kind") {
        Some(Value::String(kind)) => Some(kind),
        _ => {
            violations.push(Violation::new("kind", "expected the kind of work, such as \"export\""));
            None
        }
    };
    provider.zip(kind)
}

fn provider_names() -> String {
    let names: Vec<&str> = providers::ALL.iter().map(|provider| provider.name()).collect();
    names.join(", ")
}

fn is_valid_key(key: &str) -> bool {
    (1..=MAX_KEY_BYTES).contains(&key.len()) && key.bytes().all(|b| (b' '..=b'~').contains(&b))
}
