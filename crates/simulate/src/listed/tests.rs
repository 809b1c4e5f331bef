//! The shipped days against what a scan of their path says, files that make no sense, and random books.

use super::*;
use crate::ScenarioError;
use crate::watcher::Nobody;
use breakwater_money::rational;
use breakwater_money::{Rounding, Time};
use proptest::prelude::*;

fn shipped(name: &str) -> (ListedScenario, ListedRun) {
    let scenario = ListedScenario::open(name).unwrap();
    let run = run(&scenario, &mut Nobody).unwrap();
    (scenario, run)
}

/// Index in force at a moment: the last minute that has ended.
fn index_at(scenario: &ListedScenario, at: Time) -> u64 {
    let minutes = at.seconds_since(scenario.start) / 60;
    scenario.path[usize::try_from(minutes).unwrap()]
}

fn of<'a>(run: &'a ListedRun, what: &str) -> Vec<&'a Occurrence> {
    run.occurrences.iter().filter(|it| it.what == what).collect()
}

#[test]
fn a_settlement_price_is_the_mean_of_the_index_of_its_window() {
    let (scenario, run) = shipped("expiry-friday");
    let end = scenario.ends[1].unwrap();
    // Every 6 seconds of half an hour, the last at the end.
    let sum: u64 =
        (0..300).map(|step| index_at(&scenario, Time(end.0 - step * 6_000_000_000))).sum();
    let mean = rational::from_raw(i128::from(sum), 0) / rational::from_raw(300, 0);
    let cents = rational::to_raw(&mean, 0, Rounding::HalfUp).unwrap();
    let expected = breakwater_money::decimal::format_raw(cents, 2);
    let delivered = of(&run, "delivery");
    assert_eq!(delivered.len(), 3);
    for it in delivered {
        assert_eq!((it.at, it.amount.as_deref()), (end, Some(expected.as_str())));
    }
    // What is averaged does not move with the last price.
    assert_ne!(index_at(&scenario, end), u64::try_from(cents).unwrap());
    assert!(run.balances() && run.minutes.0 == scenario.path.len() as u64);
}

#[test]
fn a_rate_of_funding_is_what_a_scan_of_the_hour_says() {
    let (scenario, run) = shipped("expiry-friday");
    let mut sum = 0i128;
    // Samples at the end of each minute of the hour, of the mark that stands there.
    let payment = of(&run, "funding")[1];
    for back in 0..60 {
        let at = Time(payment.at.0 - back * 60_000_000_000);
        let index = i128::from(index_at(&scenario, at));
        let mark = index * 1_000_600 / 1_000_000;
        sum += ((mark - index) * 1_000_000_000_000).div_euclid(index);
    }
    let mean = sum.div_euclid(60);
    // A damper of 0.025 % for eight hours, paid by the hour.
    let rate = (mean - 250_000_000) / 8;
    let percent = |raw| breakwater_money::decimal::format_raw_signed(raw, 10);
    let told = format!("rate {} % of an average premium of {} %", percent(rate), percent(mean));
    assert!(payment.told.starts_with(&told), "{told}\n{}", payment.told);
    assert_eq!(of(&run, "funding").len(), 24);
}

#[test]
fn what_was_asked_for_happened_or_was_refused() {
    let (_, run) = shipped("expiry-friday");
    let holds = |name: &str| {
        let row = run.accounts.iter().find(|row| row.account == name).unwrap();
        row.holds.clone()
    };
    let perpetual = |size: &str| ("BTC-PERPETUAL".to_owned(), size.to_owned());
    assert_eq!(
        holds("Basis"),
        [perpetual("-55000"), ("BTC-26DEC25".to_owned(), "60000".to_owned())]
    );
    assert_eq!(
        (holds("Desk A"), holds("Desk B")),
        (vec![perpetual("45000")], vec![perpetual("45000")])
    );
    assert_eq!(holds("Levered"), []);
    let refused = of(&run, "refused");
    let told: Vec<&str> = refused.iter().map(|it| it.told.as_str()).collect();
    assert_eq!(told, ["the series is exercised at expiry only", "the series has ended"]);
    assert_eq!(of(&run, "sale").len(), 1);
}

