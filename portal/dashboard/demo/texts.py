# ruff: noqa: E501 — names and sentences stand whole
"""What the people of the demonstration write to each other, in French, German and English."""

import random

# How the contact began, what was found (by kind of product), what comes next.
_OPENINGS = {
    "fr": (
        "Premier rendez-vous le {day} chez {customer} avec {contact}.",
        "{contact} nous a sollicités après notre petit-déjeuner sécurité du {day}.",
        "Audit de parc réalisé sur site le {day} à {city}, en présence de {contact}.",
        "Client suivi par nos techniciens pour l'infogérance ; {contact} a demandé une proposition le {day}.",
        "Réponse à la consultation de {customer}, dossier retiré le {day}.",
        "Rencontre sur le salon régional du numérique le {day}, puis visite à {city}.",
        "{contact} a pris ses fonctions récemment et souhaite revoir toute la protection des postes ; entretien le {day}.",
    ),
    "de": (
        "Erstgespräch am {day} bei {customer} mit {contact}.",
        "{contact} kam nach unserem Webinar vom {day} auf uns zu.",
        "Bestandsaufnahme vor Ort in {city} am {day}, gemeinsam mit {contact}.",
        "Wir betreuen dort seit Jahren das Netzwerk; {contact} bat am {day} um ein Konzept.",
        "Ausschreibung von {customer}, Unterlagen am {day} erhalten.",
        "Kontakt über die regionale IT-Messe, Folgetermin am {day} in {city}.",
    ),
    "en": (
        "First meeting on {day} at {customer} with {contact}.",
        "{contact} approached us after our security breakfast on {day}.",
        "Site survey in {city} on {day}, together with {contact}.",
        "We have looked after their network for some years; {contact} asked for a proposal on {day}.",
        "Request for quotation from {customer}, received on {day}.",
        "Met {contact} at the regional IT fair; follow-up visit in {city} on {day}.",
        "{contact} joined recently and wants to renew the whole protection; talk on {day}.",
    ),
}
_FINDINGS: dict[str, dict[str, tuple[str, ...]]] = {
    "endpoint": {
        "fr": (
            "{nodes} postes sous un antivirus dont la maintenance s'arrête, sans console centralisée.",
            "Deux postes chiffrés au printemps ; la direction a débloqué un budget pour {nodes} postes.",
            "{nodes} postes répartis sur quatre sites, mises à jour très inégales, télétravail deux jours par semaine.",
            "L'assureur cyber exige une protection gérée et des rapports mensuels pour les {nodes} postes.",
        ),
        "de": (
            "{nodes} Arbeitsplätze mit auslaufendem Virenschutz, keine zentrale Verwaltung.",
            "Zwei verschlüsselte Rechner im Frühjahr; Budget für {nodes} Arbeitsplätze ist freigegeben.",
            "{nodes} Arbeitsplätze an vier Standorten, Aktualisierungen sehr uneinheitlich, viel Homeoffice.",
            "Die Cyberversicherung verlangt verwalteten Schutz und Monatsberichte für alle {nodes} Geräte.",
        ),
        "en": (
            "{nodes} workstations on a product whose maintenance ends, no central console.",
            "Two encrypted machines in spring; the board has freed a budget for {nodes} workstations.",
            "{nodes} workstations on four sites, patched very unevenly, two days a week of home office.",
            "Their cyber insurer asks for managed protection and monthly reports for all {nodes} devices.",
        ),
    },
    "server": {
        "fr": (
            "Messagerie interne très exposée au hameçonnage, {nodes} boîtes à protéger.",
            "Ferme de virtualisation renouvelée cet automne ; il faut protéger {nodes} machines virtuelles sans agent.",
            "Serveurs de fichiers et de stockage sans analyse aujourd'hui, {nodes} utilisateurs concernés.",
        ),
        "de": (
            "Eigener Mailserver, stark von Phishing betroffen, {nodes} Postfächer.",
            "Neue Virtualisierungsumgebung seit Herbst; {nodes} Maschinen sollen ohne Agenten geschützt werden.",
            "Datei- und Speicherserver heute ungeprüft, {nodes} Anwender betroffen.",
        ),
        "en": (
            "Own mail server under constant phishing, {nodes} mailboxes to protect.",
            "New virtualisation hosts since autumn; {nodes} machines to be protected without an agent.",
            "File and storage servers are not scanned today, {nodes} users concerned.",
        ),
    },
    "attack": {
        "fr": (
            "Le RSSI veut détecter les attaques ciblées après une alerte de l'agence nationale ; {nodes} sondes prévues.",
            "Étude d'un centre de supervision interne ; besoin de bac à sable et de corrélation pour {nodes} postes.",
        ),
        "de": (
            "Der CISO will gezielte Angriffe erkennen, nach einer Warnung der Behörde; {nodes} Sensoren geplant.",
            "Aufbau eines eigenen SOC; Sandbox und Korrelation für {nodes} Endpunkte gewünscht.",
        ),
        "en": (
            "The CISO wants to detect targeted attacks after a warning by the national agency; {nodes} sensors planned.",
            "An in-house SOC is being built; sandbox and correlation wanted for {nodes} endpoints.",
        ),
    },
    "industrial": {
        "fr": (
            "Trois lignes de production pilotées par des automates anciens, {nodes} postes opérateurs à isoler.",
            "Mise en conformité NIS 2 de la station de traitement, {nodes} postes de supervision.",
        ),
        "de": (
            "Drei Fertigungslinien mit älteren Steuerungen, {nodes} Bedienplätze abzusichern.",
            "NIS-2-Pflichten für die Leitwarte, {nodes} Leitplätze.",
        ),
        "en": (
            "Three production lines on ageing controllers, {nodes} operator stations to secure.",
            "NIS 2 duties for the control room, {nodes} supervisory stations.",
        ),
    },
}
_NEXT = {
    "fr": (
        "Démonstration de la console prévue la semaine prochaine.",
        "Pilote de 15 jours accepté sur dix postes.",
        "Décision attendue en comité de direction avant la fin du trimestre.",
        "Budget validé, reste le choix de la durée (1 ou 3 ans).",
        "Proposition technique remise, retour attendu sous dix jours.",
        "Le service achats nous demande une offre ferme.",
    ),
    "de": (
        "Vorführung der Konsole nächste Woche.",
        "Zweiwöchiger Test auf zehn Rechnern zugesagt.",
        "Entscheidung der Geschäftsführung bis Quartalsende erwartet.",
        "Budget steht, offen ist nur die Laufzeit (1 oder 3 Jahre).",
        "Konzept übergeben, Rückmeldung binnen zehn Tagen.",
    ),
    "en": (
        "Demonstration of the console next week.",
        "Two-week pilot on ten machines agreed.",
        "Decision by the board expected before the end of the quarter.",
        "Budget approved, only the term (1 or 3 years) is open.",
        "Technical proposal handed over, answer within ten days.",
        "Purchasing has asked us for a firm quotation.",
    ),
}
_KIND_OF_GROUP = {
    "targeted-security": "server",
    "xsp": "server",
    "anti-targeted-attack": "attack",
    "private-security-network": "attack",
    "industrial-cybersecurity": "industrial",
}

