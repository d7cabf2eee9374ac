//! Each provider has a simulator, and what the simulator shows is what the provider's translation takes.

use providers::{ApiAccess, Credentials, Provider};
use serde_json::{Map, json};
use simulators::Simulator;

fn simulator(provider: &dyn Provider) -> Box<dyn Simulator> {
    simulators::of_provider(provider.name(), 1, 1).expect("a simulator for each provider")
}

#[test]
fn each_provider_has_one_simulator() {
    let providers: Vec<&str> = providers::ALL.iter().map(|provider| provider.name()).collect();
    let simulators: Vec<&str> = simulators::ALL.iter().map(|(name, _)| *name).collect();
    assert_eq!(providers, simulators);
}

#[test]
fn checks_have_names_of_their_own() {
    for provider in providers::ALL {
        let credentials = Credentials::new(simulator(*provider).credentials());
        let access = ApiAccess { api_url: "https://api.example", credentials: &credentials };
        let checks = provider.checks(&access, Map::new()).expect("checks");
        // These are Landfall's own.
        let mut names = vec!["table", "callback_url", "endpoint", "secret", "callback_key", "signing"];
        for (name, _) in checks {
            assert!(!names.contains(&name), "{}: {name}", provider.name());
            names.push(name);
        }
    }
}

#[test]
fn a_simulators_demonstration_is_a_good_request() {
    for provider in providers::ALL {
        let shown = simulator(*provider).demonstration();
        let mut fields = shown.as_object().cloned().expect("an object");
        assert_eq!(fields.remove("provider"), Some(json!(provider.name())));
        fields.remove("metadata");
        let kind = fields.remove("kind").expect("a kind");
        let order = provider.read_order(kind.as_str().expect("text"), fields).expect("a good request");
        assert!(order.expected.is_none_or(|expected| expected > 0));
    }
}
