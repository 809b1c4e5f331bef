//! The mirror behind the Rulebook trait.
//!
//! Every account is in one market at most: one collateral against the stablecoin. Anybody may swap
//! with a market's bands, which is how loans are liquidated softly; a loan whose health falls below
//! zero all the same may be closed by anybody who repays it.
//!
//! Marks are taken as the venue's oracle tells prices. Its own oracles average over some minutes
//! before they tell; whoever wants that feeds averaged ticks. The stablecoin counts as one in the
//! numeraire towards health, whatever it trades at.

use super::book::{LAYOUT, Loan, Scene, column};
use super::controller::{removed, repaid, solvency};
use super::oracle::WINDOW_SECONDS;
use super::parameters::{Discounts, MarketParameters, Parameters};
use super::{
    Bands, Claim, Coin, Market, Revert, Wanted, amount_for_price, claim, exchange, limited, price,
};
use crate::desk;
use breakwater_liquidation::plan::option_of;
use breakwater_liquidation::rulebook::Sides;
use breakwater_liquidation::{
    AccountShape, AssetInfo, AssetKind, AssetTotals, Call, CallOption, Effects, Exposures, Fact,
    Kept, Layout, Promise, Reach, Rejected, Rejection, Rulebook, StateKey, Touched, Unsupported,
    View,
};
use breakwater_margin::Health;
use breakwater_margin::health::{Armed, Exposure};
use breakwater_money::rounding::{Rounding, div_wide, mul_div_full, narrow_u128, pow10};
use breakwater_money::{
    AccountId, Amount, AssetId, Class, Holder, Price, Rational, Time, TransferCode, U256, Unit,
    Wad, rational,
};

/// What the venue promises by itself.
const PROMISES: &[(Promise, Kept)] = &[
    // A hard liquidation needs a health below zero. That the bands trade with everybody's
    // collateral long before is what a borrower signs up for.
    (Promise::HealthyUntouched, Kept::Keeps),
    // The oracle has no age: what it says is the price.
    (Promise::FreshMarksOnly, Kept::Refuses),
    // Nothing waits after an outage; the limit on the oracle's moves is no grace.
    (Promise::GraceAfterOutage, Kept::Refuses),
    // Debt can be repaid throughout, but collateral cannot be added once a part has been swapped.
    (Promise::CureStaysPossible, Kept::Refuses),
    // A part is paid out in whole units of tokens, which may cost the rest a unit's worth of health.
    (Promise::StepNeverHurts, Kept::Refuses),
    // The liquidator chooses the part, up to the whole.
    (Promise::Minimal, Kept::Refuses),
    // Part after part may be taken at one price.
    (Promise::OncePerTick, Kept::Refuses),
    (Promise::FundBeforeDeleveraging, Kept::NotApplicable),
    // A loan that its position no longer covers stays as it is: nobody books what is missing.
    (Promise::NoUnbookedDebt, Kept::Refuses),
];

/// One market as the pool's assets bind it.
#[derive(Debug, Clone)]
struct Listed {
    parameters: MarketParameters,
    /// With a base price of one; a scene puts in the pool's.
    market: Market,
}

/// The rulebook: markets by asset, and the asset that everybody owes.
#[derive(Debug, Clone)]
pub(super) struct Llamma {
    name: String,
    numeraire_decimals: u8,
    usual_bands: u64,
    currency: Option<AssetId>,
    markets: Vec<Option<Listed>>,
}

/// Builds the rulebook from a parameter file, bound to the pool's assets by symbol.
///
/// # Errors
/// The first parameter refused, with its path, its value and what would be right.
pub fn build(parameters: &str, assets: &[AssetInfo]) -> Result<Box<dyn Rulebook>, String> {
    let parameters = Parameters::parse(parameters)?;
    let (mut currency, mut markets) = (None, Vec::with_capacity(assets.len()));
    for (number, info) in (0u16..).zip(assets) {
        let check = |path: &str, decimals: u8| {
            if decimals == info.decimals {
                return Ok(());
            }
            Err(format!("{path} = {decimals}: the pool's asset has {}", info.decimals))
        };
        let token = info.kind == AssetKind::Token;
        if token && info.symbol == parameters.constants.currency {
            check("constants.currency_decimals", parameters.constants.currency_decimals)?;
            currency = Some(AssetId(number));
        }
        let found = parameters.markets.get(&info.symbol).filter(|_| token);
        let listed = found.map(|found| -> Result<Listed, String> {
            check(&format!("markets.{}.decimals", info.symbol), found.decimals)?;
            let market = parameters.market(found).map_err(|bad| bad.to_string())?;
            Ok(Listed { parameters: *found, market })
        });
        markets.push(listed.transpose()?);
    }
    Ok(Box::new(Llamma {
        name: parameters.head.name,
        numeraire_decimals: parameters.head.numeraire_decimals,
        usual_bands: parameters.constants.bands,
        currency,
        markets,
    }))
}

