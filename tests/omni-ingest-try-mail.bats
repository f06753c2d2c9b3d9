#!/usr/bin/env bats
# What "omni-ingest --try mail" understands: made-up mails, and the corpora,
# with the shares that are promised.  The misses are printed.

# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be

setup() {
	load helper
	export OMNI_CONF=$BATS_TEST_TMPDIR/omni.conf
	cat >"$OMNI_CONF" <<-'END'
	[mail]
	from = Clinica Sol <citas@clinic.example>
	[links]
	mailto = baja@clinic.example
	END
	mail=$BATS_TEST_TMPDIR/mail
	told=$BATS_TEST_TMPDIR/told
}

# try_it MAIL FILTER: what jq makes of it, of the mail that printf makes
try_it() {
	# shellcheck disable=SC2059	# a format is what it is
	printf "$1" >"$mail"
	run -0 --separate-stderr omni-ingest --try mail <"$mail"
	assert_equal "$stderr" ''
	run -0 jq -r "$2" <<<"$output"
}

# try_all DIRECTORY: of each file named on standard input an object
try_all() {
	local file
	while read -r file; do
		printf '{"file":"%s","got":%s}\n' "$file" "$(omni-ingest \
			--try mail <"$1/$file" 2>/dev/null || echo null)"
	done
}

@test "a person's answer: the words, and what they mean" {
	try_it 'From: ana@example.net\nSubject: Re: Su cita\nIn-Reply-To: <m1@clinic.example>\n\nS\303\255, confirmo\n\nEl 20/11/2026 12:00, Sol <citas@clinic.example> escribi\303\263:\n> Responda NO\n' tojson
	assert_output '{"kind":"reply","recipients":[],"original_message_id":"m1@clinic.example","text":"Sí, confirmo","intent":"confirm","subject":"Re: Su cita"}'
}

@test "a person's answer in two parts is not run together" {
	try_it 'From: ana@example.net\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nS\303\255\n--b\n\nno puedo ir\n--b--\n' '.intent, .text'
	assert_output $'unclear\nSí\nno puedo ir'
}

@test "an answer that is struck out is no yes" {
	try_it 'From: ana@example.net\nContent-Type: text/html\n\n<p><del>Confirmo</del></p>\n' '.intent, .text'
	assert_output $'unclear\n~Confirmo~'
}

@test "a bounce: each recipient, with what is known of it" {
	try_it 'From: MAILER-DAEMON@x.example\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822; Ana@b.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 user unknown\n\nFinal-Recipient: rfc822; eva@b.example\nAction: delayed\nStatus: 4.4.1\n\nFinal-Recipient: rfc822; luis@b.example\nAction: relayed\nStatus: 2.0.0\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <m1@clinic.example>\nIn-Reply-To: <other@x.example>\n--b--\n' tojson
	assert_output '{"kind":"bounce","recipients":[{"address":"Ana@b.example","action":"failed","status":"5.0.0","permanent":true,"reason":"smtp; 550 user unknown"},{"address":"eva@b.example","action":"delayed","status":"4.4.1","permanent":false,"reason":null},{"address":"luis@b.example","action":"relayed","status":"2.0.0","permanent":null,"reason":null}],"original_message_id":"m1@clinic.example","text":null}'
}

@test "letters of servers: each address with its own reason" {
	try_it 'Return-Path: <>\nFrom: MAILER-DAEMON@x.example\nTo: citas@clinic.example\nSubject: failure notice\n\nSorry.\n\n<ana@b.example>:\n550 no mailbox here by that name\n\n<eva@b.example>:\n452 4.2.2 over quota\n\n--- Below this line is a copy of the message.\n\nMessage-ID: <m1@clinic.example>\nTo: luis@b.example\n' '.original_message_id, (.recipients[] | "\(.address) \(.status) \(.permanent)")'
	assert_output $'m1@clinic.example\nana@b.example 5.1.1 true\neva@b.example 4.2.2 false'
}

