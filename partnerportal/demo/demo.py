"""Demo data: two fictitious agencies with their members, customers, projects and reviews."""

from dataclasses import dataclass

#: Password of every demo account.
PASSWORD = "partner-demo"  # noqa: S105  # public; the settings restrict the demo to local use


@dataclass(frozen=True)
class DemoAgency:
    """Demo agency with its members (e-mail, name, role) and public profile."""

    name: str
    slug: str
    tagline: str
    description: str
    city: str
    website: str
    founded: int
    team_size: str
    #: English and German names.
    services: tuple[tuple[str, str], ...]
    #: Code, English and German name.
    languages: tuple[tuple[str, str, str], ...]
    contact_name: str
    contact_email: str
    people: tuple[tuple[str, str, str], ...]


NORDLICHT = DemoAgency(
    name="Nordlicht Webstudio",
    slug="nordlicht",
    tagline="Websites that load before the coffee is ready.",
    description=(
        "We’re a team of nine in Hamburg. We design, build and maintain websites for small and medium-sized businesses.\n\n"
        "Most of our work is online shops and company websites that need to be fast, easy to edit and a pleasure to read. "
        "You talk directly to the people who do the work, and you get a fixed price before we start.\n\n"
        "After the launch, we’re still there: with updates, backups, small changes and a phone number that someone answers."
    ),
    city="Hamburg",
    website="https://nordlicht.example",
    founded=2011,
    team_size="6-10",
    services=(
        ("Web design", "Webdesign"),
        ("Web development", "Webentwicklung"),
        ("Online shops", "Onlineshops"),
        ("Branding", "Markenauftritt"),
        ("Hosting and care", "Hosting und Pflege"),
    ),
    languages=(("de", "German", "Deutsch"), ("en", "English", "Englisch")),
    contact_name="Anna Petersen",
    contact_email="hallo@nordlicht.example",
    people=(
        ("anna@nordlicht.example", "Anna Petersen", "owner"),
        ("mia@nordlicht.example", "Mia Schröder", "manager"),
        ("ben@nordlicht.example", "Ben Yilmaz", "staff"),
    ),
)
SUEDWIND = DemoAgency(
    name="Südwind Digital",
    slug="suedwind",
    tagline="Brands, shops and campaigns from the Allgäu.",
    description=(
        "Südwind is a team of four for down-to-earth brands: breweries, hotels and craft businesses.\n\n"
        "We design your logo, photograph your products and bring both to the web."
    ),
    city="Kempten",
    website="https://suedwind.example",
    founded=2019,
    team_size="2-5",
    services=(("Branding", "Markenauftritt"), ("Online shops", "Onlineshops"), ("Photography and video", "Foto und Video")),
    languages=(("de", "German", "Deutsch"), ("it", "Italian", "Italienisch")),
    contact_name="Clara Fink",
    contact_email="servus@suedwind.example",
    people=(("clara@suedwind.example", "Clara Fink", "owner"),),
)

ADMIN = ("admin@portal.example", "Portal Admin")
CLIENT = ("kim@client.example", "Kim Paulsen")

