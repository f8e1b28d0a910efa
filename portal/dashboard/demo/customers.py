# ruff: noqa: E501 — names and sentences stand whole
"""End customers: invented companies, hospitals, schools and authorities, as they are called in their countries."""

import random
from dataclasses import dataclass

from stdnum import luhn

from portal.core.company_numbers import read_company_number
from portal.core.errors import RuleViolation
from portal.dashboard.demo.companies import slug

# country: sector: name @ town; …
_CUSTOMERS = {
    "FR": """
        health: Clinique des Trois Fontaines @ Lille; Hôpital privé de la Vallonnière @ Rouen; Résidence Les Tilleuls d'Argent @ Tours; Groupement de soins du Val d'Ource @ Troyes; Clinique Saint-Gildas-des-Marais @ Nantes; Laboratoire Biovalis @ Montpellier; Centre de rééducation La Pinède @ Toulon; Cabinet de radiologie du Mail @ Le Mans; Fondation hospitalière Sainte-Élisabeth-du-Lac @ Annecy; Clinique vétérinaire des Remparts @ Carcassonne; Pharmacies Réunies du Bocage @ Vire; Maison de santé des Coteaux @ Limoges; Polyclinique de l'Orangerie @ Strasbourg; EHPAD Le Clos Mirabelle @ Metz
        public: Communauté de communes du Pays de Brennes @ Langres; Mairie de Saint-Aubin-des-Prés @ Saint-Aubin; Syndicat des eaux de la Haute-Orne @ Alençon; Office de tourisme du Val d'Azergues @ Villefranche-sur-Saône; Métropole Habitat Atlantique @ La Rochelle; Mairie de Montrevel-les-Bains @ Montrevel; Service départemental d'incendie du Haut-Plateau @ Aurillac; Port de plaisance de Locmarec @ Vannes; Office public de l'habitat Loire-Amont @ Roanne; Chambre des métiers du Sénonais @ Sens; Communauté de communes des Vals de Gascogne @ Auch; Syndicat mixte des Deux Vallées @ Gap; Commune de Roquebelle @ Béziers; Régie des transports du Vexin @ Pontoise; Communauté d'agglomération Cœur d'Artois @ Arras
        school: Lycée Marguerite-Lebrun @ Dijon; École d'ingénieurs Polyval @ Valence; Institut Saint-Florent @ Angers; Collège Jean-Baptiste-Vasseur @ Amiens; Lycée agricole du Marais Breton @ Challans; Conservatoire Lili-Marchetti @ Pau; Centre de formation Compagnons de l'Erdre @ Nantes; Campus des métiers de l'Isle @ Périgueux; Groupe scolaire Sainte-Odile @ Colmar; École supérieure de design Ostara @ Nantes
        industry: Ateliers Corvo @ Saint-Étienne; Fonderies Delmotte @ Charleville-Mézières; Mécanique Bressuire Précision @ Bressuire; Papeteries du Vercors @ Grenoble; Plasturgie Jurassienne @ Oyonnax; Laiteries Kervadec @ Quimper; Verrerie de la Bresle @ Eu; Tissages Roumagnac @ Castres; Conserveries Le Bihan @ Lorient; Usinage Pradier @ Cluses; Céramiques de l'Allier @ Moulins; Brasserie du Beffroi @ Douai; Menuiseries Carpentier & Fils @ Cholet; Chaudronnerie Lacombe @ Tarbes; Emballages Sylvestre @ Épinal; Fromageries Aubrac Terroir @ Rodez; Cosmétiques Alba Rosa @ Grasse; Scierie des Hautes Chaumes @ Saint-Dié; Aéro-Composites Garonne @ Toulouse; Moulins de la Beauce Dorée @ Chartres; Électronique Valserine @ Bellegarde; Carrelages Provençaux Salernac @ Draguignan; Câbles et Cordages Malouins @ Saint-Malo; Imprimerie du Vieux Pont @ Blois; Ciments du Quercy @ Cahors; Horlogerie Comtoise Vuillemin @ Besançon; Biscuiterie Ker Anna @ Concarneau; Salaisons du Forez @ Montbrison
        logistics: TransAlpes Logistique @ Chambéry; Transports Vandeville @ Dunkerque; Messagerie Océane @ Le Havre; Entrepôts Rhodaniens @ Valence; Frigotrans Ouest @ Rennes; Autocars Pellissier @ Aix-en-Provence; Docks de la Charente @ Rochefort; Ambulances du Littoral @ Boulogne-sur-Mer; Déménagements Grégoire @ Le Mans; Cargo Rail Lorrain @ Thionville
        services: Cabinet Lemoine & Associés @ Paris; Notaires du Parvis @ Reims; Mutuelle Horizon Bleu @ Niort; Assurances Grand-Large @ Saint-Malo; Agence Pixel & Plume @ Bordeaux; Expertise Comptable Fontenoy @ Nancy; Hôtels Belle Escale @ Biarritz; Groupe immobilier Ardenor @ Sedan; Architectes Quai Neuf @ Lyon; Études et Ingénierie Soleymieux @ Saint-Étienne; Radio Estuaire @ Saint-Nazaire; Crédit Mutualiste des Volcans @ Clermont-Ferrand; Cabinet d'avocats Duroc Vigny @ Paris; Agence de voyages Cap Soleil @ Marseille; Coopérative agricole du Gâtinais @ Montargis; Réseau d'optique Clairevue @ Orléans; Jardineries Verdanse @ Angers; Promotion Immobilière Bellerive @ Annecy; Vignobles Château Lamarque-Rive @ Libourne; Grands Magasins Porte-Neuve @ Toulouse; Cinémas Le Palladium @ Mulhouse; Cave coopérative Terres Rouges @ Lunel; Huissiers Montaigne @ Bordeaux; Courtage Maritime Iroise @ Brest; Restaurants La Table Ronde @ Vannes; Bureau d'études Géotherm'Est @ Metz; Résidences étudiantes Campuséa @ Poitiers; Centre commercial Les Arcades du Lac @ Évian; Mutuelle des Artisans du Bois @ Épinal; Études notariales du Parc @ Lyon; Location Matériel Chantiers du Sud @ Nîmes; Golf et Spa Val Doré @ Deauville
    """,
    "BE": """
        health: AZ Sint-Godelieve @ Brugge; Clinique du Bois-Renard @ Charleroi; Woonzorgcentrum De Linde @ Mechelen; Polyclinique Sainte-Aldegonde @ Mons
        public: Gemeente Rozenbeke @ Aalst; Commune de Villers-les-Étangs @ Gembloux; Intercommunale des Eaux du Condroz @ Ciney; Politiezone Scheldeland @ Dendermonde
        school: Sint-Amanduscollege @ Kortrijk; Haute École de la Dyle @ Wavre; Vrije Basisschool De Regenboog @ Hasselt
        industry: Brouwerij De Gulden Roos @ Leuven; Van den Abeele Staalbouw @ Genk; Chocolaterie Maison Hubin @ Tournai; Textiel Vermeersch @ Waregem; Verpakkingen Kempen @ Turnhout; Sidérurgie Ourthe @ Seraing; Houtatelier Claes @ Lier
        services: Notariskantoor Verhulst @ Gent; Advocaten Nieuwstraat @ Brussel; Havenbedrijf Noorderkaai @ Antwerpen; Assurances Bruyère @ Namur; Boekhoudkantoor Peleman @ Sint-Niklaas; Hôtellerie des Ardennes @ Bastogne; Reisbureau Zonnewijzer @ Oostende
        logistics: Transport Lievens @ Roeselare; Distrilog Meuse @ Liège
    """,
    "LU": """
        services: Fiduciaire Kirchfeld @ Luxembourg; Étude Reuter & Thill @ Luxembourg; Gestion Patrimoniale Moselle @ Grevenmacher
        industry: Aciers de la Chiers @ Differdange; Lëtz Plastics @ Dudelange
        public: Commune de Roudebierg @ Mersch; Syndicat Sûre-Nord @ Ettelbruck
    """,
    "NL": """
        health: Zorggroep De Waterlelie @ Amersfoort; Huisartsenpost Vechtstreek @ Hilversum; Revalidatiecentrum Duinzicht @ Haarlem
        public: Gemeente Oosterwaarde @ Deventer; Waterschap Lek en Linge @ Tiel; Veiligheidsregio Zuiderkust @ Middelburg
        school: ROC De Nieuwe Haven @ Rotterdam; Scholengroep Prisma @ Apeldoorn
        industry: Kaasmakerij Van der Horst @ Gouda; Machinefabriek Brouwers @ Eindhoven; Kwekerij Westlandse Roos @ Naaldwijk; Scheepswerf Kolhorn @ Den Helder
        services: Accountants Singelgracht @ Amsterdam; Woningcorporatie Thuishaven @ Groningen; Verzekeringen Molenaar @ Breda; Advocatenkantoor Pijlstaart @ Den Haag
    """,
    "DE": """
        health: Klinik am Rosenhang @ Kassel; Seniorenstift Lindenhof @ Erfurt; Praxisverbund Elbufer @ Magdeburg; Rehazentrum Bad Wiesental @ Bad Kissingen; Labor Dr. Hagedorn @ Mainz; Kreisklinik Hohenwart @ Ingolstadt
        public: Stadtwerke Niederfelden @ Göttingen; Gemeinde Altenbruch-Süd @ Cuxhaven; Landkreis Obere Aue @ Aue; Zweckverband Wasser Unterer Main @ Hanau; Stadt Freudenbach @ Schwäbisch Hall; Sparkassenakademie Weserland @ Bremen
        school: Gymnasium am Eichwald @ Paderborn; Berufskolleg Lippetal @ Soest; Hochschule für Gestaltung Mittelrhein @ Koblenz; Waldorfschule Sonnenberg @ Darmstadt
        industry: Maschinenbau Kessler @ Heilbronn; Gießerei Hollmann @ Siegen; Feinwerktechnik Baumeister @ Tuttlingen; Brauerei Zum Goldenen Anker @ Bamberg; Kunststoffwerk Riedlinger @ Ulm; Papierfabrik Wiesenau @ Düren; Textilwerke Hoffstedt @ Chemnitz; Zahnradfabrik Pfisterer @ Schweinfurt; Großbäckerei Semmelrogge @ Oldenburg; Chemie Altmark @ Stendal; Möbelwerk Tannengrund @ Detmold; Lackfabrik Oberhausen-Nord @ Oberhausen; Anlagenbau Steinmetz @ Leipzig; Druckhaus Kornmarkt @ Heidelberg
        logistics: Spedition Hinrichsen @ Hamburg; Rheinhafen Lagerhaus @ Duisburg; Kühllogistik Emsland @ Meppen; Busbetriebe Vogtland @ Plauen
        services: Kanzlei Wiedemann & Partner @ München; Steuerberatung Ahlers @ Hannover; Versicherungsmakler Grünwald @ Stuttgart; Wohnungsgenossenschaft Neue Heide @ Rostock; Hotelgruppe Alpenblick @ Garmisch; Ingenieurbüro Falkenried @ Augsburg; Verlag Morgenröte @ Berlin; Volksbank Hinterland @ Marburg; Architekten Hafenstraße @ Lübeck; Autohaus Pletsch @ Saarbrücken; Agentur Querformat @ Köln; Energiegenossenschaft Windkamm @ Husum
    """,
    "AT": """
        health: Sanatorium Kahlenblick @ Wien; Pflegeheim Maria Rast @ Villach
        public: Marktgemeinde Sankt Leonhard am Forst @ Melk; Wasserverband Mürztal @ Bruck an der Mur
        industry: Sägewerk Hinterleitner @ Lienz; Metallbau Öllinger @ Steyr; Keramik Traunsee @ Gmunden; Glaswerk Neudorfer @ Graz
        services: Seilbahnen Hochfeld @ Kitzbühel; Notariat Ringstraße @ Wien; Sparverein Almtal @ Wels; Tourismusverband Drei Seen @ Salzburg
        school: HTL Innviertel @ Ried
    """,
    "CH": """
        health: Spital Sonnmatt @ Luzern; Clinique de la Vuachère @ Lausanne; Alterszentrum Rosengarten @ Winterthur
        public: Gemeinde Oberwilden @ Thun; Commune de Prévonnex @ Nyon; Elektrizitätswerk Seetal @ Aarau
        industry: Uhrenatelier Grandvaux @ La Chaux-de-Fonds; Präzisionswerk Aebischer @ Biel; Käserei Emmenhof @ Burgdorf; Pharma Rheinbogen @ Basel
        services: Treuhand Limmatquai @ Zürich; Fiduciaire du Léman @ Genève; Kantonalversicherung Säntis @ St. Gallen; Bergbahnen Piz Nair-Süd @ Davos
        school: Gymnasium Am See @ Zug
    """,
    "SE": """
        health: Vårdcentralen Björkhagen @ Uppsala; Tandvård Vättern @ Jönköping
        public: Kommunen Älvtorp @ Falun; Räddningstjänsten Bergslagen @ Örebro; Bostadsbolaget Solgläntan @ Malmö
        industry: Sågverket Norrforsen @ Sundsvall; Mekaniska Verkstaden Hjort @ Borås; Pappersbruket Dalälven @ Gävle; Livsmedel Skånebo @ Lund
        services: Advokatbyrån Riddarholm @ Stockholm; Redovisning Lindqvist @ Linköping; Fastigheter Havsbandet @ Kalmar
        school: Gymnasieskolan Vinterviken @ Västerås
    """,
    "NO": """
        health: Fjellheim Legesenter @ Lillehammer
        public: Strandvik kommune @ Ålesund; Havnevesenet Nordfjord @ Florø
        industry: Sjømat Lofotvær @ Bodø; Verft Hardangerkai @ Haugesund; Smelteverket Rjukandal @ Notodden
        services: Regnskap Fløyen @ Bergen; Eiendom Akerselva @ Oslo; Sparebanken Innlandet Vest @ Hamar
    """,
    "DK": """
        health: Lægehuset Skovbrynet @ Roskilde; Plejecenter Solhøj @ Vejle
        public: Forsyning Vestfjorden @ Esbjerg; Havnen i Nordhavnsby @ Frederikshavn
        industry: Mejeriet Grønlund @ Herning; Maskinfabrikken Lyng @ Kolding; Møbelsnedkeriet Falster @ Nykøbing
        services: Advokaterne Søndergade @ Aarhus; Revision Kronborg @ Helsingør; Boligforeningen Havneparken @ København
    """,
    "FI": """
        health: Lääkärikeskus Koivuranta @ Joensuu
        public: Pohjanrannan kaupunki @ Oulu; Vesilaitos Järvenselkä @ Kuopio
        industry: Konepaja Hiidenvesi @ Lahti; Saha Metsäkoski @ Jyväskylä; Leipomo Hietala @ Turku
        services: Tilitoimisto Kaisla @ Helsinki; Kiinteistöt Aurajoki @ Turku
    """,
    "IS": """
        industry: Fiskvinnslan Hafnarvík @ Akureyri
        services: Bókhald Esja @ Reykjavík
    """,
    "GB": """
        health: Harrowmere Hospice @ Lincoln; Fernhill Dental Group @ Cheltenham; Oakridge Care Homes @ Norwich; St Cuthwin's Private Hospital @ York
        public: Wexcombe Borough Council @ Swindon; Ardnamor Housing Association @ Inverness; Fenland Fire Authority @ Peterborough; Marlock Parish Services @ Derby
        school: Brackenfield Academy Trust @ Sheffield; Hartwell Sixth Form College @ Guildford; St Aldric's School @ Bath
        industry: Penhallow Castings @ Plymouth; Kirkstone Textiles @ Huddersfield; Tideway Marine Engineering @ Southampton; Loxley Foods @ Nottingham; Ironbridge Valve Works @ Telford; Glen Orrin Distillers @ Elgin
        logistics: Castlegate Haulage @ Doncaster; Solent Freight Services @ Portsmouth
        services: Whitcombe & Lyle Solicitors @ Bristol; Ferndale Building Society @ Cardiff; Marchbank Insurance Brokers @ Glasgow; Albion Row Architects @ London; Quayside Hotels Group @ Newcastle; Greyfriars Accountancy @ Canterbury
    """,
    "IE": """
        health: Knocknarea Medical Centre @ Sligo
        public: Ballymore Water Services @ Mullingar
        industry: Shannonside Dairies @ Limerick; Corkline Precision @ Cork
        services: Brannigan & Daly Solicitors @ Dublin; Claddagh Credit Union @ Galway; Ha'penny Property Management @ Dublin
    """,
    "IT": """
        health: Casa di cura Villa Serena del Colle @ Perugia; Poliambulatorio San Donnino @ Modena
        public: Comune di Castelverde Marino @ Rimini; Acquedotto Valle Scura @ L'Aquila; Consorzio Bonifica Basso Adda @ Lodi
        school: Istituto Tecnico Leonardo Ferraris @ Bari
        industry: Ceramiche Montelupo Nova @ Sassuolo; Officine Meccaniche Brambati @ Brescia; Pastificio Nonna Assunta @ Parma; Tessitura Valseriana @ Bergamo; Cantine Poggio Antico Rosso @ Siena; Carpenterie Friulane @ Udine
        services: Studio Legale Bonfanti @ Milano; Banca Popolare del Tavoliere @ Foggia; Assicurazioni Laguna @ Venezia; Alberghi Costa Smeralda Blu @ Olbia
        logistics: Trasporti Fratelli Gualdi @ Verona
    """,
    "MT": """
        services: Mdina Trust Services @ Valletta; Blue Lagoon Resorts @ Mellieħa; Sliema Maritime Agency @ Sliema
        school: St Paul's Bay College @ St Paul's Bay
        health: Gozo Family Clinic @ Victoria
    """,
    "ES": """
        health: Clínica Virgen del Robledal @ Salamanca; Residencia Los Olivos Altos @ Córdoba
        public: Ayuntamiento de Villafría del Campo @ Burgos; Mancomunidad Aguas del Júcar @ Albacete; Diputación Comarcal Sierra Nublada @ Teruel
        school: Colegio San Millán @ Logroño; Escuela Técnica Costa Verde @ Gijón
        industry: Conservas Ría Alta @ Vigo; Aceites Sierra Mágina Sur @ Jaén; Fundiciones Zubiaurre @ Bilbao; Azulejos Castellón Nova @ Castellón; Bodegas Valdetinta @ Valladolid
        services: Gestoría Puerta del Ángel @ Barcelona; Abogados Lafuente y Rey @ Madrid; Hoteles Playa Serena @ Málaga; Caja Rural del Maestrazgo @ Castellón
        logistics: Transportes Iturralde @ Pamplona
    """,
    "PT": """
        health: Clínica Santa Marinha @ Braga
        public: Câmara Municipal de Vila Serena @ Évora
        industry: Cortiças do Alentejo Novo @ Portalegre; Moldes Marinha Real @ Leiria; Conservas Barlavento @ Portimão
        services: Advogados Ribeira Nova @ Porto; Seguros Tejo @ Lisboa; Hotéis Atlântico Azul @ Funchal
        school: Colégio São Gonçalo @ Aveiro
    """,
    "IL": """
        health: Galil Family Clinics @ Nahariya
        industry: Arava Irrigation Works @ Eilat; Sharon Plast @ Netanya
        services: Ben-Haim & Co. Advocates @ Tel Aviv; Kinneret Hotels @ Tiberias
        school: Emek College @ Afula
    """,
    "MA": """
        health: Clinique Al Bassatine @ Marrakech
        industry: Conserverie Essaouira Océan @ Essaouira; Textiles Oued Fès @ Fès
        services: Cabinet Zniber & Associés @ Casablanca; Riads Palmeraie @ Marrakech
        public: Commune d'Aït Lahcen @ Agadir
    """,
    "TN": """
        industry: Huileries du Sahel Vert @ Sousse; Câblerie Cap Bon @ Nabeul
        services: Assurances El Menzah @ Tunis; Hôtels Djerba Sable @ Houmt Souk
    """,
    "DZ": """
        industry: Cimenterie Oued Djer @ Blida
    """,
}

