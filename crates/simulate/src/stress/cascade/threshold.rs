//! Fire sales in rounds until nobody has to sell, by a leverage target or beyond a leverage limit.
//!
//! The limit is that of Cont and Schaanning, "Fire Sales, Indirect Contagion and Systemic Stress
//! Testing" (2017): a bank sells only if assets over equity are above its limit, then just enough to
//! return to its buffer, at most what can be sold, and only while it is solvent. Prices answer within
//! bounds: `(1 - floor) (1 - exp(-q / depth))` of the price is the most that `q` takes off it.

use crate::stress::StressError;
use crate::stress::error::{Range, check, check_all, check_length};

/// When a bank sells, and how far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// It returns to this debt over equity after every loss.
    Target {
        /// Debt over equity, 0 or more.
        debt_to_equity: f64,
    },
    /// It sells only beyond a limit.
    Limit {
        /// Largest assets over equity, at least 1.
        leverage_max: f64,
        /// What it returns to, from 1 to the limit.
        leverage_back: f64,
    },
}

/// A bank.
#[derive(Debug, Clone, PartialEq)]
pub struct Bank {
    /// Value held of each asset.
    pub holdings: Vec<f64>,
    /// Owed, 0 or more.
    pub debt: f64,
    /// When it sells.
    pub rule: Rule,
}

/// How a price answers to value sold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PriceResponse {
    /// A share `per_value q` of the price, never more than all of it.
    Linear {
        /// Share of the price per unit of value sold.
        per_value: f64,
    },
    /// `(1 - floor / price) (1 - exp(-q / depth))` of the price, which never falls below its floor.
    Bounded {
        /// Value that takes most of it.
        depth: f64,
        /// Share of the first price below which it does not fall, 0 to below 1.
        floor: f64,
    },
}

/// An asset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AssetMarket {
    /// Its answer to sales.
    pub response: PriceResponse,
    /// Whether it can be sold: loans cannot.
    pub sellable: bool,
}

/// Banks and markets.
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    banks: Vec<Bank>,
    markets: Vec<AssetMarket>,
}

/// Why a bank is in trouble at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It is not.
    None,
    /// Beyond its limit, and nothing left that can be sold.
    Illiquid,
    /// It owes more than it has.
    Insolvent,
}

/// What a shock did.
#[derive(Debug, Clone, PartialEq)]
pub struct FireSaleRun {
    /// Value sold by all in each round.
    pub sold: Vec<f64>,
    /// Price of each asset over its first one.
    pub prices: Vec<f64>,
    /// Value lost by each bank, the shock included.
    pub losses: Vec<f64>,
    /// The same without the shock.
    pub fire_sale_losses: Vec<f64>,
    /// At the end.
    pub banks: Vec<Bank>,
    /// By bank.
    pub trouble: Vec<Trouble>,
    /// Whether nobody had to sell any more.
    pub settled: bool,
}

/// Sales below this share of all first assets are none: a series that converges ends here.
const NEGLIGIBLE: f64 = 1e-12;

impl Bank {
    /// All it holds.
    #[must_use]
    pub fn assets(&self) -> f64 {
        self.holdings.iter().sum()
    }

    /// What is left after its debt; negative if it owes more.
    #[must_use]
    pub fn equity(&self) -> f64 {
        self.assets() - self.debt
    }

    /// What its rule has it sell, before asking what can be sold.
    fn wants(&self) -> f64 {
        let (assets, equity) = (self.assets(), self.equity());
        match self.rule {
            Rule::Target { debt_to_equity } => (assets - (1.0 + debt_to_equity) * equity).max(0.0),
            Rule::Limit { leverage_max, leverage_back } => {
                let beyond = assets > leverage_max * equity;
                if beyond && equity > 0.0 { assets - leverage_back * equity } else { 0.0 }
            }
        }
    }
}

impl PriceResponse {
    /// The share that selling `value` takes off a price that is `price` of the first one.
    #[must_use]
    pub fn fall(self, price: f64, value: f64) -> f64 {
        match self {
            PriceResponse::Linear { per_value } => (per_value * value).min(1.0),
            PriceResponse::Bounded { depth, floor } if price > floor => {
                (1.0 - floor / price) * (1.0 - libm::exp(-value / depth))
            }
            PriceResponse::Bounded { .. } => 0.0,
        }
    }
}

