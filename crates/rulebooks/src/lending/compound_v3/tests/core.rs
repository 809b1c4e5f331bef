//! Edge rules of the pure core that the venue's cases do not separate.

use super::super::*;
use crate::lending::rates::TwoSlopes;
use proptest::prelude::*;

const PERCENT: u128 = 10_000_000_000_000_000;

fn u(value: u128) -> U256 {
    U256::from(value)
}

/// A base asset of 6 decimals at one dollar, indices at one.
fn base() -> Base {
    Base {
        decimals: 6,
        price: u(100_000_000),
        indices: Indices { supply: INDEX_ONE, borrow: INDEX_ONE },
        totals: Totals { supply: u(1_000_000_000_000), borrow: u(900_000_000_000) },
    }
}

/// A collateral of 6 decimals at one dollar: 80 %, 90 %, 95 %.
fn collateral() -> Collateral {
    Collateral {
        decimals: 6,
        price: u(100_000_000),
        borrow_factor: Wad::new(80 * PERCENT),
        liquidate_factor: Wad::new(90 * PERCENT),
        liquidation_factor: Wad::new(95 * PERCENT),
        total_supply: u(1_000_000_000_000),
        supply_cap: u(2_000_000_000_000),
    }
}

fn account(principal: i128, balances: &[u128]) -> Account {
    Account { principal, balances: balances.iter().map(|b| u(*b)).collect(), own_factor: None }
}

fn flat(base: u64, low: u64, high: u64) -> TwoSlopes {
    TwoSlopes {
        base: U256::from(base),
        slope_low: U256::from(low),
        kink: u(80 * PERCENT),
        slope_high: U256::from(high),
    }
}

mod health_stops_early {
    use super::*;

    fn liquidatable(principal: i128, balances: &[u128]) -> Result<bool, Revert> {
        is_liquidatable(&base(), &[collateral(), collateral()], &account(principal, balances))
    }

    #[test]
    fn equality_is_healthy_and_one_unit_of_value_below_it_is_not() {
        // 100 units of collateral weigh 90.00 at 1e8; a unit of debt is worth 100 at 1e8.
        assert_eq!(liquidatable(-90, &[100]), Ok(false));
        assert_eq!(liquidatable(-89, &[100]), Ok(false));
        assert_eq!(liquidatable(-91, &[100]), Ok(true));
        let mut cheaper = [collateral(), collateral()];
        // One unit of 1e8 less on a whole token: 0.9 of it is lost to rounding down.
        cheaper[0].price = u(99_999_999);
        let whole = account(-900_000, &[1_000_000]);
        assert_eq!(is_liquidatable(&base(), &cheaper, &whole), Ok(true));
        cheaper[0].price = u(100_000_000);
        assert_eq!(is_liquidatable(&base(), &cheaper, &whole), Ok(false));
    }

    #[test]
    fn the_borrow_factors_have_the_same_equality_and_bind_earlier() {
        let covered = |principal| {
            is_borrow_collateralized(&base(), &[collateral()], &account(principal, &[100]))
        };
        assert_eq!(covered(-80), Ok(true));
        assert_eq!(covered(-81), Ok(false));
        assert_eq!(covered(0), Ok(true));
        assert_eq!(liquidatable(-81, &[100]), Ok(false));
    }

    #[test]
    fn who_owes_nothing_is_healthy_whatever_the_prices() {
        let mut bad = base();
        bad.price = U256::ZERO;
        for principal in [0, 1, i128::MAX] {
            assert_eq!(is_liquidatable(&bad, &[], &account(principal, &[])), Ok(false));
        }
        assert_eq!(is_liquidatable(&bad, &[], &account(-1, &[])), Err(Revert::BadPrice));
    }

    #[test]
    fn a_price_is_read_only_when_the_assets_before_it_do_not_suffice() {
        let mut list = [collateral(), collateral(), collateral()];
        list[1].price = U256::ZERO;
        let ask = |principal, balances: &[u128]| {
            is_liquidatable(&base(), &list, &account(principal, balances))
        };
        // The first asset alone suffices, at equality too.
        assert_eq!(ask(-90, &[100, 1]), Ok(false));
        // It does not: the second is asked for its price and has none.
        assert_eq!(ask(-91, &[100, 1]), Err(Revert::BadPrice));
        // What is not held is never asked for, nor what the list does not have.
        assert_eq!(ask(-91, &[100, 0]), Ok(true));
        assert_eq!(ask(-91, &[100, 0, 2]), Ok(false));
        assert_eq!(ask(-91, &[100, 0, 0, 500]), Ok(true));
    }

