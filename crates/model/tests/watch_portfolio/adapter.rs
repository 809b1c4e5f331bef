//! The rulebook, which may leave something out of what it states.

use breakwater_engine::Registry;
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{
    AssetInfo, Call, CallOption, Effects, Exposures, Form, Kept, Ladder, Layout, Promise, Rejected,
    Rulebook, Unsupported, View,
};
use breakwater_margin::Health;
use breakwater_margin::health::{Armed, Exposure};
use breakwater_market::MarketId;
use breakwater_money::{AccountId, AssetId, Rational, Time};
use breakwater_rulebooks::exchange::margin_exchange;

/// What a planted rulebook leaves out of what it states.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lie {
    None,
    /// Half of every term.
    HalfOfAll,
    /// Options' own marks.
    MarksStandStill,
    /// Time: what was stated holds for ever.
    TimeStandsStill,
    /// Nothing is bounded, so that every price asks: how it was without envelopes.
    EveryMove,
}

struct Adapter {
    inner: Box<dyn Rulebook>,
    lie: Lie,
}

impl Rulebook for Adapter {
    fn name(&self) -> &str {
        self.inner.name()
    }
    fn layout(&self) -> &'static Layout {
        self.inner.layout()
    }
    fn promises(&self) -> &'static [(Promise, Kept)] {
        self.inner.promises()
    }
    fn numeraire_decimals(&self) -> u8 {
        self.inner.numeraire_decimals()
    }
    fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        self.inner.admits(view)
    }
    fn found(&self, view: &View<'_>) -> Result<Effects, Rejected> {
        self.inner.found(view)
    }
    fn accrue(&self, view: &View<'_>) -> Result<Effects, Rejected> {
        self.inner.accrue(view)
    }
    fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        self.inner.assess(view, account)
    }
    fn initial(&self, view: &View<'_>, account: AccountId) -> Result<u128, Rejected> {
        self.inner.initial(view, account)
    }
    fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        let mut armed = self.inner.exposures(view, account, out)?;
        let is_option = |market: MarketId| {
            let asset = view.markets[market.index()].asset;
            let terms = view.assets[asset.index()].kind.contract();
            terms.is_some_and(|terms| matches!(terms.form, Form::Option(_)))
        };
        let nothing = |term: &mut Exposure| (term.equity, term.requirement) = (0, 0);
        match self.lie {
            Lie::None => {}
            Lie::HalfOfAll => out.terms.iter_mut().for_each(|term| {
                (term.equity, term.requirement) = (term.equity / 2, term.requirement / 2);
            }),
            Lie::MarksStandStill => {
                out.terms.iter_mut().filter(|term| is_option(term.market)).for_each(nothing);
            }
            Lie::TimeStandsStill => armed.until = Time::MAX,
            Lie::EveryMove => {
                out.terms.iter_mut().for_each(nothing);
                out.reach_bps = Some(0);
                armed = Armed { until: view.now, error: 0 };
            }
        }
        Ok(armed)
    }
    fn calls(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Vec<CallOption>,
    ) -> Result<(), Rejected> {
        self.inner.calls(view, account, out)
    }
    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        self.inner.execute(view, call)
    }
    fn saleable(&self, view: &View<'_>, account: AccountId) -> Result<Vec<Saleable>, Rejected> {
        self.inner.saleable(view, account)
    }
    fn ladder(&self) -> Option<&Ladder> {
        self.inner.ladder()
    }
    fn liquidation_price(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        self.inner.liquidation_price(view, account, asset)
    }
}

/// Builds the rulebook with what it leaves out.
pub struct Plugged(pub Lie);

impl Registry for Plugged {
    fn build(
        &self,
        rule: &str,
        parameters: &str,
        assets: &[AssetInfo],
    ) -> Result<Option<Box<dyn Rulebook>>, String> {
        if rule != margin_exchange::RULE {
            return Ok(None);
        }
        let inner = margin_exchange::build(parameters, assets)?;
        Ok(Some(Box::new(Adapter { inner, lie: self.0 })))
    }
}
