//! How work stands at a provider that was asked about it.

use model::{Event, Fault};

/// The provider's word on work that is under way.
#[derive(Debug)]
pub enum Standing {
    /// It is still at it.
    Working {
        /// 0 to 100, when it says so.
        percent: Option<f64>,
    },
    /// It is at an end.
    Told(Event),
    /// It does not know the work, or not any more, and nothing will come of it.
    Gone(Fault),
}
