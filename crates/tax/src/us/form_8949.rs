//! Form 8949: one row a part of a disposal, by box.

use super::term::{Term, term};
use super::yearly::term_of;
use crate::common::{chosen, instant, is_given, yes};
use crate::election::Elections;
use crate::error::Result;
use crate::report::{Table, described};
use breakwater_accounting::entry::Disposed;
use breakwater_accounting::{
    ContractEvent, ContractRow, Date, FillReason, Form, Names, OutReason, Quantity, Row, RowEvent,
    Value,
};
use std::collections::BTreeMap;

/// Digital assets have boxes of their own from this tax year on (instructions of Form 8949, 2025).
pub const OWN_BOXES_FROM: i32 = 2025;

/// The box of a row.
#[must_use]
pub fn box_of(year: i32, digital: bool, term: Term, reported: &str) -> char {
    let boxes = match (digital && year >= OWN_BOXES_FROM, term) {
        (true, Term::Short) => ['G', 'H', 'I'],
        (true, Term::Long) => ['J', 'K', 'L'],
        (false, Term::Short) => ['A', 'B', 'C'],
        (false, Term::Long) => ['D', 'E', 'F'],
    };
    // Nothing is known of other forms than 1099-DA, so what is no digital asset has no form.
    match reported {
        "proceeds-and-basis" if digital && year >= OWN_BOXES_FROM => boxes[0],
        "proceeds" if digital && year >= OWN_BOXES_FROM => boxes[1],
        _ => boxes[2],
    }
}

/// One row of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Box.
    pub code_box: char,
    /// Column (a).
    pub description: String,
    /// Column (b).
    pub acquired: Date,
    /// Column (c).
    pub sold: Date,
    /// Column (d), fees off.
    pub proceeds: Value,
    /// Column (e).
    pub basis: Value,
    /// Column (f).
    pub code: &'static str,
    /// Column (g).
    pub adjustment: Value,
    /// Term.
    pub term: Term,
    /// What else is known of it: asset or contract, wallet, lot, method, event, source.
    pub notes: [String; 6],
    /// Whether the holder had no say in the moment.
    pub involuntary: bool,
}

impl Line {
    /// Column (h): (d) less (e) plus (g).
    ///
    /// # Errors
    /// It does not fit.
    pub fn gain(&self) -> Result<Value> {
        Ok(self.proceeds.minus(self.basis)?.plus(self.adjustment)?)
    }
}

/// Lines of disposals of holdings. `disallowed` is the loss that does not count, by row.
///
/// # Errors
/// A sum does not fit.
pub fn of_rows<'a>(
    names: &Names,
    elections: &Elections,
    rows: impl Iterator<Item = (usize, &'a Row)>,
    disallowed: &BTreeMap<usize, Value>,
) -> Result<Vec<Line>> {
    let reported = elections.choice("form-1099-da");
    let gross = elections.is("seizure-presentation", "gross-less-bonus");
    let mut lines = Vec::new();
    for (number, row) in rows {
        let RowEvent::Out(how) = row.event else { continue };
        let (Some(acquired), false) = (row.acquired, is_given(row)) else { continue };
        let (acquired, sold) = (Date::of(acquired), Date::of(row.at));
        let (mut proceeds, mut code, mut adjustment) =
            (row.proceeds.minus(row.fee)?, "", Value::ZERO);
        let seizure = how == OutReason::Disposed(Disposed::Seizure);
        if let (true, true, Some(market)) = (gross, seizure, row.market) {
            adjustment = proceeds.minus(market)?;
            (proceeds, code) = (market, "E");
        }
        if let Some(loss) = disallowed.get(&number) {
            adjustment = adjustment.plus(*loss)?;
            code = if code.is_empty() { "W" } else { "EW" };
        }
        let asset = names.asset_name(row.asset);
        let term = term_of(row);
        lines.push(Line {
            code_box: box_of(sold.year(), true, term, reported),
            description: described(row.quantity, asset),
            acquired,
            sold,
            proceeds,
            basis: row.basis,
            code,
            adjustment,
            term,
            notes: [
                asset.to_owned(),
                names.wallet_name(row.wallet).to_owned(),
                row.lot.map(|lot| names.source_name(lot).to_owned()).unwrap_or_default(),
                chosen(row),
                how.word().to_owned(),
                names.source_name(row.source).to_owned(),
            ],
            involuntary: how.is_involuntary(),
        });
    }
    Ok(lines)
}

