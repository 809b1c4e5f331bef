use super::*;
use breakwater_money::{Rational, rational};
use proptest::prelude::*;

mod phases;

/// The price and the shares straight from their definition, order by order against all others, in
/// exact fractions.
mod naive {
    use super::*;

    fn number(amount: u128) -> Rational {
        Rational::from_integer(rational::big(U256::from(amount)).into())
    }

    fn floor(value: Rational) -> u128 {
        rational::to_raw(&value, 0, breakwater_money::Rounding::Floor).unwrap()
    }

    /// Money for a unit of the lot at the order's limit.
    fn limit(order: &Order) -> Rational {
        number(order.pay()) / number(order.min_receive())
    }

    fn served_before(a: &Order, b: &Order) -> bool {
        let (first, second) = (limit(a), limit(b));
        first > second
            || (first == second && (a.min_receive(), a.bidder()) < (b.min_receive(), b.bidder()))
    }

    /// Sold, paid, what the order at each place pays, and the units sold.
    pub fn clear(orders: &[Order], terms: &Terms) -> (u128, u128, Vec<u128>, u128) {
        let with = |order: &Order| {
            let counted = |other: &&Order| *other == order || served_before(other, order);
            orders.iter().filter(counted).map(|other| other.pay()).sum::<u128>()
        };
        let buys_all = |order: &Order| number(with(order)) / limit(order) >= number(terms.sell);
        let pays = |wins: &dyn Fn(&Order) -> bool| {
            orders.iter().map(|o| if wins(o) { o.pay() } else { 0 }).collect::<Vec<u128>>()
        };
        let reach = orders.iter().filter(|order| buys_all(order));
        let margin = reach.min_by(|a, b| served_before(b, a).cmp(&served_before(a, b)));
        let whole: u128 = orders.iter().map(Order::pay).sum();
        let Some(margin) = margin else {
            let all = pays(&|_| true);
            if whole > terms.min_buy {
                return (terms.sell, whole, all, terms.sell);
            }
            let fill = floor(number(whole) * number(terms.sell) / number(terms.min_buy));
            return (terms.sell, terms.min_buy, all, fill);
        };
        let before = with(margin) - margin.pay();
        let buys = floor(number(terms.sell) * limit(margin));
        if buys < before {
            let paid = pays(&|order| served_before(order, margin));
            return (terms.sell, before, paid, terms.sell);
        }
        let mut paid = pays(&|order| served_before(order, margin));
        let at = orders.iter().position(|order| order == margin).unwrap();
        paid[at] = buys - before;
        (margin.min_receive(), margin.pay(), paid, terms.sell)
    }
}

fn book(orders: &[Order]) -> Book {
    let mut book = Book::with_capacity(orders.len());
    orders.iter().for_each(|order| book.push(*order).unwrap());
    book
}

/// Orders of an auction that it would take: distinct, limits above the lowest.
fn admitted(drawn: &[(u64, u128, u128)], terms: &Terms) -> Vec<Order> {
    let mut orders: Vec<Order> = Vec::new();
    for (bidder, pay, min_receive) in drawn {
        let order = Order::new(*bidder, *pay, *min_receive).unwrap();
        if terms.admits(&order) && !orders.contains(&order) {
            orders.push(order);
        }
    }
    orders
}

