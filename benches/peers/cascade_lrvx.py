"""The same marks over as many leveraged longs in lrvx (FLOX), which has no impact of this form.

Not the same work: a position is closed whole and the price takes no notice. What is measured is how fast a
C++ engine that is made for liquidations looks at all positions, so its row states no equality.
"""

import numpy as np
import lrvx


def path(book, steps):
    """One path; positions opened at one, so that a loan's ratio becomes a leverage."""
    engine = lrvx.LiquidationEngine()
    engine.add_tier(0.0, 0.05)
    engine.set_adl_enabled(False)
    engine.set_insurance_fund_capital(1e18)
    quantity = book["collateral"] / 1e9
    margin = quantity - book["debt"] / 1e9
    for account in range(len(quantity)):
        engine.open_position(account, 1, float(quantity[account]), 1.0, float(margin[account]))
    marks = np.exp(np.cumsum(steps))

    def run():
        for mark in marks:
            engine.on_mark(1, float(mark))
        return {"liquidations": engine.liquidations_count()}

    return run
