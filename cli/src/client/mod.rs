//! Landfall, reached by direct invocation of its submit function: the one way that leads to everything, and the one that
//! the operator's own AWS permissions decide about.

mod aws;
mod http;
mod link;
mod request;
mod response;

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};

use self::{
    aws::Aws,
    response::{Judged, judge, unanswered},
};
pub(crate) use self::{
    http::{Http, Received},
    link::{Linked, link},
};
use crate::{arguments::Reach, failure::Failure};

/// The waits before an invocation is sent again.
const WAITS: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1200)];
/// Longer than the function may run, which is a minute. It says nothing until it has run.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(90);
/// Lambda's own limit is 6 MiB.
const MAX_RESPONSE_BYTES: usize = 8 << 20;

/// The submit function.
#[derive(Debug)]
pub(crate) struct Function {
    aws: Aws,
    http: Http,
    url: String,
}

impl Function {
    /// Finds region and endpoint as the AWS CLI does. Opens no connection to Landfall.
    ///
    /// # Errors
    /// No region, or a function or endpoint that can be none.
    pub(crate) async fn connect(reach: &Reach) -> Result<Self, Failure> {
        let aws = Aws::load(reach.profile.clone(), reach.region.clone()).await?;
        let url = request::url(&aws.endpoint("Lambda", "lambda"), &reach.function)?;
        Ok(Self { aws, http: Http::new(RESPONSE_TIMEOUT), url })
    }

    /// Has the function carry out a command.
    ///
    /// Trouble on the way is met by sending the command again, so it must be one that may arrive twice: a submission has
    /// a key, a resubmission is known by the job that it repeats, a retry that goes on already is refused, which who asks
    /// for it has to know, and others lead to a state. What the function itself answers is never asked for again.
    ///
    /// # Errors
    /// What the function or AWS refused with, or that neither could be reached. It is unsure if any of the calls may have
    /// been carried out, whatever the last one was answered.
    pub(crate) async fn call(&self, command: &str, fields: Map<String, Value>) -> Result<Value, Failure> {
        self.send(command, fields, &WAITS).await
    }

    /// Has the function carry out a command that must not arrive twice.
    ///
    /// # Errors
    /// As [`Function::call`].
    pub(crate) async fn call_once(
        &self,
        command: &str,
        fields: Map<String, Value>,
    ) -> Result<Value, Failure> {
        self.send(command, fields, &[]).await
    }

    async fn send(
        &self,
        command: &str,
        mut fields: Map<String, Value>,
        waits: &[Duration],
    ) -> Result<Value, Failure> {
        fields.insert("command".into(), command.into());
        let payload = Bytes::from(Value::Object(fields).to_string());
        let (mut waits, mut unsure) = (waits.iter(), false);
        loop {
            let failure = match self.attempt(&payload).await {
                Judged::Answer(answer) => return Ok(answer),
                Judged::Refusal(failure) => {
                    unsure |= failure.unsure;
                    return Err(failure.unsure(unsure));
                }
                Judged::Expired(failure) => {
                    self.aws.forget_credentials().await;
                    failure
                }
                Judged::Trouble(failure) => failure,
            };
            unsure |= failure.unsure;
            match waits.next() {
                Some(wait) => tokio::time::sleep(*wait).await,
                None => return Err(failure.unsure(unsure)),
            }
        }
    }

    async fn attempt(&self, payload: &Bytes) -> Judged {
        let request = match self.aws.signed(&self.url, "lambda", payload).await {
            Ok(request) => request,
            Err(failure) => return Judged::Refusal(failure),
        };
        match self.http.whole(request, MAX_RESPONSE_BYTES).await {
            Ok(answer) => judge(&answer),
            Err(why) => unanswered(&why),
        }
    }
}
