//! The webhook receiver: authenticate a delivery, queue it, answer.
//!
//! The receiver can read its secret and write to the inbox, and nothing else. It answers 200 only after the queue
//! has taken the delivery; on any failure of ours it answers 503, so that the provider tries again.

use std::{borrow::Cow, sync::Arc, time::Instant};

use bucket::{Bucket, Key};
use bytes::Bytes;
use model::{Error, ErrorClass, JobId, Redactor};
use providers::{Authenticity, Credentials, Delivery, DeliveryMethod, Provider};
use queues::{DeliveryBody, DeliveryQueue, DeliveryQueueMessage, DeliveryRoute, QueuedDelivery};
use runtime::Aws;
use time::OffsetDateTime;
use transport::{SecretDocument, Secrets, TokenCache};
use uuid::Uuid;

use crate::config::ReceiverConfig;

/// The webhook receiver.
#[derive(Debug)]
pub(crate) struct Receiver {
    secrets: Secrets,
    /// Tokens of providers, so that none passes that a delivery repeats.
    tokens: TokenCache,
    inbox: DeliveryQueue,
    objects: Bucket,
    require_signatures: bool,
}

/// Where a delivery knocked.
struct IncomingRequest<'a> {
    provider: &'static dyn Provider,
    callback: Option<(JobId, &'a str)>,
    knocking: DeliveryMethod,
}

impl Receiver {
    pub(crate) fn connect(aws: &Aws, config: &ReceiverConfig) -> Self {
        let (inbox, objects) = crate::store(aws, &config.store);
        let secrets_manager = aws.service("SECRETS_MANAGER");
        let secrets = Secrets::new(&secrets_manager, &config.secret_id);
        let tokens = TokenCache::new(&secrets_manager, &config.token_secret_id);
        Self { secrets, tokens, inbox, objects, require_signatures: config.require_signatures }
    }

    /// Takes a delivery in. Whoever only looks whether anybody is there is told so, if it knows the way.
    pub(crate) async fn receive(&self, request: &http::Request<Bytes>) -> Result<(), Error> {
        let (received_at, began) = (OffsetDateTime::now_utc(), Instant::now());
        let knock = read_path(request)?;
        runtime::set_provider(knock.provider.name());
        if let Some((job, _)) = knock.callback {
            runtime::set_job(job);
        }
        let secret = self.authenticate(&knock, request, received_at).await?;
        let provider = providers::name_of(knock.provider);
        let told = match knock.knocking {
            DeliveryMethod::Probe => return Ok(()),
            // What has a body says it there.
            DeliveryMethod::QueryDelivery if request.body().is_empty() => {
                Bytes::copy_from_slice(request.uri().query().unwrap_or_default().as_bytes())
            }
            DeliveryMethod::Delivery | DeliveryMethod::QueryDelivery | DeliveryMethod::Refused => {
                request.body().clone()
            }
        };
        let redactor = self.redactor(&knock, &secret).await?;
        let told = match redactor.redact(&told) {
            Cow::Borrowed(_) => told,
            Cow::Owned(redacted) => {
                tracing::warn!("a delivery repeats a secret, which is redacted");
                redacted.into()
            }
        };
        let delivery_id = knock.provider.delivery_id(request.headers());
        let message = QueuedDelivery {
            body: self.body(&told, &provider, received_at).await?,
            delivery_id: delivery_id.map(|id| redactor.redact_str(&id)),
            route: knock.callback.map_or(DeliveryRoute::Workspace, |(job, _)| DeliveryRoute::Callback(job)),
            provider,
            received_at,
            looked_up: 0,
        };
        self.inbox.send(&DeliveryQueueMessage::Delivery(message), 0).await?;
        let value = began.elapsed().as_secs_f64() * 1000.0;
        tracing::info!(metric = "AcknowledgementMilliseconds", value, "delivery queued");
        Ok(())
    }

    /// Checks with the secret at hand, and once more with a fresh one: a rotation may have just happened. Returns the
    /// secret that fits.
    async fn authenticate(
        &self,
        knock: &IncomingRequest<'_>,
        request: &http::Request<Bytes>,
        now: OffsetDateTime,
    ) -> Result<Arc<SecretDocument>, Error> {
        let judge = |secret: &SecretDocument| judge(knock, request, secret, self.require_signatures, now);
        let held = self.secrets.get().await?;
        if judge(&held).is_ok() {
            return Ok(held);
        }
        let fresh = self.secrets.refreshed().await?;
        judge(&fresh).map_err(|refusal| {
            let (metric, why) = (refusal.metric(), refusal.why());
            tracing::warn!(metric, count = 1, why, "delivery refused");
            Error::from(refusal)
        })?;
        Ok(fresh)
    }

