//! The client of Landfall's submit function. It uses Lambda Invoke: an invocation reaches every command, and the operator's
//! own AWS permissions authorize it.

mod aws_session;
mod fetch_job;
mod http_client;
mod invoke_outcome;
mod invoke_url;
mod payload;
mod presigned_url;
mod submit_function;

pub(crate) use self::{
    fetch_job::fetch_job,
    http_client::{HttpClient, HttpResponse, S3_READ_TIMEOUT},
    payload::payload,
    presigned_url::{LinkTarget, create_presigned_url},
    submit_function::SubmitFunction,
};
