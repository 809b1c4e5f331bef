//! The report of the United States.

use super::form_6781::{Event, marked};
use super::form_8949::{self, Line};
use super::term::Term;
use super::wash::WashSales;
use crate::common::{self, Basis, frame};
use crate::error::{Result, TaxError};
use crate::profile::{Input, Profile};
use crate::report::{Report, Table, figure};
use breakwater_accounting::{
    Change, Chosen, ContractId, Date, Kind, Lots, Order, OutReason, Policy, Price, Quantity,
    RowEvent, Scope, Value,
};
use breakwater_money::Time;
use std::collections::{BTreeMap, BTreeSet};

/// Lots are chosen inside one wallet from this date on (Reg. 1.1012-1(j)).
pub const WALLETS_FROM: (i32, u32, u32) = (2025, 1, 1);

/// Until the end of this date, own books serve to identify units that a broker holds (Notice
/// 2025-7); a later extension was not found.
pub const OWN_BOOKS_UNTIL: (i32, u32, u32) = (2025, 12, 31);

/// Works the report out.
///
/// # Errors
/// What is wrong with an entry, or a mark that is missing.
pub fn of(input: &Input<'_>) -> Result<Report> {
    let mut basis = Basis::of(Profile::Us, input)?;
    if input.elections.is("repayment-value", "market") {
        for movement in &mut basis.movements {
            if let Change::Out(out) = &mut movement.change
                && let (OutReason::Repaid, Some(market)) = (out.how, out.market)
            {
                out.proceeds = market;
            }
        }
    }
    let (lots, wash) = lots_of(input, &basis)?;
    let mut report = frame(Profile::Us, input, &basis);
    let mut disallowed: BTreeMap<usize, Value> = BTreeMap::new();
    for one in wash.list() {
        let sum = disallowed.entry(one.row).or_default();
        *sum = sum.plus(one.loss)?;
    }
    let rows = || lots.rows().iter().enumerate().filter(|(_, row)| basis.is_in(row.at));
    let mut lines = form_8949::of_rows(input.names, input.elections, rows(), &disallowed)?;
    let (regulated, form_6781) = form_6781_of(input, &basis)?;
    let others = basis.contract_rows().filter(|row| !regulated.contains(&row.contract));
    lines.extend(form_8949::of_contracts(input.names, input.elections, others)?);
    let (income, income_sum) = common::income_table(input.names, &basis)?;
    let (expenses, interest) = common::expenses_table(
        input.names,
        &basis,
        "Interest on margin may be investment interest (Form 4952); it is in no gain here.",
    )?;
    headline(&mut report, &lines, &form_6781, income_sum, interest)?;
    let ordinary = ordinary_funding(input, &basis, &regulated)?;
    report.tables = vec![
        form_8949::table(&lines)?,
        form_8949::totals(&lines)?,
        form_6781,
        income,
        ordinary,
        expenses,
        common::waived_table(input.names, &basis, input.elections.choice("waived-debt")),
        wash_table(input, &lots, &wash, &basis),
        given_table(input, &lots, &basis)?,
        common::contracts_table(input.names, &basis),
        common::lots_table(input.names, &lots),
    ];
    report.assumptions = common::assumptions(input.names, &lots);
    report.assumptions.extend(late_identification(&lots, &basis));
    report.closing = common::closing(&lots)?;
    Ok(report)
}

/// The policy: universal pools before 2025 where elected, wallets from then on, first in first out
/// unless a standing order says otherwise.
fn policy(input: &Input<'_>) -> Policy {
    let (year, month, day) = WALLETS_FROM;
    let from = Date::new(year, month, day).map_or(Time(0), Date::start);
    let universal = input.elections.is("scope-before-2025", "universal");
    let first = if universal { Scope::Universal } else { Scope::Wallet };
    let policy = Policy::new(Order::Fifo, first)
        .with_scope(from, Scope::Wallet)
        .with_shortage(input.shortage);
    input.orders.iter().fold(policy, |policy, order| policy.with_order(*order))
}

