//! Debt that could be liquidated, and debt that no collateral covers, against the fall of one asset
//! or of all that move together: the sensitivity curve of Perez, Werner, Xu and Livshits ("Liquidations:
//! DeFi on a Knife-edge", FC 2021), from exact health under each rulebook.

use crate::ScenarioError;
use crate::assess::{AssessOptions, Pooled, pool};
use crate::book::Book;
use crate::fitting::Mapped;
use crate::options::Thresholds;
use crate::record::AtRiskRow;
use crate::risk;
use breakwater_liquidation::Sides;
use breakwater_money::AccountId;
use serde::Serialize;

/// What to draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtRiskOptions {
    /// Name and text of the rulebook.
    pub rulebook: (String, String),
    /// Whose thresholds hold.
    pub thresholds: Thresholds,
    /// What falls: an asset's symbol, `ETH/USD` for everything that moves with ether, or `all`.
    pub falls: String,
    /// Largest fall, basis points, below 10,000.
    pub most_bps: u32,
    /// Distance between two falls, basis points, at least 1.
    pub step_bps: u32,
}

/// One curve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AtRiskCurve {
    /// Rulebook with version.
    pub rulebook: String,
    /// Whose thresholds held.
    pub thresholds: String,
    /// What falls.
    pub falls: String,
    /// Debt that the rulebook takes, at the prices of the start.
    pub debt: u128,
    /// What of the book it could not take as it is.
    pub mapped: Vec<Mapped>,
    /// One row a fall.
    pub rows: Vec<AtRiskRow>,
}

/// Most rows of one curve.
const ROWS_MAX: u32 = 10_000;

/// The curve of a book under one rulebook. The book is assessed whole at every fall, at prices that
/// nothing else moves: no liquidation, no impact.
///
/// # Errors
/// A book that the rulebook cannot take, a fall of something that is not in it, or a range that
/// makes no sense.
pub fn curve(book: &Book, options: &AtRiskOptions) -> Result<AtRiskCurve, ScenarioError> {
    let AtRiskOptions { most_bps, step_bps, .. } = *options;
    if most_bps >= 10_000 {
        let reason = format!("{most_bps} bps leaves no price; below 10000");
        return Err(ScenarioError::setting("most", reason));
    }
    if step_bps == 0 || most_bps > step_bps.saturating_mul(ROWS_MAX) {
        let reason =
            format!("{step_bps} bps up to {most_bps}; at least 1, at most {ROWS_MAX} rows");
        return Err(ScenarioError::setting("step", reason));
    }
    let pooled = pool(
        book,
        &AssessOptions {
            rulebook: Some(options.rulebook.clone()),
            thresholds: options.thresholds,
            ..AssessOptions::default()
        },
    )?;
    let Pooled { engine, book, mapped, .. } = pooled;
    let moving = moving(&book, &options.falls)?;
    let mut falls: Vec<u32> = (0..=most_bps).step_by(step_bps as usize).collect();
    if falls.last() != Some(&most_bps) {
        falls.push(most_bps);
    }
    let debt = engine.look(|view| {
        let accounts = (0..).map(AccountId).take(engine.accounts());
        accounts.fold(0u128, |sum, account| {
            let Sides { debt, .. } = risk::sides(&engine, view, account);
            sum.saturating_add(debt)
        })
    });
    Ok(AtRiskCurve {
        rulebook: engine.rulebook().map_or_else(String::new, |r| r.name().to_owned()),
        thresholds: options.thresholds.name().to_owned(),
        falls: options.falls.clone(),
        debt,
        mapped,
        rows: risk::at_risk(&engine, &moving, &falls),
    })
}

/// Which assets fall.
fn moving(book: &Book, falls: &str) -> Result<Vec<bool>, ScenarioError> {
    let moving: Vec<bool> = match falls {
        "all" => vec![true; book.assets.len()],
        "ETH/USD" | "ETH" => book.assets.iter().map(|a| a.moves_with_driver).collect(),
        symbol => book.assets.iter().map(|a| a.symbol == symbol).collect(),
    };
    if moving.iter().any(|moves| *moves) {
        return Ok(moving);
    }
    let known: Vec<&str> = book.assets.iter().map(|a| a.symbol.as_str()).collect();
    let reason =
        format!("'{falls}' is not in the book; there are all, ETH/USD, {}", known.join(", "));
    Err(ScenarioError::setting("falls", reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::read;

    const BOOK: &str = r#"{
      "assets": [
        {"asset": "WETH", "decimals": 18, "price_usd": "1000", "moves_with_eth": true},
        {"asset": "USDC", "decimals": 6, "price_usd": "1"}
      ],
      "accounts": [
        {"account": "a", "liquidation_threshold_bps": 8000,
         "collateral": [{"asset": "WETH", "amount": "1"}], "debt": [{"asset": "USDC", "amount": "720"}]},
        {"account": "b", "liquidation_threshold_bps": 8000,
         "collateral": [{"asset": "WETH", "amount": "1"}], "debt": [{"asset": "USDC", "amount": "400"}]}
      ]
    }"#;

    fn options(falls: &str, most_bps: u32, step_bps: u32) -> AtRiskOptions {
        let (name, text) = breakwater_rulebooks::shipped()[0];
        AtRiskOptions {
            rulebook: (name.to_owned(), text.to_owned()),
            thresholds: Thresholds::SameRisk,
            falls: falls.to_owned(),
            most_bps,
            step_bps,
        }
    }

    #[test]
    fn debt_enters_at_its_line_and_turns_bad_beyond_its_collateral() {
        let book = read("book", BOOK, None).unwrap();
        let curve = curve(&book, &options("WETH", 6_500, 500)).unwrap();
        let row = |fall| curve.rows.iter().find(|r| r.fall_bps == fall).unwrap();
        let usd = |whole: u128| whole * 100_000_000;
        // 720 is reached at exactly 900: equality is healthy, one step further is not.
        assert_eq!((row(1_000).debt, row(1_000).accounts), (0, 0));
        assert_eq!((row(1_500).debt, row(1_500).bad_debt), (usd(720), 0));
        assert_eq!((row(5_500).debt, row(5_500).bad_debt), (usd(1_120), usd(270)));
        assert_eq!(row(6_500).bad_debt, usd(370 + 50));
        assert_eq!(curve.debt, usd(1_120));
        // Where debts fall with collateral nothing happens.
        let all = super::curve(&book, &options("all", 6_500, 6_500)).unwrap();
        assert_eq!(all.rows[1].debt, 0);
    }

    #[test]
    fn what_cannot_be_drawn_is_refused_by_name() {
        let book = read("book", BOOK, None).unwrap();
        let says =
            |falls, most, step| curve(&book, &options(falls, most, step)).unwrap_err().to_string();
        assert!(says("DOGE", 5_000, 100).contains("'DOGE' is not in the book"));
        assert!(says("WETH", 10_000, 100).contains("10000 bps leaves no price"));
        assert!(says("WETH", 5_000, 0).contains("0 bps up to 5000"));
    }
}
