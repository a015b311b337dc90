#!/bin/bash
# Starts nginx on a free port of this machine and measures against it; called by make bench.
set -eu
. "$LWS_SRCDIR/tests/lib/helpers.bash"
. "$LWS_SRCDIR/tests/lib/nginx.bash"
dir=$(mktemp -d)
trap 'stop_nginx "$dir/nginx"; rm -rf "$dir"' EXIT
NGINX_KEEPALIVE_REQUESTS=1000000000 start_nginx "$dir/nginx" off
"$PYTHON3" "$LWS_SRCDIR/tests/bench/bench.py" "$nginx_url"
