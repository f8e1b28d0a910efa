"""References that are read out on the telephone: Crockford's base32 with a check character.

They are random: a running number would tell every partner how much the others register.
"""

import re
import secrets

from stdnum import luhn
from stdnum.exceptions import ValidationError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREADINGS = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})


def new_reference(prefix: str, length: int = 6) -> str:
    """A new reference such as `DR-7K3F9Q`: `length` characters, of which the last one checks."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(length - 1))
    return f"{prefix}-{body}{luhn.calc_check_digit(body, alphabet=ALPHABET)}"


def read_reference(prefix: str, text: str, length: int = 6) -> str | None:
    """The reference meant by what somebody typed, forgiving case, blanks and O for 0; None when
    it is not one."""
    compact = re.sub(r"[\s\-_]", "", text).upper()
    if len(compact) > length:
        compact = compact.removeprefix(prefix)
    compact = compact.translate(_MISREADINGS)
    if len(compact) != length:
        return None
    try:
        luhn.validate(compact, alphabet=ALPHABET)
    except ValidationError:
        return None
    return f"{prefix}-{compact}"
