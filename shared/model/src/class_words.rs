//! How the name of a class of faults is written in problem JSON.

/// `ProviderThrottled` as `provider-throttled` or `provider throttled`. Dots, as in Lambda's own `Sandbox.Timedout`,
/// part words, too.
pub fn class_words(class: &str, between: char) -> String {
    let mut text = String::new();
    for letter in class.chars() {
        let begins = letter == '.' || letter.is_uppercase();
        if begins && !text.is_empty() && !text.ends_with(between) {
            text.push(between);
        }
        if letter != '.' {
            text.extend(letter.to_lowercase());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_begin_with_capitals_or_after_dots() {
        for (class, words) in [
            ("NotFound", "not-found"),
            ("Internal", "internal"),
            ("Sandbox.Timedout", "sandbox-timedout"),
            ("Runtime.ExitError", "runtime-exit-error"),
            ("", ""),
        ] {
            assert_eq!(class_words(class, '-'), words);
        }
    }
}
