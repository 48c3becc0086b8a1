"""MQTT topic filters as the rules engine matches them, and the topic that Basic Ingest leaves over. Pure."""

from __future__ import annotations

from functools import lru_cache

BASIC_INGEST = "$aws/rules/"


def filter_problem(topic_filter: str) -> str:
    """What is wrong with a topic filter, or nothing (MQTT-4.7.1-2, MQTT-4.7.1-3, MQTT-4.7.3-1)."""
    if not topic_filter:
        return "the topic filter is empty"
    if "\0" in topic_filter:
        return "a topic filter contains no null character"
    levels = topic_filter.split("/")
    if any("#" in level for level in levels[:-1]) or ("#" in levels[-1] and levels[-1] != "#"):
        return "# stands alone and at the end of a topic filter"
    if any("+" in level and level != "+" for level in levels):
        return "+ stands for one whole level of a topic filter"
    return ""


@lru_cache(maxsize=4096)
def _levels(topic_filter: str) -> tuple[str, ...]:
    return tuple(topic_filter.split("/"))


def topic_matches(topic_filter: str, topic: str) -> bool:
    """Whether a rule with this filter sees a topic; unlike in MQTT, `a/#` does not match `a` (iot topics page)."""
    if topic_filter == topic:
        return True
    if topic.startswith("$") and topic_filter[:1] in ("#", "+"):  # MQTT-4.7.2-1
        return False
    wanted, levels = _levels(topic_filter), topic.split("/")
    if wanted[-1] == "#":
        if len(levels) < len(wanted):
            return False
        wanted = wanted[:-1]
    elif len(levels) != len(wanted):
        return False
    return all(want in ("+", level) for want, level in zip(wanted, levels, strict=False))


def ingested_topic(topic: str) -> str:
    """The topic without the prefix of Basic Ingest, as the topic() function sees it (iot-basic-ingest)."""
    if not topic.startswith(BASIC_INGEST):
        return topic
    parts = topic.split("/", 3)
    return parts[3] if len(parts) == 4 else ""
