"""The exact flow of a lone row: the equation that it solves, its limits, its deaths."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from polysem import numerics
from polysem.numerics.row.mesh import Moments, Track


def slow_row_flow(row, lam, times):
    """dW_k/dt = (1 - |W|^2) W_k - lambda sign(W_k), restarted at each extinction."""
    weights = np.array(row, dtype=float)
    end, deaths, states = 0.0, np.where(weights == 0, 0.0, np.inf), []
    for target in sorted(times):
        while end < target:
            alive = np.flatnonzero(weights)
            if not len(alive):
                break

            def force(_, w):
                return (1 - w @ w) * w - lam * sign  # noqa: B023

            def death(_, w):
                return np.min(w * sign)  # noqa: B023

            sign = np.sign(weights[alive])
            death.terminal = True
            run = solve_ivp(
                force,
                (end, target),
                weights[alive],
                method="DOP853",
                rtol=1e-13,
                atol=1e-15,
                events=death,
            )
            end = run.t[-1]
            weights[alive] = run.y[:, -1]
            if run.status == 1:
                dead = alive[np.argmin(weights[alive] * sign)]
                weights[dead], deaths[dead] = 0.0, end
        end = target
        states.append(weights.copy())
    return np.array(states), deaths


@st.composite
def rows(draw):
    m = draw(st.integers(1, 12))
    seed = draw(st.integers(0, 2**32 - 1))
    spread = draw(st.floats(0.05, 1.5))
    return np.random.default_rng(seed).normal(0, spread / math.sqrt(m), m)


@settings(max_examples=60)
@given(row=rows(), lam=st.floats(1e-3, 0.5))
def test_row_flow_is_the_direct_integration(row, lam):
    times = np.array([0.0, 0.3, 1.0, 4.0, 15.0, 40.0])
    weights, _ = slow_row_flow(row, lam, times)
    flow = numerics.row_flow(row, lam, times)
    magnitudes = np.abs(row)
    late_safe = flow.largest[:, None] - flow.amplitude[:, None] * (magnitudes.max() - magnitudes)
    formed = np.maximum(late_safe, 0)
    near_its_death = (weights != 0) & (np.abs(weights) < 3e-8)
    near_its_death |= (weights == 0) & (formed > 0)
    np.testing.assert_allclose(flow.l1_norm, np.abs(weights).sum(axis=1), atol=1e-8)
    np.testing.assert_allclose(flow.norm2, (weights**2).sum(axis=1), atol=1e-8)
    np.testing.assert_allclose(flow.largest, np.abs(weights).max(axis=1), atol=1e-8)
    np.testing.assert_allclose(formed, np.abs(weights), atol=1e-8)
    settled = ~near_its_death.any(axis=1)
    np.testing.assert_array_equal(flow.live[settled], (weights != 0).sum(axis=1)[settled])


@settings(max_examples=40)
@given(row=rows(), lam=st.floats(1e-2, 0.5))
def test_extinction_times_are_those_of_the_direct_integration(row, lam):
    horizon = 60.0
    _, deaths = slow_row_flow(row, lam, [horizon])
    times = numerics.extinction_times(row, lam)
    early = times < horizon - 1e-3
    np.testing.assert_allclose(times[early], deaths[early], rtol=1e-8, atol=1e-8)
    assert not np.isfinite(deaths[times > horizon + 1e-3]).any()


@settings(max_examples=40)
@given(row=rows(), lam=st.floats(1e-3, 0.5))
def test_live_weights_and_extinction_times_tell_one_story(row, lam):
    deaths = numerics.extinction_times(row, lam)
    times = np.geomspace(0.01, 100, 9)
    times = times[np.abs(times[:, None] - deaths).min(axis=1) > 1e-6]
    flow = numerics.row_flow(row, lam, [0.0, *times])
    np.testing.assert_array_equal(flow.live[1:], (deaths > times[:, None]).sum(axis=1))
    order = np.argsort(np.abs(row))
    assert (np.diff(deaths[order]) >= 0).all() or np.isinf(deaths[order[-2:]]).all()


@st.composite
def wild_rows(draw):
    """Rows of any size and norm, some with equal weights, zeros or near-ties at the top."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = 10 ** draw(st.floats(-4, 1))
    row = rng.normal(0, scale, draw(st.integers(1, 40)))
    kind = draw(st.sampled_from(["plain", "grid", "near-tie"]))
    if kind == "grid":
        row = np.round(2 * row / scale) * scale / 2
    if kind == "near-tie":
        row[0] = np.abs(row).max() * (1 - 10 ** draw(st.floats(-16, -3)))
    return row


