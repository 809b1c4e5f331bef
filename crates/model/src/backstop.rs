//! Who bears a loss.

use crate::number::{Fraction, Int, Result, floor, ten};
use breakwater_liquidation::backstop::{Deleverage, Ranking};
use breakwater_money::AccountId;
use num_traits::{One, Signed, Zero};

/// Shares `amount` over the accounts in proportion to what each can give, all of it at most.
///
/// Everyone gives the whole part of the proportional share; the units left over are given one by
/// one, in order of account, by whoever has room.
#[must_use]
pub fn share_out(amount: &Int, able: &[(AccountId, Int)]) -> Vec<(AccountId, Int)> {
    let as_able = |(account, most): &(AccountId, Int)| (*account, most.clone(), most.clone());
    share_by_weight(amount, &able.iter().map(as_able).collect::<Vec<_>>())
}

/// Shares `amount` over accounts, each with a weight and the most it gives: in proportion to the
/// weights, but whoever would give more than its most gives that, and the others share the rest.
/// Whole parts first; the units left over one by one, in order of account, from whoever has room.
#[must_use]
pub fn share_by_weight(amount: &Int, able: &[(AccountId, Int, Int)]) -> Vec<(AccountId, Int)> {
    let gives = |(_, weight, most): &&(AccountId, Int, Int)| !weight.is_zero() && !most.is_zero();
    let mut able: Vec<(AccountId, Int, Int)> = able.iter().filter(gives).cloned().collect();
    able.sort_by_key(|(account, ..)| *account);
    let total: Int = able.iter().map(|(_, _, most)| most).sum();
    let shared = amount.min(&total).clone();
    let mut full = vec![false; able.len()];
    let (left, weight) = loop {
        let among = |wanted: bool| able.iter().zip(&full).filter(move |(_, full)| **full == wanted);
        let taken: Int = among(true).map(|((_, _, most), _)| most).sum();
        let weight: Int = among(false).map(|((_, weight, _), _)| weight).sum();
        let left = &shared - taken;
        let over = (0..able.len()).find(|at| {
            let (_, own, most) = &able[*at];
            !full[*at] && most * &weight <= &left * own
        });
        match over {
            Some(at) => full[at] = true,
            None => break (left, weight),
        }
    };
    let part = |own: &Int| floor(&(&left * own), &weight).unwrap_or_default();
    let mut shares: Vec<Int> = able
        .iter()
        .zip(&full)
        .map(|((_, own, most), full)| if *full { most.clone() } else { part(own) })
        .collect();
    let mut rest = &shared - shares.iter().sum::<Int>();
    while rest.is_positive() {
        for ((_, _, most), share) in able.iter().zip(&mut shares) {
            if rest.is_positive() && &*share < most {
                *share += Int::one();
                rest -= Int::one();
            }
        }
    }
    let accounts = able.iter().map(|(account, ..)| *account);
    accounts.zip(shares).filter(|(_, share)| !share.is_zero()).collect()
}

/// An opposite position in profit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Winner {
    /// Whose.
    pub account: AccountId,
    /// Size.
    pub quantity: Int,
    /// Place in the queue, highest first.
    pub score: Int,
    /// Profit at the mark.
    pub profit: Int,
    /// Value over cash, 1e9.
    pub leverage_e9: Int,
}

/// What decides whose positions are closed.
#[derive(Debug, Clone)]
pub struct Choice {
    /// How winners are chosen.
    pub order: Deleverage,
    /// Largest share of a position that the capped and the risk-aware choice close, basis points.
    pub share_max_bps: u32,
    /// Picks the random start.
    pub entropy: u64,
}

/// How much of each winner is closed against `quantity` of an account that lacks `deficit`.
#[must_use]
pub fn close(
    choice: &Choice,
    quantity: &Int,
    deficit: &Int,
    winners: &[Winner],
) -> Vec<(AccountId, Int)> {
    let mut winners = winners.to_vec();
    winners.sort_by_key(|winner| winner.account);
    match choice.order {
        Deleverage::Queue => {
            // Stable, so that the lower account stays first among equals.
            winners.sort_by(|a, b| b.score.cmp(&a.score));
            take(quantity, &winners)
        }
        Deleverage::RandomStart => {
            if !winners.is_empty() {
                let start = Int::from(choice.entropy) % Int::from(winners.len());
                let start = usize::try_from(&start).unwrap_or_default();
                winners.rotate_left(start);
            }
            take(quantity, &winners)
        }
        Deleverage::ProRata => {
            let able: Vec<_> = winners.into_iter().map(|w| (w.account, w.quantity)).collect();
            share_out(quantity, &able)
        }
        Deleverage::Capped => by_weight(choice, quantity, &winners, |w| w.quantity.clone()),
        Deleverage::RiskAware => {
            let weight = |w: &Winner| &w.quantity * &w.leverage_e9 * &w.leverage_e9;
            by_weight(choice, quantity, &winners, weight)
        }
        Deleverage::MinimumOvershoot => least_profit(quantity, deficit, winners),
    }
}

