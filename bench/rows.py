"""So many contacts and claims at once, by SQL: the columns are the real ones, long texts are short and all alike."""

from typing import Any

import psycopg
from django.db import models
from django.utils import timezone

from apps.claims import services
from apps.claims.models import Claim
from apps.claims.services.drafts import ALPHABET
from apps.contacts.models import Contact
from apps.contacts.services import contact_find_or_create
from apps.core.crypto import blind_index

PHONE, RARE, COMMON = "79261234567", "Звездочётов", "Иванов"
SURNAMES = (
    COMMON, "Смирнов", "Кузнецов", "Попов", "Васильев", "Петров", "Соколов", "Михайлов", "Новиков", "Фёдоров",
    "Морозов", "Волков", "Алексеев", "Лебедев", "Семёнов", "Егоров", "Павлов", "Козлов", "Степанов", "Николаев",
    "Орлов", "Андреев", "Макаров", "Никитин", "Захаров", "Зайцев", "Соловьёв", "Борисов", "Яковлев", "Григорьев",
    "Романов", "Воробьёв", "Сергеев", "Кузьмин", "Фролов", "Александров", "Дмитриев", "Королёв", "Гусев", "Киселёв",
    "Шевченко", "Коваленко", "Бондаренко", "Ткаченко", "Кравченко", "Олійник", "Мельник", "Поліщук", "Гончар", "Їжак",
)  # fmt: skip
FIRST = (
    "Александр", "Дмитрий", "Максим", "Сергей", "Андрей", "Алексей", "Артём", "Илья", "Кирилл", "Михаил", "Никита",
    "Роман", "Егор", "Павел", "Виктор", "Олег", "Тарас", "Богдан", "Юрий", "Пётр",
)  # fmt: skip
FATHERS = (
    "Александрович", "Дмитриевич", "Сергеевич", "Андреевич", "Алексеевич", "Ильич", "Михайлович", "Романович",
    "Павлович", "Викторович", "Олегович", "Петрович", "Юрьевич", "Иванович", "Николаевич",
)  # fmt: skip
# A few names are very common: squaring a random number makes the first of a list likelier.
CONTACTS = {
    "id": "md5('contact' || n)::uuid",
    "phone_index": "encode(sha256(('phone' || n)::bytea), 'hex')",
    "phone_tail_index": "tails.index",
    "full_name": "rows.name",
    "search": "replace(lower(rows.name), 'ё', 'е')",
    "created_at": "now() - n * (interval '1000 days' / %(contacts)s)",
}
CLAIMS = {
    "id": "md5('claim' || n)::uuid",
    "number": "rows.number",
    "contact_id": "who.id",
    "status": "rows.status",
    "event_type": "(%(events)s::text[])[1 + n %% 10]",
    "search": "replace(lower(rows.number || ' ' || who.full_name), 'ё', 'е')",
    "missing": "CASE WHEN n %% 7 = 0 THEN n %% 4 ELSE 0 END",
    "created_at": "rows.began",
    "listed_at": "rows.began + interval '10 minutes'",
    "submitted_at": "CASE WHEN rows.status <> 'draft' THEN rows.began + interval '10 minutes' END",
    "expires_at": "CASE WHEN rows.status = 'draft' THEN now() + interval '1 day' END",
}
NAMED = """(SELECT n,
    (%(surnames)s::text[])[1 + floor(power(random(), 2) * 50)::int] || ' ' ||
    (%(first)s::text[])[1 + floor(power(random(), 2) * 20)::int] || ' ' ||
    (%(fathers)s::text[])[1 + floor(random() * 15)::int] AS name
    FROM generate_series(1, %(contacts)s) n) AS rows
    JOIN pattern_tails tails ON tails.digits = n %% 10000"""
NUMBERED = """(SELECT n, now() - n * (interval '1000 days' / %(claims)s) AS began,
    'CLM-2026-' || to_char(now() - n * (interval '1000 days' / %(claims)s), 'MM-DD') || '-' ||
        substr(%(signs)s, 1 + (n >> 15 & 31), 1) || substr(%(signs)s, 1 + (n >> 10 & 31), 1) ||
        substr(%(signs)s, 1 + (n >> 5 & 31), 1) || substr(%(signs)s, 1 + (n & 31), 1) AS number,
    CASE WHEN n %% 1000 = 0 THEN 'draft' ELSE (ARRAY['submitted', 'in_review', 'in_review', 'needs_documents',
        'approved', 'approved', 'approved', 'rejected', 'rejected', 'rejected', 'paid', 'paid', 'paid', 'paid', 'paid',
        'paid', 'paid', 'paid', 'paid', 'withdrawn'])[1 + floor(random() * 20)::int] END AS status
    FROM generate_series(1, %(claims)s) n) AS rows
    JOIN contacts_contact who ON who.id = md5('contact' || (1 + n %% %(contacts)s))::uuid"""


