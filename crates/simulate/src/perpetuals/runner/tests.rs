//! Runs over a small drawn book; what they promise, and what is refused.

use super::market::Consumed;
use super::options::Venue;
use super::stage::{CONTRACT, SETTLE, Stage};
use super::*;
use crate::market::ONE;
use crate::perpetuals::PerpetualScenario;
use crate::watcher::{Nobody, Watcher};
use breakwater_engine::{Body, Command, Engine, Outcome, What};
use breakwater_liquidation::backstop::Deleverage;
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{Call, CallState, Fact};
use breakwater_market::BookSide;
use breakwater_money::{AccountId, Price};
use std::sync::OnceLock;

const SCENARIO: &str = include_str!("../../../../../scenarios/october-2025.toml");

fn read(text: &str) -> Result<PerpetualScenario, ScenarioError> {
    PerpetualScenario::read("small", text, &|file| {
        let found = crate::shipped::TABLES.iter().find(|(known, _)| *known == file);
        found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| ScenarioError::Read {
            path: file.to_owned(),
            reason: "not there".to_owned(),
        })
    })
}

fn changed(changes: &[(&str, &str)]) -> Result<PerpetualScenario, ScenarioError> {
    let mut text = SCENARIO.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    read(&text)
}

/// The shipped day over the first thousand of its traders.
fn small() -> &'static PerpetualScenario {
    static SMALL: OnceLock<PerpetualScenario> = OnceLock::new();
    SMALL.get_or_init(|| {
        changed(&[
            ("traders = 20000", "traders = 1000"),
            ("open_interest = \"20000\"", "open_interest = \"2000\""),
        ])
        .unwrap()
    })
}

fn with_fund(share: &str) -> PerpetualOptions {
    PerpetualOptions { fund_share: Some(share.to_owned()), ..PerpetualOptions::default() }
}

fn ran(options: &PerpetualOptions) -> PerpetualRun {
    run(small(), options, &mut Nobody).unwrap()
}

fn asking(asked: Asked) -> PerpetualRun {
    ran(&PerpetualOptions { asked, ..with_fund("0") })
}

/// Without a fund, winners asked in order.
fn bare() -> &'static PerpetualRun {
    static BARE: OnceLock<PerpetualRun> = OnceLock::new();
    BARE.get_or_init(|| ran(&with_fund("0")))
}

const RULES: [Deleverage; 6] = [
    Deleverage::Queue,
    Deleverage::RandomStart,
    Deleverage::ProRata,
    Deleverage::Capped,
    Deleverage::RiskAware,
    Deleverage::MinimumOvershoot,
];

/// What every run keeps, whatever its options.
fn keeps_its_books(run: &PerpetualRun) {
    let totals = &run.totals;
    let bearers = &totals.bearers;
    let borne = bearers.insurance
        + bearers.vault
        + bearers.deleveraged
        + bearers.socialised
        + bearers.outstanding;
    assert_eq!(totals.deficit, borne, "{}", run.policy);
    assert_eq!(totals.fund_start + totals.fees, totals.fund_end + bearers.insurance);
    assert!(run.books_balance, "{:?}", run.balances);
    assert_eq!(totals.waves, run.waves.len() as u64);
    assert_eq!(run.waves.iter().map(|wave| wave.given).sum::<u128>(), bearers.deleveraged);
    assert_eq!(run.sales.iter().map(|sale| sale.value).sum::<u128>(), totals.sold_value);
    assert_eq!(run.prices.len(), 1_440 * 4);
    assert_eq!(totals.ticks_refused, 0);
}

/// Winners are closed at whole cents, rounded in their favour: less than a cent a contract is left.
#[track_caller]
fn leaves_only_roundings(run: &PerpetualRun) {
    let (left, closed) = (run.totals.bearers.outstanding, run.totals.deleveraged);
    assert!(closed > 0 && left < closed * 10, "{}: {left} of {closed}", run.deleveraging);
}

