"""Runs peers on the cascade benchmark's own inputs and prints one table with ours.

    cargo bench -p breakwater-benches --bench cascade -- --inputs DIR --paths 2
    python3 benches/peers/run.py DIR [--ours FILE]

FILE is what `cargo bench ... --bench cascade` printed; without it our rows are left out. A peer whose package is
absent is skipped, and said so. A path counts only if its liquidations and most rounds are ours and its last price
and trough are within one part in a million: doubles and whole numbers round differently, and a cascade amplifies
that. CPU time of one thread.
"""

import csv
import importlib
import pathlib
import re
import sys
import time

MINUTES = 1440
PEERS = [("NumPy, full scan", "cascade_numpy"), ("radCAD, NumPy kernel", "cascade_radcad")]
UNLIKE = [("lrvx, on_mark (no impact)", "cascade_lrvx")]


def read(folder):
    """The book, and for every regime its steps and our answers."""
    import numpy as np

    columns = np.loadtxt(folder / "book.csv", delimiter=",", skiprows=1)
    book = {"collateral": columns[:, 0].copy(), "debt": columns[:, 1].copy()}
    regimes = {}
    for regime in ("calm", "stress", "crash"):
        if not (folder / f"steps_{regime}.csv").exists():
            continue
        steps = [
            [float(word) for word in line.split(",")]
            for line in (folder / f"steps_{regime}.csv").read_text().splitlines()
        ]
        with open(folder / f"expected_{regime}.csv", newline="") as file:
            regimes[regime] = list(zip(steps, csv.DictReader(file)))
    return book, regimes


def differs(state, row):
    """What of a path is not ours; empty if nothing."""
    wrong = []
    for name, tolerance in (("price", 1e-6), ("trough", 1e-6)):
        ours = float(row[name])
        if abs(state[name] - ours) > tolerance * ours:
            wrong.append(f"{name} {state[name]} against {ours}")
    # Where a threshold is met to the last digit, doubles may take an account a round later.
    ours = int(row["liquidations"])
    if abs(state["liquidations"] - ours) > 1e-6 * ours:
        wrong.append(f"liquidations {state['liquidations']} against {ours}")
    if state["rounds_max"] != int(row["rounds_max"]):
        wrong.append(f"rounds {state['rounds_max']} against {row['rounds_max']}")
    return "; ".join(wrong)


def timed(run):
    begun = time.process_time()
    state = run()
    return state, time.process_time() - begun


def rows_of(name, module, like, book, regimes):
    for regime, paths in regimes.items():
        seconds = liquidations = 0
        for number, (steps, row) in enumerate(paths):
            run = (lambda: module.path(book, steps)) if like else module.path(book, steps)
            state, took = timed(run)
            wrong = like and differs(state, row)
            if wrong:
                sys.exit(f"error: {name}, {regime}, path {number}: {wrong}")
            seconds += took
            liquidations += state["liquidations"]
        each = seconds / len(paths)
        covered = len(book["debt"]) * MINUTES
        verdict = "equal" if like else "other rule"
        yield [name, regime, f"{each:.4f}", covered / each, liquidations / seconds, verdict]


def ours(file):
    """Rows of one thread out of what our benchmark printed."""
    text = pathlib.Path(file).read_text()
    paths = int(re.search(r"minutes, ([\d,]+) paths", text)[1].replace(",", ""))
    for line in text.splitlines():
        words = line.split()
        if len(words) > 7 and words[0] in ("calm", "stress", "crash") and words[1] == "1":
            each = float(words[3]) / paths
            accounts = int(re.search(r"^([\d,]+) accounts", text, re.M)[1].replace(",", ""))
            liquidations = int(words[6].replace(",", "")) / paths
            rate = liquidations / each
            yield ["breakwater", words[0], f"{each:.6f}", accounts * MINUTES / each, rate, "equal"]


def main():
    arguments = sys.argv[1:]
    if not arguments:
        sys.exit(__doc__)
    try:
        book, regimes = read(pathlib.Path(arguments[0]))
    except ModuleNotFoundError:
        print("skipped: all peers need numpy, which is not installed")
        return
    rows = list(ours(arguments[arguments.index("--ours") + 1])) if "--ours" in arguments else []
    for peers, like in ((PEERS, True), (UNLIKE, False)):
        for name, module in peers:
            try:
                found = importlib.import_module(module)
            except ModuleNotFoundError as missing:
                print(f"skipped: {name} ({missing.name} is not installed)")
                continue
            rows += rows_of(name, found, like, book, regimes)
    rows.sort(key=lambda row: ("calm", "stress", "crash").index(row[1]))
    print(f"{'tool':27} {'regime':7} {'CPU s a path':>13} {'account-minutes/s':>18} {'liquidations/s':>15}  work")
    for name, regime, each, covered, rate, verdict in rows:
        print(f"{name:27} {regime:7} {each:>13} {covered:>18,.0f} {rate:>15,.0f}  {verdict}")


if __name__ == "__main__":
    main()
