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

# fake OPTION ...: the helper is tests/fake/phonefake.py; $log is its log
fake() {
	log=$BATS_TEST_TMPDIR/log
	rm -f "$log"
	helper_is "exec python3 '$ROOT/tests/fake/phonefake.py' '$log' $*"
}

# people N: $in are N records, each of a number of its own
people() {
	seq "$1" | awk '{ printf("{\"id\":\"%d\",\"contact\":{\"phone\":" \
	    "\"55%08d\"}}\n", $1, $1) }' >"$in"
}

# answers STATUS: what omni-normalize makes of $in with the helper, in $out
answers() {
	run "-$1" --separate-stderr omni-normalize \
	    -o "paths.phonenumber=$helper" <"$in"
	printf '%s\n' "$output" >"$out"
}

# refused: the ids that the helper did not answer; all others are as they
# should be, and no line is missing or out of order
refused() {
	jq -r .id "$out" | cmp - <(jq -r .id "$in")
	jq -r 'select(.contact.phone and .error == null) | [.contact.phone, .address.sms.to] |
	    select(("+52" + .[0]) != .[1]) | "wrong: \(.)"' "$out"
	jq -r 'select(.error) | if .error.code == "phonenumber" and
	    .error.temporary and .address == null then .id else . end' "$out"
}

# starts: how often the helper was started
starts() {
	grep -c '^start$' "$log"
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
}

@test "Mexican prefixes are gone before phonenumber is asked: any version will do" {
	fake today=yes
	while IFS= read -r number; do
		printf '{"contact":{"phone":"%s"}}\n' "$number"
	done >"$in" <<-'END'
	+52 1 55 5512 3456
	(+52) 1 55 5512 3456
	+52 (1) 55-5512-3456
	++5215555123456
	＋５２ １ ５５ ５５１２ ３４５６
	+٥٢١٥٥٥٥١٢٣٤٥٦
	+52 01 55 5512 3456
	+52 044 55 5512 3456
	+52 045 55 5512 3456
	whatsapp:+5215555123456
	521 55 5512 3456
	0052 1 55 5512 3456
	011 52 1 55 5512 3456
	044 55 5512 3456
	044-55-5512-3456
	(044) 55 5512 3456
	cel. 044 55 5512 3456
	045 55 5512 3456
	01 55 5512 3456
	01 (55) 5512–3456
	1 55 5512 3456
	55 5512 3456
	55.5512.3456
	+52 55 5512 3456
	END
	answers 0
	assert_equal "$(jq -r .address.sms.to "$out" | sort | uniq -c |
	    awk '{ print $1, $2 }')" '24 +525555123456'
	assert_equal "$(jq -r .address.sms.raw "$out")" \
	    "$(jq -r .contact.phone "$in")"
}

@test "a prefix goes only before ten digits, and in its place" {
	fake
	while IFS='|' read -r number asked; do
		printf '{"contact":{"phone":"%s"}}\n' "$number" >"$in"
		run --separate-stderr omni-normalize \
		    -o "paths.phonenumber=$helper" <"$in"
		assert_equal "$number|$(tail -n 1 "$log" | cut -f 3)" \
		    "$number|$asked"
	done <<-'END'
	044 55 5512 345|044 55 5512 345
	044 55 5512 34567|044 55 5512 34567
	+52 1 55 5512 345|+52 1 55 5512 345
	+1 55 5512 3456|+1 55 5512 3456
	+44 55 5512 3456|+44 55 5512 3456
	+521 5512 3456|+521 5512 3456
	55 5512 3456|55 5512 3456
	52 55 5512 3456|52 55 5512 3456
	044 55 5512 3456 ext. 12|+525555123456 ext. 12
	044 55 5512 3456 y 044 55 5512 3457|+525555123456 y 044 55 5512 3457
	END
	# Elsewhere 044 is somebody's own.
	echo '{"contact":{"phone":"044 55 5512 3456"}}' >"$in"
	run --separate-stderr omni-normalize -o site.region=DE \
	    -o "paths.phonenumber=$helper" <"$in"
	assert_equal "$(tail -n 1 "$log" | cut -f 3)" '044 55 5512 3456'
}

@test "the corpus's Mexican numbers that newer libraries refuse, by such a one" {
	local numbers=$OMNI_CORPORA/phone/numbers.ndjson

	[[ -r $numbers ]] || skip "$numbers is not there"
	fake today=yes
	# Not these: what 8.12 makes of a foreign number behind 011.
	jq -c 'select(.newer_metadata_agrees == false and (.["e164"] // "" |
	    startswith("+52") and (startswith("+521") | not))) |
	    {want: .["e164"], contact: {phone: .in}}' "$numbers" >"$in"
	(($(wc -l <"$in") > 150))
	answers 0
	assert_equal "$(jq -c 'select(.want != .address.sms.to)' "$out")" ''
}

