"""When the outcome of `terraform init` is known without Terraform."""

from __future__ import annotations

import pytest

from checker.fast.initial import init_is_known

SETTINGS = 'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n'
PLAIN = 'provider "aws" {\n}\nresource "aws_iot_thing" "house" {\n  name = terraform.workspace\n}\n'


def known(*more: tuple[str, str]) -> bool:
    return init_is_known([("versions.tf", SETTINGS), ("iot.tf", PLAIN), *more], SETTINGS)


def test_the_starters_settings_and_aws_alone_are_known():
    assert known()
    assert known(("a.tf", "# the provider writes a module { here }\n"))
    assert known(("data.tf", 'resource "terraform_data" "x" {\n}\n'))


@pytest.mark.parametrize(
    ("name", "text"),
    {
        "another provider's type": ("a.tf", 'resource "random_id" "x" {\n}\n'),
        "a label without quotes": ("a.tf", "resource random_id x {\n}\n"),
        "behind a comment": ("a.tf", '/* x */ data "http" "x" {\n}\n'),
        "behind the end of a comment": ("a.tf", '/*\n# */ resource "random_id" "x" {\n}\n'),
        "a module": ("a.tf", 'module "m" {\n  source = "./m"\n}\n'),
        "a module without quotes": ("a.tf", 'module m {\n  source = "./m"\n}\n'),
        "a backend": ("a.tf", 'terraform {\n  backend "http" {}\n}\n'),
        "a provider block": ("a.tf", 'provider "google" {\n}\n'),
        "a provider of a resource": ("a.tf", 'resource "aws_iot_thing" "x" {\n  provider = google\n}\n'),
        "a provider's function": ("a.tf", "locals {\n  x = provider::time::rfc3339_parse(1)\n}\n"),
        "JSON": ("a.tf.json", "{}"),
        "a test": ("a.tftest.hcl", 'run "x" {\n}\n'),
        "the settings twice": ("b.tf", SETTINGS),
    }.values(),
    ids=lambda value: value[:20].replace("\n", " "),
)
def test_terraform_is_asked_about_everything_else(name: str, text: str):
    assert not known((name, text))


def test_other_settings_are_terraforms_business():
    assert not init_is_known(
        [("versions.tf", SETTINGS.replace('aws"', 'aws"\n version = "< 2"')), ("iot.tf", PLAIN)], SETTINGS
    )
    assert not init_is_known([("iot.tf", PLAIN)], SETTINGS)
