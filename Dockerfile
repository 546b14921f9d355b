# Two stages: the first builds, the second carries only what runs. No secret is in any layer.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/claimdesk
RUN python -m venv /opt/venv
COPY requirements/base.txt requirements/base.txt
RUN /opt/venv/bin/pip install --require-hashes -r requirements/base.txt
COPY . .
# Settings want production's variables; these are thrown away with the command.
RUN CLAIMDESK_ENV=production CLAIMDESK_VAR_DIR=/tmp/var CLAIMDESK_SECRET_KEY=build CLAIMDESK_INDEX_KEY=build \
    CLAIMDESK_FIELD_KEYS=build CLAIMDESK_DATABASE_URL=postgres://build@build/build CLAIMDESK_REDIS_URL=redis://build \
    CLAIMDESK_SITE_URL=https://build.example.com CLAIMDESK_EMAIL_URL=consolemail:// CLAIMDESK_EMAIL_FROM=build@example.com \
    CLAIMDESK_SMS_LOGIN=build CLAIMDESK_SMS_PASSWORD=build \
    sh -ec '/opt/venv/bin/python manage.py compile_translations; /opt/venv/bin/python manage.py collectstatic --noinput -v 0'

FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        tesseract-ocr tesseract-ocr-eng tesseract-ocr-rus tesseract-ocr-ukr poppler-utils \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --shell /usr/sbin/nologin claimdesk \
    && install -d -o claimdesk -g claimdesk -m 0700 /var/lib/claimdesk
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 OMP_THREAD_LIMIT=1 \
    CLAIMDESK_ENV=production CLAIMDESK_VAR_DIR=/var/lib/claimdesk
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/claimdesk /srv/claimdesk
WORKDIR /srv/claimdesk
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "deploy/healthcheck.py"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "2", \
     "--respawn-failed-workers", "--workers-kill-timeout", "25", "--no-ws", "config.wsgi:application"]
