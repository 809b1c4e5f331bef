//! A ladder's rungs by name and wait, a vault that takes over, and who is deleveraged and why.

use super::stage::*;
use crate::why::record::{Cause, Did, Queued, Share, Step, Taker};
use breakwater_engine::Body;
use breakwater_liquidation::backstop::Deleverage;
use breakwater_liquidation::ladder::Act;
use breakwater_liquidation::policy::{BackstopPolicy, Socialise};
use breakwater_liquidation::{Call, CallState, Ladder, Order, Policy, Reason, Seller};
use breakwater_money::{AccountId, AssetId, Price};

const ONE: u128 = 1_000_000;
const CASH: u16 = 0;
const BTC: u16 = 1;
const VAULT: u32 = 2;

const LADDER: &str = r#"
[[rungs]]
do = "cancel-orders"

[[rungs]]
while = { equity = { below = "2/3" } }
do = "take-over"

[[rungs]]
do = { fraction = { bps = 2000 } }
at = { mark = { slippage_bps = 500 } }
wait_nanos = 30_000_000_000
"#;

fn climbs() -> Policy {
    let vault = Some(AccountId(VAULT));
    Policy {
        seller: Seller::Venue,
        ladder: Some(toml::from_str::<Ladder>(LADDER).unwrap()),
        backstop: BackstopPolicy { vault, ..BackstopPolicy::default() },
        ..Policy::as_is()
    }
}

fn price(whole: u128) -> Price {
    Price::new(whole * 100, 2)
}

/// The shipped tiers without a clearance fee, so that a fill costs its price alone.
fn free() -> String {
    USDM.replace("clearance_fee_bps = 125", "clearance_fee_bps = 0")
}

/// Account 0 has bought a tenth at 50,000 with a margin of 500 and offers a part of it dearer.
fn climbing(parameters: &str) -> Stage {
    let mut stage = Stage::exchange_under(parameters, climbs(), &["long", "other", "vault"]);
    stage.done(deposit(0, CASH, 500 * ONE));
    stage.done(deposit(VAULT, CASH, 10_000 * ONE));
    stage.done(trade(0, true, BTC, 100, price(50_000)));
    let (account, contract) = (AccountId(0), AssetId(BTC));
    let order = Order {
        account,
        contract,
        buy: false,
        quantity: 30,
        price: price(55_000),
        reduce_only: true,
    };
    stage.done(Body::PlaceOrder { order });
    stage.now += SECOND;
    // 17.50 of 18.07.
    stage.price(0, 4_517_500, 2);
    stage
}

fn open_leg(stage: &Stage) -> u64 {
    *stage.engine.open_legs().keys().next().unwrap()
}

#[test]
fn each_rung_is_told_with_its_place_and_its_wait() {
    let mut stage = climbing(&free());
    // 3.50 lost against the mark: 14 of 14.46, and the next fifth waits.
    let leg = open_leg(&stage);
    stage.done(fill(leg, 20, 900 * ONE, true));
    assert!(stage.engine.open_legs().is_empty());
    stage.now += 30 * SECOND - 1;
    stage.done(Body::AdvanceTime);
    assert!(stage.engine.open_legs().is_empty(), "a nanosecond too early");
    stage.now += 1;
    stage.done(Body::AdvanceTime);
    let story = stage.story(0);
    let steps: Vec<&Step> = story.steps.kept().collect();
    let Did::OrderCancelled { order: 1, left, ended: false } = &steps[0].did else {
        panic!("{:?}", steps[0])
    };
    assert_eq!((left.quantity, left.price), (30, price(55_000)));
    let rungs: Vec<_> = steps
        .iter()
        .filter_map(|step| match &step.did {
            Did::Ordered { rung, reason: Reason::Fraction, .. } => *rung,
            _ => None,
        })
        .collect();
    let [first, second] = rungs[..] else { panic!("{rungs:?}") };
    assert_eq!((first.rung, first.of, first.act), (2, 3, Act::Fraction { bps: 2_000 }));
    assert_eq!((first.last_step_at, first.called_at), (None, steps[1].place.at));
    assert_eq!(second.last_step_at, Some(steps[1].place.at));
    let (text, json) = stage.told(0);
    assert!(
        text.contains("its order 1 to sell 0.030 BTCUSDT at 55,000.00 was taken off"),
        "{text}"
    );
    assert!(
        text.contains("rung 3 of 3: 20.00 % of each position; at once (it waits 30 s)"),
        "{text}"
    );
    let again = "20.00 % of each position; 30 s after the last (it waits 30 s)";
    assert!(text.contains(again), "{text}");
    let rung = &json["steps"]["first"][1]["rung"];
    assert_eq!((&rung["rung"], &rung["of"]), (&3.into(), &3.into()));
    assert_eq!((&rung["act"], &rung["wait_seconds"]), (&"fraction".into(), &"30".into()));
}

