//! Serves a provider's simulator on 127.0.0.1: three endpoints, and the deliveries it wants to send.
//!
//! The simulator is pure, so this is the only place where its requests, its clock and its deliveries meet
//! the network. `README.md` beside each simulator tells what its Admin endpoint can do.

mod endpoints;
mod fate;
mod host;
mod pump;
mod send;
mod wire;

#[cfg(test)]
mod pairs;
#[cfg(test)]
mod tests;

pub use self::host::{AdminRefused, Ports, SimulatorHost};
