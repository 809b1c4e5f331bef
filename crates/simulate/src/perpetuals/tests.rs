//! The shipped day and its drawn book; wrong files.

use super::book::{PerpetualAccount, PerpetualBook, PositionSide, Role};
use super::path::Bar;
use super::scenario::PerpetualScenario;
use super::settings::PerpetualSettings;
use crate::ScenarioError;
use breakwater_market::{BookSide, Depth};
use breakwater_money::{Price, Time};
use proptest::prelude::*;

const SCENARIO: &str = include_str!("../../../../scenarios/october-2025.toml");
const INDEX: &str = include_str!("../../../../scenarios/october-2025/index.csv");
const DEPTH: &str = include_str!("../../../../scenarios/october-2025/depth.csv");

/// 2025-10-10T00:00:00Z.
const START: u64 = 1_760_054_400;

fn october() -> PerpetualScenario {
    PerpetualScenario::open("october-2025").unwrap()
}

fn settings(change: impl Fn(&mut PerpetualSettings)) -> PerpetualSettings {
    let mut settings = toml::from_str(SCENARIO).unwrap();
    change(&mut settings);
    settings
}

fn book(change: impl Fn(&mut PerpetualSettings)) -> PerpetualBook {
    PerpetualBook::draw(&settings(change).book.read().unwrap(), 12_166_200).unwrap()
}

fn traders(book: &PerpetualBook) -> impl Iterator<Item = &PerpetualAccount> {
    book.accounts.iter().filter(|account| account.role == Role::Trader)
}

/// What is wrong with the shipped scenario once `from` is `to` in one of its files.
fn wrong(file: &str, from: &str, to: &str) -> String {
    let broken = |name: &str, text: &str| {
        if name == file {
            assert!(text.contains(from), "{from} is not in {name}");
            text.replacen(from, to, 1)
        } else {
            text.to_owned()
        }
    };
    PerpetualScenario::read("october", &broken("toml", SCENARIO), &|name| match name {
        "october-2025/index.csv" => Ok(broken("index", INDEX)),
        "october-2025/depth.csv" => Ok(broken("depth", DEPTH)),
        other => Err(ScenarioError::setting(other, "not here")),
    })
    .map(|_| ())
    .unwrap_err()
    .to_string()
}

#[test]
fn the_day_is_1440_minutes_of_four_marks() {
    let october = october();
    let minutes = &october.path().minutes;
    assert_eq!(minutes.len(), 1_440);
    let marks: Vec<_> = minutes.iter().flat_map(|minute| minute.marks).collect();
    assert_eq!(marks[0].at, Time::from_seconds(START));
    assert!(marks.windows(2).all(|two| two[1].at.since(two[0].at) == 15_000_000_000));
    assert_eq!(marks[0].mark, Price::new(12_166_200, 2));
    assert_eq!(october.path().trough_cents(), 10_249_749);
    assert_eq!(minutes[21 * 60 + 20].bar.low, 10_249_749);
    assert_eq!(marks.last().unwrap().mark, Price::new(11_299_260, 2));
}

#[test]
fn a_falling_minute_goes_high_first_and_a_rising_one_low_first() {
    let bar = |close| Bar { open: 100, high: 110, low: 90, close };
    assert_eq!(bar(99).in_order(), [100, 110, 90, 99]);
    assert_eq!(bar(100).in_order(), [100, 110, 90, 100]);
    assert_eq!(bar(101).in_order(), [100, 90, 110, 101]);
}

