//! The envelope against the table itself: prices, marks and time move within the reach, and the
//! requirement is assessed anew.

use super::super::tests::{buckets, shocks};
use super::super::{
    Charges, Concentration, Expiry, Grid, Holding, Listing, Minimum, MinimumTier, OptionLine, Roll,
};
use super::*;
use crate::option::{Decimals, Settled};
use breakwater_options::Kind;
use proptest::prelude::*;

/// Shares are in 1e-12 here.
const ONE_E12: i128 = 1_000_000_000_000;

/// A book with what it rests on, and where all of that goes.
#[derive(Debug, Clone)]
struct Story {
    grid: Grid,
    listing: Listing,
    sources: Vec<usize>,
    bps: u32,
    seconds: u64,
    futures: Vec<Holding>,
    options: Vec<Holding>,
}

/// Numbers from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// From minus one to one, in 1e-12; often an end.
    fn share(&mut self) -> i128 {
        match self.below(4) {
            0 => ONE_E12,
            1 => -ONE_E12,
            _ => i128::from(self.below(2_000_001)) * 1_000_000 - ONE_E12,
        }
    }
}

fn grid(chance: &mut Chance) -> Grid {
    let mut grid = if chance.below(2) == 0 { buckets() } else { shocks() };
    if chance.below(3) == 0 {
        grid.extended = None;
    }
    if let Some(extended) = &mut grid.extended {
        extended.factor_bps = chance.pick(&[3_000, 10_000, 14_000]);
    }
    grid.maintenance_bps = chance.pick(&[5_000, 8_000, 10_000]);
    grid.initial_bps = 10_000;
    let tier = |to, multiplier| MinimumTier { to, multiplier };
    let minimum = Minimum {
        futures_e9: 20_000_000,
        short_options_e9: 50_000_000,
        tiers: vec![tier(1_000_000_000, 1), tier(50_000_000_000, 4), tier(90_000_000_000, 2)],
    };
    grid.charges = Charges {
        short_option_e9: chance.pick(&[0, 10_000_000]),
        offset_futures_e9: chance.pick(&[0, 6_000_000]),
        roll: chance.pick(&[None, Some(Roll { annual_bps: 750, least_bps: 100 })]),
        concentration: chance
            .pick(&[None, Some(Concentration { above: 1 << 30, rate_bps: 1_000 })]),
        minimum: if chance.below(3) == 0 { Some(minimum) } else { None },
    };
    grid
}

/// A perpetual and three dated futures, all or some on prices of their own; options near and far.
fn story(seed: u64) -> (Story, Chance) {
    let mut chance = Chance(seed);
    let grid = grid(&mut chance);
    let settled = if chance.below(2) == 0 { Settled::Coin } else { Settled::Quote };
    let sources: Vec<usize> = (0..4).map(|at| if chance.below(3) == 0 { 0 } else { at }).collect();
    let forwards: Vec<u128> =
        (0..4).map(|_| 5_500_000 + u128::from(chance.below(900_000))).collect();
    let ends = [None, Some(3_600 * 20), Some(86_400 * 30 + 50), Some(86_400 * 200)];
    let expiry = |at: usize| Expiry { seconds: ends[at], forward: forwards[sources[at]] };
    let lines = 1 + chance.below(5);
    let options: Vec<OptionLine> = (0..lines)
        .map(|_| OptionLine {
            expiry: 1 + chance.below(3) as usize,
            kind: chance.pick(&[Kind::Call, Kind::Put]),
            strike: u128::from(4_000_000 + chance.below(40) * 100_000),
            volatility_ppm: 50_000 + chance.below(2_000_000),
            mark: u128::from(chance.below(40_000_000)),
        })
        .collect();
    let listing = Listing {
        settled,
        decimals: Decimals { price: 2, mark: 8, size: 4, settle: 8 },
        expiries: (0..4).map(expiry).collect(),
        options,
    };
    let size = |chance: &mut Chance, in_quote: bool| {
        let bits = 8 + chance.below(14);
        let size = 1 + chance.below(1 << bits) as i64;
        // A future in coin has its size in quote units.
        let size = if in_quote { size * 60_000 } else { size };
        if chance.below(2) == 0 { size } else { -size }
    };
    let coin = settled == Settled::Coin;
    let mut futures = Vec::new();
    for line in 0..4 {
        if chance.below(2) == 0 {
            futures.push(Holding { line, quantity: size(&mut chance, coin) });
        }
    }
    let options = (0..listing.options.len())
        .map(|line| Holding { line, quantity: size(&mut chance, false) })
        .collect();
    let bps = chance.pick(&[10, 100, 300, 2_000]);
    let seconds = chance.pick(&[0, 1, 600, 3_600]);
    (Story { grid, listing, sources, bps, seconds, futures, options }, chance)
}

