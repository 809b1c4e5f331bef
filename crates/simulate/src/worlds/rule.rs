//! Who is liquidated and what is taken: whole numbers, exact.
//!
//! The plain rule is that of [`crate::monte_carlo::rules`] over several markets: in breach if
//! `sum d p > threshold sum c p` (strict); a liquidation repays the close factor's part of the debt in
//! one market, rounded up, and takes its worth and the incentive of the collateral in another, rounded
//! down. A venue's rule is its own, by [`breakwater_rulebooks::loans`].

use super::process::MARKETS_MAX;
use breakwater_rulebooks::loans::{Loan, LoanRule, LoanTaken};

/// Price units of one: the scale of prices at the engine.
pub const ONE: u64 = 100_000_000;

/// Base units of the numeraire and of every market, at the first price.
pub const UNIT: u64 = 1_000_000;

const BPS: u128 = 10_000;

/// Amounts or prices, one a market.
pub type PerMarket = [u64; MARKETS_MAX];

/// One account, base units: a market's unit is worth one of the numeraire at the first price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// Held.
    pub collateral: PerMarket,
    /// Owed.
    pub debt: PerMarket,
    /// Its threshold.
    pub threshold_bps: u16,
}

impl Account {
    /// Whether nobody can ever liquidate it.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.collateral == [0; MARKETS_MAX] || self.debt == [0; MARKETS_MAX]
    }

    /// Debt that collateral does not cover.
    #[must_use]
    pub fn uncovered(&self, prices: &PerMarket) -> u64 {
        let of = |side: &PerMarket| sum(side, prices);
        // Below six times 2^50 times 2^49 over 10^8.
        let owed = of(&self.debt).div_ceil(u128::from(ONE));
        let worth = of(&self.collateral) / u128::from(ONE);
        u64::try_from(owed.saturating_sub(worth)).unwrap_or(u64::MAX)
    }
}

/// Sum of amounts times prices: below 2^102.
pub(super) fn sum(amounts: &PerMarket, prices: &PerMarket) -> u128 {
    amounts.iter().zip(prices).map(|(a, p)| u128::from(*a) * u128::from(*p)).sum()
}

/// Value of an amount at a price, base units of the numeraire, rounded down.
pub(super) fn value(amount: u64, price: u64) -> u64 {
    let value = u128::from(amount) * u128::from(price) / u128::from(ONE);
    u64::try_from(value).unwrap_or(u64::MAX)
}

/// The rule of a world.
#[derive(Debug)]
pub enum Rule {
    /// Ours.
    Plain {
        /// Part of a debt that is repaid at once.
        close_factor_bps: u32,
        /// Incentive of each market.
        bonus_bps: [u32; MARKETS_MAX],
    },
    /// A venue's.
    Venue {
        /// Its rule.
        rule: Box<dyn LoanRule>,
        /// Markets there are.
        count: usize,
    },
}

impl Rule {
    /// Whether an account is in breach.
    #[must_use]
    pub fn in_breach(&self, account: &Account, prices: &PerMarket) -> bool {
        if account.is_bare() {
            return false;
        }
        match self {
            Rule::Plain { .. } => {
                let allowed = sum(&account.collateral, prices) * u128::from(account.threshold_bps);
                sum(&account.debt, prices) * BPS > allowed
            }
            Rule::Venue { rule, count } => rule.in_breach(&loan(account, prices, *count)),
        }
    }

    /// What one liquidation of a pair of markets, collateral and debt, moves; none if the rule
    /// takes nothing.
    #[must_use]
    pub fn liquidate(
        &self,
        account: &Account,
        prices: &PerMarket,
        (from, of): (usize, usize),
    ) -> Option<LoanTaken> {
        let taken = match self {
            Rule::Venue { rule, count } => {
                return rule.liquidate(&loan(account, prices, *count), (from, of));
            }
            Rule::Plain { close_factor_bps, bonus_bps } => {
                let (held, owed) = (account.collateral[from], account.debt[of]);
                let wide = |number: u64| u128::from(number);
                let reward = BPS + u128::from(bonus_bps[from]);
                let repaid = (wide(owed) * u128::from(*close_factor_bps)).div_ceil(BPS);
                // Below 2^50 times 2^49 times 2^15.
                let seized = repaid * wide(prices[of]) * reward / (wide(prices[from]) * BPS);
                if seized <= wide(held) {
                    LoanTaken {
                        repaid: u64::try_from(repaid).unwrap_or(owed),
                        seized: u64::try_from(seized).unwrap_or(held),
                    }
                } else {
                    let worth = wide(held) * wide(prices[from]) * BPS / (reward * wide(prices[of]));
                    let repaid = u64::try_from(worth).unwrap_or(u64::MAX).min(owed);
                    LoanTaken { repaid, seized: held }
                }
            }
        };
        (taken.repaid > 0 || taken.seized > 0).then_some(taken)
    }
}

fn loan<'a>(account: &'a Account, prices: &'a PerMarket, count: usize) -> Loan<'a> {
    Loan {
        prices: &prices[..count],
        collateral: &account.collateral[..count],
        debt: &account.debt[..count],
        threshold_bps: account.threshold_bps,
    }
}