#[test]
fn early_exercise_waits_for_its_session_and_is_shared_by_all_who_are_short() {
    let (scenario, run) = shipped("early-exercise");
    let session = Time(scenario.start.0 + (3 * 60 - 1) * 60_000_000_000);
    let first: Vec<&Occurrence> =
        of(&run, "exercise").into_iter().filter(|it| it.at == session).collect();
    let parts: Vec<u64> =
        first.iter().map(|it| it.told.split(' ').next().unwrap().parse().unwrap()).collect();
    // Short: 500, 33, and the outside the rest of 1,100: the venue bought 700 back.
    let shorts = [500u64, 33, 567];
    assert_eq!(parts.iter().sum::<u64>(), 500);
    for (part, short) in parts.iter().zip(shorts) {
        let whole = 500 * short / 1_100;
        assert!([whole, whole + 1].contains(part), "{part} of {short}");
    }
    // A tenth of the difference to the strike, for each, to the last unit.
    let cents = u128::from(index_at(&scenario, session));
    for (it, part) in first.iter().zip(&parts) {
        let micros = (12_000_000 - cents) * 1_000 * u128::from(*part);
        let paid = format!("{} USD", breakwater_money::decimal::format_raw(micros, 6));
        assert_eq!(it.amount.as_deref(), Some(paid.as_str()));
    }
    let refused = of(&run, "refused");
    assert!(refused[0].told.contains("refused by the rulebook: 509"), "{}", refused[0].told);
    assert!(run.balances());
}

#[test]
fn the_same_file_gives_the_same_state() {
    for (name, _) in ListedScenario::shipped() {
        let hashes = [(); 2].map(|()| shipped(name).1.state_hash);
        assert_eq!(hashes[0], hashes[1], "{name}");
        assert!(ListedScenario::is_meant(name));
    }
    assert!(!ListedScenario::is_meant("margin-call"));
}

const INDEX: &str = "minute,close_cents\n0,10000000\n1,10100000\n2,9900000\n3,10000000\n";

const OWN: &str = r#"
name = "own"
title = "own"
question = "own?"
rulebook = "venue.toml"
[files]
index = "index.csv"
[market]
starts_at = "2025-10-10T00:00:00Z"
from_minute = 0
to_minute = 3
settle = "BTC"
settle_decimals = 8
fill_bps = 0
slippage_bps = 100
warn_ratio = "1.1"
fund = "0"
[[contracts]]
symbol = "BTC-PERPETUAL"
kind = "inverse"
multiplier = "10"
[[contracts]]
symbol = "BTC-X-C"
kind = "call"
coin = true
multiplier = "1"
decimals = 1
strike = "100000"
volatility_ppm = 500000
expires = "2025-10-10T00:03:00Z"
[[accounts]]
name = "A"
cash = "1"
holds = { "BTC-PERPETUAL" = "-10" }
[[asks]]
at = "2025-10-10T00:02:30Z"
account = "A"
what = "transfer"
contract = "BTC-PERPETUAL"
quantity = "1"
to = "A"
"#;

/// A venue that says nothing of how its contracts live but for options.
const VENUE: &str = r#"
name = "venue"
rule = "margin-exchange"
effective_from = "a test"
settle = "BTC"
[source]
"contracts.*.tiers" = "a test"
"contracts.*.option" = "a test"
"contracts.*.lifecycle" = "a test"
"contracts.*.clearance_fee_bps" = "a test"
[contracts."BTC-*"]
clearance_fee_bps = 75
tiers = [{ cap = "5000", rate = "0.01", leverage_max = 50, deduction = "0" }]
[contracts."BTC-*".lifecycle]
settlement = { window = "30m", sample = "6s" }
[contracts.BTC-PERPETUAL]
clearance_fee_bps = 75
tiers = [{ cap = "5000", rate = "0.01", leverage_max = 50, deduction = "0" }]
[contracts.BTC-PERPETUAL.lifecycle]
transfer = "at-mark"
[contracts."BTC-*-C"]
clearance_fee_bps = 75
option = { range_e9 = 150000000, floor_e9 = 100000000, maintenance_e9 = 75000000 }
lifecycle = { settlement = { window = "30m", sample = "6s" } }
"#;

fn own(text: &str, index: &str) -> Result<ListedRun, ScenarioError> {
    let file = |name: &str| match name {
        "index.csv" => Ok(index.to_owned()),
        "venue.toml" => Ok(VENUE.to_owned()),
        other => Err(ScenarioError::setting("files", other.to_owned())),
    };
    run(&ListedScenario::read("own", text, file)?, &mut Nobody)
}

