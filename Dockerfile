# Never built where it was written: no container engine runs there (docs/deployment.md). Needs BuildKit.
# The base image is pinned by tag: its digest could not be looked up there either.
#
#     docker build --build-arg TORCH_INDEX=ADDRESS --tag sourcier:local .
#
# A company's own package index goes in as a secret, so that it stays out of the image:
#     docker build --secret id=pip,src=pip.conf ...
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# --- packages: the project and what the service needs, every version pinned; no torch.
FROM ${PYTHON_IMAGE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore \
    VIRTUAL_ENV=/opt/sourcier
ENV PATH=${VIRTUAL_ENV}/bin:${PATH}
WORKDIR /build
RUN python -m venv --without-pip "${VIRTUAL_ENV}"
COPY requirements-service.lock ./
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    pip --python "${VIRTUAL_ENV}/bin/python" install --no-deps --requirement requirements-service.lock \
    && pip install hatchling==1.33.0
COPY pyproject.toml README.md ./
COPY core core
COPY ingestion ingestion
COPY service service
COPY eval eval
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && pip --python "${VIRTUAL_ENV}/bin/python" install --no-deps --no-index /wheels/*.whl \
    && pip --python "${VIRTUAL_ENV}/bin/python" check

# --- model: exports the default embedding model to ONNX. Only /models leaves this stage.
FROM packages AS model
# Address of a package index with CPU builds of torch. Empty is pip's own index, which works too, but whose torch for
# x86-64 brings several GB of GPU libraries that are thrown away with this stage.
ARG TORCH_INDEX=""
COPY requirements.lock ./
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    pip --python "${VIRTUAL_ENV}/bin/python" install --no-deps --constraint requirements.lock \
        ${TORCH_INDEX:+--index-url "${TORCH_INDEX}"} torch \
    && pip --python "${VIRTUAL_ENV}/bin/python" install --constraint requirements.lock "sourcier[models]"
RUN SOURCIER_HOME=/tmp/home SOURCIER_EMBEDDING__EXPORTS=/models HF_HUB_OFFLINE=1 ORT_DISABLE_TELEMETRY=1 \
        sourcier doctor --export-model \
    && chmod -R a+rX /models

# --- service: what runs. Writes to /data alone, and to /tmp, which may be a tmpfs.
# onnxruntime reports its use to its maker from the moment it is imported, unless ORT_DISABLE_TELEMETRY is 1.
FROM ${PYTHON_IMAGE} AS service
ENV PATH=/opt/sourcier/bin:${PATH} \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HF_HUB_OFFLINE=1 \
    ORT_DISABLE_TELEMETRY=1 \
    SOURCIER_HOME=/data \
    SOURCIER_EMBEDDING__EXPORTS=/models \
    SOURCIER_HTTP__HOST=0.0.0.0
RUN install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=packages /opt/sourcier /opt/sourcier
COPY --from=model /models /models
COPY configs /app/configs
WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 8000
# Without ProxyHandler({}) a proxy of the environment would be asked for 127.0.0.1.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:' + os.environ.get('SOURCIER_HTTP__PORT', '8000') + '/readyz', timeout=4)"]
ENTRYPOINT ["sourcier"]
CMD ["serve"]
