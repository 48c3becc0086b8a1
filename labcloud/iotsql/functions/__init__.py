"""Every function of AWS IoT SQL: one module per family; importing them fills the table (iot-sql-functions)."""

from . import bits, coding, collections, external, hashes, mathematics, message, regexps, strings, times
from .registry import FUNCTIONS, V2015, V2016, VERSIONS, Function

__all__ = ["FUNCTIONS", "V2015", "V2016", "VERSIONS", "Function"]
_FAMILIES = (bits, coding, collections, external, hashes, mathematics, message, regexps, strings, times)