    #[test]
    fn a_debt_worth_nothing_needs_no_collateral_and_reads_no_price_of_any() {
        let mut small = base();
        small.decimals = 18;
        let mut list = [collateral()];
        list[0].price = U256::ZERO;
        // 9,999,999,999 of 1e18 at one dollar are worth less than a unit of 1e8.
        let dust = account(-9_999_999_999, &[7]);
        assert_eq!(is_liquidatable(&small, &list, &dust), Ok(false));
        assert_eq!(is_liquidatable(&small, &list, &account(-9_999_999_999, &[])), Ok(false));
        let worth_one = account(-10_000_000_000, &[7]);
        assert_eq!(is_liquidatable(&small, &list, &worth_one), Err(Revert::BadPrice));
        assert_eq!(is_liquidatable(&small, &list, &account(-10_000_000_000, &[])), Ok(true));
    }

    #[test]
    fn debt_counts_at_its_worth_rounded_down() {
        let mut grown = base();
        grown.indices.borrow = INDEX_ONE + INDEX_ONE / 2;
        // 61 x 1.5 = 91.5 owes 91, one more than 100 units of collateral cover; 60 owes 90.
        let ask = |principal| is_liquidatable(&grown, &[collateral()], &account(principal, &[100]));
        assert_eq!(ask(-60), Ok(false));
        assert_eq!(ask(-61), Ok(true));
        grown.indices.borrow = INDEX_ONE + INDEX_ONE / 100;
        let ask = |principal| is_liquidatable(&grown, &[collateral()], &account(principal, &[100]));
        // 90 x 1.01 = 90.9 owes 90 still.
        assert_eq!(ask(-90), Ok(false));
    }

    #[test]
    fn a_factor_of_its_own_replaces_the_liquidate_factors_and_bounds_the_borrow_factors() {
        let own = |percent: u128, principal| Account {
            own_factor: Some(Wad::new(percent * PERCENT)),
            ..account(principal, &[50, 50])
        };
        let list = [collateral(), collateral()];
        let ask = |account: &Account| is_liquidatable(&base(), &list, account).unwrap();
        assert!(!ask(&own(70, -70)) && ask(&own(70, -71)));
        assert!(!ask(&own(98, -98)) && ask(&own(98, -99)));
        let covered = |account: &Account| is_borrow_collateralized(&base(), &list, account);
        assert_eq!((covered(&own(70, -70)), covered(&own(70, -71))), (Ok(true), Ok(false)));
        assert_eq!((covered(&own(98, -80)), covered(&own(98, -81))), (Ok(true), Ok(false)));
        // Absorbed at its own line, an account can cost the reserves what it is credited less.
        let done = absorb(&base(), &list, &[own(98, -99)], &[0]).unwrap();
        assert_eq!(done.accounts[0].unbacked_debt, u(4));
    }

    #[test]
    fn values_are_rounded_down_before_and_after_weighing() {
        let mut asset = collateral();
        asset.price = u(3);
        // 999,999 x 3 / 10^6 = 2.99 -> 2, and 0.9 of that -> 1.
        assert_eq!(weighted(&asset, u(999_999), None), Ok(u(1)));
        assert_eq!(weighted(&asset, u(999_999), Some(Wad::one())), Ok(u(2)));
        assert_eq!(debt_value(&base(), -91), Ok(u(9_100)));
        assert_eq!(debt_value(&base(), 91), Ok(u(0)));
    }

    #[test]
    fn values_beyond_256_bits_are_refused_and_not_wrapped() {
        let mut list = [collateral()];
        list[0].price = U256::MAX;
        let ask = |list: &[Collateral]| is_liquidatable(&base(), list, &account(-1, &[2]));
        assert_eq!(ask(&list), Err(Revert::Arithmetic));
        list[0].decimals = 0;
        list[0].price = U256::MAX >> 1usize;
        list[0].liquidate_factor = Wad::from_raw(U256::ONE);
        let one = account(-1, &[1]);
        assert_eq!(is_liquidatable(&base(), &list, &one), Ok(false));
        let mut dear = base();
        dear.decimals = 0;
        dear.price = U256::MAX;
        assert_eq!(is_liquidatable(&dear, &list, &one), Err(Revert::InvalidInt256));
    }
}

