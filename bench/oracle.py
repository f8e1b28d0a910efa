"""The duplicate check is no oracle (promise S3): registering a taken customer beside a free one.

    python -m bench.oracle http://localhost:8000 [--each 200]

Run it in the checkout whose portal is served (`make demo`), on a database that may be thrown away: it adds
two partners, so many customers that the one has taken, and drafts of the other for those and for as many
free ones. The drafts are sent in by HTTP in a random order by several people, as anybody would who tries;
then what the answers, the pages behind them, their times and the mails tell is compared.
"""

import argparse
import os
import random
import re
import statistics
import time
from datetime import date, timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.dev")
django.setup()

from django.contrib.auth.hashers import make_password  # noqa: E402
from django.utils import timezone  # noqa: E402

from bench.pages import Session  # noqa: E402
from dealreg.deals import actions  # noqa: E402
from dealreg.deals.actions.drafting import LineInput  # noqa: E402
from dealreg.deals.models import Conflict, Deal  # noqa: E402
from partners.catalogue.models import Product  # noqa: E402
from partners.organisations.models import Distributor, Membership, Partner, Supply, Tier  # noqa: E402
from portal.accounts.actions import note_proven_addresses  # noqa: E402
from portal.accounts.models import User  # noqa: E402
from portal.accounts.roles import Role  # noqa: E402
from portal.notifications.models import Notification  # noqa: E402

A_PERSON = 20  # registrations; the portal slows down who sends in more than 30 an hour
TRADES = ("Menuiserie", "Imprimerie", "Fonderie", "Brasserie", "Scierie", "Verrerie", "Filature", "Tannerie")
LETTERS = "bcdfglmnprstv"


def a_word(rng: random.Random) -> str:
    return "".join(rng.choice(LETTERS) + rng.choice("aeiou") for _ in range(4)).capitalize()


def a_partner(run: str, name: str, people: int) -> list[User]:
    distributor = Distributor.objects.filter(countries__contains=["FR"], is_active=True).earliest("pk")
    partner = Partner.objects.create(
        reference=f"P-{random.SystemRandom().randrange(700_000, 900_000)}",
        legal_name=f"{name} {run} SARL",
        trade_name=f"{name} {run}",
        tier=Tier.GOLD,
        country="FR",
        city="Lyon",
        authorised_countries=["FR"],
        authorised_on=date(2024, 1, 15),
    )
    Supply.objects.create(
        partner=partner, distributor=distributor, is_primary=True, started_on=date(2024, 1, 15)
    )
    password = make_password("demo-portal")
    found = User.objects.bulk_create(
        User(email=f"{name}-{run}-{one}@bench.example".lower(), full_name=f"{name} {one}", password=password)
        for one in range(people)
    )
    note_proven_addresses(found)
    Membership.objects.bulk_create(
        Membership(user=person, partner=partner, role=Role.PARTNER_SALES, is_current=True) for person in found
    )
    return found


def a_draft(by: User, customer: str, product: Product) -> Deal:
    at = timezone.now()
    deal = actions.start_draft(by=by, at=at)
    changes = {
        "customer_name": customer,
        "customer_country": "FR",
        "product_group": product.group,
        "nodes": 100,
        "expected_close_on": at.date() + timedelta(days=60),
        "engagement": "Two meetings, proof of concept agreed.",
    }
    actions.save_draft(deal, by=by, changes=changes)
    return actions.set_lines(deal, by=by, lines=[LineInput(product, 100, 12)], at=at)


def bare(page: str, deal: Deal) -> str:
    """Without what differs by nature: number, customer, person, tokens, times, the count of the inbox."""
    page = re.sub(r'(csrfmiddlewaretoken" value=|X-CSRFToken": )"[^"]+"', r"\1", page)
    for own in (deal.reference, deal.customer_name, str(deal.registered_by), deal.registered_by.email):
        page = page.replace(own, "OWN")
    return re.sub(r"\d+", "9", page)


