//! Every game in one table: what the closed form says, and what was played.

use super::super::theory::Descent;
use super::bidding::{self, Closing, Duel};
use super::descent;
use super::estimate::Estimate;
use super::gas::{self, Market};
use super::learning::{self, Contest, Rule, Side, even_bids, even_values};
use super::position::{self, Position, SelfLiquidation};
use super::ring;
use super::single_item::{self, Format};
use super::{GameError, Trials};
use breakwater_auction::theory;
use breakwater_money::{Rational, rational};

/// One figure of one game.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The game.
    pub game: &'static str,
    /// Format, parameters and what is measured.
    pub case: String,
    /// What the closed form says.
    pub closed: f64,
    /// What was played.
    pub simulated: Estimate,
    /// What the format may be off by itself: a step of its price, of a grid, or of an average.
    pub allowance: f64,
}

impl Row {
    fn new(game: &'static str, case: String, closed: f64, simulated: Estimate) -> Row {
        Row { game, case, closed, simulated, allowance: 0.0 }
    }

    fn within(self, allowance: f64) -> Row {
        Row { allowance, ..self }
    }

    /// Whether the two agree: within four standard errors and the allowance.
    #[must_use]
    pub fn agrees(&self) -> bool {
        // Amounts are whole units of money, a millionth of a millionth each.
        self.simulated.agrees_with(self.closed, self.allowance + 1e-9)
    }
}

/// The nearest float of a fraction, to twenty digits after the point.
#[must_use]
pub fn float(value: &Rational) -> f64 {
    let text = rational::format(value, 20);
    // A decimal text is always a number.
    text.trim_end_matches('\u{2026}').parse().unwrap_or(f64::NAN)
}

fn ratio(numer: i128, denom: i128) -> Rational {
    // The denominators of this file are not zero.
    rational::from_raw(numer, 0) / rational::from_raw(denom, 0)
}

/// Every row of every game.
///
/// # Errors
/// A game that cannot be played, which is a fault.
pub fn all(trials: &Trials) -> Result<Vec<Row>, GameError> {
    let games =
        [equivalence, spread, units, races, routes, timing, collusion, positions, falling, learnt];
    let mut rows = Vec::new();
    for game in games {
        rows.extend(game(trials)?);
    }
    Ok(rows)
}

/// Revenue of the four formats, with and without a reserve.
///
/// # Errors
/// As [`all`].
pub fn equivalence(trials: &Trials) -> Result<Vec<Row>, GameError> {
    const GAME: &str = "revenue equivalence";
    let mut rows = Vec::new();
    for (bidders, reserve) in
        [(2, ratio(0, 1)), (5, ratio(0, 1)), (2, ratio(1, 2)), (5, ratio(1, 2))]
    {
        let exact = theory::single_item_uniform(bidders, &reserve)?;
        let closed = float(&exact.expected_revenue);
        let reserve = float(&reserve);
        for format in Format::ALL {
            let found = single_item::play(trials, format, bidders, reserve, closed)?;
            let case = format!("{}, {bidders} bidders, reserve {reserve}", format.name());
            let row = Row::new(GAME, case, closed, found.revenue);
            rows.push(row.within(format.allowance()));
            if format == Format::SecondPrice && reserve > 0.0 {
                let case = format!("sold, {bidders} bidders, reserve {reserve}");
                rows.push(Row::new(GAME, case, float(&exact.sale_probability), found.sold));
            }
        }
    }
    let exact = theory::second_price_exponential(5)?;
    let found = single_item::play_exponential(trials, 5)?;
    let case = "sealed second price, 5 bidders, exponential values".to_owned();
    rows.push(Row::new(GAME, case, float(&exact.expected_revenue), found));
    Ok(rows)
}

/// Variance of the revenue: at first price it is smaller.
///
/// # Errors
/// As [`all`].
pub fn spread(trials: &Trials) -> Result<Vec<Row>, GameError> {
    const GAME: &str = "variance of revenue";
    let mean = float(&theory::single_item_uniform(5, &ratio(0, 1))?.expected_revenue);
    let of = |format, exact: Rational| {
        let found = single_item::play(trials, format, 5, 0.0, mean)?.variance;
        Ok::<Row, GameError>(Row::new(
            GAME,
            format!("{}, 5 bidders", format.name()),
            float(&exact),
            found,
        ))
    };
    Ok(vec![
        of(Format::FirstPrice, theory::first_price_variance(5)?)?,
        of(Format::SecondPrice, theory::second_price_variance(5)?)?,
    ])
}

