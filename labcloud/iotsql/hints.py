"""What people write out of habit from other SQLs, and how it is written here: by the token that the parser met."""

from __future__ import annotations

HINTS = {
    "!=": "Not equal is written <>.",
    "==": "Equal is written =.",
    "[": "An element of an array is read with get(array, index).",
    "IS": "Use isNull(x) or isUndefined(x).",
    "LIKE": "Use startswith(x, y), endswith(x, y) or regexp_matches(x, y).",
    "BETWEEN": "Write x >= low AND x <= high.",
    "NOT": "Write NOT (x IN array).",
    ";": "A statement has no semicolon at its end.",
}

NO_COMMENTS = "AWS IoT SQL has no comments: write them into the rule's description."
