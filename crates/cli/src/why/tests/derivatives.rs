//! What venues of derivatives do to whole contracts: funding, interest, sessions, deliveries and
//! volatilities; an account's own orders; several margin assets; contracts in their own terms.

use super::stage::*;
use crate::why::record::{Cause, Did, Payment, PaymentKind, Taker};
use breakwater_engine::Body;
use breakwater_liquidation::contract::OptionTerms;
use breakwater_liquidation::{
    AssetKind, Call, CallState, Close, ContractTerms, Form, Order, Policy, Seller,
};
use breakwater_market::MarketId;
use breakwater_money::{AccountId, Amount, AssetId, Price, Time};

const ONE: u128 = 1_000_000;
const COIN: u128 = 100_000_000;

/// Values in USD, two assets as margin; every contract asks for a hundredth, a fiftieth at first.
const SEVERAL: &str = r#"
name = "several"
rule = "margin-exchange"
effective_from = "a test"
[numeraire]
symbol = "USD"
decimals = 6
[source]
"contracts.*.tiers" = "a test"
"contracts.*.clearance_fee_bps" = "a test"
[collateral.USDT]
tiers = [{ ratio = "1" }]
[collateral.BTC]
tiers = [{ ratio = "0.95" }]
[contracts."BTCUSD*"]
clearance_fee_bps = 0
tiers = [{ cap = "900000000", rate = "0.01", leverage_max = 50, deduction = "0" }]
[contracts.BTCDATED]
clearance_fee_bps = 0
tiers = [{ cap = "900000000", rate = "0.01", leverage_max = 50, deduction = "0" }]
"#;

/// One settle asset, and the worst of six scenarios.
const PORTFOLIO: &str = r#"
name = "portfolio"
rule = "margin-exchange"
effective_from = "a test"
settle = "USDT"
[source]
"contracts.*.tiers" = "a test"
"contracts.*.clearance_fee_bps" = "a test"
"contracts.*.option" = "a test"
[portfolio]
moves_bps = [-1500, 1500]
volatility = { up_bps = 2000, down_bps = 2000, short_power_hundredths = 0, long_power_hundredths = 0 }
initial_bps = 10000
maintenance_bps = 10000
[contracts.PERP]
clearance_fee_bps = 0
group = "BTC"
tiers = [{ cap = "900000000", rate = "0.01", leverage_max = 50, deduction = "0" }]
[contracts.CALL]
clearance_fee_bps = 0
group = "BTC"
option = { range_e9 = 150000000, floor_e9 = 100000000, maintenance_e9 = 75000000 }
"#;

const USDT: u16 = 0;
const BTC: u16 = 1;
const LINEAR: u16 = 2;
const INVERSE: u16 = 3;
const DATED: u16 = 4;

/// The stage begins here.
const START: u64 = 1_584_000_000 * SECOND;

fn usd(price: u128) -> Price {
    Price::new(price * 100, 2)
}

fn several(policy: Policy) -> Stage {
    let linear = ContractTerms::linear_perpetual(AssetId(USDT));
    let inverse = ContractTerms {
        settle: AssetId(BTC),
        form: Form::Inverse,
        multiplier: 100,
        ..ContractTerms::linear_perpetual(AssetId(BTC))
    };
    let dated = ContractTerms { expires: Some(Time(START + DAY)), ..linear };
    let mark = Some((2, 5_000_000));
    let listed: [Listed; 5] = [
        ("USDT", 6, AssetKind::Token, Some((6, ONE))),
        ("BTC", 8, AssetKind::Token, mark),
        ("BTCUSDT", 3, AssetKind::Contract(linear), mark),
        ("BTCUSD", 0, AssetKind::Contract(inverse), mark),
        ("BTCDATED", 3, AssetKind::Contract(dated), mark),
    ];
    Stage::margin(SEVERAL, policy, &listed, &["trader", "other"])
}

/// A perpetual at 50,000 and a call on it at 2,000 that ends in thirty days.
fn options() -> Stage {
    let perpetual = ContractTerms::linear_perpetual(AssetId(0));
    let option =
        OptionTerms { call: true, strike: usd(50_000), underlying: AssetId(1), coin: false };
    let expires = Some(Time(START + 30 * DAY));
    let call = ContractTerms { form: Form::Option(option), expires, ..perpetual };
    let listed: [Listed; 3] = [
        ("USDT", 6, AssetKind::Token, None),
        ("PERP", 3, AssetKind::Contract(perpetual), Some((2, 5_000_000))),
        ("CALL", 3, AssetKind::Contract(call), Some((2, 200_000))),
    ];
    let mut stage = Stage::margin(PORTFOLIO, Policy::as_is(), &listed, &["trader", "other"]);
    stage.done(quote(500_000));
    stage
}

