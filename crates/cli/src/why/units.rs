//! Names, units and values of what the engine has numbers for.

use crate::events::instant;
use crate::figures::{money, rounded, signed_money};
use breakwater_engine::Engine;
use breakwater_liquidation::{AssetInfo, ContractTerms};
use breakwater_margin::Ratio;
use breakwater_market::MarketId;
use breakwater_money::decimal::{format_raw, format_raw_signed};
use breakwater_money::rounding::{Rounding, mul_div, pow10};
use breakwater_money::{AccountId, Amount, AssetId, Price, Time, U256};

/// The last accepted price of an asset; none where no market prices it.
pub fn mark(engine: &Engine, asset: AssetId) -> Option<Price> {
    engine.look(|view| view.price(asset)).ok()
}

/// Value of an amount at the mark, in base units of the numeraire. An asset that no market prices
/// is the numeraire itself; zero where no price is known.
pub fn value(engine: &Engine, amount: Amount, rounding: Rounding) -> u128 {
    let Some(info) = engine.assets().get(amount.asset.index()) else { return 0 };
    match (info.market, mark(engine, amount.asset)) {
        (_, Some(price)) => value_at(engine, amount, price, rounding),
        (None, None) => rescaled(amount.raw, info.decimals, decimals(engine), rounding),
        (Some(_), None) => 0,
    }
}

/// Value of an amount at a price, in base units of the numeraire.
pub fn value_at(engine: &Engine, amount: Amount, price: Price, rounding: Rounding) -> u128 {
    let Some(info) = engine.assets().get(amount.asset.index()) else { return 0 };
    if let Some((terms, settle)) = listed(engine, info) {
        let (quantity, scales) = (amount.raw, (info.decimals, settle.decimals));
        let worth = terms.value(quantity, scales.0, price, scales.1, rounding).unwrap_or(0);
        return value(engine, Amount::new(terms.settle, worth), rounding);
    }
    // All scales enter before the one rounding.
    let one = ContractTerms::linear_perpetual(amount.asset);
    one.value(amount.raw, info.decimals, price, decimals(engine), rounding).unwrap_or(0)
}

/// A contract's terms and what it settles in, if the asset is one. Nothing settles in a contract.
fn listed<'a>(engine: &'a Engine, info: &AssetInfo) -> Option<(ContractTerms, &'a AssetInfo)> {
    let terms = *info.kind.contract()?;
    let settle = engine.assets().get(terms.settle.index())?;
    settle.kind.contract().is_none().then_some((terms, settle))
}

/// Decimals of values; none before a rulebook rules, when there are no values.
fn decimals(engine: &Engine) -> u8 {
    engine.rulebook().map_or(0, |rulebook| rulebook.numeraire_decimals())
}

fn rescaled(raw: u128, from: u8, to: u8, rounding: Rounding) -> u128 {
    match (pow10(to), pow10(from)) {
        (Ok(up), Ok(down)) => mul_div(raw, up, down, rounding).unwrap_or(0),
        _ => 0,
    }
}

/// Names and units at the end of a journal, by which all of its story is told.
pub struct Units<'a> {
    engine: &'a Engine,
    decimals: u8,
    /// Unit of values, such as `USD`; empty where nothing tells it.
    pub unit: String,
}

impl<'a> Units<'a> {
    /// Those of a pool.
    pub fn of(engine: &'a Engine) -> Self {
        Units { engine, decimals: decimals(engine), unit: unit(engine) }
    }

    pub fn asset(&self, asset: AssetId) -> String {
        let info = self.engine.assets().get(asset.index());
        info.map_or_else(|| asset.to_string(), |info| info.symbol.clone())
    }

    pub fn market(&self, market: MarketId) -> String {
        let info = self.engine.markets().get(market.index());
        info.map_or_else(|| market.to_string(), |info| info.symbol.clone())
    }

    pub fn owner(&self, account: AccountId) -> String {
        self.engine.owner(account).map_or_else(|| account.to_string(), str::to_owned)
    }

    /// All digits of an amount, without its name.
    pub fn exact(&self, amount: Amount) -> String {
        format_raw(amount.raw, self.decimals_of(amount.asset))
    }

    /// An amount as people read it, with its name.
    pub fn amount(&self, amount: Amount) -> String {
        let figure = readable(amount.raw, self.decimals_of(amount.asset));
        format!("{figure} {}", self.asset(amount.asset))
    }

    fn decimals_of(&self, asset: AssetId) -> u8 {
        self.engine.assets().get(asset.index()).map_or(0, |info| info.decimals)
    }

    /// All digits of a value.
    pub fn value_exact(&self, value: u128) -> String {
        format_raw(value, self.decimals)
    }

    /// All digits of a signed value.
    pub fn signed_exact(&self, value: i128) -> String {
        format_raw_signed(value, self.decimals)
    }

