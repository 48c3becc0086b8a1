"""Podman and Docker as stand-ins for bubblewrap: what they are asked, what they are told, and when they are refused."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from checker.cli import isolation_findings
from checker.cli.grade import run
from checker.errors import LabError, ToolMissing, UsageProblem
from checker.grading import choice, contained, image
from checker.grading.choice import choose_isolation
from checker.grading.contained import grade_in_container, same_options, time_zone
from checker.isolation.container import Container, run_command
from checker.isolation.engine import Engine, find_engine, read_docker, read_podman, refuse_root

PODMAN = Engine("podman", "/usr/bin/podman", "5.4.0", 16_000, 4, frozenset({"memory", "pids"}), rootless=True)
DOCKER = Engine("docker", "/usr/bin/docker", "28.1", 16_000, 4, frozenset({"memory", "pids"}))
PODMAN_SAYS = {
    "host": {"memTotal": 16_777_216_000, "cpus": 4, "cgroupControllers": ["cpu", "memory", "pids"], "security": {"rootless": True}},
    "version": {"Version": "5.4.0"},
}  # fmt: skip
DOCKER_SAYS = {
    "OSType": "linux", "ServerVersion": "28.1", "MemTotal": 16_777_216_000, "NCPU": 4, "MemoryLimit": True, "PidsLimit": True,
    "SecurityOptions": ["name=apparmor", "name=seccomp,profile=builtin", "name=cgroupns"],
}  # fmt: skip
STAND_IN = """#!/bin/sh
echo "$@" >> '{log}'
case "$1" in
  info) cat '{log}.info' ;;
  image) exit 1 ;;
  build) {build} ;;
esac
"""


def words_of(engine: Engine, **more: object) -> str:
    container = Container("image:1", "lab-grade-1", (1001, 1002), 2, **more)  # type: ignore[arg-type]
    return " ".join(run_command(engine, container, ["lab", "grade"]))


@pytest.mark.parametrize("engine", [PODMAN, DOCKER], ids=["podman", "docker"])
def test_a_container_has_no_network_no_capability_no_root_and_writes_the_grades_only(engine: Engine):
    words = words_of(engine, readable=(Path("/home/i/class"),), writable=(Path("/home/i/grades"),))

    for wanted in ("--network none", "--read-only", "--cap-drop ALL", "--security-opt no-new-privileges", "--user 1001:1002",
                   "type=bind,source=/home/i/class,target=/home/i/class,readonly", "--pids-limit 8192", "--memory 9216m"):  # fmt: skip
        assert wanted in words
    assert words.count("--mount") == 2 and ".sock" not in words and "privileged" not in words.replace("no-new-", "")
    assert words.endswith("image:1 lab grade")


def test_each_engine_gets_what_namespaces_inside_need_and_no_more():
    assert "unmask=ALL" in (podman := words_of(PODMAN)) and "keep-id" in podman and "seccomp=" not in podman
    assert "systempaths=unconfined" in (docker := words_of(DOCKER, profile=Path("/p.json"))) and "=/p.json" in docker
    assert "userns" not in docker


def test_an_engine_that_cannot_limit_is_not_asked_to_and_never_for_more_than_there_is():
    assert "--memory" not in words_of(Engine("podman", "podman", "4", 16_000, 4))
    assert "--memory 3600m" in words_of(Engine("docker", "docker", "28", 4_000, 4, frozenset({"memory"})))


def test_a_folder_that_an_engine_would_misread_is_told():
    with pytest.raises(UsageProblem, match="comma"):
        words_of(DOCKER, readable=(Path("/home/i/class,readonly=false"),))


def test_engines_are_read_as_they_describe_themselves():
    assert read_podman("/usr/bin/podman", PODMAN_SAYS) == PODMAN
    assert read_docker("/usr/bin/docker", DOCKER_SAYS) == DOCKER


def test_a_docker_that_would_write_as_another_user_or_holds_windows_is_refused():
    with pytest.raises(ToolMissing, match="rootless"):
        read_docker("docker", DOCKER_SAYS | {"SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"]})
    with pytest.raises(ToolMissing, match="windows containers"):
        read_docker("docker", DOCKER_SAYS | {"OSType": "windows"})


def stand_in(folder: Path, name: str, says: object, build: str = "exit 0") -> Path:
    """A program in the engine's place; the file beside it lists the calls."""
    log = folder / f"{name}.log"
    log.with_name(f"{log.name}.info").write_text(json.dumps(says))
    program = folder / name
    program.write_text(STAND_IN.format(log=log, build=build))
    program.chmod(0o755)
    return log


