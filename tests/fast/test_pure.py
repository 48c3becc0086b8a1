"""The schema's bytes and what files need: decisions without a provider."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from checker.fast.message import Unreadable
from checker.fast.needs import find_needs
from checker.fast.runs import read_needs
from checker.fast.schema import trim_schema, types_in


def a_field(number: int, content: bytes) -> bytes:
    length = len(content)
    return bytes([number << 3 | 2, *([length] if length < 128 else [length & 0x7F | 0x80, length >> 7])]) + content


def an_entry(number: int, name: str, size: int = 3) -> bytes:
    return a_field(number, a_field(1, name.encode()) + a_field(2, b"x" * size))


PROVIDER, FUNCTION = a_field(1, b"the provider's own settings"), an_entry(7, "arn_parse")
ANSWER = (
    PROVIDER
    + an_entry(2, "aws_iot_thing", 300)
    + an_entry(2, "aws_instance")
    + an_entry(3, "aws_iot_endpoint")
    + an_entry(3, "aws_instance")
    + an_entry(8, "aws_secret")
    + FUNCTION
)


def test_a_trimmed_schema_keeps_the_wanted_types_and_all_that_is_no_type():
    trimmed = trim_schema(ANSWER, {"aws_iot_thing", "aws_iot_endpoint"}).answer

    assert trimmed == PROVIDER + an_entry(2, "aws_iot_thing", 300) + an_entry(3, "aws_iot_endpoint") + FUNCTION
    assert types_in(trimmed) == {"aws_iot_thing", "aws_iot_endpoint"}
    assert types_in(ANSWER) == {"aws_iot_thing", "aws_instance", "aws_iot_endpoint", "aws_secret"}


@pytest.mark.parametrize("broken", [ANSWER[:-1], b"\x0a\xff", b"\x0b\x01"], ids=["cut", "endless number", "a group"])
def test_what_is_no_schema_is_refused(broken):
    with pytest.raises(Unreadable):
        types_in(broken)


def test_the_words_of_files_and_state_are_needed():
    needs = find_needs(
        [("iot.tf", 'resource "aws_iot_thing" "x" {}\n# TODO: aws_iot_policy\ndata aws_iot_endpoint "y" {}\n')],
        ['{"type": "aws_dynamodb_table"}'],
    )

    assert needs.words == {"aws_iot_thing", "aws_iot_policy", "aws_iot_endpoint", "aws_dynamodb_table"}
    assert needs.used == {"aws_iot_thing", "aws_iot_endpoint"}
    assert needs.obstacle == ""


def test_a_misspelt_type_is_left_to_plain_terraform_which_suggests_the_right_one():
    needs = find_needs([("iot.tf", 'resource "aws_iot_thign" "x" {}')])

    assert needs.obstacle_with({"aws_iot_thing"}) == "no type aws_iot_thign in the provider"
    assert needs.obstacle_with({"aws_iot_thign"}) == ""


@pytest.mark.parametrize(
    ("name", "text", "obstacle"),
    [
        ("main.tf", 'provider "aws" {\n  alias = "other"\n}', "several configurations of a provider (alias)"),
        ("main.tf", 'module "house" {\n}', "modules"),
        ("main.tf", 'terraform {\n  backend "s3" {}\n}', "a state that is kept elsewhere"),
        ("main.tf", "terraform {\n  cloud {}\n}", "a state that is kept elsewhere"),
        ("main.tf.json", "{}", "files in JSON"),
    ],
    ids=["alias", "module", "backend", "cloud", "json"],
)
def test_what_only_plain_terraform_does_right_is_an_obstacle(name, text, obstacle):
    assert find_needs([(name, text)]).obstacle == obstacle


@pytest.mark.parametrize("trap", ["pipe", "link", "folder"])
def test_what_is_no_plain_file_is_not_read(tmp_path: Path, trap: str):
    place = tmp_path / "trap.tf"
    {"pipe": lambda: os.mkfifo(place), "link": lambda: place.symlink_to("/dev/zero"), "folder": place.mkdir}[trap]()

    assert read_needs(tmp_path).obstacle == "trap.tf is no plain file"