impl System {
    /// Banks over markets.
    ///
    /// # Errors
    /// A list of the wrong length, or a value that the model does not have.
    pub fn new(banks: Vec<Bank>, markets: Vec<AssetMarket>) -> Result<System, StressError> {
        for market in &markets {
            match market.response {
                PriceResponse::Linear { per_value } => {
                    check("per_value", per_value, Range::ZeroOrMore)?;
                }
                PriceResponse::Bounded { depth, floor } => {
                    check("depth", depth, Range::AboveZero)?;
                    check("floor", floor, Range::PartShare)?;
                }
            }
        }
        for bank in &banks {
            check_length("holdings", bank.holdings.len(), markets.len(), "markets")?;
            check_all("holdings", bank.holdings.iter().copied(), Range::ZeroOrMore)?;
            check("debt", bank.debt, Range::ZeroOrMore)?;
            match bank.rule {
                Rule::Target { debt_to_equity } => {
                    check("debt_to_equity", debt_to_equity, Range::ZeroOrMore)?;
                }
                Rule::Limit { leverage_max, leverage_back } => {
                    check("leverage_max", leverage_max, Range::Finite)?;
                    if !(1.0..=leverage_max).contains(&leverage_back) {
                        let right = "1 to leverage_max is right";
                        let field = "leverage_back";
                        return Err(StressError::Input { field, value: leverage_back, right });
                    }
                }
            }
        }
        Ok(System { banks, markets })
    }

    /// Applies returns, one an asset, and lets the banks sell for at most `rounds_max` rounds. All sell
    /// at the prices of the round before; then prices move by what all of them sold.
    ///
    /// # Errors
    /// Not one return of at least -1 for each asset.
    pub fn shock(&self, returns: &[f64], rounds_max: usize) -> Result<FireSaleRun, StressError> {
        check_length("returns", returns.len(), self.markets.len(), "markets")?;
        check_all("returns", returns.iter().map(|r| 1.0 + r), Range::ZeroOrMore)?;
        let mut banks = self.banks.clone();
        let mut prices: Vec<f64> = returns.iter().map(|r| 1.0 + r).collect();
        let mut losses = mark(&mut banks, &prices);
        let direct = losses.clone();
        let first: f64 = self.banks.iter().map(Bank::assets).sum();
        let (mut sold, mut settled) = (Vec::new(), false);
        for _ in 0..rounds_max {
            let by_asset = self.sell(&mut banks);
            let total: f64 = by_asset.iter().sum();
            if total <= NEGLIGIBLE * first {
                settled = true;
                break;
            }
            sold.push(total);
            let falls: Vec<f64> = self
                .markets
                .iter()
                .zip(prices.iter().zip(&by_asset))
                .map(|(market, (price, value))| 1.0 - market.response.fall(*price, *value))
                .collect();
            prices.iter_mut().zip(&falls).for_each(|(price, kept)| *price *= kept);
            let more = mark(&mut banks, &falls);
            losses.iter_mut().zip(more).for_each(|(loss, more)| *loss += more);
        }
        let trouble = banks.iter().map(|bank| self.trouble(bank)).collect();
        let fire_sale_losses = losses.iter().zip(&direct).map(|(all, shock)| all - shock).collect();
        Ok(FireSaleRun { sold, prices, losses, fire_sale_losses, banks, trouble, settled })
    }

    /// Every bank sells what its rule wants of what can be sold, in proportion, and repays debt with
    /// it. Returns value by asset.
    fn sell(&self, banks: &mut [Bank]) -> Vec<f64> {
        let mut by_asset = vec![0.0; self.markets.len()];
        for bank in banks {
            let sellable = self.sellable(bank);
            let share = if sellable > 0.0 { (bank.wants() / sellable).min(1.0) } else { 0.0 };
            if share <= 0.0 {
                continue;
            }
            for ((held, market), sold) in
                bank.holdings.iter_mut().zip(&self.markets).zip(&mut by_asset)
            {
                if market.sellable {
                    let value = *held * share;
                    *held -= value;
                    *sold += value;
                    // Beyond its debt a bank keeps cash, which is debt below zero.
                    bank.debt -= value;
                }
            }
        }
        by_asset
    }

    fn sellable(&self, bank: &Bank) -> f64 {
        let held = bank.holdings.iter().zip(&self.markets);
        held.filter(|(_, market)| market.sellable).map(|(held, _)| held).sum()
    }

    fn trouble(&self, bank: &Bank) -> Trouble {
        if bank.equity() < 0.0 {
            Trouble::Insolvent
        } else if bank.wants() > NEGLIGIBLE && self.sellable(bank) <= NEGLIGIBLE {
            Trouble::Illiquid
        } else {
            Trouble::None
        }
    }
}

/// Multiplies what banks hold by what prices kept, and returns what each lost.
fn mark(banks: &mut [Bank], kept: &[f64]) -> Vec<f64> {
    let loss = |bank: &mut Bank| {
        let before = bank.assets();
        bank.holdings.iter_mut().zip(kept).for_each(|(held, kept)| *held *= kept);
        before - bank.assets()
    };
    banks.iter_mut().map(loss).collect()
}
