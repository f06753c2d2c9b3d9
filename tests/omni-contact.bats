#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# and output, in the test's own process
# Contacts and the evidence of consent.  The rules are those of omni-contact(1).

load helper

setup() {
	make_ledger 2026-11-23T12:00:00-06:00
	keep_console
	files=("$SITE/spool/ledger.db" "$SITE/spool/ledger.db-wal")
}

# ana [FILTER]: a contact with everything, changed by a jq filter
ana() {
	jq -nc '{id: "7", name: "Ana Paz", language: "es",
	    timezone: "America/Tijuana", email: "ana@x.example",
	    phone: "55 5512 3456", tags: ["vip"], preferences: {
	    channel: "whatsapp", channels: ["email", "sms"],
	    topics: {vaccination: true, marketing: true},
	    quiet_start: "21:00", quiet_end: "08:00",
	    escalation_after_minutes: 60, escalation_channels: ["voice"]}} |
	    '"${1:-.}"
}

# contact STATUS ARG...: with what is in $in
contact() {
	local status=$1

	shift
	run "-$status" --separate-stderr omni-contact "$@" <"$in"
}

# import [STATUS]: what is in $in
import() {
	contact "${1:-0}" import
}

# staff STATUS ARG...: with the evidence
staff() {
	contact "$@" --by Eva --how 'at the counter'
}

actions() {
	jq -r '.contact.action // .error.code' <<<"$output" | xargs
}

journal() {
	sql 'SELECT count(*) FROM journal'
}

verified() {
	run -0 omni-ledger verify -q
}

# said PHONE TEXT [CHANNEL]: a message comes in, as omni-ingest keeps it
said() {
	local new=$SITE/spool/inbound/new from=$1

	number=$((${number:-0} + 1))
	[ "${3-sms}" = sms ] || from=$3:$from
	mkdir -p "$new"
	printf 'Hook: twilio/sms\nReceived: 2026-11-23T18:00:00Z\nContent-Type: x\nQuery: \nToken: \n\n%s' \
	    "$(jq -nr --arg from "$from" --arg text "$2" --arg sid \
	    "$(printf SM%032d "$number")" '"MessageSid=\($sid)&From=\($from |
	    @uri)&To=%2B525587654321&NumMedia=0&Body=\($text | @uri)"')" \
	    >"$new/$(printf %08d.1 "$number")"
	run -0 --separate-stderr omni-ingest
}

# send ID PHONE [FILTER]: straight into the queue and out; $output is the state
send() {
	jq -nc --arg id "$1" --arg to "$2" '{id: $id, channel: "sms",
	    account: "sms", to: $to, text: "Hola", class: "alert",
	    expires_at: "2026-11-30T00:00:00Z"} | '"${3:-.}" >"$in.m"
	omni-queue -q <"$in.m"
	omni-send-sms -q
	run -0 sql "SELECT state || ' ' || coalesce(reason, '') FROM message
	    WHERE id = '$1'"
}

@test "import: created, then unchanged without a journal row (Inv. 4)" {
	ana >"$in"
	import
	assert_equal "$(jq -c .contact <<<"$output")" \
	    '{"action":"created","consents":2}'
	assert_equal "$(sql 'SELECT language, timezone, tags FROM contact')" \
	    'es|America/Tijuana|["vip"]'
	assert_equal "$(sql 'SELECT * FROM preference' | cut -d'|' -f1-8)" \
	    '7|whatsapp|["email","sms"]|{"vaccination":true,"marketing":true}|21:00|08:00|60|["voice"]'
	before=$(journal)
	import
	assert_equal "$(actions)" unchanged
	assert_equal "$(journal)" "$before"
	verified
}

@test "import: what is missing stays, null takes away, the difference is told" {
	ana >"$in"
	import
	echo '{"id": "7", "language": "en", "timezone": null}' >"$in"
	import
	assert_equal "$(jq -c .contact <<<"$output")" \
	    '{"action":"changed","changes":{"language":{"from":"es","to":"en"},"timezone":{"from":"America/Tijuana"}}}'
	assert_equal "$(sql 'SELECT count(*) FROM contact_address')" 4
	echo '{"id": "7", "email": "other@x.example"}' >"$in"
	import
	assert_equal "$(sql 'SELECT channel, address FROM primary_address')" \
	    'email|other@x.example'
	verified
}

