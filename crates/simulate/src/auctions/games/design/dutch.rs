//! The descending auction of a design, and how fast its price is to fall.

use super::super::super::theory::{Descent, Expected, descent_against_brownian};
use super::super::GameError;
use super::super::descent::{float_of, ray};
use super::lot::{Lot, YEAR_S};
use super::world::{Ended, World};
use super::{ROUNDS, Shape};
use breakwater_auction::dutch::{
    Asking, Curve, Feed, Incentive, Moment, Outcome, Refusal, Sale, Terms,
};
use breakwater_money::rounding::{Rounding, div_wide};
use breakwater_money::{Ray, U256};

/// Share of its first price below which a price counts as stale.
const PRICE_LEAST: f64 = 0.5;

/// Rates of decay that are compared.
const RATES: u32 = 64;

/// What one unit of loss to the fair price counts where the shortfall is the same.
const LOSS_WEIGHT: f64 = 1e-3;

/// A rate of decay and what the closed form expects of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decay {
    /// Fall of the price's logarithm a second.
    pub log_decay_per_s: f64,
    /// What the closed form expects at that rate, of a taker who asks for no gain.
    pub expected: Expected,
}

impl Decay {
    /// The share of the price that falls off in so many seconds.
    #[must_use]
    pub fn step(&self, seconds: u32) -> f64 {
        -libm::expm1(-self.log_decay_per_s * f64::from(seconds))
    }
}

/// The rate of decay for a first price over the mark and a longest life: of those that are met in half of
/// that life on average, the one whose shortfall is least, and its loss to the fair price where that
/// tells nothing apart. The shortfall is that of a log-normal fair price at the expected time of the
/// sale, less the expected loss (Black, 1976): to wait for a better price is to bear its moves.
///
/// # Errors
/// A lot that makes no sense. None where no rate is met in time.
pub fn choose_decay(lot: &Lot, start: f64, tail_s: u32) -> Result<Option<Decay>, GameError> {
    lot.check()?;
    // The best of the bidders asks for a part of the spread, by order statistics.
    let best = 1.0 - 2.0 * lot.spread() / (f64::from(lot.bidders) + 1.0);
    let log_premium = libm::log(start / best).max(0.0);
    let half_variance = lot.volatility * lot.volatility / YEAR_S / 2.0;
    let slowest = half_variance + 1e-9;
    let fastest = libm::log(2.0) / f64::from(lot.block_s);
    let ratio = libm::pow(fastest / slowest, 1.0 / f64::from(RATES - 1));
    let wanted = lot.share(lot.debt);
    let mut chosen: Option<(f64, Decay)> = None;
    for at in 0..RATES {
        let log_decay_per_s = slowest * libm::pow(ratio, f64::from(at));
        let expected = descent_against_brownian(&Descent {
            annual_volatility: lot.volatility,
            seconds_per_year: YEAR_S,
            mean_gap_s: lot.mean_gap_s(),
            log_decay_per_s,
            log_premium,
        })?;
        if expected.fill_s > f64::from(tail_s) / 2.0 {
            continue;
        }
        let deviation = lot.volatility * libm::sqrt(expected.fill_s / YEAR_S);
        let short = shortfall(best * (1.0 - expected.loss), wanted, deviation);
        let cost = short + LOSS_WEIGHT * expected.loss;
        if chosen.is_none_or(|(least, _)| cost < least) {
            chosen = Some((cost, Decay { log_decay_per_s, expected }));
        }
    }
    Ok(chosen.map(|(_, decay)| decay))
}

/// What is missing of `wanted` on average where money raised is log-normal around `mean`.
fn shortfall(mean: f64, wanted: f64, deviation: f64) -> f64 {
    if deviation < 1e-12 {
        return (wanted - mean).max(0.0);
    }
    let below = libm::log(wanted / mean) / deviation;
    let normal = |x: f64| libm::erfc(-x / std::f64::consts::SQRT_2) / 2.0;
    wanted * normal(below + deviation / 2.0) - mean * normal(below - deviation / 2.0)
}

/// A descending sale with the share of its first price at every block, computed once for all trials.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Prepared {
    terms: Terms,
    shares: Vec<f64>,
}