/// Several units at one price.
///
/// # Errors
/// As [`all`].
pub fn units(trials: &Trials) -> Result<Vec<Row>, GameError> {
    const GAME: &str = "units at one price";
    let mut rows = Vec::new();
    for (bidders, k) in [(5, 2), (10, 3)] {
        let exact = theory::uniform_price_units(bidders, k)?;
        let found = single_item::play_units(trials, bidders, k)?;
        let case = format!("batch, {k} units, {bidders} bidders for one each");
        // Prices come to rest within a millionth a round.
        rows.push(Row::new(GAME, case, float(&exact.expected_revenue), found).within(1e-5));
    }
    for (bidders, supply) in [(6, 4), (20, 30)] {
        let found = single_item::play_budgets(trials, bidders, supply)?;
        let case =
            format!("batch, {supply} units, {bidders} bidders with one of money each, price");
        rows.push(Row::new(GAME, case, single_item::budget_price(bidders, supply), found));
    }
    Ok(rows)
}

/// Races for one liquidation.
///
/// # Errors
/// As [`all`].
pub fn races(trials: &Trials) -> Result<Vec<Row>, GameError> {
    const GAME: &str = "priority gas auction";
    let rent = Estimate::exact(gas::winner_pays(4)?);
    let mut rows =
        vec![Row::new(GAME, "only the winner pays, 4 searchers, rent".to_owned(), 0.0, rent)];
    for (bidders, share) in [(3, 1.0), (3, 0.5), (5, 0.1)] {
        let found = gas::race(trials, bidders, share)?;
        let case = |what: &str| format!("losers pay {share}, {bidders} searchers, {what}");
        rows.push(Row::new(GAME, case("payoff"), 0.0, found.payoff));
        rows.push(Row::new(GAME, case("payoff of half the prize"), 0.0, found.payoff_of_half));
        rows.push(Row::new(GAME, case("paid of the prize"), 1.0, found.paid));
        if share == 1.0 {
            rows.push(Row::new(GAME, case("bid"), 1.0 / f64::from(bidders), found.bid));
        }
    }
    Ok(rows)
}

/// Who gets the bonus, by route.
///
/// # Errors
/// As [`all`].
pub fn routes(trials: &Trials) -> Result<Vec<Row>, GameError> {
    const GAME: &str = "who gets the bonus";
    let exact = theory::cost_competition_uniform(5, &ratio(10, 1))?;
    let [captured, rent] = gas::private_costs(trials, 5, 10.0)?;
    let case = |what: &str| format!("5 searchers, costs uniform to a tenth of it, {what}");
    let mut rows = vec![
        Row::new(GAME, case("captured"), float(&exact.captured), captured),
        Row::new(GAME, case("winner's rent"), float(&exact.winner_rent), rent),
    ];
    let base = Market { searchers: 5, prize: 10.0, covered: 0.0, operator_fee: 0.1, private: 0.0 };
    let markets = [
        ("open auction of blocks", base),
        ("private order flow of half", Market { private: 0.5, ..base }),
        ("oracle-side auction of nine in ten", Market { covered: 0.9, private: 0.5, ..base }),
        ("oracle-side auction of all", Market { covered: 1.0, ..base }),
    ];
    for (name, market) in markets {
        let (closed, found) = (market.expected()?, market.play(trials)?);
        let shares = [
            ("protocol", closed.protocol, found.protocol),
            ("operator", closed.operator, found.operator),
            ("searchers", closed.searchers, found.searchers),
            ("builders", closed.builders, found.builders),
        ];
        let prize = market.prize;
        for (who, closed, found) in shares {
            let found = Estimate { mean: found.mean / prize, error: found.error / prize, ..found };
            rows.push(Row::new(GAME, format!("{name}, share of the {who}"), closed / prize, found));
        }
    }
    Ok(rows)
}

/// Jumps, sniping, and bids of nothing.
///
/// # Errors
/// As [`all`].
pub fn timing(trials: &Trials) -> Result<Vec<Row>, GameError> {
    let mut rows = Vec::new();
    let jumped = bidding::jump(trials)?;
    rows.push(Row::new(
        "jump bidding",
        "a jump that tells the value, revenue".to_owned(),
        1.0 / 3.0,
        jumped.revenue,
    ));
    rows.push(Row::new("jump bidding", "the same, bids".to_owned(), 1.5, jumped.bids));
    let duel = Duel { opening: 0.05, step: 1.05, lands: 1.0, closing: Closing::Lifetime };
    let ladder = (duel.expected()?, duel.play(trials)?);
    rows.push(Row::new(
        "jump bidding",
        "steps of 5 % from 0.05, bids".to_owned(),
        ladder.0.bids,
        ladder.1.bids,
    ));
    let wide = Duel { step: 1.25, ..duel };
    let duels = [
        ("hard end", Duel { closing: Closing::HardEnd, ..wide }),
        (
            "late bids extend, without limit",
            Duel { closing: Closing::Extended { most: None }, ..wide },
        ),
        (
            "late bids extend, three times",
            Duel { closing: Closing::Extended { most: Some(3) }, ..wide },
        ),
        ("bids have a lifetime", wide),
        ("bids have a lifetime, 80 % land in it", Duel { lands: 0.8, ..wide }),
        ("bids have a lifetime, 40 % land in it", Duel { lands: 0.4, ..wide }),
    ];
    for (name, duel) in duels {
        let (closed, found) = (duel.expected()?, duel.play(trials)?);
        rows.push(Row::new("sniping", format!("{name}, revenue"), closed.revenue, found.revenue));
    }
    for (rivals, lands) in [(1, ratio(64, 100)), (3, ratio(29, 100)), (5, ratio(1, 2))] {
        let closed = theory::zero_bid_probability(rivals, &lands)?;
        let lands = float(&lands);
        let found = bidding::zero_bid(trials, rivals, lands)?;
        let case = format!("rivals: {rivals}, each lands with {lands}, won for nothing");
        rows.push(Row::new("congestion", case, float(&closed), found));
    }
    Ok(rows)
}

