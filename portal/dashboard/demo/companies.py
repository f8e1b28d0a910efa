# ruff: noqa: E501 — names and sentences stand whole
"""The other partners: invented companies with the legal forms, towns and names of their countries."""

import random

from anyascii import anyascii
from django.utils.text import slugify

from portal.accounts.roles import Role
from portal.dashboard.demo.cast import CompanyFacts, Person

# country: name | legal form | town | tier | type | since | distributors | options
_PARTNERS = {
    "FR": """
        Armor Réseaux | SAS | Rennes | gold | reseller | 2017 | nord | manager=karim spec=anti-targeted-attack
        Cévenol Informatique | SARL | Nîmes | silver | reseller | 2019 | nord
        Sérénis Infogérance | SAS | Nantes | silver | msp | 2020 | nord | spec=industrial-cybersecurity
        Atelier Numérique du Rhin | SARL | Strasbourg | bronze | reseller | 2022 | nord | also=DE
        Kerlann Conseil | SARL | Brest | bronze | reseller | 2021 | nord
        Tramontane Systèmes | SAS | Perpignan | bronze | msp | 2023 | nord
        Lumérys | SA | Toulouse | platinum | reseller | 2014 | nord | manager=karim spec=industrial-cybersecurity
        Picardie Bureautique | SARL | Amiens | registered | reseller | 2024 | nord
        Octave & Fils Informatique | SARL | Dijon | registered | reseller | 2025 | nord
        Bastide Technologies | SAS | Bordeaux | silver | reseller | 2018 | nord
    """,
    "BE": """
        Scaldis IT | BV | Antwerpen | silver | msp | 2019 | nord
        Meuse Informatique | SRL | Liège | bronze | reseller | 2021 | nord
        Brabant Secure | NV | Leuven | gold | reseller | 2016 | nord | manager=karim spec=anti-targeted-attack
        Atelier Sambre | SRL | Namur | registered | reseller | 2025 | nord
    """,
    "LU": """
        Frontalis | SARL | Luxembourg | silver | reseller | 2018 | nord,sued | also=FR,DE,BE
        Alzette Services | SA | Esch-sur-Alzette | bronze | msp | 2022 | nord
    """,
    "NL": """
        Waterlinie ICT | BV | Utrecht | gold | reseller | 2017 | oceanic | manager=karim
        Hanze Netwerken | BV | Zwolle | bronze | reseller | 2021 | oceanic
        De Kade Beheer | BV | Rotterdam | silver | msp | 2020 | oceanic
    """,
    "DE": """
        Nordlicht Systemhaus | GmbH | Kiel | gold | reseller | 2016 | sued | manager=ingrid
        Bergmann & Thiel IT | GmbH & Co. KG | Nürnberg | silver | reseller | 2018 | sued
        Elbtal Datentechnik | GmbH | Dresden | silver | reseller | 2019 | sued | spec=industrial-cybersecurity
        Rheinkontor | AG | Düsseldorf | platinum | msp | 2015 | sued | manager=ingrid spec=private-security-network
        Schwarzwald IT-Service | GmbH | Freiburg | bronze | msp | 2022 | sued
        Havelnetz | UG | Potsdam | bronze | reseller | 2023 | sued
        Westfalen Computer | GmbH | Münster | registered | reseller | 2024 | sued
        Isar Sicherheitstechnik | GmbH | München | bronze | reseller | 2020 | sued
    """,
    "AT": """
        Donauwerk IT | GmbH | Linz | silver | reseller | 2018 | sued
        Karawanken Systeme | GmbH | Klagenfurt | bronze | reseller | 2021 | sued
        Wiener Netzkontor | GmbH | Wien | gold | reseller | 2017 | sued | manager=ingrid
    """,
    "CH": """
        Aaretal Informatik | AG | Bern | silver | reseller | 2018 | sued
        Lémanique Sécurité | SA | Lausanne | gold | reseller | 2017 | sued | manager=ingrid spec=anti-targeted-attack
        Säntis IT | GmbH | St. Gallen | bronze | msp | 2022 | sued
    """,
    "SE": """
        Mälardal Säkerhet | AB | Västerås | gold | reseller | 2016 | norden | manager=ingrid
        Göta Drift | AB | Göteborg | silver | msp | 2019 | norden
        Norrsken Data | AB | Umeå | bronze | reseller | 2022 | norden
    """,
    "NO": """
        Fjordnett | AS | Bergen | silver | reseller | 2018 | norden | spec=industrial-cybersecurity
        Trønder IT | AS | Trondheim | bronze | msp | 2021 | norden
    """,
    "DK": """
        Øresund Sikkerhed | ApS | København | silver | reseller | 2019 | norden
        Limfjord Netværk | A/S | Aalborg | bronze | reseller | 2020 | norden
        Fynbo Data | ApS | Odense | registered | reseller | 2025 | norden
    """,
    "FI": """
        Saimaan Tietoturva | Oy | Lappeenranta | silver | reseller | 2018 | norden
        Pirkka-Verkot | Oy | Tampere | bronze | msp | 2022 | norden
    """,
    "IS": """
        Norðurljós Tækni | ehf. | Reykjavík | registered | reseller | 2024 | norden
    """,
    "GB": """
        Pennine Secure | Ltd | Leeds | gold | reseller | 2017 | oceanic | manager=marta
        Thamesmere Solutions | Ltd | Reading | platinum | msp | 2015 | oceanic | manager=marta spec=anti-targeted-attack
        Caledon Networks | Ltd | Edinburgh | silver | reseller | 2019 | oceanic
        Mercia Managed IT | LLP | Coventry | bronze | msp | 2021 | oceanic
        Severn Vale Computing | Ltd | Gloucester | registered | reseller | 2025 | oceanic
    """,
    "IE": """
        Liffey Digital | Ltd | Dublin | silver | reseller | 2019 | oceanic
        Corrib Technology | Ltd | Galway | bronze | msp | 2022 | oceanic
    """,
    "IT": """
        Lagunare Informatica | S.r.l. | Venezia | silver | reseller | 2018 | oceanic
        Appennino Sistemi | S.p.A. | Bologna | gold | reseller | 2016 | oceanic | manager=marta
        Etna Servizi IT | S.r.l. | Catania | bronze | msp | 2021 | oceanic
        Brianza Sicura | S.r.l. | Monza | silver | reseller | 2020 | oceanic
    """,
    "MT": """
        Grandharbour IT | Ltd | Valletta | bronze | reseller | 2022 | oceanic
    """,
    "ES": """
        Meseta Redes | S.L. | Valladolid | bronze | reseller | 2021 | oceanic
        Levante Ciberseguridad | S.L. | Valencia | gold | reseller | 2017 | oceanic | manager=marta
        Cantábrico Gestión IT | S.A. | Bilbao | silver | msp | 2018 | oceanic | spec=industrial-cybersecurity
        Guadalaviar Sistemas | S.L. | Sevilla | registered | reseller | 2024 | oceanic
    """,
    "PT": """
        Ribatejo Informática | Lda | Santarém | bronze | reseller | 2021 | oceanic
        Douro Segurança Digital | Lda | Porto | silver | reseller | 2019 | oceanic
    """,
    "IL": """
        Carmel Cyber Services | Ltd | Haifa | silver | reseller | 2019 | oceanic
        Negev Networks | Ltd | Be'er Sheva | bronze | msp | 2022 | oceanic
    """,
    "MA": """
        Bouregreg Systèmes | SARL | Rabat | silver | reseller | 2019 | oceanic
        Souss Informatique | SARL | Agadir | bronze | reseller | 2022 | oceanic
    """,
    "TN": """
        Carthage Réseaux | SARL | Tunis | bronze | reseller | 2021 | oceanic
    """,
    "DZ": """
        Djurdjura Conseil IT | SARL | Tizi Ouzou | registered | reseller | 2024 | oceanic
    """,
}

