use crate::hedging::attribution::Attribution;
use crate::hedging::book_file::{self, BookFile};
use crate::hedging::{BacktestSettings, Chain, backtest, chain, shipped};
use breakwater_options::hedging::Policy;

fn shipped(name: &str) -> (Chain, BookFile) {
    let chain = chain::read("chain.csv", shipped::chain(name).unwrap(), 0).unwrap();
    (chain, book_file::read("book.toml", shipped::book(name).unwrap()).unwrap())
}

fn policies() -> Vec<Policy> {
    vec![
        Policy::Unhedged,
        Policy::Interval { seconds: 900 },
        Policy::Interval { seconds: 3_600 },
        Policy::DeltaBand { half_width: 5.0 },
        Policy::WhalleyWilmott { risk_aversion: 1e-4 },
        Policy::Zakamouline { risk_aversion: 1e-4, coefficients: Default::default() },
        Policy::Leland { seconds: 3_600 },
    ]
}

#[test]
fn the_shipped_week_is_read_as_it_was_quoted() {
    let (chain, _) = shipped("index-week-2021-01");
    assert_eq!((chain.rows, chain.snapshots.len()), (432, 108));
    let first = &chain.snapshots[0];
    let quotes = first.expiries.values().next().unwrap();
    // 3700 and the difference of call and put; the index opened at 3764.61 and stood at 3766.63 a
    // minute later.
    assert!((quotes.forward - 3_760.0).abs() < 12.0, "{}", quotes.forward);
    assert_eq!(quotes.quotes.len(), 4);
    for quote in quotes.quotes.values() {
        assert!((0.1..0.4).contains(&quote.volatility), "{quote:?}");
        let (bid, ask) = quote.sides.unwrap();
        assert!(bid < quote.volatility && quote.volatility < ask);
    }
}

#[test]
fn hedging_the_shipped_week_narrows_what_a_step_gains_and_the_parts_are_the_total() {
    let (chain, book) = shipped("index-week-2021-01");
    let settings = BacktestSettings { policies: policies(), splits: Vec::new() };
    let found = backtest(&chain, &book.book().unwrap(), &settings).unwrap();
    assert_eq!(found.runs.len(), 7);
    let unhedged = &found.runs[0];
    assert_eq!((unhedged.trades, unhedged.turnover), (0, 0.0));
    for run in &found.runs {
        println!("{:?} {} {:?}", run.policy, run.step_deviation, run.gained);
        let mut sum = Attribution::default();
        run.steps.iter().for_each(|step| sum.add(&step.gained));
        assert_eq!(sum, run.gained);
        assert_eq!(run.steps.len(), 107);
        // Whole lots: what is held is the sum of what was traded.
        let lots: i64 = run.steps.iter().map(|step| step.trade_lots).sum();
        assert_eq!(lots, run.lots);
        // What volatility, time and curvature do to the options does not depend on the hedge.
        assert_eq!(run.gained.vega, unhedged.gained.vega);
        assert_eq!(run.gained.theta, unhedged.gained.theta);
        if run.policy != Policy::Unhedged {
            assert!(run.trades > 0 && run.gained.costs < 0);
            assert!(run.step_deviation < 0.75 * unhedged.step_deviation, "{:?}", run.policy);
        }
    }
    // Trading four times as often costs more.
    assert!(found.runs[1].turnover > found.runs[2].turnover);
}

#[test]
fn what_a_run_gained_is_the_change_of_its_books_worth() {
    let (chain, book) = shipped("index-week-2021-01");
    let book = book.book().unwrap();
    let settings = BacktestSettings { policies: vec![Policy::Unhedged], splits: Vec::new() };
    let found = backtest(&chain, &book, &settings).unwrap();
    // Worth at the end: a chain of its last two snapshots begins where the other ends, but for one.
    let last = Chain { snapshots: chain.snapshots[106..].to_vec(), ..chain.clone() };
    let tail = backtest(&last, &book, &settings).unwrap();
    let gained = found.runs[0].gained.total() as f64 / 1e9;
    let right = tail.worth + tail.runs[0].gained.total() as f64 / 1e9 - found.worth;
    assert!((gained - right).abs() < 1e-5, "{gained} {right}");
}