#[test]
fn nothing_is_left_with_nobody_that_winners_could_bear() {
    // Enough accounts at once that a part sold at the fund's cost would burden the rest.
    let whole = read(SCENARIO).unwrap();
    for share in ["0", "0.005"] {
        let run = run(&whole, &with_fund(share), &mut Nobody).unwrap();
        keeps_its_books(&run);
        leaves_only_roundings(&run);
        // Nobody loses more by it than it had won.
        assert!(run.totals.haircut_share_e6 < 1_000_000, "{}", run.totals.haircut_share_e6);
    }
}

#[test]
fn losses_equal_their_bearers_to_the_unit_under_every_rule_and_fund() {
    for rule in RULES {
        let run = asking(Asked::Winners(rule));
        keeps_its_books(&run);
        assert!(run.totals.waves > 10, "{rule:?}: nobody was deleveraged");
        leaves_only_roundings(&run);
    }
    for share in ["0.001", "0.05"] {
        keeps_its_books(&ran(&with_fund(share)));
    }
    let nobody = asking(Asked::Nobody);
    keeps_its_books(&nobody);
    assert_eq!((nobody.totals.bearers.deleveraged, nobody.totals.waves), (0, 0));
    assert!(nobody.totals.bearers.outstanding > 0);
}

#[test]
fn the_engine_counts_the_same_losses() {
    let options = with_fund("0.001");
    let mut watcher = Nobody;
    let mut stage = Stage::found(small(), &options, &mut watcher).unwrap();
    for minute in &small().path().minutes {
        stage.minute(minute).unwrap();
    }
    let losses = stage.host.engine.losses()[&SETTLE];
    let bearers = stage.totals.bearers;
    assert!(losses.deficit > 0 && losses.deleveraged > 0 && losses.insurance > 0);
    assert_eq!(losses.deficit, stage.totals.deficit);
    assert_eq!(
        (losses.insurance, losses.deleveraged, losses.outstanding),
        (bearers.insurance, bearers.deleveraged, bearers.outstanding)
    );
}

#[test]
fn the_same_options_give_the_same_run_and_others_another() {
    let again = ran(&with_fund("0"));
    assert_eq!(*bare(), again);
    let pinned = "1a5c97aacc711f5e435289ae1a24c86c5fcea47943fc8845b1b937a62b96256d";
    assert_eq!(again.state_hash, pinned);
    for options in [
        with_fund("0.05"),
        PerpetualOptions { seed: Some(7), ..with_fund("0") },
        PerpetualOptions { closing: Closing::Full, ..with_fund("0") },
        PerpetualOptions { closing: Closing::Target, ..with_fund("0") },
    ] {
        let other = ran(&options);
        keeps_its_books(&other);
        assert_ne!(other.state_hash, again.state_hash, "{options:?}");
    }
}

#[test]
fn the_watch_list_agrees_with_a_rescan_at_every_mark_of_the_fall() {
    let options = with_fund("0.001");
    let mut watcher = Nobody;
    let mut stage = Stage::found(small(), &options, &mut watcher).unwrap();
    let mut looked = 0;
    for minute in &small().path().minutes {
        let fall = (1_270..1_290).contains(&minute.number);
        for point in &minute.marks {
            stage.point(minute, point).unwrap();
            if fall || (minute.number % 60 == 0 && point.at == minute.marks[0].at) {
                assert_eq!(stage.host.engine.rescan(), [], "{:?}", point.at);
                looked += 1;
            }
        }
    }
    assert!(looked > 100 && !stage.waves.is_empty());
}

