"""Noise laws: moments, characteristic functions, samplers, bad input."""

import numpy as np
import pytest
from scipy import integrate, stats

from polysem.numerics import Noise

UNIT = {
    "gaussian": stats.norm(),
    "uniform": stats.uniform(-np.sqrt(3), 2 * np.sqrt(3)),
    "laplace": stats.laplace(scale=np.sqrt(0.5)),
}
DISCRETE = [
    Noise(sigma=1.0, law="bipolar"),
    Noise(sigma=1.0, law="three-point", excess_kurtosis=-2.0),
    Noise(sigma=1.0, law="three-point", excess_kurtosis=-1.2),
    Noise(sigma=1.0, law="three-point", excess_kurtosis=0.0),
    Noise(sigma=1.0, law="three-point", excess_kurtosis=4.5),
]


def cumulants(second, fourth, sixth):
    """Fourth and sixth cumulants of a symmetric law from its moments."""
    return fourth - 3 * second**2, sixth - 15 * fourth * second + 30 * second**3


@pytest.mark.parametrize("law", UNIT)
def test_cumulants_of_the_continuous_laws(law):
    moments = [UNIT[law].moment(order) for order in (2, 4, 6)]
    assert moments[0] == pytest.approx(1, abs=1e-12)
    noise = Noise(sigma=0.3, law=law)
    assert (noise.kurtosis, noise.sixth_cumulant) == pytest.approx(cumulants(*moments), abs=1e-6)
    # 1e-6: SciPy finds the moments by integration


@pytest.mark.parametrize("noise", DISCRETE)
def test_cumulants_of_the_discrete_laws(noise):
    values, chances = noise.atoms
    assert chances.sum() == pytest.approx(1, abs=1e-15)
    moments = [float(chances @ values**order) for order in (2, 4, 6)]
    assert moments[0] == pytest.approx(1, abs=1e-14)
    assert (noise.kurtosis, noise.sixth_cumulant) == pytest.approx(cumulants(*moments), abs=1e-12)


@pytest.mark.parametrize("law", UNIT)
def test_characteristic_function_is_the_mean_cosine(law):
    noise = Noise(sigma=1.0, law=law)
    for t in (0.0, 1e-3, 0.4, 2.0):
        mean, _ = integrate.quad(
            lambda x, t=t: np.cos(t * x) * UNIT[law].pdf(x),
            -40,
            40,
            limit=400,
            points=(-np.sqrt(3), 0, np.sqrt(3)),
            epsabs=1e-12,
        )
        assert noise.characteristic(np.array(t)) == pytest.approx(mean, abs=1e-10)


@pytest.mark.parametrize("noise", [*(Noise(sigma=1.0, law=law) for law in UNIT), *DISCRETE])
def test_slope_of_the_characteristic_function(noise):
    t = np.array([1e-4, 3e-3, 5.7e-3, 5.8e-3, 0.3, 1.0, 4.0])
    step = 1e-5
    slope = (noise.characteristic(t + step) - noise.characteristic(t - step)) / (2 * step)
    np.testing.assert_allclose(noise.characteristic_slope(t), slope, atol=2e-10)


@pytest.mark.parametrize("noise", [*(Noise(sigma=1.0, law=law) for law in UNIT), *DISCRETE])
def test_samples_follow_their_law(noise, entropy):
    """Null: P(|x| < c) is exact. 200 000 draws, false alarm 1e-9 each; sees a shift of .0075."""
    draws, rate = 200_000, 1e-9
    assert 6.7 * 0.5 / np.sqrt(draws) < 0.0075  # 6.1 for the rate, the rest for power 0.7
    rng = np.random.default_rng([entropy, 7])
    x = Noise(sigma=0.2, law=noise.law, excess_kurtosis=noise.excess_kurtosis).sample(rng, (draws,))
    for cut in (0.3, 1.3):
        if noise.atoms is None:
            chance = 2 * UNIT[noise.law].cdf(cut) - 1
        else:
            values, chances = noise.atoms
            chance = float(chances[np.abs(values) < cut].sum())
        seen = int(np.count_nonzero(np.abs(x) < 0.2 * cut))
        assert stats.binomtest(seen, draws, min(chance, 1.0)).pvalue > rate
    assert stats.binomtest(int(np.count_nonzero(x > 0)), np.count_nonzero(x)).pvalue > rate
    if noise.atoms is not None:
        assert set(np.unique(np.round(x / 0.2, 12))) == set(np.round(noise.atoms[0], 12))


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"sigma": -0.1}, "Got sigma=-0.1; sigma is the standard deviation of the noise"),
        ({"sigma": float("nan")}, "Got sigma=nan; "),
        ({"sigma": 0.1, "law": "cauchy"}, "Got noise law='cauchy'; choose one of bipolar, "),
        (
            {"sigma": 0.1, "law": "three-point"},
            "Got the three-point law without its excess kurtosis; ",
        ),
        (
            {"sigma": 0.1, "law": "three-point", "excess_kurtosis": -2.1},
            "Got kurtosis=-2.1; an excess kurtosis is a finite number >= -2",
        ),
        (
            {"sigma": 0.1, "law": "uniform", "excess_kurtosis": -2},
            "Got kurtosis=-2; uniform noise always has excess kurtosis -1.2; ",
        ),
    ],
)
def test_bad_input_is_one_clear_line(settings, line):
    with pytest.raises(ValueError, match=r"^Got ") as caught:
        Noise(**settings)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)