@test "a WhatsApp id and a telephone are one identity" {
	while IFS='|' read -r whatsapp to; do
		normalize 0 "{\"contact\":{\"phone\":\"$to\",\"whatsapp\":\"$whatsapp\"}}"
		assert_equal "$whatsapp: $(said .address.whatsapp.to)" \
		    "$whatsapp: $to"
		assert_equal "$(said .address.sms.to)" "$to"
		assert_equal "$(said .address.whatsapp.raw)" "$whatsapp"
	done <<-'END'
	5215512345678|+525512345678
	525512345678|+525512345678
	+5215512345678|+525512345678
	whatsapp:+5215512345678|+525512345678
	5512345678|+525512345678
	16502530000|+16502530000
	447400123456|+447400123456
	34600123456|+34600123456
	END
	# An id is international wherever the site is.
	echo '{"contact":{"whatsapp":"5215512345678"}}' >"$in"
	run -0 omni-normalize -o site.region=US <"$in"
	assert_equal "$(said .address.whatsapp.to)" +525512345678
}

@test "an extension is set apart and told, for each type" {
	while IFS='|' read -r phone to extension; do
		normalize 0 "{\"contact\":{\"phone\":\"$phone\"}}"
		for type in sms whatsapp voice; do
			assert_equal "$phone $(said ".address.$type |
			    .to + \" \" + .extension")" "$phone $to $extension"
		done
		assert_equal "$(said .address.voice.raw)" "$phone"
		assert_equal "$(said .contact.phone)" "$phone"
	done <<-'END'
	044 55 5512 3456 ext. 12|+525555123456|12
	55 5512 3456 x7|+525555123456|7
	01 55 5512 3456 ext 0042|+525555123456|0042
	+1 650 253 0000;ext=9|+16502530000|9
	END
	normalize 0 '{"contact":{"phone":"55 5512 3456"}}'
	assert_equal "$(said '.address.voice | has("extension")')" false
}

@test "the type of line is told where the library knows it" {
	while IFS='|' read -r phone line; do
		normalize 0 "{\"contact\":{\"phone\":\"$phone\"}}"
		assert_equal "$phone $(said .address.voice.line)" "$phone $line"
	done <<-'END'
	+34 600 123 456|mobile
	+34 912 345 678|fixed_line
	55 5512 3456|fixed_line_or_mobile
	800 123 4567|toll_free
	END
}

@test "what is no string is told, not passed over" {
	normalize 1 '{"contact":{"phone":5555123456}}'
	assert_equal "$(said .error.message)" \
	    'contact: phone is a number, not a string'
	normalize 0 '{"contact":{"phone":5555123456,"email":"a@x.example","whatsapp":null}}'
	assert_equal "$(said '.address.sms | .raw + " " + .refused')" \
	    '5555123456 is a number, not a string'
	normalize 0 '{"contact":{"email":["a@x.example"],"phone":"5555123456"}}'
	assert_equal "$(said '.address.email | .raw + " " + .refused')" \
	    '["a@x.example"] is an array, not a string'
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
	ni\u200bño@x.example|has a character before the @ that may not stand there
	ni\u00a0ño@x.example|has a character before the @ that may not stand there
	ni\u202eño@x.example|has a character before the @ that may not stand there
	ni\ufffdo@x.example|has a character before the @ that may not stand there
	ñ..o@x.example|has two dots in a row
	a@localhost|has a domain without a dot
	a@x..example|has a bad domain after the @
	a@-x.example|has a domain that IDNA does not allow
	a@x_y.example|has a bad domain after the @
	a@x.example>|has a bad domain after the @
	rosa@[192.0.2.1]|has a number in the place of a domain
	rosa@☃.example|has a domain that IDNA does not allow
	rosa@xn--a.example|has a domain that IDNA does not allow
	rosa@|has a bad domain after the @
	END
	normalize 1 "{\"contact\":{\"email\":\"$(printf %065d 0)@x.example\"}}"
	assert_equal "$(said .error.message)" \
	    'contact: email has more than 64 bytes before the @'
	normalize 1 "{\"contact\":{\"email\":\"$(printf %064d 0)@$(printf '%060d.' 0 0 0)mx.example\"}}"
	assert_equal "$(said .error.code)" bad_address
}

