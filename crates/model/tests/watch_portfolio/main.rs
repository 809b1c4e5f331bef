//! The watch list is never late for portfolio margin: after every price, quote, delivery and passing of
//! time, whoever is not pending is in the band the engine last told. Books are of calls, puts and
//! futures on either side, settled in coin and in quote, on one margin asset and on two; rulebooks that
//! leave something out of what they state are found out by the same search. How many assessments
//! envelopes spare is counted. And option books are liquidated to their ends.

mod adapter;
mod liquidated;
mod world;

use adapter::Lie;
use breakwater_engine::Body;
use breakwater_liquidation::{AssetKind, Call, Form, Policy};
use breakwater_margin::Ratio;
use breakwater_money::{AccountId, AssetId, Price};
use world::{DAY, HOUR, OPTION, Pool, Random, Rule, SECOND, World};

const WORLDS: [World; 3] = [World::Coin, World::Quote, World::Both];

fn pool(lie: Lie, random: &mut Random, world: World) -> Pool {
    let (maintenance_bps, initial_bps) = random.pick(&[(8_000, 10_000), (10_000, 10_000)]);
    let rule = Rule {
        extended: random.below(2) == 0,
        charged: random.below(2) == 0,
        maintenance_bps,
        initial_bps,
        ladder: "",
    };
    let warn = Ratio::new(random.pick(&[100, 105, 130, 200]) * 10_000_000_000_000_000);
    let policy = Policy { warn_ratio: warn, target_ratio: warn, ..Policy::as_is() };
    let near = random.pick(&[2 * HOUR, 2 * DAY, 31 * DAY]);
    Pool::new(lie, world, &rule, &policy, near)
}

/// One command of a walk.
fn step(pool: &mut Pool, random: &mut Random) {
    pool.now += random.pick(&[1, SECOND, 60 * SECOND, 60 * SECOND, HOUR / 3, 3 * HOUR]);
    let contracts: Vec<AssetId> = pool.contracts().collect();
    match random.below(20) {
        0 => {
            pool.must(Body::AdvanceTime);
        }
        1 => {
            let options = contracts.into_iter().filter(|asset| pool.is_option(*asset));
            let options: Vec<AssetId> = options.collect();
            let volatility = 400_000 + u32::try_from(random.below(500_000)).unwrap();
            // What was delivered has none any more.
            let contract = random.pick(&options);
            let quote = Call::Quote { contract, volatility_e6: volatility };
            pool.apply(Body::Call(quote));
        }
        2 => {
            let contract = random.pick(&contracts);
            let price = match pool.terms(contract).form {
                Form::Option(_) => Price::new(6_000_000, 2),
                _ => Price::new(pool.prices[contract.index()], 2),
            };
            // Refused until its end.
            pool.apply(Body::Call(Call::Deliver { contract, price }));
        }
        _ => {
            let priced: Vec<usize> =
                (0..pool.listed.len()).filter(|at| pool.markets[*at].is_some()).collect();
            let at = random.pick(&priced);
            let most = random.pick(&[10, 10, 100, 100, 1_000]);
            let share = u128::from(10_000 - most + random.below(2 * most + 1));
            let to = pool.prices[at] * share / 10_000;
            let first = pool.listed[at].price;
            pool.tick(at, to.clamp(first / 4 + 1, first * 4));
        }
    }
}

/// Takes all prices, one after the other, to where one account is worse off, or better, each by some
/// share of what its weight allows: so that what each market may do is used up by all. True if the
/// watch list was late.
fn press(pool: &mut Pool, random: &mut Random) -> bool {
    let account = AccountId(u32::try_from(random.below(pool.engine.accounts() as u64)).unwrap());
    let (worse, most) = (random.below(2) == 0, random.pick(&[2, 5, 10, 20, 40, 70]));
    let priced: Vec<usize> =
        (0..pool.listed.len()).filter(|at| pool.markets[*at].is_some()).collect();
    let mut late = false;
    for at in priced {
        let price = pool.prices[at];
        let weight = if pool.listed[at].typical == OPTION { 4 } else { 1 };
        let by = (price * most * weight / 10_000).max(1).min(price / 33);
        let (down, up) = (price - by, price + by);
        let falls = pool.slack(account, at, down) < pool.slack(account, at, up);
        pool.tick(at, if falls == worse { down } else { up });
        late |= !pool.engine.rescan().is_empty();
    }
    late
}

