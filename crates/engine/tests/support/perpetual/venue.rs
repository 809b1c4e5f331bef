//! What the toy's venue does to everybody in a contract, or to an account whole; and open orders.

use super::{CASH, Perpetual, RULE, signed};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{Call, Effects, Fact, Order, Rejected, Rejection, StateKey, View};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, Amount, AssetId, Holder, Price, TransferCode, U256, Unit};

const E12: u128 = 1_000_000_000_000;

fn holders(view: &View<'_>, contract: AssetId) -> Vec<(AccountId, i128)> {
    let all = (0..view.balances.accounts()).map(AccountId);
    let size = |a: AccountId| view.balances.balance(Holder::Account(a), Unit::token(contract));
    all.map(|account| (account, size(account))).filter(|(_, size)| *size != 0).collect()
}

/// The contract is there and was not delivered.
pub(super) fn lives(view: &View<'_>, contract: AssetId) -> Result<(), Rejected> {
    let info = view.asset(contract)?;
    if info.kind.contract().is_none() {
        return Err(Rejection::BadParameter.because(format!("{contract} is no contract")));
    }
    if !view.state(StateKey::Asset(contract, 0)).is_zero() {
        return Err(Rejection::ContractEnded.because(info.symbol.clone()));
    }
    Ok(())
}

/// The same before it expires.
pub(super) fn trades(view: &View<'_>, contract: AssetId) -> Result<(), Rejected> {
    lives(view, contract)?;
    let ends = view.asset(contract)?.kind.contract().and_then(|terms| terms.expires);
    match ends.filter(|end| view.now >= *end) {
        Some(end) => Err(Rejection::ContractEnded.because(format!("expired at {}", end.0))),
        None => Ok(()),
    }
}

/// What a position may become on either side, if all orders of a side fill.
pub(super) fn most(view: &View<'_>, account: AccountId, contract: AssetId, size: i128) -> u128 {
    let (mut long, mut short) = (size, size);
    let open = view.orders(account).map(|(_, order)| order);
    for order in open.filter(|o| o.contract == contract && !o.reduce_only) {
        let quantity = i128::try_from(order.quantity).unwrap_or(i128::MAX);
        if order.buy { long += quantity } else { short -= quantity }
    }
    long.unsigned_abs().max(short.unsigned_abs()).max(size.unsigned_abs())
}

/// Contracts that the account holds or has orders in.
pub(super) fn contracts(
    view: &View<'_>,
    account: AccountId,
    held: &[(AssetId, i128)],
) -> Vec<AssetId> {
    let mut all: Vec<AssetId> = held.iter().map(|(contract, _)| *contract).collect();
    all.extend(view.orders(account).map(|(_, order)| order.contract));
    all.sort_unstable();
    all.dedup();
    all
}

/// Payments of `holder`, through the fund, that keep it whole.
fn pay(effects: &mut Effects, holder: Holder, gets: bool, amount: u128, code: TransferCode) {
    let (from, to) = if gets { (Holder::Insurance, holder) } else { (holder, Holder::Insurance) };
    effects.transfer(from, to, Unit::token(CASH), amount, code);
}

impl Perpetual {
    pub(super) fn order(&self, view: &View<'_>, order: &Order) -> Result<(), Rejected> {
        trades(view, order.contract)?;
        if order.quantity == 0 {
            return Err(Rejection::AmountZero.because("quantity 0: at least 1"));
        }
        let unit = Unit::token(order.contract);
        let size = view.balances.balance(Holder::Account(order.account), unit);
        if order.reduce_only {
            let reduces = size != 0 && (size > 0) != order.buy;
            if reduces && order.quantity <= size.unsigned_abs() {
                return Ok(());
            }
            let detail = format!("quantity {} against {size}", order.quantity);
            return Err(Rejection::NotReduceOnly.because(detail));
        }
        let most = most(view, order.account, order.contract, size);
        if self.position_max != 0 && most > self.position_max {
            let detail = format!("{most}: at most {}", self.position_max);
            return Err(Rejection::AbovePositionLimit.because(detail));
        }
        let totals = self.totals(view, order.account)?;
        if totals.equity < signed(totals.initial)? {
            let (equity, initial) = (totals.equity, totals.initial);
            return Err(Rejection::BelowInitial.because(format!("{equity}, initial {initial}")));
        }
        Ok(())
    }

    pub(super) fn venue(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        match *call {
            Call::Fund { contract, rate_e12 } => Self::fund(view, contract, rate_e12),
            Call::Charge { asset, rate_e12 } => Self::charge(view, asset, rate_e12),
            Call::Settle { contract } => Self::session(view, contract),
            Call::Deliver { contract, price } => Self::deliver(view, contract, price),
            Call::TakeOver { account, vault } => self.take_over(view, account, vault),
            _ => {
                let detail = format!("{RULE} has no call '{}'", call.kind());
                Err(Rejection::Unsupported.because(detail))
            }
        }
    }

