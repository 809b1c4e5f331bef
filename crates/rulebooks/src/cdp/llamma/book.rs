//! The market's state as integers of a pool, and a loan as its account's row.

use super::parameters::MarketParameters;
use super::{Band, Bands, Changes, Feed, Head, Market, Memory, ONE, Pool, Position, Revert};
use breakwater_liquidation::{Effects, Layout, Rejected, Rejection, StateKey, View};
use breakwater_money::rounding::pow10;
use breakwater_money::{AccountId, AssetId, Time, U256};

/// Columns of the state, in the order of the layout.
pub(super) mod column {
    /// Asset: upper edge of band 0 when the market began (wad); zero before its first loan.
    pub const BASE_PRICE: u16 = 0;
    /// Asset: the band that trades now.
    pub const ACTIVE: u16 = 1;
    /// Asset: the highest-priced band that a swap may reach.
    pub const LOWEST: u16 = 2;
    /// Asset: the lowest-priced band that a swap may reach.
    pub const HIGHEST: u16 = 3;
    /// Asset: limited price at the last swap (wad).
    pub const MEMORY_PRICE: u16 = 4;
    /// Asset: fee that the price's moves had left at the last swap (wad).
    pub const MEMORY_FEE: u16 = 5;
    /// Asset: when the last swap was (Unix seconds).
    pub const MEMORY_AT: u16 = 6;
    /// Asset: growth by interest since the market began (wad).
    pub const MULTIPLIER: u16 = 7;
    /// Asset: until when that is (Unix seconds).
    pub const MULTIPLIER_AT: u16 = 8;
    /// Asset: loans of the market.
    pub const LOANS: u16 = 9;
    /// Account: a threshold of its own in basis points, zero for none.
    pub const OWN_THRESHOLD: u16 = 0;
    /// Account: bands of its next loan, zero for the market's usual number.
    pub const BANDS: u16 = 1;
    /// Account: the market of its loan, as the collateral's number plus one.
    pub const MARKET: u16 = 2;
    /// Account: the highest-priced band of its position.
    pub const FIRST: u16 = 3;
    /// Account: bands of its position.
    pub const COUNT: u16 = 4;
    /// Account: the market's multiplier when its debt was last written (wad).
    pub const THEN: u16 = 5;
    /// Cell by asset and band: borrowed coin (18 decimals).
    pub const BAND_BORROWED: u16 = 0;
    /// Cell by asset and band: collateral (18 decimals).
    pub const BAND_COLLATERAL: u16 = 1;
    /// Cell by asset and band: shares.
    pub const BAND_SHARES: u16 = 2;
    /// Cell by account and place in its position: shares.
    pub const ACCOUNT_SHARES: u16 = 3;
}

/// The integers that the rulebook remembers. Band numbers, which may be negative, are kept with
/// 2^63 added to them.
pub(super) static LAYOUT: Layout = Layout {
    pool: &[],
    asset: &[
        "base price (wad)",
        "active band (plus 2^63)",
        "lowest band (plus 2^63)",
        "highest band (plus 2^63)",
        "oracle's price remembered (wad)",
        "oracle's fee remembered (wad)",
        "oracle remembered at (Unix seconds)",
        "multiplier of interest (wad)",
        "multiplier of interest at (Unix seconds)",
        "loans",
    ],
    account: &[
        crate::desk::OWN_THRESHOLD,
        "bands of the next loan (4 to 50, 0 for the usual number)",
        "market of the loan (asset plus 1, 0 for none)",
        "first band of the position (plus 2^63)",
        "bands of the position",
        "multiplier of interest when the debt was written (wad)",
    ],
    cells: &[
        "borrowed coin of a band (18 decimals)",
        "collateral of a band (18 decimals)",
        "shares of a band",
        "shares of an account in a band",
    ],
};

const MIDDLE: u64 = 1 << 63;

/// A band number as an unsigned integer of the same order.
const fn encoded(n: i64) -> u64 {
    n.cast_unsigned() ^ MIDDLE
}

fn decoded(value: U256) -> i64 {
    (u64::try_from(value).unwrap_or(MIDDLE) ^ MIDDLE).cast_signed()
}

/// Whole seconds of an instant.
pub(super) fn seconds(now: Time) -> u64 {
    now.seconds_since(Time(0))
}

