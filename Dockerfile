# One recipe for all: SERVICE is the folder to carry, `gateway` or `services/<name>`.

FROM python:3.13-slim-trixie AS build
ARG SERVICE
COPY ${SERVICE}/requirements.lock /tmp/requirements.lock
RUN python -m venv /venv \
 && /venv/bin/pip install --quiet --no-cache-dir --require-hashes -r /tmp/requirements.lock \
 && /venv/bin/pip uninstall --quiet --yes pip

FROM python:3.13-slim-trixie
ARG SERVICE
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin masar \
 && install -d -o masar -g masar -m 700 /var/lib/masar /var/lib/masar-anchors
COPY --from=build /venv /venv
WORKDIR /app
COPY contracts contracts
COPY chassis chassis
COPY ${SERVICE} ${SERVICE}
# The root is read-only later, and each start would compile them again.
RUN python -m compileall -q .
ENV PATH=/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MASAR_SERVICE=${SERVICE} \
    MASAR_HOST=0.0.0.0 \
    MASAR_PORT=8000 \
    MASAR_HOME=/var/lib/masar \
    MASAR_ANCHORS=/var/lib/masar-anchors \
    MASAR_METRICS_HOST=0.0.0.0 \
    MASAR_METRICS_PORT=9464
USER masar
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --retries=12 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/ready', timeout=3)"]
STOPSIGNAL SIGTERM
CMD ["python", "-m", "chassis.serve"]
