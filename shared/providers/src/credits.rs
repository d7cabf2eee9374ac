//! Credits: what an account at a provider can still pay for.

/// One kind of credits of an account, for the current billing period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditBalance {
    /// The kind of credits, such as `generation`.
    pub kind: &'static str,
    /// The credits of the plan that are left. None when the plan has no limit.
    pub available: Option<u64>,
    /// The credits of the plan. None when the plan has no limit.
    pub limit: Option<u64>,
    /// The credits that are used up.
    pub consumed: u64,
    /// The credits that were bought in addition to the plan.
    pub extra: u64,
}

impl CreditBalance {
    /// Returns the credits that can be spent. None when there is no limit.
    pub fn left(&self) -> Option<u64> {
        self.available.map(|available| available.saturating_add(self.extra))
    }
}

impl std::fmt::Display for CreditBalance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, available, limit, consumed, extra } = self;
        match (available, limit) {
            (None, _) => write!(f, "{kind} credits: unlimited, {consumed} consumed"),
            (Some(available), Some(limit)) => {
                write!(
                    f,
                    "{kind} credits: {available} of {limit} available, {extra} extra, {consumed} consumed"
                )
            }
            (Some(available), None) => {
                write!(f, "{kind} credits: {available} available, {extra} extra, {consumed} consumed")
            }
        }
    }
}
