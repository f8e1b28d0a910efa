"""Looking a customer up among very many: time, recall by kind of corruption, growth.

    python -m bench.lookup                      10 000 and 1 000 000 names
    python -m bench.lookup --sizes 50000        one register
    python -m bench.lookup --names FILE.csv     probes from the column `name` (and `country`) of a file,
                                                put among the generated names; nothing is copied

Works in a scratch database of the embedded server, dropped at the end. The names are made of real
surnames, first names, towns and trades of twelve countries (from Faker), brands and initials, with the
skew of real registers: few words in many names, many in one. The same seed makes the same names and
corruptions. `recall`: the record is among those that the look-up hands to the comparison; `no town`: the
same where the registration names no town; `told`: it is among the ten that a reviewer is shown.
"""

import argparse
import csv
import io
import os
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import psycopg2

from portal.settings import embedded

SCRATCH = "bench_lookup"


def scratch_url() -> tuple[str, str]:
    """The address of the scratch database, and of the one that can create it."""
    from pathlib import Path

    url = os.environ.get("DATABASE_URL") or embedded.database_url(Path(__file__).resolve().parents[1] / "var")
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{SCRATCH}")), urlunsplit(parts._replace(path="/postgres"))


# --- names -----------------------------------------------------------------------------------------

LOCALES = {
    "FR": "fr_FR", "DE": "de_DE", "IT": "it_IT", "ES": "es_ES", "GB": "en_GB", "NL": "nl_NL",
    "SE": "sv_SE", "AT": "de_AT", "BE": "nl_BE", "DK": "da_DK", "FI": "fi_FI", "PT": "pt_PT",
}  # fmt: skip
SHARES = {
    "FR": 20, "DE": 20, "IT": 14, "ES": 12, "GB": 12, "NL": 6, "SE": 4,
    "AT": 3, "BE": 3, "DK": 2, "FI": 2, "PT": 2,
}  # fmt: skip
FORMS = {
    "FR": ["SARL", "SAS", "SA", "EURL", "SCI", ""], "DE": ["GmbH", "GmbH & Co. KG", "AG", "e.K.", "OHG", ""],
    "IT": ["S.r.l.", "S.p.A.", "S.n.c.", "S.a.s."], "ES": ["S.L.", "S.A.", "S.L.U.", ""],
    "GB": ["Ltd", "Limited", "plc", "LLP", ""], "NL": ["B.V.", "N.V.", "V.O.F.", ""], "SE": ["AB", "HB"],
    "AT": ["GmbH", "KG", "AG"], "BE": ["NV", "BV", "BVBA"], "DK": ["ApS", "A/S"],
    "FI": ["Oy", "Oyj"], "PT": ["Lda", "S.A."],
}  # fmt: skip
TRADES = {
    "FR": """
        Boulangerie Pharmacie Garage Transports Menuiserie Clinique Cabinet Hôtel Restaurant
        Électricité Plomberie Imprimerie Bâtiment Constructions Assurances Immobilière Services
        Conseil Informatique Maison Atelier Établissements Société Groupe Peinture Maçonnerie
        Coiffure Optique Ambulances Taxi Distribution Industrie Énergie Formation Automobiles
        Meubles Jardins Couverture
    """,
    "DE": """
        Bäckerei Apotheke Autohaus Spedition Tischlerei Klinik Kanzlei Hotel Gasthof Elektro Sanitär
        Druckerei Bau Immobilien Versicherungen Verwaltung Beratung Software Metallbau Maschinenbau
        Praxis Stadtwerke Gruppe Holding Technik Vertrieb Logistik Systeme Dachdecker Malerbetrieb
        Friseur Optik Handel Service Ingenieurbüro Möbel Gartenbau Energie
    """,
    "IT": """
        Panificio Farmacia Autofficina Trasporti Falegnameria Studio Albergo Ristorante Impianti
        Tipografia Costruzioni Immobiliare Servizi Consulenza Informatica Officine Ceramiche
        Tessitura Gruppo Edilizia Carpenteria Arredamenti Autotrasporti Alimentari Cantina Meccanica
        Logistica Sistemi
    """,
    "ES": """
        Panadería Farmacia Talleres Transportes Carpintería Clínica Gestoría Hotel Restaurante
        Electricidad Imprenta Construcciones Inmobiliaria Servicios Consultores Informática Bodegas
        Conservas Grupo Reformas Instalaciones Muebles Automóviles Promociones Inversiones Asesoría
        Sistemas
    """,
    "GB": """
        Bakery Pharmacy Motors Transport Joinery Clinic Solicitors Hotel Restaurant Electrical
        Plumbing Printing Building Properties Insurance Services Consulting Software Engineering
        Group Holdings Trading Care Cleaning Recruitment Design Media Management Developments
        Investments Construction Logistics Solutions Systems
    """,
    "NL": """
        Bakkerij Apotheek Garage Transport Timmerbedrijf Kliniek Advocaten Hotel Restaurant Elektro
        Installatie Drukkerij Bouw Vastgoed Verzekeringen Beheer Advies Automatisering Groep Holding
        Techniek Handelsonderneming Schilderwerken Kwekerij Logistiek
    """,
    "SE": """
        Bageri Apotek Bil Åkeri Snickeri Klinik Advokatbyrå Hotell Restaurang Elektriska Rör
        Tryckeri Bygg Fastigheter Försäkring Förvaltning Konsult Data Måleri Invest Holding
        Entreprenad Teknik
    """,
    "DK": """
        Bageri Apotek Auto Vognmand Tømrer Klinik Advokater Hotel Restaurant El VVS Tryk Byg
        Ejendomme Forsikring Holding Rådgivning Data Invest Service Maskinfabrik Transport
    """,
    "FI": """
        Leipomo Apteekki Auto Kuljetus Puusepänliike Klinikka Asianajotoimisto Hotelli Ravintola
        Sähkö Putki Paino Rakennus Kiinteistö Vakuutus Holding Konsultointi Palvelu Konepaja Invest
    """,
    "PT": """
        Padaria Farmácia Garagem Transportes Carpintaria Clínica Advogados Hotel Restaurante
        Eletricidade Gráfica Construções Imobiliária Seguros Serviços Consultores Informática Moldes
        Conservas Investimentos
    """,
}  # fmt: skip
TRADES["AT"], TRADES["BE"] = TRADES["DE"], TRADES["NL"]
FIRST = """
    Acti Agri Alpha Aqua Arte Astra Atlan Auto Avan Bio Bel Cap Carbo Cen Chron Clima Com Cosmo Cyber
    Data Delta Digi Dom Dyna Eco Effi Electro Ener Equi Euro Ever Exa Flex Form Fort Geo Glo Gran Green
    Helio Hydro Ideo Info Inno Inter Iso Kapi Lumi Luxo Magni Mari Maxi Medi Mega Meta Micro Mobi Modu
    Mono Multi Nano Natu Neo Net Nord Nova Octo Omni Opti Orbi Ori Pan Para Perfo Petro Phar Photo Pico
    Poly Prima Pro Quali Quanti Regi Resi Robo Sani Secu Sens Sigma Soli Sono Spec Stella Sun Super Syn
    Tech Tele Terra Thermo Titan Trans Tri Ultra Uni Urba Vari Vega Verti Vita Viva Volta West Xylo Zen
"""
LAST = """
    bat bau byte cab calc care cell chem clean com con cor craft data dent design drive dyn eco energ
    fab fin flor flow food form gaz gen graph grid group hub lab land lift line link log logic loop mar
    mark mat max med media mesh met mix mob motion nav net nova nox optic pac path pharm phone pack plan
    plast plus point port press prim print pro pulse quest ray rex ric sat scan scope sens serv shop sol
    sonic space spar spir stal star stream struct sun sys tec tech tel tex therm ton tour trac trade
    trans tron val vent vers vet via vis vision vit ware wave way web well wind wood works xis zon
"""
ENDINGS = """
    Services Systems International Group Consulting Solutions Technologies Europe Holding Industries
    Partners Digital Finance Logistics Energy Medical Engineering Invest Capital Trading Design
"""


