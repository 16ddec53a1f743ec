"""The chapter on start and end: its laws, and a small version of it as a whole."""

import numpy as np
import pytest

from polysem.verify.collisions import chapter_initialisation as chapter


def test_the_largest_of_two_half_normals_has_its_known_mean():
    """E max(|X|, |Y|) = 2 / sqrt(pi)."""
    assert chapter.expected_largest(2) == pytest.approx(2 / np.sqrt(np.pi), rel=1e-10)


def test_the_bins_of_both_laws_hold_all_probability():
    for law in chapter._laws(1024, np.arange(-9.0, 9.01, 0.25)).values():
        assert law.sum() == pytest.approx(1, abs=1e-12)
        assert (law >= 0).all()


def test_the_binned_law_has_the_mean_of_the_largest():
    edges = np.arange(0.0, 9.0, 1e-3)
    law = chapter._laws(1024, edges)["largest"]
    middle = (edges[1:] + edges[:-1]) / 2
    assert law @ middle == pytest.approx(chapter.expected_largest(1024), abs=1e-6)


def test_a_small_chapter_is_whole(monkeypatch, tmp_path):
    monkeypatch.setattr(chapter, "SIZES", {"quick": (4, 64)})
    monkeypatch.setattr(chapter, "NETWORKS", 4)
    monkeypatch.setattr(chapter, "FEATURES", 4)
    monkeypatch.setattr(chapter, "NEURONS", {"quick": (4, 8)})
    monkeypatch.setattr(chapter, "RUNS", {"quick": 3})
    found = chapter.chapter("quick", entropy=1, progress=False)
    again = chapter.chapter("quick", entropy=1, progress=False)
    assert [a.to_dict() for a in found.agreements] == [a.to_dict() for a in again.agreements]
    assert len(found.agreements) == 2
    assert set(found.figures[1].data.networks) == {3}
    overlaps = found.figures[0].data
    for kind in ("own", "other"):
        assert overlaps[overlaps.kind == kind].value.sum() == pytest.approx(1, abs=0.05)
    for table in found.tables:
        assert all(path.stat().st_size for path in table.write(tmp_path))
    assert all(figure._repr_png_() for figure in found.figures)
