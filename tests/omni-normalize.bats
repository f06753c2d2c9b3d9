#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr

load helper

setup() {
	make_site
	in=$BATS_TEST_TMPDIR/in
	out=$BATS_TEST_TMPDIR/out
}

# normalize STATUS RECORD ...: one line each; what comes out is in $lines
normalize() {
	local status=$1

	shift
	printf '%s\n' "$@" >"$in"
	run "-$status" --separate-stderr omni-normalize <"$in"
	assert_equal "${#lines[@]}" "$#"
}

# said FILTER: what jq makes of the first line that came out
said() {
	jq -r "$1" <<<"${lines[0]}"
}

# helper_is LINE ...: a stand-in for phonenumber(1), a shell script
helper_is() {
	helper=$BATS_TEST_TMPDIR/helper
	printf '%s\n' '#!/bin/sh' "$@" >"$helper"
	chmod +x "$helper"
}

@test "one in, one out, in order, bad lines among them (Inv. 1, 10)" {
	normalize 1 '{"id":"a","contact":{"email":"a@x.example"}}' \
	    '{"id":"x"' '[]' '{}' \
	    '{"id":"b","contact":{"email":"b@x.example"}}'
	assert_equal "$(jq -r '.id // .error.code' <<<"$output" | xargs)" \
	    'a not_a_record not_a_record bad_contact b'
	assert_equal "$(jq -c 'select(.error) | [.error.line, .raw]' \
	    <<<"$output" | xargs -d '\n')" \
	    '[2,"{\"id\":\"x\""] [3,"[]"] [4,null]'
	[[ ${stderr_lines[0]} == 'omni-normalize: line 2: not JSON: '* ]]
	assert_equal "${stderr_lines[1]}" \
	    'omni-normalize: line 3: not an object'
	[[ ${stderr_lines[2]} == 'omni-normalize: line 4: contact is missing'* ]]
	assert_equal "${#stderr_lines[@]}" 3
}

@test "10,000 lines of good and bad give 10,000 lines in order (Inv. 1)" {
	seq 10000 | sed -E '7~7s/.*/[&]/
	    t
	    s/.*/{"id":"&","contact":{"id":"&"}}/' >"$in"
	omni-normalize <"$in" >"$out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
	assert_equal "$status" 1
	jq -r '.id // .raw' "$out" | tr -d '[]' | cmp - <(seq 10000)
	assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/err")" 1428
}

@test "the fields it does not own pass through as their bytes" {
	normalize 0 '{ "x": 0.10 ,"y":1E300,"big":12345678901234567890.5,"s":"\u00e9\/\ud83d\ude00", "id" : "1","contact":{"email": "a@x.example" , "z":[1 , 2]}, "vars":{ } }'
	[[ $output == '{"x": 0.10,"y":1E300,"big":12345678901234567890.5,"s":"\u00e9\/\ud83d\ude00","id" : "1","contact":{"email": "a@x.example" , "z":[1 , 2]},"vars":{ },"address":'* ]]
}

@test "a record that carries an error goes on untouched" {
	normalize 1 '{"id":"1", "contact": 5,"error":{"stage":"route","code":"x","temporary":false}}'
	assert_output '{"id":"1", "contact": 5,"error":{"stage":"route","code":"x","temporary":false}}'
	assert_equal "$stderr" ''
}

@test "Mexican prefixes that are no longer dialled fold into one identity" {
	while IFS= read -r number; do
		normalize 0 "{\"contact\":{\"phone\":\"$number\"}}"
		assert_equal "$number: $(said .address.sms.to)" \
		    "$number: +525555123456"
		assert_equal "$(said .address.sms.raw)" "$number"
		assert_equal "$(said .address.whatsapp.to)" +525555123456
		assert_equal "$(said .address.voice.to)" +525555123456
	done <<-'END'
	+52 1 55 5512 3456
	+5215555123456
	5215555123456
	+52 55 5512 3456
	52 55 5512 3456
	0052 1 55 5512 3456
	044 55 5512 3456
	045 55 5512 3456
	01 55 5512 3456
	55 5512 3456
	5555123456
	(55) 5512-3456
	55.5512.3456
	  55 5512 3456
	END
	normalize 0 '{"contact":{"phone":"044 55 5512 3456 ext. 12"}}'
	assert_equal "$(said '.address.voice | .to + " " + .extension')" \
	    '+525555123456 12'
}

