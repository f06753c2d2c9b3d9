#!/usr/bin/env bats
# SMS: segments against other people's answers, and what omni-render makes of
# a text so that it takes fewer of them.
# shellcheck disable=SC2154	# run(1) of bats sets stderr

load helper

setup() {
	in=$BATS_TEST_TMPDIR/in
	smart='channel sms.smart_encoding=yes'
	plain='channel sms.accents=plain'
	any='channel sms.max_segments=0'
}

# need FILE: $file is that file of the corpora
need() {
	file=$OMNI_CORPORA/$1
	[ -r "$file" ] || skip "no corpus at $file"
}

# A record cannot hold NUL (omni-record(5)); U+0001 costs the same.
need_corpus() {
	need sms/segments.ndjson
	sed 's/\\u0000/\\u0001/g' "$file" >"$BATS_TEST_TMPDIR/corpus"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/corpus")" -gt 10000 ]
}

# compare THEIRS [OURS]: what jq finds in the file "in", and in our counts of it
compare() {
	"$ROOT/build/tests/fake/segcount" <"$in" >"$BATS_TEST_TMPDIR/counts"
	run -0 diff <(jq -c "$1" "$in") \
	    <(jq -c "${2-.}" "$BATS_TEST_TMPDIR/counts")
}

# sms STATUS TEXT [OVERRIDE ...]: renders it; TEXT may have \u and \n
sms() {
	local status=$1 text=$2 args=()

	shift 2
	for override; do
		args+=(-o "$override")
	done
	[ -n "${SITE-}" ] || make_site
	# The point keeps a newline at the end.
	jq -nc --arg text "$(printf %b. "$text")" '{id: "m", channel: "sms",
	    account: "sms", text: $text[:-1]}' >"$in"
	run "-$status" --separate-stderr omni-render ${args[@]+"${args[@]}"} \
	    <"$in"
	assert_equal "${#lines[@]}" 1
}

# is FILTER EXPECTED: what jq makes of the record
is() {
	assert_equal "$(jq -cr "$1" <<<"$output")" "$2"
}

# counted SEGMENTS ENCODING COST
counted() {
	is '"\(.segments) \(.encoding) \(.cost)"' "$*"
}

# many N TEXT
many() {
	local s

	printf -v s "%$1s" ''
	printf %s "${s// /$2}"
}

@test "segments are counted as plain 3GPP arithmetic counts them" {
	need_corpus
	cp "$BATS_TEST_TMPDIR/corpus" "$in"
	compare '.plain | {encoding, segments, units}'
}

# The carrier's calculator keeps joined emoji whole: marked in the corpus.
@test "and as Twilio counts them, wherever no joined emoji is split" {
	need_corpus
	jq -c 'select(.agree_plain)' "$BATS_TEST_TMPDIR/corpus" >"$in"
	compare '{encoding, segments, units}'
}

@test "omni-render counts them so too, and changes no text unasked" {
	need_corpus
	make_site
	# An empty text is refused; U+115F and the like are empty, too.
	jq -c '{channel: "sms", account: "sms", text, plain}' \
	    "$BATS_TEST_TMPDIR/corpus" >"$BATS_TEST_TMPDIR/all"
	omni-render -o "$any" <"$BATS_TEST_TMPDIR/all" 2>/dev/null |
		jq -c '.error.code == "empty_text"' >"$BATS_TEST_TMPDIR/empty"
	paste -d' ' "$BATS_TEST_TMPDIR/empty" "$BATS_TEST_TMPDIR/all" |
		sed -n 's/^false //p' >"$in"
	[ "$(wc -l <"$in")" -gt 10000 ]
	omni-render -o "$any" <"$in" >"$BATS_TEST_TMPDIR/out"
	run -0 diff <(jq -c '[.text, .plain.encoding, .plain.segments]' "$in") \
	    <(jq -c '[.text, .encoding, .segments]' "$BATS_TEST_TMPDIR/out")
	run -0 jq -s 'map(select((.ucs2 == null) != (.encoding == "GSM-7")
	    or .replaced != null)) | length' "$BATS_TEST_TMPDIR/out"
	assert_output 0
}

@test "the vectors of Twilio's calculator" {
	need wire/sms-segment-vectors.json
	jq -c '.vectors[] | {text: .body, encoding, segments}' "$file" >"$in"
	[ "$(wc -l <"$in")" -gt 50 ]
	compare '{encoding, segments}' '{encoding, segments}'
}

@test "each character of the alphabet, and of its extension" {
	need wire/gsm7.json
	python3 - "$file" >"$in" <<-'END'
	import json, sys
	d = json.load(open(sys.argv[1]))
	for table, units in (('basic', 1), ('extension', 2)):
	    for c in d[table]:
	        print(json.dumps({'text': chr(int(c[2:], 16)),
	            'encoding': 'GSM-7', 'segments': 1, 'units': units}))
	END
	[ "$(wc -l <"$in")" -eq $((127 + 10)) ]
	compare '{encoding, segments, units}'
}