mod absorption {
    use super::*;

    fn run(accounts: &[Account], named: &[usize]) -> Result<Absorption, Revert> {
        absorb(&base(), &[collateral()], accounts, named)
    }

    #[test]
    fn surplus_becomes_a_supplied_balance_and_all_debt_goes() {
        // 100 of collateral credit 95: above a debt of 91, four are left.
        let done = run(&[account(-91, &[100])], &[0]).unwrap();
        let [one] = &done.accounts[..] else { panic!("one account") };
        assert_eq!((one.principal_after, one.debt, one.unbacked_debt), (4, u(91), u(0)));
        assert_eq!((one.base_paid_out, one.value_of_base_paid_out), (u(95), u(9_500)));
        assert_eq!(one.seized, [Seized { place: 0, amount: u(100), value: u(10_000) }]);
        assert_eq!(done.totals.supply, base().totals.supply + u(4));
        assert_eq!(done.totals.borrow, base().totals.borrow - u(91));
        assert_eq!(done.total_collateral, [collateral().total_supply - u(100)]);
    }

    #[test]
    fn the_reserves_bear_a_shortage_at_once_and_nothing_is_left_at_equality() {
        for (debt, after, unbacked, paid) in [(94, 1, 0, 95), (95, 0, 0, 95), (96, 0, 1, 96)] {
            let done = run(&[account(-debt, &[100])], &[0]).unwrap();
            let one = &done.accounts[0];
            assert_eq!(one.principal_after, after, "debt {debt}");
            assert_eq!((one.unbacked_debt, one.base_paid_out), (u(unbacked), u(paid)));
        }
    }

    #[test]
    fn an_account_without_collateral_is_absorbed_for_nothing() {
        let done = run(&[account(-91, &[])], &[0]).unwrap();
        assert_eq!((done.accounts[0].unbacked_debt, done.accounts[0].seized.len()), (u(91), 0));
    }

    #[test]
    fn one_healthy_account_refuses_all_and_so_does_a_second_mention() {
        let bad = account(-91, &[100]);
        let good = account(-90, &[100]);
        let accounts = [bad.clone(), good, bad];
        assert_eq!(run(&accounts, &[0, 1]), Err(Revert::NotLiquidatable));
        assert_eq!(run(&accounts, &[0, 2, 0]), Err(Revert::NotLiquidatable));
        assert_eq!(run(&accounts, &[0, 3]), Err(Revert::NotLiquidatable));
        let both = run(&accounts, &[2, 0]).unwrap();
        assert_eq!(both.accounts.iter().map(|a| a.account).collect::<Vec<_>>(), [2, 0]);
        assert_eq!(both.totals.borrow, base().totals.borrow - u(182));
        assert_eq!(run(&accounts, &[]).unwrap().totals, base().totals);
    }

    #[test]
    fn a_principal_is_cancelled_whole_though_its_worth_is_rounded_down() {
        let mut grown = base();
        grown.indices = Indices { supply: 2 * INDEX_ONE, borrow: INDEX_ONE + INDEX_ONE / 2 };
        // 61 owe 91.5, down to 91; 95 are credited, and 4 left over make a principal of 2.
        let done = absorb(&grown, &[collateral()], &[account(-61, &[100])], &[0]).unwrap();
        let one = &done.accounts[0];
        assert_eq!((one.debt, one.principal_after, one.supplied_balance), (u(91), 2, u(4)));
        assert_eq!(done.totals.borrow, grown.totals.borrow - u(61));
        // 66 owe 99: nothing is left over. 62 owe 93: 2 left over make a principal of 1, and
        // at an index of three a single unit left over would round away.
        grown.indices.supply = 3 * INDEX_ONE;
        let done = absorb(&grown, &[collateral()], &[account(-62, &[100])], &[0]).unwrap();
        let one = &done.accounts[0];
        assert_eq!((one.principal_after, one.base_paid_out), (0, u(95)));
        assert_eq!((one.supplied_balance, one.unbacked_debt), (u(0), u(0)));
    }

