//! Paths of a world: prices, liquidations in rounds, impact that recovers, breakers and budgets.
//!
//! What a path does is written once, here; who of the accounts is asked is a [`Crowd`]'s business.
//! The fast one asks whoever a price has reached, the slow one everybody, and both give the same row.

use super::process::{JointSteps, MARKETS_MAX};
use super::results::{PathRow, Seen};
use super::rule::{Account, ONE, PerMarket, pair, value};
use super::world::{Breaker, Market, Panic, World};
use crate::monte_carlo::impact::Price;
use crate::monte_carlo::observe::{Observer, Round};
use std::collections::VecDeque;

/// The accounts of one path.
pub(super) trait Crowd {
    /// Puts the accounts that may be in breach at these prices into `due`, in order, each once.
    fn due(&mut self, prices: &PerMarket, due: &mut Vec<u32>);

    /// One account as it is.
    fn account(&self, number: u32) -> Account;

    /// What became of an account that was due: changed by a liquidation, safe, or still in breach.
    fn settle(&mut self, number: u32, prices: &PerMarket, decided: Decided);

    /// Accounts that were liquidated, debt that nothing covers, and whether collateral and debt that
    /// are left, with what was moved, are what there was.
    fn close(&mut self, prices: &PerMarket, moved: &Moved) -> Closed;
}

/// What became of an account that was due.
#[derive(Debug, Clone, Copy)]
pub(super) enum Decided {
    Safe,
    Waits,
    Liquidated(Account),
}

/// What left accounts, by market.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) seized: [u128; MARKETS_MAX],
    pub(super) repaid: [u128; MARKETS_MAX],
}

/// The end of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) touched: u64,
    pub(super) bad_debt: u64,
    pub(super) conserved: bool,
}

/// Prices with the impact that has not recovered yet.
struct Prices<'a> {
    markets: &'a [Market],
    prices: [Price; MARKETS_MAX],
    /// Prices without any impact.
    alone: [Price; MARKETS_MAX],
    /// Logarithm of the impact that will recover.
    dents: [f64; MARKETS_MAX],
    troughs: PerMarket,
    alone_trough: u64,
    driver: usize,
}

impl<'a> Prices<'a> {
    fn new(world: &'a World) -> Prices<'a> {
        let first = Price { units: ONE, held: 0 };
        Prices {
            markets: &world.markets,
            prices: [first; MARKETS_MAX],
            alone: [first; MARKETS_MAX],
            dents: [0.0; MARKETS_MAX],
            troughs: [ONE; MARKETS_MAX],
            alone_trough: ONE,
            driver: world.driver,
        }
    }

    fn marks(&self) -> PerMarket {
        self.prices.map(|price| price.units)
    }

    /// A step of the laws, and of recovery.
    fn step(&mut self, logs: &[f64; MARKETS_MAX]) {
        for (at, market) in self.markets.iter().enumerate() {
            let back = self.dents[at] * market.recovery;
            self.dents[at] -= back;
            self.prices[at] = self.prices[at].moved(libm::exp(logs[at] + back));
            self.alone[at] = self.alone[at].moved(libm::exp(logs[at]));
            self.troughs[at] = self.troughs[at].min(self.prices[at].units);
        }
        self.alone_trough = self.alone_trough.min(self.alone[self.driver].units);
    }

    /// Net sales of a market move its price.
    fn sell(&mut self, at: usize, net: i128) {
        let market = &self.markets[at];
        let size = u64::try_from(net.unsigned_abs()).unwrap_or(u64::MAX);
        let factor = market.impact.factor(size);
        let factor = if net >= 0 { factor } else { 1.0 / factor };
        self.prices[at] = self.prices[at].moved(factor);
        if market.recovery > 0.0 {
            // A price of nothing would recover to anything.
            let log = libm::log(factor.clamp(1e-9, 1e9));
            self.dents[at] -= log * (1.0 - market.permanent);
        }
        self.troughs[at] = self.troughs[at].min(self.prices[at].units);
    }
}

/// A breaker along a path.
struct Watch<'a> {
    breaker: &'a Breaker,
    window: VecDeque<u64>,
    until: u32,
    trips: u32,
}