/// Lines of contracts outside section 1256. A gain has its entry or its exit for basis, whichever
/// makes proceeds the greater of the two; fees, and funding where it adjusts the gain, are lines of
/// their own.
///
/// # Errors
/// A sum does not fit.
pub fn of_contracts<'a>(
    names: &Names,
    elections: &Elections,
    rows: impl Iterator<Item = &'a ContractRow>,
) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for row in rows {
        let sold = Date::of(row.at);
        let contract = names.contract_name(row.contract);
        let opened = row.opened.map_or(sold, Date::of);
        let by_holding = elections.is("short-contract-term", "by-holding");
        let long = row.quantity > Quantity::ZERO;
        let (description, term, acquired, proceeds, basis, involuntary) = match row.event {
            ContractEvent::Closed(reason) => {
                let side = if long { "long" } else { "short" };
                let text = format!("{} {contract} {side}", row.quantity.magnitude());
                let held = term(opened, sold);
                let term = if long || by_holding { held } else { Term::Short };
                let terms = names.terms(row.contract);
                let linear = terms.is_some_and(|terms| terms.form == Form::Linear);
                // What the gain is: a linear long and an inverse short gain by leaving above
                // their entry.
                let basis = if linear == long { row.entered } else { row.left };
                let forced = matches!(reason, FillReason::Liquidation | FillReason::Deleveraged);
                (text, term, opened, basis.plus(row.value)?, basis, forced)
            }
            ContractEvent::Fee(reason) => {
                let text = format!("fee of {contract}");
                let forced = reason == FillReason::Liquidation;
                let (proceeds, basis) = either_side(row.value)?;
                (text, Term::Short, sold, proceeds, basis, forced)
            }
            ContractEvent::Funding if elections.is("funding", "adjusts-gain") => {
                let text = format!("funding of {contract}");
                let (proceeds, basis) = either_side(row.value)?;
                (text, Term::Short, sold, proceeds, basis, false)
            }
            ContractEvent::Funding => continue,
        };
        lines.push(Line {
            code_box: box_of(sold.year(), false, term, "none"),
            description,
            acquired,
            sold,
            proceeds,
            basis,
            code: "",
            adjustment: Value::ZERO,
            term,
            notes: [
                contract.to_owned(),
                names.wallet_name(row.wallet).to_owned(),
                row.opened.map(instant).unwrap_or_default(),
                String::new(),
                crate::common::contract_word(row.event).to_owned(),
                names.source_name(row.source).to_owned(),
            ],
            involuntary,
        });
    }
    Ok(lines)
}

/// Proceeds and basis of what is one or the other.
fn either_side(value: Value) -> Result<(Value, Value)> {
    Ok(match value >= Value::ZERO {
        true => (value, Value::ZERO),
        false => (Value::ZERO, value.negated()?),
    })
}

/// The form as a table, in the order of its boxes.
///
/// # Errors
/// A sum does not fit.
pub fn table(lines: &[Line]) -> Result<Table> {
    let mut table = Table::new(
        "form-8949",
        "Form 8949",
        "Proceeds have fees in money off. Part I holds boxes of short-term, Part II of long-term rows.",
        &[
            "box",
            "description:(a) description",
            "acquired:(b) acquired",
            "sold:(c) sold",
            "#proceeds:(d) proceeds",
            "#basis:(e) basis",
            "code:(f) code",
            "#adjustment:(g) adjustment",
            "#gain:(h) gain",
            "part",
            "asset",
            "wallet",
            "lot",
            "identification:identification in force",
            "event",
            "involuntary",
            "source",
        ],
    );
    let mut sorted: Vec<&Line> = lines.iter().collect();
    sorted.sort_by_key(|line| line.code_box);
    for line in sorted {
        let [asset, wallet, lot, method, event, source] = line.notes.clone();
        table.rows.push(vec![
            line.code_box.to_string(),
            line.description.clone(),
            line.acquired.to_string(),
            line.sold.to_string(),
            line.proceeds.to_string(),
            line.basis.to_string(),
            line.code.to_owned(),
            line.adjustment.to_string(),
            line.gain()?.to_string(),
            if line.term == Term::Short { "I" } else { "II" }.to_owned(),
            asset,
            wallet,
            lot,
            method,
            event,
            yes(line.involuntary),
            source,
        ]);
    }
    Ok(table)
}

/// Totals by box, as they go to Schedule D.
///
/// # Errors
/// A sum does not fit.
pub fn totals(lines: &[Line]) -> Result<Table> {
    let mut sums: BTreeMap<char, [Value; 4]> = BTreeMap::new();
    for line in lines {
        let sum = sums.entry(line.code_box).or_default();
        let parts = [line.proceeds, line.basis, line.adjustment, line.gain()?];
        for (sum, part) in sum.iter_mut().zip(parts) {
            *sum = sum.plus(part)?;
        }
    }
    let mut table = Table::new(
        "schedule-d",
        "Totals by box, for Schedule D",
        "The limit on losses against other income and what earlier years carry over are not applied.",
        &["box", "#proceeds:proceeds", "#basis:basis", "#adjustment:adjustment", "#gain:gain"],
    );
    for (code_box, sum) in sums {
        let mut row = vec![code_box.to_string()];
        row.extend(sum.iter().map(Value::to_string));
        table.rows.push(row);
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digital_assets_have_their_own_boxes_from_2025() {
        assert_eq!(box_of(2024, true, Term::Short, "none"), 'C');
        assert_eq!(box_of(2024, true, Term::Long, "proceeds"), 'F');
        assert_eq!(box_of(2025, true, Term::Short, "none"), 'I');
        assert_eq!(box_of(2025, true, Term::Short, "proceeds"), 'H');
        assert_eq!(box_of(2025, true, Term::Long, "proceeds-and-basis"), 'J');
        assert_eq!(box_of(2026, true, Term::Long, "none"), 'L');
        assert_eq!(box_of(2026, false, Term::Short, "proceeds"), 'C');
    }
}
