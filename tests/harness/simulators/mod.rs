//! Serves a provider's simulator on 127.0.0.1: three endpoints, and the deliveries it wants to send.
//!
//! The simulator is pure, so this is the only place where its requests, its clock and its deliveries meet
//! the network. `README.md` beside each simulator tells what its Admin endpoint can do.

mod delivery_scheduler;
mod endpoints;
mod host;
mod resettable_socket;
mod send_delivery;
mod shaped_body;
mod shared_simulator;

#[cfg(test)]
mod provider_coverage;
#[cfg(test)]
mod tests;

pub use self::host::{AdminError, Ports, SimulatorHost};
