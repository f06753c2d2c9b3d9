#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# and output, in the test's own process
# Full exports: what they do not mention is cancelled, and nothing else is.

load helper
load schedule

setup() {
	make_ledger 2026-11-23T09:00:00-06:00
}

# row ID [AT [FILTER]]: one appointment, changed by a jq filter
row() {
	jq -nc --arg id "$1" --arg at "${2-2026-11-25T10:30}" '{id: $id,
	    type: "appointment", at: $at, contact: {id: "7", name: "Ana Paz",
	    email: "ana@x.example"}, vars: {owner_name: "Ana",
	    pet_name: "Luna"}} | '"${3:-.}"
}

# rows FROM TO: as many appointments, r1 r2 ...
rows() {
	local i
	for ((i = $1; i <= $2; i++)); do
		echo "r$i"
	done | jq -Rc '{id: ., type: "appointment", at: "2026-11-25T10:30",
	    contact: {id: "7", name: "Ana Paz", email: "ana@x.example"},
	    vars: {owner_name: "Ana", pet_name: "Luna"}}'
}

the_end() {
	printf '{"end": true, "count": %d}\n' "$1"
}

# reminders: each with its state
reminders() {
	sql "SELECT group_concat(id || ' ' || state, ', ') FROM
	    (SELECT * FROM reminder ORDER BY id)"
}

# open_ones: how many are open
open_ones() {
	sql "SELECT count(*) FROM reminder WHERE state = 'open'"
}

last_word() {
	printf '%s\n' "${stderr_lines[-1]}"
}

@test "--count: what is missing is cancelled, with its messages, and says why (Inv. 6)" {
	{ row a; row b 2026-11-24T08:00; row c; } >"$in"
	schedule 0
	omni-escalate | omni-normalize | omni-route | omni-render | omni-queue -q
	assert_equal "$(sql 'SELECT id, state FROM message')" 'b.r1/1|queued'
	{ row a; row c; } >"$in"
	schedule 0 --full --count 2
	assert_equal "$(reminders)" 'a open, b cancelled, c open'
	assert_equal "$(sql "SELECT reason FROM reminder WHERE id = 'b'")" \
	    'missing from the export'
	assert_equal "$(sql 'SELECT state FROM message')" cancelled
	assert_equal "${stderr_lines[0]}" \
	    'omni-schedule: b, 2026-11-24 08:00: missing from the export'
	assert_equal "$(last_word)" \
	    'omni-schedule: 2 unchanged; 1 missing, cancelled'
	# Again: nothing is left to do.
	before=$(sql 'SELECT count(*) FROM journal')
	schedule 0 --full --count 2
	assert_equal "$stderr" ''
	assert_equal "$(sql 'SELECT count(*) FROM journal')" "$before"
	# And when it is back, it is asked about again.
	{ row a; row b 2026-11-24T08:00; row c; } >"$in"
	schedule 0 --full --count 3
	assert_equal "$(results)" 'unchanged reopened unchanged'
	run -0 omni-ledger verify -q
}

@test "a last line with the count does the same, and passes through (Inv. 1)" {
	{ row a; row b; } >"$in"
	schedule 0
	{ row a; the_end 1; } >"$in"
	schedule 0 --full
	assert_equal "$(results)" 'unchanged end'
	assert_equal "${#lines[@]}" 2
	assert_equal "$(reminders)" 'a open, b cancelled'
	# Both may be given, and must agree.
	{ row a; the_end 1; } >"$in"
	schedule 0 --full --count 1
	schedule 65 --full --count 2
}

@test "without --full nothing is missing, and the count is checked all the same" {
	{ row a; row b; } >"$in"
	schedule 0
	{ row a; the_end 1; } >"$in"
	schedule 0
	assert_equal "$(results)" 'unchanged end'
	schedule 0 --count 1
	schedule 65 --count 3
	[[ $stderr == *'it has 3 rows by --count, but 1 came'* ]]
	assert_equal "$(reminders)" 'a open, b open'
}

