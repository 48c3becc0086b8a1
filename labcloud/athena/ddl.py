"""Hive statements (CREATE EXTERNAL TABLE, MSCK, ALTER, SHOW …): text → data. Pure.

Source: Athena User Guide, "DDL statements". Whatever is not understood is refused with its place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from labcloud.athena.errors import invalid
from labcloud.athena.types import parse_type
from labcloud.sqlspace import BEFORE_A_STATEMENT

_TOKEN = re.compile(
    r"\s+|--[^\n]*|/\*.*?\*/|('(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|[A-Za-z_][\w\-$]*|\d[\d.]*|[<>=(),.:;*\[\]])", re.DOTALL
)
BEGINNINGS = ("CREATE", "DROP", "MSCK", "ALTER", "SHOW", "DESCRIBE", "DESC")


@dataclass(frozen=True)
class CreateDatabase:
    name: str
    location: str | None
    if_missing: bool


@dataclass(frozen=True)
class DropDatabase:
    name: str
    if_exists: bool
    cascade: bool


@dataclass(frozen=True)
class CreateTable:
    database: str | None
    name: str
    if_missing: bool
    columns: tuple[tuple[str, str], ...]
    partition_keys: tuple[tuple[str, str], ...]
    serde: str | None
    serde_parameters: dict[str, str]
    stored_as: str | None
    location: str
    properties: dict[str, str]


@dataclass(frozen=True)
class DropTable:
    database: str | None
    name: str
    if_exists: bool


@dataclass(frozen=True)
class RepairTable:
    database: str | None
    name: str


@dataclass(frozen=True)
class AlterPartitions:
    database: str | None
    name: str
    add: bool
    lenient: bool
    partitions: tuple[tuple[dict[str, str], str | None], ...] = field(default=())


@dataclass(frozen=True)
class Show:
    """`what`: databases, tables, partitions, columns."""

    what: str
    database: str | None = None
    name: str | None = None


Statement = CreateDatabase | DropDatabase | CreateTable | DropTable | RepairTable | AlterPartitions | Show


def is_ddl(sql: str) -> bool:
    """Whether a statement is Hive's affair and not a query."""
    found = re.match(rf"{BEFORE_A_STATEMENT}([A-Za-z]+)", sql, re.DOTALL)
    return found is not None and found[1].upper() in BEGINNINGS


def parse_ddl(sql: str) -> Statement:
    """Raises AwsError InvalidRequestException."""
    return _Parser(sql).statement()


