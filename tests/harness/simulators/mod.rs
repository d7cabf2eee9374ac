//! Serves a provider's simulator on 127.0.0.1: its three endpoints and the deliveries that it sends.
//!
//! The simulator itself does no I/O. Requests, the clock and deliveries reach it only through this module. The `README.md`
//! of each simulator describes its Admin endpoint.

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
