# The nginx that takes endpoints without a reload: Debian's, and Debian's package of its Lua
# module, untouched. In the place of the official image; the reloader's is built on it.
# Debian stable's nginx is older than 1.27.4, which reloads lose connections without.
ARG LUA_DEBIAN_IMAGE=docker.io/library/debian:sid-slim
FROM ${LUA_DEBIAN_IMAGE}
RUN apt-get update \
 && apt-get install --yes --no-install-recommends nginx-light libnginx-mod-http-lua \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/ldconfig/aux-cache /var/log/*
# As the official image has them: the chart's pod relies on both.
STOPSIGNAL SIGQUIT
USER 101:101
CMD ["nginx", "-g", "daemon off;"]
