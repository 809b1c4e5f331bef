//! Random agreements over random events and prices.

use super::*;
use crate::support::formula::Limit;
use crate::support::terms::{Cause, Custody, Declaration, Disposal, Guarantee, Unresolved, Unsold};
use proptest::prelude::*;

/// Most steps of time alone until an agreement is at rest: the waits of one call, of closing out and
/// of the guarantor, for each call that may be open.
const STEPS_TO_REST_MAX: usize = 5 * CALLS_MAX + 2 * SUBSTITUTIONS_MAX + 8;

/// Most outputs of one step that takes an input without passing a deadline.
const OUTPUTS_MAX: usize = 2 * CALLS_MAX + SUBSTITUTIONS_MAX + 16;

#[derive(Debug, Clone)]
struct Terms {
    form: usize,
    days: Vec<u32>,
    thresholds: [u32; 2],
    minimum: u32,
    multiple: u32,
    flags: Vec<bool>,
    picks: Vec<usize>,
    guarantee: Option<u32>,
}

fn terms() -> impl Strategy<Value = Terms> {
    (
        0usize..3,
        prop::collection::vec(0u32..4, 10),
        [0u32..2000, 0u32..2000],
        0u32..500,
        1u32..300,
        prop::collection::vec(any::<bool>(), 8),
        prop::collection::vec(0usize..6, 4),
        prop::option::of(0u32..3000),
    )
        .prop_map(|(form, days, thresholds, minimum, multiple, flags, picks, guarantee)| {
            Terms { form, days, thresholds, minimum, multiple, flags, picks, guarantee }
        })
}

/// An agreement with those terms: amounts are hundreds.
fn drawn(terms: &Terms) -> Agreement {
    let mut agreement = agreement([ANNEX, VARIATION, INITIAL][terms.form]);
    let hundreds = |raw: u32| rational::from_raw(i128::from(raw) * 100, 0);
    for (place, party) in agreement.parties.iter_mut().enumerate() {
        party.posts = terms.form != 2 || place == 1 || terms.flags[0];
        party.threshold = match terms.flags[1 + place] && place == 0 {
            true => Limit::Infinite,
            false => Limit::Amount(hundreds(terms.thresholds[place])),
        };
        party.minimum_transfer = hundreds(terms.minimum);
        party.delivery.multiple = hundreds(terms.multiple);
        party.returning.multiple = hundreds(terms.multiple);
    }
    let timing = &mut agreement.timing;
    timing.transfer_days = terms.days[0].min(2);
    timing.response_days = terms.days[1].min(1);
    timing.resolution_days = terms.days[2];
    timing.grace_days = terms.days[3];
    timing.substitution_days = terms.days[4];
    timing.termination_days = terms.days[5];
    timing.valuation_days = terms.days[6];
    timing.liquidation_days = terms.days[7];
    timing.guarantee_days = terms.days[8];
    timing.decision_days = terms.days[9];
    agreement.unresolved = Unresolved::ALL[terms.picks[0] % 3];
    agreement.substitution_consent = terms.flags[3];
    let on_default = &mut agreement.on_default;
    on_default.declaration = Declaration::ALL[terms.picks[1] % 3];
    on_default.zero.threshold = terms.flags[4];
    on_default.zero.potential_events = terms.flags[5];
    on_default.unsold = if terms.flags[6] { Unsold::Appropriate } else { Unsold::Return };
    on_default.custody = if terms.flags[7] { Custody::Segregated } else { Custody::SecuredParty };
    on_default.disposal = if terms.flags[2] { Disposal::Auction } else { Disposal::Planner };
    on_default.guarantee = terms
        .guarantee
        .map(|limit| Guarantee { provider: "fund".to_owned(), limit: u128::from(limit) * 10_000 });
    agreement
}

/// Something that somebody does, with small numbers that the state gives a meaning.
#[derive(Debug, Clone)]
struct Move {
    minutes: u32,
    kind: u8,
    number: u32,
    share: u32,
    price: u32,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = (0u32..1200, 0u8..32, any::<u32>(), 20u32..=110, 20u32..200).prop_map(
        |(minutes, kind, number, share, price)| Move { minutes, kind, number, share, price },
    );
    prop::collection::vec(one, 1..60)
}