@test "of 20,974 written numbers each has libphonenumber's identity" {
	local numbers=$OMNI_CORPORA/phone/numbers.ndjson

	[[ -r $numbers ]] || skip "$numbers is not there"
	jq -c '{contact: {phone: .in}}' "$numbers" >"$in"
	# jq 1.6 takes .e164 for a number.
	jq -r '[input_line_number, .["e164"] // "refused"] | join(" ")' \
	    "$numbers" >"$BATS_TEST_TMPDIR/want"
	omni-normalize <"$in" >"$out" 2>/dev/null || status=$?
	assert_equal "$status" 1
	jq -r '[input_line_number, .address.sms.to // .address.voice.to //
	    (if .error.code == "bad_address" then "refused" else "?" end)]
	    | join(" ")' "$out" >"$BATS_TEST_TMPDIR/got"
	[[ -s $BATS_TEST_TMPDIR/want ]]
	diff "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/got"
}

@test "another region: numbers without a country code are read by its rules" {
	printf '%s\n' '{"contact":{"phone":"(212) 555-0123"}}' >"$in"
	run -0 omni-normalize -o site.region=US <"$in"
	assert_equal "$(said .address.sms.to)" +12125550123
}

@test "why a number is refused, in words; a region nobody knows is temporary" {
	while IFS='|' read -r number why; do
		normalize 1 "{\"contact\":{\"phone\":\"$number\"}}"
		assert_equal "$number: $(said .error.message)" \
		    "$number: contact: phone $why"
	done <<-'END'
	llamar a su hermana|is not a telephone number
	123|is not a number of any numbering plan
	+999 123 456 789|has no country's code
	+52 55 5512 3456 7890 1234 5678|is too long
	END
	printf '%s\n' '{"contact":{"phone":"5555123456"}}' >"$in"
	run -75 --separate-stderr omni-normalize -o site.region=ZZ <"$in"
	[[ $stderr == *'[site] region: phonenumber does not know it' ]]
}

@test "a landline takes calls but no text; with a mobile WhatsApp both stand" {
	normalize 0 '{"contact":{"phone":"+44 20 7946 0018"}}'
	assert_equal "$(said .address.voice.to)" +442079460018
	assert_equal "$(said .address.voice.line)" fixed_line
	assert_equal "$(said .address.sms.refused)" \
	    'a landline takes no text messages'
	assert_equal "$(said .address.whatsapp.refused)" \
	    'a landline takes no text messages'
	normalize 0 '{"contact":{"phone":"+44 20 7946 0018","whatsapp":"+44 7400 123456"}}'
	assert_equal "$(said .address.whatsapp.to)" +447400123456
	assert_equal "$(said .address.sms.to)" null
}

@test "mail addresses: what is good, and its form" {
	while IFS='|' read -r raw to; do
		normalize 0 "{\"contact\":{\"email\":\"$raw\"}}"
		assert_equal "$raw: $(said .address.email.to)" "$raw: $to"
		assert_equal "$(said .address.email.raw)" "$raw"
	done <<-'END'
	Rosa.Paz@Example.COM|Rosa.Paz@example.com
	 a+b@sub.x.example |a+b@sub.x.example
	o'neil@x.example|o'neil@x.example
	ana@ñandú.example|ana@xn--and-6ma2c.example
	ana@ÑANDÚ.Example|ana@xn--and-6ma2c.example
	ana@straße.example|ana@xn--strae-oqa.example
	END
}

