"""Networks over processes give what they give in one."""

import numpy as np
import pytest

from polysem import numerics


@pytest.mark.parametrize("optimizer", ["flow", "quasistatic"])
def test_processes_change_nothing(optimizer):
    initial = numerics.initial_weights(6, 20, np.random.default_rng(0), instances=3)
    options = {"optimizer": optimizer, "record": "live_weights", "record_at": [0.0, 5.0]}
    alone = numerics.train(initial, 0.05, **options)
    spread = numerics.train_parallel(initial, 0.05, jobs=2, **options)
    np.testing.assert_allclose(spread.weights, alone.weights, atol=1e-12)
    np.testing.assert_array_equal(spread.outcomes, alone.outcomes)
    np.testing.assert_array_equal(spread.steps, alone.steps)
    np.testing.assert_array_equal(spread.records["live_weights"], alone.records["live_weights"])


def test_what_processes_cannot_share_is_refused():
    initial = numerics.initial_weights(2, 4, np.random.default_rng(0), instances=2)
    with pytest.raises(ValueError, match="Got rng and jobs=2; a process cannot share it"):
        numerics.train_parallel(initial, 0.1, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="one network is one job"):
        numerics.train_parallel(initial[0], 0.1)
    with pytest.raises(ValueError, match="Got jobs=0; jobs is the number of processes"):
        numerics.train_parallel(initial, 0.1, jobs=0)
