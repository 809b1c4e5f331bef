//! `breakwater agreement call` and `check`, for margin agreements: the call due now with its arithmetic,
//! and what a document says.

use super::arguments::MarginCall;
use crate::failure::{Failure, Verdict};
use crate::figures::grouped;
use crate::screen::{Paint, Screen};
use crate::source;
use breakwater_agreement::support::formula::{Call, Figures, Limit, Requirement};
use breakwater_agreement::support::message::{Writer, exact_text, local, utc};
use breakwater_agreement::support::timing::clock;
use breakwater_agreement::support::valuation::{calls, market_value, of_quantity};
use breakwater_agreement::support::{Agreement, Document, Position, Side};
use breakwater_money::{Rational, rational};
use serde_json::{Value, json};
use std::path::Path;

/// Schema of the answer of `call`.
const CALL_SCHEMA: &str = "breakwater.margin-call/1";
/// Schema of the answer of `check`.
const CHECK_SCHEMA: &str = "breakwater.agreement-document/1";

/// Whether a file is a margin agreement: those are TOML, contracts are JSON.
pub fn is_document(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
}

fn read(path: &Path) -> Result<String, Failure> {
    String::from_utf8(source::bytes(path)?)
        .map_err(|_| Failure::Data(format!("{}: not UTF-8, expected TOML", path.display())))
}

fn document(path: &Path) -> Result<Document, Failure> {
    Document::parse(&read(path)?)
        .map_err(|error| Failure::Data(format!("{}: {error}", path.display())))
}

/// Reads a document and says whether it is sound.
pub fn check(path: &Path, screen: &Screen) -> Result<Verdict, Failure> {
    let file = path.display().to_string();
    match Document::parse(&read(path)?) {
        Err(error) => {
            let answer = json!({"schema": CHECK_SCHEMA, "file": file, "sound": false, "finding": error.to_string()});
            screen.answer(&format!("{file}: {error}\n"), &answer)?;
            Ok(Verdict::Finding)
        }
        Ok(document) => {
            let answer = said(&file, &document);
            screen.answer(&told(&file, &document), &answer)?;
            Ok(Verdict::Fine)
        }
    }
}

fn limit(limit: &Limit) -> String {
    match limit {
        Limit::Amount(amount) => exact_text(amount),
        Limit::Infinite => "infinity".to_owned(),
    }
}

/// A threshold as people read it.
fn threshold(of: &Limit) -> String {
    match of {
        Limit::Amount(amount) => grouped(&exact_text(amount)),
        Limit::Infinite => "infinity".to_owned(),
    }
}

fn said(file: &str, document: &Document) -> Value {
    let agreement = &document.agreement;
    let party = |side: Side| {
        let party = agreement.party(side);
        json!({
            "name": party.name,
            "posts": party.posts,
            "threshold": limit(&party.threshold),
            "independent_amount": exact_text(&party.independent_amount),
            "minimum_transfer": exact_text(&party.minimum_transfer),
            "rounding": exact_text(&party.delivery.multiple),
        })
    };
    let rows = agreement.collateral.iter().map(|row| {
        json!({"asset": row.asset, "kind": row.kind.name(), "counts": exact_text(&row.counts())})
    });
    let timing = &agreement.timing;
    json!({
        "schema": CHECK_SCHEMA,
        "file": file,
        "sound": true,
        "id": agreement.id,
        "title": agreement.title,
        "form": agreement.form.name(),
        "currency": agreement.currency,
        "parties": {"a": party(Side::A), "b": party(Side::B)},
        "collateral": rows.collect::<Vec<Value>>(),
        "zone": timing.zone.name(),
        "notification_time": clock(timing.notification_time),
        "close_time": clock(timing.close_time),
        "position": document.position.as_ref().map(|position| utc(position.at)),
    })
}

fn told(file: &str, document: &Document) -> String {
    let agreement = &document.agreement;
    let paint = Paint::for_stdout();
    let mut text = format!("{file}: sound\n\n{}\n", paint.strong(&agreement.title));
    text.push_str(&format!("form {}, {}\n\n", agreement.form.name(), agreement.currency));
    for side in Side::BOTH {
        let party = agreement.party(side);
        let posts = if party.posts { "" } else { ", never posts" };
        text.push_str(&format!(
            "{} {}: threshold {}, independent amount {}, minimum transfer {}, in steps of {}{posts}\n",
            side.key(),
            party.name,
            threshold(&party.threshold),
            grouped(&exact_text(&party.independent_amount)),
            grouped(&exact_text(&party.minimum_transfer)),
            grouped(&exact_text(&party.delivery.multiple)),
        ));
    }
    text.push('\n');
    for row in &agreement.collateral {
        let (asset, kind) = (&row.asset, row.kind.name());
        text.push_str(&format!("{asset:<20}{kind:<8}counts for {}\n", exact_text(&row.counts())));
    }
    let timing = &agreement.timing;
    text.push_str(&format!(
        "\ncalled by {} {}: due at {}, {} business day(s) later, else a day more; {} of grace\n",
        clock(timing.notification_time),
        timing.zone.name(),
        clock(timing.close_time),
        timing.transfer_days,
        timing.grace_days,
    ));
    text
}

