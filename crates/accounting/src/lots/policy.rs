//! Which lot goes first, among which lots, and since when.

use crate::names::WalletId;
use breakwater_money::Time;
use std::fmt;

/// Which lot goes first where none was identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Order {
    /// The earliest acquired first.
    Fifo,
    /// The latest acquired first.
    Lifo,
    /// The highest basis a unit first.
    Hifo,
    /// The lowest basis a unit first.
    Lofo,
    /// All units alike, at their average basis.
    Average,
}

impl Order {
    /// Reads `fifo`, `lifo`, `hifo`, `lofo` or `average`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Order> {
        let all = [Order::Fifo, Order::Lifo, Order::Hifo, Order::Lofo, Order::Average];
        all.into_iter().find(|order| order.to_string() == text)
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Order::Fifo => "fifo",
            Order::Lifo => "lifo",
            Order::Hifo => "hifo",
            Order::Lofo => "lofo",
            Order::Average => "average",
        })
    }
}

/// Among which lots a disposal chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Those of every wallet.
    Universal,
    /// Those of the wallet that disposes.
    Wallet,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scope::Universal => "universal",
            Scope::Wallet => "wallet",
        })
    }
}

/// An order that stands from an instant on, for one wallet or for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandingOrder {
    /// The first instant at which it holds.
    pub from: Time,
    /// The wallet; none is every wallet without an order of its own.
    pub wallet: Option<WalletId>,
    /// The order.
    pub order: Order,
}

/// What to do when more goes out than came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shortage {
    /// Refuse the stream.
    Refuse,
    /// Take the missing units as acquired at that instant for nothing.
    ZeroBasis,
    /// Take the missing units as acquired at that instant for what they bring.
    ProceedsAsBasis,
}

/// Which lots a disposal takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Scopes from their first instants on, earliest first; the first holds from the beginning.
    scopes: Vec<(Time, Scope)>,
    orders: Vec<StandingOrder>,
    /// What to do when more goes out than came in.
    pub shortage: Shortage,
}

impl Policy {
    /// One order and one scope for all time.
    #[must_use]
    pub fn new(order: Order, scope: Scope) -> Self {
        let standing = StandingOrder { from: Time(0), wallet: None, order };
        Policy {
            scopes: vec![(Time(0), scope)],
            orders: vec![standing],
            shortage: Shortage::Refuse,
        }
    }

    /// Another scope from an instant on.
    #[must_use]
    pub fn with_scope(mut self, from: Time, scope: Scope) -> Self {
        self.scopes.push((from, scope));
        self.scopes.sort_by_key(|(from, _)| *from);
        self
    }

    /// Another order from an instant on.
    #[must_use]
    pub fn with_order(mut self, standing: StandingOrder) -> Self {
        self.orders.push(standing);
        self.orders.sort_by_key(|standing| standing.from);
        self
    }

    /// Another answer to a shortage.
    #[must_use]
    pub fn with_shortage(mut self, shortage: Shortage) -> Self {
        self.shortage = shortage;
        self
    }

    /// The scope in force at an instant.
    #[must_use]
    pub fn scope(&self, at: Time) -> Scope {
        let in_force = self.scopes.iter().rev().find(|(from, _)| *from <= at);
        in_force.map_or(Scope::Universal, |(_, scope)| *scope)
    }

    /// The order in force at an instant: the wallet's own latest, else the latest for all.
    #[must_use]
    pub fn order(&self, at: Time, wallet: WalletId) -> Order {
        let latest = |wallet: Option<WalletId>| {
            let mut orders = self.orders.iter().rev();
            orders.find(|order| order.from <= at && order.wallet == wallet).map(|order| order.order)
        };
        latest(Some(wallet)).or_else(|| latest(None)).unwrap_or(Order::Fifo)
    }

    /// Every standing order, earliest first.
    #[must_use]
    pub fn orders(&self) -> &[StandingOrder] {
        &self.orders
    }
}
