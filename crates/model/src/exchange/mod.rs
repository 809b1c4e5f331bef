//! Contracts under maintenance tiers, liquidated by their venue: linear, inverse, options by their
//! mark, perpetual and dated, on one margin asset or on several.
//!
//! By margin asset an account has its cash, the quote sides of its positions and the positions at
//! their marks. With one margin asset that sum is its equity; with several each sum counts at its
//! price, less the haircut of what is above zero. The requirement is the sum, over the slices between
//! the tiers' caps, of the slice of each position's notional times the slice's rate.

mod call;
mod collateral;
mod listed;
mod options;
mod orders;
mod session;
mod takeover;

use crate::contract::{self, owned};
use crate::number::{Fraction, Int, Result, ceil, floor, narrow, narrow_signed, positive, ten};
use crate::number::{largest_word, wad, word};
use crate::pool::Pool;
use breakwater_liquidation::backstop::Ranking;
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{AssetInfo, AssetKind, Form, Ladder, Rejection, StateKey};
use breakwater_margin::option::OptionRates;
use breakwater_margin::{Health, Ratio};
use breakwater_money::{AccountId, AssetId, Class, Holder, Unit};
use num_traits::{One, Signed, Zero};
use std::collections::BTreeMap;

/// Account column: one for an account that holds a single contract.
const ISOLATED: u16 = 0;
/// Contract columns: what is held long, what is held short, one once delivered, volatility.
const LONG: u16 = 0;
const SHORT: u16 = 1;
const DELIVERED: u16 = 2;
const VOLATILITY: u16 = 3;

/// One tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// Largest notional, in whole units of the settle asset.
    pub cap: u64,
    /// Rate of the slice above the tier before, 1e-9.
    pub rate_e9: u64,
    /// Largest leverage of a new position.
    pub leverage: u32,
}

/// Parameters of one contract.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contract {
    /// Fee on the value liquidated, basis points.
    pub fee: u16,
    /// Tiers, lowest first.
    pub tiers: Vec<Tier>,
    /// True if requirements are a share of the value at entry.
    pub by_entry: bool,
    /// Added to every tier's rate, 1e-9.
    pub close_fee_e9: u64,
    /// Added to the rates by each whole unit of size, 1e-9.
    pub slope_e9: u64,
    /// Open interest between which the initial rate rises to one, whole units of the settle asset.
    pub scale: Option<(u64, u64)>,
    /// Most whole contracts an account may hold.
    pub position_max: Option<u64>,
    /// Most whole contracts all accounts may hold on one side.
    pub interest_max: Option<u64>,
    /// Largest rate of one funding payment, 1e-12.
    pub funding_max_e12: Option<u64>,
    /// What a short option is required for by, in place of tiers; options have it and nothing else.
    pub option: Option<OptionRates>,
    /// Whether an option may be used before its end.
    pub early: bool,
}

/// What is margin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Margin {
    /// One asset, which everything settles in.
    One(String),
    /// Several assets, valued in a numeraire of so many decimals; each with the shares that count
    /// of its slices.
    Several(u8, BTreeMap<String, Vec<Slice>>),
}

/// The share that counts of a slice of an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// Upper edge in whole units; none for no end.
    pub to: Option<u64>,
    /// 1e-9.
    pub ratio_e9: u64,
}

/// Parameters of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Name under which the rulebook tells itself.
    pub name: String,
    /// What is margin.
    pub margin: Margin,
    /// Whether exact equality is a breach.
    pub breach_at_equality: bool,
    /// Contracts by symbol.
    pub contracts: BTreeMap<String, Contract>,
    /// The venue's own steps of a liquidation.
    pub ladder: Option<Ladder>,
    /// By what the venue ranks winners.
    pub ranking: Option<Ranking>,
}

/// What an account has and must have of one margin asset.
#[derive(Debug, Clone, Default)]
struct Side {
    own: Int,
    maintenance: Int,
    initial: Int,
}

/// The same over all margin assets, in the numeraire.
#[derive(Debug, Clone, Default)]
struct Sums {
    equity: Int,
    maintenance: Int,
    initial: Int,
}

impl Terms {
    /// Margin assets of the pool, in order.
    fn margin(&self, pool: &Pool) -> Vec<AssetId> {
        let is = |info: &AssetInfo| {
            let listed = match &self.margin {
                Margin::One(symbol) => info.symbol == *symbol,
                Margin::Several(_, assets) => assets.contains_key(&info.symbol),
            };
            listed && info.kind == AssetKind::Token
        };
        let all = (0..).map(AssetId).zip(pool.assets.iter());
        all.filter(|(_, info)| is(info)).map(|(asset, _)| asset).collect()
    }

