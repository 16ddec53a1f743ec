"""Checks of the stochastic claims about noise on the hidden layer."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial

import numpy as np

from ... import numerics, theory
from ...numerics import Noise
from ..stats.check import Check, Samples, Wrong
from .runs import Code, Curve, Growth, fourth_norm, starts, stream


def _half_times(growth: Growth, networks: int, entropy: int) -> Samples:
    runs = [replace(growth, network=k).run(entropy) for k in range(networks)]
    return np.array([run["measured"] / run["predicted"] for run in runs])


def _growth_time() -> Check:
    growth, networks = Growth(n=5, m=10, sigma=0.2), 24
    return Check(
        name="noise_growth_time",
        claim="half_time",
        quantity="time to half growth over the law's, n = 5, m = 10, bipolar noise, sigma = .2",
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
    curve = Curve(n=8, m=16, networks=1200, law="gaussian", sigma=0.15, steps=(500,))
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
        wrong=(
            Wrong("3/m for 3/(m+2)", 3 / 16),
            Wrong("bipolar noise", draw=partial(_direction, bipolar)),
        ),
    )


def _retained(n: int, m: int, frames: int, entropy: int) -> Samples:
    """Rate of change of F for random rigid simplexes, over that of free rows."""
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
    n, m, frames = 8, 16, 2500
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
        wrong=(
            Wrong("free rows", 1.0),
            Wrong("each constraint counted for both rows", (n - 1) * (m - n) / (n * (m - 1))),
        ),
    )


def _overlaps(n: int, m: int, sigma: float, networks: int, entropy: int) -> Samples:
    """Mean overlap times (n-1)/q after the fast phase, with the exact average over noise."""
    initial = starts(n, m, networks, entropy)
    model = numerics.AveragedNoise(noise=Noise(sigma=sigma, law="gaussian"))
    weights = numerics.train(initial, 0.0, model=model, max_time=80.0).weights
    norm2 = numerics.row_norms(weights, 2).mean(axis=-1)
    return numerics.overlaps(weights).mean(axis=-1) / norm2 * (n - 1)


def _fast_phase() -> Check:
    n, m, networks = 5, 10, 100
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
        wrong=(
            Wrong("n for n - 1", -(n - 1) / n),
            Wrong("right angles", 0.0),
        ),
    )


def _silent_losses(n: int, m: int, frames: int, share: float, entropy: int) -> Samples:
    """Exact losses of rotated simplexes, with sigma a share of the edge of the dead zone."""
    rng = stream(entropy, 4, n, m)
    sigma = share * theory.dead_zone(n, m, 1.0)
    size = np.sqrt(theory.diagonal_norm2(sigma))
    weights = size * np.array([numerics.random_simplex(n, m, rng) for _ in range(frames)])
    losses = numerics.averaged_loss(weights, Noise(sigma=sigma))
    return losses / theory.silent_loss(n, sigma)


def _dead_zone() -> Check:
    n, m, frames = 5, 6, 200
    return Check(
        name="noise_dead_zone",
        claim="dead_zone",
        quantity=f"loss of turned simplexes over the silent one below the edge, n = {n}, m = {m}",
        kind="exact law",
        prediction=1.0,
        draw=partial(_silent_losses, n, m, frames, 0.99),
        samples=frames,
        margin=1e-9,
        detects=1e-9,
        wrong=(Wrong("m for sqrt(m)", draw=partial(_silent_losses, n, m, frames, np.sqrt(m))),),
    )


def _corner_values(n: int, m: int, frames: int, entropy: int) -> Samples:
    """Final fourth norms of rotating simplexes, over the fourth norm of the corner."""
    rng = stream(entropy, 5, n, m)
    ends = [
        fourth_norm(numerics.rigid_rotation(numerics.random_simplex(n, m, rng), [0.0, 100.0])[-1])
        for _ in range(frames)
    ]
    return np.array(ends) / theory.corner_fourth_norm(n)


def _final_fourth_norm() -> Check:
    n, m, frames = 5, 8, 60
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
        wrong=(
            Wrong("one weight a row", 1 / theory.corner_fourth_norm(n)),
            Wrong("the start", theory.isotropic_fourth_norm(m, 1.0) / theory.corner_fourth_norm(n)),
        ),
    )


def _none_polysemantic(code: Code, entropy: int) -> Samples:
    return np.asarray(numerics.polysemantic_neurons(code.run(entropy)["weights"]) == 0)


def _polysemantic() -> Check:
    code = Code(n=8, m=8, networks=500, sigma=0.15, steps=8_000, cooling_steps=500)
    pairs = theory.expected_pairs(n=code.n, m=code.m)
    return Check(
        name="noise_polysemantic",
        claim="no_polysemantic_neuron_under_noise",
        quantity="networks without a polysemantic neuron, n = m = 8, bipolar noise, sigma = .15",
        kind="measured",
        prediction=1.0,
        draw=partial(_none_polysemantic, code),
        samples=code.networks,
        margin=0.1,
        detects=0.15,
        bounds=(0, 1),
        wrong=(Wrong("random collisions, n^2/4m", float(np.exp(-pairs))),),
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
        _polysemantic(),
        _growth_time(),
        _capacity_pairs(),
    )
