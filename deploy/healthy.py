"""Whether the web process in this container answers, as the site's own host; for the image's HEALTHCHECK. Needs nothing but Python."""

import os
import urllib.request
from urllib.parse import urlsplit

address = f"http://127.0.0.1:{os.environ.get('PORT') or 8000}/healthz"
asked = urllib.request.Request(address, headers={"Host": urlsplit(os.environ["SITE_URL"]).netloc})  # always this container
# Any other answer than 200 raises, and the exit code is 1.
urllib.request.urlopen(asked, timeout=5).close()  # noqa: S310
