"""The reader's own language and appearance: kept with the person, and in a cookie for visitors."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language_info

THEME_COOKIE = "portal_theme"
THEMES = ("light", "dark", "auto")
A_YEAR = 365 * 24 * 3600


def own_name(code: str) -> str:
    """The language's name in the language itself: English, Français."""
    name = get_language_info(code)["name_local"]
    return name[:1].upper() + name[1:]


def keep_language(request: HttpRequest, response: HttpResponse, code: str) -> None:
    """Raises ValueError for a language that the portal does not speak."""
    if code not in dict(settings.LANGUAGES):
        raise ValueError(code)
    _keep(request, response, settings.LANGUAGE_COOKIE_NAME, "language", code)


def keep_theme(request: HttpRequest, response: HttpResponse, theme: str) -> None:
    """Raises ValueError for anything but light, dark, auto."""
    if theme not in THEMES:
        raise ValueError(theme)
    _keep(request, response, THEME_COOKIE, "theme", theme)


def _keep(request: HttpRequest, response: HttpResponse, cookie: str, field: str, value: str) -> None:
    if request.user.is_authenticated:
        get_user_model()._default_manager.filter(pk=request.user.pk).update(**{field: value})
    response.set_cookie(
        cookie, value, max_age=A_YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE, httponly=True
    )