@test "mail addresses: letters beyond ASCII before the @, in one spelling" {
	while IFS='|' read -r raw to; do
		normalize 0 "{\"contact\":{\"email\":\"$raw\"}}"
		assert_equal "$raw: $(said .address.email.to)" "$raw: $to"
	done <<-'END'
	niño@X.example|niño@x.example
	nin\u0303o@x.example|niño@x.example
	JOSÉ.muñoz+1@clínica.example|JOSÉ.muñoz+1@xn--clnica-4va.example
	用户@例え.example|用户@xn--r8jz45g.example
	\"ñandú\"@x.example|ñandú@x.example
	END
	# 64 bytes, not letters.
	normalize 0 "{\"contact\":{\"email\":\"$(printf 'ñ%.0s' {1..32})@x.example\"}}"
	normalize 1 "{\"contact\":{\"email\":\"$(printf 'ñ%.0s' {1..33})@x.example\"}}"
	assert_equal "$(said .error.message)" \
	    'contact: email has more than 64 bytes before the @'
}

@test "mail addresses: the limits of RFC 5321, to the byte" {
	local l64 d189 d190 l63

	l64=$(printf %064d 0) l63=$(printf %063d 0)
	d189=$(printf '%060d.' 0 0 0)abcdef
	d190=${d189}g
	while read -r status address; do
		normalize "$status" "{\"contact\":{\"email\":\"$address\"}}"
		[ "$status" = 1 ] ||
			assert_equal "$(said .address.email.to)" "$address"
	done <<-END
	0 $l64@$d189
	1 $l64@$d190
	1 0$l64@x.example
	0 a@$l63.example
	1 a@0$l63.example
	END
	assert_equal "$(printf %s "$l64@$d189" | wc -c)" 254
	normalize 1 "{\"contact\":{\"email\":\"$l64@$d190\"}}"
	assert_equal "$(said .error.message)" \
	    'contact: email is longer than 254 bytes'
	normalize 1 "{\"contact\":{\"email\":\"\\\"$(printf %063d 0)\\\"@x.example\"}}"
	assert_equal "$(said .error.message)" \
	    'contact: email has more than 64 bytes before the @'
}

@test "mail addresses: quotes that are not needed go, others are refused" {
	while IFS='|' read -r local to; do
		jq -nc --arg l "$local@X.example" '{contact: {email: $l}}' >"$in"
		run -0 --separate-stderr omni-normalize <"$in"
		assert_equal "$local $(said .address.email.to)" \
		    "$local $to@x.example"
		assert_equal "$(said .address.email.raw)" "$local@X.example"
	done <<-'END'
	"rosa"|rosa
	"rosa.paz"|rosa.paz
	"r\o\sa"|rosa
	"o'neil+x"|o'neil+x
	END
	while IFS='|' read -r local why; do
		jq -nc --arg l "$local@x.example" '{contact: {email: $l}}' >"$in"
		run -1 --separate-stderr omni-normalize <"$in"
		assert_equal "$local: $(said .error.message)" \
		    "$local: contact: email $why before the @${local:+, which mail servers do not take}"
	done <<-'END'
	"rosa paz"|needs quotes
	"rosa@home"|needs quotes
	"rosa..paz"|needs quotes
	""|needs quotes
	"a\"b"|needs quotes
	"a>\, <b"|needs quotes
	END
	for local in '"rosa' '"ro"sa"' '"rosa\"' '"' '"rosa" <rosa' '"ro"sa'; do
		jq -nc --arg l "$local@x.example" '{contact: {email: $l}}' >"$in"
		run -1 --separate-stderr omni-normalize <"$in"
		assert_equal "$local: $(said .error.message)" \
		    "$local: contact: email has quotes before the @ that do not match"
	done
}

@test "mail addresses: slips in big providers' names are told, not changed" {
	while IFS='|' read -r domain meant; do
		normalize 0 "{\"contact\":{\"email\":\"Ana@$domain\"}}"
		assert_equal "$(said .address.email.to)" "Ana@$domain"
		assert_equal "$(said .address.email.suspect)" \
		    "$domain is probably $meant"
		assert_equal "$(said .address.email.suggestion)" "Ana@$meant"
		assert_equal "$stderr" ''
	done <<-'END'
	gmial.com|gmail.com
	gmai.com|gmail.com
	gamil.com|gmail.com
	gmal.com|gmail.com
	gmil.com|gmail.com
	gnail.com|gmail.com
	gmaill.com|gmail.com
	mgail.com|gmail.com
	gmail.con|gmail.com
	gmail.co|gmail.com
	gmail.cm|gmail.com
	gmail.com.mx|gmail.com
	gmail.con.mx|gmail.com
	gmail.mx|gmail.com
	gmial.con|gmail.com
	hotmial.com|hotmail.com
	hotmai.com|hotmail.com
	hotmal.com|hotmail.com
	hormail.com|hotmail.com
	otmail.com|hotmail.com
	hotmail.con|hotmail.com
	hotmial.com.mx|hotmail.com.mx
	hotmail.con.mx|hotmail.com.mx
	yaho.com|yahoo.com
	yahho.com|yahoo.com
	yahoo.con|yahoo.com
	yaho.com.mx|yahoo.com.mx
	yahoo.con.mx|yahoo.com.mx
	outlok.com|outlook.com
	outllook.es|outlook.es
	outlook.comm|outlook.com
	iclod.com|icloud.com
	live.con|live.com
	prodigy.met.mx|prodigy.net.mx
	END
}

