"""A protection is revoked after the partner has been heard (rule E13)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags

from dealreg.deals import actions, rules, selectors
from dealreg.deals.models import Deal, RevocationNotice
from dealreg.deals.revocations import may_decide_revocation
from dealreg.deals.tasks import watch_revocations
from dealreg.deals.waiting_work import revocations_waiting, views_waiting
from partners.organisations.models import Membership
from partners.programme.selectors import rulebook_of
from portal.accounts.roles import Role
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from portal.documents.models import Document
from portal.notifications.models import Notification
from tests.dealreg.deals import stages
from tests.dealreg.deals.stages import LATER, announced, in_english, letter
from tests.told import addresses_told

pytestmark = pytest.mark.django_db

ANNOUNCED = LATER + timedelta(days=3)
SOON = ANNOUNCED + timedelta(hours=5)
VIEW = "The minutes were signed on site; the signature is attached."


def stated(cast, notice=None, *, by=None, at=SOON, **more):
    return actions.state_view(notice or announced(cast), by=by or cast.amir, at=at, text=VIEW, **more)


def decided(cast, notice, *, revoke, by=None, at=SOON, text="Weighed and decided."):
    return actions.decide_revocation(notice, by=by or cast.karim, at=at, revoke=revoke, text=text)


# --- announcing


def test_announced_the_protection_goes_on_and_the_partner_is_asked(cast):
    notice = announced(cast)
    deal = Deal.objects.get(pk=notice.deal_id)
    assert (deal.status, notice.outcome) == ("approved", "open")
    # Friday 10:10 in Paris and five business days.
    assert notice.statement_until == datetime(2026, 12, 4, 9, 10, tzinfo=UTC)
    assert addresses_told("revocation-announced") == {cast.amir.email, cast.alice.email, cast.denise.email}
    assert list(views_waiting(cast.amir, SOON)) == [deal]
    assert list(views_waiting(cast.adam, SOON)) == []
    assert list(revocations_waiting(cast.karim, SOON)) == []
    assert Event.objects.get(verb="deal.revocation_announced").data["code"] == "untrue_statement"


def test_the_time_is_the_editions(cast):
    terms = rulebook_of(cast.edition).deal_registration
    assert terms.revocation_notice_business_days == 5
    assert rules.statement_until(ANNOUNCED, "FR", terms) == datetime(2026, 12, 4, 9, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "given, field",
    [
        ({"code": ""}, "code"),
        ({"code": "overruled"}, "code"),
        ({"text": "  "}, "text"),
        ({"at_once": True}, "at_once"),
        ({"at_once": True, "code": "customer_choice"}, "file"),
        ({"files": [SimpleUploadedFile("x.exe", b"MZ")]}, "file"),
    ],
)
def test_an_announcement_has_code_facts_and_good_files(cast, given, field):
    deal = stages.approved(cast)
    with pytest.raises(RuleViolation) as refused:
        announced(cast, deal, **given)
    assert refused.value.field == field
    assert not RevocationNotice.objects.exists()


def test_it_is_announced_once_by_rule_and_by_table(cast):
    notice = announced(cast)
    with pytest.raises(WrongState):
        announced(cast, notice.deal)
    notice.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        notice.save(force_insert=True)


def test_the_customers_letter_acts_at_once_and_only_it(cast):
    deal = stages.revoked(cast)
    assert (deal.status, deal.revocation_code) == ("revoked", "customer_choice")
    assert addresses_told("deal-revoked") == {cast.amir.email, cast.alice.email, cast.denise.email}
    assert addresses_told("revocation-announced") == set()
    notice = deal.revocation_notices.get()
    assert (notice.outcome, notice.evidence.count()) == ("revoked", 1)


def test_the_vendors_evidence_is_for_the_vendor_alone(cast, sign_in):
    announced(cast, files=[letter()])
    url = Document.objects.get().get_absolute_url()
    for person in (cast.karim, cast.nora, cast.august):
        assert sign_in(person).get(url).status_code == 200
    for person in (cast.amir, cast.denise, cast.ingrid, cast.bruno):
        assert sign_in(person).get(url).status_code == 404


# --- the partner's statement


def test_the_partner_states_its_view_and_the_manager_is_told(cast, sign_in):
    notice = stated(cast, files=[letter()])
    assert (notice.statement, notice.stated_by) == (VIEW, cast.amir)
    assert addresses_told("revocation-to-decide") == {cast.karim.email}
    assert list(revocations_waiting(cast.karim, SOON)) == [notice.deal]
    assert list(revocations_waiting(cast.august, SOON)) == []
    assert list(views_waiting(cast.amir, SOON)) == []
    url = Document.objects.about(notice).get().get_absolute_url()
    assert sign_in(cast.denise).get(url).status_code == 200
    assert sign_in(cast.bruno).get(url).status_code == 404


@pytest.mark.parametrize("person", ["tina", "adam", "denise", "karim", "bruno"])
def test_others_state_nothing(cast, person):
    with pytest.raises(NotAllowed):
        stated(cast, by=getattr(cast, person))


def test_the_side_is_asked_as_well(cast, monkeypatch):
    notice = announced(cast)
    monkeypatch.setattr("dealreg.deals.actions.revoking.side_of", lambda *_: "")
    with pytest.raises(NotAllowed):
        stated(cast, notice)


def test_once_and_in_time_and_with_words(cast):
    notice = announced(cast)
    with pytest.raises(RuleViolation) as refused:
        actions.state_view(notice, by=cast.amir, at=SOON, text=" ")
    assert refused.value.field == "text"
    with pytest.raises(WrongState):
        stated(cast, notice, at=notice.statement_until + timedelta(seconds=1))
    stated(cast, notice, at=notice.statement_until)
    with pytest.raises(WrongState):
        stated(cast, notice, by=cast.alice)


# --- the decision


def test_nothing_is_decided_before_the_partner_is_heard(cast):
    notice = announced(cast)
    with pytest.raises(RuleViolation) as refused:
        decided(cast, notice, revoke=True)
    assert (refused.value.code, refused.value.rule) == ("not-heard", "E13")
    assert decided(cast, notice, revoke=True, at=notice.statement_until + timedelta(seconds=1))


def test_revoked_the_customer_is_free_again(cast):
    notice = decided(cast, stated(cast), revoke=True)
    deal = Deal.objects.get(pk=notice.deal_id)
    assert (deal.status, deal.revocation_code, deal.end_text) == (
        "revoked",
        "untrue_statement",
        "Weighed and decided.",
    )
    assert addresses_told("deal-revoked") == {cast.amir.email, cast.alice.email, cast.denise.email}
    other = stages.submitted(cast, cast.bruno)
    assert actions.approve_deal(other, by=cast.denise, at=SOON, granted_pct=Decimal(1)).status == "approved"


def test_dropped_the_protection_goes_on_and_may_be_announced_anew(cast):
    notice = decided(cast, stated(cast), revoke=False)
    deal = Deal.objects.get(pk=notice.deal_id)
    assert (deal.status, notice.outcome) == ("approved", "dropped")
    assert addresses_told("revocation-dropped") == {cast.amir.email, cast.alice.email, cast.denise.email}
    with pytest.raises(WrongState):
        decided(cast, notice, revoke=True)
    assert announced(cast, deal).is_open


def test_a_decision_has_a_reason_that_names_no_rival(cast):
    notice = stated(cast)
    with pytest.raises(RuleViolation) as refused:
        decided(cast, notice, revoke=True, text=" ")
    assert refused.value.field == "text"


@pytest.mark.parametrize("person", ["amir", "denise", "august", "ingrid"])
def test_others_decide_nothing(cast, person):
    with pytest.raises(NotAllowed):
        decided(cast, stated(cast), revoke=True, by=getattr(cast, person))


def test_nobody_decides_on_their_own_organisations_deal(cast):
    notice = stated(cast)
    Membership.objects.create(user=cast.karim, role=Role.PARTNER_READONLY, partner=cast.alpha)
    assert not may_decide_revocation(cast.karim, notice.deal, notice)
    with pytest.raises(RuleViolation) as refused:
        decided(cast, notice, revoke=False)
    assert refused.value.rule == "E11"


# --- time


def test_a_silent_partner_leaves_the_decision_to_the_manager_who_is_told_once(cast):
    notice = announced(cast)
    assert sum(watch_revocations(notice.statement_until).values()) == 0
    late = notice.statement_until + timedelta(minutes=1)
    for _run in range(2):
        watch_revocations(late)
    assert Notification.objects.filter(kind="revocation-to-decide").count() == 1
    assert list(revocations_waiting(cast.karim, late)) == [notice.deal]
    notice.refresh_from_db()
    assert not actions.tell_unheard(notice, at=late) and not actions.lapse_revocation(notice, at=late)


LATE = LATER + timedelta(days=92)


def test_a_deal_that_ends_otherwise_ends_the_announcement_in_the_same_step(cast, sign_in):
    notice = announced(cast)
    actions.report_lost(notice.deal, by=cast.amir, at=SOON, code="price")
    with pytest.raises(WrongState):
        stated(cast, notice)
    notice.refresh_from_db()
    assert notice.outcome == "lapsed"
    assert Event.objects.filter(verb="deal.revocation_lapsed").count() == 1
    page = sign_in(cast.karim).get("/deals/revocations/", {"show": "closed"})
    assert [row["notice"] for row in page.context["rows"]] == [notice]
    assert [tab["count"] for tab in page.context["tabs"]] == [0, 0, 1, None]


def test_what_an_ended_deal_has_left_open_the_sweep_closes(cast):
    notice = announced(cast)
    actions.report_lost(notice.deal, by=cast.amir, at=SOON, code="price")
    RevocationNotice.objects.update(outcome="open", decided_at=None)
    assert watch_revocations(SOON)["announced revocations of ended deals closed"] == 1
    assert not actions.lapse_revocation(notice, at=SOON)
    notice.refresh_from_db()
    assert notice.outcome == "lapsed"


# --- no way around it

ORDER = {"order_reference": "DN-1", "order_date": SOON.date(), "order_amount": Decimal(100)}


def test_a_deal_is_not_won_while_its_protection_is_under_examination(cast, sign_in, time_machine_at):
    in_english(cast)
    notice = announced(cast)
    deal = notice.deal
    with pytest.raises(RuleViolation) as refused:
        actions.report_won(deal, by=cast.amir, at=SOON, **ORDER)
    assert (refused.value.code, refused.value.rule) == ("under-examination", "E13")
    with time_machine_at(SOON):
        amir = sign_in(cast.amir)
        assert "report-won" not in amir.get(deal.get_absolute_url()).content.decode()
        said = amir.get(f"{deal.get_absolute_url()}report-won/").content.decode()
        assert "is under examination" in said and "order_amount" not in said
        order = ORDER | {"order_date": "2026-11-27"}
        assert amir.post(f"{deal.get_absolute_url()}report-won/", order).status_code == 200
    assert Deal.objects.get(pk=deal.pk).status == "approved"
    stated(cast, notice)
    decided(cast, notice, revoke=False)
    assert actions.report_won(deal, by=cast.amir, at=SOON, **ORDER).status == "won"


def test_dropped_after_the_last_day_the_order_of_the_protected_time_still_counts(cast):
    notice = announced(cast)
    decided(cast, notice, revoke=False, at=LATE)
    assert actions.report_won(notice.deal, by=cast.amir, at=LATE, **ORDER).status == "won"


def expired_under_examination(cast):
    """Protected until 22 February 2027, announced three weeks before, expired meanwhile."""
    deal = stages.approved(cast)
    notice = announced(cast, deal)
    assert actions.expire_deal(deal, at=LATE)
    return Deal.objects.get(pk=deal.pk), notice


def test_waiting_for_the_end_is_no_way_around_an_announced_revocation(cast, sign_in, time_machine_at):
    in_english(cast)
    deal, notice = expired_under_examination(cast)
    notice.refresh_from_db()
    assert (deal.status, notice.outcome) == ("expired", "open")
    assert sum(watch_revocations(LATE).values()) == 1  # the channel manager hears that it may decide
    for attempt in (
        lambda: actions.report_won(deal, by=cast.amir, at=LATE, **ORDER),
        lambda: actions.reopen_deal(
            deal, by=cast.amir, at=LATE, expected_close_on=LATE.date() + timedelta(days=9)
        ),
    ):
        with pytest.raises(RuleViolation) as refused:
            attempt()
        assert (refused.value.code, refused.value.rule) == ("under-examination", "E13")
    with time_machine_at(LATE):
        amir = sign_in(cast.amir)
        page = amir.get(deal.get_absolute_url()).content.decode()
        assert "no order of its time is reported" in page
        assert "/report-won/" not in page and "/reopen/" not in page
        assert "is under examination" in amir.get(f"{deal.get_absolute_url()}reopen/").content.decode()
        assert "/revocation/" in sign_in(cast.karim).get(deal.get_absolute_url()).content.decode()
    assert list(revocations_waiting(cast.karim, LATE)) == [deal]
    mail = Notification.objects.get(kind="deal-expired", recipient=cast.amir)
    assert mail.context["examined"] and mail.context["reopen_until"] is None


def test_revoked_after_the_end_no_order_of_the_protected_time_is_reported(cast, sign_in):
    deal, notice = expired_under_examination(cast)
    decided(cast, notice, revoke=True, at=LATE)
    deal.refresh_from_db()
    assert (deal.status, deal.revocation_code) == ("revoked", "untrue_statement")
    with pytest.raises(WrongState):
        actions.report_won(deal, by=cast.amir, at=LATE, **ORDER)
    with pytest.raises(WrongState):
        actions.reopen_deal(deal, by=cast.amir, at=LATE, expected_close_on=LATE.date() + timedelta(days=9))
    assert Notification.objects.filter(kind="deal-revoked", context__had_expired=True).exists()


def test_dropped_after_the_end_the_days_to_report_and_to_reopen_count_from_there(cast):
    """The vendor's examination costs the partner neither its order nor its second chance."""
    deal, notice = expired_under_examination(cast)
    much_later = LATE + timedelta(days=30)
    decided(cast, notice, revoke=False, at=much_later)
    told = Notification.objects.get(kind="revocation-dropped", recipient=cast.amir)
    assert told.context["report_until"] == "2027-04-05"
    assert selectors.report_until(deal) == selectors.reopen_until(deal) == date(2027, 4, 5)
    with pytest.raises(RuleViolation, match="could be reported until"):
        actions.report_won(deal, by=cast.amir, at=much_later + timedelta(days=11), **ORDER)
    assert actions.report_won(deal, by=cast.amir, at=much_later + timedelta(days=10), **ORDER).status == "won"


