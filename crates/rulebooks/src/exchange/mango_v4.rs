//! Initial health of a Mango v4 account of tokens and perpetual positions.
//!
//! ```text
//! health = sum over tokens of balance x price x weight      asset weight above zero, liability below
//! ```
//!
//! A perpetual position is first brought to its settle token: `quote + base value x base weight` in the
//! worse of two cases, that all its bids execute or all its asks; what is above zero of that is
//! multiplied by the overall weight of the market and then joins the token's balance, **before** the
//! token's own weight. Deposits of a token beyond its start scale its asset weight by
//! `start / deposits`, borrows beyond theirs its liability weight by `borrows / start`; both in value.
//! From `programs/mango-v4/src/health/cache.rs`, commit 1303a4a1. Exact rationals; the program has 48
//! binary places.

use breakwater_money::{Rational, rational};

/// Totals of a token in the whole bank, against which its weight is scaled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    /// Value of all deposits, or of all borrows.
    pub total: Rational,
    /// Value up to which the weight is unscaled, above zero.
    pub start: Rational,
}

/// A token: the account's balance, its price and its weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Signed balance, in units.
    pub balance: Rational,
    /// Price of a unit.
    pub price: Rational,
    /// Weight of a positive balance.
    pub asset_weight: Rational,
    /// Weight of a negative balance.
    pub liability_weight: Rational,
    /// Bank deposits, where the token has a start.
    pub deposits: Option<Scale>,
    /// Bank borrows, where the token has a start.
    pub borrows: Option<Scale>,
}

/// A perpetual position with its open orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Perpetual {
    /// Index of its settle token.
    pub settle: usize,
    /// Signed lots held.
    pub base_lots: Rational,
    /// Units of the settle token that the position carries, signed.
    pub quote: Rational,
    /// Lots bid for.
    pub bid_lots: Rational,
    /// Lots asked for.
    pub ask_lots: Rational,
    /// Units of the settle token that one lot is worth at the mark.
    pub lot_value: Rational,
    /// Weight of a long base value.
    pub long_weight: Rational,
    /// Weight of a short base value.
    pub short_weight: Rational,
    /// Weight of a positive result as a whole.
    pub overall_weight: Rational,
}

impl Perpetual {
    /// What the position contributes to its settle token.
    #[must_use]
    pub fn contribution(&self) -> Rational {
        // Orders execute at the mark: what they add to the base they take from the quote.
        let case = |orders: Rational| {
            let base = (&self.base_lots + &orders) * &self.lot_value;
            let weight = if base < zero() { &self.short_weight } else { &self.long_weight };
            base * weight - orders * &self.lot_value
        };
        let (bids, asks) = (case(self.bid_lots.clone()), case(-&self.ask_lots));
        let unweighted = &self.quote + bids.min(asks);
        if unweighted > zero() { unweighted * &self.overall_weight } else { unweighted }
    }
}

impl Token {
    /// Health of `balance` of this token.
    fn health(&self, balance: Rational) -> Rational {
        let value = balance * &self.price;
        if value < zero() {
            let factor = self.borrows.as_ref().map(|scale| beyond(&scale.total, &scale.start));
            return value * &self.liability_weight * factor.unwrap_or_else(one);
        }
        let factor = self.deposits.as_ref().map(|scale| beyond(&scale.total, &scale.start));
        // division: exact, rationals do not round; a factor is at least one.
        value * &self.asset_weight / factor.unwrap_or_else(one)
    }
}

/// How many times its start a total beyond it is; one for a total within its start, and where the
/// start is not above zero, which scales nothing.
fn beyond(total: &Rational, start: &Rational) -> Rational {
    if total <= start || *start <= zero() {
        return one();
    }
    // division: exact, rationals do not round; the start is above zero.
    total / start
}

/// Initial health of an account; none if a position settles in a token that is not listed.
#[must_use]
pub fn health(tokens: &[Token], perpetuals: &[Perpetual]) -> Option<Rational> {
    let mut balances: Vec<Rational> = tokens.iter().map(|token| token.balance.clone()).collect();
    for perpetual in perpetuals {
        *balances.get_mut(perpetual.settle)? += perpetual.contribution();
    }
    let healths = tokens.iter().zip(balances).map(|(token, balance)| token.health(balance));
    Some(healths.fold(zero(), |sum, health| sum + health))
}

fn one() -> Rational {
    rational::from_raw(1, 0)
}

fn zero() -> Rational {
    rational::from_raw(0, 0)
}

#[cfg(test)]
mod tests;
