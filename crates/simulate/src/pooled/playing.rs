//! The crowd through the path, round by round.

use super::crowd::{Member, crowd, path, signed};
use super::settings::{CrowdSettings, Way};
use crate::ScenarioError;
use breakwater_liquidation::pooled::{
    self, Market, PooledLeg, Quotes, Side, Standing, Step, Steps, after_recovery, loss_at_risk,
};
use breakwater_money::{AccountId, AssetId, Price};
use std::collections::{BTreeMap, BTreeSet};

/// What came of it. Values are base units times cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Accounts that were in breach.
    pub breached: u32,
    /// Base units closed, both sides; of a cross both legs.
    pub closed: u128,
    /// Of them, closed against each other.
    pub crossed: u128,
    /// What closing lost against the mark of its round.
    pub cost: u128,
    /// What the mark moved against legs while they waited; negative where it moved for them.
    pub drift: i128,
    /// The last price of the path.
    pub path_end: u128,
    /// Lowest mark, cents.
    pub trough: u128,
    /// Lowest price that a unit was sold for, cents; zero where none was.
    pub sold_low: u128,
    /// Largest distance of a dealt unit from the mark, basis points, raised.
    pub impact_bps: u128,
    /// Accounts that closed with less than nothing.
    pub bankrupt: u32,
    /// What they lacked.
    pub deficit: u128,
    /// Rounds from the first breach to the last fill.
    pub rounds: u32,
    /// Longest that a leg waited, rounds.
    pub waited_max: u32,
    /// Rounds of all waits together.
    pub waited: u64,
    /// Base units that no round could close.
    pub left: u128,
}

/// Rounds after the path within which everything is closed, or counts as left.
const AFTER_MAX: u32 = 100_000;

const ASSET: AssetId = AssetId(0);

/// Since which round an account has something left to close, and the mark then.
#[derive(Debug, Clone, Copy)]
struct Open {
    round: u32,
    mark: u128,
}

struct Play<'a> {
    settings: &'a CrowdSettings,
    members: Vec<Member>,
    mark: u128,
    bids: Steps,
    asks: Steps,
    /// Consumed of bids and of asks.
    consumed: [u128; 2],
    open: BTreeMap<AccountId, Open>,
    /// Whoever was in breach.
    breached: BTreeSet<AccountId>,
    first: Option<u32>,
    figures: Figures,
}

/// Plays the path.
///
/// # Errors
/// A setting that makes no sense.
pub fn run(settings: &CrowdSettings, way: Way) -> Result<Figures, ScenarioError> {
    settings.validate()?;
    let path = path(settings);
    let end = path.last().copied().unwrap_or(settings.start_cents);
    let none = Steps::bids(&[]).map_err(refused)?;
    let mut play = Play {
        settings,
        members: crowd(settings, &path),
        mark: settings.start_cents,
        bids: none.clone(),
        asks: none,
        consumed: [0, 0],
        open: BTreeMap::new(),
        breached: BTreeSet::new(),
        first: None,
        figures: Figures { path_end: end, trough: settings.start_cents, ..Figures::default() },
    };
    let after = std::iter::repeat_n(end, AFTER_MAX as usize);
    for (round, index) in (1u32..).zip(path.into_iter().chain(after)) {
        play.moved(index)?;
        play.breaches(round);
        if round > settings.rounds && play.open.is_empty() {
            break;
        }
        match way {
            Way::Alone => play.alone(round),
            Way::Rounds => play.pooled(round)?,
        }
    }
    let left =
        play.open.keys().map(|account| play.members[account.index()].position.unsigned_abs());
    play.figures.left = left.sum();
    play.figures.breached = u32::try_from(play.breached.len()).unwrap_or(u32::MAX);
    Ok(play.figures)
}

fn refused(error: pooled::PooledError) -> ScenarioError {
    ScenarioError::setting("rounds", error.to_string())
}