def test_dropped_before_the_end_nothing_is_prolonged(cast):
    notice = announced(cast)
    stated(cast, notice)
    decided(cast, notice, revoke=False)
    deal = notice.deal
    actions.expire_deal(deal, at=LATE)
    deal.refresh_from_db()
    assert selectors.report_until(deal) == deal.protected_until + timedelta(days=10)


def test_nothing_new_is_announced_on_a_deal_that_has_expired(cast, sign_in):
    deal = stages.expired(cast)
    with pytest.raises(WrongState):
        announced(cast, deal)
    assert "/revoke/" not in sign_in(cast.karim).get(deal.get_absolute_url()).content.decode()


def test_nor_is_an_order_confirmed_meanwhile(cast, sign_in):
    in_english(cast)
    deal = stages.won(cast)
    RevocationNotice.objects.create(
        deal=deal, code="untrue_statement", announced_by=cast.karim, announced_at=SOON, statement_until=LATE
    )
    with pytest.raises(RuleViolation) as refused:
        actions.confirm_order(deal, by=cast.denise, at=SOON)
    assert refused.value.code == "under-examination"
    said = sign_in(cast.denise).get(f"{deal.get_absolute_url()}confirm-order/").content.decode()
    assert "is under examination" in said


# --- pages


def test_announced_stated_and_decided_through_the_pages(cast, sign_in, time_machine_at):
    in_english(cast)
    deal = stages.approved(cast)
    amir, karim, denise = sign_in(cast.amir), sign_in(cast.karim), sign_in(cast.denise)
    base = f"/deals/{deal.reference}/"
    with time_machine_at(ANNOUNCED):
        wrong = karim.post(
            f"{base}revoke/", {"code": "untrue_statement", "text": "Made up.", "at_once": "on"}
        )
        assert wrong.context["form"].errors["at_once"]
        sent = karim.post(
            f"{base}revoke/",
            {"code": "untrue_statement", "text": "Made up.", "file": [letter()]},
            follow=True,
        )
        page = sent.content.decode()
        assert (
            "The revocation is announced:" in page and "letter.pdf" in page and f"{base}revoke/" not in page
        )
        assert karim.post(f"{base}revoke/", {"code": "untrue_statement", "text": "x"}).status_code == 302
        assert len(karim.get("/deals/queue/").context["revocations"]) == 0
        assert "May still come" in karim.get(f"{base}revocation/decide/").content.decode()
        early = karim.post(f"{base}revocation/decide/", {"decision": "revoke", "text": "Now."})
        assert early.status_code == 200
        page = amir.get(base).content.decode()
        assert "Made up." in page and f"{base}revocation/statement/" in page
        assert "letter.pdf" not in page and "Karim" not in page
        assert "Made up." in denise.get(base).content.decode()
    with time_machine_at(SOON):
        assert amir.get(f"{base}revocation/statement/").status_code == 200
        assert amir.post(f"{base}revocation/statement/", {"text": ""}).context["form"].errors["text"]
        bad = {"text": VIEW, "file": [SimpleUploadedFile("x.exe", b"MZ")]}
        assert amir.post(f"{base}revocation/statement/", bad).context["form"].errors["file"]
        good = {"text": VIEW, "file": [letter()]}
        assert "was sent" in amir.post(f"{base}revocation/statement/", good, follow=True).content.decode()
        assert amir.get(f"{base}revocation/statement/").status_code == 302
        assert VIEW in karim.get(f"{base}revocation/decide/").content.decode()
        said = {"decision": "revoke", "text": "Not convincing."}
        done = karim.post(f"{base}revocation/decide/", said, follow=True).content.decode()
        assert "is revoked" in done
        assert karim.get(f"{base}revocation/decide/").status_code == 302
        page = amir.get(base).content.decode()
        for expected in ("Not convincing.", "rule E13", "Announced on", "statement", "Edition 2017"):
            assert expected in page, expected


