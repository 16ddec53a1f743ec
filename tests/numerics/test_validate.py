"""Arguments of small integer types give what Python's integers give, all over the public API."""

import dataclasses
import math

import numpy as np
import pytest

from polysem import numerics, verify
from polysem.numerics._validate import (
    check_integer,
    check_nonnegative,
    check_positive,
    check_seed,
    check_sizes,
)


def rng():
    return np.random.default_rng(0)


def plain(found):
    """A result as nested lists of numbers, strings and their types."""
    if isinstance(found, np.ndarray):
        return [str(found.dtype), plain(found.tolist())]
    if dataclasses.is_dataclass(found):
        return [plain(getattr(found, part.name)) for part in dataclasses.fields(found)]
    if isinstance(found, dict):
        return [[name, plain(value)] for name, value in found.items()]
    if isinstance(found, (list, tuple)):
        return [plain(value) for value in found]
    return [type(found).__name__, found if found == found else "nan"]


def law(kind):
    def moments(k):
        found = kind(k(200), k(200))
        return [found.n, found.m, found.mean(), found.var(), found.support(), found.pmf(40)]

    return moments


def drawn(scale):
    return lambda k: numerics.initial_weights(k(200), k(200), rng(), scale=scale)


def stack(k):
    return numerics.initial_weights(
        k(2), k(200), rng(), instances=k(200), scale="authors-xavier"
    ).std()


def trained(optimizer, **settings):
    def run(k):
        start = numerics.initial_weights(4, 8, rng())
        chosen = {name: k(value) for name, value in settings.items()}
        return numerics.train(start, 0.1, optimizer=optimizer, **chosen).weights

    return run


CALLS = {
    "paper": drawn("paper"),
    "one-feature": drawn("one-feature"),
    "xavier": drawn("xavier"),
    "authors-xavier": drawn("authors-xavier"),
    "stack": stack,
    "initial_scale": lambda k: numerics.initial_scale("xavier", k(200), k(200), instances=k(200)),
    "exclusion": law(numerics.ExclusionLaw),
    "pairs": law(numerics.IndependentPairsLaw),
    "neurons": law(numerics.IndependentNeuronsLaw),
    "shared": law(numerics.IndependentSharedLaw),
    "poisson": lambda k: float(numerics.poisson_limit(k(200), k(200)).mean()),
    "sgd": trained("sgd", steps=200),
    "flow": trained("flow", max_steps=200),
    "corner_simplex": lambda k: numerics.corner_simplex(k(100), k(200)),
    "random_simplex": lambda k: numerics.random_simplex(k(100), k(200), rng()),
    "mean_inverse_winner": lambda k: numerics.mean_inverse_winner(k(200)),
    "half_normal_law": lambda k: numerics.half_normal_law(k(200), 0.01, [1.0]),
    "dead_fraction": lambda k: numerics.dead_fraction(k(200), 0.1),
    "two_rows": lambda k: numerics.two_rows(k(8), k(200), rng(), keep=k(4)).kicks,
    "top_weights": lambda k: numerics.top_weights(k(200), k(200), k(8), rng()),
    "pair_problem": lambda k: numerics.pair_problem(rng(), step=0.1, length=1, chains=k(200)),
    "collision_survives": lambda k: numerics.collision_survives(0.1, k(200), rng(), m=k(200)),
    "suppression_slope": lambda k: numerics.suppression_slope(k(200), rng()),
    "random_pairs": lambda k: numerics.random_pairs(k(200), 0.01, rng()),
    "zipf": lambda k: numerics.zipf(k(200), 1.0),
    "pair_chances": lambda k: numerics.pair_chances(k(8), 0.1, 0.1, k(20), rng()),
    "monosemantic_rows": lambda k: numerics.monosemantic_rows(k(8), 0.1, 0.1, k(20), rng()),
    "bernoulli": lambda k: numerics.Bernoulli(activation_probability=0.1, batch=k(200)).sample(
        k(200), rng()
    ),
    "bernoulli_size": lambda k: numerics.Bernoulli(activation_probability=0.1).sample(
        200, rng(), size=k(200)
    ),
    "cell": lambda k: numerics.Cell(n=k(200), m=k(200), lam=0.1),
    "chunk": lambda k: numerics.run_chunk(
        numerics.Cell(n=2, m=4, lam=0.1), numerics.Chunk(cell=k(1), first=k(254), count=k(2)), 7
    )[2],
    "spec": lambda k: list(
        numerics.SweepSpec(
            entropy=k(7), runs=k(250), chunk=k(200), cells=(numerics.Cell(n=2, m=4, lam=0.1),)
        ).chunks()
    ),
    "predict": lambda k: verify.predict(k(200), k(200), lam=0.01, sigma=0.1, kurtosis=-2),
    "predict_noise": lambda k: verify.predict_noise(k(200), k(250), sigma=0.1, kurtosis=-2),
    "predict_cooccurrence": lambda k: verify.predict_cooccurrence(
        k(200), k(200), lam=0.01, data="pairs", cooccurrence=0.01
    ),
    "noise_final_state": lambda k: verify.noise_final_state(k(250), k(200), sigma=0.1, kurtosis=-2),
    "run": lambda k: verify.run(k(4), k(8), 0.1, seed=k(3)),
    "count": lambda k: (
        verify.count(numerics.Cell(n=k(2), m=k(4), lam=0.1), runs=k(5), entropy=k(7)).neurons
    ),
    "training_band": lambda k: verify.training_band(k(64), k(128)),
    "exclusion_state": lambda k: verify.strategies.exclusion_state(k(200), k(200), rng()),
    "binomial_interval": lambda k: verify.binomial_interval(k(0), k(255), alpha=0.1),
    "poisson_interval": lambda k: verify.poisson_interval(k(255), exposure=k(200), alpha=0.1),
}


