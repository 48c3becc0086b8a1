"""What the local cloud costs and carries, in ratios to others that do the same work in the same run.

`python -m benchmarks` measures, prints the table and writes build/benchmarks.json; `--write-doc` rewrites
doc/benchmarks.md. The kit itself never imports this package.
"""
