"""Which two records are one company: a table of examples, and what holds for every name."""

from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partners.customers.identity import CustomerIdentity, read_identity
from partners.customers.matching import Comparison, Verdict, WordWeights, compare, name_words, same_town

SAME, PERHAPS, DIFFERENT = Verdict.SAME, Verdict.PERHAPS, Verdict.DIFFERENT


def names(one: str, other: str, country: str = "FR", **facts: str) -> Comparison:
    return compare(
        read_identity(name=one, country=country, **facts), read_identity(name=other, country=country, **facts)
    )


@pytest.mark.parametrize(
    ("country", "one", "other"),
    [
        # Case, accents, punctuation, blanks.
        ("FR", "Orlévane Logistique", "ORLEVANE LOGISTIQUE"),
        ("DE", "Kürschnerei Blömke GmbH", "Kuerschnerei Bloemke GmbH"),
        ("DE", "Kürschnerei Blömke GmbH", "Kurschnerei Blomke"),
        ("DE", "Weißenthal Werke AG", "Weissenthal-Werke AG"),
        ("DK", "Sørgaard Mølle A/S", "Soergaard Moelle AS"),
        ("DK", "Sørgaard Mølle A/S", "Sorgard Molle"),
        ("SE", "Åkervinge Skog AB", "Akervinge Skog Aktiebolag"),
        ("FR", "L’Atelier d’Ovrane", "L'ATELIER D OVRANE"),
        ("FR", "Œuvrard Æthel SARL", "Oeuvrard Aethel"),
        ("FR", "D.S.K. Plastiques", "DSK Plastiques"),
        ("FR", "D S K Plastiques", "DSK Plastiques"),
        # Other scripts.
        ("IL", "Βερδίνος ΑΕ", "Verdinos AE"),
        ("IL", "ООО Тарвикс", "OOO Tarviks"),
        ("IL", "צופרים בע״מ", 'צופרים בע"מ'),
        ("IL", "צופרים בע״מ", "צופרים"),
        ("DZ", "شركة الطارفيكس ش.م.م", "الطارفيكس"),
        # Legal forms of every country: dotted, spaced, written out, in front, behind, combined.
        ("GB", "Trevanick Foods Ltd.", "Trevanick Foods Limited"),
        ("GB", "Trevanick Foods PLC", "Trevanick Foods Public Limited Company"),
        ("GB", "Trevanick Advisers L.L.P.", "Trevanick Advisers"),
        ("IE", "Ballyquill Dairies DAC", "Ballyquill Dairies Designated Activity Company"),
        ("IE", "Ballyquill Dairies Teoranta", "Ballyquill Dairies Teo"),
        ("BE", "Wijvekens NV/SA", "Wijvekens"),
        ("BE", "Wijvekens B.V.B.A.", "BVBA Wijvekens"),
        ("BE", "Wijvekens vzw", "ASBL Wijvekens"),
        ("NL", "Oosterdrecht Beheer B.V.", "Oosterdrecht Beheer BV"),
        ("NL", "Oosterdrecht Naamloze Vennootschap", "Oosterdrecht N. V."),
        ("LU", "Eschdorfer S.à r.l.", "Eschdorfer SARL"),
        ("LU", "Eschdorfer S.C.A.", "Eschdorfer Société en commandite par actions"),
        ("DK", "Vestholm Energi ApS", "Vestholm Energi Anpartsselskab"),
        ("DK", "Vestholm I/S", "Vestholm"),
        ("SE", "Granvik Industri AB (publ)", "AB Granvik Industri"),
        ("NO", "Fjellbrun ASA", "Fjellbrun Allmennaksjeselskap"),
        ("NO", "Fjellbrun AS", "Fjellbrun A/S"),
        ("FI", "Kivelänsaari Oyj Abp", "Kivelansaari Oyj"),
        ("FI", "Kivelänsaari Oy Ab", "Oy Kivelansaari Ab"),
        ("IS", "Hraunvík ehf.", "Hraunvik"),
        ("IS", "Hraunvík hf", "Hraunvik Hlutafélag"),
        ("FR", "Orlévane S.A.R.L.", "SARL Orlévane"),
        ("FR", "Orlévane Soc. par Actions Simplifiée", "Orlévane SAS"),
        ("FR", "Société par actions simplifiée Orlévane", "Orlévane S.A.S.U."),
        ("DZ", "SPA Tafsoutine", "Tafsoutine"),
        ("DZ", "EURL Tafsoutine", "Tafsoutine E.U.R.L."),
        ("MA", "Ouarzelec SARL AU", "Ouarzelec S.A.R.L. A.U."),
        ("TN", "Sté Gafsoud SUARL", "Société Gafsoud"),
        ("DE", "Blömke GmbH & Co. KG", "Blömke GmbH und Co KG"),
        ("DE", "Blömke Aktiengesellschaft", "Blömke AG"),
        ("DE", "Blömke Aktiengeselschaft", "Blömke AG"),
        ("DE", "Blömke UG (haftungsbeschränkt)", "Blömke"),
        ("DE", "Blömke SE & Co. KGaA", "Blömke"),
        ("DE", "Blömke e.K.", "Blömke"),
        ("DE", "Blömke GmbH+Co.KG", "Blömke GmbH & Co. KG"),
        ("DE", "Fa. Blömke", "Blömke"),
        ("NL", "Coöperatie Oosterdrecht U.A.", "Oosterdrecht"),
        ("FR", "Orlévane & Cie", "Orlévane"),
        ("AT", "Trattenegger Ges.m.b.H.", "Trattenegger GmbH"),
        ("AT", "Trattenegger GesmbH", "Trattenegger G.m.b.H."),
        ("CH", "Wyttenried S.A.G.L.", "Wyttenried GmbH"),
        ("IT", "Bortolasso S.p.A.", "Bortolasso Società per Azioni"),
        ("IT", "Bortolasso S.r.l.s.", "Bortolasso SRL"),
        ("IT", "Bortolasso Soc. Coop. a r.l.", "Bortolasso Società Cooperativa"),
        ("IT", "Indel V S.P.A", "Indel V SpA"),
        ("MT", "Xaghriet Ltd", "Xaghriet Limited"),
        ("ES", "Talleres Urrutxabal, S.L.U.", "Talleres Urrutxabal SL"),
        ("ES", "Talleres Urrutxabal Sociedad Limitada", "Talleres Urrutxabal"),
        ("PT", "Quinta Vermoíl Unipessoal, Lda.", "Quinta Vermoil Lda"),
        ("PT", "Vermoíl SGPS, S.A.", "Vermoil"),
        ("IL", "Tzofarim Ltd", "Tzofarim"),
        # A number in words, initials beside the name, town after the form.
        ("GB", "Studio Forty-Four Ltd", "Studio 44 Ltd"),
        ("SE", "Modern Skogsbruk Granvik MSG AB", "Modern Skogsbruk Granvik AB"),
        ("NL", "Oosterdrecht B.V., Amsterdam, NL", "Oosterdrecht BV"),
        # Abbreviations.
        ("GB", "Trevanick Intl Hldgs Ltd", "Trevanick International Holdings Limited"),
        ("GB", "Trevanick Mfg Co Ltd", "Trevanick Manufacturing Company"),
        ("GB", "Quillborne Bros", "Quillborne Brothers Ltd"),
        ("FR", "Ets Vauquelard", "Établissements Vauquelard SA"),
        ("FR", "Sté Vauquelard Distribution", "Société Vauquelard Distribution"),
        ("FR", "Cie Gle Vauquelard", "Compagnie Gle Vauquelard"),
        ("DE", "Gebr. Trottwein OHG", "Gebrüder Trottwein"),
        ("FR", "Groupe Vauquelard", "Vauquelard"),
        # Written in one word or in two.
        ("GB", "Euro Brantel", "Eurobrantel Ltd"),
        ("DE", "TrottweinAG", "Trottwein AG"),
        # Cut at 28 characters by a register.
        ("SE", "FASTIGHETSAKTIEBOLAGET GRANV", "Fastighetsaktiebolaget Granvikens Hamn AB"),
        ("ES", "CONSTRUCCIONES URRUTXABAL Y ", "Construcciones Urrutxabal y Auxiliares S.A."),
        # A slip in a long rare word.
        ("FR", "Orlévane Logistique", "Orlévanne Logistique"),
        ("DE", "Kürschnerei Trottweinhausen", "Kürschnerei Trottwienhausen"),
    ],
)
def test_one_company_in_two_spellings(country, one, other):
    assert names(one, other, country).verdict is SAME, names(one, other, country)


