//! Agreements from the first call to rest, step by step.

use super::*;
use crate::support::terms::{Cause, Declaration};

const PRICES: [&str; 2] = ["1", "1"];
const FOUR: [&str; 4] = ["1", "1.1", "1", "250"];

/// The number of the call in `said`, and until when its transfer is due.
fn expected(said: &[Output]) -> Option<(u32, Time)> {
    said.iter().find_map(|output| match output {
        Output::Expected { call, by, .. } => Some((*call, *by)),
        _ => None,
    })
}

#[test]
fn a_call_in_time_is_due_the_same_day_and_a_late_one_a_day_later() {
    let mut stage = Stage::new(agreement(VARIATION), "2020-03-09T08:00");
    // Notified by 10:00: due at 17:00 the same day.
    let said = stage.value("2020-03-09T09:30", "1000000", &PRICES);
    let Output::Called { call, amount, direction, .. } = &said[0] else { panic!("{said:?}") };
    assert_eq!((*amount, *direction), (100_000_000, Direction::Delivery));
    let said = stage.at("2020-03-09T11:00", Input::Answer { call: *call, answer: Answer::Agree });
    let (id, by) = expected(&said).unwrap();
    assert_eq!(stage.local(by), "2020-03-09T17:00:00");
    let lots = stage.lots("1000000");
    let said = stage.at("2020-03-09T17:00", Input::Settle { call: id, lots });
    assert!(matches!(said[0], Output::Settled { complete: true, cured: false, .. }), "{said:?}");
    // After 10:00, on a Friday: due on Monday. Nobody answers: silence agrees at the close.
    stage.value("2020-03-13T10:01", "2000000", &PRICES);
    let said = stage.at("2020-03-13T17:00", Input::Advance);
    assert!(matches!(said[0], Output::Answered { silent: true, .. }), "{said:?}");
    assert_eq!(stage.local(expected(&said).unwrap().1), "2020-03-16T17:00:00");
    // The week of Easter: Good Friday is a holiday.
    let timing = &stage.agreement.timing;
    let late = timing.transfer_due(clock(&stage.agreement, "2020-04-09T12:00"));
    assert_eq!(stage.local(late), "2020-04-13T17:00:00");
}

#[test]
fn an_unmet_call_passes_through_grace_to_default_close_out_and_the_sale_of_collateral() {
    let mut stage = Stage::new(agreement(VARIATION), "2020-03-09T08:00");
    let said = stage.value("2020-03-09T09:00", "1000000", &PRICES);
    let Output::Called { call, .. } = said[0] else { panic!("{said:?}") };
    // Half a million in cash, half in bonds at 0.96.
    let lots = vec![50_000_000, 520_834];
    stage.at("2020-03-09T12:00", Input::Settle { call, lots });
    assert_eq!(stage.state.held(Side::B), [50_000_000, 520_834]);
    stage.value("2020-03-10T09:00", "1800000", &PRICES);
    let said = stage.at("2020-03-10T17:00", Input::Advance);
    let failed = said.iter().any(|output| matches!(output, Output::Failed { party: Side::B, .. }));
    assert!(failed, "{said:?}");
    // The end of the next day's business: default, and with no further wait termination.
    let said = stage.at("2020-03-11T17:00", Input::Advance);
    let defaulted = Output::Defaulted {
        party: Side::B,
        cause: Cause::FailureToTransfer,
        terminates: clock(&stage.agreement, "2020-03-11T17:00"),
    };
    assert_eq!(said[0], defaulted, "{said:?}");
    let amount = parse("1900000.50").unwrap();
    let said = stage.at("2020-03-12T10:00", Input::CloseOut { amount });
    let half = vec![50_000_000, 0];
    assert!(said.contains(&Output::Applied { by: Side::A, lots: half, value: 50_000_000 }));
    let liquidate = said.iter().find_map(|output| match output {
        Output::Liquidate { lots, wanted, .. } => Some((lots.clone(), *wanted)),
        _ => None,
    });
    // The interest of three days on half a million at 1.58 % is owed to the party in default:
    // 9 March to 12 March, 65.83.
    assert_eq!(liquidate, Some((vec![0, 520_834], 190_000_050 - 6_584 - 50_000_000)));
    stage.at("2020-03-12T11:00", Input::Sold { lots: vec![0, 500_000], proceeds: 49_000_000 });
    let said = stage.at("2020-03-12T11:30", Input::SaleEnded);
    let Some(Output::Closed(settlement)) = said.last() else { panic!("{said:?}") };
    // 20,834 bonds are kept at 0.96 of the last price.
    assert_eq!(settlement.appropriated, 2_000_064);
    assert!(settlement.adds_up(), "{settlement:?}");
    assert_eq!(settlement.outstanding, 190_000_050 - 6_584 - 50_000_000 - 49_000_000 - 2_000_064);
    assert_eq!(stage.state.deadline(), None);
    let said = stage.value("2020-03-13T09:00", "1", &PRICES);
    assert_eq!(said, [Output::Refused(Refusal::NotNow { phase: "closed" })]);
}

