"""The report is whole or says that it is not; its figures carry their data and captions."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import types
from dataclasses import replace

import joblib
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from polysem import verify
from polysem.numerics import Flow, QuasiStatic
from polysem.verify.cli import main
from polysem.verify.collisions import chapter_initialisation
from polysem.verify.report import story
from polysem.verify.report import write as report

AGREEMENT = verify.Agreement.of_value(
    claim="one", quantity="one", prediction=1.0, estimate=1.001, numerical_error=1e-6, margin=0.01
)
CHAPTER = verify.Chapter(
    name="small",
    title="A small chapter",
    agreements=(AGREEMENT,),
    tables=(verify.Table(name="t", caption="A table.", frame=pd.DataFrame({"x": ["1.5"]})),),
    figures=(
        verify.Plot(
            name="f",
            caption="A figure.",
            data=pd.DataFrame({"x": [0, 1]}),
            draw=lambda figure, data: figure.subplots().plot(data.x),
        ),
    ),
    remarks=("A remark.",),
    main_results=(verify.MainResult(text="One is one.", agreement=AGREEMENT, figure="f"),),
)


@pytest.fixture
def small_chapter(monkeypatch):
    module = types.ModuleType("polysem.verify.chapter_small")
    module.chapter = lambda scale, *, entropy, progress: CHAPTER
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(report, "CHAPTERS", {"small": ".chapter_small"})
    return module


def test_it_writes_all_that_it_names(small_chapter, tmp_path):
    summary = verify.write_report(tmp_path, progress=False)
    assert json.loads((tmp_path / "report.json").read_text()) == summary
    assert summary["verdicts"] == {"agrees": 1}
    assert "LaTeX" in summary["latex"]
    files = summary["chapters"][0]["files"]
    assert sorted(files) == ["f.csv", "f.pdf", "f.png", "f.txt", "t.csv", "t.tex"]
    assert all((tmp_path / name).stat().st_size for name in files)
    text = (tmp_path / "report.md").read_text()
    page = (tmp_path / "report.html").read_text()
    assert text.endswith("\n")
    assert page.endswith("\n")
    for words in ("A small chapter", "A figure.", "A table.", "A remark.", "One is one.", "1.001"):
        assert words in text
        assert words in page
    assert text.index("One is one.") < text.index("A small chapter")


def test_the_page_needs_no_other_file(small_chapter, tmp_path):
    verify.write_report(tmp_path, progress=False)
    page = (tmp_path / "report.html").read_text()
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert sources
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in sources)


def test_names_with_html_in_them_are_escaped(small_chapter, tmp_path):
    shown = replace(CHAPTER, title="<b>a & b</b>", remarks=("<script>",))
    small_chapter.chapter = lambda scale, *, entropy, progress: shown
    verify.write_report(tmp_path, progress=False)
    page = (tmp_path / "report.html").read_text()
    assert "<b>a" not in page
    assert "<script>" not in page


@pytest.mark.parametrize(("rival", "confirmed"), [(False, True), (True, False)])
def test_a_main_result_says_if_its_comparison_does_not_confirm_it(rival, confirmed):
    """The line agrees: a result that the prediction fails is not confirmed."""
    found = verify.MainResult(text="One is one.", agreement=AGREEMENT, rival=rival)
    assert (found.sentence == "One is one.") == confirmed
    assert found.sentence.endswith("One is one.")


def test_verdicts_are_counted_by_origin():
    lines = [replace(AGREEMENT, claim=claim) for claim in ("one", "two", "paper_l1_norm")]
    chapter = replace(CHAPTER, agreements=tuple(lines), rivals=frozenset({"two"}))
    found = {name: counts["agrees"] for name, counts in story.tally([chapter]).items()}
    assert found == {"polysem": 1, "the paper": 1, "a rival": 1}


def test_an_undecided_line_says_which_sample_decides():
    """With that sample, and the same mean, the line decides; with a fifth less it does not."""

    def line(trials):
        successes = round(0.48 * trials)
        return verify.Agreement.of_proportion(
            claim="c", quantity="q", prediction=0.5, successes=successes, trials=trials, margin=0.1
        )

    few = line(1000)
    assert few.verdict == "undecided"
    needed = few.samples_to_decide
    assert line(round(1.05 * needed)).verdict == "agrees"
    assert line(round(0.8 * needed)).verdict == "undecided"
    told = list(story.undecided(replace(CHAPTER, agreements=(few,))))
    assert told == [f"q: about {needed} samples would decide, in place of 1000."]


def test_figures_and_tables_have_the_same_bytes_twice(small_chapter, tmp_path):
    for name in ("a", "b"):
        verify.write_report(tmp_path / name, progress=False)
    for path in (tmp_path / "a").glob("[ft].*"):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_an_interrupted_report_leaves_no_report_json(small_chapter, tmp_path):
    verify.write_report(tmp_path, progress=False)

    def interrupted(scale, *, entropy, progress):
        raise KeyboardInterrupt

    small_chapter.chapter = interrupted
    with pytest.raises(KeyboardInterrupt):
        verify.write_report(tmp_path, progress=False)
    assert not (tmp_path / "report.json").exists()
    assert not (tmp_path / "report.md").exists()


def test_an_unknown_chapter_writes_nothing(tmp_path):
    with pytest.raises(ValueError, match="magic"):
        verify.write_report(tmp_path / "out", only=("magic",))
    assert not (tmp_path / "out").exists()


def test_an_unknown_scale_leaves_an_old_report_whole(small_chapter, tmp_path):
    verify.write_report(tmp_path, progress=False)
    with pytest.raises(ValueError, match="scale='huge'"):
        verify.write_report(tmp_path, scale="huge")
    assert (tmp_path / "report.json").exists()


def content(folder):
    """What report.json holds, but for what two runs of the same command may differ in."""
    found = json.loads((folder / "report.json").read_text())
    del found["folder"]
    for chapter in found["chapters"]:
        del chapter["seconds"]
    return found


@pytest.fixture
def small_initialisation(monkeypatch):
    """The chapter that trains with two optimizers, at a size of seconds and in this process."""
    monkeypatch.setattr(chapter_initialisation, "SIZES", {"quick": (4, 64)})
    monkeypatch.setattr(chapter_initialisation, "NETWORKS", 3)
    monkeypatch.setattr(chapter_initialisation, "FEATURES", 8)
    monkeypatch.setattr(chapter_initialisation, "NEURONS", {"quick": (8, 16)})
    monkeypatch.setattr(chapter_initialisation, "RUNS", {"quick": 6})
    with joblib.parallel_config(backend="sequential"):
        yield


@pytest.fixture
def stop_at(monkeypatch):
    """Raise KeyboardInterrupt once, in the training step with this number; count the steps."""
    state = types.SimpleNamespace(count=0, at=None)

    def counted(step):
        def wrapped(*given):
            state.count += 1
            if state.count == state.at:
                raise KeyboardInterrupt
            return step(*given)

        return wrapped

    for optimizer in (Flow, QuasiStatic):
        monkeypatch.setattr(optimizer, "step", counted(optimizer.step))

    def set_to(at):
        state.count, state.at = 0, at
        return state

    return set_to


def test_a_report_interrupted_in_any_step_ends_as_one_that_was_not(
    small_initialisation, stop_at, tmp_path
):
    """Ctrl-C inside training: the report stops, keeps nothing half-trained, and goes on."""

    def write(name):
        verify.write_report(tmp_path / name, only=["initialisation"], progress=False)

    steps = stop_at(None)
    write("whole")
    total, kept = steps.count, []
    for step in (1, total // 2, 5):  # in one folder, as by a user
        stop_at(step)
        with pytest.raises(KeyboardInterrupt):
            write("met")
        assert not (tmp_path / "met" / "report.json").exists()
        kept.append(len(list((tmp_path / "met" / "runs").iterdir())))
    assert kept[0] == 0 < kept[1] <= kept[2]
    rest = stop_at(None)
    write("met")
    assert rest.count <= total - total // 4  # finished experiments are not trained again
    assert content(tmp_path / "met") == content(tmp_path / "whole")


def test_the_command_says_how_to_go_on_after_ctrl_c(small_initialisation, stop_at, tmp_path):
    stop_at(5)
    command = ["report", "--out", str(tmp_path / "out"), "--chapter", "initialisation"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 130
    assert done.stderr.splitlines() == [
        "polysem: Interrupted. Run the same command again to continue; the finished experiments "
        f"are in {tmp_path / 'out' / 'runs'}."
    ]


def interrupted_by_signals(folder, command, moments, rng, seconds):
    """Ctrl-C at random moments of a command; then let it end. Returns how often it was met."""
    met = 0
    while met < moments:
        process = subprocess.Popen(
            command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            process.wait(float(rng.uniform(1.5, max(3.0, seconds / 2))))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGINT)
        stderr = process.communicate(timeout=60)[1].decode()
        if process.returncode == 0:  # it was too quick: begin anew
            shutil.rmtree(folder)
            continue
        if process.returncode == -signal.SIGINT and not stderr:  # Python itself had not begun
            continue
        assert process.returncode == 130, stderr
        assert len(stderr.splitlines()) == 1, stderr
        met += 1
    subprocess.run(command, check=True, capture_output=True)
    return met


@pytest.mark.nightly
@pytest.mark.parametrize("chapter", report.CHAPTERS)
def test_ctrl_c_at_random_moments_changes_no_chapter(chapter, tmp_path, entropy):
    """With the two tests of sweeps 20 moments in all."""

    def command(name):
        program = [sys.executable, "-m", "polysem", "report", "--chapter", chapter]
        return [*program, "--out", str(tmp_path / name)]

    begun = time.perf_counter()
    subprocess.run(command("whole"), check=True, capture_output=True)
    seconds = time.perf_counter() - begun
    rng = np.random.default_rng([entropy, *chapter.encode()])
    interrupted_by_signals(tmp_path / "met", command("met"), 3, rng, seconds)
    assert content(tmp_path / "met") == content(tmp_path / "whole")
