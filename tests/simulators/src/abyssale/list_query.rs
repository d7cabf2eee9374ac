//! Query parameters of lists, and pagination (contract 1.1 and 5.3).

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use serde_json::Value;

use crate::abyssale::api_error::{ApiError, FieldError};
use crate::abyssale::api_response;

/// The maximum page size.
const MAX_PAGE_SIZE: usize = 100;
/// The default page size.
const DEFAULT_PAGE_SIZE: usize = 25;

/// The query of a request. The first value of a repeated name counts.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(request: &Request<Bytes>) -> Self {
        let query = request.uri().query().unwrap_or_default();
        Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the values of a list, separated by commas or given several times.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let values = self.0.iter().filter(|(known, _)| known == name);
        values.flat_map(|(_, value)| value.split(',')).filter(|value| !value.is_empty()).collect()
    }

    /// Returns the whole list or one page, as the query requests. A page carries the total in `X-Total-Count`.
    pub(super) fn paginate(&self, all: Vec<Value>) -> Result<Response<Bytes>, ApiError> {
        let (page, size) = (self.number("page", usize::MAX)?, self.number("per_page", MAX_PAGE_SIZE)?);
        let total = all.len();
        let shown: Vec<Value> = if page.is_none() && size.is_none() {
            all
        } else {
            let size = size.unwrap_or(DEFAULT_PAGE_SIZE);
            all.into_iter().skip(size.saturating_mul(page.unwrap_or(1) - 1)).take(size).collect()
        };
        let mut response = api_response::json_response(StatusCode::OK, &Value::Array(shown));
        if page.is_some() || size.is_some() {
            let name = HeaderName::from_static("x-total-count");
            response.headers_mut().insert(name, HeaderValue::from(total));
        }
        Ok(response)
    }

    fn number(&self, name: &str, max: usize) -> Result<Option<usize>, ApiError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| (1..=max).contains(number));
        number.map(Some).ok_or_else(|| invalid_parameter(name, "Not a number in the range."))
    }
}

/// 400: an invalid query parameter.
pub(super) fn invalid_parameter(name: &str, message: &str) -> ApiError {
    ApiError::invalid(vec![FieldError::new(name, "invalid_query_param", message)])
}
