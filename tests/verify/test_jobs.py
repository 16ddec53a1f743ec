"""Experiments over processes: in order, and with the folder of kept results."""

from polysem.verify.jobs import run_jobs
from polysem.verify.kept import keep_in, kept_folder


def test_every_process_finds_the_folder_of_kept_results(tmp_path):
    """In processes of its own, whatever thread joblib draws the jobs in."""
    with keep_in(tmp_path):
        assert run_jobs(kept_folder, [()] * 5, title="folders", progress=False) == [tmp_path] * 5
    assert run_jobs(kept_folder, [()], title="none", progress=False) == [None]


def test_results_come_in_the_order_of_the_arguments():
    given = [(2, power) for power in range(9)]
    assert run_jobs(pow, given, title="powers", progress=False) == [2**k for k in range(9)]
