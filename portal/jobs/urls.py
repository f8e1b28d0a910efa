from django.urls import path

from portal.jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.board, name="board"),
    path("mails/send-again/", views.send_again, name="send_again"),
    path("sweeps/<str:name>/", views.sweep, name="sweep"),
    path("sweeps/<str:name>/run/", views.run_sweep, name="run_sweep"),
    path("schedule/<int:pk>/", views.task, name="task"),
    path("schedule/<int:pk>/run/", views.run_task, name="run_task"),
    path("schedule/<int:pk>/pause/", views.pause, name="pause"),
    path("schedule/<int:pk>/resume/", views.resume, name="resume"),
]
