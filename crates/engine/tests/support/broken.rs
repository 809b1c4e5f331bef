//! A lending rule with one planted fault: what the engine must notice.

use super::lending::{CASH, Lending};
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{
    Call, CallOption, Effects, Exposures, Fact, Kept, Layout, Promise, Rejected, Rejection,
    Rulebook, StateKey, Unsupported, View,
};
use breakwater_margin::Health;
use breakwater_margin::health::Armed;
use breakwater_money::{
    AccountId, Amount, AssetId, Holder, Rational, Transfer, TransferCode, U256, Unit,
};

pub const RULE: &str = "broken-lending";

/// What is wrong with it. Faults of effects show in the answer to `Configure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// Moves something from the reserve to the reserve.
    TransferToSelf,
    /// Moves nothing.
    TransferOfNothing,
    /// Sets a pool column that the layout does not have.
    OutsideLayout,
    /// Sets a cell of a table that the layout does not have.
    OutsideTables,
    /// Sets the column of an account that was never opened.
    StrangersColumn,
    /// Sets the column of an asset that was never defined.
    UnknownAssetsColumn,
    /// Pays out one unit more than the reserve has.
    OverdrawsReserve,
    /// Pays out one unit more than the fund has.
    OverdrawsFund,
    /// Takes one unit from an empty treasury.
    OverdrawsTreasury,
    /// Burns one share more than there is.
    NegativeShares,
    /// Tells a loss that it does not book.
    UnbookedLoss,
    /// Seizes from whoever is named, and says that it never touches the healthy.
    SeizesFromHealthy,
    /// Seizes for nothing, and says that a step never hurts.
    SeizesForNothing,
    /// Books a deficit while collateral is left.
    EarlyDeficit,
    /// Takes all collateral and leaves the debt.
    KeepsDebt,
    /// Offers the same collateral for sale twice.
    SellsTwice,
    /// Answers a fill with more collateral.
    BuysInstead,
    /// Will not write off.
    RefusesWriteOff,
    /// Will not take what a sale has brought.
    RefusesFills,
    /// Helps itself to a unit of what bidders have put down when something is sold.
    TakesFromEscrow,
    /// Will not be founded on more than three assets.
    RefusesNewcomers,
    /// Founds itself with a payment to nobody's account.
    FoundsAStranger,
}

impl Planted {
    pub const ALL: &'static [Planted] = &[
        Planted::TransferToSelf,
        Planted::TransferOfNothing,
        Planted::OutsideLayout,
        Planted::OutsideTables,
        Planted::StrangersColumn,
        Planted::UnknownAssetsColumn,
        Planted::OverdrawsReserve,
        Planted::OverdrawsFund,
        Planted::OverdrawsTreasury,
        Planted::NegativeShares,
        Planted::UnbookedLoss,
        Planted::SeizesFromHealthy,
        Planted::SeizesForNothing,
        Planted::EarlyDeficit,
        Planted::KeepsDebt,
        Planted::SellsTwice,
        Planted::BuysInstead,
        Planted::RefusesWriteOff,
        Planted::RefusesFills,
        Planted::TakesFromEscrow,
        Planted::RefusesNewcomers,
        Planted::FoundsAStranger,
    ];

    /// Parameters that plant it.
    pub fn parameters(self) -> String {
        format!("{self:?}")
    }
}

pub struct Broken {
    sound: Lending,
    planted: Planted,
}

impl Broken {
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, rest) = text.split_once('\n').unwrap_or((text, ""));
        let planted = Planted::ALL.iter().find(|known| known.parameters() == name);
        let planted = *planted.ok_or_else(|| format!("'{name}' is no fault"))?;
        Ok(Broken { sound: Lending::parse(rest)?, planted })
    }

    fn configured(&self, view: &View<'_>, account: AccountId) -> Effects {
        let mut effects = Effects::default();
        let cash = Unit::token(CASH);
        let mut raw = |debit, credit, unit, amount| {
            let code = TransferCode::Fee;
            effects.transfers.push(Transfer { debit, credit, unit, amount, code });
        };
        let more_than = |holder, unit| view.balances.balance(holder, unit).unsigned_abs() + 1;
        let out = Holder::External;
        match self.planted {
            Planted::TransferToSelf => raw(Holder::Reserve, Holder::Reserve, cash, 1),
            Planted::TransferOfNothing => raw(Holder::Reserve, out, cash, 0),
            Planted::OverdrawsReserve => {
                raw(Holder::Reserve, out, cash, more_than(Holder::Reserve, cash));
            }
            Planted::OverdrawsFund => {
                raw(Holder::Insurance, out, cash, more_than(Holder::Insurance, cash));
            }
            Planted::OverdrawsTreasury => raw(Holder::Treasury, out, cash, 1),
            Planted::NegativeShares => {
                let (holder, unit) = (Holder::Account(account), Unit::supply(CASH));
                raw(holder, Holder::Issuer, unit, more_than(holder, unit));
            }
            Planted::OutsideLayout => effects.set(StateKey::Pool(9), U256::ONE),
            Planted::OutsideTables => effects.set(StateKey::Cell(0, 0, 0), U256::ONE),
            Planted::StrangersColumn => {
                effects.set(StateKey::Account(AccountId(u32::MAX), 0), U256::ONE);
            }
            Planted::UnknownAssetsColumn => {
                effects.set(StateKey::Asset(AssetId(u16::MAX), 0), U256::ONE);
            }
            Planted::UnbookedLoss => {
                let amount = Amount::new(CASH, 1);
                effects.facts.push(Fact::Deficit { account, amount, value: 1 });
            }
            _ => {}
        }
        effects
    }

    /// Takes `amount` of the collateral for nothing, or books a loss on top.
    fn seized(&self, account: AccountId, collateral: AssetId, amount: u128) -> Effects {
        let mut effects = Effects::default();
        let (holder, unit) = (Holder::Account(account), Unit::supply(collateral));
        effects.transfer(holder, Holder::Issuer, unit, amount, TransferCode::Seize);
        if self.planted == Planted::EarlyDeficit {
            let (unit, code) = (Unit::deficit(CASH), TransferCode::Deficit);
            effects.transfer(Holder::Issuer, Holder::Outstanding, unit, 1, code);
            let amount = Amount::new(CASH, 1);
            effects.facts.push(Fact::Deficit { account, amount, value: 1 });
        }
        effects
    }
}

