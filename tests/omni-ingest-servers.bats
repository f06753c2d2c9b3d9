#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# The web servers that share/server has a configuration for: each of them,
# for real, with that file as it is but for its paths.

setup() {
	load helper
	load npm
	load servers
	server=
	hook=
	# Not below the directory of the tests, where nobody else may look.
	web=$(mktemp -d /var/tmp/omni-web.XXXXXX)
	chmod 755 "$web"
	mkdir "$web/etc" "$web/bin" "$web/spool" "$web/tmp" "$web/www"
	install -m 755 "$ROOT/bin/omni-ingest" "$web/bin"
	TOKEN=12345678901234567890123456789012
	printf %s "$TOKEN" >"$web/etc/token"
	printf %s verify-token >"$web/etc/verify"
	printf %s app-secret >"$web/etc/secret"
	chmod 640 "$web/etc/"{token,verify,secret}
	cat >"$web/etc/omni.conf" <<-END
	[paths]
	spool = ../spool
	[site]
	public_url = https://hooks.example.com/omni
	[provider twilio]
	kind = twilio
	auth_token = file:token
	[provider meta]
	kind = whatsapp
	app_secret = file:secret
	verify_token = file:verify
	END
	# Root would be root in the CGI, too.
	as=()
	if [ "$(id -u)" -eq 0 ]; then
		as=(setpriv --reuid=www-data --regid=www-data --clear-groups --)
		chown -R www-data:www-data "$web"
	fi
	text=(-H 'Content-Type: text/plain')
	json=(-H 'Content-Type: application/json')
}

teardown() {
	stop_server
	[ -z "$hook" ] || {
		kill "$hook" 2>/dev/null || :
		wait "$hook" || :
	}
	rm -rf "$web"
}

# shipped FILE: that of share/server, with the paths of this test
shipped() {
	sed -e "s|/usr/local/bin/omni-ingest|$web/bin/omni-ingest|" \
		-e "s|/usr/local/etc/omni.conf|$web/etc/omni.conf|" \
		-e "s|/run/omni-hook.socket|$web/tmp/hook|" \
		"$ROOT/share/server/$1"
}

# start COMMAND...: it serves $url
start() {
	"${as[@]}" "$@" 3>&- >"$web/log" 2>&1 &
	server=$!
	until curl -s -o /dev/null "$url"; do
		kill -0 "$server" || {
			cat "$web/log"
			return 1
		}
	done
}

# start_hook: what omni-hook.service starts
start_hook() {
	local command
	need fcgiwrap
	command=$(shipped omni-hook.service | sed -n 's/^ExecStart=//p')
	# shellcheck disable=SC2086	# it is a command with its arguments
	"${as[@]}" $command -s "unix:$web/tmp/hook" 3>&- >"$web/hook.log" 2>&1 &
	hook=$!
	until [ -S "$web/tmp/hook" ]; do
		kill -0 "$hook"
	done
}

start_lighttpd() {
	need lighttpd
	port=$(free_port)
	url=http://127.0.0.1:$port
	cat >"$web/lighttpd.conf" <<-END
	server.document-root = "$web/www"
	server.bind = "127.0.0.1"
	server.port = $port
	server.errorlog = "$web/error.log"
	server.breakagelog = "$web/cgi.log"
	server.upload-dirs = ( "$web/tmp" )
	$(shipped "$1")
	END
	start lighttpd -D -f "$web/lighttpd.conf"
}

start_nginx() {
	need nginx
	[ -r /etc/nginx/fastcgi_params ] || skip 'no fastcgi_params of nginx'
	port=$(free_port)
	url=http://127.0.0.1:$port
	cat >"$web/nginx.conf" <<-END
	daemon off;
	pid $web/tmp/pid;
	error_log $web/error.log;
	events { }
	http {
	access_log off;
	client_body_temp_path $web/tmp/body;
	proxy_temp_path $web/tmp/proxy;
	fastcgi_temp_path $web/tmp/fastcgi;
	uwsgi_temp_path $web/tmp/uwsgi;
	scgi_temp_path $web/tmp/scgi;
	server {
	listen 127.0.0.1:$port;
	root $web/www;
	$(shipped "$1")
	} }
	END
	start nginx -e "$web/error.log" -c "$web/nginx.conf"
}

