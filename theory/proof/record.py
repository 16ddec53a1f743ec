"""The record of check results, status.json, and whether it is still current."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

import sympy as sp

from .claims import claims
from .formula import IndexForm
from .source import syntax_digest
from .step import Step, StepResult

PATH = Path(__file__).parent.with_name("status.json")
_MACHINERY = ("derivation", "enclosure", "evaluate", "operators", "routes", "step")
_LIBRARIES = ("sympy", "mpmath")


def versions() -> dict[str, str]:
    """The versions of the libraries on which check results depend.

    >>> from polysem.theory.proof.record import versions
    >>> sorted(versions())
    ['mpmath', 'sympy']
    """
    return {name: metadata.version(name) for name in _LIBRARIES}


@cache
def _machinery() -> str:
    folder = Path(__file__).parent
    return "".join(syntax_digest(folder / f"{name}.py") for name in _MACHINERY)


@cache
def digest(label: str) -> str:
    """A digest of what was checked: the statement, its proof, what it uses and the checker.

    >>> from polysem.theory.proof.record import digest
    >>> digest("fold") == digest("crossing")
    False
    """
    claim = claims()[label]
    parts = [
        _machinery(),
        claim.label,
        claim.kind,
        claim.template,
        repr(claim.checks),
        _text(claim.formula),
        claim.prose.argument if claim.prose else "",
        *(digest(used) for used in claim.uses),
    ]
    if claim.derivation:
        for step, sides in zip(claim.derivation.steps, claim.derivation.sides(), strict=True):
            parts += [_step(step), *map(_text, sides)]
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def _step(step: Step) -> str:
    given = [(_text(symbol), _text(expression)) for symbol, expression in step.replaced.items()]
    ranges = [(_text(symbol), repr(bounds)) for symbol, bounds in step.ranges.items()]
    return repr((step.name, given, list(map(_text, step.assumptions)), ranges, step.digits))


def _text(thing: Any) -> str:
    if thing is None:
        return ""
    if isinstance(thing, IndexForm):
        return f"{_text(thing.expression)} {list(map(_text, thing.regime))} {thing.error}"
    return re.sub(r"dummy_index=\d+", "", sp.srepr(thing))


def recheck(labels: Iterable[str], *, progress: bool = False) -> dict[str, Any]:
    """Check the derivations of some claims again; the entries for the record, by label.

    >>> from polysem.theory.proof.record import recheck
    >>> recheck(["fold"])["fold"]["steps"][0]["symbolic"]
    'passed'
    """
    from tqdm.auto import tqdm

    entries = {}
    for label in tqdm(list(labels), desc="claims", disable=None if progress else True):
        derivation = claims()[label].derivation
        steps = derivation.check() if derivation else ()
        entries[label] = {"digest": digest(label), "steps": [asdict(step) for step in steps]}
    return entries


@dataclass(frozen=True)
class Record:
    """Check results by claim and by check, as stored in status.json.

    >>> from polysem.theory.proof.record import Record
    >>> Record.load().status("fold")
    'proved'

    Parameters
    ----------
    claims : dict
        By label: the digest of what was checked, and the results of the steps.
    checks : dict
        By name: the verdict of a check against simulations, and its sentence.
    versions : dict
        Versions of the libraries with which it was made.
    """

    claims: Mapping[str, Any]
    checks: Mapping[str, Any]
    versions: Mapping[str, str]

    @classmethod
    def load(cls, path: Path = PATH) -> Record:
        """The record in a file; an empty one where there is none."""
        if not path.is_file():
            return cls({}, {}, {})
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            return cls(stored["claims"], stored["checks"], stored["versions"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"Got {path}; it is not a record of checks; create it again with "
                "polysem claims --recheck --save."
            ) from error

    def save(self, path: Path = PATH) -> None:
        """Write the record, one claim per line, so that changes are easy to read."""
        parts = {
            "versions": self.versions,
            "claims": {label: self.claims[label] for label in claims() if label in self.claims},
            "checks": dict(sorted(self.checks.items())),
        }
        lines = []
        for part, entries in parts.items():
            inner = ",\n".join(
                f"  {json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}"
                for name, entry in entries.items()
            )
            lines.append(f"{json.dumps(part)}: {{\n{inner}\n}}")
        text = "{\n" + ",\n".join(lines) + "\n}\n"
        scratch = path.with_suffix(".partial")
        scratch.write_text(text, encoding="utf-8")
        os.replace(scratch, path)

    def updated(self, entries: Mapping[str, Any], checks: Mapping[str, Any]) -> Record:
        """The record with new entries, made with the installed libraries."""
        known = claims()
        current = {label: entry for label, entry in self.claims.items() if label in known}
        return Record(current | dict(entries), {**self.checks, **checks}, versions())

    def changed(self, label: str) -> bool:
        """Whether a claim, or a claim that it uses, has changed since it was checked."""
        return self.claims.get(label, {}).get("digest") != digest(label)

    def stale(self, label: str) -> bool:
        """Whether the claim, the checker or the libraries have changed since."""
        return self.changed(label) or self.versions != versions()

    def status(self, label: str) -> str:
        """The status of a claim that follows from the results of the record."""
        verdicts = {name: entry["verdict"] for name, entry in self.checks.items()}
        passed = {
            name: bool(entry["steps"]) and all(StepResult(**step).passed for step in entry["steps"])
            for name, entry in self.claims.items()
        }
        return claims()[label].status(verdicts, passed)