#[test]
fn the_corrupt_bids_are_refused_and_the_run_says_so() {
    let october = october();
    let report = october.path().depth_report();
    assert_eq!((report.minutes, report.bids.refused, report.asks.refused), (1_440, 505, 0));
    assert_eq!((report.mirrored, report.without), (505, 0));
    let first = Time::from_seconds(START + 15 * 3_600 + 30 * 60 + 42);
    assert_eq!(report.bids.first, Some(first));
    assert!(report.bids.last > Some(Time::from_seconds(START + 86_340)));
    let sentences = report.sentences();
    assert_eq!(
        sentences[0],
        "The bids were refused in 505 of 1440 minutes, from 2025-10-10T15:30:42Z to \
         2025-10-10T23:59:30Z: crossed 505."
    );
    assert_eq!(sentences[1], "The asks were believed in all 1440 minutes.");
    assert!(sentences[2].starts_with("In 505 minutes the refused side is the mirror"));
    for minute in &october.path().minutes {
        let mirrored = minute.depth.as_ref().unwrap().mirrored();
        assert_eq!(mirrored, minute.refused.first().map(|_| BookSide::Bids));
    }
}

#[test]
fn depth_collapses_at_the_trough() {
    let october = october();
    let minutes = &october.path().minutes;
    // What can be bought within 1 % of the mark, whatever the archive calls a band.
    let near = |minute: usize| {
        let minute = &minutes[minute];
        let mark = Price::new(minute.bar.close, 2);
        let depth = minute.depth.as_ref().unwrap();
        let above = Price::new(minute.bar.close * 101 / 100, 2);
        let buy = depth.asks_at(mark).unwrap();
        let below = Price::new(minute.bar.close * 99 / 100, 2);
        let sell = depth.bids_at(mark).unwrap();
        (buy.buyable_below(above), sell.sellable_above(below), buy.capacity())
    };
    let (calm, trough) = (near(12 * 60), near(21 * 60 + 20));
    assert!(calm.0 > 1_900_000 && calm.1 > 1_900_000, "{calm:?}");
    assert_eq!((trough.0, trough.1), (0, 0), "nearest slices are further than 1 % away");
    assert!(trough.2 < calm.2 / 3, "{trough:?} against {calm:?}");
}

#[test]
fn every_long_has_a_short_in_contracts_and_in_money() {
    let book = october().book().unwrap();
    let (long, short) = (book.long(), book.short());
    assert_eq!((long.size, short.size), (20_000_000, 20_000_000));
    assert_eq!(long.entry_value, short.entry_value);
    assert_ne!(long.accounts, short.accounts);
    assert_eq!(long.accounts + short.accounts, 20_012);
    for mark in [1, 10_249_749, 12_166_200, 99_999_999] {
        let profit: i128 = book.accounts.iter().map(|a| a.profit_at(mark).unwrap()).sum();
        assert_eq!(profit, 0, "at {mark}");
    }
    let size = |side| {
        let of_side = |a: &&PerpetualAccount| a.side == side && a.role == Role::Trader;
        let mut sizes: Vec<u128> = book.accounts.iter().filter(of_side).map(|a| a.size()).collect();
        sizes.sort_unstable();
        sizes
    };
    assert_ne!(size(PositionSide::Long), size(PositionSide::Short));
    assert_eq!(book.open_interest_value(12_166_200).unwrap(), 243_324_000_000);
    assert!(book.accounts.iter().enumerate().all(|(i, a)| a.number as usize == i));
}

struct Bracket {
    cap: f64,
    rate: f64,
    deduction: f64,
    leverage_max: f64,
}

/// The contract's brackets as the scenario's rulebook has them.
fn brackets(settings: &PerpetualSettings) -> Vec<Bracket> {
    let shipped = breakwater_rulebooks::shipped();
    let (_, text) = shipped.iter().find(|(name, _)| *name == settings.rulebook).unwrap();
    let rulebook: toml::Table = toml::from_str(text).unwrap();
    let tiers = rulebook["contracts"][&settings.market.contract]["tiers"].as_array().unwrap();
    let number = |tier: &toml::Value, field: &str| match &tier[field] {
        toml::Value::String(text) => text.parse::<f64>().unwrap(),
        other => other.as_integer().unwrap() as f64,
    };
    let bracket = |tier: &toml::Value| Bracket {
        cap: number(tier, "cap"),
        rate: number(tier, "rate"),
        deduction: number(tier, "deduction"),
        leverage_max: number(tier, "leverage_max"),
    };
    tiers.iter().map(bracket).collect()
}

