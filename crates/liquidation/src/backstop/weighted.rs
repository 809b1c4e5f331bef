//! Sharing an amount in proportion to weights, nobody above its own limit.

use breakwater_money::rounding::{Rounding, mul_div_full, narrow_u128};
use breakwater_money::{AccountId, U256, U512};
use std::cmp::Ordering;

/// Bits a weight keeps, so that the weights of all accounts that can exist add within 256 bits.
const WEIGHT_BITS: usize = 223;

/// Somebody with a weight and a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weighted {
    /// The account.
    pub account: AccountId,
    /// Its part in the proportion. Zero gives nothing.
    pub weight: U256,
    /// The most it gives.
    pub most: u128,
}

/// Shares `amount` so that each gives `min(eta * weight, most)` with one multiplier `eta` for all,
/// the one with which the shares sum to exactly `amount`; if everybody's most is less, everybody
/// gives that. In order of account, without those that give nothing.
///
/// The multiplier is never formed: whoever reaches its limit at the multiplier of those left is
/// taken out at the limit, the smallest limit a unit of weight first, and the others share the rest.
/// Each of them gets the floor of its part, and the units left go one each to those with room, in
/// order of account. Weights of more than 223 bits are cut to their upper bits, all alike.
#[must_use]
pub fn share_weighted(amount: u128, bearers: &[Weighted]) -> Vec<(AccountId, u128)> {
    let bits = bearers.iter().map(|b| b.weight.bit_len()).max().unwrap_or(0);
    let cut = bits.saturating_sub(WEIGHT_BITS);
    let able = bearers.iter().filter(|b| b.most > 0 && !b.weight.is_zero());
    let mut able: Vec<Weighted> =
        able.map(|b| Weighted { weight: (b.weight >> cut).max(U256::ONE), ..*b }).collect();
    able.sort_unstable_by(|a, b| by_limit(a, b).then(a.cmp(b)));
    let total = able.iter().fold(0u128, |sum, b| sum.saturating_add(b.most));
    let mut left = amount.min(total);
    // At most 2^32 accounts of 2^223 each.
    let mut weight = able.iter().fold(U256::ZERO, |sum, b| sum.saturating_add(b.weight));
    let mut shares: Vec<(Weighted, u128)> = Vec::with_capacity(able.len());
    let mut able = able.into_iter().peekable();
    while let Some(bearer) = able.next_if(|b| is_limited(b, left, weight)) {
        let share = bearer.most.min(left);
        left -= share;
        weight -= bearer.weight;
        shares.push((bearer, share));
    }
    let rest = left;
    for bearer in able {
        let part = mul_div_full(U256::from(rest), bearer.weight, weight, Rounding::Floor);
        let share = part.and_then(narrow_u128).unwrap_or(0).min(bearer.most).min(left);
        left -= share;
        shares.push((bearer, share));
    }
    shares.sort_unstable();
    // A floor loses less than a unit, and who shares in proportion has room for one, since its limit
    // is a whole number above its part: one pass places all that is left.
    for (bearer, share) in &mut shares {
        let more = left.min(bearer.most - *share).min(1);
        *share += more;
        left -= more;
    }
    shares.retain(|(_, share)| *share > 0);
    shares.into_iter().map(|(bearer, share)| (bearer.account, share)).collect()
}

/// Who reaches its limit first as the multiplier rises.
fn by_limit(a: &Weighted, b: &Weighted) -> Ordering {
    product(a.most, b.weight).cmp(&product(b.most, a.weight))
}

/// Whether the multiplier `left / weight` takes the bearer to its limit.
fn is_limited(bearer: &Weighted, left: u128, weight: U256) -> bool {
    product(bearer.most, weight) <= product(left, bearer.weight)
}

fn product(units: u128, weight: U256) -> U512 {
    U256::from(units).widening_mul(weight)
}

#[cfg(test)]
mod tests {
    use super::super::{Capacity, share_out};
    use super::*;
    use proptest::prelude::*;

    fn bearers(given: &[(u128, u128)]) -> Vec<Weighted> {
        (0..)
            .map(AccountId)
            .zip(given)
            .map(|(account, (weight, most))| Weighted {
                account,
                weight: U256::from(*weight),
                most: *most,
            })
            .collect()
    }

    #[test]
    fn whoever_reaches_the_limit_leaves_the_rest_to_the_others() {
        // 60 over weights 1, 1, 2: 15, 15, 30; the third gives at most 20, the others 20 each.
        let shares = share_weighted(60, &bearers(&[(1, 100), (1, 100), (2, 20)]));
        assert_eq!(shares, [(AccountId(0), 20), (AccountId(1), 20), (AccountId(2), 20)]);
        let all = share_weighted(1_000, &bearers(&[(1, 100), (7, 3)]));
        assert_eq!(all, [(AccountId(0), 100), (AccountId(1), 3)]);
        assert!(share_weighted(5, &bearers(&[(0, 100)])).is_empty());
        assert!(share_weighted(0, &bearers(&[(1, 100)])).is_empty());
        let huge = [Weighted { account: AccountId(3), weight: U256::MAX, most: u128::MAX }; 3];
        assert_eq!(
            share_weighted(u128::MAX, &huge).iter().map(|(_, s)| s).sum::<u128>(),
            u128::MAX
        );
    }

    proptest! {
        #[test]
        fn shares_sum_and_one_multiplier_explains_them(
            given in prop::collection::vec((0u128..50, 0u128..2_000), 0..12),
            amount in 0u128..12_000, turn in any::<usize>()
        ) {
            let able = bearers(&given);
            let shares = share_weighted(amount, &able);
            let most = |b: &Weighted| if b.weight.is_zero() { 0 } else { b.most };
            let total: u128 = able.iter().map(most).sum();
            prop_assert_eq!(shares.iter().map(|(_, s)| s).sum::<u128>(), amount.min(total));
            let share_of = |account: AccountId| {
                shares.iter().find(|(a, _)| *a == account).map_or(0, |(_, s)| *s)
            };
            for a in &able {
                prop_assert!(share_of(a.account) <= most(a));
                for b in able.iter().filter(|b| most(b) > 0) {
                    // Whoever has room gives at least as much a weight as anybody, but for units.
                    if share_of(a.account) < most(a) {
                        let left = U256::from(share_of(b.account).saturating_sub(2)) * a.weight;
                        let right = U256::from(share_of(a.account) + 2) * b.weight;
                        prop_assert!(left <= right, "{shares:?}");
                    }
                }
            }
            let mut turned = able.clone();
            if !turned.is_empty() {
                let by = turn % turned.len();
                turned.rotate_left(by);
                turned.reverse();
            }
            prop_assert_eq!(share_weighted(amount, &turned), shares);
        }

        #[test]
        fn limits_as_weights_are_plain_proportion(
            most in prop::collection::vec(0u128..3_000, 0..10), amount in 0u128..12_000
        ) {
            let same: Vec<(u128, u128)> = most.iter().map(|m| (*m, *m)).collect();
            let able: Vec<Capacity> = (0..)
                .map(AccountId)
                .zip(&most)
                .map(|(account, most)| Capacity { account, most: *most })
                .collect();
            prop_assert_eq!(share_weighted(amount, &bearers(&same)), share_out(amount, &able));
        }
    }
}
