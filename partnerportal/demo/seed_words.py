"""Words for the random data of `seed_scale`, most frequent first."""


def _each(text: str) -> list[str]:
    """Return the words of a text. An underscore in a word becomes a space."""
    return [word.replace("_", " ") for word in text.split()]


FIRST_NAMES = _each("""
    Anna Thomas Lea Michael Julia Andreas Sabine Stefan Petra Christian Laura Peter Monika Daniel Katharina Markus Lena Jan Nicole
    Alexander Claudia Martin Susanne Florian Birgit Sebastian Martina Tobias Andrea Matthias Stefanie Jens Melanie Frank Sandra Jörg
    Heike Uwe Ute Jürgen Karin Ralf Christine Bernd Anja Oliver Silke Marco Kerstin Sven Jana Benjamin Vanessa Felix Tanja Jonas
    Simone Lukas Sarah Leon Elif Mehmet Ayşe Mustafa Fatma Piotr Agnieszka Giulia Luca Ivana Björn Söhnke Götz Jörn Käthe Hélène
    François Zoë Anaïs Noël Priya Arjun Wei Mei Nguyen Olena Dmytro Noor Yusuf Amira Wiebke Heinke Fiete Swantje Korbinian Alois Vroni
    Reto Beat Urs Ruedi Theres
""")

SURNAMES = _each("""
    Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf Schröder Neumann
    Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Schmitt Werner Krause Meier Lehmann Schmid Schulze Maier Köhler Herrmann
    König Walter Mayer Huber Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung Hahn Schubert Vogel Friedrich Keller Günther Frank
    Berger Winkler Roth Beck Lorenz Baumann Franke Albrecht Schuster Simon Ludwig Böhm Winter Kraus Martin Schumacher Krämer Vogt
    Stein Jäger Otto Sommer Groß Seidel Heinrich Brandt Haas Schreiber Graf Schulte Dietrich Ziegler Kuhn Kühn Pohl Engel Horn Busch
    Bergmann Thomas Voigt Sauer Arnold Wolff Pfeiffer Yilmaz Kaya Demir Nowak Kowalski Rossi Ferrari Nguyen Öztürk Şahin Novák
    Petrović García Lindqvist Größe Süß Hänsel Blümel Dörfler Förster Geißler Höfer Jäckel Löffler Mönch Nölle Plöger Rösler Stöcker
    Täuber Übelacker Völkel Wünsch Zöllner Hürlimann Zürcher Bürgi Brönnimann
""")

#: First and second halves of rare surnames.
SURNAME_BEGINNINGS = _each("""
    Stein Wald Berg Linden Eichen Buchen Ober Unter Nieder Hinter Kirch Brunn Mühl Neu Alt Hohen Tiefen Lauter Rosen Birken Erlen
    Hasel Apfel Kron Silber Gold Eisen Kupfer Salz Sand Moor Wiesen Feld Acker Heide Schön Klein Groß Lang Breit Schwarz Weiß Rot Grün
    Blau Winter Sommer Oster Pfingst Königs Herzogs Grafen Ritter Bischofs Klos Mönch Falken Adler Raben Sperber Hirsch Reh Hasen
    Fuchs Wolfs Bären Otter Biber Rüben Kohl Weizen Hafer Gersten Lein Hopfen Reben Trauben Kirsch Nuss Zwetschgen
""")
SURNAME_ENDS = _each("""
    mann meier müller bauer huber hofer bach berger brunner brückner becker bacher burger dorfer egger eder felder feldt gruber graber
    häuser heimer hagen hausen holzer kamp kamper kötter lehner leitner loher moser maier mayr ner öder ofen pichler reiter riedl
    rieder roth sattler schmied stätter steiner stetter städter strasser thaler walder wieser winkler ziegler zeller
""")

TRADES = _each("""
    Bau Elektro Dachdeckerei Sanitär Tischlerei Schreinerei Malerbetrieb Metallbau Garten Bäckerei Metzgerei Brauerei Weingut Hofladen
    Hotel Gasthof Restaurant Café Catering Fahrräder Autohaus Logistik Spedition Reisen Immobilien Hausverwaltung Steuerberatung
    Rechtsanwälte Zahnarztpraxis Physiotherapie Apotheke Optik Hörakustik Pflegedienst Tierarztpraxis Fahrschule Musikschule
    Buchhandlung Druckerei Verlag Fotografie Architekten Ingenieure Maschinenbau Werkzeugbau Feinmechanik Kunststofftechnik Anlagenbau
    Solar Energieberatung Umwelttechnik Software Systemhaus Beratung Personalservice Akademie Versicherungen Schmuck Mode Schuhe Möbel
    Küchen Bestattungen Gebäudereinigung Mühlenbetrieb Käserei Imkerei Gärtnerei Kältetechnik Türenbau Gerüstbau Ölmühle Übersetzungen
""")

