//! How much of a leg is put on auction.

use super::terms::{AuctionTerms, Opening, Raises};
use crate::ladder::notional;
use crate::plan::{Leg, at_mark, lot_size, proceeds};
use crate::{Policy, Rejected, Rulebook, View};
use breakwater_money::AccountId;
use breakwater_money::rounding::{Rounding, div, mul_div};

/// What is on auction already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OnAuction {
    /// Auctions.
    pub count: usize,
    /// Their value in the numeraire, at the marks of their openings.
    pub value: u128,
}

/// What surrounds a lot that is to be auctioned.
#[derive(Clone, Copy)]
pub struct Offer<'a> {
    /// The rule that will sell it.
    pub rulebook: &'a dyn Rulebook,
    /// The policy in force.
    pub policy: &'a Policy,
    /// Its auction terms.
    pub terms: &'a AuctionTerms,
    /// Whose lot it is.
    pub account: AccountId,
    /// What is on auction already.
    pub others: OnAuction,
}

impl Offer<'_> {
    /// What the account owes and its auctions are to raise; none where they raise as much as they can.
    ///
    /// # Errors
    /// The rulebook's refusal.
    pub fn owed(&self, view: &View<'_>, leg: &Leg) -> Result<Option<u128>, Rejected> {
        if self.terms.raises == Raises::Most {
            return Ok(None);
        }
        let owed = self.rulebook.owes(view, self.account, leg.proceeds_asset)?;
        // What is sold for another reason than a debt in this asset has no such end.
        Ok(Some(owed).filter(|owed| *owed > 0))
    }

    /// The largest lot of the leg's asset.
    ///
    /// # Errors
    /// Unknown asset.
    pub fn lot_max(&self, view: &View<'_>, leg: &Leg) -> Result<u128, Rejected> {
        let stated = self.terms.lots_max.get(&view.asset(leg.asset)?.symbol).copied();
        Ok(stated.unwrap_or(leg.quantity).clamp(1, leg.quantity.max(1)))
    }

    /// As much of `lot` as may be auctioned now under the number `number`, to raise `due` of what is
    /// owed; none if there is no room.
    ///
    /// # Errors
    /// A missing mark, the rulebook's refusal, or overflow.
    pub fn of(
        &self,
        view: &View<'_>,
        leg: &Leg,
        (number, due): (u64, Option<u128>),
    ) -> Result<Option<Opening>, Rejected> {
        if self.others.count >= usize::try_from(self.terms.open_max).unwrap_or(usize::MAX) {
            return Ok(None);
        }
        let mut quantity = self.room(view, leg)?;
        let (at_mark, fair) = loop {
            if quantity == 0 {
                return Ok(None);
            }
            let marked = at_mark(view, &Leg { quantity, ..*leg })?;
            let fair = proceeds(view, &marked, quantity, marked.worst_price)?;
            if self.terms.takes(quantity, fair)? {
                break (marked, fair);
            }
            // The rest is offered once this part is sold.
            quantity >>= 1;
        };
        let penalised =
            |due| mul_div(due, 10_000 + u128::from(self.terms.penalty_bps), 10_000, Rounding::Ceil);
        let wanted = due.map(penalised).transpose()?;
        let value = notional(self.rulebook, view, leg.asset, quantity)?;
        Ok(Some(Opening { number, at_mark, fair, value, due, wanted }))
    }

    /// All of the leg, or the whole lots of the policy that there is room for.
    fn room(&self, view: &View<'_>, leg: &Leg) -> Result<u128, Rejected> {
        let most = self.terms.value_max;
        let whole = notional(self.rulebook, view, leg.asset, leg.quantity)?;
        let room = most.saturating_sub(self.others.value);
        if most == 0 || whole <= room {
            return Ok(leg.quantity);
        }
        let lot = lot_size(self.rulebook, view, self.policy, leg.asset)?.min(leg.quantity).max(1);
        let fits = mul_div(leg.quantity, room, whole, Rounding::Floor)?;
        // Nobody's lot may be too large to be sold at all.
        let least = u128::from(self.others.count == 0);
        let lots = div(fits, lot, Rounding::Floor)?.max(least);
        Ok(lots.saturating_mul(lot).min(leg.quantity))
    }
}
