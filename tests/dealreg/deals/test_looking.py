"""What a partner does is answered before the portal looks at other registrations: the answer, its cost and
what the partner is told are the same with and without a rival (promise S3)."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from dealreg.deals import actions, tasks
from dealreg.deals.actions import looking
from dealreg.deals.lifecycle import DealStatus
from dealreg.deals.models import Conflict, Deal
from dealreg.deals.rules import check_looked_at
from partners.customers.actions import Source, observe
from partners.customers.models import Customer
from portal.audit.models import Event
from portal.core.errors import RuleViolation
from portal.notifications.models import Notification
from tests.dealreg.deals.stages import LATER, MONDAY, approved, asked, draft, in_english, looked_at, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(cast):
    return in_english(cast)


def just_submitted(cast, by=None, *, at=MONDAY, **customer) -> Deal:
    by = by or cast.amir
    return actions.submit_deal(draft(cast, by, at=at, **customer), by=by, at=at)


def shape(queries) -> list[str]:
    """What each statement does to which table, without its values."""
    bare = [re.sub(r"SAVEPOINT .*", "SAVEPOINT", query["sql"]) for query in queries]
    return [" ".join(statement.split('"')[:2]) for statement in bare]


# --- the same for a taken and a free customer ---------------------------------------------------------


def test_registering_a_taken_customer_costs_and_tells_the_same_as_a_free_one(cast, sign_in, time_machine_at):
    submitted(cast, cast.bruno)
    answers, costs, told = [], [], []
    for name in ("Hôpital Saint-Roch", "Ville de Cassel"):
        deal = draft(cast, customer_name=name)
        Notification.objects.all().delete()
        with time_machine_at(MONDAY):
            browser = sign_in(cast.amir)
            browser.get("/deals/")
            with CaptureQueriesContext(connection) as queries:
                answer = browser.post(f"/deals/{deal.reference}/draft/review/", {"action": "submit"})
        answers.append(
            (answer.status_code, answer.headers["Location"].replace(deal.reference, "DR"), answer.content)
        )
        costs.append(shape(queries))
        told.append(sorted(Notification.objects.values_list("kind", "recipient")))
    assert answers[0] == answers[1]
    assert costs[0] == costs[1]
    assert told[0] == told[1]
    assert {kind for kind, _ in told[0]} == {"deal-submitted"}
    assert len(costs[0]) <= 20
    assert not any("customers_customer" in statement for statement in costs[0])


@pytest.mark.parametrize("step", ["withdraw", "answer", "lost"])
def test_other_steps_of_a_partner_cost_the_same_with_and_without_a_rival(cast, step):
    costs = []
    for name, has_rival in (("Hôpital Saint-Roch", True), ("Ville de Cassel", False)):
        if step == "lost":
            deal = approved(cast, customer_name=name)
        elif step == "answer":
            deal = asked(cast, fields=("customer_city",), customer_name=name)
        else:
            deal = submitted(cast, customer_name=name)
        if has_rival:
            submitted(cast, cast.bruno, at=LATER, customer_name=name)
        amir = cast.again(cast.amir)
        with CaptureQueriesContext(connection) as queries:
            if step == "lost":
                actions.report_lost(deal, by=amir, at=LATER, code="price")
            elif step == "answer":
                changes = {"customer_city": "Lyon"}
                actions.answer_request(deal, by=amir, at=LATER, answer="Lyon.", changes=changes)
            else:
                actions.withdraw_deal(deal, by=amir, at=LATER)
        costs.append(shape(queries))
    assert Conflict.objects.exists()
    assert costs[0] == costs[1]


def test_two_colleagues_are_told_of_each_others_registration(cast):
    first = just_submitted(cast, cast.amir)
    with pytest.raises(RuleViolation) as refusal:
        just_submitted(cast, cast.alice)
    assert (refusal.value.code, refusal.value.params) == ("own-duplicate", {"reference": first.reference})


# --- the look -----------------------------------------------------------------------------------------


def test_the_look_recognises_the_customer_and_tells_the_reviewers(cast):
    deal = just_submitted(cast)
    assert deal.customer is None
    assert not Notification.objects.filter(kind="deal-to-decide").exists()
    assert tasks.watch_conflicts(LATER) == {"registrations compared": 1}
    deal.refresh_from_db()
    assert (deal.customer.name, deal.look_due_at) == ("Hôpital Saint-Roch", None)
    assert Notification.objects.get(kind="deal-to-decide").recipient == cast.denise
    assert tasks.watch_conflicts(LATER) == {"registrations compared": 0}
    assert Notification.objects.filter(kind="deal-to-decide").count() == 1


def test_reviewers_are_told_of_a_new_registration_together_with_its_conflict(cast):
    submitted(cast, cast.bruno, distributor=cast.third)
    later = just_submitted(cast, at=MONDAY + timedelta(hours=1))
    tasks.look_at_registrations()
    told = Notification.objects.get(kind="deal-to-decide", recipient=cast.denise)
    assert told.context["conflict"] is True
    assert Conflict.objects.get().later == later


def test_whichever_is_looked_at_first_the_earlier_submission_is_served_first(cast):
    first = just_submitted(cast, cast.bruno)
    second = just_submitted(cast, at=MONDAY + timedelta(seconds=1))
    looked_at(second)
    assert not Conflict.objects.exists()
    looked_at(first)
    conflict = Conflict.objects.get()
    assert (conflict.earlier, conflict.later) == (first, second)


def test_a_registration_withdrawn_before_the_look_is_no_rival_and_asks_nobody(cast):
    deal = actions.withdraw_deal(just_submitted(cast), by=cast.amir, at=MONDAY)
    assert looked_at(deal).customer is not None
    assert not Notification.objects.filter(kind="deal-to-decide").exists()
    assert not Conflict.objects.filter(earlier=submitted(cast, cast.bruno)).exists()


def test_an_old_number_that_cannot_be_read_does_not_keep_the_portal_from_looking(cast):
    deal = just_submitted(cast)
    Deal.objects.filter(pk=deal.pk).update(company_number="no number")
    assert actions.look_at_due(at=LATER) == 1
    deal.refresh_from_db()
    assert (deal.look_due_at, deal.customer.name) == (None, deal.customer_name)


def test_one_registration_that_cannot_be_looked_at_keeps_no_other_waiting(cast, caplog, monkeypatch):
    broken, sound = just_submitted(cast), just_submitted(cast, customer_name="Ville de Cassel")
    settle = looking.settle_identity

    def break_on_one(deal):
        assert deal.pk != broken.pk
        return settle(deal)

    monkeypatch.setattr(looking, "settle_identity", break_on_one)
    assert actions.look_at_due(at=LATER) == 1
    assert "look failed" in caplog.text
    sound.refresh_from_db()
    assert sound.customer is not None


def test_the_broker_is_told_after_the_commit(cast, django_capture_on_commit_callbacks, monkeypatch):
    sent = []
    monkeypatch.setattr(looking.celery, "send_task", lambda name, **_: sent.append(name))
    with django_capture_on_commit_callbacks(execute=True):
        just_submitted(cast)
        assert sent == []
    assert "dealreg.deals.tasks.look_at_registrations" in sent


# --- deciding -----------------------------------------------------------------------------------------


def test_a_decision_looks_first(cast):
    first = just_submitted(cast, cast.bruno, distributor=cast.third)
    second = just_submitted(cast, at=MONDAY + timedelta(hours=1))
    with pytest.raises(RuleViolation) as refusal:
        actions.approve_deal(second, by=cast.denise, at=LATER, granted_pct=Decimal(1))
    assert refusal.value.code == "conflict-open"
    assert Conflict.objects.get().earlier == first
    assert actions.approve_deal(first, by=cast.eve, at=LATER, granted_pct=Decimal(1)).status == "approved"


def test_nothing_is_approved_while_an_earlier_registration_waits_for_its_look(cast, monkeypatch):
    just_submitted(cast, cast.bruno)
    second = submitted(cast, at=MONDAY + timedelta(hours=1))
    monkeypatch.setattr(looking, "_look_at", lambda deals, at: 0)
    with pytest.raises(RuleViolation) as refusal:
        actions.approve_deal(second, by=cast.denise, at=LATER, granted_pct=Decimal(1))
    assert (refusal.value.code, refusal.value.rule) == ("look-due", "E5")
    check_looked_at(still_due=False)


def test_the_decision_on_a_draft_is_refused_without_a_look(cast):
    with pytest.raises(Exception, match="role does not allow"):
        actions.approve_deal(draft(cast), by=cast.denise, at=LATER, granted_pct=Decimal(1))


def test_the_database_keeps_one_protected_deal_for_a_customer_and_group(cast):
    first = approved(cast)
    second = submitted(cast, cast.bruno, at=LATER, customer_name="Ville de Cassel")
    protected = {
        "status": "approved",
        "customer": first.customer,
        "granted_pct": 1,
        "decided_at": LATER,
        "decided_by": cast.denise,
        "protected_until": LATER.date(),
    }
    with pytest.raises(IntegrityError, match="deal_one_protected"), transaction.atomic():
        Deal.objects.filter(pk=second.pk).update(**protected)


def test_an_overlooked_rival_becomes_a_conflict_and_no_error(cast, sign_in, time_machine_at):
    """Two records of one customer were made one, say: nobody has noted the conflict."""
    first = approved(cast, customer_name="Ville de Cassel")
    second = submitted(cast, cast.bruno, at=LATER, distributor=cast.third)
    observe(Customer.objects.get(pk=first.customer_id), second.identity(), Source(LATER))
    Deal.objects.filter(pk=second.pk).update(customer=first.customer)
    with time_machine_at(LATER):
        answer = sign_in(cast.eve).post(f"/deals/{second.reference}/approve/", {"granted_pct": "1"})
    assert answer.status_code == 200
    assert answer.context["form"].non_field_errors()
    conflict = Conflict.objects.get()
    assert (conflict.earlier, conflict.later) == (first, second)
    assert Deal.objects.get(pk=second.pk).status == DealStatus.SUBMITTED
    assert Event.objects.about(second).filter(verb="deal.approved").count() == 0
    assert {row.recipient for row in Notification.objects.filter(kind="deal-conflict")} == {cast.karim}


def test_another_failing_constraint_is_not_taken_for_a_conflict(cast):
    def approve(deal, *, at):
        raise IntegrityError("deal_granted_within_ceiling")

    with pytest.raises(IntegrityError, match="within_ceiling"):
        looking.conflict_when_protected(approve)(submitted(cast), at=LATER)
