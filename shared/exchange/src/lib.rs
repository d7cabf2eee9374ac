#![doc = include_str!("../README.md")]

mod authority;
mod line;
mod pace;

pub use authority::Authority;
pub use line::{Line, Unasked, latest_request, left};
pub use pace::{LEAD, LONGEST_HOLD, Pace, sleep_until};
