#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2034	# stop_server reads server
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be
# What comes along with messages: fetched from the provider, looked at, kept.
# Each test names the invariants of the design that it proves.

ACCOUNT=AC00000000000000000000000000000000
JPEG='\xff\xd8\xff\xe0\x00\x10JFIF'

setup() {
	load helper
	load servers
	make_ledger 2026-11-23T23:00:00Z
	unset http_proxy https_proxy all_proxy no_proxy
	export TWILIO_AUTH_TOKEN=simulator-token META_TOKEN=simulator-token
	server=
	sim=$BATS_TEST_TMPDIR/sim
	inbound=$SITE/spool/inbound
	media=$SITE/spool/media
	mkdir -p "$inbound/new"
	printf '%s\n' '' '[provider meta]' 'kind = whatsapp' \
		'phone_number_id = 106540352242922' \
		'access_token = env:META_TOKEN' >>"$OMNI_CONF"
}

teardown() {
	stop_server
}

# simulate: Twilio and Meta are played from here on
simulate() {
	play "$sim" --callbacks off
	sed -i '/^kind = twilio$\|^kind = whatsapp$/a base_url = '"$url"'\ntimeout = 2s' \
		"$OMNI_CONF"
}

# upload TYPE BYTES: $id is where the providers have it
upload() {
	printf '%b' "$2" >"$BATS_TEST_TMPDIR/upload"
	id=$(curl -sS -H 'Authorization: Bearer simulator-token' \
		-F messaging_product=whatsapp \
		-F "file=@$BATS_TEST_TMPDIR/upload;type=$1" \
		"$url/v26.0/106540352242922/media" | jq -r .id)
}

# sms NUMBER [URL [TYPE]]...: a message by Twilio, with media
sms() {
	local sid pairs=() n=0
	sid=$(printf 'MM%032d' "$1")
	shift
	while [ $# -gt 0 ]; do
		pairs+=("MediaUrl$n=$1" "MediaContentType$n=${2-image/jpeg}")
		n=$((n + 1))
		shift "$(($# > 1 ? 2 : 1))"
	done
	spool twilio/sms "$(jq -rn '$ARGS.positional |
		map(capture("(?<k>[^=]*)=(?<v>.*)") | .k + "=" + (.v | @uri)) |
		join("&")' --args "MessageSid=$sid" From=+525512345678 \
		To=+525587654321 "NumMedia=$n" Body=Foto "${pairs[@]}")"
}

# spool HOOK BODY: as the front half keeps it
spool() {
	names=$((${names-0} + 1))
	printf 'Hook: %s\nReceived: %s\nContent-Type: x\nQuery: \nToken: \n\n%s' \
		"$1" "$OMNI_NOW" "$2" >"$inbound/new/$names"
}

# at_twilio ID: where Twilio says that it is
at_twilio() {
	echo "$url/2010-04-01/Accounts/$ACCOUNT/Messages/MM1/Media/$1"
}

# whatsapp NUMBER ID [TYPE [MEMBERS]]: a picture by WhatsApp
whatsapp() {
	spool whatsapp "$(jq -cn --arg n "$1" --arg id "$2" \
		--arg type "${3-image/jpeg}" '{object:
		"whatsapp_business_account", entry: [{changes: [{field:
		"messages", value: {metadata: {display_phone_number:
		"525587654321", phone_number_id: "106540352242922"}, messages:
		[{id: ("wamid." + $n), from: "5215512345678", timestamp:
		"1795474799", type: "image", image: {id: $id, mime_type: $type,
		filename: "../../etc/passwd"}}]}}]}]}')"
}

# rows: what the ledger has of all media
rows() {
	sql "SELECT state, coalesce(path, ''), coalesce(type, ''),
		coalesce(reason, ''), tries FROM inbound_media
		ORDER BY message, position"
}

files() {
	(cd "$media" && find . -type f | sort)
}

requests() {
	jq -r '[.method, .path] | join(" ")' "$sim/requests.ndjson"
}

