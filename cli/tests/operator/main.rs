//! What an operator does with `landfall`, against the whole of Landfall on this machine: the real binary, its exit codes,
//! and what it prints where a program reads.

mod downloads;
mod ends;
mod jobs;
mod lists;
mod secrets;
mod submissions;
mod world;
