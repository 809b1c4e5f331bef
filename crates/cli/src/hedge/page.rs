//! The page of a hedge: its charts and tables.

use breakwater_report::{
    Assumption, Identity, Section, SectionChart, SectionsReport, Status, Term, WordTable,
};
use serde_json::Value;

/// What the page is about.
pub struct Facts {
    /// Its title.
    pub title: String,
    /// Its question.
    pub question: String,
    /// The book, chain or option.
    pub scenario: String,
    /// What happens to the market.
    pub shock: String,
    /// Seed of the draws, if any.
    pub seed: Option<u64>,
    /// Names of the policies.
    pub policies: Vec<String>,
}

/// The page.
pub fn report(
    facts: &Facts,
    answer: &Value,
    charts: Vec<SectionChart>,
    tables: Vec<WordTable>,
) -> SectionsReport {
    SectionsReport {
        kind: "Report of a hedge".to_owned(),
        title: facts.title.clone(),
        question: facts.question.clone(),
        notice: None,
        identity: Identity {
            scenario: facts.scenario.clone(),
            shock: facts.shock.clone(),
            seed: facts.seed,
            rulebook: "Black-76 at the marks' volatilities".to_owned(),
            policies: facts.policies.clone(),
            state_hash: blake3::hash(answer.to_string().as_bytes()).to_hex().to_string(),
        },
        key_figures: Vec::new(),
        happenings: Vec::new(),
        sections: vec![Section {
            title: "Policies side by side".to_owned(),
            text: "The same book and the same prices, hedged by each policy.".to_owned(),
            charts,
            tables,
        }],
        assumptions: assumptions(),
        books: None,
        glossary: glossary(),
        provenance: Vec::new(),
    }
}

fn assumptions() -> Vec<Assumption> {
    [
        ("Price of an option", "Black-76 of its forward and volatility, at a rate of zero"),
        ("Execution", "at the price of the moment, at a cost in proportion to the value traded"),
        (
            "Volatility and time of a book",
            "those of the option with most gamma, where a policy asks for one",
        ),
    ]
    .map(|(what, value)| Assumption {
        name: what.to_owned(),
        value: value.to_owned(),
        status: Status::Assumed,
        source: "ours".to_owned(),
    })
    .to_vec()
}

fn glossary() -> Vec<Term> {
    [
        ("Delta", "Units of the underlying that move as the book does."),
        ("Gamma", "How the delta changes as the price moves: what hedging trades."),
        ("Theta", "What time alone takes or gives."),
        ("Vega", "What a change of volatility alone takes or gives."),
        ("Residual", "What the others do not explain; with them it is the total to the billionth."),
        ("Hedge error", "Deviation of what book and hedge gain together."),
    ]
    .map(|(term, meaning)| Term { term: term.to_owned(), meaning: meaning.to_owned() })
    .to_vec()
}
