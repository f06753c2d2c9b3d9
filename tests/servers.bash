# shellcheck shell=bash
# shellcheck disable=SC2034	# what is set is for the tests
# The providers, played, and web servers in front of our programs.

# need PROGRAM...: skips the test without one of them
need() {
	local program
	PATH=$PATH:/usr/sbin
	for program; do
		command -v "$program" >/dev/null ||
			skip "$program is not installed"
	done
}

# started FILE COMMAND...: $server is the process; waits for its first line,
# which goes to the file
started() {
	local file=$1 i
	shift
	rm -f "$file"
	"$@" >"$file" 3>&- &
	server=$!
	for ((i = 0; i < 200; i++)); do
		[ ! -s "$file" ] || break
		sleep 0.05
	done
}

# play DIRECTORY [OPTION]...: omni-simulator, by the real clock as its answers
# are; $url is where it is, $ready a file with more
play() {
	ready=$1.ready
	started "$ready" env -u OMNI_NOW omni-simulator -d "$@"
	url=$(jq -r .http "$ready")
}

# faults JSON: those of the simulator, from here on
faults() {
	curl -sS -o /dev/null -d "{\"faults\":$1}" "$url/_control"
}

# run_lighttpd <SETTINGS: with these besides, at $base; $web is its process
run_lighttpd() {
	local conf=$BATS_TEST_TMPDIR/lighttpd.conf more port tries
	need lighttpd
	more=$(cat)
	mkdir -p "$BATS_TEST_TMPDIR/www"
	# Somebody else may take the port that was free.
	for ((tries = 0; tries < 5; tries++)); do
		port=$(free_port)
		base=http://127.0.0.1:$port
		cat >"$conf" <<-END
		server.document-root = "$BATS_TEST_TMPDIR/www"
		server.bind = "127.0.0.1"
		server.port = $port
		server.errorlog = "$BATS_TEST_TMPDIR/error.log"
		server.breakagelog = "$BATS_TEST_TMPDIR/cgi.log"
		server.upload-dirs = ( "$BATS_TEST_TMPDIR" )
		$more
		END
		lighttpd -D -f "$conf" 3>&- 2>/dev/null &
		web=$!
		while kill -0 "$web" 2>/dev/null; do
			! curl -s -o /dev/null "$base/" || return 0
		done
	done
	web=
	fail 'lighttpd does not start'
}

# serve_ingest CGI [NAME]...: a lighttpd that starts it for /omni, with these
# variables of the environment
serve_ingest() {
	local cgi=$1 name list
	shift
	list=$(for name in OMNI_CONF "$@"; do
		printf '"%s" => "%s", ' "$name" "${!name}"
	done)
	run_lighttpd <<-END
	server.modules += ( "mod_alias", "mod_setenv", "mod_cgi" )
	\$HTTP["url"] =~ "^/omni/" {
		alias.url = ( "/omni" => "$cgi" )
		cgi.assign = ( "" => "" )
		setenv.set-environment = ( ${list%, } )
	}
	END
}

# stop_web: ends the web server, if there is one; for teardown
stop_web() {
	[ -z "${web-}" ] || {
		kill "$web" 2>/dev/null || :
		wait "$web" || :
	}
}