@test "one, two and many segments, to the character" {
	while read -r n unit segments encoding cost; do
		sms 0 "$(many "$n" "$unit")" "$any"
		counted "$segments" "$encoding" "$cost"
	done <<-'END'
	160 a 1 GSM-7 0.05
	161 a 2 GSM-7 0.10
	306 a 2 GSM-7 0.10
	307 a 3 GSM-7 0.15
	80 € 1 GSM-7 0.05
	81 € 2 GSM-7 0.10
	70 í 1 UCS-2 0.05
	71 í 2 UCS-2 0.10
	134 í 2 UCS-2 0.10
	135 í 3 UCS-2 0.15
	1600 a 11 GSM-7 0.55
	1600 í 24 UCS-2 1.20
	1600 😀 49 UCS-2 2.45
	END
	sms 1 "$(many 1601 a)" "$any"
	is '.error | .code + " " + .message' \
	    'too_long 1601 characters; an SMS has at most 1600'
}

@test "no character lies across a boundary" {
	# The pair of the euro would be septets 153 and 154.
	sms 0 "$(many 152 a)€$(many 152 b)"
	counted 3 GSM-7 0.15
	sms 0 "$(many 151 a)€$(many 153 b)"
	counted 2 GSM-7 0.10
	# The surrogates of the emoji would be units 67 and 68.
	sms 0 "$(many 66 í)😀$(many 66 í)"
	counted 3 UCS-2 0.15
	sms 0 "$(many 65 í)😀$(many 67 í)"
	counted 2 UCS-2 0.10
	# Joined emoji are several characters, and may be parted.
	sms 0 "$(many 62 í)👨‍👩‍👧$(many 64 í)"
	counted 2 UCS-2 0.10
}

@test "a line may end in one character or two" {
	sms 0 "$(many 158 a)\r\n"
	counted 1 GSM-7 0.05
	sms 0 "$(many 159 a)\r\n"
	counted 2 GSM-7 0.10
	sms 0 "$(many 159 a)\n"
	counted 1 GSM-7 0.05
	is '.text | endswith("a\n")' true
}

@test "the characters that make it UCS-2, and where they are" {
	sms 0 'Sí: mañana, sábado. Sí'
	is .ucs2 '[{"char":"í","at":2,"count":2},{"char":"á","at":14,"count":1}]'
	sms 0 'ya 👍🏽\u200d!'
	is '[.ucs2[] | .char, .at]' '["👍",4,"🏽",5,"‍",6]'
	sms 0 '¿Qué? [€] niño'
	is .ucs2 null
	# What an earlier program left there is not believed.
	jq -c '. + {ucs2: [], replaced: [], text: "a"}' "$in" >"$in.2"
	run -0 omni-render <"$in.2"
	is '[has("ucs2"), has("replaced")]' '[false,false]'
}

@test "too many segments: which characters, where, and without them" {
	sms 1 "$(many 134 a)í$(many 67 ó)"
	is .error.message '4 segments in UCS-2, at most 3 are allowed; not in GSM-7: í at 135, ó at 136 (67 times); 2 with letters of GSM-7 in their place'
	[[ $stderr == 'omni-render: line 1: m: 4 segments in UCS-2, '* ]]
	is '[.segments, .ucs2[1].at]' '[null,136]'
	# What cannot be seen has a number; after twenty the rest is counted.
	sms 1 "$(many 300 a)\u200d\u00a0\u0301"
	[[ $stderr == *': U+200D at 301, U+00A0 at 302, U+0301 at 303; 2 with '* ]]
	sms 1 "$(many 300 a)абвгдежзийклмнопрстуфхцч"
	[[ $stderr == *', у at 320 and 4 more; 3 with letters of GSM-7'* ]]
	is '.ucs2 | length' 20
	sms 1 "$(many 460 a)"
	is .error.message '4 segments in GSM-7, at most 3 are allowed'
}

@test "smart_encoding: look-alikes, and what was replaced" {
	sms 0 '“Ya” – a las 10… – ¿sí?' "$smart"
	is .text '"Ya" - a las 10... - ¿sí?'
	is .replaced '[{"from":"“","to":"\"","count":1},{"from":"”","to":"\"","count":1},{"from":"–","to":"-","count":2},{"from":"…","to":"...","count":1}]'
	is .ucs2 '[{"char":"í","at":24,"count":1}]'
	sms 0 "it’s$(many 150 a)" "$smart"
	counted 1 GSM-7 0.05
	sms 0 "it’s$(many 150 a)"
	counted 3 UCS-2 0.15
	is '[.replaced, .ucs2[0].at]' '[null,3]'
	# The limit is that of the text as it is sent.
	sms 0 "$(many 1600 a)\u200b" "$smart" "$any"
	sms 1 "$(many 1600 a)\u200b" "$any"
	sms 1 "$(many 1598 a)…" "$smart" "$any"
	is .error.message '1601 characters; an SMS has at most 1600'
}

