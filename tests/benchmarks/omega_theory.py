"""What was tried on the theory of omega, the weight of opposite pairs: measured and predicted.

Writes paper_notes/data/omega_theory.csv: attempt, n, m, lam, measured value with its standard
error, prediction. The value is omega; for "lag, held out" it is the mean count, for "members" a
ratio that is 1 if the two features of a pair are independent, for "kept pairs" and "kept" a
fraction of pairs or features. All inputs are committed tables.
"""

import csv
import math
from collections import defaultdict
from pathlib import Path

import numpy as np
from scipy import linalg, optimize, special

from polysem import numerics, theory
from polysem.numerics.collisions.trained_count import place, retained_surface, settings
from polysem.verify.collisions import omega_laws
from polysem.verify.collisions.held_out import held_out
from polysem.verify.published import data_rows

OUT = Path(__file__).parents[2] / "paper_notes" / "data" / "omega_theory.csv"
LARGEST_ERROR = 0.06
LEAST_BATCHES = 5
SIZES = (16, 64, 256, 1024)


def measured():
    """log omega and its error by (n, m, lam), pooled."""
    found = defaultdict(list)
    for one in settings("flow"):
        found[one.n, one.m, one.lam].append(one.log_tilt)
    pooled = {}
    for where, parts in found.items():
        values, errors = np.array(parts).T
        weights = errors**-2
        pooled[where] = float(np.average(values, weights=weights)), float(weights.sum() ** -0.5)
    return {where: both for where, both in pooled.items() if both[1] < LARGEST_ERROR}


def few_rows():
    """For each m: n, the mean of log omega over batches of networks, its covariance."""
    batches = defaultdict(lambda: defaultdict(list))
    for row in data_rows("few_rows.csv"):
        n, m = int(row["n"]), int(row["m"])
        batches[m][n].append(float(row["ratio"]))
    for m, found in batches.items():
        sizes = sorted(found)
        sample = np.array([found[n] for n in sizes])
        if sample.shape[1] < LEAST_BATCHES:
            continue
        mean, covariance = sample.mean(axis=1), np.cov(sample) / sample.shape[1]
        counts = [n * (n - 1) / 2 / (2 * m - 1) for n in sizes]
        tilts = [
            math.log(numerics.tilt_of_mean(ratio * count, n=n, m=m))
            for n, ratio, count in zip(sizes, mean, counts, strict=True)
        ]
        yield m, np.array(sizes), np.array(tilts), covariance / np.outer(mean, mean)


def small_networks(omega):
    """For each m: n, log omega and its covariance, for n <= sqrt(m) and all few rows."""
    sampled = {m: rest for m, *rest in few_rows()}
    for m in SIZES:
        trained = [n for n, size, lam in omega if size == m and lam == 0 and n * n <= m]
        values, errors = np.array([omega[n, m, 0.0] for n in trained]).T
        sizes, tilts, covariance = sampled.get(m, (np.zeros(0), np.zeros(0), np.zeros((0, 0))))
        yield (
            m,
            np.concatenate([sizes, trained]),
            np.concatenate([tilts, values]),
            linalg.block_diag(covariance, np.diag(errors**2)),
        )


def from_small_crowding(omega):
    """log omega = a + b (n - 2) through networks with n <= sqrt(m), up to n = 4 sqrt(m)."""
    for m, sizes, tilts, covariance in small_networks(omega):
        design = np.array([np.ones(len(sizes)), sizes - 2.0]).T
        inverse = np.linalg.inv(covariance)
        spread = np.linalg.inv(design.T @ inverse @ design)
        line = spread @ design.T @ inverse @ tilts
        for n, value, error in zip(sizes, tilts, np.sqrt(np.diag(covariance)), strict=True):
            omega_here = math.exp(value)
            yield "few features, input", int(n), m, 0.0, omega_here, error * omega_here, ""
        for (n, size, lam), (value, error) in omega.items():
            if size == m and lam == 0 and m < n * n <= 16 * m and n <= 2 / 3 * m:
                at = np.array([1.0, n - 2.0])
                both = math.hypot(error, math.sqrt(at @ spread @ at)) * math.exp(value)
                yield "few features", n, m, lam, math.exp(value), both, math.exp(at @ line)


def from_half(omega):
    """omega of half as many features on a quarter of the neurons, at the same lambda sqrt(m)."""
    for (n, m, lam), (value, error) in omega.items():
        for (fewer, less, stronger), (other, its_error) in omega.items():
            if (2 * fewer, 4 * less) == (n, m) and math.isclose(stronger, 2 * lam):
                both = math.hypot(error, its_error) * math.exp(value)
                yield "smaller system", n, m, lam, math.exp(value), both, math.exp(other)


def from_lag():
    """The law of the lag, and two variants of it."""
    for one in omega_laws.pairs():
        n, m, lam = one.setting.n, one.setting.m, one.setting.lam
        lag, limit = theory.contact_lag(m=m, lam=lam), math.log(one.limit)
        pair = math.log(1.18)  # of two rows
        variants = {
            "lag": one.predicted,
            "lag, one contact": math.exp(limit * math.exp(-lag)),
            "lag, two rows apart": math.exp(
                pair * math.exp(-lag) + (limit - pair) * math.exp(-2 * lag)
            ),
        }
        for name, predicted in variants.items():
            yield name, n, m, lam, one.measured, one.error * one.measured, predicted


