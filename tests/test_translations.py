"""Every text has its Russian and its Ukrainian; and the check that says so sees what is missing."""

import shutil
from io import StringIO
from pathlib import Path

import polib
import pytest
from django.core.management import call_command

from apps.core.management.commands.check_translations import find_faults
from apps.core.management.commands.compile_translations import compile_catalogue

needs_gettext = pytest.mark.skipif(shutil.which("xgettext") is None, reason="needs gettext's xgettext")
HEADER = {
    "Content-Type": "text/plain; charset=UTF-8",
    "Plural-Forms": "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && (n%100<10 || n%100>=20) ? 1 : 2);",
}


@needs_gettext
def test_the_translations_are_complete() -> None:
    out = StringIO()

    call_command("check_translations", stdout=out)

    assert "complete" in out.getvalue()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of four texts, translated."""
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps" / "views.py").write_text(
        "from django.utils.translation import gettext as _, ngettext\n"
        "A = _('Claim')\nB = _('Hello, %(name)s')\nC = ngettext('%(n)s file', '%(n)s files', 2)\n"
    )
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "form.js").write_text("const label = gettext('Send {count}');\n")
    write(tmp_path, "django", {"Claim": "Заявка", "Hello, %(name)s": "Здравствуйте, %(name)s"}, forms=3)
    write(tmp_path, "djangojs", {"Send {count}": "Отправить {count}"})
    return tmp_path


def write(root: Path, domain: str, texts: dict[str, str], *, forms: int = 0, fuzzy: str = "") -> None:
    catalogue = polib.POFile()
    catalogue.metadata = HEADER
    for text, translation in texts.items():
        catalogue.append(polib.POEntry(msgid=text, msgstr=translation, flags=["fuzzy"] if text == fuzzy else []))
    if forms:
        plurals = dict.fromkeys(range(forms), "%(n)s файл")
        catalogue.append(polib.POEntry(msgid="%(n)s file", msgid_plural="%(n)s files", msgstr_plural=plurals))
    path = root / "locale" / "ru" / "LC_MESSAGES" / f"{domain}.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    catalogue.save(str(path))


@needs_gettext
def test_a_translated_project_has_no_faults(project: Path) -> None:
    assert list(find_faults(root=project, languages=["ru"])) == []


@needs_gettext
@pytest.mark.parametrize(
    ("texts", "forms", "fuzzy", "fault"),
    [
        ({"Hello, %(name)s": "Здравствуйте, %(name)s"}, 3, "", "missing: 'Claim'"),
        ({"Claim": "", "Hello, %(name)s": "Здравствуйте, %(name)s"}, 3, "", "not translated: 'Claim'"),
        ({"Claim": "Заявка", "Hello, %(name)s": "Здравствуйте, %(name)s"}, 3, "Claim", "fuzzy: 'Claim'"),
        ({"Claim": "Заявка", "Hello, %(name)s": "Здравствуйте"}, 3, "", "a placeholder is lost: 'Hello, %(name)s'"),
        ({"Claim": "Заявка", "Hello, %(name)s": "%(a)s %(name)s"}, 3, "", "a placeholder that the text does not have"),
        ({"Claim": "Заявка", "Hello, %(name)s": "Здравствуйте, %(name)s"}, 2, "", "not translated: '%(n)s file'"),
    ],
)
def test_each_fault_is_seen(project: Path, texts: dict[str, str], forms: int, fuzzy: str, fault: str) -> None:
    write(project, "django", texts, forms=forms, fuzzy=fuzzy)

    faults = list(find_faults(root=project, languages=["ru"]))

    assert len(faults) == 1
    assert fault in faults[0]


@needs_gettext
def test_a_language_without_a_catalogue_is_seen(project: Path) -> None:
    faults = list(find_faults(root=project, languages=["uk"]))

    assert faults == [
        "locale/uk/LC_MESSAGES/django.po: missing, with 3 texts to translate",
        "locale/uk/LC_MESSAGES/djangojs.po: missing, with 1 texts to translate",
    ]


def test_compiling_needs_no_gettext(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    compiled = compile_catalogue(project / "locale" / "ru" / "LC_MESSAGES" / "django.po")

    assert [entry.msgstr for entry in polib.mofile(str(compiled)) if entry.msgid == "Claim"] == ["Заявка"]