@test "a confirmed one that is missing is cancelled; what is over, declined or done is left" {
	{ row a; row b; row c; row d; row e 2026-11-23T10:00; } >"$in"
	schedule 0
	{
		row b 2026-11-25T10:30 '.status = "confirmed"'
		row c 2026-11-25T10:30 '.status = "done"'
	} >"$in"
	schedule 0
	at 2026-11-23T10:00:00-06:00	# the moment of e
	row a >"$in"
	schedule 0 --full --count 1
	assert_equal "$(reminders)" \
	    'a open, b cancelled, c done, d cancelled, e open'
}

@test "an export that is not whole cancels nothing, and what came is taken (65)" {
	rows 1 3 >"$in"
	schedule 0
	for fault in none short long middle line bad noid null after two word \
	    count; do
		{
			row "new-$fault"
			rows 1 2
			case $fault in
			short) the_end 2 ;;
			long) the_end 4 ;;
			middle) the_end 3; row later ;;
			line) the_end 4; printf '{"id":"r3"' ;;
			bad) echo '{"id":"r3",}'; the_end 4 ;;
			noid) jq -c 'del(.id)' < <(row r3); the_end 4 ;;
			null) jq -c '.id = 3' < <(row r3); the_end 4 ;;
			after) the_end 3; echo ;;
			two) the_end 3; the_end 3 ;;
			word) printf '{"end": true, "count": "3"}\n' ;;
			count) printf '{"end": true}\n' ;;
			esac
		} >"$in"
		schedule 65 --full
		[[ $stderr == *'not the whole export: '*'; what is missing stays as it is'* ]]
		assert_equal "$(sql "SELECT state FROM reminder WHERE id = 'r3'")" open
		assert_equal "$(sql "SELECT state FROM reminder WHERE id = 'new-$fault'")" open
	done
	assert_equal "$(sql "SELECT count(*) FROM reminder WHERE state <> 'open'")" 0
}

@test "each of these is named by its reason (Inv. 10)" {
	why() {
		schedule 65 --full "$@"
		sed -n 's/.*not the whole export: \(.*\);.*/\1/p' <<<"$stderr"
	}
	row a >"$in"
	assert_equal "$(why)" \
	    'it has no end: neither a last line with the count, nor --count'
	assert_equal "$(why --count 7)" 'it has 7 rows by --count, but 1 came'
	{ row a; the_end 7; } >"$in"
	assert_equal "$(why)" 'it has 7 rows, but 1 came'
	{ row a; echo '['; the_end 2; } >"$in"
	assert_equal "$(why)" 'line 2 has no id that can be read'
	{ row a; printf '{"id": "b'; } >"$in"
	assert_equal "$(why --count 2)" 'it ends inside a line'
	{ row a; the_end 1; row b; } >"$in"
	assert_equal "$(why)" 'line 3 comes after its end'
	{ row a; the_end 1; the_end 1; } >"$in"
	assert_equal "$(why)" 'it has two ends; the second is line 3'
	# The last line carries the error, for programs.
	{ row a; the_end 7; } >"$in"
	schedule 65 --full
	assert_equal "$(jq -c '.error | select(.) | [.code, .field]' <<<"$output")" \
	    '["bad_count","count"]'
}

@test "who writes the export is killed in the middle: nothing is cancelled" {
	rows 1 20 >"$in"
	schedule 0
	# shellcheck disable=SC2016	# for the inner shell
	run -65 --separate-stderr bash -c '{ head -n 7 "$1"; kill -KILL $BASHPID; } |
	    omni-schedule -q --full --count 20' - "$in"
	assert_equal "$(open_ones)" 20
}

# interrupted SIGNAL: omni-schedule gets it while it waits for the rest
interrupted() {
	rows 1 20 >"$in"
	schedule 0
	mkfifo "$in.fifo"
	omni-schedule --full <"$in.fifo" >"$in.out" &
	local pid=$!
	exec 7>"$in.fifo"
	head -n 3 "$in" >&7
	# Its answers say that it has read them, and waits.
	until [[ $(wc -l <"$in.out") == 3 ]]; do
		sleep 0.05
	done
	kill "-$1" "$pid"
	wait "$pid" || status=$?
	exec 7>&-
	assert_equal "$status" "$2"
	assert_equal "$(open_ones)" 20
}

