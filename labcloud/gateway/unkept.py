"""Parameters that moto would store and never act on: a request with one is refused, so that nothing is dropped.

What AWS itself would only store (names, tags, descriptions, keys of encryption that cannot be seen from outside) is
not here, nor what one account on one machine cannot tell apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Asks = Callable[[Any], bool]
"""Whether a value of a parameter asks for what is not done."""


def _anything(value: Any) -> bool:
    return value not in (None, "", False, [], {})


def _one_of(*values: Any) -> Asks:
    return lambda value: value in values


def _not_one_of(*values: Any) -> Asks:
    return lambda value: value is not None and value not in values


def _is_structured(pattern: Any) -> bool:
    """A filter pattern that looks into JSON or columns, or is a regular expression."""
    return str(pattern or "").lstrip().startswith(("{", "[", "%"))


def _searches_more(query: Any) -> bool:
    """moto finds things by equal terms on names, types, groups and attributes, and ignores what else is asked."""
    known = r"(thingName|thingId|thingTypeName|thingGroupNames|attributes\.[\w.-]+)"
    fields = re.findall(r"([\w.]+)\s*:", str(query))
    return bool(re.search(r"[<>\[\]{}?~]", str(query))) or any(not re.fullmatch(known, field) for field in fields)


@dataclass(frozen=True)
class Unkept:
    """One parameter (`a.b` is member b of a; a list means each of its items) and why it cannot be taken."""

    where: str
    reason: str
    asks: Asks = _anything


_SSE_C = (Unkept("SSECustomerKey", "the object could be read without the key"),)
_NO_POLICY = "it would not be evaluated"
_TERMS = "patterns of terms are evaluated, not of JSON fields, columns or regular expressions"
_EXPRESSIONS = "metric math is not computed; ask for the metrics themselves"

UNKEPT: Mapping[str, Mapping[str, tuple[Unkept, ...]]] = {
    "athena": {
        "CreateDataCatalog": (
            Unkept("Type", "queries reach the catalogue of Glue only", _not_one_of("GLUE")),
        ),
    },
    "cloudwatch": {
        "GetMetricData": (Unkept("MetricDataQueries.Expression", _EXPRESSIONS),),
        "GetMetricStatistics": (Unkept("ExtendedStatistics", "percentiles are not computed"),),
    },
    "dynamodb": {
        "CreateTable": (Unkept("ResourcePolicy", _NO_POLICY),),
        "UpdateTable": (
            Unkept("ReplicaUpdates", "nothing would be replicated"),
            Unkept("GlobalTableWitnessUpdates", "nothing would be replicated"),
        ),
    },
    "glue": {
        "CreateCrawler": (Unkept("Schedule", "no crawler would run"),),
        "UpdateCrawler": (Unkept("Schedule", "no crawler would run"),),
        "CreateTrigger": (
            Unkept("Type", "no trigger would fire", _not_one_of("ON_DEMAND")),
            Unkept("StartOnCreation", "no trigger would fire"),
        ),
    },
    "iot": {
        "RegisterCACertificate": (
            Unkept("allowAutoRegistration", "devices would not be registered when they connect"),
            Unkept("registrationConfig", "devices would not be provisioned when they connect"),
        ),
        "UpdateCACertificate": (
            Unkept("newAutoRegistrationStatus", "devices would not be registered when they connect", _one_of("ENABLE")),
            Unkept("registrationConfig", "devices would not be provisioned when they connect"),
        ),
        "SearchIndex": (
            Unkept("queryString", "things are found by equal names, types, groups and attributes only", _searches_more),
        ),
        "UpdateIndexingConfiguration": (
            Unkept("thingIndexingConfiguration.thingIndexingMode", "shadows are not indexed",
                   _one_of("REGISTRY_AND_SHADOW")),
            Unkept("thingIndexingConfiguration.thingConnectivityIndexingMode", "connections are not indexed",
                   _one_of("STATUS")),
            Unkept("thingIndexingConfiguration.deviceDefenderIndexingMode", "violations are not indexed",
                   _one_of("VIOLATIONS")),
            Unkept("thingIndexingConfiguration.namedShadowIndexingMode", "shadows are not indexed", _one_of("ON")),
        ),
    },
    "lambda": {
        "CreateFunction": (Unkept("TracingConfig.Mode", "X-Ray is not served", _one_of("Active")),),
        "UpdateFunctionConfiguration": (Unkept("TracingConfig.Mode", "X-Ray is not served", _one_of("Active")),),
    },
    "logs": {
        "FilterLogEvents": (Unkept("filterPattern", _TERMS, _is_structured),),
        "PutSubscriptionFilter": (Unkept("filterPattern", _TERMS, _is_structured),),
    },
    "s3": {
        "CopyObject": _SSE_C,
        "CreateMultipartUpload": _SSE_C,
        "PutBucketAccelerateConfiguration": (
            Unkept("AccelerateConfiguration.Status", "there is one endpoint", _one_of("Enabled")),
        ),
        "PutObject": (*_SSE_C, Unkept("WebsiteRedirectLocation", "no website is served")),
        "UploadPart": _SSE_C,
    },
    "sns": {
        "Publish": (Unkept("PhoneNumber", "no text message would be sent"),),
        "SetTopicAttributes": (
            Unkept("AttributeName", "deliveries are not logged",
                   lambda name: str(name).endswith("FeedbackRoleArn")),
        ),
        "Subscribe": (
            Unkept("Protocol", "no text message would be sent", _one_of("sms")),
            Unkept("Protocol", "no notification would be pushed", _one_of("application")),
        ),
    },
    "ssm": {"PutParameter": (Unkept("Policies", "the parameter would not expire and nobody would be told"),)},
}  # fmt: skip


def unkept(service: str, operation: str, parameters: Mapping[str, Any]) -> Unkept | None:
    """The first parameter of a request that would be dropped; None: there is none."""
    for each in UNKEPT.get(service, {}).get(operation, ()):
        if any(each.asks(value) for value in _values(parameters, each.where.split("."))):
            return each
    return None


def _values(found: Any, path: list[str]) -> Iterator[Any]:
    if isinstance(found, list | tuple):
        for item in found:
            yield from _values(item, path)
    elif not path:
        yield found
    elif isinstance(found, Mapping) and path[0] in found:
        yield from _values(found[path[0]], path[1:])
