//! `breakwater verify`: is a journal whole, and does it say what it said?

use crate::arguments::Verify;
use crate::events::hex;
use crate::failure::{Failure, Verdict};
use crate::figures::count;
use crate::rebuilt::{self, Rebuilt};
use crate::screen::{Paint, Screen};
use breakwater_engine::Engine;
use breakwater_journal::{Journal, Verification};
use breakwater_simulate::registry;
use serde::Serialize;

/// Accounts named when the watch list missed some.
const NAMED: usize = 5;

#[derive(Serialize)]
struct Answer {
    schema: &'static str,
    journal: String,
    sound: bool,
    engine_version: String,
    label: String,
    frames: u64,
    head_hash: String,
    accepted: u64,
    rejected: u64,
    accounts: u64,
    state_hash: String,
    state_recorded_same: Option<bool>,
    state_expected_same: Option<bool>,
    books_balance: bool,
    watch_list_complete: bool,
    broken: Vec<String>,
    findings: Vec<String>,
}

/// Checks the journal and tells what it found.
pub fn run(asked: &Verify, screen: &Screen) -> Result<Verdict, Failure> {
    let path = &asked.journal;
    let failed = |error| Failure::journal(path, &error);
    let journal = rebuilt::open(path)?;
    let chain = journal.verify().map_err(failed)?;
    let recorded: Vec<u64> = chain.snapshots.iter().map(|snapshot| snapshot.sequence).collect();
    let rebuilt = rebuilt::rebuild(&journal, path, &recorded)?;

    let mut broken = Vec::new();
    let state_recorded_same = recorded_states(&journal, &chain, &rebuilt, &mut broken);
    let findings = journal
        .recover()
        .map_err(failed)?
        .rejected
        .into_iter()
        .map(|lost| {
            format!("the snapshot at frame {} cannot be used: {}", lost.sequence, lost.reason)
        })
        .collect();
    let engine = &rebuilt.engine;
    let state_hash = engine.state_hash().hex();
    let state_expected_same = asked.state_hash.as_ref().map(|expected| *expected == state_hash);
    if state_expected_same == Some(false) {
        let expected = asked.state_hash.as_deref().unwrap_or_default();
        broken.push(format!("the state hash is {state_hash}, expected {expected}"));
    }
    let books_balance = books(engine, &mut broken);
    let watch_list_complete = watch_list(engine, &mut broken);
    if let Some(stop) = engine.stop() {
        broken.push(format!("an invariant broke and stopped the engine: {stop}"));
    }
    let answer = Answer {
        schema: "breakwater.verify/1",
        journal: path.display().to_string(),
        sound: broken.is_empty(),
        engine_version: journal.manifest().engine_version.clone(),
        label: String::from_utf8_lossy(&journal.manifest().label).into_owned(),
        frames: chain.frames,
        head_hash: hex(&chain.head.hash),
        accepted: chain.frames - rebuilt.rejected,
        rejected: rebuilt.rejected,
        accounts: engine.accounts() as u64,
        state_hash,
        state_recorded_same,
        state_expected_same,
        books_balance,
        watch_list_complete,
        broken,
        findings,
    };
    journal.close().map_err(failed)?;
    screen.answer(&told(&answer, Paint::for_stdout()), &answer)?;
    Ok(match (answer.sound, answer.findings.is_empty()) {
        (false, _) => Verdict::Broken,
        (true, false) => Verdict::Finding,
        (true, true) => Verdict::Fine,
    })
}

/// Compares every usable snapshot with the replay: what it says its state hash is, and what an
/// engine restored from it has. None if there is nothing to compare with.
fn recorded_states(
    journal: &Journal,
    chain: &Verification,
    rebuilt: &Rebuilt,
    broken: &mut Vec<String>,
) -> Option<bool> {
    let mut compared = None;
    let mut same = true;
    for snapshot in &chain.snapshots {
        let Ok((recorded, _)) = &snapshot.content else { continue };
        compared = Some(());
        let sequence = snapshot.sequence;
        let replayed = rebuilt.hashes.get(&sequence);
        if replayed != Some(recorded) {
            same = false;
            let replayed = replayed.map_or_else(|| "none".to_owned(), |hash| hex(hash));
            let recorded = hex(recorded);
            broken.push(format!(
                "at frame {sequence} the recorded state hash is {recorded}, the replay's {replayed}"
            ));
        }
    }
    if let Ok(Some(latest)) = journal.latest_snapshot() {
        let restored = Engine::restore(&latest.bytes, registry());
        let holds = restored.as_ref().is_ok_and(|e| e.state_hash().combined == latest.state_hash);
        if !holds {
            same = false;
            let why = restored.err().map_or_else(String::new, |error| format!(": {error}"));
            let sequence = latest.sequence;
            broken.push(format!("the state kept at frame {sequence} does not have its hash{why}"));
        }
    }
    compared.map(|()| same)
}

fn books(engine: &Engine, broken: &mut Vec<String>) -> bool {
    let rows = engine.trial_balance();
    let off: Vec<String> = rows
        .iter()
        .filter(|row| row.sum != 0)
        .map(|row| format!("{:?} of {}: {}", row.unit.class, row.unit.asset, row.sum))
        .collect();
    if !off.is_empty() {
        broken.push(format!("the books do not balance, base units: {}", off.join("; ")));
    }
    off.is_empty()
}

fn watch_list(engine: &Engine, broken: &mut Vec<String>) -> bool {
    let late = engine.rescan();
    if !late.is_empty() {
        let named: Vec<&str> =
            late.iter().take(NAMED).filter_map(|account| engine.owner(*account)).collect();
        broken.push(format!(
            "a full rescan finds {} accounts that the watch list missed, such as {}",
            late.len(),
            named.join(", ")
        ));
    }
    late.is_empty()
}

fn told(answer: &Answer, paint: Paint) -> String {
    let mut text = String::new();
    let mut row = |name: &str, what: &str| text.push_str(&format!("{name:<16}{what}\n"));
    row("journal", &answer.journal);
    row("made by", &format!("breakwater {}, {}", answer.engine_version, answer.label));
    row(
        "chain",
        &format!("{} frames, every hash follows from the one before", count(answer.frames)),
    );
    row("head", &answer.head_hash);
    row(
        "replay",
        &format!(
            "{} commands accepted, {} rejected, {} accounts",
            count(answer.accepted),
            count(answer.rejected),
            count(answer.accounts)
        ),
    );
    row("state hash", &answer.state_hash);
    let same = |same: Option<bool>, none: &str| match same {
        Some(same) => paint.yes_or_no(same),
        None => none.to_owned(),
    };
    row("same as kept", &same(answer.state_recorded_same, "no state is kept in this journal"));
    if answer.state_expected_same.is_some() {
        row("same as asked", &same(answer.state_expected_same, ""));
    }
    row("books balance", &paint.yes_or_no(answer.books_balance));
    row(
        "watch list",
        &format!("a full rescan agrees: {}", paint.yes_or_no(answer.watch_list_complete)),
    );
    for broken in &answer.broken {
        row(&paint.bad("broken"), broken);
    }
    for finding in &answer.findings {
        row("finding", finding);
    }
    row("sound", &paint.yes_or_no(answer.sound));
    text
}
