//! The accounts of a world: read and valued, or drawn.

use super::process::MARKETS_MAX;
use super::rule::{Account, ONE, UNIT, sum};
use super::settings::{BookFile, DrawnFile, MarketFile, RulesFile};
use super::tables::Tables;
use crate::ScenarioError;
use crate::book::{Book, PRICE_DECIMALS};
use crate::monte_carlo::AMOUNT_LIMIT;
use crate::monte_carlo::contracts::{Contract, ContractBook};
use crate::monte_carlo::error::{refuse, within};
use crate::perpetuals::draw::{above_zero, philox};
use breakwater_money::{Price, Rounding};
use std::collections::BTreeMap;
use std::f64::consts::TAU;

/// Purposes of the draws of a drawn book; never reused.
const DRAW_SIZE: u32 = 0x574F_1000;
const DRAW_RATIO: u32 = 0x574F_1001;
const DRAW_SIDE: u32 = 0x574F_1002;
/// And one of these for each market.
const DRAW_PART: u32 = 0x574F_1010;

/// The accounts of a lending book, thresholds and ceiling applied.
pub(super) fn accounts(
    file: &BookFile,
    rules: &RulesFile,
    names: &[String],
    markets: &BTreeMap<String, MarketFile>,
    tables: &mut Tables,
) -> Result<Vec<Account>, ScenarioError> {
    let mut accounts = match (&file.positions, &file.prices, &file.drawn) {
        (Some(positions), Some(prices), None) => {
            let (position_text, price_text) = (tables.text(positions)?, tables.text(prices)?);
            let book = Book::read((prices, &price_text), (positions, &position_text))?;
            valued(&book, names, markets)?
        }
        (None, None, Some(drawn)) => drawn_accounts(drawn, names)?,
        (Some(_), None, None) => {
            return Err(refuse("book.prices", "nothing", "the table of prices at the start"));
        }
        _ => {
            let right = "either positions with prices, or drawn";
            return Err(refuse("book", "this combination", right));
        }
    };
    if file.drawn.is_some() && rules.threshold_bps.is_none() {
        let right = "1 to 10000: a drawn book has no thresholds of its own";
        return Err(refuse("rules.threshold_bps", "nothing", right));
    }
    thresholds(&mut accounts, rules)?;
    if let Some(ceiling) = file.debt_ceiling {
        limit_debt(&mut accounts, ceiling)?;
    }
    for (number, account) in accounts.iter().enumerate() {
        let largest = account.collateral.iter().chain(&account.debt).copied().max().unwrap_or(0);
        if largest >= AMOUNT_LIMIT {
            let right = format!("below {} of the numeraire", AMOUNT_LIMIT / UNIT);
            return Err(refuse(&format!("book: account {number}"), largest / UNIT, &right));
        }
    }
    match u32::try_from(accounts.len()) {
        Ok(1..) => Ok(accounts),
        _ => Err(refuse("book", format!("{} accounts", accounts.len()), "1 to 4294967295")),
    }
}

fn valued(
    book: &Book,
    names: &[String],
    markets: &BTreeMap<String, MarketFile>,
) -> Result<Vec<Account>, ScenarioError> {
    let mut places: Vec<Option<usize>> = vec![None; book.assets.len()];
    for (place, name) in names.iter().enumerate() {
        for asset in &markets[name].assets {
            let field = format!("markets.{name}.assets");
            let Some(at) = book.asset(asset) else {
                return Err(refuse(&field, format!("'{asset}'"), "assets of the book's prices"));
            };
            if let Some(before) = places[at].replace(place) {
                let right = format!("each asset once; it moves with {} as well", names[before]);
                return Err(refuse(&field, format!("'{asset}'"), &right));
            }
        }
    }
    let worth = |(asset, amount): &(usize, u128), rounding| {
        let of = &book.assets[*asset];
        let Some(place) = places[*asset] else {
            let right = "an entry in the assets of some market";
            return Err(refuse("markets", format!("no place for {}", of.symbol), right));
        };
        let price = Price::new(of.price, PRICE_DECIMALS);
        let cents = price.value(*amount, of.decimals, rounding);
        let cents = cents.map_err(crate::market::overflow)?;
        // From eight decimals to six.
        let units = if rounding == Rounding::Floor { cents / 100 } else { cents.div_ceil(100) };
        Ok((place, u64::try_from(units).unwrap_or(u64::MAX)))
    };
    let side = |positions: &[(usize, u128)], rounding| {
        let mut amounts = [0u64; MARKETS_MAX];
        for position in positions {
            let (place, units) = worth(position, rounding)?;
            amounts[place] = amounts[place].saturating_add(units);
        }
        Ok::<_, ScenarioError>(amounts)
    };
    let account = |account: &crate::book::BookAccount| {
        Ok(Account {
            collateral: side(&account.collateral, Rounding::Floor)?,
            debt: side(&account.debt, Rounding::Ceil)?,
            threshold_bps: account.threshold_bps,
        })
    };
    book.accounts.iter().map(account).collect()
}

