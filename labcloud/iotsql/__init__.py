"""AWS IoT SQL: statements and substitution templates, compiled once and evaluated for each message. Pure.

The way of a text: tokens → parser (tree) → validate → compile (closures) → statement or template. It never opens a
connection: what a function asks of AWS goes through the External port of the Environment.
"""

from .casefile import evaluate_case
from .errors import FunctionFailed, SqlParseError
from .jsontext import decimal_text, parse_json, to_json, to_text
from .message import Environment, External, Message, NoServices
from .statement import Outcome, Statement, compile_statement
from .template import Template, compile_template
from .topics import filter_problem, ingested_topic, topic_matches
from .values import UNDEFINED, type_name

__all__ = [
    "UNDEFINED",
    "Environment",
    "External",
    "FunctionFailed",
    "Message",
    "NoServices",
    "Outcome",
    "SqlParseError",
]
__all__ += ["Statement", "Template", "compile_statement", "compile_template", "decimal_text", "evaluate_case"]
__all__ += ["filter_problem", "ingested_topic", "parse_json", "to_json", "to_text", "topic_matches", "type_name"]
