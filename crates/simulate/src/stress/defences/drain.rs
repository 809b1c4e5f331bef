//! A drain, hour by hour, with what the pool's rules let out.

use super::Score;
use crate::stress::StressError;
use crate::stress::error::{Range, check};
use breakwater_liquidation::solvency::outflow::{OutflowLimit, OutflowWindow};
use breakwater_liquidation::solvency::release::WithdrawalQueue;

/// Seconds of an hour.
const HOUR: u64 = 3_600;

/// Requests that an hour's demand comes in: one that is refused is a part of the hour, not all of it.
const REQUESTS: u128 = 20;

/// What people bring and want in one hour, base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FlowHour {
    /// Brought.
    pub inflow: u128,
    /// Wanted.
    pub outflow: u128,
}

/// The pool, and the assumptions around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pool {
    /// There to pay with at the start, base units.
    pub cash: u128,
    /// Share of what is paid out that is sold at once, 0 to 1.
    pub sold_share: f64,
    /// Base units sold that move the price by a factor of e.
    pub depth: f64,
    /// How fast the price forgets a sale, per hour, 0 or more.
    pub recovery: f64,
    /// Hours that a claim may wait without hurting its owner.
    pub patience_hours: u64,
    /// A trip is false if within so many hours less than `drain_share` of the cash is wanted, net.
    pub horizon_hours: usize,
    /// See there; 0 to 1.
    pub drain_share: f64,
}

/// What is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrainDefence {
    /// First come, first paid, until nothing is left.
    None,
    /// A limit on what leaves in a window; claims that wait share it in proportion.
    Limit(OutflowLimit),
    /// Every claim waits; those that have are paid in proportion.
    Queue {
        /// How long.
        delay_seconds: u64,
    },
}

/// Claims that wait, by the hour in which they were made.
struct Waiting {
    queue: WithdrawalQueue,
    first_in_first_out: bool,
    late: u128,
    patience_seconds: u64,
}

impl Waiting {
    /// Pays `amount` to those who wait and counts what comes late.
    fn pay(&mut self, second: u64, amount: u128) -> u128 {
        let mut paid = 0;
        if self.first_in_first_out {
            let mut left = amount;
            for place in 0..self.queue.claims().len() {
                let claim = self.queue.claims()[place];
                let part = claim.owed.min(left);
                if part > 0 {
                    left -= part;
                    paid += part;
                    self.note(second, claim.second, part);
                    self.queue.pay(place, part);
                }
            }
            return paid;
        }
        for (place, part) in self.queue.settle(second, amount).unwrap_or_default() {
            let made = self.queue.claims()[place].second;
            self.note(second, made, part);
            paid += part;
        }
        paid
    }

    fn note(&mut self, second: u64, made: u64, part: u128) {
        if second - made > self.patience_seconds {
            self.late += part;
        }
    }
}

/// What one hour came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DrainHour {
    /// Paid in it, base units.
    pub paid: u128,
    /// Left to pay with.
    pub cash: u128,
    /// Wanted and not paid yet.
    pub waiting: u128,
    /// The price, 1 at the start.
    pub price: f64,
    /// Whether the defence bound.
    pub tripped: bool,
}

/// Replays hours of demand through a pool with a defence. What is not paid waits and is asked for again.
///
/// # Errors
/// An assumption or a limit that makes no sense.
pub fn replay(
    pool: &Pool,
    hours: &[FlowHour],
    defence: DrainDefence,
) -> Result<Score, StressError> {
    replay_told(pool, hours, defence).map(|(score, _)| score)
}

