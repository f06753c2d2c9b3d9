#!/usr/bin/env bats
# omni-ingest --try: what it understands, without doing anything.

load helper

setup() {
	make_site
}

# try_lines LINE...: what --try reply makes of them; its status must be 0
try_lines() {
	printf '%s\n' "$@" >"$SITE/lines"
	run --separate-stderr -0 omni-ingest --try reply <"$SITE/lines"
}

@test "--try reply: an intent for each line, in their order" {
	try_lines '{"body":"Sí, confirmo. Gracias","language":"es"}' \
	    '{"body":"No puedo ir"}' '{"body":"mañana no puedo"}' \
	    '{"body":"no me escriban más"}' '{"body":"ALTA"}' \
	    '{"body":"¿A qué hora es?"}' '{"body":"ayuda","language":null}' \
	    '{"body":"número equivocado"}' '{"body":"tal vez"}' '{"body":" "}'
	assert_equal "$(jq -r .intent <<<"$output" | paste -sd' ')" 'confirm decline reschedule stop start question question unclear unclear empty'
	assert_equal "$(jq -c 'keys_unsorted' <<<"$output" | sort -u)" '["intent","text"]'
	# shellcheck disable=SC2154	# set by run
	assert_equal "$stderr" ''
}

@test "--try reply: quotes and signature are cut away" {
	try_lines '{"body":"Sí, ahí estaré\r\n\r\nEl lun, 23 nov 2026 a las 17:00, Clínica <c@example.com> escribió:\r\n> Responda SI o NO\r\n","language":"es"}' \
	    '{"body":"No\n\n-- \nJuan\nSí a la vida","language":"es"}'
	assert_equal "$(jq -c . <<<"$output")" '{"intent":"confirm","text":"Sí, ahí estaré"}
{"intent":"decline","text":"No"}'
}

@test "--try reply: a bad line is told with its number, and the others go on" {
	printf '%s\n' '{"body":"si"}' 'si' '{"body":7}' '{}' \
	    '{"body":"si","language":["es"]}' '{"body":"no"}' >"$SITE/lines"
	run --separate-stderr -1 omni-ingest --try reply <"$SITE/lines"
	assert_equal "$(jq -r '.intent // .error.code' <<<"$output" | paste -sd' ')" 'confirm not_a_record bad_body bad_body bad_language decline'
	assert_equal "$(jq -r '.error.line // empty' <<<"$output" | paste -sd' ')" '2 3 4 5'
	assert_regex "$stderr" 'omni-ingest: line 2: '
	assert_regex "$stderr" 'omni-ingest: line 3: body is a number, not a string'
	assert_regex "$stderr" 'omni-ingest: line 4: body is missing, not a string'
	assert_regex "$stderr" 'omni-ingest: line 5: language is an array, not a string'
}

@test "--try reply: input that is cut off ends with 65" {
	printf '{"body":"si"}\n{"body":"no"}' >"$SITE/lines"
	run --separate-stderr -65 omni-ingest --try reply <"$SITE/lines"
	assert_equal "$(jq -r '.intent // "error"' <<<"$output" | paste -sd' ')" 'confirm error'
}

