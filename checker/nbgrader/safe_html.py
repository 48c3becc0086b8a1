"""Markdown as HTML in which nothing runs: nbgrader's pages show learners' answers to instructors who are logged in."""

from __future__ import annotations

import re
from typing import Any

import bleach
from jinja2 import pass_context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

TAGS = frozenset(
    [
        "a",
        "abbr",
        "b",
        "blockquote",
        "br",
        "code",
        "dd",
        "del",
        "div",
        "dl",
        "dt",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "span",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
LINK = re.compile(r"(https?://|mailto:|#)", re.IGNORECASE)
PICTURE = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]+\Z", re.IGNORECASE)


@pass_context
def safe_markdown(context: Any, source: str) -> str:
    """A cell's Markdown with its pasted pictures; scripts, styles, forms and pictures from elsewhere are left out."""
    attachments = (context.get("cell") or {}).get("attachments", {})
    made = MarkdownWithMath(renderer=IPythonRenderer(escape=False, attachments=attachments)).render(source)
    return clean(str(made))


def clean(html: str) -> str:
    """The harmless part of some HTML; the rest is shown as text."""
    return str(bleach.clean(html, tags=TAGS, attributes=_is_allowed, protocols=["http", "https", "mailto", "data"]))


def _is_allowed(tag: str, name: str, value: str) -> bool:
    if name == "class":
        return tag in ("span", "div", "pre", "code")
    if tag == "a" and name == "href":
        return bool(LINK.match(value))
    return tag == "img" and (name == "alt" or (name == "src" and bool(PICTURE.match(value))))
