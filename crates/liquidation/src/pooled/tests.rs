//! Rounds against their definition, against every other answer, and against selling alone.

use super::*;
use breakwater_money::{AccountId, AssetId, Price, U256};
use proptest::prelude::*;
use std::cmp::Ordering;

const ASSET: AssetId = AssetId(3);
const MARK: u128 = 1_000;

fn price(raw: u128) -> Price {
    Price::new(raw, 2)
}

/// Both sides of a small market.
#[derive(Debug, Clone)]
struct Depths {
    bids: Steps,
    asks: Steps,
    consumed: (u128, u128),
    band: (u128, u128),
}

impl Depths {
    fn market(&self) -> Market<'_> {
        Market {
            asset: ASSET,
            mark: price(MARK),
            band: (price(self.band.0), price(self.band.1)),
            bids: Standing { depth: &self.bids, consumed: self.consumed.0 },
            asks: Standing { depth: &self.asks, consumed: self.consumed.1 },
        }
    }
}

/// Steps from distances to the step before and quantities, best first.
fn steps(away: &[(u128, u128)], bids: bool) -> Steps {
    let mut far = 0;
    let step = |&(distance, quantity): &(u128, u128)| {
        far += distance;
        Step { price: if bids { MARK - far } else { MARK + far }, quantity }
    };
    let steps: Vec<Step> = away.iter().map(step).collect();
    if bids { Steps::bids(&steps).unwrap() } else { Steps::asks(&steps).unwrap() }
}

fn a_depth(most: u128) -> impl Strategy<Value = Depths> {
    let side = || prop::collection::vec((1u128..12, 1..=most), 0..6);
    let band =
        prop_oneof![4 => Just((990, 1_010)), 1 => Just((1_001, 1_010)), 1 => Just((980, 999))];
    (side(), side(), (0..=most, 0..=most), band).prop_map(|(bids, asks, consumed, band)| Depths {
        bids: steps(&bids, true),
        asks: steps(&asks, false),
        consumed,
        band,
    })
}

/// Legs with mostly few worst prices, so that some bind and many tie.
fn some_legs(count: std::ops::Range<usize>, most: u128) -> impl Strategy<Value = Vec<PooledLeg>> {
    let leg = (any::<bool>(), 1..=most, 0u128..8, 0u128..40, 0u32..6);
    prop::collection::vec(leg, count).prop_map(|legs| {
        let leg = |(number, (sell, quantity, strict, loss_at_risk, waited_rounds))| {
            let (side, worst) = match sell {
                true => (Side::Sell, MARK - 40 + strict * 6),
                false => (Side::Buy, MARK + 40 - strict * 6),
            };
            let account = AccountId(number);
            let worst_price = price(worst);
            PooledLeg {
                account,
                asset: ASSET,
                side,
                quantity,
                worst_price,
                loss_at_risk,
                waited_rounds,
            }
        };
        (0u32..).zip(legs).map(leg).collect()
    })
}

fn some_limits() -> impl Strategy<Value = Limits> {
    (0u32..600, 1u32..=10_000, 1u32..8, any::<bool>()).prop_map(
        |(impact_bps, participation_bps, wait_rounds_max, cross)| Limits {
            impact_bps,
            participation_bps,
            wait_rounds_max,
            cross,
        },
    )
}

/// The order by its definition.
fn first(a: &PooledLeg, b: &PooledLeg, limits: &Limits) -> Ordering {
    let overdue = |leg: &PooledLeg| {
        (leg.waited_rounds >= limits.wait_rounds_max).then_some(leg.waited_rounds)
    };
    let wide = |loss: u128, by: u128| U256::from(loss) * U256::from(by);
    overdue(b)
        .cmp(&overdue(a))
        .then(wide(b.loss_at_risk, a.quantity).cmp(&wide(a.loss_at_risk, b.quantity)))
        .then(a.account.cmp(&b.account))
}

fn limit_price(side: Side, limits: &Limits) -> u128 {
    let bps = u128::from(limits.impact_bps);
    match side {
        Side::Sell => (MARK * (10_000 - bps)).div_ceil(10_000),
        Side::Buy => MARK * (10_000 + bps) / 10_000,
    }
}

