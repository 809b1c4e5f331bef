//! Deleveraging: an account below zero is closed against others at its own bankruptcy price.

use super::account::{check_delta, start, transition_allowed};
use super::{Closing, Perpetuals, Revert, Risk, Subaccount, minus};

/// At what price a position is deleveraged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// At the bankruptcy price of the account.
    Bankruptcy,
    /// At the oracle's price, in a market that settles for good.
    Oracle,
}

/// Whether and how an account of `risk` is deleveraged: below zero at its bankruptcy price, otherwise
/// only in a market in final settlement, at the oracle's (`CanDeleverageSubaccount`). Net collateral of
/// exactly zero is not below zero.
#[must_use]
pub fn settlement(risk: &Risk, final_settlement: bool) -> Option<Settlement> {
    if risk.net < 0 {
        return Some(Settlement::Bankruptcy);
    }
    final_settlement.then_some(Settlement::Oracle)
}

/// Whether the bankruptcy prices of both sides of one base amount overlap: what one must get, the
/// other can pay. Both as [`Closing::bankruptcy_quote`] has them; equality overlaps.
///
/// # Errors
/// [`Revert::Arithmetic`].
pub fn overlap(liquidated_quote: i128, offsetting_quote: i128) -> Result<bool, Revert> {
    Ok(liquidated_quote.checked_add(offsetting_quote).ok_or(Revert::Arithmetic)? <= 0)
}

/// One account's part in a deleveraging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeleveragingFill {
    /// Its place in the list given.
    pub place: usize,
    /// Base quantums that it gives up, with the sign of its position.
    pub base: i128,
    /// Quote quantums that it gets, negative when it pays.
    pub quote: i128,
}

/// What a deleveraging does. Base and quote only change sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleveraging {
    /// In the order in which accounts were taken.
    pub fills: Vec<DeleveragingFill>,
    /// Base quantums of the account's order that found no other side.
    pub left: i128,
    /// The account afterwards.
    pub account_after: Subaccount,
    /// The others afterwards, in the order given.
    pub others_after: Vec<Subaccount>,
}

/// Closes `closing` of `account` against `others`, from a start that `seed` gives, wrapping, at most
/// `tries_max` of them (`OffsetSubaccountPerpetualPosition`). Others on the same side, or without the
/// position, are passed over; so is one that neither keeps its initial margin nor gets less risky, which
/// for an account short of margin is one whose bankruptcy price does not overlap. Each takes as much as it
/// has. The bankruptcy price is reckoned afresh for each.
///
/// The chain draws the start from a generator seeded by the block; here it is the seed's remainder.
///
/// # Errors
/// [`Revert::SizeDelta`], and those of [`Closing::bankruptcy_quote`] for the account itself.
pub fn deleverage(
    account: &Subaccount,
    others: &[Subaccount],
    perpetuals: &Perpetuals,
    closing: Closing,
    at: Settlement,
    turn: (u64, usize),
) -> Result<Deleveraging, Revert> {
    check_delta(account.position(closing.perpetual)?, closing.delta)?;
    if at == Settlement::Bankruptcy {
        closing.bankruptcy_quote(account, perpetuals)?;
    }
    let mut done = Deleveraging {
        fills: Vec::new(),
        left: closing.delta,
        account_after: account.clone(),
        others_after: others.to_vec(),
    };
    let (seed, tries_max) = turn;
    let Some(start) = start(seed, others.len()) else { return Ok(done) };
    let places = (start..others.len()).chain(0..start).take(tries_max);
    for place in places {
        if done.left == 0 {
            break;
        }
        done.offset(place, perpetuals, closing.perpetual, at)?;
    }
    Ok(done)
}

impl Deleveraging {
    /// Offsets what is left against one other account, if it may be.
    fn offset(
        &mut self,
        place: usize,
        perpetuals: &Perpetuals,
        perpetual: u32,
        at: Settlement,
    ) -> Result<(), Revert> {
        let Some(other) = self.others_after.get(place) else { return Ok(()) };
        let Ok(held) = other.position(perpetual) else { return Ok(()) };
        if held.signum() != self.left.signum() {
            return Ok(());
        }
        let base = if self.left.unsigned_abs() > held.unsigned_abs() { held } else { self.left };
        let part = Closing { perpetual, delta: base };
        let quote = match at {
            Settlement::Bankruptcy => part.bankruptcy_quote(&self.account_after, perpetuals),
            Settlement::Oracle => perpetuals.get(perpetual)?.net_notional(minus(0, base)?),
        };
        // What is left of the account may need no margin, and then has no price: nobody takes it.
        let Ok(quote) = quote else { return Ok(()) };
        let account = self.account_after.after(perpetual, base, quote)?;
        let Ok(other) = other_after(other, perpetuals, part, quote) else { return Ok(()) };
        let before = self.account_after.risk(perpetuals)?;
        if !transition_allowed(&before, &account.risk(perpetuals)?) {
            return Ok(());
        }
        self.account_after = account;
        if let Some(slot) = self.others_after.get_mut(place) {
            *slot = other;
        }
        self.left = minus(self.left, base)?;
        self.fills.push(DeleveragingFill { place, base, quote: minus(0, quote)? });
        Ok(())
    }
}

/// The other side after it gave up `part` and paid `quote`, if it may.
fn other_after(
    other: &Subaccount,
    perpetuals: &Perpetuals,
    part: Closing,
    quote: i128,
) -> Result<Subaccount, Revert> {
    let after = other.after(part.perpetual, minus(0, part.delta)?, minus(0, quote)?)?;
    let allowed = transition_allowed(&other.risk(perpetuals)?, &after.risk(perpetuals)?);
    if allowed { Ok(after) } else { Err(Revert::Riskier) }
}
