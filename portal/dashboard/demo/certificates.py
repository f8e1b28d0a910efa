"""Beside the teams' certificates: one of a technology, one that has been withdrawn, and a file that
waits for the channel manager with a bad line."""

from datetime import datetime, time, timedelta

from dealreg.deals.selectors import channel_managers_of
from partners.catalogue.models import ProductGroup
from partners.certification.actions.certificates import withdraw_certificate
from partners.certification.actions.imports import keep_file
from partners.certification.models import Certificate, Employment
from partners.organisations.models import Partner
from portal.audit.actions import record
from portal.core.calendar import months_after, time_zone_of
from portal.dashboard.demo.staff import certify, hire

# Partner's trade name begins with, name, function, track or technology, days since issued, months valid.
HELD = [
    ("Alpha", "Nadia Rossi", "Account manager", "anti-targeted-attack", 40, 24),
    ("Bravo", "Sonia Haddad", "Consultant", "technical", 400, 24),
]
WITHDRAWN = "Sonia Haddad"


def certify_people(now: datetime) -> None:
    """They count for no tier: whom these depend on is told by the teams."""
    groups = {group.code: group for group in ProductGroup.objects.all()}
    for begins, name, function, track, days, months in HELD:
        partner = Partner.objects.filter(trade_name__startswith=begins).order_by("pk").first()
        if partner is None:
            continue
        issued_on = (now - timedelta(days=days)).date()
        issued_at = datetime.combine(issued_on, time(16), time_zone_of(partner.country))
        employment = Employment.objects.filter(partner=partner, full_name=name).first()
        if employment is None:
            started = issued_on - timedelta(days=400)
            employment = hire(partner, name, started, entered_at=issued_at, job_title=function)
        technology = groups.get(track)
        title = f"{technology} specialist" if technology else f"Certified {track} specialist"
        until = months_after(issued_on, months)
        certificate = certify(employment, track, title, issued_on, until, technology)
        record(
            "certificate.issued",
            certificate,
            by=None,
            at=issued_at,
            expires_on=certificate.expires_on,
            track=certificate.track,
        )
    _withdraw_one(now)
    _leave_a_file(now)


def _withdraw_one(now: datetime) -> None:
    certificate = Certificate.objects.filter(holder_name=WITHDRAWN, withdrawn_on=None).first()
    employment = Employment.objects.filter(full_name=WITHDRAWN).select_related("partner").first()
    managers = channel_managers_of(employment.partner) if employment else []
    if certificate is not None and certificate.expires_on >= now.date() and managers:
        withdraw_certificate(
            certificate,
            by=managers[0],
            at=now - timedelta(days=12),
            reason="The exam was taken by somebody else.",
        )


def _leave_a_file(now: datetime) -> None:
    partner = Partner.objects.filter(trade_name__startswith="Alpha").order_by("pk").first()
    managers = channel_managers_of(partner) if partner else []
    if partner is None or not managers:
        return
    taken_over = (now - timedelta(days=200)).date()
    until = months_after(taken_over, 24)
    lines = [
        "partner;name;email;track;issued_on;expires_on",
        f"{partner.reference};Nadia Rossi;;sales;{taken_over};{until}",
        f"{partner.reference};Lucas Weber;;technical;{taken_over};{until}",
        f"{partner.reference};;;technical;{taken_over};{until}",
    ]
    keep_file(
        kind="certificates",
        name="certificates-before-2026.csv",
        content="\n".join(lines).encode(),
        by=managers[0],
        at=now - timedelta(hours=20),
    )
