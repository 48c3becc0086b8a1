"""AWS IoT device shadows, classic and named: documents and versions (document.py), over MQTT and HTTP (service.py).

Things need not be registered. Never: jobs, fleet indexing.
"""

from labcloud.shadows.document import Shadow, ShadowError
from labcloud.shadows.service import Shadows

__all__ = ["Shadow", "ShadowError", "Shadows"]