/// A lot and orders of like size, small so that limits tie, or of up to 96 bits.
fn any_auction() -> impl Strategy<Value = (Terms, Vec<Order>)> {
    let size =
        prop_oneof![Just(2u128..12), Just(2..100), Just(1u128 << 60..1 << 70), Just(1..AMOUNT_END)];
    size.prop_flat_map(|size| {
        let one = || size.clone();
        let orders = prop::collection::vec((2u64..6, one(), one()), 0..14);
        let divisor = prop_oneof![Just(1u128), Just(4), Just(50)];
        (one(), one(), divisor, 0u128..3, 0u16..=15, orders)
    })
    .prop_map(|(sell, min_buy, divisor, funding, fee_per_mille, drawn)| {
        let min_buy = (min_buy / divisor).max(1);
        let min_funding = min_buy.saturating_mul(funding);
        let terms = Terms { sell, min_buy, min_funding, fee_per_mille };
        let orders = admitted(&drawn, &terms);
        (terms, orders)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn selection_finds_what_the_definition_says((terms, orders) in any_auction()) {
        let mut columns = book(&orders);
        let clearing = columns.clear(&terms).unwrap();
        let (sold, paid, pays, fill) = naive::clear(&orders, &terms);
        prop_assert_eq!((clearing.sold, clearing.paid, clearing.fill), (sold, paid, fill));
        prop_assert_eq!(clearing.money, pays.iter().sum::<u128>());
        prop_assert_eq!(clearing.funded, clearing.money >= terms.min_funding);
        let shares = columns.shares(&clearing).unwrap();
        for ((order, share), pays) in orders.iter().zip(shares).zip(pays) {
            let pays = if clearing.funded { pays } else { 0 };
            prop_assert_eq!(share.refunded, order.pay() - pays);
            prop_assert_eq!(share.received, {
                let got = product(pays, sold) / U256::from(paid);
                u128::try_from(got).unwrap()
            });
        }
    }

    #[test]
    fn arrival_changes_nothing(
        ((terms, orders), shuffled) in any_auction().prop_flat_map(|(terms, orders)| {
            (Just((terms, orders.clone())), Just(orders).prop_shuffle())
        })
    ) {
        let (mut first, mut second) = (book(&orders), book(&shuffled));
        let clearing = first.clear(&terms).unwrap();
        prop_assert_eq!(clearing, second.clear(&terms).unwrap());
        // Clearing again, from columns that the first clearing left in another order.
        prop_assert_eq!(clearing, first.clear(&terms).unwrap());
        let shares = first.shares(&clearing).unwrap();
        let again = second.shares(&clearing).unwrap();
        for (order, share) in orders.iter().zip(shares) {
            let at = shuffled.iter().position(|other| other == order).unwrap();
            prop_assert_eq!(share, again[at]);
        }
    }

    #[test]
    fn nothing_is_made_or_lost((terms, orders) in any_auction()) {
        let mut columns = book(&orders);
        let settlement = Settlement::of(&mut columns, &terms).unwrap();
        let Settlement { clearing, proceeds, .. } = settlement;
        let shares = columns.shares(&clearing).unwrap();
        let received: u128 = shares.iter().map(|share| share.received).sum();
        let refunded: u128 = shares.iter().map(|share| share.refunded).sum();
        let given: u128 = orders.iter().map(Order::pay).sum();
        prop_assert_eq!(given, proceeds.received + refunded + settlement.dust_money);
        let lot = received + proceeds.returned + proceeds.fee + settlement.dust_lot;
        prop_assert_eq!(terms.deposit().unwrap(), lot);
        // Dust of the lot: less than a unit a winner, what one unit of money buys where the margin's
        // payment was rounded down, and one of the fee's two floors. Dust of money: less than the
        // price of one unit of the lot, and its floor.
        let winners = shares.iter().zip(&orders).filter(|(s, o)| s.refunded < o.pay()).count();
        let bought = clearing.marginal.map_or(0, |_| clearing.sold / clearing.paid + 1);
        prop_assert!(settlement.dust_lot <= winners as u128 + bought + 1);
        let unit = clearing.paid / clearing.sold + 1;
        prop_assert!(settlement.dust_money <= unit, "{} {}", settlement.dust_money, unit);
        if clearing.fill == terms.sell {
            prop_assert_eq!(settlement.dust_money, 0);
        }
    }

    #[test]
    fn every_winner_gets_at_least_his_limit_and_nobody_above_it_is_left_out(
        (terms, orders) in any_auction()
    ) {
        let mut columns = book(&orders);
        let clearing = columns.clear(&terms).unwrap();
        prop_assume!(clearing.funded);
        for (order, share) in orders.iter().zip(columns.shares(&clearing).unwrap()) {
            let pays = order.pay() - share.refunded;
            // At his limit what he pays buys so much, rounded down as everything received is.
            let at_limit = product(pays, order.min_receive()) / U256::from(order.pay());
            prop_assert!(U256::from(share.received) >= at_limit);
            if pays == order.pay() {
                prop_assert!(share.received >= order.min_receive());
            } else {
                // Not served in full: the price is his limit or worse than it.
                let (own, price) = (
                    product(order.pay(), clearing.sold), product(clearing.paid, order.min_receive())
                );
                prop_assert!(own <= price);
            }
        }
        // And the seller never gets less than the lowest price, but for a unit of rounding.
        let proceeds = clearing.proceeds(&terms).unwrap();
        let lowest = product(clearing.fill, terms.min_buy) / U256::from(terms.sell);
        prop_assert!(U256::from(proceeds.received) >= lowest);
    }
}

/// How often each branch of the rule is drawn, so that the properties above say something.
#[test]
fn the_generator_reaches_every_branch() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), seed);
    let mut branches = [0u32; 6];
    for _ in 0..2_000 {
        let (terms, orders) = any_auction().new_tree(&mut runner).unwrap().current();
        let clearing = book(&orders).clear(&terms).unwrap();
        let between = clearing.paid != terms.min_buy && clearing.marginal.is_none();
        let all = clearing.money == orders.iter().map(Order::pay).sum::<u128>();
        branches[0] += u32::from(clearing.marginal.is_some());
        branches[1] += u32::from(between && !all);
        branches[2] += u32::from(between && all);
        branches[3] += u32::from(clearing.fill < terms.sell);
        branches[4] += u32::from(!clearing.funded);
        branches[5] += u32::from(orders.is_empty());
    }
    assert!(branches.iter().all(|count| *count > 60), "{branches:?}");
}

