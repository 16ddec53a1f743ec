"""How often each interval misses the true value, on the samples for which it is used.

``python tests/interval_coverage.py`` prints the table of paper_notes/statistics.md.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import stats

from polysem import numerics, theory, verify
from polysem.verify.collisions.checks import _LARGEST_SQUARE
from polysem.verify.cooccurrence.runs import ratio_samples
from polysem.verify.interference.chapter import _dispersion_terms
from polysem.verify.noise.runs import Growth, values
from polysem.verify.stats.budget import ALPHA, REPORT_ALPHA
from polysem.verify.stats.intervals import median_rank
from polysem.verify.stats.totals import ratio_interval, total_law

SIMULATED = 1e-2
"""Rate at which the betting interval is simulated; at 1e-8 no simulation sees a miss."""

ENTROPY = 20231206
Rate = tuple[float, float]  # the probability of a miss, and its standard error


@dataclass(frozen=True)
class Case:
    """One interval on one law of samples; ``rate(effort)`` computes or simulates its misses."""

    interval: str
    used: str
    law: str
    size: int
    nominal: float
    rate: Callable[[float], Rate]
    bound: bool = True

    def row(self, effort: float) -> str:
        rate, error = self.rate(effort)
        measured = f"{rate:.2g}" if not error else f"{rate:.2g} ± {error:.1g}"
        return "| " + " | ".join((*self.cells(), measured)) + " |"

    def __str__(self) -> str:
        return f"{self.interval}, {self.used}, {self.size}"

    def cells(self) -> tuple[str, ...]:
        """All but the measured rate."""
        return self.interval, self.used, self.law, str(self.size), f"{self.nominal:g}"


def stream(*key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(ENTROPY, spawn_key=(11, *key)))


def exact(interval, law, truth: float) -> Rate:
    """The probability of all counts whose interval misses the truth; the ends grow with them."""
    counts = range(int(law.ppf(1e-14)), int(law.isf(1e-14)) + 1)
    high = bisect_left(counts, True, key=lambda k: interval(k)[0] > truth)
    low = bisect_left(counts, True, key=lambda k: interval(k)[1] >= truth)
    return float(law.sf(counts.start + high - 1) + law.cdf(counts.start + low - 1)), 0.0


def binomial(used: str, p: float, trials: int, nominal: float) -> Case:
    def rate(_: float) -> Rate:
        law = stats.binom(trials, p)
        return exact(lambda k: verify.binomial_interval(k, trials, alpha=nominal), law, p)

    return Case("Clopper-Pearson", used, f"binomial, p = {p:.3g}", trials, nominal, rate)


def poisson(used: str, mean: float, runs: int) -> Case:
    def rate(_: float) -> Rate:
        law = stats.poisson(mean * runs)
        return exact(
            lambda k: verify.poisson_interval(k, exposure=runs, alpha=REPORT_ALPHA), law, mean
        )

    return Case("Garwood", used, f"Poisson, mean {mean:.3g} a run", runs, REPORT_ALPHA, rate)


def garwood_on_exclusion_counts(n: int, m: int, runs: int) -> Case:
    one = numerics.ExclusionLaw(n, m)

    def rate(_: float) -> Rate:
        total, truth = total_law([(one, runs)]), one.mean()
        missed = 0.0
        for k, mass in enumerate(total.probability, start=total.low):
            low, high = verify.poisson_interval(k, exposure=runs, alpha=REPORT_ALPHA)
            missed += 0.0 if low <= truth <= high else float(mass)
        return missed, 0.0

    law = f"exclusion law of ({n}, {m})"
    return Case("Garwood", "counts less dispersed than Poisson", law, runs, REPORT_ALPHA, rate)


def median(used: str, size: int) -> Case:
    def rate(_: float) -> Rate:
        rank = median_rank(size, alpha=ALPHA)
        return 2 * float(stats.binom.cdf(rank - 1, size, 0.5)), 0.0

    return Case("order statistics", used, "every continuous law", size, ALPHA, rate)


def tilted_counts(n: int, m: int, networks: int, ratio: float) -> Case:
    laws = [(numerics.ExclusionLaw(n, m), networks)]

    def rate(_: float) -> Rate:
        total = total_law(laws, ratio=ratio)
        missed = 0.0
        for count, mass in enumerate(total.probability, start=total.low):
            if mass > 1e-12:
                low, high = ratio_interval(laws, count, significance=0.01)
                missed += 0.0 if low <= ratio <= high else float(mass)
        return missed, 0.0

    law = f"exclusion law of ({n}, {m}), tilted to {ratio:g} of its mean"
    return Case("inverted test of the total", "ratio in diagnose", law, networks, 0.01, rate)


def betting(name: str, law: str, pool: Callable[[], np.ndarray]) -> Case:
    """The bounds, the guess and the size of a check, on samples drawn from a pool."""
    check = verify.checks()[name]

    def rate(effort: float) -> Rate:
        found, repeats = np.sort(pool()), max(20, round(1000 * effort))
        rng, missed, truth = stream(check.samples), 0, float(pool().mean())
        for _ in range(repeats):
            sample = rng.choice(found, check.samples)
            low, high = verify.bounded_mean_interval(
                sample, bounds=check.bounds, guess=check.guess, alpha=SIMULATED
            )
            missed += not low <= truth <= high
        return share(missed, repeats)

    return Case("betting", name, law, check.samples, SIMULATED, rate)


def share(missed: float, repeats: int) -> Rate:
    """A proportion with its error; without a miss, the error of one miss."""
    rate = missed / repeats
    return rate, float(np.sqrt(max(rate, 1 / repeats) / repeats))


def student(used: str, law: str, pool: Callable[[], np.ndarray], size: int) -> Case:
    """Student's interval at the rate of the report, simulated on samples from a pool."""

    def rate(effort: float) -> Rate:
        found = pool()
        return simulated(lambda rng, some: rng.choice(found, (some, size)), found.mean(), effort)

    return Case("Student", used, law, size, REPORT_ALPHA, rate, bound=False)