fn lots_of(input: &Input<'_>, basis: &Basis) -> Result<(Lots, WashSales)> {
    if input.orders.iter().any(|order| order.order == Order::Average) {
        return Err(TaxError::NoChoice {
            election: "order".to_owned(),
            found: Order::Average.to_string(),
            known: "fifo, lifo, hifo or lofo".to_owned(),
        });
    }
    let mut wash = WashSales::new();
    if !input.elections.is("wash-sales", "on") {
        return Ok((basis.lots(input.names, policy(input))?, wash));
    }
    let mut lots = Lots::new(policy(input));
    for movement in &basis.movements {
        wash.apply(&mut lots, input.names, movement)?;
    }
    lots.close()?;
    Ok((lots, wash))
}

fn headline(
    report: &mut Report,
    lines: &[Line],
    form_6781: &Table,
    income: Value,
    interest: Value,
) -> Result<()> {
    let sum = |term: Term| {
        let mut gains = lines.iter().filter(|line| line.term == term).map(Line::gain);
        gains.try_fold(Value::ZERO, |sum, gain| Ok::<_, TaxError>(sum.plus(gain?)?))
    };
    report.figures.push(figure("short-term gain or loss (Form 8949)", sum(Term::Short)?));
    report.figures.push(figure("long-term gain or loss (Form 8949)", sum(Term::Long)?));
    if !form_6781.rows.is_empty() {
        let mut totals = form_6781.rows.iter().filter_map(|row| row.get(2));
        let total = totals.try_fold(Value::ZERO, |sum, text| sum.plus(Value::parse(text)?))?;
        report.figures.push(figure("section 1256 gain or loss (Form 6781)", total));
    }
    report.figures.push(figure("income in kind", income));
    report.figures.push(figure("interest on what was borrowed", interest));
    Ok(())
}

/// Form 6781 of the year, and the contracts that it takes.
fn form_6781_of(input: &Input<'_>, basis: &Basis) -> Result<(BTreeSet<ContractId>, Table)> {
    let mut table = Table::new(
        "form-6781",
        "Form 6781, Part I",
        "Marked at the year's end; 60 % long-term and 40 % short-term whatever the holding. Taken: \
         contracts of the venues elected for section 1256.",
        &["contract", "venue", "#total:gain or loss", "#short_40:40 % short", "#long_60:60 % long"],
    );
    let is_regulated = |id: ContractId| {
        let terms = input.names.terms(id);
        terms.is_some_and(|terms| input.elections.names("section-1256", &terms.venue))
    };
    let all = (0..input.names.contracts()).map(ContractId);
    let regulated: BTreeSet<ContractId> = all.filter(|id| is_regulated(*id)).collect();
    for id in &regulated {
        let Some(terms) = input.names.terms(*id) else { continue };
        let (mut events, mut marks) = (Vec::new(), BTreeMap::new());
        let mut held: BTreeMap<i32, Quantity> = BTreeMap::new();
        for entry in input.entries {
            let date = Date::of(entry.at);
            match &entry.kind {
                Kind::Fill(fill) if fill.contract == *id => {
                    let (quantity, price, fee) = (fill.quantity, fill.price, fill.fee);
                    events.push((date, Event::Fill { quantity, price, fee }));
                    let sum = held.entry(date.year()).or_default();
                    *sum = sum.plus(quantity)?;
                }
                Kind::Funding(funding) if funding.contract == *id => {
                    events.push((date, Event::Cash(funding.amount)));
                }
                Kind::Mark(mark) if mark.contract == *id => {
                    marks.insert(date.year(), mark.price);
                }
                _ => {}
            }
        }
        let at_end = held
            .range(..=input.year)
            .try_fold(Quantity::ZERO, |sum, (_, change)| sum.plus(*change))?;
        let marks: BTreeMap<i32, Price> =
            marks.into_iter().filter(|(year, _)| *year <= input.year).collect();
        if !at_end.is_zero() && !marks.contains_key(&input.year) {
            return Err(TaxError::NoMark { contract: terms.name.clone(), year: input.year });
        }
        events.retain(|(date, _)| *date <= basis.period.1);
        let got = marked(&terms.name, terms.form, terms.size, &events, &marks)?;
        let Some(year) = got.years.get(&input.year) else { continue };
        let number = |value| {
            Ok::<_, TaxError>(breakwater_accounting::contracts::nearest(value)?.to_string())
        };
        table.rows.push(vec![
            terms.name.clone(),
            terms.venue.clone(),
            number(&year.total)?,
            number(&year.short_40)?,
            number(&year.long_60)?,
        ]);
    }
    Ok((regulated, table))
}

