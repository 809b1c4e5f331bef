//! How much is sold when: whole numbers that add up to what is to be sold.
//!
//! A model proposes in floats; [`Schedule::apportioned`] turns the proposal into base units. It
//! gives out whole lots by largest remainder (Hamilton's method), equal remainders to the earlier
//! slice, and loses no unit.

use crate::ModelError;
use breakwater_money::rounding::{div, narrow_u128};
use breakwater_money::{Rounding, U256};
use serde::{Deserialize, Serialize};

/// Most slices a schedule may have: one a second for a day, with as much room again. A schedule
/// is kept and walked by whoever sells, so its length is bounded.
pub const SLICES_MAX: usize = 172_800;

/// Nanoseconds in a day, the unit of time of the models.
pub const NANOS_A_DAY: u64 = 86_400_000_000_000;

/// Shares are counted in this many steps of the largest one: a float's own resolution.
const SHARE_STEPS: f64 = 9_007_199_254_740_992.0;

/// One part of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slice {
    /// Nanoseconds after the start of the schedule at which it is to be sold.
    pub after_nanos: u64,
    /// Base units to sell, more than 0.
    pub quantity: u128,
}

/// Parts of a sale in the order of their times. It never buys.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Schedule {
    /// Ascending in time, each with a quantity above 0; empty where nothing is to be sold.
    pub slices: Vec<Slice>,
}

impl Schedule {
    /// All of `quantity` at once.
    #[must_use]
    pub fn immediate(quantity: u128) -> Schedule {
        let slice = Slice { after_nanos: 0, quantity };
        Schedule { slices: if quantity == 0 { Vec::new() } else { vec![slice] } }
    }

    /// Gives `quantity` base units to the times `after_nanos` in proportion to `shares`, in whole
    /// lots of `lot`.
    ///
    /// The slices add up to `quantity` exactly. Each is a whole number of lots, but for what does
    /// not make a lot: it goes with the last slice, or is the last slice where all is less than
    /// one lot. Slices of nothing are left out.
    ///
    /// # Errors
    /// The lot is zero; no or too many times; times not ascending; not as many shares as times; a
    /// share that is negative or no number; shares that are all 0.
    pub fn apportioned(
        quantity: u128,
        lot: u128,
        after_nanos: &[u64],
        shares: &[f64],
    ) -> Result<Schedule, ModelError> {
        if lot == 0 {
            return Err(ModelError::field("lot", 0.0, "at least 1 base unit"));
        }
        check_times(after_nanos, shares.len())?;
        let counted = counted_shares(shares)?;
        let lots = div(quantity, lot, Rounding::Floor)
            .map_err(|_| ModelError::field("lot", 0.0, "at least 1 base unit"))?;
        let parts = largest_remainder(lots, &counted)?;
        let mut slices: Vec<Slice> = after_nanos
            .iter()
            .zip(&parts)
            .filter(|(_, part)| **part > 0)
            // Whole lots of a quantity that fits, so the product fits.
            .map(|(at, part)| Slice { after_nanos: *at, quantity: part * lot })
            .collect();
        let rest = quantity - lots * lot;
        match (slices.last_mut(), last_with_share(after_nanos, shares)) {
            (Some(last), _) => last.quantity += rest,
            (None, Some(at)) if rest > 0 => slices.push(Slice { after_nanos: at, quantity: rest }),
            _ => {}
        }
        Ok(Schedule { slices })
    }

    /// Base units of all slices together; of one made by hand, at most what 128 bits hold.
    #[must_use]
    pub fn total(&self) -> u128 {
        self.slices.iter().fold(0, |sum, slice| sum.saturating_add(slice.quantity))
    }

    /// Base units of the slices whose time has come, `elapsed_nanos` after the start, those at
    /// that very nanosecond included.
    #[must_use]
    pub fn due(&self, elapsed_nanos: u64) -> u128 {
        let come = self.slices.iter().take_while(|slice| slice.after_nanos <= elapsed_nanos);
        come.fold(0, |sum, slice| sum.saturating_add(slice.quantity))
    }

