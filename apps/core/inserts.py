from typing import Any

from django.db import connection, models


def insert_once(model: type[models.Model], **values: Any) -> bool:
    """Insert a row; False if its unique key is taken. A concurrent insert of the same key is waited for, not raised."""
    meta = model._meta
    row = [meta.get_field(name).get_db_prep_save(value, connection) for name, value in values.items()]  # type: ignore[union-attr]
    places = ", ".join(["%s"] * len(row))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {meta.db_table} ({', '.join(values)}) VALUES ({places}) ON CONFLICT DO NOTHING RETURNING 1",  # noqa: S608
            row,
        )
        return cursor.fetchone() is not None
