//! User stories, end to end and over the wire: the real functions, a local cloud, simulated providers.

mod happy_path;
mod world;