#[test]
fn every_wave_says_who_gave_how_much() {
    let run = bare();
    for wave in &run.waves {
        assert!(wave.winners > 0 && wave.quantity > 0, "{wave:?}");
        assert!(wave.haircut_most <= wave.given, "{wave:?}");
        let gap = wave.price.abs_diff(wave.mark);
        // A quantity of three decimals at a gap of two, in a unit of six.
        let most = wave.quantity * gap * 10;
        assert!(wave.given <= most && wave.given + 10 * u128::from(wave.winners) > most);
        assert!(wave.hit_hardest.starts_with("trader-") || wave.hit_hardest.starts_with("maker-"));
        assert_ne!(wave.hit_hardest, wave.account);
    }
    let most = run.waves.iter().map(|wave| wave.haircut_most).max().unwrap();
    assert_eq!(run.totals.haircut_most, most);
    assert!(run.totals.haircut_sum_most >= most);
    assert!(run.totals.winners_hurt <= run.totals.closes);
    let ratio = run.totals.overshoot_e2().unwrap();
    assert_eq!(ratio, run.totals.closed_profit * 100 / run.totals.bearers.deleveraged);
    assert_eq!(PerpetualTotals::default().overshoot_e2(), None);
}

/// Profit at the mark of whoever is about to be closed, from the commands alone.
struct Closed {
    engine: Engine,
    profit: u128,
    sizes: u128,
    /// The largest share of a whole profit that one winner gave at once, 1e6.
    share: u128,
}

impl Watcher for Closed {
    fn command(&mut self, command: &Command) -> Result<(), String> {
        let mark = self.engine.look(|view| view.price(super::stage::CONTRACT));
        let held: Vec<super::winners::Held> = match command.body {
            Body::ReportFill { .. } => (0..)
                .map(AccountId)
                .take(self.engine.accounts())
                .map(|account| super::winners::Held::of(&self.engine, account))
                .collect(),
            _ => Vec::new(),
        };
        let outcome = self.engine.apply(command);
        let mut deleveraged = false;
        for what in outcome.facts() {
            if let What::Happened(Fact::Borne {
                bearer: Bearer::Deleveraged(winner), amount, ..
            }) = what
            {
                deleveraged = true;
                let before = held[winner.index()];
                let value = before.size * i128::try_from(mark.as_ref().unwrap().raw * 10).unwrap();
                let profit = (value + before.quote()).unsigned_abs();
                self.share = self.share.max(amount.raw * 1_000_000 / profit);
            }
        }
        for what in outcome.facts().filter(|_| deleveraged) {
            let What::Happened(Fact::Traded { buyer, seller, quantity, .. }) = what else {
                continue;
            };
            let mark = mark.as_ref().unwrap().raw;
            // The winner is the one whose position is worth more than it was opened for.
            for account in [buyer, seller] {
                let before = held[account.index()];
                let value = before.size * i128::try_from(mark * 10).unwrap();
                let profit = value + before.quote();
                if profit > 0 {
                    let whole = before.size.unsigned_abs();
                    self.profit += profit.unsigned_abs() * quantity.raw / whole;
                    self.sizes += quantity.raw;
                }
            }
        }
        Ok(())
    }
    fn outcome(&mut self, _: &Command, _: &Outcome) {}
}

#[test]
fn closed_profit_is_what_a_second_engine_says_winners_had() {
    let engine = Engine::new(crate::registry());
    let mut closed = Closed { engine, profit: 0, sizes: 0, share: 0 };
    let options = PerpetualOptions { asked: Asked::Winners(Deleverage::ProRata), ..with_fund("0") };
    let run = run(small(), &options, &mut closed).unwrap();
    assert!(run.totals.closes > run.totals.winners_hurt, "nobody was closed twice");
    assert_eq!(closed.engine.state_hash().hex(), run.state_hash);
    assert_eq!((closed.profit, closed.sizes), (run.totals.closed_profit, run.totals.deleveraged));
    assert_eq!(closed.share, run.totals.haircut_share_e6.into());
}

#[test]
fn least_overshoot_closes_least_profit_and_pro_rata_hurts_most_people() {
    let least = asking(Asked::Winners(Deleverage::MinimumOvershoot)).totals;
    let shared = asking(Asked::Winners(Deleverage::ProRata)).totals;
    let queue = &bare().totals;
    assert!(
        least.closed_profit < queue.closed_profit,
        "{} {}",
        least.closed_profit,
        queue.closed_profit
    );
    assert!(least.winners_hurt < queue.winners_hurt, "{}", least.winners_hurt);
    assert!(shared.closes > queue.closes, "{} {}", shared.closes, queue.closes);
    assert!(shared.haircut_most < queue.haircut_most);
}

