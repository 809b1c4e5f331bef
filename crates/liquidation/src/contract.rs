//! What a contract is worth: one arithmetic for linear and inverse futures and for options.
//!
//! Seen from its holder, a position of `q` contracts is two balances: the contracts themselves, and
//! a quote side in the settle asset that remembers what was paid. Their sum at the mark is the
//! unrealised profit. With `n = |q| x multiplier`:
//!
//! ```text
//! linear    value of a long = + n P     the buyer pays    n P     at entry
//! inverse   value of a long = - n / P   the buyer gets    n / P   at entry; P in quote for one base
//! option    value of a long = + n m     the buyer pays the premium; m in the settle asset
//! ```
//!
//! A short is the opposite of a long. So an inverse contract is a linear one whose price is `1/P`
//! and whose sides are exchanged, and everything else about positions is the same for all three.

use crate::AssetKind;
use breakwater_money::rounding::{Rounding, mul_div, mul_div_bounds, mul_div_full, narrow_u128};
use breakwater_money::{AssetId, MoneyError, Price, Time, U256};
use serde::{Deserialize, Serialize};

/// Right of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionTerms {
    /// True for a call, false for a put.
    pub call: bool,
    /// Price of the underlying at which it is exercised.
    pub strike: Price,
    /// The asset whose market prices the underlying.
    pub underlying: AssetId,
    /// True if the payoff is divided by the underlying's price: settled in the underlying itself.
    pub coin: bool,
}

/// How a contract's value follows from its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// Quantity times price.
    Linear,
    /// Quantity over price, in the base asset.
    Inverse,
    /// Quantity times the option's own mark.
    Option(OptionTerms),
}

/// A contract: what one whole unit of it is, and what it settles in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractTerms {
    /// What profit and loss are paid in.
    pub settle: AssetId,
    /// How value follows from price.
    pub form: Form,
    /// Units in one whole contract, at `multiplier_decimals`: of the base for a linear contract or
    /// an option, of the quote currency for an inverse one.
    pub multiplier: u64,
    /// Scale of the multiplier.
    pub multiplier_decimals: u8,
    /// When it is delivered; none for a perpetual.
    pub expires: Option<Time>,
}

/// Most decimals of a multiplier: with those of contract, price and settle asset the scale of a
/// value stays far below 256 bits.
pub const MULTIPLIER_DECIMALS_MAX: u8 = 18;

impl ContractTerms {
    /// A perpetual on one whole unit of its market's base, settled in `settle`.
    #[must_use]
    pub const fn linear_perpetual(settle: AssetId) -> Self {
        ContractTerms {
            settle,
            form: Form::Linear,
            multiplier: 1,
            multiplier_decimals: 0,
            expires: None,
        }
    }

    /// True if whoever buys pays the value; false if whoever buys gets it (inverse contracts).
    #[must_use]
    pub const fn buyer_pays(&self) -> bool {
        !matches!(self.form, Form::Inverse)
    }

    /// True if a position of that side counts its value for it: a long, or an inverse short.
    #[must_use]
    pub const fn owns_value(&self, long: bool) -> bool {
        long == self.buyer_pays()
    }

    /// Value of `quantity` base units (of `decimals`) at `price`, in base units of a settle asset of
    /// `settle_decimals`. All scales enter before the one rounding.
    ///
    /// # Errors
    /// Overflow; a price of zero for an inverse contract.
    pub fn value(
        &self,
        quantity: u128,
        decimals: u8,
        price: Price,
        settle_decimals: u8,
        rounding: Rounding,
    ) -> Result<u128, MoneyError> {
        if let Some((units, factor, divisor)) =
            self.narrow(quantity, decimals, price, settle_decimals)
        {
            return mul_div(units, factor, divisor, rounding);
        }
        let scale = u32::from(decimals) + u32::from(self.multiplier_decimals);
        let (settle, quote) = (u32::from(settle_decimals), u32::from(price.decimals));
        // At most 2^128 times 2^64.
        let units = U256::from(quantity) * U256::from(self.multiplier);
        let worth = if matches!(self.form, Form::Inverse) {
            let over = U256::from(price.raw);
            // units x 10^(quote + settle - scale) / price
            match (quote + settle).checked_sub(scale) {
                Some(up) => mul_div_full(units, ten(up)?, over, rounding)?,
                None => {
                    let down = ten(scale - quote - settle)?;
                    let below = down.checked_mul(over).ok_or(MoneyError::Overflow)?;
                    mul_div_full(units, U256::ONE, below, rounding)?
                }
            }
        } else {
            let raw = U256::from(price.raw);
            match (scale + quote).checked_sub(settle) {
                Some(down) => mul_div_full(units, raw, ten(down)?, rounding)?,
                None => {
                    let up = ten(settle - scale - quote)?;
                    let raw = raw.checked_mul(up).ok_or(MoneyError::Overflow)?;
                    mul_div_full(units, raw, U256::ONE, rounding)?
                }
            }
        };
        narrow_u128(worth)
    }

