//! The schedule that was asked for and those beside it, all priced by one model.

use super::arguments::ModelName;
use super::market::{Market, needed, refused, value_or};
use crate::failure::Failure;
use breakwater_execution::models::{
    AlmgrenChriss, Cost, FrontierPoint, Funding, ObizhaevaWang, Perpetual, PowerLaw, Proposal,
    SquareRootLaw, TransientImpact, baselines, frontier, z_of_confidence,
};
use breakwater_execution::{ModelError, Schedule};

/// Points of the frontier that are drawn.
const POINTS: usize = 60;

/// Points among which the aversion of least value at risk is first sought.
const SOUGHT: usize = 200;

/// Steps of the golden section after that: a factor of 1e8.
const STEPS: usize = 40;

/// One way to sell.
pub struct Way {
    /// Its name.
    pub name: String,
    /// What is sold when.
    pub proposal: Proposal,
    /// What that costs.
    pub cost: Cost,
}

/// Everything that is told.
pub struct Worked {
    /// The way asked for first, then the others.
    pub ways: Vec<Way>,
    /// It in whole lots.
    pub schedule: Schedule,
    /// The aversion it was worked out for; none where the model knows none.
    pub risk_aversion: Option<f64>,
    /// Whether that was sought and not stated.
    pub sought: bool,
    /// Half-life of the holdings, in days.
    pub half_life_days: Option<f64>,
    /// Standard deviations of the value at risk.
    pub z: f64,
    /// The frontier; empty where the model is neutral to risk.
    pub frontier: Vec<FrontierPoint>,
    /// What to beware of.
    pub cautions: Vec<String>,
    /// What else is worth a line, as name and figure.
    pub facts: Vec<(String, String)>,
}

/// What a model proposes at an aversion.
type Propose<'a> = Box<dyn Fn(f64) -> Result<Proposal, ModelError> + 'a>;

/// What a model says that a proposal costs.
type Price<'a> = Box<dyn Fn(&Proposal) -> Result<Cost, ModelError> + 'a>;

/// A model that proposes at an aversion, and prices any proposal.
struct Priced<'a> {
    propose: Propose<'a>,
    cost: Price<'a>,
    /// The linear problem whose frontier has the same extent; none of a model without aversion.
    extent: Option<AlmgrenChriss>,
    facts: Vec<(String, String)>,
    cautions: Vec<String>,
}

impl Worked {
    /// Works everything out.
    pub fn of(market: &Market) -> Result<Worked, Failure> {
        let z = z_of_confidence(market.confidence).map_err(refused)?;
        let priced = priced(market)?;
        let stated = market.settings.risk_aversion.as_ref().map(|number| number.value);
        let (risk_aversion, frontier) = match &priced.extent {
            None => (None, Vec::new()),
            Some(extent) => {
                let found = match stated {
                    Some(stated) => stated,
                    None => least_value_at_risk(&priced, extent, z)?,
                };
                (Some(found), drawn_frontier(&priced, extent)?)
            }
        };
        let proposal = (priced.propose)(risk_aversion.unwrap_or(0.0)).map_err(refused)?;
        let schedule = proposal.schedule(market.base_units, market.lot).map_err(refused)?;
        let cost = (priced.cost)(&proposal).map_err(refused)?;
        let half_life_days = match (&priced.extent, risk_aversion) {
            (Some(extent), Some(risk_aversion)) if closed(market.model) => {
                AlmgrenChriss { risk_aversion, ..*extent }.half_life_days().map_err(refused)?
            }
            _ => None,
        };
        let name = market.model.name().to_owned();
        let mut ways = vec![Way { name, proposal, cost }];
        for (name, proposal) in others(market)? {
            let cost = (priced.cost)(&proposal).map_err(refused)?;
            if name != market.model.name() {
                ways.push(Way { name: name.to_owned(), proposal, cost });
            }
        }
        Ok(Worked {
            ways,
            schedule,
            risk_aversion,
            sought: risk_aversion.is_some() && stated.is_none(),
            half_life_days,
            z,
            frontier,
            cautions: priced.cautions,
            facts: priced.facts,
        })
    }
}

