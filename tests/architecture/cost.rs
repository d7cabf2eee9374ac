//! What a stack costs: the tables in `docs/deploy.md` are those that `docs/cost/cost.py` computes, and an idle stack costs
//! less than five dollars a month at list price.

use std::{
    collections::BTreeMap,
    fs,
    process::{Command, ExitStatus},
};

use crate::{
    root,
    template::{resource, setting, template},
};

/// The maximum cost of an idle stack in a month, in USD.
const MAX_IDLE_USD: f64 = 5.0;
/// The document with the tables.
const DOCUMENT: &str = "docs/deploy.md";

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// Returns the cells of each line of a CSV file without its first line. No cell has a quotation mark or a comma in it.
fn rows(file: &str) -> Vec<Vec<String>> {
    let text = read(file);
    assert!(!text.contains('"'), "{file} has quotation marks");
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// Returns the price of one unit in USD, from the price table.
pub(crate) fn price(item: &str) -> f64 {
    let table = rows("docs/cost/prices.csv");
    let row = table.iter().find(|row| row[0] == item).unwrap_or_else(|| panic!("no price of {item}"));
    let number = |cell: usize| row[cell].parse::<f64>().unwrap_or_else(|e| panic!("{item}: {e}"));
    number(1) / number(2)
}

/// Returns quantity and list price of each item of an idle stack, as the document states them.
fn idle_items() -> BTreeMap<String, (f64, f64)> {
    let document = read(DOCUMENT);
    let (_, table) = document.split_once("<!-- cost.py: idle -->").expect("the marker");
    let (table, _) = table.split_once("<!-- cost.py: end of idle -->").expect("the end marker");
    let number = |cell: &str| cell.trim().trim_start_matches('$').replace(',', "").parse::<f64>().ok();
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        Some((
            cells.first()?.trim().to_owned(),
            (number(cells.get(1)?).unwrap_or(0.0), number(cells.get(2)?)?),
        ))
    };
    table.lines().filter_map(row).collect()
}

/// Runs the script, or returns nothing where Python 3 does not exist.
fn run_script(arguments: &[&str]) -> Option<(ExitStatus, String)> {
    let mut command = Command::new("python3");
    let output = command.arg(root().join("docs/cost/cost.py")).args(arguments).output().ok()?;
    Some((output.status, String::from_utf8_lossy(&output.stderr).into_owned()))
}

#[test]
fn the_document_states_what_the_script_computes() {
    let Some((status, message)) = run_script(&["--check"]) else {
        eprintln!("SKIPPED: no Python for docs/cost/cost.py");
        return;
    };
    assert!(status.success(), "{message}");
}

/// Runs the check with a price table in which one text is replaced.
fn check_with_price(name: &str, from: &str, to: &str) -> Option<(ExitStatus, String)> {
    let prices = read("docs/cost/prices.csv");
    assert!(prices.contains(from), "no {from}");
    let changed = std::env::temp_dir().join(format!("landfall-{name}-{}.csv", std::process::id()));
    fs::write(&changed, prices.replace(from, to)).expect("a file");
    let run = run_script(&["--check", "--prices", &changed.to_string_lossy()]);
    fs::remove_file(&changed).expect("the file");
    run
}

#[test]
fn the_check_fails_on_other_prices_and_on_an_expensive_idle_stack() {
    for (name, to, reason) in
        [("stale", "Alarms,0.11,", "is stale"), ("expensive", "Alarms,1.00,", "an idle stack costs")]
    {
        let Some((status, message)) = check_with_price(name, "Alarms,0.10,", to) else {
            eprintln!("SKIPPED: no Python for docs/cost/cost.py");
            return;
        };
        assert!(!status.success() && message.contains(reason), "{name}: {message}");
    }
}

#[test]
fn an_idle_stack_costs_less_than_five_dollars() {
    let items = idle_items();
    let (_, total) = items["Idle stack, a month"];
    assert!(total < MAX_IDLE_USD, "{total}");
    let sum: f64 = items.values().map(|(_, listed)| listed).sum::<f64>() - total;
    assert!(
        (sum - total).abs() < 0.01 * items.len() as f64,
        "{sum} and {total} differ by more than rounding"
    );
}

#[test]
fn the_quantities_of_an_idle_stack_are_those_of_the_template() {
    let (items, template) = (idle_items(), template());
    let count = |kind: &str| template.matches(&format!("    Type: {kind}\n")).count() as f64;
    assert_eq!(items["Alarms"].0, count("AWS::CloudWatch::Alarm"));
    assert_eq!(items["Secrets"].0, count("AWS::SecretsManager::Secret"));
    let queues = template.matches("          Type: SQS\n          Properties:\n").count();
    // Five pollers that each wait 20 seconds, for 30 days.
    let polls = items[&format!("Polls of {queues} queues")].0;
    assert_eq!(polls, queues as f64 * 5.0 * 30.0 * 86_400.0 / 20.0);
    assert_eq!(setting(&resource(&template, "LandingFunction"), "ScheduleExpression"), "rate(1 minute)");
    assert_eq!(items["Sweep: Lambda requests"].0, 30.0 * 24.0 * 60.0);
}

#[test]
fn every_price_has_a_date_and_a_source_and_every_count_a_basis() {
    for row in rows("docs/cost/prices.csv") {
        assert_eq!(row.len(), 7, "{row:?}");
        let is_date = row[4].len() == 10 && row[4].starts_with("20") || row[4] == "undated";
        let is_kind = ["AWS", "copy of AWS", "third party"].contains(&row[5].as_str());
        assert!(price(&row[0]) > 0.0 && is_date && is_kind && row[6].contains('.'), "{row:?}");
    }
    for row in rows("docs/cost/usage.csv") {
        assert_eq!(row.len(), 5, "{row:?}");
        assert!(row[2].parse::<f64>().is_ok_and(|count| count > 0.0), "{row:?}");
        let explained = !["code", "computed", "documented"].contains(&row[3].as_str()) || !row[4].is_empty();
        let known = ["assumed", "code", "computed", "documented", "measured"].contains(&row[3].as_str());
        assert!(known && explained, "{row:?}");
    }
}
