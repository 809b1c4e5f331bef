//! Lots: what was acquired when, at which basis, and which of them a disposal takes.
//!
//! A disposal costs the logarithm of the open lots. Basis and proceeds are shared by quantity, the
//! last part taking the rest, so that basis added is basis removed plus basis left to the last
//! place; [`Lots::close`] proves it together with lots being balances. A moved unit keeps its lot,
//! date and basis.

mod policy;
mod queue;
mod rules_change;
#[cfg(test)]
mod tests;
mod told;

pub use policy::{Order, Policy, Scope, Shortage, StandingOrder};
pub use told::{Assumption, Chosen, Lot, Moved, Row, RowEvent};

use crate::entry::Acquired;
use crate::error::{AccountingError, Result};
use crate::movement::{Change, Incoming, Movement, Outgoing};
use crate::names::{AssetId, Names, SourceId, WalletId};
use crate::number::{Quantity, Value};
use breakwater_money::Time;
use queue::Queue;
use std::collections::{BTreeSet, HashMap};

/// One part taken out of a lot.
struct Part {
    number: usize,
    lot: Lot,
    quantity: Quantity,
    basis: Value,
    chosen: Chosen,
}

/// Every lot of a holder.
#[derive(Debug, Clone)]
pub struct Lots {
    policy: Policy,
    lots: Vec<Lot>,
    queues: HashMap<(AssetId, Option<WalletId>), Queue>,
    balances: HashMap<(AssetId, WalletId), Quantity>,
    by_source: Option<HashMap<SourceId, Vec<usize>>>,
    rows: Vec<Row>,
    moves: Vec<Moved>,
    assumptions: Vec<Assumption>,
    scope: Scope,
    latest: Time,
    added: Value,
    removed: Value,
    turns: u32,
}

