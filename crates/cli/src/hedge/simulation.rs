//! One option along simulated paths.

use super::arguments::{Chosen, Hedge, KindName};
use super::told::{
    WIDTHS, attribution_chart, attribution_json, columns, fitting, frontier_chart, plain,
    policy_json, policy_text, shown,
};
use super::{Answer, OfPolicy, POLICIES, SCHEMA, each, page};
use crate::failure::Failure;
use crate::figures::{count, wrapped};
use crate::screen::Paint;
use breakwater_options::Kind;
use breakwater_options::hedging::Policy;
use breakwater_options::hedging::discrete::Hedged;
use breakwater_report::{HedgeError, HedgeErrorRow, WordTable};
use breakwater_simulate::ScenarioError;
use breakwater_simulate::hedging::{Outcome, Simulated, SimulationSettings, simulate};
use serde_json::{Value, json};

/// Cost in basis points where none is stated: without one no band is better than another.
const COST_BPS: f64 = 5.0;

/// Units of underlying in a lot where none is stated: so small that it rounds nothing one would see.
const LOT: f64 = 1e-6;

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// Hedges along the paths.
pub fn run(asked: &Hedge) -> Result<Answer, Failure> {
    let settings = settings(asked);
    let seconds = (asked.simulation.days * DAY / f64::from(settings.hedged.intervals)).floor();
    // Up to a second, as steps are counted; a conversion from a float saturates.
    let step = (seconds as u64).max(1);
    let gross = settings.quantity.abs();
    let chosen = asked.policies.chosen(&[], gross, settings.hedged.spot, step);
    let one = |policy: &Policy| -> Result<Found, ScenarioError> {
        let mut found =
            simulate(&SimulationSettings { policies: vec![*policy], ..settings.clone() })?;
        Ok((found.premium, found.exact, found.outcomes.remove(0)))
    };
    let found = each(&chosen, one).map_err(usage)?;
    let widths = WIDTHS.map(|share| share * gross);
    let policies = widths.map(|half_width| Policy::DeltaBand { half_width }).to_vec();
    let bands = simulate(&SimulationSettings { policies, ..settings.clone() });
    let bands = bands.map_err(Failure::of_run)?;
    let told = Told { settings: &settings, found: &found, widths: &widths, bands: &bands };
    Ok(answer(&told, &chosen))
}

/// What flags ask for is usage, not data.
fn usage(failure: Failure) -> Failure {
    match failure {
        Failure::Data(text) => Failure::Usage(text),
        other => other,
    }
}

/// One policy's premium, exact error and outcome.
type Found = (f64, Option<f64>, Outcome);

/// Everything that is told.
struct Told<'a> {
    settings: &'a SimulationSettings,
    found: &'a [OfPolicy<Found>],
    widths: &'a [f64],
    bands: &'a Simulated,
}

fn settings(asked: &Hedge) -> SimulationSettings {
    let flags = &asked.simulation;
    SimulationSettings {
        kind: if flags.kind == KindName::Call { Kind::Call } else { Kind::Put },
        quantity: flags.quantity,
        hedged: Hedged {
            spot: flags.spot,
            strike: flags.strike.unwrap_or(flags.spot),
            years: flags.days / 365.0,
            rate: flags.rate,
            volatility: flags.volatility,
            intervals: flags.intervals,
        },
        realised: flags.realised,
        drift: flags.drift,
        paths: flags.paths,
        seed: flags.seed,
        cost_one_way: asked.market.cost_bps.unwrap_or(COST_BPS) * 1e-4,
        lot: asked.market.lot.unwrap_or(LOT),
        policies: Vec::new(),
    }
}

fn answer(told: &Told<'_>, chosen: &Chosen) -> Answer {
    let (settings, table, json) = (told.settings, table(told), json(told));
    let outcomes = told.outcomes().map(|(policy, it)| (policy_text(policy), it.gained));
    let outcomes: Vec<_> = outcomes.collect();
    let caption = "Means over the paths: what the derivatives of book and hedge explain, what \
                   trading took, and what is left.";
    let error = HedgeError {
        caption:
            "What a wider band saves in cost, and how much further the hedge then misses. The \
                  guide is the error of a hedge at every step without costs, by the exact formula."
                .to_owned(),
        unit: "quote units".to_owned(),
        width_unit: "units of underlying".to_owned(),
        rows: told.frontier(),
        exact: told.bands.exact,
    };
    let charts = vec![
        frontier_chart(error),
        attribution_chart(&outcomes, settings.paths.into(), "quote units", caption),
    ];
    let facts = page::Facts {
        title: "A hedged option along simulated paths".to_owned(),
        question: "How far does each policy miss, and what does it cost?".to_owned(),
        scenario: described(settings),
        shock: "a geometric Brownian motion".to_owned(),
        seed: Some(settings.seed),
        policies: chosen.policies.iter().map(policy_text).collect(),
    };
    let report = page::report(&facts, &json, charts, vec![table.clone()]);
    Answer { text: text(told), json, tables: vec![(POLICIES, table)], report }
}

impl Told<'_> {
    fn outcomes(&self) -> impl Iterator<Item = (&Policy, &Outcome)> {
        self.found.iter().filter_map(|(policy, it)| Some((policy, &it.as_ref().ok()?.2)))
    }

    fn frontier(&self) -> Vec<HedgeErrorRow> {
        let row = |(half_width, outcome): (&f64, &Outcome)| HedgeErrorRow {
            half_width: *half_width,
            deviation: outcome.deviation,
            cost: outcome.cost,
        };
        self.widths.iter().zip(&self.bands.outcomes).map(row).collect()
    }
}

