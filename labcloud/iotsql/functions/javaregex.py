"""Java's regular expressions in the terms of Python's `regex` (java.util.regex.Pattern). Pure text work.

Both agree on most of it. Translated: Java's \\Z, \\z, \\h, \\Q…\\E, \\e, \\cX, \\0nn, \\x{…} and the POSIX classes;
refused: what only Python knows (fuzzy matching, (?P…), recursion, conditionals) and what Java calls illegal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import regex


class NotJava(Exception):
    """Java would refuse this pattern or replacement."""


_CLASSES = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "ASCII": "\\x00-\\x7F",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Punct": "!-/:-@\\[-`{-~",
    "Graph": "!-~",
    "Print": " -~",
    "Blank": " \\t",
    "Cntrl": "\\x00-\\x1F\\x7F",
    "XDigit": "0-9a-fA-F",
    "Space": " \\t\\n\\x0B\\f\\r",
}
_HORIZONTAL = " \\t\\xA0\\u1680\\u180E\\u2000-\\u200A\\u202F\\u205F\\u3000"
_QUANTIFIER = re.compile(r"\{[0-9]{1,9}(?:,[0-9]{0,9})?\}")
_GROUP = re.compile(r"\?(?:[:=!>]|<[=!]|<[a-zA-Z][a-zA-Z0-9]*>|[imsux]*(?:-[imsux]+)?[:)])")
_SIMPLE = frozenset("bBAGRXtnrfa")
_ASCII = {"d": "0-9", "w": "a-zA-Z0-9_", "s": " \\t\\n\\x0B\\f\\r"}
"""Java's \\d \\w \\s know only ASCII; its \\b and \\p{L} know more."""
_HEX = re.compile(r"x\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|0([0-3]?[0-7]{1,2})")
_PROPERTY = re.compile(r"([pP])(?:\{(\^?)(?:Is|In|general_category=|gc=|script=|sc=|block=|blk=)?(\w+)\}|(\w))")
_SOME_CODE = 0x110000
_FLAGS = re.compile(r"\(\?([a-z]*)")
_NAME = re.compile(r"\(\?<([a-zA-Z]\w*)>")
_NOT_A_LINE_END = "[^\\n\\r\\x85\\u2028\\u2029]"
_BEFORE_LAST_LINE_END = "(?=(?:\\r\\n|(?<!\\r)\\n|[\\r\\x85\\u2028\\u2029])?\\Z)"
"""Java's `.`, and its `$` and \\Z: Python's know only \\n as the end of a line."""


def to_python(pattern: str) -> str:
    """The pattern for `regex` in its version 1; raises NotJava."""
    parts: list[str] = []
    position, classes = 0, 0
    names = _NAME.findall(pattern)
    if len(names) > len(set(names)):
        raise NotJava("two groups of one name")
    flags = "".join(_FLAGS.findall(pattern))
    plain = {} if "s" in flags else {".": _NOT_A_LINE_END}
    if "m" not in flags:
        plain["$"] = _BEFORE_LAST_LINE_END
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            text, position = _escape(pattern, position + 1, bool(classes))
            parts.append(text)
            continue
        position += 1
        if character == "[":
            classes += 1
            if pattern.startswith("^", position):
                character, position = "[^", position + 1
            if pattern.startswith("]", position):
                raise NotJava("an empty character class")
        elif character == "]" and classes:
            classes -= 1
        elif classes:
            character = _in_class(pattern, position - 1, character)
        elif character in "{(":
            _check(pattern, position - 1, character)
        parts.append(character if classes else plain.get(character, character))
    if classes:
        raise NotJava("an unclosed character class")
    return "".join(parts)


def _check(pattern: str, position: int, character: str) -> None:
    if character == "{" and not _QUANTIFIER.match(pattern, position):
        raise NotJava("illegal repetition")
    if pattern.startswith("(?", position) and not _GROUP.match(pattern, position + 1):
        raise NotJava("an unknown construct of a group")
    if pattern.startswith("(*", position):
        raise NotJava("a dangling *")


