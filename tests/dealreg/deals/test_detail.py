"""The deal's page: what it says to whom, and what it costs."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dealreg.deals import actions
from dealreg.deals.models import Comment, DealLine
from dealreg.deals.selectors import partner_summary
from dealreg.deals.tasks import watch_decisions
from dealreg.deals.time_left import time_left_words
from dealreg.deals.views.detail import next_step
from partners.catalogue.models import Product
from partners.organisations.models import Membership
from portal.audit.models import Event
from tests.dealreg.deals.stages import (
    LATER,
    MONDAY,
    STAGES,
    approved,
    asked,
    confirmed,
    draft,
    endorsed,
    expired,
    in_english,
    lost,
    rejected,
    revoked,
    submitted,
    withdrawn,
    won,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(cast):
    return in_english(cast)


def text_of(answer) -> str:
    """What a reader reads in the page's content."""
    main = answer.content.decode().split('<main id="main"')[1].split("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).replace("\xa0", " ").split())


@pytest.fixture
def read(sign_in, time_machine_at):
    def page(person, deal, at=LATER):
        with time_machine_at(at):
            answer = sign_in(person).get(deal.get_absolute_url())
        assert answer.status_code == 200
        return text_of(answer)

    return page


# --- who must act next --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "who", "sentence"),
    [
        ("submitted", "amir", "Distri Nord decides by 25 Nov 2026, 14:10 CET . in 1 business day"),
        ("submitted", "denise", "You decide by 25 Nov 2026, 14:10 CET"),
        ("submitted", "olga", "Distri Nord decides by"),
        ("submitted", "karim", "Distri Nord decides by"),
        ("enterprise", "denise", "You decide by"),
        ("endorsed", "amir", "The channel manager decides by"),
        ("endorsed", "karim", "You decide by"),
        ("endorsed", "denise", "Endorsed by Distri Nord on"),
        ("asked", "amir", "Answer the question. The time to decide stands still"),
        ("asked", "denise", "Alpha Sécurité answers the question."),
        ("approved", "amir", "Close the deal and report it by 22 Feb 2027"),
        ("approved", "denise", "Alpha Sécurité closes the deal by 22 Feb 2027"),
        ("won", "denise", "Confirm that order DN-118842 exists"),
        ("won", "amir", "Distri Nord confirms order DN-118842"),
        ("rejected", "amir", "What you can do now Register again as soon as"),
        (
            "rejected",
            "denise",
            "One call is not enough. Files with the registration none Decided on 24 Nov 2026",
        ),
        ("revoked", "amir", "Protection revoked: The customer's own written choice Their letter."),
        ("expired", "amir", "This registration no longer protects the customer. If the project goes on"),
        ("expired", "denise", "The last protected day was 22 Feb 2027 (rule E8)"),
        ("withdrawn", "amir", "This registration does not protect the customer."),
        ("lost", "karim", "Lost: Price"),
        ("confirmed", "amir", "Confirmed by Denise Carlier on"),
    ],
)
def test_the_page_says_who_acts_next_or_how_it_ended(cast, read, stage, who, sentence):
    page = read(cast.people[who], STAGES[stage](cast))
    assert sentence in page.replace("’", "'").replace("&#x27;", "'"), page[:1200]


@pytest.mark.parametrize(
    ("after", "words", "late"),
    [
        (timedelta(0), "in 2 business days", False),
        (timedelta(hours=1), "in 1 business day and 8 hours", False),
        (timedelta(hours=24), "in 1 business day", False),
        (timedelta(hours=44), "in 4 working hours", False),
        (timedelta(hours=47, minutes=45), "in less than an hour", False),
        (timedelta(seconds=40), "in 2 business days", False),
        (timedelta(hours=49), "1 working hour late", True),
        (timedelta(days=4), "2 business days late", True),
        (timedelta(days=6, hours=20), "3 business days late", True),
    ],
)
def test_what_is_left_is_said_in_business_days(cast, after, words, late):
    deal = submitted(cast)
    found = next_step(deal, "partner", [], MONDAY + after)
    assert (found.words, found.late) == (words, late)