/// Rings.
///
/// # Errors
/// As [`all`].
pub fn collusion(trials: &Trials) -> Result<Vec<Row>, GameError> {
    const GAME: &str = "collusion ring";
    let mut rows = Vec::new();
    for (n, k) in [(5, 2), (5, 4), (3, 3)] {
        let (closed, found) = (ring::expected(n, k), ring::play(trials, n, k)?);
        let case = |format: &str| format!("{k} of {n}, {format}, revenue");
        let english = Row::new(GAME, case("English"), closed.english, found.english);
        rows.push(english.within(single_item::TICK));
        rows.push(Row::new(GAME, case("first price"), closed.first_price, found.first_price));
    }
    let defection = ring::defection(trials, 5, 4)?;
    let case = "4 of 5, English, gain of a member who leaves".to_owned();
    rows.push(Row::new(GAME, case, 0.0, defection.english).within(single_item::TICK));
    Ok(rows)
}

/// Games around one position.
///
/// # Errors
/// As [`all`].
pub fn positions(trials: &Trials) -> Result<Vec<Row>, GameError> {
    const STEPS: u32 = 100_000;
    let mut rows = Vec::new();
    let position = Position {
        collateral: 100.0,
        debt: 80.0,
        threshold: 0.75,
        spread: 0.08,
        close_factor: 0.5,
    };
    let exact = theory::two_step(
        &theory::Position { collateral: ratio(100, 1), debt: ratio(80, 1) },
        &ratio(3, 4),
        &ratio(8, 100),
        &ratio(1, 2),
    )?;
    let best = position.best_of_two(STEPS)?;
    let row = |case: &str, closed: f64, found: f64, within: f64| {
        Row::new("two steps", case.to_owned(), closed, Estimate::exact(found)).within(within)
    };
    rows.push(row(
        "best first repayment of 80 owed",
        float(&exact.first_repay),
        best.first_repay,
        best.within,
    ));
    rows.push(row("profit", float(&exact.profit_two_step), best.profit, best.within));
    let gain = best.profit / position.single() - 1.0;
    rows.push(row("gain over one step", float(&exact.relative_gain), gain, best.within / 40.0));
    for rivals in [0, 4] {
        let first = position.to_the_threshold();
        let found = position.attack_once_a_price(trials, first, rivals)?;
        let closed = position.expected_once_a_price(first, rivals);
        let case =
            format!("once a price, {rivals} rivals, profit (one step: {})", position.single());
        rows.push(Row::new("two steps", case, closed, found).within(1e-3));
    }
    let owner = SelfLiquidation { bonus: 10.0, venue_fee: 0.1, cost: 0.2, keepers: 4 };
    let (closed, found) = (owner.expected()?, owner.play(trials)?);
    let case = |how: &str| format!("{how}, 4 keepers, bonus 10, fee a tenth, gain of the owner");
    rows.push(Row::new("self-liquidation", case("race"), closed.race, found.race));
    rows.push(Row::new("self-liquidation", case("auction"), closed.auction, found.auction));
    for percent in [5, 8, 10, 13] {
        let closed = float(&ratio(100, 100 + percent));
        let found = position::toxic_frontier(percent as f64 / 100.0)?;
        let case = format!("bonus {percent} %, debt over collateral from which it worsens");
        rows.push(Row::new("toxic frontier", case, closed, Estimate::exact(found)));
    }
    Ok(rows)
}

/// A descent against a price that moves.
///
/// # Errors
/// As [`all`].
pub fn falling(trials: &Trials) -> Result<Vec<Row>, GameError> {
    let terms = Descent {
        annual_volatility: 1.0,
        seconds_per_year: 31_536_000.0,
        mean_gap_s: 30.0,
        log_decay_per_s: 0.01 / 60.0,
        log_premium: 0.05,
    };
    let (closed, found) = (descent::expected(&terms)?, descent::play(&trials.one_in(2), &terms)?);
    let case = |what: &str| format!("1 % a minute, looks every 30 s, {what}");
    Ok(vec![
        // A thousandth of a second of the fall, and a half of one of the time.
        Row::new("moving price", case("loss to fair"), closed.loss, found.loss).within(1e-6),
        Row::new("moving price", case("seconds"), closed.fill_s, found.fill_s).within(1e-3),
    ])
}

