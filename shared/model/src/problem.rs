//! How the name of a class of faults is written in problem JSON.

/// `ProviderThrottled` as `provider-throttled` or `provider throttled`. Dots, as in Lambda's own `Sandbox.Timedout`,
/// part words, too.
fn words(class: &str, between: char) -> String {
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

/// The URN of a class: `urn:landfall:problem:provider-throttled`. It does not change.
pub fn problem_urn(class: &str) -> String {
    format!("urn:landfall:problem:{}", words(class, '-'))
}

/// The class in words: `Provider throttled`.
pub fn problem_title(class: &str) -> String {
    let text = words(class, ' ');
    let (first, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
    first.to_uppercase() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_begin_with_capitals_or_after_dots() {
        for (class, expected) in [
            ("NotFound", "not-found"),
            ("Internal", "internal"),
            ("Sandbox.Timedout", "sandbox-timedout"),
            ("Runtime.ExitError", "runtime-exit-error"),
            ("", ""),
        ] {
            assert_eq!(words(class, '-'), expected);
        }
    }
}