fn closed(model: ModelName) -> bool {
    matches!(model, ModelName::Ac | ModelName::Perpetual)
}

fn priced<'a>(market: &'a Market) -> Result<Priced<'a>, Failure> {
    match market.model {
        ModelName::Ow => block_book(market),
        ModelName::Transient => transient(market),
        ModelName::Sqrt => square_root(market),
        ModelName::Perpetual => perpetual(market),
        _ => linear(market),
    }
}

/// The free optimum where it never buys, else the best that does not.
fn never_buying(
    free: Result<Proposal, ModelError>,
    bound: impl Fn() -> Result<Proposal, ModelError>,
) -> Result<Proposal, ModelError> {
    let free = free?;
    if free.first_purchase().is_some() { bound() } else { Ok(free) }
}

fn linear_problem(market: &Market) -> Result<AlmgrenChriss, Failure> {
    let linear = market.linear.ok_or_else(|| Failure::Internal("no linear market".to_owned()))?;
    Ok(AlmgrenChriss { sale: market.sale, market: linear, risk_aversion: 0.0 })
}

fn linear<'a>(market: &'a Market) -> Result<Priced<'a>, Failure> {
    let problem = linear_problem(market)?;
    let optimal = market.model == ModelName::Ac;
    let propose = move |risk_aversion| {
        let problem = AlmgrenChriss { risk_aversion, ..problem };
        match market.model {
            ModelName::Ac => never_buying(problem.propose(), || problem.propose_sell_only()),
            ModelName::Vwap => by_volume(market),
            ModelName::Participation => by_share(market),
            ModelName::Immediate => baselines::immediate(&market.sale),
            _ => baselines::even(&market.sale),
        }
    };
    Ok(Priced {
        propose: Box::new(propose),
        cost: Box::new(move |proposal| problem.cost(proposal)),
        extent: optimal.then_some(problem),
        facts: Vec::new(),
        cautions: Vec::new(),
    })
}

fn perpetual<'a>(market: &'a Market) -> Result<Priced<'a>, Failure> {
    let problem = linear_problem(market)?;
    let settings = &market.settings;
    let now = value_or(&settings.funding_bps, 0.0) / 10_000.0;
    let mean = settings.funding_mean_bps.as_ref().map_or(now, |mean| mean.value / 10_000.0);
    let half_life = settings.funding_half_life.map(|span| span.days);
    let every = settings.funding_every.map(|span| span.days);
    let horizon = market.sale.horizon_days;
    let times_days = every.map_or_else(Vec::new, |every| {
        let many = (horizon / every).floor().min(100_000.0) as u32;
        (1..=many).map(|k| f64::from(k) * every).collect()
    });
    let funding = Funding {
        now_per_day: now,
        mean_per_day: mean,
        reversion_per_day: half_life.map_or(0.0, |days| core::f64::consts::LN_2 / days),
        times_days,
        first_covers_days: every.unwrap_or(0.0),
    };
    let position = Perpetual {
        sale: market.sale,
        market: problem.market,
        risk_aversion: 0.0,
        side: market.side(),
        price: market.price,
        funding,
    };
    let asked = position.clone();
    let even = baselines::even(&market.sale).map_err(refused)?;
    let paid = position.funding_paid(&even).map_err(refused)?;
    let facts = vec![("funding less drift, sold evenly".to_owned(), super::text::money(paid))];
    Ok(Priced {
        propose: Box::new(move |risk_aversion| {
            let position = Perpetual { risk_aversion, ..asked.clone() };
            never_buying(position.propose(), || position.propose_closing_only())
        }),
        cost: Box::new(move |proposal| position.cost(proposal)),
        extent: Some(problem),
        facts,
        cautions: Vec::new(),
    })
}

