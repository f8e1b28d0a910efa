"""Addresses of the register of end customers. A number that was misread leads to the record all the same."""

from django.urls import path, register_converter

from dealreg.deals.urls import canonical
from dealreg.deals.views import customers
from portal.core.references import read_reference


class CustomerReference:
    """`C-7K3F9Q`, forgiving case, a missing hyphen and O for 0; what cannot be a number is not found."""

    regex = "[Cc][-_ ]?[0-9A-Za-z]{6}"

    def to_python(self, value: str) -> str:
        reference = read_reference("C", value)
        if reference is None:
            raise ValueError(value)
        return reference

    def to_url(self, value: str) -> str:
        return value


register_converter(CustomerReference, "customer")

app_name = "customers"
urlpatterns = [
    path("", customers.customer_list, name="list"),
    path("changes/<int:pk>/undo/", customers.undo, name="undo"),
    path("<customer:ref>/", canonical(customers.customer_page), name="page"),
    path("<customer:ref>/merge/", canonical(customers.merge_choice), name="merge_choice"),
    path("<customer:ref>/merge/<customer:other_ref>/", canonical(customers.merge), name="merge"),
    path("<customer:ref>/split/", canonical(customers.split), name="split"),
]
