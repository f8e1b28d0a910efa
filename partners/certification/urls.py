from django.urls import include, path, re_path

from partners.certification.views import coverage, staff

team_urls = [
    path("", staff.own_team, name="list"),
    re_path(r"^team\.(?P<kind>csv|xlsx)$", staff.export_own, name="export"),
    path("add/", staff.add, name="add"),
    path("me/", staff.my_certificates, name="me"),
    path("coverage/", coverage.coverage, name="coverage"),
    re_path(r"^coverage\.(?P<kind>csv|xlsx)$", coverage.export, name="coverage_export"),
    path("of/<slug:reference>/", staff.team_of, name="of"),
    re_path(r"^of/(?P<reference>[-\w]+)/team\.(?P<kind>csv|xlsx)$", staff.export_of, name="export_of"),
    path("<int:pk>/", staff.employee, name="page"),
    path("<int:pk>/edit/", staff.edit, name="edit"),
    path("<int:pk>/rehire/", staff.rehire, name="rehire"),
    path("<int:pk>/leave/", staff.leave, name="leave"),
]
urlpatterns = [
    path("team/", include((team_urls, "team"))),
]
