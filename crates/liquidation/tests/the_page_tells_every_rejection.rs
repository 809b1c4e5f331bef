//! The page for callers says of every rejection what the code says.

use breakwater_liquidation::Rejection;

const PAGE: &str = include_str!("../../../docs/rejections.md");

/// Cells of the rows that begin with a number that is still given.
fn rows() -> Vec<Vec<&'static str>> {
    let live = |line: &&str| line.starts_with('|') && !line.contains("retired");
    let cells = PAGE
        .lines()
        .filter(live)
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    cells.filter(|cells| cells[0].parse::<u16>().is_ok()).collect()
}

#[test]
fn number_name_retry_and_sentence_are_those_of_the_code() {
    for rejection in Rejection::ALL {
        let number = rejection.number().to_string();
        let rows: Vec<_> = rows().into_iter().filter(|cells| cells[0] == number).collect();
        assert_eq!(rows.len(), 1, "rows of {number}");
        let row = &rows[0];
        let name = format!("`{}`", rejection.name());
        let retry = if rejection.may_retry() { "yes" } else { "no" };
        assert_eq!(row[1..4], [name.as_str(), retry, rejection.sentence()]);
        assert!(row[4].len() > 40, "{number} says neither when nor what to do");
    }
    assert_eq!(rows().len(), Rejection::ALL.len(), "no row is of a number that is not given");
}