@test "a complaint, and another report of the same form" {
	try_it 'From: fbl@isp.example\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nOriginal-Rcpt-To: ana@b.example\nOriginal-Rcpt-To: eva@b.example\n--b--\n' '.kind, (.recipients[] | .address, .reason, .permanent)'
	assert_output $'complaint\nana@b.example\nabuse\nnull\neva@b.example\nabuse\nnull'
	sed -i 's/: abuse/: auth-failure/' "$mail"
	run -0 omni-ingest --try mail <"$mail"
	assert_equal "$(jq -r .kind <<<"$output")" other
}

@test "what no person wrote is no answer, and has no intent" {
	try_it 'From: ana@example.net\nAuto-Submitted: auto-replied\nSubject: Estoy de vacaciones\n\nConfirmo\n' \
		'[.kind, .automatic, .text, .intent] | tojson'
	assert_output '["auto","Auto-Submitted","Confirmo",null]'
	try_it 'From: Sol <citas@clinic.example>\n\nConfirmo\n' \
		'.kind + " " + .automatic'
	assert_output 'auto our own address'
	# An absence that quotes how a server words a failure.
	try_it 'From: ana@example.net\nReturn-Path: <>\nSubject: Fuera de la oficina\n\nMi correo eva@example.net no se pudo entregar: user unknown\n' \
		'.kind'
	assert_output auto
}

@test "who wants no mails any more" {
	try_it 'From: ana@example.net\nTo: baja@clinic.example\n\nhola\n' \
		'.kind, .recipients[0].address'
	assert_output $'unsubscribe\nana@example.net'
	try_it 'From: ana@example.net\nSubject: unsubscribe\n\n' .kind
	assert_output unsubscribe
	# The button of a mail program, which says that it is one.
	try_it 'From: ana@example.net\nSubject: unsubscribe\nAuto-Submitted: auto-replied\n\nSome Mail sent this email to unsubscribe.\n' \
		.kind
	assert_output unsubscribe
	try_it 'From: ana@example.net\nSubject: BAJA\n\nConfirmo la cita\n' \
		.kind
	assert_output reply
	try_it 'From: ana@example.net\n\nBAJA\n' '.kind + .intent'
	assert_output replystop
}

@test "attachments are named, with type and size" {
	try_it 'From: ana@example.net\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nVa la foto\n--b\nContent-Type: image/png; name="mi \033foto.png"\nContent-Transfer-Encoding: base64\n\nAAECAw==\n--b\nContent-Disposition: attachment\n\nx\n--b--\n' \
		'.text, (.attachments | tojson)'
	assert_line 'Va la foto'
	assert_line --partial '"type":"image/png","size":4}'
	assert_line --partial '{"type":"text/plain","size":1}'
	refute_output --partial $'\33'
}

@test "no mail, a bad option, and mails that are too long" {
	run -65 --separate-stderr omni-ingest --try mail </dev/null
	assert_equal "$output" ''
	assert_regex "$stderr" '^omni-ingest: no mail$'
	run -64 omni-ingest --try nothing </dev/null
	run -71 omni-ingest --try mail </
	{ printf 'From: ana@example.net\n\nConfirmo\n'; yes x | head -c 90000; } \
		>"$mail"
	run -0 omni-ingest --try mail -o ingest.max_mail=60 <"$mail"
	assert_equal "$(jq -r '.cut, .text[:8]' <<<"$output" | tr '\n' ' ')" \
		'true Confirmo '
	run -0 omni-ingest --try mail -q <"$mail"
	assert_output ''
}

@test "nothing is written: there is no spool and no ledger" {
	echo 'From: ana@example.net' >"$mail"
	mkdir "$BATS_TEST_TMPDIR/empty"
	cd "$BATS_TEST_TMPDIR/empty"
	run -0 omni-ingest --try mail -o paths.spool=. -o paths.ledger=./l \
		<"$mail"
	run -0 find .
	assert_output .
}