fn share(amount: u128, share: u32) -> u128 {
    amount / 100 * u128::from(share) + amount % 100 * u128::from(share) / 100
}

/// What a move does, more often something that this phase takes than not.
fn sensible(state: &State, it: &Move) -> u8 {
    let often = !it.kind.is_multiple_of(4);
    match state.phase() {
        Phase::Deciding { .. } if it.kind.is_multiple_of(3) => 25,
        Phase::Valuing { .. } if often => 27,
        Phase::Liquidating { .. } if often && it.share > 100 => 29,
        Phase::Liquidating { .. } if often => 28,
        Phase::Guaranteed { .. } if often => 30,
        Phase::Paying { .. } if often => 31,
        Phase::Terminating { .. } | Phase::Closed(_) if often => 32,
        // A dispute is worth settling, a substitution worth answering.
        _ if it.kind < 3 && state.calls().iter().any(|call| call.dispute.is_some()) => 14,
        _ if it.kind == 3 && !state.substitutions().is_empty() => 22,
        _ if it.kind == 4 && !state.substitutions().is_empty() => 23,
        _ if it.kind >= 9 && it.kind <= 20 && state.calls().is_empty() => 0,
        _ => it.kind,
    }
}

/// What a move is to an agreement in this state. Shares above 100 ask for too much on purpose.
fn input(agreement: &Agreement, state: &State, it: &Move) -> Input {
    let calls = state.calls();
    let at = |len: usize| if len == 0 { 0 } else { it.number as usize % len };
    // Half of the time a call that what is done fits.
    let fits = calls.iter().find(|call| match it.kind {
        9..=13 => call.answer_by.is_some(),
        15..=20 => call.answer_by.is_some() || call.due.is_some(),
        _ => call.dispute.is_some(),
    });
    let any = calls.get(at(calls.len()));
    let call = if it.number.is_multiple_of(8) { any } else { fits.or(any) };
    let id = call.map_or(it.number % 5, |call| call.id);
    let side = Side::BOTH[it.number as usize % 2];
    let rows = agreement.collateral.len();
    let some = |quantities: &[u128]| -> Vec<u128> {
        quantities.iter().map(|quantity| share(*quantity, it.share)).collect()
    };
    match sensible(state, it) {
        0..=8 => {
            let exposure = (i128::from(it.number % 1_000_000) - 450_000) * 10;
            let mut prices = vec![Some(rational::from_raw(1, 0)); rows];
            for (place, price) in prices.iter_mut().enumerate().skip(1) {
                *price = Some(rational::from_raw(i128::from(it.price) + place as i128, 2));
            }
            let amount = rational::from_raw(exposure.abs(), 0);
            let margin = || MarginAmounts {
                margin_amount: amount.clone(),
                independent_amount: rational::from_raw(50, 0),
            };
            Input::Value(Valuation {
                exposure: rational::from_raw(exposure * 100 + 37, 2),
                margin: [margin(), margin()],
                prices,
            })
        }
        9 | 10 => Input::Answer { call: id, answer: Answer::Agree },
        11 | 12 => {
            let agreed = share(call.map_or(0, |call| call.amount), it.share);
            Input::Answer { call: id, answer: Answer::Partly { agreed } }
        }
        13 => Input::Answer { call: id, answer: Answer::Dispute },
        14 => {
            let disputed =
                call.and_then(|call| call.dispute.as_ref()).map(|it| it.disputed.clone());
            let disputed = disputed.unwrap_or_else(|| rational::from_raw(1, 0));
            let disputed = rational::to_raw(&disputed, 2, Rounding::Ceil).unwrap_or(0);
            Input::Resolve { call: id, upheld: share(disputed, it.share) }
        }
        19 => Input::Rate { place: it.number as usize % rows, rate: rational::from_raw(3, 2) },
        15..=18 | 20 => Input::Settle { call: id, lots: settled(agreement, state, call, it) },
        21 | 24 => {
            let holds = |side: &Side| state.held(*side).iter().any(|held| *held > 1);
            let pledgor = Side::BOTH.into_iter().find(holds).unwrap_or(side);
            Input::Substitute {
                pledgor,
                give: vec![u128::from(it.number % 1_000_000_000) + 1; rows],
                take: some(state.held(pledgor)),
            }
        }
        22 => {
            let open = state.substitutions();
            let id = open.get(at(open.len())).map_or(it.number % 5, |open| open.id);
            Input::Consent { substitution: id, yes: it.share < 90 }
        }
        23 => {
            let open = state.substitutions();
            let id = open.get(at(open.len())).map_or(it.number % 5, |open| open.id);
            Input::Bring { substitution: id }
        }
        25 => Input::Declare { yes: it.share > 50 },
        26 if it.share > 60 => Input::Event { party: side, cause: Cause::ALL[at(3)] },
        27 => Input::CloseOut { amount: rational::from_raw(i128::from(it.number) - (1 << 31), 4) },
        28 => {
            let lots = Side::BOTH.map(|side| some(state.held(side)));
            let lots = lots.into_iter().max().unwrap_or_default();
            let proceeds = lots.iter().sum::<u128>() * u128::from(it.price) / 200;
            Input::Sold { lots, proceeds }
        }
        29 => Input::SaleEnded,
        30 | 31 => {
            let wanted = match state.phase() {
                Phase::Guaranteed { wanted, .. } => *wanted,
                Phase::Paying { open, .. } => *open,
                _ => u128::from(it.number),
            };
            let amount = share(wanted, it.share);
            if sensible(state, it) == 30 {
                Input::Covered { amount }
            } else {
                Input::Paid { amount }
            }
        }
        _ => Input::Advance,
    }
}

