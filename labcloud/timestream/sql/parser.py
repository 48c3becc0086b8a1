"""Parses a whole Timestream statement: SELECT with all its clauses, SHOW, DESCRIBE, UNLOAD. All else is refused."""

from __future__ import annotations

from labcloud.timestream.errors import QuerySyntaxError, ValidationException
from labcloud.timestream.sql import nodes as n
from labcloud.timestream.sql.cursor import Cursor
from labcloud.timestream.sql.parse_expression import ExpressionParser

MAX_QUERY_BYTES = 262_144
"""Developer guide, "Quotas": the query text."""

JOINS = ("CROSS", "INNER", "LEFT", "RIGHT", "FULL", "JOIN", "NATURAL")


def parse_statement(sql: str) -> n.Statement:
    """The tree of one statement."""
    try:
        size = len(sql.encode())
    except UnicodeEncodeError:
        raise ValidationException("The query string is not valid Unicode.") from None
    if size > MAX_QUERY_BYTES:
        raise ValidationException(f"The query string is longer than {MAX_QUERY_BYTES} bytes.")
    cursor = Cursor(sql)
    try:
        statement = _statement(cursor)
    except RecursionError:
        raise QuerySyntaxError(cursor.at, "the query is nested too deeply") from None
    cursor.take_symbol(";")
    if cursor.token.kind != "end":
        cursor.fail("the end of the query")
    return statement


def _statement(c: Cursor) -> n.Statement:
    if c.token.is_word("SELECT", "WITH", "VALUES") or c.token.text == "(":
        return parse_query(c)
    at = c.at
    if c.take_word("DESCRIBE", "DESC"):
        return n.Describe(_table_name(c), at=at)
    if c.take_word("SHOW"):
        return _show(c, at)
    if c.take_word("UNLOAD"):
        return _unload(c, at)
    return c.fail("SELECT, WITH, SHOW, DESCRIBE or UNLOAD")


def _unload(c: Cursor, at: n.Position) -> n.Statement:
    """UNLOAD (SELECT …) TO 's3://…' WITH (format = 'CSV', partitioned_by = ARRAY[region])."""
    c.expect_symbol("(")
    query = parse_query(c)
    c.expect_symbol(")")
    c.expect_word("TO")
    destination = c.expect_kind("string", "the folder in S3, in quotes")
    options: list[n.UnloadOption] = []
    if c.take_word("WITH"):
        c.expect_symbol("(")
        options.append(_unload_option(c))
        while c.take_symbol(","):
            options.append(_unload_option(c))
        c.expect_symbol(")")
    return n.Unload(query, destination, tuple(options), at=at)


def _unload_option(c: Cursor) -> n.UnloadOption:
    at = c.at
    name = c.expect_name()
    c.expect_symbol("=")
    if not c.take_word("ARRAY"):
        return n.UnloadOption(name, c.expect_kind("string", "a text in quotes"), at=at)
    c.expect_symbol("[")
    names = [_partition(c)]
    while c.take_symbol(","):
        names.append(_partition(c))
    c.expect_symbol("]")
    return n.UnloadOption(name, tuple(names), at=at)


def _partition(c: Cursor) -> str:
    return c.advance().text if c.token.kind == "string" else c.expect_name()


def _show(c: Cursor, at: n.Position) -> n.Statement:
    what = c.expect_word("DATABASES", "TABLES", "MEASURES")
    if what == "MEASURES":
        c.expect_word("FROM", "IN")
        return n.ShowMeasures(_table_name(c), _like(c), at=at)
    if what == "DATABASES":
        return n.ShowDatabases(_like(c), at=at)
    database = c.expect_name() if c.take_word("FROM", "IN") else None
    return n.ShowTables(database, _like(c), at=at)


def _like(c: Cursor) -> str | None:
    return c.expect_kind("string", "a quoted pattern") if c.take_word("LIKE") else None


def _table_name(c: Cursor) -> n.TableName:
    at = c.at
    first = c.expect_name()
    if c.take_symbol("."):
        return n.TableName(first, c.expect_name(), at=at)
    return n.TableName(None, first, at=at)


def parse_query(c: Cursor) -> n.Query:
    """A query with WITH, ORDER BY and LIMIT, from where the cursor stands."""
    c.deeper()
    at = c.at
    common = _common_tables(c) if c.take_word("WITH") else ()
    body = _set_operation(c)
    order_by = _expressions(c).sort_items() if c.take_words("ORDER", "BY") else ()
    offset = limit = None
    while clause := c.take_word("LIMIT", "OFFSET"):
        if clause == "LIMIT" and c.take_word("ALL"):
            continue
        count = int(c.expect_kind("integer", "a whole number"))
        limit, offset = (count, offset) if clause == "LIMIT" else (limit, count)
    c.shallower()
    return n.Query(common, body, order_by, limit, offset, at=at)


def _expressions(c: Cursor) -> ExpressionParser:
    return ExpressionParser(c, parse_query)


def _common_tables(c: Cursor) -> tuple[n.CommonTable, ...]:
    tables = []
    while True:
        at = c.at
        name = c.expect_name()
        columns = _column_names(c)
        c.expect_word("AS")
        c.expect_symbol("(")
        tables.append(n.CommonTable(name, columns, parse_query(c), at=at))
        c.expect_symbol(")")
        if not c.take_symbol(","):
            return tuple(tables)


def _column_names(c: Cursor) -> tuple[str, ...]:
    if not c.take_symbol("("):
        return ()
    names = [c.expect_name()]
    while c.take_symbol(","):
        names.append(c.expect_name())
    c.expect_symbol(")")
    return tuple(names)


