from __future__ import annotations

import json
import uuid

import pytest


def controlled_life(house, minutes):
    """Lets a house live under the rule of the course; returns all readings and the switches as (zone, minute, on)."""
    readings, switches = [], []
    for minute in range(1, minutes + 1):
        last_minute = house.step(60)
        readings += last_minute
        for zone_id in house.zones:
            valid = [r.temperature for r in last_minute if r.zone_id == zone_id and not r.is_artefact]
            mean = sum(valid) / len(valid)
            if (mean > 35 or mean < 20) and house.switch(zone_id, mean > 35):
                switches.append((zone_id, minute, mean > 35))
    return readings, switches


@pytest.mark.parametrize("seed", range(8))
def test_the_air_conditioner_goes_on_after_six_minutes_then_off_then_on_again(house_module, seed):
    _, switches = controlled_life(house_module.House(seed), minutes=30)

    for zone in (1, 2):
        minutes = [minute for zone_id, minute, _ in switches if zone_id == zone]
        assert [on for zone_id, _, on in switches if zone_id == zone][:3] == [True, False, True]
        assert 5 <= minutes[0] <= 7
        assert minutes[2] - minutes[0] <= 15


def test_the_same_seed_gives_the_same_readings(house_module):
    first, second = (controlled_life(house_module.House(7), minutes=15)[0] for _ in range(2))

    assert first == second


def test_another_seed_gives_other_readings(house_module):
    assert house_module.House(1).step(5) != house_module.House(2).step(5)


def test_the_readings_do_not_depend_on_the_length_of_the_steps(house_module):
    in_pieces = house_module.House(3)

    assert house_module.House(3).step(60) == [r for seconds in (1, 4, 7, 48) for r in in_pieces.step(seconds)]


def test_every_sensor_measures_every_five_seconds(house_module):
    readings = house_module.House(0).step(60)

    assert [r.at_s for r in readings if r.sensor_id == 3] == list(range(5, 61, 5))


def test_a_sensor_belongs_to_its_zone(house_module):
    assert {(r.zone_id, r.sensor_id) for r in house_module.House(0).step(5)} == {(1, 1), (1, 2), (2, 3), (2, 4)}


def test_the_houses_of_a_fleet_share_neither_zones_nor_sensors(house_module):
    readings = house_module.House(0, number=3).step(5)

    assert {(r.zone_id, r.sensor_id) for r in readings} == {(5, 9), (5, 10), (6, 11), (6, 12)}


def test_about_five_percent_are_artefacts_between_40_and_50(house_module):
    readings, _ = controlled_life(house_module.House(0), minutes=120)
    artefacts = [r.temperature for r in readings if r.is_artefact]

    assert 0.03 < len(artefacts) / len(readings) < 0.07
    assert min(artefacts) >= 40
    assert max(artefacts) <= 50


def test_an_uncontrolled_house_stays_below_the_artefacts(house_module):
    house = house_module.House(0)
    house.step(4 * 3600)

    assert all(35 < room.celsius < 39.5 for zone in house.zones.values() for room in zone.rooms)


def test_a_room_that_is_always_cooled_falls_below_20(house_module):
    house = house_module.House(0)
    for zone_id in house.zones:
        house.switch(zone_id, True)
    house.step(3600)

    assert all(room.celsius < 19 for zone in house.zones.values() for room in zone.rooms)


def test_a_message_has_the_four_fields_of_the_course(house_module):
    reading = house_module.House(0).step(5)[0]

    message = json.loads(reading.payload())
    assert list(message) == ["id", "temperature", "sensor_id", "zone_id"]
    assert uuid.UUID(message["id"]).version == 4
    assert (reading.topic, message["sensor_id"], message["zone_id"]) == ("sensor/temperature/temp_1", 1, 1)


def test_switching_twice_changes_something_once(house_module):
    house = house_module.House(0)

    assert [house.switch(1, True), house.switch(1, True), house.switch(1, False)] == [True, False, True]


@pytest.mark.parametrize("enabled", [True, False])
def test_a_command_names_its_zone_and_state(house_module, enabled):
    payload = json.dumps({"state": {"enabled": enabled}}).encode()

    assert house_module.parse_command("AC/AC-12", payload) == (12, enabled)


@pytest.mark.parametrize("payload", [b"", b"no json", b"[]", b'{"state": true}', b'{"state": {"enabled": "yes"}}'])
def test_a_command_of_another_form_is_refused_by_name(house_module, payload):
    with pytest.raises(ValueError, match="not of the form"):
        house_module.parse_command("AC/AC-1", payload)


@pytest.mark.parametrize("topic", ["AC/AC-", "AC/AC-one", "x/AC/AC-1", "sensor/temperature/temp_1"])
def test_a_command_on_another_topic_is_refused_by_name(house_module, topic):
    with pytest.raises(ValueError, match="not the topic of an air conditioner"):
        house_module.parse_command(topic, b'{"state": {"enabled": true}}')
