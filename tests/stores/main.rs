//! What `records` and `objects` rely on, over the wire: on the embedded local cloud always, and on independent
//! servers when `DYNAMODB_LOCAL_ENDPOINT` or `LOCALEMU_ENDPOINT` names one, so that we do not only agree with
//! ourselves.

mod bucket_in_s3;
mod concurrency_limit_in_dynamodb;
mod job_store_in_dynamodb;
mod rate_limit_in_dynamodb;
mod server;
