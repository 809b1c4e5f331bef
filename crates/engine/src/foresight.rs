//! Looking ahead: the pool as it would be if only a part of a command happened.
//!
//! Nothing is changed. The command's own effects are laid over the pool and a rulebook is asked
//! about the result, so that what moved an account can be told apart: the price, the time, the
//! business or the parameters. What the engine does by itself after a command (sales it orders, lots
//! whose auctions end, losses it writes off and their bearers) is not foreseen.

use crate::engine::LedgerBalances;
use crate::{Body, Command, Engine};
use breakwater_liquidation::{Call, Effects, Overlay, Rejected, Rejection, Rulebook, View};
use breakwater_market::GuardState;
use breakwater_money::AccountId;

/// What of a command happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Nothing: the pool as it stands.
    Nothing,
    /// Time goes on to the command's, with the interest that the command would book.
    Time,
    /// Its price is accepted, at the time before it.
    Price,
    /// Its business is done, at the time before it; a delivery at its own time, since a contract does
    /// not end before.
    Business,
    /// Its rulebook comes into force, at the time before it.
    Rulebook,
    /// All of these.
    Whole,
}

impl Part {
    fn has(self, part: Part) -> bool {
        self == part || self == Part::Whole
    }
}

impl Engine {
    /// Asks the rulebook about the pool after `part` of `command`, seen from `account`: its own
    /// holdings are exact, and so are other accounts' balances through
    /// [`Balances::balance`](breakwater_liquidation::Balances::balance).
    ///
    /// # Errors
    /// No rulebook, an unknown account, or the refusal of the part.
    pub fn ahead<T>(
        &self,
        command: &Command,
        part: Part,
        account: AccountId,
        look: impl FnOnce(&dyn Rulebook, &View<'_>) -> T,
    ) -> Result<T, Rejected> {
        let installed = self.in_force()?;
        if account.index() >= self.standings.len() {
            return Err(Rejection::UnknownAccount.because(account.to_string()));
        }
        let ends = matches!(command.body, Body::Call(Call::Deliver { .. }));
        let later = part.has(Part::Time) || (ends && part.has(Part::Business));
        let at = if later { command.at.max(self.now) } else { self.now };
        let marks = self.marks_after(command, part)?;
        let balances = LedgerBalances(&self.ledger);
        let view = View::new(at, &self.assets, &self.markets, &marks, &balances, &self.state);
        let view = view.with_orders(&self.orders);
        let replaced = self.rulebook_after(command, part)?;
        let rulebook = replaced.as_deref().unwrap_or(&*installed.rulebook);
        let mut effects = Effects::default();
        if replaced.is_some() {
            effects.then(rulebook.found(&view)?);
        } else if part.has(Part::Time) && accrues(&command.body) {
            effects.then(rulebook.accrue(&view)?);
        }
        if part.has(Part::Business) {
            let accrued = effects.clone();
            effects.then(self.done_on(&view, rulebook, &accrued, command)?);
        }
        let overlay = Overlay::new(view, account, &effects)?;
        Ok(look(rulebook, &overlay.view()))
    }

    /// What the command's own business would do at its time, without the interest booked before
    /// it; nothing for a command without business on the rulebook.
    ///
    /// # Errors
    /// No rulebook, or the rulebook's refusal.
    pub fn business(&self, command: &Command) -> Result<Effects, Rejected> {
        let installed = self.in_force()?;
        self.with_view(command.at.max(self.now), |view| {
            let accrued = installed.rulebook.accrue(view)?;
            self.done_on(view, &*installed.rulebook, &accrued, command)
        })
    }

    fn done_on(
        &self,
        view: &View<'_>,
        rulebook: &dyn Rulebook,
        accrued: &Effects,
        command: &Command,
    ) -> Result<Effects, Rejected> {
        let mut orders = None;
        let call = match &command.body {
            Body::Call(call) => call.clone(),
            Body::FillOrder { order, quantity, price, against } => {
                let deal = (*order, *against);
                let (trade, left) = crate::steps::order::matched(self, deal, *quantity, *price)?;
                orders = Some(left);
                trade
            }
            Body::ReportFill { leg, quantity, proceeds, .. } if *quantity > 0 => {
                let Some(open) = self.legs.get(*leg) else {
                    return Err(Rejection::UnknownLeg.because(format!("leg {leg}")));
                };
                Call::Fill {
                    account: open.account,
                    asset: open.leg.asset,
                    quantity: *quantity,
                    proceeds: *proceeds,
                    proceeds_asset: open.leg.proceeds_asset,
                }
            }
            Body::Bid { auction, bidder, bid } => {
                let placed = (*auction, *bidder);
                match crate::steps::auction::sale_by(self, command.at, placed, bid)? {
                    Some(fill) => fill,
                    None => return Ok(Effects::default()),
                }
            }
            _ => return Ok(Effects::default()),
        };
        let named = call.accounts();
        if let Some(stranger) = named.iter().find(|a| a.index() >= self.standings.len()) {
            return Err(Rejection::UnknownAccount.because(stranger.to_string()));
        }
        let first = named.first().copied().unwrap_or_default();
        let overlay = Overlay::new(*view, first, accrued)?;
        let seen = overlay.view();
        // Margin is asked of the pool as it would be without what has filled.
        match &orders {
            Some(left) => rulebook.execute(&seen.with_orders(left), &call),
            None => rulebook.execute(&seen, &call),
        }
    }

    fn marks_after(&self, command: &Command, part: Part) -> Result<Vec<GuardState>, Rejected> {
        let mut marks = self.marks.clone();
        let Body::Tick(tick) = &command.body else { return Ok(marks) };
        if part.has(Part::Price) {
            let at = tick.market.index();
            let (Some(market), Some(state)) = (self.markets.get(at), marks.get_mut(at)) else {
                return Err(Rejection::UnknownMarket.because(tick.market.to_string()));
            };
            *state = market.guard.judge(state, tick, command.at).map_err(Rejected::from)?;
        }
        Ok(marks)
    }

    /// The rulebook that the command installs in place of the one in force; none if it installs
    /// none.
    fn rulebook_after(
        &self,
        command: &Command,
        part: Part,
    ) -> Result<Option<Box<dyn Rulebook>>, Rejected> {
        let Body::InstallRulebook { rule, parameters, .. } = &command.body else {
            return Ok(None);
        };
        if !part.has(Part::Rulebook) {
            return Ok(None);
        }
        // Another rule comes into force only over an empty book, where it changes nobody's health.
        if self.in_force()?.rule != *rule {
            let detail = format!("the book was built under another rule than '{rule}'");
            return Err(Rejection::RulebookCannotTake.because(detail));
        }
        self.registry
            .build(rule, parameters, &self.assets)
            .map_err(|reason| Rejection::BadParameter.because(reason))
    }
}

/// True if the engine books interest before it does what the body says.
const fn accrues(body: &Body) -> bool {
    match body {
        Body::Call(_) | Body::FillOrder { .. } | Body::Tick(_) | Body::AdvanceTime => true,
        Body::ReportFill { quantity, .. } => *quantity > 0,
        Body::Bid { bid, .. } => bid.sells(),
        _ => false,
    }
}