@test "mail addresses: each that is refused says why (Inv. 10)" {
	while IFS='|' read -r raw why; do
		normalize 1 "{\"id\":\"m\",\"contact\":{\"email\":\"$raw\"}}"
		assert_equal "$(said .error.code)" bad_address
		assert_equal "$(said .error.field)" contact.email
		assert_equal "$raw: $(said .error.message)" \
		    "$raw: contact: email $why"
		assert_equal "$stderr" \
		    "omni-normalize: line 1: m: contact: email $why"
	done <<-'END'
	rosa|has no @
	@x.example|has nothing before the @
	.a@x.example|begins or ends with a dot before the @
	a.@x.example|begins or ends with a dot before the @
	a..b@x.example|has two dots in a row
	a b@x.example|has a character before the @ that may not stand there
	a@b@x.example|has a character before the @ that may not stand there
	niño@x.example|has letters before the @ that mail servers do not take
	a@localhost|has a domain without a dot
	a@x..example|has a bad domain after the @
	a@-x.example|has a domain that IDNA does not allow
	a@x_y.example|has a bad domain after the @
	a@x.example>|has a bad domain after the @
	END
	normalize 1 "{\"contact\":{\"email\":\"$(printf %065d 0)@x.example\"}}"
	assert_equal "$(said .error.message)" \
	    'contact: email has more than 64 bytes before the @'
	normalize 1 "{\"contact\":{\"email\":\"$(printf %064d 0)@$(printf '%060d.' 0 0 0)mx.example\"}}"
	assert_equal "$(said .error.code)" bad_address
}

@test "one bad address beside a good one is marked, not fatal" {
	normalize 0 '{"contact":{"email":"rosa","phone":"55 5512 3456"}}'
	assert_equal "$(said .address.email.refused)" 'has no @'
	assert_equal "$(said .address.email.raw)" rosa
	assert_equal "$(said .address.sms.to)" +525555123456
	normalize 1 '{"contact":{"email":"rosa","phone":"12"}}'
	assert_equal "$(said .address)" null
	[[ $(said .error.message) == 'contact: email has no @; phone '* ]]
}

@test "a number with a control character, or too long, never meets the helper" {
	helper_is 'exit 1'
	printf '%s\n' '{"contact":{"phone":"55\n1\tMX\t5555123456"}}' \
	    "{\"contact\":{\"phone\":\"$(printf %0201d 0)\"}}" >"$in"
	run -1 --separate-stderr omni-normalize \
	    -o "paths.phonenumber=$helper" <"$in"
	assert_equal "$(jq -r .error.message <<<"$output")" \
'contact: phone has a control character
contact: phone longer than 200 bytes'
}

@test "a contact by id alone passes; one with nothing at all does not" {
	normalize 0 '{"id":"1","contact":{"id":"42"}}'
	assert_output '{"id":"1","contact":{"id":"42"}}'
	normalize 1 '{"id":"1","contact":{"name":"Ana"}}'
	assert_equal "$(said .error.message)" \
	    'contact: has neither email, phone nor whatsapp'
	normalize 1 '{"id":"1","contact":"42"}'
	assert_equal "$(said '.error.code + " " + .error.field')" \
	    'bad_contact contact'
}

@test "language: forms, the site's default, and what is none" {
	while IFS='|' read -r raw tag; do
		normalize 0 "{\"contact\":{\"email\":\"a@x.example\",\"language\":\"$raw\"}}"
		assert_equal "$raw $(said .language)" "$raw $tag"
	done <<-'END'
	es|es
	EN|en
	es_mx|es-MX
	es-419|es-419
	spa-MX|spa-MX
	END
	for raw in e esp-anol es- es-M es-MXX es-41 es-MX-x 'es MX' ''; do
		normalize 1 "{\"contact\":{\"email\":\"a@x.example\",\"language\":\"$raw\"}}"
		assert_equal "$raw $(said .error.code)" "$raw bad_language"
	done
	normalize 0 '{"contact":{"email":"a@x.example"}}'
	assert_equal "$(said .language)" es
}

