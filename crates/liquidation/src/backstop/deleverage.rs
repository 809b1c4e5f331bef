//! Closing winners' positions against a bankrupt one.

use super::{Capacity, share_out};
use breakwater_money::AccountId;
use serde::{Deserialize, Serialize};

/// How winners are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deleverage {
    /// The highest score first, each closed as far as needed.
    Queue,
    /// Everyone in proportion to the size of the position.
    ProRata,
}

/// A profitable position on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Winner {
    /// Whose.
    pub account: AccountId,
    /// Size of the position.
    pub quantity: u128,
    /// Its place in the queue, highest first; ties go to the lower account.
    pub score: u128,
}

/// How much of each winner's position is closed to take `quantity` off a bankrupt account. The
/// sum is `quantity`, or all winners' sizes together if that is less.
#[must_use]
pub fn deleverage(
    quantity: u128,
    winners: &[Winner],
    policy: Deleverage,
) -> Vec<(AccountId, u128)> {
    match policy {
        Deleverage::ProRata => {
            let capacities: Vec<Capacity> =
                winners.iter().map(|w| Capacity { account: w.account, most: w.quantity }).collect();
            share_out(quantity, &capacities)
        }
        Deleverage::Queue => {
            let mut queue = winners.to_vec();
            queue.sort_unstable_by(|a, b| b.score.cmp(&a.score).then(a.account.cmp(&b.account)));
            let mut left = quantity;
            let mut closed = Vec::new();
            for winner in queue {
                let taken = left.min(winner.quantity);
                if taken > 0 {
                    closed.push((winner.account, taken));
                    left -= taken;
                }
            }
            closed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn winner(account: u32, quantity: u128, score: u128) -> Winner {
        Winner { account: AccountId(account), quantity, score }
    }

    #[test]
    fn the_queue_takes_the_highest_score_first_and_ties_by_account() {
        let winners = [winner(5, 20, 3), winner(2, 10, 9), winner(4, 10, 3)];
        let closed = deleverage(25, &winners, Deleverage::Queue);
        assert_eq!(closed, [(AccountId(2), 10), (AccountId(4), 10), (AccountId(5), 5)]);
        let short = deleverage(100, &winners, Deleverage::Queue);
        assert_eq!(short.iter().map(|(_, q)| q).sum::<u128>(), 40);
    }

    #[test]
    fn pro_rata_singles_nobody_out() {
        let winners = [winner(1, 30, 1), winner(2, 10, 100)];
        let closed = deleverage(20, &winners, Deleverage::ProRata);
        assert_eq!(closed, [(AccountId(1), 15), (AccountId(2), 5)]);
    }
}
