//! A pool under test: every command goes through `Engine::apply`, and after each of them the
//! promises that hold always are judged from outside.

use super::shelf::Shelf;
use super::{broken, lending, perpetual, stability_pool};
use breakwater_engine::{Body, Command, Engine, Outcome, Stop, What};
use breakwater_liquidation::solvency::AssetGuard;
use breakwater_liquidation::{
    AssetKind, Call, CallState, Fact, Gate, Policy, Rejected, Rejection, Seller,
};
use breakwater_market::{Guard, MarketId, Quote, Tick};
use breakwater_money::{AccountId, AssetId, Holder, Price, Time, Unit};
use std::sync::Arc;

pub const SECOND: u64 = 1_000_000_000;
pub const START: u64 = 1_700_000_000 * SECOND;

pub const CASH: AssetId = AssetId(0);
/// 18 decimals, at first 2,000.
pub const ETH: AssetId = AssetId(1);
/// 8 decimals, at first 30,000.
pub const BTC: AssetId = AssetId(2);

/// One whole unit of each, in base units.
pub const ONE_CASH: u128 = 1_000_000;
pub const ONE_ETH: u128 = 1_000_000_000_000_000_000;
pub const ONE_BTC: u128 = 100_000_000;

/// A price of whole units of cash.
pub const fn at(whole: u128) -> u128 {
    whole * ONE_CASH
}

/// The engine, its time, and every command it was given.
pub struct Stage {
    pub engine: Engine,
    pub now: u64,
    pub journal: Vec<Command>,
}

/// What a market of the stage accepts.
pub fn guard() -> Guard {
    Guard {
        decimals: 6,
        age_max_nanos: 60 * SECOND,
        ahead_max_nanos: SECOND,
        band_bps: 5_000,
        spread_max_bps: 100,
        grace_nanos: 30 * SECOND,
    }
}

/// Our guards, with the venue selling by itself.
pub fn venue_sells() -> Policy {
    let guarded = Policy::guarded();
    let guards = breakwater_liquidation::policy::Guards { minimal: false, ..guarded.guards };
    Policy {
        seller: Seller::Venue,
        lot_value: 100 * ONE_CASH,
        slippage_bps: 200,
        retry_nanos: 10 * SECOND,
        guards,
        ..guarded
    }
}

pub fn install(rule: &str, parameters: &str, policy: Policy) -> Body {
    Body::InstallRulebook {
        rule: rule.to_owned(),
        parameters: parameters.to_owned(),
        hash: *blake3::hash(parameters.as_bytes()).as_bytes(),
        policy,
    }
}

pub fn asset(symbol: &str, decimals: u8, kind: AssetKind) -> Body {
    Body::DefineAsset { symbol: symbol.to_owned(), decimals, kind }
}

pub fn market(symbol: &str, asset: AssetId) -> Body {
    let (symbol, guard) = (symbol.to_owned(), guard());
    Body::DefineMarket { symbol, asset, guard, volatility_weight: 1 }
}

pub fn open(owner: &str) -> Body {
    Body::OpenAccount { owner: owner.to_owned() }
}

pub fn deposit(account: u32, asset: AssetId, amount: u128) -> Body {
    Body::Call(Call::Deposit { account: AccountId(account), asset, amount })
}

pub fn withdraw(account: u32, asset: AssetId, amount: u128) -> Body {
    Body::Call(Call::Withdraw { account: AccountId(account), asset, amount })
}

pub fn borrow(account: u32, amount: u128) -> Body {
    Body::Call(Call::Borrow { account: AccountId(account), asset: CASH, amount })
}

pub fn repay(account: u32, amount: u128) -> Body {
    Body::Call(Call::Repay { account: AccountId(account), asset: CASH, amount })
}

pub fn seize(account: u32, collateral: AssetId, amount: u128) -> Body {
    Body::Call(Call::RepayAndSeize {
        account: AccountId(account),
        debt: CASH,
        collateral,
        amount,
        shares: false,
        liquidator: None,
    })
}

