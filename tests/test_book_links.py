"""The link check of the book reports every broken link, and nothing else."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "paper_notes"))

from book_links import broken

PAGE = """<link href="style.css"><h1 id="top">Top</h1>
<a href="#top">up</a> <a href="https://example.org/none">away</a> <a href="sub/two.html#here">on</a>
<svg><a href="#gone"><text>gone</text></a></svg> <img src="none.png">
<a href="sub/two.html#no">no</a>
"""


def test_missing_anchors_and_files_are_found(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "style.css").write_text("")
    (tmp_path / "one.html").write_text(PAGE)
    (tmp_path / "sub" / "two.html").write_text('<p id="here"><a href="../one.html#top">back</a>')
    number, found = broken(tmp_path)
    assert number == 7
    assert found == ["one.html: #gone", "one.html: none.png", "one.html: sub/two.html#no"]
