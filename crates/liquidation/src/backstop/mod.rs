//! Who bears a loss: insurance, then deleveraging, then socialised loss, else outstanding.
//!
//! Each bearer is a replaceable policy over one accounting contract:
//! `deficit = insurance + vault + deleveraged + socialised + outstanding`, to the unit.

mod deleverage;
mod share;

pub use deleverage::{Deleverage, Winner, deleverage};
pub use share::share_out;

use crate::policy::BackstopPolicy;
use breakwater_money::AccountId;

/// Somebody who can bear a share: an account and the most it can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// The account.
    pub account: AccountId,
    /// The most it can give, base units.
    pub most: u128,
}

/// How a loss in cash was borne.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Borne {
    /// By the insurance fund.
    pub insurance: u128,
    /// By accounts, each its share.
    pub socialised: Vec<(AccountId, u128)>,
    /// By nobody yet.
    pub outstanding: u128,
}

impl Borne {
    /// All shares together.
    #[must_use]
    pub fn total(&self) -> u128 {
        let socialised: u128 = self.socialised.iter().map(|(_, share)| share).sum();
        self.insurance.saturating_add(socialised).saturating_add(self.outstanding)
    }
}

/// Spreads a loss in cash over its bearers. Deleveraging works on positions and comes before, in
/// [`deleverage`]; what it left is the `deficit` here.
#[must_use]
pub fn bear(deficit: u128, policy: &BackstopPolicy, insurance: u128, others: &[Capacity]) -> Borne {
    let paid = if policy.insurance { deficit.min(insurance) } else { 0 };
    let rest = deficit - paid;
    let socialised = if policy.socialise { share_out(rest, others) } else { Vec::new() };
    let shared: u128 = socialised.iter().map(|(_, share)| share).sum();
    Borne { insurance: paid, socialised, outstanding: rest - shared }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_loss_has_its_bearers_to_the_unit(
            deficit in 0u128..1_000_000, insurance in 0u128..500_000,
            most in prop::collection::vec(0u128..100_000, 0..12),
            use_insurance in any::<bool>(), socialise in any::<bool>()
        ) {
            let others: Vec<Capacity> = (0..)
                .map(AccountId)
                .zip(most)
                .map(|(account, most)| Capacity { account, most })
                .collect();
            let policy = BackstopPolicy { insurance: use_insurance, deleverage: None, socialise };
            let borne = bear(deficit, &policy, insurance, &others);
            prop_assert_eq!(borne.total(), deficit);
            prop_assert!(borne.insurance <= insurance);
            for (account, share) in &borne.socialised {
                prop_assert!(*share <= others[account.index()].most);
            }
            // Nobody else bears anything while the fund covers.
            if use_insurance && insurance >= deficit {
                prop_assert!(borne.socialised.is_empty() && borne.outstanding == 0);
            }
            if socialise && borne.outstanding > 0 {
                let given: u128 = borne.socialised.iter().map(|(_, s)| s).sum();
                prop_assert_eq!(given, others.iter().map(|o| o.most).sum::<u128>());
            }
        }
    }
}
