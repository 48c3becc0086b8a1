"""A finished text is translated by the messages that it was made from; what others said stays as it is."""

from __future__ import annotations

import pytest

from checker.language.translator import Translator

GERMAN = {
    "rule {0} is disabled": "Regel {0} ist ausgeschaltet",
    "rule {0}: role {1} may do {2}, but not {3}": "Regel {0}: Rolle {1} darf {2}, aber nicht {3}",
    "{0} of {1}{2} points": "{0} von {1}{2} Punkten",
    "bonus": "Bonus",
    "none": "keine",
    "the tables are: {0}": "die Tabellen sind: {0}",
    "no table of this name": "keine Tabelle dieses Namens",
    "{0} did not pass ({1})": "{0} ist nicht bestanden ({1})",
    "It works.": "Es geht.",
    "failed": "gescheitert",
    "the key {0} in lines {1} and {2}": "in den Zeilen {1} und {2} der Schlüssel {0}",
    "about {usd:.2f} USD": "etwa {usd:.2f} USD",
    "{0} of {1}": "{0} von {1}",
}


@pytest.fixture(scope="module")
def german():
    return Translator(GERMAN)


@pytest.mark.parametrize(
    ("text", "translated"),
    [
        ("It works.", "Es geht."),
        ("rule hot is disabled", "Regel hot ist ausgeschaltet"),
        ("  rule hot is disabled", "  Regel hot ist ausgeschaltet"),
        ("rule a is disabled\nsomething else\nIt works.", "Regel a ist ausgeschaltet\nsomething else\nEs geht."),
        ("rule r: role x may do none, but not s3:Put", "Regel r: Rolle x darf keine, aber nicht s3:Put"),
        ("2.1 did not pass (It works)", "2.1 ist nicht bestanden (Es geht)"),
        ("2.1  It works.", "2.1  Es geht."),
        ("3 of 10 bonus points", "3 von 10 Bonus Punkten"),
        ("3 of 10 points", "3 von 10 Punkten"),
        ("no table of this name; the tables are: none", "keine Tabelle dieses Namens; die Tabellen sind: keine"),
        ("the key a in lines 3 and 9", "in den Zeilen 3 und 9 der Schlüssel a"),
        ("about 0.07 USD", "etwa 0.07 USD"),
        ("test: failed, deploy: failed", "test: gescheitert, deploy: gescheitert"),
    ],
)
def test_a_line_is_a_message_with_values_or_a_list_of_them(german, text, translated):
    assert german(text) == translated


def test_a_value_is_never_changed_by_a_message_that_is_nearly_all_value(german):
    assert german("2.3 of the course") == "2.3 of the course"


def test_a_sentence_of_others_keeps_its_words(german):
    assert german("Error: the provider failed, none of the plugins is there") == (
        "Error: the provider failed, none of the plugins is there"
    )


def test_what_no_message_knows_is_foreign(german):
    assert german.foreign("rule hot is disabled\nboom") == ["hot", "boom"]
