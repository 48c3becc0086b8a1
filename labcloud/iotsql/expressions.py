"""Stage 2a: tokens → expressions, by precedence climbing; the nesting is bounded, so no text exhausts the stack.

AWS prints no table of precedence. Its examples imply the usual one: OR, AND, NOT, comparison and IN, + and -, then
* / %, then a sign, then `.member` (iot-sql-operators, iot-sql-select).
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from . import ast
from .errors import SqlParseError
from .hints import HINTS, NO_COMMENTS
from .tokens import Lexer, Token
from .values import MAX_DIGITS

MAX_DEPTH = 64
OR, AND, COMPARISON, SUM, PRODUCT, SIGN = range(1, 7)
_LEVELS = {"OR": OR, "AND": AND, "IN": COMPARISON, "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "%": PRODUCT}
_LEVELS |= dict.fromkeys(("=", "<>", "<", "<=", ">", ">="), COMPARISON)

RESERVED = frozenset(["SELECT", "FROM", "WHERE", "AS", "AND", "OR", "NOT", "IN", "CASE", "WHEN", "THEN", "ELSE", "END"])
"""Words that cannot begin a path. After a dot or AS every word may stand."""
_OFTEN_NAMES = frozenset(["END", "WHEN", "THEN", "ELSE", "IN"])


class ExpressionParser:
    """Reads expressions from a lexer; the parser of statements builds on it."""

    def __init__(self, text: str, position: int = 0) -> None:
        self.lexer = Lexer(text, position)
        self.index = 0
        self.depth = 0

    # --- tokens

    def peek(self, ahead: int = 0) -> Token:
        return self.lexer.token(self.index + ahead)

    def next(self) -> Token:
        token = self.peek()
        self.index += 1
        return token

    def is_symbol(self, text: str, ahead: int = 0) -> bool:
        token = self.peek(ahead)
        return token.kind == "symbol" and token.text == text

    def take_symbol(self, text: str) -> bool:
        found = self.is_symbol(text)
        self.index += found
        return found

    def take_word(self, word: str) -> bool:
        found = self.peek().word == word
        self.index += found
        return found

    def expect_symbol(self, text: str, why: str) -> Token:
        if not self.is_symbol(text):
            raise self.unexpected(f"'{text}' {why}")
        return self.next()

    def expect_word(self, word: str, why: str) -> Token:
        if self.peek().word != word:
            raise self.unexpected(f"{word} {why}")
        return self.next()

    def last_end(self) -> int:
        return self.lexer.token(self.index - 1).end if self.index else 0

    def error(self, token: Token, problem: str, hint: str = "") -> SqlParseError:
        return self.lexer.error(token, problem, hint)

    def unexpected(self, expected: str) -> SqlParseError:
        """The refusal of the next token: what was expected, what stands there, and a remedy if we know one."""
        token = self.peek()
        hint = HINTS.get(token.text, "") or HINTS.get(token.word, "")
        if token.kind == "end":
            return self.error(token, f"expected {expected}, but the text ends here")
        if token.kind == "comment":
            hint = NO_COMMENTS
        if token.kind == "unknown" and token.text in "'\"":
            return self.error(token, "this string has no closing quote")
        if token.kind == "string" and self.index and self.lexer.token(self.index - 1).end == token.start:
            hint = "A quote inside a string is written between the other kind of quotes."
        return self.error(token, f"expected {expected}, but found {token.text[:60]}", hint)

    # --- operators

    def expression(self, minimum: int = OR) -> ast.Node:
        """An expression whose operators bind at least as tightly as `minimum`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(self.peek(), f"the expression is nested deeper than {MAX_DEPTH} levels")
        left = self._prefix()
        while (level := self._operator_level()) >= minimum:
            left = self._operation(left, level)
        self.depth -= 1
        return left

    def _operator_level(self) -> int:
        token = self.peek()
        return _LEVELS.get(token.word if token.kind == "word" else token.text if token.kind == "symbol" else "", 0)

    def _operation(self, left: ast.Node, level: int) -> ast.Node:
        if level == COMPARISON:
            operator = self.next()
            right = self.expression(SUM)
            if self._operator_level() == COMPARISON:
                raise self.error(
                    self.peek(), "comparisons cannot be chained", "Join them with AND, or use parentheses."
                )
            if operator.word == "IN":
                return ast.In(left.start, right.end, left, right)
            return ast.Comparison(left.start, right.end, operator.text, left, right)
        rest = []
        while self._operator_level() == level:
            operator = self.next()
            rest.append((operator.word or operator.text, self.expression(level + 1)))
        if level in (OR, AND):
            operands = (left, *(operand for _, operand in rest))
            return ast.Logic(left.start, self.last_end(), "OR" if level == OR else "AND", operands)
        return ast.Arithmetic(left.start, self.last_end(), left, tuple(rest))

    def _prefix(self) -> ast.Node:
        token = self.peek()
        if token.word == "NOT":
            self.next()
            operand = self.expression(COMPARISON)
            return ast.Not(token.start, operand.end, operand)
        if self.take_symbol("-"):
            operand = self.expression(SIGN)
            if isinstance(operand, ast.Literal) and type(operand.value) is int:
                return ast.Literal(token.start, operand.end, -operand.value)
            if isinstance(operand, ast.Literal) and type(operand.value) is Decimal:
                return ast.Literal(token.start, operand.end, operand.value.copy_negate())
            return ast.Negate(token.start, operand.end, operand)
        return self._members(self._primary())

    def _members(self, base: ast.Node) -> ast.Node:
        names = self._dotted()
        if not names:
            return base
        if isinstance(base, ast.Path):
            return ast.Path(base.start, self.last_end(), (*base.names, *names))
        if isinstance(base, ast.Literal):
            raise self.error(self.lexer.token(self.index - 1), "a literal has no members")
        return ast.Member(base.start, self.last_end(), base, names)

    def _dotted(self) -> tuple[str, ...]:
        names = []
        while self.take_symbol("."):
            if self.peek().kind != "word":
                # iot-sql-json: the dot does not work for names with a hyphen or digits in front.
                hint = 'Other names than letters, digits and _ are read with get(object, "name").'
                raise self.error(self.peek(), "expected a name after the dot", hint)
            names.append(self.next().text)
        return tuple(names)

    # --- operands

    def _primary(self) -> ast.Node:
        token = self.peek()
        if token.kind in ("number", "string"):
            return self._literal(self.next())
        if token.kind == "variable":
            if len(self.next().text) < 2:
                raise self.error(token, "expected the name of a variable after @")
            return ast.Variable(token.start, token.end, token.text[1:])
        if token.kind == "word":
            return self._word(token)
        if token.kind == "symbol" and token.text in "([{":
            return {"(": self._parentheses, "[": self._array, "{": self._object}[token.text]()
        if token.text == "*":
            raise self.error(token, "* stands only in SELECT and as an argument of a function that takes the payload")
        raise self.unexpected("a value")

    def _literal(self, token: Token) -> ast.Literal:
        if token.kind == "string":
            return ast.Literal(token.start, token.end, token.text[1:-1])
        number: int | Decimal = int(token.text) if token.text.isdigit() and len(token.text) <= MAX_DIGITS else 0
        if not token.text.isdigit():
            number = Decimal(token.text)
            if len(number.as_tuple().digits) > MAX_DIGITS or abs(number.adjusted()) > 999:
                raise self.error(token, f"a Decimal has at most {MAX_DIGITS} digits, from 1E-999 to 9.99E999")
        elif len(token.text) > MAX_DIGITS:
            raise self.error(token, f"an Int has at most {MAX_DIGITS} digits")
        if self.peek().kind == "word" and self.peek().start == token.end:
            raise self.error(self.peek(), "a name cannot begin with a digit", 'Read it with get(object, "name").')
        return ast.Literal(token.start, token.end, number)

    def _word(self, token: Token) -> ast.Node:
        if token.word in ("TRUE", "FALSE", "NULL") and not self.is_symbol("(", 1):
            self.next()
            return ast.Literal(token.start, token.end, {"TRUE": True, "FALSE": False, "NULL": None}[token.word])
        if token.word == "CASE":
            return self._case()
        if token.word in RESERVED:
            if token.word in _OFTEN_NAMES:
                hint = f'A member of this name is read with get(*, "{token.text}").'
                raise self.error(token, f"expected a value, but found the keyword {token.text}", hint)
            raise self.unexpected("a value")
        if self.is_symbol("(", 1):
            if token.word == "EXISTS":
                return self._exists()
            return self._cast() if token.word == "CAST" else self._call()
        self.next()
        return ast.Path(token.start, token.end, (token.text,))

    def _call(self) -> ast.Node:
        name = self.next()
        self.next()
        arguments: list[ast.Node] = []
        while not self.is_symbol(")"):
            if arguments:
                self.expect_symbol(",", f"or ')' in the arguments of {name.text}")
            star = self.is_symbol("*")
            arguments.append(self._star() if star else self.expression())
        end = self.next().end
        return ast.Call(name.start, end, name.text, tuple(arguments))

    def _star(self) -> ast.Star:
        token = self.next()
        return ast.Star(token.start, token.end)

    def _cast(self) -> ast.Node:
        start = self.next().start
        self.next()
        value = self.expression()
        self.expect_word("AS", "and a type: cast(value as type)")
        if self.peek().kind != "word":
            raise self.unexpected("a type")
        kind = self.next()
        end = self.expect_symbol(")", "after the type of cast").end
        return ast.Cast(start, end, value, kind.text, kind.start, kind.end)

    def _case(self) -> ast.Node:
        start = self.next()
        if self.peek().word == "WHEN":
            hint = "AWS IoT SQL has only CASE value WHEN constant THEN result … END."
            raise self.error(self.peek(), "expected the value to compare after CASE", hint)
        subject = self.expression()
        branches: list[tuple[ast.Node, ast.Node]] = []
        while not branches or self.peek().word == "WHEN":
            self.expect_word("WHEN", "in CASE")
            when = self.expression()
            self.expect_word("THEN", "in CASE")
            branches.append((when, self.expression()))
        otherwise = self.expression() if self.take_word("ELSE") else None
        end = self.expect_word("END", "of CASE").end
        return ast.Case(start.start, end, subject, tuple(branches), otherwise)

    def _parentheses(self) -> ast.Node:
        start = self.next().start
        inner = self.query(start) if self.peek().word == "SELECT" else self.expression()
        if self.is_symbol(","):
            raise self.error(self.peek(), "parentheses hold one expression", "Several values are an array: [1, 2, 3].")
        end = self.expect_symbol(")", "to close the parentheses").end
        return replace(inner, end=end) if isinstance(inner, ast.Query) else inner

    def _exists(self) -> ast.Node:
        start = self.next().start
        self.next()
        if self.peek().word != "SELECT":
            raise self.unexpected("SELECT: EXISTS takes a nested query")
        query = self.query(self.peek().start)
        end = self.expect_symbol(")", "to close the nested query").end
        return ast.Exists(start, end, query)

    def _array(self) -> ast.Node:
        start = self.next().start
        items: list[ast.Node] = []
        while not self.is_symbol("]"):
            if items:
                self.expect_symbol(",", "or ']' in the array")
            items.append(self.expression())
        return ast.ArrayLiteral(start, self.next().end, tuple(items))

    def _object(self) -> ast.Node:
        start = self.next().start
        members: list[tuple[str, ast.Node]] = []
        while not self.is_symbol("}"):
            if members:
                self.expect_symbol(",", "or '}' in the object")
            if self.peek().kind != "string":
                raise self.unexpected("a key in quotes")
            key = self.next().text[1:-1]
            self.expect_symbol(":", "after the key")
            members.append((key, self.expression()))
        return ast.ObjectLiteral(start, self.next().end, tuple(members))

    def query(self, start: int) -> ast.Query:
        raise self.error(self.peek(), "a nested query cannot stand here")
