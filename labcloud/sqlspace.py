"""What may stand before a statement of SQL: white space and comments, of Timestream's and Athena's dialects alike."""

BEFORE_A_STATEMENT = r"(?>\s+|--[^\n]*\n|/\*.*?\*/)*+"
"""For regular expressions with DOTALL. Never taken back: a hundred comments would be tried in 2^100 ways."""
