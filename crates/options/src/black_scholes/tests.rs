use super::*;
use crate::{Black76, Quote};
use proptest::prelude::*;

fn quote(kind: Kind, [spot, strike, years, volatility, rate, paid]: [f64; 6]) -> SpotQuote {
    SpotQuote { kind, spot, strike, years, volatility, rate, dividend_yield: paid }
}

fn option(kind: Kind, input: [f64; 6]) -> BlackScholes {
    BlackScholes::new(&quote(kind, input)).unwrap()
}

#[test]
fn a_textbook_call_has_its_price_and_greeks() {
    // Spot and strike 100, a year, 20 %, rate 5 %: 40-digit arithmetic.
    let greeks = option(Kind::Call, [100.0, 100.0, 1.0, 0.2, 0.05, 0.0]).greeks();
    for (found, right) in [
        (greeks.price, 10.450_583_572_185_565),
        (greeks.delta, 0.636_830_651_175_619_1),
        (greeks.gamma, 0.018_762_017_345_846_895),
        (greeks.vega, 37.524_034_691_693_79),
        (greeks.theta, -6.414_027_546_438_197),
        (greeks.rho, 53.232_481_545_376_34),
    ] {
        assert!((found - right).abs() <= 1e-14 * right.abs(), "{found} {right}");
    }
}

#[test]
fn terms_that_cancel_keep_the_digits_of_their_difference() {
    // ln(S/K) = ln 2 and r T = -ln 2 but for what floats cannot hold, over a deviation of 1e-12:
    // with one float for their sum d1 would be wrong by tens. ln 2 = 0.6931471805599453 +
    // 2.319046813846300e-17.
    let rate = -std::f64::consts::LN_2;
    let found = option(Kind::Call, [2.0, 1.0, 1.0, 1e-16, rate, 0.0]).d1();
    assert!((found - 0.231_904_681_384_63).abs() < 1e-12, "{found}");
    let third = logarithm_of_quotient(1.0, 3.0);
    // -ln 3 = -1.0986122886681098 + 9.07129723500153e-17.
    assert_eq!(third.high, -1.098_612_288_668_109_8);
    assert!((third.low - 9.071_297_235_001_53e-17).abs() < 1e-29, "{:e}", third.low);
}

#[test]
fn without_deviation_a_value_is_its_payoff_and_every_greek_a_number() {
    for (spot, years, volatility) in [(120.0, 0.0, 0.3), (120.0, 1.0, 0.0), (100.0, 0.0, 0.0)] {
        for kind in [Kind::Call, Kind::Put] {
            let greeks = option(kind, [spot, 100.0, years, volatility, 0.0, 0.0]).greeks();
            assert_eq!(greeks.price, (kind.sign() * (spot - 100.0)).max(0.0));
            let SpotGreeks { gamma, vega, theta, rho, phi, vanna, volga, charm, speed, .. } =
                greeks;
            for value in [gamma, theta, vanna, volga, charm, speed] {
                assert_eq!(value, 0.0, "{greeks:?}");
            }
            for value in [vega, rho, phi, greeks.delta, greeks.dual_delta] {
                assert!(value.is_finite(), "{greeks:?}");
            }
        }
    }
}

#[test]
fn what_is_no_option_is_refused_by_name() {
    let good = quote(Kind::Call, [100.0, 100.0, 1.0, 0.2, 0.05, 0.0]);
    let refused = |bad: SpotQuote| BlackScholes::new(&bad).unwrap_err().to_string();
    let right = "a price from 1e-100 to 1e100 is right";
    assert_eq!(refused(SpotQuote { spot: 0.0, ..good }), format!("spot is 0.0; {right}"));
    let right = "a finite number of zero or more is right";
    assert_eq!(
        refused(SpotQuote { volatility: -0.2, ..good }),
        format!("volatility is -0.2; {right}")
    );
    let right = "a rate that times the years is from -450 to 450 is right";
    assert_eq!(refused(SpotQuote { rate: 500.0, ..good }), format!("rate is 500.0; {right}"));
    assert!(
        refused(SpotQuote { dividend_yield: f64::NAN, ..good })
            .starts_with("dividend_yield is NaN")
    );
}

/// Differences of five points, for functions that change over a hundredth of their argument.
fn slope(at: f64, width: f64, value: impl Fn(f64) -> f64) -> f64 {
    let h = width;
    let near = 8.0 * (value(at + h) - value(at - h));
    (near - (value(at + 2.0 * h) - value(at - 2.0 * h))) / (12.0 * h)
}