/// The round by its definition: the first of those left, again and again; each bound summed anew.
fn slow_round(depths: &Depths, legs: &[PooledLeg], limits: &Limits) -> Round {
    let market = depths.market();
    let mut left: Vec<(PooledLeg, u128)> = legs.iter().map(|leg| (*leg, leg.quantity)).collect();
    let mut round = Round::default();
    let may_cross = limits.cross && (depths.band.0..=depths.band.1).contains(&MARK);
    loop {
        if !may_cross {
            break;
        }
        let best = |side: Side| {
            let takes = |leg: &PooledLeg| match side {
                Side::Sell => leg.worst_price.raw <= MARK,
                Side::Buy => leg.worst_price.raw >= MARK,
            };
            (0..left.len())
                .filter(|i| left[*i].0.side == side && left[*i].1 > 0 && takes(&left[*i].0))
                .min_by(|a, b| first(&left[*a].0, &left[*b].0, limits))
        };
        let (Some(sell), Some(buy)) = (best(Side::Sell), best(Side::Buy)) else { break };
        let quantity = left[sell].1.min(left[buy].1);
        left[sell].1 -= quantity;
        left[buy].1 -= quantity;
        let (seller, buyer) = (left[sell].0.account, left[buy].0.account);
        round.crosses.push(Cross { seller, buyer, quantity });
    }
    for (side, standing) in [(Side::Sell, market.bids), (Side::Buy, market.asks)] {
        let limit = limit_price(side, limits);
        let strict = |leg: &PooledLeg| match side {
            Side::Sell => leg.worst_price.raw.max(limit),
            Side::Buy => leg.worst_price.raw.min(limit),
        };
        let no_looser = |a: u128, b: u128| if side == Side::Sell { a >= b } else { a <= b };
        let share = u128::from(limits.participation_bps);
        let mut pace = (standing.within(price(limit)) * share).div_ceil(10_000);
        let mut open: Vec<(PooledLeg, u128)> =
            left.iter().filter(|(leg, left)| leg.side == side && *left > 0).copied().collect();
        let bounds: Vec<u128> = open.iter().map(|(leg, _)| strict(leg)).collect();
        let mut taken: Vec<(PooledLeg, u128)> = Vec::new();
        while let Some(next) =
            (0..open.len()).min_by(|a, b| first(&open[*a].0, &open[*b].0, limits))
        {
            let (leg, wanted) = open.remove(next);
            let free =
                bounds.iter().filter(|bound| no_looser(strict(&leg), **bound)).map(|bound| {
                    let under = taken.iter().filter(|(other, _)| no_looser(strict(other), *bound));
                    standing.within(price(*bound))
                        - under.map(|(_, quantity)| quantity).sum::<u128>()
                });
            let free = free.min().unwrap();
            let quantity = wanted.min(free).min(pace);
            pace -= quantity;
            if quantity > 0 {
                taken.push((leg, quantity));
            }
            if wanted > quantity {
                let why = match free > quantity {
                    true => Why::Pace,
                    false if strict(&leg) == limit => Why::Impact,
                    false => Why::WorstPrice,
                };
                round.waits.push(Wait {
                    account: leg.account,
                    side,
                    quantity: wanted - quantity,
                    why,
                });
            }
        }
        taken.sort_by_key(
            |(leg, _)| {
                if side == Side::Sell { u128::MAX - strict(leg) } else { strict(leg) }
            },
        );
        let release =
            |(leg, quantity): (PooledLeg, u128)| Release { account: leg.account, side, quantity };
        round.releases.extend(taken.into_iter().map(release));
    }
    round
}

