"""Generated pages of the explanations: each claim with its steps, linked to what it rests on."""

import re
from collections import Counter

import sympy as sp

from polysem.theory import Claim, Explanation
from polysem.theory.proof.claims import claims, topics
from polysem.theory.proof.notation import NOTATION
from polysem.theory.proof.prose import in_markdown
from polysem.theory.proof.record import Record, definitions

_INTRODUCTION = """# Explanations

Each claim with the steps that lead to its formula, what the routes and the witness said, and links
to the claims and definitions from which it follows. `polysem claims LABEL --full` prints the whole
chain from the loss to one claim; in Python it is `theory.explain(label)`. The letters are those of
[notation](../notation.md).
"""
_BAR = r"\vert "  # a bar would end the cell of a table
_NOTES = re.compile(r"paper_notes/(\w+)\.md")


def pages() -> dict[str, str]:
    """The text of each page by its name: one a topic, the definitions, and the index."""
    record = Record.load()
    written = {page(claim): [] for claim in claims().values()}
    for topic, (meaning, found) in topics().items():
        title = topic.replace("/", ": ").replace("_", " ").capitalize()
        entries = [_entry(claim, record) for claim in found]
        written[_name(topic)] = [f"# {title}", meaning, *entries]
    first = next(iter(claims().values()))
    model = [
        _linked_notes(Explanation(first, record).entry(definition, "##"))
        for definition in sorted(definitions(), key=lambda definition: definition.name)
    ]
    written["definitions"] = ["# Definitions", "From these the derivations start.", *model]
    notation = "\n".join(
        ["| notation | in words |", "|---|---|"]
        + [
            f"| ${sp.latex(example).replace('|', _BAR)}$ | {in_markdown(words)} |"
            for _, example, words in NOTATION
        ]
    )
    listed = "\n".join(["```{toctree}", *written, "```", ""])
    index = {"index": f"{_INTRODUCTION}\n{notation}\n\n{_witnesses(record)}\n\n{listed}"}
    return index | {name: "\n\n".join([*parts, ""]) for name, parts in written.items()}


def _witnesses(record: Record) -> str:
    """How many claims have a witness, by the kind of its computation."""
    kinds = Counter(
        "none" if entry is None else entry.get("method", "those of other claims")
        for entry in (record.claims.get(label, {}).get("witness") for label in claims())
    )
    without = [
        f"[{label}]({page(claim)}.md#{label})"
        for label, claim in claims().items()
        if record.claims.get(label, {}).get("witness") is None
    ]
    rows = [f"| {kind} | {count} |" for kind, count in kinds.most_common()]
    return "\n".join(
        [
            "A witness computes what a claim says from the model alone, without a formula of ours:",
            "",
            "| witness | claims |",
            "|---|---|",
            *rows,
            "",
            f"Without a witness are {len(without)} claims, most of them statements on training, "
            f"which have checks on simulations: {', '.join(without)}.",
        ]
    )


def linked(blueprint: str) -> str:
    """The blueprint with a link from each claim to its explanation."""

    def with_link(found: re.Match[str]) -> str:
        claim = claims()[found[1]]
        return f"{found[0]} [Explanation](explain/{page(claim)}.md#{claim.label})."

    return re.sub(
        r"^### (\w+)$(?:\n(?!###|## ).*)*?\nSource: .*$", with_link, blueprint, flags=re.M
    )


def with_links(name: str, text: str) -> str:
    """A page of the book with its claims listed, and each mentioned claim linked."""
    claimed = [claim for claim in claims().values() if f"/{name}.md" in claim.source]
    if claimed:
        record = Record.load()
        listed = [f"- `{claim.label}`: {record.status(claim.label)}" for claim in claimed]
        text = "\n".join([text, "## The claims of this page", "", *listed, ""])
    parts = re.split(r"(^```.*?^```$|^\|.*?$)", text, flags=re.M | re.S)
    parts[::2] = [re.sub(r"(?<!\[)`(\w+)`(?!\])", _link, part) for part in parts[::2]]
    return "".join(parts)


def _link(found: re.Match[str]) -> str:
    claim = claims().get(found[1])
    return f"[{found[0]}](explain/{page(claim)}.md#{found[1]})" if claim else found[0]


def page(claim: Claim) -> str:
    """The name of the page that explains a claim."""
    return _name(claim.module.split("theory.")[1])


def _name(topic: str) -> str:
    return topic.replace("/", "-").replace(".", "-")


def _entry(claim: Claim, record: Record) -> str:
    rests = [
        f"[{source.label}]({page(source)}.md#{source.label})"
        if isinstance(source, Claim)
        else f"[{source.name}](definitions.md#{source.name})"
        for source in claim.rests_on
    ]
    text = _linked_notes(Explanation(claim, record).entry(claim, "##"))
    return f"{text}\n\nRests on: {', '.join(rests) or 'nothing'}."


def _linked_notes(text: str) -> str:
    return _NOTES.sub(r"[\g<0>](../\1.md)", text)
