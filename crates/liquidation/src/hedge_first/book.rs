//! The account's options and futures as numbers: delta, and what a move of the underlying takes.

use super::{AtRisk, HedgeTerms};
use crate::{ContractTerms, Form, OptionTerms, Rejected, Rejection, View};
use breakwater_money::rounding::Rounding;
use breakwater_money::{AccountId, AssetId, Class, Price};
use breakwater_options::hedging::Neutral;
use breakwater_options::{Black76, Implied, Kind, PriceQuote, Quote, implied_volatility};

/// Seconds of a year, as portfolio margin counts time to expiry.
// float: a scale of time.
const YEAR_SECONDS: f64 = 31_536_000.0;

/// Decimals of a delta.
pub(super) const DELTA_DECIMALS: u8 = 9;

/// One position, in whole units of the underlying (or, of an inverse future, of the quote currency).
// float: deltas propose and nothing more.
#[derive(Debug, Clone, Copy)]
enum Line {
    Option { size: f64, kind: Kind, strike: f64, years: f64, volatility: f64, coin: bool },
    Linear { size: f64, price: f64 },
    Inverse { size: f64, price: f64 },
}

/// All positions of an account on one underlying.
// float: see `Line`.
#[derive(Debug, Clone)]
pub(super) struct OptionBook {
    lines: Vec<Line>,
    forward: f64,
    coin: bool,
    settle_one: f64,
}

// float: see `Line`.
fn number(price: Price) -> f64 {
    price.raw as f64 / ten(price.decimals)
}

// float: see `Line`.
fn ten(decimals: u8) -> f64 {
    // Exact up to 1e22, and a product of tens is the same everywhere.
    (0..decimals).fold(1.0, |product, _| product * 10.0)
}

// float: see `Line`.
impl OptionBook {
    /// The positions at their marks.
    pub fn of(
        view: &View<'_>,
        account: AccountId,
        terms: &HedgeTerms,
    ) -> Result<OptionBook, Rejected> {
        let forward = number(view.price(terms.underlying)?);
        let hedge = contract_of(view, terms.hedge)?;
        if matches!(hedge.form, Form::Option(_)) {
            let symbol = &view.asset(terms.hedge)?.symbol;
            let detail = format!("hedge {symbol} is an option: a future or a perpetual is right");
            return Err(Rejection::BadParameter.because(detail));
        }
        let coin = matches!(hedge.form, Form::Inverse);
        if !coin && terms.neutral == Neutral::Coin {
            let detail =
                "neutral coin: only a book settled in coin is neutral in it; quote is right";
            return Err(Rejection::BadParameter.because(detail));
        }
        let settle_one = ten(view.asset(hedge.settle)?.decimals);
        let mut book = OptionBook { lines: Vec::new(), forward, coin, settle_one };
        for holding in view.holdings(account)? {
            if holding.unit.class != Class::Token || holding.contract.is_some() {
                continue;
            }
            let info = view.asset(holding.unit.asset)?;
            let Some(contract) = info.kind.contract() else { continue };
            let units = ten(info.decimals) * ten(contract.multiplier_decimals);
            let size = holding.balance as f64 * contract.multiplier as f64 / units;
            let line = book.line(view, terms, (holding.unit.asset, contract), size)?;
            book.lines.push(line);
        }
        Ok(book)
    }

    fn line(
        &self,
        view: &View<'_>,
        terms: &HedgeTerms,
        (asset, contract): (AssetId, &ContractTerms),
        size: f64,
    ) -> Result<Line, Rejected> {
        let symbol = || view.asset(asset).map_or("?", |info| info.symbol.as_str());
        let refused = |what: &str| {
            let detail = format!("{}: {what}", symbol());
            Err(Rejection::BadParameter.because(detail))
        };
        let price = number(view.price(asset)?);
        let line = match &contract.form {
            Form::Linear => Line::Linear { size, price },
            Form::Inverse => Line::Inverse { size, price },
            Form::Option(option) => {
                if option.underlying != terms.underlying {
                    return refused("an option on another underlying is hedged by itself");
                }
                let left = contract.expires.map_or(0, |end| end.since(view.now));
                self.option(option, size, price, left as f64 / 1e9 / YEAR_SECONDS)
            }
        };
        let settles = match line {
            Line::Option { coin, .. } => coin == self.coin,
            Line::Inverse { .. } => self.coin,
            Line::Linear { .. } => !self.coin,
        };
        if settles { Ok(line) } else { refused("settles otherwise than the hedge") }
    }

