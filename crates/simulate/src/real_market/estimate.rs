//! What the first part of a feed says about its market.

use super::read::FeedFile;
use super::run::Stop;
use crate::ScenarioError;
use breakwater_market::BookSide;
use breakwater_market::book_feed::{BookFeed, Effect, Strictness, take};

/// Time between two looks at the mid, the volume and the cost of a size.
const LOOK_NANOS: u64 = 1_000_000_000;
/// A hit is a batch between two updates that ate at least this share of the band below the touch.
const HIT_SHARE: f64 = 0.1;
/// The band that is watched: from the touch to this share of the price away, in basis points.
const BAND_BPS: u64 = 5;
/// How long a hit is watched, nanoseconds.
const WATCH_NANOS: u64 = 30_000_000_000;

/// Estimates over a window. Prices are raw units, quantities the feed's units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimates {
    /// Length of the window, seconds.
    pub seconds: f64,
    /// Standard deviation of the mid, price a square root of a second, from changes over a second.
    pub sigma: f64,
    /// Volume a second.
    pub volume: f64,
    /// Half of the average spread and what the first unit costs: price.
    pub half_spread: f64,
    /// What a unit more costs on average, all at once: price a unit.
    pub slope: f64,
    /// How far the mid moves with a unit more bought than sold over a second: price a unit; not
    /// negative.
    pub permanent: f64,
    /// Refilling.
    pub refilling: Refilling,
}

/// How fast what trades ate comes back.
///
/// A hit is all that is traded into a side between two updates, where the band of 5 bps behind the
/// touch then holds a tenth less or more. The band's prices are fixed while the hit is watched, for
/// half a minute. A hit is half healed at the first update where the band holds again half of what it
/// lost. The half-life is the median time to it over all hits; those that never heal count as longer
/// than any, so that there is none if more than half do not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Refilling {
    /// Number of hits.
    pub hits: usize,
    /// Of them, how many never got half back while watched.
    pub never: usize,
    /// Median time to half, seconds; none where most never got there or there were no hits.
    pub half_life_seconds: Option<f64>,
}

impl Refilling {
    /// The half-life, or where there is none, the time that hits were watched: a cautious stand-in.
    #[must_use]
    pub fn half_life_or_longest(&self) -> f64 {
        self.half_life_seconds.unwrap_or(WATCH_NANOS as f64 / 1e9)
    }
}

/// Estimates from the rows up to `until`, for orders that eat into `side` in slices of about
/// `slice`.
///
/// # Errors
/// Fewer than ten seconds with a book; with a strict feed, the line and its fault.
pub fn estimate(
    file: &FeedFile,
    strictness: Strictness,
    until: u64,
    side: BookSide,
    slice: u64,
) -> Result<Estimates, ScenarioError> {
    let begins = file.begins().ok_or_else(|| {
        ScenarioError::setting("feed", format!("{} holds no snapshot (kind 3)", file.name))
    })?;
    let mut stop = Stop::new(file, strictness);
    let mut looks = Looks::default();
    let mut at = begins;
    while at <= until {
        stop.advance(at, |_| {})?;
        looks.look(stop.feed(), side, slice);
        at = at.saturating_add(LOOK_NANOS);
    }
    if looks.mids.len() < 11 {
        let seconds = until.saturating_sub(begins) as f64 / 1e9;
        let reason = format!("{seconds:.1} s of the feed to estimate from; expected 10 s or more");
        return Err(ScenarioError::setting("warmup", reason));
    }
    let refilling = refilling(file, strictness, until, side)?;
    Ok(looks.estimates(refilling))
}

#[derive(Default)]
struct Looks {
    mids: Vec<f64>,
    /// Bought less sold, and all, up to each look.
    net: Vec<f64>,
    traded: Vec<f64>,
    /// Size and what it costs a unit against the mid.
    costs: Vec<(f64, f64)>,
}

impl Looks {
    fn look(&mut self, feed: &BookFeed, side: BookSide, slice: u64) {
        let Some(mid_twice) = feed.mid_twice() else { return };
        let mid = mid_twice as f64 / 2.0;
        self.mids.push(mid);
        let traded = feed.traded();
        let (all, sold) = (traded.quantity as f64, traded.sold as f64);
        self.net.push(all - 2.0 * sold);
        self.traded.push(all);
        for times in 1..=4u64 {
            let size = slice.saturating_mul(times);
            let Some(got) = take(feed.visible(side), side, size, None) else { continue };
            if got.taken == size && size > 0 {
                let average = got.value as f64 / size as f64;
                self.costs.push((size as f64, (average - mid).abs()));
            }
        }
    }

    fn estimates(&self, refilling: Refilling) -> Estimates {
        let steps = |values: &[f64]| -> Vec<f64> {
            values.windows(2).map(|pair| pair[1] - pair[0]).collect()
        };
        let moves = steps(&self.mids);
        let count = moves.len() as f64;
        let seconds = count * LOOK_NANOS as f64 / 1e9;
        let variance = moves.iter().map(|step| step * step).sum::<f64>() / count;
        let flows: Vec<(f64, f64)> = steps(&self.net).into_iter().zip(moves).collect();
        let (_, permanent) = line(&flows);
        let (half_spread, slope) = line(&self.costs);
        let traded = self.traded.last().zip(self.traded.first()).map_or(0.0, |(b, a)| b - a);
        Estimates {
            seconds,
            sigma: libm::sqrt(variance * 1e9 / LOOK_NANOS as f64),
            volume: traded / seconds,
            half_spread: half_spread.max(0.0),
            slope: slope.max(0.0),
            permanent: permanent.max(0.0),
            refilling,
        }
    }
}

