//! The usual terms of a liquidation report.

use crate::input::Term;

const TERMS: [(&str, &str); 16] = [
    (
        "Mark",
        "The price the engine accepted and decides by, after its guard refused stale or implausible \
         ticks.",
    ),
    (
        "Health factor",
        "Collateral, each kind times its liquidation threshold, divided by debt. Below 1 an account \
         may be liquidated.",
    ),
    (
        "Liquidation",
        "Repaying part of an account\u{2019}s debt against its will, by selling or handing over its \
         collateral.",
    ),
    ("Incentive", "Collateral a liquidator receives beyond the debt repaid, as pay for acting."),
    ("Close factor", "The largest share of a debt that one liquidation may repay."),
    (
        "Discount",
        "How far the average price of a sale lies below the mark, in basis points: 100 bps are 1 %.",
    ),
    ("Price impact", "The part of the discount caused by the size of the sale, for want of depth."),
    (
        "Feedback",
        "The share of a sale\u{2019}s price impact that carries over into the next mark and so may \
         put other accounts below their threshold.",
    ),
    (
        "Round",
        "A generation in a cascade: the liquidations that the impact of the round before set off.",
    ),
    ("Depth", "How much the market takes at which price, as quoted; nothing is assumed beyond."),
    ("Deficit", "Debt left on an account after all its collateral is gone."),
    (
        "Bad debt, booked",
        "Deficits the books already show, each with a bearer: insurance, a vault, other traders, all \
         lenders, or outstanding.",
    ),
    (
        "Bad debt, open",
        "Debt above collateral on accounts that still stand at the end, not yet booked.",
    ),
    ("Trough", "The moment of the lowest mark."),
    ("Backstop", "Whoever bears a deficit, in the order that the rulebook states."),
    (
        "State hash",
        "A fingerprint of every balance and setting at the end. The same journal must always reach \
         the same one.",
    ),
];

/// Explanations of the terms that a report of a run or a comparison usually uses.
#[must_use]
pub fn standard_glossary() -> Vec<Term> {
    TERMS
        .iter()
        .map(|(term, meaning)| Term { term: (*term).to_owned(), meaning: (*meaning).to_owned() })
        .collect()
}
