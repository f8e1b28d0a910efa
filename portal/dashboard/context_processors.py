"""What every page's frame shows: menu, inbox count, person, organisation, language, appearance."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db.models import IntegerField, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.functional import Promise, cached_property
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from dealreg.deals.appeals import appeals_to_judge
from dealreg.deals.lifecycle import Step
from dealreg.deals.models import Conflict, Deal
from dealreg.deals.registering_right import may_register_something
from partners.certification.models import Departure
from partners.organisations.access import can
from partners.organisations.models import Membership
from partners.tiering.models import TierReview
from portal.accounts.models import Theme, User
from portal.accounts.roles import ADMINISTRATORS, DISTRIBUTOR_ROLES, PARTNER_ROLES, VENDOR_ROLES
from portal.core.preferences import THEME_COOKIE, own_name
from portal.notifications.models import Notification

# A badge does not need to tell 1 000 from 1 200, and counting stops there.
COUNT_CAP = 1_000


class CountOf(Subquery):
    """How many rows a queryset holds, as a column, so that all badges cost one statement."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet[Any]) -> None:
        super().__init__(rows.order_by().values("pk")[:COUNT_CAP])


@dataclass(frozen=True)
class Entry:
    """A line of the menu: shown to those who hold the capability (all, when empty) and one of the
    roles (all, when empty), where its address exists."""

    label: str | Promise
    icon: str
    path: str
    capability: str = ""
    roles: tuple[str, ...] = ()
    counted: Callable[[User], QuerySet[Any]] | None = None
    count_label: str | Promise = ""
    url: str = ""
    count: str = ""
    current: bool = False
    exact: bool = False
    # Asked last, for what hangs on more than the role.
    offered: Callable[[User], bool] | None = None

    @property
    def key(self) -> str:
        return "count_" + self.path.strip("/").replace("/", "_").replace("-", "_")


@dataclass(frozen=True)
class Section:
    title: str | Promise
    entries: tuple[Entry, ...] = field(default=())


ORGANISATIONS = Section(
    gettext_lazy("Organisations"),
    (
        Entry(gettext_lazy("Partners"), "building-store", "/partners/", "partners.list"),
        Entry(gettext_lazy("Distributors"), "truck", "/distributors/", "distributors.see"),
        Entry(gettext_lazy("Offices"), "building", "/offices/", "offices.see"),
        Entry(gettext_lazy("Portal users"), "users", "/people/", "people.see"),
    ),
)
MENU = (
    Section(
        "",
        (
            Entry(gettext_lazy("Home"), "layout-dashboard", "/"),
            Entry(gettext_lazy("Deals"), "briefcase", "/deals/", "deals.see"),
            Entry(gettext_lazy("Pipeline"), "layout-kanban", "/deals/pipeline/", "deals.see"),
            Entry(
                gettext_lazy("Register a deal"),
                "file-plus",
                "/deals/register/",
                "deals.register",
                offered=lambda user: may_register_something(user, timezone.localdate()),
            ),
            Entry(
                gettext_lazy("Register for a partner"),
                "file-plus",
                "/deals/on-behalf/",
                "deals.register_on_behalf",
            ),
            Entry(
                gettext_lazy("Queue"),
                "list-check",
                "/deals/queue/",
                "deals.see_queue",
                DISTRIBUTOR_ROLES,
                lambda user: Deal.objects.visible_to(user).to_decide(Step.DISTRIBUTOR),
                gettext_lazy("to decide"),
            ),
            Entry(
                gettext_lazy("Approvals"),
                "list-check",
                "/deals/queue/",
                "deals.decide_as_vendor",
                VENDOR_ROLES,
                lambda user: Deal.objects.visible_to(user).open_to(Step.VENDOR, timezone.now()),
                gettext_lazy("to decide"),
            ),
            Entry(
                gettext_lazy("Conflicts"),
                "git-compare",
                "/deals/conflicts/",
                "deals.see_conflicts",
                VENDOR_ROLES,
                lambda user: Conflict.objects.visible_to(user).open(),
                gettext_lazy("open"),
            ),
            Entry(
                gettext_lazy("Appeals"),
                "scale",
                "/deals/appeals/",
                "deals.see_appeals",
                VENDOR_ROLES,
                appeals_to_judge,
                gettext_lazy("to decide"),
            ),
            Entry(
                gettext_lazy("End customers"),
                "building-community",
                "/customers/",
                "customers.see",
                VENDOR_ROLES,
            ),
            Entry(gettext_lazy("Inbox"), "inbox", "/inbox/"),
        ),
    ),
    Section(
        gettext_lazy("Team and training"),
        (
            Entry(gettext_lazy("Certified team"), "users-group", "/team/", "staff.see", PARTNER_ROLES),
            Entry(gettext_lazy("My certificates"), "certificate", "/team/me/", "staff.see", PARTNER_ROLES),
            Entry(
                gettext_lazy("Certified staff"),
                "users-group",
                "/team/coverage/",
                "staff.count",
                DISTRIBUTOR_ROLES,
            ),
            Entry(
                gettext_lazy("Certified staff"), "users-group", "/team/coverage/", "staff.see", VENDOR_ROLES
            ),
            Entry(gettext_lazy("Courses"), "school", "/training/", "training.see"),
            Entry(gettext_lazy("Sessions"), "calendar-event", "/training/sessions/", "training.see"),
            Entry(
                gettext_lazy("Departures"),
                "user-minus",
                "/departures/",
                "staff.see",
                counted=lambda user: Departure.objects.visible_to(user).open(),
                count_label=gettext_lazy("open"),
            ),
            Entry(
                gettext_lazy("Tier reviews"),
                "scale",
                "/tier-reviews/",
                "tiers.see",
                counted=lambda user: TierReview.objects.visible_to(user).open(),
                count_label=gettext_lazy("to decide"),
            ),
            Entry(gettext_lazy("Certificates"), "certificate-2", "/certificates/", "staff.see"),
        ),
    ),
    ORGANISATIONS,
    Section(
        gettext_lazy("Programme"),
        (
            Entry(gettext_lazy("Programme"), "award", "/programme/", "programme.see"),
            Entry(gettext_lazy("Catalogue"), "tags", "/catalogue/", "catalogue.see"),
            Entry(gettext_lazy("Decision times"), "stopwatch", "/deals/decision-times/", "programme.see"),
            Entry(gettext_lazy("Jobs"), "heartbeat", "/jobs/", "jobs.see"),
        ),
    ),
)


