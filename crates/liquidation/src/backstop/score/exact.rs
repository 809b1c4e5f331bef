//! The same scores as exact fractions, with the parts that venues publish.

use breakwater_money::{Rational, rational};

/// A score with what it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByLeverage {
    /// Mark value over the distance to the bankrupt value.
    pub effective_leverage: Rational,
    /// Profit over entry value.
    pub profit_share: Rational,
    /// The product, or the quotient where there is no profit.
    pub ranking: Rational,
}

/// A score with what it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByMarginRatio {
    /// Profit over the wallet, which counts as one whole at least; zero for a loss.
    pub profit_share: Rational,
    /// Times the margin ratio.
    pub score: Rational,
}

fn zero() -> Rational {
    rational::from_raw(0, 0)
}

fn size(value: &Rational) -> Rational {
    if *value < zero() { -value } else { value.clone() }
}

/// [`super::Ranking::EffectiveLeverage`] of values in one unit, a short's below zero. None where the
/// entry value is zero, the mark is, or the mark lies at or beyond the bankrupt value.
#[must_use]
pub fn by_effective_leverage(
    mark: &Rational,
    bankrupt: &Rational,
    entry: &Rational,
) -> Option<ByLeverage> {
    let (room, zero) = (mark - bankrupt, zero());
    if room <= zero || *entry == zero || *mark == zero {
        return None;
    }
    let effective_leverage = size(mark) / room; // division: exact, rationals do not round
    let profit_share = (mark - entry) / size(entry); // division: exact
    let ranking = if profit_share > zero {
        &profit_share * &effective_leverage
    } else {
        &profit_share / &effective_leverage // division: exact, and the mark is not zero
    };
    Some(ByLeverage { effective_leverage, profit_share, ranking })
}

/// Maintenance over equity; zero where there is no equity.
#[must_use]
pub fn margin_ratio(wallet: &Rational, unrealised: &Rational, maintenance: &Rational) -> Rational {
    let equity = wallet + unrealised;
    if equity <= zero() {
        return zero();
    }
    maintenance / equity // division: exact, and equity is above zero
}

/// [`super::Ranking::MarginRatio`] of amounts in wholes.
#[must_use]
pub fn by_margin_ratio(
    wallet: &Rational,
    unrealised: &Rational,
    ratio: &Rational,
) -> ByMarginRatio {
    let one = rational::from_raw(1, 0);
    let gain = if *unrealised > zero() { unrealised.clone() } else { zero() };
    let wallet = if *wallet > one { wallet.clone() } else { one };
    let profit_share = gain / wallet; // division: exact, and the wallet counts as one at least
    let score = &profit_share * ratio;
    ByMarginRatio { profit_share, score }
}

/// [`super::Ranking::LeveragedReturn`]; none without margin.
#[must_use]
pub fn leveraged_return(unrealised: &Rational, margin: &Rational) -> Option<Rational> {
    (*margin > zero()).then(|| unrealised / margin) // division: exact
}

/// [`super::Ranking::PriceMove`] of a long; none where the entry price or the account is not above
/// zero.
#[must_use]
pub fn by_price_move(
    mark: &Rational,
    entry: &Rational,
    notional: &Rational,
    account_value: &Rational,
) -> Option<Rational> {
    if *entry <= zero() || *account_value <= zero() {
        return None;
    }
    Some(mark / entry * (notional / account_value)) // division: exact
}

/// Scores of any kind as places that keep their order: equal scores share one, higher ones are higher.
#[must_use]
pub fn places(scores: &[Rational]) -> Vec<i128> {
    let mut sorted: Vec<&Rational> = scores.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    // A count in memory is far below 2^127.
    let place = |score: &Rational| sorted.partition_point(|other| *other < score) as i128;
    scores.iter().map(place).collect()
}
