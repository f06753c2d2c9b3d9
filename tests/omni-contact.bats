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
	rm "${files[@]}" "$SITE"/spool/ledger.db.{key,seen}
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
	contact 0 opt-out 7 --by Eva --scope whatsapp --how 'Zenobia called'
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

# two ID EMAIL NAME ...: contacts with one address each
two() {
	while [ $# -gt 0 ]; do
		jq -nc --arg id "$1" --arg to "$2" --arg name "$3" \
		    '{$id, $name, email: $to}'
		shift 3
	done >"$in"
	import
}

@test "forget: an address that is part of another one's is erased alone (Inv. 2)" {
	two 1 ana@x.example Ana 2 susana@x.example Susana
	jq -nc '{id: "3", addresses: [{channel: "push", to: "5"}]},
	    {id: "4", addresses: [{channel: "push", to: "555"}]}' >"$in"
	import
	send m1 +525599990000 '.contact = {id: "2"} |
	    .text = "Your sister wrote from ana@x.example, 555 times"'
	contact 0 opt-out --by Eva 2 --how 'ana@x.example told us'
	contact 0 opt-out --by Eva 1 --scope order --how 'in person'
	contact 0 opt-out --by Eva 2 --scope order --how 'in person'
	contact 0 forget 1 3
	assert_equal "$(actions)" 'forgotten forgotten'
	contact 0 show 2 4
	assert_equal "$(jq -r '.addresses[].to' <<<"$output" | xargs)" \
	    'susana@x.example 555'
	contact 0 consent 2
	assert_equal "$(jq -r .note <<<"$output" | sort | xargs)" \
	    'ana@x.example told us in person'
	assert_equal "$(sql "SELECT count(*) FROM content WHERE body LIKE
	    '%from ana@x.example, 555 times%'")" 1
	assert_equal "$(sql "SELECT count(*) FROM content WHERE key LIKE
	    'address/%' AND body IS NULL")" 2
	verified
}

@test "forget: what was sent, refused or noted without a contact goes with the address" {
	two 1 zoe@x.example Zoe
	# To an address that was never among the contact's own.
	send m1 +525511112222 '.contact = {id: "1"}'
	jq -nc '{id: "m2", text: "x", contact: {email: "zoe@x.example"},
	    address: {email: {to: "zoe@x.example"}}, error: {stage: "route",
	    code: "unreachable", message: "zoe@x.example opted out"}}' >"$in"
	run -1 omni-queue -q <"$in"
	# Once refused, once taken.
	jq -nc '{id: "m3", text: "Hola Zoe", error: {stage: "render",
	    code: "x", message: "y"}}' >"$in"
	run -1 omni-queue -q <"$in"
	send m3 +525511112222 '.contact = {id: "1"} | .text = "Hola Zoe"'
	contact 0 set 1 email=
	contact 0 opt-out --by Eva 1 --scope sms --how 'Zoe was here'
	grep -aq 'Zoe was here' "${files[@]}"
	contact 0 forget 1
	nothing_of zoe@x.example 5511112222 'Zoe was here'
	verified
}

@test "forget: what a provider said to many stays with the others" {
	two 1 ana@x.example Ana 2 leo@x.example Leo
	send m1 +525511112222 '.contact = {id: "1"}'
	send m2 +525511113333 '.contact = {id: "2"}'
	send m3 +525511114444 '.contact = {id: "1"}'
	said=$(sql "SELECT count(*) FROM content WHERE key LIKE 'response/%'")
	# As if they had answered the same to the first two.
	sqlite3 "${files[0]}" "INSERT INTO content(key, body) VALUES
	    ('response/t1', '250 OK'), ('response/t2', 'no such user ana');
	    UPDATE attempt SET response = CASE message WHEN 'm3' THEN
	    'response/t2' ELSE 'response/t1' END"
	contact 0 forget 1
	assert_equal "$(sql "SELECT coalesce(body, '(erased)') FROM content
	    WHERE key LIKE 'response/t%' ORDER BY key" | xargs)" \
	    '250 OK (erased)'
	assert_equal "$said" 0
}

@test "forget: an id that was merged away and made anew is somebody else" {
	two 1 ana@x.example Ana 2 leo@x.example Leo
	contact 0 merge 1 2
	two 1 new@x.example Newton
	contact 0 forget 2
	contact 0 show 1
	assert_equal "$(jq -r '.name, .addresses[0].to' <<<"$output" | xargs)" \
	    'Newton new@x.example'
	nothing_of Ana Leo ana@x.example leo@x.example
	# And the other way round: what was the first one's went with 2.
	two 3 zoe@x.example Zoe 4 kim@x.example Kim
	contact 0 merge 3 4
	two 3 other@x.example Other
	contact 0 forget 3
	contact 0 show 4
	assert_equal "$(jq -r '.name, .addresses[].to' <<<"$output" | xargs)" \
	    'Kim kim@x.example zoe@x.example'
	verified
}

