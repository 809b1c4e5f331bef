use super::*;

fn equal(bidders: u32, loser_share: f64) -> Contest {
    let sides = vec![Side { values: vec![1.0], bidders }];
    Contest { sides, bids: even_bids(50, 1.0), loser_share }
}

fn first_price(most: [f64; 2], steps: u32, top: f64) -> Contest {
    let side = |most| Side { values: even_values(20, most), bidders: 1 };
    Contest { sides: most.map(side).to_vec(), bids: even_bids(steps, top), loser_share: 0.0 }
}

#[test]
fn equal_bidders_at_first_price_learn_to_bid_half() {
    let sides = vec![Side { values: even_values(20, 1.0), bidders: 2 }];
    let contest = Contest { sides, bids: even_bids(60, 0.6), loser_share: 0.0 };
    let found = contest.learn(Rule::RegretMatching, 4_000).unwrap();
    assert!(found.exploitability < 0.001, "{}", found.exploitability);
    // Half a step of bids and the step of values move the discrete equilibrium.
    assert!((found.revenue - 1.0 / 3.0).abs() < 0.005, "{}", found.revenue);
    for (value, mixture) in contest.sides[0].values.iter().zip(&found.mixtures[0]) {
        let bid = mean_bid(&contest.bids, mixture);
        assert!((bid - value / 2.0).abs() < 0.02, "{value}: {bid}");
    }
}

#[test]
fn unequal_bidders_at_first_price_learn_the_known_equilibrium() {
    // Values to 1 and to 2: bids up to 2/3, and (1 - sqrt(1 - k v^2)) / (k v) with k = 3/4 and -3/4
    // (Griesmer, Levitan and Shubik, 1967).
    let contest = first_price([1.0, 2.0], 80, 0.8);
    let found = contest.learn(Rule::RegretMatching, 4_000).unwrap();
    assert!(found.exploitability < 0.001, "{}", found.exploitability);
    for (side, k) in [(0, 0.75), (1, -0.75)] {
        for (value, mixture) in contest.sides[side].values.iter().zip(&found.mixtures[side]) {
            let exact = (1.0 - libm::sqrt(1.0 - k * value * value)) / (k * value);
            let bid = mean_bid(&contest.bids, mixture);
            // Values that almost never win learn little.
            assert!((bid - exact).abs() < 0.04, "{side} {value}: {bid} for {exact}");
        }
    }
}

#[test]
fn regrets_vanish_with_the_rounds() {
    for (contest, bounds) in [
        (equal(2, 1.0), [0.02, 0.01]),
        (equal(2, 0.5), [0.025, 0.013]),
        (equal(3, 0.5), [0.005, 0.0002]),
        (equal(5, 0.25), [0.01, 0.0002]),
        (first_price([1.0, 1.5], 60, 0.75), [0.002, 0.0005]),
    ] {
        let of = |rounds| contest.learn(Rule::RegretMatching, rounds).unwrap().exploitability;
        let [few, many] = [of(1_000), of(12_000)];
        assert!(few < bounds[0] && many < bounds[1] && many < few, "{contest:?}: {few} {many}");
        assert!(many >= -1e-12);
    }
}

#[test]
fn learnt_mixtures_are_those_of_the_closed_form() {
    // The law of three rises as a root from zero, which a grid's first step cuts.
    for (bidders, share, within) in [(2, 1.0, 0.03), (3, 1.0, 0.08), (3, 0.5, 0.08)] {
        let contest = equal(bidders, share);
        let found = contest.learn(Rule::RegretMatching, 12_000).unwrap();
        let law = |bid: f64| {
            let beats = share * bid / (1.0 - (1.0 - share) * bid);
            libm::pow(beats, 1.0 / (f64::from(bidders) - 1.0))
        };
        let apart = distance(&contest.bids, &found.mixtures[0][0], law);
        assert!(apart < within, "{bidders} {share}: {apart}");
        assert!(found.payoffs[0].abs() < 0.01 && (found.revenue - 1.0).abs() < 0.02, "{found:?}");
    }
}

#[test]
fn the_stronger_keeps_the_difference_of_prizes() {
    // All-pay with prizes 1 and 0.6: payoffs 0.4 and 0 (Baye, Kovenock and de Vries, 1996).
    let side = |value| Side { values: vec![value], bidders: 1 };
    let contest =
        Contest { sides: vec![side(1.0), side(0.6)], bids: even_bids(50, 1.0), loser_share: 1.0 };
    for (rule, within) in
        [(Rule::RegretMatching, 0.01), (Rule::MultiplicativeWeights { rate: 20.0 }, 0.02)]
    {
        let found = contest.learn(rule, 8_000).unwrap();
        assert!(found.exploitability < within, "{rule:?}: {}", found.exploitability);
        assert!((found.payoffs[0] - 0.4).abs() < 0.02, "{:?}", found.payoffs);
        assert!(found.payoffs[1].abs() < 0.02, "{:?}", found.payoffs);
    }
}

#[test]
fn exploitability_worked_by_hand() {
    // Both always bid 0 for a prize of 1 on the grid 0, 1/2, 1: a tie earns half of it, and bidding
    // 1/2 wins it for sure, for half of it.
    let contest = Contest {
        sides: vec![Side { values: vec![1.0], bidders: 2 }],
        bids: even_bids(2, 1.0),
        loser_share: 0.0,
    };
    let zero = contest.judge(vec![vec![vec![1.0, 0.0, 0.0]]]);
    assert_eq!((zero.exploitability, zero.payoffs[0], zero.revenue), (0.0, 0.5, 0.0));
    // Both always bid 1: nothing is gained, and nothing can be.
    let whole = contest.judge(vec![vec![vec![0.0, 0.0, 1.0]]]);
    assert_eq!((whole.exploitability, whole.payoffs[0], whole.revenue), (0.0, 0.0, 1.0));
    // Where losers pay as well, staying away saves half of the bid for each of the two.
    let all_pay = Contest { loser_share: 1.0, ..contest };
    let whole = all_pay.judge(vec![vec![vec![0.0, 0.0, 1.0]]]);
    assert_eq!((whole.exploitability, whole.payoffs[0], whole.revenue), (1.0, -0.5, 2.0));
}

#[test]
fn three_equal_bids_win_a_third_each() {
    let wins = equal(3, 1.0).wins(0, &vec![vec![even_bids(50, 0.0)]]);
    assert_eq!(wins[0], 0.0);
    let mut certain = vec![0.0; 51];
    certain[7] = 1.0;
    let wins = equal(3, 1.0).wins(0, &vec![vec![certain]]);
    assert!(wins[6].abs() < 1e-15 && (wins[7] - 1.0 / 3.0).abs() < 1e-15 && wins[8] == 1.0);
}

#[test]
fn contests_that_make_no_sense_are_named() {
    let told = |contest: &Contest, rounds| {
        contest.learn(Rule::RegretMatching, rounds).unwrap_err().to_string()
    };
    let contest = equal(2, 0.5);
    assert!(told(&contest, 0).starts_with("rounds is 0"));
    assert!(told(&Contest { bids: vec![0.5, 0.1], ..contest.clone() }, 1).contains("rising"));
    assert!(told(&Contest { loser_share: 1.5, ..contest.clone() }, 1).starts_with("loser_share"));
    assert!(told(&equal(1, 0.5), 1).starts_with("sides is 1"));
    let rule = Rule::MultiplicativeWeights { rate: 0.0 };
    assert!(contest.learn(rule, 1).unwrap_err().to_string().starts_with("rate is 0"));
}
