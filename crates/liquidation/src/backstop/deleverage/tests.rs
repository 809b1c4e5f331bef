//! The contract that every policy keeps, and each policy's own rule.

use super::*;
use proptest::prelude::*;

const ALL: [Deleverage; 6] = [
    Deleverage::Queue,
    Deleverage::RandomStart,
    Deleverage::ProRata,
    Deleverage::Capped,
    Deleverage::RiskAware,
    Deleverage::MinimumOvershoot,
];

fn winner(account: u32, quantity: u128, score: i128) -> Winner {
    Winner {
        account: AccountId(account),
        quantity,
        score,
        profit: quantity,
        leverage_e9: 1_000_000_000,
        share_max_e18: WHOLE_E18,
    }
}

fn with_profit(account: u32, quantity: u128, profit: u128) -> Winner {
    Winner { profit, ..winner(account, quantity, 0) }
}

fn quantity(quantity: u128) -> Needed {
    Needed::Quantity { quantity, deficit: 0 }
}

fn parts(done: &Deleveraged) -> Vec<(u32, u128)> {
    done.closes.iter().map(|closed| (closed.account.0, closed.quantity)).collect()
}

fn cuts(done: &Deleveraged) -> Vec<(u32, u128)> {
    done.closes.iter().map(|closed| (closed.account.0, closed.haircut)).collect()
}

#[test]
fn the_queue_takes_the_highest_score_first_and_ties_by_account() {
    let winners = [winner(5, 20, 3), winner(2, 10, 9), winner(4, 10, 3), winner(1, 50, -1)];
    let done = deleverage(quantity(25), &winners, Deleverage::Queue, 0);
    assert_eq!(parts(&done), [(2, 10), (4, 10), (5, 5)]);
    let short = deleverage(quantity(100), &winners, Deleverage::Queue, 0);
    assert_eq!(short.quantity(), 90);
}

#[test]
fn pro_rata_singles_nobody_out() {
    let winners = [winner(1, 30, 1), winner(2, 10, 100)];
    let done = deleverage(quantity(20), &winners, Deleverage::ProRata, 0);
    assert_eq!(parts(&done), [(1, 15), (2, 5)]);
}

#[test]
fn the_entropy_picks_the_start_and_the_walk_wraps() {
    // The flat position is no place to start from.
    let winners = [winner(9, 5, 0), winner(3, 5, 0), winner(4, 0, 0), winner(6, 5, 0)];
    let started =
        |entropy| parts(&deleverage(quantity(12), &winners, Deleverage::RandomStart, entropy));
    assert_eq!(started(0), [(3, 5), (6, 5), (9, 2)]);
    assert_eq!(started(1), [(6, 5), (9, 5), (3, 2)]);
    assert_eq!(started(2), [(9, 5), (3, 5), (6, 2)]);
    assert_eq!(started(3), started(0));
    assert_eq!(started(u64::MAX), started(u64::MAX % 3));
    assert!(deleverage(quantity(1), &[], Deleverage::RandomStart, 7).closes.is_empty());
}

#[test]
fn the_capped_rule_never_passes_a_cap_and_the_others_make_up_for_it() {
    let half = WHOLE_E18 / 2;
    let winners = [
        Winner { share_max_e18: half / 5, ..with_profit(1, 100, 1_000) },
        Winner { share_max_e18: half, ..with_profit(2, 100, 1_000) },
        Winner { share_max_e18: u128::MAX, ..with_profit(3, 100, 2_000) },
    ];
    // One multiplier of 0.3: 100 at the cap of 0.1, then 300 and 600.
    let done = deleverage(Needed::Value(1_000), &winners, Deleverage::Capped, 0);
    assert_eq!(cuts(&done), [(1, 100), (2, 300), (3, 600)]);
    assert_eq!(parts(&done), [(1, 10), (2, 30), (3, 30)]);
    let short = deleverage(Needed::Value(5_000), &winners, Deleverage::Capped, 0);
    assert_eq!(cuts(&short), [(1, 100), (2, 500), (3, 2_000)]);
    assert_eq!(short.overshoot, Overshoot { needed: 5_000, taken: 2_600 });
}

