"""Tables: the same bytes twice, right columns, and LaTeX that compiles."""

import os

import pandas as pd
import pytest

from polysem import verify

FRAME = pd.DataFrame(
    {
        "$n$": ["64", "256"],
        "law_name & more": ["100 % of $n^2/4m$", "a_b"],
        "count": ["15.1(3)", "7.25(12)"],
        "power": ["1.2e-05", "-"],
    }
)
TABLE = verify.Table(name="t", caption="A table.", frame=FRAME)


def test_same_input_same_bytes():
    again = verify.Table(name="t", caption="A table.", frame=FRAME.copy())
    assert again.to_latex() == TABLE.to_latex()


def test_numbers_stand_in_s_columns_and_prose_is_escaped():
    latex = TABLE.to_latex()
    head, *_, body = latex.split("\\toprule")
    assert head.count("S[") == 3
    assert r"100 \% of $n^2/4m$" in body
    assert r"law\_name \& more" in body
    assert "{-}" in body
    for line in body.splitlines():
        if "&" in line:
            assert line.replace(r"\&", "").count("&") == 3


def test_the_letters_of_a_heading_are_typeset_in_html():
    frame = pd.DataFrame({"$n$": ["64"], r"$\lambda$": ["0.01"], "cost in $": ["1"]})
    page = verify.Table(name="t", caption="A table.", frame=frame)._repr_html_()
    for heading in ("<i>n</i>", "&lambda;", "cost in $"):
        assert f"<th>{heading}</th>" in page


def test_what_it_needs_is_said_in_comments():
    assert r"\usepackage{booktabs}" in TABLE.to_latex()
    assert "% label: tab:t" in TABLE.to_latex()


def test_it_writes_tex_and_csv(tmp_path):
    paths = TABLE.write(tmp_path)
    assert [path.name for path in paths] == ["t.tex", "t.csv"]
    assert pd.read_csv(paths[1], dtype=str).equals(FRAME)


def test_latex_compiles_without_warning():
    check = verify.check_latex([TABLE.to_latex()])
    if check.compiled is None:
        assert not os.environ.get("POLYSEM_REQUIRE_TEX"), "pdflatex is required and missing"
        pytest.skip("LaTeX not compiled: no pdflatex")
    assert check.problems == ()


def test_broken_latex_is_told():
    check = verify.check_latex([r"\undefinedcommand"])
    if check.compiled is None:
        pytest.skip("LaTeX not compiled: no pdflatex")
    assert check.compiled is False
    assert "Undefined control sequence" in check.problems[0]
