//! What the writer of an option must hold, by formula.
//!
//! With underlying `U`, strike `K`, option mark `m` (all in quote units) and what the option is out of
//! the money `O` (call `max(0, K - U)`, put `max(0, U - K)`), for one unit of underlying:
//!
//! ```text
//! initial     = max(range U - O, floor (U [+ m])) + m
//! maintenance = max(rate U [, rate m]) + m + liquidation fee U
//! ```
//!
//! The terms in brackets count where [`OptionRates`] says so, and so does whether the initial
//! requirement is at least the other. Settled in coin, the same is divided by `U`: all of it is
//! linear in `(U, K, m)`. Sources: Deribit standard margin as restated by TSLab and Bit.com
//! (`.15`, `.1`, `.075`, both put rules), OKX options margin (`floor (1 + m)` for puts), Bybit
//! options (`max(f U, f m) + m + fee U`); exchange reference, section 6. A buyer owes the premium and
//! nothing else.
//!
//! [`OptionRates::initial_exact`] and [`OptionRates::maintenance_exact`] are the rule in rationals;
//! [`OptionRates::initial`] and [`OptionRates::maintenance`] are its integers, rounded up.

use breakwater_money::rounding::{Rounding, mul_div_full, narrow_u128, pow10};
use breakwater_money::{MoneyError, Rational, U256, rational};
use breakwater_options::Kind;
use serde::{Deserialize, Serialize};

/// Decimals of a rate.
const RATE_DECIMALS: u8 = 9;

/// Most decimals that a scale may have: products of a price, a rate and powers of ten stay inside 256
/// bits for prices of 100 bits.
pub const DECIMALS_MAX: u8 = 18;

/// Which options a term counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Applies {
    /// To none.
    #[default]
    Nothing,
    /// To puts alone.
    Puts,
    /// To calls and puts.
    Both,
}

impl Applies {
    fn to(self, kind: Kind) -> bool {
        self == Applies::Both || (self == Applies::Puts && kind == Kind::Put)
    }
}

/// A venue's rates for short options, in 1e-9; a rate may exceed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionRates {
    /// Of the underlying, less what the option is out of the money.
    pub range_e9: u64,
    /// Of the underlying: the least that the first may fall to.
    pub floor_e9: u64,
    /// Whether that least is of underlying and mark together.
    #[serde(default)]
    pub floor_of_mark: Applies,
    /// Maintenance, of the underlying.
    pub maintenance_e9: u64,
    /// Whether maintenance is at least that share of the mark.
    #[serde(default)]
    pub maintenance_of_mark: Applies,
    /// Part of maintenance: the fee of a liquidation, of the underlying.
    #[serde(default)]
    pub liquidation_fee_e9: u64,
    /// Whether the initial requirement is at least that of maintenance.
    #[serde(default)]
    pub initial_covers_maintenance: Applies,
}

/// One unit of an option, its numbers in one quote unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Call or put.
    pub kind: Kind,
    /// Price of the underlying.
    pub underlying: Rational,
    /// Strike.
    pub strike: Rational,
    /// Mark of the option; of one quoted in coin, times the underlying.
    pub mark: Rational,
}

/// What the option's mark and requirement are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    /// In the quote asset, as the underlying's price.
    Quote,
    /// In the underlying itself.
    Coin,
}

/// Decimals of the integers, each at most [`DECIMALS_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decimals {
    /// Of the underlying's price and the strike.
    pub price: u8,
    /// Of the option's mark.
    pub mark: u8,
    /// Of sizes.
    pub size: u8,
    /// Of the settle asset: requirements are its base units.
    pub settle: u8,
}

/// A short position in one option, as integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShortOption {
    /// Call or put.
    pub kind: Kind,
    /// What mark and requirement are counted in.
    pub settled: Settled,
    /// Raw price of the underlying, above zero.
    pub underlying: u128,
    /// Raw strike.
    pub strike: u128,
    /// Raw mark.
    pub mark: u128,
    /// Raw size: units of the underlying, contracts times multiplier.
    pub size: u128,
}

/// Why there is no requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionMarginError {
    /// The underlying has no price. Wait for a mark.
    #[error("underlying is 0; a price above zero is right")]
    UnderlyingZero,
    /// A scale is finer than the arithmetic carries. Use a coarser one.
    #[error("decimals.{field} is {found}; at most {DECIMALS_MAX} is right")]
    Decimals {
        /// Which of them.
        field: &'static str,
        /// What was given.
        found: u8,
    },
    /// The requirement does not fit 128 bits, or a step on the way 256.
    #[error("option requirement: {0}")]
    Money(#[from] MoneyError),
}

type Result<T> = std::result::Result<T, OptionMarginError>;