#[test]
fn a_larger_fund_leaves_less_to_winners_until_nothing() {
    let left: Vec<u128> = ["0", "0.002", "0.05"]
        .iter()
        .map(|share| ran(&with_fund(share)).totals.bearers.deleveraged)
        .collect();
    assert!(left[0] > left[1] && left[1] > left[2], "{left:?}");
    assert_eq!(left[2], 0);
}

#[test]
fn without_impact_everything_is_sold_at_the_mark() {
    let run = ran(&PerpetualOptions { impact: false, ..with_fund("0.05") });
    keeps_its_books(&run);
    assert!(run.totals.sales > 100);
    // A sale is told in cents: each loses less than one.
    assert!(run.totals.price_impact < u128::from(run.totals.sales) * 10_000);
    assert!(bare().totals.price_impact > run.totals.price_impact);
}

#[test]
fn feedback_carries_impact_into_the_mark() {
    // Depth that never recovers, and a book that eats through its first band.
    let thin = changed(&[
        ("traders = 20000", "traders = 4000"),
        ("open_interest = \"20000\"", "open_interest = \"6000\""),
        ("recovery = \"0.5\"", "recovery = \"0\""),
    ])
    .unwrap();
    let fed = |feedback: &str| {
        let feedback = Some(feedback.to_owned());
        let options = PerpetualOptions { feedback, ..with_fund("0.05") };
        run(&thin, &options, &mut Nobody).unwrap()
    };
    let (none, some) = (fed("0"), fed("0.5"));
    keeps_its_books(&some);
    assert!(none.prices.iter().all(|point| point.mark == point.path));
    assert!(some.prices.iter().any(|point| point.mark < point.path));
    assert!(some.totals.called > none.totals.called);
}

#[test]
fn depth_is_consumed_by_unit_and_recovers_by_share() {
    let minute = &small().path().minutes[600];
    let (depth, mark) = (minute.depth.as_ref().unwrap(), minute.marks[3].mark);
    let far = Price::new(mark.raw / 2, mark.decimals);
    let mut consumed = Consumed::new(ONE / 2);
    let all = consumed.within(depth, BookSide::Bids, (mark, far), u128::MAX).unwrap();
    assert_eq!(all, depth.bids().capacity());
    let whole = consumed.fetches(depth, BookSide::Bids, mark, all).unwrap().cents;
    // In two parts it fetches the same.
    let first = consumed.fetches(depth, BookSide::Bids, mark, all / 3).unwrap().cents;
    consumed.consume(BookSide::Bids, all / 3);
    let left = consumed.within(depth, BookSide::Bids, (mark, far), u128::MAX).unwrap();
    assert_eq!(left, all - all / 3);
    let second = consumed.fetches(depth, BookSide::Bids, mark, left).unwrap().cents;
    assert_eq!(first + second, whole);
    assert!(consumed.fetches(depth, BookSide::Bids, mark, left + 1).is_err());
    // The other side is untouched; half is back after a minute.
    let asks = Price::new(mark.raw * 2, mark.decimals);
    let bought = consumed.within(depth, BookSide::Asks, (mark, asks), u128::MAX).unwrap();
    assert_eq!(bought, depth.asks().capacity());
    consumed.recover();
    let back = consumed.within(depth, BookSide::Bids, (mark, far), u128::MAX).unwrap();
    assert_eq!(back, all - all / 3 / 2);
    // More consumed than a later minute has quotes nothing and panics nowhere.
    consumed.consume(BookSide::Bids, u128::MAX);
    let none = consumed.within(depth, BookSide::Bids, (mark, far), u128::MAX).unwrap();
    assert_eq!(none, 0);
    assert!(consumed.carried(Some(depth), mark, ONE).unwrap().raw < mark.raw);
    assert_eq!(consumed.carried(Some(depth), mark, 0).unwrap(), mark);
    assert_eq!(consumed.carried(None, mark, ONE).unwrap(), mark);
}

