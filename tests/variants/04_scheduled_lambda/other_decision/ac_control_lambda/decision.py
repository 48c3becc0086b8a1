"""What to do about a mean temperature."""


def decide(mean_celsius):
    if 20 <= mean_celsius <= 35:
        return None
    return mean_celsius > 20
