//! What a call does to the pool's books.

use super::{CASH, INDEX, Lending, unsupported};
use breakwater_liquidation::{Call, Effects, Fact, Overlay, Rejected, Rejection, Rulebook, View};
use breakwater_money::rounding::{Rounding, mul_div, narrow_u128};
use breakwater_money::share::to_shares;
use breakwater_money::{AccountId, Amount, AssetId, Holder, TransferCode, U256, Unit};

/// Sizes of a keeper's call.
pub(super) struct Sizing {
    pub repaid: u128,
    pub seized: u128,
    pub seized_value: u128,
    pub capped: bool,
}

impl Lending {
    fn health_after(
        &self,
        view: &View<'_>,
        account: AccountId,
        effects: &Effects,
    ) -> Result<(), Rejected> {
        let overlay = Overlay::new(*view, account, effects)?;
        let health = self.assess(&overlay.view(), account)?;
        if health.breach {
            let detail = format!("ratio would be {}", health.ratio);
            return Err(Rejection::BelowInitial.because(detail));
        }
        Ok(())
    }

    pub(super) fn pay_in(&self, call: &Call, view: &View<'_>) -> Result<Effects, Rejected> {
        let (account, asset, collateral, debt, code) = match *call {
            Call::Deposit { account, asset, amount } => {
                (account, asset, amount, 0, TransferCode::Deposit)
            }
            Call::Import { account, asset, collateral, debt } => {
                (account, asset, collateral, debt, TransferCode::Import)
            }
            _ => return Err(unsupported(call)),
        };
        if collateral == 0 && debt == 0 {
            return Err(Rejection::AmountZero.because("amount 0: at least 1"));
        }
        view.asset(asset)?;
        let (holder, mut effects) = (Holder::Account(account), Effects::default());
        let token = Unit::token(asset);
        effects.transfer(Holder::External, Holder::Reserve, token, collateral, code);
        let mint = TransferCode::Mint;
        effects.transfer(Holder::Issuer, holder, Unit::supply(asset), collateral, mint);
        if debt > 0 {
            if asset != CASH {
                let detail = format!("{asset}: only {CASH} is lent");
                return Err(Rejection::NotLendable.because(detail));
            }
            // The cash left long ago; only the claim is carried over.
            self.lend(view, account, debt, &mut effects)?;
        }
        Ok(effects)
    }

    fn lend(
        &self,
        view: &View<'_>,
        account: AccountId,
        amount: u128,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let shares = to_shares(U256::from(amount), view.state(INDEX), Rounding::Ceil)?;
        let (issuer, holder) = (Holder::Issuer, Holder::Account(account));
        effects.transfer(
            issuer,
            holder,
            Unit::debt(CASH),
            narrow_u128(shares)?,
            TransferCode::Borrow,
        );
        Ok(())
    }

    pub(super) fn withdraw(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        view.asset(asset)?;
        let unit = Unit::supply(asset);
        let held = view.owned(account, unit);
        let wanted = if amount == u128::MAX { held } else { amount };
        if amount == 0 {
            return Err(Rejection::AmountZero.because("amount 0: at least 1"));
        }
        if wanted > held || wanted == 0 {
            let detail = format!("amount {wanted}, held {held}");
            return Err(Rejection::InsufficientBalance.because(detail));
        }
        let mut effects = Effects::default();
        self.pay_out(view, asset, wanted, TransferCode::Withdraw, &mut effects)?;
        let holder = Holder::Account(account);
        effects.transfer(holder, Holder::Issuer, unit, wanted, TransferCode::Burn);
        self.health_after(view, account, &effects)?;
        Ok(effects)
    }

    fn pay_out(
        &self,
        view: &View<'_>,
        asset: AssetId,
        amount: u128,
        code: TransferCode,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let token = Unit::token(asset);
        let there = view.balances.balance(Holder::Reserve, token);
        if i128::try_from(amount).map_or(true, |amount| amount > there) {
            let detail = format!("amount {amount}, {there} in the reserve");
            return Err(Rejection::InsufficientLiquidity.because(detail));
        }
        effects.transfer(Holder::Reserve, Holder::External, token, amount, code);
        Ok(())
    }

    pub(super) fn borrow(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        if asset != CASH {
            let detail = format!("{asset}: only {CASH} is lent");
            return Err(Rejection::NotLendable.because(detail));
        }
        if amount == 0 {
            return Err(Rejection::AmountZero.because("amount 0: at least 1"));
        }
        let mut effects = Effects::default();
        self.pay_out(view, asset, amount, TransferCode::Borrow, &mut effects)?;
        self.lend(view, account, amount, &mut effects)?;
        self.health_after(view, account, &effects)?;
        Ok(effects)
    }