/// The call due now.
pub fn call(asked: &MarginCall, screen: &Screen) -> Result<Verdict, Failure> {
    let Document { agreement, position } = document(&asked.file)?;
    let file = asked.file.display();
    let Some(position) = position else {
        return Err(Failure::Data(format!(
            "{file}: `position` is missing: a table with time, exposure, prices and collateral"
        )));
    };
    let found = calls(&agreement, &position.valuation, &position.posted, position.defaulting);
    let found = found.map_err(|error| Failure::Data(format!("{file}: {error}")))?;
    let steps: Vec<Vec<Step>> = found
        .iter()
        .map(|(side, call, figures)| steps(&agreement, &position, *side, call, figures))
        .collect();
    let answer = call_json(&agreement, &position, &found);
    if let Some(path) = &asked.csv {
        write_csv(path, &agreement, &found, &steps)?;
    }
    screen.answer(&call_text(&agreement, &position, &found, &steps), &answer)?;
    Ok(Verdict::Fine)
}

type Found = (Side, Call, Figures);

fn zero() -> Rational {
    rational::from_raw(0, 0)
}

/// One line of the arithmetic.
struct Step {
    name: String,
    amount: Rational,
    /// How it came about; empty for an input.
    how: String,
}

fn steps(
    agreement: &Agreement,
    position: &Position,
    side: Side,
    call: &Call,
    figures: &Figures,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut step = |name: &str, amount: &Rational, how: String| {
        steps.push(Step { name: name.to_owned(), amount: amount.clone(), how });
    };
    let none = String::new;
    let (threshold, how) = match &call.requirement {
        Requirement::Annex { exposure, independent_pledgor, independent_secured, threshold } => {
            step("exposure", exposure, none());
            step("independent amount of the pledgor", independent_pledgor, none());
            step("independent amount of the secured party", independent_secured, none());
            let how = "exposure + own - other independent - threshold";
            (Some(threshold), how)
        }
        Requirement::Variation { exposure } => {
            step("exposure", exposure, none());
            (None, "exposure, not below zero")
        }
        Requirement::Initial { margin_amount, independent_amount, approach, threshold } => {
            step("margin amount", margin_amount, none());
            step("independent amount", independent_amount, approach.name().to_owned());
            (Some(threshold), "by the approach, above the threshold")
        }
    };
    match threshold {
        Some(Limit::Amount(amount)) => step("threshold", amount, none()),
        Some(Limit::Infinite) => step("threshold", &zero(), "infinity".to_owned()),
        None => {}
    }
    step("credit support amount", &figures.credit_support_amount, how.to_owned());
    let posted = &position.posted[side.place()];
    for (place, quantity) in posted.quantities.iter().enumerate().filter(|(_, raw)| **raw > 0) {
        let row = &agreement.collateral[place];
        let value = market_value(agreement, &position.valuation.prices, place, *quantity);
        let value = value.unwrap_or_else(|_| zero());
        let amount = exact_text(&of_quantity(*quantity, row.decimals));
        let how = format!(
            "{} worth {} x {}",
            grouped(&amount),
            grouped(&exact_text(&value)),
            exact_text(&row.counts())
        );
        step(&format!("posted {}", row.asset), &(value * row.counts()), how);
    }
    step("on its way in", &call.pending_delivery, none());
    step("on its way back", &call.pending_return, none());
    let posted = "posted and on its way";
    step("adjusted posted value", &figures.adjusted_posted_value, posted.to_owned());
    step("in dispute", &call.disputed, none());
    let delivers = figures.credit_support_amount >= figures.adjusted_posted_value;
    let (undisputed, moved, rule, name) = match delivers {
        true => {
            (&figures.undisputed_delivery, &figures.delivery_amount, &call.delivery, "delivery")
        }
        false => (&figures.undisputed_return, &figures.return_amount, &call.returning, "return"),
    };
    step(&format!("undisputed {name}"), undisputed, "difference less dispute".to_owned());
    step("minimum transfer amount", &rule.minimum, none());
    let how = format!("in steps of {}", grouped(&exact_text(&rule.step.multiple)));
    step(&format!("{name} amount"), moved, how);
    steps
}

