//! What the crates `job_store` and `bucket` rely on, over the wire: always on the embedded local cloud, and on an
//! independent server if `DYNAMODB_LOCAL_ENDPOINT` or `LOCALEMU_ENDPOINT` names one, so that the tests do not only
//! agree with the embedded one.

mod bucket_in_s3;
mod carried_jobs_in_dynamodb;
mod concurrency_limit_in_dynamodb;
mod job_store_in_dynamodb;
mod rate_limit_in_dynamodb;
mod rate_limit_on_virtual_time;
mod s3_rejections;
mod server;
mod table_rejections;
