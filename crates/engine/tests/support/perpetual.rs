//! A toy exchange of linear perpetuals: asset 0 is cash and margin, every contract settles in it.
//!
//! ```text
//! equity      = cash + quote sides + sum of floor(size x mark)
//! requirement = sum of ceil(ceil(|size| x mark) x maintenance)
//! ```
//!
//! Exact equality is a breach. The venue sells by itself; what the market does not take of a
//! bankrupt account is closed against winners at the engine's price. A trade never flips a side: a
//! position is closed first. Open orders ask for the initial margin of what a position may become.
//! Brackets are halves of a position. Prices and cash have six decimals.

mod venue;

use super::parameters;
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{
    AssetKind, Call, CallOption, Effects, Exposures, Fact, Kept, Layout, Order, Overlay, Promise,
    Rejected, Rejection, Rulebook, Unsupported, View,
};
use breakwater_margin::Health;
use breakwater_margin::health::{Armed, Exposure};
use breakwater_money::rounding::{Rounding, mul_div, pow10};
use breakwater_money::{
    AccountId, Amount, AssetId, Class, Holder, Price, Rational, Time, TransferCode, Unit, rational,
};

pub const RULE: &str = "toy-perpetual";
pub const CASH: AssetId = AssetId(0);
pub const DECIMALS: u8 = 6;

const LAYOUT: Layout =
    Layout { pool: &[], asset: &["delivered (0 or 1)"], account: &[], cells: &[] };

const PROMISES: &[(Promise, Kept)] = &[
    (Promise::HealthyUntouched, Kept::Keeps),
    (Promise::FreshMarksOnly, Kept::Refuses),
    (Promise::GraceAfterOutage, Kept::Refuses),
    (Promise::CureStaysPossible, Kept::Keeps),
    (Promise::StepNeverHurts, Kept::Refuses),
    (Promise::Minimal, Kept::Refuses),
    (Promise::OncePerTick, Kept::Refuses),
    (Promise::FundBeforeDeleveraging, Kept::Keeps),
    (Promise::NoUnbookedDebt, Kept::Keeps),
];

/// The rule with its parameters, in basis points, and whether it closes winners.
pub struct Perpetual {
    maintenance: u128,
    initial: u128,
    deleverages: u128,
    /// Most of a contract that orders may make of a position; zero for no limit.
    position_max: u128,
}

struct Totals {
    cash: i128,
    equity: i128,
    maintenance: u128,
    initial: u128,
}

/// One side of a trade: the quantity bought (or sold, negative) for `value`.
struct Side {
    account: AccountId,
    bought: i128,
    value: u128,
}