/// What every round must keep, judged by sending its releases to the market.
fn keeps(
    depths: &Depths,
    legs: &[PooledLeg],
    limits: &Limits,
    round: &Round,
) -> Result<(), String> {
    let may_cross = limits.cross && (depths.band.0..=depths.band.1).contains(&MARK);
    if !may_cross && !round.crosses.is_empty() {
        return Err("crossed where it may not".to_owned());
    }
    let leg_of = |account: AccountId| legs.iter().find(|leg| leg.account == account).unwrap();
    for cross in &round.crosses {
        let (seller, buyer) = (leg_of(cross.seller), leg_of(cross.buyer));
        let sides = (seller.side, buyer.side) == (Side::Sell, Side::Buy);
        if !sides || seller.worst_price.raw > MARK || buyer.worst_price.raw < MARK {
            return Err(format!("{cross:?} misses a worst price"));
        }
    }
    for leg in legs {
        let crossed = round
            .crosses
            .iter()
            .filter(|cross| cross.seller == leg.account || cross.buyer == leg.account)
            .map(|cross| cross.quantity);
        let released =
            round.releases.iter().filter(|r| r.account == leg.account).map(|r| r.quantity);
        let waits = round.waits.iter().filter(|w| w.account == leg.account).map(|w| w.quantity);
        let sum = crossed.sum::<u128>() + released.sum::<u128>() + waits.sum::<u128>();
        if sum != leg.quantity {
            return Err(format!("{:?}: {sum} of {}", leg.account, leg.quantity));
        }
    }
    for (side, depth, consumed) in [
        (Side::Sell, &depths.bids, depths.consumed.0),
        (Side::Buy, &depths.asks, depths.consumed.1),
    ] {
        let limit = limit_price(side, limits);
        let within = depth.within(price(limit)).saturating_sub(consumed);
        let pace = (within * u128::from(limits.participation_bps)).div_ceil(10_000);
        let mut sum = 0;
        for release in round.releases.iter().filter(|release| release.side == side) {
            sum += release.quantity;
            // The last unit is the worst.
            let Some(last) = depth.value_after(consumed + sum - 1, 1) else {
                return Err(format!("{release:?} sends more than stands"));
            };
            let worst = leg_of(release.account).worst_price.raw;
            let worse = |than: u128| if side == Side::Sell { last < than } else { last > than };
            if worse(worst) || worse(limit) {
                return Err(format!("{release:?} ends at {last}"));
            }
        }
        if sum > pace {
            return Err(format!("{sum} released, pace {pace}"));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_round_is_what_its_definition_says_in_any_order_of_legs(
        depths in a_depth(60),
        legs in some_legs(0..24, 50),
        limits in some_limits(),
        turn in 0usize..24,
    ) {
        let found = round(&depths.market(), &legs, &limits).unwrap();
        prop_assert_eq!(&found, &slow_round(&depths, &legs, &limits));
        prop_assert_eq!(keeps(&depths, &legs, &limits, &found), Ok(()));
        let mut turned: Vec<PooledLeg> = legs.iter().rev().copied().collect();
        turned.rotate_left(turn % legs.len().max(1));
        prop_assert_eq!(&found, &round(&depths.market(), &turned, &limits).unwrap());
    }

    #[test]
    fn no_other_releases_sell_more_or_relieve_more_at_risk(
        depths in a_depth(6),
        legs in some_legs(1..5, 4),
        limits in some_limits(),
    ) {
        // Nobody overdue: whoever is goes first whatever it costs.
        let legs: Vec<_> = legs.into_iter().map(|leg| PooledLeg { waited_rounds: 0, ..leg }).collect();
        let limits = Limits { cross: false, ..limits };
        let found = round(&depths.market(), &legs, &limits).unwrap();
        // 12 is a multiple of every quantity.
        let weight = |leg: &PooledLeg| leg.loss_at_risk * (12 / leg.quantity);
        let of = |account: AccountId| {
            found.releases.iter().filter(|r| r.account == account).map(|r| r.quantity).sum::<u128>()
        };
        let (mut most, mut heaviest) = (0, 0);
        let ways: u128 = legs.iter().map(|leg| leg.quantity + 1).product();
        for way in 0..ways {
            let mut rest = way;
            let quantities: Vec<u128> = legs
                .iter()
                .map(|leg| {
                    let quantity = rest % (leg.quantity + 1);
                    rest /= leg.quantity + 1;
                    quantity
                })
                .collect();
            if keeps(&depths, &legs, &limits, &sending(&legs, &quantities)).is_ok() {
                most = most.max(quantities.iter().sum());
                heaviest =
                    heaviest.max(legs.iter().zip(&quantities).map(|(leg, q)| weight(leg) * q).sum());
            }
        }
        prop_assert_eq!(legs.iter().map(|leg| of(leg.account)).sum::<u128>(), most);
        prop_assert_eq!(legs.iter().map(|leg| weight(leg) * of(leg.account)).sum::<u128>(), heaviest);
    }

    /// The condition: the mark and fresh depth stand still, nothing else consumes, depth only recovers,
    /// and alone everything finds a buyer.
    #[test]
    fn rounds_cost_no_more_than_each_alone_where_the_mark_stands_still(
        depths in a_depth(60),
        legs in some_legs(1..12, 20),
        limits in some_limits(),
        recovery in prop::collection::vec(0u128..=1_000_000_000_000_000_000, 1..6),
    ) {
        let mut depths = Depths { consumed: (0, 0), ..depths };
        let loose = |leg: PooledLeg| PooledLeg {
            worst_price: price(if leg.side == Side::Sell { 1 } else { MARK * 2 }),
            ..leg
        };
        let mut open: Vec<PooledLeg> = legs.into_iter().map(loose).collect();
        let sum = |open: &[PooledLeg], side: Side| {
            open.iter().filter(|leg| leg.side == side).map(|leg| leg.quantity).sum::<u128>()
        };
        let (sold, bought) = (sum(&open, Side::Sell), sum(&open, Side::Buy));
        let alone = depths.bids.value_after(0, sold).zip(depths.asks.value_after(0, bought));
        prop_assume!(alone.is_some());
        let (got, paid) = alone.unwrap();
        let cost_alone = (MARK * sold - got) + (paid - MARK * bought);
        let mut cost = 0;
        for share in recovery.iter().cycle().take(200) {
            let found = round(&depths.market(), &open, &limits).unwrap();
            for release in &found.releases {
                match release.side {
                    Side::Sell => {
                        let got = depths.bids.value_after(depths.consumed.0, release.quantity);
                        cost += MARK * release.quantity - got.unwrap();
                        depths.consumed.0 += release.quantity;
                    }
                    Side::Buy => {
                        let paid = depths.asks.value_after(depths.consumed.1, release.quantity);
                        cost += paid.unwrap() - MARK * release.quantity;
                        depths.consumed.1 += release.quantity;
                    }
                }
            }
            open = waiting(&open, &found);
            depths.consumed.0 = after_recovery(depths.consumed.0, *share).unwrap();
            depths.consumed.1 = after_recovery(depths.consumed.1, *share).unwrap();
        }
        prop_assert!(cost <= cost_alone, "{} against {} alone", cost, cost_alone);
    }

    /// New legs that lose more by waiting come every round, for ever.
    #[test]
    fn whoever_waited_long_enough_is_closed_however_many_come_after(
        quantity in 1u128..200,
        behind in 1u128..200,
        wait_rounds_max in 1u32..12,
        participation_bps in 1u32..=10_000,
    ) {
        let depths = Depths {
            bids: steps(&[(1, 30)], true),
            asks: steps(&[], false),
            consumed: (0, 0),
            band: (MARK, MARK),
        };
        let limits = Limits { impact_bps: 100, participation_bps, wait_rounds_max, cross: true };
        let leg = |account, quantity, loss_at_risk| PooledLeg {
            account: AccountId(account),
            asset: ASSET,
            side: Side::Sell,
            quantity,
            worst_price: price(1),
            loss_at_risk,
            waited_rounds: 0,
        };
        let mut open = vec![leg(0, quantity, 0), leg(1, behind, 1_000_000)];
        let pace = (30 * u128::from(participation_bps)).div_ceil(10_000);
        // Only the other leg is as old: both are closed before anybody else.
        let most = u128::from(wait_rounds_max) + (quantity + behind).div_ceil(pace);
        let mut rounds = 0u128;
        while open.iter().any(|leg| leg.account == AccountId(0)) {
            prop_assert!(rounds < most, "{} rounds", rounds);
            let found = round(&depths.market(), &open, &limits).unwrap();
            open = waiting(&open, &found);
            rounds += 1;
            open.push(leg(u32::try_from(rounds).unwrap() + 1, 1_000, u128::MAX));
        }
    }

    #[test]
    fn loss_at_risk_is_the_expectation_by_its_definition(
        exposure in 0u128..400,
        equity in -500i128..500,
        reach_ppm in 0u32..=1_000_000,
    ) {
        let reach = i128::try_from((exposure * u128::from(reach_ppm)).div_ceil(1_000_000)).unwrap();
        // Moves in the middle of each unit, doubled: exact, because the kink lies between two units.
        let borne = |moved: i128| (moved - 2 * equity).max(0);
        let sum: i128 = (-reach..reach).map(|unit| borne(2 * unit + 1)).sum();
        let expected = sum - 2 * reach * (2 * (-equity).max(0));
        let expected = if reach == 0 { 0 } else { expected / (4 * reach) };
        let found = loss_at_risk(exposure, equity, reach_ppm).unwrap();
        prop_assert_eq!(i128::try_from(found).unwrap(), expected);
    }
}

/// A round that sends `quantities` and lets the rest wait, the strictest first.
fn sending(legs: &[PooledLeg], quantities: &[u128]) -> Round {
    let mut sent: Vec<(&PooledLeg, u128)> = legs.iter().zip(quantities.iter().copied()).collect();
    sent.sort_by_key(|(leg, _)| match leg.side {
        Side::Sell => u128::MAX - leg.worst_price.raw,
        Side::Buy => leg.worst_price.raw,
    });
    let mut round = Round::default();
    for (leg, quantity) in sent {
        let (account, side) = (leg.account, leg.side);
        round.releases.push(Release { account, side, quantity });
        let quantity = leg.quantity - quantity;
        round.waits.push(Wait { account, side, quantity, why: Why::Pace });
    }
    round.releases.retain(|release| release.quantity > 0);
    round
}

/// What waits, a round older.
fn waiting(open: &[PooledLeg], round: &Round) -> Vec<PooledLeg> {
    let older = |leg: &PooledLeg| {
        let wait = round.waits.iter().find(|wait| wait.account == leg.account)?;
        let waited_rounds = leg.waited_rounds + 1;
        Some(PooledLeg { quantity: wait.quantity, waited_rounds, ..*leg })
    };
    open.iter().filter_map(older).collect()
}

fn a_market() -> Depths {
    Depths {
        bids: steps(&[(5, 20), (5, 30)], true),
        asks: steps(&[(5, 20)], false),
        consumed: (0, 0),
        band: (990, 1_010),
    }
}

fn a_leg(account: u32, side: Side, quantity: u128) -> PooledLeg {
    let worst_price = price(if side == Side::Sell { 900 } else { 1_100 });
    let account = AccountId(account);
    PooledLeg {
        account,
        asset: ASSET,
        side,
        quantity,
        worst_price,
        loss_at_risk: 1,
        waited_rounds: 0,
    }
}

const LIMITS: Limits =
    Limits { impact_bps: 200, participation_bps: 10_000, wait_rounds_max: 4, cross: true };

#[test]
fn the_judge_finds_a_planted_fault() {
    let depths = a_market();
    let legs = [a_leg(0, Side::Sell, 30), a_leg(1, Side::Sell, 40), a_leg(2, Side::Buy, 10)];
    let found = round(&depths.market(), &legs, &LIMITS).unwrap();
    assert_eq!(keeps(&depths, &legs, &LIMITS, &found), Ok(()));
    let spoilt = |change: &dyn Fn(&mut Round)| {
        let mut round = found.clone();
        change(&mut round);
        keeps(&depths, &legs, &LIMITS, &round).unwrap_err()
    };
    assert!(spoilt(&|round| round.releases[0].quantity -= 1).contains("of 30"));
    assert!(spoilt(&|round| round.crosses[0].quantity += 1).contains("of "));
    assert!(spoilt(&|round| round.crosses[0].buyer = AccountId(1)).contains("worst price"));
    let all = |round: &mut Round| {
        round.waits.clear();
        round.releases[1].quantity = 40;
    };
    assert!(spoilt(&all).contains("more than stands"));
    let narrow = Limits { impact_bps: 60, ..LIMITS };
    assert!(keeps(&depths, &legs, &narrow, &found).unwrap_err().contains("ends at 990"));
    let slow = Limits { participation_bps: 1, ..LIMITS };
    assert!(keeps(&depths, &legs, &slow, &found).unwrap_err().contains("pace"));
    let closed = Depths { band: (1_001, 1_010), ..depths.clone() };
    assert!(keeps(&closed, &legs, &LIMITS, &found).unwrap_err().contains("may not"));
}

#[test]
fn a_mark_outside_its_band_crosses_nobody() {
    let legs = [a_leg(0, Side::Sell, 5), a_leg(1, Side::Buy, 5)];
    for (band, crosses) in [((MARK, MARK), 1), ((MARK + 1, MARK + 9), 0), ((1, MARK - 1), 0)] {
        let depths = Depths { band, ..a_market() };
        let found = round(&depths.market(), &legs, &LIMITS).unwrap();
        assert_eq!(found.crosses.len(), crosses, "{band:?}");
    }
}

#[test]
fn figures_of_full_width_are_ordered_exactly() {
    let mut legs = [a_leg(0, Side::Sell, u128::MAX / 2), a_leg(1, Side::Sell, u128::MAX / 2)];
    (legs[0].loss_at_risk, legs[1].loss_at_risk) = (u128::MAX - 1, u128::MAX);
    let found = round(&a_market().market(), &legs, &LIMITS).unwrap();
    assert_eq!(found.releases[0].account, AccountId(1));
    // Equal rates, unlike sizes: the number decides.
    let (mut a, mut b) = (a_leg(7, Side::Sell, 3), a_leg(6, Side::Sell, 6));
    (a.loss_at_risk, b.loss_at_risk) = (1 << 70, 1 << 71);
    assert!(Priority::of(&b, 4) < Priority::of(&a, 4));
    a.loss_at_risk += 1;
    assert!(Priority::of(&a, 4) < Priority::of(&b, 4));
}

#[test]
fn what_makes_no_sense_is_named_with_its_value() {
    let depths = a_market();
    let market = depths.market();
    let leg = a_leg(4, Side::Sell, 5);
    let of = |market: &Market<'_>, legs: &[PooledLeg], limits: &Limits| {
        round(market, legs, limits).unwrap_err().to_string()
    };
    let legs = |leg: PooledLeg| of(&market, &[leg], &LIMITS);
    assert_eq!(
        legs(PooledLeg { quantity: 0, ..leg }),
        "quantity of the leg of account 4 is 0; expected above zero"
    );
    assert!(
        legs(PooledLeg { asset: AssetId(9), ..leg }).contains("asset of the leg of account 4 is 9")
    );
    let finer = PooledLeg { worst_price: Price::new(1, 3), ..leg };
    assert!(legs(finer).contains("decimals of worst_price of the leg of account 4 is 3"));
    let twice = of(&market, &[leg, a_leg(4, Side::Buy, 1)], &LIMITS);
    assert!(twice.contains("account 4 is 2; expected one leg"), "{twice}");
    let large = [a_leg(0, Side::Sell, u128::MAX), a_leg(1, Side::Sell, 1)];
    assert!(of(&market, &large, &LIMITS).contains("the sum of all legs of a side does not fit"));
    let limits = |limits: Limits| of(&market, &[leg], &limits);
    assert!(limits(Limits { impact_bps: 10_000, ..LIMITS }).contains("impact_bps is 10000"));
    assert!(limits(Limits { participation_bps: 0, ..LIMITS }).contains("participation_bps is 0"));
    assert!(limits(Limits { participation_bps: 10_001, ..LIMITS }).contains("1 to 10000"));
    let at = |market: Market<'_>| of(&market, &[leg], &LIMITS);
    assert!(at(Market { mark: price(0), ..market }).contains("mark is 0"));
    assert!(at(Market { band: (price(5), price(4)), ..market }).contains("the band's low is 5"));
    let finer = (Price::new(5, 3), price(9));
    assert!(at(Market { band: finer, ..market }).contains("decimals of the band's low is 3"));
    let step = |price, quantity| Step { price, quantity };
    let bids = |steps: &[Step]| Steps::bids(steps).unwrap_err().to_string();
    assert!(bids(&[step(0, 1)]).contains("price of step 0 is 0"));
    assert!(bids(&[step(5, 0)]).contains("quantity of step 0 is 0"));
    assert!(bids(&[step(5, 1), step(5, 1)]).contains("price of step 1 is 5; expected below"));
    assert!(bids(&[step(5, 1), step(4, u128::MAX)]).contains("does not fit"));
    assert!(
        Steps::asks(&[step(5, 1), step(4, 1)]).unwrap_err().to_string().contains("above the one")
    );
    assert!(
        loss_at_risk(1, 0, 1_000_001).unwrap_err().to_string().contains("reach_ppm is 1000001")
    );
    assert!(
        loss_at_risk(u128::MAX, 0, 1_000_000).unwrap_err().to_string().contains("loss at risk")
    );
    let share = after_recovery(1, 1_000_000_000_000_000_001).unwrap_err().to_string();
    assert!(share.contains("recovery_e18 is 1000000000000000001"), "{share}");
}
