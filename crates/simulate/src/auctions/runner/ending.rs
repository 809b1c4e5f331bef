//! How lots end, and what a run hands over when it is done.

use super::found::DEBT;
use super::record::{
    AuctionRun, AuctionTotals, BidPoint, BidderEnd, Lot, PairedPrice, PriceLeadership,
};
use super::stage::Stage;
use crate::auctions::discovery;
use crate::book::PRICE_DECIMALS;
use crate::market::overflow;
use crate::{ScenarioError, story};
use breakwater_auction::discovery::{Bid, Measures, Record, Values, measure};
use breakwater_liquidation::auctions::Raises;
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, Holder, Time, U256, Unit};

impl Stage<'_> {
    /// A lot's auction is over.
    pub fn closed(&mut self, number: u64, seconds: u64) -> Result<(), ScenarioError> {
        let Some(mut open) = self.open.remove(&number) else { return Ok(()) };
        open.lot.closed_at = Some(seconds);
        for (interest, purse) in open.interests.iter().zip(&mut self.purses) {
            purse.promised -= interest.promised;
        }
        self.keep(open.lot)
    }

    fn keep(&mut self, mut lot: Lot) -> Result<(), ScenarioError> {
        if lot.sold > 0 {
            // Each unit of debt is answered for once: what a lot leaves over may be offered again.
            if let Some(called) = self.called.get_mut(&AccountId(lot.account)) {
                lot.due = lot.due.min(called.unanswered);
                called.unanswered -= lot.due;
            }
            let price = self.outside.fair(lot.quantity.saturating_sub(lot.sold))?;
            lot.measures = Some(measured(&lot, price)?);
        }
        self.lots.push(lot);
        Ok(())
    }

    /// Pairs the price of what was sold since the last time with the market's.
    pub fn pair(&mut self, seconds: u64) -> Result<(), ScenarioError> {
        let (quantity, paid) = std::mem::take(&mut self.stretch_sold);
        let market = self.outside.mid;
        let auction = match (quantity, self.paired.last()) {
            (0, None) => return Ok(()),
            (0, Some(last)) => last.auction,
            (quantity, _) => {
                let one = 10u128.pow(PRICE_DECIMALS.into());
                mul_div(paid, one, quantity, Rounding::Floor).map_err(overflow)?
            }
        };
        self.paired.push(PairedPrice { at_seconds: seconds, auction, market });
        Ok(())
    }

    /// Everything that was written down.
    ///
    /// # Errors
    /// A total that does not fit 128 bits.
    pub fn end(mut self) -> Result<AuctionRun, ScenarioError> {
        self.totals.open = self.open.len() as u64;
        for (_, open) in std::mem::take(&mut self.open) {
            self.keep(open.lot)?;
        }
        self.lots.sort_by_key(|lot| lot.number);
        let insurance = self.host.engine.ledger().balance(Holder::Insurance, Unit::token(DEBT));
        let insurance = u128::try_from(insurance).unwrap_or(0);
        let raises = self.scenario.format(&self.format)?.raises;
        let totals = &mut self.totals;
        match raises {
            Raises::Debt => totals.penalty = insurance,
            Raises::Most => totals.forfeited = insurance,
        }
        totals.liquidated = self.called.len() as u64;
        totals.bankrupt = self.bankrupt.len() as u64;
        for purse in &self.purses {
            totals.refused += purse.refused;
            totals.expired += purse.expired;
            totals.gas += purse.gas;
        }
        let zero_bps = self.scenario.settings.run.zero_bps;
        for lot in &self.lots {
            add(totals, lot, zero_bps)?;
        }
        finish(totals, &self.lots, self.purses.iter().map(|purse| purse.fair))?;
        // The last sales belong to a stretch that has not ended.
        while self.paired.last().is_some_and(|last| {
            self.lots.iter().filter_map(|lot| lot.sold_at).all(|at| at + 600 < last.at_seconds)
        }) {
            self.paired.pop();
        }
        let leadership = leads(&self.paired);
        let balances = story::balances(&self.host.engine);
        let bidders = self.population.bidders.iter().zip(&self.purses);
        let bidders = bidders
            .map(|(bidder, purse)| BidderEnd {
                number: bidder.number,
                strategy: bidder.strategy,
                capital: bidder.capital,
                gas_wei: bidder.gas_wei,
                lots: purse.lots,
                paid: purse.paid,
                fair: purse.fair,
                sent: purse.sent,
                expired: purse.expired,
                refused: purse.refused,
                gas: purse.gas,
            })
            .collect();
        Ok(AuctionRun {
            format: self.format,
            title: self.title,
            status: self.status,
            bidders,
            paired: self.paired,
            leadership,
            books_balance: balances.iter().all(|row| row.sum == "0"),
            balances,
            commands: self.host.commands,
            ticks_refused: self.host.refused,
            state_hash: self.host.engine.state_hash().hex(),
            totals: self.totals,
            lots: self.lots,
        })
    }
}