@pytest.mark.parametrize(
    ("country", "one", "other"),
    [
        ("FR", "Fromageries Orlévane", "Orlévane"),
        ("FR", "Cie Gén. des Ets Orlévane", "Orlévane SA"),
        ("MA", "OCO", "Office Chérifien des Orlévanes"),
        ("FR", "Mairie de Lyon", "Ville de Lyon"),
        ("FR", "TTI", "Trameaux Toitures Isolation"),
        ("FR", "Pharmacie Centrale", "Pharmacie Centrale"),  # there is one in each town
        ("FR", "Orlévane France", "Orlévane"),
        ("FR", "Orlévane Services", "Orlévane SAS"),
        ("SE", "Granvik", "Granvak"),
        ("GB", "Trevanick Fund", "Trevanick Fund 2"),
    ],
)
def test_a_person_should_look(country, one, other):
    assert names(one, other, country).verdict is PERHAPS, names(one, other, country)


@pytest.mark.parametrize(
    ("country", "one", "other"),
    [
        # Companies of one group.
        ("DE", "Trottwein AG", "Trottwein Healthineers AG"),
        ("DE", "Trottwein Energy", "Trottwein Mobility"),
        ("FR", "Orlévane France", "Orlévane Deutschland"),
        ("ES", "Banco Urrutxabal", "Banco Urrutxabal México"),
        ("DE", "Deutsche Trottwein", "Deutsche Blömke"),
        ("DE", "Trottwein Immobilien Fonds 3", "Trottwein Immobilien Fonds 4"),
        ("FR", "Lycée Jean Moulin 2", "Lycée Jean Moulin 3"),
        # Common words in common.
        ("FR", "Orlévane Distribution France", "Vauquelard Distribution France"),
        ("DE", "Trottwein Holding AG", "Blömke Holding AG"),
        ("GB", "Trevanick Port Authority", "Quillborne Port Authority"),
        ("FR", "Mairie de Lens", "Mairie de Lyon"),
        ("FR", "Ville de Sens", "Ville de Lens"),
        ("FR", "Clinique du Parc", "Clinique du Port"),
        ("GB", "Management Company", "Westermill Management Company"),
        # Rare words in common, others as rare against each other.
        ("FR", "Hôpital Saint-Roch", "Hôpital Saint-Luc"),
        ("NL", "H. Oosterdrecht Beheer B.V.", "S. Veldhuizen Beheer B.V."),
        # Short words that differ by one letter.
        ("SE", "Grav AB", "Gran AB"),
        ("FR", "SOVA", "NOVA"),
        # Countries decide, in every language.
        ("BE", "Wijvekens Belgium", "Wijvekens Nederland"),
    ],
)
def test_two_companies(country, one, other):
    assert names(one, other, country).verdict is DIFFERENT, names(one, other, country)


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ("SA Sports", "SA Sports SARL", PERHAPS),  # called "SA Sports", as others may be
        ("SE Vauquelmat", "SE Vauquelmat SARL", SAME),
        ("SA Sports Vauquel", "Sports Vauquel SA", SAME),  # a form in front
        ("AS Vauquelain", "ASV Vauquelain", PERHAPS),
        ("AB Vauquel", "AB Vauquel SAS", SAME),
        ("AG", "AG", PERHAPS),
        ("AG", "SA", DIFFERENT),
        ("SARL", "SAS", DIFFERENT),
        ("SE Outillage Vauquel", "KS Outillage Vauquel", SAME),
    ],
)
def test_names_that_look_like_legal_forms(one, other, verdict):
    assert names(one, other).verdict is verdict


