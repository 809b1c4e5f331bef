//! What everybody in a journal has realised, told without any country's rule.

use breakwater_accounting::journal::{AccountResult, JournalAccounts, RowKind};
use breakwater_money::{Rational, Rounding, rational};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Holders named in the text, those who lost most first.
const NAMED: usize = 10;
/// Places after the point of figures in files.
const PLACES: u8 = 8;

/// The whole answer.
#[derive(Serialize)]
pub struct Answer {
    schema: &'static str,
    journal: String,
    rulebook: String,
    identities_checked: u64,
    totals: Sums,
    liquidated: Sums,
    stated: StatedSums,
    holders: Vec<Holder>,
    assumptions: Vec<String>,
}

/// Sums over some accounts, in the numeraire.
#[derive(Serialize)]
struct Sums {
    accounts: u64,
    realised: String,
    funding: String,
    fees: String,
    net_realised: String,
    unrealised: String,
    equity: String,
    by_cause: BTreeMap<&'static str, String>,
}

/// What the journal's own events add up to, to compare with.
#[derive(Serialize)]
struct StatedSums {
    seizures: u64,
    forced_sales: u64,
    debt_discharged: String,
    market_value_taken: String,
    losses_borne_by_others: String,
}

/// One account.
#[derive(Serialize)]
struct Holder {
    account: u32,
    owner: String,
    liquidated: bool,
    realised: String,
    funding: String,
    fees: String,
    net_realised: String,
    unrealised: String,
    equity: String,
    debt_discharged: String,
    market_value_taken: String,
    by_cause: BTreeMap<&'static str, String>,
}

/// The answer for everybody in the journal.
pub fn answer(path: &Path, books: &JournalAccounts) -> Answer {
    let hit: Vec<&AccountResult> =
        books.accounts.iter().filter(|result| result.was_liquidated()).collect();
    let all: Vec<&AccountResult> = books.accounts.iter().collect();
    let sum = |part: fn(&AccountResult) -> &Rational| text(&sum_of(&all, part));
    Answer {
        schema: "breakwater.tax-journal/1",
        journal: path.display().to_string(),
        rulebook: books.rulebook.clone(),
        identities_checked: books.checks,
        totals: sums(&all),
        liquidated: sums(&hit),
        stated: StatedSums {
            seizures: all.iter().map(|result| u64::from(result.stated.seizures)).sum(),
            forced_sales: all.iter().map(|result| u64::from(result.stated.sales)).sum(),
            debt_discharged: sum(|result| &result.stated.discharged),
            market_value_taken: sum(|result| &result.stated.market),
            losses_borne_by_others: sum(|result| &result.stated.deficit),
        },
        holders: books.accounts.iter().map(holder).collect(),
        assumptions: books.assumptions.clone(),
    }
}

fn holder(result: &AccountResult) -> Holder {
    let by_cause = result.by_kind.iter().map(|(kind, sum)| (kind.word(), text(sum)));
    Holder {
        account: result.account.0,
        owner: result.owner.clone(),
        liquidated: result.was_liquidated(),
        realised: text(&result.realised),
        funding: text(&result.funding),
        fees: text(&result.fees),
        net_realised: text(&result.net_realised()),
        unrealised: text(&result.unrealised),
        equity: text(&result.equity),
        debt_discharged: text(&result.stated.discharged),
        market_value_taken: text(&result.stated.market),
        by_cause: by_cause.collect(),
    }
}

fn sums(results: &[&AccountResult]) -> Sums {
    let sum = |part: fn(&AccountResult) -> &Rational| text(&sum_of(results, part));
    let mut kinds: BTreeMap<RowKind, Rational> = BTreeMap::new();
    for (kind, amount) in results.iter().flat_map(|result| &result.by_kind) {
        *kinds.entry(*kind).or_default() += amount;
    }
    let net = results.iter().fold(Rational::default(), |sum, result| sum + result.net_realised());
    Sums {
        accounts: results.len() as u64,
        realised: sum(|result| &result.realised),
        funding: sum(|result| &result.funding),
        fees: sum(|result| &result.fees),
        net_realised: text(&net),
        unrealised: sum(|result| &result.unrealised),
        equity: sum(|result| &result.equity),
        by_cause: kinds.iter().map(|(kind, sum)| (kind.word(), text(sum))).collect(),
    }
}

fn sum_of(results: &[&AccountResult], part: fn(&AccountResult) -> &Rational) -> Rational {
    results.iter().fold(Rational::default(), |sum, result| sum + part(result))
}

/// A figure at a fixed number of places, the nearest.
pub fn text(value: &Rational) -> String {
    places(value, PLACES)
}