fn settled(agreement: &Agreement, state: &State, call: Option<&OpenCall>, it: &Move) -> Vec<u128> {
    let rows = agreement.collateral.len();
    let Some(call) = call else { return vec![1; rows] };
    if let Some(lots) = &call.lots {
        return lots.clone();
    }
    let amount = call.due.as_ref().map_or(call.amount, |due| due.amount);
    let amount = crate::support::valuation::of_quantity(share(amount, it.share), 2);
    let (from, cover_it) = match call.direction {
        Direction::Delivery => (vec![u128::from(it.number); rows], true),
        _ => (state.held(call.pledgor).to_vec(), false),
    };
    let lots = match cover_it {
        true => cover(agreement, state.prices(), &from, &amount),
        false => crate::support::valuation::release(agreement, state.prices(), &from, &amount),
    };
    lots.unwrap_or_else(|_| vec![0; rows])
}

/// What a refused input leaves: everything but the time.
fn without_time(state: &State, agreement: &Agreement) -> State {
    let mut state = state.clone();
    // A later step at the same moment accrues nothing and passes no deadline.
    let now = state.now();
    let mut work = Work { agreement, state: &mut state, at: now, told: Vec::new() };
    work.accrue();
    state
}

fn run(terms: &Terms, moves: &[Move], seen: &mut Seen) -> Result<(), TestCaseError> {
    let agreement = drawn(terms);
    let start = clock(&agreement, "2020-02-28T09:00");
    let mut state = State::new(&agreement, start);
    let mut at = start;
    for it in moves {
        at = at.after(u64::from(it.minutes) * 60_000_000_000);
        // Bring time up to the move first, in one jump and in many short steps.
        let mut short = state.clone();
        let mut said_short = Vec::new();
        while let Some(next) = short.next_moment().filter(|next| *next < at) {
            said_short.extend(step(&agreement, &mut short, next, &Input::Advance));
        }
        let input = input(&agreement, &short, it);
        said_short.extend(step(&agreement, &mut short, at, &input));
        let said = step(&agreement, &mut state, at, &input);
        prop_assert_eq!(&said, &said_short);
        prop_assert_eq!(&state, &short);
        seen.count(&said);
        prop_assert!(state.accounts().balanced(), "{:?}", state.accounts());
        prop_assert!(state.calls().len() <= CALLS_MAX + 4);
        // At the same moment nothing is due before, so that only the input speaks.
        let before = without_time(&state, &agreement);
        let again = step(&agreement, &mut state, at, &input);
        prop_assert!(again.len() <= OUTPUTS_MAX, "{again:?}");
        if let [Told { output: Output::Refused(_), .. }] = &again[..] {
            prop_assert_eq!(&before, &state);
        }
        prop_assert!(state.accounts().balanced());
    }
    at_rest(&agreement, &mut state, seen)
}