@test "import -n: the difference, and nothing is written" {
	ana >"$in"
	import
	before=$(journal)
	ana '.name = "Ana María"' >"$in"
	contact 0 import -n
	assert_equal "$(jq -c .contact.changes.name <<<"$output")" \
	    '{"from":"Ana Paz","to":"Ana María"}'
	assert_equal "$(journal)" "$before"
	contact 0 show 7
	assert_equal "$(jq -r .name <<<"$output")" 'Ana Paz'
}

@test "a broken line is refused by itself, and named; the others go on (Inv. 1, 10)" {
	{
		ana '.id = "a"'
		echo '{"id": "b"'
		ana '.id = "c" | .timezone = "Mars/Base"'
		ana '.id = "d" | .preferences.quiet_end = "25:00"'
		ana '.id = "e" | .preferences.quiet_end = "21:00"'
		ana '.id = "f" | del(.preferences.quiet_end)'
		ana 'del(.id)'
		ana '.id = "g" | .language = "x"'
		ana '.id = "h" | .preferences.channel = "fax"'
		ana '.id = "i" | .preferences.topics = {gossip: true}'
		ana '.id = "j" | .phone = 5555123456'
		ana '.id = "k" | .tags = "vip"'
		ana '.id = "l" | .opt_out = ["fax"]'
		ana '.id = "m" | .addresses = [{channel: "sms", to: "12"}]'
		ana '.id = "n" | .consent = [{address: "x"}]'
		ana '.id = "z"'
	} >"$in"
	import 1
	assert_equal "$(actions)" 'created not_a_record bad_timezone bad_preference bad_preference bad_preference no_id bad_language bad_preference bad_preference bad_contact bad_tag bad_opt_out bad_address bad_consent created'
	assert_equal "$(grep -c '^omni-contact: line ' <<<"$stderr")" 14
	[[ $stderr == *'omni-contact: line 3: c: timezone: there is no time zone Mars/Base'* ]]
	[[ $stderr == *'line 5: e: preferences: quiet_start and quiet_end are the same time'* ]]
	assert_equal "$(sql 'SELECT group_concat(id) FROM contact')" a,z
	verified
}

@test "an address that cannot be used is left out and told, once refused with set" {
	ana '.phone = "12"' >"$in"
	import
	[[ $stderr == *'line 1: 7: phone left out: '* ]]
	assert_equal "$(sql 'SELECT count(*) FROM contact_address')" 1
	contact 1 set 7 phone=12
	assert_equal "$(actions)" bad_address
	assert_equal "$(sql 'SELECT count(*) FROM contact_address')" 1
}

@test "export is what import takes back, here and elsewhere" {
	{
		ana '.opt_out = ["vaccination"]'
		ana '.id = "8" | .phone = "55 9999 0000" | del(.email) |
		    .addresses = [{channel: "sms", to: "55 1111 2222",
		    primary: true, verified: true}]'
	} >"$in"
	import
	said +525555123456 STOP
	staff 0 opt-out 8 --scope sms
	contact 0 export
	printf '%s\n' "$output" >"$in"
	cp "$in" "$in.first"
	before=$(journal)
	import
	assert_equal "$(actions)" 'unchanged unchanged'
	assert_equal "$(journal)" "$before"
	rm "${files[@]}" "$SITE/spool/ledger.db.key"
	omni-ledger init
	import
	assert_equal "$(actions)" 'created created'
	contact 0 export
	assert_equal "$output" "$(cat "$in.first")"
	# What the person said elsewhere is theirs here too.
	staff 1 opt-in +525555123456
	assert_equal "$(actions)" own_opt_out
	verified
}

