from django.urls import path

from partners.certification.views import privacy

app_name = "privacy"
urlpatterns = [
    path("", privacy.overview, name="overview"),
    path("me/", privacy.own_data, name="me"),
    path("me/data.json", privacy.own_file, name="me_file"),
    path("employees/<int:pk>/", privacy.employee_data, name="employee"),
    path("employees/<int:pk>/data.json", privacy.employee_file, name="employee_file"),
    path("employees/<int:pk>/tell/", privacy.tell, name="tell"),
    path("held/<str:token>/", privacy.held, name="held"),
    path("held/<str:token>/data.json", privacy.held_file, name="held_file"),
    path("employees/<int:pk>/erase/", privacy.erase, name="erase"),
]
