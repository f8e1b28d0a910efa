"""The school of the demonstration: courses, sessions in several countries, two exams on the portal."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal

from partners.certification.actions.courses import CourseFacts, add_course, publish_course
from partners.certification.actions.exams import add_question, note_progress, start_attempt, submit_attempt
from partners.certification.actions.sessions import (
    SessionFacts,
    book_places,
    plan_session,
    record_attendance,
)
from partners.certification.models import Course, Employment, Session
from partners.organisations.access import people_who_can
from portal.accounts.models import User
from portal.core.calendar import time_zone_of
from portal.dashboard.demo.questions import ENDPOINT_QUESTIONS, SALES_QUESTIONS_FR, QuestionFacts
from portal.dashboard.demo.world import World

DIRECTOR = "nora@vendor.example"
ALPHA = "alpha-securite.example"
OPENED = timedelta(days=240)


@dataclass(frozen=True)
class CourseStory:
    code: str
    title: str
    description: str
    track: str
    mode: str
    language: str
    hours: str
    price: str = ""
    technology: str = ""
    validity_months: int | None = None
    bank: tuple[QuestionFacts, ...] = ()
    published: bool = True


@dataclass(frozen=True)
class SessionStory:
    course: str
    country: str
    place: str
    in_days: int
    lasts_days: int
    seats: int


COURSES = (
    CourseStory(
        "EPS-ADMIN",
        "Endpoint Security: Deployment and Administration",
        "Two days in the lab: planning the administration server, rolling out agents, policies and tasks, "
        "vulnerability and patch management, reports.\n\nFor engineers who look after customers' networks.",
        "technical",
        "on_site",
        "en",
        "16",
        "950",
    ),
    CourseStory(
        "EPS-ADMIN-FR",
        "Endpoint Security : déploiement et administration",
        "Deux jours en laboratoire : serveur d’administration, déploiement des agents, stratégies et tâches, "
        "vulnérabilités et correctifs, rapports.",
        "technical",
        "on_site",
        "fr",
        "16",
        "950",
    ),
    CourseStory(
        "EPS-WEB",
        "Endpoint Security Essentials",
        "How protection of workstations and servers works, layer by layer, and what to set first. Taken "
        "online, at one's own pace.",
        "technical",
        "online",
        "en",
        "6",
        bank=ENDPOINT_QUESTIONS,
    ),
    CourseStory(
        "SALES-FR",
        "Vendre la sécurité informatique : les fondamentaux",
        "Comprendre les besoins d’une entreprise, choisir la bonne gamme, parler du programme partenaires.",
        "sales",
        "online",
        "fr",
        "3",
        bank=SALES_QUESTIONS_FR,
    ),
    CourseStory(
        "SALES-EN",
        "Selling Business Security: Fundamentals",
        "Finding out what a company needs, choosing the right product line, registering the deal.",
        "sales",
        "online",
        "en",
        "3",
    ),
    CourseStory(
        "SALES-ATT-FR",
        "Vendre la protection contre les attaques ciblées",
        "Une journée avec des cas de clients : interlocuteurs, arguments, objections, preuve de concept.",
        "sales",
        "on_site",
        "fr",
        "8",
        "390",
    ),
    CourseStory(
        "TOTAL-GATE",
        "Total Security for Business: Mail and Web Gateways",
        "Protecting mail servers and web traffic, encryption, and fitting both into the customer's network.",
        "technical",
        "on_site",
        "en",
        "24",
        "1250",
    ),
    CourseStory(
        "KATA-LAB",
        "Anti Targeted Attack Platform: Installation and Analysis",
        "Sensors, sandbox and central node; reading alerts; hunting through what the endpoints report.",
        "technology",
        "on_site",
        "en",
        "32",
        "2400",
        "anti-targeted-attack",
        18,
    ),
    CourseStory(
        "KICS-LAB",
        "Industrial CyberSecurity: Protecting Control Networks",
        "Controllers and operator stations, passive monitoring, rules for the integrity of a process.",
        "technology",
        "on_site",
        "en",
        "24",
        "2100",
        "industrial-cybersecurity",
    ),
    CourseStory(
        "PSN-WEB",
        "Private Security Network: Operations",
        "Running the reputation service inside the customer's own walls: sizing, updates, monitoring.",
        "technology",
        "online",
        "en",
        "5",
        technology="private-security-network",
    ),
    CourseStory(
        "XSP-DE",
        "Sicherheit für Service-Provider",
        "In Vorbereitung.",
        "technical",
        "online",
        "de",
        "4",
        published=False,
    ),
)
SESSIONS = (
    SessionStory("EPS-ADMIN-FR", "FR", "Paris, centre de formation de La Défense", -20, 2, 8),
    SessionStory("EPS-ADMIN-FR", "FR", "Lyon, Part-Dieu", 17, 2, 2),
    SessionStory("EPS-ADMIN-FR", "FR", "Paris, centre de formation de La Défense", 45, 2, 10),
    SessionStory("EPS-ADMIN-FR", "MA", "Casablanca, Technopark", 60, 2, 12),
    SessionStory("EPS-ADMIN", "DE", "München, Schulungszentrum Süd", 24, 2, 12),
    SessionStory("EPS-ADMIN", "GB", "London, Paddington", 31, 2, 10),
    SessionStory("EPS-ADMIN", "SE", "Stockholm, Kista", 66, 2, 8),
    SessionStory("SALES-ATT-FR", "BE", "Bruxelles, quartier européen", 12, 1, 15),
    SessionStory("SALES-ATT-FR", "FR", "Paris, siège", 38, 1, 20),
    SessionStory("TOTAL-GATE", "ES", "Madrid, Chamartín", 40, 3, 10),
    SessionStory("TOTAL-GATE", "IT", "Milano, Porta Nuova", 73, 3, 10),
    SessionStory("KATA-LAB", "FR", "Paris, laboratoire", 27, 4, 6),
    SessionStory("KATA-LAB", "DE", "Köln, Mediapark", 55, 4, 6),
    SessionStory("KICS-LAB", "FI", "Helsinki, Pasila", 34, 3, 8),
)


def open_school(world: World) -> dict[str, Course]:
    """The list of courses, by code, and their sessions."""
    by = _director()
    opened = world.now - OPENED
    courses = {}
    for story in COURSES:
        online = story.mode == "online"
        course = add_course(
            story.code,
            CourseFacts(
                title=story.title,
                description=story.description,
                track=story.track,
                technology=world.groups[story.technology] if story.technology else None,
                mode=story.mode,
                language=story.language,
                duration_hours=Decimal(story.hours),
                price=Decimal(story.price) if story.price else None,
                currency="EUR",
                validity_months=story.validity_months,
                link=f"https://learn.vendor.example/{story.code.lower()}" if online else "",
                exam_mode="online" if story.bank else "recorded",
                exam_questions=10,
                exam_minutes=20,
                pass_mark_pct=70,
                exam_attempts=3,
                exam_wait_days=7,
            ),
            by=by,
            at=opened,
        )
        for text, answers, right in story.bank:
            add_question(course, by=by, at=opened, text=text, answers=answers, right=right)
        if story.published:
            course = publish_course(course, by=by, at=opened)
        courses[story.code] = course
    for session in SESSIONS:
        _plan(world, courses[session.course], session)
    return courses


def _director() -> User:
    return User.objects.get(email=DIRECTOR)


def _plan(world: World, course: Course, story: SessionStory) -> Session:
    zone = time_zone_of(story.country)
    first = world.now.astimezone(zone).date() + timedelta(days=story.in_days)
    # Never over a weekend.
    while first.weekday() + story.lasts_days > 5:
        first += timedelta(days=1)
    starts = datetime.combine(first, time(9), zone)
    ends = datetime.combine(first + timedelta(days=story.lasts_days - 1), time(17), zone)
    return plan_session(
        course,
        SessionFacts(
            country=story.country,
            place=story.place,
            starts_at=starts,
            ends_at=ends,
            closes_at=starts - timedelta(days=5),
            seats=story.seats,
        ),
        by=_director(),
        at=min(world.now, starts) - timedelta(days=60),
    )


def fill_school(world: World) -> None:
    """Places, attendance and exams of those who are there: Lyon is full, with people who wait."""
    past, lyon = Session.objects.filter(course__code="EPS-ADMIN-FR").order_by("starts_at")[:2]
    staff = list(
        Employment.objects.filter(left_on=None, hired_on__lte=past.starts_at.date(), partner__country="FR")
        .select_related("partner", "person__user")
        .order_by("-partner__web_domain", "pk")
    )
    own = [one for one in staff if one.partner.web_domain == ALPHA]
    others = [one for one in staff if one.partner.web_domain != ALPHA]
    _book(past, [*own[1:2], *others[:3]], world.now - timedelta(days=45))
    if past.bookings.exists():
        booked = list(past.bookings.order_by("pk").values_list("pk", flat=True))
        record_attendance(past, booked[:3], among=booked, by=_director(), at=past.ends_at)
    _book(lyon, [*others[3:5], *own[2:4]], world.now - timedelta(days=9))
    account = next((one.person.user for one in own if one.person.user and one.person.user.is_active), None)
    if account is None:
        return
    learning = Course.objects.get(code="EPS-WEB")
    note_progress(learning, by=account, at=world.now - timedelta(days=6), percent=0)
    note_progress(learning, by=account, at=world.now - timedelta(days=2), percent=60)
    # A first try, taken too lightly: the next is open in four days.
    tried = world.now - timedelta(days=3)
    attempt = start_attempt(Course.objects.get(code="SALES-FR"), by=account, at=tried)
    submit_attempt(attempt, {}, by=account, at=tried + timedelta(minutes=4))


def _book(session: Session, employments: list[Employment], at: datetime) -> None:
    for number, employment in enumerate(employments):
        booker = people_who_can("training.book", employment.partner.memberships.all())
        if booker:
            moment = at + timedelta(hours=number)
            book_places(session, [employment], by=booker[0], at=moment)