#[test]
fn a_file_of_ones_own_is_played_and_what_makes_no_sense_in_it_is_named() {
    let fine = own(OWN, INDEX).unwrap();
    assert_eq!(of(&fine, "refused")[0].told, "giver and taker are the same account");
    // A window that began before the path counts the samples that there are.
    let delivered = of(&fine, "delivery")[0];
    assert!(delivered.told.contains("missing"), "{}", delivered.told);
    let mut lending = breakwater_rulebooks::shipped().iter();
    let lending = lending.find(|(_, text)| !text.contains("margin-exchange")).unwrap();
    let loans = format!("rulebook = \"{}\"", lending.0);
    for (from, to, named) in [
        ("rulebook = \"venue.toml\"", loans.as_str(), "has contracts that end"),
        ("rulebook = \"venue.toml\"", "rulebook = \"none.toml\"", "none.toml"),
        ("to_minute = 3", "to_minute = 4", "4: index.csv has 4 of 5 minutes"),
        ("to_minute = 3", "to_minute = 0", "above from_minute"),
        ("starts_at = \"2025", "starts_at = \"x2025", "market.starts_at"),
        ("settle_decimals = 8", "settle_decimals = 2", "market.settle_decimals"),
        ("fill_bps = 0", "fill_bps = 101", "market.fill_bps"),
        ("warn_ratio = \"1.1\"", "warn_ratio = \"x\"", "market.warn_ratio"),
        ("fund = \"0\"", "fund = \"-1\"", "market.fund"),
        ("strike = \"100000\"\n", "", "has strike"),
        ("kind = \"inverse\"", "kind = \"call\"", "contracts[0].kind"),
        ("symbol = \"BTC-X-C\"", "symbol = \"BTC-PERPETUAL\"", "contracts[1].symbol"),
        ("symbol = \"BTC-X-C\"", "symbol = \"ETH-X-C\"", "ETH-X-C"),
        ("multiplier = \"10\"", "multiplier = \"0\"", "contracts[0].multiplier"),
        ("multiplier = \"10\"", "multiplier = \"-10\"", "contracts[0].multiplier"),
        ("multiplier = \"10\"", "multiplier = \"10\"\npremium_ppm = -1000000", "premium_ppm"),
        ("multiplier = \"10\"", "multiplier = \"10\"\ninto = \"Y\"", "'Y': one of BTC-PERPETUAL"),
        (
            "coin = true",
            "coin = true\nlifecycle = { exercise = \"american\" }",
            "contracts[1].lifecycle.exercise",
        ),
        (
            "coin = true",
            "coin = true\nlifecycle = { settlement = { window = \"7s\", sample = \"6s\" } }",
            "contracts[1].lifecycle.settlement.sample",
        ),
        (
            "coin = true",
            "coin = true\nlifecycle = { session = { every = \"10ms\", at = \"00:00:00\" } }",
            "contracts[1].lifecycle",
        ),
        ("expires = \"2025-10-10T00:03", "expires = \"2025-10-10T00:01", "expires"),
        ("cash = \"1\"", "cash = \"0.00001\"", "the position of A"),
        ("cash = \"1\"", "cash = \"one\"", "accounts[0].cash"),
        ("\"BTC-PERPETUAL\" = \"-10\"", "\"BTC-Y\" = \"-10\"", "accounts[0].holds.BTC-Y"),
        ("\"BTC-PERPETUAL\" = \"-10\"", "\"BTC-PERPETUAL\" = \"0.5\"", "holds.BTC-PERPETUAL"),
        ("at = \"2025-10-10T00:02:30Z\"", "at = \"2025-10-10T00:01:00Z\"", "asks[0].at"),
        ("account = \"A\"", "account = \"B\"", "asks[0].account"),
        ("quantity = \"1\"\n", "", "asks[0].quantity"),
        ("to = \"A\"\n", "", "asks[0].to"),
        ("what = \"transfer\"", "what = \"exercise\"", "asks[0].to"),
        ("what = \"transfer\"", "what = \"sell\"", "sell"),
        ("contract = \"BTC-PERPETUAL\"", "contract = \"Z\"", "asks[0].contract"),
    ] {
        assert!(OWN.contains(from), "{from}");
        let error = own(&OWN.replacen(from, to, 1), INDEX).unwrap_err().to_string();
        assert!(error.contains(named), "{from} -> {to}: {error}");
    }
    for (index, named) in [
        ("minute,close_cents\n0,1\n2,1\n", "1 comes next"),
        ("minute,close_cents\n0,0\n", "close_cents"),
        ("minute\n0\n", "no column 'close_cents'"),
        ("minute,close_cents\n0,99999999999999999999\n", "2^53"),
    ] {
        let error = own(OWN, index).unwrap_err().to_string();
        assert!(error.contains(named), "{index}: {error}");
    }
}