@test "Twilio's picture is fetched with our credential, behind the redirect without (Inv. 11)" {
	local file
	simulate
	upload image/jpeg "$JPEG"
	sms 1 "$(at_twilio "$id")"
	run -0 --separate-stderr omni-ingest
	assert_equal "$stderr" ''
	assert_equal "$(jq -rs '.[1] | [.kind, .applied, .type, .size, .message] |
		join(" ")' <<<"$output")" \
		"media kept image/jpeg 10 in:twilio:MM$(printf %032d 1):received"
	assert_regex "$(rows)" '^kept\|2026-11/[0-9a-f]{32}\.jpg\|image/jpeg\|\|1$'
	file=$(sql 'SELECT path FROM inbound_media')
	cmp "$media/$file" "$BATS_TEST_TMPDIR/upload"
	assert_equal "$(stat -c %a "$media/$file")" 640
	assert_equal "$(files)" "./$file"
	assert_equal "$(sql 'SELECT text, media FROM unread')" "Foto|$file"
	# Whoever has the same picture cannot find it in the journal.
	run -0 sql 'SELECT group_concat(data) FROM journal'
	refute_output --partial "$(sha256sum <"$BATS_TEST_TMPDIR/upload" |
		cut -c 1-32)"
	run -0 requests
	assert_line "GET /2010-04-01/Accounts/$ACCOUNT/Messages/MM1/Media/$id"
	assert_line "GET /_content/$id"
	verified
}

@test "WhatsApp's picture is fetched in two steps, and its name means nothing (Inv. 11)" {
	simulate
	upload image/png '\x89PNG\r\n\x1a\nxyz'
	whatsapp 1 "$id" image/png
	run -0 --separate-stderr omni-ingest -q
	assert_equal "$stderr" ''
	assert_regex "$(rows)" '^kept\|2026-11/[0-9a-f]{32}\.png\|image/png\|\|1$'
	run -0 requests
	assert_line "GET /v26.0/$id"
	assert_line "GET /_media/$id"
	assert_equal "$(sql "SELECT person, state, type, size FROM
		received_media")" '+525512345678|kept|image/png|11'
	verified
}

@test "what is not wanted is refused with the reason, and disturbs nobody (Inv. 9, 10)" {
	local page zip long
	simulate
	upload image/jpeg '<html><script>alert(1)</script>'
	page=$id
	upload application/zip 'PK\x03\x04docx'
	zip=$id
	upload image/jpeg "$JPEG$(printf '%0500d' 0)"
	long=$id
	upload text/html "$JPEG"
	sms 1 "$(at_twilio "$page")" image/jpeg "$(at_twilio "$zip")" \
		application/zip "$(at_twilio "$long")" image/jpeg \
		"$(at_twilio "$id")" image/jpeg
	whatsapp 2 "$long"
	whatsapp 3 12345
	sms 4 "$(at_twilio MEaway)"
	run -0 --separate-stderr omni-ingest -q -o ingest.max_media=400
	assert_equal "$stderr" ''
	run -0 sql 'SELECT state, tries, reason FROM inbound_media
		ORDER BY message, position'
	assert_output - <<-'END'
	refused|1|of no type that is known; called image/jpeg
	refused|1|of no type that is known; called application/zip
	refused|1|the answer has more than 400 bytes
	refused|1|called text/html, but it is image/jpeg
	refused|1|it leads to a host that is not the provider's
	refused|1|more than 400 bytes
	refused|1|the server says 400
	END
	assert_equal "$(files)" ''
	assert_equal "$(sql "SELECT count(*) FROM unread WHERE media LIKE
		'refused: %'")" 4
	# Nobody asks for them again.
	: >"$sim/requests.ndjson"
	run -0 omni-ingest -q
	assert_equal "$(requests)" ''
	verified
}

@test "only the provider's own hosts are asked, whatever a webhook names (Inv. 11)" {
	simulate
	sms 1 http://127.0.0.1:1/x.jpg image/jpeg \
		"https://evil.example/2010-04-01/Accounts/$ACCOUNT/x" image/jpeg \
		"https://api.twilio.com.evil.example/Accounts/$ACCOUNT/x" \
		image/jpeg "https://api.twilio.com@127.0.0.1/Accounts/$ACCOUNT/x" \
		image/jpeg "$url/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1" \
		image/jpeg file:///etc/passwd
	whatsapp 2 '../oauth/access_token?x='
	run -0 omni-ingest -q
	assert_equal "$(sql 'SELECT count(*), group_concat(DISTINCT state)
		FROM inbound_media')" '7|refused'
	run -0 sql 'SELECT DISTINCT reason FROM inbound_media ORDER BY 1'
	assert_output - <<-'END'
	no URL of Twilio's
	no URL of Twilio's media
	no [provider] has the account that it is of
	no id of WhatsApp's
	not at a host of Twilio's
	END
	assert_equal "$(requests)" ''
}