fn thresholds(accounts: &mut [Account], rules: &RulesFile) -> Result<(), ScenarioError> {
    if let Some(threshold) = rules.threshold_bps {
        if rules.threshold_shift_bps != 0 && rules.borrowers_follow {
            let right = "a shift of the book's own thresholds: with one threshold for everybody \
                         there is none to follow";
            return Err(refuse("rules.borrowers_follow", true, right));
        }
        let threshold = within_bps("rules.threshold_bps", threshold, 1)?;
        accounts.iter_mut().for_each(|account| account.threshold_bps = threshold);
    }
    let shift = rules.threshold_shift_bps;
    if rules.borrowers_follow && shift == 0 {
        return Ok(());
    }
    for account in accounts.iter_mut().filter(|account| account.threshold_bps > 0) {
        let before = i32::from(account.threshold_bps);
        let after = before.saturating_add(shift);
        let Ok(after) = u16::try_from(after) else {
            let right = format!("above -{before}: an account's threshold would be below zero");
            return Err(refuse("rules.threshold_shift_bps", shift, &right));
        };
        account.threshold_bps = within_bps("rules.threshold_shift_bps", after.into(), 1)?;
        if rules.borrowers_follow {
            let (after, before) = (u128::from(after), u128::from(before.unsigned_abs()));
            for debt in &mut account.debt {
                let scaled = u128::from(*debt) * after / before;
                *debt = u64::try_from(scaled).unwrap_or(u64::MAX);
            }
        }
    }
    Ok(())
}

fn within_bps(field: &str, value: u32, least: u32) -> Result<u16, ScenarioError> {
    let fits = (least..=10_000).contains(&value);
    match u16::try_from(value) {
        Ok(value) if fits => Ok(value),
        _ => Err(refuse(field, value, &format!("{least} to 10000 basis points"))),
    }
}

/// Scales every account down so that all owe at most the ceiling together.
fn limit_debt(accounts: &mut [Account], ceiling: f64) -> Result<(), ScenarioError> {
    within("book.debt_ceiling", ceiling, 1.0, 1e12)?;
    let most = (ceiling * UNIT as f64) as u128;
    let total = owed(accounts);
    if total <= most {
        return Ok(());
    }
    for account in accounts {
        for amount in account.collateral.iter_mut().chain(&mut account.debt) {
            // Below 2^50 times 2^60, and no more than before.
            let scaled = u128::from(*amount) * most / total;
            *amount = u64::try_from(scaled).unwrap_or(*amount);
        }
    }
    Ok(())
}

/// Debt of all accounts at the first prices, base units.
pub(super) fn owed(accounts: &[Account]) -> u128 {
    let one = [ONE; MARKETS_MAX];
    accounts.iter().map(|account| sum(&account.debt, &one) / u128::from(ONE)).sum()
}

/// Collateral of all accounts at the first prices, base units.
pub(super) fn held(accounts: &[Account]) -> u128 {
    let one = [ONE; MARKETS_MAX];
    accounts.iter().map(|account| sum(&account.collateral, &one) / u128::from(ONE)).sum()
}

/// Two words of an account and a purpose.
fn words(seed: u64, account: u32, purpose: u32) -> [f64; 2] {
    let key = [seed as u32, (seed >> 32) as u32];
    let [a, b, c, d] = philox([account, 0, 0, purpose], key);
    [u64::from(a) | u64::from(b) << 32, u64::from(c) | u64::from(d) << 32].map(above_zero)
}

/// A lognormal size in base units.
fn size(drawn: &DrawnFile, account: u32) -> f64 {
    let [radius, angle] = words(drawn.seed, account, DRAW_SIZE);
    let radius = libm::sqrt(-2.0 * libm::log(radius));
    let normal = radius * libm::cos(TAU * (1.0 - angle));
    drawn.median * libm::exp(drawn.sigma * normal) * UNIT as f64
}

