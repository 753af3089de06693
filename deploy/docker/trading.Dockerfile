# The services of the example, one binary for all roles: `docker build -f deploy/docker/trading.Dockerfile .` from the root.
#
# As aegis.Dockerfile: one static binary on `scratch`.

# In a pipeline, with the digest: --build-arg RUST_IMAGE=rust:1.95-bookworm@sha256:...
ARG RUST_IMAGE=rust:1.95-bookworm
# Where the binary comes from: the stage below, or an image that has it at /out.
ARG BINARIES=build

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
RUN cargo chef cook --release --locked --recipe-path /recipe.json --target "$(rustc --print host-tuple)" --package aegis-trading
COPY . .
RUN cargo auditable build --release --locked --target "$(rustc --print host-tuple)" --package aegis-trading \
    && mkdir -p /out/etc/ssl/certs \
    && strip -o /out/aegis-trading "target/$(rustc --print host-tuple)/release/aegis-trading" \
    && cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/

FROM ${BINARIES} AS binaries

FROM scratch
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG SOURCE=https://aegis.example
LABEL org.opencontainers.image.title="aegis-trading" \
      org.opencontainers.image.description="A small trading floor: example services of Aegis" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
COPY --from=binaries /out/etc /etc
COPY --from=binaries /out/aegis-trading /aegis-trading
USER 65532:65532
# A service listens on no port: whether it lives is told by its heartbeats, so there is no HEALTHCHECK.
ENTRYPOINT ["/aegis-trading"]