    /// Burns the debt that `amount` pays, at most all of it; returns what that took.
    pub(super) fn pay_down(
        view: &View<'_>,
        account: AccountId,
        amount: u128,
        effects: &mut Effects,
    ) -> Result<u128, Rejected> {
        let (owed, shares) = (Self::owed(view, account)?, view.owned(account, Unit::debt(CASH)));
        if owed == 0 {
            return Err(Rejection::NotBorrowed.because(account.to_string()));
        }
        let paid = amount.min(owed);
        let burnt = if paid == owed {
            shares
        } else {
            narrow_u128(to_shares(U256::from(paid), view.state(INDEX), Rounding::Floor)?)?
        };
        if burnt == 0 {
            return Err(Rejection::ZeroBurn.because(format!("amount {paid} burns no share")));
        }
        let holder = Holder::Account(account);
        let code = TransferCode::Repay;
        effects.transfer(Holder::External, Holder::Reserve, Unit::token(CASH), paid, code);
        effects.transfer(holder, Holder::Issuer, Unit::debt(CASH), burnt, TransferCode::Burn);
        Ok(paid)
    }

    pub(super) fn size(
        &self,
        view: &View<'_>,
        account: AccountId,
        collateral: AssetId,
        amount: u128,
    ) -> Result<Sizing, Rejected> {
        let owed = Self::owed(view, account)?;
        let held = view.owned(account, Unit::supply(collateral));
        if owed == 0 {
            return Err(Rejection::NotBorrowed.because(account.to_string()));
        }
        if collateral == CASH || held == 0 {
            return Err(Rejection::NotCollateral.because(collateral.to_string()));
        }
        let most = mul_div(owed, self.close, 10_000, Rounding::Ceil)?;
        let (mut repaid, capped) = (amount.min(most), amount > most);
        let with_bonus = 10_000 + self.bonus;
        let value = mul_div(repaid, with_bonus, 10_000, Rounding::Floor)?;
        let decimals = view.asset(collateral)?.decimals;
        let mut seized = view.price(collateral)?.amount_for(value, decimals, Rounding::Floor)?;
        if seized > held {
            seized = held;
            let whole = Self::value(view, collateral, held)?;
            repaid = mul_div(whole, 10_000, with_bonus, Rounding::Ceil)?.min(repaid);
        }
        if seized == 0 || repaid == 0 {
            return Err(Rejection::ZeroBurn.because(format!("amount {amount} takes nothing")));
        }
        let seized_value = Self::value(view, collateral, seized)?;
        Ok(Sizing { repaid, seized, seized_value, capped })
    }

    pub(super) fn seize(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        let Call::RepayAndSeize { account, debt, collateral, amount, shares, liquidator } = *call
        else {
            return Err(unsupported(call));
        };
        if shares {
            return Err(Rejection::Unsupported.because("shares true: only collateral is paid out"));
        }
        if liquidator == Some(account) {
            return Err(Rejection::SelfDealing.because(account.to_string()));
        }
        if amount == 0 {
            return Err(Rejection::AmountZero.because("amount 0: at least 1"));
        }
        let health = self.assess(view, account)?;
        if !health.breach {
            return Err(Rejection::Healthy.because(format!("ratio {}", health.ratio)));
        }
        if debt != CASH {
            return Err(Rejection::NotBorrowed.because(debt.to_string()));
        }
        let sizing = self.size(view, account, collateral, amount)?;
        let mut effects = Effects::default();
        let paid = Self::pay_down(view, account, sizing.repaid, &mut effects)?;
        let unit = Unit::supply(collateral);
        let holder = Holder::Account(account);
        effects.transfer(holder, Holder::Issuer, unit, sizing.seized, TransferCode::Burn);
        self.pay_out(view, collateral, sizing.seized, TransferCode::Seize, &mut effects)?;
        effects.facts.push(Fact::Seized {
            account,
            repaid: Amount::new(CASH, paid),
            seized: Amount::new(collateral, sizing.seized),
            fee: Amount::zero(collateral),
            repaid_value: paid,
            seized_value: sizing.seized_value,
            capped: sizing.capped,
        });
        let overlay = Overlay::new(*view, account, &effects)?;
        let after = overlay.view();
        if Self::collateral(&after, account)?.is_empty() {
            let rest = Self::book(&after, account, 0)?;
            effects.then(rest);
        }
        Ok(effects)
    }

