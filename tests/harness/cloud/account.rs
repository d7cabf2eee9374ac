//! The AWS account of the local cloud.

/// The account number in every ARN and queue URL.
pub const ACCOUNT_ID: &str = "000000000000";