@test "language and time zone: bad ones are refused by name (Inv. 10)" {
	normalize 1 '{"contact":{"email":"a@x.example","language":"español"}}'
	assert_equal "$(said '.error | .code + " " + .field')" \
	    'bad_language contact.language'
	for zone in Mexico/Roma '' ../../etc/passwd /etc/localtime CST6; do
		normalize 1 "{\"contact\":{\"email\":\"a@x.example\",\"timezone\":\"$zone\"}}"
		assert_equal "$(said '.error | .code + " " + .field')" \
		    'bad_timezone contact.timezone'
	done
	normalize 1 '{"timezone":"Mars/Base","contact":{"email":"a@x.example"}}'
	assert_equal "$(said .error.message)" \
	    'timezone: there is no time zone Mars/Base'
}

@test "times: any offset becomes UTC; what is no time is refused" {
	normalize 0 '{"contact":{"id":"1"},"not_before":"2026-11-24T10:30:00-06:00","expires_at":"2026-11-25T00:00:00Z"}'
	assert_equal "$(said .not_before)" 2026-11-24T16:30:00Z
	assert_equal "$(said .expires_at)" 2026-11-25T00:00:00Z
	for time in '"2026-11-24T10:30:00"' '"2026-02-30T10:30:00Z"' \
	    '"mañana"' '""' 5 null '"2026-11-24T25:00:00Z"' \
	    '"2026-11-24T10:30:00Zz"'; do
		for field in not_before expires_at; do
			normalize 1 "{\"contact\":{\"id\":\"1\"},\"$field\":$time}"
			assert_equal "$(said '.error | .code + " " + .field')" \
			    "bad_time $field"
		done
	done
}

@test "a line too long: its head goes on, the next record too (Inv. 1, 9)" {
	{
		printf '{"id":"%0300000d"}\n' 0
		printf '{"id":"b","contact":{"id":"1"}}\n'
	} >"$in"
	run -1 --separate-stderr omni-normalize <"$in"
	assert_equal "${#lines[@]}" 2
	assert_equal "$(said .error.code)" too_long
	assert_equal "$(said '.raw | length')" 4096
	assert_equal "$stderr" \
	    'omni-normalize: line 1: longer than 262144 bytes'
	assert_equal "$(jq -r .id <<<"${lines[1]}")" b
}

@test "NUL, invalid UTF-8, duplicate keys: refused, the bytes are kept" {
	printf '{"id":"a\0b"}\n{"id":"\377"}\n{"id":1,"id":2}\n{"a":"\\u0000"}\n' >"$in"
	run -1 --separate-stderr omni-normalize <"$in"
	assert_equal "${#lines[@]}" 4
	assert_equal "$(jq -r .error.code <<<"$output" | sort -u)" not_a_record
	assert_equal "$(jq -r .raw_base64 <<<"${lines[0]}")" \
	    "$(printf '{"id":"a\0b"}' | base64)"
	assert_equal "$(jq -r .raw_base64 <<<"${lines[1]}")" \
	    "$(printf '{"id":"\377"}' | base64)"
	assert_equal "$(jq -r .raw <<<"${lines[2]}")" '{"id":1,"id":2}'
}

@test "input that ends inside a line: status 65, the rest is done (Inv. 1)" {
	printf '{"id":"a","contact":{"id":"1"}}\n{"id":"b","contact":{"id":"1"}}' >"$in"
	run -65 --separate-stderr omni-normalize <"$in"
	assert_equal "$(jq -r '.id // .error.code' <<<"$output" | xargs)" \
	    'a truncated'
	assert_equal "$(jq -r '.raw // empty' <<<"$output")" \
	    '{"id":"b","contact":{"id":"1"}}'
	assert_equal "$stderr" \
	    'omni-normalize: line 2: input ends inside this line'
}

@test "empty input gives nothing and says nothing" {
	run -0 omni-normalize </dev/null
	refute_output
}

@test "-q: no records, the same status and diagnostics" {
	printf '[]\n' >"$in"
	run -1 omni-normalize -q <"$in"
	assert_output 'omni-normalize: line 1: not an object'
}

