//! Auctions in an account's story: opened, bid for in one line, sold to whom, or over unsold.

use super::stage::*;
use crate::why::record::{Did, Taker};
use breakwater_engine::Body;
use breakwater_liquidation::auctions::{
    AuctionFormat, BatchTerms, Deposit, Disposal, DutchCurve, DutchTerms, EnglishTerms, Format,
    Raises, SealedTerms,
};
use breakwater_liquidation::{AuctionTerms, Bid, Close, Policy, Seller};
use breakwater_money::{Amount, AssetId, Price, U256};
use serde_json::json;

const ONE: u128 = 1_000_000_000_000_000_000;
const STETH: AssetId = AssetId(0);
const USDC: AssetId = AssetId(1);

const ENGLISH: EnglishTerms = EnglishTerms {
    opening_bps: 0,
    reserve_bps: 0,
    step_bps: 100,
    lifetime_seconds: Some(10),
    duration_seconds: 100,
    extension: None,
    deposit: None,
};

const fn usdc(whole: u128) -> u128 {
    whole * 1_000_000
}

/// Alice owes 13,280 against ten STETH, which fall from 1,700 to 1,550: all of them are auctioned.
fn auctioned(format: Format, raises: Raises, restarts_max: u32) -> Stage {
    // As a file would state them: what it does not, has its default.
    let terms: AuctionTerms = serde_json::from_value(json!({
        "format": format,
        "raises": raises,
        "restarts_max": restarts_max,
        "open_max": 9,
        "value_max": 0,
    }))
    .unwrap();
    let policy = Policy {
        seller: Seller::Venue,
        close: Close::Full,
        // One lot is more than anybody has.
        lot_value: 1_000_000 * 100_000_000,
        disposal: Disposal::Auction(terms),
        ..Policy::guarded()
    };
    let policy = Policy { guards: Policy::as_is().guards, ..policy };
    let mut stage = Stage::empty();
    for (symbol, decimals) in [("STETH", 18), ("USDC", 6)] {
        stage.done(asset(symbol, decimals, breakwater_liquidation::AssetKind::Token));
    }
    stage.done(market("STETH/USD", STETH, 8));
    stage.done(market("USDC/USD", USDC, 8));
    stage.done(install("secured-loan", AAVE, policy));
    stage.price(0, 1_700 * 100_000_000, 8);
    stage.price(1, 100_000_000, 8);
    stage.open("alice");
    stage.open("bob");
    stage.done(import(0, 0, 10 * ONE, 0));
    stage.done(import(0, 1, 0, usdc(13_280)));
    stage.now += SECOND;
    stage.price(0, 1_550 * 100_000_000, 8);
    stage
}

fn bid(stage: &mut Stage, bidder: u64, bid: Bid) {
    stage.done(Body::Bid { auction: 1, bidder, bid });
}

fn later(stage: &mut Stage, seconds: u64) {
    stage.now += seconds * SECOND;
    stage.done(Body::AdvanceTime);
}

/// The lines of the steps, without their times.
fn lines(text: &str) -> Vec<&str> {
    let timed = |line: &&str| line.starts_with("2020-") || line.starts_with("            ");
    let steps = text.lines().skip_while(|line| !line.starts_with("2020-")).take_while(timed);
    steps.map(|line| line.get(21..).unwrap_or_default().trim()).collect()
}

#[test]
fn an_auction_is_told_from_its_opening_to_its_buyer() {
    let mut stage = auctioned(Format::English(ENGLISH), Raises::Most, 0);
    for (bidder, amount) in [(7, 12_000), (8, 13_000), (7, 14_000)] {
        bid(&mut stage, bidder, Bid::Raise { amount: usdc(amount) });
    }
    later(&mut stage, 10);
    let story = stage.story(0);
    let did: Vec<&Did> = story.steps.kept().map(|step| &step.did).collect();
    let [Did::AuctionOpened { auction: 1, lot, format, fair, wanted: None }, bids, sold] = did[..]
    else {
        panic!("{did:?}")
    };
    assert_eq!((*lot, *format), (Amount::new(STETH, 10 * ONE), AuctionFormat::English));
    assert_eq!(*fair, Amount::new(USDC, usdc(15_500)));
    let Did::Bids { auction: 1, bids } = bids else { panic!("{bids:?}") };
    let best = (Amount::new(USDC, usdc(14_000)), Amount::new(STETH, 10 * ONE));
    assert_eq!((bids.count, bids.best), (3, Some(best)));
    let Did::Sold { taker, proceeds, .. } = sold else { panic!("{sold:?}") };
    assert_eq!((*taker, proceeds.raw), (Taker::Bidder(7), usdc(14_000)));
    // What the auction brought less than the mark is lost to whoever bought.
    assert_eq!(story.sums.lost[&Taker::Bidder(7)], 1_500 * 100_000_000);
    let (text, object) = stage.told(0);
    assert_eq!(
        lines(&text),
        [
            "auction 1 opened (english): 10.0000 STETH",
            "worth 15,500.00 USDC at the mark; to raise as much as it brings",
            "3 bids, the best 14,000.00 USDC for 10.0000 STETH",
            "10.0000 STETH sold for 14,000.00 USDC at 1,400.00 (mark 1,550.00)",
            "1,500.00 USD lost to bidder 7; closed",
        ],
        "{text}"
    );
    let steps = object["steps"]["first"].as_array().unwrap();
    let kinds: Vec<&str> = steps.iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["auction opened", "bids", "sold"]);
    assert_eq!((&steps[1]["count"], &steps[2]["by"]["bidder"]), (&3.into(), &7.into()));
    // Bob's story has none of it.
    assert!(stage.story(1).steps.kept().next().is_none());
}

