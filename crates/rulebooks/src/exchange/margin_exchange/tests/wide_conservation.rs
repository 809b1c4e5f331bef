//! Random calls of every kind over every form of contract: nothing is minted, and every account has
//! what its own books in another arithmetic say.

use super::wide::*;
use super::*;
use breakwater_liquidation::Form;
use breakwater_liquidation::contract::OptionTerms;
use breakwater_money::rounding::Rounding;
use breakwater_money::{Rational, rational};
use std::collections::BTreeMap;

const ALL: [AccountId; 4] = [A, B, C, D];

/// What accounts should have, kept from the calls alone: cash and quote sides together, by asset, and
/// sizes.
#[derive(Default)]
struct Books {
    paid: BTreeMap<(AccountId, AssetId), i128>,
    sizes: BTreeMap<(AccountId, AssetId), i128>,
    fund: BTreeMap<AssetId, i128>,
    venue: BTreeMap<AssetId, i128>,
}

/// Whole units to base units.
fn raw(pool: &Pool, asset: AssetId, whole: &Rational, rounding: Rounding) -> i128 {
    let decimals = pool.assets[asset.index()].decimals;
    i128::try_from(rational::to_raw(whole, decimals, rounding).unwrap()).unwrap()
}

fn abs(value: Rational) -> Rational {
    if value < exact(0, 0) { -value } else { value }
}

impl Books {
    fn pay(&mut self, account: AccountId, asset: AssetId, change: i128) {
        *self.paid.entry((account, asset)).or_default() += change;
    }

    fn size(&self, account: AccountId, contract: AssetId) -> i128 {
        self.sizes.get(&(account, contract)).copied().unwrap_or(0)
    }

    /// Buys (or, below zero, sells) for a value that changes hands.
    fn trade(
        &mut self,
        pool: &Pool,
        account: AccountId,
        contract: AssetId,
        change: i128,
        value: i128,
    ) {
        let gets = (change > 0) != pool.terms(contract).buyer_pays();
        self.pay(account, pool.settle_of(contract), if gets { value } else { -value });
        *self.sizes.entry((account, contract)).or_default() += change;
    }

    /// Pays what each side owes up and gets what it is owed down; the rest is the fund's.
    fn between(
        &mut self,
        pool: &Pool,
        contract: AssetId,
        of: impl Fn(i128, Rounding) -> (bool, i128),
    ) {
        let settle = pool.settle_of(contract);
        let mut outside = 0;
        let mut dust = 0;
        let mut one = |books: &mut Self, account: Option<AccountId>, size: i128| {
            if size == 0 {
                return;
            }
            let (gets, _) = of(size, Rounding::Floor);
            let (_, amount) = of(size, if gets { Rounding::Floor } else { Rounding::Ceil });
            let change = if gets { amount } else { -amount };
            dust -= change;
            if let Some(account) = account {
                books.pay(account, settle, change);
            }
        };
        for account in ALL {
            let size = self.size(account, contract);
            outside -= size;
            one(self, Some(account), size);
        }
        one(self, None, outside);
        assert!((0..=5).contains(&dust), "{contract}: {dust}");
        *self.fund.entry(settle).or_default() += dust;
    }