class _Parser:
    def __init__(self, sql: str) -> None:
        self._sql = sql
        self._tokens: list[tuple[str, int]] = []
        place = 0
        while place < len(sql):
            found = _TOKEN.match(sql, place)
            if found is None:
                raise invalid(f"{self._where(place)}: token recognition error at: '{sql[place]}'")
            if found[1]:
                self._tokens.append((found[1], place))
            place = found.end()
        while self._tokens and self._tokens[-1][0] == ";":
            self._tokens.pop()
        self._next = 0

    # -- statements

    def statement(self) -> Statement:
        parsed = self._statement()
        if self._next < len(self._tokens):
            raise self._unexpected()
        return parsed

    def _statement(self) -> Statement:
        if self._take("CREATE", "EXTERNAL", "TABLE"):
            return self._create_table()
        if self._take("CREATE", "DATABASE") or self._take("CREATE", "SCHEMA"):
            return self._create_database()
        if self._take("DROP", "DATABASE") or self._take("DROP", "SCHEMA"):
            if_exists, name = self._take("IF", "EXISTS"), self._name()
            cascade = self._take("CASCADE")
            self._take("RESTRICT")
            return DropDatabase(name, if_exists, cascade)
        if self._take("DROP", "TABLE"):
            if_exists = self._take("IF", "EXISTS")
            return DropTable(*self._table(), if_exists)
        if self._take("MSCK", "REPAIR", "TABLE"):
            return RepairTable(*self._table())
        if self._take("ALTER", "TABLE"):
            return self._alter()
        if self._take("SHOW"):
            return self._show()
        if self._take("DESCRIBE") or self._take("DESC"):
            self._take("FORMATTED")
            return Show("describe", *self._table())
        words = " ".join(token for token, _ in self._tokens[:3]).upper()
        raise invalid(f"Queries of this type are not supported: the local cloud does not serve {words}", "UNSUPPORTED")

    def _create_database(self) -> CreateDatabase:
        if_missing, name, location = self._take("IF", "NOT", "EXISTS"), self._name(), None
        if self._take("COMMENT"):
            self._string()
        if self._take("LOCATION"):
            location = self._string()
        if self._take("WITH", "DBPROPERTIES"):
            self._pairs()
        return CreateDatabase(name, location, if_missing)

    def _create_table(self) -> CreateTable:
        if_missing = self._take("IF", "NOT", "EXISTS")
        database, name = self._table()
        columns = self._columns()
        clauses = self._clauses()
        if clauses["location"] is None:
            raise invalid(f"{self._where(len(self._sql))}: missing 'LOCATION': an external table has one")
        return CreateTable(database, name, if_missing, columns, **clauses)

    def _clauses(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "partition_keys": (),
            "serde": None,
            "serde_parameters": {},
            "stored_as": None,
            "location": None,
            "properties": {},
        }
        while self._next < len(self._tokens):
            if self._take("COMMENT"):
                self._string()
            elif self._take("PARTITIONED", "BY"):
                found["partition_keys"] = self._columns()
            elif self._take("ROW", "FORMAT", "SERDE"):
                found["serde"] = self._string()
                if self._take("WITH", "SERDEPROPERTIES"):
                    found["serde_parameters"] = self._pairs()
            elif self._take("ROW", "FORMAT", "DELIMITED"):
                found["serde_parameters"] = self._delimited()
            elif self._take("STORED", "AS", "INPUTFORMAT"):
                found["stored_as"] = self._string()
                self._need("OUTPUTFORMAT")
                self._string()
            elif self._take("STORED", "AS"):
                found["stored_as"] = self._name()
            elif self._take("LOCATION"):
                found["location"] = self._string()
            elif self._take("TBLPROPERTIES"):
                found["properties"] = self._pairs()
            else:
                raise self._unexpected()
        return found

    def _delimited(self) -> dict[str, str]:
        parameters = {}
        while True:
            if self._take("FIELDS", "TERMINATED", "BY"):
                parameters["field.delim"] = self._string()
            elif self._take("ESCAPED", "BY"):
                parameters["escape.delim"] = self._string()
            elif self._take("LINES", "TERMINATED", "BY"):
                self._string()
            else:
                return parameters

    def _alter(self) -> AlterPartitions:
        database, name = self._table()
        add = self._take("ADD")
        if not add:
            self._need("DROP")
        lenient = self._take("IF", "NOT", "EXISTS") or self._take("IF", "EXISTS")
        partitions = []
        while self._take("PARTITION"):
            values = self._pairs()
            partitions.append((values, self._string() if self._take("LOCATION") else None))
            self._take(",")
        if not partitions:
            raise self._unexpected()
        return AlterPartitions(database, name, add, lenient, tuple(partitions))

    def _show(self) -> Show:
        if self._take("DATABASES") or self._take("SCHEMAS"):
            return Show("databases")
        if self._take("TABLES"):
            return Show("tables", self._name() if self._take("IN") or self._take("FROM") else None)
        if self._take("PARTITIONS"):
            return Show("partitions", *self._table())
        if self._take("COLUMNS") and (self._take("IN") or self._take("FROM")):
            return Show("columns", *self._table())
        raise self._unexpected()

    # -- parts

    def _columns(self) -> tuple[tuple[str, str], ...]:
        self._need("(")
        columns = []
        while True:
            name, start = self._name().lower(), self._next
            depth = 0
            while self._next < len(self._tokens) and not (depth == 0 and self._peek() in (",", ")", "COMMENT")):
                depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(self._peek(), 0)
                self._next += 1
            written = "".join(token for token, _ in self._tokens[start : self._next])
            columns.append((name, self._checked_type(written, start)))
            if self._take("COMMENT"):
                self._string()
            if not self._take(","):
                self._need(")")
                return tuple(columns)

    def _checked_type(self, written: str, start: int) -> str:
        try:
            parse_type(written)
        except ValueError as error:
            place = self._tokens[start][1] if start < len(self._tokens) else len(self._sql)
            raise invalid(f"{self._where(place)}: {error}") from error
        return written.lower()

    def _pairs(self) -> dict[str, str]:
        self._need("(")
        found = {}
        while True:
            key = self._value()
            self._need("=")
            found[key] = self._value()
            if not self._take(","):
                self._need(")")
                return found

    def _table(self) -> tuple[str | None, str]:
        name = self._name()
        return (name, self._name()) if self._take(".") else (None, name)

    def _name(self) -> str:
        token = self._peek_raw()
        if not re.fullmatch(r"`[^`]+`|\"[^\"]+\"|[A-Za-z_][\w\-$]*", token):
            raise self._unexpected()
        self._next += 1
        return token.strip('`"').lower()

    def _value(self) -> str:
        token = self._peek_raw()
        if token[:1] == "'":
            return self._string()
        if token in ("(", ")", ",", "="):
            raise self._unexpected()
        self._next += 1
        return token.strip('`"')

    def _string(self) -> str:
        token = self._peek_raw()
        if token[:1] != "'":
            raise self._unexpected()
        self._next += 1
        return token[1:-1].replace("''", "'").encode().decode("unicode_escape")

    # -- tokens

    def _take(self, *words: str) -> bool:
        ahead = [token.upper() for token, _ in self._tokens[self._next : self._next + len(words)]]
        if ahead != list(words):
            return False
        self._next += len(words)
        return True

    def _need(self, word: str) -> None:
        if not self._take(word):
            raise self._unexpected(f" Expecting: '{word}'")

    def _peek(self) -> str:
        return self._peek_raw().upper()

    def _peek_raw(self) -> str:
        return self._tokens[self._next][0] if self._next < len(self._tokens) else ""

    def _unexpected(self, more: str = "") -> Exception:
        if self._next >= len(self._tokens):
            return invalid(f"{self._where(len(self._sql))}: mismatched input '<EOF>'.{more}")
        token, place = self._tokens[self._next]
        return invalid(f"{self._where(place)}: mismatched input '{token}'.{more}")

    def _where(self, place: int) -> str:
        before = self._sql[:place]
        return f"line {before.count(chr(10)) + 1}:{place - before.rfind(chr(10))}"
