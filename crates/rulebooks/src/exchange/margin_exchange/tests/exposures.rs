//! What the rule tells the watch list: armed as the engine arms, prices that stay within their
//! intervals leave every account in its band.

use super::wide::*;
use super::wide_health::random_book;
use super::*;
use breakwater_liquidation::Exposures;
use breakwater_margin::health::Exposure;
use breakwater_margin::{Band, Ratio};
use breakwater_money::rounding::mul_div_full;
use breakwater_money::rounding::narrow_i128;
use breakwater_money::{U256, rounding::Rounding};
use proptest::prelude::*;

/// The safe interval of each market: exclusive ends, as the engine makes them of terms, slack and
/// one volatility weight for all; and until when they are.
fn intervals(pool: &Pool, warn: Ratio) -> (Vec<(u128, u128)>, Time) {
    let health = pool.health(A);
    let mut told = Exposures::default();
    let armed = pool.look(|view| pool.rulebook.exposures(view, A, &mut told)).unwrap();
    let mut until = armed.until;
    let marks: Vec<u128> = pool.marks.iter().map(|m| m.mark.unwrap().price.raw).collect();
    let mut found: Vec<(u128, u128)> = marks.iter().map(|_| (0, u128::MAX)).collect();
    let of = |line: Ratio, amount: u128, rounding| {
        narrow_i128(line.of(U256::from(amount), rounding).unwrap()).unwrap()
    };
    let (lower, upper) = match health.band(warn) {
        Band::Healthy => (Some(warn), None),
        Band::Warned => (Some(Ratio::one()), Some(warn)),
        Band::Breach => (None, Some(Ratio::one())),
    };
    for (line, down) in [(lower, true), (upper, false)] {
        let Some(line) = line else { continue };
        let distance = if down {
            health.equity - of(line, health.requirement, Rounding::Ceil)
        } else {
            of(line, health.requirement, Rounding::Floor) - health.equity
        };
        let slack = (distance - i128::try_from(armed.error).unwrap()).max(0).unsigned_abs();
        if slack == 0 {
            until = pool.now;
        }
        let change = |t: &Exposure| t.equity - of(line, t.requirement, Rounding::Ceil);
        let total: u128 = told.terms.iter().map(|t| change(t).unsigned_abs() + 1).sum();
        for term in &told.terms {
            let at = term.market.index();
            let (low, high) = &mut found[at];
            if slack == 0 {
                (*low, *high) = (marks[at], marks[at]);
                continue;
            }
            if change(term) == 0 {
                continue;
            }
            let part = U256::from(marks[at]);
            let move_by =
                mul_div_full(part, U256::from(slack), U256::from(total), Rounding::Floor).unwrap();
            let move_by = u128::try_from(move_by).unwrap_or(u128::MAX);
            if (change(term) > 0) == down {
                *low = (*low).max(marks[at].saturating_sub(move_by));
            } else {
                *high = (*high).min(marks[at].saturating_add(move_by));
            }
        }
    }
    if let Some(bps) = told.reach_bps {
        for term in &told.terms {
            let at = term.market.index();
            let reach = marks[at] * u128::from(bps) / 10_000;
            found[at].0 = found[at].0.max(marks[at] - reach);
            found[at].1 = found[at].1.min(marks[at] + reach);
        }
    }
    (found, until)
}

/// A price strictly within its interval: one of the ends, or somewhere.
fn within((low, high): (u128, u128), mark: u128, at: u8, chance: &mut Chance) -> u128 {
    let (low, high) = (low + 1, high.min(mark * 40).max(1) - 1);
    if low > mark || high < mark {
        return mark;
    }
    match at {
        0 => low,
        2 => high,
        _ => low + (high - low) * u128::from(chance.below(1_000)) / 1_000,
    }
}

/// Leaves the account with so many thousandths of what it requires, by its USDT.
pub fn at_ratio(pool: &mut Pool, thousandths: u128) {
    let health = pool.health(A);
    let wanted = i128::try_from(health.requirement * thousandths / 1_000).unwrap();
    // A unit is worth a ten-thousandth more where it is owed, and as much less where it is held.
    let change =
        (wanted - health.equity) * 10_000 / i128::try_from(pool.price(wide::USDT).raw).unwrap();
    pool.rows.add(Holder::Account(A), Unit::token(wide::USDT), change);
}

