"""The witnesses of the fast phase reject the former versions of its laws."""

from dataclasses import replace

import numpy as np
import pytest

from polysem.theory.proof import symbols as s
from polysem.verify.witness.declare import witnesses
from polysem.verify.witness.judge import claimed, judge, samples

FORMER = {
    "positive_overlap": s.n / (2 * s.m),
    "interference_cosine": 1 - s.n / (16 * s.m),
    "fast_shrink": 1 - s.n / (4 * s.m),
}


@pytest.mark.parametrize("label", FORMER)
def test_a_former_version_is_rejected(label):
    witness, form = witnesses()[label], claimed(label)
    found = samples(witness, form)
    assert judge(witness, form, found).passed
    assert not judge(witness, replace(form, expression=FORMER[label]), found).passed


def test_the_correction_of_the_cosine_is_relative_n_over_sqrt_m():
    """As n grows with m^(2/3) it is a fixed fraction of n/sqrt(m), but grows against sqrt(n/m)."""
    compute, rng = witnesses()["interference_cosine"].compute, np.random.default_rng(1)
    sizes = np.array([(16, 181), (64, 1448)])
    n, m = sizes.T
    turned = np.array([1 - compute(n=q, m=p, rng=rng) for q, p in sizes])
    correction = turned * 16 * m / (n - 1) - 1
    assert np.allclose(correction * np.sqrt(m) / n, 0.07, rtol=0.15)
    assert np.ptp(correction / np.sqrt(n / m)) > 0.2