/// True if ever an account that is not pending was in another band than told.
fn late(lie: Lie, seed: u64, accounts: usize, steps: usize) -> bool {
    let mut random = Random(seed);
    let world = WORLDS[usize::try_from(seed % 3).unwrap()];
    let mut pool = pool(lie, &mut random, world);
    for _ in 0..accounts {
        pool.random(&mut random);
    }
    let mut late = !pool.engine.rescan().is_empty();
    for _ in 0..steps {
        match random.below(3) {
            0 => late |= press(&mut pool, &mut random),
            _ => step(&mut pool, &mut random),
        }
        assert_eq!(pool.engine.pending(), 0);
        late |= !pool.engine.rescan().is_empty();
    }
    late
}

#[test]
fn no_band_changes_inside_the_safe_intervals_of_an_option_book() {
    for seed in 0..60 {
        assert!(!late(Lie::None, seed, 8, 50), "seed {seed}");
    }
}

#[test]
fn whatever_is_left_out_of_what_is_stated_is_found_by_the_same_search() {
    for lie in [Lie::HalfOfAll, Lie::MarksStandStill, Lie::TimeStandsStill] {
        let found = (0..40).filter(|seed| late(lie, *seed, 8, 60)).count();
        println!("{lie:?}: {found} of 40");
        assert!(found > 1, "{lie:?}: {found} of 40");
    }
}

/// Small ticks, one a second, over twenty books: how many assessments they took.
fn small_ticks(lie: Lie, world: World, count: u64) -> (u64, u64) {
    let mut random = Random(7);
    let rule = Rule {
        extended: true,
        charged: false,
        maintenance_bps: 8_000,
        initial_bps: 10_000,
        ladder: "",
    };
    let mut pool = Pool::new(lie, world, &rule, &Policy::as_is(), 10 * DAY);
    for _ in 0..20 {
        pool.random(&mut random);
    }
    let priced: Vec<usize> =
        (0..pool.listed.len()).filter(|at| pool.markets[*at].is_some()).collect();
    let (mut assessed, mut ticks) = (0, 0);
    for _ in 0..count {
        pool.now += SECOND;
        let at = random.pick(&priced);
        // Two basis points either way, pulled back to where it began.
        let (price, first) = (pool.prices[at], pool.listed[at].price);
        let up = random.below(100) < if price > first { 45 } else { 55 };
        let by = (price * 2 / 10_000).max(1);
        assessed += u64::from(pool.tick(at, if up { price + by } else { price - by }).assessed);
        ticks += 1;
        if ticks % 500 == 0 {
            assert_eq!(pool.engine.rescan(), []);
        }
    }
    (assessed, ticks * 20)
}

#[test]
fn small_ticks_assess_few_option_books() {
    for (world, least) in [(World::Coin, 40), (World::Quote, 1_000), (World::Both, 200)] {
        let (assessed, all) = small_ticks(Lie::None, world, 10_000);
        println!("{world:?}: {assessed} of {all}");
        assert!(assessed * least < all, "{world:?}: {assessed} of {all}");
    }
}

/// Counts what the rule did before: every account that a price touches, and each at any later instant.
#[test]
fn without_envelopes_every_tick_assesses_every_book() {
    let (assessed, all) = small_ticks(Lie::EveryMove, World::Coin, 500);
    assert_eq!(assessed, all);
}

/// Until it has a price, options that end with it are on the underlying: they wait for its first one.
#[test]
fn a_future_that_is_listed_later_is_the_forward_from_its_first_price() {
    let mut random = Random(3);
    let mut pool = pool(Lie::None, &mut random, World::Quote);
    for _ in 0..6 {
        pool.random(&mut random);
    }
    let mut future = pool.listed[3].clone();
    future.symbol = "LATE-U".to_owned();
    let AssetKind::Contract(terms) = &mut future.kind else { panic!("a future is a contract") };
    // With the far options, whose forward is the underlying until now.
    terms.expires = pool.terms(AssetId(6)).expires;
    let (symbol, decimals, kind) = (future.symbol.clone(), future.decimals, future.kind);
    pool.must(Body::DefineAsset { symbol, decimals, kind });
    pool.listed.push(future);
    pool.markets.push(None);
    pool.prices.push(0);
    let at = pool.listed.len() - 1;
    pool.market(at);
    let health = |pool: &Pool| {
        let of = |account| pool.engine.health(AccountId(account)).unwrap();
        (0..6).map(of).collect::<Vec<_>>()
    };
    let before = health(&pool);
    // No time passes: the price alone is what they wait for.
    let outcome = pool.tick(at, 7_000_000);
    assert_ne!(before, health(&pool));
    assert_eq!((pool.engine.rescan(), outcome.assessed > 0), (vec![], true));
    for step in 1..200u128 {
        pool.now += 1;
        pool.tick(at, 7_000_000 - step * 10_000);
        assert_eq!(pool.engine.rescan(), []);
    }
}
