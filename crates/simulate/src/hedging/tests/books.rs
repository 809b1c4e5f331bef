use crate::hedging::book_file::{self, BookFile};
use crate::hedging::propose::Proposed;
use crate::hedging::{propose, shipped};
use breakwater_options::hedging::{Action, Neutral, Policy};

fn coin() -> BookFile {
    book_file::read("coin-book.toml", shipped::book("coin-book").unwrap()).unwrap()
}

fn proposed(book: &BookFile) -> Result<Proposed, crate::ScenarioError> {
    let policies = [
        Policy::Unhedged,
        Policy::Interval { seconds: 3_600 },
        Policy::DeltaBand { half_width: 1.0 },
        Policy::WhalleyWilmott { risk_aversion: 1e-6 },
        Policy::Zakamouline { risk_aversion: 1e-6, coefficients: Default::default() },
        Policy::Leland { seconds: 3_600 },
    ];
    propose(&book.book()?, &book.market.now()?, &policies)
}

#[test]
fn each_policy_trades_to_its_own_place_in_whole_contracts() {
    let found = proposed(&coin()).unwrap();
    let lot = 10.0 / 90_000.0;
    let [unhedged, interval, band, whalley, ..] = &found.proposals[..] else { panic!() };
    assert_eq!((unhedged.lots, unhedged.delta_after), (0, unhedged.delta_before));
    assert!(interval.lots != 0 && interval.delta_after.abs() <= 0.5 * lot * 1.000_001);
    for banded in [band, whalley] {
        let half = 0.5 * (banded.band.1 - banded.band.0);
        let after = banded.delta_after.abs();
        assert!(banded.lots == 0 || (after <= half && after > half - 1.01 * lot), "{banded:?}");
        let cost = banded.lots as f64 * lot * 90_000.0 * 5e-4;
        assert!((banded.cost - cost.abs()).abs() < 1e-6);
    }
    // More calls were sold than gamma was bought: the hedge buys what rises.
    assert!(found.greeks.gamma < 0.0 && found.rises == Action::Buy);
    assert!(found.greeks.theta_a_day > 0.0);
}

#[test]
fn neutral_in_quote_hedges_the_cash_as_well() {
    let in_coin = proposed(&coin()).unwrap();
    let mut book = coin();
    book.market.neutral = Some(Neutral::Quote);
    let in_quote = proposed(&book).unwrap();
    // Targets differ by the equity: cash and what the options are worth, in coins.
    let worth = in_coin.greeks.worth;
    let apart = in_coin.proposals[1].target - in_quote.proposals[1].target;
    assert!((apart - (25.0 + worth)).abs() < 1e-9, "{apart} {worth}");
}

#[test]
fn what_cannot_be_hedged_is_refused_with_its_reason() {
    let refused = |change: fn(&mut BookFile)| {
        let mut book = coin();
        change(&mut book);
        proposed(&book).unwrap_err().to_string()
    };
    let first = "30 January 90000 call";
    let missing = refused(|book| book.market.neutral = None);
    assert!(missing.contains("its owner must say which"), "{missing}");
    assert!(
        refused(|book| book.position[0].volatility = Some(-0.3))
            .starts_with(&format!("{first}.volatility: -0.3: a volatility above zero"))
    );
    assert_eq!(
        refused(|book| {
            book.position[0].bid_volatility = Some(0.37);
            book.position[0].ask_volatility = Some(0.35);
        }),
        format!("{first}.bid_volatility: 0.37: crossed; at most the ask of 0.35 is right")
    );
    assert_eq!(
        refused(|book| book.position[0].expiry = "2026-01-23 03:00:00".to_owned()),
        format!(
            "{first}.expiry: 2026-01-23T03:00:00Z: expired; later than 2026-01-23T03:00:00Z is right"
        )
    );
    let date = refused(|book| book.position[0].expiry = "2026-01-30".to_owned());
    assert!(date.contains("such as 2026-01-30 08:00:00 is right"), "{date}");
    assert!(refused(|book| book.market.depth = Some(0.0)).contains("nothing can be traded"));
    assert!(refused(|book| book.market.forward = None).starts_with("forward: missing"));
    assert!(refused(|book| book.position[0].quantity = 0.0).contains("a number but zero"));
    // A put of the same expiry at a strike below that costs more than the next.
    let smile = refused(|book| book.position[1].volatility = Some(1.9));
    assert!(smile.starts_with("volatilities of 2026-01-30T08:00:00Z: spread"), "{smile}");
    let spot = refused(|book| {
        book.market.instrument = Some(breakwater_options::hedging::Instrument::Spot { lot: 0.1 });
    });
    assert!(spot.contains("a future or a perpetual is right"), "{spot}");
}

#[test]
fn depth_bounds_the_trade_and_what_it_does_not_take_is_said() {
    let mut book = coin();
    book.market.depth = Some(0.5);
    let found = proposed(&book).unwrap();
    let interval = &found.proposals[1];
    assert_eq!(interval.lots.abs(), 4_500);
    let wanted = proposed(&coin()).unwrap().proposals[1].lots;
    assert_eq!(interval.lots + interval.lots_left, wanted);
}

#[test]
fn positions_are_read_from_csv_and_bad_lines_are_named() {
    let header = "instrument,kind,strike,expiry,quantity,volatility\n";
    let read = |text: &str| book_file::read("book.csv", &format!("{header}{text}"));
    let book =
        read("c,call,90000,2026-01-30 08:00:00,-40,0.35\np,P,84000,2026-01-30 08:00:00,25,\n");
    let book = book.unwrap();
    assert_eq!((book.position.len(), book.position[1].volatility), (2, None));
    let wrong = read("c,call,90000,2026-01-30 08:00:00,x,0.35\n").unwrap_err().to_string();
    assert_eq!(wrong, "book.csv, line 2: quantity: \"x\"; a number is right");
    let wrong = book_file::read("b.toml", "[market]\nsettlement = \"odd\"\n").unwrap_err();
    assert!(wrong.to_string().starts_with("b.toml, line 2: unknown variant `odd`"), "{wrong}");
}