# A question, the fields that it unlocks, and the answer.
QUESTIONS = {
    "fr": (
        (
            "Pouvez-vous confirmer le nombre de postes ? Le site du client parle d'un effectif bien plus petit.",
            ("nodes", "notes"),
            "Le chiffre comprend les postes partagés des ateliers et les portables des commerciaux. Inventaire à l'appui.",
        ),
        (
            "Il manque une preuve d'engagement : compte rendu de réunion, courriel du client ou offre signée.",
            ("evidence", "engagement"),
            "Nous joignons le compte rendu de la réunion, validé par le client.",
        ),
        (
            "Qui décide chez le client ? Merci d'indiquer un contact avec sa fonction.",
            ("contact",),
            "Le DSI décide, le directeur financier signe. Coordonnées complétées.",
        ),
        (
            "La date de signature prévue nous semble courte pour une consultation publique. Où en est la procédure ?",
            ("expected_close_on", "notes"),
            "Procédure adaptée sous le seuil : attribution prévue en commission le mois prochain, date corrigée.",
        ),
    ),
    "de": (
        (
            "Bitte bestätigen Sie die Zahl der Geräte; laut Webseite hat der Kunde deutlich weniger Mitarbeiter.",
            ("nodes", "notes"),
            "Darin sind die Schichtrechner der Fertigung und die Notebooks des Vertriebs enthalten.",
        ),
        (
            "Uns fehlt ein Nachweis Ihrer Arbeit beim Kunden: Protokoll, Schriftverkehr oder Angebot.",
            ("evidence", "engagement"),
            "Das Protokoll des Termins liegt jetzt bei.",
        ),
        (
            "Wer entscheidet beim Kunden? Bitte einen Ansprechpartner mit Funktion nennen.",
            ("contact",),
            "Die IT-Leitung entscheidet, die Geschäftsführung unterschreibt. Kontakt ist ergänzt.",
        ),
    ),
    "en": (
        (
            "Please confirm the number of nodes: their web site speaks of a much smaller company.",
            ("nodes", "notes"),
            "The figure includes shared machines on the shop floor and the laptops of the sales force.",
        ),
        (
            "We miss something that shows your work with the customer: minutes, mail or quotation.",
            ("evidence", "engagement"),
            "The minutes of the meeting are attached, confirmed by the customer.",
        ),
        (
            "Who decides at the customer? Please name a contact with their function.",
            ("contact",),
            "The IT manager decides, the finance director signs. Contact completed.",
        ),
        (
            "The closing date looks early for a public tender. How far is the procedure?",
            ("expected_close_on", "notes"),
            "Below the threshold, so a simplified procedure: award next month. We corrected the date.",
        ),
    ),
}
PARTNER_COMMENTS = {
    "fr": (
        "Le client a confirmé le pilote pour lundi, nous vous tenons au courant.",
        "Petite précision : la durée retenue sera de 36 mois.",
        "Pouvez-vous prévoir un ingénieur avant-vente pour la démonstration du mois prochain ?",
        "Le comité de direction est décalé d'une semaine, rien de grave.",
        "Commande en cours de signature chez le client.",
    ),
    "de": (
        "Der Test startet am Montag, wir halten Sie auf dem Laufenden.",
        "Zur Ergänzung: Der Kunde will 36 Monate.",
        "Können Sie zur Vorführung jemanden aus der Vorverkaufsberatung schicken?",
        "Die Sitzung der Geschäftsführung ist um eine Woche verschoben.",
    ),
    "en": (
        "The customer confirmed the pilot for Monday, we keep you posted.",
        "A detail: the term will be 36 months.",
        "Could a pre-sales engineer join the demonstration next month?",
        "The board meeting moved by a week, nothing serious.",
        "The order is being signed on their side.",
    ),
}
REVIEWER_COMMENTS = {
    "fr": (
        "Bien reçu, dossier complet. Décision dans la journée.",
        "Pensez à joindre le bon de commande dès que vous l'avez.",
        "Un ingénieur avant-vente est disponible le jeudi : dites-nous si cela convient.",
    ),
    "de": (
        "Danke, vollständig. Entscheidung noch heute.",
        "Bitte legen Sie die Bestellung bei, sobald sie da ist.",
        "Vorverkaufsberatung ginge donnerstags: passt das?",
    ),
    "en": (
        "Thank you, complete. You will have our decision today.",
        "Please add the purchase order as soon as you have it.",
        "A pre-sales engineer is free on Thursdays: would that do?",
    ),
}
INTERNAL_COMMENTS = {
    "fr": (
        "Vu avec le commercial : client connu chez nous, aucune commande depuis plus d'un an.",
        "Volume à vérifier à la commande.",
        "Projet sérieux, j'ai eu le client au téléphone.",
    ),
    "de": (
        "Beim Kunden seit über einem Jahr keine Bestellung, also Neugeschäft.",
        "Menge bei der Bestellung prüfen.",
        "Ernsthaftes Vorhaben, habe mit dem Kunden telefoniert.",
    ),
    "en": (
        "No order from this customer for more than a year, so it is new business.",
        "Check the quantity when the order comes in.",
        "A serious project, I had the customer on the phone.",
    ),
}
REJECTIONS = {
    "fr": (
        ("not_new_business", "Le client a renouvelé la même gamme il y a cinq mois ; il ne s'agit pas d'une affaire nouvelle."),
        ("no_engagement", "Un seul appel téléphonique ne suffit pas. Enregistrez l'affaire après un premier rendez-vous documenté."),
        ("incomplete", "Aucun contact chez le client et un nombre de postes qui ne correspond pas à son effectif."),
        ("customer_objects", "Le client, joint ce matin, n'a connaissance d'aucun projet."),
        ("other", "Le marché public est déjà attribué, l'avis a paru la semaine dernière."),
    ),
    "de": (
        ("not_new_business", "Der Kunde hat dieselbe Produktgruppe vor fünf Monaten verlängert; das ist kein Neugeschäft."),
        ("no_engagement", "Ein Telefonat allein reicht nicht. Bitte nach einem dokumentierten Termin erneut registrieren."),
        ("incomplete", "Kein Ansprechpartner, und die Gerätezahl passt nicht zum Unternehmen."),
        ("customer_objects", "Der Kunde weiß auf Nachfrage nichts von einem Vorhaben."),
    ),
    "en": (
        ("not_new_business", "The customer renewed the same product group five months ago; this is not new business."),
        ("no_engagement", "One telephone call is not enough. Please register again after a documented meeting."),
        ("incomplete", "No contact at the customer, and the number of nodes does not fit the size of the company."),
        ("customer_objects", "The customer, asked this morning, knows of no project."),
        ("other", "The public contract has been awarded already, the notice appeared last week."),
    ),
}  # fmt: skip
WITHDRAWALS = {
    "fr": ("Le client reporte le projet à l'exercice suivant.", "Enregistrée par erreur avec la mauvaise gamme.", ""),
    "de": ("Der Kunde verschiebt das Projekt ins nächste Geschäftsjahr.", "Irrtümlich mit falscher Produktgruppe erfasst."),
    "en": ("The customer moves the project to the next financial year.", "Registered by mistake with the wrong product group.", ""),
}  # fmt: skip
LOSSES = {
    "fr": (
        ("price", "Écart de 18 % avec l'offre retenue."),
        ("competitor", "Le groupe impose la solution de sa maison mère."),
        ("project_stopped", "Projet gelé après le départ du DSI."),
        ("no_budget", "Budget réaffecté à la rénovation du réseau."),
        ("no_answer", "Cinq relances sans réponse depuis six semaines."),
    ),
    "de": (
        ("price", "Das gewählte Angebot lag 18 % darunter."),
        ("competitor", "Der Konzern gibt eine andere Lösung vor."),
        ("project_stopped", "Nach dem Weggang der IT-Leitung eingefroren."),
        ("function", "Verwaltung von Linux-Arbeitsplätzen war ausschlaggebend."),
    ),
    "en": (
        ("price", "The chosen offer was 18 % lower."),
        ("competitor", "The group's head office prescribes another product."),
        ("project_stopped", "Frozen after the IT manager left."),
        ("no_budget", "The budget went to the renewal of the network."),
        ("no_answer", "Five reminders without an answer in six weeks."),
    ),
}
REVOCATIONS = {
    "fr": (
        ("customer_choice", "Le client nous a écrit qu'il travaille désormais avec un autre intégrateur ; lettre du directeur jointe au dossier."),
        ("untrue_statement", "Le compte rendu joint à l'enregistrement n'est pas reconnu par le client, qui l'a confirmé par écrit."),
    ),
    "de": (
        ("customer_choice", "Der Kunde hat schriftlich einen anderen Dienstleister gewählt; sein Schreiben liegt vor."),
        ("untrue_statement", "Das beigefügte Protokoll erkennt der Kunde nicht an; er hat das schriftlich bestätigt."),
    ),
    "en": (
        ("customer_choice", "The customer has chosen another supplier in writing; the letter is on file."),
        ("untrue_statement", "The customer does not recognise the minutes that were attached, and said so in writing."),
    ),
}  # fmt: skip
# What the partner says to it (rule E13).
STATEMENTS = {
    "fr": "Nous regrettons cette situation. Nos échanges avec le client étaient réels, mais nous respectons sa position.",
    "de": "Wir bedauern das. Unsere Gespräche mit dem Kunden gab es, aber wir achten seine Entscheidung.",
    "en": "We regret this. Our talks with the customer did take place, but we respect its position.",
}
# An appeal: the partner's grounds, why it fails, why it succeeds, and why the second look refuses all the same.
APPEALS = {
    "fr": (
        "Nous avons mené trois réunions avec la DSI du client ; les comptes rendus étaient joints à l'enregistrement.",
        "Les pièces ont été relues : elles datent d'un projet précédent et ne montrent pas de travail sur celui-ci.",
        "Les comptes rendus montrent bien un travail suivi ; ils n'avaient pas été pris en compte.",
        "Après un nouvel examen, le client confirme que le projet est abandonné.",
    ),
    "de": (
        "Wir hatten drei Termine mit der IT-Leitung; die Protokolle lagen der Registrierung bei.",
        "Die Unterlagen wurden erneut gelesen: Sie stammen aus einem früheren Vorhaben.",
        "Die Protokolle belegen die Arbeit am Vorhaben; sie waren nicht berücksichtigt worden.",
        "Nach erneuter Prüfung hat der Kunde das Vorhaben eingestellt.",
    ),
    "en": (
        "We held three meetings with the customer's IT; the minutes were attached to the registration.",
        "The documents have been read again: they belong to an earlier project and show no work on this one.",
        "The minutes do show continuous work; they had not been taken into account.",
        "On a second look the customer confirms that the project has been given up.",
    ),
}
# A discount for the end customer: why it is asked for, why it is granted, why it is refused.
DISCOUNTS = {
    "fr": (
        "Le budget du client a été réduit d'un dixième ; il compare avec un autre éditeur.",
        "Accordé au vu de la taille du parc et de la durée d'engagement.",
        "Le niveau de prix est déjà celui de la région pour ce volume.",
    ),
    "de": (
        "Das Budget des Kunden wurde um ein Zehntel gekürzt; er vergleicht mit einem anderen Hersteller.",
        "Gewährt angesichts der Größe und der Laufzeit.",
        "Das Preisniveau entspricht bereits dem der Region für diese Menge.",
    ),
    "en": (
        "The customer's budget was cut by a tenth, and it compares us with another manufacturer.",
        "Granted in view of the number of nodes and of the term.",
        "The price is already that of the region for this volume.",
    ),
}
# What a distributor writes of an order that it does not find, and a partner of a deal that has grown.
DISPUTES = {
    "fr": "Nous ne trouvons aucune commande de ce numéro à cette date. S'agit-il de celle du lendemain ?",
    "de": "Eine Bestellung mit dieser Nummer finden wir an diesem Tag nicht. Ist die vom Folgetag gemeint?",
    "en": "We find no order of this number on that day. Do you mean the one of the day after?",
}
GROWTH = {
    "fr": "Le client ajoute son deuxième site au projet.",
    "de": "Der Kunde nimmt seinen zweiten Standort in das Projekt auf.",
    "en": "The customer adds its second site to the project.",
}
# What a channel manager writes when settling a conflict: the reason for the record, the message to the partner.
PROGRESS = {
    "fr": "Démonstration devant la DSI ; le comité d'investissement a reporté sa séance au mois prochain.",
    "de": "Vorführung bei der IT-Leitung; der Investitionsausschuss hat seine Sitzung auf nächsten Monat verlegt.",
    "en": "Demonstration to the IT management; the investment committee has moved its meeting to next month.",
}