#[test]
fn nobody_starts_in_breach_and_makers_outlive_the_fall() {
    let october = october();
    let book = october.book().unwrap();
    let brackets = brackets(&october.settings);
    let equity = |account: &PerpetualAccount, mark, with_wallet: bool| {
        let cash = account.margin_cents + if with_wallet { account.wallet_cents } else { 0 };
        cash as i128 * 1_000 + account.profit_at(mark).unwrap()
    };
    let mut tightest = f64::MAX;
    for account in &book.accounts {
        let margin = account.margin_cents as f64 * 1_000.0;
        let left = equity(account, book.start_cents, false) as f64 / margin;
        // A price rounded to a cent and a margin raised to one move the smallest position a little.
        assert!(left > 0.809, "{account:?} starts with {left} of its margin");
        let notional = (account.size() * book.start_cents) as f64 / 1e5;
        let bracket = brackets.iter().find(|bracket| notional <= bracket.cap).unwrap();
        let maintenance = notional * bracket.rate - bracket.deduction;
        let in_dollars = equity(account, book.start_cents, false) as f64 / 1e5;
        assert!(in_dollars > maintenance, "{account:?} starts with less than {maintenance}");
        // Whoever holds a position could open it at the first mark.
        let initial = notional / bracket.leverage_max;
        assert!(in_dollars >= initial, "{account:?} starts with less than {initial}");
        assert!(f64::from(account.leverage_e2) <= bracket.leverage_max * 100.0, "{account:?}");
        tightest = tightest.min(left);
        let paid = account.entry_value() as f64 / margin;
        assert!(paid <= f64::from(account.leverage_e2) / 100.0 + 1e-9);
    }
    assert!(tightest < 0.82, "nobody uses the reach: {tightest}");
    let makers: Vec<_> = book.accounts.iter().filter(|a| a.role == Role::MarketMaker).collect();
    assert_eq!(makers.len(), 12);
    let trough = october.path().trough_cents();
    for account in &makers {
        assert!(equity(account, trough, true) > 0, "{account:?}");
        // Within four standard deviations; the one that evens out the values is not drawn at all.
        let entry = account.entry_value() / account.size();
        assert!(entry.abs_diff(book.start_cents) < 730_000, "{entry}: {account:?}");
    }
    let won = makers.iter().filter(|account| account.profit_at(trough).unwrap() > 0).count();
    assert_eq!(won, 9, "the short ones");
    // Somebody is wiped out, or there is nothing to deleverage.
    let lost = book.accounts.iter().filter(|a| equity(a, trough, !a.isolated) < 0).count();
    assert!(lost > 1_000, "{lost}");
}

#[test]
fn the_shipped_book_is_the_same_everywhere() {
    let pinned = "2fc2ca00077692efe48c19bf78ca21b7d745c56e126f4efc4f55613f20240748";
    assert_eq!(october().book().unwrap().hash(), pinned);
    assert_ne!(book(|settings| settings.book.seed += 1).hash(), pinned);
}

#[test]
fn a_trader_does_not_depend_on_how_many_there_are() {
    let (few, many) = (book(|s| s.book.traders = 500), book(|s| s.book.traders = 20_000));
    assert_eq!(few.accounts[..500], many.accounts[..500]);
    let none = book(|s| s.book.traders = 0);
    assert_eq!(none.accounts.len(), 12);
    assert_eq!(none.long().size, none.short().size);
    assert_eq!(none.long().entry_value, none.short().entry_value);
}

/// Share of `n` that `found` is, which must lie within four standard errors of `stated`.
fn near_share(found: usize, n: usize, stated: f64) {
    let share = found as f64 / n as f64;
    let error = libm::sqrt(stated * (1.0 - stated) / n as f64);
    assert!((share - stated).abs() < 4.0 * error, "{share} of {n}, stated {stated}");
}