#[test]
fn a_takeover_is_told_on_both_sides() {
    let mut stage = climbing(USDM);
    // 0.50 lost and 11.29 of fee: 5.71 is below two thirds of what is required.
    let leg = open_leg(&stage);
    stage.done(fill(leg, 20, 903 * ONE, true));
    let (account, vault) = (stage.story(0), stage.story(VAULT));
    let taken = account.steps.kept().last().unwrap();
    let Did::TakenOver { vault: by, equity, rung } = &taken.did else { panic!("{taken:?}") };
    assert_eq!((by.0, rung.unwrap().rung, rung.unwrap().act), (VAULT, 1, Act::TakeOver));
    assert!((5_700_000..5_720_000).contains(equity), "{equity}");
    // Its margin is lost to the vault, and its story ends with nothing.
    assert_eq!(account.sums.lost[&Taker::Account(AccountId(VAULT))], *equity);
    assert_eq!(account.last.unwrap().1.worth(), 0);
    assert_eq!((taken.state, account.sums.liquidations), (CallState::Closed, 2));
    let before = account.before.unwrap().worth();
    let by_price = i128::try_from(482_500_000u128).unwrap();
    assert_eq!(before - by_price - account.sums.lost(), 0, "all of it is accounted for");
    assert_eq!(vault.sums.took_over, (1, *equity));
    let (text, json) = stage.told(0);
    assert!(text.contains("taken over whole by vault, with an equity of 5.71 USDT"), "{text}");
    assert!(text.contains("rung 2 of 3: to the vault; 0 s after the last"), "{text}");
    assert!(text.contains("closed"), "{text}");
    assert_eq!(json["steps"]["first"][3]["step"], "taken over");
    let (text, json) = stage.told(VAULT);
    assert!(text.contains("took over   1 account with an equity of 5.71 USDT together"), "{text}");
    assert_eq!(json["sum"]["took_over"]["accounts"], 1);
}

#[test]
fn a_vault_may_fall_by_what_it_takes_over() {
    let mut stage = Stage::exchange_under(USDM, climbs(), &["long", "other", "vault"]);
    for (account, margin) in [(0, 270), (VAULT, 300)] {
        stage.done(deposit(account, CASH, margin * ONE));
        stage.done(trade(account, true, BTC, 100, price(50_000)));
    }
    stage.now += SECOND;
    // The vault has 20 of 18.88 by itself, and takes over what lacks 10.
    stage.price(0, 4_720_000, 2);
    let fall = stage.fall(VAULT);
    assert_eq!(fall.causes, [Cause::TookOver(AccountId(0))]);
    // It was handed over with the command that broke it, and knows all the same what did.
    let own = stage.fall(0);
    assert_eq!(own.causes, [Cause::Price(breakwater_market::MarketId(0))]);
    assert_eq!(own.after.health.unwrap().equity, -i128::try_from(10 * ONE).unwrap());
    assert!(own.markets[0].clear.is_some() && own.top_up.is_some());
    let story = stage.story(0);
    assert_eq!(story.sums.deficit_value, 10 * ONE);
    assert_eq!(story.sums.lost(), 0, "nothing was left to lose");
    let (text, json) = stage.told(VAULT);
    assert!(text.contains("it took over long whole"), "{text}");
    assert_eq!(json["called"]["crossing"]["causes"][0]["kind"], "took over");
    let (text, _) = stage.told(0);
    assert!(text.contains("10.0000 USDT by the vault"), "{text}");
}

/// Account 0 is long against two shorts, the second of which has less behind it.
fn against_two(deleverage: Deleverage) -> Stage {
    let backstop = BackstopPolicy {
        insurance: true,
        deleverage: Some(deleverage),
        ..BackstopPolicy::default()
    };
    let close = breakwater_liquidation::Close::Full;
    let (seller, slippage_bps) = (Seller::Venue, 2_000);
    let policy = Policy { seller, close, slippage_bps, backstop, ..Policy::as_is() };
    let owners = ["long", "rich short", "poor short", "fourth"];
    let mut stage = Stage::exchange_under(USDM, policy, &owners);
    for (account, margin) in [(0, 500), (1, 5_000), (2, 1_000)] {
        stage.done(deposit(account, CASH, margin * ONE));
    }
    let (contract, quantity) = (AssetId(BTC), 50);
    for short in [1, 2] {
        let (buyer, seller) = (Some(AccountId(0)), Some(AccountId(short)));
        let price = price(50_000);
        stage.done(Body::Call(Call::Trade { buyer, seller, contract, quantity, price }));
    }
    // The second has twenty more of its own.
    stage.done(trade(2, false, BTC, 20, price(50_000)));
    stage.now += SECOND;
    stage.price(0, 4_000_000, 2);
    let leg = open_leg(&stage);
    stage.done(fill(leg, 0, 0, true));
    stage
}