#: Company (empty for persons), salutation, first name, last name, e-mail, phone, street, ZIP, city, country, language.
NORDLICHT_CUSTOMERS = (
    ("Müllerei Größe GmbH", "ms", "Ute", "Größe", "ute.groesse@muellerei.example", "+49 3581 4410", "Mühlweg 3", "02826", "Görlitz", "DE", "de"),
    ("", "ms", "Lea", "Brandt", "lea@brandt.example", "+49 221 5550148", "Neusser Straße 88", "50670", "Köln", "DE", "de"),
    ("Ott & Sohn Dachdecker", "mr", "Jakob", "Ott", "buero@ott-dach.example", "+49 4131 77120", "Salzstraße 12", "21335", "Lüneburg", "DE", "de"),
    ("Café Kaland", "mx", "Noa", "Kaland", "hallo@kaland.example", "+49 40 3344556", "Bernstorffstraße 7", "22767", "Hamburg", "DE", "de"),
    ("Brewster & Lane Ltd", "mr", "Tom", "Brewster", "tom@brewsterlane.example", "+44 20 7946 0123", "14 Mill Row", "SE1 2AB", "London", "GB", "en"),
    ("Zahnarztpraxis Dr. Amari", "ms", "Salma", "Amari", "praxis@amari.example", "+49 40 889911", "Osterstraße 61", "20259", "Hamburg", "DE", "de"),
    ("", "mr", "Henrik", "Voss", "henrik.voss@voss.example", "+49 431 220033", "Holtenauer Straße 140", "24105", "Kiel", "DE", "de"),
    ("Hofladen Wilkens", "ms", "Frauke", "Wilkens", "moin@hofladen-wilkens.example", "+49 4171 60720", "Deichstraße 2", "21423", "Winsen", "DE", "de"),
    ("Atelier Lindqvist AB", "ms", "Elsa", "Lindqvist", "elsa@lindqvist.example", "+46 8 5550 1234", "Hornsgatan 20", "118 20", "Stockholm", "SE", "en"),
    ("Fahrrad Kontor", "mr", "Deniz", "Aydin", "werkstatt@fahrradkontor.example", "+49 421 345670", "Am Dobben 44", "28203", "Bremen", "DE", "de"),
    ("Steuerbüro Hansen & Partner", "mr", "Ole", "Hansen", "kanzlei@hansen-partner.example", "+49 461 90900", "Große Straße 1", "24937", "Flensburg", "DE", "de"),
    ("", "ms", "Grace", "Okafor", "grace@okafor.example", "+49 30 55501234", "Oranienstraße 9", "10999", "Berlin", "DE", "en"),
    ("Seebad Hotel Dünenhaus", "ms", "Wiebke", "Claasen", "rezeption@duenenhaus.example", "+49 4651 8800", "Strandstraße 30", "25980", "Sylt", "DE", "de"),
    ("Werft Thomsen", "mr", "Lars", "Thomsen", "info@werft-thomsen.example", "+49 4841 7020", "Hafenstraße 5", "25813", "Husum", "DE", "de"),
    ("Yogaraum Altona", "ms", "Priya", "Nair", "priya@yogaraum.example", "+49 40 121212", "Große Bergstraße 19", "22767", "Hamburg", "DE", "en"),
    ("Bäckerei Petersen", "mr", "Karl", "Petersen", "backstube@petersen.example", "+49 4621 3300", "Stadtweg 50", "24837", "Schleswig", "DE", "de"),
    ("", "mr", "Matteo", "Ricci", "matteo@ricci.example", "+39 02 5550 1122", "Via Savona 18", "20144", "Milano", "IT", "en"),
    ("Kinderbuchladen Pusteblume", "ms", "Julia", "Krüger", "laden@pusteblume.example", "+49 40 454545", "Eppendorfer Weg 171", "20253", "Hamburg", "DE", "de"),
    ("Tischlerei Nordholz", "mr", "Sven", "Nordholz", "sven@nordholz.example", "+49 4762 1010", "Industriestraße 8", "27432", "Bremervörde", "DE", "de"),
    ("Verein Elbufer e. V.", "ms", "Ines", "Rahn", "vorstand@elbufer.example", "", "Övelgönne 12", "22605", "Hamburg", "DE", "de"),
    ("", "ms", "Anja", "Möller-Sørensen", "", "+49 4631 4040", "Nordstraße 3", "24960", "Glücksburg", "DE", "de"),
    ("Optik Schönblick", "mr", "Emil", "Kraft", "service@schoenblick.example", "+49 451 70707", "Breite Straße 27", "23552", "Lübeck", "DE", "de"),
    ("Green Harbour Foods", "ms", "Aoife", "Byrne", "aoife@greenharbour.example", "+353 1 555 0199", "3 Custom House Quay", "D01", "Dublin", "IE", "en"),
    ("Physio am Markt", "mr", "Jonas", "Wulf", "termin@physio-am-markt.example", "+49 4121 2626", "Alter Markt 4", "25335", "Elmshorn", "DE", "de"),
    ("Druckerei Lettern", "mx", "Robin", "Lettow", "satz@lettern.example", "+49 40 787878", "Bahrenfelder Steindamm 66", "22761", "Hamburg", "DE", "de"),
    ("Weinhandlung Rebhuhn", "mr", "Paul", "Rebhuhn", "keller@rebhuhn.example", "+49 511 161616", "Limmerstraße 40", "30451", "Hannover", "DE", "de"),
    ("Musikschule Forte", "ms", "Sofia", "Marek", "buero@forte.example", "+49 4101 5050", "Rübekamp 11", "25421", "Pinneberg", "DE", "de"),
    # A possible duplicate of Café Kaland.
    ("", "mx", "Noa", "Kaland", "noa.kaland@post.example", "040 334 45 56", "", "", "Hamburg", "DE", "de"),
)  # fmt: skip
#: Tags with their colors and the positions of their customers.
NORDLICHT_TAGS = (
    ("Maintenance", "teal", (0, 2, 3, 5, 7, 9, 10, 12, 15, 19, 21, 24)),
    ("Shop", "violet", (3, 7, 9, 14, 18, 21, 24)),
    ("Key account", "orange", (0, 12, 21)),
    ("Referral", "blue", (4, 8, 11, 16)),
    ("Pro bono", "pink", (19,)),
)
#: Custom fields with their kinds and choices, and values by the position of the customer.
NORDLICHT_FIELDS: tuple[tuple[str, str, tuple[str, ...], dict[int, str]], ...] = (
    ("Hosting", "choice", ("Basic", "Business", "Premium"), {0: "Premium", 2: "Basic", 3: "Business", 5: "Basic", 7: "Business", 12: "Premium", 21: "Premium", 24: "Business"}),
    ("Customer since", "date", (), {0: "2014-03-01", 1: "2023-09-15", 2: "2019-05-20", 3: "2021-01-11", 4: "2022-06-30", 12: "2017-10-02", 21: "2020-02-17"}),
)  # fmt: skip
SUEDWIND_CUSTOMERS = (
    ("Brauerei Bergquell", "mr", "Alois", "Huber", "alois@bergquell.example", "+49 831 2020", "Quellweg 1", "87435", "Kempten", "DE", "de"),
    ("Hotel Sonnenalp Hof", "ms", "Vroni", "Eberle", "hof@sonnenalp.example", "+49 8326 300", "Dorfstraße 9", "87538", "Fischen", "DE", "de"),
    ("", "mr", "Xaver", "Lang", "xaver@lang.example", "+49 8321 4455", "Am Alten Bahnhof 3", "87527", "Sonthofen", "DE", "de"),
)  # fmt: skip