impl Story {
    fn positions(&self) -> Positions<'_> {
        Positions { futures: &self.futures, options: &self.options }
    }

    fn envelope(&self) -> Result<Envelope, ScenarioError> {
        let reach = Reach { sources: &self.sources, bps: self.bps, seconds: self.seconds };
        Table::price(&self.grid, &self.listing)?.envelope(&self.positions(), &reach)
    }

    fn required(&self, listing: &Listing) -> Result<i128, ScenarioError> {
        let table = Table::price(&self.grid, listing)?;
        let found = table.assess(&self.positions(), &mut Scratch::default())?;
        Ok(found.maintenance as i128)
    }

    /// The listing after moves of shares of the reach, and what the envelope allows for them: how far
    /// the requirement may rise, and fall.
    fn moved(&self, found: &Envelope, chance: &mut Chance) -> (Listing, i128, i128) {
        let mut listing = self.listing.clone();
        let mut room = [i128::try_from(found.time + found.rounding).unwrap(); 2];
        let move_to = |raw: u128, share: i128| {
            let by = i128::try_from(raw).unwrap() * i128::from(self.bps) * share;
            // Towards where it is, so that it stays within the reach.
            let to = i128::try_from(raw).unwrap() + by / (10_000 * ONE_E12);
            u128::try_from(to).unwrap()
        };
        let shares: Vec<i128> = self.sources.iter().map(|_| chance.share()).collect();
        let mut seen = Vec::new();
        for (at, expiry) in listing.expiries.iter_mut().enumerate() {
            let source = self.sources[at];
            let from = expiry.forward;
            expiry.forward = move_to(from, shares[source]);
            if !seen.contains(&source) {
                seen.push(source);
                let slope = found.slopes[source];
                let up = expiry.forward > from;
                let part = |slope: u128| {
                    let moved = expiry.forward.abs_diff(from);
                    i128::try_from(slope * moved / from + 1).unwrap()
                };
                room[0] += part(if up { slope.up } else { slope.down });
                room[1] += part(if up { slope.down } else { slope.up });
            }
        }
        for held in &self.options {
            let line = &mut listing.options[held.line];
            let from = line.mark;
            line.mark = move_to(from, chance.share());
            let moved = (line.mark as i128 - from as i128) * i128::from(held.quantity);
            let moved = moved * i128::from(found.marks_e8);
            // Marks and settle units have eight decimals, sizes four; the share has eight.
            let part = moved.abs() / 1_000_000_000_000 + 1;
            room[usize::from(moved < 0)] += part;
        }
        let gone = chance.pick(&[0, self.seconds / 3, self.seconds]);
        for expiry in &mut listing.expiries {
            expiry.seconds = expiry.seconds.map(|seconds| seconds - gone);
        }
        (listing, room[0], room[1])
    }
}

