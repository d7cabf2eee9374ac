//! Reads the fields of a body and collects the field errors (contract 1.3).

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::abyssale::api_error::FieldError;
use crate::abyssale::uuid_format::parse_uuid;

/// The fields of an object, and the object's path in the body.
#[derive(Clone, Copy)]
pub(super) struct BodyFields<'a> {
    object: &'a Map<String, Value>,
    within: &'a str,
}

impl<'a> BodyFields<'a> {
    /// Returns the fields of the body itself.
    pub(super) fn of(object: &'a Map<String, Value>) -> Self {
        Self { object, within: "" }
    }

    /// Returns the fields of an object inside the body, such as `gif`.
    pub(super) fn within(object: &'a Map<String, Value>, within: &'a str) -> Self {
        Self { object, within }
    }

    fn path(&self, name: &str) -> String {
        if self.within.is_empty() { name.to_owned() } else { format!("{}.{name}", self.within) }
    }

    fn wrong_type(&self, name: &str, expected: &str, value: &Value, field_errors: &mut Vec<FieldError>) {
        let message = format!("Not a valid {expected}.");
        let field_error = FieldError::new(&self.path(name), "wrong_type", &message);
        field_errors.push(field_error.expected(json!(expected)).received(value));
    }

    /// Reads a field with `read`, if the field is present.
    fn read<T>(
        &self,
        name: &str,
        expected: &str,
        field_errors: &mut Vec<FieldError>,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.object.get(name)?;
        let found = read(value);
        if found.is_none() {
            self.wrong_type(name, expected, value, field_errors);
        }
        found
    }

    pub(super) fn text(&self, name: &str, field_errors: &mut Vec<FieldError>) -> Option<&'a str> {
        self.read(name, "string", field_errors, Value::as_str)
    }

    pub(super) fn boolean(&self, name: &str, field_errors: &mut Vec<FieldError>) -> Option<bool> {
        self.read(name, "boolean", field_errors, Value::as_bool)
    }

    pub(super) fn map(
        &self,
        name: &str,
        field_errors: &mut Vec<FieldError>,
    ) -> Option<&'a Map<String, Value>> {
        self.read(name, "object", field_errors, Value::as_object)
    }

    /// Checks a field of these types, or null.
    pub(super) fn nullable(
        &self,
        name: &str,
        expected: &str,
        field_errors: &mut Vec<FieldError>,
        fits: impl FnOnce(&Value) -> bool,
    ) {
        self.read(name, expected, field_errors, |value| (value.is_null() || fits(value)).then_some(()));
    }

    pub(super) fn uuid(&self, name: &str, field_errors: &mut Vec<FieldError>) -> Option<Uuid> {
        let text = self.text(name, field_errors)?;
        let uuid = parse_uuid(text);
        if uuid.is_none() {
            field_errors.push(FieldError::new(&self.path(name), "invalid_payload", "Not a valid UUID."));
        }
        uuid
    }

    /// Reads a whole number in a range.
    pub(super) fn whole_number(
        &self,
        name: &str,
        range: RangeInclusive<i64>,
        field_errors: &mut Vec<FieldError>,
    ) -> Option<i64> {
        let number = self.read(name, "integer", field_errors, Value::as_i64)?;
        if range.contains(&number) {
            return Some(number);
        }
        let (min, max) = (range.start(), range.end());
        let message = format!("Must be from {min} to {max}.");
        let field_error = FieldError::new(&self.path(name), "out_of_range", &message);
        field_errors.push(field_error.expected(json!({"min": min, "max": max})).received(&json!(number)));
        None
    }

    /// Reads a list of strings; `None` only if the field is absent.
    pub(super) fn strings(&self, name: &str, field_errors: &mut Vec<FieldError>) -> Option<Vec<&'a str>> {
        let list = self.read(name, "list", field_errors, Value::as_array)?;
        let mut texts = Vec::new();
        for (index, value) in list.iter().enumerate() {
            match value.as_str() {
                Some(text) => texts.push(text),
                None => self.wrong_type(&format!("{name}[{index}]"), "string", value, field_errors),
            }
        }
        Some(texts)
    }
}