pub fn absorb(accounts: &[u32]) -> Body {
    Body::Call(Call::Absorb { accounts: accounts.iter().copied().map(AccountId).collect() })
}

/// A trade at a price in millionths of cash; none is the outside.
pub fn trade(
    buyer: Option<u32>,
    seller: Option<u32>,
    contract: AssetId,
    quantity: u128,
    price: u128,
) -> Body {
    Body::Call(Call::Trade {
        buyer: buyer.map(AccountId),
        seller: seller.map(AccountId),
        contract,
        quantity,
        price: Price::new(price, 6),
    })
}

pub fn fund(amount: u128) -> Body {
    Body::FundInsurance { asset: CASH, amount }
}

pub fn gate(asset: AssetId, gate: Gate) -> Body {
    Body::SetGate { asset, gate }
}

pub fn cover(amount: u128) -> Body {
    Body::CoverDeficit { asset: CASH, amount }
}

/// A policy that also guards one asset.
pub fn guarding(symbol: &str, guard: AssetGuard, policy: Policy) -> Policy {
    let mut policy = policy;
    policy.solvency.assets.insert(symbol.to_owned(), guard);
    policy
}

pub fn fill(leg: u64, quantity: u128, proceeds: u128, done: bool) -> Body {
    Body::ReportFill { leg, quantity, proceeds, done }
}

/// An account's own order: `change` above zero buys, at a price in millionths of cash.
pub fn place(account: u32, contract: AssetId, change: i128, price: u128) -> Body {
    let (buy, quantity) = (change > 0, change.unsigned_abs());
    let (account, price) = (AccountId(account), Price::new(price, 6));
    let order = breakwater_liquidation::Order {
        account,
        contract,
        buy,
        quantity,
        price,
        reduce_only: false,
    };
    Body::PlaceOrder { order }
}

/// The same, for less of a position only.
pub fn reduce(account: u32, contract: AssetId, change: i128, price: u128) -> Body {
    let Body::PlaceOrder { order } = place(account, contract, change, price) else {
        unreachable!("placing is placing")
    };
    let order = breakwater_liquidation::Order { reduce_only: true, ..order };
    Body::PlaceOrder { order }
}

pub fn match_order(order: u64, quantity: u128, price: u128, against: Option<u64>) -> Body {
    Body::FillOrder { order, quantity, price: Price::new(price, 6), against }
}

pub fn take_off(order: u64) -> Body {
    Body::CancelOrder { order }
}

/// What an order tells its seller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    pub leg: u64,
    pub account: u32,
    pub asset: AssetId,
    pub quantity: u128,
    pub worst: u128,
}

pub fn orders(outcome: &Outcome) -> Vec<Order> {
    let ordered = outcome.facts().filter_map(|what| match what {
        What::Ordered { leg, account, sale, .. } => Some(Order {
            leg: *leg,
            account: account.0,
            asset: sale.asset,
            quantity: sale.quantity,
            worst: sale.worst_price.raw,
        }),
        _ => None,
    });
    ordered.collect()
}

/// Numbers of the legs called off.
pub fn cancelled(outcome: &Outcome) -> Vec<u64> {
    let legs = outcome.facts().filter_map(|what| match what {
        What::Cancelled { leg, .. } => Some(*leg),
        _ => None,
    });
    legs.collect()
}

/// Own orders taken off, with what was left of them.
pub fn taken_off(outcome: &Outcome) -> Vec<(u64, u128)> {
    let orders = outcome.facts().filter_map(|what| match what {
        What::OrderCancelled { order, left } => Some((*order, *left)),
        _ => None,
    });
    orders.collect()
}

/// Margin calls that moved, in order.
pub fn moves(outcome: &Outcome) -> Vec<(u32, CallState)> {
    let moved = outcome.facts().filter_map(|what| match what {
        What::CallMoved { account, to, .. } => Some((account.0, *to)),
        _ => None,
    });
    moved.collect()
}

/// Facts of the rulebook and the backstop, in order.
pub fn facts(outcome: &Outcome) -> Vec<Fact> {
    let facts = outcome.facts().filter_map(|what| match what {
        What::Happened(fact) => Some(fact.clone()),
        _ => None,
    });
    facts.collect()
}

