"""Every page of each side: axe finds nothing, light and dark; no complaint in the console and none about
the content security policy; the right language; nothing runs over the edge of a phone."""

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django_celery_beat.models import PeriodicTask

from dealreg.deals import actions
from dealreg.deals.actions.drafting import LineInput
from dealreg.deals.models import Deal
from partners.certification.actions.imports import keep_file
from partners.certification.actions.telling import ask_to_tell, send_data_link
from partners.certification.models import Attempt
from partners.organisations.models import Partner
from partners.tiering.actions import confirm_review, keep_tier
from partners.tiering.models import TierReview
from portal.accounts.models import User
from portal.core.calendar import date_in
from tests.dealreg.deals import stages
from tests.world import CONSENT_TOKEN, World, make_world

pytestmark = [pytest.mark.django_db(transaction=True)]

# Pages, with the names of the world's objects in braces.
EVERYBODY = [
    "/",
    "/deals/",
    "/inbox/",
    "/people/",
    "/programme/",
    "/programme/editions/",
    "/catalogue/",
    "/settings/",
    "/settings/email/",
    "/settings/calendar/",
]
PAGES: dict[str, list[str]] = {
    "alice": [
        *EVERYBODY,
        "/deals/register/",
        "/deals/{alpha_draft}/draft/customer/",
        "/deals/{alpha_draft}/draft/lines/",
        "/deals/{alpha_draft}/draft/contact/",
        "/deals/{alpha_draft}/draft/review/",
        "/deals/{alpha}/",
        "/deals/{alpha}/receipt/",
        "/deals/{alpha}/withdraw/",
        "/deals/{alpha_asked}/",
        "/deals/{alpha_asked}/answer/",
        "/deals/{alpha_approved}/",
        "/deals/{alpha_approved}/report-won/",
        "/deals/{alpha_approved}/report-lost/",
        "/deals/{alpha_approved}/extend/",
        "/deals/{alpha_approved}/amend/",
        "/deals/{alpha_approved}/discount/",
        "/deals/{alpha_approved}/copy/",
        "/deals/pipeline/",
        "/deals/decision-times/",
        "/search/?q=roch",
        "/training/",
        "/training/EPS-1/",
        "/training/EX-1/",
        "/training/sessions/",
        "/training/sessions/{session}/",
        "/training/calendar/{month}",
        "/training/exams/{attempt}/",
        "/people/invite/",
        "/people/{alpha_member}/",
        "/certificates/",
        "/certificates/KC-ALPHA/",
        "/privacy/",
        "/partners/P-000001/",
        "/team/",
        "/team/add/",
        "/team/{employee}/",
        "/team/{employee}/edit/",
        "/team/{employee}/leave/",
        "/team/me/",
        "/distributors/",
        "/distributors/D-001/",
        "/departures/",
        "/departures/{alpha_case}/",
        "/departures/{alpha_case}/replace/{alpha_gap}/",
        "/departures/{alpha_case}/date/",
        "/departures/{alpha_case}/withdraw/",
        "/tier-reviews/",
        "/tier-reviews/{alpha_review}/",
        "/no/such/page/",
    ],
    "denise": [
        *EVERYBODY,
        "/deals/queue/",
        "/deals/pipeline/",
        "/deals/decision-times/",
        "/deals/on-behalf/",
        "/deals/{alpha}/",
        "/deals/{charlie}/review/",
        "/deals/{charlie}/approve/",
        "/deals/{bravo_nord}/approve/",
        "/deals/{alpha_enterprise}/endorse/",
        "/deals/{charlie}/reject/",
        "/deals/{charlie}/request-information/",
        "/deals/{growing}/amendment/",
        "/deals/letters/{letter}/",
        "/deals/bulk/ approve",
        "/partners/",
        "/partners/P-000002/",
        "/team/coverage/",
        "/distributors/D-001/",
    ],
    "karim": [
        *EVERYBODY,
        "/deals/queue/",
        "/deals/conflicts/",
        "/deals/conflicts/{conflict}/",
        "/deals/{bravo_nord}/",
        "/deals/{bravo_nord}/review/",
        "/deals/{alpha_approved}/revoke/",
        "/deals/appeals/",
        "/deals/appeals/figures/",
        "/deals/{appealed}/appeal/decide/",
        "/deals/{reduced}/discount/decide/",
        "/deals/revocations/",
        "/deals/{announced}/revocation/decide/",
        "/deals/discounts/",
        "/deals/pipeline/",
        "/deals/losses/",
        "/deals/decision-times/",
        "/customers/",
        "/customers/{customer}/",
        "/customers/{customer}/merge/",
        "/customers/{customer}/merge/{other_customer}/",
        "/customers/{customer}/split/",
        "/search/?q=roch",
        "/training/",
        "/training/EPS-1/",
        "/training/add/",
        "/training/EPS-1/edit/",
        "/training/EPS-1/results/",
        "/training/EPS-1/sessions/add/",
        "/training/sessions/{session}/",
        "/training/sessions/{session}/edit/",
        "/training/sessions/{session}/cancel/",
        "/training/EX-1/questions/",
        "/training/EX-1/questions/add/",
        "/training/exams/{failed}/",
        "/partners/",
        "/partners/add/",
        "/partners/P-000001/",
        "/partners/P-000001/edit/",
        "/partners/P-000001/people/",
        "/team/of/P-000001/",
        "/team/coverage/",
        "/team/transfers/",
        "/team/transfers/{transfer}/",
        "/distributors/",
        "/distributors/D-001/",
        "/departures/",
        "/departures/open/{alpha_employee}/",
        "/departures/{alpha_case}/",
        "/departures/{alpha_case}/date/{alpha_correction}/",
        "/departures/{alpha_case}/clock/",
        "/tier-reviews/",
        "/tier-reviews/{alpha_review}/",
        "/tier-reviews/{kept_review}/",
        "/tier-reviews/{confirmed_review}/",
        "/certificates/?state=valid&within=90",
        "/certificates/KC-BRAVO/",
        "/certificates/KC-BRAVO/withdraw/",
        "/certificates/imports/",
        "/certificates/imports/new/",
        "/certificates/imports/{imported_file}/",
        "/certificates/imports/new/?kind=questions",
        "/certificates/imports/{questions_file}/",
    ],
    "tina": ["/training/EX-1/", "/training/exams/{own_attempt}/", "/training/sessions/{session}/"],
    "nora": [
        "/",
        "/programme/editions/2099/",
        "/programme/compare/?from=2017&to=2099",
        "/programme/import/",
        "/catalogue/price-lists/",
        "/catalogue/import/",
        "/catalogue/imports/{price_import}/",
        "/distributors/add/",
        "/offices/",
        "/offices/add/",
        "/distributors/D-001/edit/",
        "/people/invite/",
        "/jobs/",
        "/jobs/sweeps/deals.decisions/",
        "/jobs/schedule/{sweeps_task}/",
        "/jobs/schedule/{night_task}/",
    ],
    "anonymous": [
        "/accounts/login/",
        "/accounts/password/reset/",
        "/status/",
        "/status/?q=alpha",
        "/verify/0000000000000000000000000000000f/",
        "/accounts/invitation/{token}/",
        "/accounts/invitation/no-such-token/",
        "/team/consent/{consent}/",
        "{held}",
    ],
}
# What reads screens trips over; best practices count as well.
AXE = """async (rules) => {
    const only = rules.length ? {runOnly: {type: "rule", values: rules}} : {};
    const found = await axe.run(document, {resultTypes: ["violations"], ...only});
    const where = (one) => one.nodes.slice(0, 3).map((node) => node.target).join(" | ");
    return found.violations.map((one) => `${one.id}: ${where(one)}`);
}"""
OVERFLOW = """() => {
    const most = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= most) return [];
    const wide = [...document.body.querySelectorAll("*")].filter((one) => {
        const box = one.getBoundingClientRect();
        return box.width && box.right > most + 1;
    });
    return [`${document.documentElement.scrollWidth} > ${most}`, ...wide.slice(0, 4).map((one) =>
        `${one.tagName}.${one.className}`)];
}"""