fn moments(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
    (mean, libm::sqrt(squares / values.len() as f64))
}

#[test]
fn shares_and_sizes_are_as_stated() {
    let book = october().book().unwrap();
    let all: Vec<_> = traders(&book).collect();
    assert_eq!(all.len(), 20_000);
    let count =
        |wanted: &dyn Fn(&PerpetualAccount) -> bool| all.iter().filter(|a| wanted(a)).count();
    near_share(count(&|a| a.side == PositionSide::Long), all.len(), 0.62);
    near_share(count(&|a| a.isolated), all.len(), 0.35);
    // Draws of one account are independent of each other.
    let longs = count(&|a| a.side == PositionSide::Long);
    near_share(count(&|a| a.isolated && a.side == PositionSide::Long), longs, 0.35);
    near_share(count(&|a| a.wallet_cents == 0 && a.side == PositionSide::Long), longs, 0.4);
    // A wallet too small for a cent counts as none as well; there are next to none of them.
    near_share(count(&|a| a.wallet_cents == 0), all.len(), 0.4);
    for (side, median) in [(PositionSide::Long, 220.0), (PositionSide::Short, 160.0)] {
        let of_side = all.iter().filter(|a| a.side == side);
        let logs: Vec<f64> = of_side.map(|a| libm::log(a.size() as f64)).collect();
        let (mean, sd) = moments(&logs);
        let error = 1.9 / libm::sqrt(logs.len() as f64);
        assert!((mean - libm::log(median)).abs() < 4.0 * error, "{mean}");
        assert!((sd - 1.9).abs() < 4.0 * error / std::f64::consts::SQRT_2, "{sd}");
    }
    let wallets: Vec<f64> = all
        .iter()
        .filter(|a| a.wallet_cents > 0 && a.margin_cents > 10_000)
        .map(|a| a.wallet_cents as f64 / a.margin_cents as f64)
        .collect();
    let (mean, _) = moments(&wallets);
    assert!((mean - 0.8).abs() < 4.0 * 0.8 / libm::sqrt(wallets.len() as f64), "{mean}");
}

#[test]
fn leverage_and_entries_are_as_stated() {
    let book = october().book().unwrap();
    // Below 50,000 dollars no cap cuts a draw.
    let small: Vec<_> = traders(&book).filter(|a| a.size() <= 400).collect();
    let weights = [(1, 6), (2, 10), (3, 13), (5, 20), (10, 25), (20, 15), (50, 8), (100, 3)];
    for (times, weight) in weights {
        let found = small.iter().filter(|a| a.leverage_e2 == times * 100).count();
        near_share(found, small.len(), f64::from(weight) / 100.0);
    }
    let caps = [(50_000, 5_000), (3_000_000, 2_000)];
    for (above, cap) in caps {
        let above = above * 100_000;
        let large: Vec<_> =
            traders(&book).filter(|a| a.size() * book.start_cents > above).collect();
        assert!(!large.is_empty() && large.iter().all(|a| a.leverage_e2 <= cap), "{above}");
    }
    let away = |leverage_e2: u32| -> Vec<f64> {
        traders(&book)
            .filter(|a| a.leverage_e2 == leverage_e2)
            .map(|a| a.fills[0].price_cents as f64 / book.start_cents as f64 - 1.0)
            .collect()
    };
    let calm = away(300);
    let (mean, sd) = moments(&calm);
    let error = 0.015 / libm::sqrt(calm.len() as f64);
    assert!(mean.abs() < 4.0 * error && (sd - 0.015).abs() < 3.0 * error, "{mean} {sd}");
    // A hundredfold: a margin of 1 %, a reach of 0.19 % of the price.
    assert!(away(10_000).iter().all(|away| away.abs() <= 0.0019 + 1e-6));
}

