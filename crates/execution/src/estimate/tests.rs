//! Estimates against samples whose truth is known.

use super::*;
use breakwater_market::{ConstantProduct, Decimals, LadderPoint, Level, OrderBook, QuoteLadder};
use breakwater_money::Price;

/// A stream of numbers that behave like normal ones: sums of twelve uniform ones of a congruential
/// sequence, the same in every run.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / 9_007_199_254_740_992.0
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

fn holds(estimate: &Estimate, truth: f64) -> bool {
    estimate.low <= truth && truth <= estimate.high
}

#[test]
fn intervals_of_volatility_hold_the_truth_about_as_often_as_they_say() {
    let mut noise = Noise(7);
    let mut held = 0;
    for _ in 0..400 {
        let mut price = 100.0;
        let mut prices = vec![price];
        for _ in 0..50 {
            price *= libm::exp(0.03 * libm::sqrt(1.0 / 24.0) * noise.normal());
            prices.push(price);
        }
        let estimate = realised(&prices, 1.0 / 24.0, 0.9).unwrap();
        assert_eq!(estimate.samples, 50);
        held += u32::from(holds(&estimate, 0.03));
    }
    // Nine tenths of 400 and four standard deviations either way.
    assert!((336..=384).contains(&held), "{held}");
}

#[test]
fn ranges_estimate_the_same_volatility_with_less_error() {
    let mut noise = Noise(11);
    let step = 0.03 / libm::sqrt(1_000.0);
    let mut bars = Vec::new();
    let mut closes = vec![100.0];
    let mut price = 100.0;
    for _ in 0..200 {
        let mut bar = Bar { open: price, high: price, low: price, close: price };
        for _ in 0..1_000 {
            price *= libm::exp(step * noise.normal());
            bar.high = bar.high.max(price);
            bar.low = bar.low.min(price);
        }
        bar.close = price;
        bars.push(bar);
        closes.push(price);
    }
    let closing = realised(&closes, 1.0, 0.99).unwrap();
    let range = parkinson(&bars, 1.0, 0.99).unwrap();
    let both = garman_klass(&bars, 1.0, 0.99).unwrap();
    for estimate in [closing, range, both] {
        // Prices seen a thousand times a bar miss some of the range: a few per cent.
        assert!(
            estimate.low <= 0.03 && estimate.high >= 0.029 && estimate.samples == 200,
            "{estimate:?}"
        );
    }
    assert!(range.standard_error < 0.7 * closing.standard_error);
    assert!(both.standard_error < range.standard_error);
}

#[test]
fn flow_and_fills_give_back_the_impact_they_were_made_with() {
    let mut noise = Noise(3);
    let mut held = 0;
    for _ in 0..200 {
        let flows: Vec<f64> = (0..40).map(|_| 1_000.0 * noise.normal()).collect();
        let changes: Vec<f64> =
            flows.iter().map(|flow| 0.01 + 2.5e-5 * flow + 0.02 * noise.normal()).collect();
        let kyle = kyle_lambda(&flows, &changes, 0.9).unwrap();
        held += u32::from(holds(&kyle.lambda, 2.5e-5));
        assert!(kyle.r_squared > 0.1 && kyle.r_squared < 1.0);
    }
    assert!((163..=197).contains(&held), "{held}");
    let fills: Vec<Fill> = (0..60)
        .map(|_| {
            let quantity = 500.0 * noise.normal() + 1.0;
            let side = if quantity > 0.0 { 1.0 } else { -1.0 };
            Fill {
                quantity,
                price: 50.0 + 0.06 * side + 4e-5 * quantity,
                mid_before: 50.0,
                mid_after: 50.0 + 1e-5 * quantity,
            }
        })
        .collect();
    let impact = impact_of_trades(&fills, 0.95).unwrap();
    // Without noise the fit is exact.
    assert!((impact.half_spread.point - 0.06).abs() < 1e-12);
    assert!((impact.temporary.point - 4e-5).abs() < 1e-14);
    assert!((impact.permanent.point - 1e-5).abs() < 1e-14);
    assert!(impact.permanent_r_squared > 0.999_999 && impact.permanent.standard_error < 1e-12);
}

#[test]
fn a_block_book_has_the_exponent_one_and_its_density() {
    let decimals = Decimals { base: 6, quote: 6, price: 6 };
    // 1,000 levels of one unit, each a hundredth below: a density of 100 units a quote.
    let levels: Vec<Level> = (0..1_000)
        .map(|k| Level { price: 100_000_000 - 10_000 * k, quantity: 1_000_000 })
        .collect();
    let book = OrderBook::new(&levels, decimals).unwrap();
    let impact = impact_of_depth(&book, &spread_quantities(&book, 40), 0.95).unwrap();
    // Selling n levels loses (n - 1)/2 hundredths on average: half of 1/density a unit.
    assert!((impact.linear.point - 0.005).abs() < 5e-5, "{impact:?}");
    assert!((impact.exponent.point - 1.0).abs() < 0.25 && impact.r_squared > 0.95, "{impact:?}");
    assert_eq!(impact.best, 100.0);
}

