#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# The example clinic: csv2ndjson makes one record of each row, whatever it says.

load helper

setup() {
	clinic=$ROOT/share/examples/clinic
	csv=$BATS_TEST_TMPDIR/in.csv
	header=$(head -n 1 "$clinic/appointments.csv" | tr -d '\r')
}

# convert ROW ...: the rows under the clinic's header, into $output.
convert() {
	{
		printf '%s\r\n' "$header"
		printf '%s\r\n' "$@"
	} >"$csv"
	run -0 --separate-stderr "$clinic/csv2ndjson" "$csv"
}

# when DATE TIME: what becomes of them, into $at.
when() {
	convert "1,2,Ana,Paz,,,,Luna,perro,$1,$2,America/Cancun,x,y,z,,,,pendiente,,"
	at=$(jq -r .at <<<"$output")
}

@test "csv2ndjson: as many records as the export has rows, each an object" {
	# A row ends where a line ends with all quotes closed.
	rows=$(awk '{ quotes += gsub(/"/, "") } quotes % 2 == 0 { n++ }
	    END { print n - 1 }' "$clinic/appointments.csv")
	[ "$rows" -ge 320 ]
	run -0 --separate-stderr "$clinic/csv2ndjson" "$clinic/appointments.csv"
	[ "${#lines[@]}" -eq "$rows" ]
	[ "$(jq -s 'map(select(type == "object" and .type == "appointment"))
	    | length' <<<"$output")" -eq "$rows" ]
}

@test "csv2ndjson: the records stand in the order of the rows" {
	"$clinic/csv2ndjson" "$clinic/appointments.csv" 2>/dev/null |
	    jq -r '.related.id // empty' >"$BATS_TEST_TMPDIR/ids"
	# No continued line of a note begins with five digits and a comma.
	grep -oE '^[0-9]{5},' "$clinic/appointments.csv" | tr -d , |
	    diff - "$BATS_TEST_TMPDIR/ids"
}

@test "csv2ndjson: a whole row" {
	convert '500,100,Rosa María,Chávez Peña,55 5512 3456,+52 1 55 5512 3456,rosa@example.com,Luna,perro,2026-11-24,10:30,America/Mexico_City,"Baño, corte",Dra. Valle,Centro,es,correo,sms,programada,2026-11-20T10:00:00Z,'
	diff <(jq -c . <<<"$output") <(jq -c . <<-'END'
	{
	  "id": "appointment-500",
	  "type": "appointment",
	  "at": "2026-11-24T10:30",
	  "timezone": "America/Mexico_City",
	  "status": "scheduled",
	  "updated_at": "2026-11-20T10:00:00Z",
	  "contact": {
	    "id": "100",
	    "name": "Rosa María Chávez Peña",
	    "email": "rosa@example.com",
	    "phone": "55 5512 3456",
	    "whatsapp": "+52 1 55 5512 3456",
	    "language": "es",
	    "timezone": "America/Mexico_City",
	    "preferences": {"channel": "email"},
	    "opt_out": ["sms"]
	  },
	  "vars": {
	    "owner_name": "Rosa María",
	    "pet_name": "Luna",
	    "species": "perro",
	    "service": "Baño, corte",
	    "professional": "Dra. Valle",
	    "branch": "Centro"
	  },
	  "related": {"type": "appointment", "id": "500"}
	}
	END
	)
}

@test "csv2ndjson: line ends, commas and quotes inside quotes stay in their row" {
	convert $'1,9,"Ana\nSofía",Paz,,,,"El ""Jefe"", tuerto",perro,2026-11-24,10:30,America/Cancun,x,y,z,,,,pendiente,,"timbre\r\ndos veces"' \
	    '2,10,Eva,Paz,,,,Coco,gato,2026-11-24,11:00,America/Cancun,x,y,z,,,,pendiente,,'
	[ "${#lines[@]}" -eq 2 ]
	jq -e '.vars.owner_name == "Ana\nSofía"
	    and .vars.pet_name == "El \"Jefe\", tuerto"
	    and .vars.branch == "z" and .status == "scheduled"' <<<"${lines[0]}"
	jq -e '.id == "appointment-2" and .vars.pet_name == "Coco"' \
	    <<<"${lines[1]}"
}

@test "csv2ndjson: each state of an appointment" {
	while read -r from to; do
		convert "1,2,Ana,Paz,,,,Luna,perro,2026-11-24,10:30,America/Cancun,x,y,z,,,,$from,,"
		[ "$from $(jq -r .status <<<"$output")" = "$from $to" ]
	done <<-'END'
	programada scheduled
	pendiente scheduled
	reprogramada scheduled
	confirmada confirmed
	cancelada cancelled
	asistio done
	no_asistio done
	Programada scheduled
	en_espera en_espera
	END
}

@test "csv2ndjson: each way to write a date" {
	for date in 2026-11-24 24/11/2026 24-nov-2026 24-NOV-2026; do
		when "$date" 10:30
		[ "$at" = 2026-11-24T10:30 ]
	done
	when 5/1/2027 9:00
	[ "$at" = 2027-01-05T09:00 ]
}

@test "csv2ndjson: each way to write a time" {
	while IFS='|' read -r from to; do
		when 2026-11-24 "$from"
		[ "$from=$at" = "$from=2026-11-24T$to" ]
	done <<-'END'
	10:30|10:30
	10:30:00|10:30
	9:05|09:05
	4:15 p. m.|16:15
	4:15 p. m.|16:15
	11:45 a. m.|11:45
	4:15 PM|16:15
	12:00 p. m.|12:00
	12:10 a. m.|00:10
	END
}

@test "csv2ndjson: the calendar is left to omni-schedule, the rest goes on raw" {
	when 31/02/2026 10:00
	[ "$at" = 2026-02-31T10:00 ]
	when 2026-11-24 25:61
	[ "$at" = 2026-11-24T25:61 ]
	when mañana 'por la tarde'
	[ "$at" = 'mañana por la tarde' ]
	when 24-foo-2026 10:30
	[ "$at" = '24-foo-2026 10:30' ]
	when 2026-11-24 '14:15 p. m.'
	[ "$at" = '2026-11-24 14:15 p. m.' ]
	when 2026-11-24 ''
	[ "$at" = 2026-11-24 ]
}

@test "csv2ndjson: each opt-out, and no unknown one is lost" {
	while read -r from to; do
		convert "1,2,Ana,Paz,,,,Luna,perro,2026-11-24,10:30,America/Cancun,x,y,z,,,$from,pendiente,,"
		[ "$from $(jq -c .contact.opt_out <<<"$output")" = "$from $to" ]
	done <<-'END'
	todo ["all"]
	sms ["sms"]
	correo ["email"]
	whatsapp ["whatsapp"]
	sms;correo ["sms","email"]
	fax ["fax"]
	END
}

@test "csv2ndjson: empty cells leave their member out" {
	convert ',,,,,,,,,,,,,,,,,,,,'
	[ "$output" = '{"type":"appointment"}' ]
	convert ',2,Ana, ,,,,Luna,,2026-11-24,10:30,,,,,,,,,,'
	[ "$output" = '{"type":"appointment","at":"2026-11-24T10:30","contact":{"id":"2","name":"Ana"},"vars":{"owner_name":"Ana","pet_name":"Luna"}}' ]
}

@test "csv2ndjson: a row that is too short is named and goes on" {
	convert 1,2,Ana '3,4,Eva,,,,,,,,,,,,,,,,,,'
	[ "${#lines[@]}" -eq 2 ]
	jq -e '.id == "appointment-1" and .contact.name == "Ana"
	    and has("at") == false' <<<"${lines[0]}"
	[ "$stderr" = 'csv2ndjson: line 2: expected 21 columns but found 3' ]
}

@test "csv2ndjson: hostile text is only text" {
	convert "1,2,O'Farrill '); DROP TABLE export; --,\"<script>\"\"x\"\"\",,,,{{ owner_name }},\\(env),2026-11-24,10:30,America/Cancun,=cmd(),\$HOME,\`id\`,,,,pendiente,,"
	jq -e '.contact.name == "O\u0027Farrill \u0027); DROP TABLE export; -- <script>\"x\""
	    and .vars.pet_name == "{{ owner_name }}"
	    and .vars.species == "\\(env)" and .vars.service == "=cmd()"
	    and .vars.professional == "$HOME" and .vars.branch == "`id`"' \
	    <<<"$output"
}

@test "csv2ndjson: a file name is only a name" {
	name="$BATS_TEST_TMPDIR/a 'b' \"c\" ; \$(d).csv"
	cp "$clinic/appointments.csv" "$name"
	run -0 --separate-stderr "$clinic/csv2ndjson" "$name"
	run -65 --separate-stderr "$clinic/csv2ndjson" '|echo no'
	[ -z "$output" ]
}

@test "csv2ndjson: a file that is missing, or not this export, is refused" {
	run -65 --separate-stderr "$clinic/csv2ndjson" "$BATS_TEST_TMPDIR/none.csv"
	[ -z "$output" ]
	[ "$stderr" = "csv2ndjson: $BATS_TEST_TMPDIR/none.csv: no such file" ]
	: >"$csv"
	run -65 --separate-stderr "$clinic/csv2ndjson" "$csv"
	[[ $stderr == *'line 1: not the header expected'* ]]
	printf 'id,nombre\n1,Ana\n' >"$csv"
	run -65 --separate-stderr "$clinic/csv2ndjson" "$csv"
	[ -z "$output" ]
	[[ $stderr == *'line 1: not the header expected'* ]]
	printf '%s,otra\n1,Ana\n' "$header" >"$csv"
	run -65 --separate-stderr "$clinic/csv2ndjson" "$csv"
	[ -z "$output" ]
}

@test "csv2ndjson: a quote never closed, or not UTF-8: refused as a whole" {
	printf '%s\n1,2,Ana\n3,"4,Eva\n5,6,Leo\n' "$header" >"$csv"
	run -65 --separate-stderr "$clinic/csv2ndjson" "$csv"
	[ -z "$output" ]
	[[ $stderr == *'never closed' ]]
	printf '%s\n1,2,Mar\355a\n' "$header" >"$csv"
	run -65 --separate-stderr "$clinic/csv2ndjson" "$csv"
	[ -z "$output" ]
	[[ $stderr == *'not UTF-8'* ]]
}

@test "csv2ndjson: usage, and a full disk" {
	run -64 --separate-stderr "$clinic/csv2ndjson"
	[ "$stderr" = 'usage: csv2ndjson FILE.csv' ]
	run -64 --separate-stderr "$clinic/csv2ndjson" a b
	# shellcheck disable=SC2016	# for the inner shell
	run -74 sh -c '"$1" "$2" >/dev/full' - "$clinic/csv2ndjson" \
	    "$clinic/appointments.csv"
}
