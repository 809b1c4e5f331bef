//! Random trades: nothing is minted, and every profit is somebody's.

use super::*;
use breakwater_money::{Rational, TransferCode, rational};
use proptest::prelude::*;

/// Of each account, in base units: enough for whatever the moves come to.
const DEPOSIT: i128 = 1_000_000_007_000_000;

#[derive(Debug, Clone, Copy)]
struct Move {
    buyer: u32,
    seller: u32,
    contract: AssetId,
    quantity: u128,
    price: u128,
    fill: bool,
}

/// Four accounts and, as the fifth party, the outside.
fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = (0u32..5, 0u32..5, 0usize..3, 1u128..900, 1u128..1_000_000, 0u8..5);
    let one = one.prop_map(|(buyer, seller, contract, quantity, price, fill)| Move {
        buyer,
        seller,
        contract: [BTC, ETH, PEPE][contract],
        quantity,
        price,
        fill: fill == 0,
    });
    prop::collection::vec(one, 1..60)
}

fn party(number: u32) -> Option<AccountId> {
    (number < 4).then_some(AccountId(number))
}

impl Move {
    fn call(&self, pool: &Pool) -> Call {
        let decimals = pool.markets[self.contract.index() - 2].guard.decimals;
        let account = AccountId(self.buyer % 4);
        if self.fill {
            let size = pool.size(account, self.contract).unsigned_abs();
            return fill(account, self.contract, self.quantity.min(size), self.price);
        }
        Call::Trade {
            buyer: party(self.buyer),
            seller: party(self.seller),
            contract: self.contract,
            quantity: self.quantity,
            price: Price::new(self.price, decimals),
        }
    }
}

/// What one account's books should say, in rationals and without looking at the rule.
#[derive(Clone)]
struct Expected {
    /// Signed size and exact entry value by contract.
    held: BTreeMap<AssetId, (i128, Rational)>,
    /// The deposit and every value paid or received, without fees.
    flows: i128,
    fees: i128,
    /// Exact profit of what was closed, without fees.
    realised: Rational,
    trades: i128,
}

impl Expected {
    fn new() -> Self {
        let realised = Self::whole(0);
        Expected { held: BTreeMap::new(), flows: DEPOSIT, fees: 0, realised, trades: 0 }
    }

    fn whole(raw: i128) -> Rational {
        rational::from_raw(raw, 0)
    }

    fn trade(&mut self, contract: AssetId, change: i128, value: i128) {
        let nought = Self::whole(0);
        let (size, entry) = self.held.remove(&contract).unwrap_or((0, nought.clone()));
        let closed =
            if size.signum() * change.signum() < 0 { size.abs().min(change.abs()) } else { 0 };
        let exit = Self::whole(value) * Self::whole(closed) / Self::whole(change.abs());
        let cost = if closed > 0 {
            entry.clone() * Self::whole(closed) / Self::whole(size.abs())
        } else {
            nought.clone()
        };
        self.realised += (&exit - &cost) * Self::whole(size.signum());
        let entry = entry - cost + (Self::whole(value) - exit);
        self.held.insert(contract, (size + change, entry));
        self.flows -= change.signum() * value;
        self.trades += 1;
    }
}

proptest! {
    #[test]
    fn random_trades_mint_nothing_and_realised_plus_unrealised_is_the_change_of_equity(
        moves in moves()
    ) {
        let mut pool = Pool::new();
        let mut expected = vec![Expected::new(); 4];
        for account in [A, B, C, D] {
            pool.deposit(account, DEPOSIT.unsigned_abs());
        }
        let mut accepted = 0;
        for step in &moves {
            let Ok(effects) = pool.call(&step.call(&pool)) else { continue };
            accepted += 1;
            // Whatever else moved, each party paid or received the one value of the trade.
            let value = effects.transfers.iter().find(|t| {
                let traded = matches!(t.code, TransferCode::Trade | TransferCode::Sale);
                traded && t.unit == Unit::token(USDT)
            });
            let value = i128::try_from(value.map_or(0, |t| t.amount)).unwrap();
            let moved = effects.transfers[0];
            for (holder, sign) in [(moved.credit, 1), (moved.debit, -1)] {
                let Holder::Account(account) = holder else { continue };
                let change = sign * i128::try_from(moved.amount).unwrap();
                expected[account.index()].trade(step.contract, change, value);
            }
            let fees = effects.transfers.iter().filter(|t| t.code == TransferCode::Fee);
            for (payer, fee) in fees.map(|t| (t.debit, t.amount)) {
                let Holder::Account(account) = payer else { panic!("{payer:?} paid a fee") };
                expected[account.index()].fees += i128::try_from(fee).unwrap();
            }
            prop_assert!(pool.sums().values().all(|sum| *sum == 0));
        }
        prop_assert!(accepted > 0 || moves.len() < 8);
        for account in [A, B, C, D] {
            agrees(&pool, account, &expected[account.index()])?;
        }
    }
}

fn agrees(pool: &Pool, account: AccountId, expected: &Expected) -> Result<(), TestCaseError> {
    let mut quotes = 0;
    for contract in [BTC, ETH, PEPE] {
        let (size, quote) = (pool.size(account, contract), pool.quote(account, contract));
        let held = expected.held.get(&contract).map_or(0, |(size, _)| *size);
        prop_assert_eq!(size, held);
        // A long's quote side is what it cost, a short's what it brought, nothing else stays.
        prop_assert!(size != 0 || quote == 0);
        prop_assert!(size.signum() * quote <= 0);
        quotes += quote;
    }
    // Cash and quote sides hold every value that changed hands: with the positions at their marks
    // that is equity, so realised plus unrealised is its change, to the unit.
    prop_assert_eq!(pool.cash(account) + quotes, expected.flows - expected.fees);
    // What was realised so far is the average-cost profit, but for two roundings a trade.
    let realised = Expected::whole(pool.cash(account) + expected.fees - DEPOSIT);
    let off = realised - expected.realised.clone();
    let bound = Expected::whole(2 * expected.trades);
    prop_assert!(off <= bound && -bound <= off);
    Ok(())
}