    /// Time of the last slice, in nanoseconds after the start; 0 of an empty schedule.
    #[must_use]
    pub fn ends_after_nanos(&self) -> u64 {
        self.slices.last().map_or(0, |slice| slice.after_nanos)
    }

    /// That the slices are in order, sell something each and are not too many: for schedules that
    /// were read and not made here.
    ///
    /// # Errors
    /// The first slice that is out of order or empty; too many slices; a total beyond 128 bits.
    pub fn validate(&self) -> Result<(), ModelError> {
        if self.slices.len() > SLICES_MAX {
            return Err(ModelError::too_many("slices", self.slices.len(), SLICES_MAX));
        }
        let mut before = None;
        let mut total = 0u128;
        for (index, slice) in self.slices.iter().enumerate() {
            if slice.quantity == 0 {
                return Err(ModelError::entry("quantity", index, 0.0, "more than 0"));
            }
            if before.is_some_and(|before| before >= slice.after_nanos) {
                let value = slice.after_nanos as f64;
                return Err(ModelError::entry(
                    "after_nanos",
                    index,
                    value,
                    "later than the one before",
                ));
            }
            before = Some(slice.after_nanos);
            total = total
                .checked_add(slice.quantity)
                .ok_or(ModelError::Overflow { what: "total of the slices" })?;
        }
        Ok(())
    }
}

fn check_times(after_nanos: &[u64], shares: usize) -> Result<(), ModelError> {
    if after_nanos.is_empty() {
        return Err(ModelError::Empty { field: "after_nanos", expected: "at least one time" });
    }
    if after_nanos.len() > SLICES_MAX {
        return Err(ModelError::too_many("after_nanos", after_nanos.len(), SLICES_MAX));
    }
    if shares != after_nanos.len() {
        let expected = after_nanos.len();
        return Err(ModelError::Length {
            field: "shares",
            found: shares,
            of: "after_nanos",
            expected,
        });
    }
    for (index, pair) in after_nanos.windows(2).enumerate() {
        if let [before, after] = pair
            && before >= after
        {
            let value = *after as f64;
            return Err(ModelError::entry(
                "after_nanos",
                index + 1,
                value,
                "later than the one before",
            ));
        }
    }
    Ok(())
}

/// Shares as whole numbers, the largest of 2^53: each float's own digits, so that what follows is
/// integers and the same everywhere.
fn counted_shares(shares: &[f64]) -> Result<Vec<u64>, ModelError> {
    let mut largest = 0.0f64;
    for (index, share) in shares.iter().enumerate() {
        if !(share.is_finite() && *share >= 0.0) {
            return Err(ModelError::entry("shares", index, *share, "a number of at least 0"));
        }
        largest = if *share > largest { *share } else { largest };
    }
    if largest == 0.0 {
        return Err(ModelError::field("sum of shares", 0.0, "more than 0"));
    }
    // A quotient of at most one, so the product is at most 2^53 and the cast exact.
    Ok(shares.iter().map(|share| libm::rint(share / largest * SHARE_STEPS) as u64).collect())
}

/// `lots` in proportion to `shares`: floors first, then one lot each by largest remainder, the
/// earlier of equal ones.
fn largest_remainder(lots: u128, shares: &[u64]) -> Result<Vec<u128>, ModelError> {
    let overflow = ModelError::Overflow { what: "share of a slice" };
    // At most 172,800 shares of at most 2^53: less than 2^71.
    let sum = U256::from(shares.iter().fold(0u128, |sum, share| sum + u128::from(*share)));
    let mut parts = Vec::with_capacity(shares.len());
    let mut remainders = Vec::with_capacity(shares.len());
    let mut given = 0u128;
    for (index, share) in shares.iter().enumerate() {
        // Below 2^128 * 2^53; the sum is positive since the largest share is 2^53.
        let (part, remainder) = (U256::from(lots) * U256::from(*share)).div_rem(sum);
        let part = narrow_u128(part).map_err(|_| overflow.clone())?;
        given += part;
        parts.push(part);
        remainders.push((remainder, index));
    }
    remainders.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(&right.1)));
    // Floors leave less than one lot a slice, so the rest finds a slice each.
    let rest = usize::try_from(lots - given).map_err(|_| overflow)?;
    for (_, index) in remainders.iter().take(rest) {
        if let Some(part) = parts.get_mut(*index) {
            *part += 1;
        }
    }
    Ok(parts)
}

