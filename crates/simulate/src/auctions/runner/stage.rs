//! The stage of one run: the engine, the open lots, bidders' purses, transactions on their way.

use super::found::{MARKETS, PAR};
use super::outside::Outside;
use super::play::{Seat, Sight};
use super::record::{AuctionTotals, Lot, PairedPrice};
use crate::ScenarioError;
use crate::auctions::bidders::{Bidder, Population, gas_cost};
use crate::auctions::chain::{Fate, Timing, fate};
use crate::auctions::scenario::AuctionScenario;
use crate::book::PRICE_DECIMALS;
use crate::world::Host;
use breakwater_engine::Body;
use breakwater_liquidation::auctions::{Auctioned, Bid};
use breakwater_money::rounding::narrow_u128;
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_money::{AccountId, Time};
use std::collections::{BTreeMap, BTreeSet};

/// A bidder's money and what he did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Purse {
    /// Neither put down, nor kept for a bid on its way, nor in collateral.
    pub free: u128,
    /// What he would have to add to reveal all that he has committed to, under seal.
    pub promised: u128,
    pub in_flight: u32,
    pub lots: u64,
    pub paid: u128,
    pub fair: u128,
    pub sent: u64,
    pub expired: u64,
    pub refused: u64,
    pub gas: u128,
}

impl Purse {
    pub fn new(free: u128) -> Self {
        Purse { free, ..Purse::default() }
    }
}

/// What a bidder has to do with a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Interest {
    /// What he takes off the outside price, millionths.
    pub discount: u128,
    /// A bid of his is on its way.
    pub waiting: bool,
    pub sent: u32,
    pub given_up: u32,
    /// What he has committed to, under seal.
    pub sealed: Option<u128>,
    /// What he would have to add to reveal it.
    pub promised: u128,
    /// He has nothing more to say.
    pub done: bool,
}

/// An open lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OpenLot {
    pub lot: Lot,
    /// Key of its draws.
    pub key: u64,
    pub interests: Vec<Interest>,
}

impl OpenLot {
    /// What is left of it.
    fn left(&self) -> u128 {
        self.lot.quantity.saturating_sub(self.lot.sold)
    }
}

/// What an account owed when lots of it were first opened, and what of that no sold lot has answered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Called {
    pub owed: u128,
    pub quantity: u128,
    pub unanswered: u128,
    /// Lots opened so far.
    pub lots: u32,
}

/// A transaction on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flight {
    pub bidder: u32,
    pub auction: u64,
    pub bid: Bid,
    pub needs: u128,
    pub gas: u128,
    pub sealed: Option<u128>,
    pub lands: bool,
}

pub(super) struct Stage<'a> {
    pub scenario: &'a AuctionScenario,
    pub format: String,
    pub title: String,
    pub status: String,
    pub host: Host<'a>,
    pub outside: Outside,
    pub timing: Timing,
    pub population: Population,
    pub purses: Vec<Purse>,
    pub open: BTreeMap<u64, OpenLot>,
    pub lots: Vec<Lot>,
    /// By when they are decided, what they pay for gas (the most first), and the order of sending.
    pub flights: BTreeMap<(u64, u128, u64), Flight>,
    pub sent: u64,
    /// When money of a resold lot is back: second, number of the sale, bidder, amount.
    pub returns: BTreeSet<(u64, u64, u32, u128)>,
    /// Accounts of which lots were opened.
    pub called: BTreeMap<AccountId, Called>,
    pub bankrupt: BTreeSet<AccountId>,
    /// Collateral and money of the sales since prices were last paired.
    pub stretch_sold: (u128, u128),
    pub paired: Vec<PairedPrice>,
    /// Sales so far.
    pub sales: u64,
    /// Whether bids are takes at the price of the moment.
    pub is_descending: bool,
    /// How many prices of the day the venue had seen when it was last told one.
    pub last_tick: Option<u64>,
    pub totals: AuctionTotals,
}

/// How often a price is told at least, and how often prices are paired, seconds.
const TICK_SECONDS: u64 = 600;

