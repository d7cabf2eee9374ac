//! The accepted exports of the account, and the credits that all its work costs.

use serde_json::{Value, json};

use crate::ai_studios::api_error::{ApiError, ErrorKind};

/// The number, the cost and the log of accepted exports.
#[derive(Debug, Default)]
pub(super) struct Exports {
    pub(super) accepted_posts: u64,
    /// What the account has spent, on exports and on everything else.
    pub(super) credits: u32,
    pub(super) log: Vec<Value>,
}

impl Exports {
    /// Checks that `price` is left of the account's `limit`; `None` is unlimited.
    pub(super) fn check_credit(&self, limit: Option<u32>, price: u32) -> Result<(), ApiError> {
        match limit.map(|limit| limit.saturating_sub(self.credits)) {
            Some(left) if left < price => Err(ApiError::new(ErrorKind::Quota, "not enough credit")),
            Some(_) | None => Ok(()),
        }
    }

    /// Charges `price`, or returns the error of an account without enough credits.
    pub(super) fn charge(&mut self, limit: Option<u32>, price: u32) -> Result<(), ApiError> {
        self.check_credit(limit, price)?;
        self.credits += price;
        Ok(())
    }

    pub(super) fn view(&self) -> Value {
        json!({"accepted_posts": self.accepted_posts, "credits": self.credits, "exports": self.log})
    }
}