fn described(settings: &SimulationSettings) -> String {
    let Hedged { spot, strike, years, volatility, intervals, .. } = settings.hedged;
    let kind = if settings.kind == Kind::Call { "call" } else { "put" };
    format!(
        "{} {kind} of strike {} at {}, {} days, volatility {} %, {intervals} steps",
        fitting(settings.quantity),
        fitting(strike),
        fitting(spot),
        shown(years * 365.0, 2),
        shown(volatility * 100.0, 2)
    )
}

fn text(told: &Told<'_>) -> String {
    let settings = told.settings;
    let mut text = format!(
        "option      {}\npaths       {}, seed {}; cost {} bps one way\npremium     {}\n",
        described(settings),
        count(settings.paths.into()),
        settings.seed,
        shown(settings.cost_one_way * 1e4, 2),
        fitting(told.bands.premium)
    );
    text.push_str(&match told.bands.exact {
        Some(exact) => {
            format!("exact error {} for a hedge at every step without costs\n\n", fitting(exact))
        }
        None => "exact error none: another volatility or a drift comes about\n\n".to_owned(),
    });
    let head = format!(
        "{:<22}{:>11}{:>11}{:>10}{:>11}{:>11}{:>11}{:>9}\n",
        "policy", "mean", "error", "\u{b1}", "1 % worst", "5 % worst", "cost", "trades"
    );
    text.push_str(&Paint::for_stdout().strong(&head));
    for (policy, found) in told.found {
        match found {
            Ok((_, _, it)) => text.push_str(&format!(
                "{:<22}{:>11}{:>11}{:>10}{:>11}{:>11}{:>11}{:>9}\n",
                policy_text(policy),
                fitting(it.mean),
                fitting(it.deviation),
                fitting(1.96 * it.deviation_error),
                fitting(it.worst[0]),
                fitting(it.worst[1]),
                fitting(it.cost),
                shown(it.trades, 1),
            )),
            Err(why) => {
                for line in wrapped(&format!("{} has none: {why}", policy_text(policy)), 98) {
                    text.push_str(&format!("  {line}\n"));
                }
            }
        }
    }
    text.push_str(
        "\nerror is the deviation of the profit over the paths, \u{b1} half of its 95 % interval\n",
    );
    text
}

fn json(told: &Told<'_>) -> Value {
    let settings = told.settings;
    let Hedged { spot, strike, years, rate, volatility, intervals } = settings.hedged;
    let of_policy = |(policy, found): &OfPolicy<Found>| {
        let mut map = policy_json(policy);
        let value = match found {
            Ok((_, _, it)) => json!({
                "mean": plain(it.mean),
                "deviation": plain(it.deviation),
                "deviation_error": plain(it.deviation_error),
                "worst_1_percent": plain(it.worst[0]),
                "worst_5_percent": plain(it.worst[1]),
                "cost": plain(it.cost),
                "trades": plain(it.trades),
                "gained_all_paths": attribution_json(&it.gained),
                "refused": null,
            }),
            Err(why) => json!({"refused": why}),
        };
        if let Value::Object(value) = value {
            map.extend(value);
        }
        Value::Object(map)
    };
    json!({
        "schema": SCHEMA,
        "kind": "simulation",
        "option": if settings.kind == Kind::Call { "call" } else { "put" },
        "quantity": plain(settings.quantity),
        "spot": plain(spot),
        "strike": plain(strike),
        "years": plain(years),
        "rate": plain(rate),
        "volatility": plain(volatility),
        "realised": settings.realised.map(plain),
        "drift": plain(settings.drift),
        "intervals": intervals,
        "paths": settings.paths,
        "seed": settings.seed,
        "cost_bps": plain(settings.cost_one_way * 1e4),
        "premium": plain(told.bands.premium),
        "exact_deviation": told.bands.exact.map(plain),
        "policies": told.found.iter().map(of_policy).collect::<Vec<_>>(),
        "bands": told.frontier().iter().map(|row| json!({
            "half_width": plain(row.half_width),
            "deviation": plain(row.deviation),
            "cost": plain(row.cost),
        })).collect::<Vec<_>>(),
    })
}

fn table(told: &Told<'_>) -> WordTable {
    let row = |(policy, it): (&Policy, &Outcome)| {
        let numbers = [
            it.mean,
            it.deviation,
            it.deviation_error,
            it.worst[0],
            it.worst[1],
            it.cost,
            it.trades,
        ];
        let mut row = vec![policy_text(policy)];
        row.extend(numbers.map(plain));
        row
    };
    WordTable {
        caption: "What came of each policy".to_owned(),
        columns: columns(&[
            ("policy", "Policy", false),
            ("mean", "Mean profit", true),
            ("deviation", "Hedge error", true),
            ("deviation_error", "Its standard error", true),
            ("worst_1_percent", "1 % fall short of", true),
            ("worst_5_percent", "5 % fall short of", true),
            ("cost", "Mean cost", true),
            ("trades", "Mean trades", true),
        ]),
        rows: told.outcomes().map(row).collect(),
    }
}
