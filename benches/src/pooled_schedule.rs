//! Rounds over the legs of many accounts in one market, on one core, and what rounds change.
//!
//! Every answer is held against the naive way in the same run: the first leg of those left is looked for
//! again and again, by cross products, and every bound is summed by going through all of them. Where that
//! takes too long, a sort by the same comparison stands for the search. A second table plays a drawn crowd
//! through a fall, each account alone and all by rounds.

use crate::draw::Draw;
use crate::print::{Table, grouped, machine, per_second, time};
use crate::runs::Runs;
use crate::{Failure, Options, Result};
use breakwater_liquidation::pooled::{
    Cross, Limits, Market, PooledLeg, Release, Round, Side, Standing, Step, Steps, round,
};
use breakwater_money::{AccountId, AssetId, Price, U256};
use breakwater_simulate::pooled::{CrowdSettings, Figures as CrowdFigures, Way};
use std::cmp::Ordering;
use std::hint::black_box;

/// Sizes of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Legs of the rounds that are measured.
    pub legs: Vec<u32>,
    /// Legs up to which the naive way searches instead of sorting.
    pub judged: u32,
    /// Times each measurement is taken.
    pub rounds: usize,
    /// Accounts of the crowd.
    pub crowd: u32,
}

impl Plan {
    /// The sizes that the options ask for.
    #[must_use]
    pub fn of(options: &Options) -> Plan {
        let usual = if options.quick { vec![10, 300] } else { vec![10, 1_000, 5_000, 100_000] };
        let legs = options.accounts.map_or(usual, |accounts| vec![accounts]);
        let (rounds, crowd) = if options.quick { (2, 100) } else { (15, 1_000) };
        Plan { legs, judged: 5_000, rounds, crowd }
    }
}

/// What one measurement gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Legs of the round.
    pub legs: u32,
    /// Pairs that crossed, parts released and legs that wait.
    pub outcome: (usize, usize, usize),
    /// Times of a round.
    pub runs: Runs,
    /// Times of the naive way.
    pub naive: Runs,
}

/// Measures and prints two tables.
///
/// # Errors
/// Two answers differ.
pub fn run(options: &Options) -> Result<()> {
    println!("pooled_schedule: {}", machine());
    let plan = Plan::of(options);
    let headings = ["legs", "pairs", "released", "waiting", "rounds/s", "median", "naive"];
    let mut table = Table::new(&headings);
    for figures in measure(&plan)? {
        let (pairs, released, waiting) = figures.outcome;
        table.row(vec![
            grouped(figures.legs.into()),
            grouped(pairs as u64),
            grouped(released as u64),
            grouped(waiting as u64),
            per_second(1, figures.runs.median()),
            time(figures.runs.median()),
            time(figures.naive.median()),
        ]);
    }
    println!("{table}");
    let mut table = Table::new(&[
        "a crowd",
        "cost",
        "drift",
        "lowest mark",
        "impact bps",
        "deficit",
        "rounds",
        "waits",
        "crossed",
    ]);
    for (name, figures) in crowd(&plan)? {
        let crossed = figures.crossed * 100 / figures.closed.max(1);
        table.row(vec![
            name.to_owned(),
            grouped(whole(figures.cost)),
            format!("{}", figures.drift / 100),
            grouped(whole(figures.trough)),
            figures.impact_bps.to_string(),
            grouped(whole(figures.deficit)),
            figures.rounds.to_string(),
            figures.waited_max.to_string(),
            format!("{crossed} %"),
        ]);
    }
    println!("{table}");
    println!("One core; the median run counts. Every round is that of the naive way.");
    Ok(())
}

fn whole(cents: u128) -> u64 {
    u64::try_from(cents / 100).unwrap_or(u64::MAX)
}

/// The same crowd both ways.
///
/// # Errors
/// A setting that makes no sense.
pub fn crowd(plan: &Plan) -> Result<Vec<(&'static str, CrowdFigures)>> {
    let settings = CrowdSettings { accounts: plan.crowd, ..CrowdSettings::default() };
    [("each alone", Way::Alone), ("by rounds", Way::Rounds)]
        .into_iter()
        .map(|(name, way)| {
            let figures = breakwater_simulate::pooled::run(&settings, way);
            let refused = |why: breakwater_simulate::ScenarioError| Failure::Refused {
                what: "crowd",
                why: why.to_string(),
            };
            Ok((name, figures.map_err(refused)?))
        })
        .collect()
}