@dataclass(frozen=True)
class Look:
    language: str
    # In one language; the words have no part in it.
    axe: bool


def more_steps(world: World) -> None:
    """What waits for a decision beside the registrations."""
    cast, at = world.cast, world.at

    def approved(customer: str) -> Deal:
        deal = stages.submitted(cast, at=at - timedelta(hours=1), customer_name=customer)
        return actions.approve_deal(deal, by=cast.denise, at=at, granted_pct=Decimal("3.5"))

    def rejected(customer: str) -> Deal:
        deal = stages.submitted(cast, at=at - timedelta(hours=1), customer_name=customer)
        return actions.reject_deal(deal, by=cast.denise, at=at, code="no_engagement", text="One call.")

    deals = world.deals
    deals["growing"] = approved("Aciérie de Denain")
    actions.ask_amendment(
        deals["growing"],
        by=cast.amir,
        at=at,
        reason="The customer adds a site.",
        lines=[LineInput(cast.products["EPS-ADV"], 200, 12)],
        nodes=200,
        expected_close_on=deals["growing"].expected_close_on,
    )
    deals["reduced"] = approved("Filature de Roubaix")
    actions.ask_discount(
        deals["reduced"],
        by=cast.amir,
        at=at,
        reason="The budget was cut by a tenth.",
        unit="pct",
        whole=Decimal(10),
        competitor="Other Shield 9",
    )
    deals["announced"] = approved("Cristallerie d’Arques")
    actions.announce_revocation(
        deals["announced"],
        by=cast.karim,
        at=at,
        code="untrue_statement",
        text="The customer does not recognise the minutes.",
    )
    deals["appealed"] = rejected("Faïencerie de Desvres")
    actions.file_appeal(deals["appealed"], by=cast.amir, at=at, text="There were three meetings.")
    in_training(world)
    tiers_decided(world)


