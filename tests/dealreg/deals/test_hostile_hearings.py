"""Bad input in appeals, discount requests and revocations gets an answer (promise S7)."""

import pytest

from dealreg.deals import actions
from tests.dealreg.deals import stages
from tests.dealreg.deals.stages import LATER
from tests.platform.test_hostile_input import MARKUP, VALUES
from tests.world import undone

pytestmark = pytest.mark.django_db


def appeal(cast):
    deal = stages.rejected(cast)
    return cast.amir, f"/deals/{deal.reference}/appeal/", {"text": "Why."}


def judgement(cast):
    deal = stages.rejected(cast)
    actions.file_appeal(deal, by=cast.amir, at=LATER, text="Why.")
    return cast.karim, f"/deals/{deal.reference}/appeal/decide/", {"outcome": "upheld", "text": "No."}


def request(cast):
    deal = stages.approved(cast)
    right = {"unit": "amount", "whole": "5", "line_0": "", "reason": "Why.", "competitor": ""}
    return cast.amir, f"/deals/{deal.reference}/discount/", right


def grant(cast):
    deal = stages.approved(cast)
    actions.ask_discount(deal, by=cast.amir, at=LATER, reason="Why.", whole=10)
    right = {"decision": "part", "amount": "5", "text": "Half."}
    return cast.karim, f"/deals/{deal.reference}/discount/decide/", right


def statement(cast):
    notice = stages.announced(cast)
    return cast.amir, f"/deals/{notice.deal.reference}/revocation/statement/", {"text": "No."}


def revocation(cast):
    notice = stages.announced(cast)
    actions.state_view(notice, by=cast.amir, at=notice.announced_at, text="No.")
    right = {"decision": "drop", "text": "Fine."}
    return cast.karim, f"/deals/{notice.deal.reference}/revocation/decide/", right


@pytest.mark.parametrize("form", [appeal, judgement, request, grant, statement, revocation])
def test_every_value_in_every_field_gets_an_answer(cast, sign_in, form, time_machine_at):
    person, place, right = form(cast)
    browser = sign_in(person)
    browser.raise_request_exception = False
    wrong = []
    with time_machine_at(LATER + stages.timedelta(days=3, hours=1)):
        # Each field its third of the values; all of them come up in the forms of the platform's table.
        for place_of_field, field in enumerate(right):
            for value in VALUES[place_of_field % 3 :: 3]:
                with undone():
                    answer = browser.post(place, right | {field: value})
                if answer.status_code not in (200, 302):
                    wrong.append(f"{field}={value!r:.40}: {answer.status_code}")
                if answer.status_code == 200 and MARKUP in answer.content.decode():
                    wrong.append(f"{field}: markup came back")
    assert not wrong, "\n".join(wrong[:20])
