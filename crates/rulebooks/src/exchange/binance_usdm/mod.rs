//! Binance USD-M perpetuals in one-way, single-asset mode: tiered maintenance margin, cross and
//! isolated accounts, liquidation by the venue.
//!
//! Rules, as the venue's pages on liquidation protocols and on leverage and margin state them:
//!
//! ```text
//! margin balance     = wallet balance + sum of unrealised profit at the mark
//! maintenance margin = sum over contracts of notional x rate - maintenance amount, by bracket
//! margin ratio       = maintenance margin / margin balance; liquidated at 100 % or above
//! ```
//!
//! So exact equality **is** a breach here. A bracket's maintenance amount follows from continuity;
//! the parameter file states the venue's and it is checked. The venue liquidates by itself, with
//! orders that take what the book gives: outsiders have no call. It charges a clearance fee on what
//! it liquidates, for the insurance fund, which pays what a bankrupt account lacks; when the fund
//! cannot, positions of winners are closed against the bankrupt one's.
//!
//! **One margin account is one unit of liquidation.** A cross account holds any number of contracts
//! on one wallet balance. An isolated position is an account of its own, with `isolated` set to one:
//! it holds one contract, and its cash is that position's margin.
//!
//! **Balances.** Cash is the settle asset held by the account; only losses make it negative. The size
//! of a position is the contract held by the account, signed. The quote side of a position is the
//! settle asset held by the position: minus the entry value of a long, plus that of a short.
//! Every leg of a trade is a transfer between its two parties, so each unit nets to zero.
//!
//! **Units and roundings.** Values are base units of the settle asset; marks are settle units for one
//! whole contract. A trade is worth `quantity x price`, to the nearest unit and half up: one integer
//! for both sides. A long's value is floored, a short's is raised, a requirement is raised, and what
//! a closed part releases of the quote side is rounded against the account.
//!
//! What is not here: several margin assets, hedge mode, open orders, funding, and trading fees.

mod book;
mod call;
mod parameters;
mod position;
#[cfg(test)]
mod tests;

pub use parameters::{BadParameter, ContractParameters, Parameters, TierParameters};

use book::Book;
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{
    AssetInfo, Call, CallOption, Effects, Exposures, Kept, Layout, Promise, Rejected, Rulebook,
    Unsupported, View,
};
use breakwater_margin::Health;
use breakwater_margin::health::Armed;
use breakwater_money::{AccountId, AssetId, Rational};

/// Name under which hosts plug the rule in.
pub const RULE: &str = "binance-usdm";

/// Column of the account's state that is one for an isolated account.
pub const ISOLATED: u16 = 0;

const LAYOUT: Layout =
    Layout { pool: &[], asset: &[], account: &["isolated (0 or 1)"], cells: &[] };

/// What the venue promises by itself, from its pages on liquidation, the insurance fund and
/// auto-deleveraging.
const PROMISES: &[(Promise, Kept)] = &[
    // Nothing is sold below a margin ratio of 100 %. A deleveraged winner is healthy, but is closed
    // against another account's liquidation and pays no fee: it is not liquidated.
    (Promise::HealthyUntouched, Kept::Keeps),
    // The mark has a fallback for outages of its feeds and liquidation goes on with it.
    (Promise::FreshMarksOnly, Kept::Refuses),
    (Promise::GraceAfterOutage, Kept::Refuses),
    // The interface answers orders of an account in liquidation with an error, -2023.
    (Promise::CureStaysPossible, Kept::Refuses),
    // The clearance fee is above the rate of the low brackets: there, each part sold for it lowers
    // the ratio of equity to requirement, at the mark already.
    (Promise::StepNeverHurts, Kept::Refuses),
    // Small positions are always closed whole.
    (Promise::Minimal, Kept::Refuses),
    (Promise::OncePerTick, Kept::Refuses),
    // Winners are closed only where the fund cannot take the position over.
    (Promise::FundBeforeDeleveraging, Kept::Keeps),
    // What a closed account lacks is brought back to zero by the fund.
    (Promise::NoUnbookedDebt, Kept::Keeps),
];

/// The rulebook, bound to the assets of a pool.
#[derive(Debug, Clone)]
pub struct UsdM {
    book: Book,
}

/// Builds the rulebook from a parameter file, bound to the pool's assets by symbol.
///
/// # Errors
/// The first parameter refused, with its value and what would be right: see [`BadParameter`].
pub fn build(parameters: &str, assets: &[AssetInfo]) -> Result<Box<dyn Rulebook>, String> {
    let book = Parameters::parse(parameters)
        .and_then(|parameters| Book::bind(&parameters, assets))
        .map_err(|error| error.to_string())?;
    Ok(Box::new(UsdM { book }))
}

impl Rulebook for UsdM {
    fn name(&self) -> &str {
        self.book.name()
    }

    fn layout(&self) -> &'static Layout {
        &LAYOUT
    }

    fn promises(&self) -> &'static [(Promise, Kept)] {
        PROMISES
    }

    /// Those of the settle asset.
    fn numeraire_decimals(&self) -> u8 {
        self.book.settle_decimals()
    }

    fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        self.book.admits(view)
    }

    /// Nothing: every account begins as a cross account.
    fn found(&self, _: &View<'_>) -> Result<Effects, Rejected> {
        Ok(Effects::default())
    }

    /// Nothing accrues: funding is not modelled.
    fn accrue(&self, _: &View<'_>) -> Result<Effects, Rejected> {
        Ok(Effects::default())
    }

    fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        let totals = self.book.totals(view, account)?;
        Ok(Health::of(totals.equity, totals.maintenance, true)?)
    }

    fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        self.book.exposures(view, account, out)
    }

    /// None: outsiders do not liquidate here.
    fn calls(&self, _: &View<'_>, _: AccountId, _: &mut Vec<CallOption>) -> Result<(), Rejected> {
        Ok(())
    }

    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        call::execute(&self.book, view, call)
    }

    /// Every position, the largest notional at the mark first; a tie goes to the lower contract.
    fn saleable(&self, view: &View<'_>, account: AccountId) -> Result<Vec<Saleable>, Rejected> {
        self.book.saleable(view, account)
    }

    /// Initial margin at the largest leverage that the positions' brackets allow.
    fn initial(&self, view: &View<'_>, account: AccountId) -> Result<u128, Rejected> {
        Ok(self.book.totals(view, account)?.initial)
    }

    fn steps_down(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Vec<u128>, Rejected> {
        self.book.steps_down(view, account, asset)
    }

    fn liquidation_price(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        self.book.liquidation_price(view, account, asset)
    }
}
