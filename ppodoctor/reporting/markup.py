"""HTML and SVG elements that escape whatever is not markup already: safe by construction."""

from __future__ import annotations

from html import escape

from ppodoctor.reporting.words import clean

VOID = frozenset({"meta", "br", "hr"})
DRAWN = frozenset({"line", "rect", "circle", "polyline", "polygon"})


LONGEST = 1_000_000
"""Characters of one text: points of a curve are one attribute."""


class Markup(str):
    """Text that is markup; only `tag` and `join` make it."""

    __slots__ = ()


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """One element. Children that are not Markup are escaped; None and empty ones are left out.

    In attribute names `cls` is class, `for_` is for, and `_` is `-`; attributes of None are left out, of True bare.
    """
    given = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    if name in VOID:
        return Markup(f"<{name}{given}>")
    if name in DRAWN:
        return Markup(f"<{name}{given}/>")
    return Markup(f"<{name}{given}>{join(*children)}</{name}>")


def join(*children: object) -> Markup:
    """Children one after the other, escaped where they are not markup."""
    return Markup("".join(_child(child) for child in children if child is not None))


def _child(child: object) -> str:
    if isinstance(child, Markup):
        return child
    if isinstance(child, list | tuple):
        return join(*child)
    return _safe(child)


def _safe(value: object) -> str:
    """Escaped, and without the control characters that HTML forbids."""
    return escape(clean(value, LONGEST), quote=True)


def _attribute(key: str, value: object) -> str:
    name = {"cls": "class", "for_": "for"}.get(key, key.replace("_", "-"))
    if value is True:
        return f" {name}"
    if isinstance(value, float):
        value = f"{value:.2f}".rstrip("0").rstrip(".")
    return f' {name}="{_safe(value)}"'
