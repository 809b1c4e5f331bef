//! What the engine's own steps of the last command rested on: which rung of a ladder acted, and among
//! whom deleveraging chose. Told beside the events for whoever explains them. It is no part of the
//! state: no step reads it, no hash has it, and the next command begins with none.

use breakwater_liquidation::backstop::{Deleverage, Winner};
use breakwater_liquidation::ladder::Act;
use breakwater_money::{AccountId, AssetId, Price, Time};
use std::cmp::Reverse;

/// Grounds of one command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grounds {
    /// Rungs that acted, in order.
    pub rungs: Vec<Acted>,
    /// Winners that were asked, in order.
    pub queues: Vec<Queue>,
}

/// A rung that ordered sales or a takeover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acted {
    /// With whom.
    pub account: AccountId,
    /// Its place in the ladder, from 0.
    pub rung: usize,
    /// Rungs of the ladder.
    pub of: usize,
    /// What it does.
    pub act: Act,
    /// How long it waits after the step before it.
    pub wait_nanos: u64,
    /// When the account was called.
    pub called_at: Time,
    /// When the step before was ordered; none before the first.
    pub last_step_at: Option<Time>,
}

/// The winners among whom a deleveraging chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Against whom they were closed.
    pub bankrupt: AccountId,
    /// In which contract.
    pub contract: AssetId,
    /// At which price.
    pub price: Price,
    /// How they were chosen.
    pub chosen_by: Deleverage,
    /// All of them with their scores, in no order.
    pub winners: Vec<Winner>,
}

impl Queue {
    /// An account's place by score, the first being 1, among equals the lower account before the
    /// higher, with its numbers; none if it was not among them.
    #[must_use]
    pub fn place(&self, account: AccountId) -> Option<(usize, &Winner)> {
        let key = |winner: &Winner| (winner.score, Reverse(winner.account));
        let own = self.winners.iter().find(|winner| winner.account == account)?;
        let before = self.winners.iter().filter(|other| key(other) > key(own)).count();
        Some((before + 1, own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_score_comes_first_and_among_equals_the_lower_account() {
        let winner = |account, score| Winner {
            account: AccountId(account),
            quantity: 1,
            score,
            profit: 1,
            leverage_e9: 0,
            share_max_e18: 0,
        };
        let queue = Queue {
            bankrupt: AccountId(0),
            contract: AssetId(1),
            price: Price::new(1, 0),
            chosen_by: Deleverage::Queue,
            winners: vec![winner(4, 7), winner(2, -1), winner(3, 7), winner(9, 8)],
        };
        let place = |account| queue.place(AccountId(account)).map(|(place, _)| place);
        assert_eq!([9, 3, 4, 2].map(place), [Some(1), Some(2), Some(3), Some(4)]);
        assert_eq!(place(0), None);
    }
}