@test "SIGTERM in the middle: nothing is cancelled" {
	interrupted TERM 143
}

@test "SIGHUP in the middle: nothing is cancelled" {
	interrupted HUP 129
}

@test "a row that is refused still says that its appointment is there" {
	{ row a; row b; row c; row d; } >"$in"
	schedule 0
	{
		row a 2026-02-31T10:30
		row b 2026-11-25T10:30 'del(.contact)'
		jq -c '.error = {code: "x", message: "of an earlier stage"}' \
		    < <(row c)
		the_end 3
	} >"$in"
	schedule 1 --full
	assert_equal "$(reminders)" 'a open, b open, c open, d cancelled'
	assert_equal "$(last_word)" \
	    'omni-schedule: 3 refused; 1 missing, cancelled'
	# Temporarily too.
	row a 2026-11-25T10:30 '.contact.phone = "55 5512 3456"' >"$in"
	schedule 75 --full --count 1 -o "paths.phonenumber=$BATS_TEST_TMPDIR/no"
	assert_equal "$(sql "SELECT state FROM reminder WHERE id = 'a'")" open
}

@test "too many are missing: none is cancelled, staff gets one flag, 75; --force cancels them" {
	rows 1 60 >"$in"
	schedule 0
	rows 1 53 >"$in"	# 7 of 60 is more than 10 %
	schedule 75 --full --count 53
	assert_equal "$(open_ones)" 60
	[[ $stderr == *'7 of 60 reminders ahead are missing: more than [schedule] max_cancel, so none was cancelled; if the export is right, run it again with --force'* ]]
	[[ $stderr == *'r54, 2026-11-25 10:30: missing from the export'* ]]
	assert_equal "$(last_word)" \
	    'omni-schedule: 53 unchanged; 7 missing, left as they are'
	# One flag, though the export comes every hour.
	schedule 75 --full --count 53
	assert_equal "$(sql 'SELECT kind, reason FROM open_flag')" \
	    'export_refused|the full export lacks so many reminders that nothing was cancelled'
	# A limit of one's own.
	schedule 75 --full --count 53 -o schedule.max_cancel=11
	schedule 0 --full --count 53 -n -o schedule.max_cancel=12
	schedule 0 --full --count 53 --force
	assert_equal "$(open_ones)" 53
	# What was wrong is over.
	assert_equal "$(sql 'SELECT resolved_by FROM flag')" omni-schedule
	run -0 omni-ledger verify -q
}

@test "a few may always be missing, however small the clinic" {
	rows 1 6 >"$in"
	schedule 0
	row r1 >"$in"
	schedule 0 --full --count 1
	assert_equal "$(open_ones)" 1
}

@test "an empty export cancels nothing, however few there are" {
	row a >"$in"
	schedule 0
	: >"$in"
	schedule 75 --full --count 0
	[[ $stderr == *'1 of 1 reminders ahead are missing: the export has no rows, so none was cancelled; '* ]]
	the_end 0 >"$in"
	schedule 75 --full
	assert_equal "$(reminders)" 'a open'
	assert_equal "$(last_word)" \
	    'omni-schedule: no rows; 1 missing, left as they are'
	: >"$in"
	schedule 65 --full
	schedule 0 --full --count 0 --force
	assert_equal "$(reminders)" 'a cancelled'
	# Nothing there and nothing expected: nothing to say.
	schedule 0 --full --count 0
	assert_equal "$stderr" ''
}

