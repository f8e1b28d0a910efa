from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.accounts.actions import change_own_settings
from portal.accounts.forms import SettingsForm
from portal.accounts.models import User
from portal.core.preferences import keep_language, keep_theme


@require_http_methods(["GET", "HEAD", "POST"])
def own_settings(request: HttpRequest) -> HttpResponse:
    # A form writes into its instance even when it is refused: the page's frame must not show that.
    form = SettingsForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if request.method == "POST" and form.is_valid():
        change_own_settings(form.instance, **form.cleaned_data)
        response = redirect("settings")
        if form.instance.language:
            keep_language(request, response, form.instance.language)
            translation.activate(form.instance.language)
        keep_theme(request, response, form.instance.theme)
        messages.success(request, _("Your settings are saved."))
        return response
    memberships = request.user.memberships.active().order_by("pk")
    return render(request, "accounts/settings.html", {"form": form, "memberships": memberships})