/// Lagged changes in the regression that tells who leads.
const LAGS: usize = 1;

fn leads(paired: &[PairedPrice]) -> Option<PriceLeadership> {
    let series = |of: fn(&PairedPrice) -> u128| -> Vec<f64> {
        paired.iter().map(|pair| of(pair) as f64).collect()
    };
    let (auctions, market) = (series(|pair| pair.auction), series(|pair| pair.market));
    let told = discovery::leadership(&auctions, &market, LAGS).ok()?;
    Some(PriceLeadership {
        prices: paired.len() as u64,
        component: told.component[0],
        information_low: told.information_low[0],
        information_high: told.information_high[0],
    })
}

fn add(totals: &mut AuctionTotals, lot: &Lot, zero_bps: u32) -> Result<(), ScenarioError> {
    if lot.sold == 0 {
        totals.unsold += u64::from(lot.closed_at.is_some());
        return Ok(());
    }
    totals.sold += 1;
    totals.sold_quantity += lot.sold;
    totals.fair += lot.fair_sold;
    totals.paid += lot.paid;
    totals.loss_to_fair += lot.fair_sold.saturating_sub(lot.paid);
    totals.overpaid += lot.paid.saturating_sub(lot.fair_sold);
    if is_zero(lot, zero_bps)? {
        totals.zero_wins += 1;
        totals.zero_loss += lot.fair_sold;
        totals.zero_quantity += lot.sold;
    }
    if lot.closed_at.is_some() {
        totals.lot_shortfall += lot.due.saturating_sub(lot.paid);
    }
    Ok(())
}

/// Whether a lot fetched less than the stated share of its value.
///
/// # Errors
/// Overflow.
pub(super) fn is_zero(lot: &Lot, zero_bps: u32) -> Result<bool, ScenarioError> {
    let bound = mul_div(lot.fair_sold, zero_bps.into(), 10_000, Rounding::Ceil);
    Ok(lot.sold > 0 && lot.paid < bound.map_err(overflow)?.max(1))
}

fn finish(
    totals: &mut AuctionTotals,
    lots: &[Lot],
    bought: impl Iterator<Item = u128> + Clone,
) -> Result<(), ScenarioError> {
    let sold = || lots.iter().filter(|lot| lot.sold > 0);
    let mut seconds: Vec<u64> =
        sold().filter_map(|lot| Some(lot.sold_at? - lot.opened_at)).collect();
    seconds.sort_unstable();
    totals.clear_seconds_median = seconds.get(seconds.len().saturating_sub(1) / 2).copied();
    let bidders: u64 = sold().filter_map(|lot| Some(lot.measures.as_ref()?.bidders as u64)).sum();
    totals.bidders_e2 = (bidders * 100).checked_div(totals.sold).unwrap_or(0);
    let all: u128 = bought.clone().sum();
    if all > 0 {
        // Shares in millionths first: their squares fit whatever the values are.
        let share = |value| mul_div(value, 1_000_000, all, Rounding::Floor);
        let mut squares = 0u128;
        for value in bought {
            let share = share(value).map_err(overflow)?;
            squares += share * share;
        }
        totals.concentration_ppm = Some(squares / 1_000_000);
    }
    let (own, best) = sold()
        .filter_map(|lot| lot.values)
        .fold((0u128, 0u128), |(a, b), (own, best)| (a + own, b + best));
    totals.efficiency_ppm = mul_div(own, 1_000_000, best, Rounding::Floor).ok();
    Ok(())
}

fn measured(lot: &Lot, returned: u128) -> Result<Measures, ScenarioError> {
    let bid = |point: &BidPoint| Bid { bidder: point.bidder, amount: U256::from(point.amount) };
    let bids: Vec<Bid<u32>> = lot.bids.iter().map(bid).collect();
    let part = mul_div(lot.fair, lot.sold, lot.quantity.max(1), Rounding::Floor);
    let values =
        lot.values.map(|(own, best)| Values { winner: U256::from(own), highest: U256::from(best) });
    measure(&Record {
        fair_at_start: U256::from(part.map_err(overflow)?),
        fair_at_clearing: U256::from(lot.fair_sold),
        paid: U256::from(lot.paid),
        wanted: U256::from(lot.wanted.unwrap_or(lot.due)),
        returned: U256::from(returned),
        values,
        began: Time::from_seconds(lot.opened_at),
        cleared: Time::from_seconds(lot.sold_at.unwrap_or(lot.opened_at)),
        resets: lot.restarts,
        bids: &bids,
    })
    .map_err(overflow)
}
