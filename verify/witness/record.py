"""What the record holds of witnesses: their numbers, and a digest of what was computed."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from pathlib import Path
from textwrap import dedent
from typing import Any

from ...theory.proof.source import syntax_digest
from .declare import Witness, inherited, witnesses
from .judge import Finding, find

_FRAMEWORK = ("declare", "domain", "judge", "model")


def witnessed(labels: Iterable[str], *, progress: bool = False) -> dict[str, dict[str, Any]]:
    """Run the witnesses of some claims; their entries for the record, by label.

    >>> from polysem.verify.witness.record import witnessed
    >>> witnessed(["fold"])["fold"]["method"]
    'minimisation'

    Parameters
    ----------
    labels : iterable of str
        The labels of the claims; those without a witness have no entry.
    progress : bool, optional
        Whether a progress bar is shown.
    """
    from tqdm import tqdm

    known, heirs = witnesses(), inherited()
    entries: dict[str, dict[str, Any]] = {}
    for label in tqdm(list(labels), desc="witnesses", disable=None if progress else True):
        if label in heirs:
            entries[label] = {"from": list(heirs[label])}
        elif label in known:
            entries[label] = entry(known[label], find(known[label]))
    return entries


def entry(witness: Witness, finding: Finding) -> dict[str, Any]:
    """What the record holds of a witness: the numbers of its finding, and its digest.

    >>> from polysem.verify.witness.declare import witnesses
    >>> from polysem.verify.witness.judge import find
    >>> fold = witnesses()["fold"]
    >>> entry(fold, find(fold))["digest"] == digest(fold)
    True
    """
    found = asdict(finding)
    more = {part: value for part in ("message", "noise") if (value := found.pop(part))}
    return found | {"digest": digest(witness)} | more


def digest(witness: Witness) -> str:
    """A digest of a witness: the module that declares it, and the code that runs it.

    In a notebook, which is no file, it is the source of the function itself.

    >>> from polysem.verify.witness.declare import witnesses
    >>> from polysem.verify.witness.record import digest
    >>> digest(witnesses()["fold"]) == digest(witnesses()["gradient"])
    False

    Raises
    ------
    ValueError
        Where the source of the function is not known.
    """
    module = Path(inspect.getfile(witness.compute))
    parts = [witness.label, _of_file(module) if module.is_file() else _of_function(witness)]
    parts += [_of_file(Path(__file__).with_name(f"{name}.py")) for name in _FRAMEWORK]
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def _of_function(witness: Witness) -> str:
    try:
        return syntax_digest(dedent(inspect.getsource(witness.compute)))
    except (OSError, SyntaxError) as error:
        raise ValueError(
            f"Got a witness of {witness.label!r} without source text; write it as a function in a "
            "file or in a cell of a notebook."
        ) from error


def _of_file(path: Path) -> str:
    return _syntax(path.read_text(encoding="utf-8"))


@cache
def _syntax(text: str) -> str:
    return syntax_digest(text)
