//! The update and condition expressions of reservations.

use aws_sdk_dynamodb::{operation::update_item::builders::UpdateItemFluentBuilder, types::AttributeValue};

use crate::{
    item_attributes::{number_value, text_value},
    rate_plan::{FREE_AT, Grant, LimiterState},
    rate_window::{WindowAt, WindowState},
};

/// The parts of an update: what it sets and adds, its conditions, and their values.
#[derive(Debug, Default)]
pub(crate) struct UpdateParts {
    sets: Vec<String>,
    adds: Vec<String>,
    conditions: Vec<String>,
    values: Vec<(String, AttributeValue)>,
}

impl UpdateParts {
    /// Reserves the time of a grant at the ceiling, and counts the request in each window.
    ///
    /// DynamoDB's expressions have no maximum function, so an idle limiter and a busy one take different writes.
    pub(crate) fn reservation(state: &LimiterState, grant: &Grant, interval: i64) -> Self {
        let mut parts = Self::default();
        let at = parts.value(number_value(grant.at));
        if grant.is_busy {
            let (add, latest) =
                (parts.value(number_value(interval)), parts.value(number_value(grant.latest)));
            parts.adds.push(format!("{FREE_AT} {add}"));
            parts.conditions.push(format!("{FREE_AT} BETWEEN {at} AND {latest}"));
        } else {
            let after = parts.value(number_value(grant.at.saturating_add(interval)));
            parts.sets.push(format!("{FREE_AT} = {after}"));
            parts.conditions.push(format!("(attribute_not_exists({FREE_AT}) OR {FREE_AT} <= {at})"));
        }
        for (window, then) in state.windows.iter().zip(&grant.windows) {
            parts.count(window, then);
        }
        let pause = state.pause_attribute.as_str();
        parts.conditions.push(format!("(attribute_not_exists({pause}) OR {pause} <= {at})"));
        parts
    }

    /// Takes back a reservation that lies in the current buckets; with an interval also its time, if it is the last one.
    pub(crate) fn release(state: &LimiterState, reserved: i64, interval: Option<i64>) -> Self {
        let mut parts = Self::default();
        if let Some(interval) = interval {
            let at = parts.value(number_value(reserved));
            let after = parts.value(number_value(reserved.saturating_add(interval)));
            parts.sets.push(format!("{FREE_AT} = {at}"));
            parts.conditions.push(format!("{FREE_AT} = {after}"));
        }
        for window in &state.windows {
            let bucket = parts.value(number_value(window.bucket_of(reserved)));
            let (less, one) = (parts.value(number_value(-1)), parts.value(number_value(1)));
            let names = &window.names;
            parts.adds.push(format!("{} {less}", names.used));
            parts.conditions.push(format!("{} = {bucket} AND {} >= {one}", names.bucket, names.used));
        }
        parts
    }

    /// Counts a request in the current bucket, or in the first later one, to which the window moves on.
    fn count(&mut self, window: &WindowState, then: &WindowAt) {
        let names = &window.names;
        let bucket = self.value(number_value(then.bucket));
        match window.current {
            Some((current, _)) if current == then.bucket => {
                let (one, room) = (self.value(number_value(1)), self.value(number_value(then.room)));
                self.adds.push(format!("{} {one}", names.used));
                self.conditions.push(format!("{} = {bucket} AND {} < {room}", names.bucket, names.used));
            }
            current => {
                let (one, past) = (self.value(number_value(1)), self.value(text_value(then.past_text())));
                self.sets.push(format!("{} = {bucket}", names.bucket));
                self.sets.push(format!("{} = {one}", names.used));
                self.sets.push(format!("{} = {past}", names.past));
                let condition = match current {
                    Some((bucket, used)) => {
                        let bucket = self.value(number_value(bucket));
                        let used = self.value(number_value(used));
                        format!("{} = {bucket} AND {} = {used}", names.bucket, names.used)
                    }
                    None => format!("attribute_not_exists({})", names.bucket),
                };
                self.conditions.push(condition);
            }
        }
    }

    /// Adds a value and returns its placeholder.
    fn value(&mut self, value: AttributeValue) -> String {
        let name = format!(":v{}", self.values.len());
        self.values.push((name.clone(), value));
        name
    }

    /// Adds the expressions to an update.
    pub(crate) fn apply(self, update: UpdateItemFluentBuilder) -> UpdateItemFluentBuilder {
        let clause = |keyword: &str, parts: &[String]| match parts {
            [] => String::new(),
            parts => format!("{keyword} {} ", parts.join(", ")),
        };
        let expression = clause("SET", &self.sets) + &clause("ADD", &self.adds);
        let update = update.update_expression(expression.trim_end());
        let update = update.condition_expression(self.conditions.join(" AND "));
        self.values
            .into_iter()
            .fold(update, |update, (name, value)| update.expression_attribute_values(name, value))
    }
}