#[test]
fn a_lot_that_shrinks_has_its_best_bid_for_the_least_of_it() {
    let mut stage = auctioned(Format::English(ENGLISH), Raises::Debt, 0);
    bid(&mut stage, 7, Bid::Raise { amount: usdc(13_280) });
    bid(&mut stage, 8, Bid::Shrink { lot: 9 * ONE });
    later(&mut stage, 10);
    let (text, _) = stage.told(0);
    let told = lines(&text);
    assert!(told[1].ends_with("to raise 13,280.00 USDC and no more"), "{text}");
    assert_eq!(told[2], "2 bids, the best 13,280.00 USDC for 9.0000 STETH", "{text}");
    assert_eq!(told[5], "auction 1 is over: 1.0000 STETH not sold", "{text}");
}

#[test]
fn nobody_bids() {
    let mut stage = auctioned(Format::English(ENGLISH), Raises::Most, 1);
    later(&mut stage, 100);
    later(&mut stage, 100);
    let (text, object) = stage.told(0);
    assert_eq!(
        lines(&text)[2..],
        [
            "auction 1 starts again (1): nobody has bought",
            "auction 1 is over: 10.0000 STETH not sold"
        ],
        "{text}"
    );
    assert_eq!(object["steps"]["first"][2]["unsold"]["amount"], "10", "{object}");
}

#[test]
fn a_winner_who_does_not_pay_is_named() {
    let deposit = Some(Deposit { share_bps: 1_000, pay_within_seconds: 20 });
    let format = Format::English(EnglishTerms { deposit, ..ENGLISH });
    let mut stage = auctioned(format, Raises::Most, 0);
    bid(&mut stage, 7, Bid::Raise { amount: usdc(12_000) });
    bid(&mut stage, 8, Bid::Raise { amount: usdc(13_000) });
    later(&mut stage, 10);
    later(&mut stage, 21);
    bid(&mut stage, 7, Bid::Pay);
    let (text, _) = stage.told(0);
    assert_eq!(
        lines(&text)[2..7],
        [
            "2 bids, the best 13,000.00 USDC for 10.0000 STETH",
            "auction 1 goes to bidder 8, who owes the rest",
            "bidder 8 has not paid and lost 1,300.00 USDC",
            "auction 1 goes to bidder 7, who owes the rest",
            "10.0000 STETH sold for 12,000.00 USDC at 1,200.00 (mark 1,550.00)",
        ],
        "{text}"
    );
}

#[test]
fn parts_that_are_taken_are_sales_and_no_bids() {
    let format = Format::Dutch(DutchTerms {
        start_bps: 10_000,
        curve: DutchCurve::Linear { seconds: 1_000 },
        age_seconds_max: 500,
        price_least_bps: 1_000,
        remainder_least_bps: 0,
    });
    let mut stage = auctioned(format, Raises::Most, 0);
    let price_max = Price::new(2_000, 0);
    bid(&mut stage, 7, Bid::Take { quantity: ONE, price_max });
    bid(&mut stage, 8, Bid::Take { quantity: 9 * ONE, price_max });
    let (text, _) = stage.told(0);
    let told = lines(&text);
    let sold = "1.0000 STETH sold for 1,550.00 USDC at 1,550.00 (mark 1,550.00)";
    assert_eq!(told[2], sold, "{text}");
    assert!(told[3].starts_with("nothing lost to bidder 7"), "{text}");
    assert!(!text.contains(" bids"), "{text}");
}

#[test]
fn sealed_bids_count_before_they_are_revealed() {
    let format = Format::Sealed(SealedTerms {
        second_price: false,
        reserve_bps: 9_900,
        deposit_bps: 100,
        commit_seconds: 10,
        reveal_seconds: 10,
    });
    let mut stage = auctioned(format, Raises::Most, 0);
    let salt = [3; 32];
    for (bidder, amount) in [(7, 12_000), (8, 13_000)] {
        let amount = U256::from(usdc(amount));
        let digest = breakwater_auction::sealed::commitment(1, bidder, amount, &salt);
        bid(&mut stage, bidder, Bid::Commit { digest });
    }
    let mut silent = Stage::empty();
    for command in stage.commands.clone() {
        silent.now = command.at.0;
        silent.done(command.body);
    }
    later(&mut silent, 10);
    later(&mut silent, 10);
    let (text, _) = silent.told(0);
    assert_eq!(lines(&text)[2], "2 bids, none of them revealed", "{text}");
    later(&mut stage, 10);
    bid(&mut stage, 8, Bid::Reveal { amount: usdc(13_000), salt });
    later(&mut stage, 10);
    let (text, _) = stage.told(0);
    let told = lines(&text);
    assert_eq!(told[2], "2 bids, the best 13,000.00 USDC for 10.0000 STETH", "{text}");
    assert_eq!(told[3], "auction 1 is over: 10.0000 STETH not sold", "{text}");
}

#[test]
fn several_buyers_are_told_together() {
    let batch = BatchTerms { reserve_bps: 5_000, cancel_seconds: 5, place_seconds: 10 };
    let mut stage = auctioned(Format::Batch(batch), Raises::Most, 0);
    let order = |pay, min_receive| Bid::Order { pay: usdc(pay), min_receive };
    bid(&mut stage, 7, order(8_000, 5 * ONE));
    bid(&mut stage, 8, order(9_000, 5 * ONE));
    bid(&mut stage, 9, order(20_000, ONE));
    bid(&mut stage, 9, Bid::Withdraw { pay: usdc(20_000), min_receive: ONE });
    later(&mut stage, 10);
    let (text, _) = stage.told(0);
    let told = lines(&text);
    assert_eq!(told[2], "2 bids, the best 9,000.00 USDC for 5.0000 STETH", "{text}");
    assert_eq!(told[4], "500.00 USD above the mark from the bidders; closed", "{text}");
}
