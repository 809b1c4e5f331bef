//! Charts of auctions on a page of sections.

mod sample_report;

use breakwater_report::{
    BidMark, Drawn, LotBids, LotMark, LotPath, Proceeds, ProceedsPoint, Section, SectionChart,
    SectionsReport, SliceMark, SliceMid, Slices, render_sections,
};

fn path() -> LotPath {
    let mark = |at_hours, at_zero_usd| LotMark {
        at_hours,
        price: 150.0,
        value_usd: 400.0,
        at_zero_usd,
        hint: "two lots".to_owned(),
    };
    LotPath {
        pair: "ETH/USD".to_owned(),
        unit: "USD".to_owned(),
        points: vec![(0.0, 200.0), (1.0, 150.0), (2.0, 160.0)],
        lots: vec![mark(1.0, 100.0), mark(1.5, 0.0)],
    }
}

fn bids() -> LotBids {
    let bid =
        |at_minutes, price, won| BidMark { at_minutes, price, bidder: "proxy 1".to_owned(), won };
    LotBids {
        caption: "One lot.".to_owned(),
        unit: "DAI for 1 ETH".to_owned(),
        market: vec![(0.0, 150.0), (10.0, 151.0)],
        asked: vec![(0.0, 165.0), (1.5, 163.35)],
        bids: vec![bid(1.0, 120.0, false), bid(2.0, 130.0, true)],
    }
}

fn proceeds(count: u64) -> Proceeds {
    let point = |lot| ProceedsPoint { lot, value_usd: 100.0 + lot as f64, paid_usd: 95.0 };
    Proceeds { points: (0..count).map(point).collect() }
}

fn page(drawn: Drawn) -> Result<String, String> {
    let run = sample_report::run();
    let chart =
        SectionChart { name: "it".to_owned(), title: "A chart".to_owned(), full: false, drawn };
    let section = Section {
        title: "Auctions".to_owned(),
        text: String::new(),
        charts: vec![chart],
        tables: Vec::new(),
    };
    let report = SectionsReport {
        kind: "Report of auctions".to_owned(),
        title: run.title,
        question: run.question,
        notice: None,
        identity: run.identity,
        key_figures: Vec::new(),
        happenings: Vec::new(),
        sections: vec![section],
        assumptions: Vec::new(),
        books: None,
        glossary: Vec::new(),
        provenance: Vec::new(),
    };
    render_sections(&report).map_err(|error| error.to_string())
}

#[test]
fn lots_lie_on_the_price_with_what_was_won_at_zero_on_them() {
    let page = page(Drawn::Lots(path())).unwrap();
    assert!(page.contains("f-orange s-orange dot") && page.contains("f-vermilion s-vermilion dot"));
    assert!(page.contains("two lots") && page.contains("won at zero"));
    // Once for each layout: two lots, one of them partly at zero, and two keys of the legend.
    assert_eq!(page.matches("<circle").count(), 2 * (2 + 1 + 2));
}

#[test]
fn bids_stand_beside_the_market_and_the_price_asked() {
    let told = page(Drawn::Bids(bids())).unwrap();
    assert!(told.contains("proxy 1 bought at 130 after 2 minutes"), "the winner is told");
    assert!(told.contains("proxy 1 bid 120 after 1 minutes"));
    assert!(told.contains("price asked"));
    let without = page(Drawn::Bids(LotBids { asked: Vec::new(), ..bids() })).unwrap();
    assert!(!without.contains("price asked"));
    let nobody = page(Drawn::Bids(LotBids { bids: Vec::new(), ..bids() })).unwrap();
    assert!(nobody.contains("Nobody bid."));
}

#[test]
fn many_lots_are_thinned_and_said_to_be() {
    let few = page(Drawn::Proceeds(proceeds(10))).unwrap();
    assert!(!few.contains("lots is drawn"));
    let many = page(Drawn::Proceeds(proceeds(2_001))).unwrap();
    assert!(many.contains("One of 3 lots is drawn."));
    assert!(many.contains("of 2,001 rows"), "the table counts them all");
}

#[test]
fn what_cannot_be_drawn_is_refused_by_its_field() {
    let mut back = path();
    back.points.swap(0, 1);
    assert!(page(Drawn::Lots(back)).unwrap_err().contains("lots.points[1].0"));
    let mut below = path();
    below.lots[1].value_usd = -1.0;
    assert!(page(Drawn::Lots(below)).unwrap_err().contains("lots.lots[1].value_usd"));
    let mut none = bids();
    none.bids[0].price = f64::NAN;
    assert!(page(Drawn::Bids(none)).unwrap_err().contains("bids.bids[0].price"));
    let mut paid = proceeds(1);
    paid.points[0].paid_usd = f64::INFINITY;
    assert!(page(Drawn::Proceeds(paid)).unwrap_err().contains("proceeds.points[0].paid_usd"));
}

fn slices() -> Slices {
    let mid = |at_seconds, mid| SliceMid { at_seconds, mid };
    let mark =
        |at_seconds, quantity| SliceMark { at_seconds, average: 99.0, worst: 98.0, quantity };
    Slices {
        pair: "BTC/USDT".to_owned(),
        unit: "USDT".to_owned(),
        quantity_unit: "BTC".to_owned(),
        mids: vec![mid(0.0, 100.0), mid(1.0, 101.0)],
        slices: vec![mark(0.0, 3.0), mark(1.0, 1.0)],
    }
}

#[test]
fn an_orders_slices_stand_against_the_mid() {
    let html = page(Drawn::Slices(slices())).unwrap();
    assert!(html.contains("mid of the market") && html.contains("the largest is 3 BTC"), "{html}");
    let mut broken = slices();
    broken.slices[1].quantity = -1.0;
    assert!(page(Drawn::Slices(broken)).unwrap_err().contains("slices.slices[1].quantity"));
}
