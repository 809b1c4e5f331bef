//! Games around a liquidation: who competes for it, and what a step of it does to the position.

use super::items::prize_above_costs;
use super::{TheoryError, above_zero, check, count, one, power, ratio, root, unit_interval, zero};
use breakwater_money::Rational;

/// What competition for the right to liquidate leaves to the protocol and to the winner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostCompetition {
    /// Payment of the winner, on average.
    pub captured: Rational,
    /// What he keeps, on average: prize less cost less payment.
    pub winner_rent: Rational,
}

/// `bidders` for a `prize` common to all, each with a private cost uniform on 0 to 1, at second price:
/// the protocol gets the prize less the second-lowest cost, `V - 2/(n+1)`, the winner keeps `1/(n+1)`.
///
/// # Errors
/// Fewer than two bidders, too many, or a prize below the highest cost, for which some stay away.
pub fn cost_competition_uniform(
    bidders: u32,
    prize: &Rational,
) -> Result<CostCompetition, TheoryError> {
    let n = count("bidders", bidders, 2)?;
    prize_above_costs(prize)?;
    Ok(CostCompetition { captured: prize - ratio(2, n + 1), winner_rent: ratio(1, n + 1) })
}

/// The symmetric mixed equilibrium of bidding for a common prize where losers pay a share of their
/// bid, as senders of failed transactions do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllPay {
    bidders: u32,
    power: Rational,
}

/// `bidders` for a `prize` whose losers pay `loser_share` of their bid: the distribution of a bid `b`
/// is `(g b / (V - (1-g) b))^(1/(n-1))` up to the prize. A share of one is the all-pay auction; a share
/// of zero puts all bids at the prize.
///
/// # Errors
/// Fewer than two bidders, too many, a prize that is not above zero, a share outside 0 to 1, or a
/// negative bid.
pub fn all_pay_with_loser_share(
    bidders: u32,
    prize: &Rational,
    loser_share: &Rational,
    bid: &Rational,
) -> Result<AllPay, TheoryError> {
    let bidders = count("bidders", bidders, 2)?;
    above_zero("prize", prize)?;
    unit_interval("loser_share", loser_share)?;
    check(*bid >= zero(), "bid", bid, "at least 0")?;
    let power = match bid < prize {
        // Below the prize the divisor is above zero.
        true => loser_share * bid / (prize - (one() - loser_share) * bid), // division: exact
        false => one(),
    };
    Ok(AllPay { bidders, power })
}

impl AllPay {
    /// The probability that one rival bids no more, to the power of the number of rivals: that the
    /// bid beats all of them.
    #[must_use]
    pub const fn win_probability(&self) -> &Rational {
        &self.power
    }

    /// The probability that one rival bids no more, rounded down at so many decimals.
    #[must_use]
    pub fn cdf(&self, decimals: u8) -> Rational {
        root(&self.power, self.bidders - 1, decimals)
    }

    /// What the equilibrium leaves a bidder: nothing, for any bid up to the prize.
    #[must_use]
    pub fn payoff(&self) -> Rational {
        zero()
    }
}

/// Probability that a bid of zero wins because none of `rivals` lands a bid in time, when each does with
/// probability `lands`: `(1-q)^m`, as in the auctions of 12 March 2020.
///
/// # Errors
/// Too many rivals, or a probability outside 0 to 1.
pub fn zero_bid_probability(rivals: u32, lands: &Rational) -> Result<Rational, TheoryError> {
    let rivals = count("rivals", rivals, 0)?;
    unit_interval("lands", lands)?;
    Ok(power(&(one() - lands), rivals))
}

/// A position at one price. Both values in one unit of money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Value of the collateral.
    pub collateral: Rational,
    /// Debt.
    pub debt: Rational,
}

/// What one repayment does to the loan-to-value ratio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiquidationStep {
    /// Debt over collateral before.
    pub ltv_before: Rational,
    /// And after; none where no collateral is left.
    pub ltv_after: Option<Rational>,
    /// Whether the step raises it.
    pub toxic: bool,
    /// The ratio above which any step raises it: `1 / (1 + bonus)`.
    pub toxic_threshold: Rational,
    /// Debt left over when all collateral is taken at the bonus.
    pub bad_debt_if_seized: Rational,
    /// Debt left over when it is sold at its value instead.
    pub bad_debt_at_mid: Rational,
}