impl Prepared {
    pub fn new(
        lot: &Lot,
        start: f64,
        shape: Shape,
        log_decay_per_s: f64,
        tail_s: u32,
    ) -> Result<Prepared, GameError> {
        let block_s = u64::from(lot.block_s);
        let curve = match shape {
            Shape::Stairs => {
                let kept = ray(libm::exp(-log_decay_per_s * f64::from(lot.block_s)));
                Curve::Stairs { kept, step_seconds: U256::from(block_s) }
            }
            Shape::Line => {
                // As steep as the decay where the price meets the mark.
                let seconds = (start / log_decay_per_s).max(1.0) as u64;
                Curve::Linear { seconds: U256::from(seconds) }
            }
        };
        curve.check()?;
        let terms = Terms {
            asking: Asking::Falling(curve),
            start: ray(start),
            age_seconds_max: U256::from(tail_s),
            price_least: ray(PRICE_LEAST.max(lot.reserve / start)),
            remainder_least: U256::ZERO,
            incentive: Incentive::none(),
        };
        let one = Ray::one().raw;
        let blocks = u64::from(tail_s).checked_div(block_s).unwrap_or(0);
        let at = |block: u64| Ok(float_of(curve.price(one, U256::from(block * block_s))?));
        let shares = (0..=blocks).map(at).collect::<Result<_, GameError>>()?;
        Ok(Prepared { terms, shares })
    }
}

fn ten(power: u64) -> U256 {
    U256::from(10).pow(U256::from(power))
}

/// A share of the lot's value at the mark as proceeds, in rad.
fn rad(value: f64) -> U256 {
    ray(value).raw * ten(18)
}

/// The sale as it stands.
struct Running {
    sale: Sale<()>,
    began: u32,
    resets: u32,
    ended: Ended,
}

/// Sells the lot: a bidder takes as soon as the price is what he would bid at first price, as much as
/// he can pay. A sale that is too old or too cheap starts again at the fair price of that time.
pub(super) fn sell(world: &mut World<'_>, prepared: &Prepared) -> Result<Ended, GameError> {
    let terms = &prepared.terms;
    let wanted = world.lot.share(world.lot.debt);
    let begun = moment(world, 0);
    let sale = Sale::start(terms, &begun, rad(wanted), ten(18), ())?;
    let mut running = Running { sale, began: 0, resets: 0, ended: Ended::default() };
    for block in 0..u32::MAX {
        let age = (block - running.began) as usize;
        let stale = match prepared.shares.get(age) {
            Some(share) => ray(*share) < terms.price_least,
            None => true,
        };
        if stale {
            if running.resets + 1 >= ROUNDS {
                let left = float_of(running.sale.lot * ten(9));
                let missing = (wanted - running.ended.paid).max(0.0);
                let rest = world.at_market(left, missing, block);
                return Ok(running.ended.and(rest));
            }
            let (sale, _) = running.sale.reset(terms, &moment(world, block))?;
            running = Running { sale, began: block, resets: running.resets + 1, ..running };
            continue;
        }
        let asked = float_of(running.sale.top) * prepared.shares[age];
        if takes_of(world, terms, &mut running, asked, block)? {
            return Ok(running.ended);
        }
    }
    Err(GameError::Play("a descending auction did not end".to_owned()))
}

fn moment(world: &mut World<'_>, block: u32) -> Moment {
    let feed = Some(Feed { price: ray(world.fair(block)).raw, health: None });
    Moment { seconds: u64::from(block) * u64::from(world.lot.block_s), feed }
}

/// The takes that land in a block; true once nothing is left to sell.
fn takes_of(
    world: &mut World<'_>,
    terms: &Terms,
    running: &mut Running,
    asked: f64,
    block: u32,
) -> Result<bool, GameError> {
    let fair = world.fair(block);
    if asked > fair {
        return Ok(false);
    }
    let gas = world.lot.share(world.lot.gas);
    for bidder in world.order(block) {
        let left = float_of(running.sale.lot * ten(9));
        let amount = left.min(world.capital() / asked);
        let pays = amount * asked + gas <= amount * fair * world.shaded(bidder);
        if !pays || !world.lands(bidder, block) {
            continue;
        }
        // A thousandth of a millionth for what the table rounds.
        let most = ray(asked * (1.0 + 1e-9)).raw;
        let now = moment(world, block);
        let slice = if amount < left { wad(amount) } else { running.sale.lot };
        match running.sale.take(terms, &now, slice, most) {
            Ok(taken) => {
                let paid = from_rad(taken.owed)?;
                let part = float_of(taken.slice * ten(9));
                let sold = world.sold(paid, part, block);
                running.ended = running.ended.and(sold);
                match taken.outcome {
                    Outcome::Open(sale) => running.sale = sale,
                    Outcome::SoldOut { .. } | Outcome::Paid { .. } => return Ok(true),
                }
            }
            Err(Refusal::NeedsReset { .. }) => return Ok(false),
            Err(other) => return Err(other.into()),
        }
    }
    Ok(false)
}

/// Proceeds in rad as a share of the lot's value at the mark.
fn from_rad(raw: U256) -> Result<f64, GameError> {
    Ok(float_of(div_wide(raw, ten(18), Rounding::Floor)?))
}

fn wad(part: f64) -> U256 {
    U256::from((part * 1e18) as u128)
}