@test "a full disk, closed standard output, a directory as input: status 74" {
	echo '{"contact":{"id":"1"}}' >"$in"
	# shellcheck disable=SC2016	# for the inner shell
	run -74 bash -c 'omni-normalize <"$1" >/dev/full' - "$in"
	assert_output 'omni-normalize: stdout: No space left on device'
	# shellcheck disable=SC2016
	run -74 bash -c 'omni-normalize <"$1" >&-' - "$in"
	[[ $output == 'omni-normalize: '* ]]
	run -74 omni-normalize <"$BATS_TEST_TMPDIR"
	assert_output 'omni-normalize: stdin: Is a directory'
}

@test "no phonenumber: a temporary error, status 75; mail goes on (Inv. 10)" {
	printf '%s\n' '{"id":"a","contact":{"phone":"5555123456"}}' \
	    '{"id":"b","contact":{"email":"a@x.example"}}' >"$in"
	run -75 --separate-stderr omni-normalize \
	    -o "paths.phonenumber=$BATS_TEST_TMPDIR/none" <"$in"
	assert_equal "$(said '.error | "\(.code) \(.temporary)"')" \
	    'phonenumber true'
	assert_equal "$(jq -r .address.email.to <<<"${lines[1]}")" a@x.example
	assert_equal "$stderr" "omni-normalize: line 1: a: $BATS_TEST_TMPDIR/none: $BATS_TEST_TMPDIR/none: No such file or directory"
}

@test "phonenumber that dies after two answers is started again each time" {
	# shellcheck disable=SC2016	# for the helper's shell
	helper_is 'echo started >>"$0.log"' 'for i in 1 2; do read -r line' \
	    'printf "1\tok\t%s\tMX\tmobile\t\n" "${line##*	}"' 'done'
	for i in 1 2 3 4 5; do
		echo "{\"id\":\"$i\",\"contact\":{\"phone\":\"+5255000000$i\"}}"
	done >"$in"
	run -0 --separate-stderr omni-normalize \
	    -o "paths.phonenumber=$helper" <"$in"
	assert_equal "$stderr" ''
	assert_equal "$(jq -r .address.sms.to <<<"$output" | xargs)" \
	    '+52550000001 +52550000002 +52550000003 +52550000004 +52550000005'
	assert_equal "$(wc -l <"$helper.log")" 3
}

@test "phonenumber that dies once is started again, and nobody notices" {
	# shellcheck disable=SC2016	# for the helper's shell
	helper_is '[ -e "$0.died" ] || { : >"$0.died"; read -r line; kill -9 $$; }' \
	    'exec phonenumber'
	echo '{"contact":{"phone":"5555123456"}}' >"$in"
	run -0 --separate-stderr omni-normalize \
	    -o "paths.phonenumber=$helper" <"$in"
	assert_equal "$stderr" ''
	assert_equal "$(said .address.sms.to)" +525555123456
	assert_file_exist "$helper.died"
}

@test "phonenumber that answers nonsense, too much or for another: status 75" {
	local answer

	for answer in 'what?' '2\tok\t+525555123456\tMX\tmobile\t' \
	    '1\tok\t+521\tMX\tmobile\t\n1\tok\t+522\tMX\tmobile\t' \
	    "$(printf %05000d 0)" ''; do
		helper_is 'while read -r line; do' \
		    "printf '$answer\\n'" 'done'
		echo '{"id":"a","contact":{"phone":"5555123456"}}' >"$in"
		run -75 --separate-stderr omni-normalize \
		    -o "paths.phonenumber=$helper" <"$in"
		assert_equal "$(said '"\(.id) \(.error.temporary) \(.address)"')" \
		    'a true null'
		[[ $stderr == "omni-normalize: line 1: a: $helper: "* ]]
	done
}

@test "phonenumber that hangs is given up after its time, twice: status 75" {
	helper_is 'exec tail -f /dev/null'
	echo '{"id":"a","contact":{"phone":"5555123456"}}' >"$in"
	run -75 --separate-stderr timeout 60 omni-normalize \
	    -o "paths.phonenumber=$helper" <"$in"
	assert_equal "$stderr" "omni-normalize: line 1: a: $helper: the helper did not answer in time"
	assert_equal "$(said .error.temporary)" true
}