impl Decimals {
    /// Refuses a scale that is too fine.
    ///
    /// # Errors
    /// The first that is above [`DECIMALS_MAX`].
    pub fn check(self) -> Result<()> {
        let all = [
            ("price", self.price),
            ("mark", self.mark),
            ("size", self.size),
            ("settle", self.settle),
        ];
        match all.into_iter().find(|(_, found)| *found > DECIMALS_MAX) {
            Some((field, found)) => Err(OptionMarginError::Decimals { field, found }),
            None => Ok(()),
        }
    }
}

impl OptionRates {
    /// The initial requirement of one short unit, in the unit's quote.
    #[must_use]
    pub fn initial_exact(&self, unit: &Unit) -> Rational {
        let Unit { kind, underlying, strike, mark } = unit;
        let away = match kind {
            Kind::Call => strike - underlying,
            Kind::Put => underlying - strike,
        };
        let ranged = rate(self.range_e9) * underlying - away.max(zero());
        let mut floored = underlying.clone();
        if self.floor_of_mark.to(*kind) {
            floored += mark;
        }
        let initial = ranged.max(rate(self.floor_e9) * floored) + mark;
        match self.initial_covers_maintenance.to(*kind) {
            true => initial.max(self.maintenance_exact(unit)),
            false => initial,
        }
    }

    /// The maintenance requirement of one short unit, in the unit's quote.
    #[must_use]
    pub fn maintenance_exact(&self, unit: &Unit) -> Rational {
        let Unit { kind, underlying, mark, .. } = unit;
        let of = match self.maintenance_of_mark.to(*kind) {
            true => underlying.max(mark),
            false => underlying,
        };
        rate(self.maintenance_e9) * of + mark + rate(self.liquidation_fee_e9) * underlying
    }

    /// The initial requirement of a short position in base units, rounded up.
    ///
    /// # Errors
    /// See [`OptionMarginError`].
    pub fn initial(&self, option: &ShortOption, decimals: Decimals) -> Result<u128> {
        let scaled = Scaled::new(option, decimals)?;
        let (kind, one_e9) = (option.kind, U256::from(1_000_000_000u64));
        let away = option.away().checked_mul(scaled.finer).ok_or(MoneyError::Overflow)?;
        let ranged = times(scaled.underlying, self.range_e9)?;
        let ranged = ranged.saturating_sub(away.checked_mul(one_e9).ok_or(MoneyError::Overflow)?);
        let floored = match self.floor_of_mark.to(kind) {
            true => sum(scaled.underlying, scaled.mark)?,
            false => scaled.underlying,
        };
        let floored = times(floored, self.floor_e9)?;
        let initial = sum(ranged.max(floored), times(scaled.mark, 1_000_000_000)?)?;
        let initial = match self.initial_covers_maintenance.to(kind) {
            true => initial.max(self.maintenance_e9_of(&scaled, kind)?),
            false => initial,
        };
        scaled.settle(initial, option.size)
    }

    /// The maintenance requirement of a short position in base units, rounded up.
    ///
    /// # Errors
    /// See [`OptionMarginError`].
    pub fn maintenance(&self, option: &ShortOption, decimals: Decimals) -> Result<u128> {
        let scaled = Scaled::new(option, decimals)?;
        scaled.settle(self.maintenance_e9_of(&scaled, option.kind)?, option.size)
    }

    /// Maintenance of one unit in 1e-9 of the scale of `scaled`.
    fn maintenance_e9_of(&self, scaled: &Scaled, kind: Kind) -> Result<U256> {
        let of = match self.maintenance_of_mark.to(kind) {
            true => scaled.underlying.max(scaled.mark),
            false => scaled.underlying,
        };
        let fee = times(scaled.underlying, self.liquidation_fee_e9)?;
        let marked = sum(times(scaled.mark, 1_000_000_000)?, fee)?;
        sum(times(of, self.maintenance_e9)?, marked)
    }
}

/// What an order to write must be covered by when it opens: the requirement less the premium that
/// it brings, plus the fee, not below zero. Where the venue says so (Bybit), `requirement` is that at
/// the larger of average fill price and mark.
#[must_use]
pub fn opening(requirement: u128, premium: u128, fee: u128) -> u128 {
    requirement.saturating_sub(premium).saturating_add(fee)
}

impl ShortOption {
    /// What the option is out of the money, raw.
    fn away(&self) -> U256 {
        U256::from(match self.kind {
            Kind::Call => self.strike.saturating_sub(self.underlying),
            Kind::Put => self.underlying.saturating_sub(self.strike),
        })
    }
}

