"""`terraform init` without Terraform, which reads 700 MB of provider for it: where its outcome is known beforehand. Pure.

Known means: the files ask for the starter's providers in the starter's words, and for nothing else that init fetches.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

ASKS = re.compile(
    r"\b(?:terraform|module|required_providers|provider_meta|backend|cloud)\s*[\"{]|\bmodule\s+\w|provider::"
)
LABELS = re.compile(r"\b(?:resource|data|ephemeral)\s+\"?(\w+)")
PROVIDERS = re.compile(r"\bprovider\s*=?\s*\"?([\w-]+)")
COMMENT = re.compile(r"^[ \t]*(?:#|//).*$", re.MULTILINE)
KNOWN_TYPES = ("aws_", "terraform_")


def init_is_known(files: Iterable[tuple[str, str]], settings: str) -> bool:
    """`files`: all files of the folder that may be Terraform's, with their texts; `settings`: the starter's versions.tf."""
    settings_seen = 0
    for name, text in files:
        if text == settings:
            settings_seen += 1
            continue
        text = text if "/*" in text else COMMENT.sub("", text)
        if not name.endswith(".tf") or ASKS.search(text) or not _names_only_aws(text):
            return False
    return settings_seen == 1


def _names_only_aws(text: str) -> bool:
    """More may look like a name than is one: then Terraform is asked."""
    types = all(label.startswith(KNOWN_TYPES) for label in LABELS.findall(text))
    return types and all(name == "aws" for name in PROVIDERS.findall(text))
