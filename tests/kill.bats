#!/usr/bin/env bats
# Inv. 2, 3, 4: SIGKILL at a system call of what writes the ledger before
# anything is sent, and of what calls people, then the same command again.  KILL_POINTS=N: that many
# points of each program, evenly over all; the rest is a matter of time.

setup() {
	load helper
	make_site
	at 2026-11-23T23:00:00Z
	points=${KILL_POINTS:-16}
	calls='write pwrite64 fdatasync fsync unlink unlinkat linkat openat'
	need_strace
}

# sweep INPUT CHECK COMMAND...: kill COMMAND <INPUT at points spread over all
# its calls, run it again, and CHECK.
sweep() {
	local input=$1 check=$2 point spot total
	local before=$BATS_TEST_TMPDIR/before
	shift 2
	cp -R "$SITE" "$before"
	find_spots "$calls" "$@" <"$input" >/dev/null
	# shellcheck disable=SC2154	# set by find_spots
	total=${#spots[@]}
	((points <= total)) || points=$total
	for ((point = 0; point < points && point < total; point++)); do
		spot=${spots[point * total / points]}
		rm -rf "$SITE"
		cp -R "$before" "$SITE"
		kill_at "$spot" "$@" <"$input"
		run -0 "$@" <"$input"
		"$check" || {
			echo "killed at $spot"
			return 1
		}
	done
	echo "# $total calls, $point of them tried" >&3
}

all_queued() {
	[[ $(sql 'SELECT count(*), count(DISTINCT content), min(state),
		max(state) FROM message') == '40|40|queued|queued' ]] &&
		[[ $(sql "SELECT count(*) FROM journal
			WHERE op = 'message.queued'") == 40 ]] &&
		omni-ledger verify -q
}

@test "omni-queue: every record is queued once" {
	omni-ledger init
	jq -nc 'range(40) | {id: "m\(.)", channel: "sms", account: "sms",
		to: "+5255123456\(. + 10)", text: "hola \(.)",
		expires_at: "2026-11-24T23:00:00Z"}' >"$BATS_TEST_TMPDIR/in"
	sweep "$BATS_TEST_TMPDIR/in" all_queued omni-queue -q
}

all_scheduled() {
	[[ $(sql 'SELECT count(*), min(revision), max(revision), min(state)
		FROM reminder') == '40|1|1|open' ]] &&
		[[ $(sql 'SELECT count(*) FROM contact') == 40 ]] &&
		[[ $(sql "SELECT count(*) FROM consent
			WHERE state = 'out'") == 40 ]] &&
		omni-ledger verify -q
}

@test "omni-schedule: every appointment is taken in once, with its opt-out" {
	omni-ledger init
	jq -nc 'range(40) | {id: "appointment-\(.)", type: "appointment",
		at: "2026-11-25T10:00", contact: {id: "c\(.)", name: "Ana",
		email: "a\(.)@example.org", opt_out: ["email"]}}' \
		>"$BATS_TEST_TMPDIR/in"
	sweep "$BATS_TEST_TMPDIR/in" all_scheduled omni-schedule -q
}

# The ten that are missing, and who was told of one is to be told of it.
all_cancelled() {
	[[ $(sql "SELECT group_concat(state || ' ' || n, ', ') FROM (SELECT
		state, count(*) AS n FROM reminder GROUP BY state)") == \
		'cancelled 10, open 30' ]] &&
		[[ $(sql "SELECT count(*) FROM journal
			WHERE op = 'reminder.closed'") == 10 ]] &&
		[[ $(sql "SELECT count(*) FROM reminder
			WHERE notice = 'cancelled'") == 1 ]] &&
		omni-ledger verify -q
}

@test "omni-schedule --full: what is missing is cancelled once, in the end" {
	omni-ledger init
	jq -nc 'range(40) | {id: "a\(.)", type: "appointment",
		at: (if . == 39 then "2026-11-24T12:00" else "2026-11-25T10:00"
		end), contact: {id: "c\(.)", name: "Ana",
		email: "a\(.)@example.org"}, vars: {owner_name: "Ana",
		pet_name: "Luna"}}' >"$BATS_TEST_TMPDIR/all"
	omni-schedule -q <"$BATS_TEST_TMPDIR/all"
	omni-run -o quiet.start=20:00
	[[ $(sql 'SELECT id, state FROM message') == 'a39.r1/1|sent' ]]
	{
		head -n 30 "$BATS_TEST_TMPDIR/all"
		echo '{"end": true, "count": 30}'
	} >"$BATS_TEST_TMPDIR/in"
	sweep "$BATS_TEST_TMPDIR/in" all_cancelled omni-schedule -q --full \
		-o schedule.max_cancel=50
}

is_ledger() {
	omni-ledger verify -q && [[ $(sql 'SELECT count(*) FROM site') == 1 ]]
}

@test "omni-ledger init: a ledger, or none, and the next init makes it" {
	sweep /dev/null is_ledger omni-ledger init
}

is_rebuilt() {
	omni-ledger verify -q && all_queued
}

@test "omni-ledger rebuild: the projections are whole before and after" {
	omni-ledger init
	jq -nc 'range(40) | {id: "m\(.)", channel: "sms", account: "sms",
		to: "+5255123456\(. + 10)", text: "hola \(.)",
		expires_at: "2026-11-24T23:00:00Z"}' >"$BATS_TEST_TMPDIR/in"
	omni-queue -q <"$BATS_TEST_TMPDIR/in"
	sweep /dev/null is_rebuilt omni-ledger rebuild
}

all_imported() {
	[[ $(sql 'SELECT count(*) FROM contact') == 40 ]] &&
		[[ $(sql "SELECT count(*) FROM journal
			WHERE op IN ('contact.put', 'consent.put')") == 80 ]] &&
		omni-ledger verify -q
}

@test "omni-contact import: every contact is taken in once, with its opt-out" {
	omni-ledger init
	jq -nc 'range(40) | {id: "c\(.)", name: "Ana",
		email: "a\(.)@example.org", opt_out: ["email"]}' \
		>"$BATS_TEST_TMPDIR/in"
	sweep "$BATS_TEST_TMPDIR/in" all_imported omni-contact import -q
}

is_forgotten() {
	[[ $(sql 'SELECT count(*) FROM contact') == 1 ]] &&
		[[ $(sql "SELECT count(*) FROM journal
			WHERE op = 'contact.forgotten'") == 1 ]] &&
		[[ $(sql "SELECT state FROM message") == cancelled ]] &&
		! grep -aqE 'Zenobia|zenobia@example|5512349999' \
			"$SITE/spool/ledger.db" "$SITE/spool/ledger.db-wal" &&
		omni-ledger verify -q
}

@test "omni-contact forget: killed and done again, nothing is left" {
	omni-ledger init
	jq -nc '{id: "z", name: "Zenobia Paz", email: "zenobia@example.org",
		phone: "55 1234 9999", opt_out: ["sms"]},
		{id: "y", name: "Yago Paz"}' >"$BATS_TEST_TMPDIR/in"
	omni-contact import -q <"$BATS_TEST_TMPDIR/in" 2>/dev/null
	jq -nc '{id: "m1", channel: "sms", account: "sms", contact: {id: "z"},
		to: "+525512349999", text: "Hola Zenobia",
		expires_at: "2026-11-24T23:00:00Z"}' >"$BATS_TEST_TMPDIR/in"
	omni-queue -q <"$BATS_TEST_TMPDIR/in"
	sweep /dev/null is_forgotten omni-contact forget -q z
}

@test "omni-send-voice: nobody is called twice, and nobody is forgotten" {
	run -0 "$ROOT/tests/kill-send" voice "${KILL_STEP:-150}"
	assert_output --partial '0 sent twice; 0 wrong'
}
