"""Says who handed in and when: writes submissions.csv from Gradescope's submission_metadata.json.

https://gradescope-autograders.readthedocs.io/en/latest/submission_metadata/
`python -m checker.exports.gradescope_metadata METADATA SUBMISSIONS`; the submission lies in SUBMISSIONS/submission.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from checker.grading.intake import LIST_NAME, render_list

SOURCE = "submission"


def row_of(metadata: Mapping[str, Any]) -> dict[str, str]:
    """The line of submissions.csv; a group is one learner with several names."""
    users = [user for user in metadata.get("users") or [] if isinstance(user, Mapping)]
    return {
        "source": SOURCE,
        "learner": f"gradescope-{metadata.get('id', 0)}",
        "name": ", ".join(str(user.get("name") or "") for user in users),
        "email": ", ".join(str(user.get("email") or "") for user in users),
        "submitted_at": str(metadata.get("created_at") or ""),
    }


def main() -> None:
    """Without metadata nobody is named, and nothing is late."""
    file, submissions = map(Path, sys.argv[1:3])
    metadata = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    (submissions / LIST_NAME).write_text(render_list([row_of(metadata)]), encoding="utf-8", newline="")


if __name__ == "__main__":
    main()