    /// [`ContractTerms::value`] rounded down and rounded up, of one division.
    ///
    /// # Errors
    /// As [`ContractTerms::value`].
    pub fn value_bounds(
        &self,
        quantity: u128,
        decimals: u8,
        price: Price,
        settle_decimals: u8,
    ) -> Result<(u128, u128), MoneyError> {
        if let Some((units, factor, divisor)) =
            self.narrow(quantity, decimals, price, settle_decimals)
        {
            return mul_div_bounds(units, factor, divisor);
        }
        let value = |rounding| self.value(quantity, decimals, price, settle_decimals, rounding);
        Ok((value(Rounding::Floor)?, value(Rounding::Ceil)?))
    }

    /// The value as `units x factor / divisor`, where all three fit 128 bits, as the scales of real
    /// contracts do: the same quotient is several times cheaper there.
    fn narrow(
        &self,
        quantity: u128,
        decimals: u8,
        price: Price,
        settle_decimals: u8,
    ) -> Option<(u128, u128, u128)> {
        let scale = u32::from(decimals) + u32::from(self.multiplier_decimals);
        let (settle, quote) = (u32::from(settle_decimals), u32::from(price.decimals));
        let units = quantity.checked_mul(u128::from(self.multiplier))?;
        if matches!(self.form, Form::Inverse) {
            let up = (quote + settle).checked_sub(scale).and_then(small_ten)?;
            return Some((units, up, price.raw));
        }
        let down = (scale + quote).checked_sub(settle).and_then(small_ten)?;
        Some((units, price.raw, down))
    }

    /// Signed value of a position of `size` at `price` as it counts for its holder: rounded down
    /// for what is owned and up for what is owed.
    ///
    /// # Errors
    /// As [`ContractTerms::value`].
    pub fn position_value(
        &self,
        size: i128,
        decimals: u8,
        price: Price,
        settle_decimals: u8,
    ) -> Result<i128, MoneyError> {
        let owns = self.owns_value(size > 0);
        let rounding = if owns { Rounding::Floor } else { Rounding::Ceil };
        let value = self.value(size.unsigned_abs(), decimals, price, settle_decimals, rounding)?;
        let value = i128::try_from(value).map_err(|_| MoneyError::Overflow)?;
        Ok(if owns { value } else { -value })
    }

    /// The price at which `quantity` is worth `value` settle units: the inverse of
    /// [`ContractTerms::value`], at `price_decimals` and rounded as named.
    ///
    /// # Errors
    /// Overflow, or nothing to divide by: a quantity of zero, or for an inverse contract a value of
    /// zero.
    pub fn price_of(
        &self,
        quantity: u128,
        decimals: u8,
        value: u128,
        settle_decimals: u8,
        price_decimals: u8,
        rounding: Rounding,
    ) -> Result<Price, MoneyError> {
        let units = U256::from(quantity) * U256::from(self.multiplier);
        let scale = u32::from(decimals) + u32::from(self.multiplier_decimals);
        let (settle, quote) = (u32::from(settle_decimals), u32::from(price_decimals));
        let value = U256::from(value);
        let (above, below) = if matches!(self.form, Form::Inverse) {
            (units.checked_mul(ten(quote + settle)?), value.checked_mul(ten(scale)?))
        } else {
            (value.checked_mul(ten(scale + quote)?), units.checked_mul(ten(settle)?))
        };
        let (above, below) =
            (above.ok_or(MoneyError::Overflow)?, below.ok_or(MoneyError::Overflow)?);
        let raw = narrow_u128(mul_div_full(above, U256::ONE, below, rounding)?)?;
        Ok(Price::new(raw, price_decimals))
    }

    /// Base units worth `value` settle units at `price`: the quantity that
    /// [`ContractTerms::value`] values so, rounded as named.
    ///
    /// # Errors
    /// Overflow, or nothing to divide by: a multiplier or, but for an inverse contract, a price of
    /// zero.
    pub fn quantity_for(
        &self,
        value: u128,
        decimals: u8,
        price: Price,
        settle_decimals: u8,
        rounding: Rounding,
    ) -> Result<u128, MoneyError> {
        let scale = ten(u32::from(decimals) + u32::from(self.multiplier_decimals))?;
        let (settle, quote) = (ten(settle_decimals.into())?, ten(price.decimals.into())?);
        let (raw, multiplier) = (U256::from(price.raw), U256::from(self.multiplier));
        let (above, below) = if matches!(self.form, Form::Inverse) {
            (
                scale.checked_mul(raw),
                quote.checked_mul(settle).and_then(|b| b.checked_mul(multiplier)),
            )
        } else {
            (
                scale.checked_mul(quote),
                raw.checked_mul(settle).and_then(|b| b.checked_mul(multiplier)),
            )
        };
        let (above, below) =
            (above.ok_or(MoneyError::Overflow)?, below.ok_or(MoneyError::Overflow)?);
        narrow_u128(mul_div_full(U256::from(value), above, below, rounding)?)
    }