impl Watch<'_> {
    /// Whether liquidations pause in this step.
    fn pauses(&mut self, step: u32, price: u64) -> bool {
        self.window.push_back(price);
        if self.window.len() > self.breaker.window_steps as usize {
            self.window.pop_front();
        }
        if step < self.until {
            return true;
        }
        let high = self.window.iter().copied().max().unwrap_or(price);
        let left = u128::from(high) * u128::from(10_000 - self.breaker.fall_bps);
        if u128::from(price) * 10_000 > left {
            return false;
        }
        self.trips += 1;
        self.until = step.saturating_add(self.breaker.pause_steps);
        // A fall counts once: the window begins anew.
        self.window.clear();
        self.window.push_back(price);
        true
    }
}

/// Holders outside of the book.
struct Crowded<'a> {
    panic: &'a Panic,
    left: f64,
}

impl Crowded<'_> {
    /// What they sell in this step, base units.
    fn sells(&mut self, price: u64, share: f64) -> u64 {
        let fall = (1.0 - price as f64 / ONE as f64).max(0.0);
        let Panic { base, per_fall, per_liquidation, .. } = *self.panic;
        let hazard = base + per_fall * fall + per_liquidation * share;
        let sold = self.left * -libm::expm1(-hazard);
        self.left -= sold;
        sold as u64
    }
}

/// Runs one path.
pub(super) fn run(world: &World, crowd: &mut impl Crowd, path: u64, due: &mut Vec<u32>) -> PathRow {
    let mut steps = JointSteps::new(&world.processes, world.joint.as_ref(), world.seed, path);
    let mut prices = Prices::new(world);
    let mut watch = world.breaker.as_ref().map(|breaker| Watch {
        breaker,
        window: VecDeque::new(),
        until: 0,
        trips: 0,
    });
    let mut outside = world.panic.as_ref().map(|panic| Crowded { panic, left: panic.holdings });
    let mut row = PathRow { path, ..PathRow::default() };
    let mut seen = Seen::new(world.grid());
    let mut moved = Moved::default();
    for step in 0..world.steps {
        prices.step(&steps.advance());
        if let Some(crowd) = &mut outside {
            let market = crowd.panic.market;
            let share = row.repaid_last as f64 / world.debt.max(1) as f64;
            let sold = crowd.sells(prices.prices[market].units, share);
            row.panic_sold += u128::from(sold);
            prices.sell(market, i128::from(sold));
        }
        row.repaid_last = 0;
        let paused = watch
            .as_mut()
            .is_some_and(|watch| watch.pauses(step, prices.prices[watch.breaker.market].units));
        row.paused += u32::from(paused);
        if !paused {
            let mut day =
                Day { world, crowd, prices: &mut prices, row: &mut row, moved: &mut moved };
            day.rounds(step, due, &mut seen);
        }
        seen.stepped(step, prices.prices[world.driver].units);
    }
    let marks = prices.marks();
    let closed = crowd.close(&marks, &moved);
    row.prices = marks;
    row.troughs = prices.troughs;
    row.alone_trough = prices.alone_trough;
    row.held = prices.prices.iter().map(|price| price.held).sum();
    row.trips = watch.map_or(0, |watch| watch.trips);
    row.touched = closed.touched;
    row.bad_debt = closed.bad_debt;
    row.conserved = Some(closed.conserved);
    row.seen = seen;
    row
}

/// The liquidations of one step.
struct Day<'a, 'b, C> {
    world: &'a World,
    crowd: &'b mut C,
    prices: &'b mut Prices<'a>,
    row: &'b mut PathRow,
    moved: &'b mut Moved,
}

impl<C: Crowd> Day<'_, '_, C> {
    fn rounds(&mut self, step: u32, due: &mut Vec<u32>, seen: &mut Seen) {
        let mut budget = self.world.budget;
        let mut round = 0;
        while round < self.world.rounds_max {
            let before = self.prices.marks();
            let repaid = self.row.repaid;
            let Some(flows) = self.round(&before, due, &mut budget) else { break };
            for (at, net) in flows.into_iter().enumerate().take(self.world.markets.len()) {
                if net != 0 {
                    self.prices.sell(at, net);
                }
            }
            let driver = self.world.driver;
            let after = self.prices.marks();
            // What keepers lose by their own impact: half of the fall on all that they sold.
            for at in 0..self.world.markets.len() {
                let sold = u64::try_from(flows[at].max(0)).unwrap_or(u64::MAX);
                let fall = before[at].saturating_sub(after[at]);
                self.row.impact_cost += u128::from(value(sold, fall)) / 2;
            }
            seen.round(Round {
                step,
                round,
                before: before[driver],
                after: after[driver],
                value: u64::try_from(self.row.repaid - repaid).unwrap_or(u64::MAX),
                net: 0,
            });
            round += 1;
        }
        self.row.rounds_max = self.row.rounds_max.max(round);
    }

