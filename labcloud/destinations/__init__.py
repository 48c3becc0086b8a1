"""Topic rule destinations: the URLs that HTTP rule actions may post to, once their owner has confirmed them."""

from labcloud.destinations.posting import post_until_taken
from labcloud.destinations.service import Destinations

__all__ = ["Destinations", "post_until_taken"]