/// One market of a pool at the instant of a view.
pub(super) struct Scene<'a> {
    pub parameters: &'a MarketParameters,
    pub asset: AssetId,
    /// The market with its base price.
    pub market: Market,
    /// Price of the collateral as the venue's oracle tells it, and the time.
    pub feed: Feed,
    view: View<'a>,
    head: Head,
    loans: u64,
}

impl Bands for Scene<'_> {
    fn head(&self) -> Head {
        self.head
    }

    fn band(&self, n: i64) -> Band {
        let cell = |table| {
            let asset = u64::from(self.asset.0);
            self.view.state(StateKey::Cell(table, asset, encoded(n)))
        };
        Band {
            borrowed: cell(column::BAND_BORROWED),
            collateral: cell(column::BAND_COLLATERAL),
            shares: cell(column::BAND_SHARES),
        }
    }
}

impl<'a> Scene<'a> {
    /// The market of `asset` as it stands; one that begins at this price if it has had no loan yet.
    pub(super) fn of(
        view: &View<'a>,
        asset: AssetId,
        parameters: &'a MarketParameters,
        market: &Market,
    ) -> Result<Self, Rejected> {
        let feed = feed(view, asset)?;
        let state = |column| view.state(StateKey::Asset(asset, column));
        let second = |column| u64::try_from(state(column)).unwrap_or(u64::MAX);
        let base_price = state(column::BASE_PRICE);
        let scene = |base_price, head, loans| Scene {
            parameters,
            asset,
            market: market.based(base_price),
            feed,
            view: *view,
            head,
            loans,
        };
        if base_price.is_zero() {
            // A market of the venue has long been there when a book comes: nobody has swapped with
            // it within the oracle's window, which begins at the contract's own creation.
            let mut head = Pool::new(feed).head;
            head.memory.at = 0;
            return Ok(scene(feed.price, head, 0));
        }
        let elapsed = feed.now.saturating_sub(second(column::MULTIPLIER_AT));
        let head = Head {
            active: decoded(state(column::ACTIVE)),
            lowest: decoded(state(column::LOWEST)),
            highest: decoded(state(column::HIGHEST)),
            multiplier: parameters.grown(state(column::MULTIPLIER), elapsed)?,
            memory: Memory {
                price: state(column::MEMORY_PRICE),
                fee: state(column::MEMORY_FEE),
                at: second(column::MEMORY_AT),
            },
        };
        Ok(scene(base_price, head, second(column::LOANS)))
    }

    /// Whether the market has had a loan.
    pub(super) fn has_begun(view: &View<'_>, asset: AssetId) -> bool {
        !view.state(StateKey::Asset(asset, column::BASE_PRICE)).is_zero()
    }

    /// Puts `changes` into effects.
    pub(super) fn write(&self, changes: &Changes, effects: &mut Effects) {
        let head = changes.head;
        self.set(effects, column::ACTIVE, U256::from(encoded(head.active)));
        self.set(effects, column::LOWEST, U256::from(encoded(head.lowest)));
        self.set(effects, column::HIGHEST, U256::from(encoded(head.highest)));
        self.set(effects, column::MEMORY_PRICE, head.memory.price);
        self.set(effects, column::MEMORY_FEE, head.memory.fee);
        self.set(effects, column::MEMORY_AT, U256::from(head.memory.at));
        for (n, band) in &changes.bands {
            for (table, value) in [
                (column::BAND_BORROWED, band.borrowed),
                (column::BAND_COLLATERAL, band.collateral),
                (column::BAND_SHARES, band.shares),
            ] {
                let key = StateKey::Cell(table, u64::from(self.asset.0), encoded(*n));
                effects.set(key, value);
            }
        }
    }

    /// Puts the interest up to now into effects, as each call on a loan does, and the base price of
    /// a market that begins with it.
    pub(super) fn save_rate(&self, effects: &mut Effects) {
        self.set(effects, column::BASE_PRICE, self.market.terms().base_price);
        self.set(effects, column::MULTIPLIER, self.head.multiplier);
        self.set(effects, column::MULTIPLIER_AT, U256::from(self.feed.now));
    }

    /// Counts a loan more or less.
    pub(super) fn count(&self, more: bool, effects: &mut Effects) {
        let loans = if more { self.loans.saturating_add(1) } else { self.loans.saturating_sub(1) };
        self.set(effects, column::LOANS, U256::from(loans));
    }

    fn set(&self, effects: &mut Effects, column: u16, value: U256) {
        effects.set(StateKey::Asset(self.asset, column), value);
    }

