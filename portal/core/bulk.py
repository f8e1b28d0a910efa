"""Many rows in one statement, each column sent as one array. For sweeps: of a night with tens of thousands
of rows Django's own bulk_create and bulk_update spend most in Python, on objects and on single cells."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import connection, models
from psycopg2 import sql


def insert_rows(
    model: type[models.Model],
    columns: Mapping[str, Sequence[Any]],
    same: Mapping[str, Any],
    *,
    ignore_conflicts: bool = False,
) -> None:
    """One row for each place of the columns; `same` holds what all of them have, the model's defaults the
    rest. With `ignore_conflicts` rows that a unique key has already are passed over."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    filled = dict(same)
    for name, field in fields.items():
        if name not in columns and name not in filled and not field.primary_key and not field.null:
            filled[name] = field.get_default()
    names = [*columns, *filled]
    statement = sql.SQL(
        "INSERT INTO {table} ({names}) SELECT {values} FROM unnest({arrays}) AS row ({row}) {otherwise}"
    )
    _run(
        statement.format(
            table=sql.Identifier(model._meta.db_table),
            names=_listed(sql.Identifier(fields[name].column) for name in names),
            values=_listed(
                [
                    *(sql.Identifier("row", fields[name].column) for name in columns),
                    *(_placeholder(fields[name]) for name in filled),
                ]
            ),
            arrays=_listed(_placeholder(fields[name], "[]") for name in columns),
            row=_listed(sql.Identifier(fields[name].column) for name in columns),
            otherwise=sql.SQL("ON CONFLICT DO NOTHING" if ignore_conflicts else ""),
        ),
        [
            *(_value(fields[name], value) for name, value in filled.items()),
            *([_value(fields[name], one) for one in values] for name, values in columns.items()),
        ],
    )


def update_rows(
    model: type[models.Model], ids: Collection[int], columns: Mapping[str, Sequence[Any]]
) -> None:
    """Each row of `ids` gets the values at its place."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    pk = model._meta.pk
    statement = sql.SQL(
        "UPDATE {table} SET {sets} FROM unnest({arrays}) AS row ({row}) WHERE {table}.{pk} = row.{pk}"
    )
    _run(
        statement.format(
            table=sql.Identifier(model._meta.db_table),
            sets=_listed(
                sql.SQL("{0} = row.{0}").format(sql.Identifier(fields[name].column)) for name in columns
            ),
            arrays=_listed([_placeholder(pk, "[]"), *(_placeholder(fields[name], "[]") for name in columns)]),
            row=_listed(
                [sql.Identifier(pk.column), *(sql.Identifier(fields[name].column) for name in columns)]
            ),
            pk=sql.Identifier(pk.column),
        ),
        [
            list(ids),
            *([_value(fields[name], one) for one in values] for name, values in columns.items()),
        ],
    )


def _run(statement: sql.Composable, values: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement.as_string(cursor.cursor), values)


def _listed(parts: Any) -> sql.Composed:
    return sql.SQL(", ").join(parts)


def _placeholder(field: Any, many: str = "") -> sql.SQL:
    # Cast as text, a value that is too long for its column is refused; cast to the column it would be cut.
    kind = re.sub(r"^varchar\(\d+\)$", "text", field.db_type(connection))
    return sql.SQL(f"%s::{kind}{many}")


def _value(field: Any, value: Any) -> Any:
    if isinstance(field, models.JSONField):
        return json.dumps(value, cls=field.encoder)
    return str(value) if isinstance(field, models.UUIDField) else value
