//! The flows against a deployed stack: the real bootstraps behind real APIs, described by the file that
//! `LANDFALL_STACK` names (`deploy.sh` writes it). Without one they say that they were skipped.

mod flows;
mod signed;
mod stack;