/// The same with every hour told.
///
/// # Errors
/// As [`replay`].
pub fn replay_told(
    pool: &Pool,
    hours: &[FlowHour],
    defence: DrainDefence,
) -> Result<(Score, Vec<DrainHour>), StressError> {
    check("sold_share", pool.sold_share, Range::Share)?;
    check("depth", pool.depth, Range::AboveZero)?;
    check("recovery", pool.recovery, Range::ZeroOrMore)?;
    check("drain_share", pool.drain_share, Range::Share)?;
    let delay = match defence {
        DrainDefence::Queue { delay_seconds } => delay_seconds,
        _ => 0,
    };
    let mut waiting = Waiting {
        queue: WithdrawalQueue::new(delay),
        first_in_first_out: defence == DrainDefence::None,
        late: 0,
        patience_seconds: pool.patience_hours.saturating_mul(HOUR),
    };
    let mut window = match defence {
        DrainDefence::Limit(limit) => {
            Some(OutflowWindow::new(limit, pool.cash).map_err(StressError::Rule)?)
        }
        _ => None,
    };
    let (mut cash, mut pressure, mut demanded) = (pool.cash, 0.0, 0u128);
    let mut told = Vec::with_capacity(hours.len());
    let mut score = Score { trough_price: 1.0, ..Score::default() };
    let forgets = libm::exp(-pool.recovery);
    for (number, hour) in hours.iter().enumerate() {
        let second = number as u64 * HOUR;
        cash = cash.saturating_add(hour.inflow);
        demanded = demanded.saturating_add(hour.outflow);
        waiting.queue.join(second, hour.outflow);
        let (paid, tripped) = match &mut window {
            None => (waiting.pay(second, cash), false),
            Some(window) => {
                window.take_in(second, hour.inflow);
                let (allowed, tripped) = ask(window, second, waiting.queue.owed());
                (waiting.pay(second, allowed), tripped)
            }
        };
        cash -= paid;
        score.trips += u32::from(tripped);
        score.false_trips += u32::from(tripped && is_false(pool, hours, number, cash));
        pressure = pressure * forgets + pool.sold_share * paid as f64 / pool.depth;
        score.trough_price = score.trough_price.min(libm::exp(-pressure));
        score.trapped_value_hours += waiting.queue.owed() as f64;
        let (waiting, price) = (waiting.queue.owed(), libm::exp(-pressure));
        told.push(DrainHour { paid, cash, waiting, price, tripped });
    }
    let end = hours.len() as u64 * HOUR;
    let hurt = |claim: &&breakwater_liquidation::solvency::release::Claim| {
        end.saturating_sub(claim.second) > waiting.patience_seconds
    };
    let unpaid = waiting.queue.owed();
    let too_late: u128 = waiting.queue.claims().iter().filter(hurt).map(|claim| claim.owed).sum();
    score.bad_debt = unpaid.saturating_sub(cash) as f64;
    if demanded > 0 {
        score.users_hurt = (waiting.late + too_late) as f64 / demanded as f64;
    }
    Ok((score, told))
}

/// Asks for an amount in several requests; returns what is allowed, and whether the limit bound.
fn ask(window: &mut OutflowWindow, second: u64, owed: u128) -> (u128, bool) {
    let part = owed.div_ceil(REQUESTS);
    let (mut left, mut allowed, mut tripped) = (owed, 0, false);
    while left > 0 {
        let request = part.min(left);
        let paid = window.ask(second, request);
        allowed += paid.now;
        tripped |= paid.tripped;
        left -= request;
    }
    (allowed, tripped)
}