    /// Decimals of values: those of the one margin asset, or of the numeraire.
    #[must_use]
    pub fn value_decimals(&self, pool: &Pool) -> u8 {
        match self.margin {
            Margin::Several(decimals, _) => decimals,
            Margin::One(_) => {
                let settle = self.margin(pool).first().and_then(|a| pool.assets.get(a.index()));
                settle.map_or(0, |info| info.decimals)
            }
        }
    }

    /// True if a single margin asset is there, and every contract of the pool, and nothing else, is
    /// listed and settles in a margin asset; options, and nothing else, with an option's rates.
    #[must_use]
    pub fn fits(&self, pool: &Pool) -> bool {
        let margin = self.margin(pool);
        if matches!(self.margin, Margin::One(_)) && margin.is_empty() {
            return false;
        }
        pool.assets.iter().all(|asset| {
            let listed = self.contracts.get(&asset.symbol);
            match asset.kind {
                AssetKind::Token => listed.is_none(),
                AssetKind::Contract(terms) => {
                    let is_option = matches!(terms.form, Form::Option(_));
                    margin.contains(&terms.settle)
                        && listed.is_some_and(|listed| listed.option.is_some() == is_option)
                }
            }
        })
    }

    /// True if a single margin asset has no market, and nobody holds what is neither margin nor
    /// listed.
    #[must_use]
    pub fn admits(&self, pool: &Pool) -> bool {
        let margin = self.margin(pool);
        let priced = |asset: &AssetId| pool.asset(*asset).is_ok_and(|a| a.market.is_some());
        if matches!(self.margin, Margin::One(_)) && margin.iter().any(priced) {
            return false;
        }
        let known = |unit: Unit| {
            let contract = pool.assets.get(unit.asset.index()).map(|a| a.kind);
            unit.class == Class::Token
                && (margin.contains(&unit.asset) || contract.is_some_and(|k| k != AssetKind::Token))
        };
        let all = |a: AccountId| pool.holdings(a).into_iter().all(|(_, unit, _)| known(unit));
        self.fits(pool) && pool.everybody().all(all)
    }

    fn contract(&self, pool: &Pool, asset: AssetId) -> Result<&Contract> {
        contract::terms(pool, asset)?;
        let info = pool.asset(asset)?;
        self.contracts.get(&info.symbol).ok_or(Rejection::BadParameter)
    }

    /// Value of an amount of a margin asset in the numeraire, before rounding. What is one margin
    /// asset is the numeraire, and nothing is worth nothing whatever its price.
    pub(crate) fn value(&self, pool: &Pool, asset: AssetId, amount: &Int) -> Result<Fraction> {
        let Margin::Several(decimals, _) = self.margin else {
            return Ok(Fraction::scaled(amount.clone(), 0));
        };
        if amount.is_zero() {
            return Ok(Fraction::scaled(Int::zero(), 0));
        }
        let whole = Fraction::scaled(amount.clone(), pool.asset(asset)?.decimals);
        Ok(whole.times(&contract::exact(pool.price(asset)?)).of(&ten(decimals)))
    }

    /// What of a margin asset is worth a value in the numeraire, before rounding.
    pub(crate) fn amount_for(&self, pool: &Pool, asset: AssetId, value: &Int) -> Result<Fraction> {
        let Margin::Several(decimals, _) = self.margin else {
            return Ok(Fraction::scaled(value.clone(), 0));
        };
        let whole = Fraction::scaled(value.clone(), decimals);
        let one = ten(pool.asset(asset)?.decimals);
        Ok(whole.over(&contract::exact(pool.price(asset)?))?.of(&one))
    }

    /// What an amount of a margin asset counts for: what is owed whole and rounded up, what is
    /// owned by the shares of its slices and rounded down, in the asset and again in the numeraire.
    fn counted(&self, pool: &Pool, asset: AssetId, own: &Int) -> Result<Int> {
        if own.is_negative() {
            return Ok(-self.value(pool, asset, &own.abs())?.up());
        }
        let info = pool.asset(asset)?;
        let slices = match &self.margin {
            Margin::One(_) => None,
            Margin::Several(_, assets) => assets.get(&info.symbol),
        };
        let mut counts = own.clone();
        if let Some(slices) = slices {
            let (mut sum, mut below) = (Int::zero(), Int::zero());
            for slice in slices {
                let edge = slice.to.map(|to| Int::from(to) * ten(info.decimals));
                let top = edge.map_or(own.clone(), |edge| edge.min(own.clone()));
                if top > below {
                    sum += (&top - &below) * Int::from(slice.ratio_e9);
                    below = top;
                }
            }
            counts = floor(&sum, &ten(9))?;
        }
        Ok(self.value(pool, asset, &counts)?.down())
    }

