//! The list of all providers.

use model::ProviderName;

use crate::{Provider, abyssale, ai_studios};

/// All providers. The functions, the local runner and the conformance tests iterate over this list.
pub static ALL: &[&dyn Provider] = &[
    &abyssale::Abyssale, // line two of two
    &ai_studios::AiStudios,
];

/// Finds a provider by the name in a request or a callback path.
pub fn find_provider(name: &str) -> Option<&'static dyn Provider> {
    ALL.iter().copied().find(|provider| provider.name() == name)
}

/// Returns the typed name of a provider.
pub fn provider_name(provider: &dyn Provider) -> ProviderName {
    ProviderName::new(provider.name())
}
