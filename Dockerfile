# The portal's image: web, worker and beat run from the same one, with different commands (see docker-compose.yml).

FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
WORKDIR /portal
# Before the code, so that a change of the code doesn't install everything again.
COPY requirements/base.txt requirements/base.txt
RUN /venv/bin/pip install --require-hashes --requirement requirements/base.txt

# .dockerignore leaves out what doesn't belong into it.
COPY . .

# Collecting reads the settings, but signs nothing and reaches nothing.
RUN /venv/bin/python -m partnerportal.embedded.build \
    && SECRET_KEY=only-to-read-the-settings-nothing-is-signed-with-it SITE_URL=http://localhost \
       DATABASE_URL=postgres://nobody@127.0.0.1:9/nowhere REDIS_URL=redis://127.0.0.1:9 EMAIL_URL=smtp://127.0.0.1:9 \
       PORTAL_DATA_DIR=/portal/data /venv/bin/python manage.py collectstatic --noinput \
    && /venv/bin/python -m compileall -q .


FROM python:3.13-slim

ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PORTAL_DATA_DIR=/portal/data HOST=0.0.0.0
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin portal
COPY --from=build /venv /venv
COPY --from=build /portal /portal
WORKDIR /portal
# By number, so that an orchestrator sees that it isn't root. Nothing here is theirs to write.
USER 10001
EXPOSE 8000
# Of the web process; worker and beat have a heartbeat instead (HEARTBEAT_FILE).
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "deploy/healthy.py"]
# The heartbeats of gunicorn's workers must not wait for a disk.
CMD ["gunicorn", "--worker-tmp-dir", "/dev/shm"]