@test "--try reply writes nothing, and needs no ledger" {
	find "$SITE" -newermt 1970-01-01 | sort >"$BATS_TEST_TMPDIR/before"
	run -0 omni-ingest --try reply <<<'{"body":"STOP"}'
	find "$SITE" -newermt 1970-01-01 | sort >"$BATS_TEST_TMPDIR/after"
	run -0 diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "--try with anything else, or with another option, is wrong usage" {
	run -64 omni-ingest --try sentence </dev/null
	run -64 omni-ingest --try reply --cgi </dev/null
	run -64 omni-ingest --try reply --confirm-subscriptions </dev/null
	run -64 omni-ingest --try </dev/null
}

@test "[ingest] words: the site's own lists count, too" {
	cat >"$SITE/etc/words" <<-'END'
	# Suomi
	[yes]
	kyllä (kiitos)?
	[not-coming]
	en (pääse | tule)
	END
	run -0 omni-ingest --try reply <<<'{"body":"Kyllä!"}'
	assert_output --partial '"unclear"'
	printf '\n[ingest]\nwords = words\n' >>"$OMNI_CONF"
	try_lines '{"body":"Kyllä!"}' '{"body":"En pääse, sori"}' '{"body":"sí"}'
	assert_equal "$(jq -r .intent <<<"$output" | paste -sd' ')" 'confirm decline confirm'
}

@test "[ingest] words: a bad line is a configuration error with file and line" {
	printf '\n[ingest]\nwords = words\n' >>"$OMNI_CONF"
	printf '[yes]\nkyll\xc3\xa4\nno\n' >"$SITE/etc/words"
	run -78 omni-ingest --try reply <<<'{"body":"si"}'
	assert_output --regexp "omni-ingest: .*/words:3: \"no\" is in \[no\] already, at share/words/"
	printf '[yess]\n' >"$SITE/etc/words"
	run -78 omni-ingest
	assert_output --regexp 'words:1: there is no section: \[yess\]'
	rm "$SITE/etc/words"
	run -78 omni-ingest
	assert_output --regexp 'words: No such file'
}

@test "the reply corpus: intents, from the answers without their quotes" {
	local corpus=${OMNI_CORPORA:-$ROOT/../shared/corpora}/replies/replies.ndjson

	[ -r "$corpus" ] || skip "no corpus at $corpus"
	jq -c '{body: .reply}' "$corpus" >"$SITE/lines"
	run -0 omni-ingest --try reply <"$SITE/lines"
	paste <(jq -r .intent "$corpus") <(jq -r .intent <<<"$output") | awk '
		{ all++ }
		$1 == $2 || $1 == "cancel" && $2 == "decline" ||
		$1 == "confirm-trap" && $2 == "confirm" ||
		$1 ~ /^ambiguous/ && $2 == "unclear" ||
		$1 == "ambiguous-positive" && $2 == "confirm" ||
		$1 == "not-confirm-trap" && $2 != "confirm" { right++; next }
		{ print }
		END { exit !(all > 300 && right >= all * 0.97) }' ||
		fail 'too many answers are misunderstood'
}

@test "the reply corpus: no answer with its quotes is taken for a yes that is none" {
	local corpus=${OMNI_CORPORA:-$ROOT/../shared/corpora}/replies/replies.ndjson

	[ -r "$corpus" ] || skip "no corpus at $corpus"
	jq -c '{body}' "$corpus" >"$SITE/lines"
	run -0 omni-ingest --try reply <"$SITE/lines"
	paste <(jq -r .intent "$corpus") <(jq -r .intent <<<"$output") \
		>"$SITE/both"
	[ "$(wc -l <"$SITE/both")" -gt 300 ]
	run -1 grep -Ev '^(confirm|confirm-trap|ambiguous-positive)	' \
		<(grep '	confirm$' "$SITE/both")
}

@test "every provider's keyword for an opt-out stops, but for CANCEL, which declines" {
	local words=${OMNI_CORPORA:-$ROOT/../shared/corpora}/wire/optout-keywords.json

	[ -r "$words" ] || skip "no corpus at $words"
	jq -c '[.twilio_default_stop[], .aws_eum_stop[],
		.suggested_spanish_stop[]] | unique[] | {body: .},
		{body: (" " + ascii_downcase + ". ")}' "$words" >"$SITE/lines"
	run -0 omni-ingest --try reply <"$SITE/lines"
	paste <(jq -r .body "$SITE/lines") <(jq -r .intent <<<"$output") \
		>"$SITE/both"
	[ "$(grep -c '	stop$' "$SITE/both")" -gt 40 ]
	assert_equal "$(grep -v '	stop$' "$SITE/both" | tr -d ' .' |
		tr '[:lower:]' '[:upper:]' | sort -u)" \
		$'CANCEL\tDECLINE\nCANCELAR\tDECLINE'
	jq -c '[.twilio_default_start[], .suggested_spanish_start[]] - ["YES"] |
		unique[] | {body: .}' "$words" >"$SITE/lines"
	run -0 omni-ingest --try reply <"$SITE/lines"
	assert_equal "$(jq -r .intent <<<"$output" | sort -u)" start
}
