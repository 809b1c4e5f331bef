//! Who bears a loss.

use crate::number::{Int, floor};
use breakwater_money::AccountId;
use num_traits::{One, Zero};

/// Shares `amount` over the accounts in proportion to what each can give, all of it at most.
///
/// Everyone gives the whole part of the proportional share; the units left over are given one by
/// one, in order of account, by whoever has room.
#[must_use]
pub fn share_out(amount: &Int, able: &[(AccountId, Int)]) -> Vec<(AccountId, Int)> {
    let mut able = able.to_vec();
    able.sort_by_key(|(account, _)| *account);
    let total: Int = able.iter().map(|(_, most)| most).sum();
    let shared = amount.min(&total).clone();
    if shared.is_zero() {
        return Vec::new();
    }
    let whole = |most: &Int| floor(&(&shared * most), &total).unwrap_or_default();
    let mut shares: Vec<Int> = able.iter().map(|(_, most)| whole(most)).collect();
    let mut left = &shared - shares.iter().sum::<Int>();
    while !left.is_zero() {
        for ((_, most), share) in able.iter().zip(&mut shares) {
            if !left.is_zero() && &*share < most {
                *share += Int::one();
                left -= Int::one();
            }
        }
    }
    let accounts = able.iter().map(|(account, _)| *account);
    accounts.zip(shares).filter(|(_, share)| !share.is_zero()).collect()
}

/// An opposite position in profit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Winner {
    /// Whose.
    pub account: AccountId,
    /// Size.
    pub quantity: Int,
    /// Place in the queue, highest first.
    pub score: Int,
}

/// Takes `quantity` off the winners, the highest score first and the lower account first among
/// equals.
#[must_use]
pub fn take_in_order(quantity: &Int, winners: &[Winner]) -> Vec<(AccountId, Int)> {
    let mut winners = winners.to_vec();
    let mut left = quantity.clone();
    let mut taken = Vec::new();
    while !left.is_zero() && !winners.is_empty() {
        let mut first = 0;
        for (at, winner) in winners.iter().enumerate() {
            let best = &winners[first];
            let ahead = winner.score > best.score
                || (winner.score == best.score && winner.account < best.account);
            if ahead {
                first = at;
            }
        }
        let winner = winners.remove(first);
        let part = winner.quantity.min(left.clone());
        left -= &part;
        taken.push((winner.account, part));
    }
    taken
}