    /// What a loan has grown to, in units of the currency.
    pub(super) fn debt(&self, loan: &Loan) -> Result<U256, Revert> {
        let only = self.loans <= 1;
        super::controller::debt(U256::from(loan.raw), loan.then, self.head.multiplier, only)
    }
}

/// The mark of a collateral as the venue's oracle gives it: whole tokens in the currency, which the
/// venue's oracles count as worth one in the numeraire. Exact, a wad having more decimals.
fn feed(view: &View<'_>, asset: AssetId) -> Result<Feed, Rejected> {
    let price = view.price(asset)?;
    let missing = 18u8.checked_sub(price.decimals).ok_or(Rejection::Overflow)?;
    let scale = U256::from(pow10(missing)?);
    let price = U256::from(price.raw).checked_mul(scale).ok_or(Rejection::Overflow)?;
    Ok(Feed { price, now: seconds(view.now) })
}

/// A loan as its account's row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loan {
    /// The collateral, and so the market.
    pub asset: AssetId,
    /// Debt when it was last written, units of the currency.
    pub raw: u128,
    /// The market's multiplier then (wad).
    pub then: U256,
    /// Where the collateral lies; none where there is too little of it to lie anywhere.
    pub position: Option<Position>,
}

impl Loan {
    /// First and last band of the account's position, if it has one in the market of `asset`.
    pub(super) fn spans(view: &View<'_>, account: AccountId, asset: AssetId) -> Option<(i64, i64)> {
        let state = |column| view.state(StateKey::Account(account, column));
        if state(column::MARKET) != U256::from(u64::from(asset.0) + 1) {
            return None;
        }
        let count = i64::try_from(state(column::COUNT)).ok().filter(|count| *count > 0)?;
        let first = decoded(state(column::FIRST));
        Some((first, first.saturating_add(count - 1)))
    }

    /// The loan of an account that owes `raw`.
    pub(super) fn read(view: &View<'_>, account: AccountId, raw: u128) -> Option<Self> {
        let state = |column| view.state(StateKey::Account(account, column));
        let market = u16::try_from(state(column::MARKET)).ok()?.checked_sub(1)?;
        let count = u64::try_from(state(column::COUNT)).unwrap_or(0);
        let row = u64::from(account.0);
        let share = |place| view.state(StateKey::Cell(column::ACCOUNT_SHARES, row, place));
        let position = (count > 0).then(|| Position {
            first: decoded(state(column::FIRST)),
            shares: (0..count).map(share).collect(),
        });
        Some(Loan { asset: AssetId(market), raw, then: state(column::THEN), position })
    }
}

/// Writes where an account's collateral lies, over what lay there before.
pub(super) fn store_position(
    account: AccountId,
    before: Option<&Position>,
    after: Option<&Position>,
    effects: &mut Effects,
) {
    let set = |column, value| (StateKey::Account(account, column), value);
    let bands = |position: Option<&Position>| position.map_or(0, |p| p.shares.len());
    let first = after.map_or(U256::ZERO, |position| U256::from(encoded(position.first)));
    effects.state.push(set(column::FIRST, first));
    effects.state.push(set(column::COUNT, U256::from(bands(after))));
    let shares = after.map_or(&[][..], |position| &position.shares);
    let none = std::iter::repeat(U256::ZERO);
    let places = bands(before).max(bands(after));
    for (place, share) in (0u64..).zip(shares.iter().copied().chain(none)).take(places) {
        effects.set(StateKey::Cell(column::ACCOUNT_SHARES, u64::from(account.0), place), share);
    }
}

/// Writes which market an account's loan is in.
pub(super) fn store_market(account: AccountId, asset: Option<AssetId>, effects: &mut Effects) {
    let number = asset.map_or(U256::ZERO, |asset| U256::from(u64::from(asset.0) + 1));
    effects.set(StateKey::Account(account, column::MARKET), number);
}

/// One in the scale of ratios.
pub(super) fn one() -> U256 {
    U256::from(ONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn band_numbers_keep_their_order() {
        let numbers = [i64::MIN, -1_025, -1, 0, 1, 50, i64::MAX];
        for pair in numbers.windows(2) {
            assert!(encoded(pair[0]) < encoded(pair[1]));
        }
        for n in numbers {
            assert_eq!(decoded(U256::from(encoded(n))), n);
        }
    }
}