@test "show: by id and by address, which a family shares" {
	{ ana; ana '.id = "8" | .name = "Leo Paz" | del(.email)'; } >"$in"
	import
	contact 0 show 7
	assert_equal "$(jq -r '.name, .addresses[0].to' <<<"$output" | xargs)" \
	    'Ana Paz ana@x.example'
	contact 0 show '044 55 5512 3456'
	assert_equal "$(jq -r .id <<<"$output" | xargs)" '7 8'
	contact 1 show 7 99
	assert_equal "$(jq -r .id <<<"$output")" 7
	assert_equal "$stderr" \
	    'omni-contact: 99: neither a contact nor the address of one'
}

@test "list: all of them page by page, or those that are asked for" {
	jq -nc 'range(450) | {id: "c\(.)", name: "N", tags: [if . % 2 == 0
	    then "even" else "odd" end], language: (if . % 3 == 0 then "en"
	    else "es" end)} + if . == 7 then {} else {email:
	    "n\(.)@x.example"} end + if . == 9 then {opt_out: "all"} else {}
	    end' >"$in"
	import
	contact 0 list
	assert_equal "$(jq -r .id <<<"$output" | sort -u | wc -l)" 450
	contact 0 list --tag odd --language en
	assert_equal "$(wc -l <<<"$output")" 75
	contact 0 list --opted-out
	assert_equal "$(jq -c '[.id, .opted_out]' <<<"$output")" \
	    '["c9",["all"]]'
	contact 0 list --unreachable
	assert_equal "$(jq -r .id <<<"$output")" c7
}

@test "set: single members; lists, tags and quiet hours as people write them" {
	ana >"$in"
	import
	contact 0 set 7 name='Ana María' language=en tags=+gold \
	    quiet=22:30-07:00 channels='sms, email' timezone=
	contact 0 show 7
	assert_equal "$(jq -c '[.name, .language, .timezone, .tags,
	    .preferences.quiet_start, .preferences.channels,
	    .preferences.escalation_after_minutes]' <<<"$output")" \
	    '["Ana María","en",null,["vip","gold"],"22:30",["sms","email"],60]'
	contact 0 set 7 tags=-vip
	contact 0 set 7 phone='55 1111 2222'
	assert_equal "$(sql "SELECT address FROM primary_address" | xargs)" \
	    'ana@x.example +525511112222 +525511112222 +525511112222'
	assert_equal "$(sql 'SELECT tags FROM contact')" '["gold"]'
	before=$(journal)
	contact 0 set 7 language=en
	assert_equal "$(actions)" unchanged
	assert_equal "$(journal)" "$before"
	for bad in quiet=9-10 quiet=21:00-21:00 shoe=42 timezone=Mars/Base \
	    escalation_after_minutes=x channel=fax; do
		contact 1 set 7 "$bad"
	done
	contact 1 set 99 language=en
	assert_equal "$(actions)" unknown_contact
	assert_equal "$stderr" \
	    'omni-contact: line 1: 99: id: there is no contact 99'
	assert_equal "$(journal)" "$before"
}

@test "what staff set stays while the calendar repeats itself" {
	jq -nc '{id: "a", type: "appointment", at: "2026-11-29T10:00",
	    contact: {id: "7", name: "Ana", phone: "55 5512 3456",
	    language: "es"}}' >"$in"
	omni-schedule -q <"$in"
	contact 0 set 7 language=en tags=vip email=ana@x.example
	omni-schedule -q <"$in"
	assert_equal "$(sql 'SELECT language, tags FROM contact')" 'en|["vip"]'
	assert_equal "$(sql 'SELECT count(*) FROM contact_address')" 4
	# Until it says something else.
	jq -c '.contact.name = "Ana Paz"' "$in" >"$in.2"
	omni-schedule -q <"$in.2"
	assert_equal "$(sql 'SELECT language, tags FROM contact')" 'es|["vip"]'
	assert_equal "$(sql 'SELECT count(*) FROM contact_address')" 3
	verified
}