impl Stage {
    /// A pool with nothing in it.
    pub fn empty() -> Self {
        Stage { engine: Engine::new(Arc::new(Shelf)), now: START, journal: Vec::new() }
    }

    /// Cash, ETH and BTC as tokens or contracts, with markets, `accounts` and first prices.
    pub fn of(rule: &str, parameters: &str, policy: Policy, accounts: u32) -> Self {
        let mut stage = Stage::empty();
        let kind = match rule {
            perpetual::RULE => AssetKind::linear_perpetual(CASH),
            _ => AssetKind::Token,
        };
        stage.done(asset("CASH", 6, AssetKind::Token));
        stage.done(asset("ETH", 18, kind));
        stage.done(market("ETH/CASH", ETH));
        if rule != stability_pool::RULE {
            stage.done(asset("BTC", 8, kind));
            stage.done(market("BTC/CASH", BTC));
        }
        for account in 0..accounts {
            stage.done(open(&format!("owner {account}")));
        }
        stage.done(install(rule, parameters, policy));
        stage.price(ETH, at(2_000));
        if rule != stability_pool::RULE {
            stage.price(BTC, at(30_000));
        }
        stage
    }

    /// The lending pool; account 0 has lent it ten millions.
    pub fn lending(parameters: &str, policy: Policy, accounts: u32) -> Self {
        let mut stage = Stage::of(lending::RULE, parameters, policy, accounts);
        stage.done(deposit(0, CASH, 10_000_000 * ONE_CASH));
        stage
    }

    /// The lending pool with a planted fault.
    pub fn broken(planted: broken::Planted, policy: Policy, accounts: u32) -> Self {
        let parameters = planted.parameters();
        let mut stage = Stage::of(broken::RULE, &parameters, policy, accounts);
        stage.done(deposit(0, CASH, 10_000_000 * ONE_CASH));
        stage
    }

    /// The exchange.
    pub fn perpetual(policy: Policy, accounts: u32) -> Self {
        Stage::of(perpetual::RULE, "", policy, accounts)
    }

    /// An account that owes `debt` against `collateral` of an asset.
    pub fn owes(&mut self, account: u32, asset: AssetId, collateral: u128, debt: u128) {
        self.done(deposit(account, asset, collateral));
        self.done(borrow(account, debt));
    }

    /// Time goes on; the next command carries it.
    pub fn wait(&mut self, nanos: u64) {
        self.now += nanos;
    }

    /// A tick of the market of `asset`, observed now, next in sequence.
    pub fn tick(&self, asset: AssetId, raw: u128) -> Tick {
        let index = usize::from(asset.0) - 1;
        let last = self.engine.marks()[index].mark;
        Tick {
            market: MarketId(asset.0 - 1),
            quote: Quote::Single(raw),
            decimals: 6,
            sequence: last.map_or(1, |mark| mark.sequence + 1),
            observed_at: Time(self.now),
        }
    }

    /// An accepted price.
    pub fn price(&mut self, asset: AssetId, raw: u128) -> Outcome {
        let tick = self.tick(asset, raw);
        self.done(Body::Tick(tick))
    }

    /// Applies a body now, and judges what must hold after every command.
    pub fn apply(&mut self, body: Body) -> Outcome {
        let command = Command { at: Time(self.now), body };
        self.apply_command(command)
    }

    pub fn apply_command(&mut self, command: Command) -> Outcome {
        let stopped = self.engine.stop().is_some();
        let before = self.engine.state_hash();
        let outcome = self.engine.apply(&command);
        if outcome.rejected.is_some() {
            assert_eq!(
                self.engine.state_hash(),
                before,
                "a rejected {command:?} changed the state"
            );
            assert!(outcome.events.is_empty(), "{outcome:?}");
        }
        self.journal.push(command);
        self.judge(&outcome);
        if !stopped && outcome.stop.is_none() {
            assert_eq!(self.engine.rescan(), [], "the watch list is late");
        }
        outcome
    }

