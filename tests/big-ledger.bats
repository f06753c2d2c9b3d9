#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# The cost of a run depends on what is due, not on what exists: proved by the
# plans of all statements that the programs prepare, and by how many steps
# SQLite takes for them, on a ledger of years and on a new one.

setup_file() {
	load helper
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	shim=$BATS_FILE_TMPDIR/sqlplans.so
	cc -std=c11 -D_GNU_SOURCE -shared -fPIC -o "$shim" \
		"$ROOT/tests/fake/preload/sqlplans.c" -ldl
	make_ledger 2026-11-23T17:00:00Z
	keep_console
	# What is confined could not write down its plans.
	printf '\n[filter]\nconfine = no\n\n[send]\nconfine = no\n' \
		>>"$OMNI_CONF"
	cp -R "$SITE" "$BATS_FILE_TMPDIR/new"
	"$ROOT/tests/bench.d/bigledger" "${OMNI_BIG:-20000}"
}

setup() {
	load helper
	SITE=$BATS_TEST_TMPDIR/site
	OMNI_CONF=$SITE/etc/omni.conf
	export SITE OMNI_CONF
	at 2026-11-23T17:00:00Z
	shim=$BATS_FILE_TMPDIR/sqlplans.so
	plans=$BATS_TEST_TMPDIR/plans
	in=$BATS_TEST_TMPDIR/in
}

# take_site big|new: a copy of it, to change
take_site() {
	rm -rf "$SITE"
	if [ "$1" = big ]; then
		cp -R "$BATS_FILE_TMPDIR/site" "$SITE"
	else
		cp -R "$BATS_FILE_TMPDIR/new" "$SITE"
	fi
}

# seen COMMAND...: runs it; its plans and steps go to $plans
seen() {
	SQLPLANS=$plans LD_PRELOAD=$shim \
		ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 "$@"
}

# good_plans [STATEMENTS]: no plan goes through what grows for ever
good_plans() {
	run "$ROOT/tests/fake/plancheck.py" "$plans" "$@"
	assert_success
}

# steps: how many SQLite took, by the plans
steps() {
	awk -F '\t' '$2 == "steps" { n += $3 } END { print n + 0 }' "$plans"
}

# came_in HOOK QUERY BODY: as omni-ingest --cgi leaves it
came_in() {
	mkdir -p "$SITE/spool/inbound/new"
	count=$((${count-0} + 1))
	printf 'Hook: %s\nReceived: %s\nContent-Type: %s\nQuery: %s\nToken: %s\n\n%s' \
		"$1" "$OMNI_NOW" application/x-www-form-urlencoded "$2" "t$count" \
		"$3" >"$SITE/spool/inbound/new/1795453100.00000000$count.1.1.aa"
}

# export_of ID TIME STATUS: a line of a calendar
export_of() {
	jq -cn --arg id "$1" --arg at "$2" --arg status "$3" '{id: $id,
		type: "appointment", at: $at, status: $status, contact: {id: "x1",
		name: "Eva", email: "eva@x.example", phone: "5512345678"},
		vars: {owner_name: "Eva", pet_name: "Luna"}}'
}

@test "the ledger of years is one: the views show it, its keys fit" {
	take_site big
	assert_equal "$(sql 'PRAGMA foreign_key_check')" ''
	assert_equal "$(sql 'PRAGMA integrity_check')" ok
	assert_equal "$(sql 'SELECT count(*) FROM reminder')" \
	    "${OMNI_BIG:-20000}"
	[ "$(sql 'SELECT count(*) FROM message')" -gt \
	    "$((${OMNI_BIG:-20000} * 49 / 10))" ]
	assert_equal "$(sql "SELECT person <> '' AND text <> '' FROM inbox
		LIMIT 1")" 1
}

@test "a run with nothing due: no statement goes through what exists" {
	local rows
	take_site big
	run -0 omni-run		# the channels get their rows
	rows=$(sql 'SELECT max(seq) FROM journal')
	run -0 --separate-stderr seen omni-run
	assert_equal "$stderr" ''
	run -0 seen omni-status -q -o status.flags=0 -o status.run_age=0s
	assert_equal "$(sql 'SELECT max(seq) FROM journal')" "$rows"
	for program in ingest escalate send-mail send-sms send-wa status; do
		grep -q "^omni-$program"$'\t' "$plans"
	done
	good_plans
}

