"""What the book makes by itself: links to other libraries, the API reference, lists of pages."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import book_graph
import sympy as sp

from polysem import theory
from polysem.theory.proof.symbols import letter
from polysem.theory.proof.typeset import named

ROOMS = {
    "theory": "SymPy: letters, formulas, derivations, claims.",
    "numerics": "NumPy: the training loop, the exact flows, the laws.",
    "verify": "Where theory and numerics meet: agreements, diagnosis, tables, figures, the report.",
}
LIBRARIES = {
    "sympy": "https://docs.sympy.org/latest/",
    "numpy": "https://numpy.org/doc/stable/",
    "scipy": "https://docs.scipy.org/doc/scipy/",
}
_SCIPY = "reference/generated/scipy."
LINKED = {
    "sympy": {
        "sympy.core.expr.Expr": ("class", "modules/core.html"),
        "sympy.core.symbol.Symbol": ("class", "modules/core.html"),
        "sympy.utilities.lambdify.lambdify": ("function", "modules/utilities/lambdify.html"),
    },
    "numpy": {
        "numpy.ndarray": ("class", "reference/generated/numpy.ndarray.html"),
        "numpy.random.Generator": ("class", "reference/random/generator.html"),
    },
    "scipy": {
        "scipy.integrate.solve_ivp": (
            "function",
            "reference/generated/scipy.integrate.solve_ivp.html",
        ),
        "scipy.stats.rv_discrete": ("class", f"{_SCIPY}stats.rv_discrete.html"),
    },
}
_FOREIGN = "object, dict, Enum, BaseException"  # classes whose members are not ours to list
# The order in which the theory is read; a page that is not named here comes after, by name.
READING_ORDER = (
    "notation",
    "model",
    "stationary",
    "sparsification",
    "row_flow",
    "half_normal",
    "interference",
    "collisions",
    "counting_laws",
    "reshuffling",
    "noise",
    "cooccurrence",
    "training",
    "statistics",
    "errata",
    "blueprint",
)


def write_inventories(folder: Path) -> None:
    """Write what is linked as inventories, for a build without network."""
    folder.mkdir(exist_ok=True)
    for name, objects in LINKED.items():
        lines = ["# Sphinx inventory version 1", f"# Project: {name}", "# Version: stable"]
        lines += [f"{thing} {kind} {page}" for thing, (kind, page) in objects.items()]
        (folder / f"{name}.inv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def door(room: str) -> dict[str, list[str]]:
    """The public names of a room by the module that defines them, in the order of the door."""
    package = importlib.import_module(f"polysem.{room}")
    stub = Path(package.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for node in ast.parse(stub).body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found.setdefault(node.module or alias.name, []).append(alias.asname or alias.name)
    return found


def write_api_pages(folder: Path) -> None:
    """Write one page a module of each room, from its door."""
    folder.mkdir(exist_ok=True)
    wanted = {}
    for room, words in ROOMS.items():
        pages = {f"{room}.{module}": names for module, names in sorted(door(room).items())}
        listed = "\n".join(f"- [{page.split('.')[1]}]({page}.md): {_about(page)}" for page in pages)
        hidden = "\n".join(["```{toctree}", ":hidden:", "", *pages, "```"])
        wanted[room] = f"# polysem.{room}\n\n{words}\n\n{listed}\n\n{hidden}\n"
        for page, names in pages.items():
            wanted[page] = _module_page(room, page, names)
    for stale in {path.stem for path in folder.glob("*.md")} - set(wanted):
        (folder / f"{stale}.md").unlink()
    for name, text in wanted.items():
        path = folder / f"{name}.md"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _module_page(room: str, page: str, names: list[str]) -> str:
    package = importlib.import_module(f"polysem.{room}")
    blocks = [f"# {page.split('.')[1]}", "", _about(page)]
    for name in names:
        thing = getattr(package, name)
        blocks += ["", f"## {name}", "", "```{eval-rst}", *_directive(room, name, thing), "```"]
    return "\n".join(blocks) + "\n"


def _about(page: str) -> str:
    """The first paragraph of a module's docstring."""
    words = inspect.getdoc(importlib.import_module(f"polysem.{page}"))
    return " ".join(words.split("\n\n")[0].split())


def _directive(room: str, name: str, thing: object) -> list[str]:
    if isinstance(thing, theory.Formula):
        return _formula(name, thing)
    if inspect.ismodule(thing):
        return [f".. automodule:: {thing.__name__}", "   :members:", "   :undoc-members:"]
    if inspect.isclass(thing):
        options = ["   :members:", f"   :inherited-members: {_FOREIGN}"]
        return [f".. autoclass:: polysem.{room}.{name}", *options]
    kind = "autofunction" if callable(thing) else "autodata"
    return [f".. {kind}:: polysem.{room}.{name}"]


def _formula(name: str, formula: theory.Formula) -> list[str]:
    """A formula as a reader wants it: meaning, closed form, regime, example, letters, source."""
    signature = ", ".join(letter(symbol).argument for symbol in formula.arguments)
    regime = r",\; ".join(sp.latex(condition) for condition in formula.regime)
    body = [
        formula.meaning,
        "",
        f"Regime: {f':math:`{regime}`' if regime else 'all values of the arguments'}. "
        f"Error: {formula.error}. Unit: {formula.unit}.",
        "",
        ">>> from polysem import theory",
        *formula.example.strip().splitlines(),
        "",
        *(
            f":param {letter(symbol).argument}: {letter(symbol).meaning} "
            f"(:math:`{sp.latex(symbol)}`); unit: {letter(symbol).unit}."
            for symbol in formula.arguments
        ),
        ":raises RegimeError: outside the regime.",
        "",
        f"Source: {formula.source}.",
    ]
    head = [f".. py:function:: polysem.theory.{name}({signature})", ""]
    as_text(body)
    body[2:2] = [".. math::", "", f"   {named(formula)}", ""]
    return head + [f"   {line}".rstrip() for line in body]


def fill(folder: Path, page: str, text: list[str]) -> None:
    """Put in the theory's pages, where the page of chapters asks for them, and the graphs."""
    if page == "blueprint":
        text[0] = _HEADING.sub(_with_graph, text[0])
    if page == "chapters":
        listed = (folder / "index.md").read_text(encoding="utf-8").splitlines()
        pages = {path.stem for path in folder.glob("*.md")} - {"index", page} - set(listed)
        ordered = [name for name in READING_ORDER if name in pages]
        text[0] = text[0].replace("PAGES", "\n".join(ordered + sorted(pages - set(ordered))))


_HEADING = re.compile(r"^## (.+)\n\n(?:.+\n)+", re.MULTILINE)


def _with_graph(found: re.Match[str]) -> str:
    graph = book_graph.draw(found[1].lower().replace(" ", "_"))
    return f"{found[0]}\n```{{raw}} html\n{graph}\n```\n" if graph else found[0]


_QUOTED = re.compile(r"(`[^`]*`)")
_PAGE = re.compile(r"paper_notes/(\w+)\.md")


def as_text(lines: list[str]) -> None:
    """Make running text fit for docutils: the bars of norms escaped, pages of the book linked."""
    example = False
    for place, line in enumerate(lines):
        example = line.lstrip().startswith(">>>") or (example and bool(line.strip()))
        if not example:
            parts = _QUOTED.split(line)
            parts[::2] = [
                _PAGE.sub(r":doc:`\g<0> </\1>`", part.replace("|", r"\|")) for part in parts[::2]
            ]
            lines[place] = "".join(parts)