#[test]
fn the_risk_aware_rule_goes_by_the_square_of_leverage() {
    let levered = |account, leverage_e9| Winner { leverage_e9, ..with_profit(account, 10, 1_000) };
    let winners = [levered(1, 1_000_000_000), levered(2, 2_000_000_000), levered(3, 0)];
    let done = deleverage(Needed::Value(500), &winners, Deleverage::RiskAware, 0);
    assert_eq!(cuts(&done), [(1, 100), (2, 400)]);
    // The second is at its whole; who has no leverage gives nothing even so.
    let more = deleverage(Needed::Value(9_000), &winners, Deleverage::RiskAware, 0);
    assert_eq!(cuts(&more), [(1, 1_000), (2, 1_000)]);
    assert_eq!(more.overshoot.shortfall(), 7_000);
}

#[test]
fn the_least_profit_that_suffices_is_touched() {
    // Profit a unit: 1, 10 and 100.
    let winners = [with_profit(1, 10, 1_000), with_profit(2, 10, 10), with_profit(3, 10, 100)];
    let touched = |deficit| {
        let needed = Needed::Quantity { quantity: 10, deficit };
        let done = deleverage(needed, &winners, Deleverage::MinimumOvershoot, 0);
        (parts(&done), done.overshoot.taken)
    };
    assert_eq!(touched(0), (vec![(2, 10)], 10));
    assert_eq!(touched(10), (vec![(2, 10)], 10));
    assert_eq!(touched(11), (vec![(2, 9), (3, 1)], 19));
    assert_eq!(touched(19), (vec![(2, 9), (3, 1)], 19));
    assert_eq!(touched(20), (vec![(2, 8), (3, 2)], 28));
    assert_eq!(touched(101), (vec![(3, 9), (1, 1)], 190));
    assert_eq!(touched(1_000), (vec![(1, 10)], 1_000));
    assert_eq!(touched(1_001), (vec![(1, 10)], 1_000));
    // Every unit has to go: nothing is left to choose.
    let all = Needed::Quantity { quantity: 31, deficit: 0 };
    assert_eq!(deleverage(all, &winners, Deleverage::MinimumOvershoot, 0).quantity(), 30);
    // Where profit is cut, the fewest units carry it.
    let value = deleverage(Needed::Value(101), &winners, Deleverage::MinimumOvershoot, 0);
    assert_eq!((parts(&value), cuts(&value)), (vec![(1, 2)], vec![(1, 101)]));
}

#[test]
fn what_cannot_be_is_taken_as_nothing_or_as_all() {
    let huge =
        Winner { profit: u128::MAX, leverage_e9: u64::MAX, ..winner(1, u128::MAX, i128::MAX) };
    let odd = [huge, Winner { account: AccountId(2), ..huge }, winner(3, 0, i128::MIN)];
    for policy in ALL {
        for needed in [quantity(u128::MAX), Needed::Value(u128::MAX), quantity(0), Needed::Value(0)]
        {
            let done = deleverage(needed, &odd, policy, u64::MAX);
            let taken: u128 = done
                .closes
                .iter()
                .map(|c| if let Needed::Value(_) = needed { c.haircut } else { c.quantity })
                .sum();
            assert_eq!(taken, needed.amount(), "{policy:?} {needed:?}");
            assert!(deleverage(needed, &[], policy, 1).closes.is_empty());
        }
    }
}

#[test]
fn a_policy_is_named_as_files_name_it() {
    let names: Vec<String> = ALL
        .iter()
        .map(|policy| {
            let debug = format!("{policy:?}");
            let mut name = String::new();
            for c in debug.chars() {
                if c.is_uppercase() && !name.is_empty() {
                    name.push('-');
                }
                name.extend(c.to_lowercase());
            }
            name
        })
        .collect();
    for (policy, name) in ALL.iter().zip(&names) {
        let read = Deleverage::deserialize(serde::de::value::StrDeserializer::<
            serde::de::value::Error,
        >::new(name));
        assert_eq!(read.as_ref(), Ok(policy), "{name}");
    }
}

fn any_winners() -> impl Strategy<Value = Vec<Winner>> {
    let one = (0u128..40, -3i128..4, 0u128..400, 0u64..4_000_000_000, 0u128..=12);
    prop::collection::vec(one, 0..9).prop_map(|given| {
        let made = |(account, (quantity, score, profit, leverage_e9, tenths))| Winner {
            account,
            quantity,
            score,
            profit,
            leverage_e9,
            share_max_e18: WHOLE_E18 / 10 * tenths,
        };
        (0..).map(|n| AccountId(n * 3)).zip(given).map(made).collect()
    })
}

