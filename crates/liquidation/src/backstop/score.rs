//! Scores by which venues rank winners for deleveraging, as integers that keep the order.

pub mod exact;

use breakwater_money::U256;
use breakwater_money::rounding::{Rounding, mul_div_full, narrow_u128};
use serde::{Deserialize, Serialize};

/// One, as a score.
pub const ONE_E18: u128 = 1_000_000_000_000_000_000;

/// What a score is made of. Read together they are one position's numbers; each ranking asks for
/// some of them. All are base units of the settle asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Value of the position at the mark; of a short below zero.
    pub mark_value: i128,
    /// Value at the average entry price; of a short below zero.
    pub entry_value: i128,
    /// Value at the bankruptcy price; of a short below zero.
    pub bankrupt_value: i128,
    /// Cash that backs the account, without unrealised profit.
    pub wallet: i128,
    /// Unrealised profit of what the wallet backs.
    pub unrealised: i128,
    /// Maintenance requirement of the same.
    pub maintenance: u128,
    /// Margin set aside for the position itself.
    pub margin: u128,
    /// Equity of the account.
    pub account_value: i128,
    /// Base units in one whole of the settle asset: the least wallet that a profit is held against
    /// where a ranking has such a floor.
    pub unit: u128,
}

/// Who comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ranking {
    /// Profit over entry value, times effective leverage, or divided by it where there is no profit.
    /// Effective leverage is mark value over the distance to the bankrupt value (BitMEX,
    /// "Auto-Deleveraging").
    EffectiveLeverage,
    /// Profit over the wallet, counted as one unit at least, times maintenance over equity; nothing
    /// for a loss or without equity (Binance USD-M, FAQ on leverage and profit quantiles).
    MarginRatio,
    /// Profit over the margin of the position (Bybit, "leveraged return").
    LeveragedReturn,
    /// Mark over entry, times notional over the account's equity (Hyperliquid, "Auto-deleveraging").
    /// The page shows longs; for a short we turn the first quotient around, so that profit ranks.
    PriceMove,
}

impl Ranking {
    /// The place of a position: higher comes first. At 1e18, rounded towards zero.
    ///
    /// Two that differ by less than 1e-18 may be told equal, and everything beyond 128 bits is the
    /// largest (or smallest) score; no pair changes its order. Who has no margin left over to divide
    /// by is infinitely leveraged and ranks with the largest; a gain on nothing counts as one too.
    #[must_use]
    pub fn score(self, of: &Standing) -> i128 {
        match self {
            Ranking::EffectiveLeverage => by_effective_leverage(of),
            Ranking::MarginRatio => by_margin_ratio(of),
            Ranking::LeveragedReturn => {
                signed(of.unrealised, &[of.unrealised.unsigned_abs()], &[of.margin])
            }
            Ranking::PriceMove => by_price_move(of),
        }
    }
}

fn by_effective_leverage(of: &Standing) -> i128 {
    let profit = of.mark_value.saturating_sub(of.entry_value);
    let (gain, entry) = (profit.unsigned_abs(), of.entry_value.unsigned_abs());
    let mark = of.mark_value.unsigned_abs();
    let room = of.mark_value.saturating_sub(of.bankrupt_value);
    let room = u128::try_from(room).unwrap_or(0);
    if profit > 0 {
        signed(profit, &[gain, mark], &[entry, room])
    } else {
        signed(profit, &[gain, room], &[entry, mark])
    }
}

fn by_margin_ratio(of: &Standing) -> i128 {
    let gain = u128::try_from(of.unrealised).unwrap_or(0);
    let wallet = u128::try_from(of.wallet).unwrap_or(0).max(of.unit);
    match u128::try_from(of.wallet.saturating_add(of.unrealised)) {
        Ok(equity) if equity > 0 => signed(1, &[gain, of.maintenance], &[wallet, equity]),
        _ => 0,
    }
}

fn by_price_move(of: &Standing) -> i128 {
    let (mark, entry) = (of.mark_value.unsigned_abs(), of.entry_value.unsigned_abs());
    let account = u128::try_from(of.account_value).unwrap_or(0);
    if of.mark_value >= 0 {
        signed(1, &[mark, mark], &[entry, account])
    } else {
        // The mark cancels.
        signed(1, &[entry], &[account])
    }
}

/// The product of at most two `over` that of at most two `under`, with the sign of `sign`. Over
/// nothing it is the largest, unless it is nothing itself.
fn signed(sign: i128, over: &[u128], under: &[u128]) -> i128 {
    // Two factors of 128 bits fit 256.
    let product = |factors: &[u128]| {
        factors.iter().fold(U256::ONE, |product, f| product.saturating_mul(U256::from(*f)))
    };
    let (over, under) = (product(over), product(under));
    if over.is_zero() {
        return 0;
    }
    let size = mul_div_full(over, U256::from(ONE_E18), under, Rounding::Floor);
    let size = size.and_then(narrow_u128).unwrap_or(u128::MAX);
    let size = i128::try_from(size).unwrap_or(i128::MAX);
    if sign < 0 { -size } else { size }
}

#[cfg(test)]
mod tests;
