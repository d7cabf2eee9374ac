//! The credentials that sign pre-signed URLs, and their expiration.
//!
//! A pre-signed URL expires with the credentials that signed it, whatever time it states. Those in the environment of a
//! Lambda function are temporary and do not state their expiration, so a URL signed with them would expire earlier than it
//! says. A small role is assumed instead, whose credentials state it. AWS limits a role that is assumed by a role
//! (role chaining) to one hour, so no URL lasts longer. The cost is the STS client, which is small and shares the HTTP
//! client with the others.

use std::time::Duration;

use aws_sdk_s3::config::Credentials;
use aws_sdk_sts::Client;
use model::{Error, ErrorClass};
use time::OffsetDateTime;
use tokio::sync::Mutex;

/// The session duration of the assumed role, in seconds: the maximum for role chaining.
const SESSION_SECONDS: i32 = 3600;
/// The remaining lifetime at which cached credentials still sign the longest URLs. Repeated requests for the longest URLs
/// then assume the role once in five minutes, and a URL is at most five minutes shorter than an hour.
const REUSE_LIFETIME: Duration = Duration::from_secs(55 * 60);
/// The longest lifetime of a URL that temporary credentials of unknown expiration sign. Lambda runs a function for up to
/// fifteen minutes with credentials that last so long, and guarantees no more.
const MAX_LIFETIME_UNKNOWN_EXPIRY: Duration = Duration::from_secs(900);

/// The credentials that sign pre-signed URLs.
#[derive(Debug)]
pub enum PresignCredentials {
    /// Those of an assumed role that may read the files and nothing else.
    Role(AssumedRole),
    /// The function's own temporary credentials, whose expiration is unknown.
    FunctionTemporary,
    /// The function's own credentials, which do not expire.
    FunctionPermanent,
}

/// A role that is assumed on demand, with its cached session.
#[derive(Debug)]
pub struct AssumedRole {
    client: Client,
    arn: String,
    session: Mutex<Option<Session>>,
}

/// Credentials with their expiration.
#[derive(Debug, Clone)]
struct Session {
    credentials: Credentials,
    expires_at: OffsetDateTime,
}

/// The credentials for one URL.
#[derive(Debug)]
pub(crate) struct UrlCredentials {
    /// None for those of the client.
    pub(crate) credentials: Option<Credentials>,
    /// How long the URL may last.
    pub(crate) lifetime: Duration,
}

impl PresignCredentials {
    /// The role with this ARN, assumed with the credentials of `aws`.
    pub fn from_role(aws: &aws_types::SdkConfig, arn: impl Into<String>) -> Self {
        Self::Role(AssumedRole { client: Client::new(aws), arn: arn.into(), session: Mutex::new(None) })
    }

    /// The credentials for a URL with this lifetime from `now` on, which may be shortened.
    pub(crate) async fn for_url(
        &self,
        lifetime: Duration,
        now: OffsetDateTime,
    ) -> Result<UrlCredentials, Error> {
        Ok(match self {
            Self::FunctionPermanent => UrlCredentials { credentials: None, lifetime },
            Self::FunctionTemporary => {
                UrlCredentials { credentials: None, lifetime: lifetime.min(MAX_LIFETIME_UNKNOWN_EXPIRY) }
            }
            Self::Role(role) => {
                let Session { credentials, expires_at } =
                    role.get_session(lifetime.min(REUSE_LIFETIME), now).await?;
                let remaining = Duration::try_from(expires_at - now).unwrap_or_default();
                UrlCredentials { credentials: Some(credentials), lifetime: lifetime.min(remaining) }
            }
        })
    }
}

impl AssumedRole {
    /// A session that lasts at least `min_lifetime`, from the cache if possible.
    async fn get_session(&self, min_lifetime: Duration, now: OffsetDateTime) -> Result<Session, Error> {
        // The lock is held during the call, so that concurrent requests share one call.
        let mut cached = self.session.lock().await;
        if let Some(session) = cached.as_ref().filter(|session| session.expires_at - now >= min_lifetime) {
            return Ok(session.clone());
        }
        let session = self.assume_role().await?;
        *cached = Some(session.clone());
        Ok(session)
    }

    async fn assume_role(&self) -> Result<Session, Error> {
        let request = self.client.assume_role().role_arn(&self.arn).role_session_name("landfall-links");
        let output = request.duration_seconds(SESSION_SECONDS).send().await.map_err(|e| {
            let is_rejected = e.as_service_error().is_some();
            let e = aws_sdk_sts::error::DisplayErrorContext(e).to_string();
            match is_rejected {
                true => Error::new(
                    ErrorClass::Misconfigured,
                    "the role that signs download links cannot be assumed",
                )
                .with_source(e),
                false => unavailable().with_source(e),
            }
        })?;
        let issued = output.credentials.ok_or_else(unavailable)?;
        let expires_at = OffsetDateTime::from_unix_timestamp(issued.expiration.secs());
        let credentials = Credentials::builder()
            .access_key_id(issued.access_key_id)
            .secret_access_key(issued.secret_access_key)
            .session_token(issued.session_token)
            .provider_name("link role");
        let expires_at = expires_at.map_err(|e| unavailable().with_source(e))?;
        Ok(Session { credentials: credentials.build(), expires_at })
    }
}

fn unavailable() -> Error {
    Error::new(
        ErrorClass::StorageUnavailable,
        "the credentials for download links are unavailable; try again",
    )
    .with_retry_after(5)
}
