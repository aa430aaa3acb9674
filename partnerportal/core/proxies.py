"""Detection of proxies that hide the addresses of visitors."""

import ipaddress

from django.http import HttpRequest

#: Header in which deploy/caddy/Caddyfile sends the address at which the proxy received the request.
PROXY_ADDRESS = "X-Proxy-Address"
#: Lengths of network prefixes by version of IP. Engines choose larger networks, but the first one contains their gateway.
PREFIXES = {4: 24, 6: 64}


def is_from_proxy(request: HttpRequest, client: str) -> bool:
    """Return whether the client's address is one of the proxy or its network, so that visitors can't be told apart.

    Either TRUSTED_PROXY_COUNT is too low, or the container engine replaces the addresses of visitors by that of its gateway,
    as with IPv6 visitors in a network without IPv6.
    """
    address = _address(client)
    if address is None or not address.is_private or address.is_loopback:
        return False
    if "X-Forwarded-For" in request.headers and client == request.META.get("REMOTE_ADDR"):
        return True
    proxy = _address(request.headers.get(PROXY_ADDRESS, ""))
    if proxy is None or proxy.version != address.version:
        return False
    return address in ipaddress.ip_network(f"{proxy}/{PREFIXES[proxy.version]}", strict=False)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