/// Repays `repay` for collateral worth `repay (1 + bonus)` (Warmuz, Chaudhary, Pinna, "Toxic
/// Liquidation Spirals", arXiv 2212.07306).
///
/// # Errors
/// No collateral, a negative debt or bonus, or a repayment above the debt or above what the collateral
/// pays for.
pub fn liquidation_step(
    position: &Position,
    bonus: &Rational,
    repay: &Rational,
) -> Result<LiquidationStep, TheoryError> {
    let Position { collateral, debt } = position;
    above_zero("collateral", collateral)?;
    check(*debt >= zero(), "debt", debt, "at least 0")?;
    check(*bonus >= zero(), "bonus", bonus, "at least 0")?;
    let factor = one() + bonus;
    let left = collateral - repay * &factor;
    check(*repay >= zero() && repay <= debt, "repay", repay, "0 to the debt")?;
    check(left >= zero(), "repay", repay, "at most collateral / (1 + bonus)")?;
    let ltv_before = debt / collateral; // division: exact, rationals do not round
    let ltv_after = (left > zero()).then(|| (debt - repay) / left); // division: exact
    let seized = collateral / &factor; // division: exact
    Ok(LiquidationStep {
        toxic: &ltv_before * &factor > one(),
        toxic_threshold: one() / factor, // division: exact
        bad_debt_if_seized: (debt - seized).max(zero()),
        bad_debt_at_mid: (debt - collateral).max(zero()),
        ltv_before,
        ltv_after,
    })
}

/// Two repayments where one was meant, and what they gain over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwoStep {
    /// The first, which leaves the position just liquidatable.
    pub first_repay: Rational,
    /// The second, a close factor of what is left.
    pub second_repay: Rational,
    /// What a single repayment of the close factor earns.
    pub profit_single: Rational,
    /// What the two earn.
    pub profit_two_step: Rational,
    /// The gain over the single one, as a share of it.
    pub relative_gain: Rational,
}

/// The best use of a close factor by a liquidator at a fixed spread (Qin, Zhou, Gamito, Jovanovic,
/// Gervais, "An Empirical Study of DeFi Liquidations", IMC 2021): first
/// `(D - LT C) / (1 - LT (1 + LS))`, at most the close factor, then the close factor of the rest. It
/// needs that a position at the threshold counts as liquidatable.
///
/// # Errors
/// A negative collateral or spread, a debt that is not above zero, a threshold or close factor outside
/// 0 to 1 or a close factor of zero, a spread at which repaying does not help, or a healthy position.
pub fn two_step(
    position: &Position,
    threshold: &Rational,
    spread: &Rational,
    close_factor: &Rational,
) -> Result<TwoStep, TheoryError> {
    let Position { collateral, debt } = position;
    check(*collateral >= zero(), "collateral", collateral, "at least 0")?;
    above_zero("debt", debt)?;
    unit_interval("threshold", threshold)?;
    above_zero("close_factor", close_factor)?;
    unit_interval("close_factor", close_factor)?;
    check(*spread >= zero(), "spread", spread, "at least 0")?;
    let cures = one() - threshold * (one() + spread);
    check(cures > zero(), "spread", spread, "below 1 / threshold - 1")?;
    let excess = debt - threshold * collateral;
    check(excess >= zero(), "debt", debt, "at least threshold times collateral")?;
    let single = close_factor * debt;
    let first_repay = (excess / cures).min(single.clone()); // division: exact
    let second_repay = close_factor * (debt - &first_repay);
    let relative_gain = &first_repay * (one() - close_factor) / &single; // division: exact
    Ok(TwoStep {
        profit_two_step: spread * (&first_repay + &second_repay),
        profit_single: spread * single,
        first_repay,
        second_repay,
        relative_gain,
    })
}
