# One static program and nothing else: nats-server and the collector, for machines that reach no image registry.
# Elsewhere the public images do.
FROM scratch
ARG PROGRAM
COPY ${PROGRAM} /program
USER 10001:10001
ENTRYPOINT ["/program"]
