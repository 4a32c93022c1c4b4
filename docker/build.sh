#!/bin/sh
# Builds both images with podman or docker, names them as the chart does, and puts their
# parts lists into dist/. `make images` calls it; what can be set, with its default:
#   ENGINE         podman, else docker
#   REGISTRY       localhost        a registry and a folder in it, such as registry.example.com/edge
#   DEBIAN_IMAGE   docker.io/library/debian:trixie-slim    where the generator runs
#   NGINX_IMAGE    docker.io/library/nginx:1.31.3          the nginx that serves, and so that judges
#   LUA=1          builds pillion-nginx-lua too, of Debian's packages, and the reloader on it
#   LUA_DEBIAN_IMAGE  docker.io/library/debian:sid-slim    the Debian of that
#   BUILD_ARGS     more for `build`, such as --network=host
set -eu
cd "$(dirname "$0")/.."

ENGINE=${ENGINE:-$(command -v podman || command -v docker || true)}
[ -n "$ENGINE" ] || { echo "Neither podman nor docker is on PATH. Install one, or name it: make images ENGINE=..." >&2; exit 1; }
REGISTRY=${REGISTRY:-localhost}
DEBIAN_IMAGE=${DEBIAN_IMAGE:-docker.io/library/debian:trixie-slim}
NGINX_IMAGE=${NGINX_IMAGE:-docker.io/library/nginx:1.31.3}
# The time of the sources, so that the same commit makes the same image.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
VERSION=$(sed -n 's/^appVersion: //p' chart/Chart.yaml)
REVISION=$(git rev-parse HEAD)

case $("$ENGINE" --version) in
    podman*) DATED="--timestamp=$SOURCE_DATE_EPOCH" ;;
    *) DATED="--build-arg=SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH" ;;
esac

if [ "${LUA:-}" ]; then
    image=$REGISTRY/pillion-nginx-lua
    # shellcheck disable=SC2086 # several words
    "$ENGINE" build --file=docker/nginx-lua.Dockerfile --tag="$image" "$DATED" \
        --build-arg=LUA_DEBIAN_IMAGE="${LUA_DEBIAN_IMAGE:-docker.io/library/debian:sid-slim}" ${BUILD_ARGS:-} docker
    # What apt brought names the image, as the official one is named.
    NGINX_VERSION=$("$ENGINE" run --rm --network=none --entrypoint=nginx "$image" -v 2>&1 | sed 's|.*/||; s| .*||')
    NGINX_IMAGE=$image:$NGINX_VERSION
    "$ENGINE" tag "$image" "$NGINX_IMAGE"
    echo "$NGINX_IMAGE"
fi

build() { # build NAME TAG
    image=$REGISTRY/pillion-$1:$2
    # shellcheck disable=SC2086 # several words
    "$ENGINE" build --file=docker/Dockerfile --target="$1" --tag="$image" "$DATED" \
        --build-arg=DEBIAN_IMAGE="$DEBIAN_IMAGE" --build-arg=NGINX_IMAGE="$NGINX_IMAGE" \
        --build-arg=VERSION="$2" --build-arg=REVISION="$REVISION" ${BUILD_ARGS:-} .
    "$ENGINE" run --rm --network=none --entrypoint=cat "$image" /opt/pillion/sbom.cdx.json > "dist/$1.cdx.json"
    built="$built$image $(($("$ENGINE" image inspect --format='{{.Size}}' "$image") / 1000000)) MB, dist/$1.cdx.json
"
}

mkdir -p dist
built=
build generator "$VERSION"
build reloader "$VERSION-nginx${NGINX_IMAGE##*:}"
printf '%s' "$built"
