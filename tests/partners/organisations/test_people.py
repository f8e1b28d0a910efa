"""People are invited, given roles and let go by their own account administrator, and by nobody else."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from partners.organisations.actions import people as actions
from partners.organisations.models import Invitation, Membership
from partners.organisations.tasks import send_unsent_invitations
from portal.accounts.models import User
from portal.audit.models import Event
from portal.core.errors import NotAllowed, RuleViolation, WrongState
from tests.cast import PASSWORD
from tests.factories import MembershipFactory

GOOD_PASSWORD = "a long enough pass phrase"


@pytest.fixture
def now():
    return timezone.now()


def membership_of(person: User) -> Membership:
    return Membership.objects.get(user=person)


def invite(organisation, by, at, **given) -> Invitation:
    facts = {
        "email": "new@alpha.example",
        "full_name": "New Person",
        "role": "partner_sales",
        "language": "en",
    }
    return actions.invite_person(organisation, by=by, at=at, **(facts | given))


def link_of(invitation: Invitation) -> str:
    """Send what is due and read the link from the mail, as the invited person does."""
    mail.outbox.clear()
    send_unsent_invitations(timezone.now())
    message = next(message for message in mail.outbox if message.to == [invitation.email])
    return re.search(r"http://[^/\s]+(/accounts/invitation/\S+)", message.body).group(1)


def verbs() -> list[str]:
    return list(Event.objects.order_by("id").exclude(verb="edition.published").values_list("verb", flat=True))


# ---------------------------------------------------------------- who may


MAY_INVITE_TO = {
    "alpha": {"nora", "alice"},
    "platin": {"nora", "paul"},
    "distri_nord": {"nora", "denise"},
    "distri_sued": {"nora"},
    "france_office": {"nora"},
}
A_ROLE = {
    "alpha": "partner_sales",
    "platin": "partner_sales",
    "distri_nord": "distributor_approver",
    "distri_sued": "distributor_approver",
    "france_office": "channel_manager",
}


@pytest.mark.parametrize("organisation", MAY_INVITE_TO)
def test_only_administrators_invite_and_only_to_their_own(cast, now, organisation):
    allowed = set()
    for name, person in cast.people.items():
        try:
            invite(
                getattr(cast, organisation),
                person,
                now,
                email=f"{name}@elsewhere.example",
                role=A_ROLE[organisation],
            )
        except NotAllowed:
            continue
        allowed.add(name)
    assert allowed == MAY_INVITE_TO[organisation]


@pytest.mark.parametrize(
    ("organisation", "by", "role"),
    [
        ("alpha", "alice", "distributor_admin"),
        ("alpha", "alice", "programme_admin"),
        ("alpha", "nora", "channel_manager"),
        ("distri_nord", "denise", "partner_admin"),
        ("france_office", "nora", "partner_admin"),
        ("alpha", "alice", "nonsense"),
    ],
)
def test_a_role_of_another_kind_of_organisation_is_refused(cast, now, organisation, by, role):
    with pytest.raises(RuleViolation) as refusal:
        invite(getattr(cast, organisation), cast.people[by], now, role=role)
    assert refusal.value.field == "role"


def test_a_foreign_role_in_the_body_is_refused_on_the_field(cast, sign_in):
    answer = sign_in(cast.alice).post(
        "/people/invite/",
        {"email": "x@y.example", "full_name": "X Y", "role": "programme_admin", "language": "en"},
    )
    assert answer.status_code == 200
    assert answer.context["form"].errors["role"]
    assert not Invitation.objects.exists()


def test_a_foreign_membership_in_the_path_or_body_changes_nothing(cast, sign_in):
    bruno = membership_of(cast.bruno)
    alice = sign_in(cast.alice)
    assert (
        alice.post(reverse("people:page", args=[bruno.pk]), {"role": "partner_readonly"}).status_code == 404
    )
    assert alice.post("/settings/membership/", {"membership": bruno.pk}).status_code == 404
    assert membership_of(cast.bruno).role == "partner_admin"


# ---------------------------------------------------------------- invitation


def test_an_invitation_brings_a_new_person_in(cast, now, sign_in):
    answer = sign_in(cast.alice).post(
        "/people/invite/",
        {"email": "New@Alpha.example", "full_name": "New  Person", "role": "partner_sales", "language": "fr"},
    )
    assert answer.status_code == 302
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.full_name) == ("new@alpha.example", "New Person")
    link = link_of(invitation)
    message = mail.outbox[0]
    assert message.to == ["new@alpha.example"]
    assert message.alternatives[0][1] == "text/html" and link in message.alternatives[0][0]
    assert 'lang="fr"' in message.alternatives[0][0]

    visitor = sign_in()
    assert visitor.get(link).status_code == 200
    refused = visitor.post(link, {"full_name": "New Person", "password1": "short", "password2": "short"})
    assert refused.context["form"].errors["password1"]
    refused = visitor.post(link, {"full_name": "New Person", "password1": GOOD_PASSWORD, "password2": "x"})
    assert refused.context["form"].errors["password2"]
    assert not User.objects.filter(email="new@alpha.example").exists()

    answer = visitor.post(
        link, {"full_name": "New Person", "password1": GOOD_PASSWORD, "password2": GOOD_PASSWORD}
    )
    assert answer.status_code == 302
    person = User.objects.get(email="new@alpha.example")
    assert person.acting_as.organisation == cast.alpha and person.acting_as.role == "partner_sales"
    assert person.check_password(GOOD_PASSWORD)
    assert visitor.get("/people/").status_code == 200
    assert verbs() == ["invitation.sent", "invitation.accepted", "membership.started"]


def test_the_link_works_once(cast, now, sign_in):
    link = link_of(invite(cast.alpha, cast.alice, now))
    body = {"full_name": "New Person", "password1": GOOD_PASSWORD, "password2": GOOD_PASSWORD}
    assert sign_in().post(link, body).status_code == 302
    answer = sign_in().post(link, body)
    assert answer.status_code == 410
    assert "accepted" in answer.content.decode()
    assert User.objects.filter(email="new@alpha.example").count() == 1


@pytest.mark.parametrize("end", ["withdrawn", "expired", "resent", "unknown"])
def test_a_link_that_is_over_says_so(cast, now, sign_in, end):
    invitation = invite(cast.alpha, cast.alice, now)
    link = link_of(invitation)
    if end == "withdrawn":
        actions.withdraw_invitation(invitation.pk, by=cast.alice, at=now)
    elif end == "expired":
        Invitation.objects.update(expires_at=now - timedelta(seconds=1))
    elif end == "resent":
        actions.resend_invitation(invitation.pk, by=cast.alice, at=now)
    else:
        link = "/accounts/invitation/nonsense/"
    body = {"full_name": "New Person", "password1": GOOD_PASSWORD, "password2": GOOD_PASSWORD}
    for answer in (sign_in().get(link), sign_in().post(link, body)):
        assert answer.status_code == (410 if end in ("withdrawn", "expired") else 404)
    assert not User.objects.filter(email="new@alpha.example").exists()


def test_an_invitation_holds_for_fourteen_days_to_the_second(cast, now):
    invitation = invite(cast.alpha, cast.alice, now)
    last = now + timedelta(days=14) - timedelta(seconds=1)
    assert Invitation.objects.open(last).exists()
    assert not Invitation.objects.open(last + timedelta(seconds=1)).exists()
    with pytest.raises(WrongState):
        actions.accept_invitation_as_new_person(
            invitation.pk, at=last + timedelta(seconds=1), full_name="N", password=GOOD_PASSWORD
        )


def test_only_the_hash_of_the_secret_is_stored(cast, now):
    invitation = invite(cast.alpha, cast.alice, now)
    token = link_of(invitation).rstrip("/").rsplit("/", 1)[-1]
    assert len(token) >= 43  # 256 bits
    stored = str(Invitation.objects.filter(pk=invitation.pk).values().get())
    assert token not in stored
    assert token not in str(list(Event.objects.values()))


def test_somebody_with_an_account_signs_in_and_gets_a_further_membership(cast, now, sign_in):
    link = link_of(
        invite(cast.bravo, cast.bruno, now, email="Amir@alpha-securite.example", role="partner_technical")
    )
    assert (
        sign_in()
        .post(link, {"full_name": "X", "password1": GOOD_PASSWORD, "password2": GOOD_PASSWORD})
        .status_code
        == 200
    )
    assert "/accounts/login/?next=" in sign_in().get(link).content.decode()
    assert sign_in(cast.tina).post(link).status_code == 200  # somebody else's account does not take it
    assert Membership.objects.filter(user=cast.tina).count() == 1
    amir = sign_in(cast.amir)
    assert amir.post(link).status_code == 302
    held = {(m.organisation, m.role) for m in cast.amir.memberships.active()}
    assert held == {(cast.alpha, "partner_sales"), (cast.bravo, "partner_technical")}
    assert cast.again(cast.amir).acting_as.organisation == cast.bravo
    assert cast.again(cast.amir).check_password(PASSWORD)


def test_somebody_who_is_signed_in_does_not_take_a_strangers_invitation(cast, now, sign_in):
    link = link_of(invite(cast.alpha, cast.alice, now))
    body = {"full_name": "New Person", "password1": GOOD_PASSWORD, "password2": GOOD_PASSWORD}
    for answer in (sign_in(cast.amir).get(link), sign_in(cast.amir).post(link, body)):
        assert answer.status_code == 200
        assert cast.amir.email in answer.content.decode()
    assert not User.objects.filter(email="new@alpha.example").exists()


def test_a_blocked_person_reads_that_the_account_is_blocked(cast, now, sign_in):
    link = link_of(invite(cast.bravo, cast.bruno, now, email=cast.dan.email))
    assert "blocked" in sign_in().get(link).content.decode()


def test_a_second_invitation_and_one_to_a_colleague_are_refused(cast, now):
    invite(cast.alpha, cast.alice, now)
    with pytest.raises(RuleViolation, match="open already"):
        invite(cast.alpha, cast.alice, now, email="NEW@alpha.example")
    with pytest.raises(RuleViolation, match="already works here"):
        invite(cast.alpha, cast.alice, now, email="amir@alpha-securite.example")
    invite(cast.bravo, cast.bruno, now)  # another company may
    later = now + timedelta(days=15)
    again = invite(cast.alpha, cast.alice, later)  # the first one has lapsed
    assert list(Invitation.objects.filter(partner=cast.alpha).pending()) == [again]


def test_a_mail_that_failed_goes_out_with_the_next_sweep(cast, now, monkeypatch):
    invitation = invite(cast.alpha, cast.alice, now)
    monkeypatch.setattr(actions, "_mail_of", lambda *a: (_ for _ in ()).throw(OSError("no mail server")))
    assert send_unsent_invitations(now) == {
        "invitations sent": 0,
        "invitations not sent, to be tried again": 1,
    }
    assert Invitation.objects.get(pk=invitation.pk).sent_at is None
    monkeypatch.undo()
    assert send_unsent_invitations(now) == {
        "invitations sent": 1,
        "invitations not sent, to be tried again": 0,
    }
    assert send_unsent_invitations(now) == {
        "invitations sent": 0,
        "invitations not sent, to be tried again": 0,
    }
    assert len(mail.outbox) == 1


# ---------------------------------------------------------------- roles and leaving


def test_a_changed_role_acts_at_the_next_request(cast, sign_in):
    amir = sign_in(cast.amir)
    assert amir.get("/people/invite/").status_code == 403
    page = reverse("people:page", args=[membership_of(cast.amir).pk])
    assert sign_in(cast.alice).post(page, {"role": "partner_admin"}).status_code == 302
    assert amir.get("/people/invite/").status_code == 200
    assert Event.objects.get(verb="membership.role_changed").data == {
        "before": "partner_sales",
        "after": "partner_admin",
    }


def test_access_that_ended_is_refused_at_the_next_request_and_sessions_are_dead(cast, sign_in):
    amir = sign_in(cast.amir)
    assert amir.get("/people/").status_code == 200
    page = reverse("people:deactivate", args=[membership_of(cast.amir).pk])
    assert sign_in(cast.alice).post(page, {"reason": ""}).status_code == 200  # no reason: told on the field
    assert amir.get("/people/").status_code == 200
    assert sign_in(cast.alice).post(page, {"reason": "Left the company"}).status_code == 302
    answer = amir.get("/people/")
    assert answer.status_code == 302 and "/accounts/login/" in answer["Location"]
    assert Event.objects.get(verb="membership.deactivated").reason == "Left the company"


def test_somebody_with_another_membership_stays_signed_in_but_not_there(cast, now, sign_in):
    MembershipFactory(user=cast.amir, partner=cast.bravo, role="partner_readonly")
    amir = sign_in(cast.amir)
    membership = cast.amir.memberships.get(partner=cast.alpha)
    actions.deactivate_membership(membership.pk, by=cast.alice, at=now, reason="Moved")
    assert amir.get("/partners/P-000001/").status_code == 404
    assert amir.get("/partners/P-000002/").status_code == 200


def test_access_can_be_restored(cast, now, sign_in):
    membership = membership_of(cast.amir)
    actions.deactivate_membership(membership.pk, by=cast.alice, at=now, reason="Error")
    assert sign_in(cast.alice).post(reverse("people:reactivate", args=[membership.pk])).status_code == 302
    assert sign_in(cast.amir).get("/people/").status_code == 200
    with pytest.raises(WrongState):
        actions.reactivate_membership(membership.pk, by=cast.alice, at=now)


@pytest.mark.parametrize(
    ("last", "by"), [("alice", "nora"), ("denise", "nora"), ("alice", "alice"), ("nora", "nora")]
)
def test_the_last_account_administrator_stays(cast, now, last, by):
    membership, person = membership_of(cast.people[last]), cast.people[by]
    other_role = {"partner": "partner_sales", "distributor": "distributor_approver"}.get(
        membership.role.split("_")[0], "auditor"
    )
    with pytest.raises(RuleViolation, match="last account administrator"):
        actions.change_role(membership.pk, by=person, at=now, role=other_role)
    with pytest.raises(RuleViolation):
        actions.deactivate_membership(membership.pk, by=person, at=now, reason="x")
    assert Membership.objects.get(pk=membership.pk).is_active


def test_with_a_second_administrator_the_first_may_go(cast, now):
    actions.change_role(membership_of(cast.amir).pk, by=cast.alice, at=now, role="partner_admin")
    cast.amir.forget_acting_as()
    actions.deactivate_membership(membership_of(cast.alice).pk, by=cast.amir, at=now, reason="Left")
    assert not membership_of(cast.alice).is_active


def test_a_blocked_administrator_does_not_count(cast, now):
    MembershipFactory(
        user=User.objects.create_user("b@x.example", is_active=False),
        partner=cast.alpha,
        role="partner_admin",
    )
    with pytest.raises(RuleViolation, match="last account administrator"):
        actions.change_role(membership_of(cast.alice).pk, by=cast.nora, at=now, role="partner_sales")


def test_nobody_ends_their_own_access(cast, now):
    actions.change_role(membership_of(cast.amir).pk, by=cast.alice, at=now, role="partner_admin")
    with pytest.raises(RuleViolation, match="your own access"):
        actions.deactivate_membership(membership_of(cast.alice).pk, by=cast.alice, at=now, reason="x")


# ---------------------------------------------------------------- several memberships


def test_a_person_switches_between_their_own_memberships(cast, sign_in):
    further = MembershipFactory(user=cast.amir, partner=cast.bravo, role="partner_admin")
    amir = sign_in(cast.amir)
    assert amir.get("/partners/P-000002/").status_code == 404
    assert amir.post("/settings/membership/", {"membership": further.pk}).status_code == 302
    assert amir.get("/partners/P-000002/").status_code == 200
    assert amir.get("/partners/P-000001/").status_code == 404


@pytest.mark.parametrize("wanted", ["", "x", "-1", "9" * 30, "１２", "0"])
def test_a_membership_that_is_none_is_not_found(cast, sign_in, wanted):
    assert sign_in(cast.amir).post("/settings/membership/", {"membership": wanted}).status_code == 404


def test_the_list_of_people_is_searched_and_filtered(cast, sign_in):
    alice = sign_in(cast.alice)

    def names(query: str) -> set[str]:
        return {
            row.record.user.full_name
            for row in alice.get(f"/people/?{query}").context["table"].page.object_list
        }

    assert names("") == {"Alice Moreau", "Amir Haddad", "Adam Leroy", "Tina Faure", "Dan Roux"}
    assert names("q=HADD") == {"Amir Haddad"}
    assert names("role=partner_readonly") == {"Adam Leroy"}
    assert names("status=ended") == {"Dan Roux"}
    assert names("role=nonsense&status=%00&q=%00") == names("")


@pytest.mark.parametrize("size", [2, 20])
def test_the_list_of_people_costs_the_same_queries_at_any_length(
    cast, sign_in, django_assert_max_num_queries, size
):
    for _ in range(size):
        MembershipFactory(partner=cast.alpha)
    alice = sign_in(cast.alice)
    alice.get("/people/")  # the rule book is read once a process
    with django_assert_max_num_queries(8):
        assert alice.get("/people/").status_code == 200