/// One collateral and the stablecoin.
///
/// # Errors
/// As [`build`].
pub fn shape(parameters: &str) -> Result<AccountShape, String> {
    let parameters = Parameters::parse(parameters)?;
    let collaterals: Vec<String> = parameters.markets.keys().cloned().collect();
    let currency = parameters.constants.currency;
    Ok(AccountShape {
        collaterals: Reach::One,
        debts: Reach::One,
        secured_by: std::iter::once((currency.clone(), collaterals)).collect(),
        currency: Some((currency, parameters.constants.currency_decimals)),
        debt_least: 0,
    })
}

impl From<Revert> for Rejected {
    fn from(revert: Revert) -> Self {
        let rejection = match revert {
            Revert::BandCount | Revert::FractionTooLarge => Rejection::BadParameter,
            Revert::AmountTooLow | Revert::NoShares => Rejection::ZeroBurn,
            Revert::HasLiquidity => Rejection::NotLendable,
            Revert::BelowActive | Revert::DebtTooHigh => Rejection::BelowInitial,
            Revert::NoPosition => Rejection::NothingToSell,
            Revert::Slippage => Rejection::WorseThanLimit,
            Revert::NotFilled => Rejection::InsufficientLiquidity,
            Revert::NoLoan => Rejection::NotBorrowed,
            Revert::Underwater => Rejection::SoftLiquidation,
            Revert::Healthy => Rejection::Healthy,
            Revert::EdgeOutOfRange | Revert::Arithmetic => Rejection::Overflow,
        };
        rejection.because(revert.to_string())
    }
}

impl Llamma {
    fn known(&self, asset: AssetId) -> Option<&Listed> {
        self.markets.get(asset.index()).and_then(Option::as_ref)
    }

    /// The asset is a collateral that has a market.
    pub(super) fn listed(&self, view: &View<'_>, asset: AssetId) -> Result<(), Rejected> {
        let symbol = &view.asset(asset)?.symbol;
        let missing = || Rejection::NotLendable.because(format!("no market for {symbol}"));
        self.known(asset).map(drop).ok_or_else(missing)
    }

