//! Each formula that a venue or program publishes, as an instance of the solver. The numbers R1 to
//! R12 are those of the list in the conformance notes.

use super::*;

proptest! {
    #[test]
    fn cross_isolated_and_hedge_mode_r1_r1h_r12(
        wallet in 1i128..1_000_000, quantity in 1i128..10_000, entry in 1i128..10_000,
        mark in 1i128..10_000, rate_e9 in 1i128..500_000_000, cum in 0i128..1_000,
        long in any::<bool>(), other in 1i128..1_000, profit in -1_000i128..1_000,
    ) {
        let side = int(if long { 1 } else { -1 });
        let (size, entry, mark, cum) = (int(quantity), int(entry), int(mark), int(cum));
        let (wallet, rate) = (int(wallet), rational::from_raw(rate_e9, 9));
        let quantity = &side * &size;
        let flat = Maintenance::flat(rate.clone(), cum.clone());
        let leg = Leg { quantity: quantity.clone(), maintenance: flat.clone() };
        // One other position of `other` contracts at mark 10 with a profit, 2 % and cum 3.
        let held = Held {
            position: Opened {
                leg: Leg { quantity: int(-other), maintenance: Maintenance::flat(r("0.02"), r("3")) },
                entry: int(10) + rational::from_raw(profit, 2),
            },
            mark: int(10),
        };
        let (up_other, mm_other) =
            (rational::from_raw(other * profit, 2), int(other) * r("0.2") - r("3"));
        let positive = |price: Rational| Some(price).filter(|price| *price > int(0));

        let opened = Opened { leg: leg.clone(), entry: entry.clone() };
        let cross = LinearBook::cross(wallet.clone(), vec![opened.clone()], std::slice::from_ref(&held));
        let closed = (&wallet - &mm_other + &up_other + &cum - &quantity * &entry)
            / (&size * (&rate - &side));
        let root = cross.liquidation_price(&mark).map(|root| root.price);
        prop_assert_eq!(root.clone(), positive(closed));

        let equity = cross.equity(&mark);
        let same = LinearBook::at_mark(equity.clone(), mm_other.clone(), &mark, vec![leg.clone()]);
        prop_assert_eq!(same.liquidation_price(&mark).map(|root| root.price), root);
        let general = (&equity - &quantity * &mark - &mm_other + &cum) / (&size * (&rate - &side));
        prop_assert_eq!(same.liquidation_price(&mark).map(|root| root.price), positive(general));

        // Hedge mode: the sums over both legs.
        let hedge = Opened {
            leg: Leg { quantity: -&quantity * int(2), maintenance: flat }, entry: mark.clone(),
        };
        let both = LinearBook::cross(wallet.clone(), vec![opened, hedge], &[held]);
        let closed = (&wallet - &mm_other + &up_other + &cum * int(2) - &quantity * &entry
            + &quantity * &mark * int(2))
            / (&size * (&rate * int(3) + &side));
        prop_assert_eq!(both.liquidation_price(&mark).map(|root| root.price), positive(closed));
    }

    #[test]
    fn an_inverse_contract_r2_r6_r9(case in any_case(), cum in 0i128..50) {
        let Case { side, size: value, entry, rate, margin, .. } = &case;
        let cum = rational::from_raw(cum, 3);
        let maintenance = Maintenance::flat(rate.clone(), cum.clone());
        let book = MixedBook::isolated(margin.clone(), Position::inverse(side * value, entry.clone(), maintenance));
        let book = book.unwrap();
        let closed = quotient(value * (rate + side), margin + &cum + side * value / entry);
        prop_assert_eq!(price(&book), closed);
        // The same with everything times the side, and no deduction.
        let closed = quotient(value * (int(1) + side * rate), value / entry + side * (margin + &cum));
        prop_assert_eq!(price(&book), closed);
        prop_assert_eq!(book.bankruptcy_price(), quotient(value.clone(), value / entry + side * margin));
        // Margin of a position at leverage L: E L / (L + s).
        let leverage = int(case.leverage);
        let position = Position::inverse(side * value, entry.clone(), Maintenance::none());
        let book = MixedBook::isolated(value / entry / &leverage, position).unwrap();
        let closed = quotient(entry * &leverage, &leverage + side);
        prop_assert_eq!(book.bankruptcy_price(), closed);
    }

    #[test]
    fn a_taker_fee_in_the_rate_r3(case in any_case()) {
        let Case { side, size, entry, rate, margin, fee, .. } = &case;
        let position = Position::linear(side * size, entry.clone(), Maintenance::flat(rate.clone(), int(0)));
        let book = MixedBook::isolated(margin.clone(), position.clone().with_fee(Fee::AtMark(fee.clone())));
        let closed = quotient(entry - side * margin / size, int(1) - side * (rate + fee));
        prop_assert_eq!(price(&book.unwrap()), closed.clone());
        let maintenance = position.maintenance.clone().plus_rate(fee);
        let same = MixedBook::isolated(margin.clone(), Position { maintenance, ..position }).unwrap();
        prop_assert_eq!(price(&same), closed);
        prop_assert_eq!(same.bankruptcy_price(), positive(entry - side * margin / size));
    }

    #[test]
    fn a_requirement_at_entry_r4_r5a_r8(case in any_case(), deduction in 0i128..50, extra in 0i128..100) {
        let Case { side, size, entry, rate, .. } = &case;
        let leverage = int(case.leverage);
        let (deduction, extra) = (rational::from_raw(deduction, 3), rational::from_raw(extra, 2));
        let maintenance = Maintenance::flat(rate.clone(), deduction.clone());
        let initial = size * entry / &leverage;
        let required = size * entry * rate - &deduction;
        let position = Position::linear(side * size, entry.clone(), maintenance.clone()).with_basis(Basis::Entry);
        let book = MixedBook::isolated(&initial + &extra, position).unwrap();
        let closed = entry - side * (&initial - &required) / size - side * &extra / size;
        prop_assert_eq!(price(&book), positive(closed));

        let coins = size / entry;
        let (initial, required) = (&coins / &leverage, &coins * rate - &deduction);
        let position = Position::inverse(side * size, entry.clone(), maintenance).with_basis(Basis::Entry);
        let book = MixedBook::isolated(initial.clone(), position).unwrap();
        let closed = quotient(size.clone(), &coins + side * (&initial - &required));
        prop_assert_eq!(price(&book), closed);

        // Liquidated when the loss reaches a share of initial margin.
        let lost = size * entry / &leverage * rate;
        let position = Position::linear(side * size, entry.clone(), Maintenance::none());
        let book = MixedBook::isolated(lost, position).unwrap();
        prop_assert_eq!(price(&book), positive(entry * (int(1) - side * rate / &leverage)));
    }

    #[test]
    fn extra_margin_after_the_fee_r5b(case in any_case(), deduction in 0i128..50, extra in 0i128..100) {
        let Case { side, size, entry, rate, fee, .. } = &case;
        let leverage = int(case.leverage);
        let (deduction, extra) = (rational::from_raw(deduction, 3), rational::from_raw(extra, 2));
        let maintenance = Maintenance::flat(rate.clone(), deduction.clone());
        let position = Position::inverse(side * size, entry.clone(), maintenance);
        let net = margin_after_fee(&extra, fee, &position).unwrap();
        // What is left is extra margin minus the fee on what it adds at the bankruptcy price.
        let bankrupt = |margin: Rational| size / entry + side * margin;
        let initial = size / entry / &leverage;
        let more = bankrupt(&initial + &net) - bankrupt(initial.clone());
        prop_assert_eq!(&extra - more * fee, net.clone());
        let book = MixedBook::isolated(&initial + net, position).unwrap();
        let closed = quotient(
            size * (int(1) + side * rate),
            size / entry + side * (size / entry / leverage + extra / (int(1) + side * fee) + deduction),
        );
        prop_assert_eq!(price(&book), closed);
    }

    #[test]
    fn a_fee_reserved_at_bankruptcy_r5c(case in any_case()) {
        let Case { side, size: value, entry, rate, margin, fee, .. } = &case;
        let maintenance = Maintenance::flat(rate.clone(), int(0));
        let position = Position::inverse(side * value, entry.clone(), maintenance.clone())
            .with_basis(Basis::Entry)
            .with_fee(Fee::AtBankruptcy(fee.clone()));
        let book = MixedBook::isolated(margin.clone(), position).unwrap();
        let bankrupt = quotient((int(1) + side * fee) * value, value / entry + side * margin);
        prop_assert_eq!(book.bankruptcy_price(), bankrupt.clone());
        if let Some(bankrupt) = bankrupt {
            let reserve = value * fee / bankrupt;
            let inverse = int(1) / entry + side * (margin - value / entry * rate - reserve) / value;
            prop_assert_eq!(price(&book), quotient(int(1), inverse));
        }
        // A linear contract the same way: the fee is an amount, and stays.
        let position = Position::linear(side * value, entry.clone(), maintenance)
            .with_fee(Fee::AtBankruptcy(fee.clone()));
        let book = MixedBook::isolated(margin.clone(), position).unwrap();
        if let Some(bankrupt) = book.bankruptcy_price() {
            prop_assert_eq!(margin + side * value * (&bankrupt - entry), value * &bankrupt * fee);
            let reserve = value * &bankrupt * fee;
            let closed = quotient(value * entry - side * (margin - reserve), value * (int(1) - side * rate));
            prop_assert_eq!(price(&book), closed);
        }
    }

    #[test]
    fn a_step_from_the_mark_r7(case in any_case(), mark in 1i128..10_000) {
        let Case { side, size, rate, margin, .. } = &case;
        let mark = int(mark);
        let maintenance = Maintenance::flat(rate.clone(), int(0));
        let book = MixedBook::isolated(margin.clone(), Position::linear(side * size, mark.clone(), maintenance));
        let available = margin - rate * size * &mark;
        let closed = &mark - side * available / size / (int(1) - side * rate);
        prop_assert_eq!(price(&book.unwrap()), positive(closed));
    }
}