#: Position of the customer, title, status, days until due (None: no date).
PROJECTS = (
    (0, "Shop relaunch", "done", None),
    (0, "Flour calculator", "active", 9),
    (1, "Portfolio website", "done", None),
    (2, "Website with appointment booking", "active", 4),
    (3, "Menu and opening hours online", "done", None),
    (4, "Brand and website", "done", None),
    (4, "Spring campaign", "planned", 60),
    (5, "Online appointments", "done", None),
    (7, "Vegetable box shop", "active", -2),
    (8, "Online gallery", "done", None),
    (9, "Bike configurator", "active", 13),
    (12, "Booking pages in three languages", "done", None),
    (14, "Course calendar", "done", None),
    (17, "Bookshop with sample chapters", "planned", 30),
)

#: Position of the customer, title of the project (empty: the company), four ratings, text, author, age in days.
REVIEWS = (
    (9, "", (5, 5, 5, 4), "They know what a workshop needs and get straight to the point. Whenever I call, someone picks up.", "Deniz Aydin", 412),
    (5, "Online appointments", (5, 5, 4, 5), "Our patients now book online in the evening instead of calling in the morning.", "Dr. Salma Amari", 371),
    (3, "Menu and opening hours online", (5, 4, 5, 5), "", "Noa K.", 338),
    (8, "Online gallery", (5, 5, 5, 4), "Calm, precise, beautiful. They asked better questions than I had answers for, and the site shows it.", "Elsa Lindqvist", 290),
    (6, "", (4, 4, 2, 4), "Good work, but we waited five weeks for the first draft. Once things got going, it went well.", "H. Voss", 247),
    (4, "Brand and website", (5, 5, 4, 4), "From the first sketch to the launch in eleven weeks, as promised. Our sales team finally sends people to the website.", "Tom Brewster", 201),
    (12, "Booking pages in three languages", (5, 5, 5, 5), "Die Buchungen über die eigene Seite haben sich verdoppelt. Auch in der Hauptsaison war immer jemand für uns da.", "Wiebke Claasen", 155),
    (14, "Course calendar", (5, 5, 4, 5), "My students now book for themselves, and I teach instead of answering e-mails.", "Priya N.", 118),
    (1, "Portfolio website", (5, 4, 5, 4), "Schnell, unkompliziert, und das Ergebnis sieht genau nach mir aus.", "Lea Brandt", 77),
    (10, "", (3, 4, 4, 3), "Solide Arbeit. Die Rechnung fiel etwas höher aus als das Angebot, aus guten Gründen, aber davon hätte ich gern früher erfahren.", "Ole Hansen", 41),
    (0, "Shop relaunch", (5, 5, 4, 5), "Unser Shop lädt jetzt, bevor man „Weizenmehl Type 550“ gesagt hat. Die Umstellung lief über ein Wochenende, am Montag haben wir verkauft.", "Ute Größe", 12),
    (18, "", (1, 2, 1, 1), "No one needs an agency. My nephew does the same for half the price: see nephew-webdesign.example!", "S. N.", 5),
    (15, "", (5, 5, 5, 5), "Moin, alles bestens.", "Karl Petersen", 2),
)  # fmt: skip
#: Days between request and review, in turn.
REQUESTED_BEFORE = (4, 1, 0, 9, 2, 6, 0)
#: Reviews that are pinned, commented on, hidden and reported, and draft comments, by the position of their customer.
PINNED = (12, 0)
COMMENTS = (
    (10, "Vielen Dank, Herr Hansen. Sie haben recht: Wir sagen jetzt Bescheid, bevor ein Angebot überschritten wird, nicht erst danach."),
    (12, "Vielen Dank, Frau Claasen! Wir freuen uns auf die nächste Saison mit Ihnen."),
)
DRAFTS = ((1, "Vielen Dank, Frau Brandt! Ihre Bilder haben es uns leicht gemacht. Bis bald, spätestens zur neuen Serie."),)
HIDDEN = ((6, "outdated"),)
REPORTED = (
    (
        18,
        "advertising",
        "This is an advertisement for another web designer. We never worked on a website for this customer, only on a logo.",
    ),
)