#[test]
fn isolated_positions_have_no_wallet_and_every_account_opens_healthy() {
    let options = with_fund("0");
    let mut watcher = Nobody;
    let stage = Stage::found(small(), &options, &mut watcher).unwrap();
    let engine = &stage.host.engine;
    let isolated = stage.book.accounts.iter().find(|a| a.isolated && a.wallet_cents > 0).unwrap();
    let cross = stage.book.accounts.iter().find(|a| !a.isolated && a.wallet_cents > 0).unwrap();
    let cash = |account: u32| {
        let holder = breakwater_money::Holder::Account(AccountId(account));
        engine.ledger().balance(holder, breakwater_money::Unit::token(SETTLE)).unsigned_abs()
    };
    assert_eq!(cash(isolated.number), isolated.margin_cents * 10_000);
    assert_eq!(cash(cross.number), (cross.margin_cents + cross.wallet_cents) * 10_000);
    for account in (0..).map(AccountId).take(engine.accounts()) {
        let state = engine.margin_call(account).unwrap().state;
        assert!(matches!(state, CallState::Healthy | CallState::Warned), "{account} {state:?}");
    }
    let opened: i128 = (0..)
        .map(AccountId)
        .take(engine.accounts())
        .map(|account| super::winners::Held::of(engine, account).size)
        .sum();
    assert_eq!(opened, 0, "every long has a short");
}

#[test]
fn wrong_settings_are_named() {
    let found = |from: &str, to: &str| {
        let scenario = changed(&[(from, to), ("traders = 20000", "traders = 3")]);
        let error = scenario.and_then(|s| run(&s, &PerpetualOptions::default(), &mut Nobody));
        error.map(|_| ()).unwrap_err().to_string()
    };
    let stated = format!("ladder = \"{}\"", small().settings.venue.ladder);
    let ladder = found(&stated, "ladder = \"nowhere\"");
    assert!(ladder.starts_with("venue.ladder: 'nowhere'; expected one of "), "{ladder}");
    assert!(ladder.contains(&small().settings.venue.ladder), "{ladder}");
    let fund = found("fund_share = \"0.005\"", "fund_share = \"1.01\"");
    assert!(fund.starts_with("venue.fund_share: 1.01 is above 1"), "{fund}");
    assert!(found("recovery = \"0.5\"", "recovery = \"-1\"").starts_with("venue.recovery: "));
    assert!(found("feedback = \"0\"", "feedback = \"2\"").starts_with("venue.feedback: 2"));
    assert!(found("warn_ratio = \"1.25\"", "warn_ratio = \"0.9\"").contains("warn_ratio 0.9"));
    assert!(found("slippage_bps = 1000", "slippage_bps = 10000").contains("slippage_bps 10000"));
    assert!(found("share_max_bps = 2500", "share_max_bps = 0").contains("share_max_bps 0"));
    assert!(found("deleverage = \"queue\"", "deleverage = \"lottery\"").contains("not a scenario"));
    assert!(found("band_bps = 2000", "bands = 2000").contains("not a scenario"));
}

#[test]
fn a_position_that_could_not_be_opened_now_is_named() {
    let scenario = changed(&[
        ("traders = 20000", "traders = 1000"),
        ("open_interest = \"20000\"", "open_interest = \"2000\""),
        ("entry_reach = \"0.19\"", "entry_reach = \"0.9\""),
    ])
    .unwrap();
    let error = run(&scenario, &PerpetualOptions::default(), &mut Nobody).unwrap_err().to_string();
    assert!(error.contains("the position of trader-"), "{error}");
    assert!(error.contains("lower book.entry_reach or book.leverage_cap"), "{error}");
}

