//! Finds the language of each item of a folder. No documented field has it, and the order of the items is unknown, so
//! only what an item says of itself counts. An item without a language keeps the provider's name.

use super::folder::DubbedItem;

/// Returns the target language of each item, where the item states exactly one of them and no other item does.
pub(super) fn find_languages<'a>(items: &[DubbedItem], targets: &'a [String]) -> Vec<Option<&'a str>> {
    let found: Vec<Option<&str>> = items.iter().map(|item| find_language(item, targets)).collect();
    let is_unique = |language: &&str| found.iter().filter(|other| **other == Some(*language)).count() == 1;
    found.iter().map(|language| language.filter(is_unique)).collect()
}

/// Returns the targets that no item of these has, if every item has one. None when it is unknown which are left.
pub(super) fn find_missing_languages<'a>(
    languages: &[Option<&str>],
    targets: &'a [String],
) -> Option<Vec<&'a str>> {
    let is_left = |target: &&str| !languages.contains(&Some(*target));
    let all_known = languages.iter().all(Option::is_some);
    all_known.then(|| targets.iter().map(String::as_str).filter(is_left).collect())
}

fn find_language<'a>(item: &DubbedItem, targets: &'a [String]) -> Option<&'a str> {
    let stated = [item.stated_language.as_deref(), item.name.as_deref()];
    stated.into_iter().flatten().find_map(|text| {
        let mut named = targets.iter().map(String::as_str).filter(|target| names_language(text, target));
        match (named.next(), named.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    })
}

/// Whether a text has a language code as a word of its own, in upper or lower case, with `-` or `_`.
fn names_language(text: &str, code: &str) -> bool {
    let text = text.replace('_', "-").to_ascii_lowercase();
    let code = code.to_ascii_lowercase();
    let is_word = |(start, _): (usize, &str)| {
        let is_inside = |neighbour: Option<char>| neighbour.is_some_and(char::is_alphanumeric);
        !is_inside(text[..start].chars().next_back()) && !is_inside(text[start + code.len()..].chars().next())
    };
    text.match_indices(&code).any(is_word)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ai_studios::dubbing::folder::read_folder;

    fn languages(items: serde_json::Value) -> Vec<Option<&'static str>> {
        static TARGETS: std::sync::LazyLock<Vec<String>> =
            std::sync::LazyLock::new(|| ["en-US", "ko-KR", "pt-PT"].map(String::from).to_vec());
        find_languages(&read_folder(items), &TARGETS)
    }

    #[test]
    fn an_item_has_the_language_that_it_states() {
        for (item, expected) in [
            (json!({ "progress": 1, "name": "Talk_ko-KR" }), Some("ko-KR")),
            (json!({ "progress": 1, "name": "[KO_kr] Talk" }), Some("ko-KR")),
            (json!({ "progress": 1, "name": "Talk", "language": "en-us" }), Some("en-US")),
            (json!({ "progress": 1, "name": "Talk_ko-KR", "targetLanguage": "pt_PT" }), Some("pt-PT")),
            (json!({ "progress": 1, "name": "Talk" }), None),
            (json!({ "progress": 1, "name": "Talk_en-USA" }), None),
            (json!({ "progress": 1, "name": "en-US to ko-KR" }), None),
            (json!({ "progress": 1, "name": "Talk_ja-JP" }), None),
        ] {
            assert_eq!(languages(json!([item])), [expected], "{item}");
        }
    }

    #[test]
    fn a_language_that_two_items_state_is_unknown() {
        let items = json!([
            { "progress": 1, "name": "a ko-KR" }, { "progress": 1, "name": "b ko-KR" },
            { "progress": 1, "name": "en-US" },
        ]);
        assert_eq!(languages(items), [None, None, Some("en-US")]);
    }

    #[test]
    fn missing_languages_are_known_only_if_those_of_all_items_are() {
        let targets = ["en-US", "ko-KR"].map(String::from);
        assert_eq!(find_missing_languages(&[Some("ko-KR")], &targets), Some(vec!["en-US"]));
        assert_eq!(find_missing_languages(&[None], &targets), None);
        assert_eq!(find_missing_languages(&[], &targets), Some(vec!["en-US", "ko-KR"]));
    }
}
