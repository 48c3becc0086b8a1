"""Parses expressions, Trino's grammar as far as Timestream documents it. Precedence from weak to strong:
OR, AND, NOT, predicates, ||, + -, * / %, sign, then postfix [ ] and the dot."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from labcloud.timestream.sql import nodes as n
from labcloud.timestream.sql.cursor import Cursor
from labcloud.timestream.sql.tokens import DURATION_UNITS, RESERVED

QueryParser = Callable[[Cursor], n.Query]

COMPARISONS = ("=", "<>", "!=", "<", "<=", ">", ">=")
BARE_CALLS = ("CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP")
TYPED_LITERALS = ("TIMESTAMP", "DATE", "TIME", "DOUBLE", "BIGINT")
FRAME_ENDS = ("UNBOUNDED PRECEDING", "UNBOUNDED FOLLOWING", "CURRENT ROW")


class ExpressionParser:
    """Reads expressions from a cursor; `parse_query` reads a subquery and comes from the query parser."""

    def __init__(self, cursor: Cursor, parse_query: QueryParser) -> None:
        self.c = cursor
        self.parse_query = parse_query

    def expression(self) -> n.Expression:
        self.c.deeper()
        left = self._and()
        while (at := self.c.at) and self.c.take_word("OR"):
            left = n.Binary("OR", left, self._and(), at=at)
        self.c.shallower()
        return left

    def expressions(self) -> tuple[n.Expression, ...]:
        items = [self.expression()]
        while self.c.take_symbol(","):
            items.append(self.expression())
        return tuple(items)

    def _and(self) -> n.Expression:
        left = self._not()
        while (at := self.c.at) and self.c.take_word("AND"):
            left = n.Binary("AND", left, self._not(), at=at)
        return left

    def _not(self) -> n.Expression:
        at = self.c.at
        if self.c.take_word("NOT"):
            self.c.deeper()
            value = self._not()
            self.c.shallower()
            return n.Unary("NOT", value, at=at)
        return self._predicate()

    def _predicate(self) -> n.Expression:
        left = self._concat()
        while True:
            at = self.c.at
            if symbol := self.c.take_symbol(*COMPARISONS):
                left = self._comparison("<>" if symbol == "!=" else symbol, left, at)
            elif self.c.take_word("IS"):
                left = self._is(left, at)
            elif self.c.token.is_word("BETWEEN", "IN", "LIKE") or (
                self.c.token.is_word("NOT") and self.c.peek().is_word("BETWEEN", "IN", "LIKE")
            ):
                negated = self.c.take_word("NOT")
                left = self._word_predicate(left, at)
                left = n.Unary("NOT", left, at=at) if negated else left
            else:
                return left

    def _comparison(self, operator: str, left: n.Expression, at: n.Position) -> n.Expression:
        if quantifier := self.c.take_word("ALL", "ANY", "SOME"):
            return n.Quantified(operator, quantifier, left, self._query_in_parentheses(), at=at)
        return n.Binary(operator, left, self._concat(), at=at)

    def _is(self, left: n.Expression, at: n.Position) -> n.Expression:
        negated = self.c.take_word("NOT")
        result: n.Expression
        if self.c.take_words("DISTINCT", "FROM"):
            result = n.Binary("IS DISTINCT FROM", left, self._concat(), at=at)
        else:
            self.c.expect_word("NULL")
            result = n.IsNull(left, at=at)
        return n.Unary("NOT", result, at=at) if negated else result

    def _word_predicate(self, left: n.Expression, at: n.Position) -> n.Expression:
        word = self.c.expect_word("BETWEEN", "IN", "LIKE")
        if word == "BETWEEN":
            low = self._concat()
            self.c.expect_word("AND")
            return n.Between(left, low, self._concat(), at=at)
        if word == "LIKE":
            pattern = self._concat()
            return n.Like(left, pattern, self._concat() if self.c.take_word("ESCAPE") else None, at=at)
        if self.c.peek().is_word("SELECT", "WITH", "VALUES"):
            return n.InQuery(left, self._query_in_parentheses(), at=at)
        self.c.expect_symbol("(")
        items = self.expressions()
        self.c.expect_symbol(")")
        return n.InList(left, items, at=at)

    def _concat(self) -> n.Expression:
        return self._left_associative(("||",), self._sum)

    def _sum(self) -> n.Expression:
        return self._left_associative(("+", "-"), self._product)

    def _product(self) -> n.Expression:
        return self._left_associative(("*", "/", "%"), self._sign)

    def _left_associative(self, symbols: tuple[str, ...], operand: Callable[[], n.Expression]) -> n.Expression:
        left = operand()
        while (at := self.c.at) and (symbol := self.c.take_symbol(*symbols)):
            left = n.Binary(symbol, left, operand(), at=at)
        return left

    def _sign(self) -> n.Expression:
        at = self.c.at
        if symbol := self.c.take_symbol("-", "+"):
            self.c.deeper()
            value = self._sign()
            self.c.shallower()
            return n.Unary(symbol, value, at=at)
        return self._postfix(self._primary())

    def _postfix(self, value: n.Expression) -> n.Expression:
        while True:
            at = self.c.at
            if self.c.take_symbol("["):
                value = n.Subscript(value, self.expression(), at=at)
                self.c.expect_symbol("]")
            elif self.c.take_symbol("."):
                value = n.FieldOf(value, self.c.expect_name(), at=at)
            elif self.c.token.is_word("AT") and self.c.peek().is_word("TIME"):
                self.c.fail("no AT TIME ZONE (every timestamp is UTC)")
            else:
                return value

    def _primary(self) -> n.Expression:
        token = self.c.token
        if token.kind in ("integer", "double", "string"):
            self.c.advance()
            return n.Literal(token.kind, token.text, at=token.at)
        if token.kind == "parameter":
            self.c.advance()
            return n.Parameter(token.text[1:], at=token.at)
        if token.kind == "duration":
            self.c.advance()
            digits = token.text.rstrip("abcdefghijklmnopqrstuvwxyz")
            return n.IntervalLiteral(digits, DURATION_UNITS[token.text[len(digits) :]], at=token.at)
        if token.kind == "symbol" and token.text == "(":
            return self._parenthesis()
        if token.kind == "word" and (keyword := self._keyword(token.text.upper(), token.at)):
            return keyword
        if self.c.at_name():
            return self._name_or_call()
        return self.c.fail("an expression")

    def _parenthesis(self) -> n.Expression:
        at = self.c.at
        if self.c.peek().is_word("SELECT", "WITH", "VALUES"):
            return n.ScalarQuery(self._query_in_parentheses(), at=at)
        self.c.advance()
        if self._is_lambda_parameters():
            return self._lambda(at)
        items = self.expressions()
        self.c.expect_symbol(")")
        return items[0] if len(items) == 1 else n.RowLiteral(items, at=at)

    def _is_lambda_parameters(self) -> bool:
        """Whether the tokens after "(" are names up to ")" "->"."""
        ahead = 0
        while self.c.peek(ahead).kind in ("word", "name"):
            ahead += 1
            if self.c.peek(ahead).text == ")":
                return self.c.peek(ahead + 1).text == "->"
            if self.c.peek(ahead).text != ",":
                return False
            ahead += 1
        return self.c.peek(ahead).text == ")" and self.c.peek(ahead + 1).text == "->"

    def _lambda(self, at: n.Position) -> n.Lambda:
        parameters = []
        while not self.c.take_symbol(")"):
            parameters.append(self.c.expect_name())
            self.c.take_symbol(",")
        self.c.expect_symbol("->")
        return n.Lambda(tuple(parameters), self.expression(), at=at)

    def _keyword(self, word: str, at: n.Position) -> n.Expression | None:
        """The expressions that begin with a word of their own; None if this is none of them."""
        if word in ("NULL", "TRUE", "FALSE"):
            self.c.advance()
            return n.Literal("null" if word == "NULL" else "boolean", word.lower(), at=at)
        if word in BARE_CALLS:
            self.c.advance()
            return n.Call(word.lower(), (), at=at)
        if word in TYPED_LITERALS and self.c.peek().kind == "string":
            self.c.advance()
            return n.TypedLiteral(word, self.c.advance().text, at=at)
        if word == "INTERVAL" and (self.c.peek().kind == "string" or self.c.peek().text in ("-", "+")):
            return self._interval(at)
        following = self.c.peek().text
        if word == "ARRAY" and following == "[":
            return self._array(at)
        parsers: dict[str, Callable[[n.Position], n.Expression]] = {
            "CAST": self._cast, "TRY_CAST": self._cast, "EXTRACT": self._extract, "ROW": self._row,
            "POSITION": self._position, "EXISTS": self._exists,
        }  # fmt: skip
        if word in parsers and following == "(":
            return parsers[word](at)
        return self._case(at) if word == "CASE" else None

    def _interval(self, at: n.Position) -> n.IntervalLiteral:
        self.c.advance()
        sign = self.c.take_symbol("-", "+") or ""
        amount = self.c.expect_kind("string", "a quoted number")
        units = ("SECOND", "MINUTE", "HOUR", "DAY", "MONTH", "YEAR", "MILLISECOND", "MICROSECOND", "NANOSECOND")
        unit = self.c.expect_word(*units).lower()
        if self.c.take_word("TO"):
            unit += " to " + self.c.expect_word("MONTH", "SECOND", "MINUTE", "HOUR").lower()
        return n.IntervalLiteral(("-" if sign == "-" else "") + amount, unit, at=at)

    def _array(self, at: n.Position) -> n.ArrayLiteral:
        self.c.advance()
        self.c.expect_symbol("[")
        items = () if self.c.token.text == "]" else self.expressions()
        self.c.expect_symbol("]")
        return n.ArrayLiteral(items, at=at)

    def _row(self, at: n.Position) -> n.RowLiteral:
        self.c.advance()
        self.c.expect_symbol("(")
        items = self.expressions()
        self.c.expect_symbol(")")
        return n.RowLiteral(items, at=at)

    def _cast(self, at: n.Position) -> n.Cast:
        may_fail = self.c.advance().text.upper() == "TRY_CAST"
        self.c.expect_symbol("(")
        value = self.expression()
        self.c.expect_word("AS")
        to = self.type_name()
        self.c.expect_symbol(")")
        return n.Cast(value, to, may_fail, at=at)

    def type_name(self) -> n.TypeName:
        """A type as CAST takes it: double, array(bigint), array[bigint], row(a double), interval day to second."""
        at = self.c.at
        name = self.c.expect_name().lower()
        if name == "interval":
            first, _, last = self.c.expect_word("DAY", "YEAR"), self.c.expect_word("TO"), self.c.advance().text.upper()
            if (first, last) not in (("DAY", "SECOND"), ("YEAR", "MONTH")):
                self.c.fail("DAY TO SECOND or YEAR TO MONTH")
            return n.TypeName(f"interval {first} to {last}".lower(), at=at)
        closing = {"(": ")", "[": "]", "<": ">"}.get(self.c.token.text)
        if closing is None or self.c.token.kind != "symbol":
            return n.TypeName(name, at=at)
        self.c.advance()
        arguments, names = [], []
        while not self.c.take_symbol(closing):
            named = name == "row" and self.c.peek().kind in ("word", "name")
            names.append(self.c.expect_name() if named else None)
            arguments.append(self.type_name())
            if self.c.token.text != closing:
                self.c.expect_symbol(",")
        return n.TypeName(name, tuple(arguments), tuple(names), at=at)

    def _extract(self, at: n.Position) -> n.Extract:
        self.c.advance()
        self.c.expect_symbol("(")
        part = self.c.expect_name().lower()
        self.c.expect_word("FROM")
        value = self.expression()
        self.c.expect_symbol(")")
        return n.Extract(part, value, at=at)

    def _position(self, at: n.Position) -> n.Call:
        self.c.advance()
        self.c.expect_symbol("(")
        needle = self._concat()
        self.c.expect_word("IN")
        haystack = self._concat()
        self.c.expect_symbol(")")
        return n.Call("strpos", (haystack, needle), at=at)

    def _exists(self, at: n.Position) -> n.Exists:
        self.c.advance()
        return n.Exists(self._query_in_parentheses(), at=at)

    def _case(self, at: n.Position) -> n.Case:
        self.c.advance()
        operand = None if self.c.token.is_word("WHEN") else self.expression()
        branches = []
        while self.c.take_word("WHEN"):
            condition = self.expression()
            self.c.expect_word("THEN")
            branches.append((condition, self.expression()))
        if not branches:
            self.c.fail("WHEN")
        otherwise = self.expression() if self.c.take_word("ELSE") else None
        self.c.expect_word("END")
        return n.Case(operand, tuple(branches), otherwise, at=at)

    def _query_in_parentheses(self) -> n.Query:
        self.c.expect_symbol("(")
        query = self.parse_query(self.c)
        self.c.expect_symbol(")")
        return query

    def _name_or_call(self) -> n.Expression:
        at = self.c.at
        quoted = self.c.token.kind == "name"
        name = self.c.advance().text
        if self.c.token.text == "(" and self.c.token.kind == "symbol" and not quoted:
            return self._call(name.lower(), at)
        if not quoted and self.c.take_symbol("->"):
            return n.Lambda((name,), self.expression(), at=at)
        parts = [name]
        while self.c.token.text == "." and self.c.peek().kind in ("word", "name"):
            self.c.advance()
            word = self.c.advance()
            if word.kind == "word" and word.text.upper() in RESERVED:
                self._reserved(word.text)
            parts.append(word.text)
        return n.Name(tuple(parts), at=at)

    def _reserved(self, word: str) -> NoReturn:
        self.c.index -= 1
        self.c.fail(f'"{word}" in double quotes')

    def _call(self, name: str, at: n.Position) -> n.Expression:
        self.c.expect_symbol("(")
        distinct = self.c.take_word("DISTINCT", "ALL") == "DISTINCT"
        arguments: tuple[n.Expression, ...] = ()
        if (star := self.c.at) and self.c.take_symbol("*"):
            arguments = (n.Star(at=star),)
        elif self.c.token.text != ")" and not self.c.token.is_word("ORDER"):
            arguments = self.expressions()
        order_by = self.sort_items() if self.c.take_words("ORDER", "BY") else ()
        self.c.expect_symbol(")")
        where = None
        if self.c.token.is_word("FILTER") and self.c.peek().text == "(":
            self.c.advance()
            self.c.expect_symbol("(")
            self.c.expect_word("WHERE")
            where = self.expression()
            self.c.expect_symbol(")")
        ignore_nulls = self.c.take_words("IGNORE", "NULLS")
        if not ignore_nulls:
            self.c.take_words("RESPECT", "NULLS")
        over = self._over() if self.c.take_word("OVER") else None
        return n.Call(name, arguments, distinct, order_by, where, over, ignore_nulls, at=at)

    def sort_items(self) -> tuple[n.SortItem, ...]:
        items = []
        while True:
            at = self.c.at
            expression = self.expression()
            descending = self.c.take_word("ASC", "DESC") == "DESC"
            nulls = self.c.expect_word("FIRST", "LAST") if self.c.take_word("NULLS") else None
            items.append(n.SortItem(expression, descending, None if nulls is None else nulls == "FIRST", at=at))
            if not self.c.take_symbol(","):
                return tuple(items)

    def _over(self) -> n.Over:
        at = self.c.at
        self.c.expect_symbol("(")
        partition = self.expressions() if self.c.take_words("PARTITION", "BY") else ()
        order_by = self.sort_items() if self.c.take_words("ORDER", "BY") else ()
        unit, frame = self.c.take_word("ROWS", "RANGE"), None
        if unit and self.c.take_word("BETWEEN"):
            first = self._frame_bound()
            self.c.expect_word("AND")
            frame = (first, self._frame_bound())
        elif unit:
            frame = (self._frame_bound(), n.FrameBound("CURRENT ROW", at=at))
        self.c.expect_symbol(")")
        return n.Over(partition, order_by, unit, frame, at=at)

    def _frame_bound(self) -> n.FrameBound:
        at = self.c.at
        for kind in FRAME_ENDS:
            if self.c.take_words(*kind.split()):
                return n.FrameBound(kind, at=at)
        offset = self.expression()
        return n.FrameBound(self.c.expect_word("PRECEDING", "FOLLOWING"), offset, at=at)
