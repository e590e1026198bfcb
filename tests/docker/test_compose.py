"""docker/compose.yaml is read here as Compose reads it; no engine is needed, and none is started."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker" / "compose.yaml"
DOCKERFILE = ROOT / "docker" / "Dockerfile"
OUR_WORKERS = ("worker", "worker-gpu", "nsbench")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file as YAML gives it, anchors merged."""
    return yaml.safe_load(COMPOSE.read_text())


@pytest.mark.skipif(find_spec("check_jsonschema") is None, reason="check-jsonschema is not installed")
def test_it_follows_the_compose_specification():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_image_is_ours_or_pinned_to_a_version(compose):
    for name, service in compose["services"].items():
        image = service["image"]
        if image in ("nsbench:cpu", "nsbench:cuda"):
            assert service["build"]["dockerfile"] == "docker/Dockerfile", name
        else:
            assert re.search(r":\d+\.\d+", image), f"{name} takes whatever {image} is today"


def test_workers_wait_until_the_database_and_the_tracking_server_are_well(compose):
    services = compose["services"]
    for name in OUR_WORKERS:
        for other in ("postgres", "mlflow"):
            assert services[name]["depends_on"][other]["condition"] == "service_healthy"
    assert services["mlflow"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert all("healthcheck" in services[name] for name in ("postgres", "mlflow"))


def test_there_is_no_default_password(compose):
    """`${NAME:?text}` makes Compose stop with the text; `${NAME:-value}` or a plain value would be a default."""
    found = [
        str(value)
        for service in compose["services"].values()
        for name, value in service.get("environment", {}).items()
        if "PASSWORD" in name
    ]
    assert len(found) == 2 + len(OUR_WORKERS)
    assert all(value.startswith("${POSTGRES_PASSWORD:?") for value in found)
    assert "@" not in "".join(re.findall(r"postgresql\S*://nsbench:\S*", COMPOSE.read_text()))


def test_mlflow_answers_workers_and_this_machine_only(compose):
    mlflow = compose["services"]["mlflow"]
    hosts = next(argument for argument in mlflow["command"] if argument.startswith("--allowed-hosts="))
    assert "mlflow:5000" in hosts
    assert "*" not in re.split(r"[=,{}]|:-", hosts)
    assert all(port.startswith("127.0.0.1:") for port in mlflow["ports"])
    assert "--serve-artifacts" in mlflow["command"]
    assert "ports" not in compose["services"]["postgres"]


def test_optuna_and_mlflow_have_databases_of_their_own(compose):
    made = set(re.findall(r"^CREATE DATABASE (\w+);$", (ROOT / "docker" / "databases.sql").read_text(), re.MULTILINE))
    used = set(re.findall(r"postgresql\+psycopg://nsbench@postgres:5432/(\w+)", COMPOSE.read_text()))
    assert made == used == {"studies", "mlflow"}


def test_every_named_volume_is_declared_and_used(compose):
    mounted = [volume.split(":")[0] for service in compose["services"].values() for volume in service["volumes"]]
    named = {volume for volume in mounted if not volume.startswith(".")}
    assert named == set(compose["volumes"])
    assert all((COMPOSE.parent / volume).exists() for volume in mounted if volume.startswith("."))


def test_only_the_profile_gpu_reserves_a_device(compose):
    reserving = {name for name, service in compose["services"].items() if "deploy" in service}
    assert reserving == {"worker-gpu"}
    worker = compose["services"]["worker-gpu"]
    (device,) = worker["deploy"]["resources"]["reservations"]["devices"]
    assert (worker["profiles"], device["capabilities"]) == (["gpu"], ["gpu"])
    assert worker["build"]["args"] == {"TORCH_INDEX": ""}
    assert "profiles" not in compose["services"]["worker"]


def test_workers_can_be_scaled(compose):
    """A fixed name or port would let only one of them start."""
    worker = compose["services"]["worker"]
    assert "container_name" not in worker
    assert "ports" not in worker
    assert worker["command"] == ["worker", "${NSBENCH_STUDY:-}", "--workers", "1"]


def test_the_image_pins_torch_in_one_place_and_runs_as_a_user():
    text = DOCKERFILE.read_text()
    assert not re.search(r"torch *[=<>~]=", text)
    assert "configs/torch.txt" in text
    assert "--constraint" in text
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    last = {words[0]: words[1] for words in lines if len(words) == 2}
    assert last["USER"] == "nsbench"
    assert json.loads(last["ENTRYPOINT"]) == ["nsbench"]
    assert last["VOLUME"] == "/runs"
    assert "HEALTHCHECK" in last