# country: first names | family names. One account administrator and up to two colleagues are drawn from them.
PEOPLE = {
    "FR": (
        "Camille Hugo Manon Julien Élodie Thibault Sarah Antoine Inès Nicolas Aurélie Quentin Margaux Fabien Solène Yannick",
        "Rousseau Fournier Perrin Gauthier Marchand Renaud Lefort Barbier Colin Aubry Masson Guérin Le Goff Delmas",
    ),
    "BE": (
        "Pieter Elise Wout Amélie Bram Charlotte Koen Lotte",
        "Janssens Claes Lambrechts Dumont Wauters Goossens Lecomte",
    ),
    "LU": ("Luc Martine Claude Sylvie", "Thill Weber Muller Schmit Reuter"),
    "NL": ("Sanne Daan Femke Jeroen Marloes Ruben", "de Vries Bakker Visser Smit Meijer Dekker"),
    "DE": (
        "Anna Jonas Miriam Stefan Lena Florian Sabine Matthias Julia Tobias Birgit Hendrik",
        "Schuster Brandt Lorenz Seidel Hartmann Ziegler Kuhn Bergmann Thiel Winkler Pohl",
    ),
    "AT": ("Johanna Lukas Magdalena Georg", "Gruber Pichler Steiner Moser Eder"),
    "CH": ("Reto Nadine Urs Céline Beat Laurence", "Ammann Rochat Zbinden Favre Brunner Keller"),
    "SE": ("Elin Oskar Karin Johan Frida Anders", "Lundgren Sandström Ekberg Nyström Forsberg"),
    "NO": ("Ingvild Håkon Silje Eirik", "Haugland Berge Solheim Dahl"),
    "DK": ("Mette Rasmus Camilla Søren", "Kjær Lauritsen Holm Vestergaard"),
    "FI": ("Aino Juhani Katja Mikko", "Korhonen Laine Heikkinen Salmi"),
    "IS": ("Guðrún Jón", "Sigurðardóttir Einarsson"),
    "GB": (
        "Rebecca Oliver Priya Thomas Hannah Gareth Imogen Callum",
        "Hargreaves Whitfield Patel Donnelly Ashby Lockwood Mackay",
    ),
    "IE": ("Aoife Cormac Niamh Declan", "Gallagher Nolan Brennan Keane"),
    "IT": ("Giulia Matteo Chiara Lorenzo Federica Davide", "Ferrari Colombo Marchetti Rinaldi Greco Fontana"),
    "MT": ("Maria Joseph", "Camilleri Zammit"),
    "ES": ("Lucía Álvaro Marta Javier Nuria Iker", "Navarro Ortega Ibáñez Castro Etxeberria Molina"),
    "PT": ("Inês Tiago Beatriz Rui", "Carvalho Sousa Figueiredo Teixeira"),
    "IL": ("Noa Yonatan Tamar Eitan", "Levin Mizrahi Shapira Barak"),
    "MA": ("Salma Youssef Nadia Mehdi", "El Idrissi Bennani Alaoui Tazi"),
    "TN": ("Rim Anis", "Trabelsi Gharbi"),
    "DZ": ("Lina Sofiane", "Hamidi Belkacem"),
}

