use super::*;
use crate::movement::Incoming;
use crate::movement::OutReason;
use proptest::prelude::*;

/// What a generated holder does.
#[derive(Debug, Clone)]
enum Act {
    Buy { wallet: u32, quantity: u64, cost: u64 },
    Sell { wallet: u32, share: u8, proceeds: u64 },
    Move { from: u32, to: u32, share: u8 },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        (0..3u32, 1..1_000_000_007u64, 0..999_999_937u64)
            .prop_map(|(wallet, quantity, cost)| Act::Buy { wallet, quantity, cost }),
        (0..3u32, 1..=100u8, 0..999_999_937u64).prop_map(|(wallet, share, proceeds)| Act::Sell {
            wallet,
            share,
            proceeds
        }),
        (0..3u32, 0..3u32, 1..=100u8).prop_map(|(from, to, share)| Act::Move { from, to, share }),
    ];
    prop::collection::vec(act, 1..60)
}

fn orders() -> impl Strategy<Value = Order> {
    prop::sample::select(vec![Order::Fifo, Order::Lifo, Order::Hifo, Order::Lofo, Order::Average])
}

/// Follows the acts beside the lots, in units of a wallet that a share is taken of.
fn play(policy: Policy, acts: &[Act]) -> Result<(Lots, usize)> {
    let mut names = Names::new();
    let asset = names.asset("coin");
    let wallets: Vec<_> = ["a", "b", "c"].iter().map(|name| names.wallet(name)).collect();
    let mut lots = Lots::new(policy);
    let mut held = [0i128; 3];
    let mut done = 0;
    for (at, act) in acts.iter().enumerate() {
        let source = names.source(&at.to_string());
        let time = Time(at as u64 * 1_000);
        let part = |held: i128, share: u8| held * i128::from(share) / 100;
        let (wallet, change) = match act {
            Act::Buy { wallet, quantity, cost } => {
                let quantity = Quantity(i128::from(*quantity) * 1_000_003);
                held[*wallet as usize] += quantity.0;
                let incoming = Incoming {
                    quantity,
                    cost: Value(i128::from(*cost) * 1_000_000_007),
                    fee: Value(1),
                    how: Acquired::Bought,
                    acquired: time,
                    price: None,
                };
                (*wallet, Change::In(incoming))
            }
            Act::Sell { wallet, share, proceeds } => {
                let quantity = part(held[*wallet as usize], *share);
                if quantity == 0 {
                    continue;
                }
                held[*wallet as usize] -= quantity;
                let out = Outgoing {
                    quantity: Quantity(quantity),
                    fee_in_kind: Quantity::ZERO,
                    proceeds: Value(i128::from(*proceeds)),
                    fee: Value::ZERO,
                    market: None,
                    how: OutReason::Disposed(crate::entry::Disposed::Sold),
                    lots: Vec::new(),
                };
                (*wallet, Change::Out(out))
            }
            Act::Move { from, to, share } => {
                let quantity = part(held[*from as usize], *share);
                if quantity == 0 {
                    continue;
                }
                held[*from as usize] -= quantity;
                held[*to as usize] += quantity;
                let (to, quantity) = (wallets[*to as usize], Quantity(quantity));
                let (price, lots) = (crate::number::Price::ZERO, Vec::new());
                (*from, Change::Move { to, quantity, price, lots })
            }
        };
        let wallet = wallets[wallet as usize];
        lots.apply(&names, &Movement { at: time, wallet, source, asset, change })?;
        lots.close()?;
        done += 1;
    }
    let total: i128 = held.iter().sum();
    let open: i128 = lots.open().map(|(_, lot)| lot.quantity.0).sum();
    assert_eq!(total, open);
    let proceeds: i128 = lots.rows().iter().map(|row| row.proceeds.0).sum();
    let asked = acts.iter().zip(0..).filter_map(|(act, at)| match act {
        Act::Sell { proceeds, .. } => {
            let sold =
                lots.rows().iter().any(|row| names.source_name(row.source) == at.to_string());
            sold.then_some(i128::from(*proceeds))
        }
        _ => None,
    });
    assert_eq!(proceeds, asked.sum::<i128>());
    Ok((lots, done))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn accounts_close_after_every_movement(
        order in orders(), later in orders(), wallet: bool, acts in acts(), turn in 0..60u64,
    ) {
        let (scope, other) =
            if wallet { (Scope::Wallet, Scope::Universal) } else { (Scope::Universal, Scope::Wallet) };
        let from = Time(turn * 1_000);
        let policy = Policy::new(order, scope)
            .with_scope(from, other)
            .with_order(StandingOrder { from, wallet: None, order: later });
        let (_, done) = play(policy, &acts).unwrap();
        prop_assert!(done <= acts.len());
    }

    #[test]
    fn a_lot_goes_in_the_order_asked_for(order in orders(), acts in acts()) {
        prop_assume!(order != Order::Average);
        let (lots, _) = play(Policy::new(order, Scope::Universal), &acts).unwrap();
        // Rows of one disposal are sorted by the order, with exact unit bases.
        for pair in lots.rows().windows(2).filter(|pair| pair[0].source == pair[1].source) {
            let unit = |row: &Row| {
                let lot = lots.lots.iter().find(|lot| Some(lot.source) == row.lot).unwrap();
                lot.entered_basis.rational() / lot.entered.rational()
            };
            let (first, second) = (&pair[0], &pair[1]);
            match order {
                Order::Fifo => prop_assert!(first.acquired <= second.acquired),
                Order::Lifo => prop_assert!(first.acquired >= second.acquired),
                Order::Hifo => prop_assert!(unit(first) >= unit(second)),
                Order::Lofo | Order::Average => prop_assert!(unit(first) <= unit(second)),
            }
        }
    }
}

