"""The text of a script, one file or several, that a fault edits by the shape of its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path


class PlantError(Exception):
    """The construct that a fault changes is not in the script, or the change left the script as it was."""


@dataclass(frozen=True)
class Spot:
    """A syntax node and where it stands; valid until the next edit of its file."""

    file: str
    node: ast.AST


@dataclass
class Source:
    """A working copy of a script's files, keyed by their path below the script's folder."""

    files: dict[str, str]
    touched: dict[str, set[int]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Source:
        """Reads one Python file, or every Python file of a package folder."""
        if path.is_dir():
            return cls({f"{path.name}/{file.name}": file.read_text() for file in sorted(path.glob("*.py"))})
        return cls({path.name: path.read_text()})

    def spots(self, matches: Callable[[ast.AST], bool]) -> list[Spot]:
        """Every node that matches, in file order and then in line order."""
        found = []
        for name, text in self.files.items():
            nodes = [node for node in ast.walk(ast.parse(text)) if hasattr(node, "lineno") and matches(node)]
            nodes.sort(key=lambda node: (node.lineno, node.col_offset))
            found += [Spot(name, node) for node in nodes]
        return found

    def one(self, what: str, matches: Callable[[ast.AST], bool]) -> Spot:
        """The single node that matches.

        Raises:
            PlantError: none or several do; `what` says what was looked for.
        """
        found = self.spots(matches)
        if len(found) != 1:
            raise PlantError(f"expected one {what} in {', '.join(self.files)}, found {len(found)}")
        return found[0]

    def text(self, spot: Spot, node: ast.AST | None = None) -> str:
        """The source of a spot, or of another node of the same file."""
        segment = ast.get_source_segment(self.files[spot.file], node or spot.node)
        if segment is None:
            raise PlantError(f"no source text for a node in {spot.file}")
        return segment

    def swap(self, spot: Spot, new: str) -> None:
        """Replaces the text of a node by `new`."""
        node = spot.node
        lines = self.files[spot.file].encode().splitlines(keepends=True)
        start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
        end = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
        whole = b"".join(lines)
        self._write(spot.file, (whole[:start] + new.encode() + whole[end:]).decode())

    def replace(self, old: str, new: str) -> None:
        """Replaces a text that stands exactly once in the script.

        Raises:
            PlantError: it stands there more often, or not at all.
        """
        holders = [name for name, text in self.files.items() if old in text]
        count = sum(text.count(old) for text in self.files.values())
        if count != 1:
            raise PlantError(f"expected {old!r} once in {', '.join(self.files)}, found it {count} times")
        self._write(holders[0], self.files[holders[0]].replace(old, new))

    def insert_before(self, spot: Spot, block: str) -> None:
        """Puts whole lines in front of the statement at a spot of indentation zero."""
        lines = self.files[spot.file].splitlines(keepends=True)
        at = min([spot.node.lineno, *[d.lineno for d in getattr(spot.node, "decorator_list", [])]]) - 1
        self._write(spot.file, "".join([*lines[:at], block.rstrip() + "\n\n\n", *lines[at:]]))

    def import_torch(self, before: Source) -> None:
        """Makes the name `torch` known in changed files that call torch by another name."""
        for file, text in self.files.items():
            if text == before.files[file] or "torch." not in text:
                continue
            imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import)]
            known = any((alias.asname or alias.name).split(".")[0] == "torch" for n in imports for alias in n.names)
            if imports and not known:
                lines = text.splitlines(keepends=True)
                at = min(node.lineno for node in imports) - 1
                self._write(file, "".join([*lines[:at], "import torch\n", *lines[at:]]))

    def _write(self, file: str, text: str) -> None:
        ast.parse(text, filename=file)
        self.files[file] = text

    def same_code_as(self, other: Source) -> bool:
        """Whether both are the same program, comments and layout aside."""
        return self.files.keys() == other.files.keys() and all(
            ast.dump(ast.parse(text)) == ast.dump(ast.parse(other.files[name])) for name, text in self.files.items()
        )


def called_name(node: ast.AST) -> str:
    """The last part of the name of a call (`clamp` for `torch.clamp(...)` and `ratio.clamp(...)`), or ''."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def names_in(node: ast.AST) -> Iterator[str]:
    """Every plain name and attribute name below a node."""
    for child in ast.walk(node):
        if isinstance(child, ast.Name):
            yield child.id
        elif isinstance(child, ast.Attribute):
            yield child.attr
