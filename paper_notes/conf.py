"""Sphinx configuration of the book: executed pages, and an API reference of the public names."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

os.environ["PYTHONPATH"] = os.pathsep.join([sys.path[0], os.environ.get("PYTHONPATH", "")])
os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"

import book_explain  # noqa: E402
import book_links  # noqa: E402
import book_pages  # noqa: E402
from sphinx.errors import ExtensionError  # noqa: E402

import polysem  # noqa: E402

project = "polysem"
author = "The polysem developers"
copyright = author
release = version = polysem.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",
]
exclude_patterns = ["_build", "data"]

myst_enable_extensions = ["amsmath", "dollarmath", "deflist", "colon_fence"]
myst_heading_anchors = 4
# MathJax also reads commands in the words of a formula.
mathjax3_config = {
    "loader": {"load": ["[tex]/textmacros"]},
    "tex": {"packages": {"[+]": ["textmacros"]}},
}
nb_execution_mode = "force"
nb_execution_timeout = 600
nb_execution_show_tb = True
nb_render_markdown_format = "myst"
nb_mime_priority_overrides = [("html", "text/latex", 5)]

# The full inventories where the network allows it, otherwise our list of the linked names.
intersphinx_mapping = {
    name: (url, (None, str(HERE / "_build" / f"{name}.inv")))
    for name, url in book_pages.LIBRARIES.items()
}
intersphinx_timeout = 5

autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_param = True
napoleon_custom_sections = [("Source", "notes_style")]
napoleon_preprocess_types = False

html_theme = "furo"
html_title = "polysem"
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}


def check_links(app, exception):
    """Fail the build if a link inside the book is broken."""
    if exception is None and app.builder.format == "html":
        number, found = book_links.broken(Path(app.outdir))
        print(f"{number} links inside the book, {len(found)} broken")
        if found:
            raise ExtensionError("Broken links:\n" + "\n".join(found))


def setup(app):
    book_pages.write_inventories(HERE / "_build")
    book_pages.write_api_pages(HERE / "api")
    book_pages.write_pages(HERE / "explain", book_explain.pages())
    app.connect("autodoc-process-docstring", lambda *given: book_pages.as_text(given[-1]), 900)
    app.connect("build-finished", check_links)
    app.connect("source-read", lambda _app, name, text: book_pages.fill(HERE, name, text))
