//! Who may be in breach after a price: the watch list.
//!
//! An account with slack `s` over exposures `c_i` (value that moves with price `i`) cannot cross
//! a line until some price leaves its safe interval, where asset `i` gets the relative move
//! `s v_i / sum(|c_j| v_j)` for volatility weights `v`. Each market keeps two bucket queues on the
//! logarithm of the price, one for triggers below and one for triggers above; a tick drains only
//! the buckets it crosses. Every rounding is towards early: the list is never late, and an account
//! that fires too soon is assessed exactly and armed again.

use crate::limits::WATCH_GARBAGE_MIN;
use breakwater_market::MarketId;
use breakwater_money::{AccountId, Time};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Mantissa bits of a bucket: a width of 2^-9, about 0.2 % of the price.
const MANTISSA_BITS: u32 = 9;

/// The bucket of a price: exponent and leading mantissa bits, an integer logarithm.
#[must_use]
pub fn bucket(price: u128) -> u32 {
    if price == 0 {
        return 0;
    }
    let exponent = 127 - price.leading_zeros();
    let mantissa = if exponent >= MANTISSA_BITS {
        price >> (exponent - MANTISSA_BITS)
    } else {
        price << (MANTISSA_BITS - exponent)
    };
    let mask = (1u128 << MANTISSA_BITS) - 1;
    // The masked mantissa has nine bits.
    ((exponent + 1) << MANTISSA_BITS) | u32::try_from(mantissa & mask).unwrap_or(0)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    trigger: u128,
    account: u32,
    version: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Side {
    falling: BTreeMap<u32, Vec<Entry>>,
    rising: BTreeMap<u32, Vec<Entry>>,
    blind: Vec<u32>,
}

/// Triggers by price and time, and who is to be assessed next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    markets: Vec<Side>,
    timers: BTreeMap<Time, Vec<(u32, u32)>>,
    versions: Vec<u32>,
    pending: BTreeSet<u32>,
    /// Accounts from here on are all pending: a whole-book sweep in progress.
    sweep: Option<u32>,
    entries: usize,
    live: usize,
    armed: Vec<u16>,
}

/// One market's safe interval for an account. None means that side is never left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The market.
    pub market: MarketId,
    /// Fires at this price or below.
    pub below: Option<u128>,
    /// Fires at this price or above.
    pub above: Option<u128>,
}

impl Watch {
    /// Makes room for another market.
    pub fn add_market(&mut self) {
        self.markets.push(Side::default());
    }

    /// Makes room for another account and marks it pending.
    pub fn add_account(&mut self) {
        let account = u32::try_from(self.versions.len()).unwrap_or(u32::MAX);
        self.versions.push(0);
        self.armed.push(0);
        self.mark_pending(AccountId(account));
    }

    /// To be assessed with the next accounts taken.
    pub fn mark_pending(&mut self, account: AccountId) {
        if self.sweep.is_none_or(|from| account.0 < from) {
            self.pending.insert(account.0);
        }
    }

    /// Everybody is to be assessed: thresholds, pool state or the rulebook changed.
    pub fn mark_everyone(&mut self) {
        self.pending.clear();
        self.sweep = Some(0);
    }

    /// How many accounts wait.
    #[must_use]
    pub fn pending(&self) -> usize {
        let sweeping =
            self.sweep.map_or(0, |from| self.versions.len().saturating_sub(from as usize));
        self.pending.len() + sweeping
    }

    /// True if the account waits.
    #[must_use]
    pub fn is_pending(&self, account: AccountId) -> bool {
        self.pending.contains(&account.0) || self.sweep.is_some_and(|from| account.0 >= from)
    }

    /// Where a whole-book sweep stands, and who else waits.
    #[must_use]
    pub fn waiting(&self) -> (Option<u32>, Vec<u32>) {
        (self.sweep, self.pending.iter().copied().collect())
    }

    /// Takes the next account to assess, in order of number.
    pub fn take(&mut self) -> Option<AccountId> {
        if let Some(account) = self.pending.pop_first() {
            return Some(AccountId(account));
        }
        let from = self.sweep?;
        if from as usize >= self.versions.len() {
            self.sweep = None;
            return None;
        }
        self.sweep = (((from + 1) as usize) < self.versions.len()).then_some(from + 1);
        Some(AccountId(from))
    }