    /// Conservation, a fund that owes nothing, and a bearer for every loss.
    fn judge(&self, outcome: &Outcome) {
        for row in self.engine.trial_balance() {
            assert_eq!(row.sum, 0, "{row:?} after {outcome:?}");
        }
        if self.engine.stop().is_some() {
            return;
        }
        for (holder, unit, balance) in self.engine.ledger().pool_balances() {
            assert!(holder != Holder::Insurance || balance >= 0, "the fund has {balance} {unit:?}");
        }
        self.judge_escrow();
        for (asset, losses) in self.engine.losses() {
            let paid = losses.insurance + losses.vault + losses.deleveraged;
            let borne = paid + losses.socialised + losses.outstanding;
            assert_eq!(losses.deficit, borne, "{asset}: {losses:?}");
        }
    }

    /// I-52, over all auctions: what is held for bidders is what they have put down.
    fn judge_escrow(&self) {
        let mut theirs = std::collections::BTreeMap::new();
        for (number, running) in self.engine.auctions() {
            let asset = self.engine.open_legs()[number].leg.proceeds_asset;
            *theirs.entry(Unit::token(asset)).or_insert(0i128) += running.held.cast_signed();
        }
        theirs.retain(|_, held| *held != 0);
        let pool = self.engine.ledger().pool_balances();
        let held = pool.filter(|(holder, _, held)| *holder == Holder::Escrow && *held != 0);
        let held = held.map(|(_, unit, balance)| (unit, balance)).collect();
        assert_eq!(theirs, held, "put down, and held");
    }

    /// A command that must be accepted.
    #[track_caller]
    pub fn done(&mut self, body: Body) -> Outcome {
        let told = format!("{body:?}");
        let outcome = self.apply(body);
        assert_eq!(outcome.rejected, None, "{told}");
        assert_eq!(outcome.stop, None, "{told}");
        outcome
    }

    /// A command that must be refused; why.
    #[track_caller]
    pub fn refused(&mut self, body: Body) -> Rejection {
        self.refused_because(body).rejection
    }

    /// A command that must be refused; why, with its numbers.
    #[track_caller]
    pub fn refused_because(&mut self, body: Body) -> Rejected {
        let told = format!("{body:?}");
        let outcome = self.apply(body);
        assert_eq!(outcome.stop, None, "{told}");
        outcome.rejected.unwrap_or_else(|| panic!("{told} was accepted"))
    }

    /// A command that must stop the engine; what it found.
    #[track_caller]
    pub fn stopped(&mut self, body: Body) -> Stop {
        let told = format!("{body:?}");
        let outcome = self.apply(body);
        assert_eq!(outcome.stop.as_ref(), self.engine.stop());
        outcome
            .stop
            .clone()
            .unwrap_or_else(|| panic!("{told} did not stop the engine: {outcome:?}"))
    }

    pub fn state(&self, account: u32) -> CallState {
        self.engine.margin_call(AccountId(account)).unwrap().state
    }

    pub fn health(&self, account: u32) -> breakwater_margin::Health {
        self.engine.health(AccountId(account)).unwrap()
    }

    pub fn balance(&self, holder: Holder, unit: Unit) -> i128 {
        self.engine.ledger().balance(holder, unit)
    }

    /// An account's own balance.
    pub fn own(&self, account: u32, unit: Unit) -> i128 {
        self.balance(Holder::Account(AccountId(account)), unit)
    }

    pub fn fund_balance(&self) -> i128 {
        self.balance(Holder::Insurance, Unit::token(CASH))
    }

    /// The hash of one part of the state.
    pub fn part(&self, name: &str) -> [u8; 32] {
        let parts = self.engine.state_hash().parts;
        parts.iter().find(|part| part.part == name).unwrap().hash
    }

    /// Another engine, given the same commands.
    pub fn replayed(&self) -> Engine {
        let mut engine = Engine::new(Arc::new(Shelf));
        for command in &self.journal {
            engine.apply(command);
        }
        engine
    }
}
