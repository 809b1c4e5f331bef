//! Lots on auction instead of in a market: put up, bid for, and over when their time has come.

use super::{InForce, Model};
use crate::auction::{self, Auction, Next, Offered, State, Turn};
use crate::number::{Int, Result, ceil, floor, narrow};
use crate::{contract, plan};
use breakwater_engine::{Cause, OpenLeg, What};
use breakwater_liquidation::auctions::{AuctionFormat, Raises};
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{AuctionTerms, Bid, Call, Disposal, Gate, Leg, Rejection};
use breakwater_money::{AccountId, AssetId, Class, Holder, Price, Time, Unit};
use num_traits::Zero;
use std::collections::BTreeSet;

impl Model {
    /// The terms on which a leg is auctioned; contracts never are.
    pub(super) fn auction_terms(&self, sale: &Leg) -> Option<AuctionTerms> {
        let Disposal::Auction(terms) = &self.policy()?.disposal else { return None };
        let contract = contract::terms(&self.pool, sale.asset).is_ok();
        Some(terms.clone()).filter(|_| !contract)
    }

    /// Puts up the lots of a leg that there is room for. True if any.
    pub(super) fn put_up(&mut self, account: AccountId, sale: Leg, cause: Cause) -> bool {
        let Some(terms) = self.auction_terms(&sale) else { return false };
        let owed = match (terms.raises, self.require_rule()) {
            (Raises::Most, _) => Int::zero(),
            (Raises::Debt, Ok(InForce { rule, .. })) => {
                let Ok(owed) = rule.owes(&self.pool, account, sale.proceeds_asset) else {
                    return false;
                };
                owed
            }
            (Raises::Debt, Err(_)) => return false,
        };
        let symbol = self.pool.assets[sale.asset.index()].symbol.clone();
        let size = terms.lots_max.get(&symbol).copied().unwrap_or(sale.quantity).max(1);
        let (mut left, mut owed_left, mut any) = (sale.quantity, owed.clone(), false);
        while left > 0 {
            let quantity = left.min(size);
            let Ok(due) = ceil(&(&owed_left * quantity), &left.into()) else { break };
            let due = Some(due).filter(|_| !owed.is_zero());
            let lot = Leg { quantity, ..sale };
            let Some(up) = self.put_up_lot(account, lot, due.clone(), cause) else { break };
            any = true;
            left -= up;
            owed_left -= due.clone().unwrap_or_default();
            if up < quantity || (due.is_some() && owed_left.is_zero()) {
                break;
            }
        }
        any
    }

    /// Puts up as much of a lot as there is room for. How much; none if nothing.
    fn put_up_lot(
        &mut self,
        account: AccountId,
        sale: Leg,
        due: Option<Int>,
        cause: Cause,
    ) -> Option<u128> {
        let number = self.next_leg;
        let terms = self.auction_terms(&sale)?;
        let (lot, auction) = self.offered(&sale, &terms, number, due).ok().flatten()?;
        let (quantity, fair) = (narrow(&lot).ok()?, narrow(&auction.fair).ok()?);
        let sale = Leg { quantity, ..sale };
        let format = match auction.state {
            State::Rising(_) => AuctionFormat::English,
            State::Falling(_) => AuctionFormat::Dutch,
            State::Sealed(_) => AuctionFormat::Sealed,
            State::Batch(_) => AuctionFormat::Batch,
        };
        let wanted = auction.wanted.as_ref().and_then(|wanted| narrow(wanted).ok());
        self.next_leg += 1;
        self.legs.insert(number, OpenLeg { account, leg: sale, filled: 0, until: None });
        self.auctions.insert(number, auction);
        let told = What::AuctionOpened { leg: number, account, sale, format, fair, wanted };
        self.tell(cause, told);
        Some(quantity)
    }