# start_apache FILE MODULE...
start_apache() {
	local modules=/usr/lib/apache2/modules module
	need apache2
	port=$(free_port)
	url=http://127.0.0.1:$port
	{
		for module in mpm_event authz_core env alias "${@:2}"; do
			echo "LoadModule ${module}_module $modules/mod_$module.so"
		done
		cat <<-END
		ServerName hooks.example.com
		ServerRoot $web
		DefaultRuntimeDir $web/tmp
		PidFile $web/tmp/pid
		Listen 127.0.0.1:$port
		ErrorLog $web/error.log
		DocumentRoot $web/www
		<IfModule cgid_module>
		ScriptSock $web/tmp/cgid
		</IfModule>
		END
		shipped "$1"
	} >"$web/apache.conf"
	start apache2 -X -f "$web/apache.conf"
}

# sign PARAMETERS: $signature of what comes to /twilio/sms
sign() {
	signature=$(printf %s "https://hooks.example.com/omni/twilio/sms$1" |
		openssl dgst -sha1 -binary -hmac "$TOKEN" | base64)
}

waiting() {
	find "$web/spool/inbound/new" -type f 2>/dev/null | wc -l
}

# gets STATUS PATH [CURL OPTION]...: that is the answer; what it says in $output
gets() {
	local want=$1 path=$2
	shift 2
	run curl -s -w '\n%{http_code}' "$@" "$url$path"
	[ "${lines[-1]}" = "$want" ] || {
		tail -n 5 "$web/"*log
		curl -si "$@" "$url$path" | head -n 20
		echo "$path: ${lines[-1]}, not $want"
		return 1
	}
}

# serves: what each of them must do
serves() {
	local good=/omni/twilio/sms challenge
	challenge='hub.mode=subscribe&hub.challenge=42&hub.verify_token'
	sign BodySí
	gets 200 $good -H "X-Twilio-Signature: $signature" -d Body=S%C3%AD
	assert_line --index 0 \
		'<?xml version="1.0" encoding="UTF-8"?><Response/>'
	assert_equal "$(waiting)" 1
	assert_equal "$(tail -n 1 "$web"/spool/inbound/new/*)" Body=S%C3%AD
	sign '?a=b%20c&d=BodySí'
	gets 200 "$good?a=b%20c&d=" -H "X-Twilio-Signature: $signature" \
		-d Body=S%C3%AD
	sign '?-h+-o+xBodyx'
	gets 200 "$good?-h+-o+x" -H "X-Twilio-Signature: $signature" -d Body=x
	assert_equal "$(waiting)" 3
	gets 403 "$good?a=b+c&d=" -H "X-Twilio-Signature: $signature" \
		-d Body=S%C3%AD
	gets 403 $good -d Body=S%C3%AD
	gets 200 "/omni/whatsapp?$challenge=verify-token"
	assert_line --index 0 42
	gets 403 "/omni/whatsapp?$challenge=x"
	gets 404 /omni/nothing -d x=y
	gets 404 /omni/ -d x=y
	gets 404 /omnibus -d x=y
	gets 405 $good
	gets 415 $good "${text[@]}" -d x=y
	refuses_large
	takes_large
	takes_chunks
	refuses_head
	assert_equal "$(waiting)" 5
	assert_equal "$(wc -l <"$web/spool/inbound/refused")" 3
	# Nothing of the configuration came out anywhere.
	run -1 grep -rE "$TOKEN|app-secret|verify-token" "$web/spool" \
		"$web/error.log"
}

refuses_head() {
	run -0 curl -s -I "$url/omni/twilio/sms"
	assert_line --regexp '^HTTP/1.1 405 '
}

refuses_large() {
	head -c 1048577 /dev/zero | tr '\0' x >"$web/large"
	gets 413 /omni/twilio/sms --data-binary "@$web/large"
	head -c 3200000 /dev/zero | tr '\0' x >"$web/large"
	gets 413 /omni/whatsapp "${json[@]}" --data-binary "@$web/large"
}

takes_large() {
	local mac
	head -c 3100000 /dev/zero | tr '\0' x >"$web/large"
	mac=$(openssl dgst -sha256 -r -hmac app-secret <"$web/large" |
		cut -d ' ' -f 1)
	gets 200 /omni/whatsapp "${json[@]}" --data-binary "@$web/large" \
		-H "X-Hub-Signature-256: sha256=$mac"
}

takes_chunks() {
	sign BodySí
	gets 200 /omni/twilio/sms -H "X-Twilio-Signature: $signature" \
		-H 'Transfer-Encoding: chunked' -d Body=S%C3%AD
}

