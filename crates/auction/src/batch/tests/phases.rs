use super::*;

const WINDOW: Window = Window { cancel_until: Time(100), place_until: Time(200) };

fn batch(fee_per_mille: u16) -> Batch<&'static str> {
    Batch::open(Terms { fee_per_mille, ..terms(1_000, 100) }, WINDOW).unwrap()
}

#[test]
fn each_phase_ends_at_its_instant() {
    let mut auction = batch(0);
    assert_eq!(auction.place(Time(0), &"a", 50, 10), Ok(2));
    assert_eq!(auction.place(Time(0), &"a", 60, 10), Ok(2));
    assert_eq!(auction.cancel(Time(99), &"a", 60, 10), Ok(60));
    let late = auction.cancel(Time(100), &"a", 50, 10).unwrap_err();
    assert_eq!(late.to_string(), "time of withdrawing is 100 ns: it must be before 100 ns");
    assert_eq!(auction.place(Time(199), &"b", 70, 10), Ok(3));
    let late = auction.place(Time(200), &"c", 70, 10).unwrap_err();
    assert_eq!(late.to_string(), "time of placing is 200 ns: it must be before 200 ns");
    let early = auction.settle(Time(199)).unwrap_err();
    assert_eq!(early.to_string(), "time of settling is 199 ns: it must be at or after 200 ns");
    let early = auction.claim(&"a", 50, 10).unwrap_err();
    assert_eq!(early.to_string(), "claiming: the auction must be settled");
    let settlement = auction.settle(Time(200)).unwrap();
    assert_eq!(auction.settlement(), Some(&settlement));
    let again = auction.settle(Time(201)).unwrap_err();
    assert_eq!(again.to_string(), "settling: the auction must be unsettled");
    // A clock that goes back opens nothing again.
    assert!(auction.place(Time(0), &"c", 70, 10).is_err());
    assert!(auction.cancel(Time(0), &"a", 50, 10).is_err());
    // 120 for 1,000, above the lowest: nobody's limit is reached.
    let share = auction.claim(&"a", 50, 10).unwrap();
    assert_eq!(share, Share { received: 416, refunded: 0 });
    let twice = auction.claim(&"a", 50, 10).unwrap_err();
    assert_eq!(twice.to_string(), "order of 50 for 10 is not known: it must stand, unclaimed");
    assert_eq!(auction.claim(&"b", 70, 10).unwrap().received, 583);
    assert_eq!(auction.orders().len(), 0);
    assert_eq!((settlement.dust_lot, settlement.dust_money), (1, 0));
}

#[test]
fn a_refused_order_changes_nothing_and_takes_no_number() {
    let mut auction = batch(5);
    // The lowest price is 100 for 1,000: 10 for 100 is it, not above it.
    let before = auction.clone();
    let refusal = auction.place(Time(0), &"a", 10, 100).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "limit price is 10 for 100: it must be above 100 for 1000, the lowest"
    );
    assert_eq!(auction, before);
    assert_eq!(auction.place(Time(0), &"b", 10, 99), Ok(3));
    let before = auction.clone();
    let refusal = auction.place(Time(0), &"b", 10, 99).unwrap_err();
    let repeated = "order of 10 for 99 stands already: it must differ in an amount";
    assert_eq!(refusal.to_string(), repeated);
    assert_eq!(auction, before);
    // The same amounts of somebody else are another order, and so is a withdrawn one.
    assert_eq!(auction.place(Time(0), &"a", 10, 99), Ok(4));
    assert_eq!(auction.cancel(Time(1), &"b", 10, 99), Ok(10));
    assert_eq!(auction.place(Time(1), &"b", 10, 99), Ok(3));
    assert!(auction.cancel(Time(1), &"c", 10, 99).is_err());
    assert_eq!((auction.number(&"a"), auction.number(&"c")), (Some(4), None));
}

#[test]
fn a_window_closes_to_withdrawals_first() {
    let open = |cancel, place| {
        let window = Window { cancel_until: Time(cancel), place_until: Time(place) };
        Batch::<u32>::open(terms(1_000, 100), window).map(|_| ()).map_err(|r| r.to_string())
    };
    assert_eq!(open(5, 5), Ok(()));
    assert_eq!(open(6, 5), Err("cancel_until is 6: it must be at most place_until".to_owned()));
    assert!(Batch::<u32>::open(terms(0, 100), WINDOW).is_err());
}

proptest! {
    #[test]
    fn the_state_forgets_the_order_of_arrival(
        ((terms, orders), shuffled) in any_auction().prop_flat_map(|(terms, orders)| {
            (Just((terms, orders.clone())), Just(orders).prop_shuffle())
        })
    ) {
        let play = |orders: &[Order]| {
            let mut auction = Batch::open(terms, WINDOW).unwrap();
            // Numbers go by the first order; a bidder known beforehand keeps his.
            for bidder in 2u64..6 {
                let (pay, min_receive) = (AMOUNT_END - 1, 1);
                if auction.place(Time(0), &bidder, pay, min_receive).is_ok() {
                    auction.cancel(Time(0), &bidder, pay, min_receive).unwrap();
                }
            }
            for order in orders {
                auction.place(Time(0), &order.bidder(), order.pay(), order.min_receive()).unwrap();
            }
            auction
        };
        let (mut first, mut second) = (play(&orders), play(&shuffled));
        prop_assert_eq!(&first, &second);
        let settlement = first.settle(Time(200)).unwrap();
        prop_assert_eq!(settlement, second.settle(Time(200)).unwrap());
        let claim = |auction: &mut Batch<u64>, order: &Order| {
            auction.claim(&order.bidder(), order.pay(), order.min_receive()).unwrap()
        };
        let mut left = terms.deposit().unwrap();
        for order in &orders {
            let share = claim(&mut first, order);
            prop_assert_eq!(share, claim(&mut second, order));
            left -= share.received;
        }
        let Settlement { proceeds, dust_lot, .. } = settlement;
        prop_assert_eq!(left, proceeds.returned + proceeds.fee + dust_lot);
    }
}
