//! A queue of claims that is shared fairly and released in stages.

use breakwater_money::{MoneyError, Rounding, rounding};
use serde::{Deserialize, Serialize};

/// Splits `available` over `claims` in proportion, to the last unit: what rounding down leaves goes, one
/// unit each, to the largest remainders, the earlier claim first among equals. No claim gets more than
/// it is; together they get all that is available, or all they are.
///
/// # Errors
/// The claims together do not fit 128 bits.
pub fn pro_rata(available: u128, claims: &[u128]) -> Result<Vec<u128>, MoneyError> {
    let add = |sum: u128, claim: &u128| sum.checked_add(*claim).ok_or(MoneyError::Overflow);
    let total = claims.iter().try_fold(0, add)?;
    if total <= available {
        return Ok(claims.to_vec());
    }
    let mut shares = Vec::with_capacity(claims.len());
    let mut remainders = Vec::with_capacity(claims.len());
    for (place, claim) in claims.iter().enumerate() {
        let share = rounding::mul_div(*claim, available, total, Rounding::Floor)?;
        // The rest of the division, below `total`: differences of products are the same modulo 2^128.
        let rest = claim.wrapping_mul(available).wrapping_sub(share.wrapping_mul(total));
        shares.push(share);
        remainders.push((rest, place));
    }
    let mut left = available - shares.iter().sum::<u128>();
    remainders.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, place) in remainders {
        if left == 0 {
            break;
        }
        if let Some(share) = shares.get_mut(place) {
            *share += 1;
            left -= 1;
        }
    }
    Ok(shares)
}

/// What was stopped is released in equal stages, so that the end of a pause is no second run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Staged {
    /// Seconds from the stop to the first stage.
    pub delay_seconds: u64,
    /// Number of stages, at least 1.
    pub stages: u32,
    /// Seconds from one stage to the next.
    pub interval_seconds: u64,
}

impl Staged {
    /// The first field that makes no sense, with its value and what would be right.
    ///
    /// # Errors
    /// A sentence naming field, value and what would be right.
    pub fn validate(&self) -> Result<(), String> {
        if self.stages == 0 {
            return Err("stages 0 would release nothing; at least 1".to_owned());
        }
        if self.stages > 1 && self.interval_seconds == 0 {
            return Err("interval_seconds 0: at least 1 between several stages".to_owned());
        }
        Ok(())
    }

    /// How much of `amount` is released `waited_seconds` after it was stopped, rounded down; all of it
    /// from the last stage on.
    #[must_use]
    pub fn released(&self, amount: u128, waited_seconds: u64) -> u128 {
        let Some(since_first) = waited_seconds.checked_sub(self.delay_seconds) else { return 0 };
        let stages = u128::from(self.stages);
        // With no interval all stages are one.
        let interval = u128::from(self.interval_seconds);
        let passed = rounding::div(u128::from(since_first), interval, Rounding::Floor);
        let reached = passed.map_or(stages, |passed| passed.saturating_add(1));
        if reached >= stages {
            return amount;
        }
        rounding::mul_div(amount, reached, stages, Rounding::Floor).unwrap_or(0)
    }
}

/// One claim in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Second at which it was made.
    pub second: u64,
    /// What is still owed on it.
    pub owed: u128,
}

/// Claims that wait `delay_seconds`; those that have are paid in proportion, however they came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WithdrawalQueue {
    delay_seconds: u64,
    claims: Vec<Claim>,
}

impl WithdrawalQueue {
    /// An empty queue.
    #[must_use]
    pub fn new(delay_seconds: u64) -> Self {
        WithdrawalQueue { delay_seconds, claims: Vec::new() }
    }

    /// Adds a claim and returns its place. Nothing claimed is no claim.
    pub fn join(&mut self, second: u64, amount: u128) -> usize {
        self.claims.push(Claim { second, owed: amount });
        self.claims.len() - 1
    }

    /// The claims by place, paid ones included.
    #[must_use]
    pub fn claims(&self) -> &[Claim] {
        &self.claims
    }

    /// What is owed on all claims together; saturates.
    #[must_use]
    pub fn owed(&self) -> u128 {
        self.claims.iter().fold(0, |sum, claim| sum.saturating_add(claim.owed))
    }

    /// Pays one claim out of turn, at most what is owed on it; returns what it got.
    pub fn pay(&mut self, place: usize, amount: u128) -> u128 {
        let Some(claim) = self.claims.get_mut(place) else { return 0 };
        let paid = amount.min(claim.owed);
        claim.owed -= paid;
        paid
    }

