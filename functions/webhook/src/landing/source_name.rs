//! The name of a source.

use model::Source;

/// The provider's name for a file, or the last part of its URL.
pub(super) fn source_name(source: &Source) -> String {
    let path = || source.url.split(['?', '#']).next().unwrap_or_default();
    let last = || path().rsplit('/').next().unwrap_or_default().to_owned();
    source.name.clone().unwrap_or_else(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_providers_name_or_else_the_last_part_of_its_url() {
        let mut source = Source::archive("https://h/a/b.png?X-Signature=secret");
        assert_eq!(source_name(&source), "b.png");
        source.name = Some("spring.png".into());
        assert_eq!(source_name(&source), "spring.png");
    }
}