    /// What `quantity` pays its holder at delivery, as a value of the contract: the delivery price
    /// itself for a future, the payoff for an option.
    ///
    /// # Errors
    /// As [`ContractTerms::value`].
    pub fn delivery_value(
        &self,
        quantity: u128,
        decimals: u8,
        delivery: Price,
        settle_decimals: u8,
        rounding: Rounding,
    ) -> Result<u128, MoneyError> {
        let Form::Option(option) = self.form else {
            return self.value(quantity, decimals, delivery, settle_decimals, rounding);
        };
        let one = option.strike.decimals.max(delivery.decimals);
        let at_scale = |price: Price| -> Result<u128, MoneyError> {
            let up = narrow_u128(ten(u32::from(one - price.decimals))?)?;
            price.raw.checked_mul(up).ok_or(MoneyError::Overflow)
        };
        let (strike, spot) = (at_scale(option.strike)?, at_scale(delivery)?);
        let payoff =
            if option.call { spot.saturating_sub(strike) } else { strike.saturating_sub(spot) };
        if !option.coin {
            let payoff = Price::new(payoff, one);
            return self.value(quantity, decimals, payoff, settle_decimals, rounding);
        }
        // units x payoff / spot: the scale of the prices cancels.
        let units = U256::from(quantity) * U256::from(self.multiplier);
        let scale = u32::from(decimals) + u32::from(self.multiplier_decimals);
        let settle = u32::from(settle_decimals);
        let (payoff, spot) = (U256::from(payoff), U256::from(spot));
        let (above, below) = match settle.checked_sub(scale) {
            Some(up) => (payoff.checked_mul(ten(up)?), Some(spot)),
            None => (Some(payoff), spot.checked_mul(ten(scale - settle)?)),
        };
        let (above, below) =
            (above.ok_or(MoneyError::Overflow)?, below.ok_or(MoneyError::Overflow)?);
        narrow_u128(mul_div_full(units, above, below, rounding)?)
    }
}

impl AssetKind {
    /// A linear perpetual on one whole unit of its market's base, settled in `settle`.
    #[must_use]
    pub const fn linear_perpetual(settle: AssetId) -> Self {
        AssetKind::Contract(ContractTerms::linear_perpetual(settle))
    }

    /// The contract's terms; none for a token.
    #[must_use]
    pub const fn contract(&self) -> Option<&ContractTerms> {
        match self {
            AssetKind::Token => None,
            AssetKind::Contract(terms) => Some(terms),
        }
    }
}

fn small_ten(exponent: u32) -> Option<u128> {
    10u128.checked_pow(exponent)
}