    /// Pays the claims that have waited long enough out of `available`, and returns what each place got.
    ///
    /// # Errors
    /// Those claims together do not fit 128 bits; then nothing is paid.
    pub fn settle(
        &mut self,
        second: u64,
        available: u128,
    ) -> Result<Vec<(usize, u128)>, MoneyError> {
        let due = |claim: &Claim| second.saturating_sub(claim.second) >= self.delay_seconds;
        let places: Vec<usize> = (0..self.claims.len())
            .filter(|at| self.claims.get(*at).is_some_and(|claim| claim.owed > 0 && due(claim)))
            .collect();
        let owed = |at: &usize| self.claims.get(*at).map_or(0, |claim| claim.owed);
        let claims: Vec<u128> = places.iter().map(owed).collect();
        let paid = pro_rata(available, &claims)?;
        let paid: Vec<(usize, u128)> = places.into_iter().zip(paid).collect();
        for (place, amount) in &paid {
            if let Some(claim) = self.claims.get_mut(*place) {
                claim.owed = claim.owed.saturating_sub(*amount);
            }
        }
        Ok(paid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_rounding_leaves_goes_to_the_largest_remainders() {
        assert_eq!(pro_rata(10, &[1, 1, 1]), Ok(vec![1, 1, 1]));
        assert_eq!(pro_rata(2, &[1, 1, 1]), Ok(vec![1, 1, 0]));
        assert_eq!(pro_rata(10, &[7, 7, 1]), Ok(vec![5, 5, 0]));
        assert_eq!(pro_rata(0, &[5]), Ok(vec![0]));
        assert_eq!(pro_rata(5, &[]), Ok(vec![]));
        let half = u128::MAX / 2;
        assert_eq!(pro_rata(half, &[half, half]), Ok(vec![half / 2 + 1, half / 2]));
        assert_eq!(pro_rata(1, &[u128::MAX, 1]), Err(MoneyError::Overflow));
    }

    #[test]
    fn stages_open_on_their_second_and_the_last_pays_every_unit() {
        let staged = Staged { delay_seconds: 10, stages: 3, interval_seconds: 5 };
        for (waited, released) in [(9, 0), (10, 33), (14, 33), (15, 66), (19, 66), (20, 100)] {
            assert_eq!(staged.released(100, waited), released, "after {waited}");
        }
        let once = Staged { delay_seconds: 10, stages: 1, interval_seconds: 0 };
        assert_eq!((once.released(100, 9), once.released(100, 10)), (0, 100));
        assert!(Staged { stages: 0, ..staged }.validate().is_err());
        assert!(Staged { interval_seconds: 0, ..staged }.validate().is_err());
        assert_eq!((staged.validate(), once.validate()), (Ok(()), Ok(())));
    }

    #[test]
    fn a_claim_is_paid_from_its_second_on_and_size_buys_no_place() {
        let mut queue = WithdrawalQueue::new(60);
        let (large, small) = (queue.join(0, 900), queue.join(1, 100));
        assert_eq!(queue.settle(59, 100), Ok(vec![]));
        assert_eq!(queue.settle(60, 100), Ok(vec![(large, 100)]));
        assert_eq!(queue.settle(61, 90), Ok(vec![(large, 80), (small, 10)]));
        assert_eq!(queue.owed(), 810);
        assert_eq!(queue.claims()[small], Claim { second: 1, owed: 90 });
    }

    proptest! {
        #[test]
        fn shares_are_within_a_unit_of_proportion_and_sum_to_all_there_is(
            available in 0u128..5_000, claims in proptest::collection::vec(0u128..900, 0..12),
        ) {
            let shares = pro_rata(available, &claims).unwrap();
            let total: u128 = claims.iter().sum();
            prop_assert_eq!(shares.iter().sum::<u128>(), available.min(total));
            for (share, claim) in shares.iter().zip(&claims) {
                prop_assert!(share <= claim);
                if available < total {
                    let exact = claim * available;
                    prop_assert!(share * total < exact + total && (share + 1) * total > exact);
                }
            }
        }

        #[test]
        fn a_queue_never_pays_more_than_there_is_nor_than_it_owes(
            steps in proptest::collection::vec((0u64..50, 0u128..500, 0u128..500), 1..30),
        ) {
            let mut queue = WithdrawalQueue::new(30);
            let (mut second, mut joined, mut paid) = (0, 0u128, 0u128);
            for (wait, amount, available) in steps {
                second += wait;
                queue.join(second, amount);
                joined += amount;
                let got: u128 = queue.settle(second, available).unwrap().iter().map(|p| p.1).sum();
                prop_assert!(got <= available);
                paid += got;
                prop_assert_eq!(queue.owed() + paid, joined);
            }
        }
    }
}
