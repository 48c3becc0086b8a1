"""One result model (checker/checks/result.py), several ways to show it: terminal, JSON, JUnit."""
