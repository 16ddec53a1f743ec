"""The status of a claim, computed from its derivation, its witness and its checks by one rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .claims import Claim, claims
from .step import REMEDY, Definition, named, stated

# from the strongest status to the weakest
STRENGTH = (
    "proved",
    "verified, proof in words",
    "verified",
    "derived",
    "asymptotic",
    "measured",
    "fitted",
    "argued",
    "undecided",
    "conjecture",
    "does not hold as stated",
    "not checked",
    "fails its checks",
)
(
    PROVED,
    IN_WORDS,
    VERIFIED,
    DERIVED,
    ASYMPTOTIC,
    MEASURED,
    FITTED,
    ARGUED,
    UNDECIDED,
    CONJECTURE,
    WRONG,
    UNCHECKED,
    FAILS,
) = STRENGTH
MEANING = {
    PROVED: "every step of the derivation is checked, and the witness confirms the formula",
    IN_WORDS: "the witness confirms the claim, and a part of the proof is in words",
    VERIFIED: "the witness confirms the claim, and there is no complete proof",
    DERIVED: "every step of the derivation is checked, and no witness computes the formula",
    ASYMPTOTIC: "the witness finds that the error falls as claimed",
    MEASURED: "every check on simulations agrees within its margin",
    FITTED: "its constants are fitted to simulations",
    ARGUED: "there is no witness, and the argument is partly in words, shows only leading terms, "
    "or starts from a definition without a witness",
    UNDECIDED: "a step, a check on simulations, or the factor of the estimate is not decided",
    CONJECTURE: "it is heuristic, or there is neither a proof nor a witness nor a decisive check",
    WRONG: "a check on simulations contradicts it where the check says, or it lacks a factor",
    UNCHECKED: "there is no result for it as it is now: check it again",
    FAILS: "a step of the derivation fails, or the witness contradicts the formula",
}
"""What each status means, from the strongest status to the weakest; see :func:`reason`."""

_SOUND = (PROVED, IN_WORDS, VERIFIED, DERIVED)
_OUTSIDE = "use verify.Collection(...).check()"


@dataclass(frozen=True)
class Evidence:
    """What is known of the claims: results of derivations, witnesses and checks.

    Parameters
    ----------
    steps : mapping of str to bool or None
        Whether all steps of a derivation pass, by label; None where the numbers confirm a step that
        SymPy does not decide. Without an entry they were not checked.
    witnesses : mapping of str to bool
        Whether the witness confirms the formula, by label of a claim or name of a definition.
    checks : mapping of str to mapping of str to str
        By label: the verdicts of the checks that test the claim, by name.
    definitions : frozenset of Definition
        The definitions of the package, from which derivations may start.
    """

    steps: Mapping[str, bool | None] = field(default_factory=dict)
    witnesses: Mapping[str, bool] = field(default_factory=dict)
    checks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    definitions: frozenset[Definition] = frozenset()


def weakest(*statuses: str) -> str:
    """The weakest of some statuses.

    >>> from polysem.theory.proof.status import weakest
    >>> weakest("proved", "argued")
    'argued'
    """
    return max(statuses, key=STRENGTH.index)


def status(claim: Claim, evidence: Evidence) -> str:
    """The status of a claim.

    >>> from polysem import theory
    >>> from polysem.theory.proof.status import Evidence, status
    >>> status(theory.claims()["fold"], Evidence())
    'not checked'

    Parameters
    ----------
    claim : Claim
        The claim.
    evidence : Evidence
        The results of derivations, witnesses and checks.
    """
    if claim.derivation and claim.label not in evidence.steps:
        return UNCHECKED
    if claim.derivation and evidence.steps[claim.label] is False:
        return FAILS
    witnessed = evidence.witnesses.get(claim.label)
    if witnessed is False:
        return FAILS
    said = evidence.checks.get(claim.label, {})
    if "departs" in said.values():
        return WRONG
    own = _estimate(claim, evidence) if claim.factor else _argued(claim, evidence, bool(witnessed))
    if not said:
        return own
    if set(said) != set(claim.checks) or set(said.values()) != {"agrees"}:
        return UNDECIDED if own == CONJECTURE else weakest(own, UNDECIDED)
    if own in (WRONG, FITTED):
        return own
    # without a proof, a witness of a claim on training covers fewer settings than its checks
    unproved = not (claim.derivation or claim.prose)
    return MEASURED if own in (ARGUED, CONJECTURE) or unproved else own


def _argued(claim: Claim, evidence: Evidence, witnessed: bool) -> str:
    """The status from derivation, words and witness."""
    own = _by_evidence(claim, evidence, witnessed)
    if own in (ASYMPTOTIC, CONJECTURE, FITTED, VERIFIED):
        return own
    sources = _sources(claim, evidence)
    if own in (PROVED, IN_WORDS):
        return own if all(found in _SOUND for found in sources.values()) else VERIFIED
    return weakest(own, *sources.values())


def _sources(claim: Claim, evidence: Evidence) -> dict[str, str]:
    """The status of what a proof uses, by name; a definition that nothing confirms is argued."""
    return {
        named(source): status(source, evidence) if isinstance(source, Claim) else ARGUED
        for source in claim.rests_on
        if isinstance(source, Claim)
        or not (
            source in evidence.definitions
            or (isinstance(source, Definition) and evidence.witnesses.get(source.name, False))
        )
    }


def reason(claim: Claim, evidence: Evidence) -> str:
    """What the status of a claim means in its case.

    >>> from polysem import theory
    >>> from polysem.theory.proof.status import Evidence, reason
    >>> reason(theory.claims()["fold"], Evidence())
    'there is no result for it as it is now: run polysem claims --recheck --save'
    """
    found = status(claim, evidence)
    proof, meaning = claim.derivation or claim.prose, MEANING[found]
    if found == UNCHECKED:
        inside = claims().get(claim.label) is claim
        remedy = "run polysem claims --recheck --save" if inside else _OUTSIDE
        return meaning.replace("check it again", remedy)
    by_proof = proof and not claim.factor and not evidence.checks.get(claim.label)
    if found not in (VERIFIED, ARGUED, UNDECIDED) or not by_proof:
        return meaning
    witnessed = evidence.witnesses.get(claim.label, False)
    start = "the witness confirms the claim, and " if witnessed else ""
    if evidence.steps.get(claim.label, True) is None:
        return f"{start}a step of the derivation is not decided: {REMEDY}"
    if found == _by_evidence(claim, evidence, witnessed):
        part = (
            "a part of the argument is in words" if claim.prose else "only leading terms are shown"
        )
        return f"{part}, and there is no witness"
    start = start or ("" if claim.prose else "every step is checked, and ")
    used = _sources(claim, evidence)
    weak = max(used, key=lambda name: STRENGTH.index(used[name]))
    if weak in claim.uses:
        return f"{start}it uses {weak}, the status of which is: {used[weak]}"
    return f"{start}it starts from the definition {weak}, which has no witness"


def _by_evidence(claim: Claim, evidence: Evidence, witnessed: bool) -> str:
    """The status that derivation, words and witness would give if their sources were proved."""
    kind = claim.formula.kind if claim.formula else "exact"
    if kind == "fitted":
        return FITTED
    if kind == "heuristic":
        return CONJECTURE
    if witnessed and kind == "asymptotic":
        return ASYMPTOTIC
    if claim.derivation and evidence.steps[claim.label] is None:
        return VERIFIED if witnessed else UNDECIDED
    if claim.prose:
        return IN_WORDS if witnessed else ARGUED
    if claim.derivation and kind == "asymptotic":
        return ARGUED  # a truncation shows the terms, and not the order of what is left out
    if claim.derivation:
        return PROVED if witnessed else DERIVED
    return VERIFIED if witnessed else CONJECTURE


def _estimate(claim: Claim, evidence: Evidence) -> str:
    """The status of an estimate that another claim corrects by a factor."""
    factor = claim.factor
    assert factor is not None
    assert factor.formula is not None
    about = claim.formula is None or any(
        stated(source) == claim.formula.expression for source in factor.rests_on
    )
    if not about or status(factor, evidence) not in (*_SOUND, ASYMPTOTIC, MEASURED):
        return UNDECIDED
    return ASYMPTOTIC if factor.formula.expression == 1 else WRONG