/// The pair a keeper takes: the collateral that is worth most among markets that are `open`, and the
/// debt that is; the first of equals. None if no open market holds collateral.
pub(super) fn pair(
    account: &Account,
    prices: &PerMarket,
    open: &[bool; MARKETS_MAX],
) -> Option<(usize, usize)> {
    let worth = |side: &PerMarket, at: usize| u128::from(side[at]) * u128::from(prices[at]);
    let most = |side: &PerMarket, counts: &dyn Fn(usize) -> bool| {
        let mut best = None;
        for at in (0..MARKETS_MAX).filter(|at| side[*at] > 0 && counts(*at)) {
            if best.is_none_or(|known| worth(side, at) > worth(side, known)) {
                best = Some(at);
            }
        }
        best
    };
    Some((most(&account.collateral, &|at| open[at])?, most(&account.debt, &|_| true)?))
}

/// How far prices may move before an account can be in breach: below the first or above the second
/// of each market, it has to be looked at. None if it has to be looked at now.
///
/// With worth over the threshold `s` and net exposures `w` (threshold times collateral less debt, at
/// the prices), nothing can happen while each relative move `r` against it stays within
/// `s / sum |w|`, for then `sum w r` is above `-s`. Fixed prices do not count.
pub(super) fn bounds(
    account: &Account,
    prices: &PerMarket,
    moving: &[bool; MARKETS_MAX],
) -> Option<([f64; MARKETS_MAX], [f64; MARKETS_MAX])> {
    // A venue rounds each side by units of 10^-8, which are 10^-2 of ours: far more than that.
    const ROUNDING: f64 = 10.0 * ONE as f64 * BPS as f64;
    // Roundings of this function together are below one part in 2^48.
    const EARLIER: f64 = 1.0 + 1.0 / (1u64 << 40) as f64;
    let threshold = u128::from(account.threshold_bps);
    let allowed = sum(&account.collateral, prices) * threshold;
    let owed = sum(&account.debt, prices) * BPS;
    let slack = allowed.checked_sub(owed)? as f64 - ROUNDING;
    if slack <= 0.0 {
        return None;
    }
    let mut net = [0.0; MARKETS_MAX];
    for at in (0..MARKETS_MAX).filter(|at| moving[*at]) {
        // Below 2^50 times 2^14 on either side: exact.
        let held = i128::from(account.collateral[at]) * i128::from(account.threshold_bps);
        net[at] = (held - i128::from(account.debt[at]) * BPS as i128) as f64 * prices[at] as f64;
    }
    let gross: f64 = net.iter().map(|net| net.abs()).sum();
    let room = slack / gross / EARLIER;
    let (mut below, mut above) = ([0.0; MARKETS_MAX], [f64::INFINITY; MARKETS_MAX]);
    for at in 0..MARKETS_MAX {
        let price = prices[at] as f64;
        if net[at] > 0.0 && room < 1.0 {
            below[at] = price * (1.0 - room) * EARLIER;
        } else if net[at] < 0.0 {
            above[at] = price * (1.0 + room) / EARLIER;
        }
    }
    Some((below, above))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn account() -> impl Strategy<Value = Account> {
        let amount = || prop_oneof![Just(0u64), 1u64..50, 1u64..2_000 * UNIT];
        let side = || prop::array::uniform3(amount());
        (side(), side(), 1u16..=10_000).prop_map(|(c, d, threshold_bps)| Account {
            collateral: [c[0], c[1], c[2], 0, 0, 0],
            debt: [d[0], d[1], d[2], 0, 0, 0],
            threshold_bps,
        })
    }

    fn venue() -> Rule {
        use breakwater_rulebooks::loans::{LoanTerms, loan_rule};
        let (_, text) = breakwater_rulebooks::shipped()[0];
        let terms = LoanTerms { bonus_bps: vec![500; 3], close_factor_bps: None };
        let parsed: toml::Table = toml::from_str(text).unwrap();
        let rule = loan_rule(parsed["rule"].as_str().unwrap(), text, &terms).unwrap().unwrap();
        Rule::Venue { rule, count: 3 }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn within_its_bounds_nobody_is_in_breach(
            account in account(),
            from in prop::array::uniform3(ONE / 100..ONE * 20),
            parts in prop::array::uniform3(0.0f64..=1.0),
        ) {
            let plain = Rule::Plain { close_factor_bps: 5_000, bonus_bps: [500; MARKETS_MAX] };
            let prices = [from[0], from[1], from[2], 0, 0, 0];
            let moving = [true, true, true, false, false, false];
            if let Some((below, above)) = bounds(&account, &prices, &moving) {
                let mut moved = prices;
                for at in 0..3 {
                    // Anywhere within the bounds, the worst corner included.
                    let low = below[at].max(1.0);
                    let high = above[at].min(1e14);
                    let place = low + parts[at] * (high - low);
                    moved[at] = (place as u64).clamp(libm::ceil(low) as u64, high as u64);
                }
                for rule in [plain, venue()] {
                    prop_assert!(!rule.in_breach(&account, &moved));
                }
            }
        }
    }
}
