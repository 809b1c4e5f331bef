//! A ring of bidders who do not compete with each other.
//!
//! `k` of `n` bidders, values uniform on 0 to 1, send only the one of them who values the lot most.
//! In the ascending auction that is all there is to do, and whoever breaks the agreement gains nothing
//! by it. At first price the ring's bidder answers to outsiders who know of no ring and go on bidding
//! `(n-1)/n v`: he bids `m/(m+1) v`, where `m = n-k` are outsiders, and any other member could overbid
//! him cheaply (Robinson, "Collusion and the Choice of Auction", RAND Journal 1985).

use super::estimate::Estimate;
use super::formats;
use super::single_item::{BIDDERS_MAX, TICK, first_price_bid, uniform_values};
use super::trials::Trials;
use super::{GameError, setting};
use breakwater_auction::sealed::Pricing;

/// What a ring leaves the seller.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Revenue<V> {
    /// In the ascending auction.
    pub english: V,
    /// In sealed bids at first price.
    pub first_price: V,
}

/// The ring's bidder at first price: `m/(m+1)` of his value, zero where nobody stands outside.
#[must_use]
pub fn ring_bid(outsiders: u32, value: f64) -> f64 {
    let m = f64::from(outsiders);
    m / (m + 1.0) * value
}

/// Revenue expected with a ring of `k` among `n`.
///
/// Ascending: the price is the second of the outsiders' values and the ring's best, whose distribution
/// is `m x^(n-1) - m x^n + x^m`. First price: the larger of `a R` and `c O`, where `a = m/(m+1)`,
/// `c = (n-1)/n`, `R` is the ring's best and `O` the outsiders'.
#[must_use]
pub fn expected(n: u32, k: u32) -> Revenue<f64> {
    let (all, m) = (f64::from(n), f64::from(n.saturating_sub(k)));
    if m == 0.0 {
        return Revenue { english: 0.0, first_price: 0.0 };
    }
    let english = 1.0 - (m / all - m / (all + 1.0) + 1.0 / (m + 1.0));
    let (a, c) = (m / (m + 1.0), (all - 1.0) / all);
    let power = |base: f64, exponent: f64| libm::pow(base, exponent);
    // Of 1 - (y/a)^k (y/c)^m up to a, then of 1 - (y/c)^m up to c.
    let up_to_a = power(a, m + 1.0) / (power(c, m) * (all + 1.0));
    let beyond = (c - power(a, m + 1.0) / power(c, m)) / (m + 1.0);
    Revenue { english, first_price: c - up_to_a - beyond }
}

/// Plays both formats on the same values.
///
/// # Errors
/// Fewer than two bidders, too many, or a ring of nobody or of more than there are.
pub fn play(trials: &Trials, n: u32, k: u32) -> Result<Revenue<Estimate>, GameError> {
    setting("bidders", n, (2..=BIDDERS_MAX).contains(&n), "2 to 1000")?;
    setting("ring", k, (1..=n).contains(&k), "1 to the number of bidders")?;
    let members = k as usize;
    let outsiders = n - k;
    let [english, first_price] = trials.run(|chance| {
        let values = uniform_values(chance, n);
        let (ring, outside) = values.split_at(members);
        let best = ring.iter().fold(0.0f64, |most, value| most.max(*value));
        // The others of the ring stay away.
        let truthful: Vec<f64> = std::iter::once(best).chain(outside.iter().copied()).collect();
        let shaded = outside.iter().map(|value| first_price_bid(n, 0.0, *value));
        let bids: Vec<f64> = std::iter::once(ring_bid(outsiders, best)).chain(shaded).collect();
        let english = formats::english(&truthful, 0.0, TICK)?;
        let first_price = formats::sealed(Pricing::First, &bids, 0.0)?;
        let paid = |sold: Option<formats::Sold>| sold.map_or(0.0, |sold| sold.price);
        Ok([paid(english), paid(first_price)])
    })?;
    Ok(Revenue { english, first_price })
}

/// What a member who is told to stay away gains by bidding all the same, at his best against the
/// ring's bidder, in the two formats, on average over members that are not the best of the ring.
///
/// # Errors
/// As [`play`], and a ring of one.
pub fn defection(trials: &Trials, n: u32, k: u32) -> Result<Revenue<Estimate>, GameError> {
    setting("bidders", n, (2..=BIDDERS_MAX).contains(&n), "2 to 1000")?;
    setting("ring", k, (2..=n).contains(&k), "2 to the number of bidders")?;
    let outsiders = n - k;
    let [english, first_price] = trials.run(|chance| {
        let values = uniform_values(chance, n);
        let (ring, outside) = values.split_at(k as usize);
        // The first member of the ring that is not its best defects.
        let best = ring.iter().fold(0.0f64, |most, value| most.max(*value));
        let traitor = usize::from(ring[0] >= best);
        let value = ring[traitor];
        // Ascending: he is outbid by whoever of the ring values it more, at any price he would pay.
        let rising: Vec<f64> = [value, best].into_iter().chain(outside.iter().copied()).collect();
        let won = formats::english(&rising, 0.0, TICK)?.filter(|sold| sold.bidder == 0);
        let english = won.map_or(0.0, |sold| value - sold.price);
        // First price: he knows the ring's bid, and sees no other.
        let over = ring_bid(outsiders, best) + 1e-9;
        let mut bids = vec![if over < value { over } else { 0.0 }, ring_bid(outsiders, best)];
        bids.extend(outside.iter().map(|value| first_price_bid(n, 0.0, *value)));
        let won = formats::sealed(Pricing::First, &bids, 0.0)?.filter(|sold| sold.bidder == 0);
        Ok([english, won.map_or(0.0, |sold| value - sold.price)])
    })?;
    Ok(Revenue { english, first_price })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, exact: f64) {
        assert!((found - exact).abs() < 1e-12, "{found} for {exact}");
    }

    #[test]
    fn a_ring_of_one_is_no_ring_and_a_ring_of_all_pays_nothing() {
        for n in [2, 3, 7] {
            let alone = expected(n, 1);
            let usual = f64::from(n - 1) / f64::from(n + 1);
            near(alone.english, usual);
            near(alone.first_price, usual);
            assert_eq!(expected(n, n), Revenue { english: 0.0, first_price: 0.0 });
        }
    }

    #[test]
    fn simulated_rings_take_what_the_formula_says_and_more_of_an_ascent() {
        let trials = Trials::new(2, 6_000, 2).unwrap();
        for (n, k) in [(3, 2), (5, 3), (5, 5)] {
            let (closed, found) = (expected(n, k), play(&trials, n, k).unwrap());
            assert!(found.english.agrees_with(closed.english, TICK), "{n} {k}: {found:?}");
            assert!(found.first_price.agrees_with(closed.first_price, 1e-9), "{n} {k}: {found:?}");
            assert!(closed.english <= closed.first_price);
        }
    }

    #[test]
    fn nobody_gains_by_leaving_a_ring_in_an_ascent_and_members_do_at_first_price() {
        let found = defection(&Trials::new(4, 4_000, 2).unwrap(), 5, 3).unwrap();
        // A tick is all there is to gain where two values lie within it.
        assert!(found.english.mean.abs() < TICK, "{found:?}");
        assert!(found.first_price.interval()[0] > 0.01, "{found:?}");
    }

    #[test]
    fn rings_that_cannot_be_are_named() {
        let trials = Trials::new(1, 10, 1).unwrap();
        let told = play(&trials, 3, 4).unwrap_err().to_string();
        assert_eq!(told, "ring is 4: it must be 1 to the number of bidders");
        assert!(defection(&trials, 3, 1).is_err());
    }
}
