//! What a bankrupt account leaves behind, and who bears it.

use super::{Account, BASE, Revert, add, ceil, minus, mul, plus, signed, sub};

/// Funding rates count a thousandth of what quote amounts do
/// (`FUNDING_RATE_TO_QUOTE_PRECISION_PRECISION_RATIO`).
const FUNDING_PER_QUOTE: u128 = 1_000;

/// Base open in a market (1e-9), its signs as the market keeps them; only magnitudes matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenInterest {
    /// Of all longs.
    pub long_e9: i128,
    /// Of all shorts, negative.
    pub short_e9: i128,
}

/// What the cumulative funding rates move by, in 1e-9 of the quote token per base unit, so that all
/// positions of a market bear `loss_e6`: the loss per base unit rounded up to 1e-6, and only then
/// brought to the finer scale. Longs' rate rises by it and shorts' falls, so both pay
/// (`calculate_funding_rate_deltas_to_resolve_bankruptcy`).
///
/// # Errors
/// [`Revert::NoOpenInterest`] without positions, even for no loss; [`Revert::Arithmetic`].
pub fn socialise_perp(loss_e6: i128, open: &OpenInterest) -> Result<u128, Revert> {
    let total = add(open.long_e9.unsigned_abs(), open.short_e9.unsigned_abs())?;
    if total == 0 {
        return Err(Revert::NoOpenInterest);
    }
    let per_base = ceil(mul(loss_e6.unsigned_abs(), BASE)?, total)?;
    mul(per_base, FUNDING_PER_QUOTE)
}

/// What the deposit index falls by so that all depositors bear `loss` tokens:
/// `index x loss / deposits`, rounded up; nothing without deposits
/// (`calculate_cumulative_deposit_interest_delta_to_resolve_bankruptcy`).
///
/// # Errors
/// [`Revert::Arithmetic`].
pub fn socialise_spot(loss: u128, total_deposits: u128, index: u128) -> Result<u128, Revert> {
    let cut = mul(index, loss)?;
    Ok(if total_deposits == 0 { 0 } else { ceil(cut, total_deposits)? })
}

/// Who stands before the other traders of a perpetual market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerpLossCover {
    /// What the insurance fund holds (1e-6); one unit always stays.
    pub insurance_e6: u64,
    /// What the market may still draw of it (1e-6).
    pub insurance_left_e6: u64,
    /// Tokens of the market's own fee pool (1e-6).
    pub fee_pool_e6: u128,
}

/// A perpetual loss resolved. The three payments add up to the loss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerpBankruptcy {
    /// What the insurance fund pays (1e-6).
    pub insurance_e6: u128,
    /// What the market's fee pool pays (1e-6).
    pub fee_pool_e6: u128,
    /// What the other traders bear (1e-6).
    pub socialised_e6: u128,
    /// Rise of the longs' cumulative funding rate, and fall of the shorts' (1e-9 per base unit).
    pub funding_delta_e9: u128,
    /// The account without the loss.
    pub account_after: Account,
}

/// Resolves the loss of a bankrupt account in one perpetual market: insurance, then the market's fee
/// pool, then every position of the market (`resolve_perp_bankruptcy`).
///
/// # Errors
/// [`Revert::NotBankrupt`], [`Revert::PositionCount`], [`Revert::NoLoss`],
/// [`Revert::NoOpenInterest`] even when nothing is left to socialise, [`Revert::Arithmetic`].
pub fn resolve_perp(
    account: &Account,
    market: u16,
    cover: &PerpLossCover,
    open: &OpenInterest,
) -> Result<PerpBankruptcy, Revert> {
    if !account.is_bankrupt() {
        return Err(Revert::NotBankrupt);
    }
    let quote_e6 = account.perp(market)?.quote_e6;
    if quote_e6 >= 0 {
        return Err(Revert::NoLoss { market, balance: quote_e6 });
    }
    let loss = quote_e6.unsigned_abs();
    let fund = cover.insurance_e6.saturating_sub(1).min(cover.insurance_left_e6);
    let insurance_e6 = loss.min(u128::from(fund));
    let left = sub(loss, insurance_e6)?;
    let fee_pool_e6 = left.min(cover.fee_pool_e6);
    let socialised_e6 = sub(left, fee_pool_e6)?;
    let funding_delta_e9 = socialise_perp(signed(socialised_e6)?, open)?;
    let mut account_after = account.clone();
    let position = account_after.perp_mut(market)?;
    position.quote_e6 = minus(position.quote_e6, quote_e6)?;
    Ok(PerpBankruptcy { insurance_e6, fee_pool_e6, socialised_e6, funding_delta_e9, account_after })
}

/// A borrow resolved. The two payments add up to the borrow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpotBankruptcy {
    /// Tokens that the insurance fund pays.
    pub insurance: u128,
    /// Tokens that depositors bear.
    pub socialised: u128,
    /// What the deposit index falls by.
    pub index_delta: u128,
    /// The deposit index afterwards.
    pub index_after: u128,
    /// The account without the borrow.
    pub account_after: Account,
}

/// Resolves the borrow of a bankrupt account in one spot market: insurance of that token, of which one
/// unit always stays, then every depositor (`resolve_spot_bankruptcy`).
///
/// # Errors
/// [`Revert::NotBankrupt`], [`Revert::PositionCount`], [`Revert::NoLoss`], [`Revert::Arithmetic`]
/// when the loss takes more than all deposits.
pub fn resolve_spot(
    account: &Account,
    market: u16,
    insurance: u64,
    total_deposits: u128,
    index: u128,
) -> Result<SpotBankruptcy, Revert> {
    if !account.is_bankrupt() {
        return Err(Revert::NotBankrupt);
    }
    let tokens = account.spot(market)?.tokens;
    if tokens >= 0 {
        return Err(Revert::NoLoss { market, balance: tokens });
    }
    let borrowed = tokens.unsigned_abs();
    let paid = borrowed.min(u128::from(insurance.saturating_sub(1)));
    let socialised = sub(borrowed, paid)?;
    let index_delta = socialise_spot(socialised, total_deposits, index)?;
    let index_after = sub(index, index_delta)?;
    let mut account_after = account.clone();
    let balance = account_after.spot_mut(market)?;
    balance.tokens = plus(balance.tokens, signed(borrowed)?)?;
    Ok(SpotBankruptcy { insurance: paid, socialised, index_delta, index_after, account_after })
}