impl Perpetual {
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut it =
            Perpetual { maintenance: 500, initial: 1_000, deleverages: 1, position_max: 0 };
        parameters::read(
            text,
            &mut [
                ("maintenance_bps", &mut it.maintenance),
                ("initial_bps", &mut it.initial),
                ("deleverages", &mut it.deleverages),
                ("position_max", &mut it.position_max),
            ],
        )?;
        if it.initial < it.maintenance || it.initial > 10_000 {
            let (low, given) = (it.maintenance, it.initial);
            return Err(format!("initial_bps = {given}: {low} (maintenance_bps) to 10000"));
        }
        Ok(it)
    }

    fn sizes(view: &View<'_>, account: AccountId) -> Result<Vec<(AssetId, i128)>, Rejected> {
        let held = view.holdings(account)?.iter();
        let own = held.filter(|h| {
            h.contract.is_none() && h.unit.class == Class::Token && h.unit.asset != CASH
        });
        Ok(own.map(|h| (h.unit.asset, h.balance)).collect())
    }

    fn worth(
        view: &View<'_>,
        contract: AssetId,
        quantity: u128,
        price: Price,
        rounding: Rounding,
    ) -> Result<u128, Rejected> {
        Ok(price.value(quantity, view.asset(contract)?.decimals, rounding)?)
    }

    fn totals(&self, view: &View<'_>, account: AccountId) -> Result<Totals, Rejected> {
        let cash = Unit::token(CASH);
        let held = view.holdings(account)?.iter().filter(|h| h.unit == cash);
        let mut totals = Totals {
            cash: view.balances.balance(Holder::Account(account), cash),
            equity: held.map(|h| h.balance).sum(),
            maintenance: 0,
            initial: 0,
        };
        for (contract, size) in Self::sizes(view, account)? {
            let (price, quantity) = (view.price(contract)?, size.unsigned_abs());
            let rounding = if size > 0 { Rounding::Floor } else { Rounding::Ceil };
            let value = signed(Self::worth(view, contract, quantity, price, rounding)?)?;
            totals.equity += if size > 0 { value } else { -value };
            let notional = Self::worth(view, contract, quantity, price, Rounding::Ceil)?;
            totals.maintenance += mul_div(notional, self.maintenance, 10_000, Rounding::Ceil)?;
        }
        let sizes = Self::sizes(view, account)?;
        for contract in venue::contracts(view, account, &sizes) {
            let size =
                sizes.iter().find(|(held, _)| *held == contract).map_or(0, |(_, size)| *size);
            let most = venue::most(view, account, contract, size);
            let notional =
                Self::worth(view, contract, most, view.price(contract)?, Rounding::Ceil)?;
            totals.initial += mul_div(notional, self.initial, 10_000, Rounding::Ceil)?;
        }
        Ok(totals)
    }

    fn margin(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        let (account, asset, amount) = match *call {
            Call::Deposit { account, asset, amount } => (account, asset, amount),
            Call::Withdraw { account, asset, amount } => (account, asset, amount),
            _ => return Err(unsupported(call)),
        };
        view.asset(asset)?;
        if asset != CASH {
            let detail = format!("{asset}: only {CASH} is margin");
            return Err(Rejection::NotCollateral.because(detail));
        }
        if amount == 0 {
            return Err(Rejection::AmountZero.because("amount 0: at least 1"));
        }
        let (mut effects, holder) = (Effects::default(), Holder::Account(account));
        let unit = Unit::token(CASH);
        if matches!(call, Call::Deposit { .. }) {
            let code = TransferCode::Deposit;
            effects.transfer(Holder::External, holder, unit, amount, code);
            return Ok(effects);
        }
        let totals = self.totals(view, account)?;
        let cash = u128::try_from(totals.cash).unwrap_or(0);
        let equity = u128::try_from(totals.equity).unwrap_or(0);
        let free = cash.min(equity.saturating_sub(totals.initial));
        let wanted = if amount == u128::MAX { free } else { amount };
        if wanted > free || wanted == 0 {
            let detail = format!("amount {wanted}, withdrawable {free}");
            return Err(Rejection::InsufficientBalance.because(detail));
        }
        effects.transfer(holder, Holder::External, unit, wanted, TransferCode::Withdraw);
        Ok(effects)
    }

    /// What one side's position and cash do when it buys or sells against `counter`'s quote side.
    fn settle(
        view: &View<'_>,
        contract: AssetId,
        side: &Side,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let (holder, position) =
            (Holder::Account(side.account), Holder::Position(side.account, contract));
        let cash = Unit::token(CASH);
        let size = view.balances.balance(holder, Unit::token(contract));
        if size == 0 || (size > 0) == (side.bought > 0) {
            return Ok(());
        }
        let closed = side.bought.unsigned_abs();
        let whole = size.unsigned_abs();
        if closed > whole {
            let detail = format!("quantity {closed}, size {size}: close it first");
            return Err(Rejection::NotReduceOnly.because(detail));
        }
        // What the closed part was entered at, rounded against the account: it paid more for a
        // long, it got less for a short.
        let entry = view.balances.balance(position, cash);
        let rounding = if size > 0 { Rounding::Ceil } else { Rounding::Floor };
        let released = signed(mul_div(entry.unsigned_abs(), closed, whole, rounding)?)?;
        let value = signed(side.value)?;
        let realised = if size > 0 { value - released } else { released - value };
        let (from, to) = if realised > 0 { (position, holder) } else { (holder, position) };
        effects.transfer(from, to, cash, realised.unsigned_abs(), TransferCode::Realise);
        Ok(())
    }

    /// Moves a contract and its value between two holders of positions; none is the outside.
    fn exchange(
        view: &View<'_>,
        contract: AssetId,
        (buyer, seller): (Option<AccountId>, Option<AccountId>),
        (quantity, value): (u128, u128),
        code: TransferCode,
    ) -> Result<Effects, Rejected> {
        let own = |party: Option<AccountId>| party.map_or(Holder::External, Holder::Account);
        let quote = |party: Option<AccountId>| {
            party.map_or(Holder::External, |a| Holder::Position(a, contract))
        };
        let (unit, cash) = (Unit::token(contract), Unit::token(CASH));
        let mut effects = Effects::default();
        effects.transfer(own(seller), own(buyer), unit, quantity, code);
        effects.transfer(quote(buyer), quote(seller), cash, value, code);
        let bought = signed(quantity)?;
        for (party, bought) in [(buyer, bought), (seller, -bought)] {
            if let Some(account) = party {
                Self::settle(view, contract, &Side { account, bought, value }, &mut effects)?;
            }
        }
        Ok(effects)
    }

    fn trade(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        let Call::Trade { buyer, seller, contract, quantity, price } = *call else {
            return Err(unsupported(call));
        };
        if buyer == seller {
            return Err(Rejection::SelfDealing.because("buyer and seller are one"));
        }
        if quantity == 0 {
            return Err(Rejection::AmountZero.because("quantity 0: at least 1"));
        }
        venue::trades(view, contract)?;
        let value = Self::worth(view, contract, quantity, price, Rounding::HalfUp)?;
        let parties = (buyer, seller);
        let mut effects =
            Self::exchange(view, contract, parties, (quantity, value), TransferCode::Trade)?;
        for account in [buyer, seller].into_iter().flatten() {
            let overlay = Overlay::new(*view, account, &effects)?;
            let totals = self.totals(&overlay.view(), account)?;
            if totals.equity < signed(totals.initial)? {
                let (equity, initial) = (totals.equity, totals.initial);
                let detail = format!("{account}: equity {equity}, initial {initial}");
                return Err(Rejection::BelowInitial.because(detail));
            }
        }
        if let (Some(buyer), Some(seller)) = parties {
            let quantity = Amount::new(contract, quantity);
            effects.facts.push(Fact::Traded { buyer, seller, quantity, price });
        }
        Ok(effects)
    }

    fn fill(view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        let Call::Fill { account, asset, quantity, proceeds, .. } = *call else {
            return Err(unsupported(call));
        };
        let size = view.balances.balance(Holder::Account(account), Unit::token(asset));
        if quantity > size.unsigned_abs() {
            let detail = format!("quantity {quantity}, size {size}");
            return Err(Rejection::NotReduceOnly.because(detail));
        }
        let parties = if size > 0 { (None, Some(account)) } else { (Some(account), None) };
        let moved = (quantity, proceeds);
        let mut effects = Self::exchange(view, asset, parties, moved, TransferCode::Sale)?;
        let (sold, proceeds) = (Amount::new(asset, quantity), Amount::new(CASH, proceeds));
        effects.facts.push(Fact::Sold { account, sold, proceeds });
        Ok(effects)
    }

    fn deleverage(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        let Call::Deleverage { account, contract, winners, price } = call else {
            return Err(unsupported(call));
        };
        if self.deleverages == 0 {
            return Err(unsupported(call));
        }
        let unit = Unit::token(*contract);
        let mut effects = Effects::default();
        for (winner, quantity) in winners {
            // Each deal is settled against what the ones before have left of the bankrupt.
            let overlay = Overlay::new(*view, *account, &effects)?;
            let seen = overlay.view();
            let size = seen.balances.balance(Holder::Account(*account), unit);
            let parties = if size > 0 {
                (Some(*winner), Some(*account))
            } else {
                (Some(*account), Some(*winner))
            };
            // In the winner's favour: a winner who buys pays less, one who sells gets more.
            let rounding = if size > 0 { Rounding::Floor } else { Rounding::Ceil };
            let value = Self::worth(&seen, *contract, *quantity, *price, rounding)?;
            let moved = (*quantity, value);
            let code = TransferCode::Deleverage;
            effects.then(Self::exchange(&seen, *contract, parties, moved, code)?);
        }
        Ok(effects)
    }

    fn write_off(view: &View<'_>, account: AccountId) -> Result<Effects, Rejected> {
        let (unit, holder) = (Unit::token(CASH), Holder::Account(account));
        let cash = view.balances.balance(holder, unit);
        if cash >= 0 || !Self::sizes(view, account)?.is_empty() {
            let detail = format!("{account} has positions, or owes nothing: cash {cash}");
            return Err(Rejection::BadParameter.because(detail));
        }
        let missing = cash.unsigned_abs();
        let mut effects = Effects::default();
        effects.transfer(Holder::Outstanding, holder, unit, missing, TransferCode::Deficit);
        let amount = Amount::new(CASH, missing);
        effects.facts.push(Fact::Deficit { account, amount, value: missing });
        Ok(effects)
    }
}

