//! Independent private values: what the usual formats bring, on average and in spread.

use super::chance::{Chance, Purpose};
use super::estimate::Estimate;
use super::formats::{self, Sold};
use super::trials::Trials;
use super::{GameError, setting};
use breakwater_auction::sealed::Pricing;

/// How one lot is sold to bidders with values of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Rising bids, each up to the bidder's value.
    English,
    /// Sealed bids at the second price, each the bidder's value.
    SecondPrice,
    /// Sealed bids at the first price, each the equilibrium's.
    FirstPrice,
    /// A falling price, taken at the same bid.
    Dutch,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 4] =
        [Format::English, Format::SecondPrice, Format::FirstPrice, Format::Dutch];

    /// Its name in text.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Format::English => "English",
            Format::SecondPrice => "sealed second price",
            Format::FirstPrice => "sealed first price",
            Format::Dutch => "Dutch",
        }
    }

    /// By how much the price may lie beside the theory's because it moves in steps.
    #[must_use]
    pub const fn allowance(self) -> f64 {
        match self {
            Format::English => TICK,
            // A ten-thousandth a second.
            Format::Dutch => 1e-4,
            // Amounts are whole units of money.
            Format::SecondPrice | Format::FirstPrice => 1e-9,
        }
    }
}

/// Step of the ascending auction.
pub const TICK: f64 = 1.0 / 256.0;

/// Most bidders of a game: each draws, and bids through the core.
pub const BIDDERS_MAX: u32 = 1_000;

/// The equilibrium bid at first price of a value uniform on 0 to 1, `(n-1)/n v + r^n / (n v^(n-1))`;
/// zero, and so no bid, below the reserve.
#[must_use]
pub fn first_price_bid(bidders: u32, reserve: f64, value: f64) -> f64 {
    if value < reserve || value <= 0.0 {
        return 0.0;
    }
    let n = f64::from(bidders);
    let shade = libm::pow(reserve / value, n) * value / n;
    // The reserve itself bids the reserve, which rounding must not miss.
    ((n - 1.0) / n * value + shade).max(reserve)
}

/// The values of so many bidders, uniform on 0 to 1.
pub(super) fn uniform_values(chance: Chance, bidders: u32) -> Vec<f64> {
    (0..bidders).map(|bidder| chance.uniform(Purpose::Value, bidder, 0)).collect()
}

fn sell(format: Format, values: &[f64], reserve: f64) -> Result<Option<Sold>, GameError> {
    let bidders = values.len() as u32;
    let shaded =
        || values.iter().map(|v| first_price_bid(bidders, reserve, *v)).collect::<Vec<f64>>();
    match format {
        Format::English => formats::english(values, reserve, TICK),
        Format::SecondPrice => formats::sealed(Pricing::Second, values, reserve),
        Format::FirstPrice => formats::sealed(Pricing::First, &shaded(), reserve),
        Format::Dutch => formats::descent(&shaded(), reserve),
    }
}

/// What an auction of one lot brought.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brought {
    /// What the seller got, nothing where the lot was not sold.
    pub revenue: Estimate,
    /// How often it was sold.
    pub sold: Estimate,
    /// How often it went to whoever valued it most, of all auctions.
    pub efficient: Estimate,
    /// Squared distance of the revenue from `around`.
    pub variance: Estimate,
}

/// Sells one lot to `bidders` with values uniform on 0 to 1, again and again.
///
/// # Errors
/// No bidder, too many, or a reserve outside 0 to 1.
pub fn play(
    trials: &Trials,
    format: Format,
    bidders: u32,
    reserve: f64,
    around: f64,
) -> Result<Brought, GameError> {
    let fits = (1..=BIDDERS_MAX).contains(&bidders);
    setting("bidders", bidders, fits, "1 to 1000")?;
    setting("reserve", reserve, (0.0..=1.0).contains(&reserve), "0 to 1")?;
    let [revenue, sold, efficient, variance] = trials.run(|chance| {
        let values = uniform_values(chance, bidders);
        let sold = sell(format, &values, reserve)?;
        let paid = sold.map_or(0.0, |sold| sold.price);
        let highest = values.iter().fold(0.0f64, |most, value| most.max(*value));
        let best = sold.is_some_and(|sold| values[sold.bidder] >= highest);
        let spread = (paid - around) * (paid - around);
        Ok([paid, f64::from(u8::from(sold.is_some())), f64::from(u8::from(best)), spread])
    })?;
    Ok(Brought { revenue, sold, efficient, variance })
}

