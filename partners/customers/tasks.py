"""What the register of customers does by itself: its words are counted and its names kept readable."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from partners.customers.actions import count_words, read_names_anew
from partners.customers.models import Count
from portal.core.errors import gettext_noop
from portal.core.sweeps import sweep

COUNTED = gettext_noop("words of customers' names counted")
READ = gettext_noop("customers' names read anew")
COUNTED_EVERY = timedelta(days=1)
# Ten minutes later the next run goes on.
NAMES_A_RUN = 5_000


@sweep("customers.register", _("Register of end customers"))
def keep_register(at: datetime) -> dict[str, int]:
    read = read_names_anew(most=NAMES_A_RUN)
    due = read or not Count.objects.filter(counted_at__gt=at - COUNTED_EVERY).exists()
    return {READ: read, COUNTED: count_words(at=at) if due else 0}