#[test]
fn another_rulebook_must_be_one_of_contracts() {
    let with = |text: &str| {
        let rulebook = Some(("mine".to_owned(), text.to_owned()));
        let options = PerpetualOptions { rulebook, ..with_fund("0") };
        run(small(), &options, &mut Nobody).unwrap_err().to_string()
    };
    assert!(with("name = ").starts_with("mine: "));
    assert!(with("name = \"x\"").contains("has no 'rule'"));
    assert!(with("rule = \"margin-exchange\"").contains("has no 'settle'"));
    let shipped = breakwater_rulebooks::shipped();
    let lending = shipped.iter().filter(|(_, text)| !text.contains("settle = "));
    assert!(lending.clone().count() > 3);
    for (name, text) in lending {
        assert!(with(text).contains("has no 'settle'"), "{name}");
    }
}

#[test]
fn the_bound_of_a_mark_is_kept() {
    let scenario =
        changed(&[("band_bps = 2000", "band_bps = 1"), ("traders = 20000", "traders = 10")])
            .unwrap();
    let run = run(&scenario, &PerpetualOptions::default(), &mut Nobody).unwrap();
    assert!(run.totals.ticks_refused > 1_000, "{}", run.totals.ticks_refused);
    assert!(run.prices.iter().any(|point| point.mark != point.path));
}

#[test]
fn ways_and_funds_stand_side_by_side_in_their_order() {
    let scenario = changed(&[
        ("traders = 20000", "traders = 100"),
        ("open_interest = \"20000\"", "open_interest = \"300\""),
    ])
    .unwrap();
    let sides = compare(&scenario, &PerpetualOptions::default(), false).unwrap();
    let ways: Vec<&str> = sides.ways.iter().map(|run| run.deleveraging.as_str()).collect();
    assert_eq!(
        ways,
        [
            "queue",
            "random-start",
            "pro-rata",
            "capped",
            "risk-aware",
            "minimum-overshoot",
            "nobody"
        ]
    );
    let funds: Vec<&str> = sides.funds.iter().map(|run| run.fund_share.as_str()).collect();
    assert_eq!(funds, scenario.settings.venue.fund_shares);
    assert!(sides.ways.iter().all(|run| run.fund_share == "0.005"));
    let alone = run(&scenario, &PerpetualOptions::default(), &mut Nobody).unwrap();
    assert_eq!(sides.ways[0], alone);
    assert_eq!(compare(&scenario, &PerpetualOptions::default(), false).unwrap(), sides);
}

#[test]
fn options_stand_over_settings() {
    let settings = &small().settings.venue;
    let options = PerpetualOptions {
        fund_share: Some("0.03".to_owned()),
        feedback: Some("0.25".to_owned()),
        asked: Asked::Nobody,
        ..PerpetualOptions::default()
    };
    let venue = Venue::read(settings, None, &options).unwrap();
    assert_eq!(venue.fund_share, ONE * 3 / 100);
    assert_eq!(venue.feedback, ONE / 4);
    assert_eq!(venue.policy.backstop.deleverage, None);
    let plain = Venue::read(settings, None, &PerpetualOptions::default()).unwrap();
    assert_eq!(plain.fund_share, ONE / 200);
    assert_eq!(plain.policy.backstop.deleverage, Some(Deleverage::Queue));
    assert!(plain.policy.ladder.is_some());
}

/// Applies every command a second time.
struct Again(Engine);

impl Watcher for Again {
    fn command(&mut self, command: &Command) -> Result<(), String> {
        self.0.apply(command);
        Ok(())
    }
}

fn pooled(limits: impl FnOnce(&mut Pooling)) -> PerpetualOptions {
    let mut pooling = Pooling::default();
    limits(&mut pooling);
    PerpetualOptions { schedule: Schedule::Pooled(pooling), ..with_fund("0.005") }
}

