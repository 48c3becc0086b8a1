"""The files of messages are those of the source, and nothing that learners read escapes them."""

from __future__ import annotations

import ast
import re
import tomllib

import pytest

from checker.checks.result import CheckResult, PartResult, Report
from checker.cli import COMMANDS, main
from checker.curriculum.parts import ROOT
from checker.curriculum.workspace import new_workspace
from checker.language.catalogue import (
    Entry,
    languages,
    merged,
    parse_catalogue,
    problems_of_places,
    read_catalogue,
    render_catalogue,
)
from checker.language.extract import read_messages
from checker.language.translator import Translator
from checker.language.upkeep import problems_of_languages
from checker.report.files import render_junit
from checker.report.terminal import Style, render_part, render_total

SENTENCE = re.compile(r"\b[a-z]{2,} [a-z]+ [a-z]{2,}\b")
OTHERS = re.compile(
    r"Error|Exception|Unable to import|Runtime\.|^\$ |command not found|No such file|Permission denied|shebang|={5}|"
    r"tests? ran|^creating |^putting |must match a defined|mapping values|TODO 7|was unexpected|SELECT|FAILED|ERROR|"
    r"Invalid time|parameter values were invalid|have been rejected|^(?:DynamoDB|EventBridge|QuickSight) |LineChartVisual|"
    r"all resources|managed infrastructure|There is no undo|run bin/package_lambda.sh|parameter in input"
)
"""What AWS, Terraform, Git, pytest, YAML and the learner's own scripts say."""


@pytest.fixture(scope="module")
def messages():
    return read_messages()


def test_the_files_of_messages_are_up_to_date_and_every_translation_has_its_places():
    assert problems_of_languages() == []


def test_german_is_complete():
    """But for what the local cloud says anew."""
    assert [each.message for each in read_catalogue("de") if not each.translation and not each.is_the_clouds] == []


def test_every_sentence_that_the_mistakes_make_the_checks_say_is_a_message(messages):
    translator = Translator({entry.message: entry.message for entry in messages})
    said = {
        re.sub(r"\{(\w+)\}", r"\1", check.get(label, "").split("without an error; it said:\n")[0])
        for file in ROOT.glob("parts/*/mistakes/*/expect.toml")
        for check in tomllib.loads(file.read_text(encoding="utf-8")).get("check", [])
        for label in ("expected", "got", "because", "fix")
    }

    escaped = [piece for text in said for piece in translator.foreign(text) if SENTENCE.search(piece)]

    assert len(said) > 300
    assert [piece for piece in escaped if not OTHERS.search(piece)] == []


def test_no_title_and_no_help_of_a_command_escapes(messages):
    known = {entry.message for entry in messages}

    assert {help_text for _, help_text in COMMANDS.values()} <= known
    for file in ROOT.glob("parts/*/checks.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        titles = [
            " ".join((ast.get_docstring(node) or "").split()) for node in tree.body if isinstance(node, ast.FunctionDef)
        ]
        assert set(titles) <= known, file


def test_commands_for_learners_speak_through_the_translator():
    """Only what is not the kit's own words goes past it: log lines, variables, differences, hints."""
    past = {"cloud": 2, "env": 2, "learn": 2, "doctor": 1, "simulate": 1}
    for name in sorted({module for module, _ in COMMANDS.values()} - {"kit", "lint", "grade", "report", "nbgrader"}):
        source = (ROOT / f"checker/cli/{name}.py").read_text(encoding="utf-8")
        assert source.count("click.echo") == past.get(name, 0), name


def test_results_are_shown_in_the_readers_language_and_stored_in_english(monkeypatch):
    monkeypatch.setenv("LAB_LANG", "de")
    failed = CheckResult("2.3", "A reading of exactly 40 °C is invalid, too, and is stored.", "failed", 2,
                         "1 item with the temperature 40", "no item", "rule hot is disabled", "aws_x in iot.tf")  # fmt: skip
    skipped = CheckResult(
        "2.4", "The function writes its log.", "skipped", 2, because="2.3 did not pass (It)", fix="2.3 first"
    )
    report = Report((PartResult(2, "Artefacts go to DynamoDB", False, (failed, skipped)),))

    assert render_part(report.parts[0], Style()).splitlines() == [
        "Teil 2: Messfehler gehen nach DynamoDB",
        "✗ 2.3  Ein Messwert von genau 40 °C ist auch ungültig und wird gespeichert.   0/2",
        "       erwartet  1 Eintrag mit der Temperatur 40",
        "       gefunden  kein Eintrag",
        "       weil      Regel hot ist ausgeschaltet",
        "       ändere    aws_x in iot.tf     (lab hint 2.3)",
        "- 2.4  Die Funktion schreibt ihr Log. (ausgelassen)   0/2",
        "       weil      2.3 ist nicht bestanden (It)",
        "       ändere    zuerst 2.3",
        "  Teil 2: 0 von 4 Punkten",
    ]
    assert render_total(report) == "0 von 4 Punkten (1 nicht bestanden, 1 ausgelassen)"
    assert "weil      Regel hot ist ausgeschaltet" in render_junit(report)
    assert report.as_dict()["parts"][0]["checks"][0]["got"] == "no item"


def test_a_language_that_the_kit_does_not_have_is_one_message(monkeypatch, capsys):
    monkeypatch.setenv("LAB_LANG", "tlh")

    with pytest.raises(SystemExit) as ended:
        main(["status"])

    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        f"LAB_LANG is 'tlh', and the kit has no such language\n  next  export LAB_LANG with one of {', '.join(['en', *languages()])}\n"
    )


def test_help_and_usage_messages_are_translated(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("LAB_LANG", "de")
    workspace = new_workspace(tmp_path / "workspace", with_git=False)
    for arguments in (["check", "--help"], ["chek"], ["check", "9", "--workspace", str(workspace.folder)]):
        with pytest.raises(SystemExit):
            main(arguments)
    said = capsys.readouterr()

    assert "TEIL prüfen (eine Nummer wie 2, oder eine Prüfung wie 2.3), oder alle Teile." in said.out
    assert "Es gibt kein Kommando 'chek'. Meinst du 'check'?" in said.err
    assert "Es gibt keinen Teil '9'\n  weiter  wähle einen von 1 (01_iot_core), 2" in said.err


def test_a_po_file_keeps_its_entries_and_drops_those_whose_message_is_gone():
    entries = [Entry('say "a"\tb', "sag", ("x.py",), ("{0} = n",)), Entry("new", "")]

    text = render_catalogue(entries, "de")

    assert [(entry.message, entry.translation) for entry in parse_catalogue(text, "de.po")] == [
        ('say "a"\tb', "sag"), ("new", ""),
    ]  # fmt: skip
    assert parse_catalogue('msgid ""\n"two "\n"lines"\nmsgstr "zwei"\n', "de.po") == [Entry("two lines", "zwei")]
    assert merged([Entry("new"), Entry("old")], [Entry("old", "alt"), Entry("gone", "weg")]) == [
        Entry("new", ""), Entry("old", "alt"),
    ]  # fmt: skip


def test_a_translation_that_loses_a_value_is_told():
    assert problems_of_places([Entry("{0} of {1}", "{0}")]) == ["'{0}' must have the places of '{0} of {1}'"]