#[test]
fn proceeds_above_the_claim_go_back_to_who_had_posted() {
    let mut stage = Stage::new(agreement(VARIATION), "2020-03-09T08:00");
    stage.value("2020-03-09T09:00", "1000000", &PRICES);
    let call = stage.state.calls()[0].id;
    stage.at("2020-03-09T12:00", Input::Settle { call, lots: vec![0, 1_041_667] });
    stage.at("2020-03-10T09:00", Input::Event { party: Side::B, cause: Cause::Insolvency });
    stage.at("2020-03-10T17:00", Input::Advance);
    stage.at("2020-03-11T09:00", Input::CloseOut { amount: parse("400000").unwrap() });
    let lots = vec![0, 500_000];
    let said = stage.at("2020-03-11T10:00", Input::Sold { lots, proceeds: 45_000_000 });
    assert!(said.contains(&Output::PaidOut { to: Side::A, amount: 40_000_000 }), "{said:?}");
    assert!(said.contains(&Output::Released { to: Side::B, lots: vec![0, 541_667] }), "{said:?}");
    assert!(said.contains(&Output::PaidOut { to: Side::B, amount: 5_000_000 }), "{said:?}");
    let Phase::Closed(settlement) = stage.state.phase() else { panic!() };
    assert_eq!((settlement.proceeds, settlement.surplus), (40_000_000, 5_000_000));
}

#[test]
fn a_late_transfer_within_the_grace_period_cures() {
    let mut stage = Stage::new(agreement(VARIATION), "2020-03-09T08:00");
    stage.value("2020-03-09T09:00", "1000000", &PRICES);
    stage.at("2020-03-09T17:00", Input::Advance);
    let call = stage.state.calls()[0].id;
    let lots = stage.lots("999999.99");
    let said = stage.at("2020-03-11T09:00", Input::Settle { call, lots: lots.clone() });
    // Two days later is past the grace period.
    assert!(matches!(said.last(), Some(Output::Refused(_))), "{said:?}");
    let mut stage = Stage::new(agreement(VARIATION), "2020-03-09T08:00");
    stage.value("2020-03-09T09:00", "1000000", &PRICES);
    let said = stage.at("2020-03-10T17:00", Input::Settle { call, lots });
    let part = said.last().unwrap();
    assert!(matches!(part, Output::Settled { complete: false, cured: false, .. }), "{said:?}");
    let said = stage.at("2020-03-10T17:00", Input::Settle { call, lots: vec![1, 0] });
    assert!(matches!(said[0], Output::Settled { complete: true, cured: true, .. }), "{said:?}");
    assert_eq!(stage.state.phase(), &Phase::Live);
}

