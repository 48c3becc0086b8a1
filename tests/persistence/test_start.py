"""How the program starts on a state: what it cannot use it refuses in one sentence, without a trace."""

from __future__ import annotations

import sqlite3

import pytest

from tests.persistence.process import CloudProcess


def refusal(cloud: CloudProcess) -> str:
    """What the cloud says when it does not start."""
    process = cloud.spawn()
    try:
        assert process.wait(timeout=30) == 1
        assert process.stdout is not None
        assert process.stdout.read() == ""
    finally:
        process.kill()
        process.communicate()
    return cloud.log.read_text().splitlines()[-1]


@pytest.fixture
def stopped(cloud) -> CloudProcess:
    cloud.client("sqs").create_queue(QueueName="q")
    return cloud.stop()


def execute(cloud: CloudProcess, statement: str, *parameters: object) -> None:
    with sqlite3.connect(cloud.state_dir / "state.sqlite") as connection:
        connection.execute(statement, parameters)
    connection.close()


def test_another_version_is_refused_with_the_remedy(stopped):
    execute(stopped, "UPDATE rows SET value = ? WHERE space = 'about' AND key = 'moto'", b"4.0.0")
    text = refusal(stopped)
    assert "was written with moto 4.0.0" in text
    assert "lab reset-cloud" in text


def test_a_damaged_row_is_refused_with_the_remedy(stopped):
    execute(stopped, "UPDATE rows SET value = ? WHERE space = 'moto'", b"\x80\x05nonsense")
    text = refusal(stopped)
    assert "is damaged" in text
    assert "lab reset-cloud" in text
    assert "Traceback" not in stopped.log.read_text()


def test_a_file_that_is_no_database_is_refused_with_the_remedy(stopped):
    for name in ("state.sqlite-wal", "state.sqlite-shm"):
        (stopped.state_dir / name).unlink(missing_ok=True)
    (stopped.state_dir / "state.sqlite").write_bytes(b"nonsense" * 1000)
    text = refusal(stopped)
    assert "is damaged" in text
    assert "Traceback" not in stopped.log.read_text()


def test_a_folder_that_a_cloud_uses_is_refused(cloud):
    other = CloudProcess(cloud.state_dir)
    other.log = cloud.log.with_name("other.log")
    assert "Another local cloud uses" in refusal(other)


@pytest.mark.parametrize("name", ["ca.pem", "ca.key"])
def test_a_damaged_certificate_authority_is_refused_with_the_remedy(stopped, name):
    file = stopped.state_dir / "ca" / name
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:50])
    text = refusal(stopped)
    assert "The certificate authority in" in text and "is damaged" in text
    assert "lab reset-cloud" in text
    assert "Traceback" not in stopped.log.read_text()


def test_a_cloud_of_one_life_keeps_its_authority_and_what_it_says_of_itself_and_nothing_else(tmp_path):
    cloud = CloudProcess(tmp_path / "state", "--one-life").start()
    cloud.client("sqs").create_queue(QueueName="q")
    assert {file.name for file in cloud.state_dir.iterdir()} == {"ca", "cloud.json", "cloud_id"}

    cloud.kill_and_start()

    assert "QueueUrls" not in cloud.client("sqs").list_queues()
    cloud.stop()