#[test]
fn bands_leave_alone_what_lies_inside_on_the_real_chain_too() {
    let (chain, book) = shipped("index-week-2021-01");
    let policies = vec![Policy::DeltaBand { half_width: 5.0 }];
    let settings = BacktestSettings { policies, splits: Vec::new() };
    let found = backtest(&chain, &book.book().unwrap(), &settings).unwrap();
    let steps = &found.runs[0].steps;
    let (mut inside, mut outside) = (0, 0);
    for step in steps {
        if (step.before - step.target).abs() <= 5.0 {
            inside += 1;
            assert_eq!(step.trade_lots, 0);
        } else {
            outside += 1;
            // To the edge with the fewest lots: less than one inside it.
            let left = (step.after - step.target).abs();
            assert!((4.0 - 1e-9..=5.0 + 1e-9).contains(&left), "{step:?}");
        }
    }
    assert!(inside > 20 && outside > 5, "{inside} {outside}");
}

#[test]
fn a_split_that_nobody_told_of_is_refused_and_a_told_one_is_no_gain() {
    let (chain, book) = shipped("split-2014-06");
    let policies = vec![Policy::Unhedged, Policy::Interval { seconds: 3_600 }];
    let without = BacktestSettings { policies: policies.clone(), splits: Vec::new() };
    let error = backtest(&chain, &book.book().unwrap(), &without).unwrap_err().to_string();
    assert!(error.contains("if shares were split, say when and how"), "{error}");
    assert!(error.contains("2014-06-09"), "{error}");
    let settings = BacktestSettings { policies, splits: book.splits().unwrap() };
    let found = backtest(&chain, &book.book().unwrap(), &settings).unwrap();
    // 9 June: 650 becomes 92.86, seven for one.
    let (unhedged, hedged) = (&found.runs[0], &found.runs[1]);
    let over =
        unhedged.steps.iter().find(|step| step.price > 640.0 && step.at_seconds > 1_401_900_000);
    assert!(over.is_some());
    for step in &hedged.steps {
        assert!((620.0..680.0).contains(&step.price), "{step:?}");
        // A straddle of 100 is worth about 4,500; an untold split would have gained tens of thousands.
        assert!(step.gained.total().abs() < 2_000 * 1_000_000_000, "{step:?}");
    }
    assert_eq!(found.carried, 0);
    assert_eq!(chain.left_out.get("not traded that day"), Some(&100));
}

#[test]
fn chains_and_books_that_do_not_fit_are_refused_by_name() {
    let (chain, book) = shipped("index-week-2021-01");
    let settings = BacktestSettings { policies: policies(), splits: Vec::new() };
    let refused = |change: fn(&mut BookFile)| {
        let mut book = book.clone();
        change(&mut book);
        let book = book.book();
        let found = book.and_then(|book| backtest(&chain, &book, &settings));
        found.unwrap_err().to_string()
    };
    assert_eq!(
        refused(|book| book.position[0].strike = 3_710.0),
        "3700 call.strike: 3710: not quoted; the nearest is 3700"
    );
    let expired = refused(|book| book.position[0].expiry = "2021-01-04 09:00:00".to_owned());
    assert!(expired.contains("expired; later than the chain's start 2021-01-04T09:30:00Z"));
    let other = refused(|book| book.position[0].expiry = "2021-01-09 16:00:00".to_owned());
    assert!(other.contains("one of 2021-01-08T16:00:00Z is right"), "{other}");
    let read = |text: &str| chain::read("x.csv", text, 0).unwrap_err().to_string();
    assert!(read("a,b\n1,2\n").contains("columns are \"a,b\"; right are time, expiry_date"));
    let header = "time_ny,expiry,strike,right,bid,bid_size,ask,ask_size\n";
    let bad = format!("{header}2021-01-04 09:30:00,2021-01-08,3700,X,1,1,2,1\n");
    assert_eq!(read(&bad), "x.csv, line 2: right: \"X\"; call, put, C or P is right");
    // Crossed, empty and one-sided quotes are left out, and then nothing is left.
    let none = format!(
        "{header}2021-01-04 09:30:00,2021-01-08,3700,C,3,1,2,1\n\
         2021-01-04 09:45:00,2021-01-08,3700,C,1,0,2,1\n\
         2021-01-04 10:00:00,2021-01-08,3700,C,,0,2,1\n"
    );
    assert_eq!(read(&none), "x.csv: 0 snapshots can be used; at least 2 are right");
}