/// The most of the need that the policy may take of a winner.
fn most(needed: Needed, winner: &Winner, policy: Deleverage) -> u128 {
    let endowment = needed.endowment(winner);
    let cap = endowment * winner.share_max_e18.min(WHOLE_E18) / WHOLE_E18;
    match policy {
        Deleverage::Capped => cap,
        Deleverage::RiskAware if winner.leverage_e9 > 0 => cap,
        Deleverage::RiskAware => 0,
        _ => endowment,
    }
}

proptest! {
    #[test]
    fn every_policy_takes_what_is_needed_to_the_unit_in_any_order(
        winners in any_winners(), amount in 0u128..900, deficit in 0u128..2_000,
        by_value in any::<bool>(), entropy in any::<u64>(), turn in any::<usize>()
    ) {
        let needed = if by_value {
            Needed::Value(amount)
        } else {
            Needed::Quantity { quantity: amount, deficit }
        };
        let mut turned = winners.clone();
        if !turned.is_empty() {
            let by = turn % turned.len();
            turned.rotate_left(by);
            turned.reverse();
        }
        for policy in ALL {
            let done = deleverage(needed, &winners, policy, entropy);
            prop_assert_eq!(&done, &deleverage(needed, &turned, policy, entropy));
            let of = |c: &Closed| if by_value { c.haircut } else { c.quantity };
            let taken: u128 = done.closes.iter().map(of).sum();
            let able: u128 = winners.iter().map(|w| most(needed, w, policy)).sum();
            prop_assert_eq!(taken, amount.min(able), "{:?}", policy);
            for closed in &done.closes {
                let from = winners.iter().find(|w| w.account == closed.account).unwrap();
                prop_assert!(of(closed) > 0 && of(closed) <= most(needed, from, policy));
                prop_assert!(closed.quantity <= from.quantity && closed.haircut <= from.profit);
                // The position carries what is cut, and one unit less would not.
                if by_value && from.quantity > 0 {
                    prop_assert!(from.profit * closed.quantity >= closed.haircut * from.quantity);
                    let fewer = closed.quantity - 1;
                    prop_assert!(from.profit * fewer < closed.haircut * from.quantity);
                }
            }
            prop_assert_eq!(
                done.overshoot.taken,
                done.closes.iter().map(|c| c.haircut).sum::<u128>()
            );
            prop_assert_eq!(done.overshoot.needed, if by_value { amount } else { deficit });
        }
    }

    #[test]
    fn the_queue_is_what_a_sort_gives(winners in any_winners(), amount in 0u128..300) {
        let mut sorted = winners.clone();
        sorted.sort_by_key(|w| (Reverse(w.score), w.account));
        let (mut left, mut expected) = (amount, Vec::new());
        for w in sorted {
            let part = left.min(w.quantity);
            if part > 0 {
                expected.push((w.account.0, part));
            }
            left -= part;
        }
        prop_assert_eq!(parts(&deleverage(quantity(amount), &winners, Deleverage::Queue, 0)), expected);
    }

    #[test]
    fn no_choice_of_units_covers_with_much_less_profit(
        given in prop::collection::vec((1u128..5, 0u128..60), 1..5),
        amount in 1u128..8, deficit in 0u128..200
    ) {
        let winners: Vec<Winner> = (0..)
            .zip(&given)
            .map(|(account, (quantity, profit))| with_profit(account, *quantity, profit * quantity))
            .collect();
        let needed = Needed::Quantity { quantity: amount, deficit };
        let done = deleverage(needed, &winners, Deleverage::MinimumOvershoot, 0);
        // Every choice of whole units, by brute force.
        let amount = amount.min(winners.iter().map(|w| w.quantity).sum());
        let mut sums = vec![(0u128, 0u128)];
        for (quantity, profit) in &given {
            let each = |(units, sum): &(u128, u128)| {
                (0..=*quantity).map(|n| (units + n, sum + n * profit)).collect::<Vec<_>>()
            };
            sums = sums.iter().flat_map(each).collect();
        }
        let of_size = || sums.iter().filter(|(units, _)| *units == amount).map(|(_, sum)| *sum);
        let best = of_size().filter(|sum| *sum >= deficit).min();
        let taken = done.overshoot.taken;
        match best {
            None => prop_assert_eq!(Some(taken), of_size().max()),
            Some(best) => {
                let units = given.iter().map(|(_, profit)| *profit);
                let spread = units.clone().max().unwrap() - units.min().unwrap();
                prop_assert!(taken >= best && (taken - best < spread || taken == best));
            }
        }
    }
}
