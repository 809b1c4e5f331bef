//! What collateral counts for: haircut tiers, concentration caps, and debts in full.
//!
//! A tier table gives every slice of a holding its own ratio, as the public tables of Bybit, OKX and
//! Binance do: what lies in a tier counts at that tier's ratio, and nothing above the last edge counts
//! unless the last tier is open. Edges count units of the asset, or units of value at the mark.
//!
//! ```text
//! weighted(a) = price * sum over tiers of (part of a inside the tier) * ratio        a >= 0
//! weighted(a) = price * a * liability_weight                                         a < 0
//! ```
//!
//! Ratios are at most one and never rise, so `weighted` is never above the plain value, rises with
//! the holding and is concave: spreading a holding over two accounts never counts less. A debt counts
//! at 100 % or more. Beyond a cap on what a venue holds or lends of an asset in all, assets count by
//! `cap / deposits` of that and debts by `borrows / cap` of it (mango-v4's scaling of weights).
//!
//! What counts rounds down and what is owed rounds up: once, or at each of two steps where edges are
//! in value or a cap scales.
//!
//! Units: amounts and quantity edges are base units of the asset; values, value edges and caps are
//! units of the price scale; ratios and weights are 1e-9.

use breakwater_money::rounding::{Rounding, mul_div_full, narrow_i128, narrow_u128, pow10};
use breakwater_money::{MoneyError, Price, U256};
use serde::{Deserialize, Serialize};

/// Units of a ratio or a weight that make one.
pub const RATIO_ONE_E9: u64 = 1_000_000_000;

/// One row of a haircut table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HaircutTier {
    /// Upper edge; a holding equal to it lies wholly within. None: no edge, which only the last
    /// tier may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u128>,
    /// What a unit inside this tier counts for, in 1e-9; the haircut is what it is short of one.
    pub ratio_e9: u64,
}

/// What the edges of a table count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Base units of the asset.
    Quantity,
    /// Units of value at the mark.
    Value,
}

/// Why terms are refused, or a holding has no value. Tiers are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CollateralError {
    /// The list is empty. An asset that is no collateral has one open tier of ratio 0.
    #[error("tiers: the list is empty; a table needs at least one tier")]
    Empty,
    /// An edge is not above the one before it. Sort the rows, or remove the double one.
    #[error("tier {tier}: to {to} is not above {previous}; edges rise strictly from 0")]
    EdgeNotAscending {
        /// The tier.
        tier: usize,
        /// Its edge.
        to: u128,
        /// The edge it must exceed; 0 for the first tier.
        previous: u128,
    },
    /// A tier without an edge is followed by another.
    #[error("tier {tier}: to is missing; only the last of {tiers} tiers may be open")]
    OpenBeforeLast {
        /// The tier.
        tier: usize,
        /// How many there are.
        tiers: usize,
    },
    /// Collateral would count for more than it is worth.
    #[error("tier {tier}: ratio_e9 {ratio_e9} is above 1000000000 (100 %)")]
    RatioAboveOne {
        /// The tier.
        tier: usize,
        /// Its ratio.
        ratio_e9: u64,
    },
    /// More of an asset would count for more a unit.
    #[error(
        "tier {tier}: ratio_e9 {ratio_e9} is above the {previous} of the tier before; ratios never rise"
    )]
    RatioRises {
        /// The tier.
        tier: usize,
        /// Its ratio.
        ratio_e9: u64,
        /// The ratio of the tier before.
        previous: u64,
    },
    /// A debt would count for less than it is.
    #[error("liability_weight_e9 {weight_e9} is below 1000000000; a debt counts at 100 % or more")]
    LiabilityWeightBelowOne {
        /// The weight.
        weight_e9: u64,
    },
    /// A cap on borrows of zero would make any debt boundless.
    #[error("borrows_cap is 0; it is above 0, or absent for no cap")]
    BorrowsCapZero,
    /// Arithmetic left its width, or the prices of one account have several scales.
    #[error("collateral: {0}")]
    Money(#[from] MoneyError),
}

/// What one asset counts for. Validated: see the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Terms", into = "Terms")]
pub struct CollateralTerms {
    terms: Terms,
}

