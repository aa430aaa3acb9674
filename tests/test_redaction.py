"""Redaction of secrets for all routes, encodings and contexts."""

import json
import logging
import re
from time import process_time
from typing import Any
from urllib.parse import quote, unquote

import pytest
from django.conf import settings as django_settings
from django.core import mail, signing
from django.test import Client, RequestFactory
from django.urls import URLPattern, reverse
from django.utils.log import AdminEmailHandler

from partnerportal.agencies.views import join
from partnerportal.core.log_filters import RedactingFormatter, json_formatter
from partnerportal.core.redaction import SECRET_PARAMETERS, _patterns_of, redact
from tests.cast import Cast
from tests.factories.team import TeamInvitationFactory
from tests.route_matrix import all_routes

CADDYFILE = django_settings.BASE_DIR / "deploy" / "caddy" / "Caddyfile"
SECRET = "S3cr3tT0kenOfThisLink"
#: Harmless text parameters of routes. New ones must be added here or to `SECRET_PARAMETERS`.
HARMLESS_PARAMETERS = {
    "agency", "app_label", "content_type_id", "digest", "id", "kind", "object_id", "reference", "section", "size", "slug", "url",
}  # fmt: skip
#: Numeric parameters.
NUMBERS = {"IntConverter"}


def parameters(route: URLPattern) -> set[str]:
    """Return the names of a route's text parameters."""
    converters = {name: type(converter).__name__ for name, converter in route.pattern.converters.items()}
    return {name for name in route.pattern.regex.groupindex if converters.get(name) not in NUMBERS}


SECRET_ROUTES = [name for name, route in all_routes().items() if parameters(route) & SECRET_PARAMETERS]


def secret_path(name: str) -> str:
    values = dict.fromkeys(all_routes()[name].pattern.regex.groupindex, SECRET)
    return reverse(name, kwargs=values)


def written(record: logging.LogRecord) -> str:
    """Return the log output of a record."""
    (console,) = [handler for handler in logging.getLogger().handlers if handler.get_name() == "console"]
    assert console.filter(record)
    return console.format(record)


def line(text: str, *args: object, **more: object) -> str:
    return written(logging.makeLogRecord({"name": "x", "msg": text, "args": args, "levelno": logging.WARNING, **more}))


def test_every_text_parameter_is_a_secret_or_known_to_be_harmless() -> None:
    unknown = {
        f"{parameter} in {name}"
        for name, route in all_routes().items()
        for parameter in parameters(route) - SECRET_PARAMETERS - HARMLESS_PARAMETERS
    }
    assert unknown == set()


def test_secret_routes_are_found() -> None:
    assert {
        "agencies:join",
        "desk:calendar_feed",
        "reviews:review_form",
        "reviews:resubscribe",
        "invitations:access_request_decline",
        "account_confirm_email",
    } < set(SECRET_ROUTES)
    assert "account_reset_password_from_key" in SECRET_ROUTES


@pytest.mark.parametrize("name", SECRET_ROUTES)
def test_rejected_requests_are_redacted(db: None, caplog: pytest.LogCaptureFixture, name: str) -> None:
    path = secret_path(name)
    mistyped = [path, f"/{path}", path.replace("/", "//"), path.replace("/", "/./"), path.upper(), f"{path}more/", path.rstrip("/") + ")"]
    with caplog.at_level(logging.INFO):
        for tried in [*mistyped, path.partition("/accounts")[2] or path]:
            Client().patch("/", PATH_INFO=tried)
    lines = [written(record) for record in caplog.records if record.name.startswith("django")]
    assert len(lines) >= 5
    assert [logged for logged in lines if SECRET.lower() in logged.lower()] == []


