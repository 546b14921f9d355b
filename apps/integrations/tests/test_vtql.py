"""Queries in VTQL: what we write is read back as what we meant, whatever people have typed."""

from urllib.parse import quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apps.integrations.crm import phones, vtql

# What the CRM's tables can hold; the rest never gets as far as a query.
SAYABLE = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)
NASTY = st.text(st.sampled_from(list("'\\\"%_;()= xOR,")), min_size=1, max_size=30)


def tokens(query: str) -> list[tuple[str, str]]:
    """The words and strings of a query as the CRM reads them: two quotes are one, a backslash makes the next plain."""
    found, at = [], 0
    while at < len(query):
        if query[at] != "'":
            end = query.find("'", at)
            end = len(query) if end < 0 else end
            found += [("word", word) for word in query[at:end].split()]
            at = end
            continue
        value, at = "", at + 1
        while True:
            if query[at] == "\\":
                value, at = value + query[at + 1], at + 2
            elif query[at : at + 2] == "''":
                value, at = value + "'", at + 2
            elif query[at] == "'":
                at += 1
                break
            else:
                value, at = value + query[at], at + 1
        found.append(("string", value))
    return found


@given(SAYABLE | NASTY)
@example("O'Neil")
@example("\\")
@example("\\'")
@example("' OR lastname like '%")
@example("a\\\\' ; SELECT")
def test_a_value_is_read_back_as_it_was_meant(value):
    asked = vtql.condition("lastname", "=", value)

    assert tokens(asked) == [("word", "lastname"), ("word", "="), ("string", value)]


@given(st.lists(SAYABLE | NASTY, min_size=1, max_size=8))
def test_values_stay_apart_in_a_whole_query(values):
    [where] = vtql.any_of([vtql.condition("mobile", "=", value) for value in values])

    query = vtql.select("Contacts", ["mobile"], where, offset=100)

    assert [value for kind, value in tokens(query) if kind == "string"] == values
    assert query.startswith("SELECT id,mobile FROM Contacts WHERE ")
    assert query.endswith(" ORDER BY id LIMIT 100,100;")


@pytest.mark.parametrize("value", ["", "\x00", "a\nb", "😀", "\ud83d", "\x1b[0m"])
def test_what_the_crm_would_misread_is_not_asked(value):
    with pytest.raises(vtql.Unaskable):
        vtql.quote(value)


@pytest.mark.parametrize(
    ("field", "operator"), [("a.b", "="), ("1=1 OR a", "="), ("", "="), ("a", "!="), ("a", "= b OR a =")]
)
def test_only_names_and_two_operators_are_written(field, operator):
    with pytest.raises(vtql.Unaskable):
        vtql.condition(field, operator, "x")


@given(st.lists(SAYABLE, max_size=150))
def test_no_query_outgrows_the_address_and_none_is_lost(values):
    asked = [vtql.condition("ticket_title", "like", value) for value in values]

    pieces = list(vtql.any_of(asked))

    assert " OR ".join(pieces) == " OR ".join(asked)
    assert all(len(quote_plus(piece)) < 4000 for piece in pieces)
    assert all(piece.count(" like ") <= vtql.CHUNK or "like" in "".join(values) for piece in pieces)


# --- phones


@pytest.mark.parametrize(
    ("phone", "written"),
    [
        ("79001112233", "79001112233"),
        ("79001112233", "+79001112233"),
        ("79001112233", "89001112233"),
        ("79001112233", "9001112233"),
        ("79001112233", "8 (900) 111-22-33"),
        ("79001112233", "+7 900 111 22 33"),
        ("380671112233", "380671112233"),
        ("380671112233", "+380 67 111-22-33"),
        ("380671112233", "0671112233"),
        ("380671112233", "(067) 111 22 33"),
        ("380671112233", "80671112233"),
        ("491711234567", "+49 171 1234567"),
        ("491711234567", "0049 171 1234567"),
    ],
)
def test_a_phone_is_the_same_however_it_is_written(phone, written):
    assert phones.digits(written) == phone
    assert written in phones.spellings(phone) or _like(phones.pattern(phone), written)


@pytest.mark.parametrize(("one", "other"), [("79001112233", "79001112234"), ("380671112233", "79671112233")])
def test_two_phones_are_two(one, other):
    assert phones.digits(one) != phones.digits(other)


def _like(pattern: str, text: str) -> bool:
    """SQL's LIKE, for patterns of % alone."""
    at = 0
    for part in pattern.split("%"):
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True