/// Underlying and mark at one scale of `price + mark` decimals, and the way back to base units.
struct Scaled {
    underlying: U256,
    mark: U256,
    /// From raw prices to this scale: `10^mark`.
    finer: U256,
    /// A size in 1e-9 of this scale, times this, over `divisor`, is base units.
    factor: U256,
    divisor: U256,
}

impl Scaled {
    fn new(option: &ShortOption, decimals: Decimals) -> Result<Self> {
        decimals.check()?;
        if option.underlying == 0 {
            return Err(OptionMarginError::UnderlyingZero);
        }
        let power = |decimals| pow10(decimals).map(U256::from);
        let (raw, finer) = (U256::from(option.underlying), power(decimals.mark)?);
        // In coin the mark is a share of the underlying, and so is the result.
        let (to_price, per_unit) = match option.settled {
            Settled::Quote => (power(decimals.price)?, power(decimals.price)?),
            Settled::Coin => (raw, raw),
        };
        let product = |left: U256, right| left.checked_mul(right).ok_or(MoneyError::Overflow);
        let scale = power(decimals.mark + RATE_DECIMALS)?;
        Ok(Scaled {
            underlying: product(raw, finer)?,
            mark: product(U256::from(option.mark), to_price)?,
            finer,
            factor: power(decimals.settle)?,
            divisor: product(product(scale, power(decimals.size)?)?, per_unit)?,
        })
    }

    /// `unit_e9` for one unit, times `size`, in base units rounded up.
    fn settle(&self, unit_e9: U256, size: u128) -> Result<u128> {
        // 128 and 60 bits.
        let size = U256::from(size) * self.factor;
        Ok(narrow_u128(mul_div_full(unit_e9, size, self.divisor, Rounding::Ceil)?)?)
    }
}

fn times(value: U256, rate_e9: u64) -> Result<U256> {
    Ok(value.checked_mul(U256::from(rate_e9)).ok_or(MoneyError::Overflow)?)
}

fn sum(left: U256, right: U256) -> Result<U256> {
    Ok(left.checked_add(right).ok_or(MoneyError::Overflow)?)
}

/// An option bought: what is paid for it, in one unit or in base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuyCost<T> {
    /// Size times price.
    pub premium: T,
    /// The taker fee.
    pub fee: T,
    /// Both.
    pub cost: T,
}

/// What a buyer pays: `size price`, and `size min(taker index, cap price)` as fee (Bybit). The rates
/// are shares.
#[must_use]
pub fn buy_cost_exact(
    size: &Rational,
    price: &Rational,
    index: &Rational,
    taker: &Rational,
    cap: &Rational,
) -> BuyCost<Rational> {
    let premium = size * price;
    let fee = size * (taker * index).min(cap * price);
    BuyCost { cost: &premium + &fee, premium, fee }
}

/// A buy as integers: price at `mark` decimals, index at `price` decimals, size at `size` decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buy {
    /// Raw size.
    pub size: u128,
    /// Raw price of the option.
    pub price: u128,
    /// Raw index of the underlying.
    pub index: u128,
    /// Taker fee, of the index, in 1e-9.
    pub taker_e9: u64,
    /// The most that the fee may be of the price, in 1e-9.
    pub fee_cap_e9: u64,
}

/// What a buyer pays, settled in quote, in base units; premium and fee each rounded up.
///
/// # Errors
/// A scale is too fine, or a product too large.
pub fn buy_cost(buy: &Buy, decimals: Decimals) -> Result<BuyCost<u128>> {
    decimals.check()?;
    let power = |decimals| pow10(decimals).map(U256::from);
    // Price and index at one scale, as above; 128, 60 and 64 bits.
    let price = U256::from(buy.price) * power(decimals.price)?;
    let index = U256::from(buy.index) * power(decimals.mark)?;
    let fee_e9 = times(index, buy.taker_e9)?.min(times(price, buy.fee_cap_e9)?);
    let premium_e9 = times(price, 1_000_000_000)?;
    let size = U256::from(buy.size) * power(decimals.settle)?;
    let scale = power(decimals.price)? * power(decimals.mark)? * power(RATE_DECIMALS)?;
    let divisor = scale * power(decimals.size)?;
    let settle = |unit_e9| mul_div_full(unit_e9, size, divisor, Rounding::Ceil);
    let (premium, fee) = (narrow_u128(settle(premium_e9)?)?, narrow_u128(settle(fee_e9)?)?);
    let cost = premium.checked_add(fee).ok_or(MoneyError::Overflow)?;
    Ok(BuyCost { premium, fee, cost })
}

fn rate(rate_e9: u64) -> Rational {
    rational::from_raw(i128::from(rate_e9), RATE_DECIMALS)
}

fn zero() -> Rational {
    rational::from_raw(0, 0)
}

#[cfg(test)]
mod tests;