    fn offered(
        &self,
        sale: &Leg,
        terms: &AuctionTerms,
        number: u64,
        due: Option<Int>,
    ) -> Result<Option<(Int, Auction)>> {
        let InForce { rule, .. } = self.require_rule()?;
        if self.auctions.len() as u64 >= u64::from(terms.open_max) {
            return Ok(None);
        }
        let mark = self.mark_in_money(sale)?;
        let mut lot = self.room_for(sale, terms)?;
        let fair = loop {
            if lot.is_zero() {
                return Ok(None);
            }
            let at_mark = Leg { worst_price: mark.0, ..*sale };
            let fair = Int::from(plan::at_worst(&self.pool, &at_mark, narrow(&lot)?)?);
            if auction::can_count(terms, &lot, &fair)? {
                break fair;
            }
            lot >>= 1u8;
        };
        let wanted = match &due {
            None => None,
            Some(due) => Some(ceil(&(due * (10_000 + terms.penalty_bps)), &10_000.into())?),
        };
        let value = rule.notional(&self.pool, sale.asset, &lot)?;
        let (fair_too, wanted_too) = (fair.clone(), wanted.clone());
        let offered =
            Offered { number, terms, lot: lot.clone(), fair: fair_too, wanted: wanted_too, mark };
        let state = auction::opened(&offered)?;
        let (lived, seen_to, purses) = (0, self.pool.now, std::collections::BTreeMap::new());
        let raised = Int::zero();
        Ok(Some((lot, Auction { fair, value, due, wanted, raised, lived, seen_to, purses, state })))
    }

    /// Units of a leg that there is room for: all, or whole lots of the policy, and one of these at
    /// least where nothing else is on auction.
    fn room_for(&self, sale: &Leg, terms: &AuctionTerms) -> Result<Int> {
        let InForce { rule, policy, .. } = self.require_rule()?;
        let (all, most) = (Int::from(sale.quantity), Int::from(terms.value_max));
        let whole = rule.notional(&self.pool, sale.asset, &all)?;
        let room = most.clone() - auction::sum(self.auctions.values().map(|open| &open.value));
        if most.is_zero() || whole <= room {
            return Ok(all);
        }
        let lot = plan::lot(&rule, &self.pool, &policy, sale.asset)?.min(all.clone());
        let fits = floor(&(&all * room.max(Int::zero())), &whole)?;
        let mut lots = floor(&fits, &lot)?;
        if self.auctions.is_empty() {
            lots = lots.max(Int::from(1));
        }
        Ok((lots * lot).min(all))
    }

    /// The mark of what a leg sells in what it brings, with the decimals of both.
    fn mark_in_money(&self, sale: &Leg) -> Result<(Price, u8, u8)> {
        let Leg { asset, quantity, buy_back, proceeds_asset, .. } = *sale;
        let item = Saleable { asset, quantity, buy_back, proceeds_asset };
        let decimals = |asset: AssetId| Ok(self.pool.asset(asset)?.decimals);
        Ok((plan::fair(&self.pool, &item)?, decimals(asset)?, decimals(proceeds_asset)?))
    }

    /// Adds the time in which prices could be acted on since it was last added.
    pub(super) fn age_auctions(&mut self, to: Time) {
        for number in self.auctions.keys().copied().collect::<Vec<_>>() {
            let Some(open) = self.legs.get(&number).cloned() else { continue };
            let from = self.auctions[&number].seen_to;
            // The stretch is cut wherever anything could change, and each piece asked for its middle.
            let mut cuts: BTreeSet<u64> = self.turns(&open).into_iter().collect();
            cuts.extend([from.0, to.0]);
            let cuts: Vec<u64> =
                cuts.into_iter().filter(|at| (from.0..=to.0).contains(at)).collect();
            let mut lived = 0;
            for piece in cuts.windows(2) {
                if self.usable(&open, &(Int::from(piece[0]) + Int::from(piece[1]))) {
                    lived += piece[1] - piece[0];
                }
            }
            if let Some(auction) = self.auctions.get_mut(&number) {
                auction.lived += lived;
                auction.seen_to = auction.seen_to.max(to);
            }
        }
    }