@given(row=wild_rows(), exponent=st.floats(-7, 2), span=st.floats(-2, 4))
@example(row=np.array([6.4042265, -1.32104863, 6.4042265]), exponent=0.0, span=0.0)
def test_live_weights_and_extinction_times_agree_on_wild_rows(row, exponent, span):
    lam = 10**exponent
    deaths = numerics.extinction_times(row, lam)
    times = np.array([1e-25, *np.linspace(0.05, 1, 6) * 10**span])
    flow = numerics.row_flow(row, lam, times)
    clear = (np.abs(deaths - times[:, None]) > 1e-6 * (1 + times[:, None])).all(axis=1)
    counts = (deaths > times[:, None]).sum(axis=1)
    np.testing.assert_array_equal(flow.live[clear], counts[clear])
    assert np.isfinite([flow.l1_norm, flow.norm2, flow.largest]).all()
    assert (flow.norm2 >= flow.largest**2 * (1 - 1e-9)).all()


@pytest.mark.parametrize("end", [1e-5, 1e-2, 0.5])
def test_a_tiny_lone_weight_grows_in_the_time_that_the_integral_gives(end):
    start, lam = 1e-6, 1e-7
    decades = [start * 10**k for k in range(6) if start * 10**k < end] + [end]
    time = float(mpmath.quad(lambda x: 1 / ((1 - x**2) * x - lam), decades))
    assert numerics.row_flow([start], lam, [time]).largest[0] == pytest.approx(end, rel=1e-9)


def test_a_track_passes_through_all_its_nodes():
    magnitudes = np.array([0.5, 0.4, 0.2])
    moments = Moments.of(magnitudes)
    track = Track.of(moments, 0.5, 0.05, 0.01)
    y, inverse = track.at(track.time)
    np.testing.assert_allclose(y, track.y, rtol=1e-14)
    np.testing.assert_allclose(inverse, track.inverse, rtol=1e-14)


@pytest.mark.parametrize(
    ("row", "lam"),
    [([0.5, 0.3], 0.15), ([0.2, 0.15], 0.1), ([1.4, 1.3], 0.2), ([0.5, 0.499], 0.05)],
)
def test_the_mesh_is_of_order_six(row, lam, monkeypatch):
    """Half the step leaves a 1/64 of the error, on rows of two weights: all steps are halved."""
    from polysem.numerics.row import mesh as row_mesh

    times = []
    for step in (0.32, 0.16, 0.01):
        monkeypatch.setattr(row_mesh, "_TIME_STEP", step)
        monkeypatch.setattr(row_mesh, "_LOG_STEP", step)
        times.append(numerics.extinction_times(row, lam)[1])
    order = math.log2(abs(times[0] - times[2]) / abs(times[1] - times[2]))
    assert 5.2 < order < 6.8


def test_the_authors_figure():
    """m = 1e5, lambda = 1e-5, s = .9/sqrt(m), NumPy's legacy seed 0.

    The counts are those of a plain integration of the same two equations and have no weight
    within 1e-7 of its death at these times; the explicit Euler loop lies .05 % above or below.
    """
    m = 100_000
    draw = np.random.RandomState(0).normal(0, 0.9 / math.sqrt(m), m)
    times = np.array([10.0, 1e2, 1e3, 1e4, 3e4])
    flow = numerics.row_flow(draw, 1e-5, times)
    deaths = numerics.extinction_times(draw, 1e-5)
    np.testing.assert_array_equal(flow.live, (deaths > times[:, None]).sum(axis=1))
    np.testing.assert_array_equal(flow.live, [97501, 77649, 14420, 243, 23])
    np.testing.assert_allclose(
        flow.l1_norm, [248.02663, 218.57960, 90.092583, 11.168383, 2.9914488], rtol=1e-7
    )
    paper = 1 / (1 / math.sqrt(m) + 1e-5 * times) ** 2
    assert (flow.live / paper > 1.03).all()


def test_the_soft_threshold_solves_the_two_equations():
    row = np.random.default_rng(3).normal(0, 0.1, 50)
    lam, times, step = 0.02, np.linspace(0.5, 12, 24), 1e-4
    before, now, after = (numerics.row_flow(row, lam, times + d) for d in (-step, 0, step))
    growth = (after.amplitude - before.amplitude) / (2 * step)
    rise = (after.threshold - before.threshold) / (2 * step)
    np.testing.assert_allclose(growth, (1 - now.norm2) * now.amplitude, rtol=1e-6)
    np.testing.assert_allclose(rise, lam / now.amplitude, rtol=1e-6)