/// The terms as they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Lowest first.
    pub tiers: Vec<HaircutTier>,
    /// What their edges count.
    pub measure: Measure,
    /// What a unit owed counts for, in 1e-9, at least one.
    #[serde(default = "one_e9")]
    pub liability_weight_e9: u64,
    /// Value of all deposits of the asset beyond which each counts for less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposits_cap: Option<u128>,
    /// Value of all borrows of the asset beyond which each counts for more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub borrows_cap: Option<u128>,
}

fn one_e9() -> u64 {
    RATIO_ONE_E9
}

impl Terms {
    /// One ratio for any amount, debts at 100 %, no caps.
    #[must_use]
    pub fn flat(ratio_e9: u64) -> Self {
        Terms {
            tiers: vec![HaircutTier { to: None, ratio_e9 }],
            measure: Measure::Value,
            liability_weight_e9: RATIO_ONE_E9,
            deposits_cap: None,
            borrows_cap: None,
        }
    }

    /// `tiers` with edges in `measure`, debts at 100 %, no caps.
    #[must_use]
    pub fn tiered(tiers: Vec<HaircutTier>, measure: Measure) -> Self {
        Terms { tiers, measure, ..Terms::flat(0) }
    }
}

/// What all accounts of a venue together hold and owe of an asset, in value at the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outstanding {
    /// Value of all deposits, the account's own included.
    pub deposits: u128,
    /// Value of all borrows, the account's own included.
    pub borrows: u128,
}

/// One asset of an account: held above zero, owed below.
#[derive(Debug, Clone, Copy)]
pub struct Balance<'a> {
    /// What the asset counts for.
    pub terms: &'a CollateralTerms,
    /// Base units.
    pub amount: i128,
    /// Decimals of the asset.
    pub decimals: u8,
    /// Its mark. All balances of one account have the same price scale.
    pub price: Price,
    /// What all accounts have of it; read where the terms have caps.
    pub outstanding: Outstanding,
}

/// Value without and with haircuts, at the price scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Valued {
    /// Value at the marks, debts subtracted.
    pub unweighted: i128,
    /// What counts, debts at their weight subtracted. Never above `unweighted`.
    pub weighted: i128,
}

impl Valued {
    /// An account's value, in one pass.
    ///
    /// # Errors
    /// Prices of different scales, or a value that does not fit.
    pub fn of<'a>(
        balances: impl IntoIterator<Item = Balance<'a>>,
    ) -> Result<Self, CollateralError> {
        let mut total = Valued::default();
        let mut scale = None;
        for balance in balances {
            let right = balance.price.decimals;
            let left = *scale.get_or_insert(right);
            if left != right {
                return Err(MoneyError::ScalesDiffer { left, right }.into());
            }
            let Valued { unweighted, weighted } = balance.valued()?;
            let sum = |left: i128, right| left.checked_add(right).ok_or(MoneyError::Overflow);
            total.unweighted = sum(total.unweighted, unweighted)?;
            total.weighted = sum(total.weighted, weighted)?;
        }
        Ok(total)
    }
}

impl Balance<'_> {
    /// Its value without and with haircut.
    ///
    /// # Errors
    /// A value that does not fit.
    pub fn valued(&self) -> Result<Valued, CollateralError> {
        let amount = self.amount.unsigned_abs();
        let unit = U256::from(pow10(self.decimals)?);
        let price = U256::from(self.price.raw);
        if self.amount < 0 {
            let owed = mul_div_full(U256::from(amount), price, unit, Rounding::Ceil)?;
            let counts = self.terms.owed(U256::from(amount), price, unit, self.outstanding)?;
            let (owed, counts) = (narrow_i128(owed)?, narrow_i128(counts)?);
            return Ok(Valued { unweighted: -owed, weighted: -counts });
        }
        let value = mul_div_full(U256::from(amount), price, unit, Rounding::Floor)?;
        let exact = match self.terms.terms.measure {
            Measure::Quantity => (self.terms.counted_e9(amount), price, unit),
            Measure::Value => (self.terms.counted_e9(narrow_u128(value)?), U256::ONE, U256::ONE),
        };
        let counts = self.terms.held(exact, self.outstanding)?;
        Ok(Valued { unweighted: narrow_i128(value)?, weighted: narrow_i128(counts)? })
    }
}

