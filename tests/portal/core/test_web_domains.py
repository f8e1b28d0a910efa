import pytest

from portal.core.errors import RuleViolation
from portal.core.web_domains import registrable_domain


@pytest.mark.parametrize(
    ("typed", "domain"),
    [
        ("https://www.alpha-securite.fr/contact", "alpha-securite.fr"),
        ("info@shop.bravo.co.uk", "bravo.co.uk"),
        (" Distri-Nord.EXAMPLE ", "distri-nord.example"),
    ],
)
def test_the_domain_one_registers_is_read_from_any_address(typed, domain):
    assert registrable_domain(typed) == domain


@pytest.mark.parametrize("typed", ["localhost", "fr", "a b.fr", "http://", "-"])
def test_what_is_no_domain_is_refused_on_its_field(typed):
    with pytest.raises(RuleViolation) as refusal:
        registrable_domain(typed)
    assert refusal.value.field == "web_domain"