@test "a server in trouble is asked again, ever later, and after a day no more (Inv. 2, 10)" {
	simulate
	upload image/jpeg "$JPEG"
	sms 1 "$(at_twilio "$id")"
	faults '{"read:error_500":1}'
	run -75 --separate-stderr omni-ingest -q
	assert_equal "$stderr" "omni-ingest: in:twilio:MM$(printf %032d 1):received: media 0: the server says 500; tried again later"
	# The message is there all the same.
	assert_equal "$(sql 'SELECT text, media FROM unread')" \
		'Foto|waiting: the server says 500'
	assert_equal "$(sql 'SELECT tries, retry_at FROM inbound_media')" \
		'1|2026-11-23T23:01:00Z'
	run -0 omni-ingest -q
	at 2026-11-23T23:01:00Z
	run -75 omni-ingest -q
	assert_equal "$(sql 'SELECT tries, retry_at FROM inbound_media')" \
		'2|2026-11-23T23:03:00Z'
	# A redirect to where it came from, half an answer, none at all.
	faults '{"read:error_500":0,"read:half":1}'
	at 2026-11-23T23:03:00Z
	run -75 omni-ingest -q
	faults '{"read:half":0,"read:timeout_after":1}'
	at 2026-11-23T23:20:00Z
	run -75 omni-ingest -q
	assert_equal "$(sql 'SELECT state, tries FROM inbound_media')" \
		'waiting|4'
	cp -R "$SITE" "$BATS_TEST_TMPDIR/before"
	faults null
	at 2026-11-23T23:40:00Z
	run -0 omni-ingest -q
	assert_equal "$(sql 'SELECT state, tries FROM inbound_media')" 'kept|5'
	verified
	rm -rf "$SITE"
	cp -R "$BATS_TEST_TMPDIR/before" "$SITE"
	faults '{"read:error_500":1}'
	at 2026-11-24T22:59:30Z
	run -75 omni-ingest -q
	assert_equal "$(rows)" 'refused|||the server says 500|5'
	run -0 omni-ingest -q
	verified
}

@test "a credential that is not taken is told, and mended in time (Inv. 10, 11)" {
	simulate
	upload image/jpeg "$JPEG"
	whatsapp 1 "$id"
	META_TOKEN=wrong run -75 --separate-stderr omni-ingest -q
	[[ $stderr == *'media 0: the server says 401; tried again later' ]]
	[[ $stderr != *simulator-token* ]]
	run -1 grep -aq simulator-token "$SITE/spool/ledger.db" \
		"$SITE/spool/ledger.db-wal"
	at 2026-11-23T23:02:00Z
	run -0 omni-ingest -q
	assert_regex "$(rows)" '^kept'
	sed -i '/^access_token/d' "$OMNI_CONF"
	whatsapp 2 "$id"
	run -0 omni-ingest -q
	assert_equal "$(sql "SELECT reason FROM inbound_media WHERE state =
		'refused'")" '[provider meta] has no access_token'
}

@test "nothing is fetched where nothing is wanted" {
	simulate
	upload audio/ogg OggS
	sms 1 "$(at_twilio "$id")" audio/ogg
	sms 2 "$(at_twilio "$id")" audio/ogg
	run -0 omni-ingest -q -o ingest.max_media=0
	assert_equal "$(sql 'SELECT DISTINCT reason FROM inbound_media')" \
		'[ingest] max_media is 0'
	assert_equal "$(requests | grep -c Media)" 0
	sms 3 "$(at_twilio "$id")" audio/ogg
	run -0 omni-ingest -q -o 'ingest.media=image pdf'
	run -0 sql 'SELECT reason FROM inbound_media ORDER BY message DESC
		LIMIT 1'
	assert_output 'audio/ogg is not in [ingest] media'
	sms 4 "$(at_twilio "$id")" audio/ogg
	run -75 --separate-stderr omni-ingest -q -o 'ingest.media=images'
	assert_equal "$stderr" 'omni-ingest: [ingest] media: no such word as images; nothing is fetched'
	assert_equal "$(sql 'SELECT count(*) FROM inbox')" 4
	run -0 omni-ingest -q
	assert_regex "$(rows | tail -n 1)" '^kept\|2026-11/.*\.ogg\|audio/ogg'
}

@test "the same message again fetches nothing again (Inv. 4)" {
	simulate
	upload image/jpeg "$JPEG"
	sms 1 "$(at_twilio "$id")"
	run -0 omni-ingest -q
	: >"$sim/requests.ndjson"
	sms 1 "$(at_twilio "$id")"
	run -0 omni-ingest -q
	assert_equal "$(requests)" ''
	assert_equal "$(sql 'SELECT count(*) FROM inbound_media')" 1
}

