from typing import Any

from django.db import models


class SavedViewQuerySet(models.QuerySet[Any]):
    """A person's own views, of the organisation that they act for now: another one's customers and
    partners may stand in the filters."""

    def visible_to(self, user: Any) -> "SavedViewQuerySet":
        if not user.is_authenticated or user.acting_as is None:
            return self.none()
        return self.filter(membership=user.acting_as)

    def of_page(self, page: str) -> "SavedViewQuerySet":
        return self.filter(page=page)
