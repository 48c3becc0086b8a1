"""The rules engine: which rules a message meets, what their SQL makes of it, which actions follow, as data.

Evaluating is pure; sending an action out (Dispatcher) asks the role's permission first and goes through ports, so the
engine knows no other service.
"""
