//! What the path and the method of a request to the receiver say.

use bytes::Bytes;
use model::{Error, ErrorClass, JobId};
use providers::{DeliveryMethod, Provider};

/// The provider, the job and the kind of a request.
pub(super) struct IncomingRequest<'a> {
    pub(super) provider: &'static dyn Provider,
    /// The job and the token of a callback URL. `None` for the webhook of a workspace.
    pub(super) callback: Option<(JobId, &'a str)>,
    pub(super) delivery_method: DeliveryMethod,
}

impl<'a> IncomingRequest<'a> {
    /// Reads `/webhooks/{provider}/{job_id}/{token}` or `/webhooks/{provider}`, and a method that the provider may
    /// use.
    pub(super) fn parse(request: &'a http::Request<Bytes>) -> Result<Self, Error> {
        let not_found = || Error::new(ErrorClass::NotFound, "there is nothing at this path");
        let path = request.uri().path();
        if !runtime::is_plain_path(path) {
            return Err(not_found());
        }
        let rest = path.strip_prefix("/webhooks/").ok_or_else(not_found)?;
        let parts: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
        let provider = providers::find_provider(parts[0]).ok_or_else(not_found)?;
        let callback = match parts[1..] {
            [] => None,
            [job, token] => Some((job.parse().map_err(|_| not_found())?, token)),
            _ => return Err(not_found()),
        };
        let delivery_method = provider.classify_callback_request(request.method(), request.uri().query());
        if delivery_method == DeliveryMethod::MethodNotAllowed {
            return Err(Error::new(ErrorClass::MethodNotAllowed, "expected POST here"));
        }
        Ok(Self { provider, callback, delivery_method })
    }

    /// The job of a callback URL.
    pub(super) fn job_id(&self) -> Option<JobId> {
        self.callback.map(|(job, _)| job)
    }
}
