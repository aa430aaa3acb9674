# Example of a shared cache for public pages: Varnish 6 or 7 between the proxy and the web processes (docs/operations.md).
vcl 4.1;

backend web {
    .host = "web";
    .port = "8000";
}

sub vcl_recv {
    if ((req.method != "GET" && req.method != "HEAD") || req.url !~ "^/((de|en)/)?partners/([a-zA-Z0-9_-]+/)?(\?|$)") {
        return (pass);
    }
    # People who are signed in, or have a message, get their own page.
    if (req.http.Cookie ~ "(^|; *)(sessionid|messages)=") {
        return (pass);
    }
    # Pages vary on cookies. Of the remaining ones, only the chosen language changes them.
    if (req.http.Cookie ~ "(^|; *)django_language=(de|en)(;|$)") {
        set req.http.Cookie = regsub(req.http.Cookie, "^(.*; *)?(django_language=(de|en))(;.*)?$", "\2");
    } else {
        unset req.http.Cookie;
    }
    # One copy for each of the frequent values; others keep their own.
    if (req.http.Accept-Language ~ "^(?i)de\b") {
        set req.http.Accept-Language = "de";
    } elsif (req.http.Accept-Language ~ "^(?i)en\b") {
        set req.http.Accept-Language = "en";
    }
    return (hash);
}

sub vcl_backend_response {
    # Only what the portal declares public is stored. `max-age` sets the lifetime, and `stale-while-revalidate` the grace.
    if (beresp.http.Cache-Control !~ "public" || beresp.http.Set-Cookie) {
        set beresp.uncacheable = true;
    }
    # Kept longer only to be confirmed by its ETag.
    set beresp.keep = 1d;
}