    fn fund(view: &View<'_>, contract: AssetId, rate_e12: i64) -> Result<Effects, Rejected> {
        lives(view, contract)?;
        let (price, mut outside) = (view.price(contract)?, 0i128);
        let mut effects = Effects::default();
        let mut one = |holder: Holder, size: i128| -> Result<(), Rejected> {
            let gets = (size > 0) != (rate_e12 > 0);
            let rounding = if gets { Rounding::Floor } else { Rounding::Ceil };
            let worth = Self::worth(view, contract, size.unsigned_abs(), price, rounding)?;
            let amount = mul_div(worth, rate_e12.unsigned_abs().into(), E12, rounding)?;
            pay(&mut effects, holder, gets, amount, TransferCode::Funding);
            Ok(())
        };
        for (account, size) in holders(view, contract) {
            outside -= size;
            one(Holder::Account(account), size)?;
        }
        if outside != 0 {
            one(Holder::External, outside)?;
        }
        let paid = Amount::new(CASH, 0);
        effects.facts.push(Fact::Charged { asset: contract, rate_e12, paid });
        Ok(effects)
    }

    fn charge(view: &View<'_>, asset: AssetId, rate_e12: u64) -> Result<Effects, Rejected> {
        if asset != CASH {
            return Err(Rejection::NotCollateral.because(asset.to_string()));
        }
        let mut effects = Effects::default();
        for (account, cash) in holders(view, CASH).into_iter().filter(|(_, cash)| *cash < 0) {
            let owed = mul_div(cash.unsigned_abs(), rate_e12.into(), E12, Rounding::Ceil)?;
            let (from, unit) = (Holder::Account(account), Unit::token(CASH));
            effects.transfer(from, Holder::Treasury, unit, owed, TransferCode::Interest);
        }
        Ok(effects)
    }

    /// Value of a position at a price: down where it is owned, up where it is owed.
    fn value(
        view: &View<'_>,
        contract: AssetId,
        size: i128,
        price: Price,
    ) -> Result<i128, Rejected> {
        let rounding = if size > 0 { Rounding::Floor } else { Rounding::Ceil };
        let value = signed(Self::worth(view, contract, size.unsigned_abs(), price, rounding)?)?;
        Ok(if size > 0 { value } else { -value })
    }

    /// Moves what stands on the quote side, with a value, to cash.
    fn realise(
        view: &View<'_>,
        contract: AssetId,
        (account, value): (AccountId, i128),
        to: &mut Effects,
    ) {
        let (position, cash) = (Holder::Position(account, contract), Unit::token(CASH));
        let profit = view.balances.balance(position, cash) + value;
        let own = Holder::Account(account);
        let (from, into) = if profit > 0 { (position, own) } else { (own, position) };
        to.transfer(from, into, cash, profit.unsigned_abs(), TransferCode::Realise);
    }

    fn session(view: &View<'_>, contract: AssetId) -> Result<Effects, Rejected> {
        lives(view, contract)?;
        let (price, mut effects) = (view.price(contract)?, Effects::default());
        for (account, size) in holders(view, contract) {
            let value = Self::value(view, contract, size, price)?;
            Self::realise(view, contract, (account, value), &mut effects);
        }
        effects.facts.push(Fact::Settled { contract, price, delivered: false });
        Ok(effects)
    }

    fn deliver(view: &View<'_>, contract: AssetId, price: Price) -> Result<Effects, Rejected> {
        lives(view, contract)?;
        let ends = view.asset(contract)?.kind.contract().and_then(|terms| terms.expires);
        if let Some(end) = ends.filter(|end| view.now < *end) {
            return Err(Rejection::ContractLives.because(format!("until {}", end.0)));
        }
        let (mut effects, mut outside) = (Effects::default(), 0i128);
        let code = TransferCode::Deliver;
        for (account, size) in holders(view, contract) {
            outside -= size;
            let value = Self::value(view, contract, size, price)?;
            let position = Holder::Position(account, contract);
            pay(&mut effects, position, value > 0, value.unsigned_abs(), code);
            Self::realise(view, contract, (account, value), &mut effects);
            let (own, out) = (Holder::Account(account), Holder::External);
            let (from, to) = if size > 0 { (own, out) } else { (out, own) };
            effects.transfer(from, to, Unit::token(contract), size.unsigned_abs(), code);
        }
        if outside != 0 {
            let value = Self::value(view, contract, outside, price)?;
            pay(&mut effects, Holder::External, value > 0, value.unsigned_abs(), code);
        }
        effects.set(StateKey::Asset(contract, 0), U256::ONE);
        effects.facts.push(Fact::Settled { contract, price, delivered: true });
        Ok(effects)
    }

    /// Everything the account has and owes becomes the vault's. Opposite positions net; what they
    /// had gained stays on the quote side, where it counts as it did.
    fn take_over(
        &self,
        view: &View<'_>,
        account: AccountId,
        vault: AccountId,
    ) -> Result<Effects, Rejected> {
        let totals = self.totals(view, account)?;
        if totals.equity > signed(totals.maintenance)? {
            return Err(Rejection::Healthy.because(account.to_string()));
        }
        let mut effects = Effects::default();
        for held in view.holdings(account)? {
            let (own, theirs) = match held.contract {
                None => (Holder::Account(account), Holder::Account(vault)),
                Some(c) => (Holder::Position(account, c), Holder::Position(vault, c)),
            };
            let (from, to) = if held.balance > 0 { (own, theirs) } else { (theirs, own) };
            let code = TransferCode::Takeover;
            effects.transfer(from, to, held.unit, held.balance.unsigned_abs(), code);
        }
        let equity = totals.equity;
        effects.facts.push(Fact::TakenOver { account, vault, equity });
        if equity < 0 {
            let value = equity.unsigned_abs();
            let amount = Amount::new(CASH, value);
            effects.facts.push(Fact::Deficit { account, amount, value });
            effects.facts.push(Fact::Borne { account, bearer: Bearer::Vault, amount });
        }
        Ok(effects)
    }
}