# share_of NAME PERCENT [JUDGED]: of the records in it, which have `file` and
# NAME, so many must be right; the others are named
share_of() {
	local in=${3-$told}
	jq -r "select(.$1 == false) | \"# miss: $1 of \" + .file" "$in" >&3
	run -0 jq -sr "map(select(.$1 != null)) | (map(select(.$1)) | length) *
		100 / length" "$in"
	jq -en "$output >= $2"
}

# judge LIST: of each mail in it whether it was understood; $told
judge() {
	local dir=$OMNI_CORPORA/bounces
	jq -r .file "$dir/$1" | try_all "$dir" >"$told.got"
	jq -sc --slurpfile got "$told.got" '
		def all: map(ascii_downcase) | unique;
		def bare: (. // "") | ltrimstr("<") | rtrimstr(">");
		(($got | map({key: .file, value: .got})) | from_entries) as $by |
		.[] | . as $want | $by[.file] as $g |
		# Who wrote the list has put a name where the mail has none.
		([.records[].recipient // empty | select(test("invalid$") |
			not)] | all) as $to |
		([.records[].original_message_id, .rfc.original_message_id |
			bare] | map(select(contains("@"))) | unique) as $ids |
		([.records[] | select(.recipient and (.feedback_type | not)) |
			. as $r | {to: .recipient | ascii_downcase, classes:
			([.status, ($want.rfc.recipients[] |
			select((.final_recipient // "" | ascii_downcase) ==
			($r.recipient | ascii_downcase)).status)] |
			map(select(. != null and (startswith("2") | not)) |
			startswith("5")))} | select(.classes != [])]) as $fates |
		{file, right: ([$g.recipients[]?.address] | all == $to),
		id: (if $ids == [] then null else
			any($ids[]; . == $g.original_message_id) end),
		lasting: (if $fates == [] then null else all($fates[];
			. as $f | any($g.recipients[]?; (.address |
			ascii_downcase) == $f.to and (.permanent as $p |
			any($f.classes[]; . == $p)))) end)}' \
		"$dir/$1" >"$told"
}

@test "bounces of the corpus: who did not get it, and which mail it was" {
	[ -d "$OMNI_CORPORA/bounces" ] || skip 'no corpora'
	judge expect-all.ndjson
	share_of right 97
	share_of lasting 95
	share_of id 95
	# Those that keep to the standard.
	jq -c --slurpfile strict "$OMNI_CORPORA/bounces/expect-strict.ndjson" '
		($strict | map({key: .file, value: true}) | from_entries) as
		$in | select($in[.file])' "$told" >"$told.strict"
	share_of right 100 "$told.strict"
	share_of lasting 98 "$told.strict"
	share_of id 99 "$told.strict"
}

@test "ordinary mails of the corpus: none is a bounce or a complaint" {
	local dir=$OMNI_CORPORA/mail
	[ -d "$dir" ] || skip 'no corpora'
	(cd "$dir" && find . -type f ! -name LICENSE) | try_all "$dir" >"$told"
	run -0 jq -r 'select(.got.kind == "complaint" or .got.kind == "bounce")
		| .file' "$told"
	# What is left are bounces.
	for file in "${lines[@]}"; do
		grep -qi 'multipart/report' "$dir/$file"
	done
	run -0 jq -r 'select(.got.kind == "auto") | .got.automatic' "$told"
	[ "${#lines[@]}" -le 8 ]
	refute_line Subject
}

@test "replies of the corpus: the words without what is quoted" {
	local in=$OMNI_CORPORA/replies/replies.ndjson
	[ -e "$in" ] || skip 'no corpora'
	[ -x "$ROOT/build/tests/fake/mailtold" ] ||
		skip 'build/tests/fake/mailtold is not built'
	"$ROOT/build/tests/fake/mailtold" - <"$in" >"$told.got"
	jq -nc --slurpfile in "$in" --slurpfile got "$told.got" '
		def plain: gsub("[ \\n\\r\\t]+"; " ") | ltrimstr(" ") |
			rtrimstr(" ");
		range($in | length) | {file: $in[.].fixture,
		right: (($in[.].reply | plain) == ($got[.].text | plain))}' \
		>"$told"
	share_of right 97
}