#[test]
fn wrong_rows_are_named() {
    let index = |from, to| wrong("index", from, to);
    assert!(index("\n1,12168901", "\n2,12168901").contains("line 6: minute is 2; expected 1"));
    assert!(
        index("0,12166200,12173754,12166200", "0,12166200,12173754,12166201")
            .contains("do not enclose")
    );
    let bar = "0,12166200,12173754,12166200,12168901";
    assert!(index(bar, "0,12166200,12173754,12166200,12166199").contains("do not enclose"));
    assert!(index(bar, "0,12166200,12173754,12166200,12173755").contains("do not enclose"));
    assert!(index(bar, "0,12173755,12173754,12166200,12168901").contains("do not enclose"));
    assert!(index("0,12166200", "0,-5").contains("open_cents: '-5' is negative"));
    assert!(index("0,12166200", "0,0").contains("open_cents is 0; expected above zero"));
    assert!(index("0,12166200", "0,1e5").contains("open_cents: "));
    assert!(index("open_cents", "open").contains("no column 'open_cents'"));
    let cut = INDEX.rfind("1439,").unwrap();
    assert!(index(&INDEX[cut..], "").contains("1439 rows; expected 1440"));
    let depth = |from, to| wrong("depth", from, to);
    assert!(depth("\n0,49", "\n0,60").contains("second is 60; expected 0 to 59"));
    assert!(depth("\n0,49", "\n0,-1").contains("second: '-1' is negative"));
    assert!(depth("ask_500_cents", "ask_600_cents").contains("no column 'ask_500_cents'"));
    assert!(depth("\n0,49,1603567", "\n0,49,").contains("bid_100_milli"));
}

#[test]
fn depth_that_no_book_can_have_is_refused_and_not_an_error() {
    let text = DEPTH.replacen("\n0,49,1603567", "\n0,49,0", 1);
    let read = |name: &str| match name {
        "october-2025/index.csv" => Ok(INDEX.to_owned()),
        _ => Ok(text.clone()),
    };
    let october = PerpetualScenario::read("october", SCENARIO, &read).unwrap();
    let report = october.path().depth_report();
    assert_eq!(report.bids.refused, 506);
    assert_eq!(report.faults[&("bids".to_owned(), "not positive")], 1);
}

#[test]
fn wrong_settings_are_named() {
    let toml = |from, to| wrong("toml", from, to);
    assert!(toml("1575", "1600").contains("path_falls_bps: 1600, but the path falls 1575"));
    assert!(toml("2025-10-10T00:00:00Z", "1960-01-01T00:00:00Z").contains("market.starts_at"));
    assert!(toml("2025-10-10T00:00:00Z", "9999-01-01T00:00:00Z").contains("market.starts_at"));
    assert!(toml("beyond_max_bps = 600", "beyond_max_bps = 10000").contains("beyond_max_bps"));
    assert!(toml("traders = 20000", "traders = 1000001").contains("book.traders: 1000001"));
    assert!(toml("\"0.62\"", "\"1.01\"").contains("book.long_share: 1.01 is above 1"));
    assert!(toml("\"0.62\"", "\"-0.1\"").contains("book.long_share"));
    assert!(toml("entry_reach = \"0.19\"", "entry_reach = \"1\"").contains("book.entry_reach"));
    assert!(toml("spread_bps = 150", "spread_bps = 5001").contains("entry_spread_bps: 5001"));
    assert!(toml("median = \"0.22\"", "median = \"0\"").contains("book.long_size.median: 0"));
    assert!(toml("median = \"0.22\"", "median = \"700\"").contains("long_size.largest: 600"));
    assert!(toml("sigma = \"1.9\"", "sigma = \"5.1\"").contains("book.long_size.sigma: 5.1"));
    assert!(toml("times = 2\n", "times = 1\n").contains("book.leverage: 1 after 1"));
    assert!(toml("times = 1\n", "times = 0\n").contains("book.leverage: 0 after 0"));
    assert!(toml("notional = \"3000000\"", "notional = \"50000\"").contains("leverage_cap"));
    assert!(toml("long = 3 ", "long = 0 ").contains("book.makers.long: 0; expected 1 to"));
    assert!(toml("leverage = \"1.5\"", "leverage = \"0\"").contains("book.makers.leverage: 0"));
    assert!(toml("seed = 20251010", "seeds = 1").contains("not a scenario"));
}