FIRST_PARTS, LAST_PARTS, DESCRIPTIONS = (text.split() for text in (FIRST, LAST, ENDINGS))


class Names:
    """Names of companies, each with its country and town."""

    def __init__(self, rng: random.Random) -> None:
        from faker import Faker

        self.rng = rng
        self.words: dict[str, tuple[list[str], list[float], list[str], list[str]]] = {}
        for country, locale in LOCALES.items():
            fake = Faker(locale)
            fake.seed_instance(rng.randrange(1 << 30))
            surnames = list(dict.fromkeys(fake.last_name() for _ in range(6_000)))
            first = list(dict.fromkeys(fake.first_name() for _ in range(1_500)))
            towns = list(dict.fromkeys(fake.city() for _ in range(6_000)))
            self.words[country] = (surnames, [1 / (rank + 12) for rank in range(len(surnames))], first, towns)
        self.brands = [one + two for one in FIRST_PARTS for two in LAST_PARTS]
        rng.shuffle(self.brands)
        self.countries, self.shares = list(SHARES), list(SHARES.values())

    def brand(self) -> str:
        """Half of them are as good as unique, as in real registers."""
        rng = self.rng
        if rng.random() < 0.5:
            return rng.choice(self.brands[:4_000])
        word = rng.choice(self.brands)
        match rng.randrange(4):
            case 0:
                return word + rng.choice(("a", "is", "o", "us", "ia", "ex", "on", "eo", "um"))
            case 1:
                return rng.choice(FIRST_PARTS) + word.lower()
            case 2:
                return word + rng.choice(LAST_PARTS)
            case _:
                return "".join(rng.choices("ABCDEFGHIKLMNOPRSTVXZ", k=rng.choice((3, 3, 4))))

    def one(self) -> tuple[str, str, str]:
        rng = self.rng
        country = rng.choices(self.countries, self.shares)[0]
        surnames, weights, first, towns = self.words[country]
        trades = TRADES[country].split()
        town = rng.choice(towns)

        def surname() -> str:
            return rng.choices(surnames, weights)[0]

        trade = trades[min(int(rng.expovariate(0.12)), len(trades) - 1)]
        match rng.choices(range(9), (18, 10, 8, 12, 18, 10, 10, 6, 8))[0]:
            case 0:
                name = f"{trade} {surname()}"
            case 1:
                name = f"{surname()} {trade}"
            case 2:
                name = f"{surname()} & {surname()}"
            case 3:
                name = f"{trade} {town}"
            case 4:
                name = f"{self.brand()} {rng.choice(DESCRIPTIONS)}"
            case 5:
                name = self.brand()
            case 6:
                name = f"{self.brand()} {trade} {town}"
            case 7:
                name = f"{rng.choice(first)} {surname()}"
            case _:
                name = f"{trade} {rng.choice(first)} {surname()} {rng.choice(trades)}"
        return f"{name} {rng.choice(FORMS[country])}".strip()[:200], country, town