fn call_json(agreement: &Agreement, position: &Position, found: &[Found]) -> Value {
    let writer = Writer::new(agreement);
    let timing = &agreement.timing;
    let list = found.iter().map(|(side, call, figures)| {
        let posted = &position.posted[side.place()];
        let lots = agreement.collateral.iter().zip(&posted.quantities).enumerate();
        let lots = lots.filter(|(_, (_, quantity))| **quantity > 0).map(|(place, (row, quantity))| {
            let value = market_value(agreement, &position.valuation.prices, place, *quantity);
            let value = value.unwrap_or_else(|_| zero());
            json!({
                "product": row.asset,
                "quantity": exact_text(&of_quantity(*quantity, row.decimals)),
                "marketValue": exact_text(&value),
                "haircut": exact_text(&row.haircut),
                "fxHaircut": exact_text(&row.fx_haircut),
                "additionalHaircut": exact_text(&row.additional_haircut),
                "adjustedValue": exact_text(&(value * row.counts())),
            })
        });
        let moves = figures.delivery_amount > zero() || figures.return_amount > zero();
        json!({
            "pledgor": agreement.party(*side).name,
            "marginCallBase": writer.base(*side, call, figures),
            "posted": lots.collect::<Vec<Value>>(),
            "transferDue": moves.then(|| utc(timing.transfer_due(position.at))),
            "responseDue": moves.then(|| utc(timing.close_after(position.at, timing.response_days))),
        })
    });
    json!({
        "schema": CALL_SCHEMA,
        "agreement": agreement.id,
        "title": agreement.title,
        "form": agreement.form.name(),
        "at": utc(position.at),
        "calls": list.collect::<Vec<Value>>(),
    })
}

fn call_text(
    agreement: &Agreement,
    position: &Position,
    found: &[Found],
    steps: &[Vec<Step>],
) -> String {
    let paint = Paint::for_stdout();
    let zone = &agreement.timing.zone;
    let mut text = format!("{}\n", paint.strong(&agreement.title));
    text.push_str(&format!(
        "form {}, {}, at {} {}\n",
        agreement.form.name(),
        agreement.currency,
        local(zone, position.at),
        zone.name()
    ));
    for ((side, _, figures), steps) in found.iter().zip(steps) {
        let (pledgor, secured) =
            (&agreement.party(*side).name, &agreement.party(side.other()).name);
        text.push_str(&format!("\n{}\n", paint.strong(&format!("{pledgor} posts to {secured}"))));
        for step in steps {
            let amount = grouped(&exact_text(&step.amount));
            let gap = if step.how.is_empty() { "" } else { "   " };
            text.push_str(&format!("  {:<40}{amount:>18}{gap}{}\n", step.name, step.how));
        }
        let due = local(zone, agreement.timing.transfer_due(position.at));
        let line = if figures.delivery_amount > zero() {
            let amount = grouped(&exact_text(&figures.delivery_amount));
            format!("{pledgor} delivers {amount} by {due}")
        } else if figures.return_amount > zero() {
            let amount = grouped(&exact_text(&figures.return_amount));
            format!("{secured} returns {amount} by {due}")
        } else {
            "nothing is due".to_owned()
        };
        text.push_str(&format!("  {}\n", paint.strong(&line)));
    }
    text
}

fn write_csv(
    path: &Path,
    agreement: &Agreement,
    found: &[Found],
    steps: &[Vec<Step>],
) -> Result<(), Failure> {
    let wrong =
        |error: csv::Error| Failure::Data(format!("cannot write {}: {error}", path.display()));
    let mut writer = csv::Writer::from_path(path).map_err(wrong)?;
    writer.write_record(["agreement", "pledgor", "step", "amount", "how"]).map_err(wrong)?;
    for ((side, ..), steps) in found.iter().zip(steps) {
        for step in steps {
            let pledgor = agreement.party(*side).name.as_str();
            let amount = exact_text(&step.amount);
            writer
                .write_record([&agreement.id, pledgor, &step.name, &amount, &step.how])
                .map_err(wrong)?;
        }
    }
    writer.flush().map_err(|error| Failure::file("write", path, &error))
}