#[test]
fn rounds_keep_the_books_and_replay_to_the_same_hash() {
    let mut again = Again(Engine::new(crate::plugged::registry()));
    let options = pooled(|_| {});
    let run = run(small(), &options, &mut again).unwrap();
    keeps_its_books(&run);
    assert_eq!(again.0.state_hash().hex(), run.state_hash);
    assert_eq!(run, ran(&options));
    let totals = &run.totals;
    assert!(totals.sales > 0 && totals.waited_seconds > 0, "{totals:?}");
    let alone = ran(&with_fund("0.005"));
    assert_eq!((alone.totals.crossed, alone.schedule.as_str()), (0, "alone"));
    assert_eq!(run.schedule, "pooled");
}

#[test]
fn no_sale_of_a_round_is_further_from_the_mark_than_the_limit() {
    let run = ran(&pooled(|pooling| pooling.limits.impact_bps = 30));
    keeps_its_books(&run);
    assert!(run.sales.iter().all(|sale| sale.discount_bps <= 30));
    assert!(run.sales.iter().any(|sale| sale.discount_bps > 20));
    assert!(run.totals.discount_bps < ran(&with_fund("0.005")).totals.discount_bps);
}

/// Opens a short at the mark with hardly more than it takes.
fn open_short(stage: &mut Stage<'_>, quantity: u128) {
    let (at, account) = (stage.now, stage.host.engine.accounts());
    let account = AccountId(u32::try_from(account).unwrap());
    stage.host.must(at, Body::OpenAccount { owner: format!("late-{}", account.0) }).unwrap();
    let collateral = stage.value(quantity, stage.mark).unwrap() * 22 / 1_000;
    stage
        .host
        .must(at, Body::Call(Call::Import { account, asset: SETTLE, collateral, debt: 0 }))
        .unwrap();
    let (buyer, seller, price) = (None, Some(account), stage.mark);
    let trade = Call::Trade { buyer, seller, contract: CONTRACT, quantity, price };
    stage.host.must(at, Body::Call(trade)).unwrap();
    stage.held.push(super::winners::Held::of(&stage.host.engine, account));
}

#[test]
fn what_is_crossed_is_two_sales_at_the_mark() {
    let options = pooled(|pooling| pooling.limits.participation_bps = 100);
    let mut watcher = Nobody;
    let mut stage = Stage::found(small(), &options, &mut watcher).unwrap();
    let mut low = None;
    for minute in &small().path().minutes {
        // Longs that were opened above and shorts opened at the lowest mark so far are in breach together.
        if minute.number > 1_270 && low.is_none_or(|low| minute.bar.low < low) {
            low = Some(minute.bar.low);
            open_short(&mut stage, 100_000);
        }
        for point in &minute.marks {
            let (sales, crossed) = (stage.sales.len(), stage.totals.crossed);
            stage.point(minute, point).unwrap();
            let crossed = stage.totals.crossed - crossed;
            let at_mark = |long: bool| -> u128 {
                let of = stage.sales[sales..].iter().filter(|sale| sale.long == long);
                of.filter(|sale| sale.proceeds == sale.value).map(|sale| sale.quantity).sum()
            };
            assert!(at_mark(true) >= crossed && at_mark(false) >= crossed, "{:?}", point.at);
        }
    }
    assert!(stage.totals.crossed > 0);
    let rows = stage.host.engine.trial_balance();
    assert!(rows.iter().all(|row| row.sum == 0));
}

#[test]
fn limits_of_rounds_that_make_no_sense_are_named() {
    let wrong =
        |options: PerpetualOptions| run(small(), &options, &mut Nobody).unwrap_err().to_string();
    let none = pooled(|pooling| pooling.limits.participation_bps = 0);
    assert!(wrong(none).contains("schedule: participation_bps is 0; expected 1 to 10000"));
    let far = pooled(|pooling| pooling.limits.impact_bps = 10_001);
    assert!(wrong(far).contains("schedule: impact_bps is 10001"));
    let wide = pooled(|pooling| pooling.band_bps = 10_001);
    assert!(wrong(wide).contains("schedule: band_bps is 10001; expected at most 10000"));
    let without = PerpetualOptions { impact: false, ..pooled(|_| {}) };
    assert!(wrong(without).contains("schedule: pooled without impact"));
}
