//! Who signs links, and until when what they sign is good.
//!
//! A pre-signed URL ends with the credentials that signed it, whatever time it states. Those in the environment of a
//! Lambda function are temporary and tell no end, so a link signed with them would end sooner than it says. A small
//! role is assumed instead, whose credentials come with their end. AWS lets a role that is assumed by a role last one
//! hour, so no link lasts longer. It costs the client of STS, a small one that shares everything with the others.

use std::time::Duration;

use aws_sdk_s3::config::Credentials;
use aws_sdk_sts::Client;
use model::{Error, ErrorClass};
use time::OffsetDateTime;
use tokio::sync::Mutex;

/// How long an assumed role lasts, in seconds: as long as AWS lets it when a role assumes it.
const SESSION: i32 = 3600;
/// What is left of kept credentials that are still good for the longest links: whoever asks for those again and again
/// makes us assume the role once in five minutes, and loses five minutes of an hour at most.
const GOOD_FOR_LONG: Duration = Duration::from_secs(55 * 60);
/// The longest link signed with temporary credentials of unknown end. Lambda runs a function for up to fifteen minutes
/// and gives it credentials that last; no promise goes further.
const UNKNOWN_END: Duration = Duration::from_secs(900);

/// Whose credentials sign links.
#[derive(Debug)]
pub enum PresignCredentials {
    /// Those of a role that may read the files and nothing else.
    Role(AssumedRole),
    /// The function's own, temporary ones of which nobody knows when they end.
    OwnTemporary,
    /// The function's own, which do not end.
    OwnLasting,
}

/// A role that is assumed when needed.
#[derive(Debug)]
pub struct AssumedRole {
    client: Client,
    arn: String,
    kept: Mutex<Option<Session>>,
}

/// Credentials with their end.
#[derive(Debug, Clone)]
struct Session {
    credentials: Credentials,
    end: OffsetDateTime,
}

/// What a link is signed with.
#[derive(Debug)]
pub(crate) struct Signing {
    /// Nothing: the client's own.
    pub(crate) credentials: Option<Credentials>,
    /// How long the link lasts.
    pub(crate) lasts: Duration,
}

impl PresignCredentials {
    /// Signs with a role, assumed by the credentials of `aws`.
    pub fn role(aws: &aws_types::SdkConfig, arn: impl Into<String>) -> Self {
        Self::Role(AssumedRole { client: Client::new(aws), arn: arn.into(), kept: Mutex::new(None) })
    }

    /// What signs a link that shall last so long from `now` on, and how long it does.
    pub(crate) async fn signing(&self, asked: Duration, now: OffsetDateTime) -> Result<Signing, Error> {
        Ok(match self {
            Self::OwnLasting => Signing { credentials: None, lasts: asked },
            Self::OwnTemporary => Signing { credentials: None, lasts: asked.min(UNKNOWN_END) },
            Self::Role(role) => {
                let Session { credentials, end } = role.session(asked.min(GOOD_FOR_LONG), now).await?;
                let left = Duration::try_from(end - now).unwrap_or_default();
                Signing { credentials: Some(credentials), lasts: asked.min(left) }
            }
        })
    }
}

impl AssumedRole {
    /// Credentials that last at least so long.
    async fn session(&self, least: Duration, now: OffsetDateTime) -> Result<Session, Error> {
        // Held while asking, so that concurrent callers share one call.
        let mut kept = self.kept.lock().await;
        if let Some(session) = kept.as_ref().filter(|session| session.end - now >= least) {
            return Ok(session.clone());
        }
        let session = self.assume().await?;
        *kept = Some(session.clone());
        Ok(session)
    }

    async fn assume(&self) -> Result<Session, Error> {
        let ask = self.client.assume_role().role_arn(&self.arn).role_session_name("landfall-links");
        let answer = ask.duration_seconds(SESSION).send().await.map_err(|e| {
            let refused = e.as_service_error().is_some();
            let e = aws_sdk_sts::error::DisplayErrorContext(e).to_string();
            match refused {
                true => Error::new(ErrorClass::Misconfigured, "the role that signs links cannot be assumed")
                    .with_source(e),
                false => unavailable().with_source(e),
            }
        })?;
        let given = answer.credentials.ok_or_else(unavailable)?;
        let end = OffsetDateTime::from_unix_timestamp(given.expiration.secs());
        let credentials = Credentials::builder()
            .access_key_id(given.access_key_id)
            .secret_access_key(given.secret_access_key)
            .session_token(given.session_token)
            .provider_name("link role");
        Ok(Session { credentials: credentials.build(), end: end.map_err(|e| unavailable().with_source(e))? })
    }
}

fn unavailable() -> Error {
    Error::new(ErrorClass::StorageUnavailable, "the credentials of links cannot be had; try again")
        .retry_after(5)
}
