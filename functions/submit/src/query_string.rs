//! Parses the query string of a URL.

use model::Error;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

/// Parses a query string into parameters.
///
/// # Errors
/// [`model::ErrorClass::InvalidRequest`] naming a parameter that occurs twice.
pub(crate) fn parse_query_string(query: &str) -> Result<Map<String, Value>, Error> {
    let mut parameters = Map::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if parameters.insert(name.clone().into_owned(), json!(value)).is_some() {
            return Err(Error::invalid(name, "given twice"));
        }
    }
    Ok(parameters)
}