# Companies end their names as their country writes them; authorities, schools and clinics do not.
_LEGAL_FORMS = {
    "FR": ("SAS", "SARL", "SA", ""), "BE": ("NV", "BV", "SA", ""), "LU": ("SARL", "SA"), "NL": ("B.V.", ""),
    "DE": ("GmbH", "GmbH & Co. KG", "AG", ""), "AT": ("GmbH", "AG", ""), "CH": ("AG", "GmbH", ""),
    "SE": ("AB",), "NO": ("AS",), "DK": ("ApS", "A/S"), "FI": ("Oy",), "IS": ("ehf.",),
    "GB": ("Ltd", "plc", ""), "IE": ("Ltd", ""), "IT": ("S.r.l.", "S.p.A."), "MT": ("Ltd",),
    "ES": ("S.L.", "S.A."), "PT": ("Lda", "S.A."), "IL": ("Ltd",), "MA": ("SARL", "SA"), "TN": ("SARL",), "DZ": ("SPA",),
}  # fmt: skip
_BORROWED_WORDS = (
    "Cabinet",
    "Notaires",
    "Étude",
    "Kanzlei",
    "Advoca",
    "Mutuelle",
    "Crédit",
    "Notari",
    "Studio",
)

# How a number of the country looks; # is a digit.
_NUMBER_SHAPES = {
    "FR": "FR###########", "BE": "BE0#########", "LU": "LU########", "NL": "NL#########B01", "DE": "DE#########",
    "AT": "ATU########", "CH": "CHE#########", "SE": "55########", "NO": "9########", "DK": "DK########",
    "FI": "FI########", "GB": "GB#########", "IT": "IT###########", "ES": "ESB########", "PT": "PT5########",
    "IE": "######", "MT": "C#####", "IL": "51#######",
}  # fmt: skip