def test_an_engine_that_does_not_answer_says_why(tmp_path: Path):
    program = tmp_path / "docker"
    program.write_text(
        "#!/bin/sh\necho '{\"ServerErrors\": [\"no\"]}'\necho 'Cannot connect to the daemon' >&2; exit 1\n"
    )
    program.chmod(0o755)

    with pytest.raises(ToolMissing, match="Docker does not answer: Cannot connect"):
        find_engine("docker", str(tmp_path))
    with pytest.raises(ToolMissing, match="Podman is not installed"):
        find_engine("podman", str(tmp_path))


def broken_bwrap() -> str:
    raise ToolMissing("bubblewrap does not work: no namespaces", next_step="allow them")


def test_auto_takes_the_first_that_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(choice, "working_bwrap", broken_bwrap)
    monkeypatch.setattr(choice.os, "geteuid", lambda: 1001)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    stand_in(tmp_path, "docker", DOCKER_SAYS)
    podman = tmp_path / "podman"
    podman.write_text("#!/bin/sh\necho 'no runtime' >&2; exit 125\n")
    podman.chmod(0o755)

    chosen = choose_isolation("auto").engine
    assert chosen and chosen.name == "docker"
    stand_in(tmp_path, "podman", PODMAN_SAYS)
    chosen = choose_isolation("auto").engine
    assert chosen and chosen.name == "podman"


def test_where_nothing_isolates_the_refusal_names_what_each_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(choice, "working_bwrap", broken_bwrap)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ToolMissing) as refusal:
        choose_isolation("auto")
    for said in (
        "no namespaces",
        "allow them",
        "Podman is not installed",
        "Docker is not installed",
        "run as you",
        "none",
    ):
        assert said in str(refusal.value)


def test_root_gets_no_container():
    with pytest.raises(ToolMissing, match="you are root"):
        refuse_root(0)
    refuse_root(1001)


