"""Kills a sweep over many cases again and again: its process, then PostgreSQL, then Redis, with kill -9.

    python -m bench.killed_sweeps --cases 5000

On servers of its own, as in bench.sweep. Each sweep is a process of `manage.py sweep`; what is left is done
by the next one. At the end every case must have lapsed once, with one event and one notification for each
person.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from django.db import OperationalError, connection

from bench.sweep import FOLDER, TODAY, fill
from partners.certification.models import Departure
from portal import embedded
from portal.audit.models import Event
from portal.notifications.models import Notification


def sweep() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "sweep", "--on", TODAY.isoformat()],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def lapsed() -> int:
    return Departure.objects.exclude(lapsed_on=None).count()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=5_000)
    asked = parser.parse_args()
    where = embedded.Places(Path(FOLDER.name), durable=True)
    with FOLDER, embedded.servers_in_use(where.var_dir, durable=True):
        fill(asked.cases, asked.cases)
        # Everybody left at once, so that all are due in one night.
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE certification_departure SET departed_on = %(on)s::date - 91,"
                " clock_from = %(on)s::date - 91, reported_on = %(on)s::date - 91,"
                " report_due_on = %(on)s::date - 61, replacement_due_on = %(on)s::date - 1",
                {"on": TODAY},
            )
        for victim in ("sweep", "PostgreSQL", "Redis"):
            before, process = lapsed(), sweep()
            while lapsed() == before and process.poll() is None:
                time.sleep(0.005)
            if victim == "sweep":
                os.killpg(process.pid, signal.SIGKILL)
            else:
                pid = embedded.running(where)[victim]
                assert pid is not None
                os.kill(pid, signal.SIGKILL)
            process.wait()
            connection.close()
            embedded.start(where)
            print(f"{victim} killed: {lapsed()} of {asked.cases} cases lapsed", flush=True)
        while True:
            try:
                assert sweep().wait() == 0
            except OperationalError:
                continue
            break
        events = Counter(Event.objects.filter(verb="departure.lapsed").values_list("subject_id", flat=True))
        told = Notification.objects.filter(kind="departure-lapsed").count()
        assert lapsed() == len(events) == told == asked.cases, (lapsed(), len(events), told)
        assert set(events.values()) == {1}
        print(f"{lapsed()} lapsed once each; {told} notifications, one for each person and case")
        connection.close()


if __name__ == "__main__":
    main()