def test_the_words_of_the_register_decide_what_is_rare():
    """Where many companies are called Trottwein, the name alone tells none of them apart."""
    one, other = "Trottwein Ofenbau", "Trottwein Brunnen"
    many = WordWeights({"trottwein": 900}, 1000)
    few = WordWeights({"trottwein": 1, "ofenbau": 300, "brunnen": 300}, 1000)
    identities = [CustomerIdentity(name, "DE") for name in (one, other)]
    assert compare(*identities, many).name_score < compare(*identities).name_score
    assert compare(*identities, few).name_score > compare(*identities).name_score


def test_a_word_that_several_names_carry_is_no_slip_of_the_pen():
    identities = [CustomerIdentity(name, "SE") for name in ("Nobira AB", "Nobia AB")]
    assert compare(*identities).verdict is PERHAPS
    assert compare(*identities, WordWeights({"nobira": 3, "nobia": 2}, 1000)).verdict is DIFFERENT


def test_more_words_of_a_kind_weigh_less():
    counts = Counter({"alpha": 1, "beta": 40, "gamma": 400})
    weights = WordWeights(counts, 1000)
    assert weights.weight("alpha") > weights.weight("beta") > weights.weight("gamma") > 0
    assert weights.weight("hldgs") == weights.weight("holdings")