    /// A price was accepted: whoever's interval it left becomes pending. Returns how many
    /// entries fired.
    pub fn tick(&mut self, market: MarketId, price: u128) -> usize {
        let Some(side) = self.markets.get_mut(market.index()) else { return 0 };
        let at = bucket(price);
        let mut fired: Vec<Entry> = Vec::new();
        // Buckets are taken off the ends: splitting a map counts what it splits off.
        while let Some(crossed) = side.falling.last_entry().filter(|bucket| *bucket.key() > at) {
            fired.append(&mut crossed.remove());
        }
        while let Some(crossed) = side.rising.first_entry().filter(|bucket| *bucket.key() < at) {
            fired.append(&mut crossed.remove());
        }
        take_some(&mut side.falling, at, &mut fired, |entry| entry.trigger >= price);
        take_some(&mut side.rising, at, &mut fired, |entry| entry.trigger <= price);
        let blind = std::mem::take(&mut side.blind);
        self.entries -= fired.len();
        let count = fired.len() + blind.len();
        // A gap that crosses much of the book: one sweep is cheaper than sorting everybody.
        if count > WATCH_GARBAGE_MIN && count > self.versions.len() >> 2 {
            self.mark_everyone();
            return count;
        }
        for account in blind {
            self.mark_pending(AccountId(account));
        }
        for entry in fired {
            if self.versions[entry.account as usize] == entry.version {
                self.live -= 1;
                self.armed[entry.account as usize] -= 1;
                self.mark_pending(AccountId(entry.account));
            }
        }
        count
    }

    /// Time went on: whoever's statement has expired becomes pending.
    pub fn advance(&mut self, now: Time) {
        while let Some(first) = self.timers.first_entry() {
            if *first.key() > now {
                break;
            }
            for (account, version) in first.remove() {
                if self.versions[account as usize] == version {
                    self.mark_pending(AccountId(account));
                }
            }
        }
    }

    /// Forgets what was armed for the account.
    pub fn disarm(&mut self, account: AccountId) {
        let at = account.index();
        self.versions[at] = self.versions[at].wrapping_add(1);
        self.live -= usize::from(self.armed[at]);
        self.armed[at] = 0;
    }

    /// Arms the account anew: one interval a market, and an expiry.
    pub fn arm(&mut self, account: AccountId, intervals: &[Interval], until: Time) {
        self.disarm(account);
        let version = self.versions[account.index()];
        let mut armed = 0u16;
        for interval in intervals {
            let Some(side) = self.markets.get_mut(interval.market.index()) else { continue };
            let sides = [(interval.below, &mut side.falling), (interval.above, &mut side.rising)];
            for (trigger, queue) in sides {
                if let Some(trigger) = trigger {
                    let entry = Entry { trigger, account: account.0, version };
                    queue.entry(bucket(trigger)).or_default().push(entry);
                    armed = armed.saturating_add(1);
                }
            }
        }
        self.armed[account.index()] = armed;
        self.entries += usize::from(armed);
        self.live += usize::from(armed);
        self.wake(account, until);
        if self.entries > WATCH_GARBAGE_MIN && self.entries > self.live.saturating_mul(3) {
            self.sweep_garbage();
        }
    }

    /// Makes the account pending at `at` unless it is armed anew before.
    pub fn wake(&mut self, account: AccountId, at: Time) {
        if at < Time::MAX {
            let version = self.versions[account.index()];
            self.timers.entry(at).or_default().push((account.0, version));
        }
    }

    /// The account cannot be assessed before this market has a price.
    pub fn blind(&mut self, account: AccountId, market: MarketId) {
        self.disarm(account);
        if let Some(side) = self.markets.get_mut(market.index()) {
            side.blind.push(account.0);
        }
    }