def simulated(draw, truth: float, effort: float) -> Rate:
    """Misses of Student's interval at the rate of the report."""
    repeats, rng, missed, done = round(2e5 * effort), stream(3), 0, 0
    while done < repeats:
        sample = draw(rng, min(2000, repeats - done))
        missed += count_misses(sample, truth, REPORT_ALPHA).sum()
        done += len(sample)
    return share(missed, repeats)


def count_misses(samples: np.ndarray, truth: float, alpha: float) -> np.ndarray:
    """Which rows of samples have an interval that misses; the quantile is that of the library."""
    size = samples.shape[1]
    reach = verify.normal_interval(0.0, 1.0, alpha=alpha, samples=size)[1]
    return np.abs(samples.mean(axis=1) - truth) > reach * stats.sem(samples, axis=1)


def student_far(used: str, law: str, pool, size: int, nominal: float) -> Case:
    """Student's interval at a small rate, by importance sampling from tilted samples.

    The samples are drawn with weights exp(theta x) that move their mean to the edge of the
    interval; each miss on that side counts with the likelihood ratio.
    """

    def rate(effort: float) -> Rate:
        points, repeats, rng = pool() - pool().mean(), round(4000 * effort), stream(4, size)
        reach = verify.normal_interval(0.0, 1.0, alpha=nominal, samples=size)[1]
        total, squares = 0.0, 0.0
        for side in (-1, 1):
            theta = side * reach / np.sqrt(size) / points.std()
            log_mean = np.log(np.exp(theta * points).mean())
            chances = np.exp(theta * points - log_mean) / points.size
            terms = []
            for _ in range(repeats):
                sample = rng.choice(points, size, p=chances)
                out = side * sample.mean() > reach * stats.sem(sample)
                terms.append(out * np.exp(-theta * sample.sum() + size * log_mean))
            total += np.mean(terms)
            squares += np.var(terms) / repeats
        return float(total), float(np.sqrt(squares))

    return Case("Student", used, law, size, nominal, rate, bound=False)


