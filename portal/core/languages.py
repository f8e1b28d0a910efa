"""The language in which to write to somebody who has not chosen one."""

from django.conf import settings

# By country of the territory: the languages business is done in, the most usual first.
COUNTRY_LANGUAGES = {
    "AT": ("de",),
    "BE": ("nl", "fr"),
    "CH": ("de", "en"),
    "DE": ("de",),
    "DK": ("da",),
    "DZ": ("fr", "ar"),
    "ES": ("es",),
    "FI": ("fi",),
    "FR": ("fr",),
    "IL": ("he",),
    "IS": ("is",),
    "IT": ("it",),
    "LU": ("fr", "de"),
    "MA": ("fr", "ar"),
    "NL": ("nl",),
    "NO": ("nb",),
    "PT": ("pt",),
    "SE": ("sv",),
    "TN": ("fr", "ar"),
}


def language_of(country: str) -> str:
    """The first of a country's languages that the portal speaks, else English."""
    spoken = dict(settings.LANGUAGES)
    return next((code for code in COUNTRY_LANGUAGES.get(country, ()) if code in spoken), "en")