@test "forget nobody: neither the work orders nor the ledger's file are touched" {
	two 1 ana@x.example Ana
	mkdir -p "$SITE/spool/outbound/sms/new"
	echo '{}' >"$SITE/spool/outbound/sms/new/1"
	contact 1 forget nosuch
	: >"$in"
	contact 0 forget
	contact 0 forget -n 1
	assert_exists "$SITE/spool/outbound/sms/new/1"
	contact 0 forget 1
	assert_not_exists "$SITE/spool/outbound/sms/new/1"
	echo '{}' >"$SITE/spool/outbound/sms/new/1"
	contact 0 forget 1
	assert_not_exists "$SITE/spool/outbound/sms/new/1"
}

@test "forget: 200 of 2000 people with a message each in no time" {
	local limit=15

	[ -z "${SANITIZED-}" ] || limit=150
	jq -nc 'range(2000) | {id: "c\(.)", email: "n\(.)@x.example"}' >"$in"
	import
	jq -nc 'range(2000) | {id: "m\(.)", channel: "email",
	    account: "email", to: "n\(.)@x.example", subject: "s",
	    text: "Hola", contact: {id: "c\(.)"},
	    expires_at: "2026-11-30T00:00:00Z"}' >"$in"
	omni-queue -q <"$in"
	jq -nc 'range(200) | {id: "c\(.)"}' >"$in"
	run -0 timeout "$limit" omni-contact forget <"$in"
	assert_equal "$(sql "SELECT count(*) FROM content WHERE body IS NULL")" \
	    600
	# Each of its queries has its index.
	run -0 sql "EXPLAIN QUERY PLAN SELECT 1 FROM journal j WHERE
	    coalesce(j.data ->> '\$.contact', j.data ->> '\$.id') = '1' AND
	    (j.op = 'contact.put' OR j.op = 'contact.consent' OR
	    j.op = 'contact.forgotten' OR j.op = 'reminder.put' OR
	    j.op = 'message.refused')"
	assert_output --partial 'USING INDEX journal_person'
}

# blocked COMMAND...: starts it, and waits until it waits for the ledger
blocked() {
	local inode

	inode=$(stat -c %i "${files[0]}.lock")
	"$@" >"$in.out" 2>"$in.err" </dev/null 3>&- &
	pid=$!
	for _ in {1..200}; do
		! grep -q ":$inode " /proc/locks || break
		sleep 0.02
	done
	sleep 0.2
}

# commit STATEMENT: what the other process does before it lets go
commit() {
	printf '%s\n' "$1" 'COMMIT;' >&"${writer[1]}"
	eval "exec ${writer[1]}>&-"
	wait "$writer_pid"
	status=0
	wait "$pid" || status=$?
}

@test "set does not bring back who is forgotten meanwhile (Inv. 2)" {
	two 1 ana@x.example Ana
	hold_ledger
	blocked omni-contact set 1 tags=+vip
	commit "DELETE FROM contact_address; DELETE FROM preference;
	    DELETE FROM contact;"
	assert_equal "$status" 1
	assert_equal "$(jq -r .error.code "$in.out")" unknown_contact
	assert_equal "$(sql 'SELECT count(*) FROM contact')" 0
}

@test "two who set tags at once lose none (Inv. 2)" {
	two 1 ana@x.example Ana
	hold_ledger
	blocked omni-contact set 1 tags=+vip
	commit "UPDATE contact SET tags = '[\"old\"]';"
	assert_equal "$status" 0
	assert_equal "$(sql 'SELECT tags FROM contact')" '["old","vip"]'
}

@test "marketing reaches nobody who did not ask for it, by class or topic (Inv. 6)" {
	ana '.preferences.topics = {marketing: false}' >"$in"
	import
	while IFS=@ read -r id more want; do
		send "$id" +525555123456 ".contact = {id: \"7\"} | $more"
		[[ $output == "$want"* ]] || fail "$id: $output"
	done <<-'END'
	a1@.class = "marketing"@cancelled opted out (topic:marketing)
	a2@.class = "marketing" | .topic = "order"@cancelled opted out (topic:marketing)
	a3@.class = "marketing" | .topic = "promotion"@cancelled never opted in to promotion
	a4@.class = "marketing" | .topic = "weather"@cancelled opted out (topic:marketing)
	a5@.class = "alert" | .topic = "order"@sent
	END
	# Who said nothing has not asked either.
	send b1 +525511112222 '.class = "marketing"'
	assert_output 'cancelled never opted in to marketing'
	send b2 +525511112222 '.class = "marketing" | .topic = "order"'
	assert_output 'cancelled never opted in to marketing'
	staff 0 opt-in 5511112222 --scope marketing
	at 2026-11-24T12:00:00-06:00
	send b3 +525511112222 '.class = "marketing" | .topic = "order"'
	assert_output 'sent '
}

