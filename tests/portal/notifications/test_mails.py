"""What the mails say: to whom, in which language, and what they keep to themselves (promise S2)."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.core import mail
from django.utils import timezone

from dealreg.deals.actions import (
    approve_deal,
    reject_deal,
    settle_conflict,
)
from dealreg.deals.models import Conflict, ConflictOutcome, Deal, RejectionCode
from portal.accounts.models import User
from portal.accounts.roles import PARTNER_ROLES
from portal.core.languages import language_of
from portal.notifications.actions import deliver_due
from portal.notifications.kinds import KINDS
from portal.notifications.mails import as_told
from portal.notifications.models import Notification
from tests.portal.notifications.letters import DUE, MONDAY, TOLD, UNTIL, register, tell
from tests.world import undone

pytestmark = pytest.mark.django_db


def deliver():
    mail.outbox.clear()
    deliver_due(at=timezone.now() + timedelta(seconds=1), most=500)
    assert not Notification.objects.exclude(last_error="").filter(dropped_at=None).exists()
    return list(mail.outbox)


def html_of(sent):
    return next(content for content, kind in sent.alternatives if kind == "text/html")


ABOUT_CONFLICTS = {"deal-conflict", "deal-conflict-settled", "deal-both-protected"}
# Mails about people, certificates and departures are read where these are tried.
ABOUT_DEALS = {
    kind for kind in KINDS if kind.startswith(("deal-", "extension-", "appeal-", "discount-", "revocation-"))
} - ABOUT_CONFLICTS


def speaks(person, language, **facts):
    User.objects.filter(pk=person.pk).update(language=language, **facts)


@pytest.fixture
def deal(cast):
    deal = register(cast, cast.amir)
    Notification.objects.all().delete()
    return deal


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("person", ["alice", "denise", "karim"])
def test_every_kind_reads_well_on_every_side(cast, deal, person, language):
    someone = getattr(cast, person)
    speaks(someone, language)
    side = {"alice": "partner", "denise": "distributor", "karim": "vendor"}[person]
    for kind in sorted(ABOUT_DEALS):
        with undone():
            reads_well(kind, deal, someone, side, language)


def reads_well(kind, deal, someone, side, language):
    tell(kind, deal, someone)

    sent = deliver()
    if side not in KINDS[kind].sides:
        assert sent == []
        return

    assert len(sent) == 1, kind
    (letter,) = sent
    html = html_of(letter)
    notification = Notification.objects.get()
    address = f"{settings.PORTAL_URL}/inbox/{notification.pk}/open/"
    for text in (letter.subject, letter.body, html):
        assert deal.reference in text, kind
        assert "Saint-Roch" in text, kind
        assert "{{" not in text and "{%" not in text
        assert "None" not in text
    assert "\n" not in letter.subject
    # The button; links to pages below the record's own say which.
    assert len(re.findall(re.escape(address) + r"(?!\?go=)", letter.body)) == 1
    assert html.count(f'href="{address}"') == 1
    assert f'<html lang="{language}"' in html
    assert "&lt;p" not in html and "<p" not in letter.body and "&#x27;" not in letter.body
    assert "\n\n\n" not in letter.body
    assert max(len(line) for line in letter.body.splitlines() if "http" not in line) <= 110
    if side == "partner":
        assert "conflict" not in letter.body.lower() and "conflit" not in letter.body.lower()


def test_the_conflict_mail_is_for_channel_managers(cast, deal):
    later = register(cast, cast.bruno, at=MONDAY + timedelta(minutes=5))
    conflict = Conflict.objects.get()
    Notification.objects.all().delete()
    told = {"later": later.reference, "earlier": deal.reference}
    tell("deal-conflict", conflict, cast.karim, cast.denise, cast.alice, cast.bruno, **told)

    (letter,) = deliver()
    assert letter.to == ["Karim Benali <karim@vendor.example>"]
    for text in (letter.body, html_of(letter)):
        assert later.reference in text and deal.reference in text
        assert "Alpha Sécurité" in text and "Bravo IT" in text


def test_the_mail_of_a_settled_conflict_gives_outcome_and_reason(cast, deal):
    register(cast, cast.bruno, at=MONDAY + timedelta(minutes=5))
    settle_conflict(
        Conflict.objects.get(), by=cast.nora, at=MONDAY, outcome="different", reason="Two sites, two buyers"
    )
    Notification.objects.exclude(kind="deal-conflict-settled").delete()
    (letter,) = deliver()
    assert letter.to == ["Karim Benali <karim@vendor.example>"]
    assert "Two sites, two buyers" in letter.body and "None" not in letter.body


def test_the_mail_keeps_what_was_true_when_it_happened(cast, deal):
    """The deal has moved on before the mail went out: it still tells what was decided then."""
    speaks(cast.amir, "en")
    tell("deal-approved", deal, cast.amir, granted_pct=Decimal("4.50"))
    Deal.objects.filter(pk=deal.pk).update(protected_until=None)
    (letter,) = deliver()
    assert "4.5%" in letter.body
    assert "Monday, 22 February 2027" in " ".join(letter.body.split())


def test_french_for_who_reads_french(cast, deal):
    tell("deal-submitted", deal, cast.alice)
    (letter,) = deliver()
    # Dates come from the language's own data, whether or not every sentence is translated yet.
    assert "mercredi 25 novembre 2026" in " ".join(letter.body.split())
    assert "14:10 CET" in " ".join(letter.body.split())


def test_each_reader_s_own_time_zone(cast, deal):
    speaks(cast.amir, "en", time_zone="Atlantic/Reykjavik")
    tell("deal-submitted", deal, cast.amir)
    (letter,) = deliver()
    assert "Wednesday, 25 November 2026, 13:10 GMT" in " ".join(letter.body.split())


@pytest.mark.parametrize(
    ("country", "language"),
    [
        ("FR", "fr"),
        ("LU", "fr"),
        ("MA", "fr"),
        ("BE", "fr"),
        ("DE", "en"),
        ("CH", "en"),
        ("GB", "en"),
        ("US", "en"),
    ],
)
def test_who_has_not_chosen_is_written_to_in_the_country_s_language(country, language):
    assert language_of(country) == language


def test_own_choice_goes_before_the_country(cast, deal):
    speaks(cast.amir, "en")
    speaks(cast.tina, "xx")
    tell("deal-submitted", deal, cast.amir, cast.tina, cast.adam)
    spoken = {
        letter.to[0].split()[0]: re.search(r'<html lang="(\w+)"', html_of(letter))[1] for letter in deliver()
    }
    assert spoken == {"Amir": "en", "Tina": "fr", "Adam": "fr"}


def test_what_people_write_cannot_become_html(cast, deal):
    evil = '<script>alert(1)</script><a href="https://evil.example">x</a>'
    Deal.objects.filter(pk=deal.pk).update(customer_name=f"Saint-Roch {evil}")
    tell("deal-information-requested", deal, cast.amir, question=evil)
    (letter,) = deliver()
    html = html_of(letter)
    assert "<script" not in html and 'href="https://evil' not in html
    assert "<script>" in letter.body  # plain text stays as it was written


def test_a_line_break_in_a_name_cannot_add_a_header(cast, deal):
    Deal.objects.filter(pk=deal.pk).update(customer_name="Saint-Roch\r\nBcc: all@evil.example")
    tell("deal-approved", deal, cast.amir)
    (letter,) = deliver()
    message = letter.message()
    assert message["Bcc"] is None
    assert "\n" not in letter.subject


def test_text_in_a_mail_is_not_broken_inside_numbers(cast, deal):
    tell("deal-comment", deal, cast.amir, excerpt="word " * 40 + deal.reference)
    (letter,) = deliver()
    assert deal.reference in letter.body.split("> ", 1)[1]


def test_mails_to_a_partner_carry_nothing_of_its_rival(cast):
    """Canaries: odd texts in the other registration, and in what reviewers say among themselves."""
    canaries = ["Zwiebelfisch", "Kolibri-4711", "rival-notes-8832"]
    first = register(
        cast, cast.amir, web_domain="saint-roch.example.fr", engagement=canaries[0] * 3, notes=canaries[2]
    )
    second = register(
        cast,
        cast.bruno,
        at=MONDAY + timedelta(minutes=5),
        customer_name="Hôp. St Roch",
        web_domain="saint-roch.example.fr",
    )
    conflict = Conflict.objects.get()
    settle_conflict(
        conflict,
        by=cast.karim,
        at=MONDAY + timedelta(hours=1),
        outcome=ConflictOutcome.EARLIER_STANDS,
        reason=canaries[1],
        message="This opportunity cannot be registered.",
    )
    approve_deal(first, by=cast.denise, at=MONDAY + timedelta(hours=2), granted_pct=Decimal("4.5"))
    second.refresh_from_db()

    sent = deliver()
    assert sent
    to_bravo = [letter for letter in sent if "bravo-it" in letter.to[0]]
    to_alpha = [letter for letter in sent if "alpha-securite" in letter.to[0]]
    assert to_bravo and to_alpha
    for letters, foreign in (
        (to_bravo, [first.reference, "Alpha", "Amir", "Alice", "4.5", "4,5", *canaries]),
        (to_alpha, [second.reference, "Bravo", "Bruno", "Hôp. St Roch", canaries[1]]),
    ):
        for letter in letters:
            everything = "\n".join([letter.subject, letter.body, html_of(letter), str(letter.extra_headers)])
            for word in [*foreign, "onflict", "onflit"]:
                assert word not in everything, (word, letter.subject)


def test_the_receipt_is_the_same_whether_or_not_the_customer_is_taken(cast):
    """Rule E6: nobody finds out by trying."""
    free = register(cast, cast.carla, customer_name="Brasserie Van Eyck")
    deliver()
    (receipt,) = [letter for letter in mail.outbox if "charlie" in letter.to[0]]
    Notification.objects.all().delete()
    register(cast, cast.amir, customer_name="Clinique Bellevue", web_domain="bellevue.example.fr")
    Notification.objects.all().delete()
    taken = register(cast, cast.carla, customer_name="Clinique Bellevue", web_domain="bellevue.example.fr")
    deliver()
    (other,) = [letter for letter in mail.outbox if "charlie" in letter.to[0]]

    def neutral(letter, deal):
        text = letter.body.replace(deal.reference, "DR-XXXXXX").replace(deal.customer_name, "CUSTOMER")
        return re.sub(r"[0-9a-f-]{36}", "ID", text)

    assert neutral(receipt, free) == neutral(other, taken)


def test_a_distributor_learns_only_that_there_is_a_conflict(cast):
    first = register(cast, cast.amir, web_domain="saint-roch.example.fr")
    Notification.objects.all().delete()
    second = register(
        cast,
        cast.bruno,
        at=MONDAY + timedelta(minutes=5),
        web_domain="saint-roch.example.fr",
        customer_name="Hôp. St Roch",
        distributor=cast.third,
    )
    (letter,) = [letter for letter in deliver() if "distri-ouest" in letter.to[0]]
    for text in (letter.body, html_of(letter)):
        assert second.reference in text
        for foreign in (first.reference, "Alpha", "Amir", "Distri Nord", "Hôpital"):
            assert foreign not in text
    assert Notification.objects.get(recipient=cast.eve).context["conflict"] is True


def test_a_rejection_tells_code_and_text(cast, deal):
    reject_deal(
        deal,
        by=cast.denise,
        at=MONDAY + timedelta(hours=1),
        code=RejectionCode.NO_ENGAGEMENT,
        text="Please show a meeting with the customer.",
    )
    (letter,) = [letter for letter in deliver() if letter.to[0].startswith("Amir")]
    # Amir has chosen no language, and works in France.
    assert "> Please show a meeting with the customer." in letter.body


def test_what_was_stored_comes_back_as_dates_and_figures():
    stored = {
        "due_at": DUE.isoformat(),
        "protected_until": UNTIL.isoformat(),
        "granted_pct": "3.50",
        "note_at": None,
        "days": 14,
        "text": "2026-01-01",
        "left_at": "soon",
        "odd_pct": "many",
    }
    assert as_told(stored) == {
        "due_at": DUE,
        "protected_until": UNTIL,
        "granted_pct": Decimal("3.50"),
        "note_at": None,
        "days": 14,
        "text": "2026-01-01",
        "left_at": "soon",
        "odd_pct": "many",
    }


def test_the_cast_covers_each_side(cast):
    assert cast.alice.acting_as.role in PARTNER_ROLES
    assert set(TOLD) == ABOUT_DEALS
