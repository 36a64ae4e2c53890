#!/usr/bin/env bash
# Builds the images of the four services, of nats-server and of a collector, and archives of them: npm run images [-- OUT]
#   BASE=IMAGE      base image; default: docker.io/library/node, or localhost/eigenloom-node:24 where no registry is reached
#   BUILDER=docker  builds with Docker instead of buildah
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-.cache/images}
tag=${TAG:-1}
services=(init train merge analysis)
mkdir -p "$out"

node scripts/setup.mjs images
storage=(--storage-driver=vfs)
builder=${BUILDER:-buildah}

if [[ $builder == docker ]]; then
  base=(${BASE:+--build-arg "BASE=$BASE"})
  for service in "${services[@]}"; do
    docker build -f deploy/docker/service.Dockerfile --build-arg "SERVICE=$service" "${base[@]}" -t "localhost/eigenloom-$service:$tag" .
    docker save -o "$out/eigenloom-$service.tar" "localhost/eigenloom-$service:$tag"
  done
  exit 0
fi

if [[ -z ${BASE:-} ]]; then
  bash deploy/docker/local-base.sh
  BASE=localhost/eigenloom-node:24
fi
secret=()
if [[ -n ${NODE_EXTRA_CA_CERTS:-} ]]; then secret=(--secret "id=ca,src=$NODE_EXTRA_CA_CERTS"); fi

archive() { # archive NAME
  rm -f "$out/$1.tar"
  buildah "${storage[@]}" push --quiet "localhost/$1:$tag" "oci-archive:$out/$1.tar:localhost/$1:$tag"
  echo "images: localhost/$1:$tag → $out/$1.tar ($(du -h "$out/$1.tar" | cut -f1))"
}
for service in "${services[@]}"; do
  buildah "${storage[@]}" bud --quiet --isolation chroot --network host "${secret[@]}" \
    --build-arg "BASE=$BASE" --build-arg "SERVICE=$service" \
    -f deploy/docker/service.Dockerfile -t "localhost/eigenloom-$service:$tag" . >/dev/null
  archive "eigenloom-$service"
done
CGO_ENABLED=0 go build -C deploy/docker/collector -trimpath -ldflags '-s -w' -o "$PWD/.cache/bin/collector" .
for pair in nats:nats-server collector:collector; do
  name=eigenloom-${pair%%:*}
  buildah "${storage[@]}" bud --quiet --build-arg "PROGRAM=${pair##*:}" -f deploy/docker/binary.Dockerfile -t "localhost/$name:$tag" .cache/bin >/dev/null
  archive "$name"
done