#: Each with its percentage of companies.
LEGAL_FORMS = [
    form
    for form, share in (
        ("GmbH", 46), ("", 20), ("GmbH & Co. KG", 10), ("e.K.", 8), ("UG (haftungsbeschränkt)", 5), ("AG", 4), ("KG", 3), ("OHG", 2),
        ("GbR", 1), ("e.V.", 1),
    )
    for _ in range(share)
]  # fmt: skip

#: Syllables of brand names, which consist of three.
SYLLABLES = _each("""
    lu mo ra ve ti no ka si len dor vi sol nex ari bel cor do eno fil gra hel ion jo kel lam mer nu or pax quo ri sta tor ul van wer
    xo yr zen
""")

#: Name, first digits of the ZIP, dialling code, country.
CITIES = [
    tuple(city.split("|"))
    for city in _each("""
    Berlin|10|30|DE Hamburg|20|40|DE München|80|89|DE Köln|50|221|DE Wien|1|1|AT Zürich|80|44|CH Frankfurt_am_Main|60|69|DE
    Stuttgart|70|711|DE Düsseldorf|40|211|DE Leipzig|04|341|DE Dortmund|44|231|DE Essen|45|201|DE Bremen|28|421|DE Dresden|01|351|DE
    Hannover|30|511|DE Nürnberg|90|911|DE Duisburg|47|203|DE Bochum|44|234|DE Wuppertal|42|202|DE Bielefeld|33|521|DE Bonn|53|228|DE
    Münster|48|251|DE Karlsruhe|76|721|DE Mannheim|68|621|DE Augsburg|86|821|DE Wiesbaden|65|611|DE Braunschweig|38|531|DE
    Graz|80|316|AT Basel|40|61|CH Bern|30|31|CH Linz|40|732|AT Salzburg|50|662|AT Kiel|24|431|DE Chemnitz|09|371|DE Aachen|52|241|DE
    Halle_(Saale)|06|345|DE Magdeburg|39|391|DE Freiburg_im_Breisgau|79|761|DE Krefeld|47|2151|DE Lübeck|23|451|DE Mainz|55|6131|DE
    Erfurt|99|361|DE Oberhausen|46|208|DE Rostock|18|381|DE Kassel|34|561|DE Saarbrücken|66|681|DE Potsdam|14|331|DE
    Oldenburg|26|441|DE Osnabrück|49|541|DE Heidelberg|69|6221|DE Darmstadt|64|6151|DE Regensburg|93|941|DE Würzburg|97|931|DE
    Ingolstadt|85|841|DE Göttingen|37|551|DE Innsbruck|60|512|AT Luzern|60|41|CH St._Gallen|90|71|CH Ulm|89|731|DE
    Heilbronn|74|7131|DE Fürth|90|911|DE Jena|07|3641|DE Konstanz|78|7531|DE Bamberg|96|951|DE Görlitz|02|3581|DE Lüneburg|21|4131|DE
    Flensburg|24|461|DE Kempten|87|831|DE Tübingen|72|7071|DE Bad_Tölz|83|8041|DE Füssen|87|8362|DE Büsum|25|4834|DE
    Quedlinburg|06|3946|DE Überlingen|88|7551|DE Künzelsau|74|7940|DE Wörgl|63|5332|AT
""")
]

STREETS = _each("""
    Hauptstraße Bahnhofstraße Schulstraße Gartenstraße Dorfstraße Bergstraße Lindenstraße Kirchgasse Waldweg Ringstraße Goethestraße
    Schillerstraße Mühlweg Am_Markt Industriestraße Bachstraße Wiesenweg Friedhofstraße Rosenweg Poststraße Königsallee
    Beethovenstraße Mozartgasse An_der_Höhe Seestraße Hafenstraße Römerweg Feldstraße Salzstraße Böttchergasse Jägerstieg Torstraße
    Zeppelinring Gewerbepark
""")

REGISTRARS = ("united-domains", "IONOS", "Hetzner", "INWX", "Gandi", "Namecheap", "")

PROJECTS = (
    "Relaunch of the website", "New online shop", "Brand and website", "Booking pages", "SEO basics", "Career page", "Newsletter",
    "Company film", "Landing page", "Accessibility check", "Multilingual website", "Photo gallery", "Customer portal",
    "Product configurator", "Moving the hosting", "Relaunch 2.0", "Intranet", "Trade fair pages", "Content plan", "Event calendar",
)  # fmt: skip