@test "smart_encoding knows all that Twilio's table knows" {
	need wire/twilio-smart-encoding.json
	make_site
	python3 - "$file" "$in" >"$BATS_TEST_TMPDIR/theirs" <<-'END'
	import json, sys
	table = json.load(open(sys.argv[1]))['replacements']
	table.pop('U+0000')	# no record can hold it
	with open(sys.argv[2], 'w') as records:
	    for c, to in table.items():
	        c = chr(int(c[2:], 16))
	        print('x' + to.replace('\\', '\\\\') + 'y 1 GSM-7')
	        print(json.dumps({'channel': 'sms', 'account': 'sms',
	            'text': 'x' + c + 'y'}), file=records)
	END
	[ "$(wc -l <"$in")" -eq 269 ]
	omni-render -o "$smart" <"$in" >"$BATS_TEST_TMPDIR/out"
	run -0 diff "$BATS_TEST_TMPDIR/theirs" <(jq -r \
	    '"\(.text | sub("\\\\"; "\\\\")) \(.replaced | length) \(.encoding)"' \
	    "$BATS_TEST_TMPDIR/out")
}

@test "accents = plain: only what GSM-7 lacks, only where it helps" {
	sms 0 'Bombón: sábado, ¿sí? Año, café, pingüino, ç' "$plain"
	is .text 'Bombon: sabado, ¿si? Año, café, pingüino, c'
	is '[.replaced[] | .from + .to]' '["óo","áa","íi","çc"]'
	counted 1 GSM-7 0.05
	for text in 'Bombón 😀' 'Bombón – 10:30' 'Bombón, 2 ≠ 3'; do
		sms 0 "$text" "$plain"
		is .text "$text"
		is '[.replaced, .encoding]' '[null,"UCS-2"]'
	done
	# With both, both count.
	sms 0 'Bombón – 10:30' "$plain" "$smart"
	is '[.text, .encoding]' '["Bombon - 10:30","GSM-7"]'
	sms 0 'Bombón – 😀' "$plain" "$smart"
	is '[.text, .encoding]' '["Bombón - 😀","UCS-2"]'
	run -78 omni-render -o 'channel sms.accents=none' </dev/null
	assert_output --partial 'keep|plain'
}

@test "a letter and a mark behind it are one, if the text may be changed" {
	sms 0 'cafe\u0301'
	is '[.encoding, .ucs2[0].at]' '["UCS-2",5]'
	sms 0 'cafe\u0301' "$plain"
	is '[.text, .encoding, .replaced]' '["café","GSM-7",null]'
	sms 0 'man\u0303ana, sa\u0301bado' "$smart"
	is '[.text, .encoding]' '["mañana, sábado","UCS-2"]'
	sms 0 'man\u0303ana, sa\u0301bado' "$plain"
	is '[.text, .encoding]' '["mañana, sabado","GSM-7"]'
	is .replaced '[{"from":"á","to":"a","count":1}]'
}

@test "a text that was replaced is good a second time" {
	sms 0 '“Bombón”' "$plain" "$smart"
	first=$output
	printf '%s\n' "$first" >"$in"
	run -0 omni-render -o "$plain" -o "$smart" <"$in"
	assert_equal "$output" "$(jq -c 'del(.replaced)' <<<"$first")"
	# One from a template is written anew: the same bytes (Inv. 12).
	echo '{"template":"appointment_reminder","channel":"sms","account":"sms","vars":{"owner_name":"Rosa","pet_name":"Bombón – 😀","at":"2026-11-24T16:30:00Z"}}' >"$in"
	run -0 omni-render -o "$smart" <"$in"
	is '[.replaced, .ucs2 | length]' '[1,2]'
	first=$output
	printf '%s\n' "$first" >"$in"
	run -0 omni-render -o "$smart" <"$in"
	assert_equal "$output" "$first"
}

@test "only an SMS is changed" {
	make_site
	printf '%s\n' '{"channel":"whatsapp","account":"whatsapp","text":"“sí”"}' \
	    >"$in"
	run -0 omni-render -o 'channel whatsapp.smart_encoding=yes' \
	    -o 'channel whatsapp.accents=plain' <"$in"
	is '[.text, .replaced, .ucs2, .encoding]' '["“sí”",null,null,null]'
}