/// Whether less is wanted soon after, net, than a drain is. What happens after the last hour is not
/// known, and no trip is called false for it.
fn is_false(pool: &Pool, hours: &[FlowHour], from: usize, cash: u128) -> bool {
    if from.saturating_add(pool.horizon_hours) > hours.len() {
        return false;
    }
    let (mut net, mut most) = (0.0f64, 0.0f64);
    for hour in hours.iter().skip(from).take(pool.horizon_hours) {
        net += hour.outflow as f64 - hour.inflow as f64;
        most = most.max(net);
    }
    most < pool.drain_share * cash as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use breakwater_liquidation::solvency::outflow::{Counted, Excess};
    use proptest::prelude::*;

    const POOL: Pool = Pool {
        cash: 1_000,
        sold_share: 1.0,
        depth: 2_000.0,
        recovery: 0.1,
        patience_hours: 6,
        horizon_hours: 24,
        drain_share: 0.2,
    };

    fn limit(retained_bps: u32, excess: Excess) -> DrainDefence {
        DrainDefence::Limit(OutflowLimit {
            retained_bps,
            window_seconds: 4 * HOUR,
            begin_threshold: 0,
            minimum_amount: 0,
            cooldown_seconds: 0,
            excess,
            counted: Counted::Gross,
        })
    }

    fn run(of: u128) -> Vec<FlowHour> {
        (0..24).map(|_| FlowHour { inflow: 0, outflow: of }).collect()
    }

    #[test]
    fn a_limit_trades_a_higher_trough_for_trapped_value() {
        let none = replay(&POOL, &run(100), DrainDefence::None).unwrap();
        for excess in [Excess::Delay, Excess::Revert] {
            let limited = replay(&POOL, &run(100), limit(9_000, excess)).unwrap();
            assert!(limited.trough_price > none.trough_price, "{excess:?}");
            assert!(limited.trapped_value_hours > none.trapped_value_hours);
            assert!(limited.trips > 0 && limited.false_trips == 0 && none.trips == 0);
            // 2,400 were wanted and 1,000 are there, whoever gets them.
            assert_eq!((none.bad_debt, limited.bad_debt), (1_400.0, 1_400.0));
        }
    }

    #[test]
    fn a_limit_below_daily_business_trips_falsely() {
        let quiet: Vec<FlowHour> = (0..48).map(|_| FlowHour { inflow: 30, outflow: 30 }).collect();
        let tight = replay(&POOL, &quiet, limit(9_900, Excess::Delay)).unwrap();
        // The last hours have no day after them that would tell.
        assert!(tight.trips == 48 && tight.false_trips == 25, "{tight:?}");
        let wide = replay(&POOL, &quiet, limit(7_000, Excess::Delay)).unwrap();
        assert_eq!((wide.trips, wide.trapped_value_hours, wide.users_hurt), (0, 0.0, 0.0));
    }

    #[test]
    fn a_queue_hurts_who_waits_beyond_patience() {
        let short = DrainDefence::Queue { delay_seconds: 3 * HOUR };
        let long = DrainDefence::Queue { delay_seconds: 9 * HOUR };
        let hurt = |defence| replay(&POOL, &run(10), defence).unwrap().users_hurt;
        assert_eq!((hurt(DrainDefence::None), hurt(short)), (0.0, 0.0));
        assert!(hurt(long) > 0.5);
        assert!(replay(&POOL, &run(1), limit(10_001, Excess::Delay)).is_err());
        assert!(replay(&Pool { depth: 0.0, ..POOL }, &[], DrainDefence::None).is_err());
    }

    proptest! {
        #[test]
        fn no_defence_pays_more_than_is_held(
            flows in proptest::collection::vec((0u128..300, 0u128..500), 1..40),
            cash in 0u128..2_000, retained in 0u32..=10_000, delay in 0u64..20_000, which in 0u8..4,
        ) {
            let hours: Vec<FlowHour> =
                flows.iter().map(|(inflow, outflow)| FlowHour { inflow: *inflow, outflow: *outflow }).collect();
            let defence = match which {
                0 => DrainDefence::None,
                1 => limit(retained, Excess::Delay),
                2 => limit(retained, Excess::Revert),
                _ => DrainDefence::Queue { delay_seconds: delay },
            };
            // Paying more than is held would fail the subtraction inside.
            let score = replay(&Pool { cash, ..POOL }, &hours, defence).unwrap();
            let inflow: u128 = hours.iter().map(|hour| hour.inflow).sum();
            let wanted: u128 = hours.iter().map(|hour| hour.outflow).sum();
            prop_assert!(score.bad_debt >= wanted.saturating_sub(cash + inflow) as f64);
            prop_assert!((0.0..=1.0).contains(&score.users_hurt));
            prop_assert!(score.false_trips <= score.trips && score.trough_price <= 1.0);
        }
    }
}