fn square_root<'a>(market: &'a Market) -> Result<Priced<'a>, Failure> {
    let settings = &market.settings;
    let law = SquareRootLaw {
        coefficient: value_or(&settings.coefficient, 1.0),
        volatility_per_day: market.volatility()? / market.price,
        volume_per_day: needed(
            &settings.daily_volume,
            "daily-volume",
            "units that trade in a day",
        )?,
        exponent: value_or(&settings.exponent, 0.5),
    };
    let sale = market.sale;
    let pace = law.by_pace(&sale, market.price, market.half_spread()).map_err(refused)?;
    let peak = law.peak(sale.quantity).map_err(refused)?;
    let average = law.average(sale.quantity).map_err(refused)?;
    let facts = vec![
        ("peak impact of the whole sale".to_owned(), format!("{:.2} bps", peak * 10_000.0)),
        ("paid on average by the law".to_owned(), format!("{:.2} bps", average * 10_000.0)),
    ];
    // The linear market that an even sale would not tell from this one.
    let rate = sale.quantity / sale.horizon_days;
    let alike = breakwater_execution::models::LinearMarket {
        volatility: pace.volatility,
        half_spread: pace.half_spread,
        temporary: average * market.price / rate,
        permanent: 0.0,
        drift_per_day: 0.0,
    };
    let problem = move |risk_aversion| PowerLaw { sale, market: pace, risk_aversion };
    Ok(Priced {
        propose: Box::new(move |risk_aversion| problem(risk_aversion).propose()),
        cost: Box::new(move |proposal| problem(0.0).cost(proposal)),
        extent: Some(AlmgrenChriss { sale, market: alike, risk_aversion: 0.0 }),
        facts,
        cautions: Vec::new(),
    })
}

fn block_book<'a>(market: &'a Market) -> Result<Priced<'a>, Failure> {
    let settings = &market.settings;
    let half_life = settings.half_life.ok_or_else(|| {
        let told = "--half-life is missing; expected the time in which half of an impact is gone";
        Failure::Usage(told.to_owned())
    })?;
    let book = ObizhaevaWang {
        quantity: market.sale.quantity,
        horizon_days: market.sale.horizon_days,
        intervals: market.sale.intervals,
        density: needed(&settings.density, "density", "units that move the price by one")?,
        resilience_per_day: core::f64::consts::LN_2 / half_life.days,
        half_spread: market.half_spread(),
        volatility: market.volatility()?,
    };
    let limit = book.continuous().map_err(refused)?;
    let facts = vec![
        ("least cost in continuous time".to_owned(), super::text::money(limit.cost)),
        ("first and last block there".to_owned(), super::text::shown(limit.block, 2)),
    ];
    Ok(Priced {
        propose: Box::new(move |_| book.propose()),
        cost: Box::new(move |proposal| book.cost(proposal)),
        extent: None,
        facts,
        cautions: Vec::new(),
    })
}

fn transient<'a>(market: &'a Market) -> Result<Priced<'a>, Failure> {
    let density = "units that move the price by one";
    let density = needed(&market.settings.density, "density", density)?;
    let impact = TransientImpact::new(market.kernel()?, density).map_err(refused)?;
    let at = points(market);
    let eigenvalue = impact.check(&at).map_err(refused)?;
    let exponent = value_or(&market.settings.exponent, 1.0);
    let cautions = impact.cautions(&at, exponent).map_err(refused)?;
    let volatility = market.volatility()?;
    let spread = market.half_spread();
    let quantity = market.sale.quantity;
    let pricing = impact.clone();
    Ok(Priced {
        propose: Box::new(move |_| impact.propose(quantity, &at)),
        cost: Box::new(move |proposal| {
            let sizes: f64 = proposal.trades.iter().map(|trade| trade.abs()).sum();
            let expected = pricing.cost(proposal)?.expected + spread * sizes;
            Ok(Cost { expected, variance: proposal.variance(volatility) })
        }),
        extent: None,
        facts: vec![("smallest eigenvalue".to_owned(), format!("{eigenvalue:.6}"))],
        cautions: cautions.iter().map(ToString::to_string).collect(),
    })
}

/// Times of the trades where they are at both ends of every interval.
fn points(market: &Market) -> Vec<f64> {
    let step = market.sale.interval_days();
    (0..=market.sale.intervals).map(|index| index as f64 * step).collect()
}

