"""Pages of long lists without counting every row."""

from collections.abc import Sequence
from typing import Any

from django.core.paginator import EmptyPage, Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django_tables2 import RequestConfig, Table

COUNT_CAP = 1_000
# Nobody turns so many pages by hand, and the row where the page begins fits into a number of the database.
LAST_PAGE = 1_000_000


class CappedPage(Page):
    """A page that knows by one more row whether another follows."""

    def __init__(
        self, object_list: Sequence[Any], number: int, paginator: "CappedPaginator", more: bool
    ) -> None:
        super().__init__(object_list, number, paginator)
        self.more = more

    def has_next(self) -> bool:
        return self.more or super().has_next()

    def next_page_number(self) -> int:
        return self.number + 1

    def end_index(self) -> int:
        return self.start_index() + len(self.object_list) - 1 if self.object_list else 0

    def start_index(self) -> int:
        return (self.number - 1) * self.paginator.per_page + 1 if self.object_list else 0


class CappedPaginator(Paginator):
    """Counts up to COUNT_CAP rows (an exact count of a long list costs more than the list itself);
    pages beyond the cap can still be turned one by one."""

    cap = COUNT_CAP

    @cached_property
    def _counted(self) -> int:
        rows = self.object_list
        while not isinstance(rows, QuerySet) and hasattr(rows, "data"):  # django-tables2 wraps it twice
            rows = rows.data
        if isinstance(rows, QuerySet):
            return rows.order_by()[: self.cap + 1].count()
        return len(self.object_list)

    @cached_property
    def capped(self) -> bool:
        return self._counted > self.cap

    @cached_property
    def count(self) -> int:
        return min(self._counted, self.cap)

    def validate_number(self, number: Any) -> int:
        try:
            return super().validate_number(number)
        except EmptyPage:
            if self.capped and 0 < int(number) <= LAST_PAGE:
                return int(number)
            raise

    def page(self, number: Any) -> CappedPage:
        number = self.validate_number(number)
        bottom = (number - 1) * self.per_page
        rows = list(self.object_list[bottom : bottom + self.per_page + 1])
        if not rows and number > 1:
            raise EmptyPage(_("That page contains no results"))
        return CappedPage(rows[: self.per_page], number, self, more=len(rows) > self.per_page)


def show_page_of(table: Table, request: HttpRequest, per_page: int) -> None:
    """Order and page of a table by its address, as far as they mean something: an unknown column, a
    page that is none and any number of rows a page are passed over."""
    RequestConfig(request, paginate=False).configure(table)
    pages = CappedPaginator(table.rows, per_page)
    table.paginator = pages
    # The last page instead of one beyond, the first instead of nonsense.
    table.page = pages.get_page(request.GET.get(table.prefixed_page_field))