@test "forgetting a person removes what they sent, and nobody else's (Inv. 7)" {
	simulate
	printf '%s\n' '{"id":"ana","name":"Ana","phone":"55 1234 5678"}' \
		>"$in"
	run -0 omni-contact import -q <"$in"
	upload image/jpeg "$JPEG-ana"
	sms 1 "$(at_twilio "$id")"
	upload image/jpeg "$JPEG-both"
	sms 2 "$(at_twilio "$id")"
	sed -i 's/5512345678/5512345679/' "$inbound/new/2"
	sms 3 "$(at_twilio "$id")"
	run -0 omni-ingest -q
	faults '{"read:error_500":1}'
	sms 4 "$(at_twilio "$id")"
	run -75 omni-ingest -q
	assert_equal "$(files | wc -l)" 2
	run -0 omni-contact forget -q ana
	assert_equal "$(sql 'SELECT state, count(*), count(path), count(digest)
		FROM inbound_media GROUP BY 1')" $'kept|1|1|1\nremoved|3|0|0'
	assert_equal "$(files)" "./$(sql "SELECT path FROM inbound_media WHERE
		state = 'kept'")"
	cmp "$media/$(sql "SELECT path FROM inbound_media WHERE state =
		'kept'")" "$BATS_TEST_TMPDIR/upload"
	# What still waited is not fetched any more.
	faults null
	at 2026-11-23T23:30:00Z
	run -0 omni-ingest -q
	assert_equal "$(files | wc -l)" 1
	verified
}

@test "what a forgotten person sent is gone for good before that is said (Inv. 2)" {
	simulate
	need_strace
	printf '%s\n' '{"id":"ana","phone":"55 1234 5678"}' >"$in"
	run -0 omni-contact import -q <"$in"
	upload image/jpeg "$JPEG"
	sms 1 "$(at_twilio "$id")"
	run -0 omni-ingest -q
	strace -y -o "$BATS_TEST_TMPDIR/calls" -e trace=unlink,fsync,fdatasync \
		omni-contact forget -q ana
	run -0 grep -A1 '^unlink(".*/media/.*jpg") *= 0' \
		"$BATS_TEST_TMPDIR/calls"
	assert_line --index 1 --regexp '^fsync\([0-9]+<.*/media/[-0-9]+>\) += 0'
}

@test "a file that cannot be removed keeps the person from being forgotten (Inv. 10)" {
	local file
	simulate
	printf '%s\n' '{"id":"ana","phone":"55 1234 5678"}' >"$in"
	run -0 omni-contact import -q <"$in"
	upload image/jpeg "$JPEG"
	sms 1 "$(at_twilio "$id")"
	run -0 omni-ingest -q
	file=$media/$(sql 'SELECT path FROM inbound_media')
	mv "$file" "$file.away"
	mkdir "$file"
	run -75 --separate-stderr omni-contact forget -q ana
	[[ $stderr == *"spool/media/2026-11/"*": Is a directory"* ]]
	rmdir "$file"
	mv "$file.away" "$file"
	assert_equal "$(sql 'SELECT count(*) FROM contact')" 1
	run -0 omni-contact forget -q ana
	assert_equal "$(files)" ''
}

@test "killed at any system call: each file kept once, nothing left over (Inv. 2, 4, 7)" {
	local spot point calls points=${KILL_POINTS:-16}
	need_strace
	printf '%s\n' '' '[ingest]' 'auto_reply = auto_reply' >>"$OMNI_CONF"
	simulate
	upload image/jpeg "$JPEG"
	sms 1 "$(at_twilio "$id")"
	upload image/png '\x89PNG\r\n\x1a\nxyz'
	whatsapp 2 "$id" image/png
	cp -R "$SITE" "$BATS_TEST_TMPDIR/before"
	calls='write pwrite64 fdatasync fsync unlink unlinkat linkat renameat'
	find_spots "$calls mkdirat openat sendto" omni-ingest -q
	((points <= ${#spots[@]})) || points=${#spots[@]}
	echo "# ${#spots[@]} calls, $points of them tried" >&3
	for ((point = 0; point < points; point++)); do
		spot=${spots[point * ${#spots[@]} / points]}
		rm -rf "$SITE"
		cp -R "$BATS_TEST_TMPDIR/before" "$SITE"
		kill_at "$spot" omni-ingest -q
		run -0 omni-ingest -q
		echo "killed at $spot"
		assert_equal "$(sql "SELECT count(*), count(DISTINCT path)
			FROM inbound_media WHERE state = 'kept'")" '2|2'
		assert_equal "$(files | wc -l)" 2
		assert_equal "$(sql "SELECT count(*) FROM message WHERE type =
			'auto_reply' AND state = 'queued'")" 1
		assert_equal "$(sql 'SELECT count(*) FROM inbox')" 2
		run -0 omni-ledger verify -q
	done
}
