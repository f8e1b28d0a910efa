from django.urls import path

from partners.certification.views import certificates, imports

app_name = "certificates"
urlpatterns = [
    path("", certificates.certificate_list, name="list"),
    path("export.<str:kind>", certificates.certificate_export, name="export"),
    path("imports/", imports.import_list, name="imports"),
    path("imports/new/", imports.import_new, name="import_new"),
    path("imports/template/<str:kind>/", imports.import_template, name="import_template"),
    path("imports/<int:pk>/", imports.import_page, name="import"),
    path("imports/<int:pk>/bad-lines.csv", imports.import_bad_lines, name="import_bad_lines"),
    path("imports/<int:pk>/apply/", imports.import_apply, name="import_apply"),
    path("imports/<int:pk>/discard/", imports.import_discard, name="import_discard"),
    path("<str:number>/", certificates.certificate_page, name="page"),
    path("<str:number>/certificate.pdf", certificates.certificate_pdf, name="pdf"),
    path("<str:number>/withdraw/", certificates.certificate_withdraw, name="withdraw"),
]
