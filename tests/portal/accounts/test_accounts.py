"""Signing in, own settings, and what somebody without a company reads."""

import io

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command

from partners.organisations.models import Membership
from portal.accounts.models import User
from tests.cast import PASSWORD


def try_to_sign_in(client, email: str, password: str):
    return client.post("/accounts/login/?next=/settings/", {"login": email, "password": password})


# ---------------------------------------------------------------- signing in


def test_people_sign_in_by_email_in_any_case(cast, client):
    assert try_to_sign_in(client, "ALICE@alpha-securite.example", PASSWORD)["Location"] == "/settings/"


@pytest.mark.parametrize(("language", "greeting"), [("fr", "Connexion avec"), ("en", "signed in as")])
def test_the_greeting_is_in_the_language_of_the_account(cast, client, language, greeting):
    User.objects.filter(pk=cast.amir.pk).update(language=language)
    other = {"fr": "en", "en": "fr"}[language]
    page = client.post(
        "/accounts/login/?next=/settings/",
        {"login": cast.amir.email, "password": PASSWORD},
        headers={"accept-language": other},
        follow=True,
    )
    assert greeting in page.content.decode()


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(cast, sign_in):
    wrong = try_to_sign_in(sign_in(), cast.amir.email, "wrong")
    unknown = try_to_sign_in(sign_in(), "nobody@x.example", "wrong")
    disabled = try_to_sign_in(sign_in(), cast.dan.email, "wrong")
    assert wrong.status_code == unknown.status_code == disabled.status_code == 200
    assert wrong.context["form"].errors == unknown.context["form"].errors == disabled.context["form"].errors


def test_a_blocked_person_cannot_sign_in_and_an_open_session_is_dead(cast, sign_in):
    client = sign_in()
    try_to_sign_in(client, cast.dan.email, PASSWORD)
    assert client.get("/settings/").status_code == 302
    amir = sign_in(cast.amir)
    assert amir.get("/settings/").status_code == 200
    User.objects.filter(pk=cast.amir.pk).update(is_active=False)
    assert amir.get("/settings/").status_code == 302


def test_password_reset_does_not_tell_who_has_an_account(cast, client):
    known = client.post("/accounts/password/reset/", {"email": cast.amir.email})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@x.example"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


def test_nobody_signs_up_by_themselves(db, client):
    answer = client.post("/accounts/signup/", {"email": "a@b.example", "password1": "x", "password2": "x"})
    assert answer.status_code == 200
    assert not User.objects.exists()


def test_somebody_without_a_company_reads_why(cast, sign_in):
    stranger = sign_in(cast.stranger)
    for page in ("/people/", "/partners/", "/distributors/", "/partners/P-000001/"):
        answer = stranger.get(page)
        assert answer.status_code == 403
        assert "accounts/no_membership.html" in [template.name for template in answer.templates]
        assert cast.stranger.email in answer.content.decode()
    assert stranger.get("/settings/").status_code == 200


# ---------------------------------------------------------------- own settings

GOOD = {
    "full_name": " Amir  Haddad ",
    "phone": "+33 1 23 45 67 89",
    "language": "fr",
    "time_zone": "Africa/Tunis",
    "theme": "dark",
}


def test_own_settings_are_saved_and_act_at_once(cast, sign_in):
    amir = sign_in(cast.amir)
    assert amir.post("/settings/", GOOD).status_code == 302
    saved = cast.again(cast.amir)
    assert (saved.full_name, saved.language, saved.time_zone, saved.theme) == (
        "Amir Haddad",
        "fr",
        "Africa/Tunis",
        "dark",
    )
    page = amir.get("/settings/").content.decode()
    assert 'lang="fr"' in page and 'data-bs-theme="dark"' in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("full_name", ""),
        ("full_name", "   "),
        ("full_name", "12345"),
        ("full_name", "x" * 121),
        ("full_name", "a\x00b"),
        ("phone", "call me"),
        ("phone", "1" * 60),
        ("phone", "<script>"),
        ("language", "xx"),
        ("time_zone", "Europe/Atlantis"),
        ("time_zone", "../../etc/passwd"),
        ("theme", "pink"),
    ],
)
def test_settings_that_are_not_right_are_told_on_their_field(cast, sign_in, field, value):
    answer = sign_in(cast.amir).post("/settings/", GOOD | {field: value})
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert cast.again(cast.amir).language == ""