    #[test]
    fn books_that_hold_less_than_the_account_are_refused() {
        let bad = [account(-91, &[100])];
        let mut list = [collateral()];
        list[0].total_supply = u(99);
        assert_eq!(absorb(&base(), &list, &bad, &[0]), Err(Revert::Arithmetic));
        let mut small = base();
        small.totals.borrow = u(90);
        assert_eq!(absorb(&small, &[collateral()], &bad, &[0]), Err(Revert::Arithmetic));
        small = base();
        small.totals.supply = (U256::ONE << 104usize) - u(4);
        assert_eq!(absorb(&small, &[collateral()], &bad, &[0]), Err(Revert::Arithmetic));
        small.totals.supply -= U256::ONE;
        assert!(absorb(&small, &[collateral()], &bad, &[0]).is_ok());
    }

    #[test]
    fn a_missing_price_of_anything_held_refuses_the_call() {
        let mut list = [collateral(), collateral()];
        list[1].price = U256::ZERO;
        let ask = |balances: &[u128]| absorb(&base(), &list, &[account(-91, balances)], &[0]);
        assert_eq!(ask(&[100, 1]), Err(Revert::BadPrice));
        assert!(ask(&[100, 0]).is_ok());
    }
}

mod store_front {
    use super::*;

    fn front() -> StoreFront {
        // Reserves are the balance less 100,000 owed to suppliers on balance.
        StoreFront {
            target_reserves: u(5_000),
            price_factor: Wad::new(50 * PERCENT),
            base_balance: u(100_000_004_999),
        }
    }

    fn order() -> Order {
        Order { place: 0, base_amount: u(975), least: u(1_000), collateral_reserves: u(1_000) }
    }

    fn buy(front: &StoreFront, order: &Order) -> Result<Purchase, Revert> {
        buy_collateral(&base(), &[collateral()], front, order)
    }

    #[test]
    fn half_the_penalty_is_the_discount() {
        let sold = buy(&front(), &order()).unwrap();
        assert_eq!(sold.reserves, 4_999);
        assert_eq!(sold.quote.discount_factor, Wad::new(PERCENT * 5 / 2));
        assert_eq!((sold.quote.discounted_price, sold.quote.amount), (u(97_500_000), u(1_000)));
    }

    #[test]
    fn reserves_at_their_target_sell_nothing_and_negative_ones_do() {
        let mut full = front();
        full.base_balance += U256::ONE;
        assert_eq!(buy(&full, &order()), Err(Revert::NotForSale));
        full.base_balance = U256::ZERO;
        assert_eq!(buy(&full, &order()).unwrap().reserves, -100_000_000_000);
        // A target of zero is reached by reserves of zero and not by any below.
        full = StoreFront { target_reserves: U256::ZERO, base_balance: u(100_000_000_000), ..full };
        assert_eq!(buy(&full, &order()), Err(Revert::NotForSale));
        full.base_balance -= U256::ONE;
        assert!(buy(&full, &order()).is_ok());
    }

    #[test]
    fn least_and_owned_bind_at_one_unit_beyond_equality() {
        let with = |f: fn(&mut Order)| {
            let mut order = order();
            f(&mut order);
            buy(&front(), &order).map(|sold| sold.quote.amount)
        };
        assert_eq!(with(|o| o.least = u(1_001)), Err(Revert::TooMuchSlippage));
        assert_eq!(with(|o| o.collateral_reserves = u(999)), Err(Revert::InsufficientReserves));
        assert_eq!(with(|o| o.place = 1), Err(Revert::BadAsset));
        assert_eq!(with(|o| o.base_amount = u(0)), Err(Revert::TooMuchSlippage));
        assert_eq!(with(|o| *o = Order { base_amount: u(0), least: u(0), ..*o }), Ok(u(0)));
        assert_eq!(with(|o| o.base_amount = U256::MAX), Err(Revert::Arithmetic));
    }

