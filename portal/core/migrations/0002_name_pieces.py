from django.db import migrations

# As in portal/core/name_search.py on the day of this migration.
ACCENTED = "àáâãäåāăąçćčďđèéêëēėęěğìíîïīıłľñńňòóôõöøōőřśšşșťţțùúûüūůűýÿžźż"
PLAIN = "aaaaaaaaacccddeeeeeeeegiiiiiillnnnoooooooorsssstttuuuuuuuyyzzz"


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql=f"""
                CREATE FUNCTION name_pieces(name text) RETURNS text[]
                LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000 AS $$
                    SELECT coalesce(array_agg(DISTINCT piece), ARRAY[]::text[])
                    FROM (
                        SELECT ' ' || translate(
                            lower(name), '{ACCENTED + ACCENTED.upper()}', '{PLAIN + PLAIN}'
                        ) AS text
                    ) folded,
                    generate_series(1, length(text) - 1) place,
                    (VALUES (2), (3)) sizes (size),
                    substr(text, place, size) piece
                    WHERE length(piece) = size
                      AND position(' ' IN substr(piece, 2)) = 0
                      AND (size = 3 OR piece LIKE ' _')
                $$
            """,  # noqa: S608 - both are constants
            reverse_sql="DROP FUNCTION name_pieces(text)",
        )
    ]