fn ten(exponent: u32) -> Result<U256, MoneyError> {
    U256::from(10u8).checked_pow(U256::from(exponent)).ok_or(MoneyError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use breakwater_money::{Rational, rational};
    use proptest::prelude::*;

    const COIN: AssetId = AssetId(0);

    fn terms(form: Form, multiplier: u64, multiplier_decimals: u8) -> ContractTerms {
        ContractTerms { settle: COIN, form, multiplier, multiplier_decimals, expires: None }
    }

    #[test]
    fn a_hundred_dollar_inverse_contract_is_worth_less_coin_as_the_price_rises() {
        let contract = terms(Form::Inverse, 100, 0);
        // 50 contracts of 100 USD at 40,000 USD: 0.125 of a coin of eight decimals.
        let at = |raw, rounding| contract.value(50, 0, Price::new(raw, 2), 8, rounding);
        assert_eq!(at(4_000_000, Rounding::Floor), Ok(12_500_000));
        assert_eq!(at(8_000_000, Rounding::Floor), Ok(6_250_000));
        // 5,000 / 3,000,000 is no whole number of units.
        assert_eq!(at(300_000_000, Rounding::Floor), Ok(166_666));
        assert_eq!(at(300_000_000, Rounding::Ceil), Ok(166_667));
        assert!(at(0, Rounding::Floor).is_err());
        let value = |size| contract.position_value(size, 0, Price::new(300_000_000, 2), 8);
        assert_eq!((value(50), value(-50)), (Ok(-166_667), Ok(166_666)));
    }

    #[test]
    fn an_option_delivers_what_it_is_in_the_money() {
        let strike = Price::new(10_000, 0);
        let right = |call, coin| {
            let option = OptionTerms { call, strike, underlying: COIN, coin };
            terms(Form::Option(option), 1, 0)
        };
        let pays = |contract: ContractTerms, delivery: Price| {
            contract.delivery_value(10, 1, delivery, 8, Rounding::Floor).unwrap()
        };
        // One whole contract: 2,500 / 12,500 of a coin, and 2,500 in the quote currency.
        assert_eq!(pays(right(true, true), Price::new(1_250_000, 2)), 20_000_000);
        assert_eq!(pays(right(true, false), Price::new(1_250_000, 2)), 250_000_000_000);
        assert_eq!(pays(right(true, true), Price::new(10_000, 0)), 0);
        assert_eq!(pays(right(false, true), Price::new(1_250_000, 2)), 0);
        assert_eq!(pays(right(false, true), Price::new(8_000, 0)), 25_000_000);
        let future = terms(Form::Linear, 1, 0);
        assert_eq!(pays(future, Price::new(8_000, 0)), 800_000_000_000);
    }

    fn exact(contract: &ContractTerms, quantity: u128, decimals: u8, price: Price) -> Rational {
        let units = rational::from_raw(i128::try_from(quantity).unwrap(), decimals)
            * rational::from_raw(contract.multiplier.into(), contract.multiplier_decimals);
        let price = rational::from_raw(i128::try_from(price.raw).unwrap(), price.decimals);
        if contract.buyer_pays() { units * price } else { units / price }
    }

    proptest! {
        #[test]
        fn one_rounding_of_the_exact_value(
            quantity in 0u128..1 << 90, decimals in 0u8..9, raw in 1u128..1 << 70,
            price_decimals in 0u8..12, multiplier in 1u64..1_000_000, multiplier_decimals in 0u8..9,
            settle_decimals in 0u8..19, inverse in any::<bool>()
        ) {
            let form = if inverse { Form::Inverse } else { Form::Linear };
            let contract = terms(form, multiplier, multiplier_decimals);
            let price = Price::new(raw, price_decimals);
            let whole = exact(&contract, quantity, decimals, price);
            for rounding in [Rounding::Floor, Rounding::Ceil, Rounding::HalfUp] {
                let found = contract.value(quantity, decimals, price, settle_decimals, rounding);
                prop_assert_eq!(found, rational::to_raw(&whole, settle_decimals, rounding));
            }
            let each = |rounding| rational::to_raw(&whole, settle_decimals, rounding).ok();
            let both = each(Rounding::Floor).zip(each(Rounding::Ceil));
            let found = contract.value_bounds(quantity, decimals, price, settle_decimals);
            prop_assert_eq!(found.ok(), both);
        }

        #[test]
        fn the_quantity_of_a_value_is_worth_it(
            value in 0u128..1 << 60, decimals in 0u8..9, raw in 1u128..1 << 50,
            multiplier in 1u64..10_000, inverse in any::<bool>()
        ) {
            let form = if inverse { Form::Inverse } else { Form::Linear };
            let (contract, price) = (terms(form, multiplier, 2), Price::new(raw, 6));
            let quantity = |rounding| contract.quantity_for(value, decimals, price, 8, rounding);
            let worth = |quantity| contract.value(quantity, decimals, price, 8, Rounding::Ceil);
            let (Ok(least), Ok(most)) = (quantity(Rounding::Ceil), quantity(Rounding::Floor)) else {
                return Ok(());
            };
            prop_assert!(worth(least).is_ok_and(|worth| worth >= value));
            let floor = contract.value(most, decimals, price, 8, Rounding::Floor);
            prop_assert!(floor.is_ok_and(|worth| worth <= value));
        }

        #[test]
        fn the_price_of_a_value_gives_the_value_back(
            quantity in 1u128..1 << 60, decimals in 0u8..9, raw in 1u128..1 << 60,
            multiplier in 1u64..10_000, inverse in any::<bool>()
        ) {
            let form = if inverse { Form::Inverse } else { Form::Linear };
            let contract = terms(form, multiplier, 2);
            let price = Price::new(raw, 6);
            let found = contract.value(quantity, decimals, price, 12, Rounding::Floor);
            let Some(value) = found.ok().filter(|value| *value > 0) else { return Ok(()) };
            let back = |rounding| contract.price_of(quantity, decimals, value, 12, 6, rounding);
            // A value rounded down is that of a price a little lower, of an inverse one higher.
            if inverse {
                prop_assert!(back(Rounding::Ceil).is_ok_and(|back| back.raw >= raw));
            } else {
                prop_assert!(back(Rounding::Floor).is_ok_and(|back| back.raw <= raw));
            }
        }
    }
}
