//! Sharing an amount in proportion to capacity, exact to the unit.

use super::Capacity;
use breakwater_money::AccountId;
use breakwater_money::rounding::{Rounding, mul_div};

/// Shares `amount` over the capacities in proportion to them, never more than all together, each
/// share at most its capacity, and the shares sum to exactly what is shared.
///
/// Everyone first gets the floor of the proportional share; the few units left go one each to
/// those with room, in order of account, so that the result does not depend on the input's order.
#[must_use]
pub fn share_out(amount: u128, capacities: &[Capacity]) -> Vec<(AccountId, u128)> {
    let mut sorted = capacities.to_vec();
    sorted.sort_unstable_by_key(|c| c.account);
    let total = sorted.iter().fold(0u128, |sum, c| sum.saturating_add(c.most));
    let shared = amount.min(total);
    if shared == 0 {
        return Vec::new();
    }
    let mut left = shared;
    let mut shares: Vec<(AccountId, u128)> = Vec::with_capacity(sorted.len());
    for capacity in &sorted {
        // The total is at least the capacity and not zero, so the share exists and fits.
        let share = mul_div(shared, capacity.most, total, Rounding::Floor).unwrap_or(0);
        let share = share.min(left);
        left -= share;
        shares.push((capacity.account, share));
    }
    for (capacity, (_, share)) in sorted.iter().zip(&mut shares) {
        let more = left.min(capacity.most - *share).min(1);
        *share += more;
        left -= more;
    }
    // Floors lose less than one unit each, so one pass places all but what saturation hid.
    for (capacity, (_, share)) in sorted.iter().zip(&mut shares) {
        let more = left.min(capacity.most - *share);
        *share += more;
        left -= more;
    }
    shares.retain(|(_, share)| *share > 0);
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn capacities(most: &[u128]) -> Vec<Capacity> {
        (0..).map(AccountId).zip(most).map(|(account, m)| Capacity { account, most: *m }).collect()
    }

    #[test]
    fn shares_are_in_proportion_and_whole() {
        let shares = share_out(10, &capacities(&[100, 200, 300]));
        assert_eq!(shares, [(AccountId(0), 2), (AccountId(1), 3), (AccountId(2), 5)]);
        assert!(share_out(0, &capacities(&[5])).is_empty());
        assert!(share_out(5, &[]).is_empty());
        assert_eq!(share_out(u128::MAX, &capacities(&[7])), [(AccountId(0), 7)]);
    }

    proptest! {
        #[test]
        fn order_does_not_matter_and_nothing_is_lost(
            amount in 0u128..10_000, most in prop::collection::vec(0u128..3_000, 0..10),
            seed in any::<u64>()
        ) {
            let given = capacities(&most);
            let mut turned = given.clone();
            if !turned.is_empty() {
                let by = seed as usize % turned.len();
                turned.rotate_left(by);
                turned.reverse();
            }
            let shares = share_out(amount, &given);
            prop_assert_eq!(&shares, &share_out(amount, &turned));
            let total: u128 = most.iter().sum();
            prop_assert_eq!(shares.iter().map(|(_, s)| s).sum::<u128>(), amount.min(total));
        }
    }
}
