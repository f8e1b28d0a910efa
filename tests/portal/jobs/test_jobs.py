"""The page of jobs: what the vendor sees of it, what a programme administrator changes, and who is told when
something turns red."""

from datetime import time, timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django_celery_beat.models import PeriodicTask, PeriodicTasks

from portal.accounts.models import User
from portal.audit.models import Event
from portal.celery import app
from portal.core import actions as core
from portal.core import sweeps
from portal.core.actions import note_task, run_sweeps
from portal.core.beat import CHOSEN, put_schedule
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.core.health import beat_heart
from portal.core.models import PastRun, SweepRun, TaskRun
from portal.core.schedule import night_in
from portal.core.sweeps import Sweep
from portal.jobs import actions
from portal.jobs.labels import done_words, every_words, job_label, short_period, task_label
from portal.jobs.models import Incident
from portal.jobs.rules import State
from portal.jobs.selectors import Board, mail_figures
from portal.jobs.tasks import watch_jobs
from portal.notifications.actions import deliver_due, notify
from portal.notifications.models import MOST_TRIES, Notification
from tests.conftest import WorkerProcess

WHY = "The mail server needs a rest."


@pytest.fixture
def schedule(cast):
    User.objects.update(language="en")
    put_schedule(app)
    return {task.name: task for task in PeriodicTask.objects.all()}


@pytest.fixture
def own_sweeps(monkeypatch, cast):
    """One that works and one that breaks; the others of the portal are not asked."""

    def breaks(at):
        raise ValueError("no <b>such</b> thing")

    found = {
        "a.well": Sweep("a.well", lambda at: {"protections ended": 2}, "Well kept"),
        "b.broken": Sweep("b.broken", breaks, "Broken one"),
        "c.nightly": Sweep("c.nightly", lambda at: {}, "Nightly one", nightly=True),
    }
    monkeypatch.setattr(sweeps, "_SWEEPS", found)
    monkeypatch.setattr(core, "autodiscover_modules", lambda name: None)
    return found


def all_well(at=None) -> None:
    """Every entry of the schedule has just run."""
    TaskRun.objects.update(succeeded_at=at or timezone.now(), ran_at=at or timezone.now())


# --- what the page says ----------------------------------------------------------------------------


def test_the_vendor_sees_every_sweep_and_task_with_what_it_did(own_sweeps, schedule, cast, sign_in):
    run_sweeps(at=timezone.now())
    note_task("deliver-outbox", at=timezone.now(), seconds=0.4, done={"mails sent": 3})
    page = sign_in(cast.august).get("/jobs/").content.decode()
    for words in ("Well kept", "protections ended: 2", "Runs well", "every 10 minutes", "mails sent: 3"):
        assert words in page
    assert "every night, country by country" in page
    assert "After midnight in Vienna" in page
    # Red as a word, and the error itself one page further.
    assert "Failed" in page and "It failed." in page
    detail = sign_in(cast.august).get("/jobs/sweeps/b.broken/").content.decode()
    assert "ValueError: no &lt;b&gt;such&lt;/b&gt; thing" in detail


def test_the_page_speaks_the_reader_s_language(own_sweeps, schedule, cast, sign_in):
    run_sweeps(at=timezone.now())
    User.objects.update(language="fr")
    page = sign_in(cast.nora).get("/jobs/").content.decode()
    assert "protections terminées\u00a0: 2" in page
    assert "toutes les 10 minutes" in page


@pytest.mark.parametrize("who", ["alice", "denise", "dora"])
def test_nobody_else_sees_it(schedule, cast, sign_in, who):
    task = schedule["run-sweeps"]
    browser = sign_in(getattr(cast, who))
    for address in ("/jobs/", "/jobs/sweeps/deals.decisions/", f"/jobs/schedule/{task.pk}/"):
        assert browser.get(address).status_code == 403
    assert "/jobs/" not in browser.get("/").content.decode()


def test_without_a_schedule_the_page_says_so(cast, sign_in):
    User.objects.update(language="en")
    page = sign_in(cast.nora).get("/jobs/")
    assert "No schedule yet" in page.content.decode()
    assert sign_in(cast.nora).get("/jobs/sweeps/no.such/").status_code == 404
    assert sign_in(cast.nora).get("/jobs/schedule/999999/").status_code == 404


def test_hearts_and_mails_are_shown(schedule, cast, sign_in):
    nora = sign_in(cast.nora)
    cache.delete_many(["heartbeat:worker", "heartbeat:beat"])
    page = nora.get("/jobs/").content.decode()
    assert page.count("Silent") == 2 and "no heartbeat known" in page
    beat_heart("worker")
    assert "Alive" in nora.get("/jobs/").content.decode()