#: Position of the customer, title of the project, sent by e-mail.
OPEN_REQUESTS = ((2, "", True), (13, "", False), (7, "", True))

#: Position of the customer, title, days until due, assignee, priority (1 high to 3 low), done.
TASKS = (
    (0, "Send the new price list for the flour calculator", 1, "ben@nordlicht.example", 1, False),
    (0, "Check the shop backup", -3, "ben@nordlicht.example", 2, False),
    (0, "Invoice for the relaunch", -20, "anna@nordlicht.example", 2, True),
    (2, "Team photos", 4, "mia@nordlicht.example", 2, False),
    (4, "Call about the spring campaign", 0, "anna@nordlicht.example", 1, False),
    (7, "Request product texts", -1, "mia@nordlicht.example", 1, False),
    (9, "Draft saddle page", 6, "ben@nordlicht.example", 2, False),
    (12, "Renew the certificate of the booking page", 12, "", 3, False),
    (17, "Quote for the sample chapters", 9, "anna@nordlicht.example", 2, False),
)
#: Position of the customer, salutation, first and last name, role, e-mail, phone.
CONTACTS = (
    (0, "mr", "Henning", "Größe", "technical", "henning@muellerei.example", "+49 3581 4412"),
    (0, "", "", "Buchhaltung", "billing", "rechnung@muellerei.example", ""),
    (2, "ms", "Petra", "Ott", "decision", "", "+49 171 5550123"),
)
#: Position of the customer, domain name, registrar, days until expiry, renews automatically.
DOMAINS = (
    (0, "müllerei.example", "INWX", 12, False),
    (0, "mehl-online.example", "INWX", 220, True),
    (2, "ott-dach.example", "IONOS", 25, False),
    (3, "kaland.example", "IONOS", 140, True),
    (4, "brewsterlane.example", "Gandi", 300, True),
    (9, "fahrradkontor.example", "IONOS", -4, False),
    (12, "duenenhaus.example", "united-domains", 88, True),
    (12, "dünenhaus.example", "united-domains", 88, True),
)
#: Position of the customer, number, product, price, interval, days until the end, notice period in months.
CONTRACTS = (
    (0, "V-2025-014", "Hosting and maintenance", 89, "month", 45, 1),
    (3, "V-2024-003", "Hosting", 19, "month", 20, 1),
    (4, "V-2026-031", "Brand management", 450, "quarter", 300, 3),
    (9, "V-2025-021", "Security updates", 1200, "two_years", 75, 1),
    (12, "V-2023-008", "Maintenance, hosting, three languages", 2400, "year", 160, 3),
)
#: Position of the customer, author, text.
NOTES = (
    (0, "ben@nordlicht.example", "Frau Größe is at the mill until noon. Best time to call: after 2 p.m."),
    (4, "anna@nordlicht.example", "Tom wants to meet in Hamburg in March. The campaign budget hasn’t been decided yet."),
    (12, "mia@nordlicht.example", "Peak season is June to September: no releases on Fridays."),
)  # fmt: skip

