"""The statistics chapter: whole tables and figure, and remarks that follow from the numbers."""

from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import t

from polysem import verify
from polysem.numerics import Cell, TiltedLaw
from polysem.verify.chapter import half_interval

module = import_module("polysem.verify.collisions.chapter_statistics")
TABLE = verify.measured_counts()


@pytest.fixture(scope="module")
def small():
    """The chapter with one check and one setting measured anew."""
    one = {"initial_pairs": verify.checks()["initial_pairs"]}
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(module, "checks", lambda: one)
        monkeypatch.setattr(module, "REPEATED", ((Cell(n=64, m=64, lam=0.1), 100),))
        return module.chapter("quick", entropy=5, progress=False)


def test_chapter_writes_all_it_promises(small, tmp_path):
    assert [table.name for table in small.tables] == [
        "statistics_checks",
        "statistics_wrong",
        "statistics_ratio",
        "statistics_retained",
        "statistics_limit",
    ]
    for table in small.tables:
        assert all(path.stat().st_size for path in table.write(tmp_path))
    assert all(figure._repr_png_() for figure in small.figures)
    repeated = [a for a in small.agreements if a.claim == "measured-table"]
    assert [a.verdict for a in repeated] == ["agrees", "agrees"]
    assert "n^2/2m for n^2/4m" in small.tables[1].frame["wrong"].tolist()
    assert set(small.tables[1].frame["rejected"]) == {"yes"}


def test_ratio_table_has_every_setting_and_the_step(small):
    frame = small.tables[2].frame
    assert list(frame.columns) == ["training", *(f"$m={m}$" for m in module.NEURONS)]
    training = frame["training"].tolist()
    assert sum("the flow" in words for words in training) == 4
    assert sum("AdamW" in words for words in training) == 1
    limit = training.index("the limit lambda -> 0")
    assert training[limit + 1] == "change under a finer step"
    assert "--" not in frame.iloc[limit].tolist()
    assert "--" not in frame.iloc[limit + 1].tolist()


def test_remarks_name_the_largest_departures(small):
    alive = [entry for entry in TABLE if entry.dead <= entry.n / 10]
    least = min(alive, key=lambda entry: entry.ratio)
    assert f"{least.ratio:.3f} +- {least.ratio_error:.3f}" in small.remarks[1]
    assert "approximations that assume a normal mean: 2 " in small.remarks[0]
    assert "Not as declared" not in small.remarks[0]


def test_the_form_of_the_law_is_compared_by_the_error_of_a_variance(monkeypatch):
    """Of N Poisson counts of variance v it is relative sqrt((2 + 1/v)/N), here by simulation."""
    law, networks = TiltedLaw(16, 32, 1.0), 400
    error = (law.var() / networks) ** 0.5
    one = SimpleNamespace(
        n=16, m=32, log_tilt=(0.0,), mean=law.mean(), networks=networks, mean_error=error
    )
    monkeypatch.setattr(module, "settings", lambda optimizer: [one])
    line = module._tilted()[0]
    assert line.estimate == pytest.approx(1.0)
    assert line.samples == networks
    counts = np.random.default_rng(0).poisson(law.var(), (20_000, networks))
    spread = (counts.var(axis=1, ddof=1) / law.var()).std()
    half = (line.interval[1] - line.interval[0]) / 2
    assert half == pytest.approx(half_interval(spread, networks), rel=0.03)


def test_expensive_checks_are_quoted_from_the_record_at_quick_scale(monkeypatch):
    monkeypatch.setattr(module, "run_jobs", lambda function, jobs, **_: [[] for _ in jobs])
    monkeypatch.setattr(module, "REPEATED", ())
    known = verify.checks()
    monkeypatch.setattr(module, "checks", lambda: {name: known[name] for name in module.RECORDED})
    remarks = " ".join(module.chapter("quick", entropy=5, progress=False).remarks)
    assert all(name in remarks for name in module.RECORDED)
    assert "lambda -> 0, the paper's n^2/4m: predicted 8, measured" in remarks
    assert "n = m = 32, lambda -> 0: predicted" in remarks
    assert "(900 samples" in remarks
    assert f"({known['dispersion_in_training'].samples} samples" in remarks
    assert set(module.RECORDED) <= set(known)
    assert not any(known[name].nightly for name in module.RECORDED)


def test_step_error_stands_beside_the_statistical_one():
    entry = next(e for e in TABLE if (e.optimizer, e.n, e.m) == ("quasistatic", 64, 256))
    agreement = module._against_law(entry)
    step = abs(entry.step_shift) + 2 * entry.step_error
    assert agreement.numerical_error == pytest.approx(step)
    lower, upper = agreement.interval
    statistical = (upper - lower) / 2 - step
    assert statistical == pytest.approx(t.isf(5e-4, entry.runs - 1) * entry.neurons_error)


@pytest.mark.nightly
def test_quick_chapter_as_the_report_runs_it(entropy):
    chapter = module.chapter("quick", entropy=entropy, progress=False)
    departing = [a for a in chapter.agreements if a.claim == "measured-table"]
    assert all(a.verdict != "departs" for a in departing)


def test_a_finished_check_is_read_again_with_its_wrong_experiments(monkeypatch, tmp_path):
    check = verify.checks()["initial_pairs"]

    def gone(entropy):
        raise AssertionError("drawn again")

    with verify.cache_in(tmp_path):
        (first,) = module._measured(["initial_pairs"], 0, 5)
        wrong = tuple(replace(each, draw=each.draw and gone) for each in check.wrong)
        monkeypatch.setattr(
            module, "checks", lambda: {check.name: replace(check, draw=gone, wrong=wrong)}
        )
        (again,) = module._measured(["initial_pairs"], 0, 5)
    assert again.agreement == first.agreement
    assert again.wrong == first.wrong