@test "two systems: an export speaks for what came from its own source" {
	{ row a; row b; } >"$in"
	schedule 0 --source calendar
	{ row v1; row v2; } >"$in"
	schedule 0 --source vaccinations
	row hand >"$in"
	schedule 0
	row v1 >"$in"
	schedule 0 --full --count 1 --source vaccinations
	row a >"$in"
	schedule 0 --full --count 1 --source calendar
	assert_equal "$(reminders)" \
	    'a open, b cancelled, hand open, v1 open, v2 cancelled'
	# One without a name speaks for what came without one.
	row other >"$in"
	schedule 0 --full --count 1
	assert_equal "$(reminders)" \
	    'a open, b cancelled, hand cancelled, other open, v1 open, v2 cancelled'
	assert_equal "$(sql "SELECT DISTINCT source FROM reminder ORDER BY 1" |
	    xargs)" 'calendar vaccinations'
	run -0 omni-ledger verify -q
}

@test "two systems that number alike: the second is refused, and changes nothing" {
	row 42 >"$in"
	schedule 0 --source calendar
	row 42 2026-12-01T10:30 '.contact.id = "8"' >"$in"
	schedule 1 --source shop
	assert_equal "$(results)" other_source
	assert_equal "${stderr_lines[0]}" \
	    'omni-schedule: line 1: 42: id: is known from the export "calendar", and this is "shop": ids must differ'
	row 42 2026-12-01T10:30 '.status = "cancelled"' >"$in"
	schedule 1 --source shop
	assert_equal "$(reminders)" '42 open'
	assert_equal "$(sql 'SELECT count(*) FROM contact')" 1
	# A person may mend a row by hand, and it stays the calendar's.
	row 42 2026-12-01T10:30 >"$in"
	schedule 0
	assert_equal "$(sql 'SELECT source, event_local FROM reminder')" \
	    'calendar|2026-12-01 10:30'
	# And a source may get another name.
	schedule 0 --source agenda --force
	assert_equal "$(results)" changed
	assert_equal "$(sql 'SELECT source FROM reminder')" agenda
}

@test "an export that gets a name takes over what it mentions, and no more" {
	{ row a; row b; row c 2026-11-25T10:30 '.status = "confirmed"'; } >"$in"
	schedule 0
	{ row a; row c 2026-11-25T10:30 '.status = "confirmed"'; } >"$in"
	schedule 0 --full --count 2 --source calendar
	assert_equal "$(results)" 'changed changed'
	assert_equal "$(sql 'SELECT id, state, source, revision FROM reminder')" \
'a|open|calendar|1
b|open||1
c|confirmed|calendar|1'
	schedule 0 --full --count 2 --source calendar
	assert_equal "$(results)" 'unchanged unchanged'
	row a >"$in"
	schedule 0 --full --count 1 --source calendar
	assert_equal "$(reminders)" 'a open, b open, c cancelled'
	run -0 omni-ledger verify -q
}

@test "--from, --to: an export of the next days speaks for them only" {
	{
		row a 2026-11-24T00:00
		row b 2026-11-25T23:59
		row c 2026-11-26T00:00
		row d 2026-12-24T10:00
		row z 2026-11-25T11:00
	} >"$in"
	schedule 0
	row z 2026-11-25T11:00 >"$in"
	schedule 0 --full --count 1 --from 2026-11-25 --to 2026-11-26
	assert_equal "$(reminders)" \
	    'a open, b cancelled, c open, d open, z open'
	schedule 0 --full --count 1 --to 2026-11-26T00:00:01-06:00
	assert_equal "$(reminders)" \
	    'a cancelled, b cancelled, c cancelled, d open, z open'
	schedule 64 --full --count 1 --to tomorrow
	assert_equal "$stderr" 'omni-schedule: --to tomorrow: neither a date nor a time'
	schedule 64 --full --count 1 --from 2026-11-26 --to 2026-11-25
	schedule 64 --count 1 --to 2026-11-26
	[[ $stderr == *'--full'* ]]
	schedule 64 --full --count -1
	schedule 64 --full --count ''
	schedule 64 --full --source 'a b'
	schedule 64 --full --source ''
}

