"""The threads behind the HTTP server."""

from __future__ import annotations

import threading

from labcloud.shell.http_workers import Workers
from tests.support import wait_until


def test_jobs_that_wait_for_each_other_run_at_once():
    workers, barrier, done = Workers(8), threading.Barrier(5), []
    for number in range(5):
        workers.do(lambda number=number: (barrier.wait(5), done.append(number)))
    wait_until(lambda: len(done) == 5, because="five jobs meet")
    workers.stop()


def test_beyond_the_limit_jobs_wait_for_a_free_thread():
    workers, release, names = Workers(2), threading.Event(), []
    for _ in range(6):
        workers.do(lambda: (release.wait(5), names.append(threading.current_thread().name)))
    release.set()
    wait_until(lambda: len(names) == 6, because="six jobs are done")
    assert len(set(names)) <= 2
    workers.stop()


def test_a_failing_job_costs_no_thread(caplog):
    workers, names = Workers(1), []
    workers.do(lambda: 1 / 0)
    workers.do(lambda: names.append(threading.current_thread().name))
    wait_until(lambda: names, because="the job after the failure")
    assert "a job of http could not be done" in caplog.text
    workers.stop()
