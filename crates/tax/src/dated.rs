//! What Germany and Australia share: dated lots, first in first out unless an order stands.

use crate::common::{self, Basis};
use crate::error::Result;
use crate::profile::Input;
use crate::report::{Report, Table, figure};
use crate::trade::value_of;
use breakwater_accounting::{Change, Date, Lots, Order, Policy, Row, RowEvent, Scope};

/// Lots by the scope elected, every disposal at the value elected.
///
/// # Errors
/// What is wrong with a movement.
pub fn lots(input: &Input<'_>, basis: &mut Basis) -> Result<Lots> {
    let valuation = crate::uk::report::valuation(input);
    for movement in &mut basis.movements {
        if let Change::Out(out) = &mut movement.change {
            out.proceeds = value_of(out, valuation);
        }
    }
    let wallet = input.elections.is("lot-scope", "wallet");
    let scope = if wallet { Scope::Wallet } else { Scope::Universal };
    let policy = Policy::new(Order::Fifo, scope).with_shortage(input.shortage);
    let policy = input.orders.iter().fold(policy, |policy, order| policy.with_order(*order));
    basis.lots(input.names, policy)
}

/// Disposals of the year with one flag a row.
///
/// # Errors
/// A sum does not fit.
pub fn table(
    input: &Input<'_>,
    basis: &Basis,
    lots: &Lots,
    note: &str,
    flag: &'static str,
    is: impl Fn(&Row) -> Result<bool>,
) -> Result<Table> {
    let mut table = Table::new(
        "disposals",
        "Disposals",
        note,
        &[
            "asset",
            "wallet",
            "acquired",
            "disposed",
            "#quantity:units",
            "#proceeds:proceeds",
            "#cost:cost",
            "#gain:gain",
            flag,
            "event",
            "identification",
            "source",
        ],
    );
    for row in lots.rows().iter().filter(|row| basis.is_in(row.at)) {
        let RowEvent::Out(how) = row.event else { continue };
        table.rows.push(vec![
            input.names.asset_name(row.asset).to_owned(),
            input.names.wallet_name(row.wallet).to_owned(),
            row.acquired.map(|at| Date::of(at).to_string()).unwrap_or_default(),
            Date::of(row.at).to_string(),
            row.quantity.to_string(),
            row.proceeds.minus(row.fee)?.to_string(),
            row.basis.to_string(),
            row.gain()?.to_string(),
            common::yes(is(row)?),
            how.word().to_owned(),
            common::chosen(row),
            input.names.source_name(row.source).to_owned(),
        ]);
    }
    Ok(table)
}

/// The report with the figures, tables, assumptions and sums that follow a profile's own.
///
/// # Errors
/// A sum does not fit, or the lots do not close.
pub fn complete(
    mut report: Report,
    input: &Input<'_>,
    basis: &Basis,
    lots: &Lots,
    contracts: &str,
) -> Result<Report> {
    let sums = common::contract_sums(basis.contract_rows())?;
    let (income, income_sum) = common::income_table(input.names, basis)?;
    let (expenses, interest) = common::expenses_table(input.names, basis, "")?;
    report.figures.extend([
        figure(contracts, sums.gains.plus(sums.losses)?.plus(sums.fees)?),
        figure("income in kind", income_sum),
        figure("interest on what was borrowed", interest),
    ]);
    report.tables.extend([
        common::contract_sums_table(&sums, input.elections.choice("funding"))?,
        income,
        expenses,
        common::waived_table(input.names, basis, input.elections.choice("waived-debt")),
        common::contracts_table(input.names, basis),
        common::lots_table(input.names, lots),
    ]);
    report.assumptions = common::assumptions(input.names, lots);
    report.closing = common::closing(lots)?;
    Ok(report)
}
