//! Option books under portfolio margin from breach to their ends: sold by a plan, closed against a
//! winner where the market takes no more, and up a ladder to the vault.

use crate::adapter::Lie;
use crate::world::*;
use breakwater_engine::Body;
use breakwater_liquidation::backstop::Deleverage;
use breakwater_liquidation::policy::BackstopPolicy;
use breakwater_liquidation::{Call, CallState, Close, Leg, Policy, Seller};
use breakwater_money::{AccountId, AssetId, Holder, Price, Unit};

const LOSER: AccountId = AccountId(0);
const WINNER: AccountId = AccountId(1);
const CASH: AssetId = AssetId(0);
const FUTURE: AssetId = AssetId(3);
const CALL: AssetId = AssetId(4);
const PUT: AssetId = AssetId(5);

/// A short strangle with a short future and a longer put, against a winner; all settled in USDT.
fn strangle(ladder: &'static str, backstop: BackstopPolicy) -> Pool {
    let rule = Rule {
        extended: false,
        charged: false,
        maintenance_bps: 8_000,
        initial_bps: 10_000,
        ladder,
    };
    let climbs = !ladder.is_empty();
    let policy = Policy {
        seller: Seller::Venue,
        close: if climbs { Close::VenueMaximum } else { Close::Target },
        slippage_bps: 500,
        retry_nanos: 0,
        backstop,
        ..Policy::guarded()
    };
    let mut pool = Pool::new(Lie::None, World::Quote, &rule, &policy, 10 * DAY);
    for amount in [100_000_000_000, 900_000_000_000] {
        let account = pool.open();
        pool.deposit(account, CASH, amount);
    }
    pool.must(Body::FundInsurance { asset: CASH, amount: 1_000_000_000 });
    for (contract, quantity, sells) in
        [(CALL, 100, true), (PUT, 60, true), (AssetId(7), 50, false), (FUTURE, 1_000, true)]
    {
        let (own, other) = (Some(LOSER), Some(WINNER));
        let (buyer, seller) = if sells { (other, own) } else { (own, other) };
        let at = contract.index();
        let price = Price::new(pool.prices[at], pool.listed[at].scale);
        pool.must(Body::Call(Call::Trade { buyer, seller, contract, quantity, price }));
    }
    assert!(!pool.engine.health(LOSER).unwrap().breach);
    pool
}

/// Every price at once, before the next command: what a gap is.
fn gap(pool: &mut Pool, up_bps: u128, call: u128) {
    pool.now += SECOND;
    pool.tick(CALL.index(), call);
    for at in [1, 2, 3] {
        pool.tick(at, pool.prices[at] * (10_000 + up_bps) / 10_000);
    }
}

fn legs(pool: &Pool) -> Vec<(u64, Leg)> {
    pool.engine.open_legs().iter().map(|(number, open)| (*number, open.leg)).collect()
}

/// Fills so much of a leg at its worst price, of what is still held, and no more comes. Returns what was
/// got, or paid.
fn fill(pool: &mut Pool, (number, leg): (u64, Leg), quantity: u128) -> i128 {
    let quantity = quantity.min(own(pool, LOSER, leg.asset).unsigned_abs());
    let proceeds = match quantity {
        0 => 0,
        _ => pool
            .engine
            .look(|view| {
                breakwater_liquidation::plan::proceeds(view, &leg, quantity, leg.worst_price)
            })
            .unwrap(),
    };
    pool.must(Body::ReportFill { leg: number, quantity, proceeds, done: true });
    assert_eq!(pool.engine.rescan(), []);
    let proceeds = i128::try_from(proceeds).unwrap();
    if leg.buy_back { -proceeds } else { proceeds }
}

fn own(pool: &Pool, account: AccountId, asset: AssetId) -> i128 {
    pool.engine.ledger().balance(Holder::Account(account), Unit::token(asset))
}

/// Cash and the quote sides of all positions.
fn paid(pool: &Pool, account: AccountId) -> i128 {
    let held = pool.engine.ledger().holdings(account).iter();
    held.filter(|held| held.unit == Unit::token(CASH)).map(|held| held.balance).sum()
}

/// Nothing is held or owed, every unit sums to zero, and each loss has its bearers.
fn ended(pool: &Pool, state: CallState) {
    assert!(pool.engine.ledger().holdings(LOSER).is_empty());
    assert_eq!(legs(pool), []);
    assert_eq!(pool.engine.margin_call(LOSER).unwrap().state, state);
    assert!(pool.engine.trial_balance().iter().all(|row| row.sum == 0));
    assert_eq!(pool.engine.rescan(), []);
    for losses in pool.engine.losses().values() {
        let borne = losses.insurance + losses.vault + losses.deleveraged + losses.socialised;
        assert_eq!(losses.deficit, borne + losses.outstanding);
    }
}