@test "verify: the primary address of a channel, or the one that is named" {
	ana '.addresses = [{channel: "sms", to: "55 1111 2222"}]' >"$in"
	import
	contact 0 verify --by Eva 7 sms
	assert_equal "$(actions)" verified
	contact 0 verify 7 sms
	assert_equal "$(actions)" unchanged
	contact 0 verify 7 'sms:55 1111 2222'
	assert_equal "$(sql 'SELECT type, verified FROM address
	    WHERE verified' | xargs)" 'sms|1 sms|1'
	contact 1 verify 7 fax
	assert_equal "$(actions)" unknown_channel
	contact 1 verify 7 sms:5500000000
	assert_equal "$(actions)" unknown_address
	verified
}

@test "consent: each opt-in and opt-out with when, how, from where and by whom" {
	ana '.opt_out = ["sms"]' >"$in"
	import
	at 2026-11-23T13:00:00-06:00
	said +525555123456 'Baja'
	at 2026-11-23T14:00:00-06:00
	said +525555123456 'START'
	at 2026-11-23T15:00:00-06:00
	staff 0 opt-out --scope vaccination 7
	contact 0 consent 5555123456
	assert_equal "$(jq -r '[.at[11:16], .scope, .state, .how,
	    .source // "-", .by // "-", .note // "-"] | join(" ")' \
	    <<<"$output")" \
'18:00 channel:sms out import - - -
18:00 topic:marketing in import - - -
19:00 all out keyword in:twilio:SM00000000000000000000000000000001:received - -
20:00 channel:sms in keyword in:twilio:SM00000000000000000000000000000002:received - -
20:00 all in keyword in:twilio:SM00000000000000000000000000000002:received - -
21:00 topic:vaccination out staff - Eva at the counter'
	contact 0 consent 7
	assert_equal "$(jq -r .address <<<"$output" | sort | uniq -c | xargs)" \
	    '6 +525555123456 2 ana@x.example'
	assert_equal "$(sql "SELECT operator, note FROM consent_history
	    WHERE operator IS NOT NULL LIMIT 1")" 'Eva|at the counter'
}

@test "staff may opt out anybody, but not undo what a person said (Inv. 6)" {
	ana >"$in"
	import
	# What staff entered, staff may lift.
	staff 0 opt-out 7
	staff 0 opt-in 7
	assert_equal "$(actions)" changed
	said +525555123456 STOP
	before=$(journal)
	staff 1 opt-in 7
	assert_equal "$(actions)" own_opt_out
	[[ $stderr == *'7 opted out of all themselves, and only they can undo it'* ]]
	assert_equal "$(journal)" "$before"
	# Another scope is another matter, and the opt-out still holds.
	staff 0 opt-in --scope marketing 7
	send m1 +525555123456
	[[ $output == 'cancelled opted out (all)'* ]]
	# An opt-out that staff enters on top does not make it theirs.
	staff 0 opt-out 7
	staff 1 opt-in +525555123456
	# And a STOP on top of theirs makes it the person's own.
	staff 0 opt-out 5511112222
	said +525511112222 alto
	staff 1 opt-in 5511112222
	said +525555123456 START
	send m2 +525555123456
	assert_output 'sent '
	contact 1 opt-out 7
	assert_equal "$(actions)" no_evidence
	staff 1 opt-out 7 --scope fax
	assert_equal "$(actions)" bad_scope
	staff 1 opt-out 99
	assert_equal "$(actions)" bad_address
	verified
}

@test "an import lifts nothing, and does not overrule a START (Inv. 6)" {
	ana '.opt_out = "all"' >"$in"
	import
	ana '.opt_out = []' >"$in"
	import
	assert_equal "$(sql 'SELECT count(*) FROM opted_out')" 2
	said +525555123456 START
	ana '.opt_out = "all"' >"$in"
	import
	assert_equal "$(sql 'SELECT address FROM opted_out')" ana@x.example
}

@test "a topic that is off is off; marketing is off unless given (Inv. 6)" {
	ana '.preferences.topics = {vaccination: false}' >"$in"
	import
	topic='.contact = {id: "7"} | .topic = '
	send m1 +525555123456 "$topic\"vaccination\""
	[[ $output == 'cancelled opted out (topic:vaccination)'* ]]
	send m2 +525555123456 "$topic\"marketing\""
	assert_output 'cancelled never opted in to marketing'
	send m3 +525555123456 "$topic\"appointment\""
	assert_output 'sent '
	# Also at an address that came later.
	contact 0 set 7 phone='55 1111 2222'
	send m4 +525511112222 "$topic\"vaccination\""
	[[ $output == 'cancelled '* ]]
	ana '.preferences.topics.marketing = true' >"$in"
	import
	send m5 +525555123456 "$topic\"marketing\""
	assert_output 'sent '
}