def _set_operation(c: Cursor) -> n.Body:
    left = _intersection(c)
    while (at := c.at) and (operator := c.take_word("UNION", "EXCEPT")):
        keep_all = c.take_word("ALL", "DISTINCT") == "ALL"
        left = n.SetOperation(operator, keep_all, left, _intersection(c), at=at)
    return left


def _intersection(c: Cursor) -> n.Body:
    left = _body(c)
    while (at := c.at) and c.take_word("INTERSECT"):
        keep_all = c.take_word("ALL", "DISTINCT") == "ALL"
        left = n.SetOperation("INTERSECT", keep_all, left, _body(c), at=at)
    return left


def _body(c: Cursor) -> n.Body:
    at = c.at
    if c.take_symbol("("):
        query = parse_query(c)
        c.expect_symbol(")")
        return n.Nested(query, at=at)
    if c.take_word("VALUES"):
        return _values(c, at)
    c.expect_word("SELECT")
    distinct = c.take_word("DISTINCT", "ALL") == "DISTINCT"
    items = [_select_item(c)]
    while c.take_symbol(","):
        items.append(_select_item(c))
    parse = _expressions(c)
    source = _source(c) if c.take_word("FROM") else None
    where = parse.expression() if c.take_word("WHERE") else None
    group_by = _group_by(c) if c.take_words("GROUP", "BY") else ()
    having = parse.expression() if c.take_word("HAVING") else None
    return n.Select(tuple(items), distinct, source, where, group_by, having, at=at)


def _values(c: Cursor, at: n.Position) -> n.Values:
    rows = []
    for item in _expressions(c).expressions():
        rows.append(item.items if isinstance(item, n.RowLiteral) else (item,))
    return n.Values(tuple(rows), at=at)


def _select_item(c: Cursor) -> n.SelectItem:
    at = c.at
    if c.take_symbol("*"):
        return n.SelectItem(n.Star(at=at), None, at=at)
    if c.at_name() and c.peek().text == "." and c.peek(2).text == "*":
        qualifier = c.expect_name()
        c.advance()
        c.advance()
        return n.SelectItem(n.Star(qualifier, at=at), None, at=at)
    expression = _expressions(c).expression()
    alias = c.expect_name() if c.take_word("AS") or _at_bare_alias(c) else None
    return n.SelectItem(expression, alias, at=at)


def _at_bare_alias(c: Cursor) -> bool:
    """Whether an alias without AS follows; LIMIT and OFFSET are no reserved words and begin a clause all the same."""
    clause = c.token.is_word("LIMIT", "OFFSET") and (c.peek().kind == "integer" or c.peek().is_word("ALL"))
    return c.at_name() and not clause


def _group_by(c: Cursor) -> tuple[tuple[str, tuple[tuple[n.Expression, ...], ...]], ...]:
    elements = []
    while True:
        kind = c.take_word("ROLLUP", "CUBE") or ("GROUPING SETS" if c.take_words("GROUPING", "SETS") else "")
        if kind:
            c.expect_symbol("(")
            sets = [_grouping_set(c)]
            while c.take_symbol(","):
                sets.append(_grouping_set(c))
            c.expect_symbol(")")
            elements.append((kind, tuple(sets)))
        else:
            elements.append(("", (_grouping_set(c),)))
        if not c.take_symbol(","):
            return tuple(elements)


def _grouping_set(c: Cursor) -> tuple[n.Expression, ...]:
    if c.token.text == "(" and c.peek().text == ")":
        c.advance()
        c.advance()
        return ()
    expression = _expressions(c).expression()
    return expression.items if isinstance(expression, n.RowLiteral) else (expression,)


def _source(c: Cursor) -> n.Relation:
    left = _joined(c)
    while (at := c.at) and c.take_symbol(","):
        left = n.Join("CROSS", left, _joined(c), at=at)
    return left


def _joined(c: Cursor) -> n.Relation:
    left = _relation(c)
    while c.token.is_word(*JOINS):
        at = c.at
        kind = c.take_word("CROSS", "INNER", "LEFT", "RIGHT", "FULL") or "INNER"
        if kind in ("LEFT", "RIGHT", "FULL"):
            c.take_word("OUTER")
        c.expect_word("JOIN")
        right = _relation(c)
        if kind == "CROSS":
            left = n.Join(kind, left, right, at=at)
        elif c.take_word("USING"):
            left = n.Join(kind, left, right, using=_column_names(c) or c.fail("'('"), at=at)
        else:
            c.expect_word("ON")
            left = n.Join(kind, left, right, on=_expressions(c).expression(), at=at)
    return left


def _relation(c: Cursor) -> n.Relation:
    at = c.at
    relation: n.Relation
    if c.take_word("UNNEST"):
        c.expect_symbol("(")
        arrays = _expressions(c).expressions()
        c.expect_symbol(")")
        relation = n.Unnest(arrays, c.take_words("WITH", "ORDINALITY"), at=at)
    elif c.token.text == "(" and c.token.kind == "symbol":
        relation = _relation_in_parentheses(c, at)
    else:
        relation = _table_name(c)
    if c.take_word("AS") or (_at_bare_alias(c) and not c.token.is_word(*JOINS)):
        alias = c.expect_name()
        return n.Aliased(relation, alias, _column_names(c), at=at)
    return relation


def _relation_in_parentheses(c: Cursor, at: n.Position) -> n.Relation:
    c.expect_symbol("(")
    if c.token.is_word("SELECT", "WITH", "VALUES"):
        relation: n.Relation = n.DerivedTable(parse_query(c), at=at)
    else:
        c.deeper()
        relation = _source(c)
        c.shallower()
    c.expect_symbol(")")
    return relation
