//! What everybody may do at any time: turn round without a gain, pay back, close, take out.

use super::chance::Chance;
use super::exchange_world::tokens;
use super::judge::Bench;
use super::world::{Kind, SECOND};
use breakwater_engine::{Body, Command};
use breakwater_liquidation::{Call, Form, Gate, Rejection};
use breakwater_market::{MarketId, Quote, Tick};
use breakwater_model::contract::terms;
use breakwater_money::{AccountId, AssetId, Class, Holder, Time, Unit};

fn give(bench: &mut Bench, body: Body) -> Option<Rejection> {
    let command = Command { at: bench.engine.now(), body };
    match bench.step(&command) {
        Ok(rejected) => rejected,
        Err(found) => panic!("{command:?}: {found}"),
    }
}

fn ask(bench: &mut Bench, call: Call) -> Option<Rejection> {
    give(bench, Body::Call(call))
}

/// The account's own balances of a class.
fn held(bench: &Bench, account: AccountId, class: Class) -> Vec<(AssetId, i128)> {
    let all = bench.model.pool().holdings(account).into_iter();
    all.filter(|(holder, unit, _)| unit.class == class && *holder == Holder::Account(account))
        .map(|(_, unit, balance)| (unit.asset, balance))
        .collect()
}

fn own(bench: &Bench, account: AccountId, unit: Unit) -> i128 {
    bench.engine.ledger().balance(Holder::Account(account), unit)
}

/// Whether the account waits to be paid out of the asset, by a rule against drains.
fn waits(bench: &Bench, account: AccountId, asset: AssetId) -> bool {
    let claims = bench.engine.waiting_withdrawals();
    claims.values().any(|claim| (claim.account, claim.asset) == (account, asset))
}

/// I-36: deposit and withdraw, borrow and repay, open and close at one price.
pub fn no_free_round_trip(bench: &mut Bench, kind: Kind, seed: u64) {
    let mut chance = Chance::new(seed);
    give(bench, Body::Halt { on: false });
    for account in bench.model.pool().everybody() {
        let assets = u64::try_from(bench.model.pool().assets.len()).unwrap();
        let asset = AssetId(u16::try_from(chance.below(assets)).unwrap());
        let amount = chance.wide(10u128.pow(24));
        if kind.trades() {
            let asset = AssetId(tokens(kind) + chance.below(3) as u16);
            let Ok(terms) = terms(bench.model.pool(), asset) else { continue };
            let settled = Unit::token(terms.settle);
            let Ok(price) = bench.model.pool().price(asset) else { continue };
            let (before, size) =
                (own(bench, account, settled), own(bench, account, Unit::token(asset)));
            let quantity = amount % 10u128.pow(18) + 1;
            let (me, outside) = (Some(account), None);
            let trade =
                |buyer, seller| Call::Trade { buyer, seller, contract: asset, quantity, price };
            // Only from nothing: closing what is there already realises what it had made.
            if size == 0 && ask(bench, trade(me, outside)).is_none() {
                assert_eq!(ask(bench, trade(outside, me)), None, "I-37: closing is refused");
                assert!(own(bench, account, settled) <= before, "I-36: {account} gained");
            }
            continue;
        }
        let (supply, debt) = (Unit::supply(asset), Unit::debt(asset));
        let before = own(bench, account, supply);
        if ask(bench, Call::Deposit { account, asset, amount }).is_none()
            && ask(bench, Call::Withdraw { account, asset, amount }).is_none()
            && !waits(bench, account, asset)
        {
            assert!(own(bench, account, supply) <= before, "I-36: {account} gained {asset}");
        }
        let before = own(bench, account, debt);
        if ask(bench, Call::Borrow { account, asset, amount }).is_none()
            && ask(bench, Call::Repay { account, asset, amount }).is_none()
        {
            assert!(own(bench, account, debt) >= before, "I-36: {account} owes less {asset}");
        }
    }
}