impl Lots {
    /// No lots yet.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        let scope = policy.scope(Time(0));
        Lots {
            policy,
            lots: Vec::new(),
            queues: HashMap::new(),
            balances: HashMap::new(),
            by_source: None,
            rows: Vec::new(),
            moves: Vec::new(),
            assumptions: Vec::new(),
            scope,
            latest: Time(0),
            added: Value::ZERO,
            removed: Value::ZERO,
            turns: 0,
        }
    }

    /// Realised rows so far, in the order of their movements.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// What went from wallet to wallet, in order.
    #[must_use]
    pub fn moves(&self) -> &[Moved] {
        &self.moves
    }

    /// What had to be assumed.
    #[must_use]
    pub fn assumptions(&self) -> &[Assumption] {
        &self.assumptions
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Lots with units left, in the order in which they came to be; a moved part came to be when
    /// it arrived. With each its number, for [`Lots::adjust`].
    pub fn open(&self) -> impl Iterator<Item = (usize, &Lot)> {
        self.lots.iter().enumerate().filter(|(_, lot)| !lot.quantity.is_zero())
    }

    /// How many lots ever came to be: the number of the next one.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lots.len()
    }

    /// A lot by its number.
    #[must_use]
    pub fn lot(&self, number: usize) -> Option<&Lot> {
        self.lots.get(number)
    }

    /// Takes one movement.
    ///
    /// # Errors
    /// Out of time order, more units than are held, an identified lot that is not there, or a
    /// number that does not fit.
    pub fn apply(&mut self, names: &Names, movement: &Movement) -> Result<()> {
        if movement.at < self.latest {
            let source_name = names.source_name(movement.source).to_owned();
            return Err(AccountingError::OutOfOrder { source_name });
        }
        self.latest = movement.at;
        let scope = self.policy.scope(movement.at);
        if scope != self.scope {
            self.change_scope(names, scope)?;
        }
        match &movement.change {
            Change::In(incoming) => self.bring(movement, incoming),
            Change::Out(outgoing) => self.send(names, movement, outgoing),
            Change::Move { to, quantity, lots, .. } => {
                self.carry(names, movement, *to, *quantity, lots)
            }
        }
    }

    fn bring(&mut self, movement: &Movement, incoming: &Incoming) -> Result<()> {
        let basis = incoming.cost.plus(incoming.fee)?;
        self.balance(movement.asset, movement.wallet, incoming.quantity)?;
        self.added = self.added.plus(basis)?;
        let turn = self.turns;
        self.turns = self.turns.saturating_add(1);
        if incoming.how.is_income() {
            self.rows.push(Row {
                at: movement.at,
                wallet: movement.wallet,
                source: movement.source,
                asset: movement.asset,
                event: RowEvent::Income(incoming.how),
                lot: None,
                number: None,
                acquired: None,
                acquired_how: None,
                quantity: incoming.quantity,
                proceeds: incoming.cost,
                fee: Value::ZERO,
                basis: Value::ZERO,
                market: None,
                chosen: Chosen::Nothing,
                scope: self.scope,
            });
        }
        self.place(Lot {
            source: movement.source,
            asset: movement.asset,
            wallet: movement.wallet,
            acquired: incoming.acquired,
            arrived: movement.at,
            quantity: incoming.quantity,
            basis,
            entered: incoming.quantity,
            entered_basis: basis,
            price: incoming.price,
            turn,
            how: incoming.how,
            pooled: false,
        })
    }

    fn send(&mut self, names: &Names, movement: &Movement, out: &Outgoing) -> Result<()> {
        self.cover(names, movement, out.quantity, out.proceeds)?;
        self.balance(movement.asset, movement.wallet, out.quantity.negated()?)?;
        let mut left = (out.quantity, out.proceeds, out.fee, out.market);
        let parts = self.take(names, movement, out.quantity, &out.lots)?;
        for part in parts {
            let proceeds = left.1.share(part.quantity, left.0)?;
            let fee = left.2.share(part.quantity, left.0)?;
            let market = match left.3 {
                Some(market) => Some(market.share(part.quantity, left.0)?),
                None => None,
            };
            left.3 = match (left.3, market) {
                (Some(all), Some(part)) => Some(all.minus(part)?),
                _ => None,
            };
            left =
                (left.0.minus(part.quantity)?, left.1.minus(proceeds)?, left.2.minus(fee)?, left.3);
            self.removed = self.removed.plus(part.basis)?;
            let dated = !part.lot.pooled;
            self.rows.push(Row {
                at: movement.at,
                wallet: movement.wallet,
                source: movement.source,
                asset: movement.asset,
                event: RowEvent::Out(out.how),
                lot: dated.then_some(part.lot.source),
                number: Some(part.number),
                acquired: dated.then_some(part.lot.acquired),
                acquired_how: dated.then_some(part.lot.how),
                quantity: part.quantity,
                proceeds,
                fee,
                basis: part.basis,
                market,
                chosen: part.chosen,
                scope: self.scope,
            });
        }
        Ok(())
    }

    fn carry(
        &mut self,
        names: &Names,
        movement: &Movement,
        to: WalletId,
        quantity: Quantity,
        lots: &[SourceId],
    ) -> Result<()> {
        if self.scope == Scope::Wallet {
            self.cover(names, movement, quantity, Value::ZERO)?;
        }
        self.balance(movement.asset, movement.wallet, quantity.negated()?)?;
        self.balance(movement.asset, to, quantity)?;
        if self.scope == Scope::Universal || movement.wallet == to {
            return Ok(());
        }
        for part in self.take(names, movement, quantity, lots)? {
            self.moves.push(Moved {
                at: movement.at,
                source: Some(movement.source),
                lot: part.lot,
                number: part.number,
                into: self.lots.len(),
                from: Some(movement.wallet),
                to: Some(to),
                quantity: part.quantity,
                basis: part.basis,
            });
            self.place(Lot { wallet: to, quantity: part.quantity, basis: part.basis, ..part.lot })?;
        }
        Ok(())
    }

    /// Gives a part of a lot more basis and another date of acquisition; the part becomes a lot of
    /// its own. Returns its number.
    ///
    /// # Errors
    /// There is no such lot with as many units left, or a number does not fit.
    pub fn adjust(
        &mut self,
        number: usize,
        quantity: Quantity,
        more: Value,
        acquired: Time,
    ) -> Result<usize> {
        let does_not_close = || AccountingError::DoesNotClose {
            what: format!("lot {number} has not {quantity} units to adjust"),
        };
        let lot = *self.lots.get(number).ok_or_else(does_not_close)?;
        if quantity > lot.quantity || quantity <= Quantity::ZERO {
            return Err(does_not_close());
        }
        let basis = lot.basis.share(quantity, lot.quantity)?;
        let key = self.key(lot.asset, lot.wallet);
        let queue = self.queues.get_mut(&key).ok_or_else(does_not_close)?;
        queue.remove(&self.lots, number);
        queue.held = queue.held.minus(lot.quantity)?;
        self.lots[number].quantity = Quantity::ZERO;
        self.lots[number].basis = Value::ZERO;
        let rest = lot.quantity.minus(quantity)?;
        if !rest.is_zero() {
            self.place(Lot { quantity: rest, basis: lot.basis.minus(basis)?, ..lot })?;
        }
        let basis = basis.plus(more)?;
        self.added = self.added.plus(more)?;
        let at = self.lots.len();
        let (entered, entered_basis) = (quantity, basis);
        self.place(Lot { quantity, basis, entered, entered_basis, acquired, ..lot })?;
        Ok(at)
    }

    /// Proves that basis added is basis removed plus basis left, and that lots are balances.
    ///
    /// # Errors
    /// A sum does not close.
    pub fn close(&self) -> Result<()> {
        let mut basis = Value::ZERO;
        let mut units: HashMap<(AssetId, Option<WalletId>), Quantity> = HashMap::new();
        for lot in &self.lots {
            basis = basis.plus(lot.basis)?;
            let held = units.entry(self.key(lot.asset, lot.wallet)).or_default();
            *held = held.plus(lot.quantity)?;
        }
        if self.added.minus(self.removed)? != basis {
            let what =
                format!("basis added {}, removed {}, left {basis}", self.added, self.removed);
            return Err(AccountingError::DoesNotClose { what });
        }
        let mut balances: HashMap<(AssetId, Option<WalletId>), Quantity> = HashMap::new();
        for ((asset, wallet), balance) in &self.balances {
            let held = balances.entry(self.key(*asset, *wallet)).or_default();
            *held = held.plus(*balance)?;
        }
        let keys: BTreeSet<_> = units.keys().chain(balances.keys()).copied().collect();
        for key in keys {
            let lots = units.get(&key).copied().unwrap_or_default();
            let balance = balances.get(&key).copied().unwrap_or_default();
            let queue = self.queues.get(&key).map_or(Quantity::ZERO, |queue| queue.held);
            if lots != balance || lots != queue {
                let what = format!("asset {}: lots hold {lots}, balance {balance}", key.0.0);
                return Err(AccountingError::DoesNotClose { what });
            }
        }
        Ok(())
    }

    /// Basis added, removed, and left.
    ///
    /// # Errors
    /// The difference does not fit.
    pub fn basis(&self) -> Result<(Value, Value, Value)> {
        Ok((self.added, self.removed, self.added.minus(self.removed)?))
    }

    fn key(&self, asset: AssetId, wallet: WalletId) -> (AssetId, Option<WalletId>) {
        (asset, (self.scope == Scope::Wallet).then_some(wallet))
    }

    fn balance(&mut self, asset: AssetId, wallet: WalletId, change: Quantity) -> Result<()> {
        let balance = self.balances.entry((asset, wallet)).or_default();
        *balance = balance.plus(change)?;
        Ok(())
    }

    /// Puts a new lot into its queue.
    fn place(&mut self, mut lot: Lot) -> Result<()> {
        lot.arrived = self.latest;
        let key = self.key(lot.asset, lot.wallet);
        let order = self.policy.order(self.latest, lot.wallet);
        let queue = self.queues.entry(key).or_insert_with(|| Queue::new(order));
        queue.held = queue.held.plus(lot.quantity)?;
        if queue.order == Order::Average {
            if let Some(pool) = queue.pool {
                let pool = &mut self.lots[pool];
                pool.quantity = pool.quantity.plus(lot.quantity)?;
                pool.basis = pool.basis.plus(lot.basis)?;
                return Ok(());
            }
            lot.pooled = true;
            queue.pool = Some(self.lots.len());
        }
        let at = self.lots.len();
        if let Some(index) = &mut self.by_source {
            index.entry(lot.source).or_default().push(at);
        }
        self.lots.push(lot);
        queue.insert(&self.lots, at);
        Ok(())
    }

    /// Makes sure that a queue holds what should go out of it, by the assumption chosen.
    fn cover(
        &mut self,
        names: &Names,
        movement: &Movement,
        wanted: Quantity,
        proceeds: Value,
    ) -> Result<()> {
        let key = self.key(movement.asset, movement.wallet);
        let held = self.queues.get(&key).map_or(Quantity::ZERO, |queue| queue.held);
        if held >= wanted {
            return Ok(());
        }
        let missing = wanted.minus(held)?;
        let basis = match self.policy.shortage {
            Shortage::Refuse => {
                return Err(AccountingError::NotHeld {
                    source_name: names.source_name(movement.source).to_owned(),
                    asset: names.asset_name(movement.asset).to_owned(),
                    pool: pool_name(names, key.1),
                    wanted,
                    held,
                });
            }
            Shortage::ZeroBasis => Value::ZERO,
            Shortage::ProceedsAsBasis => proceeds.share(missing, wanted)?,
        };
        let (source, asset) = (movement.source, movement.asset);
        self.assumptions.push(Assumption::Missing { source, asset, quantity: missing, basis });
        let incoming = Incoming {
            quantity: missing,
            cost: basis,
            fee: Value::ZERO,
            how: Acquired::Assumed,
            acquired: movement.at,
            price: None,
        };
        self.bring(movement, &incoming)
    }

    /// Takes units out of a queue: identified lots first, then by the order in force.
    fn take(
        &mut self,
        names: &Names,
        movement: &Movement,
        quantity: Quantity,
        identified: &[SourceId],
    ) -> Result<Vec<Part>> {
        let key = self.key(movement.asset, movement.wallet);
        let order = self.policy.order(movement.at, movement.wallet);
        self.sort(key, order)?;
        let mut parts = Vec::with_capacity(1);
        let mut left = quantity;
        for source in identified {
            if left.is_zero() {
                break;
            }
            let mut found = false;
            for at in self.identified(*source, key) {
                found = true;
                let part = self.part(key, at, left, Chosen::Identified)?;
                left = left.minus(part.quantity)?;
                parts.push(part);
                if left.is_zero() {
                    break;
                }
            }
            if !found {
                return Err(AccountingError::NoSuchLot {
                    source_name: names.source_name(movement.source).to_owned(),
                    lot: names.source_name(*source).to_owned(),
                    pool: pool_name(names, key.1),
                });
            }
        }
        while !left.is_zero() {
            let front = self.queues.get(&key).and_then(Queue::front);
            let Some(at) = front else {
                let what = format!("{left} units are missing in {}", pool_name(names, key.1));
                return Err(AccountingError::DoesNotClose { what });
            };
            let part = self.part(key, at, left, Chosen::Order(order))?;
            left = left.minus(part.quantity)?;
            parts.push(part);
        }
        Ok(parts)
    }

    /// Takes up to `wanted` units out of one lot.
    fn part(
        &mut self,
        key: (AssetId, Option<WalletId>),
        at: usize,
        wanted: Quantity,
        chosen: Chosen,
    ) -> Result<Part> {
        let whole = self.lots[at];
        let quantity = wanted.min(whole.quantity);
        let basis = whole.basis.share(quantity, whole.quantity)?;
        if let Some(queue) = self.queues.get_mut(&key) {
            queue.held = queue.held.minus(quantity)?;
            if quantity == whole.quantity {
                queue.remove(&self.lots, at);
            }
        }
        self.lots[at].quantity = whole.quantity.minus(quantity)?;
        self.lots[at].basis = whole.basis.minus(basis)?;
        Ok(Part { number: at, lot: whole, quantity, basis, chosen })
    }

    /// Open lots of one source in one queue, earliest part first.
    fn identified(&mut self, source: SourceId, key: (AssetId, Option<WalletId>)) -> Vec<usize> {
        let lots = &self.lots;
        let index = self.by_source.get_or_insert_with(|| {
            let mut index: HashMap<SourceId, Vec<usize>> = HashMap::new();
            for (at, lot) in lots.iter().enumerate() {
                index.entry(lot.source).or_default().push(at);
            }
            index
        });
        let here = |at: &usize| {
            let lot = &lots[*at];
            let wallet = key.1.is_none_or(|wallet| wallet == lot.wallet);
            lot.asset == key.0 && wallet && !lot.quantity.is_zero()
        };
        index
            .get(&source)
            .map(|list| list.iter().copied().filter(here).collect())
            .unwrap_or_default()
    }
}

fn pool_name(names: &Names, wallet: Option<WalletId>) -> String {
    match wallet {
        Some(wallet) => format!("wallet `{}`", names.wallet_name(wallet)),
        None => "all wallets".to_owned(),
    }
}