@test "mail addresses: what may well be meant is not suspected" {
	for domain in gmail.com hotmail.com hotmail.es yahoo.com.mx ymail.com \
	    mail.com email.com live.com.mx msn.com love.com cloud.com \
	    hotmail.se yahoo.com.my outlook.cl hotmail.fr prodigy.net.mx \
	    mail.gmail.com clinica.example x.gmail.con.example aol.com \
	    proton.me me.com mac.com gmx.de line.com xn--gmal-loa.com; do
		normalize 0 "{\"contact\":{\"email\":\"a@$domain\"}}"
		assert_equal "$domain $(said '.address.email | keys |
		    join(" ")')" "$domain raw to"
	done
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
	    'contact: has neither email, phone, whatsapp nor push'
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
	# What was changed is kept as it came; the rest needs no copy.
	assert_equal "$(said '.original | tojson')" \
	    '{"not_before":"2026-11-24T10:30:00-06:00"}'
	normalize 0 '{"contact":{"id":"1"},"language":"ES_mx","not_before":"2026-11-24T10:30:00-06:00","expires_at":"2026-11-25T00:00:00+01:00","timezone":"America/Tijuana"}'
	assert_equal "$(said '.original | tojson')" \
	    '{"language":"ES_mx","not_before":"2026-11-24T10:30:00-06:00","expires_at":"2026-11-25T00:00:00+01:00"}'
	assert_equal "$(said '.language + " " + .expires_at')" \
	    'es-MX 2026-11-24T23:00:00Z'
	# A second run finds nothing to do, and forgets nothing.
	first=${lines[0]}
	normalize 0 "$first"
	assert_output "$first"
	normalize 0 '{"contact":{"id":"1"},"language":"es"}'
	assert_equal "$(said .original)" null
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

@test "questions are asked ahead: a helper that wants 100 of them at once" {
	fake block=100
	people 400
	answers 0
	assert_equal "$(refused)" ''
	assert_equal "$(starts)" 1
}

@test "a number is asked about once in a run, however it is written" {
	fake
	for i in {1..300}; do
		echo '{"contact":{"phone":"044 55 5512 3456"}}'
		echo '{"contact":{"phone":"+52 1 55 5512 3456"}}'
		echo '{"contact":{"phone":"55 1111 1111","whatsapp":"5215511111111"}}'
	done >"$in"
	answers 0
	assert_equal "$(jq -r '.address.sms.to' "$out" | sort | uniq -c |
	    awk '{ print $1, $2 }')" $'300 +525511111111\n600 +525555123456'
	assert_equal "$(cut -f 3 "$log" | sort | xargs -d '\n' -n 1)" \
	    $'+525511111111\n+525555123456\n55 1111 1111\nstart'
}

@test "what phonenumber is asked has one line, whatever stands in the record" {
	fake
	printf '%s\n' '{"contact":{"phone":"55\n2\tMX\t5511111111"}}' \
	    '{"contact":{"phone":"55\u0085\u2028\u000b1111 1111"}}' \
	    '{"contact":{"phone":"55\u0085\u20281111 1111"}}' \
	    '{"contact":{"phone":"\r\n"}}' '{"contact":{"phone":"\u001f"}}' \
	    '{"contact":{"phone":"5522222222"}}' >"$in"
	answers 1
	assert_equal "$(jq -r '.address.sms.to // .error.message' "$out")" \
'contact: phone has a control character
contact: phone has a control character
+525511111111
contact: phone has a control character
contact: phone has a control character
+525522222222'
	assert_equal "$(grep -c . "$log")" 3
}

