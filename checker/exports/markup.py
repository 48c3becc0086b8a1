"""HTML that cannot be broken by what stands in it: elements are built, never glued; every text is escaped on its way in."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

VOID = {"meta", "br", "hr", "rect", "line", "circle", "polyline"}
HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufff9-\uffff]"
)
"""Control characters, what changes the direction of text, and what cannot be written as UTF-8."""


class Html(str):
    """Text that is markup already."""


Child = str | Iterable["Child"] | None


def visible(text: object) -> str:
    """A text whose hidden characters are shown: a terminal escape or a reversed direction does nothing."""
    return HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", str(text).replace("\r\n", "\n"))


def escape(text: object) -> Html:
    """A text as HTML, unless it is markup already."""
    return text if isinstance(text, Html) else Html(html.escape(visible(text), quote=True))


def element(tag: str, *children: Child, **attributes: object) -> Html:
    """An element; `class_` stands for class, `view_box` for viewBox, other underscores for hyphens.

    >>> element("p", "1 < 2", class_="x")
    '<p class="x">1 &lt; 2</p>'
    """
    written = "".join(f' {_name(key)}="{escape(value)}"' for key, value in attributes.items() if value is not None)
    inner = "".join(_flat(children))
    if tag in VOID and not inner:
        return Html(f"<{tag}{written}>" if tag in ("meta", "br", "hr") else f"<{tag}{written}/>")
    return Html(f"<{tag}{written}>{inner}</{tag}>")


def _name(key: str) -> str:
    return {"class_": "class", "view_box": "viewBox"}.get(key, key.replace("_", "-"))


def _flat(children: Iterable[Child]) -> Iterable[Html]:
    for child in children:
        if child is None:
            continue
        if isinstance(child, str):
            yield escape(child)
        else:
            yield from _flat(child)


def table(heads: Iterable[str], rows: Iterable[Child], label: str, numbers: Iterable[str] = ()) -> Html:
    """A table whose columns have heads (`numbers`: those to the right); a narrow screen moves it sideways, by keyboard too."""
    number = dict.fromkeys(numbers, "number")
    cells = [element("th", head, scope="col", class_=number.get(head)) if head else element("td") for head in heads]
    columns = element("thead", element("tr", cells))
    return wide(element("table", columns, element("tbody", rows), class_="small"), label)


def wide(child: Child, label: str) -> Html:
    """What may be wider than the screen, in a frame of its own."""
    return element("div", child, class_="wide", tabindex=0, role="group", aria_label=label)


def page(title: str, style: str, *body: Child) -> str:
    """A whole page that loads nothing and runs nothing, whatever it holds."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element(
            "meta",
            http_equiv="Content-Security-Policy",
            content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
        ),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        element("style", Html(style)),
    )
    return "<!doctype html>\n" + element("html", head, element("body", element("main", *body)), lang="en") + "\n"
