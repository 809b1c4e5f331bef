//! A venue's liquidation of one loan as a pure function of prices and amounts.
//!
//! The rules behind [`crate::build`] read an engine's view. A Monte Carlo has thousands of copies of
//! a book and no engine for each; it asks here, and the answers come from the same functions to the
//! last unit. Only venues whose rule is such a function are here.

use crate::lending::aave_v3;
use breakwater_money::U256;

/// Decimals of every amount that a [`LoanRule`] is asked about.
pub const AMOUNT_DECIMALS: u8 = 6;

/// Most markets of one loan.
pub const MARKETS_MAX: usize = 6;

/// What one market of a loan pays to whoever liquidates, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoanTerms {
    /// Beyond what is repaid, basis points, a market each.
    pub bonus_bps: Vec<u16>,
    /// In place of the venue's own, basis points.
    pub close_factor_bps: Option<u16>,
}

/// One account over the markets of its [`LoanTerms`], in their order.
#[derive(Debug, Clone, Copy)]
pub struct Loan<'a> {
    /// Prices, 10^-8 of the numeraire a whole unit.
    pub prices: &'a [u64],
    /// Held, 10^-6 of a whole unit.
    pub collateral: &'a [u64],
    /// Owed, in the same units.
    pub debt: &'a [u64],
    /// The account's own threshold.
    pub threshold_bps: u16,
}

/// What one liquidation moves, in the units of [`Loan`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoanTaken {
    /// Of the debt.
    pub repaid: u64,
    /// Of the collateral.
    pub seized: u64,
}

