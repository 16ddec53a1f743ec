"""Test profiles and the one-thread rule; tests mirror the modules by name."""

import os
import secrets

import numpy as np
import pytest
import threadpoolctl
from hypothesis import HealthCheck, settings

collect_ignore = ["example_project"]  # a project of its own, run as one

_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("pull-request", derandomize=True, database=None, **_COMMON)
settings.register_profile("nightly", max_examples=500, print_blob=True, **_COMMON)
settings.load_profile(os.environ.get("POLYSEM_PROFILE", "pull-request"))


@pytest.fixture(scope="session", autouse=True)
def _one_blas_thread():
    """One and two BLAS threads give different bits; the suite runs on one."""
    with threadpoolctl.threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def entropy() -> int:
    """The root of all random draws: fixed, or new each night (and then printed)."""
    if os.environ.get("POLYSEM_PROFILE") != "nightly":
        return 20231206
    value = int(os.environ.get("POLYSEM_ENTROPY", secrets.randbits(64)))
    print(f"POLYSEM_ENTROPY={value}")
    return value


@pytest.fixture(scope="session")
def centred_simplex():
    """Unit rows of the regular simplex with one neuron for each of n features, m >= n neurons."""

    def weights(n: int, m: int) -> np.ndarray:
        return np.sqrt(n / (n - 1)) * (np.eye(n, m) - (np.arange(m) < n) / n)

    return weights