@pytest.mark.parametrize("name", SECRET_ROUTES)
def test_all_encodings_are_redacted(name: str) -> None:
    path = secret_path(name)
    encoded = quote(path, safe="")
    spellings = [
        path,
        encoded,
        encoded.lower().replace(SECRET.lower(), SECRET),
        quote(encoded, safe=""),
        quote(quote(encoded, safe=""), safe=""),
        "".join(f"%{ord(c):02X}" for c in path.partition(SECRET)[0]) + SECRET,
        f"https://portal.example{path}",
    ]
    for text in spellings:
        assert SECRET not in line('"GET /accounts/login/?next=%s&x=1 HTTP/1.1" 200 "%s"', text, text), text
        assert SECRET not in line("%s", {"next": text}), text
        assert SECRET not in json.dumps(redact(json.dumps({"text": text, "lines": f"a\n{text}\nb"}))), text


#: All ASCII characters that can't be part of a secret, and some others.
ODD = [chr(code) for code in range(128) if not chr(code).isalnum()] + ["\x85", "\xa0", "é", "„", "’", "\u2028", "\ufeff", "😀"]
#: Characters copied or mistyped before a secret.
IN_FRONT = [*ODD, "\n'", "'\n\"", "„'", "'„", " (", "', '", '">', "\r\n\t", "\\'", "''" * 20, "\n" * 20]


@pytest.mark.parametrize("name", SECRET_ROUTES)
def test_any_preceding_character_is_redacted(name: str) -> None:
    path = secret_path(name)
    for odd in IN_FRONT:
        escaped = odd.encode("unicode_escape").decode()
        for written_odd in {odd, escaped, repr(odd)[1:-1], json.dumps(odd)[1:-1], quote(odd, safe=""), quote(odd, safe="").lower()}:
            text = path.replace(SECRET, written_odd + SECRET)
            assert SECRET not in line("Not Found: %s", text), (odd, text)
            assert SECRET not in line("Invalid HTTP request line: %r", f"GET {text} HTTP/1.1x"), (odd, text)
            assert SECRET not in redact(json.dumps({"request": f'"GET {text} HTTP/1.1" 404'})), (odd, text)
            assert SECRET not in line("%s", f"/?token={written_odd}{SECRET}&x=1"), odd