    #[test]
    fn the_venue_says_the_first_reason_in_its_order() {
        let mut full = front();
        full.base_balance += U256::ONE;
        assert_eq!(buy(&full, &Order { place: 9, ..order() }), Err(Revert::NotForSale));
        let mut list = [collateral()];
        list[0].price = U256::ZERO;
        assert_eq!(
            buy_collateral(&base(), &list, &front(), &Order { least: U256::MAX, ..order() }),
            Err(Revert::BadPrice)
        );
        let mut bad = base();
        bad.price = U256::ZERO;
        assert_eq!(
            buy_collateral(&bad, &[collateral()], &front(), &order()),
            Err(Revert::BadPrice)
        );
        // A least amount is looked at before what the market owns.
        let both = Order { least: u(1_001), collateral_reserves: u(0), ..order() };
        assert_eq!(buy(&front(), &both), Err(Revert::TooMuchSlippage));
    }

    #[test]
    fn a_price_that_a_discount_takes_to_zero_divides_by_zero() {
        let mut free = collateral();
        free.price = u(1);
        free.liquidation_factor = Wad::new(0);
        assert_eq!(quote(&base(), &free, Wad::new(1), u(1)), Err(Revert::Arithmetic));
        assert_eq!(quote(&base(), &free, Wad::new(0), u(1)).unwrap().amount, u(100_000_000));
    }

    #[test]
    fn an_amount_is_rounded_down_at_each_of_its_two_divisions() {
        // 3 x 10^8 / 7 = 42857142.86 -> 42857142, and that / 10^6 -> 42.
        let mut market = base();
        market.price = u(3);
        let mut asset = collateral();
        asset.price = u(7);
        asset.decimals = 8;
        asset.liquidation_factor = Wad::one();
        let sold = quote(&market, &asset, Wad::one(), u(1)).unwrap();
        assert_eq!((sold.amount, sold.discounted_price), (u(42), u(7)));
    }
}

mod interest {
    use super::*;

    fn model() -> RateModel {
        RateModel { supply: flat(0, 1_000_000_000, 0), borrow: flat(500_000_000, 2_000_000_000, 0) }
    }

    #[test]
    fn both_sides_grow_from_the_usage_before_in_one_division() {
        // Usage of 90 % is above the kink of 80 %, and the steep slope is flat here.
        let after = accrue(base().indices, &base().totals, &model(), 1_000_000).unwrap();
        // 0.8e9 a second for a million seconds on 1e15.
        assert_eq!(after.supply, INDEX_ONE + 800_000_000_000);
        assert_eq!(after.borrow, INDEX_ONE + 2_100_000_000_000);
    }

    #[test]
    fn no_time_reads_no_rate() {
        let absurd =
            RateModel { supply: TwoSlopes { base: U256::MAX, ..model().supply }, ..model() };
        assert_eq!(accrue(base().indices, &base().totals, &absurd, 0), Ok(base().indices));
        let later = accrue(base().indices, &base().totals, &absurd, 1);
        assert_eq!(later, Err(Revert::Arithmetic));
        let wide = RateModel {
            supply: TwoSlopes { base: U256::from(u64::MAX), ..flat(0, 0, 0) },
            ..model()
        };
        let later = accrue(base().indices, &base().totals, &wide, 1);
        assert_eq!(later.map(|i| i.supply), Ok(INDEX_ONE + 18_446_744_073_709_551));
        let wider = RateModel { supply: TwoSlopes { slope_low: u(2), ..wide.supply }, ..wide };
        let later = accrue(base().indices, &base().totals, &wider, 1);
        assert_eq!(later, Err(Revert::InvalidUInt64));
    }

    #[test]
    fn an_index_stays_within_64_bits_or_is_refused() {
        let double = RateModel { supply: flat(0, 0, 0), borrow: flat(1_000_000_000, 0, 0) };
        let at = |borrow| Indices { supply: INDEX_ONE, borrow };
        let grow = |borrow, seconds| {
            accrue(at(borrow), &base().totals, &double, seconds).map(|i| i.borrow)
        };
        let second = 1_000_000_000;
        assert_eq!(grow(u64::MAX >> 1, second), Ok(u64::MAX - 1));
        assert_eq!(grow((u64::MAX >> 1) + 1, second), Err(Revert::Arithmetic));
        // The sum does not fit; then the interest alone does not, which is looked at first.
        assert_eq!(grow(u64::MAX, second), Err(Revert::Arithmetic));
        assert_eq!(grow(u64::MAX, 2 * second), Err(Revert::InvalidUInt64));
    }

