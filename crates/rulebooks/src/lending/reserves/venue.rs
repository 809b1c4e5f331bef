//! A venue on pooled reserves as a rulebook: what every such venue leaves to its reserves is said
//! once, and the venue adds how it liquidates.

use super::{LAYOUT, Reserves};
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{
    AssetTotals, Call, CallOption, Effects, Exposures, Kept, Layout, Promise, Rejected, Rulebook,
    Sides, Unsupported, View,
};
use breakwater_margin::Health;
use breakwater_margin::health::Armed;
use breakwater_money::rounding::{Rounding, narrow_u128};
use breakwater_money::share::to_underlying;
use breakwater_money::{AccountId, AssetId, Rational};

/// What a venue on pooled reserves decides for itself. Where a method says no more, it promises
/// what the [`Rulebook`]'s method of the same name does.
pub trait Venue: Send + Sync {
    /// The reserves that it stands on.
    fn reserves(&self) -> &Reserves;

    /// How the venue as it is stands to each promise of our policies.
    fn promises(&self) -> &'static [(Promise, Kept)];

    /// What may be done to the account now by others, best first; empty for the healthy.
    ///
    /// # Errors
    /// As [`Reserves::totals`].
    fn calls(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Vec<CallOption>,
    ) -> Result<(), Rejected>;

    /// What a call would do.
    ///
    /// # Errors
    /// The venue's refusal, by class.
    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected>;

    /// Refuses a book it cannot take; the default wants a reserve for every asset of the pool.
    ///
    /// # Errors
    /// [`Unsupported`].
    fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        self.reserves().admits(view)
    }

    /// The venue's own call with its arguments; the default tells only the kind.
    fn arguments(&self, view: &View<'_>, call: &Call) -> String {
        let _ = view;
        call.kind().to_owned()
    }

    /// Most value that any call hands over for a value of one repaid (basis points); the default is
    /// the largest bonus of any reserve.
    fn incentive_most_bps(&self) -> Option<u32> {
        self.reserves().bonus_most_bps()
    }

    /// A surcharge on the borrow rate, by default the reserves'.
    ///
    /// # Errors
    /// As [`Reserves::surcharge`].
    fn surcharge(
        &self,
        view: &View<'_>,
        asset: AssetId,
        bps_a_year: u32,
    ) -> Result<Effects, Rejected> {
        self.reserves().surcharge(view, asset, bps_a_year)
    }

    /// What the venue itself could sell of the account; by default only outsiders liquidate.
    ///
    /// # Errors
    /// As [`Reserves::totals`].
    fn saleable(&self, view: &View<'_>, account: AccountId) -> Result<Vec<Saleable>, Rejected> {
        let _ = (view, account);
        Ok(Vec::new())
    }
}

/// The rulebook of a venue on pooled reserves.
#[derive(Debug, Clone)]
pub struct OnReserves<V>(pub V);

impl<V: Venue> Rulebook for OnReserves<V> {
    fn name(&self) -> &str {
        self.0.reserves().name()
    }

    fn layout(&self) -> &'static Layout {
        &LAYOUT
    }

    fn promises(&self) -> &'static [(Promise, Kept)] {
        self.0.promises()
    }

    fn numeraire_decimals(&self) -> u8 {
        self.0.reserves().numeraire_decimals()
    }

    fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        self.0.admits(view)
    }

    fn found(&self, view: &View<'_>) -> Result<Effects, Rejected> {
        Ok(self.0.reserves().found(view))
    }

    /// Nothing: a reserve's indices move when a call touches it, and every balance is valued with
    /// indices carried forward to now.
    fn accrue(&self, _: &View<'_>) -> Result<Effects, Rejected> {
        Ok(Effects::default())
    }

    fn totals(&self, view: &View<'_>, asset: AssetId) -> Result<AssetTotals, Rejected> {
        self.0.reserves().sums(view, asset)
    }

    fn surcharge(
        &self,
        view: &View<'_>,
        asset: AssetId,
        bps_a_year: u32,
    ) -> Result<Effects, Rejected> {
        self.0.surcharge(view, asset, bps_a_year)
    }

    fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        self.0.reserves().assess(view, account)
    }

    fn sides(&self, view: &View<'_>, account: AccountId) -> Result<Sides, Rejected> {
        self.0.reserves().sides(view, account)
    }

    fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        self.0.reserves().exposures(view, account, out)
    }

    fn calls(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Vec<CallOption>,
    ) -> Result<(), Rejected> {
        self.0.calls(view, account, out)
    }

    fn arguments(&self, view: &View<'_>, call: &Call) -> String {
        self.0.arguments(view, call)
    }

    fn incentive_most_bps(&self) -> Option<u32> {
        self.0.incentive_most_bps()
    }

    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        self.0.execute(view, call)
    }

    fn saleable(&self, view: &View<'_>, account: AccountId) -> Result<Vec<Saleable>, Rejected> {
        self.0.saleable(view, account)
    }

    fn owes(&self, view: &View<'_>, account: AccountId, asset: AssetId) -> Result<u128, Rejected> {
        let reserves = self.0.reserves();
        let index = reserves.reserve(view, asset)?.variable_borrow_index.raw;
        let shares = reserves.user(view, account, asset).scaled_debt;
        Ok(narrow_u128(to_underlying(shares, index, Rounding::Ceil)?)?)
    }

    fn liquidation_price(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        self.0.reserves().liquidation_price(view, account, asset)
    }
}