    /// Books an accepted call; `before` is the pool that it met.
    fn book(&mut self, before: &Pool, call: &Call) {
        match *call {
            Call::Deposit { account, asset, amount } => {
                self.pay(account, asset, i128::try_from(amount).unwrap());
            }
            Call::Withdraw { account, asset, amount } => {
                self.pay(account, asset, -i128::try_from(amount).unwrap());
            }
            Call::Trade { buyer, seller, contract, quantity, price } => {
                let size = i128::try_from(quantity).unwrap();
                let worth = abs(value_at(before, contract, size, price));
                let value = raw(before, before.settle_of(contract), &worth, Rounding::HalfUp);
                for (party, change) in [(buyer, size), (seller, -size)] {
                    if let Some(account) = party {
                        self.trade(before, account, contract, change, value);
                    }
                }
            }
            Call::Fill { account, asset, quantity, proceeds, proceeds_asset } => {
                let (quantity, value) =
                    (i128::try_from(quantity).unwrap(), i128::try_from(proceeds).unwrap());
                if MARGIN.contains(&asset) {
                    self.pay(account, asset, -quantity);
                    return self.pay(account, proceeds_asset, value);
                }
                let change = if self.size(account, asset) > 0 { -quantity } else { quantity };
                self.trade(before, account, asset, change, value);
                self.fee(before, account, asset, value);
            }
            Call::Deleverage { account, contract, ref winners, price } => {
                for (winner, quantity) in winners {
                    let size = i128::try_from(*quantity).unwrap();
                    let change = if self.size(account, contract) > 0 { -size } else { size };
                    let worth = abs(value_at(before, contract, size, price));
                    let value = raw(before, before.settle_of(contract), &worth, Rounding::HalfUp);
                    self.trade(before, account, contract, change, value);
                    self.trade(before, *winner, contract, -change, value);
                }
            }
            Call::Fund { contract, rate_e12 } => {
                let (price, rate) = (before.price(contract), exact(i128::from(rate_e12), 12));
                let settle = before.settle_of(contract);
                self.between(before, contract, |size, rounding| {
                    let gets = (size > 0) != (rate > exact(0, 0));
                    let worth = abs(value_at(before, contract, size, price));
                    let worth = raw(before, settle, &worth, rounding);
                    let paid = exact(worth, 0) * abs(rate.clone());
                    (gets, i128::try_from(rational::to_raw(&paid, 0, rounding).unwrap()).unwrap())
                });
            }
            Call::Charge { asset, rate_e12 } => {
                for account in ALL {
                    let cash = before.own(account, asset).min(0);
                    let owed = exact(-cash, 0) * exact(i128::from(rate_e12), 12);
                    let owed = i128::try_from(rational::to_raw(&owed, 0, Rounding::Ceil).unwrap())
                        .unwrap();
                    self.pay(account, asset, -owed);
                    *self.venue.entry(asset).or_default() += owed;
                }
            }
            Call::Deliver { contract, price } => {
                let settle = before.settle_of(contract);
                self.between(before, contract, |size, rounding| {
                    let gets = before.terms(contract).owns_value(size > 0);
                    (gets, raw(before, settle, &delivered(before, contract, size, price), rounding))
                });
                self.sizes.retain(|(_, of), _| *of != contract);
            }
            Call::TakeOver { account, vault } => {
                for asset in MARGIN {
                    let all = self.paid.remove(&(account, asset)).unwrap_or(0);
                    self.pay(vault, asset, all);
                }
                for contract in CONTRACTS {
                    let size = self.sizes.remove(&(account, contract)).unwrap_or(0);
                    *self.sizes.entry((vault, contract)).or_default() += size;
                }
            }
            Call::WriteOff { account } => {
                for asset in MARGIN {
                    let cash = self.paid.entry((account, asset)).or_default();
                    *cash = (*cash).max(0);
                }
            }
            _ => {}
        }
    }

    /// The clearance fee, up, as far as the cash that is left reaches: by the pool's own cash, since
    /// what was realised is a matter of the average entry, which the trades are tested for.
    fn fee(&mut self, before: &Pool, account: AccountId, contract: AssetId, value: i128) {
        let file = crate::exchange::margin_exchange::Parameters::parse(WIDE).unwrap();
        let symbol = &before.assets[contract.index()].symbol;
        let bps = i128::from(file.contracts[symbol].clearance_fee_bps);
        let fee = (value * bps + 9_999) / 10_000;
        self.pay(account, before.settle_of(contract), -fee);
        *self.fund.entry(before.settle_of(contract)).or_default() += fee;
    }

    fn agrees(&self, pool: &Pool) {
        for account in ALL {
            for asset in MARGIN {
                let expected = self.paid.get(&(account, asset)).copied().unwrap_or(0);
                assert_eq!(pool.paid(account, asset), expected, "{account} {asset}");
            }
            for contract in CONTRACTS {
                assert_eq!(pool.own(account, contract), self.size(account, contract));
            }
        }
        for asset in MARGIN {
            let of = |holder| pool.rows.balance(holder, Unit::token(asset));
            assert_eq!(of(Holder::Insurance), self.fund.get(&asset).copied().unwrap_or(0));
            assert_eq!(of(Holder::Treasury), self.venue.get(&asset).copied().unwrap_or(0));
        }
    }
}

