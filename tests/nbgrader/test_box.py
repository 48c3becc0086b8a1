"""What a notebook may do in its box, and what its answer may be. Needs Jupyter, not the gradebook."""

from __future__ import annotations

import pytest

from tests.nbgrader.conftest import isolation_works, needs_nbgrader

pytestmark = [
    needs_nbgrader,
    pytest.mark.skipif(not isolation_works(), reason="isolation does not work on this machine: lab doctor"),
]


def run(*sources: str, within_s: float = 60.0, cell_s: int = 30):
    from checker.nbgrader.box import run_notebook

    cells = [
        {"id": f"c{n}", "cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for n, source in enumerate(sources)
    ]
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    return run_notebook(notebook, {"r.json": "{}"}, isolation="box", within_s=within_s, cell_s=cell_s)


def text_of(ran, cell=0):
    return "".join(str(output.get("text", output.get("evalue", ""))) for output in ran.outputs[cell])


def test_a_notebook_has_no_network_and_no_file_of_the_instructor(tmp_path):
    (tmp_path / "secret").write_text("x")
    ran = run(
        "import socket, os\nfor target in (('1.1.1.1', 53), ('127.0.0.1', 22)):\n"
        " try:\n  socket.create_connection(target, 2); print('REACHED')\n except OSError as e: print('no')\n"
        f"print(os.path.exists({str(tmp_path / 'secret')!r}), os.path.exists({__file__!r}), os.getuid())"
    )
    assert text_of(ran) == "no\nno\nFalse False 1000\n"


def test_a_cell_without_end_ends_and_the_others_before_it_are_kept():
    ran = run("print('first')", "while True: pass", cell_s=3)
    assert text_of(ran) == "first\n" and "longer than 3 s" in ran.ended


def test_a_notebook_that_never_answers_is_ended():
    ran = run("import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)\nwhile True: pass", within_s=8)
    assert "longer than 8 s" in ran.ended


def test_a_fork_bomb_stays_in_its_box():
    ran = run(
        "import os, time\nn = 0\ntry:\n while n < 5000:\n  if os.fork() == 0: time.sleep(100)\n  n += 1\nexcept OSError as e: print('stopped', n < 300)"
    )
    assert "stopped True" in text_of(ran) or ran.ended


def test_endless_output_is_cut():
    ran = run("while True: print('x' * 100_000)", within_s=40, cell_s=4)
    assert sum(len(text_of(ran, 0)) for _ in (0,)) < 2_100_000


def test_a_forged_answer_is_only_a_text():
    ran = run(
        "import os, json\nfor pid in os.listdir('/proc'):\n if pid.isdigit():\n  for fd in ('1', '3', '4', '5', '6', '7', '8', '9'):\n"
        "   try: open(f'/proc/{pid}/fd/{fd}', 'w').write(json.dumps({'outputs': [[{'output_type': 'x'}]], 'ended': 'y'}))\n"
        "   except OSError: pass"
    )
    assert all(output["output_type"] in ("stream", "error", "display_data") for cell in ran.outputs for output in cell)


@pytest.mark.parametrize(
    ("markdown", "kept", "gone"),
    [
        ("A **bold** word", "<p>A <strong>bold</strong> word</p>", "&lt;p"),
        ("| a |\n|---|\n| 1 |", "<td>1</td>", "&lt;t"),
        ("[x](javascript:alert(1))", "<a>x</a>", "javascript"),
        ("<img src=x onerror=alert(1)>", "<img>", "onerror"),
        ("<svg onload=alert(1)>", "&lt;svg", "<svg"),
        ('<form action="/formgrader"><input name=a></form>', "&lt;form", "<form"),
        ('<p id="score" style="position:fixed">x</p>', "<p>x</p>", "style"),
        ("![p](attachment:p.png)", 'src="data:image/png;base64,iVBORw0KGgo="', "attachment:"),
    ],
    ids=["bold", "table", "link", "picture", "svg", "form", "style", "attachment"],
)
def test_an_answer_is_shown_without_what_could_run(markdown, kept, gone):
    from checker.nbgrader.safe_html import safe_markdown

    cell = {"attachments": {"p.png": {"image/png": "iVBORw0KGgo="}}}
    html = safe_markdown({"cell": cell}, markdown)
    assert kept in html and gone not in html
