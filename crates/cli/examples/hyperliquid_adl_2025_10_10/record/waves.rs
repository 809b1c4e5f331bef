//! Waves: what each needed by the gap of its coins, what was taken, and what our policies take.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use breakwater_liquidation::backstop::overshoot::Rate;
use breakwater_liquidation::backstop::{
    Deleverage, Needed, Overshoot, WHOLE_E18, Winner, deleverage,
};
use breakwater_money::AccountId;
use breakwater_money::rational::{self, Rational};

use super::RecordError;
use super::table::{Table, deviation, dollars, micros, zero};

/// Sums over coins agree with the published ones within this many decimals of themselves.
const AGREE_PLACES: u8 = 9;

/// One wave of deleveraging.
pub struct Wave {
    /// Its number in the paper.
    pub number: u64,
    /// What the gaps of its coins sum to, dollars.
    pub needed: Rational,
    /// Winners' profit that was cut, dollars.
    pub production: Rational,
    /// Published difference of both.
    pub overshoot: Rational,
    /// Winners' profit when it began, dollars.
    pub capacity: Rational,
    /// Gap of each coin, dollars, in order of the table.
    pub gaps: Vec<Rational>,
}

impl Wave {
    /// The waves of the published results, each with the gaps of its coins.
    ///
    /// # Errors
    /// A field that is no number, or a wave whose published sum is not that of its coins.
    pub fn read_all(results: &Table, gaps: &Table) -> Result<Vec<Wave>, RecordError> {
        let mut by_wave: BTreeMap<u64, Vec<Rational>> = BTreeMap::new();
        for row in gaps.rows() {
            let gap = row.number("gap_usd_x_qty")?;
            if gap < zero() {
                return Err(row.wrong("gap_usd_x_qty", "zero or more"));
            }
            by_wave.entry(row.count("wave")?).or_default().push(gap);
        }
        let mut waves = Vec::new();
        for row in results.rows() {
            let number = row.count("wave")?;
            let gaps = by_wave.remove(&number).unwrap_or_default();
            let needed: Rational = gaps.iter().sum();
            let published = row.number("budget_needed_usd")?;
            let production = row.number("budget_prod_usd")?;
            let overshoot = row.number("overshoot_prod_minus_needed_usd")?;
            let difference = &production - &needed;
            for (what, sum, stated) in
                [("needs", &needed, &published), ("overshoots by", &difference, &overshoot)]
            {
                if deviation(stated, sum) > rational::from_raw(1, AGREE_PLACES) {
                    let (sum, stated) = (rational::format(sum, 6), rational::format(stated, 6));
                    let told =
                        format!("wave {number} {what} {sum} by its coins, {stated} as stated");
                    return Err(RecordError::Disagree(told));
                }
            }
            let capacity = row.number("winners_pnl_start_usd")?;
            waves.push(Wave { number, needed, production, overshoot, capacity, gaps });
        }
        match by_wave.keys().next() {
            None => Ok(waves),
            Some(number) => {
                let told = format!("wave {number} has gaps and no published result");
                Err(RecordError::Disagree(told))
            }
        }
    }

    /// What a policy of ours takes for the wave. The table has no winners one by one: each coin's
    /// winners stand together, with the part of the wave's profit that its gap is of all gaps.
    #[must_use]
    pub fn taken_by(&self, policy: Deleverage) -> Overshoot {
        let winner = |(account, gap): (AccountId, &Rational)| {
            let part = if self.needed == zero() { zero() } else { gap / &self.needed };
            Winner {
                account,
                quantity: 1,
                score: i128::try_from(micros(gap)).unwrap_or(i128::MAX),
                profit: micros(&(part * &self.capacity)),
                leverage_e9: 1_000_000_000,
                share_max_e18: WHOLE_E18,
            }
        };
        let winners: Vec<Winner> = (0..).map(AccountId).zip(&self.gaps).map(winner).collect();
        deleverage(Needed::Value(micros(&self.needed)), &winners, policy, 0).overshoot
    }
}

/// The page about waves.
///
/// # Errors
/// A policy took something else than what was needed or what there was.
pub fn describe(waves: &[Wave]) -> Result<String, RecordError> {
    let mut text = String::from(
        "Waves, dollars: needed (the gaps of their coins), taken by the venue, the overshoot of the venue, \
         of our queue and of our pro rata, and needed over winners' profit\n",
    );
    let headings = [
        "wave",
        "coins",
        "needed",
        "production",
        "overshoot",
        "our queue",
        "our pro rata",
        "haircut",
    ];
    let _ = writeln!(text, "{}", line(&headings.map(str::to_owned)));
    let mut totals = [zero(), zero(), zero(), zero()];
    let (mut venue, mut ours) = (Overshoot::default(), Overshoot::default());
    for wave in waves {
        let (queue, even) = (wave.taken_by(Deleverage::Queue), wave.taken_by(Deleverage::ProRata));
        if queue != even || even.taken != even.needed.min(micros(&wave.capacity)) {
            let told = format!("wave {}: our queue took {queue:?}, pro rata {even:?}", wave.number);
            return Err(RecordError::Disagree(told));
        }
        let haircut = if wave.capacity == zero() { zero() } else { &wave.needed / &wave.capacity };
        let excess = |overshoot: Overshoot| {
            dollars(&rational::from_raw(i128::try_from(overshoot.excess()).unwrap_or(i128::MAX), 6))
        };
        let _ = writeln!(
            text,
            "{}",
            line(&[
                wave.number.to_string(),
                wave.gaps.len().to_string(),
                dollars(&wave.needed),
                dollars(&wave.production),
                dollars(&(&wave.production - &wave.needed)),
                excess(queue),
                excess(even),
                format!("{} %", percent(&haircut)),
            ])
        );
        let parts =
            [&wave.needed, &wave.production, &(&wave.production - &wave.needed), &wave.overshoot];
        for (total, part) in totals.iter_mut().zip(parts) {
            *total += part;
        }
        venue =
            venue.plus(Overshoot { needed: micros(&wave.needed), taken: micros(&wave.production) });
        ours = ours.plus(even);
    }
    let [needed, production, overshoot, stated] = &totals;
    let _ = writeln!(
        text,
        "{} waves: needed {}, taken {}, overshoot {} ({} as stated)",
        waves.len(),
        rational::format(needed, 6),
        rational::format(production, 6),
        rational::format(overshoot, 6),
        rational::format(stated, 6)
    );
    text += &report("the venue", venue)?;
    text += &report("pro rata", ours)?;
    text.push('\n');
    Ok(text)
}

