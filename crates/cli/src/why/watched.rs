//! Follows one account through the commands of a journal: before each the engine is asked what it
//! would do to the account, after each what it did.

use super::cause;
use super::marks::{self, Fallen};
use super::record::{Cause, Crossing, Did, Moment, Picture, Place, Quoted, Story};
use super::steps::{self, Known, Tracked};
use breakwater_engine::{Body, Command, Engine, OpenLeg, Outcome, Part, What};
use breakwater_liquidation::policy::Socialise;
use breakwater_liquidation::{Call, CallState, Effects, Policy, Rulebook, View};
use breakwater_margin::{Band, Ratio};
use breakwater_money::{AccountId, Time};

/// One account, and its story so far.
pub struct Watched {
    /// Whose story.
    pub account: AccountId,
    /// The story.
    pub story: Story,
    now: Picture,
    /// Its sales and orders under way: a command that calls one off no longer knows them.
    tracked: Tracked,
    crossed: Option<Crossing>,
}

/// What was found out before a command was applied.
pub struct Ahead {
    /// Where the account stood, by the policy before the command.
    band: Band,
    /// The markets and lines just before, if the account may fall below a line.
    markets: Option<Vec<Quoted>>,
    /// What alone would do it.
    causes: Vec<Cause>,
    /// The account below the line, before the engine does anything about it: with the same command
    /// it may sell, or hand the account over.
    fallen: Option<Fallen>,
    /// What the command's own business does, if it concerns the account.
    business: Option<Effects>,
    /// The sale that came back, whosever.
    filled: Option<OpenLeg>,
}

impl Default for Ahead {
    fn default() -> Self {
        Ahead {
            band: Band::Healthy,
            markets: None,
            causes: Vec::new(),
            fallen: None,
            business: None,
            filled: None,
        }
    }
}

impl Watched {
    /// Follows `account` from now on.
    pub fn new(engine: &Engine, account: AccountId) -> Self {
        let now = picture(engine, account);
        let (story, tracked) = (Story::default(), Tracked::default());
        Watched { account, story, now, tracked, crossed: None }
    }