#[test]
fn a_book_that_cannot_be_closed_says_why() {
    let draw = |change: &dyn Fn(&mut PerpetualSettings)| {
        let distributions = settings(change).book.read().unwrap();
        PerpetualBook::draw(&distributions, 12_166_200).unwrap_err().to_string()
    };
    let few = draw(&|s| s.book.open_interest = "100".to_owned());
    assert!(few.contains("book.open_interest: 100; expected more than traders hold"), "{few}");
    // Traders all long: three makers need a unit each beside them.
    let all_long = |interest: u128| {
        let distributions = settings(|s| {
            (s.book.traders, s.book.long_share) = (50, "1".to_owned());
            s.book.open_interest = breakwater_money::decimal::format_raw(interest, 3);
        });
        PerpetualBook::draw(&distributions.book.read().unwrap(), 12_166_200)
    };
    let held: u128 = all_long(1_000_000).unwrap().accounts[..50].iter().map(|a| a.size()).sum();
    let least = all_long(held + 3).unwrap();
    assert!(least.accounts[50..53].iter().all(|account| account.size() == 1));
    assert!(all_long(held + 2).unwrap_err().to_string().contains("book.open_interest: "));
    let cap = draw(&|s| s.book.leverage_cap.truncate(1));
    assert!(cap.contains("book.leverage_cap: no cap for a position of"), "{cap}");
    let distributions = settings(|_| {}).book.read().unwrap();
    for start in [0, u128::MAX] {
        assert!(PerpetualBook::draw(&distributions, start).is_err());
    }
}

#[test]
fn provenance_names_every_table() {
    let provenance = october().provenance();
    assert_eq!(provenance.len(), 2);
    for (file, source, licence, hash) in provenance {
        assert!(file.starts_with("october-2025/") && hash.len() == 64);
        assert!(source.contains("TheGlory") && licence.contains("bare facts"));
    }
    let unknown = PerpetualScenario::open("october").unwrap_err().to_string();
    assert!(unknown.contains("shipped are october-2025"), "{unknown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_book_that_is_drawn_is_balanced(
        seed in any::<u64>(),
        traders in 0u32..200,
        interest in 1u32..2_000,
        makers in (1u32..5, 1u32..5),
        shares in prop::array::uniform4(0u32..=100),
        reach in 0u32..100,
        spread in 0u32..=5_000,
        start in 1u128..1_000_000_000_000,
    ) {
        let percent = |share: u32| format!("{}.{:02}", share / 100, share % 100);
        let settings = settings(|s| {
            let book = &mut s.book;
            (book.seed, book.traders, book.entry_spread_bps) = (seed, traders, spread);
            (book.makers.long, book.makers.short) = makers;
            book.open_interest = interest.to_string();
            book.long_share = percent(shares[0]);
            book.isolated_share = percent(shares[1]);
            book.wallet_none_share = percent(shares[2]);
            book.wallet_mean = percent(shares[3]);
            book.entry_reach = percent(reach);
            book.leverage_cap[3].notional = "100000000000000000".to_owned();
        });
        match PerpetualBook::draw(&settings.book.read().unwrap(), start) {
            Ok(book) => {
                let (long, short) = (book.long(), book.short());
                prop_assert_eq!((long.size, long.entry_value), (short.size, short.entry_value));
                prop_assert_eq!(long.size, u128::from(interest) * 1_000);
                for account in &book.accounts {
                    prop_assert!(account.fills.iter().all(|f| f.quantity > 0 && f.price_cents > 0));
                    prop_assert!(account.margin_cents > 0);
                }
            }
            Err(error) => prop_assert!(error.to_string().starts_with("book.open_interest: ")),
        }
    }
}
