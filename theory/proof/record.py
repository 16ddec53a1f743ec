"""The record of results, status.json: numbers, from which verdicts and statuses follow."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache, cached_property
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

import sympy as sp

from .claims import Claim, claims
from .formula import IndexForm
from .source import syntax_digest
from .status import Evidence, status
from .step import Definition, Step, StepResult
from .verdict import Verdict, together, verdict

PATH = Path(__file__).parent.with_name("status.json")
_MACHINERY = ("derivation", "enclosure", "evaluate", "guards", "operators", "routes", "step")
_LIBRARIES = ("sympy", "mpmath")
LEAST_ORDER = 0.85
"""The least power of the claimed size with which the error of an asymptotic formula must fall."""


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
def digest(claim: Claim) -> str:
    """A digest of what was checked: the statement, its proof, what it uses and the checker.

    >>> from polysem.theory import claims
    >>> from polysem.theory.proof.record import digest
    >>> digest(claims()["fold"]) == digest(claims()["crossing"])
    False
    """
    parts = [
        _machinery(),
        claim.label,
        claim.kind,
        claim.template,
        repr(claim.checks),
        _text(claim.formula),
        claim.prose.argument if claim.prose else "",
        *(digest(used) for used in claim.rests_on if isinstance(used, Claim)),
    ]
    if claim.derivation:
        for step, sides in zip(claim.derivation.steps, claim.derivation.sides(), strict=True):
            parts += [_step(step), *map(_text, sides)]
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def _step(step: Step) -> str:
    given = [(_text(symbol), _text(expression)) for symbol, expression in step.replaced.items()]
    ranges = [(_text(symbol), repr(bounds)) for symbol, bounds in step.ranges.items()]
    return repr((step.name, given, list(map(_text, step.assumptions)), ranges))


def _text(thing: Any) -> str:
    if thing is None:
        return ""
    if isinstance(thing, IndexForm):
        regime = [*map(_text, thing.regime), thing.where]
        return f"{_text(thing.expression)} {regime} {thing.error} {_text(thing.letter)}"
    return re.sub(r"dummy_index=\d+", "", sp.srepr(thing))


@cache
def check_digest(name: str) -> str:
    """A digest of the claims that a check tests: their statements and formulas.

    How exact a formula is said to be is not part of it, because a check has its own margin.

    >>> from polysem.theory.proof.record import check_digest
    >>> check_digest("initial_pairs") == check_digest("initial_neurons")
    False
    """
    tested = [claim for claim in claims().values() if name in claim.checks]
    exact = [claim.formula and replace(claim.formula, error="exact") for claim in tested]
    parts = [
        f"{claim.label} {claim.template} {_text(form)}"
        for claim, form in zip(tested, exact, strict=True)
    ]
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


@cache
def definitions() -> frozenset[Definition]:
    """The definitions of the package, from which its derivations start.

    >>> from polysem.theory.proof.record import definitions
    >>> "loss" in {definition.name for definition in definitions()}
    True
    """
    return frozenset(
        source
        for claim in claims().values()
        for source in claim.rests_on
        if isinstance(source, Definition)
    )


def recheck(found: Iterable[Claim], *, progress: bool = False) -> dict[str, Any]:
    """Check the derivations of some claims again; the entries for the record, by label.

    >>> from polysem.theory import claims
    >>> from polysem.theory.proof.record import recheck
    >>> recheck([claims()["fold"]])["fold"]["steps"][0]["symbolic"]
    'passed'
    """
    from tqdm import tqdm

    entries = {}
    for claim in tqdm(list(found), desc="claims", disable=None if progress else True):
        steps = claim.derivation.check() if claim.derivation else ()
        entries[claim.label] = {"digest": digest(claim), "steps": [asdict(step) for step in steps]}
    return entries


@dataclass(frozen=True)
class Record:
    """Results by claim and by check, as stored in status.json.

    The file holds numbers; verdicts and statuses are computed when they are read.

    >>> from polysem.theory.proof.record import Record
    >>> Record.load().status("fold")
    'proved'

    Parameters
    ----------
    claims : dict
        By label: the digest of what was checked, the results of the steps, and of the witness.
    checks : dict
        By name: the labels of the claims that the check tests, their digest, and for each line the
        prediction, the interval of the measurement, the margin and the number of samples.
    versions : dict
        Versions of the libraries with which it was made.
    known : mapping of str to Claim
        The claims that it is about; by default those of the package.
    base : Evidence
        What is known apart from it; by default the definitions of the package.
    """

    claims: Mapping[str, Any]
    checks: Mapping[str, Any]
    versions: Mapping[str, str]
    known: Mapping[str, Claim] = field(default_factory=lambda: claims())
    base: Evidence = field(default_factory=lambda: Evidence(definitions=definitions()))

    @classmethod
    def load(cls, path: Path = PATH, **about: Any) -> Record:
        """The record in a file; an empty one where there is none."""
        if not path.is_file():
            return cls({}, {}, {}, **about)
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            entries = {label: dict(entry) for label, entry in stored["claims"].items()}
            return cls(entries, stored["checks"], stored["versions"], **about)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"Got {path}; it is not a record of checks; remove it, and create it again with "
                "polysem claims --recheck --save (a record of your own: with --from FILE)."
            ) from error

    def save(self, path: Path = PATH) -> None:
        """Write the record, one claim per line, so that changes are easy to read."""
        parts = {
            "versions": self.versions,
            "claims": {label: self.claims[label] for label in self.known if label in self.claims},
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
        current = {label: entry for label, entry in self.claims.items() if label in self.known}
        return replace(
            self,
            claims=current | dict(entries),
            checks={**self.checks, **checks},
            versions=versions(),
        )

    def changed(self, label: str) -> bool:
        """Whether a claim, or a claim that it uses, has changed since it was checked."""
        return self.claims.get(label, {}).get("digest") != digest(self.known[label])

    def stale(self, label: str) -> bool:
        """Whether the claim, the checker or the libraries have changed since."""
        return self.changed(label) or self.versions != versions()

    def standing(self, label: str) -> str:
        """The status of a claim, marked where the results that it had do not concern it now."""
        old = label in self.claims and self.stale(label)
        return self.status(label) + (" (stale)" if old else "")

    def status(self, label: str) -> str:
        """The status of a claim that follows from the results of the record."""
        return status(self.known[label], self.evidence)

    def verdicts(self, label: str) -> dict[str, dict[str, Verdict]]:
        """For each check that tests a claim: the verdict of each of its lines, by quantity.

        Results for another statement or formula, and checks that test other claims, are left out.
        """
        return {
            name: _verdicts(self.checks[name])
            for name in self.known[label].checks
            if label in self.checks.get(name, {}).get("claims", ())
            and self.checks[name]["digest"] == check_digest(name)
        }

    @cached_property
    def evidence(self) -> Evidence:
        """The results that concern the claims as they are now."""
        known, base = self.known, self.base
        current = {name: entry for name, entry in self.claims.items() if name in known}
        current = {name: e for name, e in current.items() if not self.changed(name)}
        steps = {n: _passed(known[n], e["steps"]) for n, e in current.items() if e["steps"]}
        checks = {
            name: {check: together(lines.values()) for check, lines in found.items()}
            for name in known
            if (found := self.verdicts(name))
        }
        return Evidence(
            steps={**base.steps, **steps},
            witnesses={**base.witnesses, **_witnessed(current, known)},
            checks={**base.checks, **checks},
            definitions=base.definitions,
        )


def _passed(claim: Claim, steps: list[dict[str, str]]) -> bool | None:
    """Whether the results are those of the steps of a claim, and all passed; None: not decided."""
    named = [step.name for step in claim.derivation.steps] if claim.derivation else []
    results = [StepResult(**step) for step in steps]
    if named != [result.name for result in results] or not all(
        result.passed or result.undecided for result in results
    ):
        return False
    return True if all(result.passed for result in results) else None


def _witnessed(entries: Mapping[str, Any], known: Mapping[str, Claim]) -> dict[str, bool]:
    """Whether the witness confirms each claim that has one, or inherits one from what it uses."""
    found = {label: e["witness"] for label, e in entries.items() if e.get("witness")}
    own = {label: confirms(w) for label, w in found.items() if "from" not in w}
    heirs = {label: w["from"] for label, w in found.items() if "from" in w}
    return own | {
        label: set(sources) <= {*known[label].uses, *_factor(known[label])}
        and all(own.get(source, False) for source in sources)
        for label, sources in heirs.items()
    }


def _factor(claim: Claim) -> tuple[str, ...]:
    return (claim.factor.label,) if claim.factor else ()


def confirms(entry: Mapping[str, Any]) -> bool:
    """Whether the numbers of a witness confirm its claim.

    For an asymptotic formula the measured order decides: the power of the claimed size with which
    the error falls. Otherwise the largest deviation must lie within the accuracy.

    >>> from polysem.theory.proof.record import confirms
    >>> confirms({"samples": 12, "error": 1e-12, "accuracy": 1e-9, "order": None})
    True
    """
    if not entry["samples"] > 0 or entry.get("message"):
        return False
    if entry["order"] is not None:
        return bool(entry["order"] >= LEAST_ORDER)
    return bool(entry["error"] <= entry["accuracy"])


def _verdicts(entry: Mapping[str, Any]) -> dict[str, Verdict]:
    """The verdict of each quantity; lines of one quantity are judged together."""
    found: dict[str, list[Verdict]] = {}
    for line in entry["lines"]:
        one = verdict(line["prediction"], tuple(line["interval"]), line["margin"])
        found.setdefault(line["quantity"], []).append(one)
    return {quantity: together(verdicts) for quantity, verdicts in found.items()}
