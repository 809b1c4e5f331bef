use super::*;
use proptest::prelude::*;

#[path = "references.rs"]
mod references;

use references::{CASES, Case, OUTPUTS};

fn option(kind: Kind, [forward, strike, years, rate, volatility]: [f64; 5]) -> Black76 {
    Black76::new(&Quote { kind, forward, strike, years, volatility, rate }).unwrap()
}

fn outputs(option: &Black76) -> [f64; 12] {
    let coin = option.coin();
    [
        option.price(),
        option.price_undiscounted(),
        option.d1(),
        option.d2(),
        option.delta(),
        option.gamma(),
        option.vega(),
        coin.price,
        coin.net_delta,
        coin.slope,
        coin.curvature,
        coin.vega,
    ]
}

#[test]
fn ten_regimes_are_within_what_a_stable_computation_can_reach() {
    for Case { name, kind, input, outputs: right } in &CASES {
        let found = outputs(&option(*kind, *input));
        for ((output, found), (value, condition)) in OUTPUTS.iter().zip(found).zip(right) {
            let allowed = 64.0 * 2.2e-16 * (condition + value.abs()) + 1e-290;
            assert!((found - value).abs() <= allowed, "{name} {output}: {found:e} for {value:e}");
        }
    }
}

#[test]
fn a_value_far_out_of_the_money_keeps_its_digits() {
    for Case { name, kind, input, outputs: right } in &CASES {
        let (value, d1) = (right[1].0, right[2].0);
        let found = option(*kind, *input).price_undiscounted();
        let allowed = value * 1e-13 * (1.0 + d1 * d1);
        assert!(value < 1e-290 || (found - value).abs() <= allowed, "{name}: {found:e} {value:e}");
    }
}

#[test]
fn a_delivery_pays_intrinsic_value_over_the_price() {
    // The venue's own example of an inverse call: strike 10,000, delivery 12,500 pays 0.2 coin.
    let call = option(Kind::Call, [12_500.0, 10_000.0, 0.0, 0.0, 0.8]).coin();
    assert_eq!((call.price, call.net_delta, call.vega), (0.2, 0.8, 0.0));
    let put = option(Kind::Put, [12_500.0, 10_000.0, 0.0, 0.0, 0.8]).coin();
    assert_eq!((put.price, put.net_delta, put.slope, put.curvature), (0.0, 0.0, 0.0, 0.0));
}

#[test]
fn at_the_strike_without_time_left_nothing_is_undefined() {
    for kind in [Kind::Call, Kind::Put] {
        let expired = option(kind, [100.0, 100.0, 0.0, 0.05, 0.5]);
        assert_eq!(
            (expired.price(), expired.gamma(), expired.d1(), expired.d2()),
            (0.0, 0.0, 0.0, 0.0)
        );
        assert_eq!(expired.delta(), 0.5 * kind.sign());
    }
}

#[test]
fn what_no_option_has_is_refused_by_name() {
    let good = Quote {
        kind: Kind::Call,
        forward: 1.0,
        strike: 1.0,
        years: 1.0,
        volatility: 1.0,
        rate: 0.0,
    };
    for (quote, message) in [
        (Quote { forward: 0.0, ..good }, "forward is 0.0; a price from 1e-100 to 1e100 is right"),
        (
            Quote { forward: f64::NAN, ..good },
            "forward is NaN; a price from 1e-100 to 1e100 is right",
        ),
        (Quote { strike: -1.0, ..good }, "strike is -1.0; a price from 1e-100 to 1e100 is right"),
        (Quote { years: -0.1, ..good }, "years is -0.1; a finite number of zero or more is right"),
        (
            Quote { volatility: f64::INFINITY, ..good },
            "volatility is inf; a finite number of zero or more is right",
        ),
        (
            Quote { volatility: 1e300, years: 1e30, ..good },
            "volatility is 1e300; less than 1e154 is right",
        ),
        (Quote { rate: f64::NAN, ..good }, "rate is NaN; a rate whose discount is finite is right"),
        (Quote { rate: -1e3, ..good }, "rate is -1000.0; a rate whose discount is finite is right"),
    ] {
        assert_eq!(Black76::new(&quote).unwrap_err().to_string(), message);
    }
}

fn any_float() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        0.0..1e5f64,
        Just(0.0),
        Just(f64::MAX),
        Just(f64::MIN_POSITIVE),
        Just(5e-324)
    ]
}

