//! Reports what the messages of providers say about the providers: credits, and values that this version does not know.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use providers::{Observation, Provider};

/// The maximum number of unknown values that are remembered for a provider. Further ones are not reported.
const MAX_REPORTED: usize = 100;

/// The unknown values that were reported, by field.
type ReportedValues = BTreeSet<(&'static str, String)>;

/// The values that were reported for each provider. Each is reported once in an execution environment, which on Lambda is
/// one process.
static REPORTED: Mutex<BTreeMap<&'static str, ReportedValues>> = Mutex::new(BTreeMap::new());

/// Counts and logs observations.
pub fn report_observations(provider: &dyn Provider, observations: Vec<Observation>) {
    let provider = provider.name();
    for observation in observations {
        match observation {
            Observation::Credits(balances) => {
                // Without a limit there is nothing to measure.
                let Some((credits, left)) = balances.first().and_then(|first| Some((first, first.left()?)))
                else {
                    continue;
                };
                let others: Vec<String> = balances[1..].iter().map(ToString::to_string).collect();
                tracing::info!(
                    metric = "ProviderCreditsLeft",
                    value = left,
                    provider,
                    credits = %credits,
                    others = others.join("; "),
                    "provider credits left"
                );
            }
            Observation::UnknownValue { field, value } => {
                let mut reported = REPORTED.lock().unwrap_or_else(PoisonError::into_inner);
                if remember(reported.entry(provider).or_default(), field, &value) {
                    tracing::warn!(
                        metric = "ProviderDrift",
                        count = 1,
                        provider,
                        field,
                        unknown_value = value,
                        "provider sent a value that this version does not know"
                    );
                }
            }
        }
    }
}

/// Remembers an unknown value. Returns whether it is new.
fn remember(reported: &mut ReportedValues, field: &'static str, value: &str) -> bool {
    reported.len() < MAX_REPORTED && reported.insert((field, value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_value_of_a_field_is_new_once() {
        let mut reported = ReportedValues::new();
        let mut is_new = |field, value| remember(&mut reported, field, value);
        assert!(is_new("version", "v2027-01-01"));
        assert!(!is_new("version", "v2027-01-01"));
        assert!(is_new("version", "v2027-02-01") && is_new("event_type", "v2027-01-01"));
    }

    #[test]
    fn the_number_of_remembered_values_is_limited() {
        let mut reported = ReportedValues::new();
        let new = (0..3 * MAX_REPORTED).filter(|n| remember(&mut reported, "state", &n.to_string())).count();
        assert_eq!(new, MAX_REPORTED);
    }
}
