"""The cascade benchmark as a NumPy full scan: every account is asked in every round.

The kernel is also what radCAD steps through. Amounts are doubles; no account is missed, none is rounded.
"""

import math

import numpy as np

THRESHOLD, CLOSE_FACTOR, BONUS, ROUNDS_MAX = 0.825, 0.5, 0.05, 8


def minute(state, step, depth):
    """One step: the price moves, then rounds until nobody is in breach. Changes `state`."""
    collateral, debt = state["collateral"], state["debt"]
    price = state["price"] * math.exp(step)
    trough = min(state["trough"], price)
    rounds = 0
    while rounds < ROUNDS_MAX:
        breach = np.nonzero((debt > collateral * (price * THRESHOLD)) & (collateral > 0.0))[0]
        if breach.size == 0:
            break
        rounds += 1
        c, d = collateral[breach], debt[breach]
        repaid = CLOSE_FACTOR * d
        seized = repaid * ((1.0 + BONUS) / price)
        short = seized > c
        repaid = np.where(short, c * (price / (1.0 + BONUS)), repaid)
        seized = np.where(short, c, seized)
        collateral[breach] = c - seized
        debt[breach] = d - repaid
        price *= math.exp(-seized.sum() / depth)
        trough = min(trough, price)
        state["liquidations"] += int(breach.size)
    state["rounds_max"] = max(state["rounds_max"], rounds)
    state["price"], state["trough"] = price, trough


def begin(book):
    """The state before the first step."""
    return {
        "collateral": book["collateral"].copy(),
        "debt": book["debt"].copy(),
        "price": 1.0,
        "trough": 1.0,
        "liquidations": 0,
        "rounds_max": 0,
    }


def path(book, steps):
    """One path; the state after its last step."""
    depth = 2.0 * book["collateral"].sum()
    state = begin(book)
    for step in steps:
        minute(state, step, depth)
    return state