proptest! {
    #[test]
    fn greeks_are_the_derivatives_of_price_and_delta(
        call in any::<bool>(), log in -0.5..0.5f64, years in 0.1..3.0f64,
        volatility in 0.15..1.0f64, rate in -0.1..0.2f64, paid in -0.1..0.2f64
    ) {
        let kind = if call { Kind::Call } else { Kind::Put };
        let asked = quote(kind, [100.0, 100.0 * log.exp(), years, volatility, rate, paid]);
        let of = |quote: SpotQuote| BlackScholes::new(&quote).unwrap();
        let greeks = of(asked).greeks();
        let by_spot = |value: fn(&BlackScholes) -> f64| {
            slope(100.0, 0.05, |spot| value(&of(SpotQuote { spot, ..asked })))
        };
        let by_years = |value: fn(&BlackScholes) -> f64| {
            -slope(years, 1e-3 * years, |years| value(&of(SpotQuote { years, ..asked })))
        };
        let by_volatility = |value: fn(&BlackScholes) -> f64| {
            slope(volatility, 1e-4, |volatility| value(&of(SpotQuote { volatility, ..asked })))
        };
        let rho = slope(rate, 1e-4, |rate| of(SpotQuote { rate, ..asked }).price());
        let phi = slope(paid, 1e-4, |paid| of(SpotQuote { dividend_yield: paid, ..asked }).price());
        let strike = slope(asked.strike, 0.05, |strike| of(SpotQuote { strike, ..asked }).price());
        for (name, found, right) in [
            ("delta", greeks.delta, by_spot(BlackScholes::price)),
            ("gamma", greeks.gamma, by_spot(BlackScholes::delta)),
            ("speed", greeks.speed, by_spot(BlackScholes::gamma)),
            ("theta", greeks.theta, by_years(BlackScholes::price)),
            ("charm", greeks.charm, by_years(BlackScholes::delta)),
            ("vega", greeks.vega, by_volatility(BlackScholes::price)),
            ("vanna", greeks.vanna, by_volatility(BlackScholes::delta)),
            ("volga", greeks.volga, by_volatility(BlackScholes::vega)),
            ("rho", greeks.rho, rho),
            ("phi", greeks.phi, phi),
            ("dual delta", greeks.dual_delta, strike),
        ] {
            let allowed = 1e-6 * right.abs() + 1e-8;
            prop_assert!((found - right).abs() <= allowed, "{name} {found} {right} {asked:?}");
        }
    }

    #[test]
    fn a_call_less_a_put_is_the_forward_less_the_strike_discounted(
        log in -3.0..3.0f64, years in 0.0..5.0f64, volatility in 0.0..3.0f64,
        rate in -0.5..2.0f64, paid in -0.5..2.0f64
    ) {
        let input = [100.0, 100.0 * log.exp(), years, volatility, rate, paid];
        let (call, put) = (option(Kind::Call, input), option(Kind::Put, input));
        let (spot, strike) = (100.0 * call.yield_discount(), input[1] * call.discount());
        let off = call.price() - put.price() - (spot - strike);
        prop_assert!(off.abs() <= 8.0 * f64::EPSILON * spot.max(strike));
        prop_assert!((call.delta() - put.delta() - call.yield_discount()).abs() < 1e-13);
    }

    #[test]
    fn it_is_the_option_on_its_forward(
        call in any::<bool>(), log in -1.0..1.0f64, years in 0.01..5.0f64,
        volatility in 0.05..3.0f64, rate in -0.5..0.5f64, paid in -0.5..0.5f64
    ) {
        let kind = if call { Kind::Call } else { Kind::Put };
        let spot = option(kind, [100.0, 100.0 * log.exp(), years, volatility, rate, paid]);
        let (forward, strike) = (spot.forward(), 100.0 * log.exp());
        let right = Black76::new(&Quote { kind, forward, strike, years, volatility, rate }).unwrap();
        let scale = spot.discount() * forward.max(strike);
        prop_assert!((spot.price() - right.price()).abs() <= 64.0 * f64::EPSILON * scale);
        let delta = spot.delta() * 100.0 / forward;
        prop_assert!((delta - right.delta()).abs() <= 1e-13 * (1.0 + 1.0 / volatility));
    }

    #[test]
    fn any_floats_give_numbers_or_a_refusal(
        call in any::<bool>(), wild in prop::array::uniform6(any::<f64>()),
        powers in prop::array::uniform6(-120i32..120), near in 0usize..6
    ) {
        let kind = if call { Kind::Call } else { Kind::Put };
        let tens = powers.map(|power| 10f64.powi(power));
        let mut mixed = tens;
        mixed[near] = wild[near];
        for input in [wild, tens, mixed] {
            let Ok(option) = BlackScholes::new(&quote(kind, input)) else { continue };
            let greeks = option.greeks();
            let SpotGreeks { price, delta, gamma, vega, theta, rho, phi, .. } = greeks;
            let SpotGreeks { vanna, volga, charm, speed, dual_delta, .. } = greeks;
            for value in
                [price, delta, gamma, vega, theta, rho, phi, vanna, volga, charm, speed, dual_delta]
            {
                prop_assert!(value.is_finite(), "{input:?} {greeks:?}");
            }
        }
    }
}
