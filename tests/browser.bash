# shellcheck shell=bash
# Chromium, driven over WebDriver with nothing but curl and jq.  $driver has to
# be empty before, and stop_driver is for teardown.

load npm

# start_driver LANGUAGE: skips where there is no Chromium
start_driver() {
	local capabilities port
	command -v chromedriver >/dev/null ||
		skip 'chromedriver (chromium-driver) is not installed'
	port=$(free_port)
	HOME=$BATS_TEST_TMPDIR chromedriver --port="$port" \
		>"$BATS_TEST_TMPDIR/driver.log" 2>&1 3>&- &
	driver=$!
	wd=http://127.0.0.1:$port
	until curl -s -o /dev/null "$wd/status"; do
		kill -0 "$driver" || skip 'chromedriver does not start here'
	done
	capabilities=$(jq -cn --arg dir "$BATS_TEST_TMPDIR/chromium" \
		--arg lang "$1" '{capabilities: {alwaysMatch:
		{browserName: "chrome", "goog:chromeOptions": {
		args: ["--headless=new", "--no-sandbox", "--disable-gpu",
		"--disable-dev-shm-usage", "--lang=" + $lang,
		"--accept-lang=" + $lang, "--user-data-dir=" + $dir]}}}}')
	session=$(curl -s "$wd/session" -d "$capabilities" |
		jq -r '.value.sessionId // empty')
	[ -n "$session" ] || skip 'Chromium does not start here'
	wd+=/session/$session
}

# stop_driver: the browser first, which writes until it ends
stop_driver() {
	[ -z "$driver" ] || {
		curl -s -o /dev/null -X DELETE "$wd" || :
		kill "$driver" 2>/dev/null || :
		wait "$driver" || :
	}
}

# script SCRIPT [ARGUMENT]...: what it returns, as JSON
script() {
	local text=$1
	shift
	jq -cn --arg s "$text" '{script: $s, args: $ARGS.positional}' \
		--args "$@" >"$BATS_TEST_TMPDIR/script"
	curl -s "$wd/execute/sync" -d "@$BATS_TEST_TMPDIR/script" | jq -c .value
}

open_page() {
	curl -s -o /dev/null "$wd/url" -d "$(jq -cn --arg u "$1" '{url: $u}')"
}

# element SELECTOR: fails where there is none
element() {
	curl -s "$wd/element" -d "$(jq -cn --arg s "$1" \
		'{using: "css selector", value: $s}')" |
		jq -er '.value | to_entries[0].value | select(test("^f\\."))'
}

# press SELECTOR: as a finger would
press() {
	local id answer
	id=$(element "$1") || fail "$1: no such element"
	answer=$(curl -s "$wd/element/$id/click" -d '{}')
	[ "$(jq -c .value <<<"$answer")" = null ] || fail "$1: $answer"
}

# write_into SELECTOR TEXT: as a keyboard would
write_into() {
	local id
	id=$(element "$1") || fail "$1: no such element"
	curl -s -o /dev/null "$wd/element/$id/value" \
		-d "$(jq -cn --arg t "$2" '{text: $t}')"
}

# sees TEXT...: the page shows all of these
sees() {
	local shown text
	shown=$(script 'return document.body.innerText')
	for text; do
		[[ $shown == *"$text"* ]] || fail "$text is not in: $shown"
	done
}

# cdp COMMAND PARAMETERS: of Chromium's own protocol, the latter as jq has them
cdp() {
	curl -s -o /dev/null "$wd/goog/cdp/execute" -d "$(jq -cn --arg c "$1" \
		"{cmd: \$c, params: $2}")"
}

# screen WIDTH,HEIGHT: of a telephone or a desktop
screen() {
	# A window cannot be as narrow as a telephone.
	cdp Emulation.setDeviceMetricsOverride "{width: ${1%,*},
		height: ${1#*,}, mobile: true, deviceScaleFactor: 1}"
}

# photo NAME: of the whole page, where OMNI_PHOTOS names a directory
photo() {
	[ -n "${OMNI_PHOTOS-}" ] || return 0
	curl -s "$wd/goog/cdp/execute" -d '{"cmd": "Page.captureScreenshot",
		"params": {"captureBeyondViewport": true}}' |
		jq -r .value.data | base64 -d >"$OMNI_PHOTOS/$1.png"
}

# need_axe: $axe is its file; skips without
need_axe() {
	need_npm axe-core
	axe=$NODE_PATH/axe-core/axe.min.js
}

# accessible: axe finds nothing in this page
accessible() {
	jq -cn --rawfile axe "$axe" '{args: [], script: ($axe +
		"; const done = arguments[0]; axe.run().then(r => done(
		[r.passes.length > 5, r.violations.map(v => v.id + \" \"
		+ v.nodes[0].html)]), e => done(String(e)))")}' \
		>"$BATS_TEST_TMPDIR/axe"
	run -0 curl -s "$wd/execute/async" -d "@$BATS_TEST_TMPDIR/axe"
	# shellcheck disable=SC2154	# run(1) of bats sets it
	assert_equal "$(jq -c .value <<<"$output")" '[true,[]]'
}

# fits: nothing is wider than the screen, or too small for a finger
fits() {
	assert_equal "$(script '
		const w = document.documentElement.clientWidth;
		const all = [...document.body.querySelectorAll("*")].filter(
		    e => !e.closest(".unseen, .skip, thead"));
		return [document.documentElement.scrollWidth - w,
		    all.filter(e => e.getBoundingClientRect().right > w + 1)
		        .map(e => e.outerHTML),
		    all.filter(e => e.matches("button, select, textarea, " +
		        "input:not([type=hidden]):not([type=checkbox]), nav a")
		        && e.getBoundingClientRect().height < 44)
		        .map(e => e.outerHTML)]')" '[0,[],[]]'
}