def known_variance(used: str, laws: list[tuple[int, int]], runs: int) -> Case:
    """The normal interval of a sum of counts with the variance of the exclusion law, exactly."""

    def rate(_: float) -> Rate:
        every = [(numerics.ExclusionLaw(n, m), runs) for n, m in laws]
        total = total_law(every)
        counts = total.low + np.arange(len(total.probability))
        truth = sum(law.mean() * runs for law, _ in every)
        error = sum(law.var() * runs for law, _ in every) ** 0.5
        half = verify.normal_interval(0.0, error, alpha=REPORT_ALPHA)[1]
        return float(total.probability[np.abs(counts - truth) > half].sum()), 0.0

    law = f"exclusion law, {len(laws)} size(s)"
    return Case("normal", used, law, runs, REPORT_ALPHA, rate, bound=False)


def ratio_of_counts(m: int, size: int) -> Case:
    pools = counts(64, m), counts(64, m, 0.6)

    def draw(rng, some: int) -> np.ndarray:
        without, paired = (rng.choice(pool(), (some, size)) for pool in pools)
        return np.array([ratio_samples(k, one) for k, one in zip(paired, without, strict=True)])

    def rate(effort: float) -> Rate:
        return simulated(draw, pools[1]().mean() / pools[0]().mean(), effort / 2)

    law = f"counts of (64, {m}) by the exclusion law, and .6 of them"
    return Case("Student", "K(p)/K(0)", law, size, REPORT_ALPHA, rate, bound=False)


def dispersion_of_counts(size: int) -> Case:
    pool = counts(64, 128)

    def rate(effort: float) -> Rate:
        truth = pool().var() / pool().mean()

        def draw(rng, some: int) -> np.ndarray:
            return np.array([_dispersion_terms(rng.choice(pool(), size)) for _ in range(some)])

        return simulated(draw, truth, effort / 4)

    law = "exclusion law of (64, 128)"
    return Case("Student", "variance over mean", law, size, REPORT_ALPHA, rate, bound=False)


def counts(n: int, m: int, ratio: float = 1.0) -> Callable[[], np.ndarray]:
    """100 000 counts in the proportions of the exclusion law, or of the law tilted."""

    @cache
    def pool() -> np.ndarray:
        law = total_law([(numerics.ExclusionLaw(n, m), 1)], ratio=ratio)
        copies = np.rint(1e5 * law.probability).astype(int)
        return np.repeat(np.arange(law.low, law.low + copies.size, dtype=float), copies)

    return pool


def quantiles(law) -> Callable[[], np.ndarray]:
    """20 000 points in the proportions of a continuous law."""
    return cache(lambda: law.ppf((np.arange(20_000) + 0.5) / 20_000))


def gamma(skewness: float) -> Callable[[], np.ndarray]:
    return quantiles(stats.gamma(4 / skewness**2))


def beta(mean: float, variance: float) -> Callable[[], np.ndarray]:
    total = mean * (1 - mean) / variance - 1
    return quantiles(stats.beta(mean * total, (1 - mean) * total))


def drawn(name: str) -> Callable[[], np.ndarray]:
    """The samples of a check."""
    return cache(lambda: np.asarray(verify.checks()[name].draw(ENTROPY), dtype=float))


@cache
def growth_runs() -> list[dict[str, np.ndarray]]:
    return [Growth(n=5, m=10, sigma=0.2, network=k).run(ENTROPY) for k in range(40)]


def smooth(found: np.ndarray) -> np.ndarray:
    """40 samples with a normal kernel, so that samples of 6 do not repeat values."""
    rng = stream(5)
    return rng.choice(found, 100_000) + rng.normal(0, 0.4 * found.std(), 100_000)


@cache
def half_times() -> np.ndarray:
    return smooth(values(growth_runs(), "measured") / values(growth_runs(), "predicted"))


@cache
def overlaps() -> np.ndarray:
    return smooth(values(growth_runs(), "mean_overlap"))


def squares() -> np.ndarray:
    mean = float(theory.expected_neurons_exclusion(n=64, m=128))
    return np.minimum((counts(64, 128)() - mean) ** 2, _LARGEST_SQUARE)


