"""Tasks of a chapter on several processes."""

import numpy as np

from polysem import verify
from polysem.verify.interference.runs import Ensemble
from polysem.verify.tasks import run_all


def test_processes_give_what_one_gives_and_every_task_is_kept(tmp_path):
    tasks = [Ensemble(n=4, m=16, lam=0.0, runs=3 + extra) for extra in range(12)]
    with verify.keep_in(tmp_path):
        found = run_all("few", tasks, 7, progress=False)
    assert list(found) == tasks
    for task in tasks:
        for name, values in task.run(7).items():
            assert np.array_equal(values, found[task][name])
    assert len(list(tmp_path.glob("few-*.npz"))) == len(tasks)
