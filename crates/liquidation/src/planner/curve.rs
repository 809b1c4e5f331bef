//! All outlets of one holding as one curve of steps, those of later slices included.

use super::terms::PlannerTerms;
use crate::conditions::{OutletKind, still_missing};
use crate::ladder::notional;
use crate::plan::{in_terms_of, lot_size, one_of, pays, proceeds, slipped};
use crate::rulebook::Saleable;
use crate::{Conditions, Form, Leg, Policy, Rejected, Rejection, Rulebook, View};
use breakwater_market::MarketId;
use breakwater_money::rounding::{Rounding, div, mul_div};
use breakwater_money::{AssetId, Price};

/// Slices that a plan looks ahead. Each slice is planned again, so that a later one is a forecast
/// that is used only to price waiting.
pub const SLICES_MAX: u8 = 8;

/// What is left after the last slice: sold at the worst price of the band.
pub(super) const BEYOND: u8 = SLICES_MAX + 1;

/// A day, in which volatility is stated.
// float: a scale of time.
pub(super) const DAY_NANOS: f64 = 86_400e9;

/// A price at which a quantity can be sold.
// float: costs rank steps; what a step pays is an integer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// Raw, at the market's decimals.
    pub raw: u128,
    /// The same in the proceeds asset.
    pub price: Price,
    pub quantity: u128,
    /// Place among the market's outlets; none where nothing is known of them.
    pub outlet: Option<usize>,
    pub is_market: bool,
    /// 0 for now.
    pub slice: u8,
    /// Numeraire base units a base unit: what is lost against the mark, and the risk of the
    /// outlet's own wait.
    pub cost: f64,
    /// The same less what selling it then saves of the account's risk.
    pub net: f64,
}

/// A step with what all before it take and fetch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed {
    pub step: Step,
    /// Base units up to its end.
    pub end: u128,
    /// What the steps before it fetch, each rounded against the account.
    fetched: u128,
    /// The worst price up to it.
    pub worst: Price,
}

/// A holding with everything it can be sold to.
// float: see `Step`.
#[derive(Debug, Clone)]
pub(crate) struct Curve {
    pub item: Saleable,
    pub market: MarketId,
    pub mark: Price,
    pub lot: u128,
    pub lots: u128,
    /// Numeraire base units a base unit is worth at the mark.
    pub unit_value: f64,
    /// True if its account pays rather than gets.
    pub pays: bool,
    /// The mark and the worst price of the band, both in the proceeds asset.
    pub fair: Price,
    pub band: Price,
    /// The latter at the market's decimals, and what a base unit loses there.
    pub band_raw: u128,
    pub band_cost: f64,
    /// What may be sold now, cheapest first.
    now: Vec<Step>,
    /// What of the depth is back by each later slice.
    later: Vec<Step>,
    /// Everything in the order in which it is used, for the risk last set.
    pub placed: Vec<Placed>,
}

/// What the curve of a holding is made from.
#[derive(Clone, Copy)]
pub(crate) struct Venue<'a> {
    pub rulebook: &'a dyn Rulebook,
    pub view: &'a View<'a>,
    pub policy: &'a Policy,
    pub terms: &'a PlannerTerms,
}

/// The best, and where a sale must end, at the market's decimals.
pub(super) struct Bounds {
    pub band: u128,
    impact: u128,
    buy: bool,
}

impl Bounds {
    pub fn of(
        mark: u128,
        buy: bool,
        slippage_bps: u32,
        terms: &PlannerTerms,
    ) -> Result<Bounds, Rejected> {
        Ok(Bounds {
            band: slipped(mark, slippage_bps, buy)?,
            impact: slipped(mark, terms.impact_max_bps, buy)?,
            buy,
        })
    }

    fn allows(&self, raw: u128, is_market: bool) -> bool {
        let within = |bound| if self.buy { raw <= bound } else { raw >= bound };
        within(self.band) && (!is_market || within(self.impact))
    }
}