@test "consent of an import is that of the address, however it is written (Inv. 6)" {
	echo '{"id":"7","phone":"55 5512 3456","consent":[{"address":"044 55 5512-3456","scope":"all","state":"out","how":"keyword"}]}' >"$in"
	import
	send m1 +525555123456
	[[ $output == 'cancelled opted out (all)'* ]]
	echo '{"id":"8","consent":[{"address":"nobody","scope":"all","state":"out","how":"keyword"}]}' >"$in"
	import 1
	assert_equal "$(actions)" bad_consent
	[[ $stderr == *'consent: nobody is none: '* ]]
	assert_equal "$(sql "SELECT count(*) FROM contact")" 1
	# A push token is what it is.
	echo '{"id":"9","addresses":[{"channel":"push","to":"tok"}],"consent":[{"address":"tok","scope":"all","state":"out","how":"staff"}]}' >"$in"
	import
	assert_equal "$(actions)" created
	# A calendar has no place for it.
	jq -nc '{id: "a", type: "appointment", at: "2026-11-29T10:00",
	    contact: {id: "7", consent: []}}' >"$in"
	run -1 --separate-stderr omni-schedule <"$in"
	assert_equal "$(jq -r '.error | "\(.code) \(.field)"' <<<"$output")" \
	    'bad_consent contact.consent'
}

@test "an opt-out without an address is kept for those that come later (Inv. 6)" {
	ana 'del(.phone) | .opt_out = ["sms", "appointment"]' >"$in"
	import
	contact 0 show 7
	assert_equal "$(jq -c '[.consent[] | [.address, .scope, .state]]' \
	    <<<"$output")" \
	    '[["ana@x.example","topic:appointment","out"],["ana@x.example","topic:marketing","in"],[null,"channel:sms","out"],[null,"topic:appointment","out"]]'
	contact 0 set 7 phone='55 5512 3456'
	send m1 +525555123456
	[[ $output == 'cancelled opted out (channel:sms)'* ]]
	# Nobody has an address yet, and then by an import, by a calendar.
	echo '{"id": "8", "opt_out": "all"}' >"$in"
	import
	assert_equal "$(actions)" created
	contact 0 list --opted-out
	assert_equal "$(jq -c '[.id, .opted_out]' <<<"$output")" \
'["7",["channel:sms","topic:appointment"]]
["8",["all"]]'
	assert_equal "$(sql "SELECT scope FROM opted_out WHERE
	    address = '(none)'")" all
	contact 0 consent 8
	assert_equal "$(jq -c '[.address, .scope, .state, .how]' \
	    <<<"$output")" '[null,"all","out","import"]'
	# Nor does an address that only the record knows get around it.
	send m2 +525511113333 '.contact = {id: "8"}'
	assert_output 'cancelled opted out (all) by import'
	echo '{"id": "8", "phone": "55 1111 2222"}' >"$in"
	import
	send m3 +525511112222
	[[ $output == 'cancelled opted out (all)'* ]]
	echo '{"id": "9"}' >"$in"
	import
	staff 0 opt-out 9 --scope voice
	assert_equal "$(jq -c .contact.consents <<<"$output")" \
	    '[{"scope":"channel:voice","state":"out","action":"changed"}]'
	jq -nc '{id: "a", type: "appointment", at: "2026-11-29T10:00",
	    contact: {id: "9", phone: "55 1111 5555"}}' >"$in"
	omni-schedule -q <"$in"
	assert_equal "$(sql "SELECT count(*) FROM consent WHERE scope =
	    'channel:voice' AND state = 'out' AND how = 'staff'")" 1
	# Staff lifts what staff said, also of no address.
	staff 0 opt-in 9 --scope voice
	assert_equal "$(sql "SELECT count(*) FROM contact_opt_out
	    WHERE contact = '9'")" 0
	staff 1 opt-in 9 --scope email
	assert_equal "$(actions)" unknown_address
	verified
}