fn places(value: &Rational, places: u8) -> String {
    let below = *value < Rational::default();
    let magnitude = if below { -value.clone() } else { value.clone() };
    // A figure that does not fit 128 bits is told with all of its digits.
    let Ok(raw) = rational::to_raw(&magnitude, places, Rounding::HalfUp) else {
        return rational::format(value, places);
    };
    let sign = if below && raw > 0 { "-" } else { "" };
    let digits = format!("{raw:0>width$}", width = usize::from(places) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(places));
    format!("{sign}{whole}.{fraction}")
}

/// The answer for a reader.
pub fn told(answer: &Answer, books: &JournalAccounts) -> String {
    let mut text = String::new();
    let mut row = |name: &str, what: &str| text.push_str(&format!("{name:<24} {what}\n"));
    row("journal", &answer.journal);
    row("rulebook", &answer.rulebook);
    row("identities checked", &format!("{}, all hold", answer.identities_checked));
    row(
        "accounts",
        &format!("{}, {} liquidated", answer.totals.accounts, answer.liquidated.accounts),
    );
    let cents = |sums: &Sums| {
        let two =
            |text: &str| rational::parse(text).map_or_else(|_| text.to_owned(), |v| places(&v, 2));
        [two(&sums.net_realised), two(&sums.realised), two(&sums.funding), two(&sums.fees)]
    };
    let [net, realised, funding, fees] = cents(&answer.liquidated);
    row("liquidated accounts", &format!("net realised {net}"));
    row("", &format!("realised {realised}, funding {funding}, fees {fees}"));
    let [net, realised, funding, fees] = cents(&answer.totals);
    row("all accounts", &format!("net realised {net}"));
    row("", &format!("realised {realised}, funding {funding}, fees {fees}"));
    row("by cause", "");
    for (cause, sum) in &answer.totals.by_cause {
        let sum = rational::parse(sum).map_or_else(|_| sum.clone(), |sum| places(&sum, 2));
        row(&format!("  {cause}"), &sum);
    }
    row(
        "the journal's events",
        &format!(
            "{} seizures, {} forced sales",
            answer.stated.seizures, answer.stated.forced_sales
        ),
    );
    row("  debt discharged", &answer.stated.debt_discharged);
    row("  market value taken", &answer.stated.market_value_taken);
    row("  borne by others", &answer.stated.losses_borne_by_others);
    let mut hit: Vec<&AccountResult> =
        books.accounts.iter().filter(|result| result.was_liquidated()).collect();
    hit.sort_by_key(|result| (result.net_realised(), result.account));
    if !hit.is_empty() {
        row("largest losses", "");
    }
    for result in hit.iter().take(NAMED) {
        row(&format!("  {}", result.owner), &places(&result.net_realised(), 2));
    }
    for assumption in &answer.assumptions {
        row("assumption", assumption);
    }
    text
}

/// One line an account that was liquidated.
pub fn accounts_csv(books: &JournalAccounts) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "account",
        "owner",
        "realised",
        "funding",
        "fees",
        "net_realised",
        "unrealised",
        "equity",
        "debt_discharged",
        "market_value_taken",
    ])?;
    for result in books.accounts.iter().filter(|result| result.was_liquidated()) {
        let net = result.net_realised();
        let figures = [
            &result.realised,
            &result.funding,
            &result.fees,
            &net,
            &result.unrealised,
            &result.equity,
            &result.stated.discharged,
            &result.stated.market,
        ];
        let names = [result.account.0.to_string(), result.owner.clone()];
        table.write_record(names.into_iter().chain(figures.map(text)))?;
    }
    table.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

/// One line a row, of every account.
pub fn rows_csv(books: &JournalAccounts) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "frame",
        "at_ns",
        "account",
        "cause",
        "asset",
        "quantity",
        "basis",
        "amount",
        "debt_discharged",
        "market_value",
    ])?;
    for row in &books.rows {
        let values = row.valuations.as_ref();
        table.write_record([
            row.sequence.to_string(),
            row.at.0.to_string(),
            row.account.0.to_string(),
            row.kind.word().to_owned(),
            row.asset.0.to_string(),
            rational::format(&row.quantity, 18),
            text(&row.basis),
            text(&row.amount),
            values.map(|values| text(&values.discharged)).unwrap_or_default(),
            values.map(|values| text(&values.market)).unwrap_or_default(),
        ])?;
    }
    table.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_the_nearest_of_their_places() {
        let number = |text| rational::parse(text).unwrap();
        assert_eq!(places(&number("-0.004"), 2), "0.00");
        assert_eq!(places(&number("-0.005"), 2), "-0.01");
        assert_eq!(places(&number("1234.565"), 2), "1234.57");
        assert_eq!(text(&number("1/3")), "0.33333333");
    }
}
