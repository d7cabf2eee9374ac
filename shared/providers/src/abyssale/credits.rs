//! Reads the credits of the workspace (contract 13.5).

use http::{Method, StatusCode};
use model::{Error, ErrorClass};
use serde_json::Value;

use super::{error_response::rejection_error, get_with_retries::ReadRequest};
use crate::{ApiAccess, CreditBalance};

/// The path of the credits. Reading them costs none.
pub(super) const CREDITS_PATH: &str = "/credits";

/// The members of the response, and what each counts. Generations consume the first.
const BALANCES: [(&str, &str); 2] = [("generation_credits", "generation"), ("ai_credits", "AI")];

/// Builds the request for the credits.
pub(super) fn build_request(access: &ApiAccess<'_>) -> Result<ReadRequest<Vec<CreditBalance>>, Error> {
    ReadRequest::new(access, Method::GET, CREDITS_PATH, read_credits)
}

/// Reads the response to `GET /credits`.
///
/// # Errors
/// The provider's rejection, or [`ErrorClass::ProviderUnavailable`] when the response names no credits.
pub(super) fn read_credits(status: StatusCode, body: &[u8]) -> Result<Vec<CreditBalance>, Error> {
    if !status.is_success() {
        return Err(rejection_error(status, body));
    }
    let balances = parse_credits(&serde_json::from_slice(body).unwrap_or(Value::Null));
    if balances.is_empty() {
        return Err(Error::new(ErrorClass::ProviderUnavailable, "Abyssale's response names no credits"));
    }
    Ok(balances)
}

/// Reads the balances of a body. None are there if the body is another response.
pub(super) fn parse_credits(body: &Value) -> Vec<CreditBalance> {
    let read = |(member, kind): (&str, &'static str)| {
        let fields = body.get(member).filter(|fields| fields.is_object())?;
        let number = |name: &str| fields.get(name)?.as_f64().map(|number| number.max(0.0) as u64);
        Some(CreditBalance {
            kind,
            available: number("available"),
            limit: number("limit"),
            consumed: number("consumed").unwrap_or(0),
            extra: number("extra").unwrap_or(0),
        })
    };
    BALANCES.into_iter().filter_map(read).collect()
}

/// Returns the generation credits if none of them are left. AI credits do not count: most generations need none, and
/// whether those that do are refused without them is unknown.
pub(super) fn spent_generation_credits(balances: &[CreditBalance]) -> Option<&CreditBalance> {
    balances.iter().find(|balance| balance.kind == BALANCES[0].1 && balance.left() == Some(0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(available: Value, extra: u64) -> Value {
        json!({
            "generation_credits": { "available": available, "limit": 500, "consumed": 500, "extra": extra },
            "ai_credits": { "available": 0, "limit": 0, "consumed": 0, "extra": 0 },
            "version": "v2026-10-21",
        })
    }

    #[test]
    fn generation_credits_are_spent_only_when_neither_the_plan_nor_the_extra_ones_are_left() {
        for (body, is_spent) in [
            (body(json!(0), 0), true),
            (body(json!(0), 1), false),
            (body(json!(1), 0), false),
            (body(Value::Null, 0), false),
            (json!({ "generation_credits": {} }), false),
            (json!({ "ai_credits": { "available": 0, "extra": 0 } }), false),
        ] {
            let balances = parse_credits(&body);
            assert_eq!(spent_generation_credits(&balances).is_some(), is_spent, "{body}");
        }
    }

    #[test]
    fn balances_are_described_with_their_figures() {
        let described = |body: &Value| -> Vec<String> {
            parse_credits(body).iter().map(CreditBalance::to_string).collect()
        };
        assert_eq!(
            described(&body(json!(20), 5)),
            [
                "generation credits: 20 of 500 available, 5 extra, 500 consumed",
                "AI credits: 0 of 0 available, 0 extra, 0 consumed",
            ]
        );
        assert_eq!(described(&body(Value::Null, 0))[0], "generation credits: unlimited, 500 consumed");
    }

    #[test]
    fn a_response_without_credits_is_an_error() {
        for (status, body, class) in [
            (200, "{}", ErrorClass::ProviderUnavailable),
            (200, "<html>", ErrorClass::ProviderUnavailable),
            (401, "", ErrorClass::ProviderCredentials),
            (404, r#"{"id":"endpoint_not_found"}"#, ErrorClass::ProviderRefusedRequest),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(read_credits(status, body.as_bytes()).expect_err("no credits").class, class, "{body}");
        }
    }
}