NODES = {
    "health": (40, 900), "public": (30, 700), "school": (60, 1200), "industry": (25, 800), "logistics": (20, 450),
    "services": (8, 260),
}  # fmt: skip


@dataclass
class CustomerFacts:
    name: str
    country: str
    city: str
    sector: str
    domain: str
    number: str
    taken: set[str]

    def take(self, group: str) -> None:
        self.taken.add(group)


def valid_number(country: str, rng: random.Random) -> str:
    """A number that the portal accepts as one of this country; nothing where we know none."""
    shape = _NUMBER_SHAPES.get(country)
    if shape is None:
        return ""
    if country == "FR":
        return _french_vat_number(rng)
    while True:
        number = "".join(str(rng.randrange(10)) if sign == "#" else sign for sign in shape)
        try:
            read_company_number(country, number)
        except RuleViolation:
            continue
        return number


def _french_vat_number(rng: random.Random) -> str:
    body = f"{rng.randrange(30_000_000, 99_000_000)}"
    siren = body + luhn.calc_check_digit(body)
    return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}"


def all_customers(rng: random.Random) -> dict[str, list[CustomerFacts]]:
    """By country, in the order of the lists above."""
    found: dict[str, list[CustomerFacts]] = {}
    for country, lines in _CUSTOMERS.items():
        customers = found.setdefault(country, [])
        for line in filter(None, (line.strip() for line in lines.splitlines())):
            sector, _, entries = line.partition(":")
            for entry in entries.split(";"):
                name, _, city = entry.partition("@")
                customers.append(_customer(name.strip(), country, city.strip(), sector, rng))
    return found


def _customer(name: str, country: str, city: str, sector: str, rng: random.Random) -> CustomerFacts:
    is_company = sector in ("industry", "logistics") or (
        sector == "services" and not name.startswith(_BORROWED_WORDS)
    )
    form = rng.choice(_LEGAL_FORMS[country]) if is_company else ""
    return CustomerFacts(
        name=f"{name} {form}".strip(),
        country=country,
        city=city,
        sector=sector,
        domain=f"{slug(name)}.example" if rng.random() < 0.86 else "",
        number=valid_number(country, rng) if rng.random() < 0.6 else "",
        taken=set(),
    )