impl Stage<'_> {
    /// A moment of the run.
    pub fn time(&self, seconds: u64) -> Time {
        self.scenario.day().start.after(seconds * NANOS_PER_SECOND)
    }

    /// Whether nothing can happen any more: the day is over, the venue has seen its last price, and
    /// nothing is open.
    pub fn is_over(&self, seconds: u64) -> bool {
        let delay = u64::from(self.scenario.settings.market.feed_delay_minutes) * 60;
        seconds > self.scenario.day().seconds + delay
            && self.open.is_empty()
            && self.flights.is_empty()
    }

    /// One step: what has landed, time or a price, money that is back, and what bidders do.
    pub fn step(&mut self, seconds: u64) -> Result<(), ScenarioError> {
        self.land(seconds)?;
        if seconds > 0 {
            self.outside.recover();
        }
        self.outside.mid = self.scenario.day().price_at(seconds);
        self.tell(seconds)?;
        if seconds.is_multiple_of(TICK_SECONDS) {
            self.pair(seconds)?;
        }
        while let Some(back) = self.returns.first().copied().filter(|back| back.0 <= seconds) {
            self.returns.remove(&back);
            let (_, _, bidder, amount) = back;
            self.purse(bidder).free += amount;
        }
        self.look(seconds)
    }

    pub fn purse(&mut self, bidder: u32) -> &mut Purse {
        // A bidder is known by his place.
        &mut self.purses[bidder as usize]
    }

    /// Tells the engine the venue's price where there is a new one, else that time has passed.
    fn tell(&mut self, seconds: u64) -> Result<(), ScenarioError> {
        let at = self.time(seconds);
        let delay = u64::from(self.scenario.settings.market.feed_delay_minutes) * 60;
        let day = self.scenario.day();
        let seen = seconds.saturating_sub(delay);
        let points = day.prices.partition_point(|point| point.at_seconds <= seen) as u64;
        if self.last_tick != Some(points) || seconds.is_multiple_of(TICK_SECONDS) {
            self.last_tick = Some(points);
            let prices = [day.price_at(seen), PAR];
            for (market, price) in MARKETS.into_iter().zip(prices) {
                let outcome = self.host.tick(at, market, price)?;
                self.read(&outcome, seconds)?;
            }
        } else if !self.open.is_empty() {
            let outcome = self.host.must(at, Body::AdvanceTime)?;
            self.read(&outcome, seconds)?;
        }
        // What one command left pending is taken with the next.
        while self.host.engine.pending() > 0 {
            let outcome = self.host.must(at, Body::AdvanceTime)?;
            self.read(&outcome, seconds)?;
        }
        Ok(())
    }

    /// Everybody looks at every open auction, the oldest first, and sends what he decides on.
    fn look(&mut self, seconds: u64) -> Result<(), ScenarioError> {
        let now = self.time(seconds);
        let price = (self.outside.mid, PRICE_DECIMALS);
        let mut looking = Vec::with_capacity(self.population.bidders.len());
        for (bidder, purse) in self.population.bidders.iter().zip(&self.purses) {
            if self.population.stays_away(bidder) || purse.free == 0 {
                continue;
            }
            let gas = gas_cost(self.population.gas_units, bidder.gas_wei, price)?;
            looking.push((*bidder, gas));
        }
        if looking.is_empty() {
            return Ok(());
        }
        let numbers: Vec<u64> = self.open.keys().copied().collect();
        for number in numbers {
            let Some(running) = self.host.engine.auctions().get(&number) else { continue };
            let nanos = self.host.engine.auction_nanos(number, now).unwrap_or(0);
            let own = Time(nanos).seconds_since(Time(0));
            let asking = running.asking(nanos).ok().flatten();
            let asking = asking.and_then(|asking| narrow_u128(asking).ok());
            // Nobody values anything above the market.
            if asking.is_some_and(|asking| self.outside.is_below(asking)) {
                continue;
            }
            let quantity = match &running.kind {
                Auctioned::English { auction, .. } => narrow_u128(auction.lot).unwrap_or(0),
                _ => self.open.get(&number).map_or(0, OpenLot::left),
            };
            let whole = (quantity, self.outside.resale(quantity)?);
            for (bidder, gas) in &looking {
                self.consider(
                    number,
                    bidder,
                    Sight { gas: *gas, asking, seconds: own, whole },
                    seconds,
                )?;
            }
        }
        Ok(())
    }

    /// One bidder looks at one auction.
    fn consider(
        &mut self,
        number: u64,
        bidder: &Bidder,
        sight: Sight,
        seconds: u64,
    ) -> Result<(), ScenarioError> {
        let chain = &self.scenario.settings.bidders.chain;
        let place = bidder.number as usize;
        let (Some(open), Some(running), Some(purse)) = (
            self.open.get(&number),
            self.host.engine.auctions().get(&number),
            self.purses.get(place),
        ) else {
            return Ok(());
        };
        let interest = open.interests[place];
        let idle = interest.waiting || interest.done || interest.given_up >= chain.attempts_max;
        if idle || purse.in_flight >= chain.in_flight_max || purse.free == 0 {
            return Ok(());
        }
        let seat = Seat {
            bidder,
            population: &self.population,
            outside: &self.outside,
            number,
            lot: open.key,
            discount: interest.discount,
            free: purse.free,
            promised: purse.promised,
            sealed: interest.sealed,
            sight,
        };
        let left = open.left();
        let Some(decided) = seat.decide(running, left)? else { return Ok(()) };
        let draw = self.population.about(bidder.number, open.key);
        let day = self.scenario.day();
        let fate = fate(day, &self.timing, draw, interest.sent, (seconds, bidder.gas_wei))?;
        let flight = Flight {
            bidder: bidder.number,
            auction: number,
            bid: decided.bid,
            needs: decided.needs,
            gas: sight.gas,
            sealed: decided.sealed,
            lands: matches!(fate, Fate::Lands(_)),
        };
        self.send(flight, fate, bidder.gas_wei);
        Ok(())
    }

    fn send(&mut self, flight: Flight, fate: Fate, gas_wei: u128) {
        let purse = self.purse(flight.bidder);
        purse.free = purse.free.saturating_sub(flight.needs);
        purse.in_flight += 1;
        purse.sent += 1;
        if let Some(open) = self.open.get_mut(&flight.auction) {
            let interest = &mut open.interests[flight.bidder as usize];
            interest.waiting = true;
            interest.sent += 1;
        }
        self.sent += 1;
        self.flights.insert((fate.at(), u128::MAX - gas_wei, self.sent), flight);
    }
}
