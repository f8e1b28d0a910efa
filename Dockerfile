# syntax=docker/dockerfile:1

# --- assets: fonts, icons and the interface kit, from npm -------------------------------------------
FROM node:22-bookworm-slim AS assets
WORKDIR /assets
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

# --- build: the packages of requirements.lock, and the files made from the sources -----------------
FROM python:3.12-slim-bookworm AS build
ENV PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
COPY requirements.lock /tmp/
RUN pip install --require-hashes --no-deps -r /tmp/requirements.lock
WORKDIR /portal
COPY . .
COPY --from=assets /assets/node_modules node_modules
RUN pybabel compile --directory=locale --domain=django
RUN python portal/documents/fonts.py var/fonts
# Any values will do: collecting files asks no server and keeps no secret.
RUN SECRET_KEY=abcdefghijklmnopqrstuvwxyz-only-while-building-the-image \
    DATABASE_URL=postgres://build REDIS_URL=redis://build ALLOWED_HOSTS=build PORTAL_URL=https://build \
    DEFAULT_FROM_EMAIL=build@build EMAIL_URL=smtp://build STATIC_ROOT=/static \
    DJANGO_SETTINGS_MODULE=portal.settings.production \
    python manage.py collectstatic --no-input

# --- what runs --------------------------------------------------------------------------------------
FROM python:3.12-slim-bookworm
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=portal.settings.production \
    BIND=0.0.0.0:8000 \
    STATIC_ROOT=/static \
    MEDIA_ROOT=/files
RUN useradd --system --uid 10001 --home-dir /portal --shell /usr/sbin/nologin portal \
    && install -d -o portal -g portal /files
COPY --from=build /venv /venv
COPY --from=build /static /static
COPY --from=build /portal /portal
WORKDIR /portal
USER portal
VOLUME /files
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-m", "portal.probe", "web"]
CMD ["gunicorn", "--config=python:portal.gunicorn_conf", "portal.wsgi"]