SETTLEMENTS = {
    "earlier_stands": (
        "Same project, same contact at the customer; the earlier registration shows a meeting three weeks before.",
        {
            "fr": "Cette opportunité ne peut pas être enregistrée. Merci de votre démarche ; d'autres gammes restent ouvertes chez ce client.",
            "de": "Dieses Vorhaben kann nicht registriert werden. Andere Produktgruppen bleiben bei diesem Kunden möglich.",
            "en": "This opportunity cannot be registered. Other product groups remain open with this customer.",
        },
    ),
    "different": ("Two sites of one group, each with a budget and a decision of its own.", {}),
    "later_prevails": (
        "The customer confirmed in writing that the project was designed with the later registrant alone.",
        {
            "fr": "Après échange écrit avec le client, la protection ne peut pas être maintenue pour ce projet.",
            "de": "Nach schriftlicher Auskunft des Kunden kann der Schutz für dieses Vorhaben nicht bestehen bleiben.",
            "en": "After written word from the customer the protection cannot be kept for this project.",
        },
    ),
}
CONTACT_ROLES = {
    "fr": ("DSI", "Responsable informatique", "Directrice administrative", "RSSI", "Acheteur informatique"),
    "de": ("IT-Leitung", "Leiter Infrastruktur", "Geschäftsführung", "Informationssicherheit", "Einkauf"),
    "en": (
        "IT manager",
        "Head of infrastructure",
        "Finance director",
        "Information security officer",
        "Buyer",
    ),
}
NOTES = {
    "fr": (
        "Interlocuteur disponible le matin.",
        "Le client souhaite une facture unique pour ses deux sites.",
        "",
    ),
    "de": ("Rechnung bitte erst im neuen Jahr.", "Ansprechpartner nur vormittags erreichbar.", ""),
    "en": ("The customer wants one invoice for both sites.", "Contact is best reached in the morning.", ""),
}


def engagement(
    rng: random.Random,
    language: str,
    group: str,
    *,
    customer: str,
    city: str,
    contact: str,
    nodes: int,
    day: str,
) -> str:
    """Three sentences on the work done so far with a customer."""
    kind = _KIND_OF_GROUP.get(group, "endpoint")
    facts = {"customer": customer, "city": city, "contact": contact, "nodes": nodes, "day": day}
    parts = (
        rng.choice(_OPENINGS[language]),
        rng.choice(_FINDINGS[kind][language]),
        rng.choice(_NEXT[language]),
    )
    return " ".join(part.format(**facts) for part in parts)
