# The images of imagemill, one target each, built from the repository's root:
#   docker build --target api -t imagemill-api .
#   docker build --target worker -t imagemill-worker .          (the janitor too)
#   docker build --target loadtest -t imagemill-loadtest .
# PYTHON may name a digest: --build-arg PYTHON=python:3.13-slim@sha256:...
# HEIC is read as it is; --build-arg EXTRAS=worker,heic writes it too, with x265, which is under the GNU GPL: mind that
# before you hand the image on, and tell the API by IMAGEMILL_HEIC_WRITING=always (the chart: api.settings.heicWriting).
ARG PYTHON=python:3.13-slim

FROM ${PYTHON} AS build
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY pyproject.toml requirements.lock ./
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# A wheel without code brings what we depend on, so that a change of the code does not fetch it again.
RUN touch README.md && pip install -c requirements.lock setuptools && \
    python -m venv --without-pip /opt/imagemill && pip wheel --no-deps --no-build-isolation -w empty .

FROM build AS build-api
RUN pip --python /opt/imagemill/bin/python install -c requirements.lock "$(echo empty/*.whl)[api]"
COPY core core
COPY api api

FROM build AS build-worker
ARG EXTRAS=worker
RUN pip --python /opt/imagemill/bin/python install -c requirements.lock "$(echo empty/*.whl)[${EXTRAS}]"
COPY core core
COPY engine engine
COPY janitor janitor
COPY worker worker

FROM build AS build-loadtest
# Only what it needs: it knows the service by HTTP and has none of its code.
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['loadtest'], sep='\n')" > needed.txt && \
    pip --python /opt/imagemill/bin/python install -c requirements.lock -r needed.txt && \
    find /opt/imagemill/lib -type d \( -name tests -o -path '*/sqlalchemy/testing' \) -prune -exec rm -r {} + && \
    python -m compileall -q /opt/imagemill/lib

# Nothing is written at run time, so everything is compiled here, and trusted to match its source. Packages bring their
# tests along, which no program runs.
FROM build-api AS built-api
RUN pip wheel --no-deps --no-build-isolation -w wheels . && \
    pip --python /opt/imagemill/bin/python install --no-deps --force-reinstall wheels/*.whl && \
    find /opt/imagemill/lib -type d \( -name tests -o -path '*/sqlalchemy/testing' \) -prune -exec rm -r {} + && \
    python -m compileall -q -f --invalidation-mode unchecked-hash /opt/imagemill/lib

FROM build-worker AS built-worker
RUN pip wheel --no-deps --no-build-isolation -w wheels . && \
    pip --python /opt/imagemill/bin/python install --no-deps --force-reinstall wheels/*.whl && \
    find /opt/imagemill/lib -type d \( -name tests -o -path '*/sqlalchemy/testing' \) -prune -exec rm -r {} + && \
    python -m compileall -q -f --invalidation-mode unchecked-hash /opt/imagemill/lib

FROM ${PYTHON} AS base
# The official image comes without compiled bytecode of the standard library; half of a start would go into that.
RUN python -c "import compileall, re, sysconfig; compileall.compile_dir(sysconfig.get_path('stdlib'), quiet=2, \
    rx=re.compile('/(test|idlelib|tkinter|turtledemo|ensurepip|site-packages|dist-packages)/'))"
ARG VERSION=0.2.0
ARG REVISION=unknown
LABEL org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV PATH=/opt/imagemill/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONSAFEPATH=1
COPY --from=build /usr/bin/tini /usr/bin/tini
WORKDIR /
USER 10001:10001
# As process 1 a program gets no signal before it has asked for it, and has to bury the orphans; tini does both.
ENTRYPOINT ["/usr/bin/tini", "--", "python", "-m"]

FROM base AS loadtest
ARG REVISION=unknown
LABEL org.opencontainers.image.title="imagemill-loadtest" \
      org.opencontainers.image.description="Load tests of imagemill: Locust, the scenarios, the report"
COPY --from=build-loadtest /opt/imagemill /opt/imagemill
COPY loadtest /srv/loadtest
ENV LOADTEST_REVISION=${REVISION} PYTHONPATH=/srv MPLCONFIGDIR=/tmp HOME=/tmp
WORKDIR /srv
ENTRYPOINT ["/usr/bin/tini", "--", "python", "-m", "loadtest"]
CMD ["--help"]

FROM base AS worker
LABEL org.opencontainers.image.title="imagemill-worker" \
      org.opencontainers.image.description="The converting worker of imagemill, and its janitor"
COPY --from=built-worker /opt/imagemill /opt/imagemill
ENV IMAGEMILL_PROBE_HOST=0.0.0.0
CMD ["worker"]

FROM base AS api
LABEL org.opencontainers.image.title="imagemill-api" \
      org.opencontainers.image.description="The HTTP service of imagemill, and its migrations"
COPY --from=built-api /opt/imagemill /opt/imagemill
ENV IMAGEMILL_HOST=0.0.0.0
EXPOSE 8000
CMD ["api"]
