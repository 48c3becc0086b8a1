"""Load generators: each a process of its own, so that it takes no time from what it measures."""
