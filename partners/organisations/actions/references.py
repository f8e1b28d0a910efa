"""Running numbers of organisations: everybody may know how many partners there are (rule A5)."""

from typing import Any

from django.db import connection

from partners.organisations.models import Distributor, Partner

_SEQUENCES: dict[Any, tuple[str, str, int]] = {
    Partner: ("organisations_partner_reference", "P", 6),
    Distributor: ("organisations_distributor_reference", "D", 3),
}


def next_reference(model: type[Partner] | type[Distributor]) -> str:
    """The next free reference, such as P-000123."""
    sequence, prefix, digits = _SEQUENCES[model]
    reference = f"{prefix}-{_next_value(sequence):0{digits}d}"
    if not model.objects.filter(reference=reference).exists():
        return reference
    # Rows that were loaded with their references: go on behind the last of them.
    longest = model.objects.extra(select={"length": "length(reference)"}).order_by("-length", "-reference")
    last = int(longest.values_list("reference", flat=True)[0].removeprefix(f"{prefix}-"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(%s, %s)", [sequence, last])
    return f"{prefix}-{_next_value(sequence):0{digits}d}"


def _next_value(sequence: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s)", [sequence])
        return cursor.fetchone()[0]