/// Sells `k` units to `bidders` who want one each, in a batch whose orders answer to the price shown.
/// Returns the revenue of all units.
///
/// # Errors
/// Fewer bidders than one more than there are units, or too many.
pub fn play_units(trials: &Trials, bidders: u32, k: u32) -> Result<Estimate, GameError> {
    setting("bidders", bidders, (2..=BIDDERS_MAX).contains(&bidders), "2 to 1000")?;
    setting("units", k, (1..bidders.min(65)).contains(&k), "1 to 64 and below the bidders")?;
    let [revenue] = trials.run(|chance| {
        let price = formats::batch_unit_demand(&uniform_values(chance, bidders), k)?;
        Ok([price * f64::from(k)])
    })?;
    Ok(revenue)
}

/// Sells `supply` units in a batch to `bidders` with one unit of money each, at up to limits uniform
/// on 0 to 1. Returns the price of a unit.
///
/// # Errors
/// No bidder, too many, or no supply.
pub fn play_budgets(trials: &Trials, bidders: u32, supply: u32) -> Result<Estimate, GameError> {
    setting("bidders", bidders, (1..=BIDDERS_MAX).contains(&bidders), "1 to 1000")?;
    setting("supply", supply, (1..=BIDDERS_MAX).contains(&supply), "1 to 1000")?;
    let [price] = trials.run(|chance| {
        Ok([formats::batch_unit_budgets(&uniform_values(chance, bidders), supply)?])
    })?;
    Ok(price)
}

/// The price expected of [`play_budgets`]: it is above `x` where the money above `x`, one unit from each
/// of binomially many bidders, buys more than the supply at `x`, so that
/// `E[p] = integral of P(Bin(n, 1-x) > S x) over 0 to 1`. Between two jumps of `S x` the integrand is a
/// polynomial, which Simpson's rule with 256 steps has to a billionth.
#[must_use]
pub fn budget_price(bidders: u32, supply: u32) -> f64 {
    const STEPS: u32 = 256;
    let width = 1.0 / f64::from(supply);
    let above = |x: f64, least: u32| {
        let (mut term, mut below) = (libm::pow(x, f64::from(bidders)), 0.0);
        if x <= 0.0 {
            return f64::from(u8::from(least <= bidders));
        }
        for winners in 0..least.min(bidders + 1) {
            below += term;
            // From P(N = j) to P(N = j + 1) of a binomial with success 1 - x.
            let (j, n) = (f64::from(winners), f64::from(bidders));
            term *= (n - j) / (j + 1.0) * (1.0 - x) / x;
        }
        (1.0 - below).max(0.0)
    };
    let piece = |whole: u32| {
        let (from, step) = (f64::from(whole) * width, width / f64::from(STEPS));
        let value = |at: u32| above(from + step * f64::from(at), whole + 1);
        let weight = |at: u32| if at % 2 == 1 { 4.0 } else { 2.0 };
        let inner: f64 = (1..STEPS).map(|at| weight(at) * value(at)).sum();
        (value(0) + inner + value(STEPS)) * step / 3.0
    };
    (0..supply).map(piece).sum()
}

/// Revenue at second price of `bidders` with values exponential of mean one.
///
/// # Errors
/// No bidder or too many.
pub fn play_exponential(trials: &Trials, bidders: u32) -> Result<Estimate, GameError> {
    setting("bidders", bidders, (1..=BIDDERS_MAX).contains(&bidders), "1 to 1000")?;
    let [revenue] = trials.run(|chance| {
        let values: Vec<f64> =
            (0..bidders).map(|bidder| chance.exponential(Purpose::Value, bidder, 0)).collect();
        let sold = formats::sealed(Pricing::Second, &values, 0.0)?;
        Ok([sold.map_or(0.0, |sold| sold.price)])
    })?;
    Ok(revenue)
}

#[cfg(test)]
mod tests {
    use super::super::table::float;
    use super::*;
    use breakwater_auction::theory;
    use breakwater_money::rational::parse;