def fill(connection: "psycopg.Connection[Any]", pattern: Claim, claims: int) -> None:
    """Replace the claims by so many, of half as many contacts; of what `pattern` has, the rest is copied."""
    values = {
        "signs": ALPHABET, "claims": claims, "contacts": claims // 2, "surnames": list(SURNAMES), "first": list(FIRST),
        "fathers": list(FATHERS), "events": [one["code"] for one in pattern.definition.content["event_types"]][:10],
    }  # fmt: skip
    with connection.transaction(), psycopg.ClientCursor(connection) as cursor:
        # Neither foreign keys nor indexes row by row: the keys are right, and an index is built faster at once.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        cursor.execute("SELECT setseed(0.42)")
        for one in (pattern.contact, pattern):
            table = one._meta.db_table
            cursor.execute(
                f"CREATE TEMP TABLE pattern_{table} ON COMMIT DROP AS SELECT * FROM {table} WHERE id = %s", [one.pk]
            )
        cursor.execute("CREATE TEMP TABLE pattern_tails (digits integer, index text) ON COMMIT DROP")
        with cursor.copy("COPY pattern_tails FROM STDIN") as copy:
            for digits in range(10000):
                copy.write_row((digits, blind_index("phone-tail", f"{digits:04d}")))
        cursor.execute("TRUNCATE contacts_contact, claims_claim CASCADE")
        indexes = _drop_indexes(cursor, ("contacts_contact", "claims_claim"))
        cursor.execute(_insert(Contact, CONTACTS, NAMED), values)
        _name_some(cursor, values["contacts"])
        cursor.execute(_insert(Claim, CLAIMS, NUMBERED), values)
        for definition in indexes:
            cursor.execute(definition)
    connection.execute("VACUUM ANALYZE contacts_contact, claims_claim")


def _insert(model: type[models.Model], own: dict[str, str], rows: str) -> str:
    table, columns = model._meta.db_table, [field.column for field in model._meta.concrete_fields]
    shown = [own.get(name, f"p.{name}") for name in columns]
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(shown)} FROM pattern_{table} p, {rows}"


def _drop_indexes(cursor: "psycopg.ClientCursor[Any]", tables: tuple[str, ...]) -> list[str]:
    cursor.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
        "WHERE indrelid::regclass::text = ANY(%s) AND NOT indisunique",
        [list(tables)],
    )
    found = cursor.fetchall()
    for name, _definition in found:
        cursor.execute(f"DROP INDEX {name}")
    return [definition for _name, definition in found]


def _name_some(cursor: "psycopg.ClientCursor[Any]", contacts: int) -> None:
    """One contact has PHONE; three, spread over the table, have the name RARE."""
    cursor.execute(
        "UPDATE contacts_contact SET phone_index = %s, phone_tail_index = %s WHERE id = md5('contact' || %s)::uuid",
        [blind_index("phone", PHONE), blind_index("phone-tail", PHONE[-4:]), contacts // 3],
    )
    for place in (contacts // 5, contacts // 2, contacts - 1):
        cursor.execute(
            "UPDATE contacts_contact SET full_name = %s, search = lower(%s) WHERE id = md5('contact' || %s)::uuid",
            [f"{RARE} Пётр Ильич", f"{RARE} Пётр Ильич", place],
        )


def make_pattern() -> Claim:
    """A claim whose long texts are short: a million copies of them would measure the disk."""
    now = timezone.now()
    contact, _is_new = contact_find_or_create(phone="79260000000", language="ru", now=now)
    claim = services.claim_begin(contact=contact, language="ru", now=now)
    services.claim_describe(claim_id=claim.pk, text="Рейс задержали на восемь часов.", now=now)
    place = {"event_place": "Анталья", "event_date": timezone.localdate(now).isoformat()}
    services.claim_patch(claim_id=claim.pk, changes=place, expected_version=None, now=now)
    return Claim.objects.select_related("contact", "definition").get(pk=claim.pk)
