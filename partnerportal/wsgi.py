"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from partnerportal.patience import limit_statements

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partnerportal.settings")

application = get_wsgi_application()
limit_statements("web")