FRENCH_SPEAKING = ("FR", "LU", "MA", "TN", "DZ")
GERMAN_SPEAKING = ("DE", "AT", "CH")


def written_language(country: str) -> str:
    """The language in which people of this country write to each other in the demonstration."""
    if country in FRENCH_SPEAKING:
        return "fr"
    return "de" if country in GERMAN_SPEAKING else "en"


def slug(name: str) -> str:
    return slugify(anyascii(name.replace("&", " ")))


def _people(country: str, domain: str, rng: random.Random) -> tuple[Person, ...]:
    first_names, family_names = PEOPLE[country]
    families = _family_names(family_names)
    language = "fr" if country in FRENCH_SPEAKING else "en"
    roles = [Role.PARTNER_ADMIN, Role.PARTNER_SALES, Role.PARTNER_TECHNICAL][: rng.randint(1, 3)]
    chosen = rng.sample(first_names.split(), min(len(roles), len(first_names.split())))
    people = []
    for first, role in zip(chosen, roles, strict=False):
        full_name = f"{first} {rng.choice(families)}"
        people.append(Person("", full_name, f"{slug(first)}@{domain}", role, language))
    return tuple(people)


def _family_names(text: str) -> list[str]:
    """Particles belong to the word behind them."""
    names, waiting = [], []
    for word in text.split():
        if word in ("de", "Le", "El"):
            waiting.append(word)
            continue
        names.append(" ".join([*waiting, word]))
        waiting = []
    return names


def other_partners(rng: random.Random) -> list[CompanyFacts]:
    found = []
    for country, lines in _PARTNERS.items():
        for line in filter(None, (line.strip() for line in lines.splitlines())):
            name, form, town, tier, kind, since, sellers, *rest = [part.strip() for part in line.split("|")]
            options = dict(option.split("=") for option in (rest[0].split() if rest else ()))
            domain = f"{slug(name)}.example"
            found.append(
                CompanyFacts(
                    key=slug(name),
                    name=name,
                    legal_form=form,
                    country=country,
                    city=town,
                    tier=tier,
                    domain=domain,
                    buys_from=tuple(sellers.split(",")),
                    people=_people(country, domain, rng),
                    since=int(since),
                    kind=kind,
                    also_in=tuple(options["also"].split(",")) if "also" in options else (),
                    specialisations=(options["spec"],) if "spec" in options else (),
                    manager=options.get("manager", ""),
                )
            )
    return found
