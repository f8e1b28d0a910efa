"""The columns of the list of deals that a reader may choose."""

from django.utils.translation import gettext_lazy, pgettext_lazy

# What a reader may put away; number and customer stay.
COLUMN_CHOICES = (
    ("partner", gettext_lazy("Partner")),
    ("distributor", gettext_lazy("Distributor")),
    ("product_group", gettext_lazy("Product group")),
    ("list_amount", gettext_lazy("List price")),
    ("submitted_at", pgettext_lazy("date", "Submitted")),
    ("deadline", gettext_lazy("Deadline")),
    ("status", gettext_lazy("Status")),
)
