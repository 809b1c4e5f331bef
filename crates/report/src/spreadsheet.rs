//! CSV, safe to open in a spreadsheet.

use std::io::Write;

use crate::charts::{ChartKind, comparison_table, part_of};
use crate::check;
use crate::decimal::Decimal;
use crate::error::ReportError;
use crate::input::{ComparisonReport, Liquidation, RunReport, WordTable};
use crate::table::{Column, Table, Value};

/// Writes `liquidations.csv`: a header and one row a liquidation, columns named with their units.
///
/// Text cells that a spreadsheet would take for a formula (they start with `=`, `+`, `-`, `@`, a
/// tab or a line break) get an apostrophe in front. Numbers are exact and untouched.
///
/// # Errors
/// [`ReportError::Csv`] or [`ReportError::Io`] if the target cannot be written.
pub fn write_liquidations_csv<W: Write>(out: W, rows: &[Liquidation]) -> Result<(), ReportError> {
    write_table(out, &liquidations_table(rows))
}

/// Writes a table of a section as CSV, guarded as in [`write_liquidations_csv`].
///
/// # Errors
/// A row with another number of cells than the table has columns, and those of writing.
pub fn write_words_csv<W: Write>(out: W, table: &WordTable) -> Result<(), ReportError> {
    write_table(out, &word_table(table)?)
}

/// The table with its numbers read as such: text that is none stays text, and nothing is nothing.
pub(crate) fn word_table(table: &WordTable) -> Result<Table, ReportError> {
    let columns: Vec<Column> = table
        .columns
        .iter()
        .map(|column| match column.numeric {
            true => Column::number(&column.key, &column.name),
            false => Column::words(&column.key, &column.name),
        })
        .collect();
    let row = |(index, row): (usize, &Vec<String>)| {
        let field = || format!("rows[{index}]");
        check::same_length(row.len(), columns.len(), "columns", field)?;
        let cell = |(text, column): (&String, &Column)| match Decimal::parse(text) {
            Ok(number) if column.numeric => Value::Exact(number),
            _ if text.is_empty() => Value::Nothing,
            _ => Value::text(text),
        };
        Ok(row.iter().zip(&columns).map(cell).collect())
    };
    let rows = table.rows.iter().enumerate().map(row).collect::<Result<_, ReportError>>()?;
    Ok(Table { columns, rows })
}

/// Writes the data behind one chart of a run as CSV, guarded as in [`write_liquidations_csv`].
///
/// # Errors
/// [`ReportError::Absent`] if the chart has no data, the errors of [`crate::chart_svg`] for data
/// that cannot be drawn, and those of writing.
pub fn write_chart_csv<W: Write>(
    out: W,
    kind: ChartKind,
    report: &RunReport,
) -> Result<(), ReportError> {
    let chart = part_of(kind, report)
        .map_err(|why| ReportError::Absent { chart: kind.name(), why: why.to_owned() })?;
    chart.check()?;
    write_table(out, &chart.table())
}

/// Writes the table of a comparison as CSV, guarded as in [`write_liquidations_csv`].
///
/// # Errors
/// [`ReportError::NotHash`] for a mechanism without a proper state hash, and those of writing.
pub fn write_comparison_csv<W: Write>(
    out: W,
    report: &ComparisonReport,
) -> Result<(), ReportError> {
    for (index, mechanism) in report.mechanisms.iter().enumerate() {
        check::hash(&mechanism.state_hash, || format!("mechanisms[{index}].state_hash"))?;
    }
    write_table(out, &comparison_table(report))
}

fn write_table<W: Write>(out: W, table: &Table) -> Result<(), ReportError> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(table.columns.iter().map(|column| guarded(&column.key)))?;
    for row in &table.rows {
        writer.write_record(row.iter().map(raw))?;
    }
    writer.flush()?;
    Ok(())
}

/// A cell without separators or rounding, guarded if it is text.
fn raw(value: &Value) -> String {
    match value {
        Value::Text(text) => guarded(text),
        Value::Number(value) => format!("{value}"),
        Value::Exact(value) => value.to_string(),
        Value::Whole(value) => value.to_string(),
        Value::Nothing => String::new(),
    }
}

/// Puts an apostrophe before text that a spreadsheet would run as a formula. Leading blanks do not
/// protect: some programs trim them first.
fn guarded(text: &str) -> String {
    let first = text.trim_start_matches(' ').chars().next();
    // Full-width forms of the four signs work as formulas too in some programs.
    const WIDE: [char; 4] = ['\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}'];
    let starts_formula =
        |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n') || WIDE.contains(&c);
    if first.is_some_and(starts_formula) { format!("'{text}") } else { text.to_owned() }
}

/// The liquidations with every column.
pub(crate) fn liquidations_table(rows: &[Liquidation]) -> Table {
    let columns = vec![
        Column::number("sequence", "Sequence"),
        Column::number("at_seconds", "Simulated seconds"),
        Column::words("at", "When"),
        Column::number("round", "Round"),
        Column::words("account", "Account"),
        Column::words("liquidator", "Liquidator"),
        Column::words("debt_asset", "Debt asset"),
        Column::number("debt_repaid", "Debt repaid"),
        Column::number("debt_repaid_usd", "Debt repaid, USD"),
        Column::words("collateral_asset", "Collateral asset"),
        Column::number("collateral_seized", "Collateral seized"),
        Column::number("collateral_seized_usd", "Collateral seized, USD"),
        Column::number("mark_usd", "Mark, USD"),
        Column::number("average_price_usd", "Average price, USD"),
        Column::number("discount_bps", "Discount, bps"),
        Column::number("health_before", "Health before"),
        Column::number("health_after", "Health after"),
        Column::number("liquidator_gain_usd", "Liquidator\u{2019}s gain, USD"),
        Column::number("gas_usd", "Gas, USD"),
        Column::number("deficit_usd", "Deficit, USD"),
        Column::words("reason", "Reason"),
    ];
    Table { columns, rows: rows.iter().map(liquidation_row).collect() }
}

fn liquidation_row(row: &Liquidation) -> Vec<Value> {
    vec![
        Value::Whole(row.sequence),
        Value::Whole(row.at_seconds),
        Value::text(&row.at),
        Value::Whole(u64::from(row.round)),
        Value::text(&row.account),
        Value::text(&row.liquidator),
        Value::text(&row.debt_asset),
        Value::Exact(row.debt_repaid.clone()),
        Value::Exact(row.debt_repaid_usd.clone()),
        Value::text(&row.collateral_asset),
        Value::Exact(row.collateral_seized.clone()),
        Value::Exact(row.collateral_seized_usd.clone()),
        Value::exact(&row.mark_usd),
        Value::exact(&row.average_price_usd),
        Value::exact(&row.discount_bps),
        Value::exact(&row.health_before),
        Value::exact(&row.health_after),
        Value::exact(&row.liquidator_gain_usd),
        Value::exact(&row.gas_usd),
        Value::Exact(row.deficit_usd.clone()),
        Value::text(&row.reason),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_defused_and_other_text_is_kept() {
        for bad in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\u{FF1D}1"] {
            assert_eq!(guarded(bad), format!("'{bad}"));
        }
        for good in ["0xabc", "", "a=b", "alice", "  alice"] {
            assert_eq!(guarded(good), good);
        }
    }
}