fn terms(sell: u128, min_buy: u128) -> Terms {
    Terms { sell, min_buy, min_funding: 0, fee_per_mille: 0 }
}

fn order(bidder: u64, pay: u128, min_receive: u128) -> Order {
    Order::new(bidder, pay, min_receive).unwrap()
}

#[test]
fn the_margin_is_in_while_its_money_covers_what_is_not_needed() {
    // At 1 for 1 the lot of 100 costs 100. The orders before bring 99, 100 or 101 of it.
    let clear = |before: u128| {
        book(&[order(2, before, 10), order(3, 50, 50)]).clear(&terms(100, 1)).unwrap()
    };
    let pays = |clearing: &Clearing| clearing.marginal.map(|marginal| marginal.pays);
    let below = clear(99);
    assert_eq!((pays(&below), below.paid, below.sold, below.money), (Some(1), 50, 50, 100));
    // All of it uncovered: the margin still sets the price and pays nothing.
    let exact = clear(100);
    assert_eq!((pays(&exact), exact.paid, exact.sold, exact.money), (Some(0), 50, 50, 100));
    let above = clear(101);
    assert_eq!((pays(&above), above.paid, above.sold, above.money), (None, 101, 100, 101));
}

#[test]
fn money_for_exactly_the_lot_reaches_it() {
    let clear = |pay: u128| book(&[order(2, pay, pay)]).clear(&terms(100, 1)).unwrap();
    // At 1 for 1: 99 do not buy the lot, so the price rises to 99 for 100... below the limit.
    assert_eq!((clear(99).marginal, clear(99).paid, clear(99).sold), (None, 99, 100));
    assert_eq!(clear(100).marginal.map(|marginal| marginal.pays), Some(100));
    assert_eq!(clear(101).marginal.map(|marginal| marginal.pays), Some(100));
}

#[test]
fn the_lowest_price_holds_until_the_money_exceeds_it() {
    let clear = |pay: u128| book(&[order(2, pay, 1)]).clear(&terms(100, 60)).unwrap();
    let told = |clearing: Clearing| (clearing.paid, clearing.sold, clearing.fill);
    assert_eq!(told(clear(59)), (60, 100, 98));
    assert_eq!(told(clear(60)), (60, 100, 100));
    assert_eq!(told(clear(61)), (61, 100, 100));
    let nobody = book(&[]).clear(&terms(100, 60)).unwrap();
    assert_eq!((told(nobody), nobody.funded), ((60, 100, 0), true));
}

