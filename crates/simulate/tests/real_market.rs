//! Orders through real feeds: the shipped one, and the whole recordings where they are.
//! BREAKWATER_SHARED names the folder that has those. Without it those tests say that they were
//! skipped.

use breakwater_market::BookSide::{Asks, Bids};
use breakwater_market::book_feed::{BookFeed, FeedEvent, FeedRow, Strictness, TreeLevels};
use breakwater_money::decimal::format_raw;
use breakwater_simulate::real_market::{
    Comparison, Contract, Question, Refill, Stop, Terms, Way, compare, ladders, open, strategy,
};
use std::collections::BTreeMap;

const SECOND: u64 = 1_000_000_000;
const SHIPPED: &str = "btc-spot-2024-08-08";

fn shared(file: &str) -> Option<String> {
    let Some(folder) = std::env::var_os("BREAKWATER_SHARED") else {
        println!("SKIPPED: BREAKWATER_SHARED is not set, {file} is not here");
        return None;
    };
    Some(std::path::Path::new(&folder).join("data").join(file).display().to_string())
}

fn question(side: breakwater_market::BookSide, sizes: &[u64]) -> Question {
    Question {
        side,
        sizes: sizes.to_vec(),
        ways: Way::ALL.to_vec(),
        step_nanos: SECOND,
        steps: 31,
        warmup_nanos: 25 * SECOND,
        starts: 4,
        refill: Refill::Observed,
        measured_half_life: false,
        contract: Contract::Linear,
        share_ppm: 200_000,
        lambda: 1e-4,
        z: 0.5,
        strictness: Strictness::Refuse,
    }
}

/// Quantities of the shipped feed have six decimals.
fn btc(amount: u64) -> u64 {
    amount * 1_000_000
}

#[test]
fn the_shipped_feed_ends_where_its_last_quotes_say() {
    let file = open(SHIPPED).unwrap();
    let feed = file.replay(Strictness::Refuse).unwrap();
    let quotes = feed.quotes().unwrap();
    assert_eq!(feed.visible(Bids).next().unwrap().price, quotes.bid.price);
    assert_eq!(feed.visible(Asks).next().unwrap().price, quotes.ask.price);
    assert!(feed.is_whole() && feed.traded().count > 1_000, "{:?}", feed.traded());
}

fn costs(found: &Comparison, size: u64) -> BTreeMap<Way, f64> {
    let cells = found.cells.iter().filter(|cell| cell.size == size);
    cells.filter_map(|cell| Some((cell.way, cell.cost_bps?.mean))).collect()
}

#[test]
fn larger_orders_cost_more_at_once_and_slices_meet_what_earlier_ones_left() {
    let file = open(SHIPPED).unwrap();
    let sizes = [btc(1), btc(20), btc(100)];
    for side in [Bids, Asks] {
        let found = compare(&file, &question(side, &sizes)).unwrap();
        let at_once = sizes.map(|size| costs(&found, size)[&Way::Immediate]);
        assert!(at_once[0] < at_once[1] && at_once[1] < at_once[2], "{at_once:?}");
        for cell in &found.cells {
            for run in &cell.runs {
                let sent: u64 = run.sent.iter().map(|sent| sent.filled).sum();
                assert_eq!(
                    (sent, run.filled.quantity + run.unfilled),
                    (run.filled.quantity, cell.size)
                );
                let value: u128 = run.sent.iter().map(|sent| sent.value).sum();
                assert_eq!(value, run.filled.value);
            }
        }
        // What we ate comes back the faster, the less is missing: never, as seen, at once.
        let twap = |refill| {
            let only = Question { ways: vec![Way::Twap], refill, ..question(side, &sizes[2..]) };
            costs(&compare(&file, &only).unwrap(), sizes[2])[&Way::Twap]
        };
        let (never, seen, soon) =
            (twap(Refill::Never), twap(Refill::Observed), twap(Refill::HalfLife(SECOND / 10)));
        assert!(never >= seen && seen >= soon, "{never} {seen} {soon}");
    }
}

#[test]
fn the_same_question_has_the_same_answer() {
    let file = open(SHIPPED).unwrap();
    let asked = question(Bids, &[btc(50)]);
    assert_eq!(compare(&file, &asked).unwrap(), compare(&file, &asked).unwrap());
}

#[test]
fn an_order_at_once_is_a_walk_of_the_book_as_it_stands() {
    let file = open(SHIPPED).unwrap();
    let mut stop = Stop::new(&file, Strictness::Refuse);
    stop.advance(file.begins().unwrap() + 20 * SECOND, |_| {}).unwrap();
    let levels: Vec<breakwater_market::Level> = stop
        .feed()
        .visible(Bids)
        .map(|level| breakwater_market::Level {
            price: level.price.into(),
            quantity: level.quantity.into(),
        })
        .collect();
    let decimals = breakwater_market::Decimals { base: 6, quote: 8, price: 2 };
    let book = breakwater_market::OrderBook::new(&levels, decimals).unwrap();
    for quantity in [1, btc(1) + 7, btc(80)] {
        let terms = Terms {
            side: Bids,
            quantity,
            step_nanos: SECOND,
            steps: 1,
            refill: Refill::Never,
            contract: Contract::Linear,
        };
        let worked = stop.work(&terms, &mut strategy::Immediate).unwrap();
        use breakwater_execution::{Limit, walk};
        let walked = walk(&book, 0, quantity.into(), Limit::None, 1).unwrap();
        assert_eq!((worked.filled.value, worked.unfilled), (walked.out, 0));
    }
}

