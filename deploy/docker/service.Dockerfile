# One image per service from one build: the compiled workspace comes from `npm run images`, which builds it once.
#   docker build -f deploy/docker/service.Dockerfile --build-arg SERVICE=merge -t eigenloom-merge .
ARG BASE=docker.io/library/node:24.21.0-bookworm-slim

FROM ${BASE} AS dependencies
ARG SERVICE
WORKDIR /app
ENV NODE_EXTRA_CA_CERTS=/run/secrets/ca NODE_NO_WARNINGS=1
COPY . .
# Production dependencies of this service alone; what no other image needs stays out of this one. The decoder of images is an optional
# dependency of its own package, one for each platform.
RUN --mount=type=secret,id=ca \
    npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error --workspace "services/${SERVICE}"
RUN find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.md' \) -delete \
 && find services -mindepth 1 -maxdepth 1 ! -name "${SERVICE}" -exec rm -rf {} + \
 && rm -rf packages/cli packages/testkit tests demo \
 && find node_modules -xtype l -delete \
 && ln -s "services/${SERVICE}/dist/main.js" main.js

FROM ${BASE}
ARG SERVICE
LABEL org.opencontainers.image.title="eigenloom-${SERVICE}" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production \
    EIGENLOOM_HOST=0.0.0.0 \
    EIGENLOOM_PORT=50051 \
    EIGENLOOM_METRICS_PORT=9464 \
    EIGENLOOM_DATA=/data \
    EIGENLOOM_ROOTS=/data
WORKDIR /app
COPY --from=dependencies /app /app
COPY LICENSE /app/
USER 10001:10001
EXPOSE 50051 9464
# Node as process 1 gets SIGTERM itself; there is no shell between.
CMD ["node", "/app/main.js"]