@test "a family: two with one phone are no error, STOP silences it for both" {
	{ ana; ana '.id = "8" | .name = "Leo Paz" | del(.email)'; } >"$in"
	import
	said +525555123456 STOP
	send m1 +525555123456 '.contact = {id: "7"}'
	[[ $output == 'cancelled opted out (all)'* ]]
	send m2 +525555123456 '.contact = {id: "8"}'
	[[ $output == 'cancelled opted out (all)'* ]]
	assert_equal "$(sql 'SELECT people FROM opted_out')" 'Ana Paz,Leo Paz'
}

@test "each word of the corpus that opts out or in counts at once" {
	local corpus=$OMNI_CORPORA/wire/optout-keywords.json word want
	[ -r "$corpus" ] || skip "no corpus at $corpus"
	jq -r '.collisions as $c | [(.twilio_default_stop, .aws_eum_stop,
	    .suggested_spanish_stop)[] | [., "out"]] + [(.twilio_default_start,
	    .suggested_spanish_start)[] | [., "in"]] | unique[] | @tsv' \
	    "$corpus" >"$in.words"
	[ "$(wc -l <"$in.words")" -gt 30 ]
	while IFS=$'\t' read -r word want; do
		case $word in
		# A no to the appointment, and a yes to it.
		CANCEL | CANCELAR | YES)
			said +525555123456 "$word"
			assert_equal "$(jq -r .action <<<"$output")" none
			continue
			;;
		esac
		said +525555123456 "$word"
		assert_equal "$word $(jq -r .action <<<"$output")" \
		    "$word opted_$want"
		# In other letters, and with a thank you.
		said +525555123456 " ${word,,}. "
		assert_equal "$(jq -r .action <<<"$output")" "opted_$want"
		said +525555123456 "${word}, gracias"
		assert_equal "$(jq -r .action <<<"$output")" "opted_$want"
	done <"$in.words"
}

@test "CANCELAR declines the appointment and opts nobody out" {
	ana >"$in"
	import
	for word in CANCELAR Cancelo cancel; do
		said +525555123456 "$word"
	done
	assert_equal "$(sql 'SELECT count(*) FROM opted_out')" 0
}

@test "a provider's 21610 in a receipt is an opt-out" {
	local new=$SITE/spool/inbound/new
	ana >"$in"
	import
	send m1 +525555123456
	mkdir -p "$new"
	printf 'Hook: twilio/status\nReceived: 2026-11-23T18:00:00Z\nContent-Type: x\nQuery: ref=m1.1\nToken: \n\nMessageSid=SM%032d&MessageStatus=undelivered&ErrorCode=21610' \
	    77 >"$new/1.1"
	run -0 --separate-stderr omni-ingest
	assert_equal "$(sql "SELECT scope, how, source FROM opted_out")" \
	    'all|provider|m1'
	staff 1 opt-in 7
	assert_equal "$(actions)" own_opt_out
	verified
}

@test "merge: one person, the strictest consent, and all that was theirs" {
	{
		ana '.preferences.topics = {marketing: true}'
		jq -nc '{id: "8", name: "A. Paz", phone: "55 1111 2222",
		    tags: ["old"], preferences: {channel: "sms",
		    topics: {order: false}}}'
	} >"$in"
	import
	said +525511112222 STOP
	send m1 +525511112222 '.contact = {id: "8"}'
	contact 0 merge 8 7
	assert_equal "$(actions)" merged
	contact 0 show 7
	assert_equal "$(jq -c '[.name, .tags, [.addresses[] |
	    select(.channel == "sms") | [.to, .primary]],
	    .preferences.channel, .preferences.topics]' <<<"$output")" \
	    '["Ana Paz",["vip","old"],[["+525555123456",true],["+525511112222",null]],"whatsapp",{"order":false}]'
	assert_equal "$(sql "SELECT contact FROM message WHERE id = 'm1'")" 7
	# Who said STOP with one telephone said it for the other too.
	send m2 +525555123456 '.contact = {id: "7"}'
	[[ $output == 'cancelled opted out (all)'* ]]
	staff 1 opt-in 7
	assert_equal "$(sql 'SELECT count(*) FROM contact')" 1
	contact 0 merge 8 7
	assert_equal "$(actions)" unchanged
	contact 1 merge 7 7
	assert_equal "$(actions)" bad_merge
	contact 1 merge 99 7
	assert_equal "$(actions)" unknown_contact
	verified
}