@test "what is kept goes with export and import, and with a merge" {
	echo '{"id": "8", "opt_out": "all"}' >"$in"
	import
	contact 0 export
	printf '%s\n' "$output" >"$in.first"
	cp "$in.first" "$in"
	import
	assert_equal "$(actions)" unchanged
	rm "${files[@]}" "$SITE"/spool/ledger.db.{key,seen}
	omni-ledger init
	import
	contact 0 export
	assert_equal "$output" "$(cat "$in.first")"
	ana >"$in"
	import
	contact 0 merge 8 7
	send m1 +525555123456
	[[ $output == 'cancelled opted out (all)'* ]]
	verified
}

@test "set invents no opt-in, and none spreads past a no (Inv. 6)" {
	ana '.preferences.topics = {marketing: true}' >"$in"
	import
	before=$(sql "SELECT count(*) FROM journal WHERE op = 'consent.put'")
	contact 0 set 7 phone='55 1111 2222'
	assert_equal "$(sql "SELECT count(*) FROM journal WHERE op =
	    'consent.put'")" "$before"
	send m1 +525511112222 '.contact = {id: "7"} | .topic = "marketing"'
	assert_output 'cancelled never opted in to marketing'
	# A list that says so again is evidence, but not past a STOP.
	said +525555123456 STOP
	contact 0 set 7 phone='55 1111 3333'
	ana '.phone = "55 1111 4444" | .preferences.topics =
	    {marketing: true}' >"$in"
	import
	assert_equal "$(jq -c '.contact.not_taken[0]' <<<"$output")" \
	    '{"address":"+525511114444","scope":"topic:marketing","state":"in"}'
	send m2 +525511114444 '.contact = {id: "7"} | .topic = "marketing"'
	assert_output 'cancelled never opted in to marketing'
}

@test "merge: an opt-out holds even where somebody came back (Inv. 6)" {
	{
		jq -nc '{id: "7", phone: "55 5512 3456"}'
		jq -nc '{id: "8", phone: "55 1111 2222", opt_out: "all"}'
	} >"$in"
	import
	said +525555123456 STOP
	said +525555123456 START
	contact 0 merge 7 8
	send m1 +525555123456
	[[ $output == 'cancelled opted out (all)'* ]]
	# It is a list's word, as it was.
	staff 0 opt-in 8
	verified
}

@test "merge: more tags than there may be are left out, and told" {
	jq -nc '("7", "8") as $id | {id: $id, tags: [range(40) |
	    "\($id)-\(.)"]}' >"$in"
	import
	contact 0 merge 8 7
	assert_equal "$(jq -r .contact.tags_left_out <<<"$output")" 16
	[[ $stderr == *'7: 16 tags of 8 left out: a contact has at most 64' ]]
	contact 0 set 7 language=en
	contact 0 export
	printf '%s\n' "$output" >"$in"
	import
	assert_equal "$(actions)" unchanged
}

@test "a language that was taken away stays so, here and elsewhere" {
	two 1 ana@x.example Ana
	contact 0 set 1 language=
	contact 0 export
	assert_equal "$(jq -c .language <<<"$output")" null
	printf '%s\n' "$output" >"$in"
	rm "${files[@]}" "$SITE"/spool/ledger.db.{key,seen}
	omni-ledger init
	import
	assert_equal "$(sql 'SELECT language IS NULL FROM contact')" 1
}

@test "staff lifts what a list said of a topic (Inv. 6)" {
	topic='.contact = {id: "7"} | .topic = "vaccination"'
	ana '.preferences.topics = {vaccination: false}' >"$in"
	import
	staff 0 opt-in 7 --scope vaccination
	send m1 +525555123456 "$topic"
	assert_output 'sent '
	contact 0 list --opted-out
	refute_output
	assert_equal "$(sql 'SELECT topics FROM preference')" '{}'
	# For one address only: the others, and later ones, stay out.
	import
	staff 0 opt-in +525555123456 --scope vaccination
	contact 0 export
	printf '%s\n' "$output" >"$in"
	import
	assert_equal "$(actions)" unchanged
	send m2 +525555123456 "$topic"
	assert_output 'sent '
	contact 0 set 7 phone='55 1111 2222'
	send m3 +525511112222 "$topic"
	[[ $output == 'cancelled opted out (topic:vaccination)'* ]]
	# A topic that is off shows before there is an address.
	echo '{"id":"8","preferences":{"topics":{"vaccination":false}}}' >"$in"
	import
	contact 0 list --opted-out
	assert_equal "$(jq -c 'select(.id == "8") | .opted_out' \
	    <<<"$output")" '["topic:vaccination"]'
	verified
}