/// The first walk out of an envelope changed by `lie`: how far it went and what was allowed.
fn late(seed: u64, walks: usize, lie: fn(&mut Envelope)) -> Option<String> {
    let (story, mut chance) = story(seed);
    let Ok(mut found) = story.envelope() else { return None };
    lie(&mut found);
    let from = story.required(&story.listing).unwrap();
    for _ in 0..walks {
        let (listing, rise, fall) = story.moved(&found, &mut chance);
        let to = story.required(&listing).unwrap();
        if to - from > rise || from - to > fall {
            return Some(format!("{from} became {to}, {rise} and {fall} allowed; {story:?}"));
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn no_move_within_the_reach_takes_a_requirement_out_of_its_envelope(seed in any::<u64>()) {
        let found = late(seed, 12, |_| {});
        prop_assert!(found.is_none(), "{}", found.unwrap());
    }
}

/// What is left out, and how.
type Lie = (&'static str, fn(&mut Envelope));

#[test]
fn an_envelope_that_leaves_something_out_is_found_by_the_same_search() {
    let lies: [Lie; 4] = [
        ("half of the slopes", |e| {
            for slope in &mut e.slopes {
                *slope = Slope { up: slope.up / 2, down: slope.down / 2 };
            }
        }),
        ("falls", |e| e.slopes.iter_mut().for_each(|slope| slope.down = 0)),
        ("marks", |e| e.marks_e8 /= 2),
        ("time", |e| e.time = 0),
    ];
    for (what, lie) in lies {
        let found = (0..200).filter(|seed| late(*seed, 12, lie).is_some()).count();
        assert!(found > 5, "{what}: {found} of 200");
    }
}

/// One unit at 60,000.00 that is required for by 16 %, and nothing else comes near: 0.8 x 0.16 of it by
/// its price, in quote with the price and in coin against it.
#[test]
fn a_future_alone_is_required_for_by_its_worst_move() {
    let plain = Grid { extended: None, charges: Charges::default(), ..buckets() };
    let futures = |settled, quantity: i64, bps| {
        let listing = Listing {
            settled,
            decimals: Decimals { price: 2, mark: 2, size: 4, settle: 8 },
            expiries: vec![Expiry { seconds: None, forward: 6_000_000 }],
            options: Vec::new(),
        };
        let held = [Holding { line: 0, quantity }];
        let positions = Positions { futures: &held, options: &[] };
        let reach = Reach { sources: &[0], bps, seconds: 3_600 };
        let found = Table::price(&plain, &listing).unwrap().envelope(&positions, &reach).unwrap();
        assert_eq!((found.marks_e8, found.time), (80_000_000, 0));
        assert!(found.rounding <= 10, "{found:?}");
        found.slopes[0]
    };
    let share = 60_000 * 12_800_000u128;
    let near = |slope: Slope, up: u128, down: u128| {
        let close = |found: u128, right: u128| (right..=right + 4).contains(&found);
        assert!(close(slope.up, up) && close(slope.down, down), "{slope:?} for {up} and {down}");
    };
    near(futures(Settled::Quote, 10_000, 100), share, 0);
    near(futures(Settled::Quote, -10_000, 100), share, 0);
    // So far that the move before the worst may be the worst: the other side is none still.
    near(futures(Settled::Quote, 10_000, 2_000), share, 0);
    // A coin of 60,000 USD loses 16/84 of itself; a fall by a hundredth is one of 1/99 in coin.
    let coin = 100_000_000u128 * 8 * 16 * 100 / (10 * 84 * 99);
    near(futures(Settled::Coin, 600_000_000, 100), 0, coin);
    near(
        futures(Settled::Coin, -600_000_000, 100),
        0,
        100_000_000 * 8 * 16 * 100 / (10 * 116 * 99),
    );
}

/// A call far in the money is the future that it may become, less its own mark.
#[test]
fn an_options_slope_is_that_of_its_delta_and_its_mark_moves_on_its_own() {
    let grid = Grid { extended: None, charges: Charges::default(), ..buckets() };
    let deep = OptionLine {
        expiry: 0,
        kind: Kind::Call,
        strike: 100_000,
        volatility_ppm: 500_000,
        mark: 5_900_000,
    };
    let listing = Listing {
        settled: Settled::Quote,
        decimals: Decimals { price: 2, mark: 2, size: 4, settle: 6 },
        expiries: vec![Expiry { seconds: Some(86_400), forward: 6_000_000 }],
        options: vec![deep],
    };
    let held = [Holding { line: 0, quantity: 10_000 }];
    let positions = Positions { futures: &[], options: &held };
    let reach = Reach { sources: &[0], bps: 100, seconds: 3_600 };
    let found = Table::price(&grid, &listing).unwrap().envelope(&positions, &reach).unwrap();
    // The worst is a fall of 16 %: 0.84 of the forward is what it is worth more by, a requirement less.
    let right = 60_000 * 672_000u128;
    let Slope { up, down } = found.slopes[0];
    assert!(up == 0 && (right..right + right / 100_000_000 + 4).contains(&down), "{found:?}");
    assert_eq!(found.marks_e8, 80_000_000);
    assert!(found.time < 10, "{found:?}");
}

#[test]
fn what_is_no_reach_is_refused_by_name() {
    let (story, _) = story(1);
    let refuse = |sources: &[usize], bps| {
        let reach = Reach { sources, bps, seconds: 1 };
        let table = Table::price(&story.grid, &story.listing).unwrap();
        table.envelope(&story.positions(), &reach).unwrap_err().to_string()
    };
    assert_eq!(refuse(&[0, 1, 2, 3], 10_000), "grid.reach.bps is 10000; below 10000 is right");
    assert_eq!(
        refuse(&[0, 1, 2], 100),
        "grid.reach.sources is 3; a price for each expiry of the listing is right"
    );
    assert_eq!(
        refuse(&[0, 1, 2, 4], 100),
        "grid.reach.sources is 4; places below the number of expiries are right"
    );
}

#[test]
fn the_last_second_before_an_end_stays() {
    let left = |seconds, passed| Reach { sources: &[], bps: 0, seconds: passed }.left(seconds);
    assert_eq!([left(10, 3), left(10, 10), left(10, 99)], [7, 1, 1]);
    assert_eq!([left(1, 5), left(0, 5)], [1, 0]);
}

/// Of what is allowed the worst of some walks takes a good part: the bound is no bound of anything.
#[test]
fn envelopes_are_not_wider_than_a_few_times_what_happens() {
    let mut shares = Vec::new();
    for seed in 0..300 {
        let (story, mut chance) = story(seed);
        let Ok(found) = story.envelope() else { continue };
        let from = story.required(&story.listing).unwrap();
        let mut most = 0;
        for _ in 0..40 {
            let (listing, rise, fall) = story.moved(&found, &mut chance);
            let to = story.required(&listing).unwrap();
            let share = if to > from {
                (to - from) * 100 / rise.max(1)
            } else {
                (from - to) * 100 / fall.max(1)
            };
            most = most.max(share);
        }
        shares.push(most);
    }
    shares.sort_unstable();
    let at = |percent: usize| shares[shares.len() * percent / 100];
    assert!(shares.len() > 280 && at(50) > 40, "{} {}", shares.len(), at(50));
}