fn queued(stage: &Stage, account: u32) -> (u128, Queued, i128) {
    let story = stage.story(account);
    let mut told = story.steps.kept().filter_map(|step| match &step.did {
        Did::Deleveraged { quantity, queued, .. } => Some((quantity.raw, *queued, step.lost())),
        _ => None,
    });
    told.next().expect("was deleveraged")
}

#[test]
fn a_winner_learns_its_place_in_the_queue_and_what_it_cost() {
    let stage = against_two(Deleverage::Queue);
    // A hundred at 45,000: all of the seventy that come first, then thirty of fifty.
    let (closed, first, cost) = queued(&stage, 2);
    assert_eq!((closed, first.place, first.of, first.held), (70, 1, 2, 70));
    assert_eq!(cost, i128::try_from(350 * ONE).unwrap());
    let (closed, second, cost) = queued(&stage, 1);
    assert_eq!((closed, second.place, second.of, second.held), (30, 2, 2, 50));
    assert_eq!(cost, i128::try_from(150 * ONE).unwrap());
    assert!(first.score > second.score);
    let (text, json) = stage.told(1);
    let head = "account 1 of rich short: never called, nothing was liquidated, deleveraged once";
    assert!(text.starts_with(head), "{text}");
    let what = "deleveraged: 0.03 of 0.050 BTCUSDT closed at 45,000.00 (mark 40,000.00)";
    assert!(text.contains(what), "{text}");
    let why = "150.00 USDT given up against long; place 2 of 2, score 0.0001";
    assert!(text.contains(why), "{text}");
    let step = &json["steps"]["first"][0];
    assert_eq!((&step["step"], &step["price"]), (&"deleveraged".into(), &"45000".into()));
    assert_eq!((&step["queue"]["place"], &step["queue"]["of"]), (&2.into(), &2.into()));
    assert_eq!(step["lost_to_taker"], "150");
    assert_eq!(json["steps"]["first"][1]["by"], "deleveraging");
    // The other side tells the same trade.
    let loser = stage.story(0);
    assert_eq!(loser.sums.lost(), -i128::try_from(500 * ONE).unwrap());
}

#[test]
fn winners_that_are_not_chosen_by_score_are_not_given_a_place_in_words() {
    let stage = against_two(Deleverage::ProRata);
    let (text, json) = stage.told(1);
    assert!(text.contains("one of 2 winners, in proportion"), "{text}");
    assert_eq!(json["steps"]["first"][0]["queue"]["chosen_by"], "pro-rata");
}

#[test]
fn a_loss_shared_by_the_gains_of_the_session_says_so() {
    let backstop = BackstopPolicy { socialise: Socialise::Session, ..BackstopPolicy::default() };
    let close = breakwater_liquidation::Close::Full;
    let (seller, slippage_bps) = (Seller::Venue, 2_000);
    let policy = Policy { seller, close, slippage_bps, backstop, ..Policy::as_is() };
    let mut stage = Stage::exchange_under(USDM, policy, &["long", "short", "idle"]);
    for (account, margin) in [(0, 500), (1, 5_000), (2, 5_000)] {
        stage.done(deposit(account, CASH, margin * ONE));
    }
    stage.done(trade(0, true, BTC, 100, price(50_000)));
    stage.done(trade(1, false, BTC, 100, price(50_000)));
    stage.now += SECOND;
    stage.price(0, 4_000_000, 2);
    let leg = open_leg(&stage);
    stage.done(fill(leg, 100, 3_900 * ONE, true));
    let story = stage.story(1);
    let bore = story.steps.kept().next().unwrap();
    let Did::Bore { of, amount, share } = &bore.did else { panic!("{bore:?}") };
    assert_eq!((of.0, amount.raw, *share), (0, 600 * ONE, Share::Session));
    assert!(stage.story(2).steps.kept().next().is_none(), "cash alone bears nothing");
    let (text, json) = stage.told(1);
    assert!(
        text.contains("bore 600.0000 USDT of the loss of long, by what it had gained"),
        "{text}"
    );
    assert_eq!(json["steps"]["first"][0]["by"], "session");
}
