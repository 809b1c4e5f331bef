//! Who bears a loss: insurance, a vault, deleveraging, socialised loss, else outstanding.
//!
//! Each bearer is a replaceable policy over one accounting contract:
//! `deficit = insurance + vault + deleveraged + socialised + outstanding`, to the unit.
//!
//! [`deleverage`](deleverage()) closes positions or cuts profit in one of six ways, [`score`] ranks for it;
//! [`haircut`] and [`side_index`] do the same for everybody at once, without choosing; [`socialise`]
//! spreads what is left, [`drawdown`] says when a fund has lost too much, and [`overshoot`] reports
//! what was taken against what was needed.

mod deleverage;
pub mod drawdown;
pub mod haircut;
pub mod overshoot;
pub mod score;
mod share;
pub mod side_index;
pub mod socialise;
mod weighted;

pub use deleverage::{Closed, Deleverage, Deleveraged, Needed, WHOLE_E18, Winner, deleverage};
pub use overshoot::{Overshoot, OvershootReport};
pub use score::{Ranking, Standing};
pub use share::share_out;
pub use weighted::{Weighted, share_weighted};

use crate::policy::{BackstopPolicy, Socialise};
use breakwater_money::AccountId;

/// Somebody who can bear a share: an account and the most it can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// The account.
    pub account: AccountId,
    /// The most it can give, base units.
    pub most: u128,
}

/// Who can bear a loss in cash, in the order in which they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bearers<'a> {
    /// What the insurance fund has, base units.
    pub insurance: u128,
    /// What a backstop vault may lose; none where the venue has no vault.
    pub vault: Option<u128>,
    /// Winners whose profit may be cut, by the policy's own choice.
    pub winners: &'a [Winner],
    /// Accounts over which the rest is spread.
    pub others: &'a [Capacity],
    /// From the command, for a random start among the winners.
    pub entropy: u64,
}

/// How a loss in cash was borne.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Borne {
    /// By the insurance fund.
    pub insurance: u128,
    /// By the backstop vault.
    pub vault: u128,
    /// By winners, each the profit it gave.
    pub deleveraged: Vec<(AccountId, u128)>,
    /// By accounts, each its share.
    pub socialised: Vec<(AccountId, u128)>,
    /// By nobody yet.
    pub outstanding: u128,
}

impl Borne {
    /// All shares together.
    #[must_use]
    pub fn total(&self) -> u128 {
        [self.insurance, self.vault, sum(&self.deleveraged), sum(&self.socialised)]
            .into_iter()
            .fold(self.outstanding, u128::saturating_add)
    }
}

fn sum(shares: &[(AccountId, u128)]) -> u128 {
    shares.iter().fold(0, |sum, (_, share)| sum.saturating_add(*share))
}