    /// Redacts a delivery, once its signature over what came is checked. Nothing gets further than here with a secret in it:
    /// not into the queue, the bucket and the table, and not to whoever reads what the delivery says.
    async fn redactor(
        &self,
        knock: &IncomingRequest<'_>,
        secret: &SecretDocument,
    ) -> Result<Redactor, Error> {
        let job = knock.callback.map(|(job, _)| job);
        let mut redactor = secret.redactor(&providers::name_of(knock.provider), job, None);
        if knock.provider.carries_token()
            && let Some(token) = self.tokens.held(knock.provider.name()).await?
        {
            redactor.hide(&token);
        }
        Ok(redactor)
    }

    /// Keeps a long body in S3 and a short one in the message.
    async fn body(
        &self,
        bytes: &Bytes,
        provider: &model::ProviderName,
        at: OffsetDateTime,
    ) -> Result<DeliveryBody, Error> {
        if bytes.len() <= DeliveryBody::MAX_INLINE_BYTES {
            return Ok(DeliveryBody::inline(bytes));
        }
        let key = Key::InboxBody(provider.clone(), at, Uuid::now_v7().to_string());
        self.objects.place(&key, "application/octet-stream", bytes.clone()).await?;
        Ok(DeliveryBody::Stored(self.objects.key(&key)))
    }
}

/// `/webhooks/{provider}/{job_id}/{token}` or `/webhooks/{provider}`, by a method that the provider may use.
fn read_path(request: &http::Request<Bytes>) -> Result<IncomingRequest<'_>, Error> {
    let nothing = || Error::new(ErrorClass::NotFound, "there is nothing at this path");
    let path = request.uri().path();
    if !runtime::is_plain_path(path) {
        return Err(nothing());
    }
    let rest = path.strip_prefix("/webhooks/").ok_or_else(nothing)?;
    let parts: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
    let provider = providers::find(parts[0]).ok_or_else(nothing)?;
    let callback = match parts[1..] {
        [] => None,
        [job, token] => Some((job.parse().map_err(|_| nothing())?, token)),
        _ => return Err(nothing()),
    };
    let knocking = provider.delivery_method(request.method(), request.uri().query());
    if knocking == DeliveryMethod::Refused {
        return Err(Error::new(ErrorClass::MethodNotAllowed, "expected POST here"));
    }
    Ok(IncomingRequest { provider, callback, knocking })
}

/// Why a delivery stays outside.
enum RejectedDelivery {
    /// Its token is none of ours.
    WrongToken,
    /// It does not prove where it comes from.
    NotAuthentic(&'static str),
    /// It may be authentic, but nobody can tell.
    NothingToCheckWith,
}

impl RejectedDelivery {
    fn why(&self) -> &'static str {
        match self {
            Self::WrongToken => "wrong callback token",
            Self::NotAuthentic(why) => why,
            Self::NothingToCheckWith => "signatures are required and no signing secret is configured",
        }
    }

    /// The metric that counts it.
    fn metric(&self) -> &'static str {
        match self {
            Self::WrongToken => "InvalidCallbackTokens",
            Self::NotAuthentic(_) | Self::NothingToCheckWith => "InvalidSignatures",
        }
    }
}

impl From<RejectedDelivery> for Error {
    fn from(refusal: RejectedDelivery) -> Self {
        match refusal {
            RejectedDelivery::WrongToken | RejectedDelivery::NotAuthentic(_) => {
                Error::new(ErrorClass::Unauthorized, "this delivery is not authentic")
            }
            // Ours to mend, so it counts among the errors that an operator watches; the provider tries again.
            RejectedDelivery::NothingToCheckWith => {
                Error::new(ErrorClass::Misconfigured, "deliveries cannot be checked at the moment")
            }
        }
    }
}

/// A callback is proven by its token, and by the signature too once a signing secret is configured or when
/// signatures are required of a provider that can sign. A workspace delivery has only the signature.
fn judge(
    knock: &IncomingRequest<'_>,
    request: &http::Request<Bytes>,
    secret: &SecretDocument,
    require_signatures: bool,
    now: OffsetDateTime,
) -> Result<(), RejectedDelivery> {
    if let Some((job, token)) = knock.callback
        && !secret.callback_keys().verify(&providers::name_of(knock.provider), &job, token)
    {
        return Err(RejectedDelivery::WrongToken);
    }
    let credentials = Credentials::new(secret.provider(knock.provider.name()));
    let delivery = Delivery { headers: request.headers(), body: request.body() };
    match (knock.provider.authenticate(&delivery, &credentials, now), knock.callback) {
        (Authenticity::Signed, _) => Ok(()),
        (Authenticity::NotSigned, Some(_)) if require_signatures && knock.provider.signs() => {
            Err(RejectedDelivery::NothingToCheckWith)
        }
        (Authenticity::NotSigned, Some(_)) => Ok(()),
        (Authenticity::NotSigned, None) => {
            Err(RejectedDelivery::NotAuthentic("workspace delivery without a configured signing secret"))
        }
        (Authenticity::Refused(why), _) => Err(RejectedDelivery::NotAuthentic(why)),
    }
}
