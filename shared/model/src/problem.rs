//! The type and title of an error class in problem details (RFC 9457).

/// Splits a class name into words: `ProviderThrottled` becomes `provider-throttled` or `provider throttled`. Dots, as
/// in Lambda's own `Sandbox.Timedout`, separate words too.
fn split_words(class: &str, separator: char) -> String {
    let mut text = String::new();
    for letter in class.chars() {
        let starts_word = letter == '.' || letter.is_uppercase();
        if starts_word && !text.is_empty() && !text.ends_with(separator) {
            text.push(separator);
        }
        if letter != '.' {
            text.extend(letter.to_lowercase());
        }
    }
    text
}

/// Returns the URN of a class, such as `urn:landfall:problem:provider-throttled`. It does not change.
pub fn problem_urn(class: &str) -> String {
    format!("urn:landfall:problem:{}", split_words(class, '-'))
}

/// Returns the title of a class, such as `Provider throttled`.
pub fn problem_title(class: &str) -> String {
    let text = split_words(class, ' ');
    let (first, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
    first.to_uppercase() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_start_at_capitals_and_after_dots() {
        for (class, expected) in [
            ("NotFound", "not-found"),
            ("Internal", "internal"),
            ("Sandbox.Timedout", "sandbox-timedout"),
            ("Runtime.ExitError", "runtime-exit-error"),
            ("", ""),
        ] {
            assert_eq!(split_words(class, '-'), expected);
        }
    }
}
