"""When what runs by itself runs: the standard, which beat puts into its tables once (portal.core.beat). What
an administrator changes there stays; see ADR 16."""

from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django_celery_beat.tzcrontab import TzAwareCrontab

from portal.core.calendar import zone_bands

# A little after midnight, when the date has changed on every clock.
NIGHT_STARTS = time(0, 10)
SWEEPS, NIGHT = "run-sweeps", "night"


def night_in(zone: str) -> str:
    """The name in the schedule of the run after midnight in a band."""
    return f"{NIGHT}:{zone}"


def standard_schedule() -> dict[str, dict[str, Any]]:
    every_band = {
        night_in(zone): {
            "task": "portal.core.tasks.run_nightly_sweeps",
            "schedule": TzAwareCrontab(
                minute=str(NIGHT_STARTS.minute), hour=str(NIGHT_STARTS.hour), tz=ZoneInfo(zone)
            ),
            # A worker that comes back in the morning still does it; the next night does it anyway.
            "options": {"expire_seconds": 20 * 3600},
        }
        for zone in zone_bands()
    }
    return {
        "heartbeat": {
            "task": "portal.core.tasks.heartbeat",
            "schedule": timedelta(seconds=30),
            # Old heartbeats must not pile up while no worker runs.
            "options": {"expire_seconds": 60},
        },
        # Mails leave right after the commit; this sends what was not sent then.
        "deliver-outbox": {
            "task": "portal.notifications.tasks.deliver_outbox",
            "schedule": timedelta(minutes=1),
            "options": {"expire_seconds": 60},
        },
        # Registrations are compared right after the commit; this looks at what was not looked at then.
        "look-at-registrations": {
            "task": "dealreg.deals.tasks.look_at_registrations",
            "schedule": timedelta(minutes=1),
            "options": {"expire_seconds": 60},
        },
        # Everything that is due at an instant; a run that finds nothing costs a few queries.
        SWEEPS: {
            "task": "portal.core.tasks.run_sweeps",
            "schedule": timedelta(minutes=10),
            "options": {"expire_seconds": 600},
        },
        # Tells the programme administrators of what is late or fails.
        "watch-jobs": {
            "task": "portal.jobs.tasks.watch_jobs",
            "schedule": timedelta(minutes=5),
            "options": {"expire_seconds": 300},
        },
        **every_band,
    }
