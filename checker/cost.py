"""What a run on real AWS costs and changes: the notice before it. Estimates from AWS's public prices, rounded up. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from checker.curriculum.parts import Part

USD_PER_CHECK = {
    "iot": (0.01, "IoT Core: some hundred messages"),
    "dynamodb": (0.01, "DynamoDB on demand: some dozen writes"),
    "timestream": (0.05, "Timestream: writes, storage, queries of at least 10 MB each"),
    "lambda": (0.01, "Lambda: some dozen calls"),
    "logs": (0.01, "CloudWatch Logs: some kB"),
}
"""At most so much for one check of one part, by the service's name in part.toml; what is missing here costs nothing."""
LASTING = {
    "events": "the schedule of part 4 calls the function every minute until you destroy it: about 0.05 USD a day",
    "timestream": "Timestream stores readings for the days that terraform/timestream.tf says",
    "quicksight": "QuickSight bills each user and month (24 USD an author) from the sign-up until you unsubscribe",
}
NOTICE = """This works on real AWS: account {account}, region {region}.
  makes     what terraform/ says, named {prefix}; tagged as its provider block says (Lab = smart-house)
  sends     readings and commands over MQTT; the items of these readings are deleted from DynamoDB at the end
  costs     about {usd:.2f} USD at most for this run: an estimate, without tax, from public prices
{lines}
  remains   until lab destroy --target {target}, and part 7 for what Terraform does not own"""


def estimate_usd(parts: Iterable[Part]) -> float:
    """The cost of checking these parts once."""
    return sum(USD_PER_CHECK.get(service, (0.0, ""))[0] for part in parts for service in part.services)


def render_notice(parts: tuple[Part, ...], *, account: str, region: str, target: str, prefix: str) -> str:
    """Everything to know before the first change."""
    services = sorted({service for part in parts for service in part.services})
    lines = [f"            {USD_PER_CHECK[service][1]}" for service in services if service in USD_PER_CHECK]
    lines += [f"            {LASTING[service]}" for service in services if service in LASTING]
    named = (
        f"with the prefix {prefix}" if prefix else "without a prefix (TF_VAR_prefix=yours_ in an account with others)"
    )
    return NOTICE.format(
        account=account, region=region, target=target, prefix=named, usd=estimate_usd(parts), lines="\n".join(lines)
    )
