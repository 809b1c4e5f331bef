//! `breakwater agreement run`: a book of margin agreements over a path.

use super::arguments::BookRun;
use super::book_page;
use crate::failure::{Failure, Verdict};
use crate::figures::{count, signed_money};
use crate::folder::Folder;
use crate::replay::{REPORT, default_folder};
use crate::screen::{Paint, Screen};
use breakwater_agreement::support::message::{SCHEMA as MESSAGE_SCHEMA, Writer, local, utc};
use breakwater_report::render_sections;
use breakwater_simulate::agreements::{MarginCallScenario, Record, What, run as play};
use serde_json::{Value, json};
use std::path::Path;

/// Schema of the answer.
pub const SCHEMA: &str = "breakwater.agreement-run/1";
/// The answer, as `--json` prints it; written first, so that it marks the folder as ours.
const ANSWER: &str = "run.json";
/// Every message.
const MESSAGES: &str = "messages.json";
/// What happened, as a table.
const HAPPENINGS: &str = "happenings.csv";

/// Plays a scenario and writes its folder.
pub fn run(asked: &BookRun, screen: &Screen) -> Result<Verdict, Failure> {
    let scenario = MarginCallScenario::open(&asked.scenario)?;
    let name = scenario.settings.name.clone();
    let out = asked.out.as_deref().map_or_else(|| default_folder(&name, ""), Path::to_path_buf);
    let folder = Folder::take(&out, &[ANSWER, MESSAGES, HAPPENINGS, REPORT], SCHEMA)?;
    let waiting = screen.waits_for("playing the path hour by hour");
    let record = play(&scenario);
    waiting.finish_and_clear();
    let record = record?;
    let answer = answer(&scenario, &record);
    folder.write(ANSWER, &pretty(&answer)?)?;
    let messages = json!({"schema": MESSAGE_SCHEMA, "scenario": name, "messages": record.messages});
    folder.write(MESSAGES, &pretty(&messages)?)?;
    write_happenings(&folder, &scenario, &record)?;
    let page = book_page::report(&scenario, &record, &answer);
    folder.write(REPORT, render_sections(&page)?.as_bytes())?;
    screen.answer(&told(&scenario, &record, &folder.file(REPORT)), &answer)?;
    Ok(if record.balances() { Verdict::Fine } else { Verdict::Broken })
}

/// A value as a file has it.
pub fn pretty(value: &Value) -> Result<Vec<u8>, Failure> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| Failure::Internal(format!("the answer has no JSON: {error}")))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Cents as an exact decimal.
pub fn exact(cents: i128) -> String {
    breakwater_money::decimal::format_raw_signed(cents, 2)
}

fn whole(cents: u128) -> String {
    exact(i128::try_from(cents).unwrap_or(i128::MAX))
}

fn answer(scenario: &MarginCallScenario, record: &Record) -> Value {
    let number = |agreement: usize, what: What| {
        let mut all = record.happenings.iter();
        all.by_ref().filter(|it| it.agreement == agreement && it.what == what).count()
    };
    let lanes = record.lanes.iter().enumerate().map(|(place, lane)| {
        let agreement = &scenario.agreements[place];
        let settlement = lane.settlement.as_ref();
        json!({
            "id": lane.id,
            "title": lane.title,
            "form": agreement.form.name(),
            "parties": [agreement.parties[0].name, agreement.parties[1].name],
            "calls": number(place, What::Call),
            "recalls": number(place, What::Recall),
            "disputes": number(place, What::Dispute),
            "failures": number(place, What::Failure),
            "settlement": settlement.map(|it| Writer::new(agreement).settlement(it)),
        })
    });
    let happenings = record.happenings.iter().map(|it| {
        json!({
            "at": utc(it.at),
            "agreement": record.lanes[it.agreement].id,
            "what": it.what.name(),
            "party": it.party,
            "amount": it.cents.map(whole),
            "told": it.told,
        })
    });
    let days = record.days.iter().map(|day| {
        json!({
            "at": utc(day.at),
            "agreement": record.lanes[day.agreement].id,
            "exposure": exact(day.exposure),
            "posted_a": whole(day.posted_a),
            "posted_b": whole(day.posted_b),
        })
    });
    let sales = record.sales.iter().map(|sale| {
        let (raw, decimals) = sale.quantity;
        json!({
            "at": utc(sale.at),
            "agreement": record.lanes[sale.agreement].id,
            "way": sale.way,
            "asset": sale.asset,
            "quantity": breakwater_money::decimal::format_raw(raw, decimals),
            "proceeds": whole(sale.cents),
            "mark": whole(sale.mark),
        })
    });
    json!({
        "schema": SCHEMA,
        "scenario": scenario.settings.name,
        "from": utc(record.from),
        "to": utc(record.to),
        "currency": "USD",
        "guaranteed": whole(record.guaranteed),
        "hours": record.hours.0,
        "hours_balanced": record.hours.1,
        "books_balance": record.balances(),
        "messages": record.messages.len(),
        "agreements": lanes.collect::<Vec<Value>>(),
        "happenings": happenings.collect::<Vec<Value>>(),
        "days": days.collect::<Vec<Value>>(),
        "sales": sales.collect::<Vec<Value>>(),
    })
}

