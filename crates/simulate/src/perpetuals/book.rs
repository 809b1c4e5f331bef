//! The drawn book.
//!
//! A trader's draws depend on seed and number alone, so a book of more traders holds every trader of
//! a smaller one. What closes the book are the makers: they share what of the open interest traders
//! leave open on each side, and the last short one opened at the price at which entry values of both
//! sides are equal. So every long has a short, in contracts and in money.

use super::draw::{Draw, Field};
use super::settings::{Distributions, Size};
use super::{PRICE_DECIMALS, VALUE_DECIMALS};
use crate::ScenarioError;
use crate::market::{ONE, overflow};
use breakwater_money::Rounding;
use breakwater_money::rounding::{div, mul_div};

/// Which way a position gains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PositionSide {
    /// When the price rises.
    Long,
    /// When the price falls.
    Short,
}

/// Why an account is in the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Drawn.
    Trader,
    /// Holds what traders leave open.
    MarketMaker,
}

/// A part of a position with the price it was opened at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    /// Base units, at [`super::BASE_DECIMALS`].
    pub quantity: u128,
    /// Price, cents.
    pub price_cents: u128,
}

/// One account: a position and the cash behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerpetualAccount {
    /// Its place in the book, from 0.
    pub number: u32,
    /// Why it is there.
    pub role: Role,
    /// Which way it gains.
    pub side: PositionSide,
    /// How the position came about; two fills where no one price gives the entry value.
    pub fills: Vec<Fill>,
    /// Entry value over margin, hundredths, before the margin is raised to a cent.
    pub leverage_e2: u32,
    /// What the position was opened with, cents.
    pub margin_cents: u128,
    /// Cash beside it, cents.
    pub wallet_cents: u128,
    /// True if only the margin answers for the position.
    pub isolated: bool,
}

impl PerpetualAccount {
    /// Base units held.
    #[must_use]
    pub fn size(&self) -> u128 {
        self.fills.iter().map(|fill| fill.quantity).sum()
    }

    /// What the position was opened for, at [`super::VALUE_DECIMALS`], exact.
    #[must_use]
    pub fn entry_value(&self) -> u128 {
        self.fills.iter().map(|fill| fill.quantity * fill.price_cents).sum()
    }

    /// Unrealised profit at a mark in cents, at [`super::VALUE_DECIMALS`], exact. None if the mark is
    /// so high that the value does not fit.
    #[must_use]
    pub fn profit_at(&self, mark_cents: u128) -> Option<i128> {
        let value = i128::try_from(self.size().checked_mul(mark_cents)?).ok()?;
        let entry = i128::try_from(self.entry_value()).ok()?;
        match self.side {
            PositionSide::Long => value.checked_sub(entry),
            PositionSide::Short => entry.checked_sub(value),
        }
    }
}

/// What stands on one side of a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SideTotal {
    /// Positions.
    pub accounts: u32,
    /// Base units.
    pub size: u128,
    /// At [`super::VALUE_DECIMALS`].
    pub entry_value: u128,
}

/// Accounts over one contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerpetualBook {
    /// Traders by number, then long makers, then short ones.
    pub accounts: Vec<PerpetualAccount>,
    /// Base units held on either side.
    pub open_interest: u128,
    /// The price that entries lie around, cents.
    pub start_cents: u128,
}

impl PerpetualBook {
    /// Draws the book that `distributions` state, around a first price of `start_cents`.
    ///
    /// # Errors
    /// Traders alone hold the open interest or more on a side, or a position is larger than any cap
    /// of leverage allows.
    pub fn draw(
        distributions: &Distributions,
        start_cents: u128,
    ) -> Result<PerpetualBook, ScenarioError> {
        if start_cents == 0 || start_cents > START_MAX {
            let reason = format!("{start_cents}; expected 1 to {START_MAX} cents");
            return Err(ScenarioError::setting("the first price", reason));
        }
        let mut accounts = Vec::new();
        for number in 0..distributions.traders {
            accounts.push(trader(distributions, start_cents, number)?);
        }
        let open_interest = distributions.open_interest;
        let mut book = PerpetualBook { accounts, open_interest, start_cents };
        book.add_makers(distributions, PositionSide::Long)?;
        book.add_makers(distributions, PositionSide::Short)?;
        Ok(book)
    }

    /// What stands long.
    #[must_use]
    pub fn long(&self) -> SideTotal {
        self.total(PositionSide::Long)
    }

    /// What stands short.
    #[must_use]
    pub fn short(&self) -> SideTotal {
        self.total(PositionSide::Short)
    }

