#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# share/examples/export: each way makes the same records, and they are taken.

load helper

setup() {
	make_ledger 2026-11-23T09:00:00-06:00
	cd "$ROOT/share/examples/export" || return
	wanted=$BATS_TEST_TMPDIR/wanted
	jq -cS . >"$wanted" <<-'END'
	{"id":"501","type":"appointment","at":"2026-11-25 10:30","status":"scheduled","updated_at":"2026-11-20T10:00:00Z","contact":{"id":"7","name":"Vega, Rosa María","phone":"55 5512 3456","email":"rosa@example.com"},"vars":{"owner_name":"Vega, Rosa María","pet_name":"Luna"}}
	{"id":"502","type":"appointment","at":"2026-11-25 11:00","status":"scheduled","updated_at":"2026-11-20T10:05:00Z","contact":{"id":"8","name":"Eva Paz","email":"eva@example.com"},"vars":{"owner_name":"Eva Paz","pet_name":"El \"Jefe\""}}
	{"id":"503","type":"appointment","at":"2026-11-26 09:15","status":"cancelled","updated_at":"2026-11-21T09:00:00Z","contact":{"id":"9","name":"Saúl\nRíos","phone":"55 5512 3457"},"vars":{"owner_name":"Saúl\nRíos","pet_name":"Kira"}}
	END
}

# taken [ARG ...]: the records on standard input are the wanted ones, and
# omni-schedule takes them
taken() {
	cat >"$in"
	jq -cS 'select(.id)' "$in" | diff "$wanted" -
	run -0 --separate-stderr omni-schedule "$@" <"$in"
	assert_equal "$(jq -r .schedule.state <<<"$output" | xargs)" \
	    "new new not_known${end+ end}"
}

database() {
	# As the CSV has it, but for the line end inside a cell.
	tr -d '\r' <appointments.csv >"$in.csv"
	sqlite3 "$in.db" 'CREATE TABLE appointment(id INTEGER, starts TEXT,
	    client INTEGER, name TEXT, phone TEXT, email TEXT, pet TEXT,
	    state TEXT, changed TEXT)' \
	    ".import --csv --skip 1 $in.csv appointment"
}

@test "the CSV has all that a CSV may have" {
	run -0 head -c 3 appointments.csv
	assert_output $'\xef\xbb\xbf'
	grep -q $'\r$' appointments.csv
	grep -q '""' appointments.csv
}

@test "CSV through jq" {
	jq -Rsc -f csv.jq appointments.csv | taken --full --count 3
}

@test "CSV through jq: what is no CSV is an error, and no record" {
	run -5 jq -Rsc -f csv.jq <<<$'id,starts\n1,"2'
	assert_output --partial 'a quoted cell is never closed'
	run -5 jq -Rsc -f csv.jq <<<$'id,starts\n1,2,3'
	assert_output --partial 'a row has 3 cells, not 2'
}

@test "CSV through Miller" {
	command -v mlr >/dev/null || skip 'Miller is not installed'
	mlr -S --icsv --ojsonl put -q -f csv.mlr appointments.csv |
	    taken --full --count 3
}

@test "a table of SQLite, with the database's own count" {
	database
	sqlite3 -readonly -json "$in.db" <export.sql |
	    jq -c '.[].record | fromjson' >"$in.records"
	end=1 taken --full --source calendar <"$in.records"
	# What is deleted there is cancelled here.
	sqlite3 "$in.db" 'DELETE FROM appointment WHERE id = 502'
	sqlite3 -readonly -json "$in.db" <export.sql |
	    jq -c '.[].record | fromjson' |
	    omni-schedule -q --full --source calendar
	assert_equal "$(sql 'SELECT id, state FROM reminder ORDER BY id' |
	    xargs)" '501|open 502|cancelled'
	# And cut off on the way it is no such thing.
	# shellcheck disable=SC2016	# for the inner shell
	run -65 bash -c 'head -n 1 "$1" |
	    omni-schedule -q --full --source calendar' - "$in.records"
	# An empty table says so.
	sqlite3 "$in.db" 'DELETE FROM appointment'
	sqlite3 -readonly -json "$in.db" <export.sql |
	    jq -c '.[].record | fromjson' >"$in.records"
	assert_equal "$(<"$in.records")" '{"end":true,"count":0}'
	run -75 omni-schedule -q --full --source calendar <"$in.records"
}

# postgres COMMAND: as somebody who may run a server, which root may not
postgres() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups \
		    env -u LC_ALL HOME="$cluster" "$@"
	else
		"$@"
	fi
}

# cluster: a server of its own in $cluster, with the table, on a socket there
cluster() {
	local bin
	bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | tail -n 1)
	[ -x "$bin/initdb" ] || skip 'PostgreSQL is not installed'
	PATH=$bin:$PATH
	# A socket's name is short, and the tests' directory closed to others.
	cluster=$(mktemp -d /tmp/omni-pg.XXXXXX)
	[ "$(id -u)" -ne 0 ] || chown 65534:65534 "$cluster"
	(
		cd "$cluster" || exit
		postgres initdb -D "$cluster/db" -U clinic -A trust -E UTF8 \
		    --locale=C.UTF-8 --no-sync >"$cluster.log"
		postgres pg_ctl -D "$cluster/db" -w -s -l "$cluster/log" \
		    -o "-k $cluster -h '' -F" start >>"$cluster.log" 3>&-
	)
	export PGHOST=$cluster PGUSER=clinic
	psql -qX postgres -c 'CREATE DATABASE calendar'
	psql -qX calendar -c 'CREATE TABLE appointment(id integer, starts
	    timestamp, client integer, name text, phone text, email text,
	    pet text, state text, changed timestamptz)'
	jq -Rsj 'ltrimstr("\ufeff") | gsub("\r\n"; "\n") | sub("\n+$"; "\n")' \
	    appointments.csv |
		psql -qX calendar -c '\copy appointment FROM STDIN CSV HEADER'
}

teardown() {
	[ -z "$cluster" ] || {
		postgres pg_ctl -D "$cluster/db" -s -m immediate stop || :
		rm -rf "$cluster" "$cluster.log"
	}
}

@test "a table of PostgreSQL, rows and count of one moment" {
	cluster
	psql -AtXq -v ON_ERROR_STOP=1 -f export.psql calendar >"$in.records"
	sed -i 's/\("at":"2026-11-2[0-9]\)T/\1 /' "$in.records"
	end=1 taken --full --source calendar <"$in.records"
	psql -qX calendar -c 'DELETE FROM appointment WHERE id = 502'
	psql -AtXq -v ON_ERROR_STOP=1 -f export.psql calendar |
	    omni-schedule -q --full --source calendar
	assert_equal "$(sql 'SELECT id, state FROM reminder ORDER BY id' |
	    xargs)" '501|open 502|cancelled'
	# A database that is not there cancels nothing.
	run -65 bash -c 'psql -AtXq -f export.psql nosuch 2>/dev/null |
	    omni-schedule -q --full --source calendar'
	assert_equal "$(sql "SELECT state FROM reminder WHERE id = '501'")" open
}