    #[test]
    fn usage_is_zero_without_supply_and_may_exceed_one() {
        let totals = |supply, borrow| Totals { supply: u(supply), borrow: u(borrow) };
        let ask = |totals: &Totals| usage(base().indices, totals).map(|usage| usage.raw);
        assert_eq!(ask(&totals(0, 5)), Ok(U256::ZERO));
        assert_eq!(ask(&totals(2, 5)), Ok(u(250 * PERCENT)));
        assert_eq!(ask(&totals(3, 2)), Ok(u(666_666_666_666_666_666)));
    }

    #[test]
    fn reserves_may_be_negative() {
        let mut books = base();
        books.totals = Totals { supply: u(10), borrow: u(3) };
        assert_eq!(reserves(&books, u(6)), Ok(-1));
        assert_eq!(reserves(&books, u(7)), Ok(0));
        books.indices = Indices { supply: INDEX_ONE + 1, borrow: 2 * INDEX_ONE - 1 };
        // 10 stay 10 and 3 owe 5.99, both rounded down.
        assert_eq!(reserves(&books, u(6)), Ok(1));
        assert_eq!(reserves(&books, U256::MAX), Err(Revert::Arithmetic));
    }
}

mod principals {
    use super::*;

    const ODD: Indices = Indices { supply: INDEX_ONE / 10 * 13, borrow: INDEX_ONE / 10 * 17 };

    #[test]
    fn supplied_rounds_down_and_owed_away_from_zero() {
        assert_eq!(principal_value(12, ODD), Ok(9));
        assert_eq!(principal_value(-12, ODD), Ok(-8));
        assert_eq!(present_value(9, ODD), Ok(11));
        assert_eq!(present_value(-8, ODD), Ok(-13));
        assert_eq!(principal_value(0, ODD), Ok(0));
    }

    #[test]
    fn a_principal_has_103_bits_and_a_sign() {
        let most = (1i128 << 103) - 1;
        let flat = base().indices;
        assert_eq!(principal_value(most, flat), Ok(most));
        assert_eq!(principal_value(-most, flat), Ok(-most));
        assert_eq!(principal_value(most + 1, flat), Err(Revert::InvalidInt104));
        assert_eq!(principal_value(2 * most + 1, flat), Err(Revert::InvalidInt104));
        assert_eq!(principal_value(2 * most + 2, flat), Err(Revert::InvalidUInt104));
        assert_eq!(principal_value(1, Indices { supply: 0, ..flat }), Err(Revert::Arithmetic));
    }

    #[test]
    fn repaying_what_is_owed_clears_it_and_one_unit_more_is_supplied() {
        let odd = Base { indices: ODD, ..base() };
        let owed = present_value(-1_000, ODD).unwrap();
        assert_eq!(owed, -1_700);
        let repaid = supply_base(&odd, -1_000, u(1_700)).unwrap();
        assert_eq!(repaid.principal, 0);
        assert_eq!(repaid.totals.borrow, odd.totals.borrow - u(1_000));
        assert_eq!(repaid.totals.supply, odd.totals.supply);
        let beyond = supply_base(&odd, -1_000, u(1_713)).unwrap();
        assert_eq!(beyond.principal, 10);
        assert_eq!(beyond.totals.supply, odd.totals.supply + u(10));
        let partly = supply_base(&odd, -1_000, u(1)).unwrap();
        assert_eq!((partly.principal, partly.totals.borrow), (-1_000, odd.totals.borrow));
    }

    #[test]
    fn a_call_for_nothing_may_round_an_account_and_never_the_totals() {
        let odd = Base { indices: ODD, ..base() };
        // 9 are worth 11, which are a principal of 8.
        let nothing = supply_base(&odd, 9, U256::ZERO).unwrap();
        assert_eq!((nothing.principal, nothing.totals), (8, odd.totals));
        // Taking out nothing lets the supplied side follow, for that is its own way.
        let out = withdraw_base(&odd, &[], &account(9, &[]), U256::ZERO, U256::ZERO).unwrap();
        assert_eq!((out.principal, out.totals.supply), (8, odd.totals.supply - U256::ONE));
        // 3 at an index of a half owe 1, which a principal of 2 owes as well.
        let thin = Base { indices: Indices { supply: INDEX_ONE, borrow: INDEX_ONE / 2 }, ..odd };
        let rich = account(-3, &[100]);
        let out = withdraw_base(&thin, &[collateral()], &rich, U256::ZERO, U256::ZERO).unwrap();
        assert_eq!((out.principal, out.totals), (-2, thin.totals));
    }

