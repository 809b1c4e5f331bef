//! Losses spread over many: among the winners of a session, or by an index a unit of open interest.

use super::{Capacity, share_out};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, MoneyError, Result};

/// A loss shared by the winners of a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionLoss {
    /// What each winner gives.
    pub shares: Vec<(AccountId, u128)>,
    /// What their profits together did not cover.
    pub outstanding: u128,
}

/// Spreads a loss over the winners of a session in proportion to what they won in it, nobody more
/// than that (Deribit: among the winners of the session; OKX formerly: loss over the sum of net
/// profits). `shares + outstanding = loss`, to the unit.
#[must_use]
pub fn by_session(loss: u128, session_profits: &[Capacity]) -> SessionLoss {
    let shares = share_out(loss, session_profits);
    let shared: u128 = shares.iter().map(|(_, share)| share).sum();
    SessionLoss { shares, outstanding: loss - shared }
}

/// A loss as an amount on every unit of open interest, long and short alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexLoss {
    /// Base units of the settle asset on `scale` units of the contract.
    pub per_scale: u128,
    /// Units of the contract that the index counts by.
    pub scale: u128,
}

impl IndexLoss {
    /// Spreads `loss` over `open_interest` units, both sides counted: the quotient is rounded up
    /// (drift: `ceil(loss / (|long| + |short|))`), so that what all pay covers the loss.
    ///
    /// # Errors
    /// There is no open interest to carry a loss, or the index overflows 128 bits.
    pub fn spread(loss: u128, open_interest: u128, scale: u128) -> Result<IndexLoss> {
        if scale == 0 {
            return Err(MoneyError::DivisionByZero);
        }
        let per_scale = mul_div(loss, scale, open_interest, Rounding::Ceil)?;
        Ok(IndexLoss { per_scale, scale })
    }

    /// What a position of `quantity` pays, rounded up.
    ///
    /// # Errors
    /// It overflows 128 bits.
    pub fn payment(&self, quantity: u128) -> Result<u128> {
        mul_div(quantity, self.per_scale, self.scale, Rounding::Ceil)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn winners_of_the_session_give_in_proportion_and_no_more_than_they_won() {
        let won = |account, most| Capacity { account: AccountId(account), most };
        let loss = by_session(30, &[won(1, 10), won(2, 50)]);
        assert_eq!(loss.shares, [(AccountId(1), 5), (AccountId(2), 25)]);
        assert_eq!(loss.outstanding, 0);
        let short = by_session(61, &[won(1, 10), won(2, 50)]);
        assert_eq!((short.shares.len(), short.outstanding), (2, 1));
        assert_eq!(by_session(7, &[]), SessionLoss { shares: Vec::new(), outstanding: 7 });
    }

    #[test]
    fn an_index_needs_open_interest() {
        assert_eq!(IndexLoss::spread(1, 0, 1_000), Err(MoneyError::DivisionByZero));
        assert_eq!(IndexLoss::spread(1, 1, 0), Err(MoneyError::DivisionByZero));
        assert_eq!(IndexLoss::spread(u128::MAX, 1, 2), Err(MoneyError::Overflow));
        assert_eq!(IndexLoss::spread(10, 3, 1).unwrap().per_scale, 4);
        assert_eq!(IndexLoss::spread(9, 3, 1).unwrap().per_scale, 3);
        assert_eq!(IndexLoss::spread(0, 3, 1).unwrap().payment(3), Ok(0));
    }

    proptest! {
        #[test]
        fn payments_cover_the_loss_with_a_bounded_surplus(
            loss in 0u128..1_000_000, scale in 1u128..1_000_000,
            sizes in prop::collection::vec(1u128..10_000, 1..10)
        ) {
            let open: u128 = sizes.iter().sum();
            let index = IndexLoss::spread(loss, open, scale).unwrap();
            let paid: u128 = sizes.iter().map(|q| index.payment(*q).unwrap()).sum();
            prop_assert!(paid >= loss);
            // A unit for each payment, and the index's own rounding over all units.
            prop_assert!(paid - loss <= sizes.len() as u128 + open.div_ceil(scale));
        }
    }
}