fn quote(volatility_e6: u32) -> Body {
    Body::Call(Call::Quote { contract: AssetId(2), volatility_e6 })
}

fn fund(rate_e12: i64) -> Body {
    Body::Call(Call::Fund { contract: AssetId(LINEAR), rate_e12 })
}

/// The contract that settles in a coin is told in that coin and valued at the coin's price.
fn sells_whole() -> Policy {
    Policy { seller: Seller::Venue, close: Close::Full, slippage_bps: 2_000, ..Policy::as_is() }
}

#[test]
fn funding_that_was_called_in_tells_who_paid_how_much() {
    let mut stage = several(Policy::as_is());
    // One each way between the two: 50,000 of value, and 500 required.
    for account in [0, 1] {
        stage.done(deposit(account, USDT, 1_100 * ONE));
        stage.done(trade(account, account == 0, LINEAR, 1_000, usd(50_000)));
    }
    stage.now += SECOND;
    stage.done(fund(-1_000_000_000));
    stage.done(fund(13_000_000_000));
    // 650 of 1,150: a ten-thousandth more would leave 495.
    let fall = stage.fall(0);
    let paid = Payment {
        kind: PaymentKind::Funding,
        of: AssetId(LINEAR),
        rate_e12: 13_000_000_000,
        amount: Amount::new(AssetId(USDT), 650 * ONE),
        got: false,
    };
    assert_eq!(fall.causes, [Cause::Paid(paid)]);
    assert_eq!(fall.before.health.unwrap().equity, i128::try_from(1_150 * ONE).unwrap());
    let key = (PaymentKind::Funding, AssetId(USDT));
    assert_eq!(stage.story(0).paid[&key], i128::try_from(600 * ONE).unwrap());
    assert_eq!(stage.story(1).paid[&key], -i128::try_from(600 * ONE).unwrap());
    assert!(!stage.called(1));
    // What is paid after the call is a step.
    stage.done(fund(1_000_000_000));
    let (text, json) = stage.told(0);
    assert!(text.contains("funding of 1.3 % on BTCUSDT, 650.0000 USDT paid alone"), "{text}");
    assert!(text.contains("funding of 0.1 % on BTCUSDT, 50.0000 USDT paid; "), "{text}");
    assert!(text.contains("650.0000 USDT of funding paid in all"), "{text}");
    let cause = &json["called"]["crossing"]["causes"][0];
    assert_eq!((&cause["kind"], &cause["of"]), (&"funding".into(), &"BTCUSDT".into()));
    assert_eq!((&cause["rate"], &cause["paid"]["amount"]), (&"0.013".into(), &"650".into()));
    assert_eq!(json["steps"]["first"][0]["step"], "funding");
    assert_eq!(json["sum"]["paid"][0]["amount"], "650");
}

#[test]
fn interest_that_was_called_in_and_the_least_that_would_have_kept_the_account() {
    let mut stage = several(Policy::as_is());
    stage.done(deposit(0, BTC, COIN));
    stage.done(trade(0, true, LINEAR, 10_000, usd(50_000)));
    stage.price(1, 4_620_000, 2);
    stage.price(2, 4_620_000, 2);
    // A loss of 38,000 becomes cash that is owed; 43,890 of the coin count, and 4,620 is required.
    stage.done(Body::Call(Call::Settle { contract: AssetId(LINEAR) }));
    assert!(!stage.called(0));
    stage.now += SECOND;
    let rate_e12 = 50_000_000_000;
    stage.done(Body::Call(Call::Charge { asset: AssetId(USDT), rate_e12 }));
    let fall = stage.fall(0);
    let Cause::Paid(paid) = &fall.causes[0] else { panic!("{:?}", fall.causes) };
    assert_eq!((paid.kind, paid.amount.raw), (PaymentKind::Interest, 1_900 * ONE));
    // Equality is a breach: one unit of value more than what is missing.
    let top_up = fall.top_up.unwrap();
    assert_eq!(top_up, fall.after.health.unwrap().shortfall + 1);
    assert!(!stage.with_before_last(deposit(0, USDT, top_up)).called(0));
    // A price of the margin, or of the contract, would have kept it as well.
    for quoted in &fall.markets {
        assert_eq!(quoted.before, quoted.after);
    }
    assert!(
        fall.markets.iter().any(|quoted| quoted.market == MarketId(1) && quoted.line.is_some())
    );
    let (text, json) = stage.told(0);
    assert!(text.contains("interest of 5 % on USDT, 1,900.00 USDT paid alone"), "{text}");
    assert_eq!(json["unit"], "USD");
    assert_eq!(json["called"]["crossing"]["causes"][0]["kind"], "interest");
}