FR_NUMBER, FR_VAT, FR_SIRET, FR_OTHER = "732829320", "FR44732829320", "73282932000074", "552100554"


@pytest.mark.parametrize(
    ("one", "other", "verdict", "codes"),
    [
        (
            {"name": "Alpha", "company_number": FR_VAT},
            {"name": "Beta", "company_number": FR_SIRET},
            SAME,
            ["number"],
        ),
        (
            {"name": "Orlévane", "company_number": FR_NUMBER, "city": "Lyon"},
            {"name": "Orlévane", "company_number": FR_OTHER, "city": "Lyon"},
            DIFFERENT,
            ["other_number", "name", "place"],
        ),
        (
            {"name": "Orlévane", "company_number": FR_NUMBER},
            {"name": "Orlévane SA"},
            SAME,
            ["name"],
        ),
        # A tax number and a register number say nothing about each other.
        (
            {"name": "Trevanick", "country": "GB", "company_number": "GB980780684"},
            {"name": "Trevanick Ltd", "country": "GB", "company_number": "01234567"},
            SAME,
            ["name"],
        ),
        # A German tax number may be the group's.
        (
            {"name": "Blömke", "country": "DE", "company_number": "DE136695976", "web_domain": "bloemke.de"},
            {"name": "Blömke", "country": "DE", "company_number": "DE129273398", "web_domain": "bloemke.de"},
            PERHAPS,
            ["other_number", "domain", "name"],
        ),
        # Domains.
        (
            {"name": "Orlévane", "web_domain": "orlevane.fr"},
            {"name": "Orlévane Logistique", "web_domain": "www.orlevane.fr"},
            SAME,
            ["domain", "name_alike"],
        ),
        (
            {"name": "Orlévane", "web_domain": "orlevane.fr"},
            {"name": "Vauquelard", "web_domain": "orlevane.fr"},
            PERHAPS,
            ["domain"],
        ),
        (
            {"name": "Orlévane", "web_domain": "orlevane.com"},
            {"name": "Orlévane", "web_domain": "orlevane.com", "country": "BE"},
            PERHAPS,
            ["domain", "name"],
        ),
        (
            {"name": "Orlévane", "web_domain": "orlevane.fr"},
            {"name": "Orlévane", "web_domain": "orlevane.de", "country": "DE"},
            PERHAPS,
            ["domain_label", "name"],
        ),
        (
            {"name": "Orlévane", "web_domain": "orlevane.fr"},
            {"name": "Vauquelard", "web_domain": "orlevane.com"},
            DIFFERENT,
            ["domain_label"],
        ),
        (
            {"name": "Orlévane", "web_domain": "a@gmail.com"},
            {"name": "Vauquelard", "web_domain": "b@gmail.com"},
            DIFFERENT,
            [],
        ),
        # Another country is another customer.
        ({"name": "Orlévane"}, {"name": "Orlévane", "country": "BE"}, DIFFERENT, ["name"]),
        # Towns, in two languages.
        (
            {"name": "Pharmacie Centrale", "city": "Genève", "country": "CH"},
            {"name": "Pharmacie centrale", "city": "Genf", "country": "CH"},
            SAME,
            ["name", "place"],
        ),
        (
            {"name": "Pharmacie Centrale", "city": "Lyon"},
            {"name": "Pharmacie Centrale", "city": "Lille"},
            PERHAPS,
            ["name"],
        ),
        (
            {"name": "Clinique Orlévane", "city": "Lyon 3"},
            {"name": "Clinique Orlévane Lyon", "city": "LYON CEDEX 03"},
            SAME,
            ["name_alike", "place"],
        ),
    ],
)
def test_the_verdict_and_its_facts(one, other, verdict, codes):
    first, second = (read_identity(**({"country": "FR"} | facts)) for facts in (one, other))
    for comparison in (compare(first, second), compare(second, first)):
        assert comparison.verdict is verdict
        assert [finding.code for finding in comparison.findings] == codes


