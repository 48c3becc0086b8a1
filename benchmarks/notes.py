"""What stands under the tables of doc/benchmarks.md: the limit behind each number that matters, and what would lift it."""

LIMITS = """To be written after the measurement."""
