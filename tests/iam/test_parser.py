"""Faults of policy documents, each named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labcloud.iam import PolicyError, parse_policy
from tests.iam.support import allow, document


def test_a_text_and_a_dict_are_the_same_policy() -> None:
    written = document(allow("s3:*", Sid="All"))
    from_text, from_dict = parse_policy(json.dumps(written)), parse_policy(written)
    assert from_text.statements[0].sid == from_dict.statements[0].sid == "All"


def test_one_statement_needs_no_list() -> None:
    assert len(parse_policy({"Version": "2012-10-17", "Statement": allow("*")}).allows) == 1


@pytest.mark.parametrize(
    ("written", "kind", "error"),
    [
        ("{", "any", "not JSON: Expecting property name enclosed in double quotes in line 1, column 2"),
        ([], "any", "a policy is a JSON object, not list"),
        (document(), "any", "Statement must be a statement or a list of at least one"),
        (document(allow("*"), version="2026-01-01"), "any", "Version must be 2012-10-17, not '2026-01-01'"),
        ({**document(allow("*")), "Name": "x"}, "any", "unknown element Name"),
        (document({**allow("*"), "Effect": "allow"}), "any", "Statement 1 needs Effect Allow or Deny, has 'allow'"),
        (document({"Effect": "Allow", "Resource": "*"}), "any", "Statement 1 needs an Action"),
        (document(allow("*", Action2="x")), "any", "Statement 1 has the unknown element Action2"),
        (document(allow("*", NotAction="x:y")), "any", "Statement 1 has both Action and NotAction"),
        (document(allow("*"), 3), "any", "Statement 2 must be an object"),
        (
            document(allow("PutItem")),
            "any",
            "Statement 1 has the action 'PutItem'; an action is written service:Operation, or *",
        ),
        (
            document(allow("s3:*", "my-bucket")),
            "any",
            "Statement 1 has the resource 'my-bucket'; a resource is an ARN, or \"*\"",
        ),
        (document(allow([])), "any", "Statement 1 needs text or a list of texts as Action, has []"),
        (
            document(allow("*", Sid="A"), allow("*", Sid="A")),
            "any",
            "Statement 2 has the Sid A, which another statement has too",
        ),
        (
            document(allow("*", Sid="a b")),
            "identity",
            "Statement 1 has the Sid 'a b'; only letters and digits are allowed",
        ),
        (
            document(allow("*", Condition={"StringEqual": {"aws:x": "y"}})),
            "any",
            "Statement 1 has a wrong condition on aws:x: there is no condition operator StringEqual",
        ),
        (
            document(allow("*", Principal="*")),
            "identity",
            "Statement 1 has a Principal: who has the policy attached is its principal",
        ),
        (document({"Effect": "Allow", "Action": "*"}), "identity", "Statement 1 needs a Resource"),
        (
            document(allow("sts:AssumeRole")),
            "trust",
            "Statement 1 needs a Principal: this kind of policy says who may do it",
        ),
        (
            document(allow("sts:AssumeRole", Principal={"Service": "iot.amazonaws.com"})),
            "trust",
            "Statement 1 has a Resource: a trust policy is about its own role and has none",
        ),
        (
            document(allow("*", Principal={"Service": "iot"})),
            "resource",
            "Statement 1 has a wrong Principal: 'iot' is not an AWS service such as iot.amazonaws.com",
        ),
        (
            document(allow("*", Principal={"AWS": "ann"})),
            "resource",
            "Statement 1 has a wrong Principal: 'ann' is not an account, an ARN without wildcards, or *",
        ),
    ],
)
def test_a_fault_is_named_with_its_statement(written: Any, kind: Any, error: str) -> None:
    with pytest.raises(PolicyError) as refused:
        parse_policy(written, kind)
    assert error in refused.value.errors


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(PolicyError) as refused:
        parse_policy(document({"Effect": "Yes"}, allow("PutItem", "table")))
    assert len(refused.value.errors) == 4


def test_the_old_version_has_no_variables() -> None:
    old = parse_policy(document(allow("s3:GetObject", "arn:aws:s3:::b/${aws:username}"), version="2008-10-17"))
    assert not old.statements[0].resources.patterns[0].has_variables