#[test]
fn the_undisputed_part_moves_and_the_rest_is_settled_by_who_the_agreement_names() {
    let mut stage = Stage::new(agreement(ANNEX), "2020-03-09T08:00");
    // 5,000,000 + 500,000 - 1,000,000 = 4,500,000.
    let said = stage.value("2020-03-09T12:00", "5000000", &FOUR);
    let Output::Called { call, amount, .. } = said[0] else { panic!("{said:?}") };
    assert_eq!(amount, 450_000_000);
    let answer = Answer::Partly { agreed: 300_000_000 };
    let said = stage.at("2020-03-09T15:00", Input::Answer { call, answer });
    let (id, by) = expected(&said).unwrap();
    assert_eq!((id, stage.local(by)), (call, "2020-03-10T17:00:00".to_owned()));
    // Nobody settles it until 13:00 of the next day: the midpoint, 750,000, is due then.
    let said = stage.at("2020-03-10T13:00", Input::Advance);
    assert!(said.contains(&Output::Resolved { call, upheld: 75_000_000, by_time: true }));
    let due: Vec<u128> = stage
        .state
        .calls()
        .iter()
        .filter_map(|call| call.due.as_ref().map(|due| due.amount))
        .collect();
    assert_eq!(due, [300_000_000, 75_000_000]);
    // What is on its way counts as posted: the same exposure asks for nothing but what was refused.
    let said = stage.value("2020-03-10T13:30", "5000000", &FOUR);
    let Output::Called { amount, .. } = said[0] else { panic!("{said:?}") };
    assert_eq!(amount, 75_000_000);
}

#[test]
fn a_dispute_of_everything_can_be_settled_by_the_parties() {
    let mut stage = Stage::new(agreement(ANNEX), "2020-03-09T08:00");
    stage.value("2020-03-09T12:00", "5000000", &FOUR);
    let call = stage.state.calls()[0].id;
    let said = stage.at("2020-03-09T15:00", Input::Answer { call, answer: Answer::Dispute });
    assert_eq!(expected(&said), None);
    let said = stage.at("2020-03-10T11:00", Input::Resolve { call, upheld: 450_000_001 });
    assert!(matches!(said[0], Output::Refused(Refusal::Amount { most: 450_000_000, .. })));
    let said = stage.at("2020-03-10T11:00", Input::Resolve { call, upheld: 20_000_000 });
    // 200,000 is below the minimum of 250,000.
    assert_eq!(said, [Output::Resolved { call, upheld: 20_000_000, by_time: false }]);
    assert_eq!(stage.state.deadline(), None);
}

#[test]
fn collateral_goes_back_when_exposure_falls_and_never_more_than_is_held() {
    let mut stage = Stage::new(agreement(VARIATION), "2020-03-09T08:00");
    stage.value("2020-03-09T09:00", "1000000", &PRICES);
    let call = stage.state.calls()[0].id;
    stage.at("2020-03-09T09:10", Input::Settle { call, lots: vec![100_000_000, 0] });
    let said = stage.value("2020-03-10T09:00", "395000", &PRICES);
    let Output::Called { call, amount, direction, .. } = said[0] else { panic!("{said:?}") };
    // 605,000, rounded down.
    assert_eq!((amount, direction), (60_000_000, Direction::Return));
    let said = stage.at("2020-03-10T09:30", Input::Settle { call, lots: vec![60_000_001, 0] });
    assert!(matches!(said.last(), Some(Output::Refused(Refusal::Lots { .. }))), "{said:?}");
    let said = stage.at("2020-03-10T09:30", Input::Settle { call, lots: vec![60_000_000, 0] });
    assert!(matches!(said.last(), Some(Output::Settled { from: Side::A, complete: true, .. })));
    assert_eq!(stage.state.held(Side::B), [40_000_000, 0]);
    // The tide turns: B's collateral goes back, and A is called.
    let said = stage.value("2020-03-11T09:00", "-500000", &PRICES);
    assert_eq!(said.len(), 2, "{said:?}");
}

#[test]
fn a_default_may_be_left_to_a_decision_that_has_an_end() {
    for (declared, closed) in [
        (Declaration::ElseDeclared, true),
        (Declaration::ElseWaived, false),
        (Declaration::Automatic, true),
    ] {
        let mut agreement = agreement(ANNEX);
        agreement.on_default.declaration = declared;
        let mut stage = Stage::new(agreement, "2020-03-09T08:00");
        stage.value("2020-03-09T12:00", "5000000", &FOUR);
        stage.at("2020-03-31T12:00", Input::Advance);
        assert_eq!(stage.state.is_closed(), closed, "{declared:?}: {:?}", stage.state.phase());
        assert_eq!(stage.state.calls(), []);
    }
    // A transfer before the decision ends the question.
    let mut stage = Stage::new(agreement(ANNEX), "2020-03-09T08:00");
    stage.value("2020-03-09T12:00", "5000000", &FOUR);
    stage.at("2020-03-12T17:00", Input::Advance);
    assert!(matches!(stage.state.phase(), Phase::Deciding { party: Side::B, .. }));
    let call = stage.state.calls()[0].id;
    let lots = stage.lots("4500000");
    let said = stage.at("2020-03-13T10:00", Input::Settle { call, lots });
    assert!(matches!(said[0], Output::Settled { cured: true, .. }), "{said:?}");
    assert_eq!(stage.state.phase(), &Phase::Live);
}