#[test]
fn a_pool_loses_in_proportion_to_what_is_sold_while_that_is_small() {
    let decimals = Decimals { base: 9, quote: 9, price: 9 };
    let pool =
        ConstantProduct::new(1_000_000_000_000_000, 100_000_000_000_000_000, 0, decimals).unwrap();
    let quantities: Vec<u128> = (1..=40).map(|k| k * 100_000_000_000).collect();
    let impact = impact_of_depth(&pool, &quantities, 0.95).unwrap();
    // Average price y/(x + q): a loss of p q / x, a little less for the last of them.
    assert!((impact.exponent.point - 1.0).abs() < 2e-3, "{impact:?}");
    assert!((impact.linear.point - 1e-4).abs() < 1e-6, "{impact:?}");
}

#[test]
fn a_ladder_of_quotes_made_of_a_power_gives_it_back() {
    let points: Vec<LadderPoint> = (0..40u32)
        .map(|k| {
            let amount = 1_000_000 * (u128::from(k) + 1);
            let lost = 0.001 * libm::pow(f64::from(k) + 1.0, 0.6);
            LadderPoint { amount, fraction: (1e9 * (1.0 - lost)) as u64 }
        })
        .collect();
    let ladder = QuoteLadder::new(&points, 6, 9).unwrap();
    let at = ladder.at(Price::new(50_000_000, 6)).unwrap();
    let quantities: Vec<u128> = (1..=40).map(|k| 1_000_000 * k).collect();
    let impact = impact_of_depth(&at, &quantities, 0.95).unwrap();
    // The ladder's best price is that of its first point, so the smallest sales cost less than the
    // power says; the larger ones decide.
    assert!(impact.exponent.point > 0.5 && impact.exponent.point < 1.2, "{impact:?}");
    assert!(impact.exponent.low < impact.exponent.point && impact.exponent.samples > 30);
}

#[test]
fn a_book_that_refills_exponentially_gives_its_half_life() {
    let episode = |missing: f64| -> Vec<RefillPoint> {
        (0..12)
            .map(|k| {
                let after_days = f64::from(k) * 0.01;
                RefillPoint { after_days, depth: 100.0 - missing * libm::exp(-20.0 * after_days) }
            })
            .collect()
    };
    let mut episodes = vec![episode(80.0), episode(30.0)];
    // What comes after a full book is no refilling.
    episodes[0].push(RefillPoint { after_days: 0.5, depth: 100.0 });
    episodes[0].push(RefillPoint { after_days: 0.6, depth: 10.0 });
    let found = resilience(&episodes, 100.0, 0.95).unwrap();
    assert!((found.rate_per_day.point - 20.0).abs() < 1e-9);
    assert!((found.half_life_days.point - core::f64::consts::LN_2 / 20.0).abs() < 1e-11);
    assert_eq!(found.half_life_days.samples, 24);
    let mut noise = Noise(5);
    for episode in &mut episodes {
        episode.truncate(10);
        for point in episode.iter_mut() {
            point.depth *= 1.0 + 0.01 * noise.normal();
        }
    }
    let found = resilience(&episodes, 100.0, 0.95).unwrap();
    assert!(holds(&found.half_life_days, core::f64::consts::LN_2 / 20.0), "{found:?}");
}

#[test]
fn too_few_or_senseless_samples_are_refused_by_name() {
    let said = |result: Result<Estimate, ModelError>| result.unwrap_err().to_string();
    assert_eq!(said(realised(&[1.0; 10], 1.0, 0.9)), "returns has 9 samples; expected at least 10");
    assert_eq!(
        said(realised(&[1.0; 11], 0.0, 0.9)),
        "interval_days is 0; expected a number above 0"
    );
    assert_eq!(
        said(realised(&[1.0; 11], 1.0, 1.0)),
        "confidence is 1; expected above 0 and below 1"
    );
    let mut prices = [1.0; 11];
    prices[3] = -2.0;
    assert_eq!(
        said(realised(&prices, 1.0, 0.9)),
        "prices of entry 3 is -2; expected a number above 0"
    );
    let flat = Bar { open: 1.0, high: 1.0, low: 1.0, close: 1.0 };
    assert!(said(parkinson(&[flat; 10], 1.0, 0.9)).contains("no range"));
    let mut bars = [flat; 10];
    bars[2].close = 2.0;
    assert_eq!(
        said(garman_klass(&bars, 1.0, 0.9)),
        "close of entry 2 is 2; expected between low and high"
    );
    assert!(
        kyle_lambda(&[1.0; 10], &[1.0; 10], 0.9).unwrap_err().to_string().contains("all alike")
    );
    assert!(kyle_lambda(&[1.0; 10], &[1.0; 9], 0.9).is_err());
    assert!(impact_of_trades(&[], 0.9).is_err());
    let still: Vec<RefillPoint> =
        (0..9).map(|k| RefillPoint { after_days: f64::from(k), depth: 5.0 }).collect();
    let refused = resilience(&[still], 10.0, 0.9).unwrap_err().to_string();
    assert!(refused.contains("does not visibly refill"), "{refused}");
}
