//! The report of the United Kingdom.

use super::matching::{Rule, matches};
use crate::common::{self, Basis, frame};
use crate::error::{Result, TaxError};
use crate::profile::{Input, Profile};
use crate::report::{Closing, Report, Table, figure};
use crate::trade::{Side, Valuation, trades};
use breakwater_accounting::{Shortage, Value};
use std::collections::BTreeSet;

/// Works the report out.
///
/// # Errors
/// What is wrong with an entry.
pub fn of(input: &Input<'_>) -> Result<Report> {
    let basis = Basis::of(Profile::Uk, input)?;
    if input.shortage == Shortage::ProceedsAsBasis {
        return Err(TaxError::NoProceedsBasis { profile: Profile::Uk.word().to_owned() });
    }
    let mut report = frame(Profile::Uk, input, &basis);
    let names = input.names;
    let trades = trades(&basis.movements, valuation(input));
    let matched = matches(names, &trades, input.shortage != Shortage::Refuse)?;
    let mut table = Table::new(
        "matches",
        "Disposals and what they were matched with",
        "Same day, then the 30 days after, then the section 104 pool. Proceeds are gross; the fee of a sale \
         is in the cost. Dates are UTC dates.",
        &[
            "asset",
            "disposed",
            "rule",
            "acquired",
            "#quantity:units",
            "#proceeds:proceeds",
            "#cost:allowable cost",
            "#gain:gain",
            "events:why",
        ],
    );
    let (mut proceeds, mut cost, mut gains, mut losses) =
        (Value::ZERO, Value::ZERO, Value::ZERO, Value::ZERO);
    let inside =
        |row: &&super::matching::Match| (basis.period.0..=basis.period.1).contains(&row.disposed);
    for row in matched.rows.iter().filter(inside) {
        let gain = row.gain()?;
        proceeds = proceeds.plus(row.proceeds)?;
        cost = cost.plus(row.cost)?;
        let sum = if gain >= Value::ZERO { &mut gains } else { &mut losses };
        *sum = sum.plus(gain)?;
        let of_day = trades.iter().filter(|trade| {
            trade.side == Side::Sell && trade.asset == row.asset && trade.date == row.disposed
        });
        let why: BTreeSet<&str> =
            of_day.filter_map(|trade| trade.reason).map(|reason| reason.word()).collect();
        table.rows.push(vec![
            names.asset_name(row.asset).to_owned(),
            row.disposed.to_string(),
            row.rule.word().to_owned(),
            row.acquired.map(|date| date.to_string()).unwrap_or_default(),
            row.quantity.to_string(),
            row.proceeds.to_string(),
            row.cost.to_string(),
            gain.to_string(),
            why.into_iter().collect::<Vec<_>>().join(" "),
        ]);
    }
    let sums = common::contract_sums(basis.contract_rows())?;
    let (income, income_sum) = common::income_table(names, &basis)?;
    let note = "A liquidation penalty in kind is no allowable cost; the tokens are in the disposal at market \
                value.";
    let (expenses, interest) = common::expenses_table(names, &basis, note)?;
    report.figures = vec![
        figure("disposal proceeds", proceeds),
        figure("allowable costs", cost),
        figure("gains", gains),
        figure("losses", losses),
        figure("net gain or loss of tokens", gains.plus(losses)?),
        figure(
            "derivatives, apart: gains less losses and fees",
            sums.gains.plus(sums.losses)?.plus(sums.fees)?,
        ),
        figure("income in kind", income_sum),
        figure("interest on what was borrowed", interest),
    ];
    report.closing = vec![closing(&trades, &matched)?];
    let funding = input.elections.choice("funding");
    report.tables = vec![
        table,
        pools(input, &matched),
        common::contract_sums_table(&sums, funding)?,
        income,
        expenses,
        common::waived_table(names, &basis, input.elections.choice("waived-debt")),
        common::contracts_table(names, &basis),
    ];
    report.assumptions = common::missing_told(names, &matched.missing);
    Ok(report)
}

/// The value that a seizure and a repayment in kind count with.
pub(crate) fn valuation(input: &Input<'_>) -> Valuation {
    match input.elections.is("seizure-value", "market") {
        true => Valuation::Market,
        false => Valuation::Proceeds,
    }
}

fn pools(input: &Input<'_>, matched: &super::matching::Matches) -> Table {
    let mut table = Table::new(
        "pools",
        "Section 104 pools",
        "After the last entry of the input, which may lie after the year.",
        &["asset", "#quantity:units", "#cost:cost"],
    );
    for (asset, pool) in &matched.pools {
        let name = input.names.asset_name(*asset).to_owned();
        table.rows.push(vec![name, pool.quantity.to_string(), pool.cost.to_string()]);
    }
    table
}

/// Costs of all purchases and fees of all sales are the costs of all matches and of the pools.
fn closing(trades: &[crate::trade::Trade], matched: &super::matching::Matches) -> Result<Closing> {
    let mut added = Value::ZERO;
    for trade in trades {
        let cost = match trade.side {
            Side::Buy => trade.amount.plus(trade.fee)?,
            Side::Sell => trade.fee,
        };
        added = added.plus(cost)?;
    }
    let mut found = Value::ZERO;
    for row in &matched.rows {
        found = found.plus(row.cost)?;
    }
    for pool in matched.pools.values() {
        found = found.plus(pool.cost)?;
    }
    let pooled = matched.rows.iter().filter(|row| row.rule == Rule::Section104).count();
    Ok(Closing {
        what: format!("costs added = costs of matches ({pooled} of them pooled) + costs in pools"),
        left: added.to_string(),
        right: found.to_string(),
    })
}