#[test]
fn an_option_book_below_nothing_is_sold_whole_and_its_loss_is_borne_to_the_unit() {
    let backstop = BackstopPolicy { insurance: true, ..BackstopPolicy::default() };
    let mut pool = strangle("", backstop);
    let mut balance = paid(&pool, LOSER);
    // Ten calls from 2,433.9 to 15,000: more than all there is.
    gap(&mut pool, 1_200, 150_000);
    assert!(pool.engine.health(LOSER).unwrap().equity < 0);
    let ordered = legs(&pool);
    assert_eq!(ordered.len(), 4);
    for leg in ordered {
        balance += fill(&mut pool, leg, leg.1.quantity);
    }
    ended(&pool, CallState::Bankrupt);
    // Calls at 15,750, the future at 63,115.5, puts sold at 3,206.3 and bought at 1,505.2. Nothing was
    // left for a fee.
    assert_eq!(balance, -37_440_700_000);
    let losses = pool.engine.losses()[&CASH];
    assert_eq!(losses.deficit, balance.unsigned_abs());
    assert_eq!((losses.insurance, losses.outstanding), (1_000_000_000, 36_440_700_000));
    assert_eq!(pool.engine.ledger().balance(Holder::Insurance, Unit::token(CASH)), 0);
}

#[test]
fn what_the_market_does_not_take_of_an_option_book_is_closed_against_its_winner() {
    let deleverage = Some(Deleverage::Queue);
    let backstop = BackstopPolicy { insurance: true, deleverage, ..BackstopPolicy::default() };
    let mut pool = strangle("", backstop);
    let all = |pool: &Pool| paid(pool, LOSER) + paid(pool, WINNER);
    let before = all(&pool) + 1_000_000_000;
    gap(&mut pool, 1_200, 150_000);
    let mut got = 0;
    for _ in 0..40 {
        let Some(leg) = legs(&pool).first().copied() else { break };
        // A quarter of each, and the book is empty.
        got += fill(&mut pool, leg, leg.1.quantity.div_ceil(4));
    }
    ended(&pool, CallState::Bankrupt);
    let losses = pool.engine.losses()[&CASH];
    assert!(losses.deleveraged > 0 && losses.socialised == 0, "{losses:?}");
    // The winner still has what the market took, and no more than that of any contract.
    let [call, future] = [CALL, FUTURE].map(|asset| own(&pool, WINNER, asset));
    assert!(call > 0 && call < 100 && (0..1_000).contains(&future), "{call} {future}");
    // Every USDT is somewhere: with the winner, in the fund, or got from outside; what is outstanding
    // is owed by nobody who holds it.
    let fund = pool.engine.ledger().balance(Holder::Insurance, Unit::token(CASH));
    let outstanding = i128::try_from(losses.outstanding).unwrap();
    assert_eq!(all(&pool) + fund, before + got + outstanding);
}

#[test]
fn an_option_book_climbs_a_ladder_from_one_order_to_the_vault() {
    let vault = AccountId(2);
    let backstop =
        BackstopPolicy { insurance: true, vault: Some(vault), ..BackstopPolicy::default() };
    let mut pool = strangle("ladder = \"binance\"\n", backstop);
    assert_eq!(pool.open(), vault);
    pool.deposit(vault, CASH, 500_000_000_000);
    gap(&mut pool, 500, 50_000);
    let health = pool.engine.health(LOSER).unwrap();
    assert!(health.breach && health.equity > 0);
    // One order that would bring it back, a per cent from the mark.
    let ordered = legs(&pool);
    let [(number, leg)] = ordered[..] else { panic!("{ordered:?}") };
    assert_eq!((leg.asset, leg.worst_price.raw), (FUTURE, 6_374_666));
    assert!(leg.quantity < 1_000);
    // The market takes some of it, which is not enough: the vault takes all the rest as it is.
    fill(&mut pool, (number, leg), leg.quantity.div_ceil(4));
    ended(&pool, CallState::Closed);
    let sizes = [CALL, PUT, AssetId(7)].map(|asset| own(&pool, vault, asset));
    assert_eq!(sizes, [-100, -60, 50]);
    let sold = i128::try_from(leg.quantity.div_ceil(4)).unwrap();
    assert_eq!(own(&pool, vault, FUTURE), sold - 1_000);
    // Its margin came with it, and so does its requirement.
    assert!(pool.engine.losses().is_empty());
    let health = pool.engine.health(vault).unwrap();
    assert!(health.requirement > 70_000_000_000 && health.equity > 570_000_000_000, "{health:?}");
}