fn random_file(
    (expires, window, every): (u64, u64, u64),
    premium: i64,
    sizes: &[i64],
    asks: &[(u64, usize, usize, u64)],
) -> String {
    let names = ["A", "B", "C"];
    let life = format!(
        "settlement = {{ window = \"{window}m\", sample = \"20s\" }}, session = {{ every = \"{every}m\", \
         at = \"00:00:00\" }}, transfer = \"at-entry\", roll = {{ before = \"1m\" }}"
    );
    let mut text =
        OWN.split("[[contracts]]").next().unwrap().replacen("to_minute = 3", "to_minute = 59", 1);
    text = text.replacen("fund = \"0\"", "fund = \"5\"", 1);
    text += &format!(
        "[[contracts]]\nsymbol = \"BTC-PERPETUAL\"\nkind = \"inverse\"\nmultiplier = \"10\"\npremium_ppm = \
         {premium}\nlifecycle = {{ funding = {{ every = \"{every}m\", at = \"00:00:00\", sample = \"1m\", \
         band = \"0.0001\", cap = \"0.01\" }}, transfer = \"at-mark\" }}\n\
         [[contracts]]\nsymbol = \"BTC-1\"\nkind = \"inverse\"\nmultiplier = \"10\"\ninto = \"BTC-2\"\n\
         expires = \"2025-10-10T00:{expires:02}:00Z\"\nlifecycle = {{ {life} }}\n\
         [[contracts]]\nsymbol = \"BTC-2\"\nkind = \"inverse\"\nmultiplier = \"10\"\npremium_ppm = 90000\n\
         expires = \"2025-12-26T08:00:00Z\"\n"
    );
    for (name, own) in names.iter().zip(sizes.chunks(2)) {
        text += &format!(
            "[[accounts]]\nname = \"{name}\"\ncash = \"3\"\nholds = {{ \"BTC-PERPETUAL\" = \"{}\", \
             \"BTC-1\" = \"{}\" }}\n",
            own[0], own[1]
        );
    }
    for (minute, who, what, quantity) in asks {
        let (name, other) = (names[who % 3], names[(who + 1) % 3]);
        let contract = ["BTC-PERPETUAL", "BTC-1"][what % 2];
        let at = format!("2025-10-10T00:{minute:02}:30Z");
        text += &match what % 3 {
            0 => format!(
                "[[asks]]\nat = \"{at}\"\naccount = \"{name}\"\nwhat = \"roll\"\ncontract = \"BTC-1\"\n"
            ),
            _ => format!(
                "[[asks]]\nat = \"{at}\"\naccount = \"{name}\"\nwhat = \"transfer\"\ncontract = \
                 \"{contract}\"\nquantity = \"{quantity}\"\nto = \"{other}\"\n"
            ),
        };
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Whatever is held, asked for and however prices run: every unit nets to zero after every minute,
    /// a contract is delivered once and at its end, and nobody holds it afterwards.
    #[test]
    fn nothing_is_lost_and_nothing_stays_after_its_end(
        (expires, window, every) in (20u64..50, 1u64..20, prop::sample::select(vec![5u64, 6, 12])),
        premium in -3_000i64..3_000,
        sizes in prop::collection::vec(-60_000i64..60_000, 6),
        asks in prop::collection::vec((1u64..59, 0usize..3, 0usize..6, 0u64..70_000), 0..8),
        moves in prop::collection::vec(-300i64..300, 60),
    ) {
        let mut index = String::from("minute,close_cents\n");
        let mut cents = 10_000_000i64;
        for (minute, step) in moves.iter().enumerate() {
            cents += cents * step / 10_000;
            index += &format!("{minute},{cents}\n");
        }
        let text = random_file((expires, window, every), premium, &sizes, &asks);
        let run = own(&text, &index).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert!(run.balances());
        let delivered = of(&run, "delivery");
        prop_assert_eq!(delivered.len(), 1);
        prop_assert_eq!(delivered[0].at.seconds_since(run.from), (expires - 1) * 60);
        for row in &run.accounts {
            prop_assert!(row.holds.iter().all(|(symbol, _)| symbol != "BTC-1"), "{row:?}");
        }
        let asked = asks.iter().filter(|(.., what, _)| what % 3 != 0).count();
        let answered = of(&run, "transfer").len()
            + of(&run, "refused").iter().filter(|it| !it.told.starts_with("roll")).count();
        prop_assert!(answered >= asked, "{answered} of {asked}");
        prop_assert!(run.fund.1 >= 0);
    }
}