/// The ways that every schedule is held against.
fn others(market: &Market) -> Result<Vec<(&'static str, Proposal)>, Failure> {
    if matches!(market.model, ModelName::Ow | ModelName::Transient) {
        let (at, quantity) = (points(market), market.sale.quantity);
        let many = at.len();
        let mut at_once = vec![0.0; many];
        if let Some(first) = at_once.first_mut() {
            *first = quantity;
        }
        let even = Proposal::of_trades(at.clone(), vec![quantity / many as f64; many]);
        let at_once = Proposal::of_trades(at, at_once);
        let both = [("twap", even), ("immediate", at_once)];
        return both.into_iter().map(|(name, way)| Ok((name, way.map_err(refused)?))).collect();
    }
    let sale = &market.sale;
    let mut ways = vec![("twap", baselines::even(sale).map_err(refused)?)];
    if market.settings.volumes.is_some() {
        ways.push(("vwap", by_volume(market).map_err(refused)?));
    }
    if market.settings.daily_volume.is_some() {
        let share = by_share(market).map_err(refused)?;
        // What lies beyond the horizon has no funding to be priced by.
        if market.model != ModelName::Perpetual || share.trades.len() <= sale.intervals {
            ways.push(("participation", share));
        }
    }
    ways.push(("immediate", baselines::immediate(sale).map_err(refused)?));
    Ok(ways)
}

fn by_volume(market: &Market) -> Result<Proposal, ModelError> {
    let volumes = market.settings.volumes.iter().flatten();
    let volumes: Vec<f64> = volumes.map(|number| number.value).collect();
    baselines::by_volume(&market.sale, &volumes)
}

fn by_share(market: &Market) -> Result<Proposal, ModelError> {
    let share = value_or(&market.settings.share, 0.1);
    baselines::participation(&market.sale, share, value_or(&market.settings.daily_volume, 0.0))
}

fn cost_at(priced: &Priced<'_>, risk_aversion: f64) -> Result<Cost, Failure> {
    let proposal = (priced.propose)(risk_aversion).map_err(refused)?;
    (priced.cost)(&proposal).map_err(refused)
}

fn drawn_frontier(
    priced: &Priced<'_>,
    extent: &AlmgrenChriss,
) -> Result<Vec<FrontierPoint>, Failure> {
    if extent.market.volatility == 0.0 {
        return Ok(Vec::new());
    }
    let aversions = frontier::spread_aversions(extent, POINTS).map_err(refused)?;
    let point = |risk_aversion: f64| {
        let cost = cost_at(priced, risk_aversion)?;
        Ok(FrontierPoint {
            risk_aversion,
            expected: cost.expected,
            deviation: cost.deviation(),
            half_life_days: None,
        })
    };
    aversions.into_iter().map(point).collect()
}

/// The aversion whose schedule has the least expected cost plus `z` deviations: the best of many
/// spread over the frontier, then the golden section between its neighbours.
fn least_value_at_risk(
    priced: &Priced<'_>,
    extent: &AlmgrenChriss,
    z: f64,
) -> Result<f64, Failure> {
    if extent.market.volatility == 0.0 {
        return Ok(0.0);
    }
    let aversions = frontier::spread_aversions(extent, SOUGHT).map_err(refused)?;
    let mut best = (0, f64::INFINITY);
    for (index, aversion) in aversions.iter().enumerate() {
        let value = cost_at(priced, *aversion)?.value_at_risk(z);
        if value < best.1 {
            best = (index, value);
        }
    }
    let at = |index: usize| aversions.get(index).copied().unwrap_or(0.0);
    if best.0 == 0 {
        return Ok(0.0);
    }
    let first = at(1);
    let mut low = at(best.0 - 1).max(0.5 * first).ln();
    let mut high = at((best.0 + 1).min(aversions.len() - 1)).ln();
    let golden = 0.5 * (5.0f64.sqrt() - 1.0);
    for _ in 0..STEPS {
        let (left, right) = (high - golden * (high - low), low + golden * (high - low));
        let value = |log: f64| Ok::<f64, Failure>(cost_at(priced, log.exp())?.value_at_risk(z));
        if value(left)? <= value(right)? { high = right } else { low = left }
    }
    Ok((0.5 * (low + high)).exp())
}