# nothing_of WORD...: none of these is in the ledger's files or the spool
nothing_of() {
	local word

	for word; do
		run -1 grep -ac -- "$word" "${files[@]}"
	done
}

@test "forget: nothing personal is left, what waits is cancelled, verify holds (Inv. 7)" {
	ana '.name = "Zenobia Paz"' >"$in"
	import
	contact 0 set 7 name='Zenobia Quiroz'
	jq -nc '{id: "a", type: "appointment", at: "2026-11-24T11:00",
	    contact: {id: "7"}, vars: {owner_name: "Zenobia",
	    pet_name: "Firulais"}}' >"$in"
	omni-schedule -q <"$in"
	send m1 +525555123456 '.contact = {id: "7"} | .text = "Hola Zenobia"'
	assert_output 'sent '
	said +525555123456 'Soy Zenobia, lleguen a Calle Luna 5'
	staff 0 opt-out 7 --scope whatsapp --how 'Zenobia called'
	jq -nc '{id: "m2", channel: "sms", account: "sms", contact: {id: "7"},
	    to: "+525555123456", text: "Hola Zenobia otra vez",
	    expires_at: "2026-11-30T00:00:00Z"}' >"$in"
	omni-queue -q <"$in"
	grep -aq Zenobia "${files[@]}"
	contact 0 forget 7
	assert_equal "$(actions)" forgotten
	nothing_of Zenobia Quiroz ana@x.example 5555123456 'Calle Luna' Firulais
	run -1 grep -rlE 'Zenobia|5555123456' "$SITE/spool/outbound"
	assert_equal "$(sql "SELECT id, state, reason FROM message
	    WHERE direction = 'outbound' ORDER BY id" | xargs)" \
	    'm1|sent| m2|cancelled|forgotten'
	assert_equal "$(sql 'SELECT state, reason FROM reminder')" \
	    'cancelled|forgotten'
	verified
	run -0 omni-ledger rebuild
	verified
	# The ids that prevent a second send, and the proof, are there.
	sed -i 's/m2/m1/' "$in"
	run -0 --separate-stderr omni-queue <"$in"
	assert_equal "$(jq -r .queue.state <<<"$output")" differs
	omni-send-sms -q
	assert_equal "$(sql 'SELECT message, number FROM attempt')" 'm1|1'
	contact 1 show 7
	assert_equal "$stderr" 'omni-contact: 7: forgotten'
	contact 0 consent +525555123456
	[[ $(jq -c 'select(.how == "staff") | [.address, .scope, .state, .by,
	    .note]' <<<"$output") == '["(erased)","channel:whatsapp","out","Eva","(erased)"]' ]]
	# Again: nothing changes.
	before=$(journal)
	contact 0 forget 7
	assert_equal "$(actions)" unchanged
	assert_equal "$(journal)" "$before"
	contact 1 forget 99
	assert_equal "$(actions)" unknown_contact
}

@test "forget: an opt-out holds when the same person is imported again (Inv. 6)" {
	ana >"$in"
	import
	said +525555123456 STOP
	contact 0 forget 7
	import
	assert_equal "$(actions)" created
	send m1 +525555123456 '.contact = {id: "7"}'
	[[ $output == 'cancelled opted out (all)'* ]]
	assert_equal "$(sql "SELECT address FROM opted_out
	    WHERE scope = 'all'")" +525555123456
	staff 1 opt-in 7
	verified
}

@test "forget: what others have too stays, and what others said" {
	{ ana; ana '.id = "8" | .name = "Leo Paz" | del(.email)'; } >"$in"
	import
	send m1 +525555123456 '.contact = {id: "8"} | .text = "Hola Leo"'
	contact 0 forget 7
	nothing_of 'Ana Paz' ana@x.example
	contact 0 show 8
	assert_equal "$(jq -r '.name, .addresses[0].to' <<<"$output" | xargs)" \
	    'Leo Paz +525555123456'
	run -0 grep -ac 'Hola Leo' "${files[0]}"
	# A merged one goes with the other, and earlier addresses with both.
	ana '.id = "9" | .name = "Zoe" | .email = "zoe@x.example"' >"$in"
	import
	contact 0 set 9 email=zoe2@x.example
	contact 0 merge 9 8
	contact 0 forget 8
	nothing_of Leo Zoe zoe@x.example zoe2@x.example 5555123456
	verified
}

@test "forget -n writes nothing" {
	ana >"$in"
	import
	before=$(journal)
	contact 0 forget -n 7
	assert_equal "$(actions)" forgotten
	assert_equal "$(journal)" "$before"
	contact 0 show 7
}

@test "forget: with a reader in the way it says so, and the next one ends it" {
	local answer

	ana >"$in"
	import
	coproc reader { exec sqlite3 -readonly "${files[0]}"; }
	# shellcheck disable=SC2154	# set by coproc
	reader_pid=$reader_PID
	printf '%s\n' 'BEGIN;' 'SELECT count(*) FROM contact;' >&"${reader[1]}"
	read -r -t 20 -u "${reader[0]}" answer
	assert_equal "$answer" 1
	contact 75 forget 7
	assert_equal "$(actions)" forgotten
	[[ $stderr == *'somebody is reading it'*'forget them again' ]]
	eval "exec ${reader[1]}>&-"
	wait "$reader_pid"
	contact 0 forget 7
	assert_equal "$(actions)" unchanged
	nothing_of 'Ana Paz' 5555123456
}

@test "commands read records too, one by one (Inv. 1)" {
	{ ana; ana '.id = "8" | .phone = "55 1111 2222"'; } >"$in"
	import
	jq -nc '{id: "7", scope: "sms"}, {address: "55 1111 2222"},
	    {id: "99"}, {x: 1}' >"$in"
	staff 1 opt-out
	assert_equal "$(actions)" 'changed changed unknown_contact no_id'
	echo '{"id": "7", "set": {"language": "en"}, "x": 0.10}' >"$in"
	contact 0 set
	[[ $output == *'"x": 0.10'* || $output == *'"x":0.10'* ]]
	jq -nc '{from: "8", into: "7"}' >"$in"
	contact 0 merge
	assert_equal "$(actions)" merged
	jq -nc '{id: "7"}' >"$in"
	contact 0 forget
	assert_equal "$(actions)" forgotten
}

@test "exit statuses" {
	: >"$in"
	for wrong in '' 'eat 7' 'show' 'set 7' 'set 7 language' 'merge 7' \
	    'import 7' 'list 7' 'verify 7' '--shoe'; do
		# shellcheck disable=SC2086	# words
		contact 64 $wrong
		refute_output
	done
	ana >"$in"
	printf '{"id": "8"' >>"$in"
	contact 65 import
	run -69 --separate-stderr omni-contact \
	    -o paths.ledger=../spool/none.db list
	run -78 --separate-stderr omni-contact -c /nowhere list
	ana >"$in"
	run -74 --separate-stderr bash -c "omni-contact import <'$in' >/dev/full"
	run -75 --separate-stderr omni-contact -o paths.phonenumber=/bin/false \
	    import <<<'{"id": "n", "phone": "55 9876 1234"}'
	chmod a-r "$SITE/spool/ledger.db.key"
	if [ "$(id -u)" -ne 0 ]; then
		contact 77 import
	fi
}

@test "no sequence of operations sends to who opted out (Inv. 6)" {
	run -0 "$ROOT/tests/consent-random" "${SEED:-4}" 300
	echo "# $output" >&3
}
