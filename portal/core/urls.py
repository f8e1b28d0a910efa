from django.conf import settings
from django.urls import path

from portal.core import views

urlpatterns = [
    path("preferences/language/", views.choose_language, name="choose_language"),
    path("preferences/theme/", views.choose_theme, name="choose_theme"),
]
if settings.DEBUG:
    from portal.core.styleguide import styleguide

    urlpatterns.append(path("styleguide/", styleguide, name="styleguide"))