    /// Value of a position at the mark, in its settle asset: an owned one is rounded down, an owed
    /// one is below zero and rounded up in size.
    fn position_value(&self, pool: &Pool, asset: AssetId, size: &Int) -> Result<Int> {
        let worth = contract::worth(pool, asset, &size.abs(), pool.price(asset)?)?;
        let owned = owned(&contract::terms(pool, asset)?, size.is_positive());
        Ok(if owned { worth.down() } else { -worth.up() })
    }

    /// Notional of a size at the mark, rounded up.
    fn notional(&self, pool: &Pool, asset: AssetId, size: &Int) -> Result<Int> {
        Ok(contract::worth(pool, asset, &size.abs(), pool.price(asset)?)?.up())
    }

    fn caps(&self, pool: &Pool, asset: AssetId) -> Result<Vec<Int>> {
        let one = ten(pool.asset(contract::terms(pool, asset)?.settle)?.decimals);
        let contract = self.contract(pool, asset)?;
        Ok(contract.tiers.iter().map(|tier| Int::from(tier.cap) * &one).collect())
    }

    /// What the size adds to the rates, 1e-9, raised: the slope times its whole units of the
    /// underlying, which for an inverse contract are its value.
    fn sloped(&self, pool: &Pool, asset: AssetId, base: &Int, size: &Int) -> Result<Int> {
        let slope = Int::from(self.contract(pool, asset)?.slope_e9);
        let terms = contract::terms(pool, asset)?;
        let units = if terms.form == Form::Inverse {
            Fraction::scaled(base.clone(), pool.asset(terms.settle)?.decimals)
        } else {
            let size = Fraction::scaled(size.abs(), pool.asset(asset)?.decimals);
            size.times(&Fraction::scaled(terms.multiplier.into(), terms.multiplier_decimals))
        };
        Ok(units.of(&slope).up())
    }

    /// Sum over slices of the base of slice times rate, rounded up. What lies above the last cap is
    /// charged at the last rate.
    fn maintenance(&self, pool: &Pool, asset: AssetId, base: &Int, size: &Int) -> Result<Int> {
        let contract = self.contract(pool, asset)?;
        let caps = self.caps(pool, asset)?;
        let mut sum = base * self.sloped(pool, asset, base, size)?;
        let mut below = Int::zero();
        for (at, tier) in contract.tiers.iter().enumerate() {
            let last = at + 1 == contract.tiers.len();
            let top = if last { base } else { base.min(&caps[at]) };
            if *top > below {
                sum += (top - &below) * Int::from(tier.rate_e9 + contract.close_fee_e9);
            }
            below.clone_from(&caps[at]);
        }
        ceil(&sum, &ten(9))
    }

    /// The base over the leverage of its tier and what the size adds, at most all of it; and of the
    /// rest the part that open interest asks for.
    fn initial_of(&self, pool: &Pool, asset: AssetId, base: &Int, size: &Int) -> Result<Int> {
        let contract = self.contract(pool, asset)?;
        let mut leverage = Int::one();
        for (tier, cap) in contract.tiers.iter().zip(&self.caps(pool, asset)?) {
            leverage = Int::from(tier.leverage);
            if base <= cap {
                break;
            }
        }
        let sloped = ceil(&(base * self.sloped(pool, asset, base, size)?), &ten(9))?;
        let own = (ceil(base, &leverage)? + sloped).min(base.clone());
        let Some((lower, upper)) = contract.scale else { return Ok(own) };
        let one = ten(pool.asset(contract::terms(pool, asset)?.settle)?.decimals);
        let interest = self.notional(pool, asset, &self.open_interest(pool, asset))?;
        let width = Int::from(upper - lower) * &one;
        let above = positive(interest - Int::from(lower) * one).min(width.clone());
        Ok(&own + ceil(&((base - &own) * above), &width)?)
    }

    /// Contracts on the larger side.
    fn open_interest(&self, pool: &Pool, asset: AssetId) -> Int {
        let side = |column| pool.recall(StateKey::Asset(asset, column));
        side(LONG).max(side(SHORT))
    }

    /// Counts what all accounts hold of a contract on either side.
    fn recount(pool: &mut Pool, asset: AssetId) {
        let (mut long, mut short) = (Int::zero(), Int::zero());
        for account in pool.everybody() {
            let size = pool.own(account, Unit::token(asset));
            if size.is_positive() { long += size } else { short -= size }
        }
        pool.remember(StateKey::Asset(asset, LONG), long);
        pool.remember(StateKey::Asset(asset, SHORT), short);
    }

