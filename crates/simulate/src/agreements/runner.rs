//! The host: hour by hour over the path.

mod movements;

use super::exposure::Running;
use super::guarantee::{self, Drawn};
use super::market::{Market, SYMBOLS};
use super::parties::{DECIMALS, Parties, lots, to_purse};
use super::record::{Day, Happening, Lane, Record, SaleRow, Span, Stand, What};
use super::sale::Sale;
use super::settings::MarginCallScenario;
use crate::ScenarioError;
use breakwater_agreement::calendar::{Calendar, Date, Moment};
use breakwater_agreement::contracts::Observed;
use breakwater_agreement::support::machine::{Direction, Phase, Stage};
use breakwater_agreement::support::message::Writer;
use breakwater_agreement::support::terms::{Cause, Disposal};
use breakwater_agreement::support::valuation::{MarginAmounts, adjusted_sum, cover, release};
use breakwater_agreement::support::{Agreement, Input, Output, Side, State, Told, Valuation, step};
use breakwater_money::{Rational, Rounding, Time, rational};

/// Hours of a day that are played: before the first there is nothing to do, and the last closes
/// every agreement's day.
const FIRST_HOUR: u32 = 8;
const LAST_HOUR: u32 = 18;

/// Days played beyond the last day of the path so that everything open comes to its end.
const DAYS_AFTER_MAX: u32 = 30;

/// A payment that could not be made and is tried again until it is a failure.
struct Owed {
    from: Side,
    cents: u128,
    since: Date,
}

/// One agreement at work.
struct Desk {
    agreement: Agreement,
    state: State,
    /// Places of the parties.
    parties: [usize; 2],
    /// Share of notional and the agreement it is taken from, for initial margin.
    margin: Option<(Rational, usize)>,
    sale: Option<Sale>,
    drawn: Option<Drawn>,
    owed: Vec<Owed>,
    lane: Lane,
}

/// A dispute as the scenario states it.
struct Disputed {
    agreement: usize,
    day: Date,
    share: Rational,
    settled: Option<Rational>,
    call: Option<u32>,
}

/// A substitution as the scenario states it.
struct Replaced {
    agreement: usize,
    day: Date,
    give: Vec<u128>,
    take: Vec<u128>,
    asked: Option<u32>,
}

struct Run<'a> {
    scenario: &'a MarginCallScenario,
    market: Market,
    observed: Observed,
    parties: Parties,
    contracts: Vec<Running>,
    desks: Vec<Desk>,
    disputes: Vec<Disputed>,
    replaced: Vec<Replaced>,
    guarantor: usize,
    first_share: f64,
    record: Record,
    at: Time,
}

/// Plays the scenario to its end.
///
/// # Errors
/// A setting that makes no sense, a contract that misses a term, or an engine that refuses what a
/// sale cannot do without.
pub fn run(scenario: &MarginCallScenario) -> Result<Record, ScenarioError> {
    let mut run = Run::found(scenario)?;
    let day = |field: &str, text: &str| -> Result<Date, ScenarioError> {
        text.parse().map_err(|error: breakwater_agreement::Error| {
            ScenarioError::setting(field, error.to_string())
        })
    };
    let last = day("path.to", &scenario.settings.path.to)?;
    let mut date = day("path.from", &scenario.settings.path.from)?;
    if date > last {
        let reason = format!("{}: not after path.to", scenario.settings.path.from);
        return Err(ScenarioError::setting("path.from", reason));
    }
    let mut after = 0;
    loop {
        let over = date > last;
        if over && (run.at_rest() || after >= DAYS_AFTER_MAX) {
            break;
        }
        after += u32::from(over);
        let calendar = Calendar::monday_to_friday();
        if calendar.is_business_day(date) && (over || run.market.trades(date)) {
            for hour in FIRST_HOUR..=LAST_HOUR {
                run.hour(date, hour, !over)?;
            }
        }
        let next = date.plus_days(1);
        date = next.ok_or_else(|| ScenarioError::setting("path.to", "a day before year 9999"))?;
    }
    run.end();
    Ok(run.record)
}