/// A venue's rule over loans that bear no interest while they are looked at.
pub trait LoanRule: Send + Sync + std::fmt::Debug {
    /// Whether the account may be liquidated.
    fn in_breach(&self, loan: &Loan<'_>) -> bool;

    /// The largest liquidation of a pair of markets, collateral and debt, that the venue accepts;
    /// none if it accepts none.
    fn liquidate(&self, loan: &Loan<'_>, pair: (usize, usize)) -> Option<LoanTaken>;
}

/// The pure rule of a rulebook's file; none where the venue's rule is no such function.
///
/// # Errors
/// A sentence naming the parameter, its value and what would be right.
pub fn loan_rule(
    rule: &str,
    parameters: &str,
    terms: &LoanTerms,
) -> Result<Option<Box<dyn LoanRule>>, String> {
    match rule {
        aave_v3::RULE => Pooled::new(parameters, terms).map(|rule| Some(Box::new(rule) as _)),
        _ => Ok(None),
    }
}

/// Pooled reserves with indices at one and cash that never runs short.
#[derive(Debug)]
struct Pooled {
    rule: aave_v3::Rule,
    reserves: Vec<aave_v3::Reserve>,
}

impl Pooled {
    fn new(parameters: &str, terms: &LoanTerms) -> Result<Pooled, String> {
        let mut parameters =
            aave_v3::Parameters::parse(parameters).map_err(|error| error.to_string())?;
        if parameters.numeraire_decimals != 8 {
            let found = parameters.numeraire_decimals;
            return Err(format!("numeraire_decimals = {found}: a pure rule takes 8"));
        }
        if let Some(close_factor_bps) = terms.close_factor_bps {
            parameters.constants.close_factor_bps = close_factor_bps;
            parameters.validate().map_err(|error| error.to_string())?;
        }
        if terms.bonus_bps.len() > MARKETS_MAX {
            return Err(format!("{} markets: at most {MARKETS_MAX}", terms.bonus_bps.len()));
        }
        let reserve = |bonus_bps: &u16| {
            let liquidation_bonus_bps = bonus_bps.saturating_add(10_000);
            let asset = aave_v3::AssetParameters {
                decimals: AMOUNT_DECIMALS,
                liquidation_threshold_bps: 0,
                liquidation_bonus_bps,
                liquidation_protocol_fee_bps: 0,
                reserve_factor_bps: 0,
                rates: None,
            };
            asset.reserve(U256::ZERO)
        };
        let reserves = terms.bonus_bps.iter().map(reserve).collect();
        Ok(Pooled { rule: parameters.rule(), reserves })
    }

    /// The pool and the account as the venue's functions read them.
    fn read(
        &self,
        loan: &Loan<'_>,
    ) -> ([aave_v3::Reserve; MARKETS_MAX], [aave_v3::UserReserve; MARKETS_MAX]) {
        let mut users = [aave_v3::UserReserve::default(); MARKETS_MAX];
        // At least one market: an account without any is in no breach, and is never asked about.
        let mut reserves = [self.reserves.first().copied().unwrap_or(NO_RESERVE); MARKETS_MAX];
        for (place, (reserve, known)) in reserves.iter_mut().zip(&self.reserves).enumerate() {
            let of = |side: &[u64]| U256::from(side.get(place).copied().unwrap_or(0));
            *reserve = aave_v3::Reserve { price: of(loan.prices), ..*known };
            let (scaled_collateral, scaled_debt) = (of(loan.collateral), of(loan.debt));
            users[place] = aave_v3::UserReserve {
                scaled_collateral,
                scaled_debt,
                use_as_collateral: !scaled_collateral.is_zero(),
                borrowing: !scaled_debt.is_zero(),
                own_threshold_bps: Some(loan.threshold_bps),
            };
        }
        (reserves, users)
    }
}

/// Stands where there is no reserve.
const NO_RESERVE: aave_v3::Reserve = aave_v3::Reserve {
    decimals: AMOUNT_DECIMALS,
    price: U256::ZERO,
    liquidation_threshold_bps: 0,
    liquidation_bonus_bps: 10_000,
    liquidation_protocol_fee_bps: 0,
    liquidity_index: breakwater_money::Ray::one(),
    variable_borrow_index: breakwater_money::Ray::one(),
    active: false,
    paused: false,
    grace_until: None,
    available: None,
};

impl LoanRule for Pooled {
    fn in_breach(&self, loan: &Loan<'_>) -> bool {
        let (reserves, users) = self.read(loan);
        let count = self.reserves.len();
        aave_v3::totals(&reserves[..count], &users[..count], None)
            .is_ok_and(|totals| totals.is_liquidatable())
    }

    fn liquidate(&self, loan: &Loan<'_>, (collateral, debt): (usize, usize)) -> Option<LoanTaken> {
        let (reserves, users) = self.read(loan);
        let count = self.reserves.len();
        let call = aave_v3::Call {
            collateral,
            debt,
            debt_to_cover: U256::MAX,
            receive_atoken: false,
            self_liquidation: false,
            now: 0,
        };
        let (reserves, users) = (&reserves[..count], &users[..count]);
        let found = aave_v3::largest_call(&self.rule, reserves, users, None, &call).ok()?;
        let outcome = found.outcome;
        Some(LoanTaken {
            repaid: u64::try_from(outcome.debt_repaid).ok()?,
            seized: u64::try_from(outcome.collateral_to_liquidator).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(close_factor_bps: Option<u16>) -> Box<dyn LoanRule> {
        let (_, text) = crate::shipped()[0];
        let terms = LoanTerms { bonus_bps: vec![500, 0], close_factor_bps };
        loan_rule(aave_v3::RULE, text, &terms).unwrap().unwrap()
    }

    const UNIT: u64 = 1_000_000;

    #[test]
    fn half_is_repaid_above_a_health_of_95_percent_and_all_below() {
        let rule = rule(None);
        let (collateral, debt) = ([10_000 * UNIT, 0], [0, 8_000 * UNIT]);
        let at = |price: u64, pair| {
            let prices = [price, 100_000_000];
            let (collateral, debt) = (&collateral[..], &debt[..]);
            let loan = Loan { prices: &prices, collateral, debt, threshold_bps: 8_000 };
            (rule.in_breach(&loan), rule.liquidate(&loan, pair))
        };
        assert_eq!(at(100_000_000, (0, 1)), (false, None));
        let half = LoanTaken { repaid: 4_000 * UNIT, seized: 4_242_424_242 };
        assert_eq!(at(99_000_000, (0, 1)), (true, Some(half)));
        assert_eq!(at(99_000_000, (1, 1)), (true, None));
        assert_eq!(at(94_000_000, (0, 1)).1.unwrap().repaid, 8_000 * UNIT);
    }

    #[test]
    fn other_close_factors_are_taken_and_wrong_ones_refused() {
        let (_, text) = crate::shipped()[0];
        let terms = |close| LoanTerms { bonus_bps: vec![500], close_factor_bps: Some(close) };
        assert!(loan_rule(aave_v3::RULE, text, &terms(2_500)).unwrap().is_some());
        assert!(loan_rule(aave_v3::RULE, text, &terms(0)).unwrap_err().contains("close_factor"));
        assert!(loan_rule("no such rule", text, &terms(1)).unwrap().is_none());
    }
}