proptest! {
    #[test]
    fn no_input_gives_a_nan_an_infinity_or_a_panic(
        call in any::<bool>(), forward in any_float(), strike in any_float(),
        years in any_float(), rate in any_float(), volatility in any_float()
    ) {
        let kind = if call { Kind::Call } else { Kind::Put };
        let quote = Quote { kind, forward, strike, years, volatility, rate };
        if let Ok(option) = Black76::new(&quote) {
            let values = outputs(&option);
            for (index, value) in values.iter().enumerate() {
                // d1 and d2 are infinite where an option has no deviation.
                prop_assert!(value.is_finite() || index == 2 || index == 3 && !value.is_nan(),
                    "{}: {}", OUTPUTS[index], value);
            }
            let ForwardGreeks { theta, rho, vanna, volga, dual_delta, .. } = option.greeks();
            for value in [theta, rho, vanna, volga, dual_delta] {
                prop_assert!(value.is_finite(), "{:?}", option.greeks());
            }
            let allowed = option.price_error();
            let cap = if call { forward } else { strike };
            prop_assert!(values[1] >= 0.0 && values[1] <= cap + allowed);
        }
    }

    #[test]
    fn a_call_less_a_put_is_the_forward_less_the_strike(
        forward in 1.0..1e5f64, strike in 1.0..1e5f64, years in 0.0..3.0f64, volatility in 0.0..4.0f64
    ) {
        let input = [forward, strike, years, 0.0, volatility];
        let (call, put) = (option(Kind::Call, input), option(Kind::Put, input));
        let parity = call.price_undiscounted() - put.price_undiscounted() - (forward - strike);
        prop_assert!(parity.abs() <= 2.0 * call.price_error(), "{}", parity);
        prop_assert!((call.delta() - put.delta() - 1.0).abs() < 1e-14);
        prop_assert_eq!(call.gamma(), put.gamma());
        let net = call.coin().net_delta - put.coin().net_delta - strike / forward;
        prop_assert!(net.abs() <= 1e-14 * (strike / forward).max(1.0));
    }

    /// Greeks against differences of the price: wrong signs and factors differ by far more.
    #[test]
    fn greeks_are_the_slopes_of_the_price(
        call in any::<bool>(), forward in 50.0..200.0f64, years in 0.05..2.0f64,
        volatility in 0.2..1.5f64, rate in -0.1..0.3f64
    ) {
        let kind = if call { Kind::Call } else { Kind::Put };
        let at = |forward, volatility| option(kind, [forward, 100.0, years, rate, volatility]);
        let (here, step) = (at(forward, volatility), forward * 1e-4);
        let (up, down) = (at(forward + step, volatility), at(forward - step, volatility));
        let near = |found: f64, slope: f64, scale: f64| (found - slope).abs() <= 1e-5 * scale;
        prop_assert!(near(here.delta(), (up.price() - down.price()) / (2.0 * step), 1.0));
        prop_assert!(near(here.gamma() * forward, (up.delta() - down.delta()) / (2.0 * step) * forward, 10.0));
        let bumped = (at(forward, volatility + 1e-4).price() - at(forward, volatility - 1e-4).price()) / 2e-4;
        prop_assert!(near(here.vega(), bumped, forward));
        let later = option(kind, [forward, 100.0, years * 1.0001, rate, volatility]);
        let sooner = option(kind, [forward, 100.0, years * 0.9999, rate, volatility]);
        let theta = (sooner.price() - later.price()) / (2e-4 * years);
        prop_assert!(near(here.theta(), theta, forward));
        let (dear, cheap) = (at(forward, volatility + 1e-4), at(forward, volatility - 1e-4));
        prop_assert!(near(here.vanna(), (dear.delta() - cheap.delta()) / 2e-4, 1.0));
        prop_assert!(near(here.volga(), (dear.vega() - cheap.vega()) / 2e-4, forward));
        // A price is of first degree in forward and strike together.
        let whole = forward * here.delta() + 100.0 * here.dual_delta();
        prop_assert!(near(here.price(), whole, forward));
        prop_assert_eq!(here.rho(), -years * here.price());
        let (coin, above, below) = (here.coin(), up.coin(), down.coin());
        prop_assert!(near(coin.slope * forward, (above.price - below.price) / (2.0 * step) * forward, 3.0));
        prop_assert!(near(coin.curvature * forward * forward,
            (above.slope - below.slope) / (2.0 * step) * forward * forward, 30.0));
        let bumped = (at(forward, volatility + 1e-4).coin().price - at(forward, volatility - 1e-4).coin().price) / 2e-4;
        prop_assert!(near(coin.vega, bumped, 1.0));
    }
}
