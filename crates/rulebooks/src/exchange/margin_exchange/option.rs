//! Short options by a venue's formula, long ones by what they are worth.
//!
//! Venues leave the value of options out of what counts as margin: a buyer has paid the premium, and a
//! writer's formula holds the mark beside the rest. Here a position counts at its mark, as any other
//! does, so that equity is what is left when all is closed. That is the same:
//!
//! ```text
//! short   margin - mark >= formula - mark          requires the formula less the mark
//! long    margin + mark >= mark                    asks for its mark before new risk is taken
//! ```
//!
//! Without the second an account could buy options on what the options themselves are worth. Once
//! bought, a long requires nothing more: it loses at most what was paid.

use super::contract::Contract;
use breakwater_liquidation::{Form, OptionTerms, Rejected, Rejection, View};
use breakwater_margin::option::{Decimals, OptionMarginError, OptionRates, Settled, ShortOption};
use breakwater_money::rounding::{Rounding, pow10};
use breakwater_money::{MoneyError, Price};
use breakwater_options::Kind;

/// What an option is asked about: its terms with the venue's rates.
struct Asked {
    option: ShortOption,
    decimals: Decimals,
}

/// A requirement of a short option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Required {
    pub maintenance: u128,
    pub initial: u128,
}

/// How a requirement moves with the two prices it rests on, base units of the settle asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Slopes {
    /// Most that a relative move of the option's own mark adds.
    pub mark: u128,
    /// Most that a relative move of the underlying adds.
    pub underlying: u128,
}

impl Contract {
    /// The option's terms, if it is one.
    pub fn as_option(&self) -> Option<&OptionTerms> {
        match &self.terms.form {
            Form::Option(option) => Some(option),
            _ => None,
        }
    }

    /// What a position of `size` requires beside its value at the mark.
    pub fn option_required(
        &self,
        view: &View<'_>,
        rates: &OptionRates,
        size: i128,
        mark: Price,
    ) -> Result<Required, Rejected> {
        if size >= 0 {
            let initial = self.worth(size.unsigned_abs(), mark, Rounding::Ceil)?;
            return Ok(Required { maintenance: 0, initial });
        }
        let Asked { option, decimals } = self.asked(view, size.unsigned_abs(), mark)?;
        let maintenance = rates.maintenance(&option, decimals).map_err(refused)?;
        let initial = rates.initial(&option, decimals).map_err(refused)?;
        // Both formulas hold the mark, so that nothing is taken off that they do not have.
        let mark = self.worth(size.unsigned_abs(), mark, Rounding::Floor)?;
        Ok(Required {
            maintenance: maintenance.saturating_sub(mark),
            initial: initial.saturating_sub(mark),
        })
    }

    /// The slopes of a short's maintenance: a share of the mark where that is larger than the
    /// underlying's, and a share of the underlying. A coin-settled option's
    /// underlying is one coin, whatever its price.
    pub fn option_slopes(
        &self,
        view: &View<'_>,
        rates: &OptionRates,
        size: u128,
        mark: Price,
    ) -> Result<Slopes, Rejected> {
        let Some(terms) = self.as_option() else { return Ok(Slopes::default()) };
        let worth = self.worth(size, mark, Rounding::Ceil)?;
        let share = |of: u128, rate_e9: u64| {
            breakwater_money::rounding::mul_div(of, rate_e9.into(), 1_000_000_000, Rounding::Ceil)
        };
        // At least a unit: formula and mark are rounded each on its own.
        let own = share(worth, rates.maintenance_e9)?.checked_add(1);
        let underlying = if terms.coin {
            0
        } else {
            let spot = view.price(terms.underlying)?;
            let rate = rates.maintenance_e9.saturating_add(rates.liquidation_fee_e9);
            share(self.worth(size, spot, Rounding::Ceil)?, rate)?
        };
        Ok(Slopes { mark: own.ok_or(Rejection::Overflow)?, underlying })
    }

    fn asked(&self, view: &View<'_>, size: u128, mark: Price) -> Result<Asked, Rejected> {
        let Some(terms) = self.as_option() else {
            return Err(Rejection::BadParameter.because("a contract that is no option"));
        };
        let spot = view.price(terms.underlying)?;
        let price = spot.decimals.max(terms.strike.decimals);
        let multiplier = u128::from(self.terms.multiplier);
        let option = ShortOption {
            kind: if terms.call { Kind::Call } else { Kind::Put },
            settled: if terms.coin { Settled::Coin } else { Settled::Quote },
            underlying: rescaled(spot, price)?,
            strike: rescaled(terms.strike, price)?,
            mark: mark.raw,
            size: size.checked_mul(multiplier).ok_or(Rejection::Overflow)?,
        };
        let decimals = Decimals {
            price,
            mark: mark.decimals,
            size: self.decimals + self.terms.multiplier_decimals,
            settle: self.settle_decimals,
        };
        Ok(Asked { option, decimals })
    }
}

/// A price at more decimals.
pub(super) fn rescaled(price: Price, decimals: u8) -> Result<u128, MoneyError> {
    let up = pow10(decimals.saturating_sub(price.decimals))?;
    price.raw.checked_mul(up).ok_or(MoneyError::Overflow)
}

fn refused(error: OptionMarginError) -> Rejected {
    match error {
        OptionMarginError::Money(error) => error.into(),
        other => Rejection::BadParameter.because(other.to_string()),
    }
}