// float: see `Step`.
impl Curve {
    pub fn of(venue: &Venue<'_>, item: Saleable) -> Result<Curve, Rejected> {
        let Venue { rulebook, view, policy, terms } = *venue;
        let (market, mark) = (view.market_of(item.asset)?, view.price(item.asset)?);
        let lot = lot_size(rulebook, view, policy, item.asset)?.clamp(1, item.quantity.max(1));
        let worth = notional(rulebook, view, item.asset, item.quantity)?;
        let bounds = Bounds::of(mark.raw, item.buy_back, policy.slippage_bps, terms)?;
        let leg = leg_for(&item, item.quantity, mark);
        let mut curve = Curve {
            item,
            market,
            mark,
            lot,
            lots: div(item.quantity, lot, Rounding::Ceil)?,
            unit_value: worth as f64 / item.quantity.max(1) as f64,
            pays: pays(view, &leg)?,
            fair: in_proceeds(view, &item, mark)?,
            band: in_proceeds(view, &item, Price::new(bounds.band, mark.decimals))?,
            band_raw: bounds.band,
            band_cost: 0.0,
            now: Vec::new(),
            later: Vec::new(),
            placed: Vec::new(),
        };
        curve.band_cost = curve.cost(view, bounds.band);
        let known = view.observed().conditions(market);
        let believed =
            |known: &&Conditions| view.now.since(known.observed_at) <= terms.age_max_nanos;
        if let Some(known) = known.filter(believed) {
            curve.observe(venue, known, &bounds)?;
        } else {
            let unknown = curve.step(view, (bounds.band, item.quantity), None)?;
            curve.now.push(unknown);
        }
        Ok(curve)
    }

    /// What a base unit loses at a price, numeraire base units.
    fn cost(&self, view: &View<'_>, raw: u128) -> f64 {
        let (mark, price) = (self.mark.raw.max(1) as f64, raw.max(1) as f64);
        let contract = view.asset(self.item.asset).ok().and_then(|info| info.kind.contract());
        // An inverse contract is worth a quantity over its price.
        let inverse = contract.is_some_and(|terms| matches!(terms.form, Form::Inverse));
        let lost = if inverse { mark / price - 1.0 } else { (mark - price) / mark };
        self.unit_value * if self.item.buy_back { -lost } else { lost }
    }

    fn step(
        &self,
        view: &View<'_>,
        (raw, quantity): (u128, u128),
        outlet: Option<(usize, OutletKind)>,
    ) -> Result<Step, Rejected> {
        Ok(Step {
            raw,
            price: in_proceeds(view, &self.item, Price::new(raw, self.mark.decimals))?,
            quantity,
            outlet: outlet.map(|(place, _)| place),
            is_market: outlet.is_some_and(|(_, kind)| kind.is_market()),
            slice: 0,
            cost: self.cost(view, raw),
            net: 0.0,
        })
    }

    fn observe(
        &mut self,
        venue: &Venue<'_>,
        known: &Conditions,
        bounds: &Bounds,
    ) -> Result<(), Rejected> {
        let Venue { view, terms, .. } = *venue;
        let proceeds = Some(self.item.proceeds_asset);
        let taken = view.taken(self.item.asset, bounds.buy)?;
        let merge = Merge { known, bounds, terms, proceeds, taken, unit_value: self.unit_value };
        let (now, later) = merge.steps(|level, stands| self.step(view, level, stands))?;
        (self.now, self.later) = (now, later);
        Ok(())
    }

    /// Orders everything by cost less the risk that a sale then saves. `saved` is what selling a
    /// base unit now rather than a slice later saves; where it is negative, because the holding
    /// hedges others, what is there now is counted for the next slice.
    pub fn set_risk(&mut self, view: &View<'_>, saved: &f64) -> Result<(), Rejected> {
        let saved = *saved;
        let mut steps = ordered(&self.now, &self.later, saved, SLICES_MAX);
        let waited = libm::sqrt(f64::from(BEYOND)) - 1.0;
        let (raw, cost) = (self.band_raw, self.band_cost);
        steps.push(Step {
            raw,
            price: self.band,
            quantity: self.item.quantity,
            outlet: None,
            is_market: false,
            slice: BEYOND,
            cost,
            net: cost + saved.max(0.0) * waited,
        });
        self.place(view, &steps)
    }

    /// The order of a sale at once, whatever may be lost later.
    pub fn without_risk(&mut self, view: &View<'_>) -> Result<(), Rejected> {
        self.set_risk(view, &0.0)
    }

    /// True if the limits leave a whole lot, or all that is held, to be sold now.
    pub fn has_lot_now(&self) -> bool {
        let least = self.lot.min(self.item.quantity);
        let sum = |sum: u128, step: &Step| sum.saturating_add(step.quantity);
        self.now.iter().fold(0, sum) >= least
    }

