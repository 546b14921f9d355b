"""What stands outside the code and must agree with it: .env.example, the image, compose, the make targets."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = ROOT / "docker-compose.yml"
READERS = {"integer", "choice", "required", "together"}


def test_the_example_names_every_variable_that_settings_read() -> None:
    named = set(re.findall(r"^(CLAIMDESK_[A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert named == set(variables_read())


def test_the_example_gives_no_values_and_a_comment_to_each() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()

    given = [line for line in lines if is_setting(line) and not line.endswith("=")]
    ours = [(before, line) for before, line in pairwise(lines) if line.startswith("CLAIMDESK_")]
    assert not given
    assert [line for before, line in ours if not before.startswith("#")] == []


def test_compose_sets_only_variables_that_exist() -> None:
    known = set(variables_read())
    services: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]

    used = {name for service in services.values() for name in service.get("environment", {})}

    assert {name for name in used if name.startswith("CLAIMDESK_")} <= known


def test_compose_has_every_part_with_a_health_check_and_one_beat() -> None:
    services: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    checked_by_the_image = {"web", "live"}

    assert {"proxy", "web", "live", "worker", "beat", "db", "redis", "rabbitmq", "s3"} <= set(services)
    unchecked = {name for name, service in services.items() if "healthcheck" not in service}
    assert unchecked == checked_by_the_image
    assert services["beat"]["deploy"]["replicas"] == 1


def test_compose_takes_its_passwords_from_the_environment() -> None:
    variables = set(re.findall(r"\$\{([A-Z0-9_]+)", COMPOSE.read_text()))
    example = set(re.findall(r"^([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert variables <= example


def test_the_image_runs_without_root_and_gets_signals_itself() -> None:
    lines = (ROOT / "Dockerfile").read_text()

    assert "--require-hashes" in lines
    assert lines.rindex("\nUSER 10001") < lines.rindex("\nCMD [")
    assert re.search(r"^HEALTHCHECK ", lines, re.MULTILINE)


def test_every_make_target_has_its_line_of_help() -> None:
    text = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)[0].split()

    assert set(re.findall(r"^([a-z0-9]+):.*## ", text, re.MULTILINE)) == set(targets)
    assert {"install", "run", "test", "e2e", "lint", "types", "bench", "lock", "demo", "clean"} <= set(targets)


def is_setting(line: str) -> bool:
    return bool(re.match(r"[A-Z0-9_]+=", line))


def variables_read() -> Iterator[str]:
    """The prefixed names that config/ reads: by env.str("X"), integer("X"), required("X", "Y") and the like."""
    for path in (ROOT / "config").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and (names := names_read(node)):
                yield from (f"CLAIMDESK_{name}" for name in names)


def names_read(call: ast.Call) -> list[str]:
    function = call.func
    words = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if isinstance(function, ast.Attribute) and getattr(function.value, "id", "") == "env":
        return words[:1]
    if isinstance(function, ast.Name) and function.id in READERS:
        return words if function.id in ("required", "together") else words[:1]
    return []
