"""Generated parts of the book: link inventories, the API reference and the list of chapters."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import book_explain
import book_graph
import sympy as sp

from polysem import theory
from polysem.theory.proof.claims import topics as claim_topics
from polysem.theory.proof.symbols import entry
from polysem.theory.proof.typeset import named

PACKAGES = {
    "theory": "SymPy: symbols, formulas, derivations and claims.",
    "numerics": "NumPy: the training loop, the exact flows and the probability distributions.",
    "verify": "Comparison of the two: agreements, diagnosis, tables, figures and the report.",
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
_FOREIGN = (
    "object, dict, Enum, BaseException"  # members inherited from these classes are not listed
)
# The reading order of the chapters; other pages follow in alphabetical order.
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
    "count_law",
    "reshuffling",
    "omega_theory",
    "noise",
    "cooccurrence",
    "features",
    "dropout",
    "optimizer",
    "training",
    "statistics",
    "errata",
    "blueprint",
)


def write_inventories(folder: Path) -> None:
    """Write inventories of the linked names, for a build without network access."""
    folder.mkdir(exist_ok=True)
    for name, objects in LINKED.items():
        lines = ["# Sphinx inventory version 1", f"# Project: {name}", "# Version: stable"]
        lines += [f"{thing} {kind} {page}" for thing, (kind, page) in objects.items()]
        (folder / f"{name}.inv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def public_names(package: str) -> dict[str, list[str]]:
    """The public names of a package by the module that defines them, in the order of its stub."""
    path = importlib.import_module(f"polysem.{package}").__file__
    stub = Path(path).with_suffix(".pyi").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for node in ast.parse(stub).body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                module = node.module
                if inspect.ismodule(_public(package, alias.asname or alias.name)):
                    module = ".".join(filter(None, (node.module, alias.name)))
                found.setdefault(module or "", []).append(alias.asname or alias.name)
    return found


def write_api_pages(folder: Path) -> None:
    """Write one page for each module that defines public names, and an index for each package."""
    wanted = {}
    for package, words in PACKAGES.items():
        modules = dict(sorted(public_names(package).items()))
        topics: dict[str, list[str]] = {}
        for module in modules:
            topics.setdefault(module.rpartition(".")[0], []).append(module)
        wanted[package] = f"# polysem.{package}\n\n{words}\n" + "".join(
            _topic(package, topic, topics[topic]) for topic in sorted(topics)
        )
        for module, names in modules.items():
            wanted[f"{package}.{module}"] = _module_page(package, module, names)
    write_pages(folder, wanted)


def write_pages(folder: Path, wanted: dict[str, str]) -> None:
    """Make these the pages of a folder; a page that does not change keeps its time."""
    folder.mkdir(exist_ok=True)
    for stale in {path.stem for path in folder.glob("*.md")} - set(wanted):
        (folder / f"{stale}.md").unlink()
    for name, text in wanted.items():
        path = folder / f"{name}.md"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _topic(package: str, topic: str, modules: list[str]) -> str:
    """The modules of a topic folder as a section; those outside a folder need no heading."""
    heading = []
    if topic:
        title = topic.replace("_", " ").capitalize()
        heading = [f"## {title}", "", _about(f"{package}.{topic}"), ""]
    listed = [f"- [{name}]({package}.{name}.md): {_about(f'{package}.{name}')}" for name in modules]
    pages = [f"{package}.{name}" for name in modules]
    contents = ["", "```{toctree}", ":hidden:", "", *pages, "```", ""]
    return "\n".join(["", *heading, *listed, *contents])


def _module_page(package: str, module: str, names: list[str]) -> str:
    blocks = [f"# {module}", "", _about(f"{package}.{module}")]
    for name in names:
        directive = _directive(package, name, _public(package, name))
        blocks += ["", f"## {name}", "", "```{eval-rst}", *directive, "```"]
    return "\n".join(blocks) + "\n"


def _public(package: str, name: str) -> object:
    return getattr(importlib.import_module(f"polysem.{package}"), name)


def _about(module: str) -> str:
    """The first paragraph of a module's docstring; empty if it has none."""
    words = inspect.getdoc(importlib.import_module(f"polysem.{module}")) or ""
    return " ".join(words.split("\n\n")[0].split())


def _directive(package: str, name: str, thing: object) -> list[str]:
    if isinstance(thing, theory.Formula):
        return _formula(name, thing)
    if inspect.ismodule(thing):
        return [f".. automodule:: {thing.__name__}", "   :members:", "   :undoc-members:"]
    if inspect.isclass(thing):
        options = ["   :members:", f"   :inherited-members: {_FOREIGN}"]
        return [f".. autoclass:: polysem.{package}.{name}", *options]
    kind = "autofunction" if callable(thing) else "autodata"
    return [f".. {kind}:: polysem.{package}.{name}"]


def _formula(name: str, formula: theory.Formula) -> list[str]:
    """A formula with its meaning, closed form, regime, example, symbols and source."""
    signature = ", ".join(entry(symbol).argument for symbol in formula.arguments)
    regime = r",\; ".join(sp.latex(condition) for condition in formula.regime)
    body = [
        formula.meaning,
        "",
        f"Regime: {f':math:`{regime}`' if regime else 'all arguments'}. "
        f"Error: {formula.error}. Unit: {formula.unit}.",
        "",
        ">>> from polysem import theory",
        *formula.example.strip().splitlines(),
        "",
        *(
            f":param {entry(symbol).argument}: {entry(symbol).meaning} "
            f"(:math:`{sp.latex(symbol)}`); unit: {entry(symbol).unit}."
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
    """Link the claims; insert the list of chapters, and the graphs of the blueprint."""
    if page == "blueprint":
        text[0] = book_explain.linked(_HEADING.sub(_with_graph, text[0]))
    elif "/" not in page:
        text[0] = book_explain.with_links(page, text[0])
    if page == "chapters":
        listed = (folder / "index.md").read_text(encoding="utf-8").splitlines()
        pages = {path.stem for path in folder.glob("*.md")} - {"index", page} - set(listed)
        ordered = [name for name in READING_ORDER if name in pages]
        text[0] = text[0].replace("PAGES", "\n".join(ordered + sorted(pages - set(ordered))))


_HEADING = re.compile(r"^## (.+)\n\n(?:.+\n)+", re.MULTILINE)


def _with_graph(found: re.Match[str]) -> str:
    topic = next(name for name in claim_topics() if _letters(name) == _letters(found[1]))
    graph = book_graph.draw(topic)
    return f"{found[0]}\n```{{raw}} html\n{graph}\n```\n" if graph else found[0]


def _letters(title: str) -> str:
    """A title reduced to letters and digits, so that a heading can be matched to its topic."""
    return re.sub(r"[\W_]", "", title).lower()


_QUOTED = re.compile(r"(`[^`]*`)")
_PAGE = re.compile(r"paper_notes/(\w+)\.md")


def as_text(lines: list[str]) -> None:
    """Prepare text for docutils: escape the bars of norms, and link the pages of the book."""
    example = False
    for place, line in enumerate(lines):
        example = line.lstrip().startswith(">>>") or (example and bool(line.strip()))
        if not example:
            parts = _QUOTED.split(line)
            parts[::2] = [
                _PAGE.sub(r":doc:`\g<0> </\1>`", part.replace("|", r"\|")) for part in parts[::2]
            ]
            lines[place] = "".join(parts)
