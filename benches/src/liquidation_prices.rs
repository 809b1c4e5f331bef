//! Exact liquidation prices a second, on one core, by what an account holds.
//!
//! Every account's answer is first held against its rule, summed position by position without the
//! solver: at each price told, equity is exactly the requirement; a millionth part nearer to safety
//! the account is healthy, and as much farther it is not. Since surplus is concave that is all that
//! a search could find. Only then the same accounts are timed, the book's construction included.

use crate::draw::Draw;
use crate::print::{Table, grouped, machine, per_second, time, whole_nanos};
use crate::runs::Runs;
use crate::{Failure, Options, Result};
use breakwater_margin::liquidation_price::{
    CrossAccount, Healthy, Maintenance, MixedBook, Placed, Position, RateTier, Root, Settle, Token,
};
use breakwater_money::{Rational, rational};
use std::hint::black_box;
use std::time::Instant;

/// Upper edges of the tiers, in coins of an inverse contract and thousands of the quote asset of a
/// linear one, and rates in 1e-4: twelve rows in the
/// proportions of a liquid contract.
const TIERS: [(i128, i128); 12] = [
    (50, 40),
    (600, 50),
    (3_000, 65),
    (12_000, 100),
    (70_000, 200),
    (100_000, 250),
    (230_000, 500),
    (480_000, 1_000),
    (600_000, 1_250),
    (800_000, 1_500),
    (1_200_000, 2_500),
    (1_800_000, 5_000),
];

/// Markets that the widest accounts hold positions in, beside the one asked about.
const OTHERS: usize = 20;

/// Mark of every market, quote units.
const MARK: i128 = 60_000;

/// Sizes of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Accounts of each shape.
    pub accounts: usize,
    /// Rounds over all of them, at least three.
    pub rounds: usize,
}

/// What an account holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One linear position.
    Linear,
    /// A long and a short of one market.
    Hedged,
    /// One inverse position.
    Inverse,
    /// A linear position beside weighted collateral that follows its market.
    MovingCollateral,
    /// A linear position among twenty others at their marks.
    Cross,
}

/// All shapes with their names.
const SHAPES: [(Shape, &str); 5] = [
    (Shape::Linear, "one linear"),
    (Shape::Hedged, "long and short"),
    (Shape::Inverse, "one inverse"),
    (Shape::MovingCollateral, "with moving collateral"),
    (Shape::Cross, "among twenty others"),
];

/// What one shape gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Name of the shape.
    pub shape: &'static str,
    /// Accounts asked about.
    pub accounts: usize,
    /// Liquidation prices found and proved.
    pub prices: usize,
    /// Times for all accounts.
    pub runs: Runs,
}

impl Plan {
    /// The sizes that the options ask for.
    #[must_use]
    pub fn of(options: &Options) -> Plan {
        let usual = if options.quick { 200 } else { 10_000 };
        let accounts = options.accounts.map_or(usual, |accounts| accounts as usize);
        Plan { accounts, rounds: if options.quick { 3 } else { 7 } }
    }
}

fn tiers(unit: i128) -> Result<Maintenance> {
    let tier = |(cap, rate): (i128, i128)| RateTier {
        cap: Some(rational::from_raw(cap * unit, 0)),
        rate: rational::from_raw(rate, 4),
    };
    let made = Maintenance::from_tiers(TIERS.into_iter().map(tier).collect());
    made.map_err(|error| Failure::Refused { what: "tiers", why: error.to_string() })
}

/// An account of the shape: sizes over four decades, entries within a tenth of the mark, leverage of 2
/// to 50.
fn drawn(shape: Shape, tiers: &Maintenance, stream: u64) -> CrossAccount {
    let mut draw = Draw::new(1, stream);
    let mut of = |bound: u64| i128::from(draw.below(bound));
    let mark = rational::from_raw(MARK, 0);
    let entry = rational::from_raw(MARK * 9 + of(12_000), 1);
    let size = rational::from_raw((1 + of(9)) * 10i128.pow(of(4).unsigned_abs() as u32), 1);
    let signed = if of(2) == 0 { size.clone() } else { -&size };
    let margin = &size * &entry / rational::from_raw(2 + of(49), 0);
    let linear = |quantity: Rational| Position::linear(quantity, entry.clone(), tiers.clone());
    let placed = |market, settle, position| Placed { market, mark: mark.clone(), settle, position };
    let mut account = CrossAccount { wallet: margin, tokens: Vec::new(), positions: Vec::new() };
    match shape {
        Shape::Linear => account.positions.push(placed(0, Settle::Wallet, linear(signed))),
        Shape::Hedged => {
            let other = -&signed * rational::from_raw(of(90), 2);
            account.positions.push(placed(0, Settle::Wallet, linear(signed)));
            account.positions.push(placed(0, Settle::Wallet, linear(other)));
        }
        Shape::Inverse => {
            account.wallet /= &mark;
            let position = Position::inverse(signed * &mark, entry.clone(), tiers.clone());
            account.positions.push(placed(0, Settle::CoinWallet, position));
        }
        Shape::MovingCollateral => {
            let (amount, weight) =
                (&size * rational::from_raw(of(50), 2), rational::from_raw(95, 2));
            account.tokens.push(Token { amount, weight, price: mark.clone(), follows: vec![0] });
            account.positions.push(placed(0, Settle::Wallet, linear(signed)));
        }
        Shape::Cross => {
            account.positions.push(placed(0, Settle::Wallet, linear(signed)));
            for market in 1..=OTHERS {
                let quantity = &size * rational::from_raw(of(200) - 100, 3);
                account.positions.push(placed(market, Settle::Wallet, linear(quantity)));
            }
        }
    }
    account
}