def held_out_counts():
    """The mean count in the held-out settings of the flow: omega for lambda -> 0 and the lag."""
    for one in held_out():
        if one.lam and one.n <= 2 / 3 * one.m:
            limit, _ = omega_laws.limit_surfaces()["omega"].at(place(one.n, one.m, 0.0))
            omega = theory.pair_weight_flow(m=one.m, lam=one.lam, omega=math.exp(limit))
            predicted = numerics.TiltedLaw(one.n, one.m, omega).mean()
            yield "lag, held out", one.n, one.m, one.lam, one.mean, one.mean_error, predicted


def from_crowd():
    """omega for lambda -> 0 from the support of a pair and the crowd; with the lag, everywhere."""
    for name, found in (
        ("crowd", omega_laws.in_limit()),
        ("crowd, Laplace rows", omega_laws.in_limit_laplace()),
    ):
        for one in found:
            n, m = one.setting.n, one.setting.m
            yield name, n, m, 0.0, one.measured, one.error * one.measured, one.predicted
    for one in omega_laws.in_limit():
        n, m, height = one.setting.n, one.setting.m, theory.winner_height(m=one.setting.m)
        if omega_laws.crowd(one.setting) < 7.1:
            lowered = 0.152 * height * (n - 2) / (2 * math.sqrt(m))
            law = (1 + theory.contact_impulse(m=m, height=height)) * math.exp(-lowered)
            error = one.error * one.measured
            yield "crowd, nothing fitted", n, m, 0.0, one.measured, error, law
    for one in omega_laws.pairs():
        n, m, lam = one.setting.n, one.setting.m, one.setting.lam
        if n <= m / 2:
            limit = theory.pair_weight_limit(n=n, m=m, height=theory.winner_height(m=m))
            error = one.setting.log_tilt[1] * one.measured
            law = theory.pair_weight_flow(m=m, lam=lam, omega=limit)
            yield "crowd and lag", n, m, lam, one.measured, error, law


def from_impulse():
    """omega of two features as 1 + the impulse of a contact."""
    for m, sizes, tilts, covariance in few_rows():
        value, error = math.exp(tilts[0]), math.sqrt(covariance[0, 0])
        law = 1 + theory.contact_impulse(m=m, height=theory.winner_height(m=m))
        yield "two features", int(sizes[0]), m, 0.0, value, error * value, law


def members():
    """Whether the two features of a pair are independent, and how many pairs are kept."""
    for row in data_rows("pair_members.csv"):
        n, m, lam = int(row["n"]), int(row["m"]), float(row["lam"])
        both, one, none = (float(row[name]) for name in ("both", "one", "none"))
        networks, kept = int(row["networks"]), float(row["retained"])
        if min(both, one, none) * networks < 100:
            continue
        ratio = 4 * both * none / one**2
        error = ratio * math.sqrt(
            sum(w / (x * networks) for w, x in ((1, both), (4, one), (1, none)))
        )
        yield "members", n, m, lam, ratio, error, 1.0
        chance = theory.expected_neurons_exclusion(n=n, m=m)
        fewer = kept + (kept_at(n - 1, m, lam) - kept_at(n, m, lam))
        yield "kept pairs", n, m, lam, both / chance, math.sqrt(both / networks) / chance, fewer**2


def kept_at(n, m, lam):
    value, _ = retained_surface().at(place(n, m, lam))
    return float(special.expit(value))


def kept():
    """The retained fraction under the flow: kicks of all stages, of the last, all by theory."""
    for one in omega_laws.retained():
        n, m, lam = one.setting.n, one.setting.m, one.setting.lam
        size = optimize.brentq(
            lambda x, limit=one.limit: float(numerics.retained_fraction(x)) - limit, 1e-3, 100
        )
        size *= math.exp(-theory.contact_lag(m=m, lam=lam) / 2)
        last = float(numerics.retained_fraction(size))
        for name, predicted in (("kept", one.predicted), ("kept, last stage", last)):
            yield name, n, m, lam, one.measured, one.error * one.measured, predicted
        if m >= 64 and n * n <= 16 * m:
            predicted, error = (
                numerics.retained_fraction_flow(n, m, lam),
                one.setting.retained_error,
            )
            yield "kept, nothing measured", n, m, lam, one.measured, error, predicted


def main():
    omega = measured()
    attempts = (
        from_lag(),
        held_out_counts(),
        from_crowd(),
        from_impulse(),
        from_half(omega),
        from_small_crowding(omega),
    )
    with OUT.open("w", encoding="utf-8", newline="") as file:
        file.write(
            "# Written by tests/benchmarks/omega_theory.py, which says what the columns are.\n"
        )
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("attempt", "n", "m", "lam", "measured", "error", "predicted"))
        for rows in (*attempts, members(), kept()):
            for name, n, m, lam, value, error, predicted in sorted(rows, key=lambda row: row[:4]):
                shown = f"{predicted:.4f}" if predicted != "" else ""
                table.writerow((name, n, m, f"{lam:g}", f"{value:.4f}", f"{error:.4f}", shown))


if __name__ == "__main__":
    main()