/// What a position pays at delivery, in whole units of its settle asset.
fn delivered(pool: &Pool, contract: AssetId, size: i128, price: Price) -> Rational {
    let Form::Option(OptionTerms { call, strike, coin, .. }) = pool.terms(contract).form else {
        return abs(value_at(pool, contract, size, price));
    };
    let (spot, strike) = (price_of(price), price_of(strike));
    let payoff = if call { &spot - &strike } else { &strike - &spot };
    let payoff = if payoff < exact(0, 0) { exact(0, 0) } else { payoff };
    let units = abs(units(pool, contract, size));
    if coin { units * payoff / spot } else { units * payoff }
}

/// What its venue does with an account below nothing: sells all it has at the mark, and books the
/// rest.
fn liquidates(pool: &Pool, account: AccountId) -> Call {
    let items = pool.look(|view| pool.rulebook.saleable(view, account)).unwrap();
    let Some(item) = items.first() else { return Call::WriteOff { account } };
    let (asset, quantity) = (item.asset, item.quantity);
    let size = i128::try_from(quantity).unwrap();
    let (whole, proceeds_asset) = if MARGIN.contains(&asset) {
        let dollars = units_of(pool, asset, size) * price_of(pool.price(asset));
        (dollars / price_of(pool.price(item.proceeds_asset)), item.proceeds_asset)
    } else {
        (abs(value_at(pool, asset, size, pool.price(asset))), pool.settle_of(asset))
    };
    let proceeds = raw(pool, proceeds_asset, &whole, Rounding::Floor).unsigned_abs();
    Call::Fill { account, asset, quantity, proceeds, proceeds_asset }
}

fn units_of(pool: &Pool, asset: AssetId, amount: i128) -> Rational {
    exact(amount, pool.assets[asset.index()].decimals)
}

fn call(pool: &Pool, chance: &mut Chance) -> Call {
    let broke = ALL.into_iter().find(|account| pool.health(*account).equity < 0);
    if let Some(account) = broke.filter(|_| chance.below(3) == 0) {
        return liquidates(pool, account);
    }
    let mut some = |below: u64| chance.below(below) as usize;
    let (account, other) = (ALL[some(4)], ALL[some(4)]);
    let contract = CONTRACTS[some(CONTRACTS.len() as u64)];
    let asset = MARGIN[some(3)];
    let mark = pool.price(contract);
    let price = Price::new(mark.raw * (90 + some(21) as u128) / 100, mark.decimals);
    let size = pool.own(account, contract);
    let quantity = 1 + some(1 << 14) as u128;
    match some(20) {
        0 => Call::Deposit { account, asset, amount: one(asset) * quantity / 100 },
        1 => Call::Withdraw { account, asset, amount: one(asset) * quantity / 100 + 1 },
        2 => Call::Fund { contract, rate_e12: some(1 << 34) as i64 - (1 << 33) },
        3 => Call::Charge { asset, rate_e12: 1 + some(1 << 33) as u64 },
        4 => Call::Settle { contract },
        5 if some(6) == 0 => {
            let delivery = match pool.terms(contract).form {
                Form::Option(_) => Price::new(4_000_000 + some(2_000_001) as u128, 2),
                _ => price,
            };
            Call::Deliver { contract, price: delivery }
        }
        5 | 6 => Call::TakeOver { account, vault: other },
        7 => Call::WriteOff { account },
        8 | 9 if size != 0 => {
            let quantity = quantity.min(size.unsigned_abs());
            let whole = abs(value_at(pool, contract, i128::try_from(quantity).unwrap(), price));
            let proceeds =
                raw(pool, pool.settle_of(contract), &whole, Rounding::Ceil).unsigned_abs();
            let proceeds_asset = pool.settle_of(contract);
            Call::Fill { account, asset: contract, quantity, proceeds, proceeds_asset }
        }
        10 => {
            let proceeds_asset = MARGIN[some(3)];
            let quantity = one(asset) * quantity / 1_000 + 1;
            Call::Fill { account, asset, quantity, proceeds: one(proceeds_asset), proceeds_asset }
        }
        11 | 12 => {
            let mine = size;
            let opposite = ALL.into_iter().filter(|w| *w != account);
            let winners = opposite
                .map(|w| (w, pool.own(w, contract)))
                .filter(|(_, theirs)| mine.signum() * theirs.signum() < 0)
                .map(|(w, theirs)| (w, theirs.unsigned_abs().min(mine.unsigned_abs() / 3 + 1)))
                .collect();
            Call::Deleverage { account, contract, winners, price: mark }
        }
        _ => {
            let outside = some(3);
            let (buyer, seller) = match outside {
                0 => (Some(account), None),
                1 => (None, Some(account)),
                _ => (Some(account), Some(other)),
            };
            Call::Trade { buyer, seller, contract, quantity, price }
        }
    }
}