    /// Times at which prices of the leg begin or cease to be usable.
    fn turns(&self, open: &OpenLeg) -> Vec<u64> {
        let graces = (0..).map(AssetId).take(self.pool.assets.len());
        let mut turns: Vec<u64> = graces.map(|asset| self.grace_until(asset).0).collect();
        for (guard, seen) in self.markets_of(open) {
            turns.extend(seen.grace_until.map(|until| until.0));
            turns.extend(
                seen.mark.map(|mark| mark.observed_at.0.saturating_add(guard.age_max_nanos)),
            );
        }
        turns
    }

    fn markets_of(
        &self,
        open: &OpenLeg,
    ) -> Vec<(breakwater_market::Guard, breakwater_market::GuardState)> {
        let both = [open.leg.asset, open.leg.proceeds_asset];
        let markets = both.iter().filter_map(|asset| self.pool.asset(*asset).ok()?.market);
        markets
            .map(|market| {
                let index = market.index();
                (self.pool.markets[index].guard, self.pool.seen[index])
            })
            .collect()
    }

    /// True if prices of the leg may be acted on at a time, which is given twice over so that there is a
    /// middle between any two.
    fn usable(&self, open: &OpenLeg, twice: &Int) -> bool {
        let Some(policy) = self.policy() else { return false };
        let before = |until: Time| *twice < Int::from(until.0) * 2u8;
        if self.halted {
            return false;
        }
        let held = self.pool.holdings(open.account).into_iter();
        let has: BTreeSet<AssetId> = held
            .filter(|(_, unit, _)| unit.class != Class::Deficit)
            .map(|(_, unit, _)| unit.asset)
            .collect();
        if has.iter().any(|a| self.gate(*a) == Gate::Paused || before(self.grace_until(*a))) {
            return false;
        }
        self.markets_of(open).into_iter().all(|(guard, seen)| {
            let fresh = seen.mark.is_some_and(|mark| {
                let last = Int::from(mark.observed_at.0) + Int::from(guard.age_max_nanos);
                *twice <= last * 2u8
            });
            let grace = seen.grace_until.is_some_and(before);
            (fresh || !policy.guards.fresh_marks) && !(grace && policy.guards.grace)
        })
    }

    fn usable_now(&self, open: &OpenLeg) -> bool {
        self.usable(open, &(Int::from(self.pool.now.0) * 2u8))
    }

    pub(super) fn take_bid(&mut self, number: u64, bidder: u64, bid: &Bid) -> Result<()> {
        let known = self.legs.get(&number).zip(self.auctions.get(&number));
        let (open, auction) = known.ok_or(Rejection::UnknownAuction)?;
        let (open, mut auction) = (open.clone(), auction.clone());
        if !self.usable_now(&open) {
            return Err(Rejection::AuctionPaused);
        }
        let limit = match bid {
            Bid::Take { price_max, .. } => {
                let (_, lot, money) = self.mark_in_money(&open.leg)?;
                Some(auction::in_units((*price_max, lot, money)))
            }
            _ => None,
        };
        self.has_room_first(&auction, &open, bid)?;
        let turn = auction.bid(bidder, bid, limit)?;
        let paid_in = narrow(&auction::sum(turn.paid_in.iter().map(|(_, amount)| amount)))?;
        self.auctions.insert(number, auction);
        self.tell(Cause::Command, What::BidPlaced { leg: number, bidder, bid: *bid, paid_in });
        // The winner is not to blame where the lot cannot be handed over; who buys at once just does
        // not buy.
        self.carry_out(number, turn, Cause::Command, *bid == Bid::Pay)
    }

