"""The report is whole or says that it is not; its figures carry their data and captions."""

import json
import sys
import types

import pandas as pd
import pytest

from polysem import verify
from polysem.verify import report

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
    for words in ("A small chapter", "A figure.", "A table.", "A remark.", AGREEMENT.sentence()):
        assert words in text


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