def _in_class(pattern: str, position: int, character: str) -> str:
    """Only && is an operation inside a Java class; Python's --, ~~ and || are plain characters there."""
    if character in "-~|" and pattern.startswith(character * 2, position):
        return "\\" + character
    return character


def _escape(pattern: str, position: int, in_class: bool) -> tuple[str, int]:
    """The translation of the escape whose letter stands at `position`, and the place behind it."""
    letter = pattern[position : position + 1]
    if letter == "Q":
        end = pattern.find("\\E", position)
        quoted = pattern[position + 1 :] if end < 0 else pattern[position + 1 : end]
        return regex.escape(quoted, special_only=False), len(pattern) if end < 0 else end + 2
    if code := _HEX.match(pattern, position):
        number = int(code[4], 8) if code[4] else int(code[1] or code[2] or code[3], 16)
        if number >= _SOME_CODE:
            raise NotJava("no such character")
        return regex.escape(chr(number), special_only=False), code.end()
    if found := _PROPERTY.match(pattern, position):
        return _property(found, in_class), found.end()
    if letter == "c" and position + 1 < len(pattern):
        return regex.escape(chr(ord(pattern[position + 1]) ^ 64)), position + 2
    simple = {"e": "\\x1B", "z": "\\Z", "Z": _BEFORE_LAST_LINE_END, "v": "[\\n\\x0B\\f\\r\\x85\\u2028\\u2029]"}
    simple |= {"h": f"[{_HORIZONTAL}]", "H": f"[^{_HORIZONTAL}]", "V": "[^\\n\\x0B\\f\\r\\x85\\u2028\\u2029]"}
    if letter.lower() in _ASCII:
        return f"[{'^' if letter.isupper() else ''}{_ASCII[letter.lower()]}]", position + 1
    if letter in simple and not (in_class and letter in "zZ"):
        return simple[letter], position + 1
    if letter == "k":
        if name := re.compile(r"k<([a-zA-Z][a-zA-Z0-9]*)>").match(pattern, position):
            return f"(?P={name[1]})", name.end()
        raise NotJava("\\k needs a name")
    if letter.isdigit() and letter != "0":
        return f"\\{letter}", position + 1
    if letter and (letter in _SIMPLE or not letter.isalnum()):
        return f"\\{letter}" if letter.isascii() else letter, position + 1
    raise NotJava(f"unknown escape \\{letter}")


def _property(found: re.Match[str], in_class: bool) -> str:
    name = found[3] or found[4]
    negated = (found[1] == "P") != bool(found[2])
    if name in _CLASSES:
        return f"[{'^' if negated else ''}{_CLASSES[name]}]"
    return f"\\{'P' if negated else 'p'}{{{name}}}"


def replacement_parts(text: str, groups: int, names: Mapping[str, int]) -> list[str | tuple[int]]:
    """A Java replacement in parts: plain text, or a group's number in a tuple (Matcher.appendReplacement)."""
    parts: list[str | tuple[int]] = []
    position = 0
    while position < len(text):
        character = text[position]
        position += 1
        if character == "\\":
            if position == len(text):
                raise NotJava("nothing follows the backslash")
            parts.append(text[position])
            position += 1
        elif character == "$":
            group, position = _group(text, position, groups, names)
            parts.append((group,))
        else:
            parts.append(character)
    return parts


def _group(text: str, position: int, groups: int, names: Mapping[str, int]) -> tuple[int, int]:
    if name := re.compile(r"\{(\w+)\}").match(text, position):
        if name[1] not in names:
            raise NotJava("no such group")
        return names[name[1]], name.end()
    digits = position
    number = -1
    while digits < len(text) and text[digits] in "0123456789":
        longer = max(number, 0) * 10 + int(text[digits])
        if number >= 0 and longer > groups:  # $12 is group 1 and a 2, where there is no group 12
            break
        number, digits = longer, digits + 1
    if not 0 <= number <= groups:
        raise NotJava("no such group")
    return number, digits
