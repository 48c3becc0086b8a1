"""Pages show everything and run nothing, whatever a learner wrote."""

from __future__ import annotations

import html.parser
import re

import pytest

from checker.exports.dashboard import render_dashboard
from checker.exports.house_picture import house_pictures, ticks
from checker.exports.learner_page import render_learner_page
from checker.exports.markdown import fence, plain, render_markdown
from checker.exports.markup import element, visible
from checker.exports.model import ClassGrades, Grading, House, file_name_of
from checker.exports.read import read_grades
from checker.exports.statistics import check_statistics, groups_of_stuck, sort_key, spread_of, stuck_at
from tests.exports.conftest import ATTACK, check, part, put


class Elements(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.open = set(), set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag not in ("meta", "br", "hr"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def pages(grades):
    return [render_dashboard(grades), *(render_learner_page(each, grades.title) for each in grades.gradings)]


def test_no_text_of_a_learner_becomes_markup(pages):
    for text in pages:
        found = Elements(text)
        assert found.open == []
        assert not found.tags & {"script", "img", "iframe", "object", "form", "base", "link"}
        assert not [name for name in found.attributes if name.startswith("on")]
        assert "alert(1)" not in text or "&lt;script&gt;alert(1)" in text


def test_hidden_characters_are_shown_instead_of_obeyed(pages):
    for text in pages:
        assert "\x1b" not in text and "\u202e" not in text
    assert visible("a\x1b[31m\u202e\ud800b\r\nc") == "a\\u001b[31m\\u202e\\ud800b\nc"


def test_a_page_loads_nothing(pages):
    for text in pages:
        assert "default-src &#x27;none&#x27;" in text
        assert not re.search(r"(src|href)=\"(?!#)[^\"]*:", text)


def test_a_check_shows_expected_got_because_and_fix(grades):
    text = render_learner_page(grades.find("eve"), "Course")
    assert "✗ failed" in text and "0 items" in text and "terraform/iot.tf" in text and "2 of 4" in text


def test_a_broken_check_costs_nothing_and_says_so(grades):
    text = render_learner_page(grades.find("bob"), "Course")
    assert "it will be graded again" in text and "?/2" in text


def test_each_zone_of_the_house_has_a_picture_and_the_same_in_words():
    readings = [(60.0 * n, zone, f"{zone}{n % 2}", 20.0 + n) for n in range(11) for zone in "12"]
    house = House(tuple(readings), ((120.0, "1", True), (300.0, "1", False)))

    first, second = house_pictures(house)

    assert first.count("<polyline") == second.count("<polyline") == 2
    assert "stroke-dasharray: 7 4" in first, "two lines must differ by more than their colour"
    assert "Zone 1: 20 to 30 °C; air conditioner on from 2 min to 5 min." in first and "air conditioner on<" in first
    assert "Zone 2: 20 to 30 °C; air conditioner never on." in second and 'class="shade"' not in second
    assert ">4 min<" in first and ">24 °C<" in first
    assert house_pictures(House()) == []


def test_readings_that_are_no_numbers_are_left_out():
    assert house_pictures(House(((0.0, "1", "1", float("nan")),))) == []
    (picture,) = house_pictures(House(((0.0, "<script>", "1", 1.0), (1.0, "<script>", "1", 2.0))))
    assert "<script" not in picture


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [(28, 50, [30, 35, 40, 45, 50]), (19, 21, [19, 20, 21]), (0, 0, [0]), (-3, 9000, [0])],
)
def test_ticks_are_round_and_few(low, high, wanted):
    assert ticks(low, high, 5) == wanted


def test_markdown_keeps_a_learners_text_in_its_fence(grades):
    text = render_markdown(grades.find("bob"), "Course")
    assert "````text" in text
    outside = re.sub(r"^ *(`{3,})text\n.*?^ *\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert "<script" not in outside and "=cmd" not in outside


def test_markdown_fence_is_longer_than_what_it_holds():
    assert fence("a ```` b")[0] == "`````text"
    assert plain("# [x](javascript:alert(1)) <b>") == r"\# \[x\](javascript\:alert(1)) \<b\>"
    assert plain("2.3: see terraform/iot.tf, 3 + 4 - (x)!") == "2.3: see terraform/iot.tf, 3 + 4 - (x)!"
    assert plain("http://a www.b.c :smile: x@y.z") == r"http\://a www\.b.c \:smile: x\@y.z"


def test_an_element_escapes_attributes():
    assert element("a", "x", href='"><b>') == '<a href="&quot;&gt;&lt;b&gt;">x</a>'


def test_the_dashboard_says_who_is_stuck_where(grades):
    text = render_dashboard(grades)
    assert "Check 1.2 holds" in text and "terraform/iot.tf" in text
    assert stuck_at(grades.find("bob")).id == "1.1" and stuck_at(grades.find("ada")) is None


def test_what_broke_on_our_side_is_no_failure(grades):
    rates = {entry.id: entry.failure_rate for entry in check_statistics(grades.gradings)}
    assert rates["1.10"] == 0.0 and rates["1.1"] == pytest.approx(1 / 3)


def test_checks_are_sorted_as_numbers():
    assert sorted(["2.10", "2.9", "1.1", "2.h1"], key=sort_key) == ["1.1", "2.9", "2.10", "2.h1"]


def test_scores_are_spread_over_tenths(grades):
    spread = spread_of(grades.gradings)
    assert spread.count == 3 and sum(spread.tenths) == 3 and spread.tenths[10] == 1 and spread.tenths[0] == 1
    assert spread_of([]).count == 0


def test_an_empty_class_has_a_page(tmp_path):
    assert "nobody is graded yet" in render_dashboard(ClassGrades("Course", (), tmp_path))


def test_the_newest_version_counts(folder):
    put(folder, "ada", {"parts": [part(1, [check("1.1", "failed")])]}, version=10)
    put(folder, "ada", {"parts": [part(1, [check("1.1", "passed")])]}, version=9)
    assert read_grades(folder).find("ada").version == 10


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "CON", "\u202e", "x" * 500, "ä ö", ".."])
def test_no_id_leaves_the_folder_of_reports(name):
    made = file_name_of(name)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", made)