    /// An option at the volatility of its mark; at none where no volatility gives the mark.
    fn option(&self, terms: &OptionTerms, size: f64, mark: f64, years: f64) -> Line {
        let kind = if terms.call { Kind::Call } else { Kind::Put };
        let strike = number(terms.strike);
        let price = if terms.coin { mark * self.forward } else { mark };
        let quote = PriceQuote { kind, forward: self.forward, strike, years, price };
        let volatility = match implied_volatility(&quote) {
            Ok(
                Implied::Volatility { volatility, .. } | Implied::IllConditioned { volatility, .. },
            ) => volatility,
            _ => 0.0,
        };
        Line::Option { size, kind, strike, years, volatility, coin: terms.coin }
    }

    /// Settle units that all positions are worth after the underlying moved to `ratio` of itself, and the
    /// net delta there.
    fn valued(&self, ratio: f64) -> (f64, f64) {
        let forward = self.forward * ratio;
        self.lines.iter().fold((0.0, 0.0), |(value, delta), line| {
            let (more, slope) = match *line {
                Line::Linear { size, price } => (size * price * ratio, size),
                Line::Inverse { size, price } => (-size / (price * ratio), size / (price * ratio)),
                Line::Option { size, kind, strike, years, volatility, coin } => {
                    let quote = Quote { kind, forward, strike, years, volatility, rate: 0.0 };
                    match Black76::new(&quote) {
                        Ok(option) if coin => {
                            let coin = option.coin();
                            (size * coin.price, size * coin.net_delta)
                        }
                        Ok(option) => {
                            (size * option.price_undiscounted(), size * option.delta_undiscounted())
                        }
                        Err(_) => (0.0, 0.0),
                    }
                }
            };
            (value + more, delta + slope)
        })
    }

    /// Delta and loss at risk of an account with this equity, base units of the settle asset.
    pub fn at_risk(&self, equity: i128, terms: &HedgeTerms) -> Result<AtRisk, Rejected> {
        let away = terms.move_at_risk().min(0.99);
        let in_quote = self.coin && terms.neutral == Neutral::Quote;
        let equity = equity as f64 / self.settle_one;
        let (now, mut delta) = self.valued(1.0);
        if in_quote {
            delta += equity;
        }
        let loss = |ratio: f64| {
            let change = self.valued(ratio).0 - now;
            // Coins are worth their price where the account is to be neutral in the quote currency.
            if in_quote { equity - (equity + change) * ratio } else { -change }
        };
        let lost = loss(1.0 + away).max(loss(1.0 - away)).max(0.0) * self.settle_one;
        let delta = libm::rint(delta * 1e9);
        if !delta.is_finite() || !lost.is_finite() || delta.abs() > 1e36 || lost > 1e36 {
            return Err(Rejection::Overflow.because("a delta beyond any book"));
        }
        Ok(AtRisk { delta_e9: delta as i128, loss: libm::ceil(lost) as u128 })
    }
}

pub(super) fn contract_of<'a>(
    view: &View<'a>,
    asset: AssetId,
) -> Result<&'a ContractTerms, Rejected> {
    let info = view.asset(asset)?;
    info.kind.contract().ok_or_else(|| {
        let detail =
            format!("hedge {}: no contract; a future or a perpetual is right", info.symbol);
        Rejection::BadParameter.because(detail)
    })
}

/// Most base units of the hedge whose delta is not above `delta_e9`.
pub(super) fn neutral_quantity(
    view: &View<'_>,
    hedge: AssetId,
    delta_e9: u128,
) -> Result<u128, Rejected> {
    let (info, terms) = (view.asset(hedge)?, contract_of(view, hedge)?);
    let price = match terms.form {
        Form::Inverse => view.price(hedge)?,
        _ => Price::new(1, 0),
    };
    Ok(terms.quantity_for(delta_e9, info.decimals, price, DELTA_DECIMALS, Rounding::Floor)?)
}