TASKS = (
    "Call back", "Send the offer", "Renew the certificate", "Update the plugins", "Check the backup", "Write the invoice",
    "Collect photos", "Proofread the texts", "Set up the mailbox", "Move the domain", "Ask for feedback", "Prepare the workshop",
    "Fix the contact form", "Measure loading times", "Renew the contract", "Update opening hours", "Add a team member",
    "Check the imprint", "Plan the next sprint", "Send access data", "Report for the quarter", "Order the domain",
)  # fmt: skip

#: Product, monthly price.
PRODUCTS = (
    ("Hosting S", "9.90"), ("Care M", "49.00"), ("Hosting M", "19.90"), ("Care L", "129.00"), ("Domain and mail", "4.90"),
    ("SEO", "390.00"), ("Shop care", "249.00"), ("Newsletter", "29.00"), ("Support hours", "180.00"),
)  # fmt: skip

NOTES = (
    "Prefers to be called in the morning.", "Wants everything in writing.", "Pays late, but always pays.", "Met at the trade fair.",
    "Has a nephew who “knows computers”.", "Plans a second shop in the coming year.",
    "Möchte künftig weniger E-Mails, lieber anrufen.", "Asked for a quote for the relaunch; decision after the summer.",
    "Zuständig ist jetzt die Tochter.", "Contract goes through the parent company.",
)  # fmt: skip

#: Sentences of positive and negative reviews.
PRAISE = (
    "Alles bestens.", "Schnell, unkompliziert und freundlich.", "We are very happy with the new website.", "Immer wieder gerne!",
    "They listened first and built afterwards.", "Our orders have doubled since the launch.",
    "Termine wurden eingehalten, das Budget auch.", "Somebody always answers the phone.",
    "Endlich eine Agentur, die Klartext spricht.", "The site loads in a blink.", "Sehr gute Beratung.",
    "Clear offer, clear invoice, no surprises.", "Auch nach dem Start immer erreichbar.",
    "Professional from the first call to the launch.",
)  # fmt: skip
CRITICISM = (
    "It took longer than planned.", "Der Preis lag am Ende über dem Angebot.", "We had to ask twice for nearly everything.",
    "Gute Arbeit, aber die Abstimmung war mühsam.", "The result is fine, the way there was not.",
    "Rückrufe kamen oft erst nach Tagen.",
)  # fmt: skip

AGENCY_NAMES = _each("""
    Nordlicht Südwind Westwerk Ostkreuz Pixelwerft Klartext Webschmiede Netzhafen Kontor Lichtblick Feinschliff Wortwerk Bildwerk
    Sprungbrett Kompass Leuchtturm Ankerplatz Rückenwind Seitenwechsel Querfeld Zeitgeist Fährmann Brückenbau Höhenflug Grünspan
    Blaupause Rotstift
""")
AGENCY_KINDS = ("Webstudio", "Digital", "Agentur", "Media", "Interactive", "Design")

TAGLINES = (
    "Websites for people who have other things to do.", "Onlineshops, die verkaufen.", "Brands with their feet on the ground.",
    "Schnelle Seiten, klare Worte, feste Preise.", "We make the complicated simple.", "Webdesign aus der Nachbarschaft.",
    "From the first sketch to the thousandth order.", "Barrierefrei, schnell, schön – in dieser Reihenfolge.",
    "Digital craftsmanship since the modem.", "Ihr Auftritt, unser Handwerk.", "Fewer pages, more customers.",
    "Wir bauen, was bleibt.", "Content first, pixels second.", "Von Hand gemacht, von Herzen gepflegt.",
)  # fmt: skip

ABOUT = (
    "We design, build and look after websites for small and medium companies.",
    "Fixed prices, quick answers, no jargon: you talk to the people who do the work.",
    "Unsere Kundinnen und Kunden kommen aus Handwerk, Handel und Gastronomie, die meisten seit vielen Jahren.",
    "Shops are what we know best: product data, payment, shipping, and what happens after the click.",
    "Nach dem Start bleiben wir: Updates, Sicherungen, kleine Änderungen und eine Nummer, unter der jemand abnimmt.",
    "We write, photograph and film ourselves, so that pictures and words belong together.",
    "Barrierefreiheit ist bei uns kein Zusatz, sondern der Anfang: Tastatur, Kontrast, Sprache, Struktur.",
    "Our sites are quick because they carry nothing that they do not need.",
    "Wir arbeiten in kurzen Schritten und zeigen jede Woche, was fertig ist.",
)