/// Spreads a loss in cash over its bearers: the fund if the policy lets it pay, the vault if there is
/// one, winners' profit and everybody's cash if the policy asks them.
///
/// Where winners' positions are closed instead, that comes before, in [`deleverage`](deleverage());
/// what it left is the `deficit` here, and no winners are given.
#[must_use]
pub fn bear(deficit: u128, policy: &BackstopPolicy, bearers: &Bearers<'_>) -> Borne {
    let insurance = if policy.insurance { deficit.min(bearers.insurance) } else { 0 };
    let mut rest = deficit - insurance;
    let vault = rest.min(bearers.vault.unwrap_or(0));
    rest -= vault;
    let deleveraged = match policy.deleverage {
        Some(rule) if rest > 0 => {
            let done = deleverage(Needed::Value(rest), bearers.winners, rule, bearers.entropy);
            done.closes.iter().map(|closed| (closed.account, closed.haircut)).collect()
        }
        _ => Vec::new(),
    };
    rest -= sum(&deleveraged);
    let asked = policy.socialise != Socialise::Nobody;
    let socialised = if asked { share_out(rest, bearers.others) } else { Vec::new() };
    let outstanding = rest - sum(&socialised);
    Borne { insurance, vault, deleveraged, socialised, outstanding }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn capacities(most: Vec<u128>) -> Vec<Capacity> {
        let capacity = |(account, most)| Capacity { account, most };
        (0..).map(AccountId).zip(most).map(capacity).collect()
    }

    proptest! {
        #[test]
        fn every_loss_has_its_bearers_to_the_unit(
            deficit in 0u128..1_000_000, insurance in 0u128..500_000,
            vault in prop::option::of(0u128..300_000),
            most in prop::collection::vec(0u128..100_000, 0..12),
            profits in prop::collection::vec(0u128..100_000, 0..6),
            use_insurance in any::<bool>(), spread in any::<bool>(),
            rule in prop::option::of(prop_oneof![
                Just(Deleverage::Queue), Just(Deleverage::RandomStart), Just(Deleverage::ProRata),
                Just(Deleverage::Capped), Just(Deleverage::RiskAware),
                Just(Deleverage::MinimumOvershoot)
            ]),
            entropy in any::<u64>()
        ) {
            let others = capacities(most);
            let winners: Vec<Winner> = (100..)
                .map(AccountId)
                .zip(profits)
                .map(|(account, profit)| Winner {
                    account,
                    quantity: 7,
                    score: 0,
                    profit,
                    leverage_e9: 1_000_000_000,
                    share_max_e18: WHOLE_E18 / 3,
                })
                .collect();
            let socialise = if spread { Socialise::Cash } else { Socialise::Nobody };
            let policy = BackstopPolicy {
                insurance: use_insurance,
                deleverage: rule,
                socialise,
                ..BackstopPolicy::default()
            };
            let bearers =
                Bearers { insurance, vault, winners: &winners, others: &others, entropy };
            let borne = bear(deficit, &policy, &bearers);
            prop_assert_eq!(borne.total(), deficit);
            prop_assert!(borne.insurance <= insurance && borne.vault <= vault.unwrap_or(0));
            for (account, share) in &borne.socialised {
                prop_assert!(*share <= others[account.index()].most);
            }
            for (account, share) in &borne.deleveraged {
                prop_assert!(*share <= winners[account.index() - 100].profit);
            }
            // Nobody is asked while whoever stands before covers.
            if use_insurance && insurance >= deficit {
                prop_assert_eq!(&borne, &Borne { insurance: deficit, ..Borne::default() });
            }
            let asked = !borne.deleveraged.is_empty() || !borne.socialised.is_empty();
            prop_assert!(!asked || borne.vault == vault.unwrap_or(0));
            prop_assert!(borne.vault == 0 || !use_insurance || borne.insurance == insurance);
            if spread && borne.outstanding > 0 {
                prop_assert_eq!(sum(&borne.socialised), others.iter().map(|o| o.most).sum::<u128>());
            }
        }
    }

    #[test]
    fn the_order_is_fund_vault_winners_others_nobody() {
        let winners = [Winner {
            account: AccountId(9),
            quantity: 10,
            score: 1,
            profit: 30,
            leverage_e9: 1,
            share_max_e18: WHOLE_E18,
        }];
        let others = capacities(vec![20, 20]);
        let policy = BackstopPolicy {
            insurance: true,
            deleverage: Some(Deleverage::Queue),
            socialise: Socialise::Cash,
            ..BackstopPolicy::default()
        };
        let bearers = Bearers {
            insurance: 10,
            vault: Some(20),
            winners: &winners,
            others: &others,
            entropy: 0,
        };
        let at = |deficit| {
            let borne = bear(deficit, &policy, &bearers);
            (
                borne.insurance,
                borne.vault,
                sum(&borne.deleveraged),
                sum(&borne.socialised),
                borne.outstanding,
            )
        };
        assert_eq!(at(10), (10, 0, 0, 0, 0));
        assert_eq!(at(11), (10, 1, 0, 0, 0));
        assert_eq!(at(30), (10, 20, 0, 0, 0));
        assert_eq!(at(31), (10, 20, 1, 0, 0));
        assert_eq!(at(60), (10, 20, 30, 0, 0));
        assert_eq!(at(61), (10, 20, 30, 1, 0));
        assert_eq!(at(100), (10, 20, 30, 40, 0));
        assert_eq!(at(101), (10, 20, 30, 40, 1));
    }
}