def test_without_l1_the_row_grows_as_a_logistic():
    row, times = np.array([0.3, -0.2, 0.05]), np.linspace(0, 30, 7)
    flow = numerics.row_flow(row, 0.0, times)
    tiny = numerics.row_flow(row, 1e-12, times)
    assert (flow.live == 3).all()
    np.testing.assert_allclose(flow.norm2, tiny.norm2, atol=1e-10)
    np.testing.assert_allclose(flow.norm2[-1], 1, atol=1e-12)
    assert np.isinf(numerics.extinction_times(row, 0.0)).all()


def test_the_survivor_reaches_the_stationary_amplitude_and_stays():
    row, lam = np.random.default_rng(1).normal(0, 1 / 16, 256), 0.05
    flow = numerics.row_flow(row, lam, [1e3, 1e5])
    w = flow.largest
    np.testing.assert_allclose((1 - w**2) * w, lam, rtol=1e-9)
    assert (flow.live == 1).all()
    np.testing.assert_allclose(flow.l1_norm, w, rtol=1e-12)


def test_total_extinction():
    row = np.array([0.2, -0.1, 0.05])
    deaths = numerics.extinction_times(row, 0.3)
    assert deaths.max() <= -math.log(1 - 0.2 / 0.3)
    flow = numerics.row_flow(row, 0.3, [deaths.max() - 1e-6, deaths.max() + 1e-6, 1e4])
    assert flow.live.tolist() == [1, 0, 0]
    assert flow.norm2.tolist()[1:] == [0.0, 0.0]


def test_the_last_weight_dies_just_below_the_unstable_root():
    lam = 0.2
    low = min(root for root in np.roots([1, 0, -1, lam]).real if root > 0)
    assert np.isfinite(numerics.extinction_times([low - 1e-6], lam)).all()
    assert np.isinf(numerics.extinction_times([low + 1e-6], lam)).all()


@pytest.mark.parametrize(
    ("x", "c", "lam"),
    [
        (0.5, 1, 0.6),
        (0.5, 2, 0.3),
        (2.0, 1, 0.385),
        (1e6, 3, 0.23),
        (0.01, 1, 0.0101),
        (1.0, 1, 1e9),
    ],
)
def test_the_death_of_the_last_weights_is_the_integral_over_their_size(x, c, lam):
    """Against the same integral in 40 digits."""
    with mpmath.workdps(40):
        slow = 1 / mpmath.sqrt(3 * c)
        parts = sorted({0, min(x, slow), *(x * mpmath.mpf(10) ** -k for k in range(8) if x > slow)})
        exact = mpmath.quad(lambda w: 1 / (lam - (1 - c * w * w) * w), parts)
    deaths = numerics.extinction_times([x] * c, lam)
    np.testing.assert_allclose(deaths, float(exact), rtol=1e-11)


@pytest.mark.parametrize("above", [1e-4, 1e-8, 1e-12])
def test_the_fold_is_passed_slowly(above):
    """Just above the largest lambda that a weight survives: pi / sqrt(sqrt(3) (lambda - fold))."""
    fold = 2 / math.sqrt(27)
    lam = fold * (1 + above)
    (death,) = numerics.extinction_times([2.0], lam)
    passage = math.pi / math.sqrt(math.sqrt(3) * (lam - fold))
    assert death == pytest.approx(passage, rel=2 * math.sqrt(above) + 1e-3)


def test_ties_share_their_fate():
    assert np.isinf(numerics.extinction_times([0.4, -0.4, 0.1], 0.05)).tolist() == [
        True,
        True,
        False,
    ]
    deaths = numerics.extinction_times([0.4, -0.4, 0.1], 0.3)
    assert np.isfinite(deaths).all()
    assert deaths[0] == deaths[1] > deaths[2]


def test_a_row_of_zeros_and_times_in_any_order():
    flow = numerics.row_flow([0.0, 0.0], 0.1, [3.0, 0.0])
    assert flow.live.tolist() == [0, 0]
    assert numerics.extinction_times([0.0, 0.0], 0.1).tolist() == [0, 0]
    row = [0.5, 0.3, 0.2]
    there = numerics.row_flow(row, 0.1, [5.0, 1.0, 5.0])
    np.testing.assert_array_equal(
        there.live, numerics.row_flow(row, 0.1, [1.0, 5.0]).live[[1, 0, 1]]
    )


@pytest.mark.parametrize(
    ("row", "lam", "times", "words"),
    [
        ([np.nan, 1.0], 0.1, [1.0], "row with 1 NaN"),
        ([[1.0]], 0.1, [1.0], "row="),
        ([1.0], -0.1, [1.0], "lam=-0.1"),
        ([1.0], 0.1, [-1.0], "times with the value -1"),
        ([1.0], 0.1, ["a"], "times="),
    ],
)
def test_bad_input_shows_the_value(row, lam, times, words):
    with pytest.raises(ValueError, match=words):
        numerics.row_flow(row, lam, times)
