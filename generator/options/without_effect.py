"""Keys of ingress-nginx that change nothing here, each with its reason.

So a ConfigMap can be kept as it is, and whoever reads what is told knows which keys can go.
"""

from collections.abc import Mapping

_SIZED = "tables are sized by what is in them"
_LUA = "there is no Lua inside nginx here"
_GEOIP = "nginx has no GeoIP module here"
_OTEL = "nginx has no OpenTelemetry module here"
_WAF = "nginx has no ModSecurity module here"
_BROTLI = "nginx has no Brotli module here"
_OLD = "today's nginx has no such directive"
_STDOUT = "logs go to stdout and stderr, where the node collects them"

WITHOUT_EFFECT: Mapping[str, str] = {
    "access-log-params": _STDOUT,
    "debug-connections": "nginx is built without debugging",
    "disable-ipv6": "IPv6 is listened on where the node has it",
    "disable-ipv6-dns": "IPv6 addresses are asked for where the node has them",
    "enable-access-log-for-default-backend": "what no rule answers is always logged",
    "enable-aio-write": "bodies are written to memory or a small local volume",
    "enable-brotli": _BROTLI,
    "brotli-level": _BROTLI,
    "brotli-min-length": _BROTLI,
    "brotli-types": _BROTLI,
    "enable-modsecurity": _WAF,
    "enable-owasp-modsecurity-crs": _WAF,
    "modsecurity-snippet": _WAF,
    "enable-multi-accept": "it is always on",
    "enable-opentelemetry": _OTEL,
    "opentelemetry-config": _OTEL,
    "opentelemetry-operation-name": _OTEL,
    "opentelemetry-location-operation-name": _OTEL,
    "opentelemetry-trust-incoming-span": _OTEL,
    "otlp-collector-host": _OTEL,
    "otlp-collector-port": _OTEL,
    "otel-max-queuesize": _OTEL,
    "otel-schedule-delay-millis": _OTEL,
    "otel-max-export-batch-size": _OTEL,
    "otel-service-name": _OTEL,
    "otel-sampler": _OTEL,
    "otel-sampler-ratio": _OTEL,
    "otel-sampler-parent-based": _OTEL,
    "enable-serial-reloads": "reloads never overlap, and are spaced while old workers drain",
    "error-log-path": _STDOUT,
    "http-access-log-path": _STDOUT,
    "stream-access-log-path": _STDOUT,
    "geoip2-autoreload-in-minutes": _GEOIP,
    "use-geoip": _GEOIP,
    "use-geoip2": _GEOIP,
    "http2-max-field-size": _OLD,
    "http2-max-header-size": _OLD,
    "http2-max-requests": _OLD,
    "lua-shared-dicts": _LUA,
    "map-hash-bucket-size": _SIZED,
    "proxy-headers-hash-bucket-size": _SIZED,
    "proxy-headers-hash-max-size": _SIZED,
    "server-name-hash-bucket-size": _SIZED,
    "server-name-hash-max-size": _SIZED,
    "variables-hash-bucket-size": _SIZED,
    "variables-hash-max-size": _SIZED,
    "nginx-status-ipv4-whitelist": "the status page is on loopback alone",
    "nginx-status-ipv6-whitelist": "the status page is on loopback alone",
    "strict-validate-path-type": "paths are always validated, each for its own type",
    "ssl-session-cache": "sessions are always cached; ssl-session-cache-size says how many",
    "syslog-host": _STDOUT,
    "syslog-port": _STDOUT,
    "enable-syslog": _STDOUT,
    "relative-redirects": "it is an annotation's to say here",
    "worker-cpu-affinity": "the kernel places workers within what the pod may use",
}
