//! What `records` and `objects` rely on, over the wire: on the embedded local cloud always, and on independent
//! servers when `DYNAMODB_LOCAL_ENDPOINT` or `LOCALEMU_ENDPOINT` names one, so that we do not only agree with
//! ourselves.

mod objects_in_s3;
mod records_in_dynamodb;
mod server;
mod slots_in_dynamodb;
mod turns_in_dynamodb;
