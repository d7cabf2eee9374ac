//! Each provider has a simulator whose demonstration request the provider accepts.

use providers::{ApiAccess, Credentials, Provider};
use serde_json::{Map, json};
use simulators::Simulator;

fn simulator(provider: &dyn Provider) -> Box<dyn Simulator> {
    simulators::simulator_for(provider.name(), 1, 1).expect("a simulator for each provider")
}

#[test]
fn each_provider_has_one_simulator() {
    let providers: Vec<&str> = providers::ALL.iter().map(|provider| provider.name()).collect();
    let simulators: Vec<&str> = simulators::ALL.iter().map(|(name, _)| *name).collect();
    assert_eq!(providers, simulators);
}

#[test]
fn check_names_are_unique() {
    for provider in providers::ALL {
        let credentials = Credentials::new(simulator(*provider).credentials());
        let access = ApiAccess { api_url: "https://api.example", credentials: &credentials };
        let checks = provider.health_checks(&access, Map::new()).expect("checks");
        // The names of Landfall's own checks.
        let mut names = vec!["table", "callback_url", "endpoint", "secret", "callback_key", "signing"];
        for (name, _) in checks {
            assert!(!names.contains(&name), "{}: {name}", provider.name());
            names.push(name);
        }
    }
}

#[test]
fn the_demonstration_of_each_simulator_is_a_valid_request() {
    for provider in providers::ALL {
        let demonstration = simulator(*provider).demo_job();
        let mut fields = demonstration.as_object().cloned().expect("an object");
        assert_eq!(fields.remove("provider"), Some(json!(provider.name())));
        fields.remove("metadata");
        let kind = fields.remove("kind").expect("a kind");
        let order = provider.parse_order(kind.as_str().expect("text"), fields).expect("a valid request");
        assert!(order.expected_files.is_none_or(|expected| expected > 0));
    }
}
