//! `breakwater agreement run` of listed contracts, and the calendar that `events` prints of them.

use super::arguments::{BookRun, Events};
use super::{book, listed_page};
use crate::events::{self, EventLog};
use crate::failure::{Failure, Verdict};
use crate::figures::{count, rounded_text};
use crate::folder::Folder;
use crate::recording::Recording;
use crate::replay::{EVENTS, JOURNAL, REPORT, default_folder, label, prove};
use crate::screen::{Paint, Screen};
use breakwater_agreement::listed::planned;
use breakwater_agreement::support::message::utc;
use breakwater_journal::{Journal, Manifest};
use breakwater_money::{Time, decimal};
use breakwater_report::render_sections;
use breakwater_simulate::listed::{ListedRun, ListedScenario, Occurrence, run as play};
use serde_json::{Value, json};
use std::path::Path;

/// Schema of a run.
pub const SCHEMA: &str = "breakwater.listed-run/1";
/// Schema of a calendar.
const CALENDAR_SCHEMA: &str = "breakwater.listed-events/1";
/// Schema of what a check says.
const CHECK_SCHEMA: &str = "breakwater.listed-check/1";
/// The answer, as `--json` prints it.
const ANSWER: &str = "run.json";
/// What happened, as a table.
const HAPPENINGS: &str = "happenings.csv";

/// Plays a day and writes its folder.
pub fn run(asked: &BookRun, screen: &Screen) -> Result<Verdict, Failure> {
    let scenario = ListedScenario::open(&asked.scenario)?;
    let name = scenario.settings.name.clone();
    let out = asked.out.as_deref().map_or_else(|| default_folder(&name, ""), Path::to_path_buf);
    let files = [EVENTS, ANSWER, HAPPENINGS, REPORT, JOURNAL];
    let folder = Folder::take(&out, &files, events::SCHEMA)?;
    // Written before anything else: it marks the folder as ours even if the run is interrupted.
    let log = EventLog::begin(folder.create(EVENTS)?, &name)
        .map_err(|error| Failure::file("write", &folder.file(EVENTS), &error))?;
    let path = folder.file(JOURNAL);
    let manifest = Manifest::new(env!("CARGO_PKG_VERSION"), label(&name));
    let journal =
        Journal::create(&path, &manifest).map_err(|error| Failure::journal(&path, &error))?;
    let mut recording = Recording::new(journal, log, "INDEX/mark", screen.bar());
    let played = play(&scenario, &mut recording);
    let ended = recording.end();
    // What stopped the run says more than what its files then had to say.
    let played = played?;
    ended?;
    let waiting = screen.waits_for("replaying the journal");
    let replayed = prove(&path, &played.state_hash)?;
    waiting.finish_and_clear();
    let answer = answer(&scenario, &played, &replayed);
    folder.write(ANSWER, &book::pretty(&answer)?)?;
    write_happenings(&folder, &scenario, &played)?;
    let page = listed_page::report(&scenario, &played, &replayed)?;
    folder.write(REPORT, render_sections(&page)?.as_bytes())?;
    let text = told(&scenario, &played, &replayed, &folder.file(REPORT));
    screen.answer(&text, &answer)?;
    let proved = played.balances() && replayed == played.state_hash;
    Ok(if proved { Verdict::Fine } else { Verdict::Broken })
}

/// Symbol of what something happened to.
pub fn symbol<'a>(scenario: &'a ListedScenario, it: &Occurrence) -> &'a str {
    let contract = it.contract.and_then(|place| scenario.settings.contracts.get(place));
    contract.map_or("", |contract| contract.symbol.as_str())
}

