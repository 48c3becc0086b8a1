"""Runs a notebook; started in a box by box.py as `python -I inside.py`. The notebook comes on standard input and goes to
standard output. Imports nothing of the kit: in the box there is none."""

import asyncio
import json
import os
import resource
import sys

MB = 1024 * 1024


def main() -> None:
    request = json.load(sys.stdin)
    answer = os.dup(1)
    os.dup2(2, 1)
    for name, value in request["limits"].items():
        _limit(getattr(resource, f"RLIMIT_{name}"), value)
    place = request["place"]
    for name, text in request["files"].items():
        with open(os.path.join(place, name), "w", encoding="utf-8") as file:
            file.write(text)
    os.chdir(place)
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    notebook = nbformat.from_dict(request["notebook"])
    client = NotebookClient(notebook, timeout=request["cell_s"], kernel_name="python3", allow_errors=True)
    ended = ""
    try:
        asyncio.run(client.async_execute())
    except CellTimeoutError:
        ended = f"a cell ran longer than {request['cell_s']} s"
    except DeadKernelError:
        ended = "the kernel died"
    cells = [cell.get("outputs", []) for cell in notebook.cells]
    with os.fdopen(answer, "w", encoding="utf-8") as out:
        json.dump({"outputs": cells, "ended": ended}, out)


def _limit(which: int, value: int) -> None:
    _, allowed = resource.getrlimit(which)
    wanted = value if allowed == resource.RLIM_INFINITY else min(value, allowed)
    resource.setrlimit(which, (wanted, wanted))


if __name__ == "__main__":
    main()
