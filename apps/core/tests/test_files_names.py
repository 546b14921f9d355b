"""Names as people, phones and attackers send them."""

import re
import unicodedata
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.files.names import MAX_BYTES, RESERVED, clean_name, content_disposition

NAMES = {
    "Справка о задержке.pdf": "Справка о задержке.pdf",
    "../../etc/passwd": "passwd",
    "C:\\Users\\a\\Скан 1.PDF": "Скан 1.PDF",
    "scans/": "scans",
    "..": "file",
    "": "file",
    "...": "file",
    "/": "file",
    ".htaccess": "htaccess",
    ".pdf": "pdf",
    "con.jpg": "_con.jpg",
    "CON": "_CON",
    "com1.tar.gz": "_com1.tar.gz",
    "LPT¹": "_LPT¹",
    "contract.pdf": "contract.pdf",
    "a.jpg.php": "a.jpg.php",
    "photo\u202egpj.exe": "photogpj.exe",
    "a\u200bb\ufeff.pdf": "ab.pdf",
    "a\r\nSet-Cookie: x=1.pdf": "a Set-Cookie_ x=1.pdf",
    "a\x00.pdf": "a.pdf",
    "a.pdf. . ": "a.pdf",
    "a::$DATA": "a__$DATA",
    "и\u0306.pdf": "й.pdf",
    "a \u00a0\u2003 b.pdf": "a b.pdf",
    "\ud800.pdf": "pdf",
    "👩‍👧 семья.jpg": "👩👧 семья.jpg",
}


@pytest.mark.parametrize("raw", NAMES)
def test_a_name_is_cleaned(raw):
    assert clean_name(raw) == NAMES[raw]


def test_a_long_name_keeps_its_extension_and_whole_letters():
    name = clean_name("Ы" * 255 + ".jpeg")

    assert name == "Ы" * 97 + ".jpeg"
    assert len(name.encode()) <= MAX_BYTES


def test_an_endless_extension_is_no_extension():
    assert clean_name("a." + "b" * 300) == "a." + "b" * 198


HOSTILE = st.text(st.one_of(st.characters(), st.sampled_from("./\\ \u202e\u200d\u0300:<\"'%;\r\n\0conCON.pdfй\u0306")))


@given(HOSTILE)
def test_a_clean_name_is_safe_everywhere(raw):
    name = clean_name(raw)

    assert 0 < len(name.encode()) <= MAX_BYTES
    assert name == unicodedata.normalize("NFC", name)
    assert not re.search(r'[/\\<>:"|?*]', name)
    assert not any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") for sign in name)
    assert name.strip(" .") == name
    assert not RESERVED.match(name)
    assert clean_name(name) == name


@given(HOSTILE)
def test_a_download_header_is_one_ascii_line_that_tells_the_whole_name(raw):
    header = content_disposition(raw)

    match = re.fullmatch(r'attachment; filename="([ -!#-\[\]-~]+)"; filename\*=UTF-8\'\'([A-Za-z0-9._~%-]+)', header)
    assert match
    assert unquote(match[2], errors="strict") == clean_name(raw)


def test_a_cyrillic_name_has_a_plain_form_for_old_programs():
    assert content_disposition("Скан 1.pdf") == (
        "attachment; filename=\"____ 1.pdf\"; filename*=UTF-8''%D0%A1%D0%BA%D0%B0%D0%BD%201.pdf"
    )
