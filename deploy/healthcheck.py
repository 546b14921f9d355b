"""A container's health check: exits with 0 if the web process in it answers on /healthz."""

import os
import sys
import urllib.request
from urllib.parse import urlsplit


def main() -> int:
    # The request names the site, because every other host is refused.
    site = urlsplit(os.environ.get("CLAIMDESK_SITE_URL", "http://127.0.0.1")).netloc
    request = urllib.request.Request("http://127.0.0.1:8000/healthz", headers={"Host": site})
    try:
        with urllib.request.urlopen(request, timeout=3):
            return 0
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