@test "a run with work: imports, ladders, sending, receipts, answers" {
	take_site big
	export TWILIO_AUTH_TOKEN=1
	{
		export_of e1 2026-11-24T10:30:00-06:00 scheduled
		export_of e2 2026-11-24T11:00:00-06:00 scheduled
		export_of e3 2026-11-25T11:00:00-06:00 scheduled
	} >"$in"
	run -0 seen omni-schedule -q <"$in"
	run -0 seen omni-run
	at 2026-11-23T19:30:00Z
	run -0 seen omni-run
	{
		export_of e1 2026-11-24T12:30:00-06:00 scheduled
		export_of e2 2026-11-24T11:00:00-06:00 cancelled
	} >"$in"
	run -0 seen omni-schedule -q <"$in"
	at 2026-11-24T00:30:00Z
	run -0 seen omni-run
	assert_equal "$(sql "SELECT count(*) > 1 FROM message WHERE
		reminder LIKE 'e_' AND state = 'sent'")" 1
	came_in twilio/sms '' 'MessageSid=SM1&From=%2B525512345678&To=%2B525587654321&Body=SI&NumMedia=0'
	came_in twilio/sms '' 'MessageSid=SM2&From=%2B525512345678&To=%2B525587654321&Body=quiza&NumMedia=0'
	came_in twilio/sms '' 'MessageSid=SM3&From=%2B525512345678&To=%2B525587654321&Body=STOP&NumMedia=0'
	came_in twilio/status ref=x.1 'MessageSid=SM4&MessageStatus=delivered'
	run -0 seen omni-run
	assert_equal "$(sql "SELECT count(*) FROM message WHERE
		direction = 'inbound' AND id LIKE 'in:twilio:SM_:%'")" 3
	run seen omni-status -q
	run -0 seen omni-contact show x1
	# A limit of the day looks at a day.
	jq -cn '{id: "z", channel: "sms", account: "sms", to: "+525599999999",
		text: "x", class: "alert", route: {}, cost: "0.05",
		expires_at: "2026-12-30T00:00:00Z"}' | seen omni-queue -q
	run -0 seen omni-send-sms -q -o limits.spend_day=100 \
		-o limits.spend_run=10 -o limits.recipient_day=5
	assert_equal "$(state z)" 'sent|'
	good_plans
	[ "${output%% statements*}" -gt 100 ]
}

@test "as many steps on a ledger of years as on a new one" {
	local small big program
	for program in "omni-escalate" "omni-ingest -q" "omni-send-mail -q" \
	    "omni-send-sms -q" "omni-run"; do
		take_site new
		run -0 omni-run
		rm -f "$plans"
		# shellcheck disable=SC2086	# a program and its option
		run -0 seen $program
		small=$(steps)
		take_site big
		run -0 omni-run
		rm -f "$plans"
		# shellcheck disable=SC2086
		run -0 seen $program
		big=$(steps)
		echo "$program: $small steps on a new ledger, $big on a big one"
		[ "$small" -gt 0 ]
		[ "$big" -le "$((small + small / 4 + 20))" ]
	done
}

@test "what the journal's rows do goes through no table either" {
	local test
	for test in replay flags; do
		[ -x "$ROOT/build/tests/store/${test}_test" ] ||
			skip "build/tests/store/${test}_test is not built"
		run -0 seen "$ROOT/build/tests/store/${test}_test"
	done
	# Two that turn out to be one are merged by hand, and seldom.
	good_plans "^(?!.*:data_from).*:(data|at)"
	[ "${output%% statements*}" -gt 70 ]
}

@test "what staff reads with LIMIT goes through an index" {
	local view
	take_site big
	for view in inbox unread conversation_history due_reminder \
	    unconfirmed_reminder confirmed_reminder failed_message in_doubt \
	    open_flag unresponsive_contact related_messages primary_address \
	    consent_history; do
		sql "EXPLAIN QUERY PLAN SELECT * FROM $view LIMIT 20" |
			sed -n "s/^[ |\`-]*\\(S[CE]A[NR].*\\)/$view\\tplan\\t\\1\\tx/p" |
			grep -E 'SCAN [a-z]+($|	)' |
			grep -vE "SCAN ($view|j|json_each)" >>"$plans" || :
	done
	run -0 cat "$plans"
	assert_output ''
	# And one thing's is found by its name.
	run -0 sql "EXPLAIN QUERY PLAN SELECT * FROM conversation_history WHERE
		conversation = 'contact:c0000007'"
	assert_output --partial 'message_conversation (conversation=?)'
	run -0 sql "EXPLAIN QUERY PLAN SELECT * FROM related_messages WHERE
		related_type = 'appointment' AND related_id = '42'"
	assert_output --partial '(related_type=? AND related_id=?)'
	run -0 sql "EXPLAIN QUERY PLAN SELECT * FROM confirmed_reminder WHERE
		appointment >= '2026-11-24'"
	assert_output --partial 'reminder_confirmed (event_local>?)'
}

# counted VIEW QUERY: what a view says is what the messages say
counted() {
	assert_equal "$(sql "SELECT * FROM ($2) EXCEPT SELECT * FROM ($1)")" ''
	assert_equal "$(sql "SELECT * FROM ($1) EXCEPT SELECT * FROM ($2)")" ''
	[ "$(sql "SELECT count(*) FROM ($1)")" -gt 0 ]
}

