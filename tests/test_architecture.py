"""The rules of the house that import-linter cannot say, and the proof that both catch who breaks them."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHOWN = {"models", "services", "selectors", "events", "errors", "rules"}
# The kernel is for everyone; of accounts, the apps above also need who may do what.
SHOWN_MORE = {"accounts": {"roles", "tokens", "permissions", "authentication"}}
# Of integrations, what clients are made with and tried against; the rest are capabilities.
PLUMBING = {"http", "sockets", "sandbox"}
# Inside an app: what each of these files may import of its own app. The other files are entry points and may use all.
OWN = {
    "rules": {"rules"},
    "events": {"rules"},
    "errors": {"rules"},
    "models": {"rules", "errors", "events"},
    "selectors": {"rules", "errors", "models"},
    "services": {"rules", "errors", "events", "models", "selectors"},
}
ENTRIES = {"admin", "api", "consumers", "handlers", "management", "panels", "tasks", "urls", "views", "sockets"}


@dataclass(frozen=True)
class Module:
    """One file of an app: `app` claims, `part` services, `name` apps.claims.services.submit."""

    path: Path
    name: str
    app: str
    part: str
    tree: ast.Module
    is_package: bool

    def imports(self) -> Iterator[str]:
        """Dotted names that it imports; for `from a import b` both a.b and, by its caller's choice, a can be meant."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                parts = self.name.split(".")
                above = parts[: len(parts) - node.level + self.is_package] if node.level else []
                base = ".".join([*above, *filter(None, [node.module])])
                yield from (f"{base}.{alias.name}" for alias in node.names)


def modules(root: Path) -> list[Module]:
    """Every file of every app, without tests and migrations."""
    found = []
    for path in sorted((root / "apps").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if len(parts) < 3 or "tests" in parts or "migrations" in parts:
            continue
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        part = "" if len(parts) == 3 and is_package else parts[2]
        found.append(Module(path, name, parts[1], part, ast.parse(path.read_text()), is_package))
    return found


def neighbours_hidden_parts(root: Path) -> Iterator[str]:
    """An app shows those above it its models, services, selectors, events, errors and rules, and nothing else."""
    for module in modules(root):
        for name in module.imports():
            parts = name.split(".")
            if parts[0] != "apps" or len(parts) < 3 or parts[1] in (module.app, "core"):
                continue
            if not _is_shown(root, parts[1], parts[2:]):
                yield f"{module.name} reaches into {name}"


def _is_shown(root: Path, app: str, rest: list[str]) -> bool:
    if app == "integrations":  # a capability shows what its __init__ holds; its vendors stay inside
        vendor = root / "apps" / app / Path(*rest[:2])
        return rest[0] not in PLUMBING and not (len(rest) > 1 and vendor.with_suffix(".py").exists())
    return rest[0] in SHOWN | SHOWN_MORE.get(app, set())


def parts_that_know_too_much(root: Path) -> Iterator[str]:
    """Inside an app models know rules, selectors know models, services know both; none knows an entry point."""
    for module in modules(root):
        if module.part not in OWN:
            continue
        for name in module.imports():
            parts = name.split(".")
            if parts[:2] != ["apps", module.app] or len(parts) < 3:
                continue
            used = parts[2]
            # A word of its own, as in claims/requisite_texts.py, is everybody's; the named parts are not.
            named = used in OWN or used in ENTRIES
            if named and used != module.part and used not in OWN[module.part]:
                yield f"{module.name} imports {name}"


def files_without_a_meaning(root: Path) -> Iterator[str]:
    """There is no utils.py and no helpers.py."""
    for path in sorted([*(root / "apps").rglob("*"), *(root / "config").rglob("*"), *(root / "tests").rglob("*")]):
        if path.stem in ("utils", "helpers", "util", "helper") and (path.suffix == ".py" or path.is_dir()):
            yield str(path.relative_to(root))


# Dataclasses alone: what was seen on a file's pages, which rules read.
PLAIN = {"apps.core.files.reading.pages"}


def rules_that_are_not_plain(root: Path) -> Iterator[str]:
    """Rules import the standard library, other rules, what is as plain as they are, and nothing else."""
    for module in modules(root):
        if module.part != "rules":
            continue
        for name in module.imports():
            parts = name.split(".")
            is_rules = parts[0] == "apps" and len(parts) > 2 and parts[2] == "rules"
            if parts[0] not in sys.stdlib_module_names and not is_rules and not name.startswith(tuple(PLAIN)):
                yield f"{module.name} imports {name}"


def registrations_out_of_place(root: Path) -> Iterator[str]:
    """Handlers and chains are registered in handlers.py, tasks in tasks.py: that is where a reader looks."""
    places = {
        "apps.core.outbox.handler": "handlers",
        "apps.core.outbox.chain": "handlers",
        "celery.shared_task": "tasks",
    }
    for module in modules(root):
        for name in module.imports():
            if name in places and module.part != places[name]:
                yield f"{module.name} registers with {name}, which belongs into {places[name]}.py"


def failures_that_are_swallowed(root: Path) -> Iterator[str]:
    """No `except: pass`, under any name, for everything."""
    for module in modules(root):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ExceptHandler) and all(isinstance(line, ast.Pass) for line in node.body):
                caught = getattr(node.type, "id", "")
                if node.type is None or caught in ("Exception", "BaseException"):
                    yield f"{module.name}:{node.lineno}"


