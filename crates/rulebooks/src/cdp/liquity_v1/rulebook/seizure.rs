//! The liquidation call over accounts, and who bears what it leaves uncovered.

use super::LiquityV1;
use super::state::{self, Pair, Position};
use crate::cdp::liquity_v1::{
    Deposit, Liquidation, Pool, System, Taken, Treatment, Trove, Walk, liquidate, rising,
};
use crate::desk;
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{Call, Effects, Fact, Rejected, Rejection, View};
use breakwater_money::rounding::Rounding;
use breakwater_money::{AccountId, Amount, Holder, TransferCode, Unit};

/// A liquidation that would be accepted, with the accounts it was asked about.
pub(super) struct Accepted {
    before: System,
    troves: Vec<(AccountId, Trove)>,
    done: Liquidation,
}

impl Accepted {
    /// The accounts taken, in order.
    pub(super) fn accounts(&self) -> Vec<AccountId> {
        self.taken().map(|(account, _, _)| account).collect()
    }

    fn taken(&self) -> impl Iterator<Item = (AccountId, &Trove, &Taken)> {
        self.done.taken.iter().filter_map(|taken| {
            self.troves.get(taken.trove).map(|(account, trove)| (*account, trove, taken))
        })
    }
}

impl LiquityV1 {
    /// What the call would do, before it is put into effects.
    pub(super) fn liquidation(
        &self,
        pair: Pair,
        view: &View<'_>,
        call: &Call,
    ) -> Result<Accepted, Rejected> {
        let before = pair.system_with_sums(view, &Deposit::default());
        let price = self.price(view, pair)?;
        let (troves, queue, walk) = match call {
            Call::AbsorbWorst { most } => {
                if *most == 0 {
                    return Err(Rejection::AmountZero.because("most 0: at least 1"));
                }
                let troves = self.troves(view, pair);
                let bare: Vec<Trove> = troves.iter().map(|(_, trove)| *trove).collect();
                let queue = rising(&self.rule, &before, &bare)?;
                let most = usize::try_from(*most).unwrap_or(usize::MAX);
                (troves, queue, Walk::Sequence { most })
            }
            _ => {
                let mut troves: Vec<(AccountId, Trove)> = Vec::new();
                let mut queue = Vec::new();
                for account in call.liquidates() {
                    // One that is named twice is visited twice: what is taken in between may have
                    // changed what decides about it.
                    let known = troves.iter().position(|(known, _)| known == account);
                    queue.push(known.unwrap_or(troves.len()));
                    if known.is_none() {
                        troves.push((*account, pair.position(view, *account).trove));
                    }
                }
                (troves, queue, Walk::Named)
            }
        };
        let bare: Vec<Trove> = troves.iter().map(|(_, trove)| *trove).collect();
        let done = liquidate(&self.rule, &before, &bare, &queue, walk, price)?;
        Ok(Accepted { before, troves, done })
    }

    pub(super) fn absorb(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        let pair = self.pair()?;
        let accepted = self.liquidation(pair, view, call)?;
        let mut effects = Effects::default();
        let (collateral, coin) = (Unit::token(pair.collateral), Unit::token(pair.coin));
        for (account, trove, taken) in accepted.taken() {
            let after = Position { trove: trove.closed(taken.surplus)?, waiting: 0 };
            let codes = (TransferCode::Mint, TransferCode::Takeover);
            pair.store_trove(view, account, &after, codes, &mut effects)?;
            let gained = desk::raw(taken.offset.collateral)?;
            let code = TransferCode::Takeover;
            effects.transfer(Holder::Reserve, Holder::Vault, collateral, gained, code);
            let cancelled = desk::raw(taken.offset.debt)?;
            effects.transfer(Holder::Vault, Holder::Issuer, coin, cancelled, TransferCode::Burn);
            let surplus = desk::raw(taken.surplus)?;
            let owner = Holder::Account(account);
            effects.transfer(Holder::Reserve, owner, collateral, surplus, code);
            self.facts(view, pair, (account, taken), &mut effects)?;
        }
        let code = TransferCode::Reward;
        let reward = desk::raw(accepted.done.collateral_compensation)?;
        effects.transfer(Holder::Reserve, Holder::External, collateral, reward, code);
        let reward = desk::raw(accepted.done.stable_compensation)?;
        effects.transfer(Holder::Reserve, Holder::External, coin, reward, code);
        state::store_system(view, &accepted.done.system, &mut effects);
        self.touch(view, pair, (&accepted.before, &accepted.done.system), &mut effects)?;
        Ok(effects)
    }

    /// What was taken, and what the collateral does not cover: the stability pool bears its part,
    /// the other troves theirs.
    fn facts(
        &self,
        view: &View<'_>,
        pair: Pair,
        (account, taken): (AccountId, &Taken),
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let debt = desk::raw(taken.entire.debt)?;
        let seized = desk::raw(taken.entire.collateral.saturating_sub(taken.surplus))?;
        effects.facts.push(Fact::Seized {
            account,
            repaid: Amount::new(pair.coin, debt),
            seized: Amount::new(pair.collateral, seized),
            fee: Amount::zero(pair.collateral),
            repaid_value: self.coin_value(debt, Rounding::Ceil)?,
            seized_value: self.collateral_value(view, pair, seized, Rounding::Floor)?,
            capped: taken.treatment == Treatment::Capped,
        });
        let parts = [(taken.offset, Bearer::Vault), (taken.redistributed, Bearer::Borrowers)];
        for (part, bearer) in parts {
            self.loss(view, pair, (account, part), bearer, effects)?;
        }
        Ok(())
    }

    /// Debt of a part that its collateral is not worth, in coins at par.
    fn loss(
        &self,
        view: &View<'_>,
        pair: Pair,
        (account, part): (AccountId, Pool),
        bearer: Bearer,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let price = self.price(view, pair)?;
        let worth = breakwater_money::Wad::from_raw(price).of(part.collateral, Rounding::Floor)?;
        let missing = desk::raw(part.debt.saturating_sub(worth))?;
        if missing > 0 {
            let amount = Amount::new(pair.coin, missing);
            let value = self.coin_value(missing, Rounding::Ceil)?;
            effects.facts.push(Fact::Deficit { account, amount, value });
            effects.facts.push(Fact::Borne { account, bearer, amount });
        }
        Ok(())
    }
}
