"""Reads of AWS IoT's registry in moto for the broker and the rules engine: plain data, nothing is changed.

On AWS a device reaches one account and region by its endpoint's name; here one endpoint serves all of them, so a
certificate is looked for everywhere.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.iot.models import FakeCertificate, FakeRule, IoTBackend, iot_backends


@dataclass(frozen=True)
class DeviceCertificate:
    """A registered client certificate."""

    certificate_id: str
    arn: str
    pem: str
    status: str
    account_id: str
    region: str


@dataclass(frozen=True)
class IotPolicy:
    """A policy in its default version."""

    name: str
    arn: str
    document: dict[str, Any]


@dataclass(frozen=True)
class Thing:
    """A thing of the registry."""

    name: str
    arn: str
    type_name: str | None
    attributes: dict[str, str]
    principals: tuple[str, ...]


@dataclass(frozen=True)
class RoleAlias:
    """The role that devices get credentials of, and for how long."""

    name: str
    role_arn: str
    duration_s: int


@dataclass(frozen=True)
class TopicRule:
    """A topic rule; actions have the API's member names."""

    name: str
    arn: str
    sql: str
    sql_version: str
    disabled: bool
    actions: tuple[dict[str, Any], ...]
    error_action: dict[str, Any] | None
    description: str
    created_at: dt.datetime


def certificate_of(account_id: str | None, region: str | None, certificate_id: str) -> DeviceCertificate | None:
    """The registered certificate of that id; None for account or region: look in all of them."""
    for backend in _backends(account_id, region):
        if found := backend.certificates.get(certificate_id):
            return _certificate(backend, found)
    return None


def certificates(account_id: str | None = None, region: str | None = None) -> list[DeviceCertificate]:
    """All registered certificates."""
    return [
        _certificate(backend, certificate)
        for backend in _backends(account_id, region)
        for certificate in backend.certificates.values()
    ]


def policies_of(principal_arn: str, thing_name: str | None = None) -> list[IotPolicy]:
    """The policies that count for a principal, and for the thing of its connection if it is attached to that.

    Those of a thing group count for its members (developer guide, AWS IoT Core policies).
    """
    backend = _backend_of_arn(principal_arn)
    if backend is None:
        return []
    targets = [principal_arn]
    if thing_name is not None and (principal_arn, thing_name) in backend.principal_things:
        targets += _groups_of(backend, thing_name)
    attached = [policy for (target, _), (_, policy) in backend.principal_policies.items() if target in targets]
    unique = {policy.name: policy for policy in attached}
    return [IotPolicy(policy.name, policy.arn, json.loads(policy.document)) for policy in unique.values()]


def things_of(principal_arn: str) -> list[str]:
    """The names of the things that a principal is attached to."""
    backend = _backend_of_arn(principal_arn)
    if backend is None:
        return []
    return [name for principal, name in backend.principal_things if principal == principal_arn]


def exclusive_thing_of(principal_arn: str) -> str | None:
    """The thing that the principal is attached to exclusively."""
    backend = _backend_of_arn(principal_arn)
    found: str | None = getattr(backend, "lab_exclusive_things", {}).get(principal_arn)
    return found


def thing(account_id: str, region: str, name: str) -> Thing | None:
    """A thing of the registry."""
    for backend in _backends(account_id, region):
        for found in backend.things.values():
            if found.thing_name == name:
                type_name = found.thing_type.thing_type_name if found.thing_type else None
                principals = tuple(arn for arn, thing_name in backend.principal_things if thing_name == name)
                return Thing(name, found.arn, type_name, dict(found.attributes), principals)
    return None


def role_alias(account_id: str, region: str, name: str) -> RoleAlias | None:
    """A role alias."""
    for backend in _backends(account_id, region):
        if found := backend.role_aliases.get(name):
            return RoleAlias(name, found.role_arn, int(found.credential_duration_seconds))
    return None


def topic_rules(account_id: str, region: str) -> list[TopicRule]:
    """All topic rules, also the disabled ones, in order of creation."""
    return [_rule(rule) for backend in _backends(account_id, region) for rule in backend.rules.values()]


def topic_rule_places() -> list[tuple[str, str]]:
    """The (account, region) pairs that have topic rules."""
    return [(backend.account_id, backend.region_name) for backend in _backends(None, None) if backend.rules]


def _backends(account_id: str | None, region: str | None) -> Iterator[IoTBackend]:
    """The backends that exist already: indexing moto's dictionaries would make new ones."""
    accounts = list(iot_backends.items()) if account_id is None else [(account_id, iot_backends.get(account_id) or {})]
    for _, regions in accounts:
        for name, backend in list(regions.items()):
            if region is None or name == region:
                yield backend


def _backend_of_arn(arn: str) -> IoTBackend | None:
    parts = arn.split(":")
    return next(_backends(parts[4], parts[3]), None) if len(parts) > 5 else None


def _groups_of(backend: IoTBackend, thing_name: str) -> list[str]:
    """The ARNs of the thing's groups and of all groups above them."""
    by_name = {group.thing_group_name: group for group in backend.thing_groups.values()}
    arns: list[str] = []
    for group in by_name.values():
        if any(member.thing_name == thing_name for member in group.things.values()):
            while group is not None and group.arn not in arns:
                arns.append(group.arn)
                group = by_name.get(group.parent_group_name)
    return arns


def _certificate(backend: IoTBackend, found: FakeCertificate) -> DeviceCertificate:
    place = backend.account_id, backend.region_name
    return DeviceCertificate(found.certificate_id, found.arn, found.certificate_pem, found.status, *place)


def _rule(rule: FakeRule) -> TopicRule:
    return TopicRule(
        name=rule.rule_name,
        arn=rule.arn,
        sql=rule.sql,
        sql_version=rule.aws_iot_sql_version,
        disabled=bool(rule.rule_disabled),
        actions=tuple(rule.actions),
        error_action=rule.error_action or None,
        description=rule.description,
        created_at=rule.created_at,
    )