def test_with_redis_away_the_page_still_answers(schedule, cast, sign_in, monkeypatch):
    import redis

    def away(*_):
        raise redis.ConnectionError("away")

    nora = sign_in(cast.nora)
    monkeypatch.setattr("portal.jobs.selectors.cache.get", away)
    from portal.jobs.selectors import hearts

    assert [(heart.last_at, heart.beats) for heart in hearts()] == [(None, False), (None, False)]
    monkeypatch.undo()
    assert nora.get("/jobs/").status_code == 200


def test_a_sweep_s_history_is_paged_and_costs_the_same(own_sweeps, schedule, cast, sign_in):
    nora = sign_in(cast.nora)

    def cost(number: int) -> int:
        PastRun.objects.bulk_create(
            PastRun(name="a.well", ran_at=timezone.now(), swept_for=timezone.now(), seconds=1, cause="now")
            for _ in range(number)
        )  # fmt: skip
        nora.get("/jobs/sweeps/a.well/")
        with CaptureQueriesContext(connection) as seen:
            assert nora.get("/jobs/sweeps/a.well/").status_code == 200
        return len(seen)

    few = cost(2)
    assert cost(30) == few <= 20
    assert nora.get("/jobs/sweeps/a.well/?page=2").status_code == 200
    with CaptureQueriesContext(connection) as seen:
        nora.get("/jobs/")
    assert len(seen) <= 20


def test_the_names_of_jobs_are_words():
    assert task_label("night:Africa/Casablanca") == "After midnight in Casablanca"
    with translation.override("fr"):
        assert task_label("night:Europe/London") == "Après minuit à Londres"
    assert task_label("unheard-of") == "unheard-of"
    assert job_label("task:deliver-outbox") == "Mails that wait to be sent"
    assert job_label("sweep:deals.decisions") == "Registrations: decision times"
    assert job_label("sweep:gone.since") == "gone.since"
    assert [every_words(timedelta(seconds=n)) for n in (1, 45, 60, 600, 3600, 7200, 86400)] == [
        "every second",
        "every 45 seconds",
        "every minute",
        "every 10 minutes",
        "every hour",
        "every 2 hours",
        "every day",
    ]
    assert [short_period(timedelta(seconds=n)) for n in (45, 600, 7200)] == ["45 s", "10 min", "2 h"]
    with translation.override("fr"):
        assert done_words({"protections ended": 1200, "mails sent": 1}) == (
            "e-mails envoyés\u00a0: 1 · protections terminées\u00a0: 1\u202f200"
        )


def test_every_sweep_of_the_portal_has_a_name_in_words():
    assert [sweep.name for sweep in core.known_sweeps() if not sweep.label] == []


# --- times, pause, run now -------------------------------------------------------------------------


def test_an_administrator_changes_a_period_and_it_is_on_record(schedule, cast, sign_in):
    task = schedule["run-sweeps"]
    nora = sign_in(cast.nora)
    before = PeriodicTasks.last_change()
    answer = nora.post(f"/jobs/schedule/{task.pk}/", {"every": "30", "unit": "minutes", "reason": WHY})
    assert answer["Location"] == f"/jobs/schedule/{task.pk}/"
    task.refresh_from_db()
    assert task.interval.every == 1800 and task.description == CHOSEN
    # Beat notices it without a restart, and keeps it over one.
    assert PeriodicTasks.last_change() > before
    put_schedule(app)
    page = nora.get(f"/jobs/schedule/{task.pk}/").content.decode()
    assert "every 30 minutes" in page
    assert "Time changed from 10 min to 30 min" in page and WHY in page
    event = Event.objects.get(verb="job.period_changed")
    assert event.actor == cast.nora and event.reason == WHY


def test_an_administrator_moves_a_night_within_the_night(schedule, cast, sign_in):
    task = schedule[night_in("Asia/Jerusalem")]
    nora = sign_in(cast.nora)
    page = nora.post(f"/jobs/schedule/{task.pk}/", {"hour": "08:00", "reason": WHY})
    assert page.status_code == 200 and "the day must be over there" in page.content.decode()
    assert nora.post(f"/jobs/schedule/{task.pk}/", {"hour": "01:30", "reason": WHY}).status_code == 302
    task.refresh_from_db()
    assert (task.crontab.hour, task.crontab.minute, str(task.crontab.timezone)) == (
        "1",
        "30",
        "Asia/Jerusalem",
    )
    board = Board(timezone.now())
    assert board.task(task.pk).period_words == "01:30"
    assert "Israel" in nora.get(f"/jobs/schedule/{task.pk}/").content.decode()


