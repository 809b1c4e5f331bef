"""Events of contracts a second by JACTUS, on one core.

Prints one table beside that of `cargo bench -p breakwater-benches --bench contract_events`. JACTUS is no
part of the build: without it this says so and ends well. It runs the published cases of the types PAM, LAM
and ANN that state no observations, and compares each payoff with the stated one, within a share of 1e-4:
it computes in 32-bit floats. A case that differs, or that it refuses, is counted apart and not timed.

    pip install jactus
    python3 benches/peers/actus_events.py [rounds]
"""

import json
import pathlib
import sys
import time

try:
    from jactus.contracts import create_contract
    from jactus.core import ActusDateTime, ContractAttributes, ContractRole, ContractType
    from jactus.core.types import DayCountConvention, EndOfMonthConvention
    from jactus.observers import ConstantRiskFactorObserver
except ImportError:
    print("skipped: JACTUS is not installed (pip install jactus)")
    sys.exit(0)

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "conformance" / "actus"
NAMES = {
    "contractID": ("contract_id", str),
    "currency": ("currency", str),
    "notionalPrincipal": ("notional_principal", float),
    "nominalInterestRate": ("nominal_interest_rate", float),
    "premiumDiscountAtIED": ("premium_discount_at_ied", float),
    "nextPrincipalRedemptionPayment": ("next_principal_redemption_amount", float),
    "contractRole": ("contract_role", ContractRole),
    "endOfMonthConvention": ("end_of_month_convention", EndOfMonthConvention),
}
DATES = {
    "statusDate": "status_date",
    "contractDealDate": "contract_deal_date",
    "initialExchangeDate": "initial_exchange_date",
    "maturityDate": "maturity_date",
    "amortizationDate": "amortization_date",
    "cycleAnchorDateOfInterestPayment": "interest_payment_anchor",
    "cycleAnchorDateOfPrincipalRedemption": "principal_redemption_anchor",
}
CYCLES = {
    "cycleOfInterestPayment": "interest_payment_cycle",
    "cycleOfPrincipalRedemption": "principal_redemption_cycle",
}
COUNTS = {"A365": "A365", "A360": "A360", "AA": "AA", "30E360": "E30360"}
PLAIN = {"contractType", "dayCountConvention", "rateMultiplier", "rateSpread", "fixingDays"}


def moment(text):
    return ActusDateTime.from_iso(text if len(text) > 16 else text + ":00")


def attributes(terms):
    """The contract in the words of the peer, or None where it uses more than these."""
    made = {"contract_type": ContractType(terms["contractType"])}
    for name, value in terms.items():
        value = value.strip() if isinstance(value, str) else value
        if name in NAMES:
            made[NAMES[name][0]] = NAMES[name][1](value)
        elif name in DATES:
            made[DATES[name]] = moment(value)
        elif name in CYCLES:
            period, stub = value[1:].split("L")
            made[CYCLES[name]] = period + ("+" if stub == "0" else "-")
        elif name == "dayCountConvention":
            made["day_count_convention"] = getattr(DayCountConvention, COUNTS[value])
        elif name not in PLAIN:
            return None
    return ContractAttributes(**made)


def simulate(made):
    return create_contract(made, ConstantRiskFactorObserver(0.0)).simulate().events


def agrees(case, events):
    ours = [float(row["payoff"]) for row in case["results"] if float(row["payoff"]) != 0]
    theirs = [float(event.payoff) for event in events if float(event.payoff) != 0]
    pairs = zip(ours, theirs)
    return len(ours) == len(theirs) and all(abs(a - b) <= 1e-4 * max(1, abs(a)) for a, b in pairs)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    chosen, refused, differing = [], 0, 0
    for kind in ("pam", "lam", "ann"):
        for case in json.loads((FOLDER / f"{kind}.json").read_text()).values():
            if case.get("dataObserved") or case.get("to"):
                continue
            try:
                made = attributes(case["terms"])
                events = simulate(made) if made else None
            except Exception:  # whatever it cannot read
                refused += 1
                continue
            if events is None:
                continue
            if agrees(case, events):
                chosen.append((made, len(case["results"])))
            else:
                differing += 1
    if not chosen:
        print(f"no case agrees: {refused} refused, {differing} differ")
        sys.exit(1)
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        for made, _ in chosen:
            simulate(made)
        times.append(time.perf_counter() - begun)
    events = sum(rows for _, rows in chosen)
    median = sorted(times)[rounds // 2]
    print("step             contracts  events  events/s  median")
    print(f"JACTUS           {len(chosen):9}  {events:6}  {events / median:8.0f}  {median:.3f} s")
    print(f"{refused} cases refused, {differing} with other payoffs: not timed")


main()
