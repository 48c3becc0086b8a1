"""The readings of the last minute: how they are queried from Timestream and summed up by zone."""

# A reading of 40 °C or more is an artefact of the sensor, wherever it comes from.
ARTEFACT_CELSIUS = 40.0

# Every reading is stored as several rows, one per measure; the rows of measure `id` name it once.
# The dimension `temperature` is text: see part 3 for why the measure of that name cannot be trusted.
LAST_MINUTE = """
SELECT zone_id, CAST(temperature AS double) AS temperature
FROM "{database}"."{table}"
WHERE measure_name = 'id' AND time BETWEEN ago(1m) AND now()
"""


def last_minute(timestream, database: str, table: str) -> list[tuple[int, float]]:
    """All readings of the last minute as pairs of zone and temperature, from every page of the answer."""
    readings = []
    request = {"QueryString": LAST_MINUTE.format(database=database, table=table)}
    while True:
        page = timestream.query(**request)
        for row in page["Rows"]:
            zone, temperature = (column["ScalarValue"] for column in row["Data"])
            readings.append((int(zone), float(temperature)))
        if "NextToken" not in page:
            return readings
        request["NextToken"] = page["NextToken"]


def mean_by_zone(readings: list[tuple[int, float]]) -> dict[int, float]:
    """The mean of the valid readings of each zone; a zone without any is left out."""
    valid: dict[int, list[float]] = {}
    for zone, temperature in readings:
        if temperature < ARTEFACT_CELSIUS:
            valid.setdefault(zone, []).append(temperature)
    return {zone: sum(temperatures) / len(temperatures) for zone, temperatures in sorted(valid.items())}
