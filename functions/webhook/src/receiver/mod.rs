//! The webhook receiver: parse the request's path, authenticate the delivery, redact secrets, queue it, respond.
//!
//! The receiver's role may read the secrets, write long bodies to the bucket and send to the delivery queue, nothing
//! else. It responds 200 only after the queue has accepted the delivery. On any failure of Landfall it responds 503,
//! so that the provider retries.

mod authenticate_delivery;
mod incoming_request;
pub(crate) mod receive_delivery;
