"""The decision: should the air conditioner of a zone run? Nothing here talks to AWS."""

# TODO 4.1: replace the two thresholds and the body of decide, until the unit
# tests in tests/test_decision.py pass.
HOT_CELSIUS = 0.0
COLD_CELSIUS = 0.0


def decide(mean_celsius: float) -> bool | None:
    """True: switch on. False: switch off. None: leave the air conditioner as it is."""
    return None
