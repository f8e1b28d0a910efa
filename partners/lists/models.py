from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partners.lists.querysets import SavedViewQuerySet
from partners.organisations.models import Membership

LONGEST_QUERY = 2_000


class SavedView(models.Model):
    """A list as somebody wants to find it again: filters, order and columns as they stand in its address.
    It belongs to a membership, and so to one person in one organisation."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="saved_views")
    # The name under which the list is known to partners.lists.pages.
    page = models.SlugField(max_length=40)
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=LONGEST_QUERY, blank=True)
    # The list opens so.
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                "membership",
                "page",
                Lower("name"),
                name="saved_view_name",
                violation_error_message=_("You have a view of this name already."),
            ),
            models.UniqueConstraint(
                fields=["membership", "page"], condition=Q(is_default=True), name="saved_view_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("lists:open", kwargs={"pk": self.pk})
