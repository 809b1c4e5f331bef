//! The report of Canada.

use super::superficial::cost_base;
use crate::common::{self, Basis, frame};
use crate::error::{Result, TaxError};
use crate::profile::{Input, Profile};
use crate::report::{Closing, Report, Table, figure};
use crate::trade::{Side, trades};
use breakwater_accounting::{Shortage, Value};

/// Works the report out.
///
/// # Errors
/// What is wrong with an entry.
pub fn of(input: &Input<'_>) -> Result<Report> {
    let basis = Basis::of(Profile::Ca, input)?;
    if input.shortage == Shortage::ProceedsAsBasis {
        return Err(TaxError::NoProceedsBasis { profile: Profile::Ca.word().to_owned() });
    }
    let mut report = frame(Profile::Ca, input, &basis);
    let names = input.names;
    let trades = trades(&basis.movements, crate::uk::report::valuation(input));
    let followed = cost_base(names, &trades, input.shortage != Shortage::Refuse)?;
    let mut table = Table::new(
        "sales",
        "Disposals",
        "Average cost over all identical property. A denied superficial loss joins the cost base of the \
         substitute.",
        &[
            "asset",
            "date",
            "#quantity:units",
            "#proceeds:proceeds",
            "#outlays:outlays",
            "#acb:adjusted cost base",
            "#gain_before:gain before denial",
            "#denied:denied loss",
            "#gain:gain",
            "source",
        ],
    );
    let mut net = Value::ZERO;
    let mut denied = Value::ZERO;
    for sale in &followed.sales {
        if !(basis.period.0..=basis.period.1).contains(&sale.date) {
            continue;
        }
        net = net.plus(sale.gain)?;
        denied = denied.plus(sale.denied_loss)?;
        table.rows.push(vec![
            names.asset_name(sale.asset).to_owned(),
            sale.date.to_string(),
            sale.quantity.to_string(),
            sale.proceeds.to_string(),
            sale.fee.to_string(),
            sale.acb.to_string(),
            sale.gain_before.to_string(),
            sale.denied_loss.to_string(),
            sale.gain.to_string(),
            names.source_name(sale.source).to_owned(),
        ]);
    }
    let sums = common::contract_sums(basis.contract_rows())?;
    let (income, income_sum) = common::income_table(names, &basis)?;
    let (expenses, interest) = common::expenses_table(names, &basis, "")?;
    // Half of an odd last place goes down: to the eighteenth decimal.
    let included = match input.elections.is("treatment", "capital") {
        true => Value(net.0 / 2),
        false => net,
    };
    report.figures = vec![
        figure("net gain or loss", net),
        figure("included by the treatment elected", included),
        figure("denied superficial losses", denied),
        figure(
            "derivatives, apart: gains less losses and fees",
            sums.gains.plus(sums.losses)?.plus(sums.fees)?,
        ),
        figure("income in kind", income_sum),
        figure("interest on what was borrowed", interest),
    ];
    let mut left = Table::new(
        "cost-base-left",
        "Cost base left",
        "After the last entry of the input, which may lie after the year.",
        &["asset", "#quantity:units", "#acb:adjusted cost base"],
    );
    let mut closing = (Value::ZERO, Value::ZERO);
    for (asset, (quantity, acb)) in &followed.left {
        let name = names.asset_name(*asset).to_owned();
        left.rows.push(vec![name, quantity.to_string(), acb.to_string()]);
        closing.1 = closing.1.plus(*acb)?;
    }
    for trade in trades.iter().filter(|trade| trade.side == Side::Buy) {
        closing.0 = closing.0.plus(trade.amount.plus(trade.fee)?)?;
    }
    for sale in &followed.sales {
        closing.0 = closing.0.plus(sale.denied_loss)?;
        closing.1 = closing.1.plus(sale.acb)?;
    }
    report.closing = vec![Closing {
        what: "cost base added with denied losses = cost base of sales + cost base left".to_owned(),
        left: closing.0.to_string(),
        right: closing.1.to_string(),
    }];
    report.tables = vec![
        table,
        left,
        common::contract_sums_table(&sums, input.elections.choice("funding"))?,
        income,
        expenses,
        common::waived_table(names, &basis, input.elections.choice("waived-debt")),
        common::contracts_table(names, &basis),
    ];
    report.assumptions = common::missing_told(names, &followed.missing);
    Ok(report)
}
