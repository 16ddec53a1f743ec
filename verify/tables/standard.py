"""Tables of the theory for papers: letters, claims, predictions, agreements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ... import theory
from ..predict import predict
from ..published import data_rows
from ..show.rounding import rounded
from ..show.tables import Table, rows_table
from ..stats.agreement import TABLE_CAPTION, Agreement


def symbols_table() -> Table:
    """All letters of the theory with argument name, meaning, unit and shape.

    >>> from polysem import verify
    >>> verify.symbols_table().to_frame().columns.tolist()
    ['letter', 'paper', 'argument', 'meaning', 'unit', 'shape']

    Source
    ------
    paper_notes/notation.md
    """
    import sympy as sp
    from sympy.printing.pretty.pretty_symbology import greek_unicode

    from ...theory.proof.symbols import LETTERS

    greek = {letter: name for name, letter in greek_unicode.items()}
    rows = [
        {
            "letter": f"${sp.latex(entry.symbol)}$",
            "paper": "-"
            if entry.paper == "-"
            else f"${sp.latex(sp.Symbol(greek.get(entry.paper, entry.paper)))}$",
            **{name: getattr(entry, name) for name in ("argument", "meaning", "unit", "shape")},
        }
        for entry in LETTERS.values()
    ]
    return rows_table("symbols", "The letters of the theory.", rows)


def predictions_table(
    sizes: Iterable[tuple[int, int]], *, names: Sequence[str], lam: float | None = None
) -> Table:
    """Closed forms for several sizes; a dash if one does not hold.

    >>> from polysem import verify
    >>> table = verify.predictions_table(
    ...     [(64, 64), (64, 256)], names=["expected_pairs", "expected_neurons_exclusion"]
    ... )
    >>> table.to_frame()["expected_pairs"].tolist()
    ['15.750', '3.9375']

    Parameters
    ----------
    sizes : iterable of (int, int)
        Numbers of features and of neurons.
    names : sequence of str
        Names of predictions, as in :func:`predict`.
    lam : float, optional
        The paper's lambda, in units of the flow.

    Raises
    ------
    ValueError
        For sizes below 1, a negative lam or an unknown name.

    Source
    ------
    The page that each formula names.
    """
    rows = []
    for n, m in sizes:
        found = predict(n, m, lam=lam)
        unknown = [name for name in names if name not in found]
        if unknown:
            raise ValueError(f"Got names={unknown}; choose from {', '.join(found)}.")
        values = {name: found[name].value for name in names}
        rows.append(
            {"$n$": str(n), "$m$": str(m)}
            | {name: "-" if value is None else rounded(value) for name, value in values.items()}
        )
    weight = "" if lam is None else f" at lambda = {lam:g}"
    return rows_table("predictions", f"Closed forms{weight}; a dash if one does not hold.", rows)


def agreements_table(agreements: Iterable[Agreement], *, name: str = "agreements") -> Table:
    """Agreements: prediction, estimate, interval, ratio, margin and verdict.

    >>> from polysem import verify
    >>> coin = verify.Agreement.of_proportion(
    ...     claim="coin", quantity="heads", prediction=0.5, successes=5040, trials=10_000,
    ...     margin=0.1,
    ... )
    >>> verify.agreements_table([coin]).to_frame()["verdict"].tolist()
    ['agrees']

    Parameters
    ----------
    agreements : iterable of Agreement
    name : str
        The stem of the file names, and the label.

    Source
    ------
    paper_notes/statistics.md
    """
    return rows_table(name, TABLE_CAPTION, [agreement.row() for agreement in agreements])


def claims_table(labels: Iterable[str] = ()) -> Table:
    """Claims with statement, kind, source and computed status.

    >>> from polysem import verify
    >>> verify.claims_table(["fold"]).to_frame()["kind"].tolist()
    ['derived here']

    The status comes from the record of checks; "(changed since)" marks a claim if it, a claim that
    it uses, or the checker has changed after the check.

    Parameters
    ----------
    labels : iterable of str, optional
        The claims to list; all claims if it is empty.

    Raises
    ------
    ValueError
        For a label that no claim has.

    Source
    ------
    paper_notes/blueprint.md
    """
    from ...theory.proof.record import Record

    record = Record.load()
    known = theory.claims()
    wanted = list(labels) or list(known)
    unknown = [label for label in wanted if label not in known]
    if unknown:
        raise ValueError(f"Got labels={unknown}; give labels that `polysem claims` lists.")
    rows = [
        {
            "claim": label,
            "statement": known[label].statement,
            "kind": known[label].kind,
            "status": record.status(label) + (" (changed since)" if record.changed(label) else ""),
            "source": known[label].source,
        }
        for label in wanted
    ]
    return rows_table("claims", "Claims of the theory and their computed status.", rows)


def benchmark_table() -> Table:
    """The benchmarks: both times, their ratio, and the machine.

    >>> from polysem import verify
    >>> verify.benchmark_table().name
    'benchmark'

    Source
    ------
    paper_notes/data/benchmark.csv, written by ``make bench``.
    """
    return rows_table("benchmark", "Benchmarks, medians.", data_rows("benchmark.csv"))
