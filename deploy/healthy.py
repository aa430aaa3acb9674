"""HEALTHCHECK of the image: requests /healthz with the host of SITE_URL. Requires only Python."""

import os
import urllib.request
from urllib.parse import urlsplit

address = f"http://127.0.0.1:{os.environ.get('PORT') or 8000}/healthz"
request = urllib.request.Request(address, headers={"Host": urlsplit(os.environ["SITE_URL"]).netloc})  # always this container
# An error status raises an exception, so the exit code is 1.
urllib.request.urlopen(request, timeout=5).close()  # noqa: S310