# --- corruptions -----------------------------------------------------------------------------------


def _in_a_word(rng: random.Random, name: str, change: Callable[[str, int], str]) -> str:
    words = name.split()
    long = [n for n, word in enumerate(words) if len(word) >= 5 and word.isalpha()]
    if not long:
        return name.lower()
    n = rng.choice(long)
    words[n] = change(words[n], rng.randrange(1, len(words[n]) - 1))
    return " ".join(words)


def typo(rng: random.Random, name: str, country: str) -> str:
    letter = rng.choice("abcdefghijklmnoprstuvz")
    kinds: list[Callable[[str, int], str]] = [
        lambda word, at: word[:at] + word[at + 1 :],
        lambda word, at: word[:at] + letter + word[at:],
        lambda word, at: word[:at] + letter + word[at + 1 :],
    ]
    return _in_a_word(rng, name, rng.choice(kinds))


def transposition(rng: random.Random, name: str, country: str) -> str:
    return _in_a_word(rng, name, lambda word, at: word[:at] + word[at + 1] + word[at] + word[at + 2 :])


def _without_form(name: str, country: str) -> str:
    for form in sorted(FORMS[country], key=len, reverse=True):
        if form and name.endswith(" " + form):
            return name[: -len(form) - 1]
    return name


def dropped_word(rng: random.Random, name: str, country: str) -> str:
    """One of three or more words; of shorter names the legal form."""
    words = _without_form(name, country).split()
    if len(words) > 2:
        words.pop(rng.randrange(len(words)))
    return " ".join(words)


def one_word_left(rng: random.Random, name: str, country: str) -> str:
    """Of two words the one that is not a trade, as people do: many companies are called that."""
    words = _without_form(name, country).split()
    trades = {*TRADES[country].split(), *DESCRIPTIONS}
    return next((word for word in words if word not in trades and len(word) > 1), words[0])


def legal_form(rng: random.Random, name: str, country: str) -> str:
    core, form = _without_form(name, country), rng.choice([form for form in FORMS[country] if form])
    return rng.choice([core, f"{core} {form}", f"{form} {core}", f"{core}, {form.replace('.', '')}"])