    #[test]
    fn floats_bid_what_exact_fractions_do() {
        for bidders in [1, 2, 5, 9] {
            for (reserve, value) in [("0", "1/3"), ("1/2", "1/2"), ("1/2", "3/4"), ("0", "1")] {
                let (r, v) = (parse(reserve).unwrap(), parse(value).unwrap());
                let exact = theory::first_price_bid(bidders, &r, &v).unwrap().unwrap();
                let found = first_price_bid(bidders, float(&r), float(&v));
                assert!((found - float(&exact)).abs() < 1e-14, "{bidders} {reserve} {value}");
            }
        }
        assert_eq!(first_price_bid(3, 0.5, 0.499), 0.0);
    }

    /// The four formats bring the same, at four standard errors and the step of the format.
    #[test]
    fn revenue_is_equivalent_with_and_without_a_reserve() {
        let trials = Trials::new(11, 6_000, 2).unwrap();
        for (bidders, reserve) in [(2, "0"), (2, "1/2"), (4, "1/4")] {
            let exact = theory::single_item_uniform(bidders, &parse(reserve).unwrap()).unwrap();
            let (revenue, sold) = (float(&exact.expected_revenue), float(&exact.sale_probability));
            for format in Format::ALL {
                let reserve = float(&parse(reserve).unwrap());
                let found = play(&trials, format, bidders, reserve, revenue).unwrap();
                assert!(
                    found.revenue.agrees_with(revenue, format.allowance()),
                    "{format:?} {bidders} {reserve}: {:?} for {revenue}",
                    found.revenue
                );
                assert!(found.sold.agrees_with(sold, 0.0), "{format:?}: {:?}", found.sold);
                // Whoever wins values it most, but for ties within a step.
                let lost = found.sold.mean - found.efficient.mean;
                assert!(lost <= 3.0 * format.allowance() + 1e-12, "{format:?}: {lost}");
            }
        }
    }

    #[test]
    fn a_wrong_bid_is_found_out() {
        // Bidding one's value at first price brings the highest value, not the second-highest.
        let trials = Trials::new(11, 2_000, 1).unwrap();
        let [revenue] = trials
            .run(|chance| {
                let values = uniform_values(chance, 3);
                Ok([formats::sealed(Pricing::First, &values, 0.0)?.map_or(0.0, |sold| sold.price)])
            })
            .unwrap();
        assert!(!revenue.agrees_with(0.5, 1e-9) && revenue.agrees_with(0.75, 1e-9));
    }

    #[test]
    fn prices_of_batches_are_the_closed_forms() {
        let trials = Trials::new(5, 4_000, 2).unwrap();
        for (n, k) in [(3, 1), (5, 2), (10, 3)] {
            let closed = float(&theory::uniform_price_units(n, k).unwrap().expected_revenue);
            let found = play_units(&trials, n, k).unwrap();
            assert!(found.agrees_with(closed, 1e-5), "{n} {k}: {found:?} for {closed}");
        }
        for (n, supply) in [(1, 1), (3, 2), (6, 4), (2, 5)] {
            let closed = budget_price(n, supply);
            let found = play_budgets(&trials, n, supply).unwrap();
            assert!(found.agrees_with(closed, 1e-9), "{n} {supply}: {found:?} for {closed}");
        }
        // One bidder, one unit: the price is his limit; and one over two units never exceeds a half.
        assert!((budget_price(1, 1) - 0.5).abs() < 1e-9);
        assert!((budget_price(1, 2) - 0.375).abs() < 1e-9);
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let trials = Trials::new(1, 10, 1).unwrap();
        let told = |error: GameError| error.to_string();
        let of = |n, r| told(play(&trials, Format::English, n, r, 0.0).unwrap_err());
        assert_eq!(of(0, 0.0), "bidders is 0: it must be 1 to 1000");
        assert_eq!(of(2, 1.5), "reserve is 1.5: it must be 0 to 1");
        assert!(of(2, f64::NAN).starts_with("reserve is NaN"));
        let units = |n, k| told(play_units(&trials, n, k).unwrap_err());
        assert_eq!(units(3, 3), "units is 3: it must be 1 to 64 and below the bidders");
        assert!(play_budgets(&trials, 3, 0).is_err());
    }
}