def test_the_hour_of_a_moved_night_is_what_makes_up_for_a_missed_one(schedule, cast):
    for name, task in schedule.items():
        if name.startswith("night:"):
            actions.change_night(task.pk, by=cast.nora, at=timezone.now(), hour=time(5), reason=WHY)
    noon = timezone.now().replace(hour=12)
    assert core.last_night(noon).astimezone(timezone.get_fixed_timezone(0)).minute == 0
    PeriodicTask.objects.filter(name__startswith="night:").update(enabled=False)
    assert core.last_night(noon) is None
    assert core._missed_night(noon) == set()


def test_the_same_time_again_leaves_no_line(schedule, cast):
    task = schedule["run-sweeps"]
    actions.change_period(task.pk, by=cast.nora, at=timezone.now(), every=timedelta(minutes=10), reason=WHY)
    assert not Event.objects.filter(verb="job.period_changed").exists()


@pytest.mark.parametrize(
    "values",
    [
        {"every": "0", "unit": "hours", "reason": WHY},
        {"every": "25", "unit": "hours", "reason": WHY},
        {"every": "5", "unit": "seconds", "reason": WHY},
        {"every": "1e9", "unit": "seconds", "reason": WHY},
        {"every": "10", "unit": "fortnights", "reason": WHY},
        {"every": "10", "unit": "minutes", "reason": "  "},
        {},
    ],
)
def test_what_is_no_period_is_answered_on_the_field(schedule, cast, sign_in, values):
    task = schedule["run-sweeps"]
    page = sign_in(cast.nora).post(f"/jobs/schedule/{task.pk}/", values)
    assert page.status_code == 200 and page.context["form"].errors
    task.refresh_from_db()
    assert task.interval.every == 600


def test_pause_and_resume(schedule, cast, sign_in):
    task = schedule["deliver-outbox"]
    nora = sign_in(cast.nora)
    assert nora.post(f"/jobs/schedule/{task.pk}/pause/", {"reason": ""}).status_code == 200
    assert nora.post(f"/jobs/schedule/{task.pk}/pause/", {"reason": WHY}).status_code == 302
    task.refresh_from_db()
    assert not task.enabled
    page = nora.get(f"/jobs/schedule/{task.pk}/").content.decode()
    assert "Paused" in page and WHY in page and "Resume" in page
    assert nora.post(f"/jobs/schedule/{task.pk}/pause/", {"reason": WHY}).status_code == 409
    assert nora.post(f"/jobs/schedule/{task.pk}/resume/").status_code == 302
    with pytest.raises(WrongState):
        actions.resume_task(task.pk, by=cast.nora, at=timezone.now())
    task.refresh_from_db()
    assert task.enabled
    verbs = Event.objects.about(task).values_list("verb", flat=True)
    assert list(verbs) == ["job.paused", "job.resumed"]


def test_paused_sweeps_are_paused_and_not_red(own_sweeps, schedule, cast):
    at = timezone.now()
    run_sweeps(at=at)
    PeriodicTask.objects.update(enabled=False)
    board = Board(at + timedelta(days=9))
    assert {job.state for job in board.sweeps} == {State.PAUSED}
    assert board.red == [] and board.sweep("a.well").next_at is None


def test_what_watches_the_others_is_neither_changed_nor_paused(schedule, cast, sign_in):
    nora = sign_in(cast.nora)
    for name in ("heartbeat", "watch-jobs"):
        task = schedule[name]
        assert "stays as it is" in nora.get(f"/jobs/schedule/{task.pk}/").content.decode()
        for address, values in (("", {"every": "1", "unit": "hours"}), ("pause/", {})):
            answer = nora.post(f"/jobs/schedule/{task.pk}/{address}", values | {"reason": WHY})
            assert answer.status_code in (200, 422)
        with pytest.raises(RuleViolation):
            actions.pause_task(task.pk, by=cast.nora, at=timezone.now(), reason=WHY)
        task.refresh_from_db()
        assert task.enabled and task.description == ""


@pytest.mark.parametrize("who", ["karim", "august"])
def test_who_only_sees_changes_nothing(schedule, cast, sign_in, who):
    task, browser = schedule["run-sweeps"], sign_in(getattr(cast, who))
    page = browser.get(f"/jobs/schedule/{task.pk}/").content.decode()
    assert "Run now" not in page and "Change the time" not in page
    for address in ("", "run/", "pause/", "resume/"):
        values = {"every": "1", "unit": "hours", "reason": WHY}
        assert browser.post(f"/jobs/schedule/{task.pk}/{address}", values).status_code == 403
    assert browser.post("/jobs/sweeps/deals.decisions/run/").status_code == 403
    assert browser.post("/jobs/mails/send-again/").status_code == 403
    with pytest.raises(NotAllowed):
        actions.run_sweep_now("deals.decisions", by=getattr(cast, who), at=timezone.now())
    assert not Event.objects.filter(verb__startswith="job.").exists()


