"""AWS IoT: moto keeps the registry; shadows, logging options and destinations are ours, and so is the data plane."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING

from labcloud.api import Scope, Served
from labcloud.destinations import Destinations
from labcloud.iot.data import IotData
from labcloud.iot.device_api import DeviceApi
from labcloud.iotlogging.writer import IotLogWriter
from labcloud.motobase.iam import unique_id
from labcloud.mqtt import Origin, Published
from labcloud.shadows import Shadows

if TYPE_CHECKING:
    from labcloud.cloud import Cloud


def make_destinations(cloud: Cloud) -> Destinations:
    return Destinations(cloud.web, cloud.clock.now, lambda: cloud.endpoint_url)


def make_log(cloud: Cloud) -> IotLogWriter:
    writer = IotLogWriter(cloud.iot_options, cloud.roles, cloud.clock.now)
    writer.start()
    return writer


def make_shadows(cloud: Cloud) -> Shadows:
    def publish(scope: Scope, topic: str, payload: bytes) -> Future[Published]:
        """Does not wait: the broker's own thread may be the caller."""
        origin = Origin(scope.account_id, scope.region)
        return cloud.mqtt.publish_threadsafe(origin, topic, payload, qos=1, system=True)

    shadows = Shadows(cloud.clock.now, publish)
    if cloud.joint:
        shadows.on_change = cloud.joint.shadow_changed
    return shadows


def make_data(cloud: Cloud) -> IotData:
    return IotData(cloud.publish, cloud.call_broker, cloud.shadows, unique_id)


def make_device_api(cloud: Cloud) -> DeviceApi:
    return DeviceApi(cloud.iot_data, cloud.registry, cloud.roles.why_not_assumed, cloud.front.keeping)


def serve(cloud: Cloud) -> Mapping[str, Served]:
    control = {**cloud.destinations.operations, **cloud.iot_options.operations}
    return {"iot": Served(control), "iot-data": Served(cloud.iot_data.operations, rest_by_moto=False)}
