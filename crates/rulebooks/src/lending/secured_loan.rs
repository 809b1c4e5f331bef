//! Secured loans that their own venue liquidates: collateral is sold at market and the debt paid
//! from the proceeds, without a liquidator's incentive. No venue's mirror: it is the house's plain
//! mechanism against which mirrors are compared, on the same reserves and thresholds.

use super::aave_v3::Parameters;
use super::reserves::{OnReserves, Reserves, Venue, column, value_of};
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{
    AssetInfo, Call, CallOption, Effects, Fact, Kept, Promise, Rejected, Rejection, Rulebook, View,
};
use breakwater_money::rounding::{Rounding, narrow_u128};
use breakwater_money::share::{to_shares, to_underlying};
use breakwater_money::{AccountId, Amount, AssetId, Class, Holder, TransferCode, U256, Unit};

/// Name under which hosts plug the rule in.
pub const RULE: &str = "secured-loan";

const PROMISES: &[(Promise, Kept)] = &[
    (Promise::HealthyUntouched, Kept::Keeps),
    (Promise::FreshMarksOnly, Kept::Refuses),
    (Promise::GraceAfterOutage, Kept::Refuses),
    (Promise::CureStaysPossible, Kept::Keeps),
    (Promise::StepNeverHurts, Kept::Refuses),
    (Promise::Minimal, Kept::Refuses),
    (Promise::OncePerTick, Kept::Refuses),
    (Promise::FundBeforeDeleveraging, Kept::NotApplicable),
    (Promise::NoUnbookedDebt, Kept::Keeps),
];

struct SecuredLoan {
    reserves: Reserves,
}

/// Builds the rulebook from a parameter file with the tables of the reserves; incentives in it
/// are not used. `rule` in the file stays that of the reserves' own venue.
///
/// # Errors
/// The first parameter refused, with its value and what would be right.
pub fn build(parameters: &str, assets: &[AssetInfo]) -> Result<Box<dyn Rulebook>, String> {
    let parameters = Parameters::parse(parameters).map_err(|error| error.to_string())?;
    let name = format!("secured-loan on {}", parameters.name);
    let decimals = parameters.numeraire_decimals;
    let reserves = Reserves::bind(&name, decimals, &parameters.assets, assets)?;
    Ok(Box::new(OnReserves(SecuredLoan { reserves })))
}

impl Venue for SecuredLoan {
    fn reserves(&self) -> &Reserves {
        &self.reserves
    }

    fn promises(&self) -> &'static [(Promise, Kept)] {
        PROMISES
    }

    /// None: nobody is paid for calling.
    fn incentive_most_bps(&self) -> Option<u32> {
        None
    }

    /// None: outsiders do not liquidate here.
    fn calls(&self, _: &View<'_>, _: AccountId, _: &mut Vec<CallOption>) -> Result<(), Rejected> {
        Ok(())
    }

    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        match *call {
            Call::Fill { account, asset, quantity, proceeds, proceeds_asset } => {
                self.fill(view, account, asset, quantity, (proceeds_asset, proceeds))
            }
            Call::WriteOff { account } => self.write_off(view, account),
            _ => self.reserves.business(view, call),
        }
    }

    /// Every collateral against the largest debt, most valuable first.
    fn saleable(&self, view: &View<'_>, account: AccountId) -> Result<Vec<Saleable>, Rejected> {
        let (mut collateral, mut debts) = (Vec::new(), Vec::new());
        for asset in self.reserves.assets_of(view, account)? {
            let reserve = self.reserves.reserve(view, asset)?;
            let user = self.reserves.user(view, account, asset);
            let held = to_underlying(
                user.scaled_collateral,
                reserve.liquidity_index.raw,
                Rounding::Floor,
            )?;
            let owed =
                to_underlying(user.scaled_debt, reserve.variable_borrow_index.raw, Rounding::Ceil)?;
            // What others have borrowed of the collateral cannot be handed over.
            let held = held.min(reserve.available.unwrap_or(held));
            if user.use_as_collateral && !held.is_zero() {
                collateral.push((value_of(&reserve, held, Rounding::Floor)?, asset, held));
            }
            if !owed.is_zero() {
                debts.push((value_of(&reserve, owed, Rounding::Ceil)?, asset));
            }
        }
        let largest = debts.iter().max_by_key(|(value, asset)| (*value, std::cmp::Reverse(*asset)));
        let Some((_, proceeds_asset)) = largest.copied() else { return Ok(Vec::new()) };
        collateral.sort_by_key(|(value, asset, _)| (std::cmp::Reverse(*value), *asset));
        collateral
            .into_iter()
            .map(|(_, asset, held)| {
                let quantity = narrow_u128(held)?;
                Ok(Saleable { asset, quantity, buy_back: false, proceeds_asset })
            })
            .collect()
    }
}