def test_a_cluster_is_not_offered_containers(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(choice, "working_bwrap", broken_bwrap)

    with pytest.raises(UsageProblem, match="cluster"):
        choose_isolation("podman", containers=False)
    with pytest.raises(ToolMissing) as refusal:
        choose_isolation("auto", containers=False)
    assert "Podman" not in str(refusal.value).split("Without isolation")[0]


def test_the_command_inside_has_the_options_of_the_one_outside():
    options = {"only": ("ada", "bob"), "changed": True, "again": False, "parts": "1,2", "within": 900.0, "house": 0,
               "shard": None, "jobs": 3, "isolation": "podman", "scheduler": None, "course_file": None}  # fmt: skip

    words = same_options(run, options)

    assert words == [
        "--only",
        "ada",
        "--only",
        "bob",
        "--changed",
        "--parts",
        "1,2",
        "--within",
        "900.0",
        "--house",
        "0",
    ]
    with run.make_context("run", ["class", "--out", "grades", *words]) as context:
        inside = {name: context.params[name] for name in ("only", "changed", "parts", "within", "house")}
    assert inside == {name: options[name] for name in inside}


def test_a_time_without_a_zone_means_the_same_inside(tmp_path: Path):
    zone = tmp_path / "zoneinfo" / "Europe" / "Riga"
    zone.parent.mkdir(parents=True)
    zone.touch()
    (tmp_path / "localtime").symlink_to(zone)

    assert time_zone({}, tmp_path / "localtime") == "Europe/Riga"
    assert time_zone({"TZ": ":Asia/Tokyo"}, tmp_path / "localtime") == "Asia/Tokyo"
    assert time_zone({}, tmp_path / "nothing") == ""


@pytest.fixture
def small_kit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is copied into the image: what counts is what the engine is told."""
    monkeypatch.setattr(image, "lay_out", lambda context: None)


def test_grading_in_a_container_builds_asks_and_grades(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_kit: None
):
    log = stand_in(tmp_path, "docker", DOCKER_SAYS)
    engine = find_engine("docker", str(tmp_path))
    monkeypatch.setenv(image.SETTING, "--build-arg BASE=mirror.example/python:3.13")
    said: list[str] = []

    code = grade_in_container(engine, run, {"house": 0}, submissions=Path("/class"), out=Path("/grades"), rules=[Path("/rules")],
                              jobs=2, say=said.append)  # fmt: skip

    _, has, build, probe, remove, grade = log.read_text().splitlines()
    assert code == 0 and "Building the image" in said[0]
    assert has.startswith("image inspect") and "BASE=mirror.example/python:3.13" in build
    assert probe.endswith("-m checker.isolation.probe") and remove.startswith("rm lab-grade-")
    assert grade.endswith("grade run /class --out /grades --isolation bwrap --jobs 2 --house 0")
    assert "source=/rules,target=/rules,readonly" in grade and "source=/grades,target=/grades " in grade
    assert "--env LAB_CONTAINER=Docker 28.1" in grade and "seccomp.json" in grade


def test_an_image_that_cannot_be_built_is_told_with_the_engines_words(tmp_path: Path, small_kit: None):
    stand_in(tmp_path, "podman", PODMAN_SAYS, build="echo 'no route to registry'; exit 125")
    engine = find_engine("podman", str(tmp_path))

    with pytest.raises(LabError, match="no route to registry") as told:
        image.ensure_image(engine, lambda _: None)
    assert image.SETTING in str(told.value)


def test_another_kit_has_another_image_and_caches_do_not_count(tmp_path: Path):
    for name in ("checker", "labcloud", "parts", "starter"):
        (tmp_path / name / "__pycache__").mkdir(parents=True)
        (tmp_path / name / "a.py").write_text("x")
    for name in image.FILES:
        (tmp_path / name).write_text("x")
    first = image.image_tag(tmp_path)
    (tmp_path / "checker" / "__pycache__" / "a.pyc").write_text("compiled")
    assert image.image_tag(tmp_path) == first
    (tmp_path / "parts" / "a.py").write_text("changed")
    assert image.image_tag(tmp_path) != first


def test_the_options_that_stay_outside_are_options_of_the_command():
    names = {parameter.name for parameter in run.params}

    assert isinstance(run, click.Command) and set(contained.STAYS_OUTSIDE) <= names


def test_the_doctor_says_of_each_way_to_isolate_whether_it_works_and_what_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(isolation_findings, "working_bwrap", broken_bwrap)
    monkeypatch.setattr(isolation_findings.os, "geteuid", lambda: 1001)
    monkeypatch.setenv("PATH", str(tmp_path))
    log = stand_in(tmp_path, "docker", DOCKER_SAYS)
    log.with_name("docker.log.info").write_text("")
    stand_in(tmp_path, "podman", PODMAN_SAYS)
    (tmp_path / "cat").symlink_to("/bin/cat")

    bubblewrap, podman, docker, cgroups = isolation_findings.isolation_findings()

    assert (bubblewrap.good, bubblewrap.remedy) == (False, "allow them")
    assert podman.good and "Podman 5.4.0 answers; its image is not built yet" in podman.found
    assert not docker.good and "Docker does not answer" in docker.found and docker.remedy
    assert cgroups.good or "watched" in cgroups.found
