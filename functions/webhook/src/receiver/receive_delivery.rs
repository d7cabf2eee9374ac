//! Receives one HTTP request of a provider: authenticates it, redacts secrets in its body and queues it.

use std::{borrow::Cow, sync::Arc, time::Instant};

use bucket::{Bucket, ObjectKey};
use bytes::Bytes;
use model::{Error, ProviderName, Redactor};
use providers::DeliveryMethod;
use queues::{DeliveryBody, DeliveryQueue, DeliveryQueueMessage, DeliveryRoute, QueuedDelivery};
use runtime::AwsConfig;
use secrets::{SecretDocument, SecretStore, TokenCache};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{authenticate_delivery::DeliveryAuthentication, incoming_request::IncomingRequest};
use crate::{
    clients::{connect_bucket, connect_delivery_queue},
    config::ReceiverConfig,
};

/// The webhook receiver with everything it uses.
#[derive(Debug)]
pub(crate) struct Receiver {
    secrets: SecretStore,
    /// The providers' access tokens. A delivery that repeats one is redacted.
    token_cache: TokenCache,
    delivery_queue: DeliveryQueue,
    bucket: Bucket,
    require_signatures: bool,
}

impl Receiver {
    /// Creates the clients. Opens no connection.
    pub(crate) fn connect(aws: &AwsConfig, config: &ReceiverConfig) -> Self {
        let secrets_manager = aws.service_config("SECRETS_MANAGER");
        Self {
            secrets: SecretStore::new(&secrets_manager, &config.secret_id),
            token_cache: TokenCache::new(&secrets_manager, &config.token_secret_id),
            delivery_queue: connect_delivery_queue(aws, &config.store),
            bucket: connect_bucket(aws, &config.store),
            require_signatures: config.require_signatures,
        }
    }

    /// Queues a delivery. A probe of the URL queues nothing and succeeds if it is authentic.
    pub(crate) async fn receive(&self, request: &http::Request<Bytes>) -> Result<(), Error> {
        let (received_at, started) = (OffsetDateTime::now_utc(), Instant::now());
        let incoming = IncomingRequest::parse(request)?;
        runtime::record_provider(incoming.provider.name());
        if let Some(job) = incoming.job_id() {
            runtime::record_job_id(job);
        }
        let secret = self.authenticate(&incoming, request, received_at).await?;
        let body = match incoming.delivery_method {
            DeliveryMethod::Probe => return Ok(()),
            // A request with a body carries its event there.
            DeliveryMethod::QueryDelivery if request.body().is_empty() => {
                Bytes::copy_from_slice(request.uri().query().unwrap_or_default().as_bytes())
            }
            DeliveryMethod::Delivery | DeliveryMethod::QueryDelivery | DeliveryMethod::MethodNotAllowed => {
                request.body().clone()
            }
        };
        let redactor = self.build_redactor(&incoming, &secret).await?;
        let body = match redactor.redact(&body) {
            Cow::Borrowed(_) => body,
            Cow::Owned(redacted) => {
                tracing::warn!("a delivery contains a secret, which is redacted");
                redacted.into()
            }
        };
        let provider = providers::provider_name(incoming.provider);
        let delivery_id = incoming.provider.delivery_id(request.headers());
        let message = QueuedDelivery {
            body: self.store_body(&body, &provider, received_at).await?,
            delivery_id: delivery_id.map(|id| redactor.redact_str(&id)),
            route: incoming.job_id().map_or(DeliveryRoute::Workspace, DeliveryRoute::Callback),
            provider,
            received_at,
            lookup_attempts: 0,
        };
        self.delivery_queue.send(&DeliveryQueueMessage::Delivery(message), 0).await?;
        let value = started.elapsed().as_secs_f64() * 1000.0;
        tracing::info!(metric = "AcknowledgementMilliseconds", value, "delivery queued");
        Ok(())
    }

    /// Authenticates with the cached secret. If that fails, it authenticates with a fresh one, since the secret may
    /// have been rotated a moment ago. Returns the secret that matches.
    async fn authenticate(
        &self,
        incoming: &IncomingRequest<'_>,
        request: &http::Request<Bytes>,
        now: OffsetDateTime,
    ) -> Result<Arc<SecretDocument>, Error> {
        let require_signatures = self.require_signatures;
        let authentication = DeliveryAuthentication { incoming, request, require_signatures, now };
        let cached = self.secrets.get().await?;
        if authentication.verify(&cached).is_ok() {
            return Ok(cached);
        }
        let fresh = self.secrets.get_fresh().await?;
        authentication.verify(&fresh).map_err(|rejection| {
            let (metric, why) = (rejection.metric(), rejection.reason());
            tracing::warn!(metric, count = 1, why, "delivery rejected");
            Error::from(rejection)
        })?;
        Ok(fresh)
    }

    /// Builds the redactor for a delivery. It runs after the signature over the original body is verified, and before
    /// the body reaches the queue, the bucket, the table or the code that parses it.
    async fn build_redactor(
        &self,
        incoming: &IncomingRequest<'_>,
        secret: &SecretDocument,
    ) -> Result<Redactor, Error> {
        let provider = incoming.provider;
        let mut redactor = secret.redactor(&providers::provider_name(provider), incoming.job_id(), None);
        if provider.uses_token()
            && let Some(token) = self.token_cache.last_token(provider.name()).await?
        {
            redactor.add_secret(&token);
        }
        Ok(redactor)
    }

    /// Stores a long body in S3. A short one fits into the message.
    async fn store_body(
        &self,
        bytes: &Bytes,
        provider: &ProviderName,
        received_at: OffsetDateTime,
    ) -> Result<DeliveryBody, Error> {
        if bytes.len() <= DeliveryBody::MAX_INLINE_BYTES {
            return Ok(DeliveryBody::from_bytes(bytes));
        }
        let key = ObjectKey::DeliveryBody(provider.clone(), received_at, Uuid::now_v7().to_string());
        self.bucket.put_under_own_key(&key, "application/octet-stream", bytes.clone()).await?;
        Ok(DeliveryBody::S3Key(self.bucket.object_key(&key)))
    }
}
