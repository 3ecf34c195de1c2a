# The images of imagemill, one target each, built from the repository's root:
#   docker build --target api -t imagemill-api .
#   docker build --target worker -t imagemill-worker .          (the janitor too)
#   docker build --target loadtest -t imagemill-loadtest .
# `make digests` names the base by its digest; so does --build-arg PYTHON=python:3.13-slim@sha256:...
# Every package is a wheel with a hash in requirements/*.lock.
# HEIC is read as it is; --build-arg WORKER=worker-heic writes it too, with x265, which is under the GNU GPL: mind that
# before you hand the image on, and tell the API by IMAGEMILL_HEIC_WRITING=always (the chart: api.settings.heicWriting).
ARG PYTHON=python:3.13-slim

FROM ${PYTHON} AS build
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY pyproject.toml ./
COPY requirements requirements
COPY tools/write_notices.py ./
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore PIP_ONLY_BINARY=:all: PIP_NO_DEPS=1
# The packages come before the code, so that a change of the code does not fetch them again.
RUN touch README.md && pip install --require-hashes -r requirements/build.lock && \
    python -m venv --without-pip /opt/imagemill

FROM build AS build-api
RUN pip --python /opt/imagemill/bin/python install --require-hashes -r requirements/api.lock && \
    /opt/imagemill/bin/python write_notices.py /opt/imagemill/THIRD-PARTY-NOTICES.txt requirements/api.lock
COPY core core
COPY api api

FROM build AS build-worker
ARG WORKER=worker
RUN pip --python /opt/imagemill/bin/python install --require-hashes -r requirements/${WORKER}.lock && \
    /opt/imagemill/bin/python write_notices.py /opt/imagemill/THIRD-PARTY-NOTICES.txt requirements/${WORKER}.lock
COPY core core
COPY engine engine
COPY janitor janitor
COPY worker worker

FROM build AS build-loadtest
# Only what it needs: it knows the service by HTTP and has none of its code.
RUN pip --python /opt/imagemill/bin/python install --require-hashes -r requirements/loadtest.lock && \
    /opt/imagemill/bin/python write_notices.py /opt/imagemill/THIRD-PARTY-NOTICES.txt requirements/loadtest.lock && \
    find /opt/imagemill/lib -type d \( -name tests -o -path '*/sqlalchemy/testing' \) -prune -exec rm -r {} + && \
    python -m compileall -q /opt/imagemill/lib

# Nothing is written at run time, so everything is compiled here, and trusted to match its source. Packages bring their
# tests along, which no program runs.
FROM build-api AS built-api
RUN pip wheel --no-build-isolation -w wheels . && \
    pip --python /opt/imagemill/bin/python install wheels/*.whl && \
    find /opt/imagemill/lib -type d \( -name tests -o -path '*/sqlalchemy/testing' \) -prune -exec rm -r {} + && \
    python -m compileall -q -f --invalidation-mode unchecked-hash /opt/imagemill/lib

FROM build-worker AS built-worker
RUN pip wheel --no-build-isolation -w wheels . && \
    pip --python /opt/imagemill/bin/python install wheels/*.whl && \
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
COPY --from=build /usr/share/doc/tini/copyright /usr/share/doc/tini/copyright
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
