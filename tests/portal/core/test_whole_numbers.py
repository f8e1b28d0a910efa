import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from portal.core.whole_numbers import WholeNumberField


@pytest.mark.parametrize(("language", "told"), [("en", "1,000,000"), ("fr", "1\u202f000\u202f000")])
def test_a_limit_is_told_as_the_reader_writes_numbers(language, told):
    with translation.override(language), pytest.raises(ValidationError) as refused:
        WholeNumberField(min_value=1, max_value=1_000_000).clean("1000001")
    assert told in refused.value.messages[0]