    #[test]
    fn a_debt_must_reach_the_least_and_be_covered() {
        let ask = |amount, least, principal| {
            let account = account(principal, &[100]);
            withdraw_base(&base(), &[collateral()], &account, u(amount), u(least))
                .map(|moved| moved.principal)
        };
        assert_eq!(ask(80, 80, 0), Ok(-80));
        assert_eq!(ask(81, 80, 0), Err(Revert::NotCollateralized));
        assert_eq!(ask(79, 80, 0), Err(Revert::BorrowTooSmall));
        // Only a debt has a least: a supplied balance is taken out to the last unit.
        assert_eq!(ask(50, 80, 50), Ok(0));
        assert_eq!(ask(51, 80, 50), Err(Revert::BorrowTooSmall));
        assert_eq!(ask(130, 80, 50), Ok(-80));
    }

    #[test]
    fn collateral_comes_in_up_to_its_cap_and_goes_out_down_to_the_borrow_factor() {
        let one = collateral();
        assert_eq!(supply_collateral(&one, u(1_000_000_000_000)), Ok(one.supply_cap));
        let over = supply_collateral(&one, u(1_000_000_000_001));
        assert_eq!(over, Err(Revert::SupplyCapExceeded));
        let wide = U256::ONE << 128usize;
        assert_eq!(supply_collateral(&one, wide), Err(Revert::InvalidUInt128));
        assert_eq!(supply_collateral(&one, wide - U256::ONE), Err(Revert::Arithmetic));

        let owing = account(-80, &[101]);
        let take = |amount| withdraw_collateral(&base(), &[one], &owing, 0, u(amount));
        assert_eq!(take(1), Ok((u(100), one.total_supply - U256::ONE)));
        assert_eq!(take(2), Err(Revert::NotCollateralized));
        assert_eq!(take(102), Err(Revert::Arithmetic));
        let unlisted = withdraw_collateral(&base(), &[one], &owing, 1, u(1));
        assert_eq!(unlisted, Err(Revert::BadAsset));
        let free = account(0, &[101]);
        assert_eq!(withdraw_collateral(&base(), &[one], &free, 0, u(101)).unwrap().0, u(0));
    }

    proptest! {
        #[test]
        fn nobody_gains_by_going_in_and_out(
            principal in -1_000_000i128..1_000_000, amount in 1u128..1_000_000,
            supply in INDEX_ONE..3 * INDEX_ONE, borrow in INDEX_ONE..3 * INDEX_ONE,
        ) {
            let market = Base { indices: Indices { supply, borrow }, ..base() };
            let before = present_value(principal, market.indices).unwrap();
            let inside = supply_base(&market, principal, u(amount)).unwrap();
            prop_assert!(inside.principal >= principal);
            let worth = present_value(inside.principal, market.indices).unwrap();
            prop_assert!(worth <= before + i128::try_from(amount).unwrap());
            let rich = account(inside.principal, &[1_000_000_000]);
            let market = Base { totals: inside.totals, ..market };
            let outside =
                withdraw_base(&market, &[collateral()], &rich, u(amount), U256::ZERO).unwrap();
            prop_assert!(present_value(outside.principal, market.indices).unwrap() <= before);
        }
    }
}

#[test]
fn every_refusal_is_named_as_the_contract_names_it() {
    for revert in [
        Revert::NotLiquidatable,
        Revert::BadPrice,
        Revert::NotForSale,
        Revert::TooMuchSlippage,
        Revert::InsufficientReserves,
        Revert::BadAsset,
        Revert::SupplyCapExceeded,
        Revert::BorrowTooSmall,
        Revert::NotCollateralized,
        Revert::InvalidUInt64,
        Revert::InvalidUInt104,
        Revert::InvalidUInt128,
        Revert::InvalidInt104,
        Revert::InvalidInt256,
        Revert::Arithmetic,
    ] {
        assert!(revert.to_string().starts_with(revert.contract_name()), "{revert}");
        let named = revert.contract_name();
        assert_eq!(revert.is_arithmetic(), named.starts_with("Invalid") || named == "Panic");
    }
}