def test_evidence_is_asked_for_again_when_the_announcement_comes_back(cast, sign_in, time_machine_at):
    deal = stages.approved(cast)
    with time_machine_at(ANNOUNCED):
        said = {"code": "untrue_statement", "text": "", "file": [letter()]}
        form = sign_in(cast.karim).post(f"/deals/{deal.reference}/revoke/", said).context["form"]
    assert set(form.errors) == {"text", "file"}


def test_dropping_through_the_page(cast, sign_in, time_machine_at):
    in_english(cast)
    notice = stated(cast)
    with time_machine_at(SOON):
        said = sign_in(cast.karim).post(
            f"/deals/{notice.deal.reference}/revocation/decide/",
            {"decision": "drop", "text": "Convincing."},
            follow=True,
        )
        assert "goes on" in said.content.decode()
        home = sign_in(cast.karim).get("/")
        assert home.status_code == 200


def test_the_home_page_names_what_waits_for_the_manager(cast, sign_in, time_machine_at):
    in_english(cast)
    notice = stated(cast)
    with time_machine_at(SOON):
        page = sign_in(cast.karim).get("/").content.decode()
    assert "Revocation to decide" in page and notice.deal.reference in page


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Announce the revocation"), ("fr", "Annoncer la révocation")]
)
def test_button_and_title_of_the_page_say_that_it_is_announced(
    cast, sign_in, time_machine_at, language, said
):
    deal = stages.approved(cast)
    in_english(cast)
    cast.karim.language = language
    cast.karim.save()
    with time_machine_at(ANNOUNCED):
        karim = sign_in(cast.karim)
        assert said in karim.get(f"/deals/{deal.reference}/").content.decode()
        page = karim.get(f"/deals/{deal.reference}/revoke/").content.decode()
    # Title of the window and of the page, crumb, question before it is sent, and the button.
    assert page.count(said) >= 5
    assert "Revoke the protection" not in page and "Révoquer la protection" not in page