/// The figures of every size.
///
/// # Errors
/// Two answers differ.
pub fn measure(plan: &Plan) -> Result<Vec<Figures>> {
    let refused = |why: breakwater_liquidation::pooled::PooledError| Failure::Refused {
        what: "round",
        why: why.to_string(),
    };
    let mut figures = Vec::new();
    for count in &plan.legs {
        let legs = legs(*count);
        let (bids, asks) = (steps(*count, true)?, steps(*count, false)?);
        let market = market(&bids, &asks);
        let search = *count <= plan.judged;
        let found = round(&market, &legs, &LIMITS).map_err(refused)?;
        let (crosses, releases) = naive(&market, &legs, search);
        if (&found.crosses, &found.releases) != (&crosses, &releases) {
            return Err(Failure::Differs(format!("a round of {count} legs, and the naive way")));
        }
        let slow = Runs::of(1, || {
            black_box(naive(&market, black_box(&legs), search));
        });
        let backwards: Vec<PooledLeg> = legs.iter().rev().copied().collect();
        if found != round(&market, &backwards, &LIMITS).map_err(refused)? {
            return Err(Failure::Differs(format!("a round of {count} legs, and backwards")));
        }
        let each = (20_000 / *count).max(1);
        let fast = Runs::of(plan.rounds * each as usize, || {
            black_box(round(&market, black_box(&legs), &LIMITS).is_ok());
        });
        let Round { crosses, releases, waits } = found;
        let outcome = (crosses.len(), releases.len(), waits.len());
        figures.push(Figures { legs: *count, outcome, runs: fast, naive: slow });
    }
    Ok(figures)
}

const MARK: u128 = 10_000_000;

const LIMITS: Limits =
    Limits { impact_bps: 100, participation_bps: 5_000, wait_rounds_max: 8, cross: true };

/// Sizes over four orders of magnitude; one in eight buys, one in sixteen asks for more than the limit.
fn legs(count: u32) -> Vec<PooledLeg> {
    let drawn = |number: u32| {
        let mut draw = Draw::new(11, u64::from(number));
        // Floats propose figures; the leg is whole numbers.
        let quantity = (1e4 * libm::exp(1.5 * draw.normal())) as u128 + 1;
        let loss_at_risk = (1e6 * libm::exp(2.0 * draw.normal())) as u128;
        let waited_rounds = number.wrapping_mul(2_654_435_761) >> 28;
        let strict = u128::from(number % 16 == 3);
        let away = (1e4 * libm::exp(0.5 * draw.normal())) as u128 + 1_000_000 * (1 - strict);
        let (side, worst) = match number % 8 {
            5 => (Side::Buy, MARK + away),
            _ => (Side::Sell, MARK - away),
        };
        let (account, asset, worst_price) = (AccountId(number), ASSET, Price::new(worst, 2));
        PooledLeg { account, asset, side, quantity, worst_price, loss_at_risk, waited_rounds }
    };
    (0..count).map(drawn).collect()
}

const ASSET: AssetId = AssetId(1);

/// A hundred steps, 5 bps apart, that hold about half of what is to be closed within the limit.
fn steps(count: u32, bids: bool) -> Result<Steps> {
    let quantity = u128::from(count) * 700 + 1;
    let step = |number: u128| {
        let away = MARK / 2_000 * number;
        Step { price: if bids { MARK - away } else { MARK + away }, quantity }
    };
    let steps: Vec<Step> = (1..=100).map(step).collect();
    let built = if bids { Steps::bids(&steps) } else { Steps::asks(&steps) };
    built.map_err(|why| Failure::Refused { what: "steps", why: why.to_string() })
}

fn market<'a>(bids: &'a Steps, asks: &'a Steps) -> Market<'a> {
    let price = |raw| Price::new(raw, 2);
    Market {
        asset: ASSET,
        mark: price(MARK),
        band: (price(MARK - 1_000), price(MARK + 1_000)),
        bids: Standing { depth: bids, consumed: 1_000 },
        asks: Standing { depth: asks, consumed: 0 },
    }
}