def prepare(each: int) -> str:
    """Two partners, what the one has taken, and the drafts of the other. Returns their mark."""
    run = f"{int(time.time()) % 1_000_000}"
    rng = random.Random(run)
    product = Product.objects.filter(sku="EPS-ADV").first() or Product.objects.filter(
        group__line="standard", is_active=True
    ).earliest("pk")

    rivals = a_partner(run, "Benchrival", -(-each // A_PERSON))
    people = a_partner(run, "Benchprobe", -(-2 * each // A_PERSON))
    names = sorted({f"{rng.choice(TRADES)} {a_word(rng)} {a_word(rng)}" for _ in range(2 * each)})
    rng.shuffle(names)
    taken = set(names[:each])
    for number, name in enumerate(sorted(taken)):
        by = rivals[number // A_PERSON]
        actions.submit_deal(a_draft(by, name, product), by=by, at=timezone.now())
    while actions.look_at_due(at=timezone.now()):
        continue
    for number, name in enumerate(names):
        a_draft(people[number % len(people)], name, product)
    return run


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("base")
    parser.add_argument("--each", type=int, default=200)
    parser.add_argument("--run", default="", help="send in what an earlier start has prepared")
    options = parser.parse_args()
    run = options.run or prepare(options.each)
    deals = Deal.objects.filter(partner__trade_name=f"Benchprobe {run}", status="draft")
    drafts = [(deal, deal.customer_name) for deal in deals.select_related("registered_by").order_by("?")]
    rivals = Deal.objects.filter(partner__trade_name=f"Benchrival {run}")
    taken = set(rivals.values_list("customer_name", flat=True))
    people = list(User.objects.filter(email__startswith=f"benchprobe-{run}-"))
    sessions = {person.pk: Session(options.base, person.email) for person in people}

    times: dict[bool, list[float]] = {True: [], False: []}
    answers: dict[bool, set[tuple[int, str, str]]] = {True: set(), False: set()}
    for deal, name in drafts:
        session, path = sessions[deal.registered_by_id], f"/deals/{deal.reference}/draft/review/"
        # The page with the button, as a person sees it; on a connection that has not lain idle.
        session.connection.close()
        session.get(path)
        form = f"action=submit&csrfmiddlewaretoken={session.cookies['csrftoken']}"
        started = time.perf_counter()
        status, body = session.request("POST", path, form)
        times[name in taken].append((time.perf_counter() - started) * 1000)
        receipt_status, receipt = session.get(f"/deals/{deal.reference}/receipt/")
        answers[name in taken].add((status, bare(body, deal), bare(f"{receipt_status} {receipt}", deal)))

    while Deal.objects.look_due().exists():
        time.sleep(0.5)
    mails = {}
    for is_taken in (True, False):
        about = [deal.reference for deal, name in drafts if (name in taken) is is_taken]
        told = Notification.objects.filter(key__in=about, recipient__in=people)
        mails[is_taken] = sorted(told.values_list("kind", flat=True))
    conflicts = Conflict.objects.filter(later__in=[deal for deal, _ in drafts])
    print(f"conflicts noted afterwards: {conflicts.values('later').distinct().count()} of {len(taken)} taken")
    print(f"{'customer':10} {'n':>5} {'p50 ms':>8} {'p95 ms':>8}  answers  mails to the partner")
    for is_taken in (False, True):
        found = sorted(times[is_taken])
        print(
            f"{'taken' if is_taken else 'free':10} {len(found):5} {statistics.median(found):8.1f} "
            f"{found[int(len(found) * 0.95)]:8.1f}  {len(answers[is_taken]):7}  {len(mails[is_taken])}"
        )
    apart = abs(statistics.median(times[True]) - statistics.median(times[False]))
    free = times[False]
    halves = abs(statistics.median(free[::2]) - statistics.median(free[1::2]))
    print(f"two halves of the free ones lie {halves:.1f} ms apart")
    print(f"medians apart: {apart:.1f} ms; same answers and pages: {answers[True] == answers[False]}")
    print(f"same mails: {mails[True] == mails[False]}")


if __name__ == "__main__":
    main()
