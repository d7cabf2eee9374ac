//! Simulators of the providers, for tests and the local runner: one folder for each provider, and shared
//! modules.
//!
//! A simulator is a pure state machine. It opens no socket and reads no clock: the harness passes each request
//! with the time, and asks which deliveries are due. The same simulator therefore serves tests, where hours
//! pass in an instant, and the local runner, where people watch it.
//!
//! To add a provider, write its folder and add the two lines marked below.

pub mod abyssale; // a provider's folder: line one of two
pub(crate) mod acceptance_policy;
pub(crate) mod admin_response;
pub mod ai_studios;
pub(crate) mod byte_range;
pub(crate) mod delivery_attempt;
pub(crate) mod delivery_schedule;
pub(crate) mod fault_queue;
pub(crate) mod id_generator;
pub(crate) mod range_flaw;
pub(crate) mod request_echo;
pub(crate) mod request_log;
pub(crate) mod request_rate;
pub(crate) mod response;
pub(crate) mod simulator;
pub(crate) mod virtual_clock;

pub use simulator::{DeliveryOutcome, Endpoint, Origins, OutgoingDelivery, Reply, SendMode, Simulator};

/// Creates a provider's simulator. Keys and seeded ids depend on the first number only, the seed. Ids of new
/// work also depend on the second number, the run.
pub type NewSimulator = fn(seed: u64, run: u64) -> Box<dyn Simulator>;

/// The simulator of each provider, by the provider's name.
pub const ALL: &[(&str, NewSimulator)] = &[
    ("abyssale", |seed, run| Box::new(abyssale::AbyssaleSimulator::for_run(seed, run))), // line two of two
    ("ai_studios", |seed, run| Box::new(ai_studios::AiStudiosSimulator::for_run(seed, run))),
];

/// The simulator of the provider with this name.
pub fn simulator_for(name: &str, seed: u64, run: u64) -> Option<Box<dyn Simulator>> {
    let (_, new) = ALL.iter().find(|(provider, _)| *provider == name)?;
    Some(new(seed, run))
}
