//! User stories, end to end and over the wire: the real functions, a local cloud, simulated providers.

mod archives;
mod bad_input;
mod changing;
mod check;
mod crash;
mod deliveries;
mod direct_invoke;
mod door;
mod event_bus;
mod event_shapes;
mod happy_path;
mod idempotency;
mod landing;
mod outages;
mod races;
mod rate;
mod refusals;
mod resume;
mod signing;
mod submit;
mod unpack;
mod workspace;
mod world;
