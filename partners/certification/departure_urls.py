from django.urls import path

from partners.certification.views import departures as views

app_name = "departures"
urlpatterns = [
    path("", views.departure_list, name="list"),
    path("export/<slug:kind>/", views.export, name="export"),
    path("remind/", views.remind, name="remind"),
    path("open/<int:employee>/", views.open_case, name="open"),
    path("<slug:ref>/", views.case, name="case"),
    path("<slug:ref>/report/", views.report, name="report"),
    path("<slug:ref>/replace/<int:gap>/", views.replace, name="replace"),
    path("<slug:ref>/take-back/<int:gap>/", views.take_back, name="take_back"),
    path("<slug:ref>/date/", views.correct, name="correct"),
    path("<slug:ref>/date/<int:correction>/", views.decide_correction, name="decide_correction"),
    path("<slug:ref>/withdraw/", views.withdraw, name="withdraw"),
    path("<slug:ref>/clock/", views.release, name="release"),
]