def test_words_for_moments_next_to_the_due_date(cast):
    deal = submitted(cast)
    due = deal.decision_due_at
    assert time_left_words(deal, due + timedelta(seconds=1)) == "less than an hour late"
    assert time_left_words(deal, due) == "in less than an hour"


def test_deal_list_and_home_say_the_same_time(cast, sign_in, time_machine_at):
    """The weekend of 28 November is no working time."""
    submitted(cast)
    monday_noon = MONDAY + timedelta(days=7)
    for at, words in (
        (MONDAY + timedelta(seconds=30), "in 2 business days"),
        (monday_noon, "3 business days late"),
    ):
        with time_machine_at(at):
            for who, places in (
                ("amir", ["/", "/deals/"]),
                ("denise", ["/", "/deals/", "/deals/queue/"]),
                ("karim", ["/deals/"] if at == MONDAY + timedelta(seconds=30) else ["/", "/deals/"]),
            ):
                for place in places:
                    assert words in sign_in(cast.people[who]).get(place).content.decode(), (who, place)


@pytest.mark.parametrize(
    ("day", "words", "tone"),
    [
        (date(2026, 12, 1), "83 days left", "ok"),
        (date(2027, 2, 1), "21 days left", "warn"),
        (date(2027, 2, 21), "1 day left", "bad"),
        (date(2027, 2, 22), "last day", "bad"),
        (date(2027, 2, 23), "over", "bad"),
    ],
)
def test_the_days_of_protection_are_counted_down_to_the_last(cast, day, words, tone):
    deal = approved(cast)
    at = MONDAY.replace(year=day.year, month=day.month, day=day.day)
    found = next_step(deal, "partner", [], at)
    assert (found.words, found.tone) == (words, tone)


def test_an_overdue_deal_says_so_to_everybody_and_the_escalation_to_reviewers(cast, read):
    deal = submitted(cast)
    at = MONDAY + timedelta(days=4)
    watch_decisions(at)
    assert "Distri Nord was to decide by" in read(cast.amir, deal, at)
    assert "escalated" not in read(cast.amir, deal, at)
    for person in (cast.denise, cast.karim):
        assert "Overdue: escalated to the channel manager on 27 Nov 2026" in read(person, deal, at)
    late_at_vendor = endorsed(cast)
    assert "The channel manager was to decide by" in read(cast.amir, late_at_vendor, at)


def test_hours_are_told_in_the_readers_own_zone(cast, read):
    cast.amir.time_zone = "Atlantic/Reykjavik"
    cast.amir.save()
    assert "25 Nov 2026, 13:10 GMT" in read(cast.amir, submitted(cast))


# --- facts, money, story ------------------------------------------------------------------------------


def test_the_figures_are_list_price_ceiling_and_grant(cast, read):
    page = read(cast.amir, approved(cast))
    for words in (
        "List price in all €5,400.00",
        "5% €270.00",
        "Granted 3.5% €189.00",
        "up to 30%",
        "rules B2, E4",
    ):
        assert words in page
    assert "Edition 2017" in page


def test_the_tier_is_shown_to_reviewers(cast, sign_in):
    deal = submitted(cast)
    assert 'class="tier tier-gold"' in sign_in(cast.denise).get(deal.get_absolute_url()).content.decode()
    assert 'class="tier tier-gold"' not in sign_in(cast.amir).get(deal.get_absolute_url()).content.decode()


def test_the_distributors_figure_is_shown_as_not_granted_yet(cast, read):
    page = read(cast.amir, endorsed(cast))
    assert "12.5% fixed by the distributor, not granted yet" in page


def test_the_story_tells_each_side_what_it_may_know(cast, sign_in):
    submitted(cast, cast.bruno)
    deal = submitted(cast, at=LATER)
    watch_decisions(LATER + timedelta(days=10))

    def verbs(person):
        entries = sign_in(person).get(deal.get_absolute_url()).context["timeline"]
        return {entry.verb for entry in entries if hasattr(entry, "verb")}

    assert verbs(cast.amir) == {"deal.submitted"}
    assert verbs(cast.denise) == {"deal.submitted", "deal.escalated"}
    assert (
        verbs(cast.karim) == verbs(cast.august) == {"deal.submitted", "deal.escalated", "deal.conflict_found"}
    )


