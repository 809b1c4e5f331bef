use super::*;
use crate::{Black76, Quote};
use proptest::prelude::*;

fn quote(kind: Kind, forward: f64, strike: f64, price: f64) -> PriceQuote {
    PriceQuote { kind, forward, strike, years: 0.25, price }
}

fn priced(quote: &PriceQuote, volatility: f64) -> Black76 {
    let PriceQuote { kind, forward, strike, years, .. } = *quote;
    Black76::new(&Quote { kind, forward, strike, years, volatility, rate: 0.0 }).unwrap()
}

#[test]
fn every_price_of_no_volatility_is_told_why() {
    let of = |kind, forward, strike, price| {
        implied_volatility(&quote(kind, forward, strike, price)).unwrap()
    };
    // In the money: the difference of the two floats is 0.1 and a rest that no float near it has.
    let (forward, strike) = (1e8 + 0.1, 1e8);
    let intrinsic = forward - strike;
    assert_eq!(of(Kind::Call, forward, strike, intrinsic), Implied::AtOrBelowIntrinsic);
    assert_eq!(of(Kind::Call, 120.0, 100.0, 20.0), Implied::AtOrBelowIntrinsic);
    assert_eq!(of(Kind::Call, 120.0, 100.0, 0.0), Implied::AtOrBelowIntrinsic);
    assert_eq!(of(Kind::Call, 120.0, 100.0, 120.0), Implied::AtOrAboveCap);
    assert_eq!(of(Kind::Put, 120.0, 100.0, 100.0), Implied::AtOrAboveCap);
    assert_eq!(of(Kind::Put, 120.0, 100.0, f64::MAX), Implied::AtOrAboveCap);
    assert_eq!(of(Kind::Put, 120.0, 100.0, 0.0), Implied::Underflow);
    assert_eq!(of(Kind::Put, 120.0, 100.0, 1e-300), Implied::Underflow);
    assert_eq!(of(Kind::Call, 100.0, 100.0, 0.0), Implied::Underflow);
    assert!(of(Kind::Put, 120.0, 100.0, 1e-280).volatility().is_some());
    assert!(of(Kind::Put, 120.0, 100.0, 99.0).volatility().is_some());
}

#[test]
fn intrinsic_value_is_that_of_the_two_floats_and_not_of_their_rounded_difference() {
    // Floats from 2^53 on are even, and the difference, 2^53 - 1, is none of theirs but is one
    // below: the price is the strike less two, which is above the strike less three.
    let (forward, strike) = (3.0, 9_007_199_254_740_994.0);
    let price = strike - 2.0;
    let exactly = implied_volatility(&quote(Kind::Put, forward, strike, price)).unwrap();
    assert!(matches!(exactly, Implied::IllConditioned { condition, .. } if condition > 1e10));
    // At a forward of 0.1 the difference rounds to the strike, and exactly is less than it.
    let exactly = implied_volatility(&quote(Kind::Put, 0.1, 1e16, 1e16)).unwrap();
    assert_eq!(exactly, Implied::AtOrAboveCap);
    // A difference that rounds up to the price is below it, one that rounds down to it is not.
    for (forward, strike, at_or_below) in [(0.7, 1e8 + 0.1, true), (0.3, 1e8 + 0.1, false)] {
        let price: f64 = strike - forward;
        let rest = Pair::sum(strike, -forward).low;
        assert_eq!(rest >= 0.0, at_or_below, "{rest:e}");
        let found = implied_volatility(&quote(Kind::Put, forward, strike, price)).unwrap();
        assert_eq!(found == Implied::AtOrBelowIntrinsic, at_or_below, "{found:?}");
    }
}

#[test]
fn what_is_no_price_of_an_option_is_refused_by_name() {
    let good = quote(Kind::Put, 1.0, 1.0, 0.1);
    let refused = |bad: PriceQuote| implied_volatility(&bad).unwrap_err().to_string();
    assert_eq!(
        refused(PriceQuote { price: f64::NAN, ..good }),
        "price is NaN; a finite number of zero or more is right"
    );
    assert_eq!(
        refused(PriceQuote { years: 0.0, ..good }),
        "years is 0.0; a finite number above zero is right"
    );
    let refusal = refused(PriceQuote { strike: -1.0, ..good });
    assert_eq!(refusal, "strike is -1.0; a price from 1e-100 to 1e100 is right");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn the_volatility_of_a_price_is_the_one_it_was_made_with(
        call in any::<bool>(), power in -30i32..30,
        log in prop_oneof![-1e-8..1e-8f64, -0.1..0.1f64, -1.0..1.0f64, -9.0..9.0f64],
        years in 1e-9..30.0f64, size in -8.0..1.5f64
    ) {
        let kind = if call { Kind::Call } else { Kind::Put };
        let forward = 7.3 * 10f64.powi(power);
        let asked = PriceQuote { kind, forward, strike: forward * log.exp(), years, price: 0.0 };
        let volatility = 10f64.powf(size) / years.sqrt();
        let option = priced(&asked, volatility);
        let price = option.price_undiscounted();
        match implied_volatility(&PriceQuote { price, ..asked }).unwrap() {
            Implied::Volatility { volatility: found, condition } => {
                // The price itself may be off by the error that it states.
                let off = f64::EPSILON + option.price_error() / price;
                let allowed = 8.0 * f64::EPSILON + 2.0 * condition * off;
                let error = (found / volatility - 1.0).abs();
                prop_assert!(error <= allowed || allowed > 1.0, "{error:e} {allowed:e} {asked:?}");
            }
            Implied::IllConditioned { volatility: found, .. } => {
                let again = priced(&asked, found).price_undiscounted();
                prop_assert!((again - price).abs() <= 2.0 * f64::EPSILON * price);
            }
            Implied::AtOrBelowIntrinsic => prop_assert!(price <= (forward - asked.strike).abs()),
            Implied::AtOrAboveCap => prop_assert!(price >= forward.min(asked.strike)),
            Implied::Underflow => prop_assert!(price < PRICE_MIN),
        }
    }

    #[test]
    fn any_floats_give_an_answer_or_a_refusal(
        call in any::<bool>(), forward in any::<f64>(), strike in any::<f64>(),
        years in any::<f64>(), price in any::<f64>(), powers in -40i32..40
    ) {
        let kind = if call { Kind::Call } else { Kind::Put };
        let near = 10f64.powi(powers);
        for quote in [
            PriceQuote { kind, forward, strike, years, price },
            PriceQuote { kind, forward: near, strike, years: years.abs(), price: price.abs() },
            PriceQuote { kind, forward: near, strike: near * 1.5, years: 0.1, price: price.abs() },
        ] {
            if let Ok(found) = implied_volatility(&quote)
                && let Implied::Volatility { volatility, condition }
                | Implied::IllConditioned { volatility, condition } = found
            {
                prop_assert!(volatility.is_finite() && volatility >= 0.0, "{quote:?}");
                prop_assert!(condition.is_finite() && condition >= 0.0, "{quote:?}");
            }
        }
    }
}
