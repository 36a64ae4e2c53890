#!/usr/bin/env bash
# Makes localhost/eigenloom-node:24 from Debian's packages and npm alone, for machines that reach no image registry.
# It stands in for the public Node image that the Dockerfile names by default: Debian 12, Node 24, npm.
set -euo pipefail
NODE_VERSION=24.21.0
NPM_VERSION=11.19.1
IMAGE=localhost/eigenloom-node:24
storage=(--storage-driver=vfs)

if buildah "${storage[@]}" inspect --type image "$IMAGE" >/dev/null 2>&1; then
  echo "images: $IMAGE is there"
  exit 0
fi
for tool in buildah mmdebstrap npm; do
  command -v "$tool" >/dev/null || { echo "images: $tool is not installed (Debian: apt-get install $tool)" >&2; exit 1; }
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

echo "images: making $IMAGE (Debian 12, Node $NODE_VERSION)"
mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$scratch/base.tar"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$scratch/node" \
  "node-linux-$(node -p process.arch)@$NODE_VERSION" "npm@$NPM_VERSION"

container=$(buildah "${storage[@]}" from scratch)
buildah "${storage[@]}" add --quiet "$container" "$scratch/base.tar" / >/dev/null
buildah "${storage[@]}" copy --quiet "$container" "$scratch/node/node_modules/node-linux-$(node -p process.arch)/bin/node" /usr/local/bin/node >/dev/null
buildah "${storage[@]}" copy --quiet "$container" "$scratch/node/node_modules/npm" /usr/local/lib/node_modules/npm >/dev/null
buildah "${storage[@]}" run --isolation chroot "$container" -- sh -c '
  ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
  chmod +x /usr/local/lib/node_modules/npm/bin/npm-cli.js
  rm -rf /var/lib/apt/lists/* /var/cache/apt/* /usr/share/doc/* /usr/share/man/* /usr/share/locale/*
  node --version && npm --version'
buildah "${storage[@]}" commit --quiet --squash --rm "$container" "$IMAGE" >/dev/null
echo "images: made $IMAGE"
