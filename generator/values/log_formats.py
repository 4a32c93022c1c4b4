"""Formats of access logs."""

import re

from generator.directives import Expression
from generator.problems import shown
from generator.values.invalid import Invalid, check_length
from generator.values.variables import unknown_variable

_LONGEST = 3000
_FAMILIES = re.compile(
    r"(?:arg|cookie|http|sent_http|sent_trailer|upstream_http|upstream_trailer|upstream_cookie)"
    r"_[a-z0-9_]{1,60}",
    re.ASCII,
)
_OF_NGINX = """
    args binary_remote_addr body_bytes_sent bytes_sent connection connection_requests
    connection_time content_length content_type document_uri host hostname https is_args msec
    nginx_version pid pipe proxy_add_x_forwarded_for proxy_host proxy_port proxy_protocol_addr
    proxy_protocol_port proxy_protocol_server_addr proxy_protocol_server_port query_string
    remote_addr remote_port remote_user request request_completion request_filename request_id
    request_length request_method request_time request_uri scheme server_addr server_name
    server_port server_protocol ssl_cipher ssl_ciphers ssl_client_fingerprint ssl_client_i_dn
    ssl_client_s_dn ssl_client_serial ssl_client_v_end ssl_client_v_start ssl_client_verify
    ssl_curves ssl_early_data ssl_protocol ssl_server_name ssl_session_id ssl_session_reused
    status time_iso8601 time_local uri upstream_addr upstream_bytes_received upstream_bytes_sent
    upstream_cache_status upstream_connect_time upstream_header_time upstream_response_length
    upstream_response_time upstream_status
"""
_OF_PILLION = """
    pillion_host pillion_ingress pillion_port pillion_request_id pillion_rule pillion_scheme
    pillion_server_port pillion_service pillion_status
"""
_OF_INGRESS_NGINX = """
    best_http_host ingress_name location_path namespace pass_access_scheme pass_server_port
    proxy_alternative_upstream_name proxy_upstream_name req_id service_name service_port
    the_real_ip
"""
_NAMES = frozenset(f"{_OF_NGINX} {_OF_PILLION} {_OF_INGRESS_NGINX}".split())


def log_format(text: str) -> Expression:
    """Read a format; its variables are nginx's, Pillion's, or those that ingress-nginx gave."""
    check_length(text, _LONGEST)
    if not text.isprintable():
        raise Invalid("one line of text", "Leave out line breaks and control characters.")
    if unknown := unknown_variable(text, _is_known):
        raise Invalid(
            f"a log format: {shown(unknown)} is not a variable here",
            "Use variables of nginx's log module, or those that ingress-nginx documents.",
        )
    return Expression(text)


def _is_known(name: str) -> bool:
    return name in _NAMES or _FAMILIES.fullmatch(name) is not None
