//! Sales under way, found by number and by account, with what they may still take of each asset's
//! depth. A pool in a crash has thousands of them and asks of one account's at every price.

use crate::OpenLeg;
use breakwater_liquidation::conditions::UnderWay;
use breakwater_money::AccountId;
use std::collections::{BTreeMap, BTreeSet};

/// Every open leg. What is put up for auction takes nothing of the market's depth.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OpenLegs {
    all: BTreeMap<u64, OpenLeg>,
    owned: BTreeSet<(AccountId, u64)>,
    auctioned: BTreeSet<u64>,
    under_way: UnderWay,
}

impl OpenLegs {
    /// From what a snapshot holds.
    pub fn new(all: BTreeMap<u64, OpenLeg>, is_auctioned: impl Fn(u64) -> bool) -> OpenLegs {
        let mut legs = OpenLegs::default();
        for (number, open) in all {
            legs.add(number, open, is_auctioned(number));
        }
        legs
    }

    /// By number, ascending.
    pub fn all(&self) -> &BTreeMap<u64, OpenLeg> {
        &self.all
    }

    pub fn get(&self, number: u64) -> Option<&OpenLeg> {
        self.all.get(&number)
    }

    /// The account's legs, by number, ascending.
    pub fn of(&self, account: AccountId) -> impl Iterator<Item = (u64, &OpenLeg)> {
        let own = self.owned.range((account, 0)..=(account, u64::MAX));
        own.filter_map(|(_, number)| self.all.get(number).map(|open| (*number, open)))
    }

    /// True if the account has a leg.
    pub fn has(&self, account: AccountId) -> bool {
        self.of(account).next().is_some()
    }

    /// A leg that is sold into the market.
    pub fn sell(&mut self, number: u64, open: OpenLeg) {
        self.add(number, open, false);
    }

    /// A leg that is put up for auction.
    pub fn put_up(&mut self, number: u64, open: OpenLeg) {
        self.add(number, open, true);
    }

    fn add(&mut self, number: u64, open: OpenLeg, auctioned: bool) {
        self.owned.insert((open.account, number));
        if auctioned {
            self.auctioned.insert(number);
        } else {
            let left = open.leg.quantity - open.filled;
            let sum = self.under_way.entry((open.leg.asset, open.leg.buy_back)).or_default();
            // Legs are cut from holdings, whose sums the ledger keeps within 127 bits.
            *sum = sum.saturating_add(left);
        }
        self.all.insert(number, open);
    }

    /// Of a leg so much more is sold.
    pub fn fill(&mut self, number: u64, quantity: u128) {
        let Some(open) = self.all.get_mut(&number) else { return };
        let more = quantity.min(open.leg.quantity - open.filled);
        open.filled += more;
        if !self.auctioned.contains(&number)
            && let Some(sum) = self.under_way.get_mut(&(open.leg.asset, open.leg.buy_back))
        {
            *sum -= more;
        }
    }

    pub fn remove(&mut self, number: u64) -> Option<OpenLeg> {
        let open = self.all.remove(&number)?;
        self.owned.remove(&(open.account, number));
        if !self.auctioned.remove(&number)
            && let Some(sum) = self.under_way.get_mut(&(open.leg.asset, open.leg.buy_back))
        {
            *sum -= open.leg.quantity - open.filled;
        }
        Some(open)
    }

    /// What the legs of all accounts but one may still take of each asset's depth.
    pub fn under_way(&self, but: AccountId) -> UnderWay {
        let mut sum = self.under_way.clone();
        for (number, open) in self.of(but) {
            if self.auctioned.contains(&number) {
                continue;
            }
            if let Some(sum) = sum.get_mut(&(open.leg.asset, open.leg.buy_back)) {
                *sum -= open.leg.quantity - open.filled;
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use breakwater_liquidation::Leg;
    use breakwater_money::{AssetId, Price};

    fn leg(account: u32, asset: u16, quantity: u128) -> OpenLeg {
        let leg = Leg {
            asset: AssetId(asset),
            quantity,
            buy_back: false,
            worst_price: Price::new(1, 0),
            proceeds_asset: AssetId(0),
        };
        OpenLeg { account: AccountId(account), leg, filled: 0, until: None }
    }

    /// The slow way: every leg is looked at.
    fn scanned(legs: &OpenLegs, but: AccountId) -> UnderWay {
        let mut sum = UnderWay::new();
        for (number, open) in legs.all() {
            if open.account != but && !legs.auctioned.contains(number) {
                let own = sum.entry((open.leg.asset, open.leg.buy_back)).or_default();
                *own += open.leg.quantity - open.filled;
            }
        }
        sum
    }

    #[test]
    fn indices_say_what_a_scan_says_whatever_is_done() {
        let mut legs = OpenLegs::default();
        let check = |legs: &OpenLegs| {
            for account in 0..4 {
                let account = AccountId(account);
                let mut found = legs.under_way(account);
                found.retain(|_, left| *left > 0);
                let mut slow = scanned(legs, account);
                slow.retain(|_, left| *left > 0);
                assert_eq!(found, slow);
                let own: Vec<u64> = legs.of(account).map(|(number, _)| number).collect();
                let all = legs.all().iter().filter(|(_, open)| open.account == account);
                assert_eq!(own, all.map(|(number, _)| *number).collect::<Vec<_>>());
            }
        };
        for number in 0..60u64 {
            let open = leg((number % 3) as u32, (number % 2) as u16, 100 + u128::from(number));
            if number % 5 == 0 {
                legs.put_up(number, open)
            } else {
                legs.sell(number, open)
            }
            legs.fill(number / 2, 7);
            if number % 4 == 3 {
                legs.remove(number / 3);
            }
            check(&legs);
        }
        let again = OpenLegs::new(legs.all().clone(), |number| legs.auctioned.contains(&number));
        check(&again);
        assert!(!legs.has(AccountId(3)) && legs.has(AccountId(0)));
        // More than what is left of a leg is not sold, and an unknown one is nobody's.
        let last = *legs.all().keys().last().unwrap();
        legs.fill(last, u128::MAX);
        legs.fill(9_999, 1);
        assert_eq!(legs.get(last).map(|open| open.leg.quantity - open.filled), Some(0));
        assert!(legs.remove(9_999).is_none());
        check(&legs);
    }
}