/// Lets time pass alone.
fn at_rest(agreement: &Agreement, state: &mut State, seen: &mut Seen) -> Result<(), TestCaseError> {
    let mut steps = 0;
    while let Some(next) = state.deadline() {
        let said = step(agreement, state, next, &Input::Advance);
        seen.count(&said);
        steps += 1;
        prop_assert!(steps <= STEPS_TO_REST_MAX, "stuck in {:?}", state.phase());
        prop_assert!(state.accounts().balanced());
    }
    match state.phase() {
        Phase::Live => prop_assert!(state.calls().is_empty() && state.substitutions().is_empty()),
        Phase::Closed(settlement) => {
            prop_assert!(settlement.adds_up(), "{settlement:?}");
            let parts = [settlement.proceeds, settlement.guaranteed, settlement.outstanding];
            prop_assert!(parts.iter().all(|part| *part <= settlement.claim), "{settlement:?}");
            prop_assert_eq!(state.accounts().money.held, 0);
            for side in Side::BOTH {
                prop_assert!(state.held(side).iter().all(|held| *held == 0));
            }
            let money = &state.accounts().money;
            let claimant = settlement.defaulter.other().place();
            if settlement.debtor == settlement.defaulter {
                prop_assert_eq!(money.paid[claimant], settlement.proceeds + settlement.guaranteed);
            }
        }
        other => prop_assert!(false, "at rest in {other:?}"),
    }
    Ok(())
}

/// How often what was said, so that a generator that reaches nothing is found out.
#[derive(Debug, Default)]
struct Seen(std::collections::BTreeMap<&'static str, usize>);

impl Seen {
    fn count(&mut self, said: &[Told]) {
        for told in said {
            let name = match &told.output {
                Output::Called { direction: Direction::Delivery, .. } => "delivery called",
                Output::Called { .. } => "return called",
                Output::Answered { silent: true, .. } => "silent",
                Output::Answered { answer: Answer::Agree, .. } => "agreed",
                Output::Answered { .. } => "disputed",
                Output::Resolved { by_time: true, .. } => "resolved by time",
                Output::Resolved { .. } => "resolved",
                Output::Expected { direction: Direction::Interest, .. } => "interest due",
                Output::Settled { cured: true, .. } => "cured",
                Output::Settled { complete: false, .. } => "settled in part",
                Output::Settled { .. } => "settled",
                Output::Lapsed { .. } => "lapsed",
                Output::Failed { .. } => "failed",
                Output::Asked { .. } => "asked",
                Output::Waived { .. } => "waived",
                Output::Defaulted { cause: Cause::FailureToTransfer, .. } => "defaulted",
                Output::Defaulted { .. } => "event",
                Output::SubstitutionAgreed { .. } => "substitution agreed",
                Output::SubstitutionEnded { .. } => "substitution ended",
                Output::Released { .. } => "released",
                Output::Applied { .. } => "applied",
                Output::Liquidate { .. } => "liquidate",
                Output::PaidOut { .. } => "paid out",
                Output::GuaranteeCalled { .. } => "guarantee called",
                Output::PaymentDue { .. } => "payment due",
                Output::Closed(_) => "closed",
                Output::Refused(_) => "refused",
                _ => continue,
            };
            *self.0.entry(name).or_default() += 1;
        }
    }
}

/// No agreement gets stuck, none pays more than it holds, and what comes in goes out or is held,
/// whatever anybody does.
#[test]
fn random_agreements_come_to_rest_and_pay_no_more_than_they_hold() {
    let config = ProptestConfig { cases: 1_500, failure_persistence: None, ..Default::default() };
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let seen = std::cell::RefCell::new(Seen::default());
    let told = runner
        .run(&(terms(), moves()), |(terms, moves)| run(&terms, &moves, &mut seen.borrow_mut()));
    if let Err(error) = told {
        panic!("{error}");
    }
    // The generator reaches every part of the machine.
    let seen = seen.into_inner().0;
    assert_eq!(seen.len(), 27, "{seen:?}");
    assert!(seen.values().all(|times| *times >= 20), "{seen:?}");
    let refused = seen["refused"];
    let all: usize = seen.values().sum();
    assert!(refused * 2 < all, "{refused} of {all} refused");
}
