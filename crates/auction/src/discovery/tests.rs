use super::*;
use proptest::prelude::*;

fn money(amount: u64) -> U256 {
    U256::from(amount)
}

fn bids(bids: &[(u32, u64)]) -> Vec<Bid<u32>> {
    bids.iter().map(|(bidder, amount)| Bid { bidder: *bidder, amount: money(*amount) }).collect()
}

fn record(bids: &[Bid<u32>]) -> Record<'_, u32> {
    Record {
        fair_at_start: money(1_200),
        fair_at_clearing: money(1_000),
        paid: money(970),
        wanted: money(960),
        returned: money(40),
        values: Some(Values { winner: money(2), highest: money(3) }),
        began: Time(1_000),
        cleared: Time(4_500),
        resets: 2,
        bids,
    }
}

#[test]
fn a_sale_worked_by_hand() {
    let bids = bids(&[(1, 100), (2, 300), (1, 200), (3, 400)]);
    let measures = measure(&record(&bids)).unwrap();
    let expected = Measures {
        // 970/1200 = 0.80833..., 970/1000, 30/1000, 2/3 = 0.666666...
        revenue_at_start_bps: Some(8_083),
        revenue_at_clearing_bps: Some(9_700),
        deviation_bps: Some(300),
        efficiency_ppm: Some(666_666),
        shortfall: money(0),
        loss_to_fair: money(30),
        overpayment: money(0),
        owner_surplus: money(50),
        nanos_to_clear: 3_500,
        resets: 2,
        bidders: 3,
        // (300^2 + 300^2 + 400^2) / 1000^2
        concentration_ppm: Some(340_000),
        spread: Some(Spread { least: money(100), median: money(200), most: money(400) }),
    };
    assert_eq!(measures, expected);
}

#[test]
fn paying_one_unit_more_or_less_than_wanted_or_fair() {
    let at = |paid: u64| measure(&Record { paid: money(paid), ..record(&[]) }).unwrap();
    let sides = |paid| {
        let measures = at(paid);
        let Measures { shortfall, owner_surplus, loss_to_fair, overpayment, .. } = measures;
        [shortfall, owner_surplus - money(40), loss_to_fair, overpayment]
    };
    assert_eq!(sides(959), [1, 0, 41, 0].map(money));
    assert_eq!(sides(960), [0, 0, 40, 0].map(money));
    assert_eq!(sides(961), [0, 1, 39, 0].map(money));
    assert_eq!(sides(999), [0, 39, 1, 0].map(money));
    assert_eq!(sides(1_000), [0, 40, 0, 0].map(money));
    assert_eq!(sides(1_001), [0, 41, 0, 1].map(money));
    assert_eq!(at(1_001).deviation_bps, Some(10));
    assert_eq!(at(999).deviation_bps, Some(10));
}

#[test]
fn nothing_sold_and_nobody_there_has_no_shares() {
    let nothing = Record {
        fair_at_start: money(0),
        fair_at_clearing: money(0),
        paid: money(0),
        values: None,
        ..record(&[])
    };
    let measures = measure(&nothing).unwrap();
    assert_eq!(measures.revenue_at_start_bps, None);
    assert_eq!(measures.revenue_at_clearing_bps, None);
    assert_eq!((measures.deviation_bps, measures.efficiency_ppm), (None, None));
    assert_eq!((measures.concentration_ppm, measures.spread), (None, None));
    assert_eq!((measures.bidders, measures.shortfall), (0, money(960)));
    // A bid of nothing is a bid, and has no share in nothing.
    let zero = bids(&[(1, 0)]);
    let measures = measure(&record(&zero)).unwrap();
    assert_eq!((measures.bidders, measures.concentration_ppm), (1, None));
}

#[test]
fn amounts_of_256_bits_are_measured_exactly() {
    let two = [Bid { bidder: 1, amount: U256::MAX }, Bid { bidder: 2, amount: U256::MAX }];
    let whole = Record {
        fair_at_start: U256::MAX,
        fair_at_clearing: U256::MAX,
        paid: U256::MAX,
        wanted: U256::MAX,
        ..record(&two)
    };
    let measures = measure(&whole).unwrap();
    assert_eq!(measures.revenue_at_start_bps, Some(10_000));
    assert_eq!(measures.concentration_ppm, Some(500_000));
    let too_much = Record { returned: U256::MAX, wanted: U256::ZERO, ..whole };
    assert_eq!(measure(&too_much), Err(MoneyError::Overflow));
}

proptest! {
    #[test]
    fn concentration_lies_between_equal_bidders_and_one(
        drawn in prop::collection::vec((0u32..6, 1u64..1_000), 1..30)
    ) {
        let bids = bids(&drawn);
        let measures = measure(&record(&bids)).unwrap();
        let index = measures.concentration_ppm.unwrap();
        prop_assert!(index <= 1_000_000);
        prop_assert!(index >= 1_000_000 / measures.bidders as u128);
        prop_assert_eq!(index == 1_000_000, measures.bidders == 1);
        let Spread { least, median, most } = measures.spread.unwrap();
        let below = bids.iter().filter(|bid| bid.amount < median).count();
        let above = bids.iter().filter(|bid| bid.amount > median).count();
        prop_assert!(least <= median && median <= most);
        prop_assert!(2 * below < bids.len() && 2 * above <= bids.len());
    }
}