/// Funding that is ordinary income or expense by election.
fn ordinary_funding(
    input: &Input<'_>,
    basis: &Basis,
    regulated: &BTreeSet<ContractId>,
) -> Result<Table> {
    let mut table = Table::new(
        "ordinary-funding",
        "Funding as ordinary income or expense",
        "Empty unless funding is elected to be ordinary.",
        &["contract", "#received:received", "#paid:paid"],
    );
    if input.elections.is("funding", "adjusts-gain") {
        return Ok(table);
    }
    let mut sums: BTreeMap<ContractId, (Value, Value)> = BTreeMap::new();
    for row in basis.contract_rows() {
        let funding = row.event == breakwater_accounting::ContractEvent::Funding;
        if !funding || regulated.contains(&row.contract) {
            continue;
        }
        let (received, paid) = sums.entry(row.contract).or_default();
        match row.value >= Value::ZERO {
            true => *received = received.plus(row.value)?,
            false => *paid = paid.minus(row.value)?,
        }
    }
    for (contract, (received, paid)) in sums {
        let name = input.names.contract_name(contract).to_owned();
        table.rows.push(vec![name, received.to_string(), paid.to_string()]);
    }
    Ok(table)
}

fn wash_table(input: &Input<'_>, lots: &Lots, wash: &WashSales, basis: &Basis) -> Table {
    let mut table = Table::new(
        "wash-sales",
        "Losses that do not count",
        "Empty unless the switch for wash sales is on.",
        &[
            "sold",
            "replacement",
            "#quantity:units replaced",
            "#disallowed:disallowed loss",
            "#basis:basis of the replacement",
            "acquired:counts as acquired",
        ],
    );
    for one in wash.list() {
        let Some(row) = lots.rows().get(one.row).filter(|row| basis.is_in(row.at)) else {
            continue;
        };
        table.rows.push(vec![
            input.names.source_name(row.source).to_owned(),
            input.names.source_name(one.replacement).to_owned(),
            one.quantity.to_string(),
            one.loss.to_string(),
            one.basis.to_string(),
            one.acquired.to_string(),
        ]);
    }
    table
}

/// Gifts and donations: no disposal, their basis and date go with them.
fn given_table(input: &Input<'_>, lots: &Lots, basis: &Basis) -> Result<Table> {
    let mut table = Table::new(
        "given",
        "Given away",
        "Gifts and donations are on no form here; basis and date go with them.",
        &[
            "date",
            "event",
            "asset",
            "#quantity:units",
            "#value:value",
            "#basis:basis",
            "acquired",
            "source",
        ],
    );
    for row in lots.rows().iter().filter(|row| basis.is_in(row.at) && common::is_given(row)) {
        let RowEvent::Out(how) = row.event else { continue };
        table.rows.push(vec![
            Date::of(row.at).to_string(),
            how.word().to_owned(),
            input.names.asset_name(row.asset).to_owned(),
            row.quantity.to_string(),
            row.proceeds.to_string(),
            row.basis.to_string(),
            row.acquired.map(|at| Date::of(at).to_string()).unwrap_or_default(),
            input.names.source_name(row.source).to_owned(),
        ]);
    }
    Ok(table)
}

/// Identifications in own books after the date to which they surely serve for a broker's units.
fn late_identification(lots: &Lots, basis: &Basis) -> Option<String> {
    let (year, month, day) = OWN_BOOKS_UNTIL;
    let until = Date::new(year, month, day)?;
    let late = lots.rows().iter().filter(|row| {
        let own = match row.chosen {
            Chosen::Identified => true,
            Chosen::Order(order) => order != Order::Fifo,
            Chosen::Nothing => false,
        };
        own && basis.is_in(row.at) && Date::of(row.at) > until
    });
    let count = late.count();
    (count > 0).then(|| {
        format!(
            "{count} rows rest on identification in own books after {until}: for units that a broker \
             holds, Notice 2025-7 lets own books serve until then"
        )
    })
}