/// Walks the prices of a book within so many parts in a hundred of its intervals, so many times, while
/// time passes.
///
/// # Errors
/// The walk on which its band changed.
pub fn walks(book: fn(u64) -> Pool, seed: u64, times: u64, percent: u128) -> Result<(), String> {
    let mut chance = Chance(seed);
    let mut pool = book(seed);
    let warn = 1_000_000_000_000_000_000 + u128::from(chance.below(1_001)) * 1_000_000_000_000_000;
    let warn = Ratio::new(warn);
    if chance.below(4) > 0 {
        at_ratio(&mut pool, 800 + u128::from(chance.below(1_700)));
    }
    let band = pool.health(A).band(warn);
    let first: Vec<u128> = pool.marks.iter().map(|m| m.mark.unwrap().price.raw).collect();
    let stretched = |(end, mark): (u128, u128)| {
        let further = end.abs_diff(mark) * percent / 100;
        if end < mark { mark - further.min(mark - 1) } else { mark + further }
    };
    let (safe, until) = intervals(&pool, warn);
    let last = if until == Time::MAX { pool.now } else { until };
    let safe: Vec<[u128; 3]> = safe
        .into_iter()
        .zip(&first)
        .map(|(ends, mark)| {
            [0, 2, 4].map(|at| stretched((within(ends, *mark, at, &mut chance), *mark)))
        })
        .collect();
    let judge = |pool: &Pool| {
        let health = pool.health(A);
        if health.band(warn) == band {
            return Ok(());
        }
        let moved: Vec<_> = pool.marks.iter().map(|m| m.mark.unwrap().price.raw).collect();
        Err(format!("{band:?} became {health:?} at {moved:?}, warn {warn}"))
    };
    // Whatever hurts most, or helps most, of each market in turn, at either line.
    let begun = pool.now;
    for (line, sign) in [(Ratio::one(), 1), (Ratio::one(), -1), (warn, 1), (warn, -1)] {
        pool.now = if chance.below(2) == 0 { begun } else { last };
        let above = |pool: &Pool| {
            let health = pool.health(A);
            let line = line.of(U256::from(health.requirement), Rounding::Ceil).unwrap();
            sign * (health.equity - narrow_i128(line).unwrap())
        };
        for at in (0..first.len()).chain(0..first.len()) {
            let asset = MARKETS[at].0;
            let mut worst = |to: &u128| {
                pool.mark(asset, *to);
                above(&pool)
            };
            let choices = [safe[at][0], safe[at][1], safe[at][2], first[at]];
            let to = choices.into_iter().min_by_key(|to| worst(to)).unwrap();
            pool.mark(asset, to);
        }
        judge(&pool)?;
    }
    for _ in 0..times {
        for at in 0..first.len() {
            let to =
                if chance.below(4) == 0 { first[at] } else { safe[at][chance.below(3) as usize] };
            pool.mark(MARKETS[at].0, to);
        }
        pool.now = if chance.below(2) == 0 { begun } else { last };
        judge(&pool)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn no_band_changes_while_all_prices_stay_within_their_intervals(seed in any::<u64>()) {
        let found = walks(random_book, seed, 3, 100);
        prop_assert!(found.is_ok(), "{found:?}");
    }
}

/// A file whose last brackets ask for more than a half, where more of what is owned hurts.
fn steep() -> String {
    WIDE.replace(
        "{ cap = \"90000\", rate = \"0.01\", leverage_max = 50, deduction = \"0.03\" }",
        "{ cap = \"90000\", rate = \"0.9\", leverage_max = 1, deduction = \"4.48\" }",
    )
    .replace(
        "{ cap = \"9000000000\", rate = \"0.025\", leverage_max = 20, deduction = \"12050\" }",
        "{ cap = \"9000000000\", rate = \"0.95\", leverage_max = 1, deduction = \"567050\" }",
    )
}

#[test]
fn where_more_of_a_position_costs_more_than_it_brings_a_rise_is_watched_too() {
    for (contract, size) in [(BTCUSDT, 40_000), (BTCUSD, -20_000)] {
        let mut pool = Pool::of(&steep(), wide_assets(), &MARKETS);
        pool.give(A, wide::USDT, 90_000_000 * ONE);
        pool.take(A, contract, size);
        at_ratio(&mut pool, 1_950);
        let warn = Ratio::new(1_900_000_000_000_000_000);
        assert_eq!(pool.health(A).band(warn), Band::Healthy);
        let market = pool.assets[contract.index()].market.unwrap().index();
        let (low, high) = intervals(&pool, warn).0[market];
        let mark = pool.price(contract).raw;
        // What is owned hurts as its value rises: with the price, or against it.
        let mut moved = 0;
        for to in [low + 1, high - 1] {
            pool.mark(contract, to);
            assert_eq!(pool.health(A).band(warn), Band::Healthy, "{contract} {to}");
            moved += u64::from(to.abs_diff(mark) > mark / 1_000);
        }
        assert_eq!(moved, 2);
        pool.mark(contract, if size > 0 { mark * 2 } else { mark / 2 });
        assert_ne!(pool.health(A).band(warn), Band::Healthy);
    }
}

/// The search finds something where there is something to find: a fifth further out, it does.
#[test]
fn walks_that_leave_their_intervals_by_a_fifth_are_found_to_change_bands() {
    let late = (0..1_000).filter(|seed| walks(random_book, *seed, 3, 120).is_err()).count();
    assert!(late > 100, "{late} of 1000");
}
