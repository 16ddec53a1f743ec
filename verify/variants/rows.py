"""A trained row of a variant against its formulas."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy import optimize

from ...numerics import Step
from ...numerics._types import Array
from .setting import ALPHA, ROW_MARGIN, Compared, Setting

_SAFE = 0.1  # step of the runs that end near the fold
_FINE = 0.01  # step of the runs whose rates are measured
_TINY = 1e-5  # deviation from a state at rest
_WIDTH = 8192  # neurons of a row of many weights
_LONG = 400.0  # flow time of the first threshold, large against the transient of order 1
_PARTS = 100  # of a quarter of the mean time to one weight, after which a row is given up
_NARROW = 32  # neurons of the rows that are followed to one weight
_RESTING = 800  # rows that are followed to rest


def rest(setting: Setting) -> Iterator[Compared]:
    """Amplitude, survivor, fold and stability of a row."""
    fold = setting.value("fold", live=1)
    lam = fold / 4
    start = setting.start(1, _NARROW, setting.rng(0), _RESTING)
    end = setting.train(start, lam, 400 / lam).weights
    size = np.abs(end).max(axis=-1)
    amplitude = setting.value("amplitude", lam=lam)
    where = setting.where(lam, n=1, m=_NARROW, rows=_RESTING)
    yield setting.exact("amplitude", amplitude, size.mean(), float(np.ptp(size)), where)
    kept = np.abs(end).argmax(axis=-1) == np.abs(start).argmax(axis=-1)
    alone = np.count_nonzero(end, axis=-1) == 1
    found = Compared.of_proportion(
        claim="row_solution",
        quantity="rows left with their largest weight",
        prediction=1.0,
        successes=int((kept & alone).sum()),
        trials=kept.size,
        margin=ROW_MARGIN,
        alpha=ALPHA,
    )
    part = found.estimate
    yield replace(found, where=where, error=math.sqrt(part * (1 - part) / kept.size))
    low, high = _bracket(setting, fold)
    where = setting.where(n=1, m=1, weight=1) + "; the lambda at which the weight dies"
    yield setting.exact("fold", fold, (low + high) / 2, (high - low) / 2, where)
    for name, side in (("transverse_rate", -1), ("radial_rate", 1)):
        yield _rate(setting, name, side)


def _bracket(setting: Setting, fold: float) -> tuple[float, float]:
    """Two values of lambda, between which a single weight begins to die."""
    low, high = 0.9 * fold, 1.1 * fold
    alone = np.array([[1.0]])
    while high - low > 0.005 * fold:
        lam = (low + high) / 2
        end = setting.train(alone, lam, 600 / lam, step_size=_SAFE).partial_weights
        alive = end.item() > _TINY
        low, high = (lam, high) if alive else (low, lam)
    return low, high


def _rate(setting: Setting, name: str, side: int) -> Compared:
    """The growth rate of a deviation (e, side e) of two equal weights at rest."""
    free = 1 - (setting.l2 if setting.penalty.squared else 0.0)
    size = math.sqrt(0.4 * free)
    lam = setting.value("lam_of_amplitude", weight=size, live=2)
    rate = setting.value(name, weight=size, live=2)
    time = min(2.0, 2 / abs(rate))
    start = np.array([[size + _TINY, size + side * _TINY]])
    end = setting.train(start, lam, time, step_size=_FINE).partial_weights[0]
    moved = end[0] - end[1] if side < 0 else end.sum() - 2 * size
    measured = math.log(moved / (2 * _TINY)) / time
    where = setting.where(lam, n=1, m=2, weight=size, time=time)
    return setting.exact(name, rate, measured, abs(rate) * 0.001, where)


def solution(setting: Setting) -> Iterator[Compared]:
    """A third weight, from the amplitude and the threshold that the two largest weights show."""
    root = float(setting.penalty.root)
    start = np.array([[0.7, 0.5, 0.42, 0.3, 0.2, 0.1]])
    lam = 0.2 * setting.value("fold", live=1)
    path = setting.train(
        start, lam, 200.0, step_size=_FINE, record=["weights"], record_at=np.arange(0.5, 30, 0.5)
    ).records["weights"][:, 0]
    live = np.count_nonzero(path, axis=-1)
    now = path[(live >= 3).sum() // 2]
    powers, initial = now**root, start[0] ** root
    scale = (powers[0] - powers[1]) / (initial[0] - initial[1])
    threshold = initial[0] - powers[0] / scale
    common = scale ** (1 / root)
    predicted = setting.value(
        "soft_threshold_weight",
        common_amplitude=common,
        initial=start[0, 2],
        threshold=threshold ** (1 / root),
    )
    where = setting.where(lam, n=1, m=start.size, initial_norm=float(np.linalg.norm(start)))
    yield setting.exact("soft_threshold_weight", predicted, now[2], 0.002 * predicted, where)


def many(setting: Setting) -> Iterator[Compared]:
    """Live weights and l1 norm of wide rows at the times of two thresholds."""
    thresholds = [_threshold(setting, part) for part in (0.3, 0.15)]
    unit = setting.value("threshold_time", lam=1.0, m=_WIDTH, relative_threshold=thresholds[0])
    lam = unit / _LONG
    times = [
        setting.value("threshold_time", lam=lam, m=_WIDTH, relative_threshold=b) for b in thresholds
    ]
    run = setting.train(
        setting.start(1, _WIDTH, setting.rng(1), setting.wide),
        lam,
        max(times),
        record=["live_weights", "l1_norm"],
        record_at=times,
    )
    for place, b in enumerate(thresholds):
        for name, key in (("live_weights", "live_weights"), ("l1_norm", "l1_norm")):
            yield setting.mean(
                f"{name} at b = {b:.2f}",
                setting.value(name, m=_WIDTH, relative_threshold=b),
                run.records[key][place],
                ROW_MARGIN,
                setting.where(lam, n=1, m=_WIDTH, rows=setting.wide, t=times[place]),
            )


def _threshold(setting: Setting, part: float) -> float:
    """The threshold that a part of the initial weights exceeds."""

    def excess(b: float) -> float:
        return setting.value("live_weights", m=1, relative_threshold=b) - part

    return float(optimize.brentq(excess, 0, 1.7))


def extremes(setting: Setting) -> Iterator[Compared]:
    """The gap below the largest initial weight, and the time to one weight."""
    sizes = np.abs(setting.start(1, setting.m, setting.rng(2), 10 * setting.rows))[:, 0]
    first = np.partition(sizes, -2, axis=-1)[:, -2:] * math.sqrt(setting.m)
    yield setting.mean(
        "expected_gap",
        setting.value("expected_gap", m=setting.m),
        first[:, 1] - first[:, 0],
        ROW_MARGIN,
        setting.where(n=1, m=setting.m, rows=len(sizes)) + "; no training",
    )
    lam = setting.value("one_weight_time", lam=1.0, m=_NARROW) / _LONG
    where = setting.where(lam, n=1, m=_NARROW, rows=setting.rows)
    times = _one_weight(setting, lam)
    yield setting.mean("one_weight_time", _LONG, times, ROW_MARGIN, where)


def _one_weight(setting: Setting, lam: float) -> Array:
    """The times at which rows come to one weight; rows that have one are left out."""
    now = setting.start(1, _NARROW, setting.rng(3), setting.rows)
    times, left = np.zeros(len(now)), np.arange(len(now))
    for _ in range(_PARTS):
        if not left.size:
            break

        def add(step: Step, which: Array = left) -> None:
            times[which] += step.size * _several(step.after)

        run = setting.train(now, lam, _LONG / 4, observe=add)
        kept = _several(run.partial_weights)
        now, left = run.partial_weights[kept], left[kept]
    return times


def _several(weights: Array) -> Array:
    """Which rows have more than one weight."""
    return np.asarray(np.count_nonzero(weights[:, 0], axis=-1) > 1)


def radial(setting: Setting) -> Iterator[Compared]:
    """The norm and the direction of a row under l2 alone."""
    start = setting.start(1, _NARROW, setting.rng(0), 1) * 0.5
    norm = float(np.linalg.norm(start))
    where = setting.where(n=1, m=_NARROW, initial_norm=norm)
    for time in (0.5, 2.0):
        end = setting.train(start, 0.0, time, step_size=_FINE).partial_weights
        predicted = setting.value("norm2", initial_norm=norm, t=time)
        yield setting.exact(
            f"norm2 at t = {time:g}", predicted, float((end**2).sum()), 0.005 * predicted, where
        )
    end = setting.train(start, 0.0, 400.0).partial_weights
    rest_norm2 = setting.value("rest_norm2")
    yield setting.exact("rest_norm2", rest_norm2, float((end**2).sum()), 1e-4, where)
    ratios = (end / start).ravel()
    growth = float(np.log(ratios.max() / ratios.min()))
    rate = setting.value("selection_rate", larger=1.0, smaller=0.5)
    yield setting.exact("selection_rate", rate, growth / 400, 1e-9, where)