def in_training(world: World) -> None:
    """A file of questions to look through, a failed exam, and the link to somebody’s own data."""
    world.training["questions_file"] = keep_file(
        kind="questions",
        name="questions.csv",
        content=b"course;question;right;answer_1;answer_2\nEX-1;What is EDR?;1;Response;Disk\nEX-1;;1;A;B\n",
        by=world.cast.karim,
        at=world.at,
    )
    failed = world.training["attempts"]["bravo"]
    Attempt.objects.filter(pk=failed.pk).update(
        finished_at=world.at, passed=False, score_pct=40, taken_on=date_in("FR", world.at)
    )
    trainee = world.training["attempts"]["alpha"].employment
    trainee.email = "trainee@alpha.example"
    trainee.save()
    ask_to_tell(trainee.pk, by=world.cast.alice, at=world.at)
    send_data_link(trainee.pk, at=world.at)
    letters = "\n".join(letter.body for letter in mail.outbox if letter.to == [trainee.email])
    found = re.search(r"/privacy/held/\S+/", letters)
    assert found is not None
    world.tokens["held"] = found.group()


def tiers_decided(world: World) -> None:
    """One kept, and one confirmed of a partner whose specialists have all left."""
    kept, alone = world.reviews["bravo"], world.cast.charlie
    Partner.objects.filter(pk=alone.pk).update(tier="silver")
    world.reviews["confirmed"] = TierReview.objects.create(
        partner=alone,
        edition=kept.edition,
        current_tier="silver",
        proposed_tier="bronze",
        facts=kept.facts,
        opened_at=kept.opened_at,
    )
    keep_tier(kept, by=world.cast.karim, at=world.at, reason="Somebody passes the exam in January.")
    confirm_review(world.reviews["confirmed"], by=world.cast.karim, at=world.at, reason="Nobody is left.")