    /// A value to the hundredth, with its unit.
    pub fn value(&self, value: u128) -> String {
        self.with_unit(money(value, self.decimals))
    }

    /// A value to the hundredth above, with its unit: what must not be told too small.
    pub fn value_up(&self, value: u128) -> String {
        let hundredth = pow10(self.decimals.saturating_sub(2)).unwrap_or(1);
        self.value(value.checked_next_multiple_of(hundredth).unwrap_or(value))
    }

    /// A signed value to the hundredth, with its unit.
    pub fn signed(&self, value: i128) -> String {
        self.with_unit(signed_money(value, self.decimals))
    }

    fn with_unit(&self, figure: String) -> String {
        format!("{figure} {}", self.unit).trim_end().to_owned()
    }

    /// What one whole unit of an amount was worth when all of it was worth `value`.
    pub fn price_of(&self, value: u128, amount: Amount) -> Option<Price> {
        let one = pow10(self.decimals_of(amount.asset)).ok()?;
        let raw = mul_div(value, one, amount.raw, Rounding::HalfUp).ok()?;
        Some(Price::new(raw, self.decimals))
    }

    /// The price at which a quantity was sold or bought back for `proceeds`: of a contract by its
    /// terms, else what one whole unit brought.
    pub fn price_for(&self, quantity: Amount, proceeds: Amount, value: u128) -> Option<Price> {
        let info = self.engine.assets().get(quantity.asset.index())?;
        let Some((terms, settle)) = listed(self.engine, info) else {
            return self.price_of(value, quantity);
        };
        let decimals = mark(self.engine, quantity.asset)?.decimals;
        let (units, of, in_settle) = (quantity.raw, info.decimals, settle.decimals);
        let raw = proceeds.raw;
        terms.price_of(units, of, raw, in_settle, decimals, Rounding::HalfUp).ok()
    }
}

/// Unit of values: what contracts settle in, else what the markets price in, if that is one thing.
fn unit(engine: &Engine) -> String {
    let settles = engine
        .assets()
        .iter()
        .find_map(|asset| engine.assets().get(asset.kind.contract()?.settle.index()));
    // A settle asset that has a price of its own is valued in something else.
    if let Some(settle) = settles.filter(|settle| settle.market.is_none()) {
        return settle.symbol.clone();
    }
    let mut units = engine.markets().iter().filter_map(|m| Some(m.symbol.rsplit_once('/')?.1));
    match units.next() {
        Some(first) if units.all(|unit| unit == first) => first.to_owned(),
        _ => String::new(),
    }
}

/// A figure with two places of much, four of some, and all that it has of little.
pub fn readable(raw: u128, decimals: u8) -> String {
    let one = pow10(decimals).unwrap_or(u128::MAX);
    let whole = raw / one;
    if whole == 0 && raw < one / 10_000 {
        return format_raw(raw, decimals);
    }
    rounded(raw, decimals, if whole >= 1_000 { 2 } else { 4.min(decimals) })
}

/// A price as people read it.
pub fn price(price: Price) -> String {
    readable(price.raw, price.decimals)
}

/// A share as `0.01 %`, with all its digits.
pub fn percent_of(raw: i128, decimals: u8) -> String {
    format!("{} %", format_raw_signed(raw, decimals.saturating_sub(2)))
}

/// A ratio with four places, cut so that what lies below one never reads as one.
pub fn ratio(ratio: Ratio) -> String {
    let places = U256::from(100_000_000_000_000u64);
    match u128::try_from(ratio.raw / places) {
        Ok(cut) if cut < 10_000_000_000 => rounded(cut, 4, 4),
        _ => "beyond 1,000,000".to_owned(),
    }
}

/// `2020-03-12 07:15:00`, by the clock of the commands.
pub fn clock(at: Time) -> String {
    instant(at).replace('T', " ").trim_end_matches('Z').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_places_that_they_need() {
        assert_eq!(readable(1_234_567_890, 6), "1,234.57");
        assert_eq!(readable(12_345_678, 6), "12.3457");
        assert_eq!(readable(12, 6), "0.000012");
        assert_eq!(readable(0, 6), "0");
        assert_eq!(readable(7, 0), "7");
        assert_eq!(percent_of(100_000_000, 12), "0.01 %");
        assert_eq!(percent_of(-850_000, 6), "-85 %");
        assert_eq!(ratio(Ratio::new(999_999_999_999_999_999)), "0.9999");
        assert_eq!(ratio(Ratio::one()), "1.0000");
        assert_eq!(ratio(Ratio::max()), "beyond 1,000,000");
        assert_eq!(clock(Time::from_seconds(1_584_009_600)), "2020-03-12 10:40:00");
    }
}