fn answer(account: &CrossAccount) -> Result<(MixedBook, Healthy)> {
    let book = account.seen_from(0, &rational::from_raw(MARK, 0));
    let book = book.map_err(|error| Failure::Refused { what: "book", why: error.to_string() })?;
    let healthy = book.healthy();
    Ok((book, healthy))
}

/// Equity minus requirement at `price`, summed over the account's positions in their settle assets.
fn surplus(account: &CrossAccount, price: &Rational) -> Option<Rational> {
    let mut surplus = account.wallet.clone();
    for Placed { market, mark, position, .. } in &account.positions {
        let at = if *market == 0 { price } else { mark };
        surplus += position.profit(at)? - position.requirement(at)?;
    }
    for Token { amount, weight, .. } in &account.tokens {
        surplus += amount * weight * price;
    }
    Some(surplus)
}

/// How many prices the account has, each of which is proved.
fn prove(account: &CrossAccount) -> Result<usize> {
    let (_, healthy) = answer(account)?;
    let Healthy::Between { lower, upper } = healthy else { return Ok(0) };
    let nought = rational::from_raw(0, 0);
    let (part, one) = (rational::from_raw(1, 6), rational::from_raw(1, 0));
    let mut proved = 0;
    // Towards safety is up from the lower end and down from the upper.
    for (end, up) in [(lower, true), (upper, false)] {
        let Some(Root { price, .. }) = end else { continue };
        let near = &price * if up { &one + &part } else { &one - &part };
        let far = &price * if up { &one - &part } else { &one + &part };
        let at = |price: &Rational| surplus(account, price);
        let right = at(&price).is_some_and(|it| it == nought)
            && at(&near).is_some_and(|it| it > nought)
            && at(&far).is_some_and(|it| it < nought);
        if !right {
            let told = format!("{price} is told, but surplus there is {:?}", at(&price));
            return Err(Failure::Differs(told));
        }
        proved += 1;
    }
    Ok(proved)
}

/// The figures of every shape.
///
/// # Errors
/// A price told is none, or a book was refused.
pub fn measure(plan: &Plan) -> Result<Vec<Figures>> {
    let (in_quote, in_coin) = (tiers(1_000)?, tiers(1)?);
    let mut figures = Vec::new();
    for (shape, name) in SHAPES {
        let tiers = if shape == Shape::Inverse { &in_coin } else { &in_quote };
        let accounts = (0..plan.accounts as u64).map(|stream| drawn(shape, tiers, stream));
        let accounts: Vec<CrossAccount> = accounts.collect();
        let prices = accounts.iter().map(prove).sum::<Result<usize>>()?;
        let mut times = Vec::new();
        for _ in 0..plan.rounds.max(3) {
            let begun = Instant::now();
            for account in &accounts {
                black_box(answer(account)?);
            }
            times.push(begun.elapsed());
        }
        let (accounts, runs) = (accounts.len(), Runs::new(times));
        figures.push(Figures { shape: name, accounts, prices, runs });
    }
    Ok(figures)
}

/// Measures each shape and prints a table.
///
/// # Errors
/// As [`measure`].
pub fn run(options: &Options) -> Result<()> {
    println!("liquidation prices: {}", machine());
    let headings =
        ["account", "accounts", "prices proved", "accounts/s", "per account", "fastest", "slowest"];
    let mut table = Table::new(&headings);
    for figures in measure(&Plan::of(options))? {
        let accounts = figures.accounts as u64;
        table.row(vec![
            figures.shape.to_owned(),
            grouped(accounts),
            grouped(figures.prices as u64),
            per_second(accounts, figures.runs.median()),
            format!("{} ns", whole_nanos(figures.runs.median()) / accounts.max(1)),
            time(figures.runs.least()),
            time(figures.runs.most()),
        ]);
    }
    println!("{table}");
    println!(
        "One core; the median run counts; both ends of each account in exact fractions, twelve tiers.\n\
         Proved: equity is the requirement at the price, above it nearer to safety, below it farther."
    );
    Ok(())
}