    /// Drops entries that were armed anew since. Their share stays below two thirds.
    fn sweep_garbage(&mut self) {
        let versions = &self.versions;
        let keep = |entry: &Entry| versions[entry.account as usize] == entry.version;
        for side in &mut self.markets {
            for queue in [&mut side.falling, &mut side.rising] {
                queue.retain(|_, entries| {
                    entries.retain(keep);
                    !entries.is_empty()
                });
            }
        }
        self.entries = self.live;
    }
}

/// Takes those entries of one bucket that fire; the others stay where they are.
fn take_some(
    queue: &mut BTreeMap<u32, Vec<Entry>>,
    at: u32,
    fired: &mut Vec<Entry>,
    fires: impl Fn(&Entry) -> bool,
) {
    let Some(entries) = queue.get_mut(&at) else { return };
    fired.extend(entries.extract_if(.., |entry| fires(entry)));
    if entries.is_empty() {
        queue.remove(&at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_ascend_with_the_price() {
        let mut last = 0;
        for shift in 0..127u32 {
            for step in [0u128, 1, 3, 7, 100, 511, 513, 1_023] {
                let price = (1u128 << shift) + (step << shift.saturating_sub(10));
                assert!(bucket(price) >= last, "{price}");
                assert!(shift < 10 || bucket(price) < bucket(1u128 << (shift + 1)), "{price}");
                last = last.max(bucket(1u128 << shift));
            }
        }
        for price in 1..100_000u128 {
            assert!(bucket(price) <= bucket(price + 1));
        }
        assert_eq!(bucket(0), 0);
    }

    #[test]
    fn a_trigger_fires_at_its_price_and_not_one_unit_before() {
        for (price, fires) in [(1_001, false), (1_000, true), (1, true)] {
            let mut watch = Watch::default();
            watch.add_market();
            watch.add_account();
            watch.take();
            let below = Interval { market: MarketId(0), below: Some(1_000), above: None };
            watch.arm(AccountId(0), &[below], Time::MAX);
            watch.tick(MarketId(0), price);
            assert_eq!(watch.is_pending(AccountId(0)), fires, "at {price}");
        }
        for (price, fires) in [(999, false), (1_000, true), (u128::MAX, true)] {
            let mut watch = Watch::default();
            watch.add_market();
            watch.add_account();
            watch.take();
            let above = Interval { market: MarketId(0), below: None, above: Some(1_000) };
            watch.arm(AccountId(0), &[above], Time::MAX);
            watch.tick(MarketId(0), price);
            assert_eq!(watch.is_pending(AccountId(0)), fires, "at {price}");
        }
    }

    #[test]
    fn an_account_may_be_in_more_markets_than_a_byte_counts() {
        let mut watch = Watch::default();
        watch.add_account();
        watch.take();
        let both = |market| Interval { market, below: Some(1_000), above: Some(2_000) };
        let markets: Vec<MarketId> = (0..200).map(MarketId).collect();
        markets.iter().for_each(|_| watch.add_market());
        let intervals: Vec<Interval> = markets.iter().copied().map(both).collect();
        watch.arm(AccountId(0), &intervals, Time::MAX);
        for market in &markets {
            assert_eq!(watch.tick(*market, 900), 1);
            assert_eq!(watch.tick(*market, 2_100), 1);
        }
        assert!(watch.is_pending(AccountId(0)));
        assert_eq!((watch.entries, watch.live), (0, 0));
    }

    #[test]
    fn an_old_arming_never_fires_and_its_garbage_is_swept() {
        let mut watch = Watch::default();
        watch.add_market();
        watch.add_account();
        watch.take();
        for trigger in (0..100_000u128).rev() {
            let below = Interval { market: MarketId(0), below: Some(trigger), above: None };
            watch.arm(AccountId(0), &[below], Time::MAX);
        }
        assert!(watch.entries <= WATCH_GARBAGE_MIN + 1, "{}", watch.entries);
        watch.tick(MarketId(0), 1);
        assert!(!watch.is_pending(AccountId(0)));
        watch.wake(AccountId(0), Time(5));
        watch.advance(Time(4));
        assert!(!watch.is_pending(AccountId(0)));
        watch.advance(Time(5));
        assert!(watch.is_pending(AccountId(0)));
    }
}
