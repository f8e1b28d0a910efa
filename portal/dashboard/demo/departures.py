"""People who have left: one case that runs, one that has lapsed with a tier to decide on, one that is
settled, and one that the channel manager has found."""

from datetime import date, datetime, timedelta

from partners.certification.actions.departures import (
    name_replacement,
    open_case_as_vendor,
    open_departure,
)
from partners.certification.models import Certificate, Departure, DepartureOrigin, Employment, Track
from partners.organisations.models import Partner
from portal.accounts.models import User
from portal.dashboard.demo.staff import certify, hire
from portal.dashboard.demo.world import World

VALID = timedelta(days=730)
TITLES = {Track.TECHNICAL: "Kaspersky Certified Professional", Track.SALES: "Kaspersky Sales Specialist"}


def add_departures(world: World) -> None:
    now, today = world.now, world.today
    alice, bruno, carla = (world.people[name] for name in ("alice", "bruno", "carla"))
    alpha, bravo, charlie = (one.acting_as.partner for one in (alice, bruno, carla))

    # Bravo let its own certificates run out, and then its last technical specialist left: nobody came, and
    # the sweep of the loading makes the case lapse.
    Certificate.objects.filter(person__employments__partner=bravo, track=Track.TECHNICAL).update(
        issued_on=today - timedelta(days=120) - VALID, expires_on=today - timedelta(days=120)
    )
    gone = _employee(bravo, bruno, "Marc Vidal", "Ingénieur systèmes", today - timedelta(days=900), now)
    _certify(gone, Track.TECHNICAL, today - timedelta(days=400))
    _leaves(gone, today - timedelta(days=94), bruno, now - timedelta(days=92))

    # Charlie has replaced somebody in time.
    earlier = _employee(charlie, carla, "Wim Claes", "Engineer", today - timedelta(days=1_100), now)
    _certify(earlier, Track.TECHNICAL, today - timedelta(days=500))
    settled = _leaves(earlier, today - timedelta(days=150), carla, now - timedelta(days=147))
    follower = _employee(charlie, carla, "Lotte Aerts", "Engineer", today - timedelta(days=130), now)
    _certify(follower, Track.TECHNICAL, today - timedelta(days=110))
    name_replacement(settled.gaps.get(), by=carla, at=now - timedelta(days=109), employment=follower)

    # Alpha's case runs: in one of the two tracks somebody new would count at once.
    leaver = _employee(
        alpha, alice, "Sophie Roussel", "Ingénieure sécurité", today - timedelta(days=700), now
    )
    _certify(leaver, Track.TECHNICAL, today - timedelta(days=300))
    _certify(leaver, Track.SALES, today - timedelta(days=280))
    _leaves(leaver, today - timedelta(days=14), alice, now - timedelta(days=12))
    beginner = _employee(alpha, alice, "Yann Masson", "Commercial", today - timedelta(days=9), now)
    _certify(beginner, Track.SALES, today - timedelta(days=200))

    # A mail came back: Karim has entered what Bravo did not tell.
    quiet = _employee(bravo, bruno, "Nadia Colas", "Commerciale", today - timedelta(days=600), now)
    _certify(quiet, Track.SALES, today - timedelta(days=250))
    open_case_as_vendor(
        quiet,
        by=world.people["karim"],
        at=now - timedelta(days=5),
        departed_on=today - timedelta(days=24),
        reason="Courriel de formation revenu : « ne fait plus partie de l’entreprise ».",
    )


def _employee(
    partner: Partner, by: User, name: str, job_title: str, hired_on: date, now: datetime
) -> Employment:
    return hire(partner, name, hired_on, entered_at=now, entered_by=by, job_title=job_title)


def _certify(employment: Employment, track: str, issued_on: date) -> None:
    certify(employment, track, TITLES[Track(track)], issued_on, issued_on + VALID)


def _leaves(employment: Employment, left_on: date, by: User, at: datetime) -> Departure:
    employment.left_on = left_on
    employment.save(update_fields=["left_on"])
    return open_departure(employment, by=by, at=at, origin=DepartureOrigin.PARTNER, reported_on=at.date())