def addresses(world: World, who: str) -> list[str]:
    names: dict[str, Any] = {name: deal.reference for name, deal in world.deals.items()}
    names |= {
        "letter": Deal.objects.get(pk=world.deals["alpha_approved"].pk).letter_code,
        "alpha_member": world.memberships["alpha"].pk,
        "customer": world.customers["south"].reference,
        "other_customer": world.customers["across"].reference,
        "conflict": world.conflicts["south"].pk,
        "price_import": world.price_import.reference,
        "token": world.tokens["alpha"],
        "employee": world.employments["alpha"].pk,
        "transfer": world.transfers["bravo"].pk,
        "consent": CONSENT_TOKEN,
        "sweeps_task": PeriodicTask.objects.get(name="run-sweeps").pk,
        "night_task": PeriodicTask.objects.get(name="night:Europe/London").pk,
        "alpha_case": world.departures["alpha"].reference,
        "alpha_gap": world.gaps["alpha"].pk,
        "alpha_correction": world.corrections["alpha"].pk,
        "alpha_review": world.reviews["alpha"].pk,
        "alpha_employee": world.employments["alpha"].pk,
        "kept_review": world.reviews["bravo"].pk,
        "confirmed_review": world.reviews["confirmed"].pk,
        "imported_file": world.imported_file.pk,
        "questions_file": world.training["questions_file"].pk,
        "failed": world.training["attempts"]["bravo"].pk,
        "held": world.tokens["held"],
        "session": world.training["session"].pk,
        "attempt": world.training["attempts"]["alpha"].pk,
        "own_attempt": world.training["own_attempt"].pk,
        "month": f"?month={world.training['session'].starts_at:%Y-%m}",
    }
    return [page.format(**names) for page in PAGES[who]]


def visit(page: Any, place: str) -> Any:
    """Most pages by their address; what is to be confirmed for several deals by choosing them."""
    address, _, action = place.partition(" ")
    if not action:
        return page.goto(address)
    page.goto("/deals/")
    for box in page.locator('input[name="deal"][form="bulk"]').all()[:3]:
        box.check()
    page.select_option("#bulk-action", action)
    with page.expect_navigation() as done:
        page.click("#bulk button.btn")
    return done.value


@pytest.mark.parametrize("who", PAGES)
def test_pages_read_well_in_every_light_language_and_width(transactional_db, visitor, axe_source, who):
    world = make_world()
    more_steps(world)
    User.objects.update(language="", theme="auto")
    wrong = []
    for look in (Look("en", axe=True), Look("fr", axe=False)):
        page = visitor(world.people.get(who), locale=look.language, color_scheme="light")
        for place in addresses(world, who):
            page.set_viewport_size({"width": 1440, "height": 900})
            answer = visit(page, place)
            if answer.status >= 500 or (answer.status >= 400 and "no" not in place):
                wrong.append(f"{place} {answer.status}")
                continue
            if (lang := page.locator("html").get_attribute("lang")) != look.language:
                wrong.append(f"{place} speaks {lang}, not {look.language}")
            if look.axe:
                page.evaluate(axe_source)
                # What is built does not change in the dark, only its colours do.
                for scheme, rules in (("light", []), ("dark", ["color-contrast", "link-in-text-block"])):
                    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                    wrong += [f"{place} {scheme}: {found}" for found in page.evaluate(AXE, rules)]
                page.emulate_media(color_scheme="light")
            page.set_viewport_size({"width": 390, "height": 844})
            if wide := page.evaluate(OVERFLOW):
                wrong.append(f"{place} {look.language} at 390: {wide}")
    assert not wrong, "\n".join([f"{len(wrong)}:", *wrong])
