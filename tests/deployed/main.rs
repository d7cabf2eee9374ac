//! Flow tests against a deployed stack: the real bootstraps behind real APIs, described by the file that
//! `LANDFALL_STACK` names (`deploy.sh` writes it). Without a stack each test prints that it was skipped.

mod flows;
mod signed_request;
mod stack;
