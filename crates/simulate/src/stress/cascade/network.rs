//! Fire sales over several banks that target a leverage: the linear model of one round.
//!
//! Greenwood, Landier and Thesmar, "Vulnerable Banks" (Journal of Financial Economics 115, 2015). With
//! assets `A`, weights `M`, debt over equity `B`, price impact `L` and a shock `f`: a loss `l = -A M f`
//! is answered by sales of `B l`, at most `A`, spread over assets as they are held; prices change by
//! `-L` times what is sold of each, and that costs every holder once more.

use crate::stress::StressError;
use crate::stress::error::{Range, check_all, check_length};

/// Banks and what they hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    assets: Vec<f64>,
    weights: Vec<Vec<f64>>,
    leverage: Vec<f64>,
    impact: Vec<f64>,
}

/// What a shock does. Losses and sales are positive, a fall of a price is negative.
#[derive(Debug, Clone, PartialEq)]
pub struct FireSale {
    /// `A / (1 + B)`, by bank.
    pub equity: Vec<f64>,
    /// Of the shock alone, by bank.
    pub direct_loss: Vec<f64>,
    /// Value sold, by bank.
    pub sales: Vec<f64>,
    /// The same by asset.
    pub net_sales_by_asset: Vec<f64>,
    /// Caused by the sales, a share, by asset.
    pub price_change: Vec<f64>,
    /// Caused by that, by bank.
    pub second_round_loss: Vec<f64>,
    /// The second losses of all over the equity of all.
    pub aggregate_vulnerability: f64,
    /// What of it each bank's sales cause. They sum to it.
    pub systemicness: Vec<f64>,
    /// Second loss over the bank's own equity.
    pub indirect_vulnerability: Vec<f64>,
    /// Direct loss over the bank's own equity.
    pub direct_vulnerability: Vec<f64>,
}

impl Network {
    /// Banks with `assets`, which lie in proportion to `weights` (a row a bank, a column an asset) and
    /// carry `leverage` of debt over equity; `impact` is the share by which a unit of value sold moves
    /// each asset.
    ///
    /// # Errors
    /// A list of the wrong length, or a value that the model does not have. Rows need not sum to one:
    /// what is missing is cash.
    pub fn new(
        assets: Vec<f64>,
        weights: Vec<Vec<f64>>,
        leverage: Vec<f64>,
        impact: Vec<f64>,
    ) -> Result<Network, StressError> {
        check_all("assets", assets.iter().copied(), Range::ZeroOrMore)?;
        check_all("leverage", leverage.iter().copied(), Range::ZeroOrMore)?;
        check_all("impact", impact.iter().copied(), Range::ZeroOrMore)?;
        check_length("weights", weights.len(), assets.len(), "assets")?;
        check_length("leverage", leverage.len(), assets.len(), "assets")?;
        for row in &weights {
            check_length("a row of weights", row.len(), impact.len(), "impact")?;
            check_all("weights", row.iter().copied(), Range::Finite)?;
        }
        if assets.iter().sum::<f64>() <= 0.0 {
            let right = "at least one bank with assets is right".to_owned();
            return Err(StressError::Length { field: "assets", found: assets.len(), right });
        }
        Ok(Network { assets, weights, leverage, impact })
    }

    /// What a shock of returns, one an asset, does.
    ///
    /// # Errors
    /// Not one finite return for each asset.
    pub fn shock(&self, returns: &[f64]) -> Result<FireSale, StressError> {
        check_length("returns", returns.len(), self.impact.len(), "impact")?;
        check_all("returns", returns.iter().copied(), Range::Finite)?;
        let equity: Vec<f64> =
            self.assets.iter().zip(&self.leverage).map(|(a, b)| a / (1.0 + b)).collect();
        let total: f64 = equity.iter().sum();
        let direct_loss = self.losses(returns);
        let sale = |((loss, b), a): ((&f64, &f64), &f64)| (b * loss).min(*a);
        let sales: Vec<f64> =
            direct_loss.iter().zip(&self.leverage).zip(&self.assets).map(sale).collect();
        let net_sales_by_asset = self.spread(&sales);
        let price_change = self.moved(&net_sales_by_asset);
        let second_round_loss = self.losses(&price_change);
        let systemicness = (0..sales.len()).map(|seller| {
            let alone: Vec<f64> = sales
                .iter()
                .enumerate()
                .map(|(at, s)| if at == seller { *s } else { 0.0 })
                .collect();
            self.losses(&self.moved(&self.spread(&alone))).iter().sum::<f64>() / total
        });
        let over_own = |losses: &[f64]| -> Vec<f64> {
            let share = |(loss, e): (&f64, &f64)| if *e > 0.0 { loss / e } else { 0.0 };
            losses.iter().zip(&equity).map(share).collect()
        };
        Ok(FireSale {
            systemicness: systemicness.collect(),
            aggregate_vulnerability: second_round_loss.iter().sum::<f64>() / total,
            indirect_vulnerability: over_own(&second_round_loss),
            direct_vulnerability: over_own(&direct_loss),
            equity,
            direct_loss,
            sales,
            net_sales_by_asset,
            price_change,
            second_round_loss,
        })
    }

    /// What each bank loses by returns, one an asset.
    fn losses(&self, returns: &[f64]) -> Vec<f64> {
        let row = |row: &Vec<f64>| row.iter().zip(returns).map(|(m, f)| m * f).sum::<f64>();
        self.assets.iter().zip(&self.weights).map(|(a, weights)| -a * row(weights)).collect()
    }

    /// Sales by bank, as sales by asset.
    fn spread(&self, sales: &[f64]) -> Vec<f64> {
        let column = |k: usize| {
            let part = |(row, sold): (&Vec<f64>, &f64)| row.get(k).map_or(0.0, |m| m * sold);
            self.weights.iter().zip(sales).map(part).sum()
        };
        (0..self.impact.len()).map(column).collect()
    }

    fn moved(&self, net: &[f64]) -> Vec<f64> {
        self.impact.iter().zip(net).map(|(l, sold)| -l * sold).collect()
    }
}