@test "-n prints the difference, and writes nothing" {
	rows 1 40 >"$in"
	schedule 0
	{
		rows 1 36
		row r37 2026-11-25T12:00
		row r38 2026-11-25T10:30 '.status = "cancelled"'
		row new
		row x 'not a time'
	} >"$in"
	all=$(sqlite3 -readonly "$SITE/spool/ledger.db" .dump | cksum)
	schedule 1 -n --full --count 40
	assert_equal "${stderr_lines[1]}" \
	    'omni-schedule: r39, 2026-11-25 10:30: missing from the export'
	assert_equal "$(last_word)" \
	    'omni-schedule: nothing is written: 1 new, 1 moved, 1 cancelled, 36 unchanged, 1 refused; 2 would be missing'
	schedule 1 -n
	assert_equal "$(last_word)" \
	    'omni-schedule: nothing is written: 1 new, 1 moved, 1 cancelled, 36 unchanged, 1 refused'
	rows 1 2 >"$in"
	schedule 75 -n --full --count 2
	assert_equal "$(last_word)" \
	    'omni-schedule: nothing is written: 2 unchanged; 38 missing, left as they are'
	[[ $stderr == *'and 18 more'* ]]
	assert_equal "$(sqlite3 -readonly "$SITE/spool/ledger.db" .dump |
	    cksum)" "$all"
	assert_equal "$(sql 'SELECT count(*) FROM flag')" 0
}

@test "a byte order mark, CRLF and a blank line" {
	{ row a; row b; row c; } >"$in.rows"
	schedule 0 <"$in.rows" >"$in"
	{ printf '\xef\xbb\xbf'; sed 's/$/\r/' "$in.rows"; } >"$in"
	schedule 0
	assert_equal "$(results)" 'new new new'
	schedule 0 --full --count 3
	assert_equal "$(results)" 'unchanged unchanged unchanged'
	# A blank line is a row that cannot be read.
	{ row a; row b; echo; the_end 3; } >"$in"
	schedule 65 --full
	assert_equal "$(open_ones)" 3
}

@test "twice in one export: without updated_at the last row counts, and it is told" {
	{ row a 2026-11-25T10:00; row a 2026-11-25T12:00; row b; row b; } >"$in"
	schedule 0
	assert_equal "$(results)" 'new moved new unchanged'
	assert_equal "$stderr" \
	    'omni-schedule: line 2: a: was in this export before, otherwise, and neither has updated_at: this row counts'
	assert_equal "$(sql "SELECT event_local FROM reminder WHERE id = 'a'")" \
	    '2026-11-25 12:00'
	{
		row c 2026-11-25T12:00 '.updated_at = "2026-11-20T12:00:00Z"'
		row c 2026-11-25T10:00 '.updated_at = "2026-11-20T10:00:00Z"'
	} >"$in"
	schedule 0
	assert_equal "$(results)" 'new stale'
	assert_equal "$stderr" ''
}

@test "what another one brings in while an export is read is not its to cancel" {
	rows 1 2 >"$in"
	schedule 0
	mkfifo "$in.fifo"
	OMNI_NOW=2026-11-23T09:10:00-06:00 omni-schedule --full --count 1 \
	    <"$in.fifo" >"$in.out" &
	local pid=$!
	exec 7>"$in.fifo"
	row r1 >&7
	until [[ $(wc -l <"$in.out") == 1 ]]; do
		sleep 0.05
	done
	at 2026-11-23T09:11:00-06:00
	row walk-in | omni-schedule -q 7>&-
	exec 7>&-
	wait "$pid"
	assert_equal "$(reminders)" 'r1 open, r2 cancelled, walk-in open'
}

@test "no query of a full export reads more than its reminders" {
	local scope="source = '' AND (state = 'open' OR state = 'confirmed')
	    AND event_at >= '2026' AND event_at < '2027'"
	run -0 sql "EXPLAIN QUERY PLAN SELECT count(*) FROM reminder
	    WHERE $scope"
	assert_output --partial 'INDEX reminder_ahead (source=? AND event_at>?'
	run -0 sql "EXPLAIN QUERY PLAN SELECT id, event_at, event_local
	    FROM reminder WHERE $scope AND (event_at, id) > ('', '')
	    ORDER BY event_at, id LIMIT 500"
	assert_output --partial 'INDEX reminder_ahead (source=? AND event_at>?'
	refute_output --partial 'TEMP B-TREE'
}