@pytest.mark.parametrize(
    ("one", "other", "answer"),
    [
        ("München", "MUNICH", True),
        ("Bruxelles", "Brussel", True),
        ("Den Haag", "'s-Gravenhage", True),
        ("Paris", "PARIS CEDEX 08", True),
        ("Milan, Lombardy", "Milano", True),
        ("Lyon", "Lille", False),
        ("", "Lille", None),
    ],
)
def test_towns(one, other, answer):
    assert same_town(one, other) is answer


def test_words_come_in_each_way_of_writing_their_letters():
    assert name_words("Müller & Söhne GmbH") == (("muller", "sohne"), ("mueller", "soehne"))
    assert name_words("Clinique du Parc SAS") == (("clinique", "du", "parc"),)
    assert name_words("!!!") == ()


FORMS = ["SAS", "S.A.", "GmbH", "GmbH & Co. KG", "AG", "A/S", "Oyj", "AB (publ)", "Ltd.", "S.r.l.", "B. V."]
words = st.text("abcdefghijklmnopqrstuvwxyzéüøß", min_size=2, max_size=12)
company_names = st.lists(words, min_size=1, max_size=5).map(" ".join)
any_text = st.text(max_size=260) | company_names


@given(any_text, any_text)
@example("", "")
@example("\x00\x1b[31m", "\u202e\u200b")
@example("x" * 5000, "株式会社")
def test_no_text_is_an_error_and_the_order_does_not_matter(one, other):
    first, second = CustomerIdentity(one, "FR"), CustomerIdentity(other, "FR")
    there, back = compare(first, second), compare(second, first)
    assert there == back
    assert 0.0 <= there.name_score <= 1.0


@given(company_names)
def test_every_company_is_itself(name):
    there = names(name, name)
    assert there.name_score == 1.0
    assert there.verdict is not DIFFERENT


@given(company_names, company_names, st.sampled_from(FORMS))
@settings(max_examples=200)
def test_a_legal_form_never_makes_two_companies_of_one(one, other, form):
    if names(one, other).verdict is SAME:
        assert names(one, f"{other} {form}").verdict is not DIFFERENT
    assert names(one, f"{one} {form}").verdict is not DIFFERENT


@given(company_names, company_names)
def test_case_and_punctuation_do_not_matter(one, other):
    plain = names(one, other).name_score
    loud = names(one.upper().replace("ẞ", "SS"), other.replace(" ", " - ") + ".").name_score
    assert loud == pytest.approx(plain)
