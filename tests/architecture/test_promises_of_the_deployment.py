"""What docker-compose.yml promises, read as a file; it is run for real before a release."""

import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fleet import ROOT, SERVICES

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = (*SERVICES, "gateway")
CONTAINERS: dict[str, Any] = COMPOSE["services"]
HOST = re.compile(r"://(?:[^/@]*@)?([a-z][a-z-]*)(?=[:/])")
VARIABLE = re.compile(r"\$\{(MASAR_[A-Z_]+)")


def variables(text: str) -> set[str]:
    return {line.partition("=")[0] for line in text.splitlines() if line.startswith("MASAR_")}


def reached_from(name: str) -> set[str]:
    """Return the containers that another one can open a connection to: those on its networks."""
    networks = CONTAINERS[name]["networks"]
    return {
        other
        for other, told in CONTAINERS.items()
        if other != name and set(told["networks"]) & set(networks)
    }


def hosts_in(environment: dict[str, str]) -> set[str]:
    return {host for value in environment.values() for host in HOST.findall(value)}


def test_case_23_only_the_gateway_is_published_and_only_here() -> None:
    published = {name: told["ports"] for name, told in CONTAINERS.items() if "ports" in told}

    assert list(published) == ["gateway"]
    assert all(port.startswith("127.0.0.1:") for port in published["gateway"])
    assert all(port.endswith(":8000") for port in published["gateway"])


def test_case_23_from_outside_and_from_another_network_only_the_gateway_is_reached() -> None:
    with_a_way_out = {
        name for name, told in COMPOSE["networks"].items() if not told.get("internal", False)
    }
    used = {network for told in CONTAINERS.values() for network in told["networks"]}

    assert used == set(COMPOSE["networks"])
    assert with_a_way_out == {"edge"}
    assert [name for name, told in CONTAINERS.items() if "edge" in told["networks"]] == ["gateway"]
    # Whatever would go round the networks that are written here.
    around = {"network_mode", "extra_hosts", "links", "external_links", "pid", "ipc", "devices"}
    assert not {name for told in CONTAINERS.values() for name in told} & around
    assert not any("external" in told or "driver" in told for told in COMPOSE["networks"].values())


def test_case_23_no_service_reaches_another_one() -> None:
    reach = {name: reached_from(name) for name in CONTAINERS}

    assert {name: reach[name] for name in SERVICES} == {
        name: {"gateway", "postgres", "rabbitmq"} for name in SERVICES
    }
    assert reach["broker-setup"] == {"rabbitmq"}
    assert reach["gateway"] == {*SERVICES, "postgres", "rabbitmq"}


@pytest.mark.parametrize("name", [*OURS, "broker-setup"])
def test_whatever_a_part_is_told_to_ask_it_reaches(name: str) -> None:
    asked = hosts_in(CONTAINERS[name]["environment"])

    assert asked
    assert asked <= reached_from(name)


@pytest.mark.parametrize("name", [*OURS, "broker-setup"])
def test_our_containers_can_change_nothing_but_what_they_must(name: str) -> None:
    service = COMPOSE["services"][name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "privileged" not in service
    assert "user" not in service
    recipe = (ROOT / "Dockerfile").read_text()
    assert re.findall(r"^USER (\S+)", recipe, re.MULTILINE) == ["masar"]


def test_each_service_knows_its_own_secrets_only() -> None:
    for name in OURS:
        used = set(VARIABLE.findall(str(COMPOSE["services"][name]["environment"])))
        theirs = {other for other in OURS if other != name}
        assert not [v for v in used for other in theirs if other.upper() in v], name


def test_each_part_keeps_its_keys_and_its_anchors_in_volumes_of_its_own() -> None:
    volumes = {name: COMPOSE["services"][name]["volumes"] for name in OURS}

    assert volumes == {
        name: [f"{name}-keys:/var/lib/masar", f"{name}-anchors:/var/lib/masar-anchors"]
        for name in OURS
    }
    assert set(COMPOSE["volumes"]) == {
        "postgres",
        "rabbitmq",
        *(f"{name}-{what}" for name in OURS for what in ("keys", "anchors")),
    }
    assert "MASAR_HOME=/var/lib/masar" in (ROOT / "Dockerfile").read_text()
    assert "MASAR_ANCHORS=/var/lib/masar-anchors" in (ROOT / "Dockerfile").read_text()


def test_every_image_is_pinned_to_a_minor_version() -> None:
    images = [
        service["image"] for service in COMPOSE["services"].values() if "build" not in service
    ]

    assert images
    assert all(re.search(r":\d+\.\d+", image) for image in images)


def test_every_variable_is_explained_and_every_secret_made(tmp_path: Path) -> None:
    example = (ROOT / ".env.example").read_text()
    used = set(VARIABLE.findall((ROOT / "docker-compose.yml").read_text()))
    shutil.copy(ROOT / ".env.example", tmp_path)
    command = [str(ROOT / "deploy" / "write-env")]

    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    written = (tmp_path / ".env").read_text()
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    assert used == variables(example) == variables(written)
    values = dict(line.split("=", 1) for line in written.splitlines() if line.startswith("MASAR_"))
    secrets = [value for name, value in values.items() if name.endswith(("PASSWORD", "SECRET"))]
    in_the_open = {name for name in used if name.startswith("MASAR_PUBLICATION_")}
    in_the_open |= {"MASAR_PORT", "MASAR_ADMIN_CLIENT_ID"}
    assert len(set(secrets)) == len(secrets) == len(used - in_the_open)
    assert all(len(secret) == 64 for secret in secrets)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert (tmp_path / ".env").read_text() == written


def test_a_file_of_an_older_version_gets_the_secrets_that_it_lacks(tmp_path: Path) -> None:
    shutil.copy(ROOT / ".env.example", tmp_path)
    command = [str(ROOT / "deploy" / "write-env")]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    file, lacking = tmp_path / ".env", "MASAR_GATEWAY_AMQP_PASSWORD="
    lines = file.read_text().splitlines()
    older = "\n".join(line for line in lines if not line.startswith(lacking))
    file.write_text(older)

    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)

    kept, _, added = file.read_text().rpartition(lacking)
    assert kept == older + "\n"
    assert len(added.strip()) == 64
    assert added.strip() not in done.stdout
