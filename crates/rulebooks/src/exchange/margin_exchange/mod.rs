//! Margin exchanges: perpetuals, dated futures and options, linear and inverse, on one margin asset
//! or several, with maintenance by brackets; isolated and cross accounts; liquidation by the venue.
//!
//! One rule for every venue of the kind: a venue is a parameter file. What pages of venues on
//! liquidation and on margin state in common:
//!
//! ```text
//! equity             = collateral that counts + unrealised profit at the mark
//! maintenance margin = sum over contracts of value x rate - maintenance amount, by bracket
//! liquidated where equity is at (or, by the file, below) the maintenance margin
//! ```
//!
//! A bracket's maintenance amount follows from continuity; the parameter file states the venue's and
//! it is checked. The venue liquidates by itself, with orders that take what the book gives: outsiders
//! have no call. It charges a clearance fee on what it liquidates, for the insurance fund, which pays
//! what a bankrupt account lacks; when the fund cannot, positions of winners are closed against the
//! bankrupt one's, or a backstop vault takes the account over.
//!
//! **One margin account is one unit of liquidation.** A cross account holds any number of contracts
//! on its balances. An isolated position is an account of its own, with `isolated` set to one: it holds
//! one contract, and its cash is that position's margin.
//!
//! **Balances.** Cash is what the account holds of a margin asset; losses (and, with several assets,
//! payments) make it negative. The size of a position is the contract held by the account, signed.
//! The quote side of a position is the settle asset held by the position: minus what was paid for what
//! is held, plus what was got. Every leg of a trade is a transfer between its two parties, so each
//! unit nets to zero.
//!
//! **Units and roundings.** Values are base units of the settle asset, and of the numeraire where
//! several assets are margin. A trade is worth its exact value to the nearest unit, half up: one
//! integer for both sides. What is owned is rounded down, what is owed and what is required up, and
//! what a closed part releases of the quote side against the account.
//!
//! What is not here: long and short of one contract at once in one account (an owner has two accounts
//! for that), and trading fees.

mod account;
mod book;
mod call;
mod contract;
mod exposure;
mod hedge;
mod listed;
mod option;
mod parameters;
mod portfolio;
mod portfolio_exposure;
mod position;
mod price;
mod session;
mod takeover;
#[cfg(test)]
mod tests;

pub use book::MARGIN_ASSETS_MAX;
pub use parameters::{
    BadParameter, Basis, CollateralParameters, ContractParameters, HaircutParameters, Numeraire,
    Parameters, ScaleParameters, TierParameters,
};

use account::Totals;
use book::Book;
use breakwater_liquidation::backstop::Ranking;
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{
    AssetInfo, Call, CallOption, Effects, Exposures, Form, HedgeFill, Kept, Ladder, Layout, Order,
    Promise, Rejected, Rulebook, Touched, Unsupported, View,
};
use breakwater_margin::Health;
use breakwater_margin::health::Armed;
use breakwater_money::{AccountId, AssetId, Rational};

/// Name under which hosts plug the rule in.
pub const RULE: &str = "margin-exchange";

/// Column of the account's state that is one for an isolated account.
pub const ISOLATED: u16 = 0;

/// Columns of a contract's state.
const LONG: u16 = 0;
const SHORT: u16 = 1;
const DELIVERED: u16 = 2;
const VOLATILITY: u16 = 3;

const LAYOUT: Layout = Layout {
    pool: &[],
    asset: &[
        "contracts held long",
        "contracts held short",
        "delivered (0 or 1)",
        "volatility (1e6 a year)",
    ],
    account: &["isolated (0 or 1)"],
    cells: &[],
};

/// What venues of the kind promise by themselves, from their pages on liquidation, the insurance
/// fund and auto-deleveraging.
const PROMISES: &[(Promise, Kept)] = &[
    // Nothing is sold before maintenance is reached. A deleveraged winner is healthy, but is closed
    // against another account's liquidation and pays no fee: it is not liquidated.
    (Promise::HealthyUntouched, Kept::Keeps),
    // The mark has a fallback for outages of its feeds and liquidation goes on with it.
    (Promise::FreshMarksOnly, Kept::Refuses),
    (Promise::GraceAfterOutage, Kept::Refuses),
    // Interfaces answer orders of an account in liquidation with an error.
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
pub struct MarginExchange {
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
    Ok(Box::new(MarginExchange { book }))
}

impl Book {
    /// Health of these sums.
    fn health(&self, totals: &Totals) -> Result<Health, Rejected> {
        Ok(Health::of(totals.equity, totals.maintenance, self.breach_at_equality)?)
    }
}

impl Rulebook for MarginExchange {
    fn name(&self) -> &str {
        &self.book.name
    }

    fn layout(&self) -> &'static Layout {
        &LAYOUT
    }

    fn promises(&self) -> &'static [(Promise, Kept)] {
        PROMISES
    }

    /// Those of the one margin asset, or of the numeraire.
    fn numeraire_decimals(&self) -> u8 {
        self.book.numeraire_decimals()
    }

    fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        self.book.admits(view)
    }

    /// Every account begins as a cross account, which needs nothing set. A future that was listed just
    /// now will be the forward of options that end with it: whoever holds them waits for its price.
    fn found(&self, view: &View<'_>) -> Result<Effects, Rejected> {
        let mut effects = Effects::default();
        let newest = view.assets.last().and_then(|info| info.kind.contract());
        let dated = newest
            .is_some_and(|terms| terms.expires.is_some() && !matches!(terms.form, Form::Option(_)));
        if self.book.portfolio.is_some() && dated {
            effects.touched = Touched::Everyone;
        }
        Ok(effects)
    }

    /// Nothing accrues by itself: funding and interest are calls of the venue, with their rates.
    fn accrue(&self, _: &View<'_>) -> Result<Effects, Rejected> {
        Ok(Effects::default())
    }

    fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        self.book.health(&self.book.totals(view, account, false)?)
    }

    fn initial(&self, view: &View<'_>, account: AccountId) -> Result<u128, Rejected> {
        Ok(self.book.totals(view, account, true)?.initial)
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

    fn may_order(&self, view: &View<'_>, order: &Order) -> Result<(), Rejected> {
        call::may_order(&self.book, view, order)
    }

    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        call::execute(&self.book, view, call)
    }

    fn hedge(&self, view: &View<'_>, fill: &HedgeFill) -> Result<Effects, Rejected> {
        hedge::execute(&self.book, view, fill)
    }

    /// Every position, the largest notional at the mark first; a tie goes to the lower contract. Then,
    /// where something is owed, what the account holds of other margin assets.
    fn saleable(&self, view: &View<'_>, account: AccountId) -> Result<Vec<Saleable>, Rejected> {
        self.book.saleable(view, account)
    }

    fn steps_down(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Vec<u128>, Rejected> {
        self.book.steps_down(view, account, asset)
    }

    fn ladder(&self) -> Option<&Ladder> {
        self.book.ladder.as_ref()
    }

    fn ranking(&self) -> Option<Ranking> {
        self.book.ranking
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