/// I-37: everything owed can be paid back and everything held be closed, whatever else is true;
/// who owes nothing can take out what is theirs, as far as the pool has it in cash and its rules
/// against drains let it out now.
pub fn everybody_leaves(bench: &mut Bench, kind: Kind) {
    let all: Vec<AccountId> = bench.model.pool().everybody().collect();
    // Even in a halt debt can be paid back.
    give(bench, Body::Halt { on: !kind.trades() });
    for account in &all {
        for (asset, _) in held(bench, *account, Class::Debt) {
            let rejected = ask(bench, Call::Repay { account: *account, asset, amount: u128::MAX });
            assert_eq!(rejected, None, "I-37: {account} cannot pay back {asset}");
        }
        assert_eq!(held(bench, *account, Class::Debt), [], "I-37: {account} still owes");
    }
    give(bench, Body::Halt { on: false });
    // Paid back in a freeze, a pause and a hold; what follows waits until they are over.
    for asset in bench.model.gated() {
        give(bench, Body::SetGate { asset, gate: Gate::Open });
    }
    if kind == Kind::Basket {
        // Where nobody bids, what is owed puts the same collateral up again and again.
        pay_what_is_owed(bench, &all);
    }
    auctions_end(bench);
    let later = Time(bench.engine.now().0 + 60 * SECOND);
    let waited = bench.step(&Command { at: later, body: Body::AdvanceTime });
    assert_eq!(waited, Ok(None));
    if kind.trades() {
        come_to_rest(bench);
    }
    for account in &all {
        for (contract, _) in held(bench, *account, Class::Token) {
            let size = own(bench, *account, Unit::token(contract));
            if terms(bench.model.pool(), contract).is_err() || size == 0 {
                continue;
            }
            let (me, outside) = (Some(*account), None);
            let (buyer, seller) = if size > 0 { (outside, me) } else { (me, outside) };
            let price = bench.model.pool().price(contract).unwrap();
            let quantity = size.unsigned_abs();
            let rejected = ask(bench, Call::Trade { buyer, seller, contract, quantity, price });
            assert_eq!(rejected, None, "I-37: {account} cannot close {contract}");
        }
    }
    let class = if kind.trades() { Class::Token } else { Class::Supply };
    if kind == Kind::Basket {
        pay_what_is_owed(bench, &all);
        // What closing left owed may have put collateral up, and some auctions outlive the cure.
        auctions_end(bench);
    }
    for account in &all {
        for (asset, balance) in held(bench, *account, class) {
            if balance <= 0 {
                continue;
            }
            let (account, amount) = (*account, u128::MAX);
            match ask(bench, Call::Withdraw { account, asset, amount }) {
                None if waits(bench, account, asset) => {}
                None => {
                    let left = held(bench, account, class);
                    assert!(left.iter().all(|(a, _)| *a != asset), "I-37: {left:?} stays");
                }
                // What was written off is gone, and what is not in cash is not there.
                Some(Rejection::InsufficientLiquidity) => {}
                // A rule against drains lets it out later.
                Some(Rejection::OutflowLimited | Rejection::AlreadyWaiting) => {}
                Some(why) => panic!("I-37: {account} cannot take out {asset}: {why:?}"),
            }
        }
    }
}

/// Whatever is owed of one asset holds back the others.
fn pay_what_is_owed(bench: &mut Bench, all: &[AccountId]) {
    for account in all {
        for (asset, balance) in held(bench, *account, Class::Token) {
            if balance < 0 && terms(bench.model.pool(), asset).is_err() {
                let (account, amount) = (*account, balance.unsigned_abs());
                let paid = ask(bench, Call::Deposit { account, asset, amount });
                assert_eq!(paid, None, "I-37: {account} cannot pay {asset}");
            }
        }
    }
}

/// Whoever has bid may count on the lot: with prices all along every auction comes to its end.
fn auctions_end(bench: &mut Bench) {
    let mut left = 40;
    while !bench.engine.auctions().is_empty() {
        assert!(left > 0, "{:?} never end", bench.engine.auctions());
        left -= 1;
        let at = Time(bench.engine.now().0 + 10 * SECOND);
        for number in 0..u16::try_from(bench.engine.markets().len()).unwrap() {
            let Some(mark) = bench.engine.marks()[usize::from(number)].mark else { continue };
            let tick = Tick {
                market: MarketId(number),
                quote: Quote::Single(mark.price.raw),
                decimals: mark.price.decimals,
                sequence: mark.sequence + 1,
                observed_at: at,
            };
            let told = bench.step(&Command { at, body: Body::Tick(tick) });
            assert_eq!(told, Ok(None));
        }
    }
}

/// Orders come off, and what is over is delivered: nobody can close it otherwise.
fn come_to_rest(bench: &mut Bench) {
    let orders: Vec<u64> = bench.model.pool().orders.keys().copied().collect();
    for order in orders {
        assert_eq!(give(bench, Body::CancelOrder { order }), None);
    }
    let count = u16::try_from(bench.model.pool().assets.len()).unwrap();
    for contract in (0..count).map(AssetId) {
        let Ok(terms) = terms(bench.model.pool(), contract) else { continue };
        if terms.expires.is_none_or(|end| bench.engine.now() < end) {
            continue;
        }
        let priced = match terms.form {
            Form::Option(option) => option.underlying,
            Form::Linear | Form::Inverse => contract,
        };
        let Ok(price) = bench.model.pool().price(priced) else { continue };
        let told = ask(bench, Call::Deliver { contract, price });
        assert!(matches!(told, None | Some(Rejection::ContractEnded)), "{told:?}");
    }
}
