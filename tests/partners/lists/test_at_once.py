"""Two windows of one person at the same moment, with real threads on the real database."""

import threading
import time
from datetime import UTC, datetime

import pytest
from django.db import transaction
from django.http import QueryDict
from django.test import Client

from dealreg.deals.views.listing import DEALS
from partners.lists import actions
from partners.lists.models import SavedView
from tests.at_once import at_once
from tests.cast import make_cast

pytestmark = pytest.mark.django_db(transaction=True)

AT = datetime(2026, 11, 23, 13, 10, tzinfo=UTC)


@pytest.mark.parametrize("action", ["rename", "update", "default", "plain", "delete"])
def test_a_view_that_another_window_deletes_meanwhile_is_not_found(action):
    cast = make_cast()
    view = actions.save_view(by=cast.amir, at=AT, page=DEALS, name="Clinics", query=QueryDict("status=open"))
    browser = Client()
    browser.force_login(cast.amir)
    deleted = threading.Event()

    def delete():
        with transaction.atomic():
            actions.delete_view(view, by=cast.again(cast.amir))
            deleted.set()
            # Long enough for the other window to read the view and to wait for the lock.
            time.sleep(0.5)

    def change():
        deleted.wait(10)
        return browser.post(f"/views/{view.pk}/change/", {"action": action, "name": "Hospitals"})

    _, answer = at_once(delete, change)
    assert getattr(answer, "status_code", answer) == 404
    assert not SavedView.objects.exists()
