//! Parses `<PROVIDER>_RATE_LIMITS`: the budgets of a provider's tiers.

use model::{Error, ErrorClass, RateTier, RateWindow};

/// The largest budget, and the longest window in seconds: a day.
const MAX_REQUESTS: u32 = 1_000_000;
const MAX_SECONDS: u32 = 86_400;

/// Reads `write=60/min,1200/h;read=120/min` into the tiers that are named; the others keep their budgets. `none` removes the
/// budgets of a tier, and as the whole value those of all tiers.
///
/// # Errors
/// [`ErrorClass::Misconfigured`] naming the variable and the part of it that is wrong.
pub(crate) fn override_tiers(variable: &str, text: &str, tiers: &mut [RateTier]) -> Result<(), Error> {
    if text.trim() == "none" {
        tiers.iter_mut().for_each(|tier| tier.windows.clear());
        return Ok(());
    }
    let names: Vec<&str> = tiers.iter().map(|tier| tier.name).collect();
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let invalid = |expected: &str| misconfigured(variable, part, expected);
        let (name, budgets) = part.split_once('=').ok_or_else(|| invalid("TIER=REQUESTS/PERIOD"))?;
        let tier = tiers.iter_mut().find(|tier| tier.name == name.trim());
        let tier = tier.ok_or_else(|| invalid(&format!("one of the tiers {}", names.join(", "))))?;
        tier.windows = match budgets.trim() {
            "none" => vec![],
            budgets => budgets
                .split(',')
                .map(|budget| parse_window(budget.trim()))
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| {
                    invalid("budgets such as 60/min,1200/h: requests from 1 to 1000000, and a period in s, min or h of at most a day")
                })?,
        };
        let mut lengths: Vec<u32> = tier.windows.iter().map(|window| window.seconds).collect();
        lengths.sort_unstable();
        if lengths.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(invalid("one budget for each period"));
        }
    }
    Ok(())
}

/// Parses `60/min`, `1200/h` or `20/5s`.
fn parse_window(text: &str) -> Option<RateWindow> {
    let (requests, period) = text.split_once('/')?;
    let digits = period.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = period.split_at(digits);
    let count: u32 = if count.is_empty() { 1 } else { count.parse().ok()? };
    let unit = match unit {
        "s" => 1,
        "min" => 60,
        "h" => 3_600,
        _ => return None,
    };
    let requests = requests.parse().ok().filter(|requests| (1..=MAX_REQUESTS).contains(requests))?;
    let seconds = count.checked_mul(unit).filter(|seconds| (1..=MAX_SECONDS).contains(seconds))?;
    Some(RateWindow { requests, seconds })
}

fn misconfigured(variable: &str, part: &str, expected: &str) -> Error {
    let message = format!("the environment variable {variable} has \"{part}\"; expected {expected}");
    Error::new(ErrorClass::Misconfigured, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiers() -> Vec<RateTier> {
        let windows = vec![RateWindow { requests: 9, seconds: 60 }];
        vec![RateTier { name: "write", windows: windows.clone() }, RateTier { name: "read", windows }]
    }

    /// The windows of both tiers, as requests and seconds.
    fn read(text: &str) -> Result<[Vec<(u32, u32)>; 2], Error> {
        let mut tiers = tiers();
        override_tiers("MAKER_RATE_LIMITS", text, &mut tiers)?;
        let windows =
            |at: usize| tiers[at].windows.iter().map(|window| (window.requests, window.seconds)).collect();
        Ok([windows(0), windows(1)])
    }

    #[test]
    fn a_named_tier_gets_the_budgets_and_the_others_keep_theirs() {
        assert_eq!(read("").expect("valid"), [vec![(9, 60)], vec![(9, 60)]]);
        assert_eq!(
            read("write=60/min, 1200/h;").expect("valid"),
            [vec![(60, 60), (1200, 3600)], vec![(9, 60)]]
        );
        assert_eq!(read("write=5/2s; read=none").expect("valid"), [vec![(5, 2)], vec![]]);
        assert_eq!(read("none").expect("valid"), [vec![], vec![]]);
    }

    #[test]
    fn a_wrong_part_is_named_with_the_variable() {
        for (text, part) in [
            ("write", "write"),
            ("write=60/min;poll=1/s", "poll=1/s"),
            ("write=0/min", "write=0/min"),
            ("write=60/week", "write=60/week"),
            ("write=60", "write=60"),
            ("write=-1/min", "write=-1/min"),
            ("write=1/25h", "write=1/25h"),
            ("write=1/60s,2/min", "write=1/60s,2/min"),
        ] {
            let error = read(text).expect_err("rejected");
            assert_eq!(error.class, ErrorClass::Misconfigured);
            assert!(
                error.message.contains(&format!("MAKER_RATE_LIMITS has \"{part}\"")),
                "{}",
                error.message
            );
        }
    }
}