#: Name, company, e-mail, phone, language, message, age in hours.
NORDLICHT_REQUESTS = (
    ("Tamara Behn", "Imkerei Behn", "tamara@imkerei-behn.example", "+49 4188 7070", "de", "Moin, wir verkaufen unseren Honig bisher nur am Hof und auf zwei Märkten und möchten einen kleinen Shop: etwa zwölf Sorten, Versand in ganz Deutschland, Abholung am Hof.\n\nGeht das bis Ende September, und was würde es ungefähr kosten?", 3),
    ("Oliver Stone", "", "oliver.stone@stonework.example", "", "en", "Hello, I’m a sculptor, and I’m moving to Hamburg next spring. My website is twelve years old and doesn’t work on phones. I’d love something calm with large pictures. Do you take on small projects like this?", 9),
    ("Wiebke Claasen", "Seebad Hotel Dünenhaus", "w.claasen@duenenhaus.example", "+49 4651 8800", "de", "Liebes Nordlicht-Team, für die Wintersaison möchten wir Gutscheine über die Website verkaufen. Können wir nächste Woche kurz telefonieren?", 26),
    ("Dr. Jens Albers", "Tierarztpraxis Albers", "praxis@albers-vet.example", "+49 4131 60606", "de", "Wir suchen jemanden, der unsere Website übernimmt (WordPress, etwa 20 Seiten) und sich um Updates und Backups kümmert. Bisher hat das mein Neffe gemacht, der jetzt studiert.", 74),
    ("Elsa Lindqvist", "Atelier Lindqvist AB", "elsa@lindqvist.example", "+46 8 5550 1234", "en", "Hej! The gallery is wonderful. We now need a booking form for studio visits. Same budget as last time?", 190),
    ("Karsten Pohl", "", "k.pohl@post.example", "", "de", "Bieten Sie auch Visitenkarten und Flyer an? Ich brauche beides bis Freitag.", 400),
    ("SEO Experts Team", "Rank #1 Agency", "offers@rank-one-now.example", "", "en", "Dear website owner, we can bring you to page 1 of Google in 14 days GUARANTEED. Reply for a free audit!!!", 120),
    ("Hanna Ruge", "Kita Wurzelkinder", "leitung@wurzelkinder.example", "+49 40 5550177", "de", "Guten Tag, betreuen Sie auch Websites, die in einem Baukasten entstanden sind? Unsere läuft seit fünf Jahren bei einem Anbieter, der bald schließt.", 610),
    ("Mark Oyelaran", "Oyelaran Architects", "studio@oyelaran.example", "+44 20 5550 119", "en", "Hi, we’re looking for a portfolio website in English and German, to launch in about a year. Is it too early to talk?", 980),
    ("Deniz Aydin", "Fahrrad Kontor", "werkstatt@fahrradkontor.example", "+49 421 345670", "de", "Moin, unsere Kunden sollen Reparaturtermine künftig online buchen können. Geht das mit unserer jetzigen Website, und was kostet es etwa?", 31),
    ("Lea Brandt", "", "lea@brandt.example", "+49 221 5550148", "de", "Nur zur Info: Die neue Seite läuft wunderbar, vielen Dank! Sie brauchen nicht zu antworten.", 52),
)  # fmt: skip
SUEDWIND_REQUESTS = (
    ("Leni Reiter", "Sennerei Reiter", "leni@sennerei-reiter.example", "+49 8321 9090", "de", "Grüß Gott, für unsere Käserei brauchen wir neue Etiketten und eine Website dazu. Habt ihr im Herbst noch Luft?", 30),
)  # fmt: skip