def test_nobody_gives_themselves_more_through_the_settings(cast, sign_in):
    sign_in(cast.amir).post(
        "/settings/",
        GOOD
        | {"is_staff": "on", "is_superuser": "on", "email": "nora@vendor.example", "session_version": "9"},
    )
    saved = cast.again(cast.amir)
    assert not saved.is_staff and not saved.is_superuser
    assert (saved.email, saved.session_version) == (cast.amir.email, 0)


# ---------------------------------------------------------------- a new installation


@pytest.fixture
def typed(monkeypatch):
    def type_in(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text + "\n"))

    return type_in


def test_the_first_administrator_is_made_on_the_command_line(db, typed, client):
    call_command("seed_programme", verbosity=0)
    typed("a long enough pass phrase")
    call_command("create_admin", email="First@vendor.example", name="First One", password_stdin=True)
    membership = Membership.objects.get()
    assert (membership.role, membership.vendor_office.name) == ("programme_admin", "Head office")
    assert {"FR", "DE", "IL"} <= set(membership.vendor_office.countries)
    answer = try_to_sign_in(client, "first@vendor.example", "a long enough pass phrase")
    assert answer["Location"] == "/settings/"


@pytest.mark.parametrize("case", ["short", "second", "no-edition"])
def test_the_command_refuses_what_is_not_right(db, typed, case, request):
    if case != "no-edition":
        call_command("seed_programme", verbosity=0)
    if case == "second":
        request.getfixturevalue("cast")
    typed("short" if case == "short" else "a long enough pass phrase")
    before = User.objects.count()
    with pytest.raises(CommandError):
        call_command("create_admin", email="first@vendor.example", name="First", password_stdin=True)
    assert User.objects.count() == before


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def asked(db, monkeypatch):
    """Answers to the prompts of create_admin, one after the other."""
    call_command("seed_programme", verbosity=0)

    def answer(*passwords: str) -> None:
        rest = iter(passwords)
        monkeypatch.setattr("sys.stdin", Terminal())

        def prompt(_text: str) -> str:
            try:
                return next(rest)
            except StopIteration:
                raise EOFError from None

        monkeypatch.setattr("partners.organisations.management.commands.create_admin.getpass", prompt)

    return answer


def make_first(**changed) -> tuple[str, str]:
    said, wrong = io.StringIO(), io.StringIO()
    call_command(
        "create_admin",
        **({"email": "first@vendor.example", "name": "First One"} | changed),
        stdout=said,
        stderr=wrong,
    )
    return said.getvalue(), wrong.getvalue()


PASS_PHRASE = "a long enough pass phrase"


def test_the_command_asks_again_for_a_password_that_will_not_do(asked):
    asked("short", "short", PASS_PHRASE, "another pass phrase", PASS_PHRASE, PASS_PHRASE)
    said, wrong = make_first()
    assert "can sign in" in said
    assert "too short" in wrong
    assert "not the same" in wrong
    address = EmailAddress.objects.get()
    assert (address.email, address.verified, address.primary) == ("first@vendor.example", True, True)


@pytest.mark.parametrize(
    ("changed", "passwords", "said"),
    [
        ({"email": "no address"}, [], "valid email"),
        ({"name": "  "}, [], "Enter a name"),
        ({"office": ""}, [], "Enter a name"),
        ({"country": "zz"}, [], "Choose a country"),
        ({}, [], "No password was entered"),
        ({}, ["short"] * 6, "No password was chosen"),
    ],
)
def test_the_command_says_what_is_wrong_before_it_asks(asked, changed, passwords, said):
    asked(*passwords)
    with pytest.raises(CommandError, match=said):
        make_first(**changed)
    assert not User.objects.exists()


def test_without_a_terminal_the_command_says_how_to_give_the_password(asked, monkeypatch):
    asked()
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(CommandError, match="--password-stdin"):
        make_first()
