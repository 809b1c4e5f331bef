//! The trade of each policy now.

use super::arguments::Hedge;
use super::told::{columns, fitting, plain, policy_json, policy_text, shown};
use super::{Answer, OfPolicy, POLICIES, SCHEMA, each, open_book, page};
use crate::failure::Failure;
use crate::figures::{count, wrapped};
use crate::screen::Paint;
use breakwater_options::hedging::{Action, Policy};
use breakwater_report::WordTable;
use breakwater_simulate::ScenarioError;
use breakwater_simulate::hedging::propose::{Now, Proposal, Proposed};
use breakwater_simulate::hedging::{Book, Settlement, propose};
use serde_json::{Value, json};

/// What each policy would trade.
pub fn run(asked: &Hedge, name: &str) -> Result<Answer, Failure> {
    let mut file = open_book(name)?;
    file.market = asked.market.over(&file.market)?;
    let (book, now) = (file.book()?, file.market.now()?);
    let step = asked.policies.interval_seconds.unwrap_or(3_600);
    let chosen = asked.policies.chosen(&file.policy, book.gross(), now.forward, step);
    let base = propose(&book, &now, &[Policy::Unhedged])?;
    let first = |policy: &Policy| -> Result<Proposal, ScenarioError> {
        let mut found = propose(&book, &now, &[*policy])?;
        Ok(found.proposals.remove(0))
    };
    let found = each(&chosen, first)?;
    let table = table(&found);
    let json = json(&book, &now, &base, &found);
    let facts = page::Facts {
        title: format!("Hedge of {name}"),
        question: "What does each policy trade now?".to_owned(),
        scenario: name.to_owned(),
        shock: "none: the market as stated".to_owned(),
        seed: None,
        policies: Vec::new(),
    };
    let report = page::report(&facts, &json, Vec::new(), vec![table.clone()]);
    Ok(Answer {
        text: text(&book, &now, &base, &found),
        json,
        tables: vec![(POLICIES, table)],
        report,
    })
}

/// How a book's gamma trades, in words.
fn direction(base: &Proposed) -> &'static str {
    match base.rises {
        Action::Buy => "short gamma: buys what rises and sells what falls, which amplifies moves",
        Action::Sell => "long gamma: sells what rises and buys what falls, which dampens moves",
    }
}

fn settlement(book: &Book) -> &'static str {
    match book.market.settlement {
        Settlement::Linear => "linear",
        Settlement::Inverse => "inverse",
    }
}

fn text(book: &Book, now: &Now, base: &Proposed, found: &[OfPolicy<Proposal>]) -> String {
    let (market, greeks) = (&book.market, &base.greeks);
    let mut text = format!(
        "book        {} positions, {}, neutral in {}; options worth {} {}\n\
         greeks      delta {}, gamma {}, vega {} for 100 %, theta {} a day\n\
         hedge       {}, {} lots held; cost {} bps\n\
         direction   {}\n\n",
        book.positions.len(),
        settlement(book),
        market.unit(),
        fitting(greeks.worth),
        market.unit(),
        fitting(greeks.delta),
        fitting(greeks.gamma),
        fitting(greeks.vega),
        fitting(greeks.theta_a_day),
        market.instrument.name(),
        now.held_lots,
        shown(market.cost_one_way * 1e4, 2),
        direction(base),
    );
    let head = format!(
        "{:<22}{:>13}{:>25}{:>14}{:>13}{:>12}\n",
        "policy", "delta before", "holding left alone", "trade, lots", "delta after", "cost"
    );
    text.push_str(&Paint::for_stdout().strong(&head));
    for (policy, proposal) in found {
        match proposal {
            Ok(it) => text.push_str(&format!(
                "{:<22}{:>13}{:>25}{:>14}{:>13}{:>12}\n",
                policy_text(policy),
                fitting(it.delta_before),
                format!("{} .. {}", fitting(it.band.0), fitting(it.band.1)),
                signed(it.lots),
                fitting(it.delta_after),
                shown(it.cost, 2),
            )),
            Err(why) => {
                for line in wrapped(&format!("{} has none: {why}", policy_text(policy)), 98) {
                    text.push_str(&format!("  {line}\n"));
                }
            }
        }
    }
    let left = found.iter().filter_map(|(policy, it)| Some((policy, it.as_ref().ok()?.lots_left)));
    for (policy, left) in left.filter(|(_, left)| *left != 0) {
        let name = policy_text(policy);
        text.push_str(&format!("depth       {name} leaves {} lots\n", signed(left)));
    }
    text
}

/// A number of lots with its sign.
fn signed(lots: i64) -> String {
    let size = count(lots.unsigned_abs());
    match lots {
        0 => "0".to_owned(),
        _ if lots < 0 => format!("-{size}"),
        _ => format!("+{size}"),
    }
}

fn json(book: &Book, now: &Now, base: &Proposed, found: &[OfPolicy<Proposal>]) -> Value {
    let (market, greeks) = (&book.market, &base.greeks);
    let of_policy = |(policy, proposal): &OfPolicy<Proposal>| {
        let mut map = policy_json(policy);
        let value = match proposal {
            Ok(it) => json!({
                "volatility_factor": plain(it.factor),
                "target": plain(it.target),
                "band": [plain(it.band.0), plain(it.band.1)],
                "delta_before": plain(it.delta_before),
                "trade_lots": it.lots,
                "delta_after": plain(it.delta_after),
                "cost": plain(it.cost),
                "lots_left": it.lots_left,
                "refused": null,
            }),
            Err(why) => json!({"refused": why}),
        };
        if let Value::Object(value) = value {
            map.extend(value);
        }
        Value::Object(map)
    };
    json!({
        "schema": SCHEMA,
        "kind": "now",
        "positions": book.positions.len(),
        "settlement": settlement(book),
        "neutral": market.unit(),
        "instrument": market.instrument.name(),
        "forward": plain(now.forward),
        "held_lots": now.held_lots,
        "held": plain(base.held),
        "worth": plain(greeks.worth),
        "delta": plain(greeks.delta),
        "gamma": plain(greeks.gamma),
        "vega": plain(greeks.vega),
        "theta_a_day": plain(greeks.theta_a_day),
        "underlying_up": if base.rises == Action::Buy { "buy" } else { "sell" },
        "policies": found.iter().map(of_policy).collect::<Vec<_>>(),
    })
}

fn table(found: &[OfPolicy<Proposal>]) -> WordTable {
    let row = |(policy, proposal): &OfPolicy<Proposal>| {
        let name = policy_text(policy);
        let Ok(it) = proposal else {
            let mut row = vec![name];
            row.resize(8, String::new());
            return row;
        };
        vec![
            name,
            plain(it.target),
            plain(it.band.0),
            plain(it.band.1),
            plain(it.delta_before),
            it.lots.to_string(),
            plain(it.delta_after),
            plain(it.cost),
        ]
    };
    WordTable {
        caption: "The trade now".to_owned(),
        columns: columns(&[
            ("policy", "Policy", false),
            ("target", "Holding that offsets the book", true),
            ("band_lower", "Band from", true),
            ("band_upper", "Band to", true),
            ("delta_before", "Delta before", true),
            ("trade_lots", "Trade, lots", true),
            ("delta_after", "Delta after", true),
            ("cost_quote", "Cost", true),
        ]),
        rows: found.iter().map(row).collect(),
    }
}