def test_the_partner_reads_on_top_of_the_deal_until_when_it_may_state_its_view(
    cast, sign_in, time_machine_at
):
    in_english(cast)
    notice = announced(cast)
    base, note = f"/deals/{notice.deal.reference}/", "may state its view until"
    with time_machine_at(SOON):
        amir = sign_in(cast.amir)
        page = amir.get(base).content.decode()
        banner = page[page.index("next-step") : page.index("deal-columns")]
        assert f"Your company {note} 4 Dec 2026" in " ".join(strip_tags(banner).split())
        assert f"{base}revocation/statement/" in banner
        for other in (cast.karim, cast.denise):
            assert f"Your company {note}" not in sign_in(other).get(base).content.decode()
        stated(cast, notice)
        assert f"Your company {note}" not in amir.get(base).content.decode()


# --- the list


def test_the_vendor_finds_announced_revocations_by_what_they_wait_for(cast, sign_in, time_machine_at):
    in_english(cast)
    waiting = announced(cast)
    heard = stated(cast, announced(cast, stages.approved(cast, customer_name="Port de Sète")))
    dropped = announced(cast, stages.approved(cast, customer_name="Cave des Vignerons"))
    decided(cast, stated(cast, dropped), revoke=False)
    karim = sign_in(cast.karim)

    def shown(show=""):
        answer = karim.get("/deals/revocations/", {"show": show} if show else {})
        return {row["notice"].pk for row in answer.context["rows"]}, answer.content.decode()

    with time_machine_at(SOON):
        rows, page = shown()
        assert rows == {heard.pk}
        assert f"/deals/{heard.deal.reference}/revocation/decide/" in page
        assert shown("nonsense")[0] == {heard.pk}
        rows, page = shown("waiting")
        assert rows == {waiting.pk} and "Possible until" in page and "/revocation/decide/" not in page
        assert shown("closed")[0] == {dropped.pk}
        assert shown("all")[0] == {waiting.pk, heard.pk, dropped.pk}
        queue = karim.get("/deals/queue/")
        assert [notice.pk for notice in queue.context["revocations"]] == [heard.pk]
        assert "Revocations to decide" in queue.content.decode()
        assert "Revocations to decide" not in sign_in(cast.denise).get("/deals/queue/").content.decode()
    with time_machine_at(waiting.statement_until + timedelta(minutes=1)):
        assert shown()[0] == {heard.pk, waiting.pk}