/// Least squares of `y = a + b x`; a flat line where x does not vary.
fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let count = points.len().max(1) as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let spread: f64 = points.iter().map(|p| (p.0 - x) * (p.0 - x)).sum();
    let together: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    let slope = if spread > 0.0 { together / spread } else { 0.0 };
    (y - slope * x, slope)
}

/// A hit that is watched.
#[derive(Debug, Clone, Copy)]
struct Hit {
    at: u64,
    /// Furthest price of its band, and what the band must hold to be half healed.
    edge: u64,
    half: u64,
}

fn band(feed: &BookFeed, side: BookSide, edge: u64) -> u64 {
    let levels = feed.levels(side).take_while(|level| match side {
        BookSide::Bids => level.price >= edge,
        BookSide::Asks => level.price <= edge,
    });
    levels.fold(0u64, |sum, level| sum.saturating_add(level.quantity))
}

fn edge(feed: &BookFeed, side: BookSide) -> Option<u64> {
    let touch = feed.best(side)?.price;
    // Basis points of a price of at most 64 bits.
    let width = (u128::from(touch) * u128::from(BAND_BPS) / 10_000) as u64;
    Some(match side {
        BookSide::Bids => touch.saturating_sub(width),
        BookSide::Asks => touch.saturating_add(width),
    })
}

fn refilling(
    file: &FeedFile,
    strictness: Strictness,
    until: u64,
    side: BookSide,
) -> Result<Refilling, ScenarioError> {
    let mut feed = BookFeed::new(strictness);
    let mut open: Vec<Hit> = Vec::new();
    let mut times: Vec<f64> = Vec::new();
    let (mut hits, mut eaten) = (0usize, false);
    // The band as the last update left it, and the update.
    let mut before: Option<(u64, u64)> = None;
    let mut row = 0;
    while let Some(next) = file.rows.get(row).filter(|next| next.at_nanos <= until) {
        let now = next.at_nanos;
        let update = feed.update_id();
        let sold = |feed: &BookFeed| {
            let traded = feed.traded();
            if side == BookSide::Bids { traded.sold } else { traded.quantity - traded.sold }
        };
        let sold_before = sold(&feed);
        let mut changed = false;
        // All rows of one time: a batch is whole only at its end.
        row = file.advance(&mut feed, row, now, |effect| {
            changed |= matches!(effect, Effect::Level { .. });
        })?;
        eaten |= sold(&feed) > sold_before;
        if !changed || feed.update_id() == update {
            continue;
        }
        open.retain(|hit| {
            let healed = band(&feed, side, hit.edge) >= hit.half;
            if healed {
                times.push((now - hit.at) as f64 / 1e9);
            }
            !healed && now - hit.at <= WATCH_NANOS
        });
        if let Some((edge, held)) = before.filter(|_| eaten) {
            let left = band(&feed, side, edge);
            let lost = held.saturating_sub(left);
            if lost as f64 >= HIT_SHARE * held as f64 && lost > 0 {
                hits += 1;
                // Half of what was lost, rounded up.
                open.push(Hit { at: now, edge, half: left + lost.div_ceil(2) });
            }
        }
        eaten = false;
        before = edge(&feed, side).map(|edge| (edge, band(&feed, side, edge)));
    }
    // Hits at the very end were not watched for long enough to say that they never heal.
    let cut = open.iter().filter(|hit| until.saturating_sub(hit.at) < WATCH_NANOS).count();
    Ok(summary(hits - cut, times))
}

fn summary(hits: usize, mut times: Vec<f64>) -> Refilling {
    times.sort_by(f64::total_cmp);
    let half_life_seconds = times.get(hits / 2).copied().filter(|_| hits > 0);
    Refilling { hits, never: hits.saturating_sub(times.len()), half_life_seconds }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_and_a_flat_one_where_nothing_varies() {
        let (a, b) = line(&[(1.0, 5.0), (2.0, 7.0), (3.0, 9.0)]);
        assert!((a - 3.0).abs() < 1e-12 && (b - 2.0).abs() < 1e-12);
        assert_eq!(line(&[(1.0, 5.0), (1.0, 7.0)]), (6.0, 0.0));
        assert_eq!(line(&[]), (0.0, 0.0));
    }

    #[test]
    fn the_half_life_is_a_median_that_counts_what_never_heals() {
        assert_eq!(summary(3, vec![2.0, 1.0, 9.0]).half_life_seconds, Some(2.0));
        assert_eq!(summary(5, vec![2.0, 1.0, 9.0]).half_life_seconds, Some(9.0));
        assert_eq!(summary(8, vec![2.0, 1.0, 9.0]).half_life_seconds, None);
        assert_eq!(summary(0, vec![]).half_life_seconds, None);
    }
}