@pytest.mark.parametrize(
    ("stage", "coming"),
    [
        (submitted, ["Decision of the distributor", "Protected for 90 days", "Won, lost or expired"]),
        (
            asked,
            [
                "Answer of the partner",
                "Decision of the distributor",
                "Protected for 90 days",
                "Won, lost or expired",
            ],
        ),
        (
            STAGES["enterprise"],
            [
                "Decision of the distributor",
                "Decision of the channel manager",
                "Protected for 90 days",
                "Won, lost or expired",
            ],
        ),
        (endorsed, ["Decision of the channel manager", "Protected for 90 days", "Won, lost or expired"]),
        (approved, ["Won, lost or expired"]),
        (won, ["Order confirmed by the distributor"]),
        (confirmed, []),
        (rejected, []),
        (lost, []),
        (expired, []),
        (revoked, []),
        (withdrawn, []),
    ],
)
def test_the_story_goes_on_with_what_comes_next(cast, sign_in, stage, coming):
    entries = sign_in(cast.amir).get(stage(cast).get_absolute_url()).context["timeline"]
    ahead = [entry for entry in entries if isinstance(entry, dict)]
    assert [entry["title"] for entry in ahead] == coming
    assert [entry["state"] for entry in ahead] == ["now", "todo", "todo", "todo"][: len(ahead)]


def test_questions_answers_and_files_are_on_the_page(cast, read, sign_in):
    deal = asked(cast, fields=("evidence", "nodes"))
    file = SimpleUploadedFile("minutes.pdf", b"%PDF-1.7\n%%EOF\n", "application/pdf")
    actions.attach_evidence(
        deal, by=cast.amir, at=LATER, upload=file, kind="meeting", dated_on=date(2026, 11, 12)
    )
    page = read(cast.amir, deal)
    for words in (
        "Which sites are covered?",
        "Files that show the engagement",
        "minutes.pdf",
        "Answer this question",
    ):
        assert words in page
    evidence = deal.evidence.get()
    assert (
        f"/documents/{evidence.document_id}/"
        in sign_in(cast.denise).get(deal.get_absolute_url()).content.decode()
    )
    actions.answer_request(deal, by=cast.amir, at=LATER, answer="All twelve sites.")
    assert "All twelve sites." in read(cast.august, deal)


def test_the_channel_manager_sees_how_the_partner_does(cast, read, sign_in):
    won(cast, customer_name="Ville de Lens")
    lost(cast)
    deal = submitted(cast, customer_name="Ville de Cassel")
    summary = partner_summary(cast.alpha, LATER.date())
    assert (summary.under_review, summary.protected) == (1, 0)
    # The figure of the partner's own home page: closed within twelve months.
    page = read(cast.august, deal, at=LATER + timedelta(days=12))
    assert "Win rate 50% 1 of 2 closed in 12 months" in page
    assert "Win rate" not in read(cast.olga, deal)


def test_nodes_of_the_lines_that_differ_from_those_announced_are_mentioned(cast, read, sign_in):
    deal = submitted(cast, nodes=120)
    assert "120 nodes announced, 100 in the lines" in read(cast.amir, deal)
    for move in ("approve", "reject"):
        page = sign_in(cast.denise).get(f"{deal.get_absolute_url()}{move}/").content.decode()
        assert "120 nodes announced, 100 in the lines" in page
    review = sign_in(cast.amir).get(f"{draft(cast, nodes=120).get_absolute_url()}draft/review/")
    assert "120 nodes announced, 100 in the lines" in review.content.decode()
    assert "in the lines" not in read(cast.amir, submitted(cast, customer_name="Ville de Lens"))


def test_an_add_on_stands_on_the_nodes_of_another_line(cast, read, sign_in):
    add_on = Product.objects.create(
        sku="EDR-ADD", name="Detection and Response", group=cast.groups["endpoint-security"], is_add_on=True
    )
    deal = submitted(cast)
    line = deal.lines.get()
    line.pk, line.position, line.product = None, 1, add_on
    line.save()
    page = read(cast.amir, deal)
    assert "in the lines" not in page
    assert "Add-on: on the nodes of another line" in page
    Product.objects.update(is_add_on=False)
    assert "100 nodes announced, 200 in the lines" in read(cast.amir, deal)


