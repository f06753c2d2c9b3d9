#!/usr/bin/env bats
# Delivery over HTTP, against a server that answers as the text asks for: what
# goes over the wire, to whom, and what comes back of somebody on the way.
# shellcheck disable=SC2034	# stop_server reads server
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be

setup() {
	load helper
	server=
	make_ledger 2026-11-23T23:00:00Z
	export TWILIO_AUTH_TOKEN=secret-token
	unset http_proxy https_proxy all_proxy no_proxy ALL_PROXY NO_PROXY
	sed -i 's/^provider = console/provider = twilio/' "$OMNI_CONF"
	serve
}

teardown() {
	stop_server
}

# serve: $base is the server's URL.  "403" and "500" in a text are the status of
# its answer; all else is accepted.  $seen has the first lines of requests.
serve() {
	local port=$BATS_TEST_TMPDIR/port i
	seen=$BATS_TEST_TMPDIR/seen
	: >"$seen"
	python3 - "$port" "$seen" 3>&- <<-'END' &
	import hashlib, http.server, os, sys
	class H(http.server.BaseHTTPRequestHandler):
	    protocol_version = 'HTTP/1.1'
	    def log_message(self, *a): pass
	    def do_CONNECT(self):
	        self.answer(403, b'')
	    def do_GET(self):
	        self.answer(404, b'')
	    def do_POST(self):
	        body = self.rfile.read(int(self.headers['Content-Length']))
	        if b'403' in body:
	            self.answer(403, b'<html>Forbidden</html>')
	        elif b'500' in body:
	            self.answer(500, b'')
	        else:
	            self.answer(201, b'{"sid":"SM%s"}' %
	                hashlib.md5(body).hexdigest().encode())
	    def answer(self, status, body):
	        with open(sys.argv[2], 'a') as f:
	            f.write(self.requestline + '\n')
	        self.send_response(status)
	        self.send_header('Content-Length', str(len(body)))
	        self.end_headers()
	        self.wfile.write(body)
	s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), H)
	with open(sys.argv[1] + '.new', 'w') as f:
	    f.write(str(s.server_port))
	os.rename(sys.argv[1] + '.new', sys.argv[1])
	s.serve_forever()
	END
	server=$!
	for ((i = 0; i < 200; i++)); do
		[ ! -s "$port" ] || break
		sleep 0.05
	done
	base=http://127.0.0.1:$(<"$port")
	sed -i "/^auth_token/a base_url = $base" "$OMNI_CONF"
}

# queue ID TEXT ...
queue() {
	while (($# > 0)); do
		jq -cn --arg id "$1" --arg text "$2" '{$id, channel: "sms",
			account: "sms", to: "+525511000009", $text,
			class: "alert", cost: "0.05", segments: 1, route: {},
			expires_at: "2026-12-30T00:00:00Z"}'
		shift 2
	done | omni-queue -q
}

@test "what goes to this machine in the clear goes through no proxy (Inv. 8)" {
	local name
	queue s1 Hola s2 Hola
	# It would get the request with the password in it.
	for name in http_proxy ALL_PROXY; do
		run -0 env "$name=$base" omni-send-sms -q -o \
			"provider twilio.base_url=http://127.0.0.1:1"
		at 2026-11-23T23:10:00Z
		assert_output --partial 'Failed to connect'
		run -0 cat "$seen"
		assert_output ''
	done
	# With TLS it is a proxy's business to carry it.
	at 2026-11-23T23:59:00Z
	https_proxy=$base run omni-send-sms -q -o \
		'provider twilio.base_url=https://127.0.0.1:1'
	run -0 head -n 1 "$seen"
	assert_output 'CONNECT 127.0.0.1:1 HTTP/1.1'
}

@test "a base_url that is wrong is named before anything is sent" {
	local url
	queue s1 Hola
	for url in http://127.0.0.1:80@example.com http://example.com \
	    https://user:pass@example.com 'https://example.com/?x' ftp://x; do
		run -78 omni-send-sms -q -o "provider twilio.base_url=$url"
		assert_output --partial '[provider twilio] base_url: neither https://'
		refute_output --partial pass@
	done
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 0
	assert_equal "$(states)" 'queued 1'
}

@test "timeout = 0s would wait for ever" {
	run -78 omni-send-sms -q -o 'provider twilio.timeout=0s'
	assert_output --partial '[provider twilio] timeout: less than 1s'
	run -0 omni-send-sms -q -o 'provider twilio.timeout=1s'
}

@test "a firewall's 403 for one text puts off that message alone" {
	queue s1 'cita 403' s2 'Hola 2' s3 'Hola 3' s4 'Hola 4'
	run -0 omni-send-sms -q
	assert_output --partial 's1: attempt 1: later: HTTP status 403'
	assert_equal "$(states)" 'queued 1 sent 3'
	assert_equal "$(sql "SELECT state, reason FROM message WHERE
		id = 's1'")" 'queued|to be tried again'
	assert_equal "$(sql 'SELECT count(*) FROM provider_state')" 0
}

@test "a 403 for every text ends the run" {
	local i texts=()
	for ((i = 1; i <= 9; i++)); do
		texts+=("s$i" "403 $i")
	done
	queue "${texts[@]}"
	run -75 omni-send-sms -q -o 'channel sms.connections=1'
	assert_output --partial 'twilio cannot be reached; 3 messages wait'
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 6
	assert_equal "$(states)" 'queued 9'
}

@test "why: in doubt, for the reason that was" {
	queue s1 'Hola 500'
	run -0 omni-send-sms -q
	assert_equal "$(states)" 'in_doubt 1'
	run -0 omni-ledger why s1
	assert_output --regexp ' in doubt, attempt 1: no clear answer .HTTP 500.'
	refute_output --partial died
}