fn signed(value: u128) -> Result<i128, Rejected> {
    i128::try_from(value).map_err(|_| Rejection::Overflow.into())
}

fn unsupported(call: &Call) -> Rejected {
    Rejection::Unsupported.because(format!("{RULE} has no call '{}'", call.kind()))
}

impl Rulebook for Perpetual {
    fn name(&self) -> &str {
        RULE
    }

    fn layout(&self) -> &'static Layout {
        &LAYOUT
    }

    fn promises(&self) -> &'static [(Promise, Kept)] {
        PROMISES
    }

    fn numeraire_decimals(&self) -> u8 {
        DECIMALS
    }

    fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        let missing = |what: String| Unsupported { rulebook: RULE.to_owned(), missing: what };
        if view.assets.first().is_none_or(|cash| cash.kind != AssetKind::Token) {
            return Err(missing("a token as asset 0, its cash".to_owned()));
        }
        match view.markets.iter().find(|market| market.guard.decimals != DECIMALS) {
            Some(market) => Err(missing(format!("prices such as those of {}", market.symbol))),
            None => Ok(()),
        }
    }

    fn found(&self, _: &View<'_>) -> Result<Effects, Rejected> {
        Ok(Effects::default())
    }

    fn accrue(&self, _: &View<'_>) -> Result<Effects, Rejected> {
        Ok(Effects::default())
    }

    fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        let totals = self.totals(view, account)?;
        Ok(Health::of(totals.equity, totals.maintenance, true)?)
    }

    fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        let sizes = Self::sizes(view, account)?;
        for (contract, size) in &sizes {
            let (price, quantity) = (view.price(*contract)?, size.unsigned_abs());
            let value = Self::worth(view, *contract, quantity, price, Rounding::Ceil)?;
            out.terms.push(Exposure {
                market: view.market_of(*contract)?,
                equity: if *size > 0 { signed(value)? } else { -signed(value)? },
                requirement: mul_div(value, self.maintenance, 10_000, Rounding::Ceil)?,
            });
        }
        // A value and a requirement of each contract, both rounded, now and at the next price.
        Ok(Armed { until: Time::MAX, error: 6 * sizes.len() as u128 + 2 })
    }

    /// None: outsiders do not liquidate here.
    fn calls(&self, _: &View<'_>, _: AccountId, _: &mut Vec<CallOption>) -> Result<(), Rejected> {
        Ok(())
    }

    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        for account in call.accounts() {
            view.holdings(account)?;
        }
        match call {
            Call::Deposit { .. } | Call::Withdraw { .. } => self.margin(view, call),
            Call::Trade { .. } => self.trade(view, call),
            Call::Fill { .. } => Self::fill(view, call),
            Call::Deleverage { .. } => self.deleverage(view, call),
            Call::WriteOff { account } => Self::write_off(view, *account),
            _ => self.venue(view, call),
        }
    }

    fn initial(&self, view: &View<'_>, account: AccountId) -> Result<u128, Rejected> {
        Ok(self.totals(view, account)?.initial)
    }

    fn may_order(&self, view: &View<'_>, order: &Order) -> Result<(), Rejected> {
        self.order(view, order)
    }

    /// Halves of the position, down to a quarter.
    fn steps_down(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Vec<u128>, Rejected> {
        let size = view.balances.balance(Holder::Account(account), Unit::token(asset));
        let halves = [size.unsigned_abs() >> 1, size.unsigned_abs() >> 2];
        Ok(halves.into_iter().filter(|size| *size > 0).collect())
    }

    fn saleable(&self, view: &View<'_>, account: AccountId) -> Result<Vec<Saleable>, Rejected> {
        let sizes = Self::sizes(view, account)?.into_iter();
        let item = |(asset, size): (AssetId, i128)| Saleable {
            asset,
            quantity: size.unsigned_abs(),
            buy_back: size < 0,
            proceeds_asset: CASH,
        };
        Ok(sizes.map(item).collect())
    }

    /// Where `rest + size x price = |size| x price x maintenance`.
    fn liquidation_price(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        let rate = Rational::new(self.maintenance.into(), 10_000.into());
        let (mut rest, mut slope) = (rational::from_raw(0, 0), rational::from_raw(0, 0));
        let cash = view.holdings(account)?.iter().filter(|h| h.unit == Unit::token(CASH));
        rest += rational::from_raw(cash.map(|h| h.balance).sum(), DECIMALS);
        for (contract, size) in Self::sizes(view, account)? {
            let units = Rational::new(size.into(), pow10(view.asset(contract)?.decimals)?.into());
            let required = &rate * if size > 0 { units.clone() } else { -units.clone() };
            let net = units - required;
            if contract == asset {
                slope += net;
            } else {
                let price = view.price(contract)?;
                rest += net * Rational::new(price.raw.into(), pow10(price.decimals)?.into());
            }
        }
        if slope == rational::from_raw(0, 0) {
            return Ok(None);
        }
        let price = -rest / slope;
        Ok(Some(price).filter(|price| *price > rational::from_raw(0, 0)))
    }
}