@test "an import's opt-out that is not taken is told; an imported START is no START" {
	ana >"$in"
	import
	said +525555123456 START
	ana '.opt_out = "all"' >"$in"
	import
	assert_equal "$(jq -c .contact.not_taken <<<"$output")" \
	    '[{"address":"+525555123456","scope":"all","state":"out"}]'
	[[ $stderr == *'line 1: 7: opt-out of all not taken for +525555123456: they came back themselves' ]]
	echo '{"id":"8","phone":"55 1111 2222","consent":[{"address":"55 1111 2222","scope":"all","state":"in","how":"keyword"}]}' >"$in"
	import
	import
	assert_equal "$(actions)" unchanged
	echo '{"id":"8","opt_out":"all"}' >"$in"
	import
	refute_output --partial not_taken
	send m1 +525511112222
	[[ $output == 'cancelled opted out (all)'* ]]
}

@test "what is no contact, and members that nobody knows, are refused by name (Inv. 10)" {
	{
		ana '.preferences.chanel = "sms"'
		ana '.preferences.escalation_after_minutes = 1000001'
		ana '.preferences.channels = [range(17) | "sms"]'
		jq -nc '{id: "m", template: "x", contact: {id: "7"}}'
		jq -nc '{id: "m", text: "x"}'
		jq -nc '{id: "a", at: "2026-11-29T10:00"}'
		ana '.addresses = [{channel: "push", to: ""}]'
		ana '.addresses = [{channel: "push", to: ("x" * 501)}]'
		ana '.addresses = [range(61) | {channel: "push", to: "t\(.)"}]'
		ana '.id = "z" | del(.phone, .email) | .addresses =
		    [range(64) | {channel: "push", to: "t\(.)"}]'
	} >"$in"
	import 1
	assert_equal "$(actions)" 'bad_preference bad_preference bad_preference bad_contact bad_contact bad_contact bad_address bad_address bad_address created'
	[[ $stderr == *'preferences: there is no member chanel'* ]]
	[[ $stderr == *'template: a contact has none: is this a message'* ]]
	[[ $stderr == *'a push token has 1 to 500 bytes'* ]]
	[[ $stderr == *'addresses: a contact has at most 64,'* ]]
	contact 1 set z whatsapp='55 1111 2222'
	assert_equal "$(actions)" bad_address
	echo '{"id":"y","addresses":[{"channel":"push","to":"a"}]}' >"$in"
	import
	contact 1 merge y z
	assert_equal "$(actions)" bad_merge
	contact 1 set z escalation_after_minutes=1000001
	assert_equal "$(actions)" bad_preference
	# A calendar's, too: they would take the place of the others.
	jq -nc '{id: "a", type: "appointment", at: "2026-11-29T10:00",
	    contact: {id: "q", preferences: {chanel: "sms"}}}' >"$in"
	run -1 --separate-stderr omni-schedule <"$in"
	[[ $stderr == *'contact.preferences: there is no member chanel'* ]]
}

@test "a topic that the configuration lacks is no consent" {
	jq -nc '{id: "a", type: "appointment", at: "2026-11-29T10:00",
	    contact: {id: "7", email: "a@x.example",
	    preferences: {topics: {gossip: false, weather: true}}}}' >"$in"
	run -0 omni-schedule -q <"$in"
	assert_equal "$(sql 'SELECT count(*) FROM consent')" 0
	# Nor where the address comes later.
	sed -i 's/a@x.example/b@x.example/' "$in"
	run -0 omni-schedule -q <"$in"
	assert_equal "$(sql 'SELECT count(*) FROM contact_opt_out')" 1
	assert_equal "$(sql 'SELECT count(*) FROM consent')" 0
	verified
}

@test "show and consent say when an address could not be asked about: 75" {
	two 1 ana@x.example Ana
	for command in show consent; do
		contact 75 "$command" -o paths.phonenumber=/bin/false \
		    '55 5512 3456' nosuch@x.example
		refute_output
		[[ ${stderr_lines[0]} == 'omni-contact: 55 5512 3456: '* ]]
		[[ ${stderr_lines[0]} != *'neither a contact'* ]]
	done
}

@test "an option that the command does not know is wrong usage" {
	: >"$in"
	for wrong in 'import --tag x' 'list -n' 'list --by x' 'export --tag x' \
	    'show --scope all 7' 'set --by x 7 language=en' \
	    'merge --how x 1 2' 'opt-out --opted-out 7' 'verify --how x 7 sms'
	do
		# shellcheck disable=SC2086	# words
		contact 64 $wrong
		refute_output
	done
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
	run -0 "$ROOT/tests/consent-random" "${SEED:-4}" 200
	echo "# $output" >&3
}