def existing(path: str) -> str:
    """The path where a page answers to it, else nothing: the menu never leads nowhere."""
    return path if _resolves(path, settings.ROOT_URLCONF) else ""


@lru_cache(maxsize=1024)
def _resolves(path: str, urlconf: str) -> bool:
    # Asked a dozen times for each page, and the answer never changes while the process lives.
    try:
        resolve(path, urlconf)
    except Resolver404:
        return False
    return True


def named(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


class Shell:
    """Asked by the templates piece by piece: a page without the frame pays nothing."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.user: Any = getattr(request, "user", None)

    @property
    def portal_name(self) -> str:
        return settings.PORTAL_NAME

    @property
    def vendor_name(self) -> str:
        return settings.VENDOR_NAME

    @property
    def mark(self) -> str:
        return settings.PORTAL_NAME[:1].upper()

    @cached_property
    def signed_in(self) -> bool:
        return bool(self.user and self.user.is_authenticated)

    @cached_property
    def membership(self) -> Membership | None:
        return self.user.acting_as if self.signed_in else None

    @property
    def gives_roles(self) -> bool:
        """Who is not to be told to ask the administrator."""
        return self.membership is not None and self.membership.role in (*ADMINISTRATORS, *VENDOR_ROLES)

    @property
    def person(self) -> str:
        return str(self.user)

    @property
    def organisation(self) -> Any:
        return self.membership.organisation if self.membership else None

    @property
    def role(self) -> str:
        return self.membership.get_role_display() if self.membership else ""

    @cached_property
    def is_partner(self) -> bool:
        return bool(self.membership and self.membership.role in PARTNER_ROLES)

    @property
    def may_register(self) -> bool:
        return bool(self.membership) and may_register_something(self.user, timezone.localdate())

    # ------------------------------------------------------------ menu

    @cached_property
    def menu(self) -> list[Section]:
        sections = []
        here = self._current_path()
        for section in self._sections:
            entries = []
            for entry in section.entries:
                count = self.counts.get(entry.key) or 0 if entry.counted or entry.path == "/inbox/" else 0
                entries.append(
                    replace(
                        entry,
                        count=f"{COUNT_CAP - 1}+" if count >= COUNT_CAP else str(count or ""),
                        current=entry.url == here,
                        exact=entry.url == self.request.path,
                    )
                )
            if entries:
                sections.append(Section(section.title, tuple(entries)))
        return sections

    @cached_property
    def _sections(self) -> list[Section]:
        sections = []
        for section in MENU:
            entries = [
                replace(entry, url=existing(entry.path)) for entry in section.entries if self._may_see(entry)
            ]
            if section is ORGANISATIONS and self.is_partner:
                path = existing(f"/partners/{self.organisation.reference}/")
                entries.insert(0, Entry(gettext_lazy("Our company"), "building", path, url=path))
            sections.append(Section(section.title, tuple(entry for entry in entries if entry.url)))
        return sections

    def _may_see(self, entry: Entry) -> bool:
        if self.membership is None:
            return entry.path in ("/", "/inbox/")
        if entry.roles and self.membership.role not in entry.roles:
            return False
        if entry.capability and not can(self.user, entry.capability):
            return False
        return entry.offered is None or entry.offered(self.user)

    def _current_path(self) -> str:
        """The entry whose address begins this page's address, the longest of them."""
        paths = [entry.url for section in self._sections for entry in section.entries]
        fitting = [
            path
            for path in paths
            if path == self.request.path or (path != "/" and self.request.path.startswith(path))
        ]
        return max(fitting, key=len, default="")

    # ------------------------------------------------------------ figures: one statement

    @cached_property
    def counts(self) -> dict[str, int]:
        if not self.signed_in:
            return {}
        wanted = {
            "count_inbox": CountOf(Notification.objects.visible_to(self.user).unread()),
            "count_memberships": CountOf(self.user.memberships.filter(is_active=True)),
        }
        for section in self._sections:
            for entry in section.entries:
                if entry.counted is not None:
                    wanted[entry.key] = CountOf(entry.counted(self.user))
        return User.objects.filter(pk=self.user.pk).annotate(**wanted).values(*wanted).first() or {}

    @property
    def unread(self) -> int:
        return self.counts.get("count_inbox", 0)

    @cached_property
    def memberships(self) -> list[dict[str, Any]]:
        if self.counts.get("count_memberships", 0) < 2:
            return []
        return [
            {
                "pk": membership.pk,
                "organisation": membership.organisation,
                "role": membership.get_role_display(),
                "current": self.membership is not None and membership.pk == self.membership.pk,
            }
            for membership in self.user.memberships.active().order_by("pk")
        ]

    # ------------------------------------------------------------ addresses

    @property
    def home_url(self) -> str:
        return named("home") or "/"

    @property
    def here(self) -> str:
        """Where to come back to after a change of language: only pages that can be read again."""
        return self.request.get_full_path() if self.request.method == "GET" else self.request.path

    @property
    def inbox_url(self) -> str:
        return existing("/inbox/")

    @property
    def switch_url(self) -> str:
        return (named("switch_organisation") or named("accounts:switch")) if self.memberships else ""

    @property
    def login_url(self) -> str:
        return named("account_login")

    @property
    def logout_url(self) -> str:
        return named("account_logout")

    @property
    def language_url(self) -> str:
        return named("choose_language")

    @property
    def theme_url(self) -> str:
        return named("choose_theme")

    @property
    def person_links(self) -> list[dict[str, str]]:
        links = (
            (existing("/settings/"), "settings", _("Settings")),
            (named("account_change_password"), "key", _("Change password")),
            (named("mfa_index"), "shield-lock", _("Two-factor authentication")),
        )
        return [{"url": url, "icon": icon, "label": label} for url, icon, label in links if url]

    @property
    def account_tabs(self) -> list[dict[str, Any]]:
        return [
            {"label": link["label"], "url": link["url"], "active": self.request.path.startswith(link["url"])}
            for link in self.person_links
        ]

    @cached_property
    def demo_accounts(self) -> list[dict[str, Any]]:
        """The cast with its organisations and roles: on the sign-in page of the demo and nowhere else."""
        if not settings.DEMO:
            return []
        from portal.demo import CAST

        order = [email for email, _role in CAST]
        found = {
            membership.user.email: {
                "email": membership.user.email,
                "organisation": membership.organisation,
                "role": membership.get_role_display(),
            }
            for membership in Membership.objects.active().filter(user__email__in=order).order_by("is_current")
        }
        return [found[email] for email in order if email in found]

    @property
    def demo_password(self) -> str:
        from portal.demo import PASSWORD

        return PASSWORD if settings.DEMO else ""

    @property
    def footer_links(self) -> list[dict[str, str]]:
        links = [(existing("/status/"), _("Check a partner"))]
        if self.membership:
            links.append((existing("/privacy/"), _("Personal data")))
        if settings.DEMO:
            links.append((existing("/demo/mail/"), _("Mails of the demo")))
        return [{"url": url, "label": label} for url, label in links if url]

    # ------------------------------------------------------------ language and appearance

    @property
    def language(self) -> str:
        return (get_language() or settings.LANGUAGE_CODE).split("-")[0]

    @property
    def language_name(self) -> str:
        return own_name(self.language)

    @property
    def languages(self) -> list[dict[str, Any]]:
        return [
            {"code": code, "name": own_name(code), "current": code == self.language}
            for code, _name in settings.LANGUAGES
        ]

    @cached_property
    def theme(self) -> str:
        if self.signed_in:
            return self.user.theme
        asked = self.request.COOKIES.get(THEME_COOKIE, "")
        return asked if asked in Theme.values else Theme.AUTO.value

    @property
    def themes(self) -> list[dict[str, Any]]:
        icons = {"light": "sun", "dark": "moon", "auto": "contrast"}
        return [
            {
                "code": theme.value,
                "name": theme.label,
                "icon": icons[theme.value],
                "current": theme == self.theme,
            }
            for theme in (Theme.LIGHT, Theme.DARK, Theme.AUTO)
        ]


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"shell": Shell(request)}