/// The order by its definition.
fn first(a: &PooledLeg, b: &PooledLeg) -> Ordering {
    let overdue = |leg: &PooledLeg| {
        (leg.waited_rounds >= LIMITS.wait_rounds_max).then_some(leg.waited_rounds)
    };
    let wide = |loss: u128, by: u128| U256::from(loss) * U256::from(by);
    overdue(b)
        .cmp(&overdue(a))
        .then(wide(b.loss_at_risk, a.quantity).cmp(&wide(a.loss_at_risk, b.quantity)))
        .then(a.account.cmp(&b.account))
}

/// Legs of a side in order: by looking for the first of those left, or by a sort.
fn in_order(legs: &[PooledLeg], side: Side, search: bool) -> Vec<(PooledLeg, u128)> {
    let mut left: Vec<PooledLeg> = legs.iter().filter(|leg| leg.side == side).copied().collect();
    if !search {
        left.sort_by(first);
        return left.into_iter().map(|leg| (leg, leg.quantity)).collect();
    }
    let mut ordered = Vec::with_capacity(left.len());
    while let Some(next) = (0..left.len()).min_by(|a, b| first(&left[*a], &left[*b])) {
        let leg = left.swap_remove(next);
        ordered.push((leg, leg.quantity));
    }
    ordered
}

/// Crosses and releases by their definition.
fn naive(market: &Market<'_>, legs: &[PooledLeg], search: bool) -> (Vec<Cross>, Vec<Release>) {
    let mut sells = in_order(legs, Side::Sell, search);
    let mut buys = in_order(legs, Side::Buy, search);
    let mut crosses = Vec::new();
    for (sell, left) in sells.iter_mut().filter(|(leg, _)| leg.worst_price.raw <= MARK) {
        for (buy, other) in buys.iter_mut().filter(|(leg, _)| leg.worst_price.raw >= MARK) {
            if *left == 0 {
                break;
            }
            let quantity = (*left).min(*other);
            if quantity > 0 {
                (*left, *other) = (*left - quantity, *other - quantity);
                crosses.push(Cross { seller: sell.account, buyer: buy.account, quantity });
            }
        }
    }
    let mut releases = send(&sells, Side::Sell, &market.bids, MARK - MARK / 100);
    releases.extend(send(&buys, Side::Buy, &market.asks, MARK + MARK / 100));
    (crosses, releases)
}

fn send(
    ordered: &[(PooledLeg, u128)],
    side: Side,
    standing: &Standing<'_>,
    limit: u128,
) -> Vec<Release> {
    // Distances from the mark: the same both ways.
    let far = |raw: u128| raw.abs_diff(MARK).min(limit.abs_diff(MARK));
    let price = |far: u128| if side == Side::Sell { MARK - far } else { MARK + far };
    let open: Vec<(PooledLeg, u128)> =
        ordered.iter().filter(|(_, left)| *left > 0).copied().collect();
    let mut bounds: Vec<u128> = open.iter().map(|(leg, _)| far(leg.worst_price.raw)).collect();
    bounds.sort_unstable();
    bounds.dedup();
    let mut rooms: Vec<u128> =
        bounds.iter().map(|bound| standing.within(Price::new(price(*bound), 2))).collect();
    let stands = standing.within(Price::new(limit, 2));
    let mut pace = (stands * u128::from(LIMITS.participation_bps)).div_ceil(10_000);
    let mut sent: Vec<(u128, Release)> = Vec::new();
    for (leg, left) in open {
        let own = far(leg.worst_price.raw);
        let bound = |place: &usize| bounds.get(*place).is_some_and(|bound| *bound >= own);
        let free = (0..bounds.len()).filter(bound).filter_map(|i| rooms.get(i)).min();
        let quantity = left.min(pace).min(free.copied().unwrap_or(0));
        if quantity > 0 {
            pace -= quantity;
            for (room, bound) in rooms.iter_mut().zip(&bounds) {
                *room -= if *bound >= own { quantity } else { 0 };
            }
            sent.push((own, Release { account: leg.account, side, quantity }));
        }
    }
    sent.sort_by_key(|(own, _)| *own);
    sent.into_iter().map(|(_, release)| release).collect()
}
