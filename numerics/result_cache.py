"""Results on disk under a digest of the settings and of the code that computed them."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import numpy as np

from ..theory.proof.source import syntax_digest
from ._files import npz_bytes, read_bytes, write_bytes
from ._types import Array

_ROOT = __name__.partition(".")[0]
_PACKAGES = ("theory", "numerics", "verify")
LARGEST_ARRAYS = 2**29
"""Size of the largest file of arrays that is read, packed or unpacked, in bytes."""


def result_key(content: Mapping[str, Any], code: str) -> str:
    """A digest of settings, of the code reached from a name, and of the NumPy and SciPy versions.

    The settings must be ready for JSON. ``code`` names what computes the result, as in
    :func:`code_digest`.
    """
    import scipy

    versions = {"numpy": np.__version__, "scipy": scipy.__version__}
    whole = {"content": dict(content), "code": code_digest(code), "versions": versions}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def write_arrays(path: Path, values: Mapping[str, Array]) -> str:
    """Write the arrays as one .npz in one move; return the SHA-256 digest of the file."""
    content = npz_bytes(values)
    write_bytes(path, content)
    return hashlib.sha256(content).hexdigest()


def read_arrays(path: Path) -> dict[str, Array]:
    """The arrays of an .npz file; pickles are never loaded."""
    try:
        content = io.BytesIO(read_bytes(path, LARGEST_ARRAYS))
        with zipfile.ZipFile(content) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > LARGEST_ARRAYS:
            raise ValueError(f"it unpacks to {size} bytes, more than {LARGEST_ARRAYS}")
        with np.load(content, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} cannot be read ({error}); delete the file, and compute the result again."
        ) from None


@cache
def code_digest(name: str) -> str:
    """A digest of the syntax trees of all modules of the package that a name reaches.

    The name is that of a module or a public name, such as ``polysem.numerics.training.train``.
    Comments, docstrings and the layout of the lines do not count. A name outside this package
    counts as the whole package, because its own imports are not followed.
    """
    digest = hashlib.sha256()
    for module in sorted(reached(name)):
        digest.update(f"\0{module}\0{_source(module)[0]}".encode())
    return digest.hexdigest()


def reached(name: str) -> set[str]:
    """The modules of this package that a module, or a public name, imports directly or not."""
    found: set[str] = set()
    waiting = set(_modules(name if name.partition(".")[0] == _ROOT else _ROOT))
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            for imported in _source(module)[1]:
                waiting |= _modules(imported) - found
    return found


@cache
def _source(module: str) -> tuple[str, frozenset[str]]:
    """The digest of a module's syntax tree, and the dotted names that it imports."""
    text = _text(Path(_spec(module).origin))
    tree = ast.parse(text)
    package = module if _is_package(module) else module.rpartition(".")[0]
    parent = module.rpartition(".")[0]  # its __init__ runs first
    imports = {f"{parent}.__init__"} if parent else set()
    imports |= {name for name in _imports(tree, package) if name.partition(".")[0] == _ROOT}
    return syntax_digest(text), frozenset(imports)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _imports(tree: ast.Module, package: str) -> Iterator[str]:
    """The dotted names that a module imports, also inside functions; not those for types alone.

    An imported package counts by the attributes that are read from it, and as a whole where it
    is used in another way. An import by a computed name counts as the whole subpackage.
    """
    local: dict[str, str] = {}
    nodes = list(_executed(tree))
    for node in nodes:
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                above = package.split(".")[: len(package.split(".")) + 1 - level] if level else []
                base = ".".join([*above, *([module] if module else [])])
                for alias in names:
                    name = base if alias.name == "*" else f"{base}.{alias.name}"
                    if _is_package(name) and alias.name != "*":
                        local[alias.asname or alias.name] = name
                    else:
                        yield name
            case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)):
                if called in ("import_module", "__import__"):
                    yield ".".join(package.split(".")[:2])
    owners = {id(n.value): n.attr for n in nodes if isinstance(n, ast.Attribute)}
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in local:
            name = local[node.id]
            yield f"{name}.{owners[id(node)]}" if id(node) in owners else name


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes, without the branches for type checkers."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            for branch in child.orelse:
                yield branch
                yield from _executed(branch)
        else:
            yield child
            yield from _executed(child)


def _is_package(name: str) -> bool:
    spec = _spec(name)
    return spec is not None and spec.submodule_search_locations is not None


@cache
def _spec(name: str) -> Any:
    """The spec of a module of this package, found without importing it; None for other names."""
    parent = name.rpartition(".")[0]
    known = name == _ROOT or (name.startswith(f"{_ROOT}.") and _is_package(parent))
    return find_spec(name) if known else None


@cache
def _modules(name: str) -> frozenset[str]:
    """The modules that hold a dotted name; all of a package where that is not known."""
    parent, _, attribute = name.rpartition(".")
    if attribute == "__init__":
        return frozenset({parent})
    if _is_package(name):
        inside = [info.name for info in iter_modules(_spec(name).submodule_search_locations)]
        parts = _PACKAGES if name == _ROOT else inside
        return frozenset({name}).union(*(_modules(f"{name}.{part}") for part in parts))
    found = frozenset({name} if _spec(name) is not None else ())
    if not _is_package(parent):
        return found or frozenset({parent})
    target = _door(parent).get(attribute, name)
    if target != name:
        found |= _modules(target)
    return found or _modules(parent)


@cache
def _door(package: str) -> dict[str, str]:
    """Where each public name of a package is defined, by its stub or else its __init__."""
    origin = Path(_spec(package).origin)
    stub = origin.with_suffix(".pyi")
    tree = ast.parse(_text(stub if stub.is_file() else origin))
    names: dict[str, str] = {}
    for node in tree.body:
        match node:
            case ast.ImportFrom(module=module, names=aliases, level=1):
                base = f"{package}.{module}" if module else package
                names |= {alias.asname or alias.name: f"{base}.{alias.name}" for alias in aliases}
            case ast.Assign(targets=[ast.Name(id=name)]):
                names[name] = f"{package}.__init__"
    return names
