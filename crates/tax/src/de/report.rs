//! The report of Germany.

use super::private_sales::{is_taxable, limit, years};
use crate::common::{self, Basis, frame};
use crate::dated;
use crate::error::Result;
use crate::profile::{Input, Profile};
use crate::report::{Report, Table, figure};
use breakwater_accounting::{Date, RowEvent, Value};

/// Works the report out.
///
/// # Errors
/// What is wrong with an entry.
pub fn of(input: &Input<'_>) -> Result<Report> {
    let mut basis = Basis::of(Profile::De, input)?;
    let lots = dated::lots(input, &mut basis)?;
    let mut report = frame(Profile::De, input, &basis);
    let outgoing = lots.rows().iter().filter(|row| matches!(row.event, RowEvent::Out(_)));
    let years = years(outgoing.filter(|row| !common::is_given(row)))?;
    let year = years.get(&input.year).copied();
    let table = dated::table(
        input,
        &basis,
        &lots,
        "Par. 23 EStG: free when disposed of more than one year after acquisition. Dates are UTC dates.",
        "taxable:within one year",
        |row| {
            let acquired = row.acquired.map(Date::of);
            Ok(!common::is_given(row)
                && acquired.is_some_and(|acquired| is_taxable(acquired, Date::of(row.at))))
        },
    )?;
    let mut by_year = Table::new(
        "years",
        "Private sales by year",
        "Below the exempt limit nothing counts, from it on everything.",
        &["year", "#net:net within one year", "#limit:exempt limit", "#counts:counts"],
    );
    for (year, figures) in &years {
        let row = [figures.net, limit(*year), figures.after_limit];
        let mut cells = vec![year.to_string()];
        cells.extend(row.iter().map(Value::to_string));
        by_year.rows.push(cells);
    }
    report.figures = vec![
        figure("net within one year", year.map_or(Value::ZERO, |year| year.net)),
        figure("counts after the exempt limit", year.map_or(Value::ZERO, |year| year.after_limit)),
    ];
    report.tables = vec![table, by_year];
    dated::complete(
        report,
        input,
        &basis,
        &lots,
        "contracts, par. 20 EStG: gains less losses and fees",
    )
}
