//! Authenticates a delivery by the token of its callback URL and by the provider's signature.

use bytes::Bytes;
use model::{Error, ErrorClass};
use providers::{Authenticity, Credentials, Delivery};
use secrets::SecretDocument;
use time::OffsetDateTime;

use super::incoming_request::IncomingRequest;

/// Why a delivery is rejected.
pub(super) enum DeliveryRejection {
    /// The callback token is wrong.
    WrongToken,
    /// The signature is missing or invalid.
    NotAuthentic(&'static str),
    /// A signature is required, but no signing secret is configured to verify it with.
    NoSigningSecret,
}

impl DeliveryRejection {
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::WrongToken => "wrong callback token",
            Self::NotAuthentic(reason) => reason,
            Self::NoSigningSecret => "signatures are required and no signing secret is configured",
        }
    }

    /// The metric that counts it.
    pub(super) fn metric(&self) -> &'static str {
        match self {
            Self::WrongToken => "InvalidCallbackTokens",
            Self::NotAuthentic(_) | Self::NoSigningSecret => "InvalidSignatures",
        }
    }
}

impl From<DeliveryRejection> for Error {
    fn from(rejection: DeliveryRejection) -> Self {
        match rejection {
            DeliveryRejection::WrongToken | DeliveryRejection::NotAuthentic(_) => {
                Error::new(ErrorClass::Unauthorized, "this delivery is not authentic")
            }
            // The operator must fix this, so it counts among the errors with an alarm. The provider retries.
            DeliveryRejection::NoSigningSecret => {
                Error::new(ErrorClass::Misconfigured, "deliveries cannot be authenticated at the moment")
            }
        }
    }
}

/// A delivery to authenticate.
pub(super) struct DeliveryAuthentication<'a> {
    pub(super) incoming: &'a IncomingRequest<'a>,
    pub(super) request: &'a http::Request<Bytes>,
    pub(super) require_signatures: bool,
    pub(super) now: OffsetDateTime,
}

impl DeliveryAuthentication<'_> {
    /// Checks the delivery against the secret. A callback needs a valid token, and a valid signature too once a
    /// signing secret is configured, or when signatures are required of a provider that can sign. The delivery of a
    /// workspace has only the signature.
    pub(super) fn verify(&self, secret: &SecretDocument) -> Result<(), DeliveryRejection> {
        let IncomingRequest { provider, callback, .. } = *self.incoming;
        if let Some((job, token)) = callback
            && !secret.callback_keys().verify(&providers::provider_name(provider), &job, token)
        {
            return Err(DeliveryRejection::WrongToken);
        }
        let credentials = Credentials::new(secret.provider_section(provider.name()));
        let delivery = Delivery { headers: self.request.headers(), body: self.request.body() };
        match (provider.authenticate(&delivery, &credentials, self.now), callback) {
            (Authenticity::Signed, _) => Ok(()),
            (Authenticity::NoSigningSecret, Some(_))
                if self.require_signatures && provider.signs_deliveries() =>
            {
                Err(DeliveryRejection::NoSigningSecret)
            }
            (Authenticity::NoSigningSecret, Some(_)) => Ok(()),
            (Authenticity::NoSigningSecret, None) => {
                let reason = "workspace delivery without a configured signing secret";
                Err(DeliveryRejection::NotAuthentic(reason))
            }
            (Authenticity::InvalidSignature(reason), _) => Err(DeliveryRejection::NotAuthentic(reason)),
        }
    }
}
