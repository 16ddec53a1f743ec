"""A variant of the model: its formulas, each with its regime, its error and its derivation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..proof.claims import Claim
from .choices import add_choices
from .draft import Draft
from .law import LAWS
from .many import add_many
from .numerical import Numerical
from .penalty import Penalty
from .rest import add_rest
from .row import add_flow
from .solution import add_solution

BENEFITS = ("relu", "linear")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Variant:
    """A variant of the model, as :func:`variant` returns it; ``variant[name]`` is a formula.

    Parameters
    ----------
    penalty, benefit, initial : str
        The words that chose it.
    sparsifies : bool
        Whether the larger of two weights of a row gains on the smaller one.
    claims : mapping of str to Claim
        The claims, by the name of the formula: derivations, or arguments in words.
    formulas : mapping of str to Formula or IndexForm
        The formulas of the claims, and those that define what the claims use.

    Source
    ------
    paper_notes/variants.md
    """

    penalty: str
    benefit: str
    initial: str
    sparsifies: bool
    claims: Mapping[str, Claim]
    formulas: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        if name not in self.formulas:
            raise KeyError(
                f"Got {name!r}; the formulas of this variant are {', '.join(self.formulas)}."
            )
        return self.formulas[name]

    def __contains__(self, name: str) -> bool:
        return name in self.formulas

    def check(self, *names: str) -> dict[str, str]:
        """The result of the derivation of each claim, or of some.

        "passed": the symbolic and the numeric route confirm every step; "in words": there is no
        step to check; else what failed.
        """
        return {name: _result(self.claims[name]) for name in names or self.claims}

    def __str__(self) -> str:
        """One line for each formula, in plain text."""
        width = max(map(len, self.formulas))
        lines = (
            f"{name:<{width}}  "
            f"{'numerical; see help' if isinstance(form, Numerical) else form.plain()}"
            for name, form in self.formulas.items()
        )
        return "\n".join([f"{self!r}: {self.statement}", *lines])

    def _repr_markdown_(self) -> str:
        lines = (
            f"- `{name}`: "
            f"{'numerical' if isinstance(form, Numerical) else f'${form.latex()}$'}, for "
            f"{form.regime_in_words()}"
            for name, form in self.formulas.items()
        )
        return "\n".join([f"`{self!r}`: {self.statement}", "", *lines])

    @property
    def statement(self) -> str:
        """Whether the penalty makes rows sparse, in one sentence."""
        if self.sparsifies:
            return "the largest initial weight of a row outlives the others"
        if "transverse_rate" in self.formulas:
            return "the weights of a row become equal; no neuron wins"
        return "a row keeps its direction; no neuron wins"

    def __repr__(self) -> str:
        return (
            f"Variant(penalty={self.penalty!r}, benefit={self.benefit!r}, initial={self.initial!r})"
        )


def _result(claim: Claim) -> str:
    if claim.derivation is None:
        return "in words"
    results = claim.derivation.check()
    failed = [result.message for result in results if not result.passed]
    return "\n".join(failed) or "passed"


@cache
def variant(*, penalty: str = "l1", benefit: str = "relu", initial: str = "gaussian") -> Variant:
    """Derive what is known of a variant of the model: flow, rest, sparsification, collisions.

    The loss of n features is the squared error on each one-hot input plus four times the sum of
    lambda |w|^p/p, or of lambda_2 w^2/2, or of both, over all weights.

    >>> from polysem import theory
    >>> weak = theory.variant(penalty="elastic net")
    >>> round(weak["fold"](l2=0.1, live=1), 4)
    0.3286
    >>> laplace = theory.variant(initial="laplace")
    >>> laplace["threshold_time"]
    threshold_time(lam, m, relative_threshold) = sqrt(2)*(exp(sqrt(2)*b/2) - 1)/(lambda*sqrt(m))

    Parameters
    ----------
    penalty : str
        "l1", "l2", "elastic net" (both), or "l" with another exponent such as "l1.5"; "+ l2" adds
        an l2 term.
    benefit : str
        "relu" or "linear", the output of which features benefit.
    initial : str
        The law of the initial weights: "gaussian", "laplace", "uniform", "student" (five degrees of
        freedom), "orthogonal" (orthonormal rows) or "one-signed" (Gaussian, all positive).

    Returns
    -------
    Variant

    Raises
    ------
    ValueError
        For another word; the message lists those that are allowed.

    Source
    ------
    paper_notes/variants.md
    """
    for name, word, allowed in (("benefit", benefit, BENEFITS), ("initial", initial, tuple(LAWS))):
        if word not in allowed:
            raise ValueError(f"Got {name}={word!r}; choose one of {', '.join(allowed)}.")
    draft = Draft(
        words={"penalty": penalty, "benefit": benefit, "initial": initial},
        penalty=Penalty.named(penalty),
        law=LAWS[initial],
        relu=benefit == "relu",
    )
    add_flow(draft)
    add_rest(draft)
    if draft.penalty.sparsifies:
        add_solution(draft)
        add_many(draft)
    add_choices(draft)
    adopted = {name: claim.formula for name, claim in draft.claims.items() if claim.formula}
    return Variant(
        penalty=penalty,
        benefit=benefit,
        initial=initial,
        sparsifies=draft.penalty.sparsifies,
        claims=draft.claims,
        formulas=draft.formulas | adopted,
    )
