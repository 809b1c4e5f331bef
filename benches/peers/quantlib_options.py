"""Prices with greeks and implied volatilities a second by QuantLib, on one core.

Prints one table beside that of `cargo bench -p breakwater-benches --bench option_prices`. QuantLib is
no part of the build: without it this says so and ends well. Inputs are drawn from the same ranges, by
Python's own generator, so that they are alike but not the same.

    pip install QuantLib
    python3 benches/peers/quantlib_options.py [options]
"""

import random
import sys
import time

try:
    import QuantLib as ql
except ImportError:
    print("skipped: QuantLib is not installed (pip install QuantLib)")
    sys.exit(0)


def drawn(count):
    draw = random.Random(11)
    options = []
    for _ in range(count):
        forward = 55_000 + 10_000 * draw.random()
        strike = forward * (0.7 + 0.7 * draw.random())
        years = 0.02 + 2 * draw.random()
        volatility = 0.1 + 1.4 * draw.random()
        call = draw.random() < 0.5
        options.append((call, forward, strike, years, volatility, 0.06 * draw.random()))
    return options


def kind(call):
    return ql.Option.Call if call else ql.Option.Put


def measured(work, rounds=5):
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return sorted(times)[rounds // 2]


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4_096
    options = drawn(count)

    def greeks():
        for call, forward, strike, years, volatility, rate in options:
            deviation = volatility * years**0.5
            payoff = ql.PlainVanillaPayoff(kind(call), strike)
            found = ql.BlackCalculator(payoff, forward, deviation, 2.718281828459045 ** (-rate * years))
            found.value(), found.deltaForward(), found.gammaForward()
            found.vega(years), found.theta(forward, years)

    prices = [
        ql.blackFormula(kind(call), strike, forward, volatility * years**0.5)
        for call, forward, strike, years, volatility, _ in options
    ]

    def implied():
        for (call, forward, strike, _, _, _), price in zip(options, prices):
            try:
                ql.blackFormulaImpliedStdDevLiRS(
                    kind(call), strike, forward, price, 1.0, 0.0, ql.nullDouble(), 1.0, 1e-12, 100
                )
            except (RuntimeError, TypeError):
                ql.blackFormulaImpliedStdDev(kind(call), strike, forward, price)

    print(f"quantlib_options: QuantLib {ql.__version__} from Python, {count} options, one core")
    print(f"{'step':<40}{'options/s':>14}")
    print("-" * 54)
    for name, work in [("price and four greeks", greeks), ("implied volatility", implied)]:
        print(f"{name:<40}{count / measured(work):>14,.0f}")
    print("Calls from Python cost about a microsecond each; QuantLib's own C++ loop is faster.")


if __name__ == "__main__":
    main()
