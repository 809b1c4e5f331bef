//! The report of Australia.

use super::discount::{is_discounted, years};
use crate::common::{Basis, frame};
use crate::dated;
use crate::error::Result;
use crate::profile::{Input, Profile};
use crate::report::{Report, Table, figure};
use breakwater_accounting::{RowEvent, Value};

/// Works the report out.
///
/// # Errors
/// What is wrong with an entry.
pub fn of(input: &Input<'_>) -> Result<Report> {
    let mut basis = Basis::of(Profile::Au, input)?;
    let lots = dated::lots(input, &mut basis)?;
    let mut report = frame(Profile::Au, input, &basis);
    let outgoing = lots.rows().iter().filter(|row| matches!(row.event, RowEvent::Out(_)));
    let years = years(outgoing)?;
    let year = years.get(&input.year).copied().unwrap_or_default();
    let table = dated::table(
        input,
        &basis,
        &lots,
        "Discount gains are gains on what was held at least twelve months, both end days left out.",
        "discount:discount gain",
        is_discounted,
    )?;
    let mut by_year = Table::new(
        "years",
        "Income years",
        "Losses go against gains without discount first, then against gross discount gains; half of the \
         rest of those counts. Losses of earlier years stand in columns of their own.",
        &[
            "year",
            "#undiscounted:gains without discount",
            "#discounted:discount gains, gross",
            "#losses:losses",
            "#net:net capital gain of the year alone",
            "#unused:unused loss of the year alone",
            "#brought:losses brought forward",
            "#net_after:net capital gain after them",
            "#carried:losses carried forward",
        ],
    );
    for (year, it) in &years {
        let mut cells = vec![Profile::Au.label(*year)];
        let figures = [
            it.undiscounted,
            it.discounted,
            it.losses,
            it.net_capital_gain,
            it.unused_loss,
            it.brought_forward,
            it.net_after_earlier,
            it.carried_forward,
        ];
        cells.extend(figures.iter().map(Value::to_string));
        by_year.rows.push(cells);
    }
    report.figures = vec![
        figure("net capital gain, losses of earlier years applied", year.net_after_earlier),
        figure("net capital gain of the year alone", year.net_capital_gain),
        figure("losses carried forward", year.carried_forward),
    ];
    report.tables = vec![table, by_year];
    dated::complete(report, input, &basis, &lots, "derivatives, apart: gains less losses and fees")
}