#[test]
fn a_substitution_needs_consent_and_gives_the_old_collateral_back() {
    let mut stage = Stage::new(agreement(ANNEX), "2020-03-09T08:00");
    stage.value("2020-03-09T12:00", "5000000", &FOUR);
    let call = stage.state.calls()[0].id;
    stage.at("2020-03-09T12:10", Input::Settle { call, lots: vec![450_000_000, 0, 0, 0] });
    let ask = |give: u128| Input::Substitute {
        pledgor: Side::B,
        give: vec![0, 0, give, 0],
        take: vec![96_000_000, 0, 0, 0],
    };
    let said = stage.at("2020-03-10T10:00", ask(999_999));
    assert!(matches!(said[0], Output::Refused(Refusal::Lots { .. })), "{said:?}");
    let said = stage.at("2020-03-10T10:00", ask(1_000_000));
    let Output::SubstitutionAsked { substitution, .. } = said[0] else { panic!("{said:?}") };
    let said = stage.at("2020-03-10T10:30", Input::Bring { substitution });
    assert!(matches!(said[0], Output::Refused(Refusal::Substitution { .. })), "{said:?}");
    stage.at("2020-03-10T11:00", Input::Consent { substitution, yes: true });
    let said = stage.at("2020-03-10T12:00", Input::Bring { substitution });
    let (back, by) = expected(&said).unwrap();
    assert_eq!(stage.local(by), "2020-03-11T17:00:00");
    let said = stage.at("2020-03-11T09:00", Input::Settle { call: back, lots: vec![1, 0, 0, 0] });
    assert!(matches!(said[0], Output::Refused(Refusal::Lots { .. })), "{said:?}");
    stage.at("2020-03-11T09:00", Input::Settle { call: back, lots: vec![96_000_000, 0, 0, 0] });
    assert_eq!(stage.state.held(Side::B), [354_000_000, 0, 1_000_000, 0]);
    // Another one is never answered: silence refuses.
    let said = stage.at("2020-03-11T10:00", ask(1_000_000));
    assert!(matches!(said[0], Output::SubstitutionAsked { .. }), "{said:?}");
    let said = stage.at("2020-03-13T17:00", Input::Advance);
    assert!(matches!(said[..], [Output::SubstitutionEnded { .. }]), "{said:?}");
}

#[test]
fn interest_on_posted_cash_is_simple_by_calendar_days_and_due_each_month() {
    let mut stage = Stage::new(agreement(ANNEX), "2020-03-09T08:00");
    stage.value("2020-03-09T12:00", "5000000", &FOUR);
    let call = stage.state.calls()[0].id;
    stage.at("2020-03-09T12:10", Input::Settle { call, lots: vec![450_000_000, 0, 0, 0] });
    let rate = parse("0.0025").unwrap();
    stage.at("2020-03-16T09:00", Input::Rate { place: 0, rate });
    let said = stage.at("2020-04-01T13:00", Input::Advance);
    // 7 days at 1.58 % and 16 at 0.25 %, of 360: 1,382.50 + 500.
    let lots = said.iter().find_map(|output| match output {
        Output::Expected { direction: Direction::Interest, lots, from: Side::A, .. } => {
            lots.clone()
        }
        _ => None,
    });
    assert_eq!(lots, Some(vec![188_250, 0, 0, 0]));
    let call = stage.state.calls()[0].id;
    stage.at("2020-04-02T09:00", Input::Settle { call, lots: vec![188_250, 0, 0, 0] });
    assert_eq!(stage.state.accounts().flows[1].interest[0], 188_250);
    // The dealer that does not pay interest is in default in the end.
    stage.at("2020-05-20T09:00", Input::Advance);
    let Phase::Closed(settlement) = stage.state.phase() else { panic!() };
    assert_eq!((settlement.defaulter, settlement.debtor), (Side::A, Side::B));
}

