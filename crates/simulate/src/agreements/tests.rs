use super::*;
use crate::ScenarioError;

const TEXT: &str = include_str!("../../../../scenarios/margin-call.toml");

fn shipped(text: &str) -> Result<MarginCallScenario, ScenarioError> {
    MarginCallScenario::read("margin-call", text, |file| {
        let known = crate::shipped::TABLES.iter().find(|(name, _)| *name == file);
        known
            .map(|(_, text)| (*text).to_owned())
            .ok_or_else(|| ScenarioError::setting(file, "not shipped"))
    })
}

fn settlement<'a>(
    record: &'a Record,
    id: &str,
) -> Option<&'a breakwater_agreement::support::machine::Settlement> {
    record.lanes.iter().find(|lane| lane.id == id).and_then(|lane| lane.settlement.as_ref())
}

#[test]
fn march_2020_goes_from_calls_to_a_drawn_guarantee_and_every_hour_balances() {
    let scenario = MarginCallScenario::open("margin-call").unwrap();
    let record = run(&scenario).unwrap();
    assert!(record.balances(), "{:?}", record.hours);
    let happened = |what: What| record.happenings.iter().filter(|it| it.what == what).count();
    for what in [
        What::Call,
        What::Recall,
        What::Dispute,
        What::Delivery,
        What::Return,
        What::Substitution,
        What::Payment,
        What::Failure,
        What::Default,
        What::CloseOut,
        What::Sale,
        What::Guarantee,
        What::End,
    ] {
        assert!(happened(what) > 0, "no {}", what.name());
    }
    // One fund defaults, and under every agreement that it has.
    assert_eq!(happened(What::Default), 3);
    for (id, closed) in [
        ("north-south", false),
        ("north-alpine", false),
        ("north-harbour", false),
        ("south-meadow", false),
        ("south-ridge", true),
        ("north-ridge", true),
        ("north-ridge-im", true),
    ] {
        assert_eq!(settlement(&record, id).is_some(), closed, "{id}");
    }
    // What variation margin leaves open is the claim on initial margin; what that leaves, the
    // guarantor pays to the cent.
    let variation = settlement(&record, "north-ridge").unwrap();
    let initial = settlement(&record, "north-ridge-im").unwrap();
    assert_eq!(initial.claim, variation.outstanding);
    assert_eq!((initial.guaranteed, initial.outstanding), (record.guaranteed, 0));
    assert!(variation.adds_up() && initial.adds_up());
    // Twenty thousand futures at 220, closed out with ether at 107.52.
    assert_eq!(variation.claim, 20_000 * (22_000 - 10_752));
    // Sales pay what they fetch, below the mark but not by more than the worst price allows.
    let sold = |id: &str| {
        let place = record.lanes.iter().position(|lane| lane.id == id).unwrap();
        record.sales.iter().filter(move |sale| sale.agreement == place)
    };
    let proceeds: u128 = sold("south-ridge").map(|sale| sale.cents).sum();
    let loan = settlement(&record, "south-ridge").unwrap();
    assert_eq!(proceeds, loan.proceeds + loan.surplus);
    for sale in &record.sales {
        let at_mark = sale.quantity.0 * sale.mark / 100;
        assert!(sale.cents < at_mark && sale.cents * 100 > at_mark * 84, "{sale:?}");
    }
    // Nothing that the host did was refused by an agreement.
    assert!(record.messages.iter().all(|message| message["type"] != "Refusal"));
    assert_eq!(run(&scenario).unwrap(), record);
}

#[test]
fn without_a_fall_nobody_defaults() {
    let calm = TEXT.replace("futuresPrice = 220", "futuresPrice = 100");
    let calm = calm.replace("ETH = \"40000\"", "ETH = \"90000\"");
    let record = run(&shipped(&calm).unwrap()).unwrap();
    assert!(record.balances());
    assert!(record.happenings.iter().all(|it| it.what != What::Default));
    assert!(record.sales.is_empty() && record.guaranteed == 0);
}

#[test]
fn settings_that_make_no_sense_are_refused_by_name() {
    for (old, new, named) in [
        ("answer = 10", "answer = 8", "clock.answer"),
        ("zone = \"America/New_York\"", "zone = \"Mars\"", "path.zone"),
        ("party = \"Members' guarantee fund\"", "party = \"Nobody\"", "guarantee.party"),
        ("name = \"Ridge Fund\"", "name = \"Bridge Fund\"", "agreements.parties"),
        ("bond_price", "bond_prize", "bond_prize"),
    ] {
        let told = shipped(&TEXT.replacen(old, new, 1)).unwrap_err().to_string();
        assert!(told.contains(named), "{named}: {told}");
    }
    for (old, new, named) in [
        ("agreement = \"south-ridge\"", "agreement = \"none\"", "contracts.agreement"),
        ("contractType = \"CLM\"", "contractType = \"CSH\"", "contractType"),
        ("share = \"0.15\"", "share = \"1.5\"", "agreements.margin.share"),
        ("bps = 3,", "bps = 15,", "sale.depth.SPY"),
        ("slippage_bps = 1500", "slippage_bps = 10000", "slippage_bps"),
        ("day = \"2020-03-10\"", "day = \"2020-13-10\"", "disputes.day"),
        ("ETH = \"40000\"", "GLD = \"40000\"", "parties.holds.GLD"),
        ("to = \"2020-04-03\"", "to = \"2020-02-03\"", "path.from"),
    ] {
        let scenario = shipped(&TEXT.replacen(old, new, 1));
        let told = scenario.and_then(|scenario| run(&scenario)).unwrap_err().to_string();
        assert!(told.contains(named), "{named}: {told}");
    }
}
