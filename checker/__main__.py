"""`python -m checker` is the `lab` command."""

from checker.cli import main

main()
