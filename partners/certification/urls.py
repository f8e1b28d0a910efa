from django.urls import include, path, re_path

from partners.certification.views import (
    calendar,
    courses,
    coverage,
    exams,
    questions,
    results,
    sessions,
    staff,
    transfers,
)

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
    path("<int:pk>/transfer/", transfers.ask, name="ask_transfer"),
    path("transfers/", transfers.waiting, name="transfers"),
    path("transfers/<int:pk>/", transfers.decide, name="decide_transfer"),
    path("transfers/<int:pk>/withdraw/", transfers.withdraw, name="withdraw_transfer"),
    path("consent/<str:token>/", transfers.consent, name="consent"),
]
training_urls = [
    path("", courses.course_list, name="list"),
    re_path(r"^courses\.(?P<kind>csv|xlsx)$", courses.course_export, name="export"),
    path("add/", courses.course_add, name="add"),
    path("calendar/", calendar.month, name="calendar"),
    path("sessions/", sessions.session_list, name="sessions"),
    path("sessions/<int:pk>/", sessions.session_page, name="session"),
    path("sessions/<int:pk>/edit/", sessions.session_edit, name="session_edit"),
    path("sessions/<int:pk>/cancel/", sessions.session_cancel, name="session_cancel"),
    path("sessions/<int:pk>/book/", sessions.book, name="book"),
    path("sessions/<int:pk>/attendance/", sessions.attendance, name="attendance"),
    re_path(
        r"^sessions/(?P<pk>\d+)/participants\.(?P<kind>csv|xlsx)$", sessions.participants, name="participants"
    ),
    path("bookings/<int:pk>/give-back/", sessions.give_back, name="give_back"),
    path("exams/<int:pk>/", exams.exam_page, name="exam"),
    path("exams/<int:pk>/grant/", exams.grant, name="grant_exam"),
    path("<slug:code>/", courses.course_page, name="page"),
    path("<slug:code>/edit/", courses.course_edit, name="edit"),
    path("<slug:code>/publish/", courses.publish, name="publish"),
    path("<slug:code>/withdraw/", courses.withdraw, name="withdraw"),
    path("<slug:code>/progress/", courses.progress, name="progress"),
    path("<slug:code>/sessions/add/", sessions.session_add, name="session_add"),
    path("<slug:code>/exam/", exams.start, name="start_exam"),
    path("<slug:code>/results/", results.record, name="results"),
    path("<slug:code>/questions/", questions.bank, name="questions"),
    re_path(
        r"^(?P<code>[-\w]+)/questions\.(?P<kind>csv|xlsx)$", questions.bank_export, name="questions_export"
    ),
    path("<slug:code>/questions/add/", questions.question_add, name="question_add"),
    path("<slug:code>/questions/<int:pk>/", questions.question_edit, name="question"),
    path("<slug:code>/questions/<int:pk>/switch/", questions.switch, name="question_switch"),
]
urlpatterns = [
    path("team/", include((team_urls, "team"))),
    path("training/", include((training_urls, "training"))),
]