@test "a record comes out before the next one goes in" {
	local answer i

	coproc program { omni-normalize; }
	pid=$program_PID
	for i in 1 2 3; do
		echo "{\"id\":\"$i\",\"contact\":{\"phone\":\"5555123456\"}}" \
		    >&"${program[1]}"
		read -r -t 20 -u "${program[0]}" answer
		assert_equal "$(jq -r '.id + .address.sms.to' <<<"$answer")" \
		    "$i+525555123456"
	done
	eval "exec ${program[1]}>&-"
	wait "$pid"
}

@test "help and version on standard output; wrong usage: status 64" {
	run -0 --separate-stderr omni-normalize --help
	[[ $output == 'usage: omni-normalize '* ]]
	assert_equal "$stderr" ''
	run -0 omni-normalize -h
	run -0 --separate-stderr omni-normalize -V
	[[ $output =~ ^omni-normalize\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	run -0 omni-normalize --version
	for args in --nonsense -z 'extra' '-c' '-o' '-o nonsense' '-o =x'; do
		# shellcheck disable=SC2086
		run -64 --separate-stderr omni-normalize $args </dev/null
		refute_output
		[ -n "$stderr" ]
	done
	run -74 bash -c 'omni-normalize --help >/dev/full'
	run -74 bash -c 'omni-normalize --version >/dev/full'
}

@test "a mistake in the configuration: file, line and what, status 78" {
	local good

	good=$(wc -l <"$OMNI_CONF")
	cp "$OMNI_CONF" "$OMNI_CONF.good"
	while IFS='|' read -r line what; do
		cp "$OMNI_CONF.good" "$OMNI_CONF"
		printf '%b\n' "$line" >>"$OMNI_CONF"
		run -78 --separate-stderr omni-normalize </dev/null
		[[ $stderr =~ ^omni-normalize:\ $OMNI_CONF:([0-9]+):\ (.*) ]]
		assert_equal "${BASH_REMATCH[2]}" "$what"
		((BASH_REMATCH[1] > good))
	done <<-'END'
	[sight]\nname = x|unknown section sight
	[site]\nnmae = x|unknown key nmae
	[site x]\nname = y|section site takes no name
	[channel]\ntype = sms|section channel needs a name
	[quiet]\nstart = 25:00|start is not a value of type HH:MM
	[limits]\nspend_day = viel|spend_day is not a value of type decimal
	[clock]\nmax_gap = 3 days|max_gap is not a value of type duration
	[class x]\nquiet = maybe|quiet is not a value of type yes|no
	[class y]\nchannels = fax|channels is not a value of type channels
	[site]\ntimezone = Mars/Base|timezone is not a value of type zone
	[provider p]\nauth_token = secret|auth_token must be env:NAME or file:PATH
	[ladder x]\nstep.1 = 24h email|step.1 is not a value of type step
	END
	cp "$OMNI_CONF.good" "$OMNI_CONF"
	run -78 omni-normalize -o site.nmae=x </dev/null
	[[ $output == *'unknown key nmae' ]]
}

@test "no configuration: status 78; a bad OMNI_NOW: status 64" {
	run -78 omni-normalize -c "$BATS_TEST_TMPDIR/none.conf" </dev/null
	[[ $output == *"$BATS_TEST_TMPDIR/none.conf"* ]]
	OMNI_NOW=mañana run -64 omni-normalize </dev/null
	[[ $output == 'omni-normalize: OMNI_NOW='* ]]
}

@test "the same input gives the same bytes (Inv. 4, 12)" {
	printf '%s\n' '{"contact":{"phone":"5555123456","email":"A@X.example"}}' \
	    '[' >"$in"
	run -1 --separate-stderr omni-normalize <"$in"
	first=$output
	run -1 --separate-stderr omni-normalize <"$in"
	assert_equal "$output" "$first"
	printf '%s\n' "${lines[0]}" >"$in"
	run -0 --separate-stderr omni-normalize <"$in"
	assert_equal "$output" "$(head -n 1 <<<"$first")"
}