/// The overshoot in what positions settle in and in what the page counts in, millionths of each.
fn report(who: &str, overshoot: Overshoot) -> Result<String, RecordError> {
    let report = overshoot
        .report("USDC", "USD", Rate { numer: 1, denom: 1 })
        .map_err(|error| RecordError::Disagree(format!("{who}: {error}")))?;
    let ratio = report.ratio_e9.map_or_else(
        || "-".to_owned(),
        |ratio| {
            rational::format(&rational::from_raw(i128::try_from(ratio).unwrap_or(i128::MAX), 9), 3)
        },
    );
    Ok(format!("  {who}, millionths: {report}; {ratio} of the need\n"))
}

/// One coin's cluster of fills, under the venue's queue.
pub struct Shock {
    /// What losers lacked, dollars.
    pub deficit: Rational,
    /// Winners' profit, dollars.
    pub capacity: Rational,
    /// Profit that was cut, dollars.
    pub taken: Rational,
}

impl Shock {
    /// The clusters of the table.
    ///
    /// # Errors
    /// A field that is no number; or an overshoot or a residual that is not the difference of what was
    /// taken and what was lacking.
    pub fn read_all(table: &Table) -> Result<Vec<Shock>, RecordError> {
        let places = rational::from_raw(1, 6);
        let mut shocks = Vec::new();
        for row in table.rows() {
            let shock = Shock {
                deficit: row.number("deficit_usd")?,
                capacity: row.number("total_capacity_usd")?,
                taken: row.number("budget_queue_usd")?,
            };
            let over = &shock.taken - &shock.deficit;
            let positive = |value: Rational| if value > zero() { value } else { zero() };
            let stated = row.number("overshoot_queue_usd")?;
            if deviation(&stated, &positive(over.clone())) > places {
                return Err(row.wrong("overshoot_queue_usd", "budget less deficit, or zero"));
            }
            let stated = row.number("residual_queue_usd")?;
            if deviation(&stated, &positive(-over)) > places {
                return Err(row.wrong("residual_queue_usd", "deficit less budget, or zero"));
            }
            shocks.push(shock);
        }
        Ok(shocks)
    }

    /// What cutting profit in proportion takes for it.
    #[must_use]
    pub fn in_proportion(&self) -> Overshoot {
        let winners = [Winner {
            account: AccountId(0),
            quantity: 1,
            score: 0,
            profit: micros(&self.capacity),
            leverage_e9: 0,
            share_max_e18: WHOLE_E18,
        }];
        let needed = Needed::Value(micros(&self.deficit));
        deleverage(needed, &winners, Deleverage::ProRata, 0).overshoot
    }
}

/// The page about clusters.
///
/// # Errors
/// A value does not fit its report.
pub fn describe_shocks(shocks: &[Shock]) -> Result<String, RecordError> {
    let (mut queue, mut even) = (Overshoot::default(), Overshoot::default());
    let (mut excess, mut short) = (0u128, 0u128);
    for shock in shocks {
        let one = Overshoot { needed: micros(&shock.deficit), taken: micros(&shock.taken) };
        excess = excess.saturating_add(one.excess());
        short = short.saturating_add(one.shortfall());
        queue = queue.plus(one);
        even = even.plus(shock.in_proportion());
    }
    let needing = shocks.iter().filter(|shock| shock.deficit > zero()).count();
    let mut text = format!(
        "{} clusters of single coins, {needing} with a deficit: profit of winners in what was closed\n",
        shocks.len()
    );
    text += &report("the venue's queue", queue)?;
    text += &report("pro rata", even)?;
    let amount =
        |raw: u128| dollars(&rational::from_raw(i128::try_from(raw).unwrap_or(i128::MAX), 6));
    let _ = writeln!(
        text,
        "  the queue overshot by {} dollars in some and left {} uncovered in others; pro rata left {}",
        amount(excess),
        amount(short),
        amount(even.shortfall())
    );
    Ok(text)
}

fn percent(share: &Rational) -> String {
    rational::format(&(share * rational::from_raw(100, 0)), 4).trim_end_matches('…').to_owned()
}

fn line(cells: &[String; 8]) -> String {
    let widths = [6usize, 7, 14, 14, 14, 12, 14, 12];
    cells.iter().zip(widths).map(|(cell, width)| format!("{cell:>width$}")).collect()
}
