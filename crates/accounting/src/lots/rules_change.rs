//! What becomes of open lots when another order or another scope comes into force.

use super::policy::{Order, Scope};
use super::queue::Queue;
use super::{Assumption, Lot, Lots, Moved};
use crate::error::Result;
use crate::names::{AssetId, Names, WalletId};
use crate::number::{Quantity, Value};
use std::collections::HashMap;

impl Lots {
    /// Sorts a queue anew where another order came into force.
    pub(super) fn sort(&mut self, key: (AssetId, Option<WalletId>), order: Order) -> Result<()> {
        let Some(queue) = self.queues.get_mut(&key) else { return Ok(()) };
        if queue.order == order {
            return Ok(());
        }
        let old = std::mem::replace(queue, Queue::new(order));
        for at in old.lots() {
            if order == Order::Average {
                if let Some(pool) = queue.pool {
                    let lot = self.lots[at];
                    self.lots[at] = Lot { quantity: Quantity::ZERO, basis: Value::ZERO, ..lot };
                    let pool = &mut self.lots[pool];
                    pool.quantity = pool.quantity.plus(lot.quantity)?;
                    pool.basis = pool.basis.plus(lot.basis)?;
                    continue;
                }
                self.lots[at].pooled = true;
                queue.pool = Some(at);
            } else {
                // The pool of an average is from now on a lot of its average basis, acquired when
                // its first units were.
                let lot = &mut self.lots[at];
                if lot.pooled {
                    (lot.entered, lot.entered_basis, lot.pooled) = (lot.quantity, lot.basis, false);
                }
            }
            queue.insert(&self.lots, at);
        }
        queue.held = old.held;
        Ok(())
    }

    /// From a universal pool to wallets: lots go to wallets in the order of the wallets' names, each
    /// wallet filled up to its balance out of the earliest acquired. From wallets to a universal
    /// pool: queues become one.
    pub(super) fn change_scope(&mut self, names: &Names, scope: Scope) -> Result<()> {
        let open: Vec<usize> = self.open().map(|(at, _)| at).collect();
        let old = self.scope;
        self.scope = scope;
        self.queues.clear();
        let mut lots: Vec<(usize, Lot)> = open.iter().map(|at| (*at, self.lots[*at])).collect();
        for at in open {
            self.lots[at].quantity = Quantity::ZERO;
            self.lots[at].basis = Value::ZERO;
        }
        if old == Scope::Wallet {
            for (number, lot) in lots {
                let (at, from, to) = (self.latest, Some(lot.wallet), None);
                let (quantity, basis, into) = (lot.quantity, lot.basis, self.lots.len());
                let source = None;
                self.moves.push(Moved { at, source, lot, number, into, from, to, quantity, basis });
                self.place(lot)?;
            }
            return Ok(());
        }
        lots.sort_by_key(|(_, lot)| lot.acquired);
        let mut wallets: Vec<(AssetId, WalletId, Quantity)> = self
            .balances
            .iter()
            .filter(|(_, balance)| **balance > Quantity::ZERO)
            .map(|((asset, wallet), balance)| (*asset, *wallet, *balance))
            .collect();
        wallets.sort_by(|a, b| (a.0, names.wallet_name(a.1)).cmp(&(b.0, names.wallet_name(b.1))));
        let mut supply: HashMap<AssetId, std::collections::VecDeque<(usize, Lot)>> = HashMap::new();
        for (number, lot) in lots {
            supply.entry(lot.asset).or_default().push_back((number, lot));
        }
        for (asset, wallet, balance) in wallets {
            let mut wanted = balance;
            let queue = supply.entry(asset).or_default();
            while !wanted.is_zero() {
                let Some((number, lot)) = queue.front_mut() else {
                    let quantity = wanted;
                    self.balance(asset, wallet, quantity.negated()?)?;
                    self.assumptions.push(Assumption::Unallocated { asset, wallet, quantity });
                    break;
                };
                let quantity = wanted.min(lot.quantity);
                let basis = lot.basis.share(quantity, lot.quantity)?;
                let moved = Lot { wallet, quantity, basis, ..*lot };
                let (at, from, to) = (self.latest, None, Some(wallet));
                let (source, lot_before, number, into) = (None, *lot, *number, self.lots.len());
                self.moves.push(Moved {
                    at,
                    source,
                    lot: lot_before,
                    number,
                    into,
                    from,
                    to,
                    quantity,
                    basis,
                });
                lot.quantity = lot.quantity.minus(quantity)?;
                lot.basis = lot.basis.minus(basis)?;
                let empty = lot.quantity.is_zero();
                if empty {
                    queue.pop_front();
                }
                wanted = wanted.minus(quantity)?;
                self.place(moved)?;
            }
        }
        // A wallet that was overdrawn in the universal pool owes units that other wallets hold no
        // lots for; both were noted above, and its balance starts again at nothing.
        for balance in self.balances.values_mut() {
            *balance = (*balance).max(Quantity::ZERO);
        }
        Ok(())
    }
}