    /// What can only be found out before the command.
    pub fn before(&self, engine: &Engine, command: &Command) -> Ahead {
        let (Some(rulebook), Some(policy)) = (engine.rulebook(), engine.policy()) else {
            return Ahead::default();
        };
        let mut ahead = Ahead { band: self.band(policy.warn_ratio), ..Ahead::default() };
        if let Body::ReportFill { leg, .. } = &command.body {
            ahead.filled = engine.open_legs().get(leg).cloned();
        }
        if self.concerns(engine, rulebook, command, &ahead) {
            ahead.business = engine.business(command).ok();
        }
        let warn = cause::warn_after(command, Part::Whole, policy);
        let whole = cause::band_after(engine, command, Part::Whole, self.account, warn);
        let falls = whole.filter(|whole| *whole > ahead.band);
        if falls.is_some() || may_reach(policy, self.account) {
            let account = self.account;
            let look = |rulebook: &dyn Rulebook, view: &View<'_>| {
                marks::before(rulebook, view, account, command)
            };
            ahead.markets = engine.ahead(command, Part::Time, account, look).ok();
        }
        if let Some(falls) = falls {
            ahead.causes = cause::alone(engine, command, self.account, falls, policy);
            let before = ahead.markets.clone().unwrap_or_default();
            let look = |rulebook: &dyn Rulebook, view: &View<'_>| {
                marks::fallen(rulebook, view, self.account, command, before)
            };
            ahead.fallen = engine.ahead(command, Part::Whole, self.account, look).ok();
        }
        ahead
    }

    /// What the command did to the account.
    pub fn after(&mut self, engine: &Engine, command: &Command, outcome: &Outcome, ahead: Ahead) {
        if !outcome.accepted() {
            return;
        }
        let place = Place { sequence: outcome.sequence, at: outcome.at };
        let (was, called) = (self.now, self.story.called.is_some());
        self.now = picture(engine, self.account);
        self.cross(engine, command, outcome, (place, was), &ahead);
        for event in &outcome.events {
            if let What::CallMoved { account, to, deadline, .. } = &event.what
                && *account == self.account
            {
                self.moved(place, *to, *deadline, was);
            }
        }
        let known = Known {
            engine,
            account: self.account,
            command,
            place,
            business: ahead.business.as_ref(),
            filled: ahead.filled.as_ref(),
            after: self.now,
        };
        if let Some(paid) = known.paid() {
            self.story.count(&paid);
            if called {
                self.story.add(known.step(Did::Paid(paid)));
            }
        }
        for step in steps::of(&known, &outcome.events, &mut self.tracked, called) {
            if step.liquidates() && self.story.liquidated.is_none() {
                self.story.liquidated = Some(place);
                self.story.before.get_or_insert(was);
            }
            self.story.add(step);
        }
    }

    fn band(&self, warn: Ratio) -> Band {
        self.now.health.map_or(Band::Healthy, |health| health.band(warn))
    }

    /// True if the command's own business moves something of the account.
    fn concerns(
        &self,
        engine: &Engine,
        rulebook: &dyn Rulebook,
        command: &Command,
        ahead: &Ahead,
    ) -> bool {
        match &command.body {
            Body::Call(
                Call::Fund { contract: asset, .. }
                | Call::Charge { asset, .. }
                | Call::Settle { contract: asset }
                | Call::Deliver { contract: asset, .. }
                | Call::Quote { contract: asset, .. },
            ) => {
                let holdings = engine.ledger().holdings(self.account);
                holdings.iter().any(|held| held.unit.asset == *asset)
            }
            Body::Call(call) => {
                call.accounts().contains(&self.account)
                    || engine
                        .look(|view| rulebook.targets(view, call))
                        .is_ok_and(|targets| targets.contains(&self.account))
            }
            Body::ReportFill { .. } => {
                ahead.filled.as_ref().is_some_and(|open| open.account == self.account)
            }
            Body::Bid { auction, .. } => {
                let open = engine.open_legs().get(auction);
                open.is_some_and(|open| open.account == self.account)
            }
            Body::FillOrder { order, against, .. } => [Some(*order), *against]
                .into_iter()
                .flatten()
                .any(|order| cause::owns_order(engine, order, self.account)),
            _ => false,
        }
    }

    /// Notes the line that the command carried the account over, if it did.
    fn cross(
        &mut self,
        engine: &Engine,
        command: &Command,
        outcome: &Outcome,
        (place, was): (Place, Picture),
        ahead: &Ahead,
    ) {
        let (Some(policy), Some(rulebook)) = (engine.policy(), engine.rulebook()) else { return };
        let fell =
            self.now.health.is_some_and(|health| health.band(policy.warn_ratio) > ahead.band);
        let fallen = match &ahead.fallen {
            Some(foreseen) => foreseen.clone(),
            None if fell => {
                let before = ahead.markets.clone().unwrap_or_default();
                engine.look(|view| marks::fallen(rulebook, view, self.account, command, before))
            }
            None => return,
        };
        let mut causes = ahead.causes.clone();
        if was.health.is_none() {
            causes = vec![Cause::FirstPrice];
        } else if causes.is_empty() {
            causes = cause::of_others(self.account, command, &outcome.events);
        }
        let Fallen { after, markets, top_up } = fallen;
        let (command, before) = (command.body.kind(), was);
        self.crossed = Some(Crossing { place, command, before, after, markets, causes, top_up });
    }

    fn moved(&mut self, place: Place, to: CallState, deadline: Option<Time>, was: Picture) {
        let moment = |crossing| Moment { place, deadline, crossing };
        match to {
            // A warning after a call is a recovery.
            CallState::Warned if self.story.warned.is_none() && self.story.calls == 0 => {
                self.story.warned = Some(moment(self.crossed.clone()));
            }
            CallState::Called => {
                self.story.calls += 1;
                if self.story.called.is_none() {
                    let before = self.crossed.as_ref().map_or(was, |crossing| crossing.before);
                    self.story.before.get_or_insert(before);
                    self.story.called = Some(moment(self.crossed.clone()));
                }
            }
            _ => {}
        }
    }
}

/// True if another account's loss may reach the account by what the engine does by itself, which
/// nothing foresees.
fn may_reach(policy: &Policy, account: AccountId) -> bool {
    let backstop = &policy.backstop;
    backstop.socialise != Socialise::Nobody
        || backstop.deleverage.is_some()
        || backstop.vault == Some(account)
}

/// The account as it stands.
pub fn picture(engine: &Engine, account: AccountId) -> Picture {
    let sides = engine.rulebook().and_then(|rulebook| {
        let sides = engine.look(|view| rulebook.sides(view, account));
        sides.ok()
    });
    Picture { health: engine.health(account).ok(), sides: sides.unwrap_or_default() }
}