impl Play<'_> {
    /// Depth recovers, what impact is left moves the mark, and depth stands around it.
    fn moved(&mut self, index: u128) -> Result<(), ScenarioError> {
        for consumed in &mut self.consumed {
            *consumed = after_recovery(*consumed, self.settings.recovery_e18).map_err(refused)?;
        }
        let [down, up] = self.consumed.map(|consumed| self.away(consumed));
        let carried = |bps: u32| index * u128::from(bps) * u128::from(self.settings.feedback_bps);
        let index = (index * SCALE + carried(up)).saturating_sub(carried(down)) / SCALE;
        self.mark = index.max(1);
        self.figures.trough = self.figures.trough.min(self.mark);
        let step = |away: u32, quantity, down: bool| {
            let bps = u128::from(if down { 10_000 - away } else { 10_000 + away });
            Step { price: self.mark * bps / 10_000, quantity }
        };
        let steps = |down| -> Vec<Step> {
            self.settings.depth.iter().map(|s| step(s.away_bps, s.quantity, down)).collect()
        };
        self.bids = Steps::bids(&steps(true)).map_err(refused)?;
        self.asks = Steps::asks(&steps(false)).map_err(refused)?;
        Ok(())
    }

    /// How far the next unit is from where the first would be, basis points.
    fn away(&self, consumed: u128) -> u32 {
        let depth = &self.settings.depth;
        let mut sum = 0;
        let next = depth.iter().find(|step| {
            sum += step.quantity;
            sum > consumed
        });
        let first = depth.first().map_or(0, |step| step.away_bps);
        next.or(depth.last()).map_or(0, |step| step.away_bps - first)
    }

    /// Who is in breach now. Whoever is not any more, or holds nothing, has nothing left to close.
    fn breaches(&mut self, round: u32) {
        let bps = self.settings.maintenance_bps;
        for (number, member) in (0u32..).zip(&self.members) {
            let account = AccountId(number);
            let short = member.equity(self.mark) < member.maintenance(self.mark, bps);
            if member.position == 0 || !short || member.opens_at > round {
                self.open.remove(&account);
            } else {
                self.first.get_or_insert(round);
                let mark = self.mark;
                self.open.entry(account).or_insert(Open { round, mark });
                self.breached.insert(account);
            }
        }
    }

    fn alone(&mut self, round: u32) {
        let accounts: Vec<AccountId> = self.open.keys().copied().collect();
        for account in accounts {
            let position = self.members[account.index()].position;
            let (side, depth) = match position > 0 {
                true => (Side::Sell, &self.bids),
                false => (Side::Buy, &self.asks),
            };
            let worst = Price::new(if side == Side::Sell { 1 } else { u128::MAX }, 2);
            let stands = depth.within(worst).saturating_sub(self.consumed[side as usize]);
            let quantity = position.unsigned_abs().min(stands);
            self.deal(account, side, quantity, round);
        }
    }

    fn pooled(&mut self, round: u32) -> Result<(), ScenarioError> {
        let price = |raw| Price::new(raw, 2);
        let mut legs = Vec::with_capacity(self.open.len());
        for (account, open) in &self.open {
            let member = &self.members[account.index()];
            let quantity = member.position.unsigned_abs();
            let long = member.position > 0;
            let reach = self.settings.reach_ppm;
            let at_risk = loss_at_risk(quantity * self.mark, member.equity(self.mark), reach);
            legs.push(PooledLeg {
                account: *account,
                asset: ASSET,
                side: if long { Side::Sell } else { Side::Buy },
                quantity,
                worst_price: price(if long { 1 } else { u128::MAX }),
                loss_at_risk: at_risk.map_err(refused)?,
                waited_rounds: round - open.round,
            });
        }
        let market = Market {
            asset: ASSET,
            mark: price(self.mark),
            band: (price(self.mark), price(self.mark)),
            bids: Standing { depth: &self.bids, consumed: self.consumed[0] },
            asks: Standing { depth: &self.asks, consumed: self.consumed[1] },
        };
        let found = pooled::round(&market, &legs, &self.settings.limits).map_err(refused)?;
        for cross in &found.crosses {
            let value = cross.quantity * self.mark;
            for (account, side) in [(cross.seller, Side::Sell), (cross.buyer, Side::Buy)] {
                self.close(account, side, (cross.quantity, value), round);
            }
            self.figures.crossed += 2 * cross.quantity;
        }
        for release in &found.releases {
            self.deal(release.account, release.side, release.quantity, round);
        }
        Ok(())
    }

    /// Deals in the market.
    fn deal(&mut self, account: AccountId, side: Side, quantity: u128, round: u32) {
        if quantity == 0 {
            return;
        }
        let depth = if side == Side::Sell { &self.bids } else { &self.asks };
        let consumed = self.consumed[side as usize];
        let last = depth.value_after(consumed + quantity - 1, 1).unwrap_or(self.mark);
        let Some(value) = depth.value_after(consumed, quantity) else { return };
        self.consumed[side as usize] += quantity;
        let figures = &mut self.figures;
        let impact = (last.abs_diff(self.mark) * 10_000).div_ceil(self.mark);
        figures.impact_bps = figures.impact_bps.max(impact);
        figures.cost += value.abs_diff(quantity * self.mark);
        if side == Side::Sell && (figures.sold_low == 0 || last < figures.sold_low) {
            figures.sold_low = last;
        }
        self.close(account, side, (quantity, value), round);
    }

    fn close(&mut self, account: AccountId, side: Side, of: (u128, u128), round: u32) {
        let (quantity, value) = (signed(of.0), signed(of.1));
        let member = &mut self.members[account.index()];
        let sign = if side == Side::Sell { 1 } else { -1 };
        member.position -= sign * quantity;
        member.cash += sign * value;
        let figures = &mut self.figures;
        figures.closed += of.0;
        figures.rounds = round + 1 - self.first.unwrap_or(round);
        let Some(open) = self.open.get(&account) else { return };
        let waited = round - open.round;
        figures.drift += sign * quantity * (signed(open.mark) - signed(self.mark));
        figures.waited_max = figures.waited_max.max(waited);
        if member.position == 0 {
            figures.waited += u64::from(waited);
            if member.cash < 0 {
                figures.bankrupt += 1;
                figures.deficit += member.cash.unsigned_abs();
            }
        }
    }
}

/// Basis points of basis points.
const SCALE: u128 = 100_000_000;
