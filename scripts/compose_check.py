"""Hold docker-compose.yml and the Dockerfile to our rules, without a Docker engine.

Every command must be one that `songban` has, every process must find its settings, and nothing may run as
root, without limits, without a health check, or open to the world.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner

from shared.settings import SERVICES, SettingsError, load
from songban.cli import cli
from songban.processes import CONSUMERS, RELAYS, ROLES, WORKERS

ROOT = Path(__file__).resolve().parent.parent
ONE_SHOT = {"provision", "migrate"}
FOREIGN = {"postgres", "kafka"}


def main() -> int:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    secrets = _fresh_secrets()
    problems = [p for name, service in compose["services"].items() for p in _check(name, service, secrets)]
    problems += _missing_processes(compose["services"].values())
    problems += _check_metrics(compose["services"])
    problems += _check_ignored((ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines())
    problems += _check_dockerfile((ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8"))
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    sys.stdout.write(f"{len(compose['services'])} services checked, {len(problems)} problems\n")
    return 1 if problems else 0


def _missing_processes(services: Iterable[dict[str, Any]]) -> Iterator[str]:
    """What `songban up` starts on one machine and no container runs."""
    wanted = [("serve", name) for name in SERVICES] + [("relay", name) for name in RELAYS]
    wanted += [("consume", name) for name in CONSUMERS] + [("work", name) for name in WORKERS]
    commands = [tuple(service.get("command", ())) for service in services]
    for role, name in wanted:
        if (role, name) not in commands:
            yield f"nobody runs `songban {role} {name}`"


def _fresh_secrets() -> dict[str, str]:
    """What `songban secrets` prints, so that the file asks for nothing it does not make."""
    lines = CliRunner().invoke(cli, ["secrets"]).output.splitlines()
    return dict(line.split("=", 1) for line in lines)


def _check(name: str, service: dict[str, Any], secrets: dict[str, str]) -> Iterator[str]:
    limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
    if not {"cpus", "memory"} <= limits.keys():
        yield f"{name}: has no limits"
    if name in FOREIGN and service.get("user", "root") == "root":
        yield f"{name}: runs as root"
    if "healthcheck" not in service and name not in ONE_SHOT:
        yield f"{name}: has no health check"
    if service.get("image", "").endswith(":latest") or ":" not in service.get("image", ""):
        yield f"{name}: its image is not pinned to a version"
    for port in service.get("ports", []):
        if not str(port).startswith("127.0.0.1:"):
            yield f"{name}: publishes {port} beyond 127.0.0.1"
    yield from _check_environment(name, service, secrets)
    if name not in FOREIGN:
        yield from _check_commands(name, service)


def _check_commands(name: str, service: dict[str, Any]) -> Iterator[str]:
    commands = [service["command"]]
    if "healthcheck" in service:
        commands.append(service["healthcheck"]["test"][2:])
    for command in commands:
        if command[0] not in cli.commands:
            yield f"{name}: songban has no command {command[0]}"
    if "cap_drop" not in service or not service.get("read_only"):
        yield f"{name}: keeps capabilities or a writable root"


def _check_environment(name: str, service: dict[str, Any], secrets: dict[str, str]) -> Iterator[str]:
    found: dict[str, str] = {}
    for key, value in (service.get("environment") or {}).items():
        wanted = re.findall(r"\$\{(\w+)", str(value))
        missing = [word for word in wanted if word not in secrets and ":-" not in str(value)]
        if missing:
            yield f"{name}: {key} needs {missing[0]}, which `songban secrets` does not make"
        found[key] = re.sub(r"\$\{(\w+)(?::-([^}]*)|[^}]*)\}", partial(_filled_in, secrets), str(value))
    command = service.get("command", [""])
    if command[0] in ROLES:
        try:
            load(command[1], found)
        except SettingsError as error:
            yield f"{name}: {error}"


def _filled_in(secrets: dict[str, str], match: re.Match[str]) -> str:
    """What compose puts for `${NAME:?…}` (a secret) or `${NAME:-default}`."""
    return secrets.get(match[1]) or match[2] or ""


def _check_metrics(services: dict[str, Any]) -> Iterator[str]:
    """A service's `serve` shows what its other processes count: they share its directory."""
    for name, service in services.items():
        role, *of = service.get("command", [""])
        if role not in ("relay", "consume", "work"):
            continue
        directory = service["environment"].get("PROMETHEUS_MULTIPROC_DIR")
        mounts = [one for one in service.get("volumes", []) if one.endswith(f":{directory}")]
        if not mounts or mounts[0] not in services[of[0]].get("volumes", []):
            yield f"{name}: nobody shows its metrics"


def _check_ignored(lines: list[str]) -> Iterator[str]:
    """The image is built from what is named, so that no file of secrets or data ever gets into it."""
    named = [line for line in lines if line and not line.startswith("#")]
    if named[:1] != ["*"]:
        yield ".dockerignore: does not begin by leaving everything out"
    for line in named:
        if line.startswith("!") and re.search(r"env|data|\*", line):
            yield f".dockerignore: lets {line[1:]} into the image"


def _check_dockerfile(text: str) -> Iterator[str]:
    if not re.search(r"^USER (?!root)", text, re.MULTILINE):
        yield "Dockerfile: runs as root"
    if "--require-hashes" not in text:
        yield "Dockerfile: installs without hashes"
    if re.search(r"^FROM \S+:latest|^FROM [^:\s]+$", text, re.MULTILINE):
        yield "Dockerfile: a base image is not pinned to a version"


if __name__ == "__main__":
    sys.exit(main())