@pytest.mark.parametrize("name", CALLS)
def test_small_integers_give_what_integers_give(name):
    with np.errstate(over="raise"):
        assert plain(CALLS[name](np.uint8)) == plain(CALLS[name](int))


def test_sizes_of_small_types_do_not_pass_as_small_networks():
    """300 million weights of each of 200 networks: the product overflows 32 bits."""
    with pytest.raises(ValueError, match="this needs about"):
        check_sizes(np.int32(2**30), np.int32(2**30), np.int32(200))


@pytest.mark.parametrize("value", [np.uint8(7), np.int64(7), 7])
def test_a_checked_integer_is_python_s(value):
    assert type(check_integer("n", value, "a number")) is int


@pytest.mark.parametrize("value", [True, 2.0, math.nan, "3", None, np.array([3])])
def test_what_is_no_integer_is_refused(value):
    with pytest.raises(ValueError, match="Got n="):
        check_integer("n", value, "a number")


@pytest.mark.parametrize("value", [1e308, 10**400, math.inf, math.nan, -1e-300, "1", True, None])
def test_numbers_whose_powers_are_not_finite_are_refused(value):
    for check in (check_nonnegative, check_positive):
        with pytest.raises(ValueError, match="Got x=") as caught:
            check("x", value, "a number")
        assert "\n" not in str(caught.value)


def test_sizes_are_exact_in_double_precision_and_seeds_of_any_length():
    assert check_integer("n", 10**15, "a size") == 10**15
    with pytest.raises(ValueError, match="must be <= 1e\\+15"):
        check_integer("n", 10**15 + 1, "a size")
    assert check_seed("seed", 10**400, "a seed") == 10**400
    with pytest.raises(ValueError, match="seed=-1"):
        check_seed("seed", -1, "a seed")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: numerics.soft_threshold(np.eye(2), -1.0), "threshold=-1"),
        (lambda: numerics.retained_fraction(math.inf), "kick_size=inf"),
        (lambda: numerics.row_flow([1e300, 1.0], 0.1, [1.0]), "row with the size 1e[+]300"),
        (lambda: numerics.half_collapse_lam(10**9), "m=1000000000"),
        (lambda: numerics.mean_inverse_winner(10**12), "m=1000000000000"),
        (lambda: numerics.Noise(sigma=0.1, law="three-point", excess_kurtosis="x"), "kurtosis=x"),
        (
            lambda: verify.noise_final_state(4, 4, sigma=math.nan, kurtosis=-2),
            "sigma=nan",
        ),
    ],
)
def test_calls_beyond_what_was_computed_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_huge_kick_leaves_no_winner():
    assert numerics.retained_fraction(1e6) == 0
