//! A side of positions ranked, and the closes chosen among them, on one core.
//!
//! What a venue does when a position finds no buyer: score every opposite position, then take from
//! the top until the quantity is found. Each answer is held against the naive way in the same run:
//! the queue against a sort of all, the shares in proportion against their floors, and a sample of
//! scores against exact fractions.

use crate::draw::Draw;
use crate::print::{Table, grouped, machine, per_second, time};
use crate::runs::Runs;
use crate::{Failure, Options, Result};
use breakwater_liquidation::backstop::score::exact;
use breakwater_liquidation::backstop::{
    Closed, Deleverage, Needed, Ranking, Standing, WHOLE_E18, Winner, deleverage,
};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, rational};
use std::hint::black_box;

/// Sizes of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Positions on the side.
    pub positions: u32,
    /// Times each measurement is taken.
    pub rounds: usize,
    /// Scores held against exact fractions.
    pub judged: usize,
}

impl Plan {
    /// The sizes that the options ask for.
    #[must_use]
    pub fn of(options: &Options) -> Plan {
        let usual = if options.quick { 2_000 } else { 1_000_000 };
        let (rounds, judged) = if options.quick { (2, 200) } else { (7, 5_000) };
        Plan { positions: options.accounts.unwrap_or(usual), rounds, judged }
    }
}

/// What one measurement gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// What was done.
    pub name: String,
    /// Positions that were looked at.
    pub positions: u64,
    /// Positions that were closed, whole or in part.
    pub closes: u64,
    /// Times.
    pub runs: Runs,
}

/// Measures and prints a table.
///
/// # Errors
/// Two answers differ.
pub fn run(options: &Options) -> Result<()> {
    println!("deleverage_ranking: {}", machine());
    let headings = ["step", "positions", "closes", "positions/s", "median", "fastest", "slowest"];
    let mut table = Table::new(&headings);
    for figures in measure(&Plan::of(options))? {
        table.row(vec![
            figures.name,
            grouped(figures.positions),
            grouped(figures.closes),
            per_second(figures.positions, figures.runs.median()),
            time(figures.runs.median()),
            time(figures.runs.least()),
            time(figures.runs.most()),
        ]);
    }
    println!("{table}");
    println!("One core; the median run counts. Queue closes are those of a sort of all positions.");
    Ok(())
}

/// The figures of every step.
///
/// # Errors
/// Two answers differ.
pub fn measure(plan: &Plan) -> Result<Vec<Figures>> {
    let standings = standings(plan.positions);
    judge_scores(&standings, plan.judged)?;
    let mut figures = Vec::new();
    let winners = winners(&standings);
    let positions = u64::from(plan.positions);
    let whole: u128 = winners.iter().map(|winner| winner.quantity).sum();
    let step = |name: &str, closes: usize, runs: Runs| Figures {
        name: name.to_owned(),
        positions,
        closes: closes as u64,
        runs,
    };
    let runs = Runs::of(plan.rounds, || {
        black_box(self::winners(black_box(&standings)));
    });
    figures.push(step("scores", 0, runs));
    // A hundredth of the side is a very large liquidation; half of it is the worst.
    for (name, part) in [("queue, 1 % of the side", 100), ("queue, half of the side", 2)] {
        let needed = needed(whole, part);
        let closes = deleverage(needed, &winners, Deleverage::Queue, 0).closes;
        differs(name, &closes, &sorted(needed, &winners))?;
        let runs = choose(plan, needed, &winners, Deleverage::Queue);
        figures.push(step(name, closes.len(), runs));
        let slow = Runs::of(plan.rounds, || {
            black_box(sorted(needed, black_box(&winners)));
        });
        figures.push(step(&format!("  the same by a sort of all, 1/{part}"), closes.len(), slow));
    }
    let needed = needed(whole, 100);
    let closes = deleverage(needed, &winners, Deleverage::ProRata, 0).closes;
    differs_in_proportion(needed, whole, &winners, &closes)?;
    let runs = choose(plan, needed, &winners, Deleverage::ProRata);
    figures.push(step("pro rata, 1 % of the side", closes.len(), runs));
    let least = deleverage(needed, &winners, Deleverage::MinimumOvershoot, 0);
    let first = deleverage(needed, &winners, Deleverage::Queue, 0);
    if least.quantity() != first.quantity() || least.overshoot.excess() > first.overshoot.excess() {
        let told = format!("least overshoot {:?}, queue {:?}", least.overshoot, first.overshoot);
        return Err(Failure::Differs(told));
    }
    let runs = choose(plan, needed, &winners, Deleverage::MinimumOvershoot);
    figures.push(step("least overshoot, 1 % of the side", least.closes.len(), runs));
    Ok(figures)
}

fn choose(plan: &Plan, needed: Needed, winners: &[Winner], policy: Deleverage) -> Runs {
    Runs::of(plan.rounds, || {
        black_box(deleverage(black_box(needed), black_box(winners), policy, 0));
    })
}