    /// Forgets what comes back later.
    pub fn only_now(&mut self) {
        self.later.clear();
    }

    /// Cuts the steps to the holding and sums them up.
    fn place(&mut self, view: &View<'_>, steps: &[Step]) -> Result<(), Rejected> {
        self.placed.clear();
        let (mut end, mut fetched, mut worst) = (0u128, 0u128, self.fair);
        for step in steps {
            let quantity = step.quantity.min(self.item.quantity - end);
            if quantity == 0 {
                continue;
            }
            worst = if end == 0 { step.price } else { self.worse(worst, step.price) };
            end += quantity;
            let step = Step { quantity, ..*step };
            self.placed.push(Placed { step, end, fetched, worst });
            let paid = proceeds(view, &self.leg(quantity, step.price), quantity, step.price)?;
            fetched = fetched.checked_add(paid).ok_or(Rejection::Overflow)?;
        }
        Ok(())
    }

    /// The worse of two prices for the account.
    pub fn worse(&self, one: Price, other: Price) -> Price {
        // Prices of one holding may differ in decimals, see `in_terms_of`.
        let less = below(one, other);
        if less == self.item.buy_back { other } else { one }
    }

    pub fn leg(&self, quantity: u128, worst: Price) -> Leg {
        leg_for(&self.item, quantity, worst)
    }

    /// Base units in so many lots.
    pub fn of_lots(&self, lots: u128) -> u128 {
        self.lot.saturating_mul(lots).min(self.item.quantity)
    }

    /// Whole lots in the first so many base units; all of the holding is all of its lots.
    pub fn lots_in(&self, quantity: u128) -> Result<u128, Rejected> {
        if quantity >= self.item.quantity {
            return Ok(self.lots);
        }
        Ok(div(quantity, self.lot, Rounding::Floor)?)
    }

    /// What a quantity fetches (or costs), over its cheapest steps.
    pub fn fetches(&self, view: &View<'_>, quantity: u128) -> Result<u128, Rejected> {
        let at = self.placed.partition_point(|placed| placed.end < quantity);
        let Some(last) = self.placed.get(at).filter(|_| quantity > 0) else { return Ok(0) };
        let part = quantity - (last.end - last.step.quantity);
        let step = last.step.price;
        let more = proceeds(view, &self.leg(part, step), part, step)?;
        let sum = last.fetched.checked_add(more).ok_or(Rejection::Overflow)?;
        // Roundings of the steps together may hide a unit that the whole at its worst price does not.
        let least = proceeds(view, &self.leg(quantity, last.worst), quantity, last.worst)?;
        Ok(if self.pays { sum.min(least) } else { sum.max(least) })
    }

    /// Its cheapest steps up to a quantity.
    pub fn parts(&self, quantity: u128) -> impl Iterator<Item = Step> {
        self.placed.iter().map_while(move |placed| {
            let before = placed.end - placed.step.quantity;
            let left = quantity.checked_sub(before).filter(|left| *left > 0)?;
            Some(Step { quantity: placed.step.quantity.min(left), ..placed.step })
        })
    }
}

/// What one market's steps are merged from.
// float: see `Step`.
pub(super) struct Merge<'a> {
    pub known: &'a Conditions,
    pub bounds: &'a Bounds,
    pub terms: &'a PlannerTerms,
    /// What the sale is paid in; any outlet trades where none is stated.
    pub proceeds: Option<AssetId>,
    /// What other sales take of the depth first.
    pub taken: u128,
    /// Worth of a base unit, in the units of the steps' costs.
    pub unit_value: f64,
}