/// Plays a seed and counts the calls accepted by kind.
fn play(seed: u64, counts: &mut BTreeMap<&'static str, u32>) {
    let (mut pool, mut chance) = (wide(), Chance(seed));
    let mut books = Books::default();
    for account in ALL {
        for asset in MARGIN {
            // Up to 200,000 USD of each.
            let (_, scale, first) = MARKETS[asset.index()];
            let dollars = 1 + u128::from(chance.below(200_000));
            let amount =
                one(asset) / 1_000 * dollars * 10u128.pow(scale.into()) / first * 1_000 + 1;
            let deposit = Call::Deposit { account, asset, amount };
            pool.call(&deposit).unwrap();
            books.book(&pool, &deposit);
        }
    }
    for step in 0..120 {
        if chance.below(3) == 0 {
            let (asset, _, first) = MARKETS[chance.below(10) as usize];
            pool.mark(asset, first * u128::from(40 + chance.below(160)) / 100);
        }
        if step == 100 {
            pool.now = END;
        }
        let call = call(&pool, &mut chance);
        let before = Pool {
            rulebook: build(WIDE, &wide_assets()).unwrap(),
            assets: pool.assets.clone(),
            markets: pool.markets.clone(),
            marks: pool.marks.clone(),
            rows: Rows { accounts: pool.rows.accounts.clone(), others: pool.rows.others.clone() },
            state: pool.state.clone(),
            orders: Orders::default(),
            now: pool.now,
        };
        let Ok(effects) = pool.call(&call) else { continue };
        // A fee that the cash did not cover whole is left to the tests of fills.
        let fee = effects.transfers.iter().find(|t| t.code == breakwater_money::TransferCode::Fee);
        books.book(&before, &call);
        if let Call::Fill { account, asset, proceeds, .. } = call
            && !MARGIN.contains(&asset)
        {
            let due = (i128::try_from(proceeds).unwrap(), fee.map_or(0, |fee| fee.amount));
            let settle = pool.settle_of(asset);
            let whole = books.paid[&(account, settle)] - pool.paid(account, settle);
            assert!(whole <= 0 && (whole == 0 || pool.own(account, settle) <= 0), "{due:?}");
            books.pay(account, settle, -whole);
            *books.fund.entry(settle).or_default() += whole;
        }
        *counts.entry(call.kind()).or_default() += 1;
        pool.sound();
        books.agrees(&pool);
    }
}

#[test]
fn random_calls_of_every_kind_mint_nothing_and_are_what_other_books_say() {
    let mut counts = BTreeMap::new();
    for seed in 0..150 {
        play(seed, &mut counts);
    }
    for (kind, least) in [
        ("deposit", 200),
        ("withdraw", 100),
        ("trade", 500),
        ("fill", 200),
        ("fund", 100),
        ("charge", 300),
        ("settle", 300),
        ("deliver", 10),
        ("take over", 10),
        ("deleverage", 10),
        ("write off", 10),
    ] {
        let found = counts.get(kind).copied().unwrap_or(0);
        assert!(found >= least, "{kind}: {found} of {counts:?}");
    }
}