    /// Where bids are not weighed before they are written down, whether their money fits comes first.
    fn has_room_first(&self, auction: &Auction, open: &OpenLeg, bid: &Bid) -> Result<()> {
        let paid = match (&auction.state, bid) {
            (State::Sealed(_), Bid::Reveal { amount, .. }) => *amount,
            (State::Batch(_), Bid::Order { pay, .. }) => *pay,
            _ => return Ok(()),
        };
        // Nobody has put down so much that a deposit would matter for what is out of all measure.
        let token = Unit::token(open.leg.proceeds_asset);
        let amount = Int::from(paid);
        self.pool.clone().transfer(Holder::External, Holder::Escrow, token, &amount)
    }

    /// Everything that is due by now, one auction after the other.
    pub(super) fn end_auctions(&mut self, cause: Cause) -> Result<()> {
        for number in self.auctions.keys().copied().collect::<Vec<_>>() {
            let Some(open) = self.legs.get(&number).cloned() else { continue };
            if !self.usable_now(&open) {
                continue;
            }
            let mark = self.mark_in_money(&open.leg).ok();
            let mut auction = self.auctions[&number].clone();
            if let Some(turn) = auction.due(mark)? {
                self.auctions.insert(number, auction);
                self.carry_out(number, turn, cause, true)?;
            }
        }
        Ok(())
    }

    /// Does what a turn says. Where the rule will not sell, `or_back` says that buyers get their money
    /// back; else the whole command is refused.
    fn carry_out(&mut self, number: u64, turn: Turn, cause: Cause, or_back: bool) -> Result<()> {
        let mut tried = self.clone();
        match tried.carry_out_as(number, &turn, cause) {
            Ok(()) => *self = tried,
            Err(_) if or_back && !turn.bought.is_empty() => {
                self.carry_out_as(number, &turn.without_sale(), cause)?;
            }
            Err(refused) => return Err(refused),
        }
        Ok(())
    }

    fn carry_out_as(&mut self, number: u64, turn: &Turn, cause: Cause) -> Result<()> {
        let open = self.legs.get(&number).cloned().ok_or(Rejection::UnknownAuction)?;
        let bought = auction::sum(turn.bought.iter().map(|(_, _, paid)| paid));
        let penalty = self.penalty_in(number, &bought);
        self.move_money(&open, turn, &penalty)?;
        for (bidder, amount) in auction::told(&turn.refunds)? {
            self.tell(cause, What::BidRefunded { leg: number, bidder, amount });
        }
        let lost = auction::told(&turn.lost)?;
        match turn.late {
            Some(bidder) => {
                let forfeited = lost.iter().map(|(_, amount)| amount).sum();
                self.tell(cause, What::WinnerDefaulted { leg: number, bidder, forfeited });
            }
            None => {
                for (bidder, amount) in lost {
                    self.tell(cause, What::DepositForfeited { leg: number, bidder, amount });
                }
            }
        }
        let (mut quantity, mut proceeds) = (0, 0);
        for (bidder, bought, paid) in &turn.bought {
            let (bidder, bought, paid) = (*bidder, narrow(bought)?, narrow(paid)?);
            self.tell(cause, What::LotSold { leg: number, bidder, quantity: bought, paid });
            (quantity, proceeds) = (quantity + bought, proceeds + paid);
        }
        if let Some(auction) = self.auctions.get_mut(&number) {
            auction.raised += &bought;
        }
        if quantity > 0 {
            let proceeds = proceeds - narrow(&penalty)?;
            self.fill(&open, quantity, proceeds, cause)?;
            if let Some(open) = self.legs.get_mut(&number) {
                open.filled += quantity;
            }
        } else {
            self.record_funds();
        }
        self.pool.moved.insert(open.account);
        self.go_on(number, open.account, turn, cause)
    }

    /// How much of a price is penalty: what lies above what is owed of the lot, and was not before.
    fn penalty_in(&self, number: u64, paid: &Int) -> Int {
        let Some(auction) = self.auctions.get(&number) else { return Int::zero() };
        let Some(due) = &auction.due else { return Int::zero() };
        let above = |raised: Int| (raised - due).max(Int::zero());
        above(&auction.raised + paid) - above(auction.raised.clone())
    }