/// A position with margin, of any side and size.
#[derive(Debug, Clone)]
struct Case {
    side: Rational,
    size: Rational,
    entry: Rational,
    rate: Rational,
    fee: Rational,
    margin: Rational,
    leverage: i128,
}

fn any_case() -> impl Strategy<Value = Case> {
    let sizes = (any::<bool>(), 1i128..100_000, 1i128..100_000);
    let rates = (1i128..500_000_000, 0i128..10_000_000);
    (sizes, rates, 0i128..1_000_000, 1i128..126).prop_map(
        |((long, size, entry), (rate, fee), margin, leverage)| Case {
            side: int(if long { 1 } else { -1 }),
            size: rational::from_raw(size, 1),
            entry: rational::from_raw(entry, 1),
            rate: rational::from_raw(rate, 9),
            fee: rational::from_raw(fee, 9),
            margin: rational::from_raw(margin, 3),
            leverage,
        },
    )
}

fn positive(price: Rational) -> Option<Rational> {
    Some(price).filter(|price| *price > int(0))
}

fn quotient(over: Rational, under: Rational) -> Option<Rational> {
    if under == int(0) { None } else { positive(over / under) }
}

fn price(book: &MixedBook) -> Option<Rational> {
    book.liquidation_price(&int(1)).map(|root| root.price)
}
