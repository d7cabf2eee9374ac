//! The submit API over HTTP.
//!
//! `handler` routes a request with `router`, reads its command with `read_command`, runs the command, and writes its
//! response with `write_response`. It serves the OpenAPI document itself.

pub(crate) mod handler;
pub(crate) mod read_command;
pub(crate) mod router;
pub(crate) mod write_response;