    fn move_money(&mut self, open: &OpenLeg, turn: &Turn, penalty: &Int) -> Result<()> {
        let token = Unit::token(open.leg.proceeds_asset);
        let all = |amounts: &[(u64, Int)]| auction::sum(amounts.iter().map(|(_, amount)| amount));
        let paid = auction::sum(turn.bought.iter().map(|(_, _, paid)| paid));
        for (from, to, amount) in [
            (Holder::External, Holder::Escrow, all(&turn.paid_in)),
            (Holder::Escrow, Holder::External, all(&turn.refunds)),
            (Holder::Escrow, Holder::Insurance, all(&turn.lost)),
            (Holder::Escrow, Holder::Insurance, penalty.clone()),
            // Buyers' money goes out, and comes in as what the sale brings.
            (Holder::Escrow, Holder::External, paid - penalty),
        ] {
            self.pool.transfer(from, to, token, &amount)?;
        }
        Ok(())
    }

    fn go_on(&mut self, number: u64, account: AccountId, turn: &Turn, cause: Cause) -> Result<()> {
        match turn.next {
            Next::Goes => {}
            Next::Again => {
                let restarts = self.auctions[&number].restarts();
                self.tell(cause, What::AuctionRestarted { leg: number, restarts });
            }
            Next::Won(bidder) => self.tell(cause, What::AuctionAwarded { leg: number, bidder }),
            Next::Over => {
                if turn.bought.is_empty() {
                    let InForce { policy, .. } = self.require_rule()?;
                    let retry_at = Time(self.pool.now.0.saturating_add(policy.retry_nanos));
                    self.accounts[account.index()].retry_at = retry_at;
                }
                self.take_off(number, cause);
            }
        }
        Ok(())
    }

    /// Ends an auction in which no money is put down any more.
    pub(super) fn take_off(&mut self, number: u64, cause: Cause) {
        self.auctions.remove(&number);
        if let Some(open) = self.legs.remove(&number) {
            let unsold = open.leg.quantity - open.filled;
            self.tell(cause, What::AuctionClosed { leg: number, unsold });
        }
    }

    /// True if somebody counts on the lot.
    pub(super) fn binds(&self, number: u64) -> bool {
        let stays = match self.policy().map(|policy| &policy.disposal) {
            Some(Disposal::Auction(terms)) => terms.stays_on_cure,
            _ => false,
        };
        self.auctions.get(&number).is_some_and(|auction| stays || auction.binds())
    }

    /// Refuses while somebody counts on a lot of the account's.
    pub(super) fn unbound(&self, account: AccountId) -> Result<()> {
        let own = self.legs.iter().filter(|(_, open)| open.account == account);
        match own.into_iter().any(|(number, _)| self.binds(*number)) {
            true => Err(Rejection::LotOnAuction),
            false => Ok(()),
        }
    }

    /// Refuses business that would take a lot from under those who count on it.
    pub(super) fn leaves_lots(&self, call: &Call) -> Result<()> {
        let takes = matches!(
            call,
            Call::Withdraw { .. }
                | Call::Borrow { .. }
                | Call::Configure { .. }
                | Call::Trade { .. }
                | Call::TakeOver { .. }
                | Call::Transfer { .. }
                | Call::Roll { .. }
                | Call::Exercise { .. }
        );
        if takes { call.accounts().into_iter().try_for_each(|a| self.unbound(a)) } else { Ok(()) }
    }

    /// What a descending auction asks for a unit of its lot now, 1e27; none of other formats.
    #[must_use]
    pub fn asking(&self, number: u64) -> Option<Int> {
        let auction = self.auctions.get(&number)?;
        match &auction.state {
            State::Falling(falling) => falling.price(auction.now().seconds).ok(),
            _ => None,
        }
    }
}
