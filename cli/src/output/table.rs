//! A text table with aligned columns.

use super::terminal_text::sanitize_for_terminal;

/// A table whose columns are as wide as their widest cell.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub(super) fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|heading| (*heading).to_owned()).collect()] }
    }

    /// Adds a row.
    pub(super) fn add_row(&mut self, cells: Vec<String>) {
        self.rows.push(cells.iter().map(|cell| sanitize_for_terminal(cell)).collect());
    }

    /// Renders the table. The last column is not padded.
    pub(super) fn into_text(self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            format!("{}\n", cells.join("  ").trim_end())
        };
        self.rows.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["NAME", "STATUS"]);
        table.add_row(vec!["table".into(), "ok".into()]);
        table.add_row(vec!["callback_url".into(), "a\u{1b}b".into()]);
        assert_eq!(table.into_text(), "NAME          STATUS\ntable         ok\ncallback_url  a\u{fffd}b\n");
    }
}