    /// Liquidates whoever is in breach at these prices, once; what was sold less what was bought of
    /// each market, or none if nobody was.
    fn round(
        &mut self,
        marks: &PerMarket,
        due: &mut Vec<u32>,
        budget: &mut u64,
    ) -> Option<[i128; MARKETS_MAX]> {
        due.clear();
        self.crowd.due(marks, due);
        let open = self.open();
        let mut flows = [0; MARKETS_MAX];
        let before = self.row.liquidations;
        for number in due.iter().copied() {
            let account = self.crowd.account(number);
            let decided = if self.world.rule.in_breach(&account, marks) {
                self.liquidate(account, marks, &open, budget, &mut flows)
            } else {
                Decided::Safe
            };
            self.row.waited += u64::from(matches!(decided, Decided::Waits));
            self.crowd.settle(number, marks, decided);
        }
        (self.row.liquidations > before).then_some(flows)
    }

    /// Markets in which keepers act: all of them, or those that are pressed by less than what they
    /// pay.
    fn open(&self) -> [bool; MARKETS_MAX] {
        let mut open = [true; MARKETS_MAX];
        if self.world.only_at_a_gain {
            for (at, market) in self.world.markets.iter().enumerate() {
                open[at] = self.prices.dents[at] < market.reward_log;
            }
        }
        open
    }

    fn liquidate(
        &mut self,
        mut account: Account,
        marks: &PerMarket,
        open: &[bool; MARKETS_MAX],
        budget: &mut u64,
        flows: &mut [i128; MARKETS_MAX],
    ) -> Decided {
        let Some((from, of)) = pair(&account, marks, open) else { return Decided::Waits };
        let taken = self.world.rule.liquidate(&account, marks, (from, of));
        let Some(taken) = taken else { return Decided::Waits };
        let paid = value(taken.repaid, marks[of]);
        if paid > *budget {
            return Decided::Waits;
        }
        if self.world.limited {
            *budget -= paid;
        }
        account.collateral[from] -= taken.seized;
        account.debt[of] -= taken.repaid;
        flows[from] += i128::from(taken.seized);
        flows[of] -= i128::from(taken.repaid);
        self.moved.seized[from] += u128::from(taken.seized);
        self.moved.repaid[of] += u128::from(taken.repaid);
        self.row.repaid += u128::from(paid);
        self.row.repaid_last = self.row.repaid_last.saturating_add(paid);
        self.row.seized += u128::from(value(taken.seized, marks[from]));
        self.row.liquidations += 1;
        Decided::Liquidated(account)
    }
}

/// One path by asking everybody in every round, and the accounts at its end. Judges the fast way.
pub(super) fn scan(world: &World, path: u64) -> (PathRow, Vec<Account>) {
    let mut everybody = Everybody {
        first: &world.accounts,
        now: world.accounts.clone(),
        liquidated: vec![false; world.accounts.len()],
    };
    let row = run(world, &mut everybody, path, &mut Vec::new());
    (row, everybody.now)
}

struct Everybody<'a> {
    first: &'a [Account],
    now: Vec<Account>,
    liquidated: Vec<bool>,
}

impl Crowd for Everybody<'_> {
    fn due(&mut self, _: &PerMarket, due: &mut Vec<u32>) {
        due.extend((0..).take(self.now.len()));
    }

    fn account(&self, number: u32) -> Account {
        self.now[number as usize]
    }

    fn settle(&mut self, number: u32, _: &PerMarket, decided: Decided) {
        if let Decided::Liquidated(account) = decided {
            self.now[number as usize] = account;
            self.liquidated[number as usize] = true;
        }
    }

    fn close(&mut self, prices: &PerMarket, moved: &Moved) -> Closed {
        let mut left = Moved::default();
        for (before, after) in self.first.iter().zip(&self.now) {
            taken(before, after, &mut left);
        }
        Closed {
            touched: self.liquidated.iter().filter(|touched| **touched).count() as u64,
            bad_debt: self.now.iter().map(|account| account.uncovered(prices)).sum(),
            conserved: left == *moved,
        }
    }
}

/// Adds what an account lost and was freed of.
pub(super) fn taken(before: &Account, after: &Account, sums: &mut Moved) {
    for at in 0..MARKETS_MAX {
        let gone = |before: u64, after: u64| u128::from(before.wrapping_sub(after));
        sums.seized[at] += gone(before.collateral[at], after.collateral[at]);
        sums.repaid[at] += gone(before.debt[at], after.debt[at]);
    }
}
