"""Stage 2b: tokens → the tree of a statement: SET, SELECT, FROM, WHERE, and nested queries (iot-sql-reference)."""

from __future__ import annotations

import re

from . import ast
from .expressions import MAX_DEPTH, RESERVED, ExpressionParser
from .tokens import Token
from .topics import BASIC_INGEST, filter_problem

_UNQUOTED_TOPIC = re.compile(r"(?!\S*--)[\w$/#+.:-]+(?!\S)")
_SINGLE_QUOTES = "A topic filter stands in single quotes: FROM 'house/+/temperature'."
_NOT_CLAUSES = frozenset(["GROUP", "ORDER", "HAVING", "LIMIT", "JOIN", "UNION", "DISTINCT", "OFFSET", "INTO"])


class Parser(ExpressionParser):
    """Reads one whole statement."""

    def statement(self) -> ast.Select:
        """The statement; everything after its last clause is refused."""
        start = self.peek().start
        assignments = self._set() if self.peek().word == "SET" else ()
        self.expect_word("SELECT", "at the start of the statement" if not assignments else "after SET")
        is_value, items = self._items()
        topic_filter = self._topic_filter() if self.take_word("FROM") else None
        where = self.expression() if self.take_word("WHERE") else None
        if self.peek().kind != "end":
            raise self._trailing(topic_filter, where)
        return ast.Select(start, self.last_end(), assignments, items, is_value, topic_filter, where)

    def query(self, start: int) -> ast.Query:
        """A nested SELECT … FROM path [AS alias] [WHERE …], without its parentheses (iot-sql-nested-queries)."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(self.peek(), f"the queries are nested deeper than {MAX_DEPTH} levels")
        self.next()
        is_value, items = self._items()
        self.expect_word("FROM", "and what the nested query reads")
        if self.peek().kind == "string":
            raise self.error(self.peek(), "a nested query reads a part of the payload, not a topic")
        source = self._prefix()
        alias = None
        if self.take_word("AS"):
            if self.peek().kind != "word":
                raise self.unexpected("a name after AS")
            alias = self.next().text
        where = self.expression() if self.take_word("WHERE") else None
        self.depth -= 1
        return ast.Query(start, self.last_end(), items, is_value, source, alias, where)

    def _trailing(self, topic_filter: str | None, where: ast.Node | None) -> Exception:
        token = self.peek()
        if token.word in _NOT_CLAUSES:
            return self.error(
                token, f"{token.word} is not part of AWS IoT SQL", "A statement is SELECT … FROM … WHERE …."
            )
        if token.word == "SET":
            return self.error(token, "SET stands once, before SELECT")
        clauses = "an operator or the end" if where is not None else "WHERE or the end"
        if topic_filter is None and where is None:
            clauses = "',', AS, FROM, WHERE or the end"
        return self.unexpected(clauses)

    def _set(self) -> tuple[ast.Assignment, ...]:
        assignments: list[ast.Assignment] = []
        self.next()
        while not assignments or self.take_symbol(","):
            token = self.peek()
            if token.kind != "variable" or len(token.text) < 2:
                raise self.unexpected("a variable such as @name")
            self.next()
            self.expect_symbol("=", "after the variable")
            # "Variables can accept JSON payloads directly" (iot-sql-set).
            expression = self._star() if self.is_symbol("*") else self.expression()
            assignments.append(ast.Assignment(token.start, token.end, token.text[1:], expression))
        return tuple(assignments)

    def _items(self) -> tuple[bool, tuple[ast.Item, ...]]:
        if self._is_select_value():
            self.next()
            item = self._item()
            if item.alias is not None:
                raise self.error(self.lexer.token(self.index - 1), "SELECT VALUE has no AS: its result has no name")
            if self.is_symbol(","):
                raise self.error(self.peek(), "SELECT VALUE selects one item")
            return True, (item,)
        items = [self._item()]
        while self.take_symbol(","):
            if self.peek().word == "FROM" and not self.depth:
                # AWS's DynamoDB tutorial prints a comma before FROM (iot-ddb-rule), and rules are deployed that way.
                break
            items.append(self._item())
        return False, tuple(items)

    def _is_select_value(self) -> bool:
        """Whether VALUE is the keyword and not a field called value: something to select follows directly."""
        if self.peek().word != "VALUE":
            return False
        after = self.peek(1)
        if after.kind == "symbol":
            if after.text == "*":  # SELECT VALUE * FROM …, or value * 2
                behind = self.peek(2)
                return behind.kind == "end" or behind.word in ("FROM", "WHERE", "AS") or behind.text in ("),")
            return after.text in "([{"
        if after.kind == "word":
            return after.word not in RESERVED or after.word in ("CASE", "NOT")
        return after.kind != "end"

    def _item(self) -> ast.Item:
        token = self.peek()
        expression = self._star() if self.is_symbol("*") else self.expression()
        alias = None
        if self.take_word("AS"):
            if self.peek().kind != "word" or (self.peek().word == "FROM" and self.peek(1).kind == "string"):
                hint = 'For other names select an object: SELECT {"my-name": x} FROM ….'
                raise self.error(self.peek(), "expected a name after AS", hint)
            alias = (self.next().text, *self._dotted())
        return ast.Item(token.start, self.last_end(), expression, alias)

    def _topic_filter(self) -> str:
        token = self.peek()
        if token.kind == "string":
            if token.text[0] == '"':
                raise self.error(token, "a topic filter does not stand in double quotes", _SINGLE_QUOTES)
            self.next()
            text = token.text[1:-1]
        else:
            text = self._unquoted_filter(token)
        if text.startswith(BASIC_INGEST):
            hint = "Basic Ingest reaches a rule by its name; FROM is the rest of the topic, or left out."
            raise self.error(token, f"a rule cannot subscribe to {BASIC_INGEST}… (iot-basic-ingest)", hint)
        if problem := filter_problem(text):
            raise self.error(token, problem)
        return text

    def _unquoted_filter(self, token: Token) -> str:
        """The page asks for single quotes, yet AWS prints `FROM topic/#` too (iot-sql-json): taken up to a space."""
        found = _UNQUOTED_TOPIC.match(self.lexer.text, token.start)
        if found is None and token.kind in ("word", "symbol"):
            raise self.error(token, "this topic filter needs single quotes", _SINGLE_QUOTES)
        if found is None or token.word == "WHERE":
            raise self.unexpected("a topic filter in single quotes")
        while self.peek().kind != "end" and self.peek().start < found.end():
            self.next()
        return found.group()


def parse_statement(text: str) -> ast.Select:
    """Statement text → tree; raises SqlParseError."""
    return Parser(text).statement()


def parse_embedded(text: str, position: int) -> tuple[ast.Node, int]:
    """The expression of a substitution template that begins at `position`, and the place after its `}`."""
    parser = Parser(text, position)
    expression = parser.expression()
    end = parser.expect_symbol("}", "to close the substitution template").end
    return expression, end