fn ratio(drawn: &DrawnFile, account: u32) -> f64 {
    let [part, _] = words(drawn.seed, account, DRAW_RATIO);
    drawn.ratio_from + (drawn.ratio_to - drawn.ratio_from) * part
}

fn check_drawn(drawn: &DrawnFile, most: f64) -> Result<(), ScenarioError> {
    if !(1..=20_000_000).contains(&drawn.accounts) {
        return Err(refuse("book.drawn.accounts", drawn.accounts, "1 to 20000000"));
    }
    within("book.drawn.median", drawn.median, 1e-3, 1e8)?;
    within("book.drawn.sigma", drawn.sigma, 0.0, 3.0)?;
    within("book.drawn.ratio_from", drawn.ratio_from, 1e-4, most)?;
    within("book.drawn.ratio_to", drawn.ratio_to, drawn.ratio_from, most)
}

fn drawn_accounts(drawn: &DrawnFile, names: &[String]) -> Result<Vec<Account>, ScenarioError> {
    check_drawn(drawn, 1.0)?;
    if drawn.long_share.is_some() {
        let right = "nothing: a lending book has no longs";
        return Err(refuse("book.drawn.long_share", "a share", right));
    }
    let place = |field: &str, name: &str| {
        let found = names.iter().position(|known| known == name);
        found.ok_or_else(|| {
            refuse(field, format!("'{name}'"), &format!("one of {}", names.join(", ")))
        })
    };
    let Some(owed) = &drawn.owed else {
        return Err(refuse("book.drawn.owed", "nothing", "the market that is owed"));
    };
    let owed = place("book.drawn.owed", owed)?;
    let mut shares = Vec::new();
    for (name, share) in &drawn.collateral {
        let field = format!("book.drawn.collateral.{name}");
        within(&field, *share, 0.0, 1.0)?;
        shares.push((place(&field, name)?, *share));
    }
    let total: f64 = shares.iter().map(|(_, share)| share).sum();
    if (total - 1.0).abs() > 1e-9 {
        return Err(refuse("book.drawn.collateral", total, "shares that add up to 1"));
    }
    let account = |number: u32| {
        let size = size(drawn, number);
        let mut collateral = [0u64; MARKETS_MAX];
        // Each account's own mixture, around the shares.
        let weight = |(at, share): &(usize, f64)| {
            let [word, _] = words(drawn.seed, number, DRAW_PART + *at as u32);
            if shares.len() == 1 { 1.0 } else { share * -libm::log(word) }
        };
        let weights: Vec<f64> = shares.iter().map(weight).collect();
        let all: f64 = weights.iter().sum();
        for ((at, _), weight) in shares.iter().zip(&weights) {
            collateral[*at] = (size * weight / all.max(1e-300)) as u64;
        }
        let mut debt = [0u64; MARKETS_MAX];
        let worth: u64 = collateral.iter().sum();
        debt[owed] = (worth as f64 * ratio(drawn, number)) as u64;
        Account { collateral, debt, threshold_bps: 0 }
    };
    Ok((0..drawn.accounts).map(account).collect())
}

/// The positions of a perpetual book.
pub(super) fn positions(file: &BookFile) -> Result<ContractBook, ScenarioError> {
    let Some(drawn) = &file.drawn else {
        return Err(refuse(
            "book.drawn",
            "nothing",
            "a drawn book: positions are nobody's to publish",
        ));
    };
    if file.positions.is_some() || file.prices.is_some() || file.debt_ceiling.is_some() {
        let right = "drawn and nothing else for a perpetual world";
        return Err(refuse("book", "this combination", right));
    }
    check_drawn(drawn, 1.0)?;
    if !drawn.collateral.is_empty() || drawn.owed.is_some() {
        let right = "nothing: positions have margin in the numeraire";
        return Err(refuse("book.drawn.collateral", "shares", right));
    }
    let Some(long_share) = drawn.long_share else {
        return Err(refuse("book.drawn.long_share", "nothing", "0 to 1"));
    };
    within("book.drawn.long_share", long_share, 0.0, 1.0)?;
    let contract = |number: u32| {
        let size = size(drawn, number) as u64;
        let margin = (size as f64 * ratio(drawn, number)) as i64;
        let [side, _] = words(drawn.seed, number, DRAW_SIDE);
        let long = side <= long_share;
        let value = i64::try_from(size).unwrap_or(i64::MAX);
        Contract { long, size, cash: if long { margin - value } else { margin + value } }
    };
    ContractBook::new(ONE, ONE, (0..drawn.accounts).map(contract).collect())
}
