"""Pages of query results and their tokens.

API reference, Query: a token is good for five uses or one hour, only for the same query by the same caller; using a
newer token ends the older ones.
"""

from __future__ import annotations

import base64
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from labcloud.timestream.errors import ValidationException
from labcloud.timestream.run import Rows, batches
from labcloud.timestream.sql.render import Datum, weight

PAGE_BYTES = 1_000_000
TOKEN_USES = 5
TOKEN_SECONDS = 3600
MAX_OPEN, MAX_LARGE = 100, 8
"""Queries whose pages are kept, and those of them that hold much; the one unused for longest is given up first."""

TOO_BIG = "Query aborted as max page response size has been exceeded by the output result row"
INVALID_TOKEN = "Invalid pagination token."

Page = list[dict[str, Any]]


@dataclass
class Ticket:
    """A token and, once it was used, the page it stands for and the ticket of the page after that."""

    token: str
    issued_s: float
    uses: int = 0
    page: Page = field(default_factory=list)
    following: Ticket | None = None


@dataclass
class OpenQuery:
    """A query of which pages are, or may be, still to come."""

    query_id: str
    text: str
    principal: str
    columns: list[dict[str, Any]]
    renderers: list[Callable[[Any], Datum]]
    rows: Rows
    bytes_read: int = 0
    used: Ticket | None = None
    upcoming: Ticket | None = None
    _rest: list[tuple[Any, ...]] = field(default_factory=list)
    _batches: Iterator[list[tuple[Any, ...]]] | None = None

    def next_page(self, max_rows: int | None) -> tuple[Page, bool]:
        """At most `max_rows` rows and about a megabyte, and whether there are more."""
        page: Page = []
        size = 0
        while self._fill() and (max_rows is None or len(page) < max_rows):
            row = [render(value) for render, value in zip(self.renderers, self._rest[-1], strict=True)]
            bytes_ = sum(map(weight, row)) + 12
            if bytes_ > PAGE_BYTES:
                raise ValidationException(TOO_BIG)
            if page and size + bytes_ > PAGE_BYTES:
                break
            self._rest.pop()
            size += bytes_
            page.append({"Data": row})
        self.bytes_read += size
        return page, bool(self._rest)

    def _fill(self) -> bool:
        if not self._rest:
            self._batches = self._batches or batches(self.rows)
            self._rest = next(self._batches, [])[::-1]
        return bool(self._rest)


class OpenQueries:
    """The queries whose tokens are good."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._queries: OrderedDict[str, OpenQuery] = OrderedDict()

    def first_page(self, query: OpenQuery, max_rows: int | None) -> tuple[Page, str | None]:
        """The first page and the token of the second, if there is one."""
        page, ticket = self._turn(query, max_rows)
        if ticket:
            self._queries[query.query_id] = query
            query.upcoming = ticket
            large = [each for each in self._queries.values() if each.rows.makes_much]
            if len(self._queries) > MAX_OPEN or len(large) > MAX_LARGE:
                self._forget((large if len(large) > MAX_LARGE else list(self._queries.values()))[0])
        return page, ticket.token if ticket else None

    def later_page(
        self, token: str, text: str, principal: str, max_rows: int | None
    ) -> tuple[OpenQuery, Page, str | None]:
        """The page a token stands for; the same token gives the same page again."""
        query = self._queries.get(_query_id(token))
        if query is None or (query.text, query.principal) != (text, principal):
            raise ValidationException(INVALID_TOKEN)
        if query.upcoming and token == query.upcoming.token:
            ticket = query.upcoming
            self._check(ticket)
            ticket.page, ticket.following = self._turn(query, max_rows)
            query.used, query.upcoming = ticket, ticket.following
        elif query.used and token == query.used.token:
            ticket = query.used
            self._check(ticket)
        else:
            raise ValidationException(INVALID_TOKEN)
        ticket.uses += 1
        self._queries.move_to_end(query.query_id)
        return query, ticket.page, ticket.following.token if ticket.following else None

    def _check(self, ticket: Ticket) -> None:
        if ticket.uses >= TOKEN_USES or self._now() - ticket.issued_s > TOKEN_SECONDS:
            raise ValidationException(INVALID_TOKEN)

    def _turn(self, query: OpenQuery, max_rows: int | None) -> tuple[Page, Ticket | None]:
        try:
            page, more = query.next_page(max_rows)
        except BaseException:
            self._forget(query)
            raise
        if more:
            raw = f"{query.query_id}:{secrets.token_hex(12)}".encode()
            return page, Ticket(base64.urlsafe_b64encode(raw).decode(), self._now())
        query.rows.close()
        return page, None

    def cancel(self, query_id: str) -> bool:
        """Gives up a query; whether there was one of this id."""
        query = self._queries.get(query_id)
        if query is not None:
            self._forget(query)
        return query is not None

    def _forget(self, query: OpenQuery) -> None:
        query.rows.close()
        self._queries.pop(query.query_id, None)

    def close(self) -> None:
        for query in list(self._queries.values()):
            self._forget(query)


def _query_id(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token.encode()).decode().partition(":")[0]
    except ValueError:
        return ""