fn by_weight(
    choice: &Choice,
    quantity: &Int,
    winners: &[Winner],
    weight: impl Fn(&Winner) -> Int,
) -> Vec<(AccountId, Int)> {
    let share = Fraction::scaled(choice.share_max_bps.into(), 4);
    let able = |w: &Winner| (w.account, weight(w), share.of(&w.quantity).down());
    share_by_weight(quantity, &winners.iter().map(able).collect::<Vec<_>>())
}

/// From the first on, each as far as needed.
fn take(quantity: &Int, winners: &[Winner]) -> Vec<(AccountId, Int)> {
    let mut left = quantity.clone();
    let mut taken = Vec::new();
    for winner in winners {
        let part = winner.quantity.clone().min(left.clone());
        if part.is_positive() {
            left -= &part;
            taken.push((winner.account, part));
        }
    }
    taken
}

/// With the winners' units laid out by profit a unit, least first: the first stretch of `quantity`
/// units whose profit covers the deficit, found by halving; the last stretch where none does.
fn least_profit(quantity: &Int, deficit: &Int, mut winners: Vec<Winner>) -> Vec<(AccountId, Int)> {
    winners.sort_by(|a, b| (&a.profit * &b.quantity).cmp(&(&b.profit * &a.quantity)));
    let total: Int = winners.iter().map(|w| &w.quantity).sum();
    let quantity = quantity.min(&total).clone();
    // Profit in the first units, a part of the last position counted down.
    let up_to = |units: &Int| {
        let (mut left, mut sum) = (units.clone(), Int::zero());
        for winner in &winners {
            let part = left.clone().min(winner.quantity.clone());
            sum += floor(&(&winner.profit * &part), &winner.quantity).unwrap_or_default();
            left -= part;
        }
        sum
    };
    let (mut low, mut high) = (Int::zero(), &total - &quantity);
    while low < high {
        let middle: Int = (&low + &high) / 2;
        if up_to(&(&middle + &quantity)) - up_to(&middle) >= *deficit {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    let (mut before, end) = (Int::zero(), &low + &quantity);
    let mut closes = Vec::new();
    for winner in &winners {
        let after = &before + &winner.quantity;
        let part = after.clone().min(end.clone()) - before.max(low.clone());
        if part.is_positive() {
            closes.push((winner.account, part));
        }
        before = after;
    }
    closes
}

/// The numbers of a position that rankings are made of, in the settle asset.
#[derive(Debug, Clone)]
pub struct Ranked {
    /// Value at the mark; below zero where it is owed.
    pub mark: Int,
    /// Value at entry; below zero where it is owed.
    pub entry: Int,
    /// Cash.
    pub wallet: Int,
    /// Maintenance of the account.
    pub maintenance: Int,
    /// Initial margin of the account.
    pub initial: Int,
    /// Equity of the account.
    pub equity: Int,
    /// One whole of the settle asset.
    pub one: Int,
}

/// Place of a position by a venue's ranking, 1e-18, towards zero.
#[must_use]
pub fn rank(ranking: Ranking, of: &Ranked) -> Int {
    let profit = &of.mark - &of.entry;
    match ranking {
        Ranking::EffectiveLeverage => {
            // Mark over what is between it and where the account has nothing.
            let bankrupt = &of.mark - &of.equity;
            let room = crate::number::positive(&of.mark - bankrupt);
            let (entry, mark) = (of.entry.abs(), of.mark.abs());
            if profit.is_positive() {
                quotient(&(profit * mark), &(entry * room))
            } else {
                -quotient(&(profit.abs() * room), &(entry * mark))
            }
        }
        Ranking::MarginRatio => {
            let equity = &of.wallet + &profit;
            if !equity.is_positive() {
                return Int::zero();
            }
            let gain = crate::number::positive(profit);
            let wallet = of.wallet.clone().max(of.one.clone());
            quotient(&(gain * &of.maintenance), &(wallet * equity))
        }
        Ranking::LeveragedReturn if profit.is_negative() => -quotient(&-profit, &of.initial),
        Ranking::LeveragedReturn => quotient(&profit, &of.initial),
        Ranking::PriceMove => {
            let equity = crate::number::positive(of.equity.clone());
            if of.mark.is_negative() {
                quotient(&of.entry.abs(), &equity)
            } else {
                quotient(&(&of.mark * &of.mark), &(of.entry.abs() * equity))
            }
        }
    }
}

/// Over nothing, and beyond 127 bits, it is the largest there is.
fn quotient(above: &Int, below: &Int) -> Int {
    let largest = Int::from(i128::MAX);
    if above.is_zero() {
        return Int::zero();
    }
    let exact: Result<Int> = floor(&(above * ten(18)), below);
    exact.unwrap_or_else(|_| largest.clone()).min(largest)
}
