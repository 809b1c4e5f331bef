//! How much an account may lose while it waits: its exposures and how their markets move together.

use super::curve::{Curve, DAY_NANOS};
use crate::ladder::notional;
use crate::planner::PlannerTerms;
use crate::{Rejected, Rulebook, View};
use breakwater_market::MarketId;
use breakwater_money::{AccountId, AssetId, Class};

/// Signed values by market, with volatilities and correlations.
// float: the price of waiting; the rulebook's integers decide what is sold.
pub(super) struct Exposures {
    markets: Vec<MarketId>,
    /// Numeraire base units, negative for what is owed.
    values: Vec<f64>,
    /// Standard deviations of a day, millionths as a fraction.
    deviations: Vec<f64>,
    /// Of all pairs, in rows.
    correlations: Vec<f64>,
    /// Confidence times the root of a slice's length in days.
    scale: f64,
}

// float: see `Exposures`.
impl Exposures {
    /// What the account holds and owes, at the marks. Shares are taken for base units: an index
    /// near one moves the price of waiting little.
    pub fn of(
        rulebook: &dyn Rulebook,
        view: &View<'_>,
        account: AccountId,
        terms: &PlannerTerms,
    ) -> Result<Exposures, Rejected> {
        let mut held: Vec<(MarketId, f64)> = Vec::new();
        for holding in view.holdings(account)? {
            let sign = match holding.unit.class {
                Class::Supply => 1.0,
                Class::Debt => -1.0,
                Class::Token if holding.contract.is_none() => {
                    if holding.balance < 0 {
                        -1.0
                    } else {
                        1.0
                    }
                }
                Class::Token | Class::Deficit => continue,
            };
            let asset = holding.unit.asset;
            let (Ok(market), Ok(_)) = (view.market_of(asset), view.price(asset)) else { continue };
            let worth = notional(rulebook, view, asset, holding.balance.unsigned_abs())?;
            held.push((market, sign * worth as f64));
        }
        held.sort_by_key(|(market, _)| *market);
        let (mut markets, mut values): (Vec<MarketId>, Vec<f64>) = (Vec::new(), Vec::new());
        for (market, value) in held {
            match values.last_mut().filter(|_| markets.last() == Some(&market)) {
                Some(sum) => *sum += value,
                None => {
                    markets.push(market);
                    values.push(value);
                }
            }
        }
        let observed = view.observed();
        let deviation = |market: &MarketId| {
            let known = observed.conditions(*market);
            known.map_or(0.0, |known| f64::from(known.volatility_ppm_per_sqrt_day) / 1e6)
        };
        let pairs = markets.iter().flat_map(|one| markets.iter().map(move |other| (*one, *other)));
        let days = terms.pace_nanos as f64 / DAY_NANOS;
        Ok(Exposures {
            deviations: markets.iter().map(deviation).collect(),
            correlations: pairs
                .map(|(one, other)| f64::from(observed.correlation_ppm(one, other)) / 1e6)
                .collect(),
            scale: f64::from(terms.confidence_ppm) / 1e6 * libm::sqrt(days),
            markets,
            values,
        })
    }

    /// True if waiting costs nothing.
    pub fn is_free(&self) -> bool {
        self.scale == 0.0 || self.deviations.iter().all(|deviation| *deviation == 0.0)
    }

    /// The account's own values.
    pub fn values(&self) -> Vec<f64> {
        self.values.clone()
    }

    /// Takes a sale out of `values`. What pays for it pays down what is owed of that asset, or adds to
    /// what is held of it; contracts settle in cash that was there before.
    pub fn sell(&self, view: &View<'_>, curve: &Curve, quantity: u128, values: &mut [f64]) {
        let worth = curve.unit_value * quantity as f64;
        let signed = if curve.item.buy_back { -worth } else { worth };
        if let Ok(at) = self.markets.binary_search(&curve.market) {
            values[at] -= signed;
        }
        if let Some(at) = self.proceeds_at(view, curve) {
            values[at] += signed;
        }
    }

    fn proceeds_at(&self, view: &View<'_>, curve: &Curve) -> Option<usize> {
        let priced = |asset: AssetId| view.asset(asset).ok();
        if priced(curve.item.asset)?.kind.contract().is_some() {
            return None;
        }
        let market = priced(curve.item.proceeds_asset)?.market?;
        self.markets.binary_search(&market).ok()
    }

    /// What may be lost over one slice at the stated confidence, numeraire base units.
    pub fn risk(&self, values: &[f64]) -> f64 {
        let moved = self.moved(values);
        let variance: f64 = moved.iter().zip(values).map(|(slope, value)| slope * value).sum();
        // Correlations that were measured pair by pair need not fit together.
        self.scale * libm::sqrt(variance.max(0.0))
    }

    /// The same in whole base units, rounded up.
    pub fn risk_units(&self, values: &[f64]) -> u128 {
        // A cast from a float saturates.
        libm::ceil(self.risk(values)) as u128
    }

    /// Covariance with everything held, by market.
    fn moved(&self, values: &[f64]) -> Vec<f64> {
        let rows = self.correlations.chunks(self.markets.len().max(1));
        let row = |(row, deviation): (&[f64], &f64)| -> f64 {
            let others = row.iter().zip(&self.deviations).zip(values);
            let sum: f64 = others.map(|((ppm, other), value)| ppm * other * value).sum();
            sum * deviation
        };
        rows.zip(&self.deviations).map(row).collect()
    }

    /// What selling a base unit of each holding saves of the risk: its slope at `values`.
    pub fn saved(&self, view: &View<'_>, curves: &[Curve], values: &[f64]) -> Vec<f64> {
        let moved = self.moved(values);
        let variance: f64 = moved.iter().zip(values).map(|(slope, value)| slope * value).sum();
        let deviation = libm::sqrt(variance.max(0.0));
        let of = |curve: &Curve| {
            if deviation == 0.0 || self.scale == 0.0 {
                return 0.0;
            }
            let own = self.markets.binary_search(&curve.market).map_or(0.0, |at| moved[at]);
            let paid = self.proceeds_at(view, curve).map_or(0.0, |at| moved[at]);
            let signed = if curve.item.buy_back { paid - own } else { own - paid };
            self.scale * curve.unit_value * signed / deviation
        };
        curves.iter().map(of).collect()
    }
}