    /// What an account has and must have, by margin asset.
    fn sides(
        &self,
        pool: &Pool,
        account: AccountId,
        initial: bool,
    ) -> Result<BTreeMap<AssetId, Side>> {
        let margin = self.margin(pool);
        let mut sides: BTreeMap<AssetId, Side> =
            margin.into_iter().map(|asset| (asset, Side::default())).collect();
        for (_, unit, balance) in pool.holdings(account) {
            if let Some(side) = sides.get_mut(&unit.asset)
                && unit.class == Class::Token
            {
                side.own += balance;
            }
        }
        for (asset, size) in pool.positions(account) {
            let contract = self.contract(pool, asset)?;
            let settle = contract::terms(pool, asset)?.settle;
            let notional = self.notional(pool, asset, &size)?;
            let entry = pool.quote(account, asset, settle).abs();
            let base = if contract.by_entry { entry } else { notional };
            let side = sides.entry(settle).or_default();
            side.own += self.position_value(pool, asset, &size)?;
            if let Some(rates) = &contract.option {
                let (maintenance, initial) = options::required(pool, asset, rates, &size)?;
                side.maintenance += maintenance;
                side.initial += initial;
                continue;
            }
            side.maintenance += self.maintenance(pool, asset, &base, &size)?;
            if initial {
                side.initial += self.initial_of(pool, asset, &base, &size)?;
            }
        }
        if initial {
            self.add_orders(pool, account, &mut sides)?;
        }
        Ok(sides)
    }

    fn sums(&self, pool: &Pool, account: AccountId, initial: bool) -> Result<Sums> {
        let mut sums = Sums::default();
        for (asset, side) in self.sides(pool, account, initial)? {
            sums.equity += self.counted(pool, asset, &side.own)?;
            sums.maintenance += self.value(pool, asset, &side.maintenance)?.up();
            sums.initial += self.value(pool, asset, &side.initial)?.up();
        }
        Ok(sums)
    }

    /// Health of an account at the marks.
    ///
    /// # Errors
    /// A price that was never accepted.
    pub fn health(&self, pool: &Pool, account: AccountId) -> Result<Health> {
        let sums = self.sums(pool, account, false)?;
        let (equity, required) = (&sums.equity, &sums.maintenance);
        let ratio = if !required.is_zero() {
            floor(&(positive(equity.clone()) * wad()), required)?
        } else if equity.is_negative() {
            Int::zero()
        } else {
            largest_word()
        };
        let equal = equity == required && !required.is_zero();
        let breach = equity < required || (equal && self.breach_at_equality);
        Ok(Health {
            equity: narrow_signed(equity)?,
            requirement: narrow(required)?,
            ratio: Ratio::from_raw(word(&ratio)?),
            shortfall: narrow(&positive(required - equity))?,
            breach,
        })
    }

    /// What an account must have to take new risk, its orders included.
    ///
    /// # Errors
    /// A price that was never accepted.
    pub fn initial(&self, pool: &Pool, account: AccountId) -> Result<Int> {
        Ok(self.sums(pool, account, true)?.initial)
    }

    /// Every position, the largest notional in the numeraire first; then the collateral that pays
    /// what is owed.
    ///
    /// # Errors
    /// A price that was never accepted.
    pub fn saleable(&self, pool: &Pool, account: AccountId) -> Result<Vec<Saleable>> {
        let mut found = Vec::new();
        for (asset, size) in pool.positions(account) {
            let proceeds_asset = contract::terms(pool, asset)?.settle;
            let notional = self.notional(pool, asset, &size)?;
            let worth = self.value(pool, proceeds_asset, &notional)?.up();
            let (quantity, buy_back) = (narrow(&size.abs())?, size.is_negative());
            let item = Saleable { asset, quantity, buy_back, proceeds_asset };
            found.push((-worth, asset, item));
        }
        found.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        let positions = found.into_iter().map(|(_, _, item)| item);
        Ok(positions.chain(self.collateral(pool, account)?).collect())
    }

    /// Sizes of a position at which the tiers below its own end at the mark, largest first.
    ///
    /// # Errors
    /// A price that was never accepted.
    pub fn steps_down(&self, pool: &Pool, account: AccountId, asset: AssetId) -> Result<Vec<Int>> {
        if self.margin(pool).contains(&asset) {
            return Ok(Vec::new());
        }
        let size = pool.own(account, Unit::token(asset));
        let notional = self.notional(pool, asset, &size)?;
        let mut caps = self.caps(pool, asset)?;
        // The last tier has no end.
        caps.pop();
        caps.retain(|cap| *cap < notional);
        caps.reverse();
        let price = pool.price(asset)?;
        let size = |cap: &Int| Ok(contract::quantity_for(pool, asset, cap, price)?.down());
        caps.iter().map(size).collect()
    }

    fn delivered(pool: &Pool, asset: AssetId) -> bool {
        !pool.recall(StateKey::Asset(asset, DELIVERED)).is_zero()
    }
}

/// Cash of an account in an asset.
fn cash(pool: &Pool, account: AccountId, asset: AssetId) -> Int {
    pool.balance(Holder::Account(account), Unit::token(asset))
}