@test "lighttpd, by CGI" {
	start_lighttpd lighttpd.conf
	serves
}

@test "lighttpd, with fcgiwrap" {
	start_hook
	start_lighttpd lighttpd-fcgiwrap.conf
	serves
}

@test "nginx, with fcgiwrap" {
	start_hook
	start_nginx nginx-fcgiwrap.conf
	serves
}

@test "Apache, by CGI" {
	start_apache apache.conf cgid
	serves
}

@test "Apache, with fcgiwrap" {
	start_hook
	start_apache apache-fcgiwrap.conf proxy proxy_fcgi
	serves
}

@test "behind a proxy that ends TLS: the URL that was signed is public_url" {
	local plain
	need socat openssl
	start_lighttpd lighttpd.conf
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -batch \
		-subj /CN=hooks.example.com -keyout "$web/tmp/key" \
		-out "$web/tmp/cert" 2>/dev/null
	plain=$port
	port=$(free_port)
	socat "OPENSSL-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr,verify=0,cert=$web/tmp/cert,key=$web/tmp/key" \
		"TCP:127.0.0.1:$plain" 3>&- &
	hook=$!
	until curl -sk -o /dev/null "https://127.0.0.1:$port/"; do
		kill -0 "$hook"
	done
	url=https://127.0.0.1:$port
	sign BodySí
	gets 200 /omni/twilio/sms -k -H "X-Twilio-Signature: $signature" \
		-d Body=S%C3%AD
	# Whatever the server is called by.
	gets 200 /omni/twilio/sms -k -H "X-Twilio-Signature: $signature" \
		-d Body=S%C3%AD -H 'Host: evil.example' \
		-H 'X-Forwarded-Proto: http'
	gets 403 /omni/twilio/sms -k -H "X-Twilio-Signature: $signature" \
		-d Body=S%C3%AE
	assert_equal "$(waiting)" 2
}

# by_twilio PROGRAM...: it makes the signature of $body for its first argument
by_twilio() {
	local body i n=0
	for body in Body=S%C3%AD 'Body=&From=%2B52' ${twice-} \
	    'a%20b=c+d%2B&Z=%0A%26%3D&z=%F0%9F%91%8D' \
	    "MessageSid=SM1&Body=$(printf '%*s' 5000 '' | tr ' ' x)"; do
		signature=$("$@" "$TOKEN" \
			https://hooks.example.com/omni/twilio/sms "$body")
		gets 200 /omni/twilio/sms -d "$body" \
			-H "X-Twilio-Signature: $signature"
		n=$((n + 1))
		# One byte of the body, and one of the signature.
		i=$((${#body} - 1))
		gets 403 /omni/twilio/sms -d "${body:0:i}~" \
			-H "X-Twilio-Signature: $signature"
		gets 403 /omni/twilio/sms -d "$body" \
			-H "X-Twilio-Signature: ${signature/[A-Y]/Z}"
		gets 403 /omni/twilio/status -d "$body" \
			-H "X-Twilio-Signature: $signature"
	done
	assert_equal "$(waiting)" "$n"
}

@test "Twilio's Python library signs, and we accept; one byte changed, and not" {
	/usr/bin/python3 -c 'import twilio' 2>/dev/null ||
		skip 'python3-twilio is not installed'
	start_lighttpd lighttpd.conf
	cat >"$web/sign.py" <<-'END'
	import sys, urllib.parse
	from twilio.request_validator import RequestValidator
	print(RequestValidator(sys.argv[1]).compute_signature(sys.argv[2],
	    dict(urllib.parse.parse_qsl(sys.argv[3], True))))
	END
	by_twilio /usr/bin/python3 "$web/sign.py"
}

@test "Twilio's library of npm signs, and we accept; one byte changed, and not" {
	need_npm twilio
	start_lighttpd lighttpd.conf
	cat >"$web/sign.js" <<-'END'
	const { getExpectedTwilioSignature } =
	    require('twilio/lib/webhooks/webhooks');
	const params = {};
	for (const [k, v] of new URLSearchParams(process.argv[4]))
		params[k] = k in params ? [].concat(params[k], v) : v;
	console.log(getExpectedTwilioSignature(process.argv[2],
	    process.argv[3], params));
	END
	# Debian's Python library does not know what to do with those.
	twice='B=2&B=1&B=2' by_twilio node "$web/sign.js"
}