    /// Takes the rest of an account: its shares and its debt, with `credit` for what was taken.
    /// More than is owed comes back as a deposit, less is a deficit.
    fn book(view: &View<'_>, account: AccountId, credit: u128) -> Result<Effects, Rejected> {
        let (mut effects, holder) = (Effects::default(), Holder::Account(account));
        let (owed, shares) = (Self::owed(view, account)?, view.owned(account, Unit::debt(CASH)));
        if owed == 0 {
            return Ok(effects);
        }
        let deposit = view.owned(account, Unit::supply(CASH));
        let credit = credit.saturating_add(deposit);
        let (cash, burn) = (Unit::supply(CASH), TransferCode::Burn);
        effects.transfer(holder, Holder::Issuer, cash, deposit, burn);
        effects.transfer(holder, Holder::Issuer, Unit::debt(CASH), shares, burn);
        let back = credit.saturating_sub(owed);
        effects.transfer(Holder::Issuer, holder, cash, back, TransferCode::Mint);
        let missing = owed.saturating_sub(credit);
        if missing > 0 {
            effects.transfer(
                Holder::Issuer,
                Holder::Outstanding,
                Unit::deficit(CASH),
                missing,
                TransferCode::Deficit,
            );
            let amount = Amount::new(CASH, missing);
            effects.facts.push(Fact::Deficit { account, amount, value: missing });
        }
        Ok(effects)
    }

    /// Takes accounts over whole: all must be in breach, or none is touched.
    pub(super) fn absorb(
        &self,
        view: &View<'_>,
        accounts: &[AccountId],
    ) -> Result<Effects, Rejected> {
        if accounts.is_empty() {
            return Err(Rejection::AmountZero.because("no accounts: at least 1"));
        }
        let mut effects = Effects::default();
        for (at, account) in accounts.iter().enumerate() {
            if accounts[..at].contains(account) {
                let detail = format!("{account} is named twice: once is right");
                return Err(Rejection::BadParameter.because(detail));
            }
            let health = self.assess(view, *account)?;
            if !health.breach {
                let detail = format!("{account} has a ratio of {}", health.ratio);
                return Err(Rejection::Healthy.because(detail));
            }
            let mut credit = 0u128;
            for (asset, amount) in Self::collateral(view, *account)? {
                credit = credit.saturating_add(Self::value(view, asset, amount)?);
                let (holder, code) = (Holder::Account(*account), TransferCode::Takeover);
                effects.transfer(holder, Holder::Issuer, Unit::supply(asset), amount, code);
            }
            effects.then(Self::book(view, *account, credit)?);
        }
        Ok(effects)
    }

    pub(super) fn fill(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        let Call::Fill { account, asset, quantity, proceeds, proceeds_asset } = *call else {
            return Err(unsupported(call));
        };
        if proceeds_asset != CASH {
            let detail = format!("proceeds_asset {proceeds_asset}: {CASH} is right");
            return Err(Rejection::BadParameter.because(detail));
        }
        let (unit, holder) = (Unit::supply(asset), Holder::Account(account));
        let held = view.owned(account, unit);
        if asset == CASH || quantity > held {
            let detail = format!("quantity {quantity} of {asset}, held {held}");
            return Err(Rejection::NotReduceOnly.because(detail));
        }
        let mut effects = Effects::default();
        effects.transfer(holder, Holder::Issuer, unit, quantity, TransferCode::Sale);
        self.pay_out(view, asset, quantity, TransferCode::Sale, &mut effects)?;
        let owed = Self::owed(view, account)?;
        let paid = if owed > 0 && proceeds > 0 {
            Self::pay_down(view, account, proceeds, &mut effects)?
        } else {
            0
        };
        let (cash, rest) = (Unit::token(CASH), proceeds - paid);
        effects.transfer(Holder::External, Holder::Reserve, cash, rest, TransferCode::Sale);
        let mint = TransferCode::Mint;
        effects.transfer(Holder::Issuer, holder, Unit::supply(CASH), rest, mint);
        let (sold, proceeds) = (Amount::new(asset, quantity), Amount::new(CASH, proceeds));
        effects.facts.push(Fact::Sold { account, sold, proceeds });
        Ok(effects)
    }

    pub(super) fn write_off(view: &View<'_>, account: AccountId) -> Result<Effects, Rejected> {
        if !Self::collateral(view, account)?.is_empty() || Self::owed(view, account)? == 0 {
            let detail = format!("{account} has collateral, or owes nothing");
            return Err(Rejection::BadParameter.because(detail));
        }
        Self::book(view, account, 0)
    }
}