def test_with_the_queue_away_run_now_says_so_and_leaves_no_line(schedule, cast, sign_in, monkeypatch):
    from kombu.exceptions import OperationalError

    def away(*_, **__):
        raise OperationalError("Connection refused")

    monkeypatch.setattr("portal.jobs.actions.celery.send_task", away)
    nora, task = sign_in(cast.nora), schedule["run-sweeps"]
    for address in ("/jobs/sweeps/deals.decisions/", f"/jobs/schedule/{task.pk}/"):
        page = nora.post(f"{address}run/", follow=True)
        assert "The queue does not answer at the moment" in page.content.decode()
    assert not Event.objects.filter(verb="job.run_asked").exists()


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_run_now_runs_in_a_real_worker_and_stands_in_the_history(tmp_path, cast, sign_in):
    User.objects.update(language="en")
    put_schedule(app)
    nora = sign_in(cast.nora)
    task = PeriodicTask.objects.get(name="look-at-registrations")
    with WorkerProcess(tmp_path):
        for _twice in range(2):
            page = nora.post("/jobs/sweeps/deals.decisions/run/", follow=True)
            assert "is asked for" in page.content.decode()
        nora.post(f"/jobs/schedule/{task.pk}/run/")
        wait_for(
            lambda: (
                PastRun.objects.filter(name="deals.decisions").count() == 2
                and TaskRun.objects.filter(name=task.name, succeeded_at__isnull=False).exists()
            )
        )
    runs = PastRun.objects.filter(name="deals.decisions")
    assert {run.cause for run in runs} == {"now"} and not any(run.error for run in runs)
    page = nora.get("/jobs/sweeps/deals.decisions/").content.decode()
    assert page.count("asked for on the page") == 2
    assert Event.objects.filter(verb="job.run_asked").count() == 3


def wait_for(condition, seconds=60.0):
    import time as clock

    deadline = clock.monotonic() + seconds
    while not condition():
        assert clock.monotonic() < deadline, "waited in vain"
        clock.sleep(0.05)


# --- mails that were given up ----------------------------------------------------------------------


def told(cast, key: str) -> Notification:
    now = timezone.now()
    incident, _made = Incident.objects.get_or_create(
        job="sweep:x", defaults={"state": "late", "opened_at": now}
    )
    notify("jobs-red", to=[cast.nora], about=incident, key=key)
    return Notification.objects.get(key=key)


def test_given_up_mails_go_out_again_on_demand(schedule, cast, sign_in):
    lost, waiting, dropped = told(cast, "lost"), told(cast, "waiting"), told(cast, "dropped")
    now = timezone.now()
    Notification.objects.filter(pk=lost.pk).update(dropped_at=now, tries=MOST_TRIES, last_error="refused")
    Notification.objects.filter(pk=dropped.pk).update(dropped_at=now)
    figures = mail_figures()
    assert (figures.waiting, figures.given_up, figures.oldest_at) == (1, 1, waiting.created_at)
    nora = sign_in(cast.nora)
    assert "Send the given-up mails again" in nora.get("/jobs/").content.decode()
    page = nora.post("/jobs/mails/send-again/", follow=True).content.decode()
    assert "1 mail goes out again." in page
    assert "Send the given-up mails again" not in page
    lost.refresh_from_db()
    assert (lost.dropped_at, lost.tries) == (None, 0)
    dropped.refresh_from_db()
    assert dropped.dropped_at is not None
    assert Event.objects.get(verb="job.mails_sent_again").data["number"] == 1
    assert "No mail has been given up." in nora.post("/jobs/mails/send-again/", follow=True).content.decode()


# --- alarm -----------------------------------------------------------------------------------------