#[test]
fn a_delivery_and_the_session_after_it() {
    let mut stage = several(Policy::as_is());
    stage.done(deposit(0, USDT, 1_500 * ONE));
    for contract in [LINEAR, DATED] {
        stage.done(trade(0, true, contract, 500, usd(50_000)));
    }
    let end = |raw| {
        let price = Price::new(raw, 2);
        Body::Call(Call::Deliver { contract: AssetId(DATED), price })
    };
    stage.now += 2 * DAY;
    stage.done(end(4_740_000));
    // 1,300 lost at the delivery, 250 required of what is left.
    let fall = stage.fall(0);
    let price = Price::new(4_740_000, 2);
    assert_eq!(fall.causes, [Cause::Delivery { contract: AssetId(DATED), price }]);
    assert_eq!(fall.after.health.unwrap().equity, i128::try_from(200 * ONE).unwrap());
    let top_up = fall.top_up.unwrap();
    assert!(!stage.with_before_last(deposit(0, USDT, top_up)).called(0));
    assert!(stage.with_before_last(deposit(0, USDT, top_up - 1)).called(0));
    stage.done(Body::Call(Call::Settle { contract: AssetId(LINEAR) }));
    let story = stage.story(0);
    assert!(matches!(story.steps.kept().last().unwrap().did, Did::Venue("settle")));
    let (text, json) = stage.told(0);
    assert!(text.contains("the delivery of BTCDATED at 47,400.00 alone"), "{text}");
    assert_eq!(json["called"]["crossing"]["causes"][0]["price"], "47400");
    // Nobody who holds nothing of it has that step.
    assert!(stage.story(1).steps.kept().next().is_none());
}

#[test]
fn a_volatility_and_time_alone() {
    let mut stage = options();
    stage.done(deposit(0, 0, 20_000 * ONE));
    stage.done(trade(0, false, 2, 1_000, usd(2_000)));
    stage.now += SECOND;
    stage.done(quote(4_000_000));
    let fall = stage.fall(0);
    let contract = AssetId(2);
    assert_eq!(fall.causes, [Cause::Volatility { contract, volatility_e6: 4_000_000 }]);
    let (text, _) = stage.told(0);
    assert!(text.contains("a volatility of 400 % quoted for CALL alone"), "{text}");

    // A call that was bought loses nearly all of its value in the lowest scenario, and all of it once
    // it is about to end.
    let mut stage = options();
    stage.done(deposit(0, 0, 1_900 * ONE));
    stage.done(trade(0, true, 2, 1_000, usd(2_000)));
    assert!(!stage.called(0));
    stage.now += 29 * DAY;
    stage.done(Body::AdvanceTime);
    assert_eq!(stage.fall(0).causes, [Cause::Time]);
    // The market of what it is on matters to an option: its price does it as well.
    let mut stage = options();
    stage.done(deposit(0, 0, 12_000 * ONE));
    stage.done(trade(0, false, 2, 1_000, usd(2_000)));
    stage.price(0, 6_000_000, 2);
    let fall = stage.fall(0);
    assert_eq!(fall.causes, [Cause::Price(MarketId(0))]);
    assert_eq!(fall.markets[0].after, Some(usd(60_000)));
}

