//! A ladder's step over a rulebook, priced.

use super::executor::{Book, Margins, Position, Sale, Standing, Step, next};
use super::rung::{Ladder, PriceBound};
use crate::plan::{effects_of, leg_at, lot_size, slipped};
use crate::policy::Policy;
use crate::rulebook::Saleable;
use crate::{Leg, Overlay, Plan, Rejected, Rejection, Rulebook, View};
use breakwater_margin::Health;
use breakwater_money::rounding::{Rounding, mul_div, mul_div_full, narrow_u128};
use breakwater_money::{AccountId, AssetId, U256};

/// The step that `ladder` takes with the account now. Lots are the policy's, worst prices are the
/// rung's; each sale is judged by the rulebook's own answer, as in [`plan_sale`](crate::plan::plan_sale).
///
/// # Errors
/// The rulebook's refusal, or overflow. A healthy account is no error: [`Step::Nothing`].
pub fn plan_ladder(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    policy: &Policy,
    ladder: &Ladder,
    standing: &Standing,
) -> Result<Step<Plan>, Rejected> {
    let book = RulebookBook::of(rulebook, view, account, policy)?;
    next(ladder, standing, &book)?.try_map(|step| {
        let legs = book.legs(&step.sales)?;
        let after = book.health_after(&legs)?.0;
        Ok(Plan { account, legs, reason: step.reason, before: book.before, after })
    })
}

/// An account under a rulebook.
struct RulebookBook<'a> {
    rulebook: &'a dyn Rulebook,
    view: &'a View<'a>,
    account: AccountId,
    saleable: Vec<Saleable>,
    positions: Vec<Position>,
    before: Health,
    /// Value of all positions at the marks.
    value: u128,
}

impl<'a> RulebookBook<'a> {
    fn of(
        rulebook: &'a dyn Rulebook,
        view: &'a View<'a>,
        account: AccountId,
        policy: &Policy,
    ) -> Result<Self, Rejected> {
        let before = rulebook.assess(view, account)?;
        // Nothing is asked of the positions of the healthy.
        let saleable = if before.breach { rulebook.saleable(view, account)? } else { Vec::new() };
        let mut positions = Vec::with_capacity(saleable.len());
        let mut value = 0u128;
        for item in &saleable {
            let lot = lot_size(rulebook, view, policy, item.asset)?;
            let notional = notional(rulebook, view, item)?;
            value = value.checked_add(notional).ok_or(Rejection::Overflow)?;
            positions.push(Position {
                asset: item.asset,
                quantity: item.quantity,
                lot: lot.clamp(1, item.quantity.max(1)),
                notional,
            });
        }
        Ok(RulebookBook { rulebook, view, account, saleable, positions, before, value })
    }

    fn legs(&self, sales: &[Sale]) -> Result<Vec<Leg>, Rejected> {
        sales.iter().map(|sale| self.leg(sale)).collect()
    }

    fn leg(&self, sale: &Sale) -> Result<Leg, Rejected> {
        let item = self.saleable.iter().find(|item| item.asset == sale.asset);
        let item = item.ok_or_else(|| Rejection::NothingToSell.because(sale.asset.to_string()))?;
        leg_at(self.view, item, sale.quantity, |fair| match sale.at {
            PriceBound::Mark { slippage_bps } => slipped(fair, slippage_bps, item.buy_back),
            PriceBound::Bankruptcy => self.bankruptcy(fair, item.buy_back),
        })
    }

    /// The price at which a position's share of the equity, by value, is gone; rounded so that a
    /// sale there leaves no deficit, and never zero.
    fn bankruptcy(&self, fair: u128, buy_back: bool) -> Result<u128, Rejected> {
        let equity = self.before.equity;
        // Equity is lost by selling a long below the mark, and by buying back a short above it.
        let left = if (equity >= 0) == buy_back {
            self.value.checked_add(equity.unsigned_abs()).ok_or(Rejection::Overflow)?
        } else {
            self.value.saturating_sub(equity.unsigned_abs())
        };
        let rounding = if buy_back { Rounding::Floor } else { Rounding::Ceil };
        let price = mul_div(fair, left, self.value.max(1), rounding)?;
        Ok(price.max(1))
    }

    fn health_after(&self, legs: &[Leg]) -> Result<(Health, u128), Rejected> {
        let effects = effects_of(self.rulebook, self.view, self.account, legs)?;
        let overlay = Overlay::new(*self.view, self.account, &effects)?;
        let seen = overlay.view();
        let health = self.rulebook.assess(&seen, self.account)?;
        Ok((health, self.rulebook.initial(&seen, self.account)?))
    }
}

/// Value of a whole item at its mark in base units of the numeraire, rounded up as a requirement
/// would be. All scales enter before the one rounding.
fn notional(rulebook: &dyn Rulebook, view: &View<'_>, item: &Saleable) -> Result<u128, Rejected> {
    let price = view.price(item.asset)?;
    let ten = |exponent: u32| {
        U256::from(10u8).checked_pow(U256::from(exponent)).ok_or(Rejection::Overflow)
    };
    let from = u32::from(view.asset(item.asset)?.decimals) + u32::from(price.decimals);
    // The product of two 128-bit numbers fits 256 bits.
    let product = U256::from(item.quantity) * U256::from(price.raw);
    let to = ten(rulebook.numeraire_decimals().into())?;
    Ok(narrow_u128(mul_div_full(product, to, ten(from)?, Rounding::Ceil)?)?)
}

fn margins_of(health: &Health, initial: u128) -> Margins {
    Margins {
        equity: health.equity,
        maintenance: health.requirement,
        initial,
        breach: health.breach,
    }
}

impl Book for RulebookBook<'_> {
    fn value_decimals(&self) -> u8 {
        self.rulebook.numeraire_decimals()
    }

    fn margins(&self) -> Result<Margins, Rejected> {
        Ok(margins_of(&self.before, self.rulebook.initial(self.view, self.account)?))
    }

    fn positions(&self) -> Result<Vec<Position>, Rejected> {
        Ok(self.positions.clone())
    }

    fn steps_down(&self, asset: AssetId) -> Result<Vec<u128>, Rejected> {
        self.rulebook.steps_down(self.view, self.account, asset)
    }

    fn after(&self, sales: &[Sale]) -> Result<Margins, Rejected> {
        let (health, initial) = self.health_after(&self.legs(sales)?)?;
        Ok(margins_of(&health, initial))
    }
}