def test_ids_that_differ_have_files_that_differ():
    assert len({file_name_of(name) for name in ("a b", "a-b", "a/b", "a_b")}) == 4


def test_a_grading_without_a_name_is_shown_by_its_id(grades):
    nameless = Grading("x1", grades.gradings[0].report, 1, 2)
    assert "x1" in render_learner_page(nameless, "Course")
    assert ATTACK not in render_learner_page(nameless, ATTACK)


def test_an_artefact_is_a_circle_beside_the_line():
    house = House(((0.0, "1", "1", 21.0), (60.0, "1", "1", 45.0), (120.0, "1", "1", 22.0)))
    (picture,) = house_pictures(house)

    assert picture.count("<circle") == 2  # the reading, and what a circle means
    assert len(set(re.search(r'points="([^"]*)"', picture)[1].split())) == 2
    assert "1 invalid reading, 40 °C and more" in picture


def test_artefacts_alone_are_a_picture_too():
    (picture,) = house_pictures(House(((0.0, "1", "1", 45.0),)))
    assert "<circle" in picture and "no valid reading" in picture


def test_a_page_can_be_read_without_eyes_and_on_a_telephone(pages):
    for text in pages:
        assert "<main>" in text and 'lang="en"' in text
        assert re.findall(r"<h(\d)", text)[0] == "1" and text.count("<h1") == 1
        assert "<th></th>" not in text and not re.search(r"<th>|<th class", text), "every head says what it heads"
        assert text.count("<table") <= text.count('class="wide"') + 1
        for drawn in re.findall(r"<svg[^>]*>", text):
            assert "aria-label=" in drawn or 'aria-hidden="true"' in drawn


def test_who_was_not_checked_is_not_stuck_at_a_check(folder):
    because = "terraform did not deploy these files: Unsupported argument"
    skipped = [check("1.1", "skipped", because=because), check("1.2", "skipped", because=because)]
    put(folder, "kim", {"parts": [part(1, skipped)]})
    put(folder, "lee", {"parts": [part(1, skipped)], "status": "refused", "problem": "it cannot be unpacked"})
    grades = read_grades(folder)

    text = render_dashboard(grades)

    assert "4 of 5 graded" in text and "not checked from <b>1.1</b>" in text and f">kim</a>: {because}" in text
    assert ">lee</a>: it cannot be unpacked" in text and '<td class="what">refused</td>' in text
    groups = {(at.id, at.status): [each.id for each in group] for at, group in groups_of_stuck(grades.gradings)}
    assert groups[("1.1", "skipped")] == ["kim"] and groups[("1.1", "failed")] == ["bob"]
    assert "3 × " not in text and f"{1 / 2:.0%}" in text  # 1.1: bob and kim of four


def test_weights_show_in_what_can_be_reached(folder):
    (folder / "course.toml").write_text("[parts.1]\nweight = 1.5\n")
    text = render_learner_page(read_grades(folder).find("ada"), "Course")

    assert "6 of 6<" in text and "part 1: its points count 1.5 times" in text


def test_the_learner_sees_when_and_what_was_handed_in(folder):
    parts = [part(1, [check("1.1", "passed")])]
    handed_in = {
        "sha256": "ab12", "source": "kim.zip", "submitted_at": "2026-05-03T08:00:00+00:00", "commit": "c0ffee",
        "hints": {}, "notes": ["2 files differ from the latest commit"], "left_out": ["etc: it is a link or a device"],
    }  # fmt: skip
    put(folder, "kim", {"parts": parts, "submission": handed_in, "provenance": {"hidden_checks": "", "kit": "0.1.0"}})

    text = render_learner_page(read_grades(folder).find("kim"), "Course")

    for told in (
        "2026-05-03T08:00",
        "c0ffee",
        "2 files differ",
        "Not taken from what was handed in: etc: it is a link",
    ):
        assert told in text
    assert "hidden checks" not in text


def test_the_class_page_says_what_broke_and_counts_it_neither_as_passed_nor_failed(folder):
    page = render_dashboard(read_grades(folder))

    assert ": 1.10 broke: ours</li>" in page
    row = page[page.index("<b>1.10</b>") :].partition("</tr>")[0]
    assert ">unknown</td>" in row
