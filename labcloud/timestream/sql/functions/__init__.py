"""The functions of Timestream's SQL as tables: a function that is in no table does not exist.

So nothing of DuckDB is reachable that a table does not name (no files, no network, no settings).
"""

from __future__ import annotations

from labcloud.timestream.sql.functions import aggregates, arrays, dates, mathematics, series, text, windows
from labcloud.timestream.sql.signatures import Table

SCALAR: Table = {**mathematics.TABLE, **text.TABLE, **dates.TABLE, **series.TABLE}
for _name, _overloads in arrays.TABLE.items():
    SCALAR[_name] = SCALAR.get(_name, ()) + _overloads

AGGREGATE: Table = {**aggregates.TABLE, **series.AGGREGATES}
WINDOW: Table = windows.TABLE
