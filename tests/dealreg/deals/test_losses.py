"""The page of lost deals costs the same for few and for many."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dealreg.deals import actions
from tests.dealreg.deals import stages

pytestmark = pytest.mark.django_db


def test_losses_cost_the_same_for_few_and_for_many(cast, sign_in, time_machine_at):
    def lose(*numbers):
        for number in numbers:
            deal = stages.approved(cast, customer_name=f"Commune {number} sur Deûle")
            actions.report_lost(deal, by=cast.amir, at=stages.LATER + timedelta(days=5), code="price")

    def cost():
        with CaptureQueriesContext(connection) as seen:
            assert browser.get("/deals/losses/").status_code == 200
        return len(seen)

    browser = sign_in(cast.karim)
    with time_machine_at(stages.LATER + timedelta(days=6)):
        lose(0, 1)
        cost()
        few = cost()
        lose(2, 3, 4, 5)
        assert cost() == few <= 20