fn last_with_share(after_nanos: &[u64], shares: &[f64]) -> Option<u64> {
    after_nanos.iter().zip(shares).rev().find(|(_, share)| **share > 0.0).map(|(at, _)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_sale_is_cut_into_whole_lots_by_largest_remainder() {
        let schedule = Schedule::apportioned(1_005, 10, &[0, 5, 9], &[1.0, 1.0, 1.0]).unwrap();
        let quantities: Vec<u128> = schedule.slices.iter().map(|slice| slice.quantity).collect();
        // 100 lots: 34, 33, 33, and the five units that make no lot go with the last slice.
        assert_eq!(quantities, [340, 330, 335]);
        assert_eq!(
            (schedule.total(), schedule.due(5), schedule.ends_after_nanos()),
            (1_005, 670, 9)
        );
    }

    #[test]
    fn what_makes_no_lot_is_still_sold_at_the_last_time_that_has_a_share() {
        let schedule = Schedule::apportioned(7, 10, &[0, 5, 9], &[1.0, 1.0, 0.0]).unwrap();
        assert_eq!(schedule.slices, [Slice { after_nanos: 5, quantity: 7 }]);
        assert_eq!(Schedule::apportioned(0, 10, &[0], &[1.0]).unwrap(), Schedule::default());
        assert_eq!(Schedule::immediate(0), Schedule::default());
    }

    #[test]
    fn what_is_no_schedule_is_refused_by_name() {
        let said = |result: Result<Schedule, ModelError>| result.unwrap_err().to_string();
        assert_eq!(
            said(Schedule::apportioned(1, 0, &[0], &[1.0])),
            "lot is 0; expected at least 1 base unit"
        );
        assert_eq!(
            said(Schedule::apportioned(1, 1, &[], &[])),
            "after_nanos is empty; expected at least one time"
        );
        assert_eq!(
            said(Schedule::apportioned(1, 1, &[0, 1], &[1.0])),
            "shares has 1 entries; expected 2 as after_nanos has"
        );
        assert_eq!(
            said(Schedule::apportioned(1, 1, &[4, 4], &[1.0, 1.0])),
            "after_nanos of entry 1 is 4; expected later than the one before"
        );
        for share in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(Schedule::apportioned(1, 1, &[0, 1], &[1.0, share]).is_err());
        }
        assert!(Schedule::apportioned(1, 1, &[0], &[0.0]).is_err());
        let slice = |after_nanos, quantity| Slice { after_nanos, quantity };
        assert!(Schedule { slices: vec![slice(1, 1), slice(1, 1)] }.validate().is_err());
        assert!(Schedule { slices: vec![slice(1, 0)] }.validate().is_err());
        assert!(Schedule { slices: vec![slice(1, u128::MAX), slice(2, 1)] }.validate().is_err());
    }

    proptest! {
        #[test]
        fn no_unit_is_lost_and_no_slice_is_a_lot_from_its_share(
            quantity in any::<u128>(), lot in 1u128..1_000_000,
            shares in proptest::collection::vec(0.0f64..1e6, 1..40),
        ) {
            prop_assume!(shares.iter().sum::<f64>() > 0.0);
            let times: Vec<u64> = (0..shares.len() as u64).collect();
            let schedule = Schedule::apportioned(quantity, lot, &times, &shares).unwrap();
            schedule.validate().unwrap();
            prop_assert_eq!(schedule.total(), quantity);
            let small = quantity % 1_000_000_007;
            let schedule = Schedule::apportioned(small, lot, &times, &shares).unwrap();
            let sum: f64 = shares.iter().sum();
            for (at, share) in shares.iter().enumerate() {
                let slice = schedule.slices.iter().find(|slice| slice.after_nanos == at as u64);
                let quantity = slice.map_or(0.0, |slice| slice.quantity as f64);
                let exact = share / sum * small as f64;
                // A lot, and for the last slice the odd units.
                prop_assert!((quantity - exact).abs() < 2.0 * lot as f64 + 1e-3, "{quantity} {exact}");
            }
        }
    }
}