impl CollateralTerms {
    /// Validated `terms`.
    ///
    /// # Errors
    /// The first rule that they break, with the row and its value.
    pub fn new(terms: Terms) -> Result<Self, CollateralError> {
        let tiers = terms.tiers.len();
        if tiers == 0 {
            return Err(CollateralError::Empty);
        }
        let (mut previous, mut ratio_before) = (0, RATIO_ONE_E9);
        for (index, &HaircutTier { to, ratio_e9 }) in terms.tiers.iter().enumerate() {
            let tier = index + 1;
            match to {
                Some(to) if to <= previous => {
                    return Err(CollateralError::EdgeNotAscending { tier, to, previous });
                }
                None if tier < tiers => {
                    return Err(CollateralError::OpenBeforeLast { tier, tiers });
                }
                _ => {}
            }
            if ratio_e9 > RATIO_ONE_E9 {
                return Err(CollateralError::RatioAboveOne { tier, ratio_e9 });
            }
            if ratio_e9 > ratio_before {
                let previous = ratio_before;
                return Err(CollateralError::RatioRises { tier, ratio_e9, previous });
            }
            (previous, ratio_before) = (to.unwrap_or(u128::MAX), ratio_e9);
        }
        if terms.liability_weight_e9 < RATIO_ONE_E9 {
            let weight_e9 = terms.liability_weight_e9;
            return Err(CollateralError::LiabilityWeightBelowOne { weight_e9 });
        }
        if terms.borrows_cap == Some(0) {
            return Err(CollateralError::BorrowsCapZero);
        }
        Ok(CollateralTerms { terms })
    }

    /// The terms as they are written.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The part of `size` that counts, exact, in 1e-9 of its unit: the sum over tiers of what lies
    /// inside times the ratio. `size` is in the unit of the edges; caps are not applied.
    #[must_use]
    pub fn counted_e9(&self, size: u128) -> U256 {
        let (mut counted, mut below) = (U256::ZERO, 0);
        for tier in &self.terms.tiers {
            let top = tier.to.map_or(size, |to| to.min(size));
            // Edges rise, so `top` falls below the edge before only once `size` is used up. The sum
            // stays below 2^128 times 1e9.
            let inside = top.saturating_sub(below);
            counted += U256::from(inside) * U256::from(tier.ratio_e9);
            below = top.max(below);
        }
        counted
    }

    /// Value of `(counted_e9, price, unit)`, scaled by the cap on deposits, rounded down.
    fn held(
        &self,
        (counted_e9, price, unit): (U256, U256, U256),
        outstanding: Outstanding,
    ) -> Result<U256, MoneyError> {
        let unit = unit * U256::from(RATIO_ONE_E9);
        match self.terms.deposits_cap {
            // 10^38 times 1e9 times 2^128 would not fit a divisor, so the scaling is a second step,
            // and down twice is still down.
            Some(cap) if outstanding.deposits > cap => {
                let counts = mul_div_full(counted_e9, price, unit, Rounding::Floor)?;
                let deposits = U256::from(outstanding.deposits);
                mul_div_full(counts, U256::from(cap), deposits, Rounding::Floor)
            }
            _ => mul_div_full(counted_e9, price, unit, Rounding::Floor),
        }
    }

    /// Value of `amount` owed, at its weight, scaled by the cap on borrows, rounded up.
    fn owed(
        &self,
        amount: U256,
        price: U256,
        unit: U256,
        outstanding: Outstanding,
    ) -> Result<U256, MoneyError> {
        let weighted = amount * U256::from(self.terms.liability_weight_e9);
        let unit = unit * U256::from(RATIO_ONE_E9);
        let counts = mul_div_full(weighted, price, unit, Rounding::Ceil)?;
        match self.terms.borrows_cap {
            Some(cap) if outstanding.borrows > cap => {
                let borrows = U256::from(outstanding.borrows);
                mul_div_full(counts, borrows, U256::from(cap), Rounding::Ceil)
            }
            _ => Ok(counts),
        }
    }
}

impl From<CollateralTerms> for Terms {
    fn from(terms: CollateralTerms) -> Self {
        terms.terms
    }
}

impl TryFrom<Terms> for CollateralTerms {
    type Error = CollateralError;

    fn try_from(terms: Terms) -> Result<Self, CollateralError> {
        CollateralTerms::new(terms)
    }
}

#[cfg(test)]
mod tests;