impl<'a> Run<'a> {
    fn found(scenario: &'a MarginCallScenario) -> Result<Run<'a>, ScenarioError> {
        let settings = &scenario.settings;
        let market = Market::of(scenario)?;
        let from: Date =
            settings.path.from.parse().map_err(|error: breakwater_agreement::Error| {
                ScenarioError::setting("path.from", error.to_string())
            })?;
        let start = scenario.zone.instant(from, FIRST_HOUR * 3600);
        let mut desks = Vec::new();
        for (agreement, own) in scenario.agreements.iter().zip(&settings.agreements) {
            for row in &agreement.collateral {
                let known = super::parties::place(&row.asset);
                if known.is_none_or(|place| DECIMALS[place] != row.decimals) {
                    let reason =
                        format!("'{}' with the decimals of this market is right", row.asset);
                    return Err(ScenarioError::setting(format!("{}.collateral", own.file), reason));
                }
            }
            let party = |side: Side| scenario.party("parties", &agreement.party(side).name);
            let margin = match &own.margin {
                None => None,
                Some(margin) => {
                    let of = scenario.agreement("agreements.margin.of", &margin.of)?;
                    Some((fraction("agreements.margin.share", &margin.share)?, of))
                }
            };
            desks.push(Desk {
                parties: [party(Side::A)?, party(Side::B)?],
                state: State::new(agreement, start),
                margin,
                sale: None,
                drawn: None,
                owed: Vec::new(),
                lane: Lane {
                    id: agreement.id.clone(),
                    title: agreement.title.clone(),
                    spans: Vec::new(),
                    settlement: None,
                },
                agreement: agreement.clone(),
            });
        }
        let (disputes, replaced) = (disputes(scenario)?, replaced(scenario)?);
        let begin = Moment::start_of(from);
        let contracts = settings.contracts.iter().map(|own| Running::of(scenario, own, begin));
        Ok(Run {
            contracts: contracts.collect::<Result<_, ScenarioError>>()?,
            parties: Parties::of(scenario)?,
            guarantor: scenario.party("guarantee.party", &settings.guarantee.party)?,
            first_share: market.float("SPY", start),
            market,
            observed: Observed::default(),
            desks,
            disputes,
            replaced,
            record: Record {
                from: start,
                to: start,
                lanes: Vec::new(),
                happenings: Vec::new(),
                days: Vec::new(),
                sales: Vec::new(),
                messages: Vec::new(),
                prices: Vec::new(),
                guaranteed: 0,
                hours: (0, 0),
                commands: 0,
            },
            at: start,
            scenario,
        })
    }

    /// Whether nothing waits any more that the path has begun.
    fn at_rest(&self) -> bool {
        self.desks.iter().all(|desk| desk.state.deadline().is_none() && desk.owed.is_empty())
    }

    /// One hour: time passes, contracts pay, collateral is sold, exposures are valued, calls are
    /// answered, collateral moves, everything is counted.
    fn hour(&mut self, date: Date, hour: u32, trades: bool) -> Result<(), ScenarioError> {
        self.at = self.scenario.zone.instant(date, hour * 3600);
        let now = Moment::new(date, hour * 3600)
            .map_err(|error| ScenarioError::setting("clock", error.to_string()))?;
        self.observe(now);
        for place in 0..self.desks.len() {
            self.step(place, &Input::Advance)?;
        }
        self.pay_contracts(now)?;
        let clock = self.scenario.settings.clock;
        if (clock.sell_from..=clock.sell_to).contains(&hour) {
            for place in 0..self.desks.len() {
                self.sell(place)?;
            }
        }
        self.guarantors()?;
        if hour == clock.value {
            self.value_all(now, trades)?;
        }
        if hour == clock.answer {
            self.answer_all(date)?;
        }
        if hour == clock.deliver {
            self.replace_all(date)?;
            self.deliver_all()?;
        }
        self.count();
        Ok(())
    }

    fn observe(&mut self, now: Moment) {
        for symbol in ["SPY", "ETH"] {
            self.observed.value(symbol, now, self.market.float(symbol, self.at));
        }
        self.observed.value("RATE", now, self.market.rate(self.at));
    }

    /// Takes an input of one agreement and everything that it says.
    fn step(&mut self, place: usize, input: &Input) -> Result<bool, ScenarioError> {
        let desk = &mut self.desks[place];
        let said = step(&desk.agreement, &mut desk.state, self.at, input);
        let refused = said.iter().any(|told| matches!(told.output, Output::Refused(_)));
        for told in &said {
            let message = Writer::new(&self.desks[place].agreement).message(told);
            self.record.messages.push(message);
            self.hear(place, told)?;
        }
        Ok(!refused)
    }

    fn name(&self, place: usize, side: Side) -> String {
        self.desks[place].agreement.party(side).name.clone()
    }

    fn note(
        &mut self,
        place: usize,
        (at, what): (Time, What),
        side: Side,
        cents: Option<u128>,
        told: String,
    ) {
        let party = self.name(place, side);
        let agreement = place;
        self.record.happenings.push(Happening { at, agreement, what, party, cents, told });
    }

    /// What follows outside from what an agreement says.
    fn hear(&mut self, place: usize, told: &Told) -> Result<(), ScenarioError> {
        let at = told.at;
        match &told.output {
            Output::Released { to, lots } | Output::Applied { by: to, lots, .. } => {
                let desk = &self.desks[place];
                self.parties.give(desk.parties[to.place()], &desk.agreement, lots);
            }
            Output::PaidOut { to, amount } => {
                let party = self.desks[place].parties[to.place()];
                self.parties.purses[party][0] += amount;
            }
            Output::Liquidate { lots, wanted, .. } => {
                let desk = &self.desks[place];
                let given = (&desk.agreement, lots.as_slice());
                let sale = Sale::open(self.scenario, &self.market, given, *wanted, self.at)?;
                self.desks[place].sale = Some(sale);
            }
            Output::GuaranteeCalled { amount, .. } => {
                let zone = &self.scenario.zone;
                self.desks[place].drawn = guarantee::call(self.scenario, zone, at, *amount)?;
            }
            Output::Defaulted { party, cause, .. } => {
                self.default(place, at, *party, *cause)?;
            }
            Output::Closed(settlement) => {
                self.desks[place].lane.settlement = Some(*settlement);
                self.desks[place].owed.clear();
            }
            _ => {}
        }
        self.tell(place, told);
        Ok(())
    }

    /// A default under one agreement is an event of default under every other of the same party.
    fn default(
        &mut self,
        place: usize,
        at: Time,
        party: Side,
        cause: Cause,
    ) -> Result<(), ScenarioError> {
        let told = format!("is in default: {}", cause.name());
        self.note(place, (at, What::Default), party, None, told);
        let who = self.desks[place].parties[party.place()];
        for other in 0..self.desks.len() {
            let desk = &self.desks[other];
            let side = Side::BOTH.into_iter().find(|side| desk.parties[side.place()] == who);
            if let Some(party) = side.filter(|_| other != place && desk.state.phase().in_force()) {
                self.step(other, &Input::Event { party, cause: Cause::CrossDefault })?;
            }
        }
        Ok(())
    }

    /// Contracts pay; what cannot be paid is owed, and a failure a business day later.
    fn pay_contracts(&mut self, now: Moment) -> Result<(), ScenarioError> {
        for contract in 0..self.contracts.len() {
            let place = self.contracts[contract].agreement;
            if !self.desks[place].state.phase().in_force() {
                continue;
            }
            let payments = self.contracts[contract].payments(&self.observed, now)?;
            for payment in payments {
                let from = if payment.cents > 0 { Side::B } else { Side::A };
                let cents = payment.cents.unsigned_abs();
                let kind = payment.kind.code();
                self.pay(place, from, cents, now.date(), kind);
            }
        }
        for place in 0..self.desks.len() {
            // What is owed when transactions end is part of the close-out amount.
            if !self.desks[place].state.phase().in_force() {
                continue;
            }
            for owed in std::mem::take(&mut self.desks[place].owed) {
                let late = self.desks[place].agreement.timing.calendar.clone();
                let until = late.plus_business_days(owed.since, 1).unwrap_or(owed.since);
                if now.date() > until {
                    let party = owed.from;
                    let cause = Cause::FailureToTransfer;
                    self.desks[place].owed.push(owed);
                    self.step(place, &Input::Event { party, cause })?;
                    break;
                }
                self.pay(place, owed.from, owed.cents, owed.since, "late");
            }
        }
        Ok(())
    }

    fn pay(&mut self, place: usize, from: Side, cents: u128, since: Date, kind: &str) {
        let desk = &mut self.desks[place];
        let (payer, payee) = (desk.parties[from.place()], desk.parties[from.other().place()]);
        if self.parties.pay(payer, payee, cents) {
            let told = format!("pays on a contract ({kind})");
            self.note(place, (self.at, What::Payment), from, Some(cents), told);
        } else {
            desk.owed.push(Owed { from, cents, since });
        }
    }

    /// What B would owe A of all contracts under an agreement, and what was due and is not paid.
    fn exposure(&self, place: usize) -> Result<i128, ScenarioError> {
        let fallen = 1.0 - self.market.float("SPY", self.at) / self.first_share.max(0.01);
        let market = &self.scenario.settings.market;
        let more = 100.0 * fallen.max(0.0) * f64::from(market.volatility_per_fall_ppm);
        let volatility = (f64::from(market.volatility_ppm) + more) / 1e6;
        let mut exposure = 0i128;
        for contract in self.contracts.iter().filter(|it| it.agreement == place) {
            exposure += contract.value(
                &self.observed,
                &self.market,
                &self.scenario.zone,
                self.at,
                volatility,
            )?;
        }
        for owed in &self.desks[place].owed {
            let cents = i128::try_from(owed.cents).unwrap_or(i128::MAX);
            exposure += if owed.from == Side::B { cents } else { -cents };
        }
        Ok(exposure)
    }

    fn margin(&self, place: usize, now: Moment) -> Option<Rational> {
        let (share, of) = self.desks[place].margin.as_ref()?;
        let contracts = self.contracts.iter().filter(|it| it.agreement == *of);
        let notional: i128 = contracts.map(|it| it.notional(&self.market, self.at, now)).sum();
        let in_force = self.desks[*of].state.phase().in_force();
        let notional = if in_force { notional } else { 0 };
        let exact = rational::from_raw(notional, 2) * share;
        // Margin amounts are whole cents, rounded against who posts.
        let cents = rational::to_raw(&exact, 2, Rounding::Ceil).ok()?;
        i128::try_from(cents).ok().map(|cents| rational::from_raw(cents, 2))
    }

    fn value_all(&mut self, now: Moment, trades: bool) -> Result<(), ScenarioError> {
        let cents = |symbol| self.market.raw(symbol, self.at).map_or(0, |(raw, _)| raw);
        if trades {
            self.record.prices.push((self.at, cents("SPY"), cents("ETH")));
        }
        for place in 0..self.desks.len() {
            let exposure = self.exposure(place)?;
            let desk = &self.desks[place];
            if let Phase::Valuing { .. } = desk.state.phase() {
                // Initial margin stands for what other collateral leaves open, once that is known.
                let amount = match &desk.margin {
                    None => rational::from_raw(exposure, 2),
                    Some((_, of)) => match self.left_open(*of) {
                        Some(open) => open,
                        None => continue,
                    },
                };
                self.step(place, &Input::CloseOut { amount })?;
                self.desks[place].owed.clear();
                continue;
            }
            if !desk.state.phase().in_force() || !trades {
                continue;
            }
            let margin = self.margin(place, now);
            let amount = margin.clone().unwrap_or_else(|| rational::from_raw(0, 0));
            let prices =
                desk.agreement.collateral.iter().map(|row| self.market.price(&row.asset, self.at));
            let input = Input::Value(Valuation {
                exposure: rational::from_raw(if margin.is_some() { 0 } else { exposure }, 2),
                margin: [
                    MarginAmounts::none(),
                    MarginAmounts { margin_amount: amount.clone(), ..MarginAmounts::none() },
                ],
                prices: prices.collect(),
            });
            let stated = match margin {
                None => exposure,
                Some(_) => {
                    let raw = rational::to_raw(&amount, 2, Rounding::Floor).unwrap_or(0);
                    i128::try_from(raw).unwrap_or(i128::MAX)
                }
            };
            self.step(place, &input)?;
            self.day(place, stated);
        }
        Ok(())
    }

    /// What the collateral of another agreement has not covered of its claim; none while it is being
    /// closed out.
    fn left_open(&self, of: usize) -> Option<Rational> {
        let nothing = rational::from_raw(0, 0);
        match self.desks[of].state.phase() {
            Phase::Closed(settlement) if settlement.debtor == Side::B => {
                let open = i128::try_from(settlement.outstanding).unwrap_or(i128::MAX);
                Some(rational::from_raw(open, 2))
            }
            Phase::Closed(_) => Some(nothing),
            phase => phase.in_force().then_some(nothing),
        }
    }

    fn day(&mut self, place: usize, exposure: i128) {
        let desk = &self.desks[place];
        let counts = |side: Side| {
            let sum = adjusted_sum(&desk.agreement, desk.state.prices(), desk.state.held(side));
            sum.ok().and_then(|sum| rational::to_raw(&sum, 2, Rounding::Floor).ok()).unwrap_or(0)
        };
        let (posted_a, posted_b) = (counts(Side::A), counts(Side::B));
        let (at, agreement) = (self.at, place);
        self.record.days.push(Day { at, agreement, exposure, posted_a, posted_b });
    }
}

/// A share from zero to one.
fn fraction(field: &str, text: &str) -> Result<Rational, ScenarioError> {
    let wrong = || ScenarioError::setting(field, format!("'{text}': a decimal from 0 to 1"));
    let share = rational::parse(text).map_err(|_| wrong())?;
    let inside = share >= rational::from_raw(0, 0) && share <= rational::from_raw(1, 0);
    if inside { Ok(share) } else { Err(wrong()) }
}

fn day_of(field: &str, text: &str) -> Result<Date, ScenarioError> {
    text.parse().map_err(|error: breakwater_agreement::Error| {
        ScenarioError::setting(field, error.to_string())
    })
}

fn disputes(scenario: &MarginCallScenario) -> Result<Vec<Disputed>, ScenarioError> {
    let one = |own: &super::settings::DisputeSettings| {
        Ok(Disputed {
            agreement: scenario.agreement("disputes.agreement", &own.agreement)?,
            day: day_of("disputes.day", &own.day)?,
            share: fraction("disputes.share", &own.share)?,
            settled: own
                .settled
                .as_ref()
                .map(|text| fraction("disputes.settled", text))
                .transpose()?,
            call: None,
        })
    };
    scenario.settings.disputes.iter().map(one).collect()
}

fn replaced(scenario: &MarginCallScenario) -> Result<Vec<Replaced>, ScenarioError> {
    let one = |own: &super::settings::SubstitutionSettings| {
        let place = scenario.agreement("substitutions.agreement", &own.agreement)?;
        let agreement = &scenario.agreements[place];
        Ok(Replaced {
            agreement: place,
            day: day_of("substitutions.day", &own.day)?,
            give: lots("substitutions.give", agreement, &own.give)?,
            take: lots("substitutions.take", agreement, &own.take)?,
            asked: None,
        })
    };
    scenario.settings.substitutions.iter().map(one).collect()
}
