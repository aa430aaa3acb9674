"""Vocabulary of the interface: one common word for each concept.

The patterns match replaced wordings; their values are the replacements.
"""

import re
from functools import cache

import pytest

from tests.test_german import OURS, forms, messages

#: Requests in e-mails, where “please” is polite.
REQUESTS = (
    "Please stop using it. If you think this is a mistake, contact them or send an access request.",
    "Please confirm your e-mail address",
    "Please confirm that this is your e-mail address. You’ll use it to sign in from now on.",
    (
        "Please be honest: praise and criticism both help. This link is only for you and can be used for one review until %(date)s. "
        "Your review will be shown on the agency’s public profile, with or without your name."
    ),
    "Please update it and submit it again.",
    "Thank you for taking a minute. Please be honest: praise and criticism both help the agency and people who are looking for one.",
)
#: Messages about the second factor itself, rather than two-factor authentication.
SECOND_FACTORS = (
    "second factor",
    "Confirm your e-mail address first. Otherwise you could be locked out if you lose your second factor.",
    "Everyone on the team must sign in with a second factor. Members without one are asked to set it up first.",
    "Set up your own second factor before requiring one for the team.",
    "Everyone signs in with a second factor: a code from an app, or a passkey.",
)

ENGLISH = {
    # Buttons and links
    r"^(Take|Look at|Go on|Yes|See|To the) ": "verb + noun",
    r"^Hand (it|over|on)": "Transfer, Reassign",
    # One word for each concept
    r"(?i)\b(any|every|some|no)body\b": "anyone, everyone, someone, no one",
    r"(?i)\b(wait|waits|waited)\b(?! a few minutes| until$)": "pending, queued, expires on",
    r"(?i)\bnothing (fits|was found)|\bfits?\b": "No results, matches",
    r"(?i)\btwins?\b": "possible duplicate",
    r"(?i)\b(is|are) on it\b|\btake it\b|\bresponsible\b|looked after": "assigned, assignee, account manager",
    r"(?i)\b(take|took|taken|give|gave|given|get) (it |them |access )?back\b": "revoke access, withdraw review",
    r"(?i)\basks? (you )?for (a review|access|reviews)\b(?!.* by e-mail)": "request",
    r"(?i)\bwants no more\b": "opted out",
    r"(?i)\bsecond factor\b": "two-factor authentication",
    r"(?i)\bapp that shows\b": "authenticator app",
    r"(?i)\bmake (new )?codes\b": "generate recovery codes",
    r"(?i)\bhand(ed|s)? (it |them )?(over|on)\b": "transfer, reassign",
    r"(?i)\bnotices?\b(?! period)": "notification",
    r"(?i)(?<!e-)\bmail(s|ed|ing)?\b(?! server)": "e-mail",
    r"(?i)(?<!%\()\bemails?\b": "e-mail",
    r"(?i)\bclaims?\b": "tagline",
    r"(?i)\b(is|are|was) good (for|until)\b|\bno longer good\b": "valid for, valid until",
    r"(?i)\bswitched (on|off)\b": "deactivated, turned off",
    r"(?i)\bstars and more\b": "stars and up",
    r"\bpartner portal\b": "Partner Portal",
    # Nouns instead of headless relative clauses
    r"(?i)\bwh(o|at|ere|ich)ever\b": "a noun: the person who …",
    r"(?i)\bwho has none\b|\b(the )?ones that\b|\ball that\b|\bthose that\b": "a noun",
    r"(?i)\bwhat (you|they|he|she) (typed|wrote|saved|have|sent)\b": "your input, their messages",
    r"^(What|Who|Where) (happened|goes|stays|waits|changed|is on it)\b": "a noun phrase",
    # The consequence instead of the mechanism
    r"(?i)\bfor good\b": "permanently",
    r"(?i)\bat once\b|\bnext click\b": "immediately, on their next page",
    r"(?i)\bby now\b|\bmeanwhile\b": "has since …, already",
    r"(?i)\banew\b|\bafresh\b": "again, new",
    r"(?i)\bopens (it|nothing|your account)\b": "no longer works, can be used to sign in",
    r"(?i)\b(was|were|is|are|been) told\b(?! (why|about))": "notified",
    r"(?i)\bon its way\b(?<!already on its way)": "sent",
    # Messages
    r"^The [^.;]+ (was|were) (added|saved|removed|sent|changed|withdrawn)[.;]": "object + past participle: Task added.",
    r"^Please\b|[.:;] [Pp]lease\b": "an instruction without “please”",
    r"(?i)\bmade no sense\b|\btoo often\.|\ba bit too\b": "say what is wrong and what to do",
    r"\b(You|They|We) (are|have|will) (not|signed|been|already)\b|\b(do|does|did|is|has|have) not\b|\bcannot\b": "contractions",
    # Spelling
    r"'": "the apostrophe ’",
    r" …|\.\.\.": "no space before …",
    r"  |^ | $": "no needless spaces",
    r" \?| !": "no space before ? and !",
}
#: Permitted exceptions by pattern, each with its reason.
ENGLISH_EXCEPTIONS = {
    *REQUESTS,
    *SECOND_FACTORS,
}

