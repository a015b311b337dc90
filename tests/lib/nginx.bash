# nginx as an independent device: static JSON answers and one access log line per request.
NGINX=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v nginx)

free_port() {
	"$PYTHON3" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

nginx_location() {
	printf "location = %s { return 200 '{\"success\":true,\"data\":%s,\"version\":\"2.0\"}'; }\n" "$1" "$2"
}

# nginx_config DIR PORT LOG: the uptime that device/status tells is the clock's second, short
# enough for the firmware's 32 bits; it must move on, or it would look like a reboot.
nginx_config() {
	cat <<-END
		pid $1/nginx.id;
		error_log $1/nginx.error;
		worker_processes 1;
		events { worker_connections 1024; }
		http {
			map \$msec \$uptime { "~^\d{4}0*(\d+)\." \$1; }
			log_format times '\$msec \$uri \$status';
			access_log $3;
			default_type application/json;
			keepalive_requests ${NGINX_KEEPALIVE_REQUESTS:-1000};
			client_body_temp_path $1/body; proxy_temp_path $1/proxy; fastcgi_temp_path $1/fastcgi;
			uwsgi_temp_path $1/uwsgi; scgi_temp_path $1/scgi;
			server {
				listen 127.0.0.1:$2 backlog=1024;
				$(nginx_location /api/v1/device/status '{"uptime":$uptime,"freeHeap":51200}')
				$(nginx_location /api/v1/device/info '{"name":"LightwaveOS","firmware":"3.1.0"}')
				$(nginx_location /api/v1/effects/current '{"effectId":6912,"name":"Ocean"}')
				$(nginx_location /api/v1/effects '{"total":0,"effects":[]}')
				$(nginx_location /api/v1/parameters '{"brightness":128}')
			}
		}
	END
}

# start_nginx DIR [LOG]: sets nginx_url. The port was free a moment ago; if it no longer is, another
# one is tried. nginx itself returns when it listens.
start_nginx() {
	local dir=$1 log=${2:-$1/access.log times} port
	mkdir -p "$dir" || return 1
	for _ in 1 2 3 4 5; do
		port=$(free_port)
		nginx_config "$dir" "$port" "$log" >"$dir/nginx.conf"
		if "$NGINX" -p "$dir" -e "$dir/nginx.error" -c "$dir/nginx.conf" >>"$dir/nginx.out" 2>&1 3>&- </dev/null; then
			nginx_url=http://127.0.0.1:$port
			wait_for 5 test -s "$dir/nginx.id"
			return
		fi
	done
	cat "$dir/nginx.out" "$dir/nginx.error"
	return 1
}

stop_nginx() {
	local pid
	[ -s "$1/nginx.id" ] || return 0
	pid=$(<"$1/nginx.id")
	kill -QUIT "$pid"
	wait_for 5 test ! -e "$1/nginx.id" || kill -KILL "$pid"
}
