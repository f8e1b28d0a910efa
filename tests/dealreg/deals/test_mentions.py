"""@name in a comment: only those who read it and whom the author knows of (rule E6)."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dealreg.deals import actions
from dealreg.deals.mentions import mentionable
from dealreg.deals.models import Comment, Mention
from dealreg.deals.selectors import distributor_reviewers
from partners.organisations.models import Membership
from portal.accounts.models import User
from portal.core.errors import RuleViolation
from portal.notifications.models import Notification
from tests.dealreg.deals import stages
from tests.dealreg.deals.stages import LATER
from tests.told import short_names_told

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english(cast):
    User.objects.update(language="")


def names(deal, by, *, internal=False):
    return {one.person.get_short_name() for one in mentionable(deal, by=by, internal=internal)}


def comment(deal, by, text, **more):
    return actions.add_comment(deal, by=by, at=LATER, text=text, **more)


def test_a_partner_names_colleagues_and_those_who_appear_on_the_deal(cast):
    deal = stages.submitted(cast)
    manager = {cast.alpha.channel_manager.get_short_name()} if cast.alpha.channel_manager else set()
    assert names(deal, cast.amir) == {"Alice", "Adam", "Tina"} | manager
    comment(deal, cast.denise, "Hello.")
    comment(deal, cast.karim, "For us alone.", is_internal=True)
    # Who has written only internally does not appear for the partner.
    assert names(deal, cast.amir) == {"Alice", "Adam", "Tina", "Denise"} | manager
    assert names(deal, cast.amir, internal=True) == set()


def test_a_distributor_names_its_own_people_and_those_of_the_deal(cast):
    deal = stages.submitted(cast)
    found = names(deal, cast.denise)
    assert {"Olga", "Amir"} <= found
    assert not found & {"Eve", "Dieter", "Bruno", "Alice", "Dan", "Denise"}
    inside = names(deal, cast.denise, internal=True)
    assert "Olga" in inside
    assert not inside & {"Amir", "Alice"}


def test_who_asked_while_another_distributor_had_it_is_not_named_by_the_new_one(cast):
    """The question stands on the partner's page, and on nobody's at the new distributor."""
    deal = stages.submitted(cast, cast.bruno)
    asked = LATER + timedelta(days=7)
    actions.request_information(deal, by=cast.nora, at=asked, text="Which sites?", fields=[])
    deal = actions.change_distributor(
        deal, by=cast.bruno, at=asked + timedelta(hours=1), distributor=cast.third
    )
    assert "Nora" in names(deal, cast.bruno)
    assert "Nora" not in names(deal, cast.eve)


def test_the_vendor_names_everybody_who_reads_it(cast):
    deal = stages.submitted(cast)
    assert {"Denise", "Olga", "Alice", "Amir", "Nora"} <= names(deal, cast.karim)
    assert not names(deal, cast.karim) & {"Ingrid", "Eve", "Bruno", "Dan"}
    assert not names(deal, cast.karim, internal=True) & {"Alice", "Amir", "Adam", "Tina"}


def test_nobody_of_another_company_names_anybody(cast):
    deal = stages.submitted(cast)
    for person in (cast.bruno, cast.eve, cast.ingrid, cast.stranger):
        assert names(deal, person) == set()


def test_who_also_belongs_to_the_partner_is_not_named_internally(cast):
    deal = stages.submitted(cast)
    Membership.objects.create(user=cast.olga, partner=cast.alpha, role="partner_readonly")
    assert "Olga" not in names(deal, cast.denise, internal=True)


def test_a_mention_is_kept_marked_and_told_once(cast, sign_in):
    deal = stages.submitted(cast)
    kept = comment(deal, cast.denise, "@amir haddad, and @Olga: is this <b>new</b>? Mail x@y.example")
    assert {(one.person, one.name) for one in kept.mentions.all()} == {
        (cast.amir, "amir haddad"),
        (cast.olga, "Olga"),
    }
    assert short_names_told("deal-mentioned") == {"Amir", "Olga"}
    assert not short_names_told("deal-comment") & {"Amir", "Olga"}
    page = sign_in(cast.amir).get(deal.get_absolute_url()).content.decode()
    assert '<span class="mention">@<bdi>amir haddad</bdi></span>' in page
    assert "&lt;b&gt;new&lt;/b&gt;" in page
    assert set(Mention.objects.visible_to(cast.amir)) == set(kept.mentions.all())


def test_internal_mentions_stay_between_reviewers(cast):
    deal = stages.submitted(cast)
    kept = comment(deal, cast.denise, "@Olga look at this", is_internal=True)
    assert Notification.objects.get(kind="deal-mentioned").context["internal"] is True
    assert not Mention.objects.visible_to(cast.amir).exists()
    assert set(Mention.objects.visible_to(cast.olga)) == set(kept.mentions.all())


@pytest.mark.parametrize("who", ["Bruno Girard", "Eve Marchand", "Nobody At All", "Dan Roux"])
def test_a_mention_of_who_may_not_read_it_does_nothing_and_says_so(cast, sign_in, who):
    """The same words for somebody of another company, somebody switched off, and nobody."""
    deal = stages.submitted(cast)
    answer = sign_in(cast.amir).post(f"/deals/{deal.reference}/comment/", {"comment-text": f"Ask @{who}!"})
    first = who.split()[0]
    errors = answer.context["comment_form"].errors["text"]
    assert errors == [f"@{first} is nobody who reads this comment. Choose from the list, or leave the @ out."]
    assert not Comment.objects.exists()
    assert not Notification.objects.filter(kind="deal-mentioned").exists()


def test_a_partner_is_not_named_in_what_stays_internal(cast):
    deal = stages.submitted(cast)
    with pytest.raises(RuleViolation):
        comment(deal, cast.denise, "@Amir must not know", is_internal=True)
    assert not Comment.objects.exists()


def test_two_of_one_first_name_are_told_apart_by_the_whole(cast):
    deal = stages.submitted(cast)
    User.objects.filter(pk=cast.tina.pk).update(full_name="Alice Faure")
    with pytest.raises(RuleViolation, match="Several people"):
        comment(deal, cast.amir, "@Alice?")
    kept = comment(deal, cast.amir, "@Alice Faure?")
    assert [one.person.email for one in kept.mentions.all()] == [cast.tina.email]


def test_names_are_suggested_to_who_may_comment(cast, sign_in):
    deal = stages.submitted(cast)
    address = f"/deals/{deal.reference}/mentions/"

    def suggested(person, **query):
        return [one["text"] for one in sign_in(person).get(address, query).json()["results"]]

    assert suggested(cast.amir, q="mor") == ["Alice Moreau"]
    assert suggested(cast.amir, q="bru") == []
    assert suggested(cast.denise, q="am") == ["Amir Haddad"]
    assert suggested(cast.denise, q="am", internal="1") == []
    assert sign_in(cast.bruno).get(address, {"q": "a"}).status_code == 404
    assert sign_in(cast.adam).get(address, {"q": "a"}).status_code == 403
    assert sign_in(cast.amir).get(address, {"q": "a", "internal": "1"}).status_code == 403


def test_a_partner_names_the_distributor_as_a_whole_and_those_who_decide_there_are_told(cast, sign_in):
    deal = stages.submitted(cast)
    name = cast.distri_nord.name
    browser = sign_in(cast.amir)
    suggested = browser.get(f"/deals/{deal.reference}/mentions/", {"q": name[:4].lower()}).json()["results"]
    assert suggested == [{"text": name, "hint": "Those who decide there"}]
    kept = comment(deal, cast.amir, f"@{name.upper()}: when will you decide?")
    assert short_names_told("deal-mentioned") == {
        person.get_short_name() for person in distributor_reviewers(deal)
    }
    assert "Denise" in short_names_told("deal-mentioned")
    assert not short_names_told("deal-mentioned") & {"Eve", "Ingrid", "Karim"}
    # Told once, and no name of a person stands on the partner's page for it.
    assert not short_names_told("deal-comment") & short_names_told("deal-mentioned")
    page = browser.get(deal.get_absolute_url()).content.decode()
    assert f'<span class="mention">@<bdi>{name.upper()}</bdi></span>' in page
    assert "Denise" not in page
    assert {one.name for one in kept.mentions.all()} == {name.upper()}


def test_no_other_distributor_can_be_named_and_no_other_side_names_one(cast, sign_in):
    deal = stages.submitted(cast)
    other = cast.third.name
    with pytest.raises(RuleViolation):
        comment(deal, cast.amir, f"@{other} what do you think?")
    for person in (cast.denise, cast.karim):
        with pytest.raises(RuleViolation):
            comment(deal, person, f"@{cast.distri_nord.name} look")
    assert not Mention.objects.exists()
    Membership.objects.filter(distributor=cast.distri_nord).update(is_active=False)
    with pytest.raises(RuleViolation):
        comment(deal, cast.amir, f"@{cast.distri_nord.name} anybody there?")


def test_the_deal_page_costs_the_same_with_many_mentions(cast, sign_in):
    deal = stages.submitted(cast)
    browser = sign_in(cast.amir)
    costs = []
    for _turn in (2, 10):
        for _number in range(_turn):
            comment(deal, cast.amir, "@Alice Moreau and @Tina")
        with CaptureQueriesContext(connection) as captured:
            browser.get(deal.get_absolute_url())
        costs.append(len(captured))
    assert costs[0] == costs[1]