def cases() -> list[Case]:
    """Every interval in use, with the sizes and laws of its samples."""
    resampled = "its samples, resampled"
    exclusion = "exclusion law of ({}, {})"
    retained = {m: beta(0.58, 0.0033) if m == 64 else beta(0.375, 0.00726) for m in (32, 64)}
    return [
        binomial("initial_pairs", 1 / 32, 544_000, ALPHA),
        binomial("noise_polysemantic, noise_capacity_pairs", 0.99, 500, ALPHA),
        binomial("noise_dead_zone", 0.99, 400, ALPHA),
        binomial("race of two features", 0.3, 2500, REPORT_ALPHA),
        binomial("codes under noise", 0.97, 100, REPORT_ALPHA),
        binomial("escapes", 0.5, 52, REPORT_ALPHA),
        poisson("polysemantic neurons under noise", 0.05, 100),
        poisson("polysemantic neurons under noise", 0.875, 100),
        garwood_on_exclusion_counts(8, 16, 100),
        median("noise_growth_time", 40),
        tilted_counts(64, 128, 16, 1.0),
        tilted_counts(64, 128, 16, 0.8),
        tilted_counts(12, 16, 1, 1.0),
        betting("initial_neurons", "exclusion law of (64, 64), tilted", counts(64, 64, 0.65)),
        betting("exclusion_mean_in_training_m64", exclusion.format(64, 64), counts(64, 64)),
        betting("exclusion_mean_in_training_m128", exclusion.format(64, 128), counts(64, 128)),
        betting("dispersion_in_training", "squares, exclusion law of (64, 128)", squares),
        betting(
            "exclusion_mean_in_the_limit",
            "exclusion law of (64, 128), tilted",
            counts(64, 128, 0.77),
        ),
        betting("retained_fraction", "beta, mean .58", retained[64]),
        betting("retained_fraction_in_the_limit", "beta, mean .375", retained[32]),
        *(
            betting(name, resampled, drawn(name))
            for name in (
                "half_normal_live_weights",
                "noise_gaussian_fourth_norm",
                "noise_retained_drift",
                "noise_fast_phase",
            )
        ),
        student_far("error of the table, 64 by 64", "beta, mean .58", retained[64], 1000, ALPHA),
        student_far("error of the table, 32 by 32", "beta, mean .375", retained[32], 4000, ALPHA),
        student("half time under noise", "40 runs, smoothed", half_times, 6),
        student("mean overlap under noise", "40 runs, smoothed", overlaps, 6),
        student(
            "fourth norm, Gaussian noise", "5000 runs", drawn("noise_gaussian_fourth_norm"), 30
        ),
        student("overlap of start and end", "gamma, skewness .5", gamma(0.5), 16),
        student("live weights of a lone row", "1000 rows", drawn("half_normal_live_weights"), 20),
        student("neurons, n = m = 64", exclusion.format(64, 64), counts(64, 64), 60),
        student("neurons, m = 128", exclusion.format(64, 128), counts(64, 128), 150),
        student("neurons, m = 1024", exclusion.format(64, 1024), counts(64, 1024), 400),
        student("retained winners", "beta, mean .375", retained[32], 24),
        student("retained winners", "beta, mean .375", retained[32], 60),
        ratio_of_counts(64, 80),
        ratio_of_counts(512, 260),
        dispersion_of_counts(1000),
        student_far("slope of the race", "gamma, skewness 1.1", gamma(1.1), 2500, REPORT_ALPHA),
        student_far("prices", "gamma, skewness 2.6", gamma(2.6), 20_000, REPORT_ALPHA),
        known_variance("published notebook", [(64, 64 * 2**k) for k in range(9)], 1),
        known_variance("published figure, n = m", [(256, 256)], 16),
        student("not used: shown for comparison", "exponential", quantiles(stats.expon), 6),
        student("not used: shown for comparison", "exponential", quantiles(stats.expon), 24),
        student("not used: shown for comparison", "exponential", quantiles(stats.expon), 100),
    ]


if __name__ == "__main__":
    effort = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    for case in cases():
        print(case.row(effort), flush=True)