    /// The market of a collateral at the view's instant.
    pub(super) fn scene<'a>(
        &'a self,
        view: &View<'a>,
        asset: AssetId,
    ) -> Result<Scene<'a>, Rejected> {
        self.listed(view, asset)?;
        let Some(listed) = self.known(asset) else { return Err(Rejection::NotLendable.into()) };
        Scene::of(view, asset, &listed.parameters, &listed.market)
    }

    pub(super) fn currency(&self) -> Result<AssetId, Rejected> {
        let missing = || Rejection::NotLendable.because("the pool has no asset of the stablecoin");
        self.currency.ok_or_else(missing)
    }

    /// The asset is the stablecoin.
    pub(super) fn is_currency(&self, view: &View<'_>, asset: AssetId) -> Result<(), Rejected> {
        let symbol = &view.asset(asset)?.symbol;
        if self.currency()? == asset {
            return Ok(());
        }
        Err(Rejection::NotLendable.because(format!("{symbol} cannot be owed")))
    }

    /// The account's loan, if it has one.
    pub(super) fn loan(
        &self,
        view: &View<'_>,
        account: AccountId,
    ) -> Result<Option<Loan>, Rejected> {
        view.holdings(account)?;
        let Some(currency) = self.currency else { return Ok(None) };
        let raw = view.owned(account, Unit::debt(currency));
        Ok(if raw == 0 { None } else { Loan::read(view, account, raw) })
    }

    /// Bands of the account's next loan.
    pub(super) fn bands(&self, view: &View<'_>, account: AccountId) -> u64 {
        let chosen = view.state(StateKey::Account(account, column::BANDS));
        u64::try_from(chosen).ok().filter(|n| *n > 0).unwrap_or(self.usual_bands)
    }

    pub(super) fn discounts(
        &self,
        view: &View<'_>,
        scene: &Scene<'_>,
        account: AccountId,
    ) -> Discounts {
        scene.parameters.discounts(desk::own_threshold(view, account, column::OWN_THRESHOLD))
    }

    /// One plus the loan's health without and with the rise of the price above its bands (wad).
    fn solvency(
        &self,
        view: &View<'_>,
        scene: &Scene<'_>,
        account: AccountId,
        loan: &Loan,
    ) -> Result<(U256, U256), Rejected> {
        let Some(position) = &loan.position else { return Ok((U256::ZERO, U256::ZERO)) };
        let debt = scene.debt(loan)?;
        let discount = self.discounts(view, scene, account).liquidation;
        Ok(solvency(&scene.market, scene, scene.feed, position, debt, discount)?)
    }

    /// What a loan's position holds, free collateral of one without a position included.
    fn contents(
        &self,
        view: &View<'_>,
        scene: &Scene<'_>,
        account: AccountId,
        loan: &Loan,
    ) -> Result<Claim, Rejected> {
        match &loan.position {
            Some(position) => Ok(claim(&scene.market, scene, position)?),
            None => {
                let free = view.owned(account, Unit::supply(loan.asset));
                Ok(Claim { borrowed: U256::ZERO, collateral: U256::from(free) })
            }
        }
    }

    /// Value of a debt as the venue counts its stablecoin: one in the numeraire.
    fn at_par(&self, view: &View<'_>, amount: U256) -> Result<u128, Rejected> {
        let decimals = view.asset(self.currency()?)?.decimals;
        let (numeraire, unit) = (pow10(self.numeraire_decimals)?, pow10(decimals)?);
        let value = mul_div_full(amount, U256::from(numeraire), U256::from(unit), Rounding::Ceil)?;
        Ok(narrow_u128(value)?)
    }

    /// Value at the mark; of the stablecoin at par where nothing prices it.
    fn value(&self, view: &View<'_>, amount: Amount, rounding: Rounding) -> Result<u128, Rejected> {
        let info = view.asset(amount.asset)?;
        let price = match info.market {
            None => Price::new(pow10(self.numeraire_decimals)?, self.numeraire_decimals),
            Some(_) if amount.raw == 0 => return Ok(0),
            Some(_) => view.price(amount.asset)?,
        };
        Ok(price.value(amount.raw, info.decimals, rounding)?)
    }

    /// A liquidator repays a part of a loan and takes a smaller part of its position, or all for
    /// all. `amount` is debt offered, of which the position's own coin pays first. The share of
    /// the debt that the venue is called with is `amount * 1e18 / debt` rounded down.
    fn seize(
        &self,
        view: &View<'_>,
        account: AccountId,
        debt: AssetId,
        collateral: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        desk::asked(view, account, amount)?;
        self.is_currency(view, debt)
            .map_err(|_| Rejection::NotBorrowed.because(debt.to_string()))?;
        let Some(loan) = self.loan(view, account)? else {
            return Err(Rejection::Healthy.because("the account owes nothing"));
        };
        if loan.asset != collateral {
            return Err(Rejection::NotCollateral.because(collateral.to_string()));
        }
        let scene = self.scene(view, collateral)?;
        let (_, ratio) = self.solvency(view, &scene, account, &loan)?;
        if ratio >= Wad::one().raw {
            return Err(Revert::Healthy.into());
        }
        if loan.position.is_none() {
            return Err(Revert::NoPosition.into());
        }
        let owed = scene.debt(&loan)?;
        let one = Wad::one().raw;
        let fraction = share_of(owed, amount)?;
        if fraction.is_zero() {
            return Err(Rejection::ZeroBurn.because(format!("amount {amount} of debt {owed}")));
        }
        let part = repaid(owed, fraction)?;
        let removed = removed(fraction, self.discounts(view, &scene, account).liquidation)?;
        let mut effects = Effects::default();
        let out = self.take_out(&scene, account, &loan, removed, &mut effects)?;
        self.settle(view, part, out.borrowed, &mut effects)?;
        let taken = desk::raw(out.collateral)?;
        desk::pay_out(view, &mut effects, collateral, taken, TransferCode::Seize)?;
        if fraction == one {
            self.close(view, &scene, account, &loan, &mut effects)?;
        } else {
            let (holder, supply) = (Holder::Account(account), Unit::supply(collateral));
            let held = U256::from(view.owned(account, supply));
            let burnt = desk::raw(mul_div_full(held, removed, one, Rounding::Ceil)?)?;
            effects.transfer(holder, Holder::Issuer, supply, burnt, TransferCode::Burn);
            self.write_debt(&scene, account, loan.raw, owed - part, &mut effects)?;
        }
        self.seized(
            view,
            account,
            (part, out.borrowed),
            Amount::new(collateral, taken),
            &mut effects,
        )?;
        Ok(effects)
    }

    /// What all loans have grown to, units of the stablecoin.
    fn owed(&self, view: &View<'_>) -> Result<u128, Rejected> {
        let mut sum = U256::ZERO;
        for account in (0..view.balances.accounts()).map(AccountId) {
            if let Some(loan) = self.loan(view, account)? {
                let debt = self.scene(view, loan.asset)?.debt(&loan)?;
                sum = sum.checked_add(debt).ok_or(Rejection::Overflow)?;
            }
        }
        desk::raw(sum)
    }

    /// Collateral in the bands of a market, units of the token; needs no price before its first
    /// loan.
    fn in_bands(&self, view: &View<'_>, asset: AssetId) -> Result<u128, Rejected> {
        if !Scene::has_begun(view, asset) {
            return Ok(0);
        }
        let scene = self.scene(view, asset)?;
        let mut bands = (scene.head().lowest..=scene.head().highest).map(|n| scene.band(n));
        let sum = bands.try_fold(U256::ZERO, |sum, band| sum.checked_add(band.collateral));
        let precision = scene.market.precision(Coin::Collateral);
        desk::raw(div_wide(sum.ok_or(Rejection::Overflow)?, precision, Rounding::Floor)?)
    }

    /// The share of an account's debt that the venue is called with for an offer of `amount`.
    fn share(&self, view: &View<'_>, account: AccountId, amount: u128) -> Result<U256, Rejected> {
        let Some(loan) = self.loan(view, account)? else {
            return Err(Rejection::NotBorrowed.into());
        };
        share_of(self.scene(view, loan.asset)?.debt(&loan)?, amount)
    }

    /// Facts of a seizure: collateral against what the liquidator paid; and the position's own
    /// coin against the debt that it cancelled, if there was any.
    fn seized(
        &self,
        view: &View<'_>,
        account: AccountId,
        (part, coin): (U256, U256),
        taken: Amount,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let currency = self.currency()?;
        let mut seized = |repaid: Amount, seized: Amount| -> Result<(), Rejected> {
            effects.facts.push(Fact::Seized {
                account,
                repaid,
                seized,
                fee: Amount::zero(seized.asset),
                repaid_value: self.value(view, repaid, Rounding::Ceil)?,
                seized_value: self.value(view, seized, Rounding::Floor)?,
                capped: false,
            });
            Ok(())
        };
        let paid = Amount::new(currency, desk::raw(part.saturating_sub(coin))?);
        seized(paid, taken)?;
        if !coin.is_zero() {
            let cancelled = Amount::new(currency, desk::raw(coin.min(part))?);
            seized(cancelled, Amount::new(currency, desk::raw(coin)?))?;
        }
        Ok(())
    }

    fn swap(
        &self,
        view: &View<'_>,
        sold: AssetId,
        bought: AssetId,
        amount: u128,
        least: u128,
    ) -> Result<Effects, Rejected> {
        let currency = self.currency()?;
        let (coin, collateral) = match (sold == currency, bought == currency) {
            (true, false) => (Coin::Borrowed, bought),
            (false, true) => (Coin::Collateral, sold),
            _ => {
                let detail = "a swap is of the stablecoin against one collateral";
                return Err(Rejection::NotLendable.because(detail));
            }
        };
        let scene = self.scene(view, collateral)?;
        if !Scene::has_begun(view, collateral) {
            return Err(Rejection::InsufficientLiquidity.because("the market has had no loan yet"));
        }
        let wanted = Wanted::In(U256::from(amount));
        let swap = exchange(&scene.market, &scene, scene.feed, coin, wanted, U256::from(least))?;
        let mut effects = Effects::default();
        scene.write(&swap.changes, &mut effects);
        let paid = Amount::new(sold, desk::raw(swap.amounts.amount_in)?);
        let received = Amount::new(bought, desk::raw(swap.amounts.amount_out)?);
        desk::take_in(&mut effects, sold, paid.raw, TransferCode::Exchange);
        desk::pay_out(view, &mut effects, bought, received.raw, TransferCode::Exchange)?;
        if paid.raw > 0 {
            effects.facts.push(Fact::Exchanged {
                paid,
                received,
                paid_value: self.value(view, paid, Rounding::Ceil)?,
                received_value: self.value(view, received, Rounding::Floor)?,
            });
        }
        effects.touched = if swap.changes.head.memory.price == scene.feed.price {
            Touched::Accounts(self.within(view, collateral, &swap.changes.bands))
        } else {
            // The limit on the price starts anew from a stored one, for every loan of the market.
            Touched::Everyone
        };
        Ok(effects)
    }

    /// Accounts with a position in any of the bands, which are consecutive.
    fn within(
        &self,
        view: &View<'_>,
        asset: AssetId,
        bands: &[(i64, super::Band)],
    ) -> Vec<AccountId> {
        let numbers = || bands.iter().map(|(n, _)| *n);
        let (Some(low), Some(high)) = (numbers().min(), numbers().max()) else { return Vec::new() };
        let lies_within = |account: &AccountId| {
            Loan::spans(view, *account, asset)
                .is_some_and(|(first, last)| first <= high && low <= last)
        };
        (0..view.balances.accounts()).map(AccountId).filter(lies_within).collect()
    }

    /// The swap that brings a market's own price to what its collateral fetches outside, the least
    /// fee kept off; halved while a dearer fee makes the whole a loss.
    fn best_swap(&self, view: &View<'_>, asset: AssetId) -> Result<Option<CallOption>, Rejected> {
        let currency = self.currency()?;
        let scene = self.scene(view, asset)?;
        let Some((sold, amount)) = self.gap(view, &scene)? else { return Ok(None) };
        let (sold, bought) = match sold {
            Coin::Borrowed => (currency, asset),
            Coin::Collateral => (asset, currency),
        };
        let (mut best, mut amount): (Option<CallOption>, u128) = (None, amount);
        for _ in 0..=HALVINGS {
            if amount == 0 {
                break;
            }
            // No least: who sizes the swap anew for himself sets his own.
            let call = Call::Swap { sold, bought, amount, least: 0 };
            let option = option_of(self, view, &call, false)?;
            let gains = |option: &CallOption| option.seized_value > option.repaid_value;
            if gains(&option) && best.as_ref().is_none_or(|best| option.gain() > best.gain()) {
                best = Some(option);
            }
            amount >>= 1;
        }
        Ok(best)
    }

    /// What must go in until the market's own price, its least fee added, is the price outside.
    fn gap(&self, view: &View<'_>, scene: &Scene<'_>) -> Result<Option<(Coin, u128)>, Rejected> {
        let one = Wad::one().raw;
        let outside = self.outside(view, scene)?;
        let oracle = limited(&scene.head().memory, scene.feed)?;
        let kept = one.saturating_sub(scene.market.terms().fee.max(oracle.fee));
        let now = price(&scene.market, scene, scene.feed)?;
        let dear = mul_div_full(outside, kept, one, Rounding::Floor)?;
        let goal = if now < dear {
            dear
        } else {
            let Ok(cheap) = mul_div_full(outside, one, kept, Rounding::Ceil) else {
                return Ok(None);
            };
            if now <= cheap {
                return Ok(None);
            }
            cheap
        };
        let target = amount_for_price(&scene.market, scene, scene.feed, goal)?;
        let amount = narrow_u128(target.amount).unwrap_or(u128::MAX);
        Ok((amount > 0).then_some((target.sold, amount)))
    }

    /// What a whole token of the collateral fetches in the stablecoin outside (wad): at par where
    /// nothing prices the stablecoin.
    fn outside(&self, view: &View<'_>, scene: &Scene<'_>) -> Result<U256, Rejected> {
        let currency = self.currency()?;
        if view.asset(currency)?.market.is_none() {
            return Ok(scene.feed.price);
        }
        let coin = view.price(currency)?;
        let unit = U256::from(pow10(coin.decimals)?);
        Ok(mul_div_full(scene.feed.price, unit, U256::from(coin.raw), Rounding::Floor)?)
    }
}