@pytest.mark.parametrize("name", SECRET_ROUTES)
def test_requests_with_any_preceding_character_are_redacted(db: None, caplog: pytest.LogCaptureFixture, name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    in_front = ["\n", "\t", "\x01", "é", "\xa0", "„", "„'", '\n"', ";"]
    mistyped = [secret_path(name).replace(SECRET, quote(odd) + SECRET) for odd in in_front]
    with caplog.at_level(logging.INFO):
        for path in mistyped:
            client.get(path)
            client.post(path)
    lines = [written(record) for record in caplog.records if record.name.startswith("django")]
    assert len(lines) >= len(mistyped)
    assert [logged for logged in lines if SECRET in logged] == []


def test_json_logs_stay_valid() -> None:
    for odd in IN_FRONT:
        for text in (f"/join/{odd}{SECRET}/", f"/?token={odd}{SECRET}", f"'/r/{SECRET}{odd}'", f"/a/{SECRET}\\", f'"/a/{SECRET}\\"'):
            logged = redact(json.dumps({"path": text, "name_of_a_field_that_is_as_long_as_a_secret": text, "status": 404}))
            assert SECRET not in logged
            assert json.loads(logged)["status"] == 404


@pytest.mark.parametrize("flood", ["/join/{}", "/?token={}", "{}", "/r/stop/'{}/", "'/join/{}" + SECRET])
def test_long_lines_are_processed_quickly(flood: str) -> None:
    """With quadratic time, each of these would take minutes."""
    began = process_time()
    for piece in (
        "'",
        "\\",
        "\\n",
        "\\\\n",
        "'\\n",
        "\\'",
        "' ",
        ";,)",
        "\n",
        "/",
        "/r/'",
        "token='",
        "%2f",
        "x" * 19 + "'",
        "x" * 20 + "'",
    ):
        redact(flood.format(piece * (100_000 // len(piece))))
    assert process_time() - began < 60


@pytest.mark.parametrize("name", SECRET_ROUTES)
def test_caddy_redacts_secrets(name: str) -> None:
    path, (pattern,) = secret_path(name), re.findall(r"request>uri regexp `(.+)` \"\$1…\"", CADDYFILE.read_text())
    encoded_letters = "".join(f"%{ord(c):02X}" if c.isalpha() else c for c in path.partition(SECRET)[0]) + SECRET
    nested = quote(quote(path, safe=""), safe="")
    for uri in (path, f"/{path}more", encoded_letters, f"/accounts/login/?x=1&next={quote(path, safe='')}", f"/?next={nested}&x=1"):
        assert SECRET not in re.sub(pattern, r"\1…", uri), uri


def test_caddy_keeps_other_text() -> None:
    (pattern,) = re.findall(r"request>uri regexp `(.+)` \"\$1…\"", CADDYFILE.read_text())
    assert re.sub(pattern, r"\1…", f"/r/{SECRET}/?stars=5&token={SECRET}&page=2") == "/r/…?stars=5&token=…&page=2"
    for harmless in ("/customers/12/edit/?q=m%C3%BCller%20%40web&kind[]=%5B1%5D", "/partners/alder/reviews/7/", "/static/img/favicon.svg"):
        assert re.sub(pattern, r"\1…", harmless) == harmless


def test_other_text_is_kept() -> None:
    assert redact(f"Gone: /r/{SECRET}/edit/?stars=5, /requests/7/ (3 ms)") == "Gone: /r/…/edit/?stars=5, /requests/7/ (3 ms)"
    assert redact(f'"GET /r/stop/{SECRET}/undo/ HTTP/1.1" 404 12') == '"GET /r/stop/…/undo/ HTTP/1.1" 404 12'
    assert redact(f"next=%2Fjoin%2F{SECRET}%2F&page=2") == "next=%2Fjoin%2F…%2F&page=2"
    for harmless in ("/partners/rose/", "/customers/12/edit/", "/static/img/favicon.svg", "/sitemap-profiles.xml", "K-1001: key is 5"):
        assert redact(harmless) == harmless


@pytest.mark.parametrize("query", ["token={}", "x=1&key={}", "next=/&token={}", "next=%2F%3Ftoken%3D{}", "a=1%26uidb36={}", "stamp={}"])
def test_secrets_in_query_strings_are_redacted(query: str) -> None:
    assert SECRET not in line("GET /?%s", query.format(SECRET))


def test_signatures_are_redacted() -> None:
    for value in (signing.dumps(["kim@client.example"], salt="x"), signing.Signer().sign("7")):
        logged = line("GET /?state=%s", value)
        assert value.rpartition(":")[2] not in logged


def test_tracebacks_and_additional_log_fields_are_redacted(db: None) -> None:
    path = secret_path("agencies:join")
    try:
        raise ValueError(f"no such page: {path}")
    except ValueError as error:
        failure = {"exc_info": (ValueError, error, error.__traceback__), "stack_info": f"Stack: {path}"}
    shown = line("Failed", **failure)
    assert "no such page: /join/…/" in shown
    assert SECRET not in shown

    # Celery adds the arguments of a task.
    record = logging.makeLogRecord({"msg": "Failed", "data": {"args": f"('{path}',)"}, **failure})
    shown = json_formatter("%(message)s", rename_fields={}, timestamp="time").format(record)
    assert json.loads(shown)["data"] == {"args": "('/join/…/',)"}
    assert SECRET not in shown


def invitation_path(cast: Cast) -> str:
    link = TeamInvitationFactory(agency=cast.birch).link
    assert link
    return link.removeprefix(django_settings.SITE_URL)


def test_forbidden_invitations_are_redacted(cast: Cast, alice: Client, caplog: pytest.LogCaptureFixture) -> None:
    path = invitation_path(cast)
    token = path.split("/")[2]
    with caplog.at_level(logging.INFO):
        assert alice.get(path).status_code == 403
        assert Client(enforce_csrf_checks=True).post(path).status_code == 403
        strange = {"Referer": f"https://elsewhere.example{path}"}
        assert Client(enforce_csrf_checks=True).post(path, secure=True, headers=strange).status_code == 403
    lines = [written(record) for record in caplog.records]
    assert len([logged for logged in lines if "/join/…/" in logged]) >= 3
    assert not [logged for logged in lines if token in logged]


@pytest.fixture
def failing(db: None, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Raise an exception on a page while local variables contain the secret."""

    def fail(request: Any, *args: Any, **kwargs: Any) -> None:
        bare = request.path.split("/")[2]
        matched = request.resolver_match.kwargs
        raise RuntimeError(f"{bare} of {matched}")

    settings.ADMINS = [("Ada", "ada@portal.example")]
    monkeypatch.setattr(join, "link_not_found", fail)


@pytest.mark.parametrize("odd", ["", "%0a", "%C3%A9", "%E2%80%9E'"])
@pytest.mark.parametrize("debug", [False, True])
def test_error_reports_are_redacted(failing: None, settings: Any, debug: bool, odd: str) -> None:
    settings.DEBUG = debug
    path = f"/join/{odd}{SECRET}/"
    handler = AdminEmailHandler(include_html=True)
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    try:
        client = Client(raise_request_exception=False, headers={"Referer": f"http://testserver{path}?token={SECRET}"})
        response = client.get(path, {"next": path, "token": unquote(odd) + SECRET})
    finally:
        logger.removeHandler(handler)
    assert response.status_code == 500
    assert SECRET not in response.content.decode()
    assert ("RuntimeError" in response.content.decode()) == debug
    (report,) = mail.outbox
    assert "/join/…/" in report.subject
    for text in (report.subject, report.body, report.alternatives[0].content):
        assert "Internal Server Error" in report.subject
        assert SECRET not in text
    assert "RuntimeError" in report.body


def test_debug_page_hides_passwords_in_urls(failing: None, settings: Any) -> None:
    settings.DEBUG = True
    settings.REDIS_URL = settings.CELERY_BROKER_URL = "redis://:Pa55word@broker.example"
    settings.CACHES = {**settings.CACHES, "spare": {**settings.CACHES["default"], "LOCATION": settings.REDIS_URL}}
    page = Client(raise_request_exception=False).get(f"/join/{SECRET}/").content.decode()
    assert "CELERY_BROKER_URL" in page
    assert "Pa55word" not in page


def test_patterns_are_compiled_once() -> None:
    redact("/")
    compiled = _patterns_of.cache_info()
    for number in range(3):
        assert redact(f"/join/{SECRET}/{number}/") == "/join/…/…/"
    assert _patterns_of.cache_info().misses == compiled.misses
    assert _patterns_of.cache_info().hits == compiled.hits + 3


def test_gunicorn_messages_are_redacted() -> None:
    record = logging.makeLogRecord({"msg": '%(r)s "%(f)s"', "args": {"r": f"GET /%6Aoin/{SECRET}/", "f": f"http://x/a/{SECRET}"}})
    assert RedactingFormatter(logging.Formatter("web: %(message)s")).format(record) == 'web: GET /%6Aoin/…/ "http://x/a/…"'


def test_broken_urlconf_is_reported_with_long_segments_redacted(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.no_such_urls"
    shown = line("Asked for /join/%s/: /srv/partnerportal/accounts/second_factor_views.py", SECRET)
    assert shown.endswith("Asked for /join/…/: /srv/partnerportal/accounts/second_factor_views.py")


def test_secrets_containing_delimiters_are_redacted() -> None:
    request = RequestFactory().get(f"/join/ {SECRET}, {SECRET}/")
    assert SECRET not in line("Not Found: %s", request.path, request=request)