GERMAN = {
    r"\bKnopf": "Schaltfläche",
    r"\b[Ss]chon\b": "bereits",
    r"\b[Bb]ekomm": "erhalten",
    r"\b(volle[nrms]?|teilweise[nrms]?) Zugriff": "Vollzugriff, Teilzugriff",
    r"\bVerwaltung\b|\bBetreiber|\bbetreiben\b": "Portaladministration",
    r"\bKundendienst\b": "Support",
    r"\bAuftraggeber": "Kunde",
    r"\bBemerkung": "Notizen",
    r"\b[Gg]elöst\b|^Lösen$": "nicht mehr angeheftet",
    r"\bZugang\b": "Zugriff",
    r"\bzur(ück)?genommen\b": "widerrufen, zurückgezogen",
    r"\bin Gebrauch\b": "aktiv",
    r"\böffnet (nichts|Ihr Konto)|\böffnen nichts": "ungültig",
    r"\bneuen Händen\b|\bgehört diese Agentur\b": "Inhaberschaft",
    r"\bSchlussworte\b": "Grußformel",
    r"\b[Bb]estätigte[rn]? Kunde": "Verifizierter Kunde",
    r"\bkümmer": "zuständig, zugewiesen",
    r"\bgeschieht\b|\bgeschehen\b|\bgeschah\b": "passiert; ein Substantiv",
    r"\bwarte(n|t)\b(?! Sie)(?!: )": "offen, ausstehend",
    r"\bFreiwillig\b": "Optional",
    r"\bBlicke? auf\b(?<!Auf einen Blick)": "Aufruf",
    r"\bFarben\b": "Darstellung",
    r"\bnoch niemand\b": "nicht zugewiesen",
    r"\b(bisheriges|altes) Passwort\b": "aktuelles Passwort",
    r"\bApp, die Codes\b": "Authenticator-App",
    r": %\((access|granted)\)s\.?$": "ein Gedankenstrich; der Wert enthält selbst einen Doppelpunkt",
    r"'|´|`": "der Apostroph ’",
    r"(?<![ /])…": "ein Leerzeichen vor …",
}


@cache
def texts() -> list[tuple[str, str]]:
    """Return all English messages and their German translations, including plurals."""
    return [pair for message in messages(OURS) for pair in zip(forms(message.id), forms(message.string), strict=True)]


@pytest.mark.parametrize("pattern", ENGLISH)
def test_english_texts_use_the_products_vocabulary(pattern: str) -> None:
    matches = [english for english, _ in texts() if re.search(pattern, english) and english not in ENGLISH_EXCEPTIONS]
    assert matches == [], f"write instead: {ENGLISH[pattern]}"


@pytest.mark.parametrize("pattern", GERMAN)
def test_german_texts_use_the_products_vocabulary(pattern: str) -> None:
    matches = [german for _, german in texts() if re.search(pattern, german)]
    assert matches == [], f"write instead: {GERMAN[pattern]}"


def test_every_exception_is_still_a_message() -> None:
    assert {english for english, _ in texts()} >= ENGLISH_EXCEPTIONS