#[test]
fn its_own_order_at_a_bad_price() {
    let mut stage = several(Policy::as_is());
    stage.done(deposit(0, USDT, 1_000 * ONE));
    stage.done(trade(0, true, LINEAR, 500, usd(50_000)));
    let contract = AssetId(LINEAR);
    let order = |buy: bool, price| {
        let (account, reduce_only) = (AccountId(0), !buy);
        let order = Order { account, contract, buy, quantity: 100, price, reduce_only };
        Body::PlaceOrder { order }
    };
    stage.done(order(false, usd(45_000)));
    stage.done(order(true, usd(40_000)));
    stage.price(2, 4_900_000, 2);
    stage.done(deposit(1, USDT, 1_000 * ONE));
    stage.done(trade(1, true, LINEAR, 100, usd(49_000)));
    stage.now += SECOND;
    let at = |price| {
        let (order, quantity, against) = (1, 100, None);
        Body::FillOrder { order, quantity, price: usd(price), against }
    };
    stage.done(at(45_800));
    // 500 left at the mark, 320 lost by the order, 196 required of what is left.
    let fall = stage.fall(0);
    assert_eq!(fall.causes, [Cause::Order { order: 1, price: usd(45_800) }]);
    assert_eq!(fall.after.health.unwrap().equity, i128::try_from(180 * ONE).unwrap());
    stage.done(Body::CancelOrder { order: 2 });
    let story = stage.story(0);
    let last = story.steps.kept().last().unwrap();
    assert!(matches!(last.did, Did::Own("cancel order")), "taken off by its owner, {last:?}");
    let (text, json) = stage.told(0);
    assert!(text.contains("its own order 1 alone, which traded at 45,800.00"), "{text}");
    assert_eq!(json["called"]["crossing"]["causes"][0]["order"], 1);
    assert!(!stage.called(1));
}

#[test]
fn an_inverse_contract_is_told_in_its_coin_and_valued_at_its_price() {
    for long in [true, false] {
        let mut stage = several(sells_whole());
        let (margin, mark, price) = if long {
            (COIN / 10, 3_360_000u128, 33_500)
        } else {
            // A short owns its value, which falls as the price rises.
            (COIN / 20, 6_620_000, 66_500)
        };
        stage.done(deposit(0, BTC, margin));
        stage.done(trade(0, long, INVERSE, 100, usd(50_000)));
        stage.price(1, mark, 2);
        stage.price(3, mark, 2);
        assert_eq!(stage.fall(0).causes, [Cause::Price(MarketId(3))]);
        assert_eq!(stage.fall(0).markets[0].line.unwrap().safe_above, long);
        let leg = *stage.engine.open_legs().keys().next().unwrap();
        // A hundred contracts of 100 dollars each, over the price.
        let coins = |price: u128| (10_000 * COIN).div_ceil(price);
        stage.done(fill(leg, 100, coins(price), true));
        let story = stage.story(0);
        let steps: Vec<_> = story.steps.kept().collect();
        let sold = steps.iter().find(|step| matches!(step.did, Did::Sold { .. })).unwrap();
        let Did::Sold { pays, buy_back, .. } = sold.did else { unreachable!() };
        assert_eq!((pays, buy_back), (long, !long));
        // 10,000 at the mark, and what was paid or got at the price.
        let value = coins(price) * (mark / 100) / 100;
        let at_mark = 10_000 * ONE;
        let (given, got) = if long { (value, at_mark) } else { (at_mark, value) };
        // Each is rounded to a unit of the coin, a thousandth of a dollar at most.
        let near = |left: u128, right: u128| left.abs_diff(right) <= 1_000;
        assert!(near(sold.given_value, given) && near(sold.got_value, got), "{sold:?}");
        assert!(story.sums.lost[&Taker::Market] > 0);
        let (coin, contracts) = (AssetId(BTC), AssetId(INVERSE));
        let (of_coin, of_contracts) = if long {
            (&story.sums.given, &story.sums.got)
        } else {
            (&story.sums.got, &story.sums.given)
        };
        assert_eq!((of_coin[&coin], of_contracts[&contracts]), (coins(price), 100));
        let (text, json) = stage.told(0);
        let at =
            if long { "at 33,500.00 (mark 33,600.00)" } else { "at 66,500.00 (mark 66,200.00)" };
        assert!(text.contains(at), "{text}");
        let step = &json["steps"]["first"][1];
        assert_eq!((&step["paid"], &step["proceeds"]["asset"]), (&long.into(), &"BTC".into()));
        assert_eq!(stage.engine.margin_call(AccountId(0)).unwrap().state, CallState::Closed);
    }
}
