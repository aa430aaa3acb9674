# Image of the portal. Web, worker and beat use the same image with different commands (see docker-compose.yml).

FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
WORKDIR /portal
# Copied before the code, so that a code change doesn't reinstall the dependencies.
# With the packages for SENTRY_DSN, which are only imported if it is set.
COPY requirements/sentry.txt requirements/sentry.txt
RUN /venv/bin/pip install --require-hashes --requirement requirements/sentry.txt

# .dockerignore excludes files that the image doesn't need.
COPY . .

# collectstatic reads the settings, but signs nothing and opens no connections.
RUN /venv/bin/python -m partnerportal.embedded.build \
    && SECRET_KEY=only-to-read-the-settings-nothing-is-signed-with-it SITE_URL=http://localhost \
       DATABASE_URL=postgres://nobody@127.0.0.1:9/nowhere REDIS_URL=redis://127.0.0.1:9 EMAIL_URL=smtp://127.0.0.1:9 \
       PORTAL_DATA_DIR=/portal/data /venv/bin/python manage.py collectstatic --noinput \
    && /venv/bin/python -m compileall -q . \
    # A checkout with a strict umask is only readable for its owner.
    && chmod -R a+rX /portal


FROM python:3.13-slim

# `make release` sets the version. A test compares it with pyproject.toml.
LABEL org.opencontainers.image.title="Partner Portal" \
      org.opencontainers.image.description="A self-hosted partner portal for web agencies" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="0.1.0"
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PORTAL_DATA_DIR=/portal/data HOST=0.0.0.0
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin portal
COPY --from=build /venv /venv
COPY --from=build /portal /portal
WORKDIR /portal
# Numeric, so that an orchestrator can verify that it isn't root. The application directory is read-only for this user.
USER 10001
EXPOSE 8000
# For the web process. Worker and beat use a heartbeat file instead (HEARTBEAT_FILE).
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "deploy/healthy.py"]
# In memory, so that the heartbeats of gunicorn's workers never wait for a disk.
CMD ["gunicorn", "--worker-tmp-dir", "/dev/shm"]