impl SecuredLoan {
    /// Collateral left for the market; what came in pays the debt, and what is over stays with
    /// the account as a deposit.
    fn fill(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        quantity: u128,
        (proceeds_asset, proceeds): (AssetId, u128),
    ) -> Result<Effects, Rejected> {
        let sold = self.reserves.reserve(view, asset)?;
        let paid_in = self.reserves.reserve(view, proceeds_asset)?;
        let held = view.owned(account, Unit::supply(asset));
        let index = sold.liquidity_index.raw;
        let balance = narrow_u128(to_underlying(U256::from(held), index, Rounding::Floor)?)?;
        if quantity > balance {
            let detail = format!("quantity {quantity}, held {balance}");
            return Err(Rejection::NotReduceOnly.because(detail));
        }
        let cash = view.balances.balance(Holder::Reserve, Unit::token(asset));
        if i128::try_from(quantity).map_or(true, |quantity| quantity > cash) {
            let detail = format!("quantity {quantity}, cash {cash}");
            return Err(Rejection::InsufficientLiquidity.because(detail));
        }
        let mut effects = Effects::default();
        self.reserves.store_indices(view, asset, &sold, &mut effects);
        self.reserves.store_indices(view, proceeds_asset, &paid_in, &mut effects);
        let shares = if quantity == balance {
            held
        } else {
            narrow_u128(to_shares(U256::from(quantity), index, Rounding::Ceil)?)?.min(held)
        };
        let holder = Holder::Account(account);
        let token = Unit::token(asset);
        effects.transfer(holder, Holder::Issuer, Unit::supply(asset), shares, TransferCode::Burn);
        effects.transfer(Holder::Reserve, Holder::External, token, quantity, TransferCode::Sale);
        if shares == held {
            self.reserves.flag(view, account, column::COLLATERAL, asset, false, &mut effects);
        }
        effects.transfer(
            Holder::External,
            Holder::Reserve,
            Unit::token(proceeds_asset),
            proceeds,
            TransferCode::Sale,
        );
        self.apply_proceeds(view, account, proceeds_asset, proceeds, &mut effects)?;
        self.reserves.store_rates(view, asset, &sold, &mut effects)?;
        self.reserves.store_rates(view, proceeds_asset, &paid_in, &mut effects)?;
        effects.facts.push(Fact::Sold {
            account,
            sold: Amount::new(asset, quantity),
            proceeds: Amount::new(proceeds_asset, proceeds),
        });
        Ok(effects)
    }

    fn apply_proceeds(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        proceeds: u128,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        if proceeds == 0 {
            return Ok(());
        }
        let reserve = self.reserves.reserve(view, asset)?;
        // An earlier sale may have paid this debt whole: then all of it stays with the account.
        let owes = view.owned(account, Unit::debt(asset)) > 0;
        let paid = if owes {
            self.reserves.pay_down(view, account, asset, proceeds, &reserve, effects)?
        } else {
            0
        };
        let over = U256::from(proceeds - paid);
        let shares = narrow_u128(to_shares(over, reserve.liquidity_index.raw, Rounding::Floor)?)?;
        if shares > 0 {
            let (holder, supply) = (Holder::Account(account), Unit::supply(asset));
            effects.transfer(Holder::Issuer, holder, supply, shares, TransferCode::Mint);
            self.reserves.flag(view, account, column::COLLATERAL, asset, true, effects);
        }
        Ok(())
    }

    /// Books every debt of an account that has no collateral left.
    fn write_off(&self, view: &View<'_>, account: AccountId) -> Result<Effects, Rejected> {
        let holdings = view.holdings(account)?;
        if holdings.iter().any(|h| h.unit.class == Class::Supply) {
            let detail = format!("{account} still has collateral");
            return Err(Rejection::NotReduceOnly.because(detail));
        }
        let mut effects = Effects::default();
        for asset in self.reserves.assets_of(view, account)? {
            let owed = view.owned(account, Unit::debt(asset));
            if owed == 0 {
                continue;
            }
            let reserve = self.reserves.reserve(view, asset)?;
            let index = reserve.variable_borrow_index.raw;
            let debt = to_underlying(U256::from(owed), index, Rounding::Ceil)?;
            let value = narrow_u128(value_of(&reserve, debt, Rounding::Ceil)?)?;
            let amount = narrow_u128(debt)?;
            self.reserves.store_indices(view, asset, &reserve, &mut effects);
            let holder = Holder::Account(account);
            effects.transfer(holder, Holder::Issuer, Unit::debt(asset), owed, TransferCode::Burn);
            effects.transfer(
                Holder::Issuer,
                Holder::Outstanding,
                Unit::deficit(asset),
                amount,
                TransferCode::Deficit,
            );
            self.reserves.flag(view, account, column::BORROWING, asset, false, &mut effects);
            self.reserves.store_rates(view, asset, &reserve, &mut effects)?;
            let amount = Amount::new(asset, amount);
            effects.facts.push(Fact::Deficit { account, amount, value });
        }
        if effects.facts.is_empty() {
            return Err(Rejection::NothingToSell.because(account.to_string()));
        }
        Ok(effects)
    }
}