#[test]
fn what_does_not_fit_the_feed_is_refused_by_the_setting() {
    let file = open(SHIPPED).unwrap();
    let asked = question(Bids, &[btc(1)]);
    let cases = [
        (Question { steps: 200, ..asked.clone() }, "horizon"),
        (Question { sizes: vec![0], ..asked.clone() }, "size"),
        (Question { starts: 0, ..asked.clone() }, "starts"),
        (Question { lambda: f64::NAN, ..asked.clone() }, "risk-aversion"),
        (Question { warmup_nanos: SECOND, steps: 2, ..asked.clone() }, "warmup"),
        (Question { ways: vec![], ..asked.clone() }, "strategy"),
    ];
    for (asked, field) in cases {
        let told = compare(&file, &asked).unwrap_err().to_string();
        assert!(told.starts_with(field), "{told}");
    }
}

/// Everything in the order of the file, nothing cleared and nothing dropped.
fn naively(rows: &[FeedRow]) -> (u64, u64) {
    let (mut bids, mut asks) = (BTreeMap::new(), BTreeMap::new());
    for row in rows {
        let (FeedEvent::Difference { side, price, quantity, .. }
        | FeedEvent::Snapshot { side, price, quantity, .. }) = row.event
        else {
            continue;
        };
        let levels = if side == Bids { &mut bids } else { &mut asks };
        match quantity {
            0 => levels.remove(&price),
            _ => levels.insert(price, quantity),
        };
    }
    (*bids.last_key_value().unwrap().0, *asks.first_key_value().unwrap().0)
}

#[test]
fn recorded_feeds_end_at_their_last_quotes_and_count_their_trades() {
    // Best bid and ask; trades, their quantity, and its value rounded to the quote unit.
    let recorded = [
        ("spot_btcusdt", (6_168_599, 6_168_600), Some((9_757, "212.03315", 13_084_074))),
        ("usdm_ethusdt", (268_138, 268_139), Some((14_076, "9164.948", 24_574_857))),
        ("spot_ethusdt", (268_250, 268_251), None),
        ("coinm_btcusd_perp", (616_686, 616_687), None),
    ];
    for (name, (bid, ask), trades) in recorded {
        let Some(path) = shared(&format!("l2-binance-2024-08-08/{name}_2024-08-08.csv.gz")) else {
            return;
        };
        let file = open(&path).unwrap();
        let feed = file.replay(Strictness::Refuse).unwrap();
        let best = [Bids, Asks].map(|side| feed.best(side).unwrap().price);
        assert_eq!(best, [bid, ask], "{name}");
        let quotes = feed.quotes().unwrap();
        assert_eq!([quotes.bid.price, quotes.ask.price], best, "{name}");
        assert_eq!(feed.faults().total(), 0);
        let mut tree: BookFeed<TreeLevels> = BookFeed::new(Strictness::Refuse);
        file.rows.iter().try_for_each(|row| tree.apply(row).map(drop)).unwrap();
        for side in [Bids, Asks] {
            assert!(feed.levels(side).eq(tree.levels(side)), "{name}");
        }
        if let Some((count, quantity, value)) = trades {
            let traded = feed.traded();
            let unit = 10u128.pow(u32::from(file.price_decimals + file.quantity_decimals));
            let found = format_raw(traded.quantity, file.quantity_decimals);
            let rounded = (traded.value + unit / 2) / unit;
            assert_eq!((traded.count, found.as_str(), rounded), (count, quantity, value), "{name}");
        }
        if name == "spot_btcusdt" {
            assert_eq!(naively(&file.rows), (6_182_099, 6_168_600), "crossed without the rule");
        }
    }
}

#[test]
fn every_recorded_ladder_costs_less_in_slices() {
    let Some(path) = shared("crvusd-2023q4/quotes_1inch.csv.gz") else { return };
    let text = breakwater_simulate::scenario::read_file(std::path::Path::new(&path)).unwrap();
    let pairs = ladders::read("quotes", &text).unwrap();
    assert!(pairs.len() >= 47, "{}", pairs.len());
    let slicing = ladders::Slicing { slices: 10, gap_seconds: 60.0, half_life_seconds: 120.0 };
    for pair in &pairs {
        let mut last = -1.0;
        for percent in [1, 5, 10, 25, 50, 100] {
            let cost = pair.cost(percent, &slicing).unwrap();
            assert!(cost.immediate_bps >= last && cost.sliced_bps <= cost.immediate_bps + 1e-6);
            last = cost.immediate_bps - 1e-6;
        }
    }
}