fn answer(scenario: &ListedScenario, run: &ListedRun, replayed: &str) -> Value {
    let (settle, decimals) = &run.settle;
    let fund = |raw: i128| decimal::format_raw_signed(raw, *decimals);
    let contracts = scenario.settings.contracts.iter().enumerate().map(|(place, contract)| {
        let own = run.occurrences.iter().filter(|it| it.contract == Some(place));
        let delivered = own.clone().find(|it| it.what == "delivery");
        json!({
            "symbol": contract.symbol,
            "expires": scenario.ends[place].map(utc),
            "lifecycle": scenario.lifecycles[place],
            "delivered_at": delivered.and_then(|it| it.amount.clone()),
            "happenings": own.count(),
        })
    });
    let happenings = run.occurrences.iter().map(|it| {
        json!({
            "at": utc(it.at),
            "contract": it.contract.map(|_| symbol(scenario, it)),
            "what": it.what,
            "account": it.account,
            "amount": it.amount,
            "told": it.told,
        })
    });
    json!({
        "schema": SCHEMA,
        "scenario": scenario.settings.name,
        "rulebook": run.rulebook,
        "from": utc(run.from),
        "to": utc(run.to),
        "settle": settle,
        "contracts": contracts.collect::<Vec<Value>>(),
        "accounts": run.accounts,
        "happenings": happenings.collect::<Vec<Value>>(),
        "fund_start": fund(run.fund.0),
        "fund_end": fund(run.fund.1),
        "minutes": run.minutes.0,
        "minutes_balanced": run.minutes.1,
        "books_balance": run.balances(),
        "commands": run.commands,
        "state_hash": run.state_hash,
        "replay_hash": replayed,
    })
}

fn write_happenings(
    folder: &Folder,
    scenario: &ListedScenario,
    run: &ListedRun,
) -> Result<(), Failure> {
    let wrong = |error: csv::Error| Failure::Data(format!("cannot write {HAPPENINGS}: {error}"));
    let mut writer = csv::Writer::from_writer(folder.create(HAPPENINGS)?);
    writer.write_record(["at", "contract", "what", "account", "amount", "told"]).map_err(wrong)?;
    for it in &run.occurrences {
        let (at, account) = (utc(it.at), it.account.as_deref().unwrap_or_default());
        let amount = it.amount.as_deref().unwrap_or_default();
        writer
            .write_record([&at, symbol(scenario, it), it.what, account, amount, &it.told])
            .map_err(wrong)?;
    }
    writer.flush().map_err(|error| Failure::file("write", &folder.file(HAPPENINGS), &error))
}

fn told(scenario: &ListedScenario, run: &ListedRun, replayed: &str, page: &Path) -> String {
    let paint = Paint::for_stdout();
    let mut text = format!("{}\n\n", paint.strong(&scenario.settings.title));
    let (mut payments, mut contracts) = (0u64, std::collections::BTreeSet::new());
    for it in &run.occurrences {
        if it.what == "funding" {
            payments += 1;
            contracts.insert(symbol(scenario, it));
            continue;
        }
        let at = utc(it.at);
        let at = at.get(11..16).unwrap_or(&at);
        let who = it.account.as_deref().map_or(String::new(), |who| format!("{who}: "));
        let what = if it.what == "refused" { paint.strong(it.what) } else { it.what.to_owned() };
        let pad = " ".repeat(11usize.saturating_sub(it.what.len()));
        let name = symbol(scenario, it);
        text.push_str(&format!("{at}  {name:<21}  {what}{pad} {who}{}\n", it.told));
    }
    if payments > 0 {
        let names: Vec<&str> = contracts.into_iter().collect();
        let times = crate::figures::counted(payments, "payment", "payments");
        text.push_str(&format!("       {:<21}  funding     {times}\n", names.join(", ")));
    }
    text.push('\n');
    let settle = &run.settle.0;
    let line = |cells: [&str; 5]| {
        let [account, brought, start, funding, end] = cells;
        format!("{account:<12}{brought:>16}{start:>16}{funding:>16}{end:>16}\n")
    };
    let head = ["account", "brought", "equity, start", "funding", "equity, end"];
    text.push_str(&paint.strong(&line(head)));
    for row in &run.accounts {
        let four = |text: &str| rounded_text(text, 4);
        text.push_str(&line([
            &row.account,
            &four(&row.brought),
            &four(&row.equity_start),
            &four(&row.funding),
            &four(&row.equity_end),
        ]));
    }
    let fund = |raw: i128| rounded_text(&decimal::format_raw_signed(raw, run.settle.1), 4);
    text.push_str(&format!(
        "\nin {settle}; insurance fund from {} to {}\n",
        fund(run.fund.0),
        fund(run.fund.1)
    ));
    text.push_str(&format!(
        "{} commands; {} of {} minutes balance: {}\n",
        count(run.commands),
        count(run.minutes.1),
        count(run.minutes.0),
        paint.yes_or_no(run.balances())
    ));
    text.push_str(&format!("state hash: {}\n", run.state_hash));
    text.push_str(&format!(
        "replay of the journal gives the same hash: {}\n",
        paint.yes_or_no(replayed == run.state_hash)
    ));
    text.push_str(&format!("report: {}\n", page.display()));
    text
}