def test_a_closing_date_after_the_protection_is_mentioned_before_and_after_the_approval(
    cast, read, sign_in, time_machine_at
):
    late = date(2027, 4, 1)
    deal = submitted(cast, expected_close_on=late)
    before = "the closing date lies later (rule E8)"
    assert before in read(cast.amir, deal)
    assert before in read(cast.denise, deal)
    with time_machine_at(LATER):
        assert before in sign_in(cast.denise).get(f"{deal.get_absolute_url()}approve/").content.decode()
        unfinished = draft(cast, customer_name="Ville de Lens", expected_close_on=late)
        for step in ("customer", "review"):
            page = sign_in(cast.amir).get(f"{unfinished.get_absolute_url()}draft/{step}/")
            assert before in page.content.decode()
    protected = approved(cast, customer_name="Ville d'Arras", expected_close_on=late)
    assert "before the expected closing date (rule E8)" in read(cast.amir, protected)
    in_time = approved(cast, customer_name="Ville de Cassel")
    assert "expected closing date (rule E8)" not in read(cast.amir, in_time)


def test_a_free_mail_host_is_accepted_with_a_hint(cast, read):
    deal = submitted(cast, web_domain="gmail.com")
    assert "identifies no company" in read(cast.denise, deal)


@pytest.mark.parametrize("place", ["", "receipt/"])
def test_a_deal_of_my_other_organisation_offers_to_switch(cast, sign_in, place):
    """And for everybody else it does not exist."""
    deal = submitted(cast)
    address = f"{deal.get_absolute_url()}{place}"
    absent = sign_in(cast.bruno).get("/deals/DR-000000/")
    own = Membership.objects.create(user=cast.bruno, role="partner_sales", partner=cast.alpha)
    page = sign_in(cast.bruno).get(address)
    assert page.status_code == 404
    assert f"This page belongs to <strong><bdi>{cast.alpha}" in page.content.decode()
    moved = sign_in(cast.bruno).post(
        "/settings/membership/", {"membership": own.pk, "next": address}, follow=True
    )
    assert (moved.redirect_chain[0][0], moved.status_code) == (address, 200)

    own.is_active, own.is_current = False, False
    own.save()
    unseen = sign_in(cast.bruno).get(address)
    assert unseen.status_code == absent.status_code == 404
    assert "belongs to" not in unseen.content.decode()
    assert "belongs to" not in sign_in(cast.carla).get(address).content.decode()


# --- comments -----------------------------------------------------------------------------------------


def test_internal_comments_stay_between_distributor_and_vendor(cast, sign_in):
    deal = submitted(cast)
    address = f"{deal.get_absolute_url()}comment/"
    answer = sign_in(cast.denise).post(
        address, {"comment-text": "Only for us.", "comment-is_internal": "on"}, follow=True
    )
    assert answer.redirect_chain == [(f"{deal.get_absolute_url()}#comments", 302)]
    sign_in(cast.amir).post(address, {"comment-text": "For all.", "comment-is_internal": "on"})
    assert [comment.is_internal for comment in Comment.objects.all()] == [True, False]
    for person, internal in ((cast.amir, False), (cast.adam, False), (cast.olga, True), (cast.karim, True)):
        page = sign_in(person).get(deal.get_absolute_url()).content.decode()
        assert ("Only for us." in page) is internal
        assert "For all." in page


@pytest.mark.parametrize(
    ("who", "status"), [("adam", 403), ("olga", 403), ("august", 403), ("bruno", 404), ("stranger", 404)]
)
@pytest.mark.parametrize("text", ["Hello", ""])
def test_who_may_not_comment_is_refused(cast, sign_in, who, status, text):
    deal = submitted(cast)
    answer = sign_in(cast.people[who]).post(f"{deal.get_absolute_url()}comment/", {"comment-text": text})
    assert answer.status_code == status
    assert not Comment.objects.exists()
    if status == 403:
        assert sign_in(cast.people[who]).get(deal.get_absolute_url()).context["comment_form"] is None


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001])
def test_a_bad_comment_comes_back_with_the_reason(cast, sign_in, text):
    deal = submitted(cast)
    answer = sign_in(cast.amir).post(f"{deal.get_absolute_url()}comment/", {"comment-text": text})
    assert answer.status_code == 200
    assert answer.context["comment_form"].errors["text"]
    assert not Comment.objects.exists()