def writing(rng: random.Random, name: str, country: str) -> str:
    return rng.choice([name.upper(), name.lower(), name.replace("-", " "), name.replace("&", "und")])


def order(rng: random.Random, name: str, country: str) -> str:
    words = _without_form(name, country).split()
    return " ".join([*words[1:], words[0]])


def joined(rng: random.Random, name: str, country: str) -> str:
    words = _without_form(name, country).split()
    if len(words) < 2:
        return words[0][:4] + " " + words[0][4:] if len(words[0]) > 7 else words[0]
    return " ".join(["".join(words[:2]), *words[2:]])


def two_at_once(rng: random.Random, name: str, country: str) -> str:
    return typo(rng, legal_form(rng, transposition(rng, name, country), country), country)


CORRUPTIONS = {
    "as written": lambda rng, name, country: name,
    "capitals, hyphens": writing,
    "typo": typo,
    "transposition": transposition,
    "dropped word": dropped_word,
    "legal form": legal_form,
    "order of words": order,
    "joined or split": joined,
    "two typos, other form": two_at_once,
    "one word left": one_word_left,
}
# What promise P8 speaks of.
PROMISED = ("typo", "transposition", "dropped word", "legal form")


# --- the register ----------------------------------------------------------------------------------


def copy_rows(cursor, table: str, columns: list[str], rows: Iterator[tuple]) -> None:
    buffer = io.StringIO()
    for n, row in enumerate(rows, start=1):
        buffer.write("\t".join(str(value).replace("\\", "\\\\") for value in row) + "\n")
        if n % 50_000 == 0:
            buffer.seek(0)
            cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", buffer)
            buffer = io.StringIO()
    buffer.seek(0)
    cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", buffer)


def array(values: list[str]) -> str:
    return "{" + ",".join('"' + value.replace('"', "") + '"' for value in values) + "}"


def fill(size: int, seed: int, real: list[tuple[str, str]]) -> list[tuple[int, str, str, str]]:
    """A register of so many names; returns every record's number, name, country and town."""
    from django.db import connection

    from partners.customers.actions import count_words
    from partners.customers.keys import READING, is_word, search_keys, spellings
    from partners.customers.names import fold, name_key
    from portal.core.references import ALPHABET, luhn

    names = Names(random.Random(seed))
    records = [(n, name, country, "") for n, (name, country) in enumerate(real, start=1)]
    records += [(n, *names.one()) for n in range(len(records) + 1, size + 1)]
    now = datetime.now(UTC).isoformat()
    words: Counter[str] = Counter()

    def reference(number: int) -> str:
        body = "".join(ALPHABET[(number >> shift) & 31] for shift in (20, 15, 10, 5, 0))
        return f"C-{body}{luhn.calc_check_digit(body, alphabet=ALPHABET)}"

    def customers() -> Iterator[tuple]:
        for n, name, country, town in records:
            yield (
                n,
                reference(n),
                name,
                country,
                town,
                "",
                "",
                "",
                name_key(name)[:200],
                f"{{{country}}}",
                now,
            )

    def observations() -> Iterator[tuple]:
        for n, name, country, town in records:
            keys = search_keys(name, town)
            words.update(key for key in keys if is_word(key))
            key = name_key(name)[:253]
            yield (n, "name", name, key, country, array(keys), READING, "", now, "", now, "")
            if town:
                yield (n, "place", town, fold(town), country, "{}", 0, "", now, "", now, "")

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE customers_customer, customers_observation, customers_word CASCADE")
        columns = (
            "id reference name country city company_number number_key domain name_key markets created_at"
        )
        copy_rows(cursor, "customers_customer", columns.split(), customers())
        columns = "customer_id kind value key country keys reading market first_seen_at first_source"
        columns += " last_seen_at last_source"
        copy_rows(cursor, "customers_observation", columns.split(), observations())
        rows = ((word, count, array(spellings(word))) for word, count in words.items())
        copy_rows(cursor, "customers_word", ["word", "names", "spellings"], rows)
        started = time.perf_counter()
        count_words(at=datetime.now(UTC))
        print(f"  words counted again by the sweep in {time.perf_counter() - started:.1f} s", flush=True)
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(
            "SELECT pg_size_pretty(pg_relation_size('observation_words')),"
            " pg_size_pretty(pg_relation_size('word_spellings')), count(*) FROM customers_word"
        )
        names_index, words_index, distinct = cursor.fetchone()
        print(f"  {distinct} words; indexes: names {names_index}, spellings {words_index}", flush=True)
    return records


