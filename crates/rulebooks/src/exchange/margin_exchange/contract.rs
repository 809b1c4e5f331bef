//! A contract of the pool under this rule: what a position in it must hold.

use super::parameters::Basis;
use breakwater_liquidation::{ContractTerms, Form, Rejected, Rejection};
use breakwater_margin::option::OptionRates;
use breakwater_margin::tiers::{RATE_ONE_E9, Tier, TierTable};
use breakwater_money::rounding::{Rounding, div, div_wide, mul_div, mul_div_full, narrow_u128};
use breakwater_money::{MoneyError, Price, U256};

/// A contract with its margin.
#[derive(Debug, Clone)]
pub(super) struct Contract {
    /// What it is.
    pub terms: ContractTerms,
    /// Decimals of its quantity.
    pub decimals: u8,
    /// Decimals of its settle asset.
    pub settle_decimals: u8,
    /// Place of its settle asset among the margin assets.
    pub slot: usize,
    /// Its brackets, in base units of the settle asset, the closing fee inside their rates.
    pub table: TierTable,
    /// What a requirement is a share of.
    pub basis: Basis,
    /// Fee on the value liquidated, basis points.
    pub clearance_fee_bps: u16,
    /// Rate that each whole unit of size adds to both margins, 1e-9.
    pub slope_e9: u64,
    /// Open interest between which the initial rate rises to one, base units of the settle asset.
    pub scale: Option<(u128, u128)>,
    /// Most base units an account may hold.
    pub position_max: Option<u128>,
    /// Most base units that all accounts may hold on one side.
    pub open_interest_max: Option<u128>,
    /// Largest rate of one funding payment, 1e12.
    pub funding_max_e12: i64,
    /// How a short option is required for; none for futures.
    pub option: Option<OptionRates>,
    /// Contracts that portfolio margin takes together.
    pub group: Option<usize>,
    /// Whether whoever holds the option may use it before its end.
    pub early_exercise: bool,
}

/// A position at its mark, in base units of the settle asset.
#[derive(Debug, Clone, Copy)]
pub(super) struct Valued {
    /// Rounded down where it is owned and up in magnitude where it is owed.
    pub value: i128,
    /// Raised.
    pub notional: u128,
}

impl Contract {
    /// Value of `quantity` at `price` in base units of the settle asset.
    pub fn worth(
        &self,
        quantity: u128,
        price: Price,
        rounding: Rounding,
    ) -> Result<u128, MoneyError> {
        self.terms.value(quantity, self.decimals, price, self.settle_decimals, rounding)
    }

    /// A position at a price.
    pub fn value(&self, size: i128, price: Price) -> Result<Valued, Rejected> {
        let (decimals, settle_decimals) = (self.decimals, self.settle_decimals);
        let size_held = size.unsigned_abs();
        let (owned, notional) =
            self.terms.value_bounds(size_held, decimals, price, settle_decimals)?;
        let owns = self.terms.owns_value(size > 0);
        let value = if owns { signed(owned)? } else { -signed(notional)? };
        Ok(Valued { value, notional })
    }

    /// What the requirement of a position is a share of: its notional at the mark, or what it was
    /// entered at.
    pub fn base(&self, notional: u128, quote: i128) -> u128 {
        match self.basis {
            Basis::Mark => notional,
            Basis::Entry => quote.unsigned_abs(),
        }
    }

    /// The bracket of `notional`; the last one above the position limit, where a price can carry a
    /// position that was opened below it, so that it is never without a requirement.
    pub fn tier(&self, notional: u128) -> Result<(&Tier, U256), MoneyError> {
        let last = self.table.tiers().len() - 1; // infallible: a table has at least one tier
        let index = self.table.tier_of(notional).unwrap_or(last);
        let tier = self.table.tiers().get(index).ok_or(MoneyError::Underflow)?;
        let deduction = self.table.deductions_e9().get(index).ok_or(MoneyError::Underflow)?;
        Ok((tier, *deduction))
    }

    /// What the size adds to the rate, in 1e-9, raised: slope times whole units. The size of an
    /// inverse contract is its value in the base asset.
    pub fn sloped_e9(&self, size: u128, notional: u128) -> Result<u128, MoneyError> {
        if self.slope_e9 == 0 {
            return Ok(0);
        }
        let (units, decimals) = if matches!(self.terms.form, Form::Inverse) {
            (notional, self.settle_decimals)
        } else {
            let multiplier = u128::from(self.terms.multiplier);
            let units = size.checked_mul(multiplier).ok_or(MoneyError::Overflow)?;
            (units, self.decimals + self.terms.multiplier_decimals)
        };
        let whole = breakwater_money::rounding::pow10(decimals)?;
        mul_div(units, self.slope_e9.into(), whole, Rounding::Ceil)
    }

    /// `base x rate - deduction`, raised: the solver's piecewise line at an integer; with what the
    /// size adds.
    pub fn maintenance(&self, base: u128, size: u128) -> Result<u128, MoneyError> {
        let (tier, deduction) = self.tier(base)?;
        let rate = u128::from(tier.rate_e9)
            .checked_add(self.sloped_e9(size, base)?)
            .ok_or(MoneyError::Overflow)?;
        // In 128 bits where it fits, as it nearly always does: the same integer, and far cheaper.
        if let (Some(whole), Ok(less)) = (base.checked_mul(rate), u128::try_from(deduction)) {
            let exact = whole.checked_sub(less).ok_or(MoneyError::Underflow)?;
            return div(exact, RATE_ONE_E9.into(), Rounding::Ceil);
        }
        let exact = breakwater_money::rounding::product(&[U256::from(base), U256::from(rate)])?
            .checked_sub(deduction)
            .ok_or(MoneyError::Underflow)?;
        narrow_u128(div_wide(exact, U256::from(RATE_ONE_E9), Rounding::Ceil)?)
    }

    /// `base / leverage`, raised, and as much of the rest as open interest asks for: between the two
    /// bounds the rate rises from its own to one.
    pub fn initial(&self, base: u128, size: u128, open_interest: u128) -> Result<u128, MoneyError> {
        let leverage = u128::from(self.tier(base)?.0.leverage_max);
        let one = u128::from(RATE_ONE_E9);
        let sloped = mul_div(base, self.sloped_e9(size, base)?, one, Rounding::Ceil)?;
        let own = div(base, leverage, Rounding::Ceil)?
            .checked_add(sloped)
            .ok_or(MoneyError::Overflow)?
            .min(base);
        let Some((lower, upper)) = self.scale else { return Ok(own) };
        let above = open_interest.saturating_sub(lower);
        if above == 0 {
            return Ok(own);
        }
        let width = upper.saturating_sub(lower).max(1);
        let more = mul_div(base - own, above.min(width), width, Rounding::Ceil)?;
        own.checked_add(more).ok_or(MoneyError::Overflow)
    }

    /// Value of all contracts of one side at a price, raised.
    pub fn interest_value(&self, contracts: u128, price: Price) -> Result<u128, MoneyError> {
        self.worth(contracts, price, Rounding::Ceil)
    }
}

pub(super) fn signed(value: u128) -> Result<i128, Rejected> {
    i128::try_from(value).map_err(|_| Rejection::Overflow.into())
}

/// `value x numerator / denominator` in 256 bits.
pub(super) fn scaled(
    value: u128,
    numerator: u128,
    denominator: u128,
    rounding: Rounding,
) -> Result<u128, MoneyError> {
    let wide =
        mul_div_full(U256::from(value), U256::from(numerator), U256::from(denominator), rounding)?;
    narrow_u128(wide)
}