def test_a_comment_on_a_draft_goes_nowhere(cast, sign_in):
    deal = draft(cast)
    answer = sign_in(cast.amir).post(f"{deal.get_absolute_url()}comment/", {"comment-text": "Hello"})
    assert answer.status_code == 302
    assert not Comment.objects.exists()


def test_what_people_type_is_shown_as_text(cast, sign_in):
    deal = submitted(cast, customer_name="<script>alert(1)</script>", engagement="<b>bold</b>")
    page = sign_in(cast.denise).get(deal.get_absolute_url()).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


# --- drafts -------------------------------------------------------------------------------------------


def test_a_draft_is_continued_by_those_who_register_and_read_by_their_colleagues(cast, sign_in, read):
    deal = draft(cast)
    answer = sign_in(cast.alice).get(deal.get_absolute_url())
    assert answer.status_code == 302
    assert answer.url.startswith(f"{deal.get_absolute_url()}draft/")
    for person in (cast.adam, cast.tina):
        assert "has not been submitted" in read(person, deal)
    assert sign_in(cast.denise).get(deal.get_absolute_url()).status_code == 404


# --- what it costs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["amir", "denise", "karim", "august"])
def test_the_page_costs_twelve_statements_however_much_is_on_it(cast, sign_in, who):
    deal = asked(cast, fields=("nodes", "evidence"))
    browser = sign_in(cast.people[who])
    browser.get(deal.get_absolute_url())

    few = _statements(browser, deal)
    assert len(few) <= 12, "\n".join(few)
    for number in range(20):
        actions.add_comment(
            deal, by=cast.denise, at=LATER, text=f"Remark {number}", is_internal=number % 2 == 0
        )
        file = SimpleUploadedFile(f"{number}.pdf", b"%PDF-1.7\n%%EOF\n", "application/pdf")
        if number < 8:
            actions.attach_evidence(
                deal, by=cast.amir, at=LATER, upload=file, kind="offer", dated_on=date(2026, 11, 12)
            )
        DealLine.objects.create(
            deal=deal,
            position=number,
            product=cast.products["EPS-SEL"],
            nodes=1,
            term_months=12,
            per_node=Decimal(1),
            list_amount=Decimal(1),
        )
        Event.objects.create(verb="deal.answered", subject=deal, at=LATER)
    many = _statements(browser, deal)
    assert len(many) == len(few)


@pytest.mark.parametrize("who", ["amir", "denise", "karim", "august"])
@pytest.mark.parametrize("stage", ["submitted", "approved", "won", "rejected"])
def test_a_deal_in_any_state_costs_twelve_statements(cast, sign_in, stage, who):
    deal = STAGES[stage](cast)
    browser = sign_in(cast.people[who])
    browser.get(deal.get_absolute_url())
    found = _statements(browser, deal)
    assert len(found) <= 12, "\n".join(found)


def _statements(browser, deal) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(deal.get_absolute_url()).status_code == 200
    sql = [query["sql"] for query in queries]
    # Session, person and membership belong to every page.
    own = ("django_session", 'FROM "accounts_user" WHERE "accounts_user"."id"', "SAVEPOINT")
    return [one for one in sql if not any(word in one for word in own) and not _is_membership(one)]


def _is_membership(sql: str) -> bool:
    """The one that says under which membership the person acts."""
    return sql.startswith("SELECT") and '"organisations_membership"."is_current" DESC' in sql


def test_the_page_speaks_french(cast, sign_in):
    cast.alice.language = "fr"
    cast.alice.save()
    page = sign_in(cast.alice).get(submitted(cast).get_absolute_url()).content.decode()
    assert '<html lang="fr"' in page