#[test]
fn segregated_collateral_goes_home_and_the_rest_of_a_claim_is_the_guarantors() {
    let mut stage = Stage::new(agreement(INITIAL), "2020-03-09T08:00");
    let said = stage.value("2020-03-09T09:00", "3000000", &PRICES);
    let Output::Called { call, amount, .. } = said[0] else { panic!("{said:?}") };
    assert_eq!(amount, 200_000_000);
    stage.at("2020-03-09T11:00", Input::Settle { call, lots: vec![2_083_334, 0] });
    let event = Input::Event { party: Side::B, cause: Cause::Insolvency };
    stage.at("2020-03-10T09:00", event);
    stage.at("2020-03-11T17:29", Input::Advance);
    let amount = parse("4500000").unwrap();
    stage.at("2020-03-11T17:30", Input::CloseOut { amount });
    stage.at("2020-03-12T09:00", Input::Sold { lots: vec![2_083_334, 0], proceeds: 190_000_000 });
    let Phase::Guaranteed { wanted, .. } = stage.state.phase() else { panic!() };
    // The guarantor's limit is below the 2,600,000 that are open.
    assert_eq!(*wanted, 200_000_000);
    stage.at("2020-03-12T10:00", Input::Covered { amount: 150_000_000 });
    stage.at("2020-03-20T10:00", Input::Advance);
    let Phase::Closed(settlement) = stage.state.phase() else { panic!() };
    assert_eq!((settlement.guaranteed, settlement.outstanding), (150_000_000, 110_000_000));
    assert!(settlement.adds_up());
    // The other way round: the secured party fails, and collateral held by a third party goes home.
    let mut stage = Stage::new(agreement(INITIAL), "2020-03-09T08:00");
    stage.value("2020-03-09T09:00", "3000000", &PRICES);
    let call = stage.state.calls()[0].id;
    stage.at("2020-03-09T11:00", Input::Settle { call, lots: vec![2_083_334, 0] });
    stage.at("2020-03-10T09:00", Input::Event { party: Side::A, cause: Cause::CrossDefault });
    stage.at("2020-03-10T17:30", Input::Advance);
    let amount = parse("100").unwrap();
    let said = stage.at("2020-03-11T09:00", Input::CloseOut { amount });
    assert!(said.contains(&Output::Released { to: Side::B, lots: vec![2_083_334, 0] }));
    // B owes the close-out amount and pays it.
    let said = stage.at("2020-03-11T10:00", Input::Paid { amount: 10_000 });
    let Some(Output::Closed(settlement)) = said.last() else { panic!("{said:?}") };
    assert_eq!((settlement.paid, settlement.outstanding), (10_000, 0));
}

#[test]
fn every_message_has_a_name_and_a_body() {
    let mut stage = Stage::new(agreement(VARIATION), "2020-03-09T08:00");
    stage.value("2020-03-09T09:00", "1000000.25", &PRICES);
    stage.at("2020-03-31T09:00", Input::Advance);
    let writer = crate::support::message::Writer::new(&stage.agreement);
    let messages: Vec<serde_json::Value> =
        stage.said.iter().map(|told| writer.message(told)).collect();
    let names: Vec<&str> = messages.iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "MarginCallIssuance",
            "MarginCallResponse",
            "TransferInstruction",
            "FailureToTransfer",
            "EventOfDefault",
            "EarlyTermination",
            "CallLapsed",
            "CloseOutNetting",
            "Settlement"
        ]
    );
    let call = &messages[0];
    assert_eq!(call["at"], "2020-03-09T13:00:00Z");
    assert_eq!(call["message"]["callIdentifier"], "south-ridge-vm-1");
    assert_eq!(call["message"]["callAmountInBaseCurrency"]["value"], "1010000");
    let base = &call["message"]["marginCallBase"];
    assert_eq!(base["undisputedDelivery"]["value"], "1000000.25");
    assert_eq!(base["party"][0]["name"], "Ridge Fund");
}
