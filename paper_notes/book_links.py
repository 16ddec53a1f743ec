"""A check that every link inside a built book leads to an existing file and anchor."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The links of a page, and the anchors to which other pages can link."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name in ("href", "src") and value is not None:
                self.links.append(value)
            if name == "id" and value is not None:
                self.anchors.add(value)


def broken(root: Path) -> tuple[int, list[str]]:
    """The number of links inside a folder of HTML, and the broken ones."""
    pages = {path.resolve(): Page(path) for path in sorted(root.rglob("*.html"))}
    number, found = 0, []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            number += 1
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            missing = anchor and target in pages and anchor not in pages[target].anchors
            if missing or not target.exists():
                found.append(f"{path.relative_to(root.resolve())}: {link}")
    return number, found