def test_a_deal_that_has_ended_waits_in_no_list_of_revocations(cast, sign_in, time_machine_at):
    notice = stated(cast)
    actions.report_lost(notice.deal, by=cast.amir, at=SOON, code="price")
    with time_machine_at(SOON):
        karim = sign_in(cast.karim)
        assert karim.get("/deals/revocations/").context["rows"] == []
        [row] = karim.get("/deals/revocations/?show=closed").context["rows"]
    assert not row["yours"]


def test_the_list_of_revocations_is_the_vendors_and_says_so_when_it_is_empty(cast, sign_in):
    in_english(cast)
    for person in (cast.amir, cast.denise):
        assert sign_in(person).get("/deals/revocations/").status_code == 403
    karim = sign_in(cast.karim)
    for show, said in (
        ("due", "Nothing to decide"),
        ("waiting", "No partner is being heard"),
        ("closed", "Nothing here yet"),
    ):
        assert said in karim.get("/deals/revocations/", {"show": show}).content.decode()


def test_the_list_of_revocations_costs_the_same_for_many(cast, sign_in, time_machine_at):
    def announce(*numbers):
        for number in numbers:
            stated(cast, announced(cast, stages.approved(cast, customer_name=f"Commune {number} sur Deûle")))

    def cost(show):
        with CaptureQueriesContext(connection) as seen:
            assert karim.get("/deals/revocations/", {"show": show}).status_code == 200
        return len(seen)

    karim = sign_in(cast.karim)
    announce(0, 1)
    with time_machine_at(SOON):
        cost("due")
        few = {show: cost(show) for show in ("due", "all")}
    announce(2, 3, 4, 5)
    with time_machine_at(SOON):
        assert {show: cost(show) for show in few} == few
    assert max(few.values()) <= 10