fn movement(names: &mut Names, at: u64, wallet: &str, source: &str, change: Change) -> Movement {
    let (asset, wallet) = (names.asset("ETH"), names.wallet(wallet));
    Movement { at: Time(at), wallet, source: names.source(source), asset, change }
}

fn brought(quantity: &str, cost: &str) -> Change {
    Change::In(Incoming {
        quantity: Quantity::parse(quantity).unwrap(),
        cost: Value::parse(cost).unwrap(),
        fee: Value::ZERO,
        how: Acquired::Bought,
        acquired: Time(1),
        price: None,
    })
}

fn sold(quantity: &str, proceeds: &str) -> Change {
    Change::Out(Outgoing {
        quantity: Quantity::parse(quantity).unwrap(),
        fee_in_kind: Quantity::ZERO,
        proceeds: Value::parse(proceeds).unwrap(),
        fee: Value::ZERO,
        market: None,
        how: OutReason::Disposed(crate::entry::Disposed::Sold),
        lots: Vec::new(),
    })
}

#[test]
fn more_than_is_held_is_refused_or_assumed() {
    let mut names = Names::new();
    let list = [
        movement(&mut names, 1, "a", "b1", brought("1", "100")),
        movement(&mut names, 2, "a", "s1", sold("3", "600")),
    ];
    let run = |shortage| {
        let policy = Policy::new(Order::Fifo, Scope::Wallet).with_shortage(shortage);
        let mut lots = Lots::new(policy);
        list.iter().try_for_each(|movement| lots.apply(&names, movement)).map(|()| lots)
    };
    let error = run(Shortage::Refuse).unwrap_err().to_string();
    assert!(error.contains("s1: 3 ETH go out of wallet `a` and 1 are held there"), "{error}");
    let gain = |shortage| {
        let lots = run(shortage).unwrap();
        lots.close().unwrap();
        assert_eq!(lots.assumptions().len(), 1);
        lots.rows().iter().map(|row| row.gain().unwrap().0).sum::<i128>() / crate::number::ONE
    };
    assert_eq!((gain(Shortage::ZeroBasis), gain(Shortage::ProceedsAsBasis)), (500, 100));
}

#[test]
fn what_is_earlier_than_before_or_not_there_is_refused() {
    let mut names = Names::new();
    let mut lots = Lots::new(Policy::new(Order::Fifo, Scope::Wallet));
    let first = movement(&mut names, 5, "a", "b1", brought("1", "100"));
    lots.apply(&names, &first).unwrap();
    let early = movement(&mut names, 4, "a", "b0", brought("1", "100"));
    assert!(matches!(lots.apply(&names, &early), Err(AccountingError::OutOfOrder { .. })));
    let mut change = sold("1", "1");
    if let Change::Out(out) = &mut change {
        out.lots = vec![names.source("b9")];
    }
    let wrong = movement(&mut names, 6, "a", "s1", change);
    assert!(matches!(lots.apply(&names, &wrong), Err(AccountingError::NoSuchLot { .. })));
}

#[test]
fn a_pool_for_all_wallets_is_allotted_by_balances_when_the_rule_changes() {
    let mut names = Names::new();
    let policy = Policy::new(Order::Fifo, Scope::Universal).with_scope(Time(10), Scope::Wallet);
    let mut lots = Lots::new(policy);
    let list = [
        movement(&mut names, 1, "b", "b1", brought("2", "200")),
        movement(&mut names, 2, "a", "b2", brought("2", "800")),
        // Out of wallet b, but the earliest lot of all goes: there it is b1 all the same.
        movement(&mut names, 3, "a", "s1", sold("1", "500")),
        movement(&mut names, 11, "b", "s2", sold("2", "900")),
    ];
    for movement in &list {
        lots.apply(&names, movement).unwrap();
        lots.close().unwrap();
    }
    let told: Vec<_> = lots
        .rows()
        .iter()
        .map(|row| (names.source_name(row.lot.unwrap()), row.basis.to_string()))
        .collect();
    // Wallet a comes first by name and gets the rest of b1; wallet b has b2.
    assert_eq!(told, [("b1", "100".to_owned()), ("b2", "800".to_owned())]);
    assert_eq!(lots.moves().len(), 2);
}