fn write_happenings(
    folder: &Folder,
    scenario: &MarginCallScenario,
    record: &Record,
) -> Result<(), Failure> {
    let wrong = |error: csv::Error| Failure::Data(format!("cannot write {HAPPENINGS}: {error}"));
    let mut writer = csv::Writer::from_writer(folder.create(HAPPENINGS)?);
    writer
        .write_record(["at", "agreement", "what", "party", "amount_usd", "told"])
        .map_err(wrong)?;
    for it in &record.happenings {
        let (at, id) = (utc(it.at), &scenario.agreements[it.agreement].id);
        let amount = it.cents.map(whole).unwrap_or_default();
        writer
            .write_record([&at, id, it.what.name(), &it.party, &amount, &it.told])
            .map_err(wrong)?;
    }
    writer.flush().map_err(|error| Failure::file("write", &folder.file(HAPPENINGS), &error))
}

/// Happenings worth a line on the screen: deliveries and payments of every day are in the files.
const TOLD: [What; 6] =
    [What::Dispute, What::Failure, What::Default, What::CloseOut, What::Guarantee, What::End];

fn told(scenario: &MarginCallScenario, record: &Record, page: &Path) -> String {
    let paint = Paint::for_stdout();
    let mut text = format!("{}\n\n", paint.strong(&scenario.settings.title));
    for it in record.happenings.iter().filter(|it| TOLD.contains(&it.what)) {
        let at = local(&scenario.zone, it.at);
        let at = at.get(5..16).unwrap_or(&at).replace('T', " ");
        let amount = it.cents.map_or_else(String::new, |cents| {
            let signed = i128::try_from(cents).unwrap_or(i128::MAX);
            format!(": {}", signed_money(signed, 2))
        });
        let id = &record.lanes[it.agreement].id;
        text.push_str(&format!("{at}  {id:<16}{} {}{amount}\n", it.party, it.told));
    }
    text.push('\n');
    let line = |cells: [&str; 6]| {
        let [id, calls, claim, covered, guaranteed, open] = cells;
        format!("{id:<18}{calls:>7}{claim:>16}{covered:>16}{guaranteed:>16}{open:>16}\n")
    };
    let head = ["agreement", "calls", "claim", "by collateral", "by guarantee", "left open"];
    text.push_str(&paint.strong(&line(head)));
    for (place, lane) in record.lanes.iter().enumerate() {
        let mut calls = record.happenings.iter();
        let calls = calls.by_ref().filter(|it| it.agreement == place && it.what == What::Call);
        let calls = count(calls.count() as u64);
        let money = |cents: u128| signed_money(i128::try_from(cents).unwrap_or(i128::MAX), 2);
        text.push_str(&match &lane.settlement {
            None => line([&lane.id, &calls, "-", "-", "-", "-"]),
            Some(it) => line([
                &lane.id,
                &calls,
                &money(it.claim),
                &money(it.cash + it.proceeds + it.appropriated),
                &money(it.guaranteed),
                &money(it.outstanding),
            ]),
        });
    }
    text.push_str(&format!(
        "\n{} messages; {} of {} hours balance: {}\n",
        count(record.messages.len() as u64),
        count(record.hours.1),
        count(record.hours.0),
        paint.yes_or_no(record.balances())
    ));
    text.push_str(&format!("report: {}\n", page.display()));
    text
}
