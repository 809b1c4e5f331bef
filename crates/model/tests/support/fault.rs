//! Planted bugs: rulebooks that are right but for one unit or one comparison.

use super::world::Plugged;
use breakwater_engine::Registry;
use breakwater_liquidation::backstop::Ranking;
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{
    AssetInfo, AssetTotals, Call, CallOption, Effects, Exposures, Kept, Ladder, Layout, Order,
    Promise, Rejected, Rejection, Rulebook, Unsupported, View,
};
use breakwater_margin::Health;
use breakwater_margin::health::Armed;
use breakwater_money::{AccountId, AssetId, Rational, TransferCode};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A repayment takes one unit less than it burns.
    RepaysOneLess,
    /// A cut of the venue is one unit more.
    FeeOneMore,
    /// Equality is judged the other way round.
    OtherSideOfEquality,
    /// A party to funding pays one unit more.
    FundsOneMore,
    /// A position is delivered for one unit more.
    DeliversOneMore,
    /// A taken over balance is one unit less.
    TakesOverOneLess,
    /// Orders ask for no margin.
    OrdersAreFree,
    /// A debt is said to be one unit more when it is to be raised.
    OwesOneMore,
    /// Prices are said to move health half as much as they do.
    HalfExposures,
}

/// Plugs in the rulebooks with a fault.
pub struct Faulty(pub Fault);

impl Registry for Faulty {
    fn build(
        &self,
        rule: &str,
        parameters: &str,
        assets: &[AssetInfo],
    ) -> Result<Option<Box<dyn Rulebook>>, String> {
        let built = Plugged.build(rule, parameters, assets)?;
        Ok(built.map(|inner| -> Box<dyn Rulebook> { Box::new(Altered { inner, fault: self.0 }) }))
    }
}

struct Altered {
    inner: Box<dyn Rulebook>,
    fault: Fault,
}

impl Rulebook for Altered {
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
        let mut health = self.inner.assess(view, account)?;
        let equal = u128::try_from(health.equity).is_ok_and(|e| e == health.requirement);
        if self.fault == Fault::OtherSideOfEquality && equal && health.requirement > 0 {
            health.breach = !health.breach;
        }
        Ok(health)
    }

    fn totals(&self, view: &View<'_>, asset: AssetId) -> Result<AssetTotals, Rejected> {
        self.inner.totals(view, asset)
    }

    fn surcharge(
        &self,
        view: &View<'_>,
        asset: AssetId,
        bps_a_year: u32,
    ) -> Result<Effects, Rejected> {
        self.inner.surcharge(view, asset, bps_a_year)
    }

    fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        let armed = self.inner.exposures(view, account, out)?;
        if self.fault == Fault::HalfExposures {
            // Half the value, so that the price is let move twice as far.
            if let Some(first) = out.terms.first_mut() {
                first.equity /= 2;
                first.requirement /= 2;
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
        let mut effects = self.inner.execute(view, call)?;
        for transfer in &mut effects.transfers {
            match (self.fault, transfer.code) {
                (Fault::RepaysOneLess, TransferCode::Repay) if transfer.amount > 1 => {
                    transfer.amount -= 1;
                }
                (Fault::FeeOneMore, TransferCode::Fee)
                | (Fault::FundsOneMore, TransferCode::Funding)
                | (Fault::DeliversOneMore, TransferCode::Deliver) => transfer.amount += 1,
                (Fault::TakesOverOneLess, TransferCode::Takeover) if transfer.amount > 1 => {
                    transfer.amount -= 1;
                }
                _ => {}
            }
        }
        Ok(effects)
    }

    fn saleable(&self, view: &View<'_>, account: AccountId) -> Result<Vec<Saleable>, Rejected> {
        self.inner.saleable(view, account)
    }

    fn initial(&self, view: &View<'_>, account: AccountId) -> Result<u128, Rejected> {
        self.inner.initial(view, account)
    }

    fn may_order(&self, view: &View<'_>, order: &Order) -> Result<(), Rejected> {
        match self.inner.may_order(view, order) {
            Err(refused)
                if self.fault == Fault::OrdersAreFree
                    && refused.rejection == Rejection::BelowInitial =>
            {
                Ok(())
            }
            answer => answer,
        }
    }

    fn ranking(&self) -> Option<Ranking> {
        self.inner.ranking()
    }

    fn ladder(&self) -> Option<&Ladder> {
        self.inner.ladder()
    }

    fn steps_down(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Vec<u128>, Rejected> {
        self.inner.steps_down(view, account, asset)
    }

    fn targets(&self, view: &View<'_>, call: &Call) -> Result<Vec<AccountId>, Rejected> {
        self.inner.targets(view, call)
    }

    fn owes(&self, view: &View<'_>, account: AccountId, asset: AssetId) -> Result<u128, Rejected> {
        let owed = self.inner.owes(view, account, asset)?;
        Ok(owed + u128::from(self.fault == Fault::OwesOneMore && owed > 0))
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