    fn total(&self, side: PositionSide) -> SideTotal {
        let mut total = SideTotal::default();
        for account in self.accounts.iter().filter(|account| account.side == side) {
            total.accounts += 1;
            total.size += account.size();
            total.entry_value += account.entry_value();
        }
        total
    }

    /// Value of the open interest at a mark, cents, floored: what fund sizes are a share of.
    ///
    /// # Errors
    /// Overflow.
    pub fn open_interest_value(&self, mark_cents: u128) -> Result<u128, ScenarioError> {
        let unit = 10u128.pow(u32::from(VALUE_DECIMALS - PRICE_DECIMALS));
        mul_div(self.open_interest, mark_cents, unit, Rounding::Floor).map_err(overflow)
    }

    /// blake3 of every figure of every account in order: the same settings draw the same book on any
    /// machine exactly if this is equal.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for account in &self.accounts {
            let flags = [
                u8::from(account.role == Role::MarketMaker),
                u8::from(account.side == PositionSide::Short),
                u8::from(account.isolated),
            ];
            hasher.update(&account.number.to_le_bytes());
            hasher.update(&flags);
            hasher.update(&account.leverage_e2.to_le_bytes());
            for fill in &account.fills {
                hasher.update(&fill.quantity.to_le_bytes());
                hasher.update(&fill.price_cents.to_le_bytes());
            }
            hasher.update(&account.margin_cents.to_le_bytes());
            hasher.update(&account.wallet_cents.to_le_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Adds the makers of one side. Short ones come last: their entries even out the values.
    fn add_makers(
        &mut self,
        distributions: &Distributions,
        side: PositionSide,
    ) -> Result<(), ScenarioError> {
        let makers = match side {
            PositionSide::Long => distributions.makers.long,
            PositionSide::Short => distributions.makers.short,
        };
        let held = self.total(side).size;
        let left = self.open_interest.checked_sub(held).filter(|left| *left >= makers.into());
        let Some(left) = left else {
            let [held, asked] = [held, self.open_interest]
                .map(|raw| breakwater_money::decimal::format_raw(raw, super::BASE_DECIMALS));
            let reason = format!("{asked}; expected more than traders hold on one side, {held}");
            return Err(ScenarioError::setting("book.open_interest", reason));
        };
        let even = div(left, makers.into(), Rounding::Floor).map_err(overflow)?;
        for place in 0..makers {
            let last = place + 1 == makers;
            let quantity = if last { left - even * u128::from(place) } else { even };
            let fills = if last && side == PositionSide::Short {
                self.evening_fills(quantity)?
            } else {
                let number = self.accounts.len() as u64;
                let draw = Draw::new(
                    distributions.seed,
                    MAKERS_FROM + number - u64::from(distributions.traders),
                );
                let leverage_e2 = distributions.makers_leverage_e2;
                let price_cents = entry(distributions, draw, self.start_cents, leverage_e2);
                vec![Fill { quantity, price_cents }]
            };
            self.push_market_maker(side, fills, distributions.makers_leverage_e2)?;
        }
        Ok(())
    }

    /// Fills of `quantity` at two neighbouring prices, so that shorts opened for exactly as much as
    /// longs did.
    fn evening_fills(&self, quantity: u128) -> Result<Vec<Fill>, ScenarioError> {
        let (longs, shorts) = (self.long().entry_value, self.short().entry_value);
        let value = longs.saturating_sub(shorts);
        let price = div(value, quantity, Rounding::Floor).map_err(overflow)?;
        if price == 0 {
            let reason = "the last short maker's entry would be below a cent; expected more open \
                          interest, or entries nearer to the first price";
            return Err(ScenarioError::setting("book.open_interest", reason));
        }
        let above = value - price * quantity;
        let fills = [
            Fill { quantity: quantity - above, price_cents: price },
            Fill { quantity: above, price_cents: price + 1 },
        ];
        Ok(fills.into_iter().filter(|fill| fill.quantity > 0).collect())
    }

    fn push_market_maker(
        &mut self,
        side: PositionSide,
        fills: Vec<Fill>,
        leverage_e2: u32,
    ) -> Result<(), ScenarioError> {
        let number = u32::try_from(self.accounts.len()).unwrap_or(u32::MAX);
        let mut account = PerpetualAccount {
            number,
            role: Role::MarketMaker,
            side,
            fills,
            leverage_e2,
            margin_cents: 0,
            wallet_cents: 0,
            isolated: false,
        };
        account.margin_cents = margin(account.entry_value(), leverage_e2)?;
        self.accounts.push(account);
        Ok(())
    }
}

/// Highest first price, cents: a position of 21 million units at a hundred times as much still fits.
const START_MAX: u128 = 1_000_000_000_000;

/// Makers are drawn as accounts from here on, so that no number of traders reaches them.
const MAKERS_FROM: u64 = 1 << 40;

/// Hundredths in one.
const E2: u128 = 100;

fn trader(
    distributions: &Distributions,
    start_cents: u128,
    number: u32,
) -> Result<PerpetualAccount, ScenarioError> {
    let draw = Draw::new(distributions.seed, number.into());
    let side = match draw.happens(Field::Side, distributions.long_share, ONE) {
        true => PositionSide::Long,
        false => PositionSide::Short,
    };
    let size = match side {
        PositionSide::Long => distributions.long_size,
        PositionSide::Short => distributions.short_size,
    };
    let quantity = lognormal(draw, size);
    let leverage_e2 = leverage(distributions, draw, quantity * start_cents)?;
    let price_cents = entry(distributions, draw, start_cents, leverage_e2);
    let margin_cents = margin(quantity * price_cents, leverage_e2)?;
    Ok(PerpetualAccount {
        number,
        role: Role::Trader,
        side,
        fills: vec![Fill { quantity, price_cents }],
        leverage_e2,
        margin_cents,
        wallet_cents: wallet(distributions, draw, margin_cents)?,
        isolated: draw.happens(Field::Isolated, distributions.isolated_share, ONE),
    })
}

fn lognormal(draw: Draw, size: Size) -> u128 {
    let factor = libm::exp(size.sigma_e6 as f64 / 1e6 * draw.normal(Field::Size));
    let drawn = libm::round(size.median as f64 * factor);
    // A conversion from a float saturates, and both ends are cut anyhow.
    (drawn as u128).clamp(1, size.largest)
}

/// The drawn multiple, or the next lower one of the list that the value allows.
fn leverage(distributions: &Distributions, draw: Draw, value: u128) -> Result<u32, ScenarioError> {
    let unit = 10u128.pow(u32::from(VALUE_DECIMALS - PRICE_DECIMALS));
    let cap = distributions.caps.iter().find(|(notional, _)| value <= notional * unit);
    let Some((_, cap)) = cap else {
        let cents = div(value, unit, Rounding::Ceil).map_err(overflow)?;
        let value = breakwater_money::decimal::format_raw(cents, PRICE_DECIMALS);
        let reason =
            format!("no cap for a position of {value}; expected one, or smaller positions");
        return Err(ScenarioError::setting("book.leverage_cap", reason));
    };
    let weights: Vec<u32> = distributions.leverage.iter().map(|entry| entry.weight).collect();
    let drawn = draw.pick(Field::Leverage, &weights);
    let allowed = distributions
        .leverage
        .iter()
        .take(drawn + 1)
        .rev()
        .find(|entry| entry.times <= *cap)
        .map_or(1, |entry| entry.times);
    Ok(u32::from(allowed) * 100)
}

/// An entry around the first price. A highly leveraged position was opened near it, or it would not
/// be here any more: the deviation is at most half the reach, and the reach is never left. A loss of
/// the whole reach is the stated share of the margin at the entry, which is smaller than one at the
/// first price where the entry lies below that: hence the share over one more than itself.
fn entry(distributions: &Distributions, draw: Draw, start_cents: u128, leverage_e2: u32) -> u128 {
    let margin = E2 as f64 / f64::from(leverage_e2);
    let share = distributions.entry_reach as f64 / ONE as f64 * margin;
    let reach = share / (1.0 + share);
    let spread = (f64::from(distributions.entry_spread_bps) / 10_000.0).min(reach / 2.0);
    let away = (spread * draw.normal(Field::Entry)).clamp(-reach, reach);
    (libm::round(start_cents as f64 * (1.0 + away)) as u128).max(1)
}

/// Entry value over leverage, raised to a cent.
fn margin(entry_value: u128, leverage_e2: u32) -> Result<u128, ScenarioError> {
    let unit = 10u128.pow(u32::from(VALUE_DECIMALS - PRICE_DECIMALS));
    mul_div(entry_value, E2, unit * u128::from(leverage_e2), Rounding::Ceil).map_err(overflow)
}

fn wallet(
    distributions: &Distributions,
    draw: Draw,
    margin_cents: u128,
) -> Result<u128, ScenarioError> {
    if draw.happens(Field::WalletNone, distributions.wallet_none_share, ONE) {
        return Ok(0);
    }
    // Shares at 1e6: below a cent for margins up to ten thousand, and no float touches the money.
    let times_e6 = libm::round(draw.exponential(Field::Wallet) * 1e6) as u128;
    let mean = mul_div(margin_cents, distributions.wallet_mean, ONE, Rounding::Floor);
    mul_div(mean.map_err(overflow)?, times_e6, 1_000_000, Rounding::Floor).map_err(overflow)
}
