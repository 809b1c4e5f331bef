//! One round at one price: the rule of [`Terms`] without a division for every account.
//!
//! All accounts of a round are liquidated at the same price, so what divides is the same for all.
//! Each quotient is first estimated by a multiplication with a reciprocal that was rounded down; the
//! estimate is the quotient or one less, and the rest, computed in whole numbers, says which. Nothing
//! is approximate: the tests hold every result against [`Terms::liquidate`].

use super::rules::{Taken, Terms};

/// Bits after the point of the reciprocal of the price. Repayments are below 2^50, so the estimate
/// falls short by less than a quarter.
const FRACTION_BITS: u32 = 52;

/// What is the same for all accounts of a round.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round {
    terms: Terms,
    price: u64,
    debt_side: u64,
    collateral_side: u64,
    close: u64,
    close_per: u64,
    close_per_less_one: u64,
    close_reciprocal: u64,
    reward: u64,
    reward_per: u64,
    reward_reciprocal: Option<u64>,
}

impl Round {
    pub(super) fn new(terms: &Terms, price: u64) -> Round {
        let (close, close_per) = terms.close();
        let (reward, per) = terms.reward();
        // Below 2^49 times 10^4, so below 2^63.
        let reward_per = price * per;
        let reciprocal = (u128::from(reward) << FRACTION_BITS) / u128::from(reward_per);
        Round {
            terms: *terms,
            price,
            debt_side: terms.debt_side(),
            collateral_side: terms.collateral_side(price),
            close,
            close_per,
            close_per_less_one: close_per - 1,
            close_reciprocal: u64::MAX / close_per,
            reward,
            reward_per,
            reward_reciprocal: u64::try_from(reciprocal).ok(),
        }
    }

    /// [`Terms::in_breach`] for an account that has collateral.
    #[inline]
    pub(super) fn in_breach(&self, collateral: u64, debt: u64) -> bool {
        u128::from(debt) * u128::from(self.debt_side)
            > u128::from(collateral) * u128::from(self.collateral_side)
    }

    /// [`Terms::liquidate`].
    #[inline]
    pub(super) fn liquidate(&self, collateral: u64, debt: u64) -> Taken {
        let Some(reciprocal) = self.reward_reciprocal else {
            return self.terms.liquidate(collateral, debt, self.price);
        };
        // Below 2^50 times 10^4 plus 10^4: no overflow.
        let part = debt.wrapping_mul(self.close).wrapping_add(self.close_per_less_one);
        let repaid = ((u128::from(part) * u128::from(self.close_reciprocal)) >> 64) as u64;
        let rest = part.wrapping_sub(repaid.wrapping_mul(self.close_per));
        let repaid = repaid.wrapping_add(u64::from(rest > self.close_per_less_one));
        let due = u128::from(repaid) * u128::from(reciprocal);
        // Below 2^50 times 2^64 over 2^52. The rest is below twice `reward_per`, so below 2^64: the
        // low words tell it.
        let seized = (due >> FRACTION_BITS) as u64;
        let rest =
            repaid.wrapping_mul(self.reward).wrapping_sub(seized.wrapping_mul(self.reward_per));
        let seized = seized.wrapping_add(u64::from(rest >= self.reward_per));
        if seized > collateral {
            return self.terms.take_all(collateral, debt, self.price);
        }
        Taken { repaid, seized }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::{AMOUNT_LIMIT, ONE_MAX, PRICE_MAX, Rules};
    use super::*;
    use proptest::prelude::*;

    fn amount() -> impl Strategy<Value = u64> {
        (1u32..=50).prop_flat_map(|bits| (0u64..1 << bits).prop_map(|n| n.min(AMOUNT_LIMIT - 1)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn a_round_takes_what_the_rule_takes(
            (collateral, debt) in (amount(), amount()),
            (bits, low) in (0u32..49, any::<u64>()),
            one in prop_oneof![Just(1u64), Just(ONE_MAX), 1..=ONE_MAX],
            (threshold_bps, close_factor_bps, bonus_bps) in (1u32..=10_000, 1u32..=10_000, 0u32..=10_000),
        ) {
            let rules = Rules { threshold_bps, close_factor_bps, bonus_bps, rounds_max: 8 };
            let terms = Terms::new(&rules, one).unwrap();
            let price = ((1 << bits) | (low & ((1 << bits) - 1))).clamp(1, PRICE_MAX);
            for price in [price, 1, PRICE_MAX, one] {
                let round = Round::new(&terms, price);
                prop_assert_eq!(
                    round.liquidate(collateral, debt),
                    terms.liquidate(collateral, debt, price)
                );
                let breach = terms.in_breach(collateral, debt, price);
                prop_assert_eq!(collateral > 0 && round.in_breach(collateral, debt), breach);
                prop_assert_eq!(breach, collateral > 0 && price <= terms.breach_price(collateral, debt));
            }
        }
    }
}
