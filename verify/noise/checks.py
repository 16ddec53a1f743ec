"""Checks of the stochastic claims about noise on the hidden layer."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial

import numpy as np

from ... import numerics, theory
from ...numerics import Noise
from ...numerics._types import Array
from ..stats.check import Check, Samples, Wrong
from .runs import Code, Curve, Growth, fourth_norm, starts, stream


def _half_times(growth: Growth, networks: int, entropy: int) -> Samples:
    runs = [replace(growth, network=k).run(entropy) for k in range(networks)]
    return np.array([run["measured"] / run["predicted"] for run in runs])


def _growth_time() -> Check:
    growth, networks = Growth(n=5, m=10, sigma=0.2), 40
    return Check(
        name="noise_growth_time",
        claim="half_time",
        quantity="time to half growth over the law's, median, n = 5, m = 10, bipolar noise, "
        "sigma = .2",
        kind="leading order",
        prediction=1.0,
        draw=partial(_half_times, growth, networks),
        samples=networks,
        margin=0.5,
        detects=0.4,
        wrong=(
            Wrong("1/24 for 1/12", 2.0),
            Wrong("sigma^2 for sigma", 1 / growth.sigma),
        ),
    )


def _direction(curve: Curve, entropy: int) -> Samples:
    """Mean of F/q^2 over the rows, one value for each network."""
    weights = curve.run(entropy)["weights"]
    return (numerics.row_norms(weights, 4) / numerics.row_norms(weights, 2) ** 2).mean(axis=-1)


def _gaussian_fourth_norm() -> Check:
    curve = Curve(n=8, m=16, networks=5000, law="gaussian", sigma=0.15, steps=(500,))
    bipolar = Curve(n=8, m=16, networks=400, law="bipolar", sigma=0.15, steps=(4000,))
    return Check(
        name="noise_gaussian_fourth_norm",
        claim="isotropic_fourth_norm",
        quantity="fourth norm over q^2 after 500 steps of SGD with Gaussian noise, n = 8, m = 16",
        kind="exact law",
        prediction=theory.isotropic_fourth_norm(m=16, row_norm2=1),
        draw=partial(_direction, curve),
        samples=curve.networks,
        margin=0.05,
        detects=0.1,
        bounds=(1 / 16, 1),
        guess=(0.17, 3e-4),
        wrong=(
            Wrong("3/m for 3/(m+2)", 3 / 16),
            Wrong("bipolar noise", draw=partial(_direction, bipolar)),
        ),
    )


def _retained(n: int, m: int, frames: int, entropy: int) -> Samples:
    """Rate of change of F for random rigid simplexes, over that of free rows.

    The rate is the squared length of the cubes projected on rotations.  Rotations keep the norm of
    each row, so it is at most sum w^6 - (sum w^4)^2, a variance of values in [0, 1]: at most 1/4.
    """
    rng = stream(entropy, 3, n, m)
    projector, found = np.eye(n) - 1 / n, []
    for _ in range(frames):
        frame = numerics.random_simplex(n, m, rng)
        cubes = frame**3
        bent = projector @ (cubes @ frame.T)
        velocity = projector @ cubes - (bent + bent.T) @ frame * (n - 1) / (2 * n)
        found.append((cubes * velocity).sum() / n)
    return np.array(found) / theory.isotropic_drift(m)


def _retained_drift() -> Check:
    n, m, frames = 8, 16, 20_000
    return Check(
        name="noise_retained_drift",
        claim="retained_drift",
        quantity=f"drift of a rigid simplex over that of free rows, n = {n}, m = {m}",
        kind="leading order",
        prediction=theory.retained_drift(n=n, m=m),
        draw=partial(_retained, n, m, frames),
        samples=frames,
        margin=0.1,
        detects=0.15,
        bounds=(0, 1 / (4 * theory.isotropic_drift(m))),
        guess=(0.7, 0.07),
        wrong=(
            Wrong("free rows", 1.0),
            Wrong("each constraint counted for both rows", (n - 1) * (m - n) / (n * (m - 1))),
        ),
    )


def _overlaps(n: int, m: int, sigma: float, networks: int, entropy: int) -> Samples:
    """Mean overlap times (n-1)/q after the fast phase, with the exact average over noise.

    It is at least -1, since the rows' sum has no negative squared length; a positive one counts
    as 0.
    """
    initial = starts(n, m, networks, entropy)
    model = numerics.AveragedNoise(noise=Noise(sigma=sigma, law="gaussian"))
    weights = numerics.train(initial, 0.0, model=model, max_time=80.0).weights
    norm2 = numerics.row_norms(weights, 2).mean(axis=-1)
    return np.clip(numerics.overlaps(weights).mean(axis=-1) / norm2 * (n - 1), -1, 0)


def _fast_phase() -> Check:
    n, m, networks = 5, 10, 1200
    return Check(
        name="noise_fast_phase",
        claim="simplex_least",
        quantity=f"mean overlap over q/(n-1) at t = 80, n = {n}, m = {m}, Gaussian, sigma = .2",
        kind="leading order",
        prediction=-1.0,
        draw=partial(_overlaps, n, m, 0.2, networks),
        samples=networks,
        margin=0.05,
        detects=0.05,
        bounds=(-1, 0),
        guess=(-1.0, 1e-4),
        wrong=(
            Wrong("n for n - 1", -(n - 1) / n),
            Wrong("right angles", 0.0),
        ),
    )


def _silent(n: int, m: int, frames: int, share: float, entropy: int) -> Samples:
    """Whether rotated simplexes have the silent loss, with sigma a share of the edge.

    The loss is exact; it is compared to nine digits.
    """
    rng = stream(entropy, 4, n, m)
    sigma = share * theory.dead_zone(n, m, 1.0)
    size = np.sqrt(theory.diagonal_norm2(sigma))
    weights = size * np.array([numerics.random_simplex(n, m, rng) for _ in range(frames)])
    losses = numerics.averaged_loss(weights, Noise(sigma=sigma))
    return np.isclose(losses, theory.silent_loss(n, sigma), rtol=1e-9, atol=0)


def _dead_zone() -> Check:
    n, m, frames = 5, 6, 400
    return Check(
        name="noise_dead_zone",
        claim="dead_zone",
        quantity=f"turned simplexes with the silent loss (to 1e-9) below the edge, n = {n}, "
        f"m = {m}",
        kind="exact law",
        prediction=1.0,
        draw=partial(_silent, n, m, frames, 0.99),
        samples=frames,
        margin=0.1,
        detects=0.15,
        bounds=(0, 1),
        wrong=(Wrong("m for sqrt(m)", draw=partial(_silent, n, m, frames, np.sqrt(m))),),
    )


def _corner_values(n: int, m: int, frames: int, entropy: int) -> Samples:
    """Final fourth norms of rotating simplexes over the corner's, cut to [0.6, 1.1]."""
    rng = stream(entropy, 5, n, m)
    ends = [
        fourth_norm(numerics.rigid_rotation(numerics.random_simplex(n, m, rng), [0.0, 100.0])[-1])
        for _ in range(frames)
    ]
    return np.clip(np.array(ends) / theory.corner_fourth_norm(n), 0.6, 1.1)