/// Prints what the clock will do to the contracts of a scenario.
pub fn calendar(asked: &Events, screen: &Screen) -> Result<Verdict, Failure> {
    if !asked.case.is_empty() {
        let told =
            "--case chooses among cases of a JSON file; a scenario of listed contracts has none";
        return Err(Failure::Usage(told.to_owned()));
    }
    let name = asked.file.display().to_string();
    let scenario = ListedScenario::open(&name)?;
    let until = match asked.until.as_deref() {
        Some(text) => instant(text)?,
        None => scenario.last(),
    };
    let rows = due(&scenario, until)?;
    let of = |place: usize| scenario.settings.contracts[place].symbol.as_str();
    let list = rows
        .iter()
        .map(|(at, place, what)| json!({ "at": utc(*at), "contract": of(*place), "what": what }));
    let answer = json!({
        "schema": CALENDAR_SCHEMA,
        "file": name,
        "from": utc(scenario.start),
        "until": utc(until),
        "events": list.collect::<Vec<Value>>(),
    });
    if let Some(path) = &asked.csv {
        let failed =
            |error: csv::Error| Failure::Data(format!("cannot write {}: {error}", path.display()));
        let mut table = csv::Writer::from_path(path).map_err(failed)?;
        table.write_record(["at", "contract", "what"]).map_err(failed)?;
        for (at, place, what) in &rows {
            table.write_record([utc(*at).as_str(), of(*place), what]).map_err(failed)?;
        }
        table.flush().map_err(|error| Failure::file("write", path, &error))?;
    }
    let mut text = String::new();
    for (at, place, what) in &rows {
        text.push_str(&format!("{}  {:<21}  {what}\n", utc(*at), of(*place)));
    }
    if rows.is_empty() {
        text.push_str("nothing is due\n");
    }
    screen.answer(&text, &answer)?;
    Ok(Verdict::Fine)
}

/// When something is due, of which contract by place, and what.
type Due = (Time, usize, &'static str);

/// What is due of every contract until a moment.
fn due(scenario: &ListedScenario, until: Time) -> Result<Vec<Due>, Failure> {
    let mut rows = Vec::new();
    for (place, series) in scenario.series()?.iter().enumerate() {
        let due = planned(series, scenario.start, until);
        let due = due.map_err(|why| Failure::Data(format!("{}: {why}", series.symbol)))?;
        rows.extend(due.into_iter().map(|due| (due.at, place, due.kind.name())));
    }
    // Of one contract and moment in the order in which they act.
    rows.sort_by_key(|(at, place, _)| (*at, *place));
    Ok(rows)
}

/// Says whether a scenario of listed contracts makes sense.
pub fn check(file: &Path, screen: &Screen) -> Result<Verdict, Failure> {
    let name = file.display().to_string();
    let found = match ListedScenario::open(&name) {
        Err(error) => Err(error.to_string()),
        Ok(scenario) => scenario.series().map(|all| all.len()).map_err(|error| error.to_string()),
    };
    let answer = json!({
        "schema": CHECK_SCHEMA,
        "file": name,
        "contracts": found.as_ref().ok(),
        "sound": found.is_ok(),
        "finding": found.as_ref().err(),
    });
    let text = match &found {
        Ok(count) => format!("sound    {name}: {count} listed contracts\n"),
        Err(why) => format!("finding  {name}: {why}\n"),
    };
    screen.answer(&text, &answer)?;
    Ok(if found.is_ok() { Verdict::Fine } else { Verdict::Finding })
}

/// An instant of UTC, of a day or of a time of a day.
fn instant(text: &str) -> Result<Time, Failure> {
    let whole = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        _ if text.ends_with('Z') => text.to_owned(),
        _ => format!("{text}Z"),
    };
    let read = whole.parse::<jiff::Timestamp>().ok();
    let seconds = read.and_then(|at| u64::try_from(at.as_second()).ok());
    seconds.map(Time::from_seconds).ok_or_else(|| {
        let right = "a time of UTC such as 2025-10-11 or 2025-10-11T08:00:00";
        Failure::Usage(format!("--until is '{text}': expected {right}"))
    })
}