/// The share (wad) of a debt that an offer of `amount` repays: all of it where it suffices, else
/// rounded down, so that no more is asked than is offered.
fn share_of(owed: U256, amount: u128) -> Result<U256, Rejected> {
    let (offered, one) = (U256::from(amount), Wad::one().raw);
    if offered >= owed {
        return Ok(one);
    }
    Ok(mul_div_full(offered, one, owed, Rounding::Floor)?)
}

/// Times a swap is halved in search of one that gains.
const HALVINGS: u32 = 6;

/// Longest time for which an arming of the watch list bounds accrued interest.
const ARM_SECONDS: u64 = 3_600;

/// Hides any distance, so that every move of the price leads to an exact assessment.
const BLIND: u128 = u128::MAX >> 2;

/// Times a price is doubled in search of one at which a loan is sound.
const DOUBLINGS: u32 = 16;

impl Rulebook for Llamma {
    fn name(&self) -> &str {
        &self.name
    }

    fn layout(&self) -> &'static Layout {
        &LAYOUT
    }

    fn promises(&self) -> &'static [(Promise, Kept)] {
        PROMISES
    }

    fn numeraire_decimals(&self) -> u8 {
        self.numeraire_decimals
    }

    fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        let missing = |missing: String| Unsupported { rulebook: self.name.clone(), missing };
        for (number, info) in (0u16..).zip(view.assets) {
            let asset = AssetId(number);
            if info.kind != AssetKind::Token {
                let what = format!("perpetual contracts, such as {}", info.symbol);
                return Err(missing(what));
            }
            if let Some(market) = info.market.and_then(|m| view.markets.get(m.index()))
                && market.guard.decimals != self.numeraire_decimals
            {
                return Err(missing(format!(
                    "prices of {} with {} decimals (market {}), its values have {}",
                    info.symbol, market.guard.decimals, market.symbol, self.numeraire_decimals
                )));
            }
            let held = |class| view.balances.balance(Holder::Issuer, Unit { asset, class }) != 0;
            if held(Class::Supply) && self.known(asset).is_none() {
                return Err(missing(format!("a market for {}", info.symbol)));
            }
            if held(Class::Debt) && self.currency != Some(asset) {
                return Err(missing(format!("debts of {}", info.symbol)));
            }
        }
        Ok(())
    }

    /// Nothing: a market begins with its first loan.
    fn found(&self, _: &View<'_>) -> Result<Effects, Rejected> {
        Ok(Effects::default())
    }

    /// Nothing: every call carries interest forward to its own instant.
    fn accrue(&self, _: &View<'_>) -> Result<Effects, Rejected> {
        Ok(Effects::default())
    }

    /// The ratio is one plus the venue's health, which counts a price above all bands in full.
    /// Exactly one is sound. Equity is the part of the debt that the ratio says is covered.
    fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        let Some(loan) = self.loan(view, account)? else {
            let mut worth = 0u128;
            for (asset, raw) in desk::held(view, account, Class::Supply)? {
                let value = self.value(view, Amount::new(asset, raw), Rounding::Floor)?;
                worth = worth.checked_add(value).ok_or(Rejection::Overflow)?;
            }
            let worth = i128::try_from(worth).map_err(|_| Rejection::Overflow)?;
            return Ok(Health::unencumbered(worth));
        };
        let scene = self.scene(view, loan.asset)?;
        let (_, ratio) = self.solvency(view, &scene, account, &loan)?;
        let requirement = self.at_par(view, scene.debt(&loan)?)?;
        let covered = mul_div_full(U256::from(requirement), ratio, Wad::one().raw, Rounding::Floor);
        let covered = covered.and_then(narrow_u128).unwrap_or(u128::MAX);
        Ok(Health {
            equity: i128::try_from(covered).unwrap_or(i128::MAX),
            requirement,
            ratio: Wad::from_raw(ratio),
            shortfall: requirement.saturating_sub(covered),
            breach: ratio < Wad::one().raw,
        })
    }

    /// While the price is above all bands of a loan, its health without that rise does not move
    /// and the rise is linear: then the loan is looked at again when the price meets its bands.
    /// Within and below them health is no line, so every move of the price asks.
    fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        let Some(loan) = self.loan(view, account)? else {
            return Ok(Armed { until: Time::MAX, error: 0 });
        };
        let scene = self.scene(view, loan.asset)?;
        let contents = self.contents(view, &scene, account, &loan)?;
        let held = Amount::new(loan.asset, desk::raw(contents.collateral)?);
        let slope = self.value(view, held, Rounding::Ceil)?;
        out.terms.push(Exposure {
            market: view.market_of(loan.asset)?,
            equity: i128::try_from(slope).map_err(|_| Rejection::Overflow)?,
            requirement: 0,
        });
        let oracle = limited(&scene.head().memory, scene.feed)?;
        if oracle.price != scene.feed.price {
            // The limit on the oracle ends by itself.
            let ends = scene.head().memory.at.saturating_add(WINDOW_SECONDS);
            return Ok(Armed { until: Time::from_seconds(ends), error: BLIND });
        }
        let rate = scene.parameters.rate_per_second_wad;
        let until = match rate {
            0 => Time::MAX,
            _ => view.now.after(Time::from_seconds(ARM_SECONDS).0),
        };
        let Some(position) = &loan.position else { return Ok(Armed { until, error: BLIND }) };
        let untouched = position.first > scene.head().active
            && scene.market.edge(scene.head().multiplier, position.first)? < oracle.price;
        if !untouched {
            return Ok(Armed { until, error: BLIND });
        }
        let (within, _) = self.solvency(view, &scene, account, &loan)?;
        let requirement = self.at_par(view, scene.debt(&loan)?)?;
        let one = Wad::one().raw;
        let above = within.saturating_sub(one);
        // What the line has to spare at the edge of the bands is no slack; nor are the roundings of
        // the values, nor interest, which moves the debt and, with the edges, the rise.
        let spare = mul_div_full(U256::from(requirement), above, one, Rounding::Ceil)?;
        let moving = U256::from(requirement).saturating_add(U256::from(slope));
        let grown = U256::from(rate).saturating_mul(U256::from(ARM_SECONDS));
        let interest = mul_div_full(moving, grown, one, Rounding::Ceil)?;
        let error = spare.saturating_add(interest).saturating_add(U256::from(ROUNDINGS));
        Ok(Armed { until, error: narrow_u128(error).unwrap_or(BLIND).min(BLIND) })
    }

    fn calls(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Vec<CallOption>,
    ) -> Result<(), Rejected> {
        let Some(loan) = self.loan(view, account)? else { return Ok(()) };
        if !self.assess(view, account)?.breach || loan.position.is_none() {
            return Ok(());
        }
        let call = Call::RepayAndSeize {
            account,
            debt: self.currency()?,
            collateral: loan.asset,
            // All that is owed when the call arrives, interest until then included.
            amount: u128::MAX,
            shares: false,
            liquidator: None,
        };
        // The limit on the oracle may end before the call arrives, and the loan be sound again.
        let arrives = view.at(view.now.after(Time::from_seconds(ARRIVAL_SECONDS).0));
        if self.execute(&arrives, &call).is_ok() {
            // A part is closed for less than its part of the position, so no call lowers health.
            out.push(option_of(self, view, &call, false)?);
        }
        Ok(())
    }

    fn pool_calls(&self, view: &View<'_>, out: &mut Vec<CallOption>) -> Result<(), Rejected> {
        for (number, listed) in (0u16..).zip(&self.markets) {
            let asset = AssetId(number);
            if listed.is_none() || !Scene::has_begun(view, asset) {
                continue;
            }
            // A market whose price is missing, or whose arithmetic fails, offers nothing.
            if let Ok(Some(option)) = self.best_swap(view, asset) {
                out.push(option);
            }
        }
        out.sort_by_key(|option| std::cmp::Reverse(option.gain()));
        Ok(())
    }

    fn sides(&self, view: &View<'_>, account: AccountId) -> Result<Sides, Rejected> {
        let mut sides = Sides::default();
        let Some(loan) = self.loan(view, account)? else {
            for (asset, raw) in desk::held(view, account, Class::Supply)? {
                let value = self.value(view, Amount::new(asset, raw), Rounding::Floor)?;
                sides.collateral =
                    sides.collateral.checked_add(value).ok_or(Rejection::Overflow)?;
            }
            return Ok(sides);
        };
        let scene = self.scene(view, loan.asset)?;
        let currency = self.currency()?;
        let contents = self.contents(view, &scene, account, &loan)?;
        let value = |asset, raw: U256, rounding| -> Result<u128, Rejected> {
            self.value(view, Amount::new(asset, desk::raw(raw)?), rounding)
        };
        let coin = value(currency, contents.borrowed, Rounding::Floor)?;
        let collateral = value(loan.asset, contents.collateral, Rounding::Floor)?;
        sides.collateral = coin.checked_add(collateral).ok_or(Rejection::Overflow)?;
        sides.debt = value(currency, scene.debt(&loan)?, Rounding::Ceil)?;
        Ok(sides)
    }

    /// Of a collateral what the bands hold, whoever's it is, and what lies in none; of the
    /// stablecoin all debts with interest until now.
    fn totals(&self, view: &View<'_>, asset: AssetId) -> Result<AssetTotals, Rejected> {
        view.asset(asset)?;
        if self.currency == Some(asset) {
            return Ok(AssetTotals { supplied: 0, borrowed: self.owed(view)? });
        }
        self.listed(view, asset)?;
        let free = |account| Loan::spans(view, account, asset).is_none();
        let free = desk::held_by(view, Unit::supply(asset), free)?;
        let supplied = free.checked_add(self.in_bands(view, asset)?).ok_or(Rejection::Overflow)?;
        Ok(AssetTotals { supplied, borrowed: 0 })
    }

    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        match *call {
            Call::Deposit { account, asset, amount } => self.deposit(view, account, asset, amount),
            Call::Withdraw { account, asset, amount } => {
                self.withdraw(view, account, asset, amount)
            }
            Call::Borrow { account, asset, amount } => self.borrow(view, account, asset, amount),
            Call::Repay { account, asset, amount } => self.repay(view, account, asset, amount),
            Call::Import { account, asset, collateral, debt } => {
                self.import(view, account, asset, collateral, debt)
            }
            Call::Configure { account, column, value } => {
                self.configure(view, account, column, value)
            }
            Call::RepayAndSeize { account, debt, collateral, amount, shares, liquidator } => {
                if liquidator == Some(account) {
                    return Err(Rejection::SelfDealing.into());
                }
                if shares || liquidator.is_some() {
                    let detail = "liquidators pay from outside and take the coins themselves";
                    return Err(Rejection::BadParameter.because(detail));
                }
                self.seize(view, account, debt, collateral, amount)
            }
            Call::Swap { sold, bought, amount, least } => {
                self.swap(view, sold, bought, amount, least)
            }
            _ => Err(desk::unsupported(&self.name, call)),
        }
    }

    /// The controller's `liquidate` with the share of the debt, and the market's `exchange` with the
    /// places of the two coins, the borrowed one being 0.
    fn arguments(&self, view: &View<'_>, call: &Call) -> String {
        match *call {
            Call::RepayAndSeize { account, amount, .. } => {
                let share = self.share(view, account, amount);
                let share = share.map_or_else(|_| "?".to_owned(), |share| share.to_string());
                format!("liquidate({account}, min_x 0, frac {share})")
            }
            Call::Swap { sold, amount, least, .. } => {
                let (from, to) = if self.currency == Some(sold) { (0, 1) } else { (1, 0) };
                format!("exchange(i {from}, j {to}, in_amount {amount}, min_amount {least})")
            }
            _ => call.kind().to_owned(),
        }
    }

    /// By halving over exact assessments, the limit on the oracle having ended and nobody having
    /// swapped on the way: the highest price at which the loan is in breach, on the grid of its
    /// market's prices. None without a loan, or where no price decides.
    fn liquidation_price(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        let Some(loan) = self.loan(view, account)?.filter(|loan| loan.asset == asset) else {
            return Ok(None);
        };
        let memory = u64::try_from(view.state(StateKey::Asset(asset, column::MEMORY_AT)));
        let free = memory.unwrap_or(0).saturating_add(WINDOW_SECONDS);
        let later = view.at(view.now.max(Time::from_seconds(free)));
        let mark = view.mark(asset)?;
        let market = view.market_of(loan.asset)?;
        let mut marks = view.marks.to_vec();
        let mut breaches = |raw: u128| -> Result<bool, Rejected> {
            if let Some(state) = marks.get_mut(market.index()) {
                let price = Price::new(raw, mark.price.decimals);
                state.mark = Some(breakwater_market::Mark { price, ..mark });
            }
            self.breaches_at(&later.with_marks(&marks), account)
        };
        let (mut breach, mut sound) = (0u128, mark.price.raw);
        for _ in 0..DOUBLINGS {
            if !breaches(sound)? {
                break;
            }
            breach = sound;
            sound = sound.saturating_mul(2);
        }
        if breaches(sound)? {
            return Ok(None);
        }
        while sound - breach > 1 {
            let middle = breach + ((sound - breach) >> 1);
            if breaches(middle)? { breach = middle } else { sound = middle }
        }
        let raw = i128::try_from(breach).map_err(|_| Rejection::Overflow)?;
        Ok((breach > 0).then(|| rational::from_raw(raw, mark.price.decimals)))
    }
}

/// Units of the numeraire that the roundings of an assessment and of others' deposits and
/// withdrawals may hide between two armings.
const ROUNDINGS: u64 = 4;

/// Seconds within which an offered call may be included.
const ARRIVAL_SECONDS: u64 = 60;

impl Llamma {
    /// Whether the account is in breach, a price so low that the arithmetic fails being one.
    fn breaches_at(&self, view: &View<'_>, account: AccountId) -> Result<bool, Rejected> {
        match self.assess(view, account) {
            Ok(health) => Ok(health.breach),
            Err(rejected) if rejected.rejection == Rejection::Overflow => Ok(true),
            Err(rejected) => Err(rejected),
        }
    }
}