#: Position of the request, action, member, text or position of the customer.
REQUEST_STEPS = (
    (2, "take", "mia@nordlicht.example", None),
    (2, "note", "mia@nordlicht.example", "Same hotel as K-1013, but she’s writing from a new address. Check with Anna before assigning."),
    (3, "reply", "ben@nordlicht.example", "Hallo Herr Dr. Albers,\n\ndas machen wir gern. Für 20 Seiten sind es 89 Euro im Monat, Updates und Backups inbegriffen. Passt Ihnen ein Telefonat am Donnerstag um 13 Uhr?\n\nViele Grüße\nBen Yilmaz"),
    (3, "note", "anna@nordlicht.example", "Ask the old hosting provider for a backup first. Last time, that took two weeks."),
    (4, "reply", "anna@nordlicht.example", "Hej Elsa,\n\nLovely idea, and yes, the same budget will do. I’ll send you a sketch on Monday.\n\nBest,\nAnna"),
    (4, "assign", "anna@nordlicht.example", 8),
    (5, "reply", "mia@nordlicht.example", "Hallo Herr Pohl,\n\nDruck bieten wir leider nicht an. Die Druckerei Lettern in Bahrenfeld ist schnell und gut.\n\nViele Grüße\nMia Schröder"),
    (5, "close", "mia@nordlicht.example", None),
    (6, "spam", "ben@nordlicht.example", None),
    (7, "reply", "ben@nordlicht.example", "Hallo Frau Ruge,\n\nBaukästen betreuen wir nicht, aber den Umzug zu einem Anbieter, der bleibt, übernimmt Kita-Netz in Altona sehr gern und günstig.\n\nViele Grüße\nBen Yilmaz"),
    (7, "close", "ben@nordlicht.example", None),
    (8, "reply", "anna@nordlicht.example", "Hello Mark,\n\nNot at all, but we only plan half a year ahead. Please write again in spring, and we’ll find a date.\n\nBest,\nAnna"),
    (8, "close", "anna@nordlicht.example", None),
    (9, "assign", "ben@nordlicht.example", 9),
    (10, "assign", "mia@nordlicht.example", 1),
    (10, "no_reply", "mia@nordlicht.example", None),
)  # fmt: skip
#: Saved replies: language, title, text.
SAVED_REPLIES = (
    ("de", "Danke, wir melden uns", "Guten Tag {Anrede},\n\nvielen Dank für Ihre Nachricht[ und das Interesse von {Firma}]. Wir sehen uns alles in Ruhe an und melden uns innerhalb von zwei Werktagen.\n\nViele Grüße\n{Mein Name}\n{Agentur}"),
    ("de", "Termin zum Kennenlernen", "Guten Tag {Anrede},\n\ngern lernen wir Sie kennen. Am besten geht das in einem Telefonat von 20 Minuten: Passt es Ihnen am Dienstag oder Donnerstag zwischen 10 und 12 Uhr?\n\n[Einige unserer Arbeiten finden Sie hier: {Profil-Link}]\n\nViele Grüße\n{Mein Name}"),
    ("de", "Absage: ausgebucht", "Guten Tag {Anrede},\n\nvielen Dank, dass Sie an uns gedacht haben. Leider sind wir bis zum Frühjahr ausgebucht. Fragen Sie uns danach gern noch einmal.\n\nViele Grüße\n{Mein Name}"),
    ("en", "Thanks, we’ll be in touch", "Hello {first name},\n\nThank you for your message[ and for considering us for {company}]. We’ll take a close look and reply within two working days.\n\nBest,\n{my name}\n{agency}"),
    ("en", "Suggest a call", "Hello {first name},\n\nThe easiest next step is a call of 20 minutes. Would Tuesday or Thursday between 10 a.m. and noon work for you?\n\n[You can see some of our work here: {profile link}]\n\nBest,\n{my name}"),
)  # fmt: skip
#: Pending invitations: e-mail, name, company, phone, street, ZIP, city, areas (none: full access), domains, message,
#: age in hours.
INVITATIONS = (
    ("jakob@ott-dach.example", "Jakob Ott", "Ott & Sohn", "+49 4131 77120", "Salzstraße 12", "21335", "Lüneburg", ("domains", "hosting"), ("ott-dach.example", "dachdecker-ott.example"), "Sie hatten nach den Zugangsdaten für unseren alten Anbieter gefragt. Ist das so der richtige Weg?", 26),
    ("lea@brandt-ag.example", "Lea Brandt", "Lea Brandt AG", "+49 221 5550148", "Neusser Straße 88", "50670", "Köln", (), ("brandt-ag.example",), "Wir sind jetzt eine Firma. Bitte übernehmen Sie alles, wie am Telefon besprochen.", 2),
)  # fmt: skip
#: Connected access: position of the customer, e-mail, name, areas, revoked.
ACCESS = (
    (11, "kim@client.example", "Kim Paulsen", (), False),
    (11, "joy@client.example", "Joy Adeyemi", ("hosting", "support"), False),
    (14, "priya@yogaraum.example", "Priya Nair", ("email", "support"), True),
)
#: Position of the customer, areas, message.
ACCESS_REQUESTS = ((0, ("domains", "email"), "Um Ihre Postfächer umzuziehen, brauchen wir Zugriff auf die Einstellungen Ihrer Domain."),)
#: Saved views: member, list, name, query string, shared, pinned.
VIEWS = (
    ("anna@nordlicht.example", "customers", "Hamburg", "city=Hamburg", True, True),
    ("anna@nordlicht.example", "customers", "With open tasks", "open_tasks=on&sort=name", False, True),
    ("mia@nordlicht.example", "customers", "Private customers", "kind=person", True, False),
    ("anna@nordlicht.example", "tasks", "My week", "whose=mine&when=week", False, True),
    ("ben@nordlicht.example", "requests", "My open requests", "whose=mine&state=open", True, True),
)