def texts_that_no_translator_sees(root: Path) -> Iterator[str]:
    """No `_("…")` inside an f-string: xgettext does not look there, so the text stays English."""
    for module in modules(root):
        for node in ast.walk(module.tree):
            for inner in ast.walk(node) if isinstance(node, ast.JoinedStr) else ():
                called = getattr(inner.func, "id", "") if isinstance(inner, ast.Call) else ""
                if called in ("_", "ngettext", "pgettext", "gettext_lazy"):
                    yield f"{module.name}:{node.lineno}"


CHECKS: list[Callable[[Path], Iterator[str]]] = [
    neighbours_hidden_parts,
    parts_that_know_too_much,
    files_without_a_meaning,
    rules_that_are_not_plain,
    registrations_out_of_place,
    failures_that_are_swallowed,
    texts_that_no_translator_sees,
]


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """import-linter's word on the tree at `root`."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, env={"PYTHONPATH": str(root)})


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the code that a test may spoil."""
    for name in ("apps", "config"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "tests", "*.json"))
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def plant(root: Path, place: str, line: str) -> None:
    path = root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in path.parents:
        if folder.is_relative_to(root / "apps"):
            (folder / "__init__.py").touch()
    path.write_text((path.read_text() if path.exists() else "") + f"\n{line}\n")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_house_rules_hold(check: Callable[[Path], Iterator[str]]) -> None:
    broken = list(check(ROOT))

    assert not broken, f"{check.__doc__}\n" + "\n".join(broken)


def test_the_layers_hold() -> None:
    done = lint_imports(ROOT)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("check", "place", "line"),
    [
        (neighbours_hidden_parts, "apps/payments/services.py", "from apps.claims.api import views"),
        (neighbours_hidden_parts, "apps/payments/services.py", "import apps.claims.handlers"),
        (neighbours_hidden_parts, "apps/claims/admin/page.py", "from apps.contacts.admin import ContactAdmin"),
        (neighbours_hidden_parts, "apps/claims/services.py", "from apps.integrations.sms.smsc import SmscGateway"),
        (neighbours_hidden_parts, "apps/claims/services.py", "from apps.integrations import http"),
        (parts_that_know_too_much, "apps/billing/models.py", "from apps.billing.services import charge"),
        (parts_that_know_too_much, "apps/billing/models.py", "from . import selectors"),
        (parts_that_know_too_much, "apps/billing/selectors/lists.py", "from ..services import charge"),
        (parts_that_know_too_much, "apps/billing/services.py", "def f():\n    from apps.billing.tasks import sweep"),
        (parts_that_know_too_much, "apps/billing/events.py", "from apps.billing.models import Bill"),
        (files_without_a_meaning, "apps/billing/utils.py", "x = 1"),
        (files_without_a_meaning, "apps/billing/helpers/money.py", "x = 1"),
        (rules_that_are_not_plain, "apps/billing/rules/money.py", "from django.utils import timezone"),
        (rules_that_are_not_plain, "apps/billing/rules/money.py", "from apps.billing import models"),
        (rules_that_are_not_plain, "apps/billing/rules.py", "import requests"),
        (registrations_out_of_place, "apps/billing/services.py", "from apps.core.outbox import handler"),
        (registrations_out_of_place, "apps/billing/models.py", "from celery import shared_task"),
        (failures_that_are_swallowed, "apps/billing/tasks.py", "try:\n    x = 1\nexcept Exception:\n    pass"),
        (failures_that_are_swallowed, "apps/billing/tasks.py", "try:\n    x = 1\nexcept:\n    pass"),
        (texts_that_no_translator_sees, "apps/billing/tasks.py", "x = f\"{_('Paid')}: {1}\""),
    ],
)
def test_a_broken_house_rule_is_caught(
    copy: Path, check: Callable[[Path], Iterator[str]], place: str, line: str
) -> None:
    before = set(check(copy))

    plant(copy, place, line)

    assert set(check(copy)) - before


def test_broken_layers_and_contracts_are_caught(copy: Path) -> None:
    planted = {
        "apps/contacts/services.py": ("import apps.claims.models", "apps.contacts.services -> apps.claims.models"),
        "apps/billing/views.py": ("import apps.dialogs.apps", "apps.billing.views -> apps.dialogs.apps"),
        "apps/core/views.py": ("import config.urls", "apps.core.views -> config.urls"),
        "apps/dialogs/rules/words.py": ("import django.utils.text", "apps.dialogs.rules.words -> django"),
        "apps/billing/services.py": ("import requests", "apps.billing.services -> requests"),
        "apps/billing/selectors/lists.py": ("import rest_framework", "apps.billing.selectors.lists -> rest_framework"),
        "apps/billing/models.py": ("from celery import shared_task", "apps.billing.models -> celery"),
        "apps/billing/events.py": ("from boto3 import client", "apps.billing.events -> boto3"),
        "apps/dialogs/services/score.py": ("import openai", "apps.dialogs.services.score -> openai"),
        "apps/dialogs/models/rows.py": ("import channels.db", "apps.dialogs.models.rows -> channels"),
    }
    for place, (line, _) in planted.items():
        plant(copy, place, line)

    done = lint_imports(copy)

    assert done.returncode != 0
    unseen = [seen for _, seen in planted.values() if seen not in done.stdout]
    assert not unseen, done.stdout


def test_an_app_without_a_place_is_caught(copy: Path) -> None:
    plant(copy, "apps/surprises/models.py", "x = 1")

    done = lint_imports(copy)

    assert done.returncode != 0
    assert "surprises" in done.stdout
