#!/usr/bin/env bats
# Delivery over HTTP/2, which needs TLS: many transfers share one connection.
# shellcheck disable=SC2034	# stop_server reads server

setup() {
	load helper
	command -v node >/dev/null || skip 'no node, for a server of HTTP/2'
	server=
	make_ledger 2026-11-23T23:00:00Z
	export TWILIO_AUTH_TOKEN=secret-token
	unset https_proxy HTTPS_PROXY all_proxy ALL_PROXY
}

teardown() {
	stop_server
}

# serve: a server of HTTP/2 alone at $base, with the certificate $cert; in $log
# it notes "connection" and "request", and how many streams were open
serve() {
	local port=$BATS_TEST_TMPDIR/port i
	cert=$BATS_TEST_TMPDIR/cert
	log=$BATS_TEST_TMPDIR/log
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost -days 9 \
		-keyout "$cert.key" -out "$cert" 2>/dev/null
	cat >"$BATS_TEST_TMPDIR/server.js" <<-'END'
	const fs = require('fs'), crypto = require('crypto');
	const [cert, port, log] = process.argv.slice(2);
	const note = (line) => fs.appendFileSync(log, line + '\n');
	const server = require('http2').createSecureServer({
	  key: fs.readFileSync(cert + '.key'), cert: fs.readFileSync(cert)
	});
	let open = 0;
	server.on('session', () => note('connection'));
	server.on('request', (request, response) => {
	  const hash = crypto.createHash('md5');
	  note(`request ${++open}`);
	  request.on('data', (chunk) => hash.update(chunk));
	  request.on('end', () => setTimeout(() => {
	    open--;
	    response.writeHead(201);
	    response.end(`{"sid":"SM${hash.digest('hex')}"}`);
	  }, 20));
	});
	server.listen(0, '127.0.0.1', () => {
	  fs.writeFileSync(port + '.new', String(server.address().port));
	  fs.renameSync(port + '.new', port);
	});
	END
	node "$BATS_TEST_TMPDIR/server.js" "$cert" "$port" "$log" 3>&- &
	server=$!
	for ((i = 0; i < 400; i++)); do
		[ ! -s "$port" ] || break
		sleep 0.05
	done
	base=https://localhost:$(<"$port")
}

@test "HTTP/2: one connection carries many transfers at once, each message once" {
	serve
	sed -i -e 's/^provider = console/provider = twilio/' -e "/^auth_token/a \
		base_url = $base\nca_file = $cert" "$OMNI_CONF"
	jq -cn 'range(1; 61) | {id: "s\(.)", channel: "sms", account: "sms",
		to: "+52551\(1000000 + .)", text: "Hola \(.)", class: "alert",
		route: {}, expires_at: "2026-12-30T00:00:00Z"}' | omni-queue -q
	run -0 omni-send-sms -q
	assert_output ''
	assert_equal "$(sql 'SELECT state, count(*) FROM message GROUP BY 1')" \
		'sent|60'
	assert_equal "$(sql 'SELECT count(DISTINCT provider_id) FROM
		attempt')" 60
	assert_equal "$(grep -c '^connection$' "$log")" 1
	assert_equal "$(grep -c '^request' "$log")" 60
	# Not one after the other: [channel] connections are the streams.
	run -0 bash -c "cut -d ' ' -f 2 '$log' | grep -v c | sort -n | tail -n 1"
	[ "$output" -ge 4 ]
}