def measure(records: list[tuple[int, str, str, str]], probes: int, seed: int, first: int) -> dict[str, float]:
    """Prints a line for each corruption; returns the figures of the promise."""
    from partners.customers import selectors
    from partners.customers.identity import CustomerIdentity
    from partners.customers.lookup import known_like
    from partners.customers.names import name_key

    rng = random.Random(seed + 1)
    same: dict[tuple[str, str], set[int]] = {}
    for n, name, country, _town in records:
        same.setdefault((name_key(name), country), set()).add(n)
    selectors._kept_weights = None
    selectors.word_weights()
    every: list[float] = []
    found_every: list[bool] = []
    bare_every: list[bool] = []
    pool = records[:first] if first else records
    for n in range(50):  # caches of the database and of the process
        known_like(CustomerIdentity(pool[n % len(pool)][1], pool[n % len(pool)][2]))
    print(f"  {'corruption':<24}{'p50':>8}{'p95':>8}{'recall':>9}{'no town':>9}{'told':>8}")
    for kind, corrupt in CORRUPTIONS.items():
        times, found, bare, told = [], [], [], []
        for _number, name, country, town in rng.choices(pool, k=probes):
            typed = corrupt(rng, name, country)
            identity = CustomerIdentity(typed, country, city=town, name_key=name_key(typed))
            started = time.perf_counter()
            known = known_like(identity)
            likely = selectors.candidates_among(identity, known)
            times.append((time.perf_counter() - started) * 1000)
            wanted = same[name_key(name), country]
            found.append(any(one.customer.pk in wanted for one in known))
            without = known_like(replace(identity, city=""))
            bare.append(any(one.customer.pk in wanted for one in without))
            told.append(any(one.customer.pk in wanted for one in likely[:10]))
        times.sort()
        print(
            f"  {kind:<24}{statistics.median(times):>6.1f}ms{times[int(len(times) * 0.95)]:>6.1f}ms"
            f"{sum(found) / len(found):>9.1%}{sum(bare) / len(bare):>9.1%}{sum(told) / len(told):>8.1%}",
            flush=True,
        )
        if kind in PROMISED:
            every += times
            found_every += found
            bare_every += bare
    every.sort()
    figures = {
        "p50": statistics.median(every),
        "p95": every[int(len(every) * 0.95)],
        "recall": sum(found_every) / len(found_every),
    }
    print(
        f"  {'promise P8':<24}{figures['p50']:>6.1f}ms{figures['p95']:>6.1f}ms{figures['recall']:>9.1%}"
        f"{sum(bare_every) / len(bare_every):>9.1%}",
        flush=True,
    )
    return figures


def read_names(path: str) -> list[tuple[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        (row["name"], row.get("country", "")) for row in rows if row["name"] and row.get("country") in FORMS
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--probes", type=int, default=300, help="for each kind of corruption")
    parser.add_argument("--names", default="", help="a CSV file with real names to look for")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", action="store_true", help="leave the scratch database")
    options = parser.parse_args()
    scratch, home = scratch_url()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.dev")
    os.environ["DATABASE_URL"] = scratch
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    def admin(*statements: str) -> None:
        with closing(psycopg2.connect(home)) as server:
            server.autocommit = True
            for statement in statements:
                server.cursor().execute(statement)

    admin(f"DROP DATABASE IF EXISTS {SCRATCH} WITH (FORCE)", f"CREATE DATABASE {SCRATCH}")
    try:
        call_command("migrate", verbosity=0)
        real = read_names(options.names) if options.names else []
        figures = []
        for size in options.sizes:
            started = time.perf_counter()
            print(f"{size} names", flush=True)
            records = fill(size, options.seed, real)
            print(f"  filled in {time.perf_counter() - started:.0f} s", flush=True)
            figures.append(measure(records, options.probes, options.seed, len(real)))
        if len(figures) > 1:
            growth = figures[-1]["p95"] / figures[0]["p95"]
            print(f"p95 from {options.sizes[0]} to {options.sizes[-1]} names: {growth:.2f} times")
    finally:
        connection.close()
        if not options.keep:
            admin(f"DROP DATABASE IF EXISTS {SCRATCH} WITH (FORCE)")


if __name__ == "__main__":
    main()
