"""The decision: should the air conditioner of a zone run? Nothing here talks to AWS."""

HOT_CELSIUS = 35.0
COLD_CELSIUS = 20.0


def decide(mean_celsius: float) -> bool | None:
    """True: switch on. False: switch off. None: leave the air conditioner as it is."""
    if mean_celsius > HOT_CELSIUS:
        return True
    if mean_celsius < COLD_CELSIUS:
        return False
    return None