/// A bankrupt position of a part of the side, short of a thousandth of a unit's value on each.
fn needed(whole: u128, part: u128) -> Needed {
    let quantity = (whole / part).max(1);
    Needed::Quantity { quantity, deficit: quantity / 1_000 }
}

/// Longs of log-normal size, entered up to a half below the mark or a tenth above, with cash for one
/// to a hundred times leverage. Values in millionths of a dollar, the mark at one.
fn standings(count: u32) -> Vec<Standing> {
    let drawn = |account: u32| {
        let mut draw = Draw::new(7, u64::from(account));
        let size = libm::exp(20.0 + 1.5 * draw.normal());
        // A float proposes a size; the standing is whole numbers.
        let mark_value = (size as i128).clamp(1, 1 << 62);
        let entered = 500_000 + i128::from(draw.below(600_000));
        let entry_value = (mark_value * entered / 1_000_000).max(1);
        let leverage = 1 + i128::from(draw.below(100));
        let wallet = (entry_value / leverage).max(1);
        Standing {
            mark_value,
            entry_value,
            bankrupt_value: entry_value - wallet,
            wallet,
            unrealised: mark_value - entry_value,
            maintenance: mark_value.unsigned_abs() / 200,
            margin: wallet.unsigned_abs(),
            account_value: wallet + mark_value - entry_value,
            unit: 1_000_000,
        }
    };
    (0..count).map(drawn).collect()
}

fn winners(standings: &[Standing]) -> Vec<Winner> {
    let winner = |(account, standing): (AccountId, &Standing)| Winner {
        account,
        quantity: standing.mark_value.unsigned_abs(),
        score: Ranking::EffectiveLeverage.score(standing),
        profit: u128::try_from(standing.unrealised).unwrap_or(0),
        leverage_e9: 0,
        share_max_e18: WHOLE_E18,
    };
    (0..).map(AccountId).zip(standings).map(winner).collect()
}

/// The slow way: all in order, then from the top.
fn sorted(needed: Needed, winners: &[Winner]) -> Vec<Closed> {
    let Needed::Quantity { quantity: mut left, .. } = needed else { return Vec::new() };
    let mut order: Vec<&Winner> = winners.iter().collect();
    order.sort_by(|a, b| b.score.cmp(&a.score).then(a.account.cmp(&b.account)));
    let mut closes = Vec::new();
    for winner in order {
        let quantity = left.min(winner.quantity);
        if quantity > 0 {
            let haircut = winner.profit * quantity / winner.quantity;
            closes.push(Closed { account: winner.account, quantity, haircut });
        }
        left -= quantity;
    }
    closes
}

fn differs(name: &str, fast: &[Closed], slow: &[Closed]) -> Result<()> {
    if fast == slow && !slow.is_empty() {
        return Ok(());
    }
    let at = fast.iter().zip(slow).position(|(fast, slow)| fast != slow);
    let told = format!("{name}: {} closes and {}, first apart {at:?}", fast.len(), slow.len());
    Err(Failure::Differs(told))
}

/// Everybody gives the floor of its part or one unit more, and all together exactly what is needed.
fn differs_in_proportion(
    needed: Needed,
    whole: u128,
    winners: &[Winner],
    closes: &[Closed],
) -> Result<()> {
    let Needed::Quantity { quantity, .. } = needed else { return Ok(()) };
    let mut sum = 0;
    let mut shares = vec![0; winners.len()];
    for closed in closes {
        sum += closed.quantity;
        shares[closed.account.index()] = closed.quantity;
    }
    let fair = winners.iter().zip(&shares).all(|(winner, share)| {
        let floor = mul_div(quantity, winner.quantity, whole, Rounding::Floor).unwrap_or(0);
        *share == floor || *share == floor + 1
    });
    if fair && sum == quantity {
        return Ok(());
    }
    Err(Failure::Differs(format!("pro rata: {sum} of {quantity} closed, fair: {fair}")))
}

/// The first scores are the exact fractions at 1e18, cut towards zero.
fn judge_scores(standings: &[Standing], judged: usize) -> Result<()> {
    for standing in standings.iter().take(judged) {
        let value = |raw: i128| rational::from_raw(raw, 0);
        let exact = exact::by_effective_leverage(
            &value(standing.mark_value),
            &value(standing.bankrupt_value),
            &value(standing.entry_value),
        );
        let Some(exact) = exact else {
            // Without distance to bankruptcy it ranks first.
            if Ranking::EffectiveLeverage.score(standing).abs() != i128::MAX
                && standing.unrealised > 0
            {
                return Err(Failure::Differs(format!("{standing:?} has no score")));
            }
            continue;
        };
        let negative = exact.ranking < value(0);
        let size = if negative { -exact.ranking } else { exact.ranking };
        let raw = rational::to_raw(&size, 18, Rounding::Floor)
            .map_err(|error| Failure::Differs(format!("{standing:?}: {error}")))?;
        let fast = Ranking::EffectiveLeverage.score(standing);
        if fast.unsigned_abs() != raw || (fast < 0) != (negative && raw > 0) {
            return Err(Failure::Differs(format!("{standing:?}: {fast}, exactly {raw}")));
        }
    }
    Ok(())
}