def _final_fourth_norm() -> Check:
    n, m, frames = 5, 8, 400
    corner = theory.corner_fourth_norm(n)
    return Check(
        name="noise_final_fourth_norm",
        claim="corner_fourth_norm",
        quantity=f"final fourth norm of turning simplexes over the corner's, n = {n}, m = {m}",
        kind="measured",
        prediction=1.0,
        draw=partial(_corner_values, n, m, frames),
        samples=frames,
        margin=0.05,
        detects=0.1,
        bounds=(0.6, 1.1),
        guess=(1.0, 1e-4),
        wrong=(
            Wrong("one weight a row", 1 / corner),
            Wrong("the start", theory.isotropic_fourth_norm(m, 1.0) / corner),
        ),
    )


def _concentrated_apart(weights: Array) -> Samples:
    """Whether n - 1 rows have most of their squared norm on a neuron, and no neuron is shared."""
    on_neurons = numerics.features_on_neurons(weights, "scale-free")
    concentrated = on_neurons.any(axis=-1).sum(axis=-1) >= weights.shape[-2] - 1
    shared = [
        numerics.polysemantic_neurons(weights, rule) > 0 for rule in ("authors", "scale-free")
    ]
    return np.asarray(concentrated & ~np.any(shared, axis=0))


def _trained_apart(code: Code, entropy: int) -> Samples:
    return _concentrated_apart(code.run(entropy)["weights"])


def _untrained_apart(code: Code, entropy: int) -> Samples:
    return _concentrated_apart(starts(code.n, code.m, code.networks, entropy))


def _polysemantic(n: int, m: int, sigma: float, steps: int, *, nightly: bool = False) -> Check:
    code = Code(n=n, m=m, networks=500, sigma=sigma, steps=steps, cooling_steps=1_500)
    return Check(
        name=f"noise_polysemantic_n{n}_m{m}",
        group="noise_polysemantic",
        claim="no_polysemantic_neuron_under_noise",
        quantity="networks with n - 1 rows each on a neuron of its own, none of them shared, "
        f"n = {n}, m = {m}, bipolar noise, sigma = {sigma}",
        kind="measured",
        prediction=1.0,
        draw=partial(_trained_apart, code),
        samples=code.networks,
        margin=0.1,
        detects=0.15,
        bounds=(0, 1),
        wrong=(Wrong("untrained weights", draw=partial(_untrained_apart, code)),),
        nightly=nightly,
    )


@lru_cache(maxsize=1)
def _final(code: Code, entropy: int) -> Samples:
    return code.run(entropy)["weights"]


def _pairs_by_capacity(code: Code, fewer: int, entropy: int) -> Samples:
    weights = _final(code, entropy)
    expected = code.n - code.m - numerics.spread_rows(weights) - fewer
    return np.asarray(numerics.antipodal_pairs(weights) == expected)


def _capacity_pairs() -> Check:
    code = Code(n=8, m=6, networks=500, sigma=0.15, steps=60_000, cooling_steps=20_000)
    return Check(
        name="noise_capacity_pairs",
        claim="capacity_pairs",
        quantity="networks with n - m - (spread rows) antipodal pairs, n = 8, m = 6",
        kind="measured",
        prediction=1.0,
        draw=partial(_pairs_by_capacity, code, 0),
        samples=code.networks,
        margin=0.1,
        detects=0.15,
        bounds=(0, 1),
        wrong=(Wrong("one pair less", draw=partial(_pairs_by_capacity, code, 1)),),
        nightly=True,
    )


def checks() -> tuple[Check, ...]:
    """The checks of the noise theory, quick ones first."""
    return (
        _gaussian_fourth_norm(),
        _retained_drift(),
        _fast_phase(),
        _dead_zone(),
        _final_fourth_norm(),
        _polysemantic(5, 4, 0.35, 10_000),
        _polysemantic(6, 5, 0.3, 12_000),
        _growth_time(),
        _polysemantic(8, 8, 0.2, 24_000, nightly=True),
        _polysemantic(8, 16, 0.2, 60_000, nightly=True),
        _polysemantic(12, 12, 0.12, 60_000, nightly=True),
        _capacity_pairs(),
    )
