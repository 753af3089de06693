# The control plane with its page, and the command line: `docker build -f deploy/docker/aegis.Dockerfile .` from the root.
#
# One static binary on `scratch`: no shell, no package, nothing to write to but the volume. amd64 and arm64 are built on machines
# of their own kind (`--platform`).

# In a pipeline, with the digest: --build-arg RUST_IMAGE=rust:1.95-bookworm@sha256:...
ARG RUST_IMAGE=rust:1.95-bookworm
ARG NODE_IMAGE=node:22-bookworm-slim
# Where the binary comes from: the stage below, or an image that has it at /out.
ARG BINARIES=build

FROM ${NODE_IMAGE} AS page
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --ignore-scripts
COPY graphql/schema.graphql ../graphql/
COPY web .
RUN npm run build

FROM ${RUST_IMAGE} AS chef
# `auditable` writes into the binary what it consists of: scanners find that in an image that has nothing else.
RUN cargo install --locked cargo-chef@0.1.78 cargo-auditable@0.7.7
WORKDIR /src

FROM chef AS plan
COPY . .
RUN cargo chef prepare --recipe-path /recipe.json

FROM chef AS build
# With a target named, the flag is not for build scripts and macros, which cannot be static.
ENV RUSTFLAGS="-C target-feature=+crt-static"
COPY --from=plan /recipe.json /recipe.json
# The dependencies: as long as they stay, so does this layer.
RUN cargo chef cook --release --locked --recipe-path /recipe.json --target "$(rustc --print host-tuple)" --package aegis-control-plane
COPY . .
COPY --from=page /src/web/dist web/dist
RUN cargo auditable build --release --locked --target "$(rustc --print host-tuple)" --package aegis-control-plane \
    && mkdir -p /out/var/lib/aegis /out/etc/ssl/certs \
    && strip -o /out/aegis "target/$(rustc --print host-tuple)/release/aegis" \
    && cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/

FROM ${BINARIES} AS binaries

FROM scratch
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG SOURCE=https://aegis.example
LABEL org.opencontainers.image.title="aegis" \
      org.opencontainers.image.description="Event-sourced control plane for services on NATS" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
COPY --from=binaries --chown=65532:65532 /out/var /var
COPY --from=binaries /out/etc /etc
COPY --from=binaries /out/aegis /aegis
# There is no /tmp: what SQLite cannot keep in memory goes beside its files.
ENV SQLITE_TMPDIR=/var/lib/aegis
USER 65532:65532
EXPOSE 8080
# A cache: what is lost is read from NATS again.
VOLUME ["/var/lib/aegis"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["/aegis", "health"]
ENTRYPOINT ["/aegis"]
CMD ["serve", "--config", "/etc/aegis/aegis.toml"]
