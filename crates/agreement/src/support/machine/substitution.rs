//! Replacing what is posted: asked for, agreed, brought, and the old collateral given back.

use super::calls::Direction;
use super::input::{Output, Refusal};
use super::{SUBSTITUTIONS_MAX, Work};
use crate::support::terms::Side;
use crate::support::valuation::adjusted_sum;
use breakwater_money::Time;

/// Where a substitution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubstitutionStage {
    /// Consent is waited for; silence refuses.
    Asked,
    /// The new collateral is waited for; after that it lapses.
    Agreed,
}

/// A substitution that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Substitution {
    /// Its number.
    pub id: u32,
    /// Who asked.
    pub pledgor: Side,
    /// What it brings.
    pub give: Vec<u128>,
    /// What it wants back.
    pub take: Vec<u128>,
    /// Where it stands.
    pub stage: SubstitutionStage,
    /// The end of the wait.
    pub by: Time,
}

impl Work<'_> {
    pub(super) fn substitute(
        &mut self,
        pledgor: Side,
        give: &[u128],
        take: &[u128],
    ) -> Result<(), Refusal> {
        self.in_force()?;
        self.rows(give)?;
        self.rows(take)?;
        if self.state.substitutions.len() >= SUBSTITUTIONS_MAX {
            return Err(Refusal::TooMany { what: "substitutions", most: SUBSTITUTIONS_MAX });
        }
        if !self.agreement.party(pledgor).posts {
            return Err(Refusal::NeverPosts { party: pledgor });
        }
        self.replaces(pledgor, give, take)?;
        let id = self.state.next_id();
        let asks = self.agreement.substitution_consent;
        let stage = if asks { SubstitutionStage::Asked } else { SubstitutionStage::Agreed };
        let timing = &self.agreement.timing;
        let by = timing.close_after(self.at, timing.substitution_days);
        let (give, take) = (give.to_vec(), take.to_vec());
        self.state.substitutions.push(Substitution {
            id,
            pledgor,
            give: give.clone(),
            take: take.clone(),
            stage,
            by,
        });
        self.tell(Output::SubstitutionAsked { substitution: id, pledgor, give, take, by });
        if !asks {
            self.tell(Output::SubstitutionAgreed { substitution: id, by });
        }
        Ok(())
    }

    /// Holds that `take` is there to be given back and `give` counts for no less.
    fn replaces(&self, pledgor: Side, give: &[u128], take: &[u128]) -> Result<(), Refusal> {
        let prices = &self.state.prices;
        let value = |lots: &[u128]| {
            adjusted_sum(self.agreement, prices, lots)
                .map_err(|error| Refusal::Value(error.to_string()))
        };
        if take.iter().all(|lot| *lot == 0) {
            return Err(Refusal::Lots { right: "something to get back" });
        }
        // What is on its way back already cannot be asked for once more.
        let named = self
            .state
            .calls
            .iter()
            .filter(|call| call.pledgor == pledgor && call.direction == Direction::Return);
        let mut wanted = take.to_vec();
        for lots in named.filter_map(|call| call.lots.as_ref()) {
            for (sum, lot) in wanted.iter_mut().zip(lots) {
                *sum = sum.saturating_add(*lot);
            }
        }
        if !self.state.accounts.holds(pledgor, &wanted) {
            return Err(Refusal::Lots { right: "no more back than is held" });
        }
        match value(give)? >= value(take)? {
            true => Ok(()),
            false => Err(Refusal::Lots { right: "new collateral that counts for no less" }),
        }
    }

    fn find_substitution(
        &self,
        id: u32,
        stage: SubstitutionStage,
        right: &'static str,
    ) -> Result<usize, Refusal> {
        let mut open = self.state.substitutions.iter();
        let place = open.position(|it| it.id == id && it.stage == stage);
        place.ok_or(Refusal::Substitution { substitution: id, right })
    }

    pub(super) fn consent(&mut self, id: u32, yes: bool) -> Result<(), Refusal> {
        self.in_force()?;
        let place = self.find_substitution(id, SubstitutionStage::Asked, "waits for consent")?;
        if !yes {
            self.state.substitutions.remove(place);
            self.tell(Output::SubstitutionEnded { substitution: id });
            return Ok(());
        }
        let timing = &self.agreement.timing;
        let by = timing.close_after(self.at, timing.substitution_days);
        let substitution = &mut self.state.substitutions[place];
        substitution.stage = SubstitutionStage::Agreed;
        substitution.by = by;
        self.tell(Output::SubstitutionAgreed { substitution: id, by });
        Ok(())
    }

    pub(super) fn bring(&mut self, id: u32) -> Result<(), Refusal> {
        self.in_force()?;
        let place = self.find_substitution(id, SubstitutionStage::Agreed, "is agreed")?;
        let substitution = &self.state.substitutions[place];
        let (pledgor, give) = (substitution.pledgor, substitution.give.clone());
        let take = substitution.take.clone();
        // Prices have moved since it was asked for.
        self.replaces(pledgor, &give, &take)?;
        if !self.state.accounts.has_room(pledgor, &give) {
            return Err(Refusal::Lots { right: "quantities that 128 bits count" });
        }
        if self.state.calls.len() >= super::CALLS_MAX {
            return Err(Refusal::TooMany { what: "calls", most: super::CALLS_MAX });
        }
        self.state.substitutions.remove(place);
        self.state.accounts.receive(pledgor, &give);
        self.tell(Output::Settled {
            call: id,
            from: pledgor,
            lots: give,
            complete: true,
            cured: false,
        });
        self.owe(pledgor, Direction::Return, take);
        Ok(())
    }

    pub(super) fn substitution_lapses(&mut self, id: u32) {
        self.state.substitutions.retain(|it| it.id != id);
        self.tell(Output::SubstitutionEnded { substitution: id });
    }
}