@test "how many arrived, and what it cost, is not added up from all there is" {
	local query
	take_site big
	for query in 'delivery_rate' 'cost_by_day' 'delivery_by_day LIMIT 60' \
	    "delivery_by_day WHERE day > '2026-10-24'" \
	    "cost_by_day WHERE day > '2026-10-24'"; do
		run -0 sql "EXPLAIN QUERY PLAN SELECT * FROM $query"
		refute_output --regexp \
		    '(SCAN|SEARCH) (m|a|message|attempt)( |$)'
		[[ $query != *WHERE* ]] ||
			assert_output --regexp 'SEARCH .*_day USING PRIMARY KEY \(day>'
	done
	[ "$(sql 'SELECT count(*) FROM message_day')" -lt 4000 ]
	counted 'SELECT channel, messages, sent, failed, waiting FROM
		delivery_rate' "SELECT channel_type, sum(state <> 'refused'),
		sum(state = 'sent'), sum(state = 'failed'),
		sum(state = 'queued') FROM message WHERE
		direction = 'outbound' GROUP BY 1"
	counted 'SELECT channel, sum(messages), round(sum(cost), 4) FROM
		cost_by_day GROUP BY 1' "SELECT channel, count(*),
		round(sum(cost), 4) FROM attempt WHERE outcome = 'accepted'
		GROUP BY 1"
}

@test "a plan that goes through everything is seen" {
	take_site new
	seen sqlite3 "$SITE/spool/ledger.db" 'SELECT 1' || :
	printf 'x\tplan\t%s\t%s\n' 'SCAN message' 'SELECT 1 FROM message' \
		>"$plans"
	run -1 "$ROOT/tests/fake/plancheck.py" "$plans"
	for plan in 'SEARCH a USING INDEX attempt_started (channel=?)' \
	    'SCAN a USING COVERING INDEX attempt_started' \
	    'SEARCH a USING AUTOMATIC COVERING INDEX (message=?)'; do
		printf 'x\tplan\t%s\t%s\n' "$plan" 'SELECT 1 FROM attempt a' \
			>"$plans"
		run -1 "$ROOT/tests/fake/plancheck.py" "$plans"
	done
	for plan in 'SEARCH a USING INDEX attempt_started (channel=? AND started_at>?)' \
	    'SEARCH a USING INTEGER PRIMARY KEY (rowid>?)' 'SCAN json_each' \
	    'SCAN a USING INDEX attempt_open'; do
		printf 'x\tplan\t%s\t%s\n' "$plan" 'SELECT 1 FROM attempt a' \
			>"$plans"
		run -0 "$ROOT/tests/fake/plancheck.py" "$plans"
	done
	: >"$plans"	# nothing seen proves nothing
	run -1 "$ROOT/tests/fake/plancheck.py" "$plans"
}

@test "the staff's page looks up what it shows, however much there is" {
	local path
	printf '[staff ana]\nname = Ana\n' >>"$BATS_FILE_TMPDIR/site/etc/omni.conf"
	take_site big
	for path in / /conversation /flags /day; do
		seen env GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=GET \
			PATH_INFO="$path" QUERY_STRING=id=contact:c0000007 \
			REMOTE_USER=ana omni-inbox-cgi >"$BATS_TEST_TMPDIR/page"
		run -0 head -n 1 "$BATS_TEST_TMPDIR/page"
		assert_output --partial '200 OK'
	done
	good_plans
	[ "$(steps)" -lt 40000 ]
}

# inbox SIZE: what staff does most with so many conversations; its $plans
inbox() {
	local command draft
	take_site new
	omni-run
	"$ROOT/tests/bench.d/biginbox" "$1"
	draft=$(sql "SELECT id FROM message WHERE state = 'held' LIMIT 1")
	rm -f "$plans"
	export USER=ana
	for command in 'list -l 3' 'list -l 3 unread' 'list -l 3 mine' \
	    'list -l 3 all' 'list --assignee luis' 'list -l 1 held' \
	    'show c0000051' \
	    'show contact:c0000051' 'reply -n --channel sms c0000051 Hola' \
	    'reply --channel sms c0000051 Hola' 'read c0000101' \
	    'assign c0000101 ana' 'tag c0000101 x' 'close c0000101' \
	    'resolve 1007' "release $draft" "release --anyway $draft"; do
		# shellcheck disable=SC2086	# a command and its words
		seen omni-inbox $command >"$BATS_TEST_TMPDIR/shown" ||
			[[ $? -eq 75 && $command = "release $draft" ]]
	done
}

@test "the inbox looks up what it shows, however many there are" {
	local few many command
	inbox 400
	few=$(steps)
	inbox 4000
	many=$(steps)
	echo "$few steps for 400 conversations, $many for 4000"
	[ "$few" -gt 0 ]
	[ "$many" -le "$((few + few / 4 + 20))" ]
	# By tag or flag: as many as have it.
	for command in 'list all --tag rare' 'list --tag common' \
	    'list unread --tag rare' 'list --flag unresponsive' \
	    'search cancion' 'untag c0000101 x' 'show +525500000000'; do
		# shellcheck disable=SC2086	# a command and its words
		seen omni-inbox $command >"$BATS_TEST_TMPDIR/shown" ||
			[[ $? -eq 1 && $command = show* ]]
	done
	jq -cn '{id: "stranger", name: "S", phone: "5512345678"}' |
		seen omni-contact import -q
	good_plans
}