def test_the_administrators_are_told_once_when_something_turns_red(own_sweeps, schedule, cast, sign_in):
    at = timezone.now()
    run_sweeps(at=at)
    all_well()
    assert actions.watch_jobs(at=at) == (1, 0)
    assert actions.watch_jobs(at=at + timedelta(minutes=1)) == (0, 0)
    assert Notification.objects.filter(kind="jobs-red").count() == 1
    deliver_due(at=timezone.now() + timedelta(minutes=1), most=10)
    (letter,) = mail.outbox
    assert letter.to == ["Nora Lindqvist <nora@vendor.example>"] or "nora@vendor.example" in letter.to[0]
    assert letter.subject == "Red: Broken one"
    assert "Broken one" in letter.body and "the last run failed" in letter.body
    assert "no such" not in letter.body
    home = sign_in(cast.karim).get("/").content.decode()
    assert "1 job of the portal is red" in home and "Broken one" in home
    assert "Red: Broken one" in sign_in(cast.nora).get("/inbox/").content.decode()

    # Mended: the incident ends, and the next one is told anew.
    works = Sweep("b.broken", lambda at: {}, "Broken one")
    breaks, own_sweeps["b.broken"] = own_sweeps["b.broken"], works
    run_sweeps(at=at)
    assert actions.watch_jobs(at=at + timedelta(minutes=2)) == (0, 1)
    assert "of the portal is red" not in sign_in(cast.karim).get("/").content.decode()
    own_sweeps["b.broken"] = breaks
    run_sweeps(at=at)
    assert actions.watch_jobs(at=at + timedelta(minutes=3)) == (1, 0)
    assert Notification.objects.filter(kind="jobs-red").count() == 2


@pytest.mark.parametrize(
    ("language", "one", "several"),
    [
        ("en", "Red: b.broken", "2 jobs of the portal are red"),
        ("fr", "Au rouge", "2 tâches du portail"),
    ],
)
def test_the_mail_about_red_jobs_reads_well(cast, language, one, several):
    type(cast.nora).objects.filter(pk=cast.nora.pk).update(language=language)
    at = timezone.now()
    first = Incident.objects.create(job="sweep:b.broken", state="failed", opened_at=at)
    notify("jobs-red", to=[cast.nora], about=first, key="one", at=at)
    deliver_due(at=at + timedelta(minutes=1), most=10)
    Incident.objects.create(job="sweep:c.late", state="late", opened_at=at)
    notify("jobs-red", to=[cast.nora], about=first, key="two", at=at)
    deliver_due(at=at + timedelta(minutes=1), most=10)
    single, both = mail.outbox
    assert one in single.subject and several in both.subject
    for letter in mail.outbox:
        assert "{" not in letter.subject + letter.body and "None" not in letter.body
        assert "\n" not in letter.subject and "/inbox/" in letter.body
    assert ("failed" in both.body) == (language == "en") == ("two periods" in both.body)


def test_red_after_two_periods_and_all_of_one_moment_in_one_mail(own_sweeps, schedule, cast):
    del own_sweeps["b.broken"]
    at = timezone.now()
    run_sweeps(at=at)
    all_well(at + timedelta(days=3))
    assert actions.watch_jobs(at=at + timedelta(minutes=19)) == (0, 0)
    assert actions.watch_jobs(at=at + timedelta(minutes=21)) == (1, 0)
    assert Incident.objects.get().job == "sweep:a.well"
    assert actions.watch_jobs(at=at + timedelta(days=2, minutes=1)) == (1, 0)
    # Then everything else at once: one mail more.
    before = Notification.objects.filter(kind="jobs-red").count()
    opened, _ended = actions.watch_jobs(at=at + timedelta(days=9))
    assert opened > 5
    assert Notification.objects.filter(kind="jobs-red").count() == before + 1
    incident = Notification.objects.filter(kind="jobs-red").latest("created_at").subject
    assert len(incident.together()) == opened and str(incident) == incident.job


def test_the_watch_is_a_task_of_the_schedule(own_sweeps, schedule, cast):
    run_sweeps(at=timezone.now())
    all_well()
    assert watch_jobs() == {"jobs turned red": 1, "jobs well again": 0}


def test_only_the_vendor_s_people_see_an_incident(cast):
    incident = Incident.objects.create(job="sweep:x", state="late", opened_at=timezone.now())
    seen = {
        who: Incident.objects.visible_to(getattr(cast, who)).count() for who in ("alice", "denise", "karim")
    }
    assert seen == {"alice": 0, "denise": 0, "karim": 1}
    assert incident.get_absolute_url() == "/jobs/"


def test_a_task_that_fails_is_noted_with_its_error(schedule, cast):
    note_task("deliver-outbox", at=timezone.now(), seconds=1.5, done={"mails sent": 2})
    note_task("deliver-outbox", at=timezone.now(), seconds=0.1, error="OSError: no route")
    run = TaskRun.objects.get(name="deliver-outbox")
    assert run.error == "OSError: no route" and run.done == {"mails sent": 2} and str(run) == "deliver-outbox"
    assert Board(timezone.now()).task(schedule["deliver-outbox"].pk).state == State.FAILED
    assert SweepRun.objects.exists()


pytestmark = pytest.mark.django_db