/// Rounds of learning.
const ROUNDS: u32 = 8_000;

/// Bidders who learn: how far from an equilibrium they are, and from the one known where one is.
///
/// # Errors
/// As [`all`].
pub fn learnt(_: &Trials) -> Result<Vec<Row>, GameError> {
    const GAME: &str = "learning";
    let one = |values: Vec<f64>, bidders| vec![Side { values, bidders }];
    let contests = [
        // Bounds of exploitability, in units of value; halves of a step of the grid of bids and more.
        ("first price, 2 equal bidders", one(even_values(20, 1.0), 2), 0.6, 0.0, 0.001),
        (
            "first price, values to 1 and to 2",
            vec![
                Side { values: even_values(20, 1.0), bidders: 1 },
                Side { values: even_values(20, 2.0), bidders: 1 },
            ],
            0.8,
            0.0,
            0.001,
        ),
        ("all-pay, 2 equal bidders", one(vec![1.0], 2), 1.0, 1.0, 0.01),
        ("losers pay half, 2 equal bidders", one(vec![1.0], 2), 1.0, 0.5, 0.02),
        ("losers pay half, 3 equal bidders", one(vec![1.0], 3), 1.0, 0.5, 0.001),
        (
            "losers pay half, prizes 1 and 0.6",
            vec![Side { values: vec![1.0], bidders: 1 }, Side { values: vec![0.6], bidders: 1 }],
            1.0,
            0.5,
            0.01,
        ),
    ];
    let mut rows = Vec::new();
    for (name, sides, most, loser_share, bound) in contests {
        let equal = sides.len() == 1;
        let (bidders, values) = (sides[0].bidders, sides[0].values.len());
        let contest = Contest { sides, bids: even_bids(60, most), loser_share };
        let found = contest.learn(Rule::RegretMatching, ROUNDS)?;
        let exact = |case: &str, closed: f64, value: f64, within: f64| {
            Row::new(GAME, format!("{name}, {case}"), closed, Estimate::exact(value)).within(within)
        };
        rows.push(exact("exploitability", 0.0, found.exploitability, bound));
        if !equal {
            continue;
        }
        let step = contest.bids[1];
        if loser_share == 0.0 {
            rows.push(exact("revenue", 1.0 / 3.0, found.revenue, step));
            let top = learning::mean_bid(&contest.bids, &found.mixtures[0][values - 1]);
            rows.push(exact("bid of the highest value", 0.4875, top, 2.0 * step));
        } else {
            let law = |bid: f64| gas_law(bidders, loser_share, bid);
            let apart = learning::distance(&contest.bids, &found.mixtures[0][0], law);
            rows.push(exact("distance from the law", 0.0, apart, 4.0 * step));
        }
    }
    Ok(rows)
}

/// The distribution of bids for a prize of one: `(g b / (1 - (1-g) b))^(1/(n-1))`.
fn gas_law(bidders: u32, loser_share: f64, bid: f64) -> f64 {
    let beats = loser_share * bid / (1.0 - (1.0 - loser_share) * bid);
    libm::pow(beats.clamp(0.0, 1.0), 1.0 / (f64::from(bidders) - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_game_agrees_with_its_closed_form() {
        let rows = all(&Trials::new(1, 3_000, 2).unwrap()).unwrap();
        for row in &rows {
            assert!(row.agrees(), "{row:?}");
        }
        assert!(rows.len() > 60, "{}", rows.len());
        let games: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.game).collect();
        assert_eq!(games.len(), 14, "{games:?}");
        // They are printed in columns.
        assert!(rows.iter().all(|row| row.case.len() <= 60), "{rows:?}");
    }

    #[test]
    fn first_price_varies_less() {
        let rows = spread(&Trials::new(1, 4_000, 2).unwrap()).unwrap();
        assert!(rows[0].simulated.interval()[1] < rows[1].simulated.interval()[0], "{rows:?}");
    }

    #[test]
    fn a_planted_fault_disagrees() {
        let rows = collusion(&Trials::new(1, 3_000, 1).unwrap()).unwrap();
        for row in rows.iter().filter(|row| row.simulated.error > 0.0) {
            // Five errors beside what is allowed is a lie.
            let moved = row.closed + row.allowance + 1e-9 + 9.0 * row.simulated.error;
            assert!(!Row { closed: moved, ..row.clone() }.agrees(), "{row:?}");
        }
    }
}
