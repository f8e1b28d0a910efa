"""The two banks of questions of the demonstration: each with its answers and the places of the right ones."""

QuestionFacts = tuple[str, tuple[str, ...], tuple[int, ...]]

ENDPOINT_QUESTIONS: tuple[QuestionFacts, ...] = (
    (
        "What does an administration server mainly give to the administrator of a network?",
        (
            "One place for policies, tasks and reports of all protected devices",
            "A faster connection to the internet",
            "A copy of every document on the workstations",
            "A replacement for the directory service",
        ),
        (0,),
    ),
    (
        "A policy and a local setting contradict each other, and the setting is locked in the policy. "
        "Which one is in force?",
        ("The policy", "The local setting", "Whichever was changed last", "Neither"),
        (0,),
    ),
    (
        "Which of these reduce the attack surface before any malware runs?",
        (
            "Installing patches without delay",
            "Application control by a list of what is allowed",
            "Keeping quarantine for thirty days",
            "Sending reports by e-mail",
        ),
        (0, 1),
    ),
    (
        "What is the purpose of a system watcher with roll-back?",
        (
            "To undo what a malicious program has changed before it was recognised",
            "To restore the operating system from an image every night",
            "To bring back files that a user has deleted",
            "To return licences that are not used",
        ),
        (0,),
    ),
    (
        "Why is heuristic analysis used beside signatures?",
        (
            "It can recognise malware for which there is no signature yet",
            "It needs no updates at all",
            "It never raises a false alarm",
            "It replaces the firewall",
        ),
        (0,),
    ),
    (
        "What should be done first before protection is rolled out to two thousand workstations?",
        (
            "A pilot on a small group that represents the whole",
            "Removal of all administrators' rights on the servers",
            "A full scan of every device over the network",
            "Switching the firewall off",
        ),
        (0,),
    ),
    (
        "Which device needs a network agent to be managed?",
        (
            "Every device that takes policies and tasks from the administration server",
            "Only servers",
            "Only laptops outside of the company",
            "None: the server reaches all by itself",
        ),
        (0,),
    ),
    (
        "What does disk encryption protect against?",
        (
            "Reading of the data when a device is lost or stolen",
            "Phishing by e-mail",
            "Malware in the session of a user who is signed in",
            "Failure of the disk",
        ),
        (0,),
    ),
    (
        "Which statements about ransomware are right?",
        (
            "Backups that can be reached from the infected device may be encrypted too",
            "Rights to shared folders decide how far it spreads",
            "Paying always brings the data back",
            "It attacks only servers",
        ),
        (0, 1),
    ),
    (
        "What is an update agent in a remote office for?",
        (
            "It fetches updates once and hands them on in the local network",
            "It writes signatures of its own",
            "It replaces the administration server for good",
            "It scans the mail of the head office",
        ),
        (0,),
    ),
    (
        "A trusted program is reported as malicious. What is the best first step?",
        (
            "Check the file's origin and reputation, then add a narrow exclusion if it is harmless",
            "Exclude the whole system disk",
            "Switch protection off on that device",
            "Ignore the report",
        ),
        (0,),
    ),
    (
        "Which task closes known holes in programs of other makers?",
        (
            "Installation of updates and fixing of vulnerabilities",
            "Quick scan",
            "Inventory of hardware",
            "Roll-back of updates",
        ),
        (0,),
    ),
)

SALES_QUESTIONS_FR: tuple[QuestionFacts, ...] = (
    (
        "Par quoi commence un entretien de vente en sécurité informatique ?",
        (
            "Par des questions sur l’activité du client et ce qu’un arrêt lui coûterait",
            "Par la liste des prix",
            "Par une démonstration de toutes les fonctions",
            "Par une remise",
        ),
        (0,),
    ),
    (
        "À quoi sert l’enregistrement d’une affaire ?",
        (
            "À protéger l’investissement du partenaire dans une nouvelle affaire",
            "À réserver des licences gratuites",
            "À changer de distributeur",
            "À facturer le client final",
        ),
        (0,),
    ),
    (
        "Quelle affaire peut être enregistrée ?",
        (
            "Une affaire nouvelle, qui n’est pas un simple renouvellement",
            "Tout renouvellement",
            "Une affaire déjà facturée",
            "L’affaire d’un autre partenaire",
        ),
        (0,),
    ),
    (
        "Un client a trois sites et aucun informaticien. Quels arguments comptent le plus pour lui ?",
        (
            "Une administration centrale et simple",
            "Un service assuré par le partenaire",
            "Le nombre de pages du manuel",
            "La couleur de la console",
        ),
        (0, 1),
    ),
    (
        "Que répondre à « Nous sommes trop petits pour intéresser des pirates » ?",
        (
            "Les attaques automatisées ne choisissent pas leurs victimes selon la taille",
            "C’est exact",
            "Seules les banques sont attaquées",
            "Il suffit de changer de mot de passe une fois par an",
        ),
        (0,),
    ),
    (
        "Qui fixe la remise accordée au partenaire, dans la limite du programme ?",
        ("Le distributeur", "Le client final", "Le partenaire lui-même", "Personne"),
        (0,),
    ),
    (
        "Quelle gamme convient à une petite structure sans serveur ?",
        (
            "Small Office Security",
            "Anti Targeted Attack Platform",
            "Industrial CyberSecurity",
            "Private Security Network",
        ),
        (0,),
    ),
    (
        "À quoi sert une preuve de concept ?",
        (
            "À montrer chez le client que la solution répond à ses critères, fixés d’avance",
            "À installer la solution sans contrat",
            "À former tous les utilisateurs",
            "À comparer des prix",
        ),
        (0,),
    ),
    (
        "Quand un client demande-t-il une protection contre les attaques ciblées ?",
        (
            "Quand il détient des données qui valent une attaque préparée pour lui seul",
            "Quand il n’a pas de pare-feu",
            "Quand il a moins de dix postes",
            "Quand il ne fait pas de sauvegardes",
        ),
        (0,),
    ),
    (
        "Quels interlocuteurs faut-il associer à une grande affaire ?",
        (
            "La direction des systèmes d’information",
            "Les achats ou la direction financière",
            "Le standard téléphonique",
            "Un concurrent",
        ),
        (0, 1),
    ),
    (
        "Que vaut un certificat de vendeur pour votre société ?",
        (
            "Il compte dans les conditions du niveau de partenariat, tant qu’il est valable",
            "Rien",
            "Une remise à vie",
            "Un territoire réservé",
        ),
        (0,),
    ),
    (
        "Le client compare un prix par poste. Que mettre en regard ?",
        (
            "Le coût d’une journée d’arrêt et de la remise en état",
            "Le prix de l’an passé d’un autre produit",
            "Le salaire de l’informaticien",
            "Rien : le prix le plus bas l’emporte toujours",
        ),
        (0,),
    ),
)
