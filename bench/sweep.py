"""Seconds of the sweeps of certified staff and tiers over many employees and open cases.

    python -m bench.sweep --employees 300000 --cases 20000

Starts PostgreSQL and Redis of its own in a folder that is thrown away, fills them by INSERT … SELECT, and
runs every sweep of certification and tiering twice for one night: the first run finds what has gathered up
in many missed nights, the second nothing.
"""

import argparse
import os
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

FOLDER = tempfile.TemporaryDirectory(prefix="portal-bench-")
os.environ["PORTAL_VAR_DIR"] = FOLDER.name
os.environ.pop("DATABASE_URL", None)
os.environ.pop("REDIS_URL", None)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.dev")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils.module_loading import autodiscover_modules  # noqa: E402

from partners.programme.models import Edition  # noqa: E402
from portal.audit.models import Event  # noqa: E402
from portal.core.sweeps import all_sweeps  # noqa: E402
from portal.embedded import servers_in_use  # noqa: E402
from portal.notifications.models import Notification  # noqa: E402

TODAY = date(2026, 11, 27)
PEOPLE_EACH = 30
# Departed so many days ago: cases near every reminder, and of each eleven one whose time is over.
SPREAD_DAYS = 100

FILL = """
INSERT INTO organisations_partner (reference, legal_name, trade_name, kind, status, tier, country, city,
    vat_number, company_number, web_domain, authorised_countries, authorised_on, created_at)
SELECT 'P-' || lpad(n::text, 6, '0'), 'Partner ' || n, 'Partner ' || n, 'reseller', 'authorised',
    (ARRAY['registered', 'bronze', 'silver', 'silver', 'gold', 'platinum'])[1 + n %% 6],
    (ARRAY['FR', 'DE', 'GB', 'IT', 'ES', 'NL', 'PT', 'FI', 'IL', 'IS'])[1 + n %% 10], '', '', '', '',
    ARRAY['FR'], '2020-01-01', now()
FROM generate_series(1, %(partners)s) n;

INSERT INTO accounts_user (password, is_superuser, email, full_name, phone, language, time_zone, theme,
    keyboard_shortcuts, is_staff, is_active, date_joined, session_version)
SELECT '', false, 'admin' || n || '@bench.example', 'Admin ' || n, '', 'en', '', 'auto', true, false, true,
    now(), 0
FROM generate_series(1, %(partners)s) n;

INSERT INTO organisations_membership (role, partner_id, user_id, is_active, is_current, created_at)
SELECT 'partner_admin', p.id, u.id, true, true, now()
FROM organisations_partner p JOIN accounts_user u
    ON u.email = 'admin' || substr(p.reference, 3)::int || '@bench.example';

INSERT INTO certification_person (created_at) SELECT now() FROM generate_series(1, %(employees)s);

INSERT INTO certification_employment (person_id, partner_id, full_name, email, job_title, hired_on, left_on,
    entered_at)
SELECT person.id, partner.id, 'Employee ' || person.n, '', '', '2024-01-01',
    CASE WHEN person.n <= %(cases)s THEN %(today)s::date - (person.n %% %(spread)s)::int END, now()
FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM certification_person) person
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM organisations_partner) partner
    ON partner.n = 1 + person.n %% %(partners)s;

INSERT INTO certification_certificate (number, person_id, holder_name, title, track, issued_on, expires_on,
    withdrawal_reason, code, created_at)
SELECT 'C-' || e.id, e.person_id, e.full_name, 'Specialist', (ARRAY['technical', 'sales'])[1 + e.id %% 2],
    '2025-01-01', %(today)s::date + 5 + (e.id %% 700)::int, '', md5(e.id::text), now()
FROM certification_employment e
-- At each fifth partner nobody but the leavers is certified: what lapses there touches the tier.
WHERE e.left_on IS NOT NULL OR e.partner_id %% 5 > 0;

INSERT INTO certification_departure (reference, partner_id, employment_id, status, origin, edition_id,
    departed_on, clock_from, report_due_on, replacement_due_on, reported_on, opened_at, note,
    lapse_facts, carried_tier, clock_released)
SELECT 'B-' || e.id, e.partner_id, e.id, 'open', 'partner', %(edition)s, e.left_on, e.left_on, e.left_on + 30,
    e.left_on + 90, CASE WHEN e.id %% 4 > 0 THEN e.left_on END, now(), '', '{}', '', false
FROM certification_employment e WHERE e.left_on IS NOT NULL;

INSERT INTO certification_departuregap (departure_id, track, status, certificate_id)
SELECT d.id, c.track, 'open', c.id
FROM certification_departure d JOIN certification_employment e ON e.id = d.employment_id
JOIN certification_certificate c ON c.person_id = e.person_id;

ANALYZE;
"""


def fill(employees: int, cases: int) -> None:
    call_command("migrate", interactive=False, verbosity=0)
    call_command("seed_programme", verbosity=0)
    facts = {
        "partners": max(1, employees // PEOPLE_EACH),
        "employees": employees,
        "cases": cases,
        "today": TODAY,
        "spread": SPREAD_DAYS,
        "edition": Edition.objects.published().earliest("in_force_from").pk,
    }
    with connection.cursor() as cursor:
        for statement in FILL.split(";\n"):
            if statement.strip():
                cursor.execute(statement, facts)


def run(at: datetime) -> None:
    for sweep in all_sweeps():
        if not sweep.name.startswith(("certification.", "tiering.")):
            continue
        began = time.perf_counter()
        done = {event: count for event, count in sweep.run(at).items() if count}
        print(f"  {sweep.name:32}{time.perf_counter() - began:8.1f} s  {done or 'nothing'}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--employees", type=int, default=300_000)
    parser.add_argument("--cases", type=int, default=20_000)
    asked = parser.parse_args()
    autodiscover_modules("tasks")
    with FOLDER, servers_in_use(Path(FOLDER.name)):
        began = time.perf_counter()
        fill(asked.employees, asked.cases)
        print(
            f"{asked.employees} employees with certificates, {asked.cases} open cases: "
            f"filled in {time.perf_counter() - began:.0f} s"
        )
        at = datetime.combine(TODAY, datetime.min.time(), UTC) + timedelta(hours=12)
        for number in ("first run", "second run"):
            print(number)
            run(at)
        print(f"{Event.objects.count()} events, {Notification.objects.count()} notifications")
        connection.close()


if __name__ == "__main__":
    main()
