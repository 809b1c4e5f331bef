//! What an outcome says about lots, money and losses.

use super::found::DEBT;
use super::record::{BidPoint, Lot};
use super::stage::{Called, Interest, OpenLot, Stage};
use crate::ScenarioError;
use crate::auctions::settings::PPM;
use crate::market::overflow;
use breakwater_engine::{Outcome, What};
use breakwater_liquidation::Fact;
use breakwater_money::AccountId;
use breakwater_money::rounding::{Rounding, mul_div};

/// What is offered.
struct Offer {
    quantity: u128,
    at_mark: u128,
    wanted: Option<u128>,
}

impl Stage<'_> {
    /// Takes from an outcome what it says about lots, money and losses.
    pub fn read(&mut self, outcome: &Outcome, seconds: u64) -> Result<(), ScenarioError> {
        for event in &outcome.events {
            match &event.what {
                What::AuctionOpened { leg, account, sale, fair, wanted, .. } => {
                    let offer = Offer { quantity: sale.quantity, at_mark: *fair, wanted: *wanted };
                    self.opened(*leg, *account, &offer, outcome, seconds)?;
                }
                What::BidRefunded { bidder, amount, .. } => {
                    self.purse(known(*bidder)).free += *amount;
                }
                What::LotSold { leg, bidder, quantity, paid } => {
                    self.sold(*leg, known(*bidder), (*quantity, *paid), seconds)?;
                }
                What::AuctionRestarted { leg, restarts } => {
                    self.totals.restarts += 1;
                    if let Some(open) = self.open.get_mut(leg) {
                        open.lot.restarts = *restarts;
                        for interest in &mut open.interests {
                            interest.given_up = 0;
                        }
                    }
                }
                What::AuctionClosed { leg, .. } => self.closed(*leg, seconds)?,
                What::Happened(Fact::Deficit { account, amount, .. }) => {
                    self.totals.deficit += amount.raw;
                    self.bankrupt.insert(*account);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn opened(
        &mut self,
        number: u64,
        account: AccountId,
        offer: &Offer,
        outcome: &Outcome,
        seconds: u64,
    ) -> Result<(), ScenarioError> {
        let Offer { quantity, at_mark, wanted } = *offer;
        let called = match self.called.get(&account) {
            Some(called) => *called,
            None => self.first_called(account, outcome)?,
        };
        self.called.insert(account, Called { lots: called.lots + 1, ..called });
        let due = mul_div(called.owed, quantity, called.quantity.max(1), Rounding::Ceil);
        let key = u64::from(account.0) << 24 | u64::from(called.lots);
        let interest = |discount| Interest { discount, ..Interest::default() };
        let interests = self.population.discounts(key).into_iter().map(interest).collect();
        let lot = Lot {
            number,
            account: account.0,
            ordinal: called.lots,
            opened_at: seconds,
            closed_at: None,
            sold_at: None,
            quantity,
            fair: self.outside.fair(quantity)?,
            at_mark,
            due: due.map_err(overflow)?,
            wanted,
            price: self.outside.mid,
            sold: 0,
            paid: 0,
            fair_sold: 0,
            restarts: 0,
            winner: None,
            values: None,
            bids: Vec::new(),
            measures: None,
        };
        self.open.insert(number, OpenLot { lot, key, interests });
        self.totals.lots += 1;
        Ok(())
    }

    /// What the account owes now, before anything of it is sold, and all that is offered of it.
    fn first_called(&self, account: AccountId, outcome: &Outcome) -> Result<Called, ScenarioError> {
        let quantity = outcome.events.iter().fold(0u128, |sum, event| match &event.what {
            What::AuctionOpened { account: of, sale, .. } if *of == account => sum + sale.quantity,
            _ => sum,
        });
        let engine = &self.host.engine;
        let owed = engine
            .rulebook()
            .map_or(Ok(0), |rulebook| engine.look(|view| rulebook.owes(view, account, DEBT)));
        let owed = owed.map_err(|why| ScenarioError::Refused {
            what: format!("the debt of account {}", account.0),
            why: why.to_string(),
        })?;
        Ok(Called { owed, quantity, unanswered: owed, lots: 0 })
    }

    fn sold(
        &mut self,
        number: u64,
        bidder: u32,
        (quantity, paid): (u128, u128),
        seconds: u64,
    ) -> Result<(), ScenarioError> {
        let fair = self.outside.fair(quantity)?;
        let zero_bps = self.scenario.settings.run.zero_bps;
        let Some(open) = self.open.get_mut(&number) else { return Ok(()) };
        let lot = &mut open.lot;
        let worth = |discount: u128| {
            mul_div(fair, PPM.saturating_sub(discount), PPM, Rounding::Floor).map_err(overflow)
        };
        let own = worth(open.interests[bidder as usize].discount)?;
        let least = open.interests.iter().map(|interest| interest.discount).min();
        let best = worth(least.unwrap_or(0))?;
        lot.values = Some(lot.values.map_or((own, best), |(a, b)| (a + own, b + best)));
        if self.is_descending {
            // There a sale is all that is seen of a bid.
            lot.bids.push(BidPoint { at_seconds: seconds, bidder, amount: paid, quantity });
        }
        lot.sold += quantity;
        lot.paid += paid;
        lot.fair_sold += fair;
        lot.sold_at = Some(seconds);
        lot.winner = Some(bidder);
        self.outside.absorb(quantity);
        // A price of nothing says nothing about the market.
        if paid.saturating_mul(10_000) >= fair.saturating_mul(zero_bps.into()) && paid > 0 {
            self.stretch_sold.0 += quantity;
            self.stretch_sold.1 += paid;
        }
        let recycle = self.scenario.settings.outside.recycle_minutes.saturating_mul(60);
        let purse = self.purse(bidder);
        purse.lots += 1;
        purse.paid += paid;
        purse.fair += fair;
        self.sales += 1;
        self.returns.insert((seconds.saturating_add(recycle), self.sales, bidder, paid));
        Ok(())
    }
}

fn known(bidder: u64) -> u32 {
    // Bidders are told to the engine by their own numbers.
    u32::try_from(bidder).unwrap_or(u32::MAX)
}