// float: see `Step`.
impl Merge<'_> {
    /// Merges the outlets within the limits: what may be sold now, cheapest first, and what of it is
    /// back by each later slice. What other sales take, they take first.
    pub fn steps(
        &self,
        step: impl Fn((u128, u128), Option<(usize, OutletKind)>) -> Result<Step, Rejected>,
    ) -> Result<(Vec<Step>, Vec<Step>), Rejected> {
        let Merge { known, bounds, terms, .. } = *self;
        // Outlets in an order of their own, so that a plan does not depend on that of the host.
        let mut places: Vec<usize> = (0..known.outlets.len()).collect();
        places.sort_by_key(|place| &known.outlets[*place]);
        let volatility = f64::from(known.volatility_ppm_per_sqrt_day) / 1e6;
        let confidence = f64::from(terms.confidence_ppm) / 1e6;
        let (mut steps, mut quoted) = (Vec::new(), 0u128);
        for place in places {
            let outlet = &known.outlets[place];
            if self.proceeds.is_some_and(|proceeds| !outlet.trades(proceeds)) {
                continue;
            }
            let wait = libm::sqrt(outlet.wait_nanos as f64 / DAY_NANOS);
            let risk = confidence * volatility * wait * self.unit_value;
            let is_market = outlet.kind.is_market();
            for level in outlet.side(bounds.buy) {
                if is_market && bounds.allows(level.price, false) {
                    quoted = quoted.saturating_add(level.quantity);
                }
                if !bounds.allows(level.price, is_market) {
                    continue;
                }
                let mut step = step((level.price, level.quantity), Some((place, outlet.kind)))?;
                step.cost += risk;
                steps.push(step);
            }
        }
        // A stable sort: equal costs stay in the outlets' own order.
        steps.sort_by(|one, other| one.cost.total_cmp(&other.cost));
        let share = u128::from(terms.participation_bps);
        let mut room = mul_div(quoted, share, 10_000, Rounding::Floor)?;
        for step in steps.iter_mut().filter(|step| step.is_market) {
            step.quantity = step.quantity.min(room);
            room -= step.quantity;
        }
        let mut later = Vec::with_capacity(steps.len());
        for step in steps.iter().filter(|step| step.is_market) {
            let (pace, half_life) = (terms.pace_nanos, known.half_life_nanos);
            let back = step.quantity - still_missing(step.quantity, pace, half_life);
            later.push(Step { quantity: back, ..*step });
        }
        let mut taken = self.taken;
        for step in &mut steps {
            let gone = step.quantity.min(taken);
            step.quantity -= gone;
            taken -= gone;
        }
        steps.retain(|step| step.quantity > 0);
        later.retain(|step| step.quantity > 0);
        Ok((steps, later))
    }
}

/// What there is now and what is back by each of so many slices, in the order of cost less the risk
/// that a sale then saves: see [`Curve::set_risk`].
// float: see `Step`.
pub(super) fn ordered(now: &[Step], later: &[Step], saved: f64, slices: u8) -> Vec<Step> {
    let hedges = saved < 0.0;
    let now_at = |step: &Step| {
        let same = |own: &&Step| own.raw == step.raw && own.outlet == step.outlet;
        now.iter().find(same).map_or(0, |own| own.quantity)
    };
    let mut steps: Vec<Step> = Vec::new();
    for slice in 0..=slices {
        let whole = (slice == 1) == hedges && slice <= 1;
        let from = if whole { now } else { later };
        // A hedge that is sold now all the same takes no more than what is there now.
        let most = |step: &Step| match hedges && slice == 0 {
            true => now_at(step),
            false => step.quantity,
        };
        let waited = libm::sqrt(f64::from(slice)) - 1.0;
        steps.extend(from.iter().filter(|step| most(step) > 0).map(|step| Step {
            quantity: step.quantity.min(most(step)),
            slice,
            net: step.cost + saved * waited,
            ..*step
        }));
    }
    steps.sort_by(|one, other| one.net.total_cmp(&other.net).then(one.slice.cmp(&other.slice)));
    steps
}

fn leg_for(item: &Saleable, quantity: u128, worst_price: Price) -> Leg {
    let Saleable { asset, buy_back, proceeds_asset, .. } = *item;
    Leg { asset, quantity, buy_back, proceeds_asset, worst_price }
}

/// A market's price in the proceeds asset. A contract's price is in its own terms already.
fn in_proceeds(view: &View<'_>, item: &Saleable, price: Price) -> Result<Price, Rejected> {
    if view.asset(item.asset)?.kind.contract().is_some() {
        return Ok(price);
    }
    let against = view.price(item.proceeds_asset).unwrap_or(one_of(price.decimals)?);
    in_terms_of(price, against)
}

/// True if the first price is below the second.
fn below(one: Price, other: Price) -> bool {
    use breakwater_money::U256;
    use breakwater_money::rounding::pow10;
    let scaled = |price: Price, by: u8| {
        // At most 38 decimals each: a product of two 128-bit integers.
        U256::from(price.raw) * U256::from(pow10(by).unwrap_or(u128::MAX))
    };
    scaled(one, other.decimals) < scaled(other, one.decimals)
}
