from django.urls import path

from portal.dashboard.views import home, search, search_suggestions

urlpatterns = [
    path("", home, name="home"),
    path("search/", search, name="search"),
    path("search/suggestions/", search_suggestions, name="search_suggestions"),
]