#[test]
fn funding_is_reached_by_its_exact_amount() {
    let with = |min_funding| Terms { min_funding, fee_per_mille: 10, ..terms(1_000, 60) };
    let one = order(2, 80, 1);
    for (min_funding, funded) in [(79, true), (80, true), (81, false)] {
        let mut columns = book(&[one]);
        let settlement = Settlement::of(&mut columns, &with(min_funding)).unwrap();
        let Settlement { clearing, proceeds, .. } = settlement;
        assert_eq!(clearing.funded, funded, "{min_funding}");
        let share = clearing.share(&one).unwrap();
        let expected = match funded {
            true => (Share { received: 1_000, refunded: 0 }, 80, 0, 10),
            false => (Share { received: 0, refunded: 80 }, 0, 1_010, 0),
        };
        let found = (share, proceeds.received, proceeds.returned, proceeds.fee);
        assert_eq!(found, expected, "{min_funding}");
        assert_eq!((clearing.paid, clearing.sold), (80, 1_000));
    }
}

#[test]
fn the_fees_two_floors_leave_a_unit_behind() {
    // An escrow of 5 on 1,000 sold in half: 2 and 2.
    let terms = Terms { fee_per_mille: 5, ..terms(1_000, 100) };
    let settlement = Settlement::of(&mut book(&[order(2, 50, 1)]), &terms).unwrap();
    let Settlement { proceeds, .. } = settlement;
    assert_eq!((proceeds.fee, proceeds.returned, settlement.dust_lot), (2, 502, 1));
}

#[test]
fn equal_limits_are_served_the_smaller_first_then_the_lower_number() {
    let (small, large, second) = (order(9, 10, 10), order(2, 20, 20), order(3, 20, 20));
    assert!(small < large && large < second);
    // 35 of the lot of 35 at 1 for 1: ten, twenty, and five at the margin.
    let mut columns = book(&[second, large, small]);
    let clearing = columns.clear(&terms(35, 1)).unwrap();
    assert_eq!(clearing.marginal, Some(Marginal { order: second, pays: 5 }));
    let shares = columns.shares(&clearing).unwrap();
    assert_eq!(shares.iter().map(|share| share.received).collect::<Vec<_>>(), [5, 20, 10]);
}

#[test]
fn the_largest_amounts_do_not_overflow() {
    let top = AMOUNT_END - 1;
    let orders = [order(2, top, top), order(3, top, 1), order(4, top, top - 1)];
    let terms = Terms { fee_per_mille: 15, ..terms(top, 1) };
    let settlement = Settlement::of(&mut book(&orders), &terms).unwrap();
    assert_eq!(settlement.clearing.fill, top);
    assert!(settlement.dust_lot <= 3);
}

#[test]
fn amounts_and_terms_out_of_range_are_named() {
    let told = |refusal: Result<Order, Refusal>| refusal.unwrap_err().to_string();
    let right = "it must be above zero and below 2^96";
    assert_eq!(told(Order::new(2, 0, 1)), format!("pay is 0: {right}"));
    assert_eq!(told(Order::new(2, 1, 0)), format!("min_receive is 0: {right}"));
    let end = AMOUNT_END;
    assert_eq!(told(Order::new(2, end, 1)), format!("pay is {end}: {right}"));
    assert!(Order::new(2, end - 1, end - 1).is_ok());
    let check = |terms: Terms| terms.check().map_err(|refusal| refusal.to_string());
    assert_eq!(check(terms(0, 1)), Err(format!("sell is 0: {right}")));
    assert_eq!(check(terms(1, 0)), Err(format!("min_buy is 0: {right}")));
    let fee = |fee_per_mille| check(Terms { fee_per_mille, ..terms(1, 1) });
    assert_eq!(fee(16), Err("fee_per_mille is 16: it must be at most 15".to_owned()));
    assert_eq!(fee(15), Ok(()));
}
