//! Reads and writes items of the table by attribute name.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use model::{Error, ErrorClass};
use serde::{Serialize, de::DeserializeOwned};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::json_attribute;

/// The attributes of an item by name.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Builds an item attribute by attribute.
#[derive(Debug, Default)]
pub(crate) struct ItemWriter(Item);

impl ItemWriter {
    /// An item with its primary key.
    pub(crate) fn key(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self::default().text("pk", pk).text("sk", sk)
    }

    pub(crate) fn text(mut self, name: &str, text: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::S(text.into()));
        self
    }

    pub(crate) fn maybe_text(self, name: &str, text: Option<impl Into<String>>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    pub(crate) fn number(mut self, name: &str, number: impl ToString) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::N(number.to_string()));
        self
    }

    pub(crate) fn maybe_number(self, name: &str, number: Option<impl ToString>) -> Self {
        match number {
            Some(number) => self.number(name, number),
            None => self,
        }
    }

    pub(crate) fn time(self, name: &str, time: OffsetDateTime) -> Self {
        // Fails only beyond the year 9999.
        self.text(name, time.format(&Rfc3339).unwrap_or_default())
    }

    pub(crate) fn json(mut self, name: &str, value: &impl Serialize) -> Result<Self, Error> {
        let value = serde_json::to_value(value).map_err(|e| unreadable(name).with_source(e))?;
        self.0.insert(name.to_owned(), json_attribute::from_json(value));
        Ok(self)
    }

    pub(crate) fn finish(self) -> Item {
        self.0
    }
}

/// Reads the attributes of an item.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ItemReader<'a>(pub(crate) &'a Item);

impl<'a> ItemReader<'a> {
    pub(crate) fn maybe_text(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_s().ok().map(String::as_str)
    }

    pub(crate) fn text(self, name: &str) -> Result<&'a str, Error> {
        self.maybe_text(name).ok_or_else(|| unreadable(name))
    }

    pub(crate) fn parsed<T: std::str::FromStr>(self, name: &str) -> Result<T, Error> {
        self.text(name)?.parse().map_err(|_| unreadable(name))
    }

    pub(crate) fn maybe_parsed<T: std::str::FromStr>(self, name: &str) -> Result<Option<T>, Error> {
        self.maybe_text(name).map(|_| self.parsed(name)).transpose()
    }

    pub(crate) fn maybe_number<T: std::str::FromStr>(self, name: &str) -> Option<T> {
        self.0.get(name)?.as_n().ok()?.parse().ok()
    }

    pub(crate) fn time(self, name: &str) -> Result<OffsetDateTime, Error> {
        OffsetDateTime::parse(self.text(name)?, &Rfc3339).map_err(|e| unreadable(name).with_source(e))
    }

    pub(crate) fn maybe_time(self, name: &str) -> Result<Option<OffsetDateTime>, Error> {
        self.maybe_text(name).map(|_| self.time(name)).transpose()
    }

    pub(crate) fn json<T: DeserializeOwned>(self, name: &str) -> Result<Option<T>, Error> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        serde_json::from_value(json_attribute::to_json(value)).map_err(|e| unreadable(name).with_source(e))
    }
}

/// The error of an item that this version of Landfall cannot read or write.
pub(crate) fn unreadable(attribute: &str) -> Error {
    Error::new(ErrorClass::Internal, format!("the job's record is damaged at attribute {attribute}"))
}

/// A string attribute.
pub(crate) fn text_value(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A number attribute.
pub(crate) fn number_value(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