impl Rulebook for Broken {
    fn name(&self) -> &str {
        RULE
    }

    fn layout(&self) -> &'static Layout {
        self.sound.layout()
    }

    fn promises(&self) -> &'static [(Promise, Kept)] {
        match self.planted {
            Planted::SeizesForNothing => &[(Promise::StepNeverHurts, Kept::Keeps)],
            Planted::EarlyDeficit => &[],
            _ => self.sound.promises(),
        }
    }

    fn numeraire_decimals(&self) -> u8 {
        self.sound.numeraire_decimals()
    }

    fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        self.sound.admits(view)
    }

    fn found(&self, view: &View<'_>) -> Result<Effects, Rejected> {
        let mut effects = self.sound.found(view)?;
        match self.planted {
            Planted::RefusesNewcomers if view.assets.len() > 3 => {
                let detail = format!("{} assets: at most 3", view.assets.len());
                Err(Rejection::RulebookCannotTake.because(detail))
            }
            Planted::FoundsAStranger => {
                let stranger = Holder::Account(AccountId(u32::MAX));
                let code = TransferCode::Fee;
                effects.transfer(Holder::External, stranger, Unit::token(CASH), 1, code);
                Ok(effects)
            }
            _ => Ok(effects),
        }
    }

    fn accrue(&self, view: &View<'_>) -> Result<Effects, Rejected> {
        self.sound.accrue(view)
    }

    fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        self.sound.assess(view, account)
    }

    fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        self.sound.exposures(view, account, out)
    }

    fn calls(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Vec<CallOption>,
    ) -> Result<(), Rejected> {
        self.sound.calls(view, account, out)
    }

    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        let seizes = matches!(
            self.planted,
            Planted::SeizesFromHealthy
                | Planted::SeizesForNothing
                | Planted::EarlyDeficit
                | Planted::KeepsDebt
        );
        match call {
            Call::Configure { account, .. } => Ok(self.configured(view, *account)),
            Call::RepayAndSeize { account, collateral, amount, .. } if seizes => {
                Ok(self.seized(*account, *collateral, *amount))
            }
            Call::Fill { account, asset, quantity, .. } if self.planted == Planted::BuysInstead => {
                let (mut effects, holder) = (Effects::default(), Holder::Account(*account));
                let (unit, code) = (Unit::supply(*asset), TransferCode::Sale);
                effects.transfer(Holder::Issuer, holder, unit, *quantity, code);
                Ok(effects)
            }
            Call::Fill { .. } if self.planted == Planted::RefusesFills => {
                Err(Rejection::NotReduceOnly.because("fills are refused"))
            }
            Call::Fill { .. } if self.planted == Planted::TakesFromEscrow => {
                let (mut effects, code) = (self.sound.execute(view, call)?, TransferCode::Sale);
                let cash = Unit::token(CASH);
                effects.transfer(Holder::Escrow, Holder::External, cash, 1, code);
                Ok(effects)
            }
            Call::WriteOff { .. } if self.planted == Planted::RefusesWriteOff => {
                Err(Rejection::Unsupported.because("write off"))
            }
            _ => self.sound.execute(view, call),
        }
    }

    fn saleable(&self, view: &View<'_>, account: AccountId) -> Result<Vec<Saleable>, Rejected> {
        let mut items = self.sound.saleable(view, account)?;
        if self.planted == Planted::SellsTwice {
            for item in &mut items {
                item.quantity /= 2;
            }
            items.extend(items.clone());
        }
        Ok(items)
    }

    fn owes(&self, view: &View<'_>, account: AccountId, asset: AssetId) -> Result<u128, Rejected> {
        self.sound.owes(view, account, asset)
    }

    fn liquidation_price(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        self.sound.liquidation_price(view, account, asset)
    }
}
