"""What apps above this one show on a partner's page: they register a panel, the page asks for it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from partners.organisations.models import Partner
from portal.accounts.models import User

ReadPanel = Callable[[User, Partner, date], dict[str, Any] | None]


@dataclass(frozen=True)
class PartnerPanel:
    name: str
    template: str
    read: ReadPanel
    position: int
    aside: bool


_PANELS: dict[str, PartnerPanel] = {}


def register_partner_panel(
    name: str, template: str, read: ReadPanel, *, position: int = 50, aside: bool = False
) -> None:
    """`read(reader, partner, day)` gives the template's context, or None to show nothing; it asks
    visible_to(reader) itself. `aside`: in the narrow column."""
    _PANELS[name] = PartnerPanel(name, template, read, position, aside)


def partner_panels(reader: User, partner: Partner, day: date, *, aside: bool) -> list[SafeString]:
    shown = []
    for panel in sorted(_PANELS.values(), key=lambda panel: (panel.position, panel.name)):
        if panel.aside != aside:
            continue
        context = panel.read(reader, partner, day)
        if context is not None:
            shown.append(render_to_string(panel.template, context | {"partner": partner, "reader": reader}))
    return shown