@test "phonenumber that dies midway is started again once: all are answered" {
	people 300
	for options in 'die=150 once=yes' 'die=150 once=yes lazy=yes' \
	    'die=0 once=yes' 'die=299 once=yes'; do
		# shellcheck disable=SC2086
		fake $options
		answers 0
		assert_equal "$stderr" ''
		assert_equal "$(refused)" ''
		assert_equal "$(starts)" 2
		assert_equal "$(sort "$log" | uniq -c |
		    awk '$1 > 2' | wc -l)" 0
	done
}

@test "a number that kills phonenumber twice is refused, those after it not" {
	people 300
	while read -r guilty options; do
		# shellcheck disable=SC2086
		fake "poison=$(printf 55%08d "$guilty")" $options
		answers 75
		assert_equal "$(refused)" "$guilty"
		[[ $stderr == *"$helper: the helper died: killed by signal 9 (Killed)" ]]
		(($(starts) <= 3))
	done <<-'END'
	1
	150
	300
	175 lazy=yes
	END
	# The same number again is not worth another helper.
	fake poison=5500000001
	cat "$in" "$in" >"$in.twice"
	mv "$in.twice" "$in"
	answers 75
	assert_equal "$(refused | xargs)" '1 1'
	(($(starts) <= 3))
}

@test "phonenumber that dies again and again is given up: status 75" {
	people 300
	fake die=0
	answers 75
	assert_equal "$(refused)" "$(seq 300)"
	assert_equal "$(starts)" 3
	fake die=2
	answers 75
	assert_equal "$(refused | head -n 1)" 5
	(($(refused | wc -l) > 250))
	assert_equal "$(starts)" 8
	# Mail does not need it.
	fake die=0
	people 2
	for i in {1..5}; do
		echo '{"id":"m","contact":{"email":"a@x.example"}}'
	done >>"$in"
	answers 75
	assert_equal "$(refused)" $'1\n2'
}

@test "phonenumber that lies: no wrong number, status 75, and an end" {
	people 300
	for how in twice swap tag type fields nul long early none text; do
		fake "lie=$how"
		answers 75
		refused >"$BATS_TEST_TMPDIR/refused"
		run ! grep -v '^[0-9]*$' "$BATS_TEST_TMPDIR/refused"
		assert_file_not_empty "$BATS_TEST_TMPDIR/refused"
		(($(starts) <= 8))
	done
}

@test "phonenumber that is slow has its time for each answer, not for all" {
	people 300
	fake slow=25
	answers 0
	assert_equal "$(refused)" ''
	assert_equal "$(starts)" 1
}

@test "phonenumber that hangs at a number: that one is refused: status 75" {
	local before=$SECONDS

	people 300
	fake stuck=5500000100
	answers 75
	assert_equal "$(refused)" 100
	[[ $stderr == *": 100: $helper: the helper did not answer in time" ]]
	assert_equal "$(starts)" 3
	# Twice the time for an answer.
	((SECONDS - before < 60))
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

	for answer in 'what?' '7\tok\t+525555123456\tMX\tmobile\t' \
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

@test "all that is there comes out before input pauses, however much it is" {
	local answer i

	people 30
	coproc program { omni-normalize; }
	pid=$program_PID
	for i in 1 2; do
		cat "$in" >&"${program[1]}"
		for n in {1..30}; do
			read -r -t 20 -u "${program[0]}" answer
			assert_equal "$(jq -r .id <<<"$answer")" "$n"
		done
	done
	eval "exec ${program[1]}>&-"
	wait "$pid"
}

@test "long lines, bad ones and errors among many keep their places (Inv. 1)" {
	jq -nc '("0" * 200000) as $pad | range(60) | if . % 7 == 3 then
	    {id: "\(.)", contact: {phone: "55551234\(10 + .)"}, pad: $pad}
	    elif . % 7 == 4 then {id: "\(.)", pad: ($pad + $pad)}
	    elif . % 7 == 5 then {id: "\(.)", error: {code: "x"}}
	    else {id: "\(.)", contact: {phone: "55551234\(10 + .)"}} end' |
	    sed 's/^{"id":"\(5[01]\)".*/{"id":"\1"/' >"$in"
	run -1 --separate-stderr omni-normalize <"$in"
	assert_equal "${#lines[@]}" 60
	jq -r 'if .id then .id else .raw | capture("id\":\"(?<i>[0-9]+)").i end' \
	    <<<"$output" | cmp - <(seq 0 59)
	assert_equal "$(jq -r 'select(.error.line) | "\(.error.line)"' \
	    <<<"$output" | xargs)" '5 12 19 26 33 40 47 51 52 54'
	assert_equal "$(jq -c 'select(.address) | select("+5255551234" +
	    "\(.id | tonumber + 10)" != .address.sms.to)' <<<"$output")" ''
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
