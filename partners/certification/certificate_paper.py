"""The certificate as a document, in the active language."""

from datetime import date
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from partners.certification.certificates import CertificateState, state_on
from partners.certification.models import Certificate
from portal.core.formats import format_day
from portal.documents.rendering import qr_code


def address_of(certificate: Certificate) -> str:
    """The public page: whoever holds the document may ask there whether it counts."""
    return settings.PORTAL_URL + reverse("verify_certificate", args=[certificate.code])


def paper_data(certificate: Certificate, day: date) -> dict[str, Any]:
    """All that templates/documents/certificate.typ shows."""
    address = address_of(certificate)
    expired = state_on(certificate, day) == CertificateState.EXPIRED
    return {
        "title": _("Certificate of competence"),
        "description": _("Certificate %(number)s") % {"number": certificate.number},
        "vendor": settings.VENDOR_NAME,
        "lead": _("%(vendor)s certifies that") % {"vendor": settings.VENDOR_NAME},
        "holder": certificate.holder_name,
        "achieved": _("has passed the exam and shown the competence required for"),
        "course": certificate.title,
        "note": _("This certificate has expired.") if expired else "",
        "facts": [
            (_("Track"), certificate.track_label),
            (_("Issued on"), format_day(certificate.issued_on, "long")),
            (_("Valid until"), format_day(certificate.expires_on, "long")),
            (_("Number"), certificate.number),
        ],
        "footer": f"{settings.VENDOR_NAME} · {settings.PORTAL_NAME}",
        "qr": qr_code(address),
        "qr_alt": _("QR code that leads to %(address)s") % {"address": address},
        "qr_note": _("Check whether it is valid"),
        "address": address,
    }
