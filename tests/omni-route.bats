#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# and output, in the test's own process

load helper

phone='"phone":"55 5512 3456"'
mail='"email":"ana@x.example"'

setup() {
	make_ledger 2026-11-23T17:00:00-06:00
}

# route STATUS RECORD [ARG ...]: one record through omni-normalize and then
# omni-route with ARGs
route() {
	local status=$1

	printf '%s\n' "$2" >"$in"
	shift 2
	omni-normalize <"$in" >"$in.normal"
	run "-$status" --separate-stderr omni-route "$@" <"$in.normal"
	assert_equal "${#lines[@]}" 1
}

# is FILTER WANT: what jq makes of the record that came out
is() {
	assert_equal "$(jq -rc "$1" <<<"$output")" "$2"
}

# refused CODE FIELD MESSAGE
refused() {
	is .error.code "$1"
	is .error.field "$2"
	is .error.message "$3"
	[[ $stderr == "omni-route: line 1: "*"$3" ]]
}

# known RECORD ...: into the ledger, as omni-schedule takes them
known() {
	printf '%s\n' "$@" >"$in"
	run -0 omni-schedule -q <"$in"
}

# contact MEMBERS: a contact 7 with an appointment far away
contact() {
	known "{\"id\":\"k7\",\"type\":\"appointment\",\"at\":\"2026-12-24T10:30\",\"contact\":{\"id\":\"7\",$1}}"
}

@test "the class table decides, in its order; the others are the fallback" {
	while IFS='|' read -r class channel fallback; do
		route 0 "{\"class\":\"$class\",\"contact\":{$phone,$mail}}"
		is .class "$class"
		is .channel "$channel"
		is .account "$channel"
		is .fallback "$fallback"
		is .route.reason 'class table'
	done <<-'END'
	transactional|email|["sms"]
	reminder|sms|["email"]
	alert|sms|["email"]
	announcement|email|[]
	END
	route 0 "{\"contact\":{$phone,$mail},\"class\":\"reminder\"}" \
	    -o 'class reminder.channels=email, sms'
	is .channel email
	is .to ana@x.example
	is .fallback '["sms"]'
}

@test "class and topic: the record's, the template's, the configuration's" {
	route 0 "{\"contact\":{$mail}}"
	is '[.class, .topic]' '["transactional",null]'
	route 0 "{\"contact\":{$mail},\"topic\":\"vaccination\"}"
	is '[.class, .topic]' '["reminder","vaccination"]'
	route 0 "{\"contact\":{$mail},\"type\":\"payment\"}"
	is '[.class, .topic]' '["transactional","payment"]'
	route 0 "{\"contact\":{$mail},\"template\":\"appointment_reminder\"}"
	is '[.class, .topic]' '["reminder","appointment"]'
	route 0 "{\"contact\":{$mail},\"template\":\"appointment_reminder\",\"class\":\"alert\",\"topic\":\"order\"}"
	is '[.class, .topic]' '["alert","order"]'
}

@test "an explicit wish wins, by type and by the name of a channel" {
	route 0 "{\"channel\":\"email\",\"class\":\"reminder\",\"contact\":{$phone,$mail}}"
	is .channel email
	is .to ana@x.example
	is .fallback '[]'
	is .route '{"reason":"explicit wish","considered":[{"channel":"email","verdict":"chosen"}]}'
	cat >>"$OMNI_CONF" <<-'END'
	[channel sms2]
	type = sms
	provider = console
	END
	route 0 "{\"channel\":\"sms2\",\"contact\":{$phone,$mail}}"
	is '[.channel, .account]' '["sms","sms2"]'
	route 0 "{\"channel\":\"sms\",\"contact\":{$phone,$mail}}"
	is '[.channel, .account]' '["sms","sms"]'
}

@test "a wish that cannot be granted is refused, never replaced (Inv. 10)" {
	route 1 "{\"id\":\"m\",\"channel\":\"fax\",\"contact\":{$phone}}"
	refused unknown_channel channel 'there is no channel fax'
	route 1 "{\"id\":\"m\",\"channel\":\"email\",\"contact\":{$phone}}"
	refused unreachable channel 'cannot be reached: email: no address'
	route 1 "{\"id\":\"m\",\"channel\":\"voice\",\"contact\":{$phone}}"
	refused unreachable channel \
	    'cannot be reached: voice: no active channel of this type'
}

@test "a preference beats the class table" {
	route 0 "{\"class\":\"transactional\",\"contact\":{$phone,$mail,\"preferences\":{\"channel\":\"sms\"}}}"
	is .channel sms
	is .route.reason "the contact's preference"
	is .fallback '["email"]'
}

@test "the preference in the ledger counts where the record has none" {
	contact "$phone,$mail,\"preferences\":{\"channel\":\"email\"}"
	route 0 "{\"class\":\"reminder\",\"contact\":{\"id\":\"7\",$phone,$mail}}"
	is .channel email
	is .route.reason "the contact's preference"
	route 0 "{\"class\":\"transactional\",\"contact\":{\"id\":\"7\",$phone,$mail,\"preferences\":{\"channel\":\"sms\"}}}"
	is .channel sms
	contact "$phone,$mail,\"preferences\":{\"channels\":[\"whatsapp\",\"email\",\"sms\"]}"
	route 0 '{"template":"appointment_reminder","contact":{"id":"7"}}'
	is .channel whatsapp
	is .fallback '["email","sms"]'
}

@test "an inactive channel is passed over, and route.considered says so" {
	route 0 "{\"template\":\"appointment_reminder\",\"contact\":{$phone,$mail}}" \
	    -o 'channel sms.active=no'
	is .channel whatsapp
	is .route.considered '[{"channel":"sms","verdict":"refused","reason":"no active channel of this type"},{"channel":"whatsapp","verdict":"chosen"},{"channel":"email","verdict":"fallback"}]'
}

@test "no address on any channel: refused, with each reason (Inv. 10)" {
	route 1 '{"id":"m","class":"reminder","contact":{"id":"99"}}'
	refused unreachable contact \
	    'cannot be reached: there is no contact 99; sms: no address; whatsapp: no address; email: no address'
	is '[.route.considered[].reason] | unique' '["no address"]'
	is .to null
	route 1 '{"id":"m","class":"reminder","contact":{"phone":"+44 20 7946 0018"}}'
	refused unreachable contact 'cannot be reached: sms: a landline takes no text messages; whatsapp: a landline takes no text messages; email: no address'
}

@test "what somebody opted out of is not used (Inv. 6)" {
	contact "$phone,$mail,\"opt_out\":[\"sms\"]"
	route 0 "{\"class\":\"reminder\",\"contact\":{$phone,$mail}}"
	is .channel email
	is '.route.considered[0].reason' \
	    'opted out (channel:sms) on 2026-11-23 by import'
	# The same telephone in the name of somebody else: still silent.
	route 1 "{\"id\":\"m\",\"channel\":\"sms\",\"contact\":{\"id\":\"8\",$phone}}"
	refused unreachable channel 'cannot be reached: sms: opted out (channel:sms) on 2026-11-23 by import'
	# Written another way it is the same address.
	route 1 '{"id":"m","channel":"sms","contact":{"phone":"+52 1 55 5512 3456"}}'
	is .error.code unreachable
}

@test "opted out of all, and of one topic (Inv. 6)" {
	contact "$phone,\"opt_out\":[\"all\"]"
	route 1 "{\"template\":\"appointment_reminder\",\"contact\":{$phone}}"
	[[ $stderr == *'sms: opted out (all)'*'whatsapp: opted out (all)'* ]]
	known "{\"id\":\"k8\",\"type\":\"appointment\",\"at\":\"2026-12-24T10:30\",\"contact\":{\"id\":\"8\",$mail,\"opt_out\":[\"vaccination\"]}}"
	route 1 "{\"topic\":\"vaccination\",\"contact\":{$mail}}"
	[[ $stderr == *'email: opted out (topic:vaccination)'* ]]
	route 0 "{\"topic\":\"appointment\",\"contact\":{$mail}}"
	is .channel email
}

@test "marketing needs an opt-in (Inv. 6)" {
	route 1 "{\"topic\":\"marketing\",\"contact\":{\"id\":\"7\",$mail}}"
	refused unreachable contact \
	    'cannot be reached: email: never opted in to marketing'
	contact "$mail,\"preferences\":{\"topics\":{\"marketing\":true}}"
	route 0 "{\"topic\":\"marketing\",\"contact\":{\"id\":\"7\",$mail}}"
	is .channel email
	# Another topic of the same class was not asked for.
	route 1 "{\"topic\":\"promotion\",\"contact\":{\"id\":\"7\",$mail}}"
	contact "$mail,\"preferences\":{\"topics\":{\"marketing\":true}},\"opt_out\":[\"marketing\"]"
	route 1 "{\"topic\":\"marketing\",\"contact\":{\"id\":\"7\",$mail}}"
	[[ $stderr == *'opted out (topic:marketing)'* ]]
}

@test "class marketing needs the opt-in, whatever its topic (Inv. 6)" {
	route 1 "{\"class\":\"marketing\",\"contact\":{\"id\":\"7\",$mail}}"
	refused unreachable contact \
	    'cannot be reached: email: never opted in to marketing'
	route 1 "{\"class\":\"marketing\",\"topic\":\"order\",\"contact\":{\"id\":\"7\",$mail}}"
	refused unreachable contact \
	    'cannot be reached: email: never opted in to marketing'
	contact "$mail,\"preferences\":{\"topics\":{\"marketing\":true}}"
	route 0 "{\"class\":\"marketing\",\"contact\":{\"id\":\"7\",$mail}}"
	route 0 "{\"class\":\"marketing\",\"topic\":\"order\",\"contact\":{\"id\":\"7\",$mail}}"
	# A topic of marketing is asked for by its own name.
	route 1 "{\"class\":\"marketing\",\"topic\":\"promotion\",\"contact\":{\"id\":\"7\",$mail}}"
	[[ $stderr == *'never opted in to promotion' ]]
	contact "$mail,\"opt_out\":[\"order\"]"
	route 1 "{\"class\":\"marketing\",\"topic\":\"order\",\"contact\":{\"id\":\"7\",$mail}}"
	[[ $stderr == *'opted out (topic:order)'* ]]
}

# template NAME META-LINE ...: one of the test's own, with a Spanish text
template() {
	local dir=$BATS_TEST_TMPDIR/templates/$1

	mkdir -p "$dir/es"
	shift
	{
		echo '[template]'
		printf '%s\n' "$@"
	} >"$dir/meta.conf"
	echo 'hola' >"$dir/es/text"
	echo 'hola' >"$dir/es/sms"
}

@test "a template that is not for the channel, inactive or not there" {
	template one 'channels = email' 'active = yes'
	template two 'channels = email' 'active = no'
	own=(-o "paths.templates=$BATS_TEST_TMPDIR/templates")
	route 0 "{\"template\":\"one\",\"class\":\"reminder\",\"contact\":{$phone,$mail}}" "${own[@]}"
	is .channel email
	is '.route.considered[0]' '{"channel":"sms","verdict":"refused","reason":"the template is not for this channel"}'
	route 1 "{\"id\":\"m\",\"template\":\"two\",\"contact\":{$mail}}" "${own[@]}"
	refused inactive_template template 'template two is not active'
	route 1 "{\"id\":\"m\",\"template\":\"three\",\"contact\":{$mail}}" "${own[@]}"
	is .error.code bad_template
	[[ $stderr == *three* ]]
	route 1 "{\"id\":\"m\",\"template\":\"../one\",\"contact\":{$mail}}" "${own[@]}"
	is .error.code bad_template
	template four 'requires_approval = yes' 'approved = no'
	route 1 "{\"id\":\"m\",\"template\":\"four\",\"contact\":{$mail}}" "${own[@]}"
	refused unapproved_template template \
	    'template four awaits approval: approved = yes in its meta.conf'
	route 1 "{\"id\":\"m\",\"template\":\"fuor\",\"contact\":{$mail}}" "${own[@]}"
	[[ $stderr == *'there is no template fuor in '*'; did you mean four?' ]]
	# A class or topic that nobody knows is a slip in the template.
	template five 'topic = weather'
	route 75 "{\"id\":\"m\",\"template\":\"five\",\"contact\":{$mail}}" "${own[@]}"
	is '.error | [.code, .temporary]' '["bad_template",true]'
	[[ $stderr == *'five/meta.conf:2: topic: there is no [topic weather] in the configuration' ]]
}

@test "an unknown topic or class is refused by name (Inv. 10)" {
	route 1 "{\"id\":\"m\",\"topic\":\"weather\",\"contact\":{$mail}}"
	refused unknown_topic topic \
	    'there is no [topic weather] in the configuration'
	route 1 "{\"id\":\"m\",\"class\":\"weather\",\"contact\":{$mail}}"
	refused unknown_class class \
	    'there is no [class weather] in the configuration'
}

@test "verified_only: an address nobody verified is not used" {
	contact "$phone"
	route 1 "{\"id\":\"m\",\"channel\":\"sms\",\"contact\":{\"id\":\"7\",$phone}}" \
	    -o 'channel sms.verified_only=yes'
	refused unreachable channel \
	    'cannot be reached: sms: the address is not verified'
}

@test "WhatsApp: no free text unless somebody wrote in the last day" {
	route 1 "{\"id\":\"m\",\"channel\":\"whatsapp\",\"text\":\"hola\",\"contact\":{$phone}}"
	refused unreachable channel 'cannot be reached: whatsapp: no approved template, and nothing was received in the last 24 hours'
	route 0 "{\"channel\":\"whatsapp\",\"template\":\"appointment_reminder\",\"contact\":{$phone}}"
	is .to +525555123456
}

# whatsapp STATUS TEMPLATE LANGUAGE: a template of the test's own
whatsapp() {
	route "$1" "{\"id\":\"m\",\"channel\":\"whatsapp\",\"template\":\"$2\",\"language\":\"$3\",\"contact\":{$phone}}" \
	    -o "paths.templates=$BATS_TEST_TMPDIR/templates"
}

@test "WhatsApp: a template that Meta knows, in the language of the text" {
	template plain
	cp "$BATS_TEST_TMPDIR/templates/plain/es/text" \
	    "$BATS_TEST_TMPDIR/templates/plain/es/whatsapp"
	whatsapp 1 plain es
	refused unreachable channel 'cannot be reached: whatsapp: no approved template, and nothing was received in the last 24 hours'
	template known '' '[whatsapp]' 'name = aviso' '[whatsapp es]' \
	    'language = es_MX'
	whatsapp 0 known es
	whatsapp 0 known es-AR
	# There is no English text: it will be the site's language.
	whatsapp 0 known en
	mkdir "$BATS_TEST_TMPDIR/templates/known/en"
	echo hello >"$BATS_TEST_TMPDIR/templates/known/en/text"
	whatsapp 1 known en
	is .error.code unreachable
	printf '%s\n' '[whatsapp en]' 'language = en_US' \
	    >>"$BATS_TEST_TMPDIR/templates/known/meta.conf"
	whatsapp 0 known en
}

# quiet NOW ZONE NOT_BEFORE: what a reminder at NOW for a reader in ZONE gets
quiet() {
	at "$1"
	route 0 "{\"class\":\"reminder\",\"contact\":{$phone,\"timezone\":\"$2\"}}"
	assert_equal "$1 $2 $(jq -r .not_before <<<"$output")" "$1 $2 $3"
}

@test "quiet hours end at 09:00 of the reader's own clock (Inv. 6)" {
	# By day: at once.
	quiet 2026-11-23T17:00:00-06:00 America/Mexico_City 2026-11-23T23:00:00Z
	quiet 2026-11-23T20:59:59-06:00 America/Mexico_City 2026-11-24T02:59:59Z
	# From 21:00, across midnight, to 09:00.
	quiet 2026-11-23T21:00:00-06:00 America/Mexico_City 2026-11-24T15:00:00Z
	quiet 2026-11-23T23:59:59-06:00 America/Mexico_City 2026-11-24T15:00:00Z
	quiet 2026-11-24T00:00:00-06:00 America/Mexico_City 2026-11-24T15:00:00Z
	quiet 2026-11-24T08:59:59-06:00 America/Mexico_City 2026-11-24T15:00:00Z
	quiet 2026-11-24T09:00:00-06:00 America/Mexico_City 2026-11-24T15:00:00Z
	# Tijuana is two hours behind in winter, Cancun one ahead.
	quiet 2026-11-23T22:30:00-06:00 America/Tijuana 2026-11-24T04:30:00Z
	quiet 2026-11-23T23:30:00-06:00 America/Tijuana 2026-11-24T17:00:00Z
	quiet 2026-11-24T10:00:00-06:00 America/Tijuana 2026-11-24T17:00:00Z
	quiet 2026-11-23T20:30:00-06:00 America/Cancun 2026-11-24T14:00:00Z
	quiet 2026-11-24T08:30:00-06:00 America/Cancun 2026-11-24T14:30:00Z
	# Tijuana keeps summer time, and so is one hour behind then.
	quiet 2026-07-01T23:00:00-06:00 America/Tijuana 2026-07-02T16:00:00Z
	# The night in which Tijuana's clocks go back is an hour longer.
	quiet 2026-11-01T00:30:00-07:00 America/Tijuana 2026-11-01T17:00:00Z
}

@test "quiet hours: those of the configuration, and of the contact" {
	at 2026-11-23T13:30:00-06:00
	route 0 "{\"class\":\"reminder\",\"contact\":{$phone}}" \
	    -o quiet.start=13:00 -o quiet.end=16:00
	is .not_before 2026-11-23T22:00:00Z
	route 0 "{\"class\":\"reminder\",\"contact\":{$phone}}" \
	    -o quiet.start=13:00 -o quiet.end=13:00
	is .not_before 2026-11-23T19:30:00Z
	contact "$phone,\"preferences\":{\"quiet_start\":\"12:00\",\"quiet_end\":\"15:00\"}"
	route 0 '{"class":"reminder","template":"appointment_reminder","contact":{"id":"7"}}'
	is .not_before 2026-11-23T21:00:00Z
}

@test "an alert and a transactional message go out at night" {
	at 2026-11-23T23:00:00-06:00
	for class in alert transactional; do
		route 0 "{\"class\":\"$class\",\"contact\":{$phone}}"
		is .not_before 2026-11-24T05:00:00Z
	done
}

@test "not_before waits, but one in the quiet hours moves to their end" {
	route 0 "{\"class\":\"reminder\",\"contact\":{$phone},\"not_before\":\"2026-11-24T12:00:00-06:00\"}"
	is .not_before 2026-11-24T18:00:00Z
	route 0 "{\"class\":\"reminder\",\"contact\":{$phone},\"not_before\":\"2026-11-24T05:00:00-06:00\"}"
	is .not_before 2026-11-24T15:00:00Z
	route 0 "{\"class\":\"reminder\",\"contact\":{$phone},\"not_before\":\"2020-01-01T00:00:00Z\"}"
	is .not_before 2026-11-23T23:00:00Z
}

@test "expires_at: the class says, unless the record does" {
	route 0 "{\"class\":\"reminder\",\"contact\":{$phone}}"
	is .expires_at 2026-11-24T23:00:00Z
	route 0 "{\"class\":\"reminder\",\"contact\":{$phone}}" \
	    -o 'class reminder.expires=2h'
	is .expires_at 2026-11-24T01:00:00Z
	route 0 "{\"class\":\"reminder\",\"contact\":{$phone},\"expires_at\":\"2026-11-23T18:00:00-06:00\"}"
	is .expires_at 2026-11-24T00:00:00Z
}

@test "what could only be sent too late is refused (Inv. 10)" {
	at 2026-11-23T22:00:00-06:00
	route 1 "{\"id\":\"m\",\"class\":\"reminder\",\"contact\":{$phone},\"expires_at\":\"2026-11-24T08:00:00-06:00\"}"
	refused too_late expires_at 'too late: it may be sent from 2026-11-24T15:00:00Z on, but not after 2026-11-24T14:00:00Z'
	route 1 "{\"id\":\"m\",\"class\":\"alert\",\"contact\":{$phone},\"expires_at\":\"2026-11-23T22:00:00-06:00\"}"
	is .error.code too_late
}

@test "a time that is none is refused, also without omni-normalize (Inv. 10)" {
	for field in not_before expires_at; do
		for time in '"2026-11-24T10:30:00"' '"soon"' 5; do
			echo "{\"id\":\"m\",\"contact\":{$mail},\"address\":{\"email\":{\"to\":\"ana@x.example\"}},\"$field\":$time}" >"$in"
			run -1 --separate-stderr omni-route <"$in"
			is '.error | .code + " " + .field' "bad_time $field"
		done
	done
}

@test "a contact by id alone is the ledger's contact" {
	contact "$phone,$mail,\"language\":\"en\",\"timezone\":\"America/Tijuana\""
	route 0 '{"template":"appointment_reminder","contact":{"id":"7"}}'
	is '[.channel, .to, .language, .timezone]' \
	    '["sms","+525555123456","en","America/Tijuana"]'
	is .contact '{"id":"7"}'
}

@test "route.considered lists every channel with verdict and reason" {
	contact "$phone,$mail,\"opt_out\":[\"whatsapp\"]"
	route 0 "{\"class\":\"alert\",\"contact\":{\"id\":\"7\",$phone,$mail}}"
	is .route '{"reason":"class table","considered":[{"channel":"sms","verdict":"chosen"},{"channel":"whatsapp","verdict":"refused","reason":"opted out (channel:whatsapp) on 2026-11-23 by import"},{"channel":"email","verdict":"fallback"}]}'
}

@test "a step for staff passes; a refused record passes" {
	echo '{"id":"a","channel":"staff","contact":{"id":"7"}}' >"$in"
	run -0 omni-route <"$in"
	assert_output "$(<"$in")"
	echo '{"id":"a","error":{"stage":"normalize","code":"x","temporary":false}}' >"$in"
	run -1 --separate-stderr omni-route <"$in"
	assert_output "$(<"$in")"
}

@test "N lines in, N lines out, in order, and the other fields as they were (Inv. 1)" {
	printf '%s\n' "{\"id\":\"1\",\"contact\":{$mail}, \"n\": 1.50}" '{' \
	    '{"id":"3","contact":{"id":"none"}}' \
	    "{\"id\":\"4\",\"contact\":{$phone}}" >"$in"
	omni-normalize <"$in" >"$in.normal" 2>/dev/null || :
	run -1 --separate-stderr omni-route <"$in.normal"
	assert_equal "$(jq -r '.id // .error.code' <<<"$output" | xargs)" \
	    '1 not_a_record 3 4'
	[[ ${lines[0]} == *'"n": 1.50'* ]]
}

@test "the ledger is not changed, and the same input gives the same bytes (Inv. 12)" {
	contact "$phone,$mail"
	before=$(sql 'SELECT count(*), max(seq) FROM journal')
	route 0 "{\"contact\":{\"id\":\"7\"}}"
	first=$output
	route 0 "{\"contact\":{\"id\":\"7\"}}"
	assert_equal "$output" "$first"
	assert_equal "$(sql 'SELECT count(*), max(seq) FROM journal')" "$before"
}

@test "no ledger: status 69, and what to do about it" {
	rm "$SITE"/spool/ledger.db*
	echo "{\"contact\":{$mail}}" >"$in"
	run -69 --separate-stderr omni-route <"$in"
	refute_output
	assert_equal "$stderr" "omni-route: $SITE/spool/ledger.db: no ledger there; make one with omni-ledger init"
}

@test "it reads while another process holds a write transaction" {
	hold_ledger
	route 0 "{\"contact\":{$mail}}"
	is .channel email
	let_ledger_go
}

@test "a preference that is none is refused by name (Inv. 10)" {
	while IFS='|' read -r preferences words; do
		route 1 "{\"id\":\"m\",\"contact\":{$mail,\"preferences\":$preferences}}"
		refused bad_preference contact.preferences \
		    "contact.preferences: $words"
	done <<-'END'
	{"quiet_start":"25:00","quiet_end":"07:00"}|quiet_start and quiet_end are times like 21:00
	{"quiet_end":"7"}|quiet_start and quiet_end are times like 21:00
	{"quiet_start":"13:00"}|quiet_start and quiet_end go together
	{"quiet_start":"13:00","quiet_end":"13:00"}|quiet_start and quiet_end are the same time
	{"channels":"sms"}|channels and escalation_channels are lists of texts
	{"channel":5}|channel is not a text
	7|not an object
	END
}

@test "preferences without end stop no other record (Inv. 9)" {
	{
		jq -nc '{id: "a", contact: {email: "a@x.example", preferences:
		    {channels: [range(40000) | "sms"]}}}'
		jq -nc '{id: "b", contact: {email: "a@x.example", preferences:
		    {channel: ([range(20000) | "fax\(.)"] | join(" "))}}}'
		jq -nc '{id: "c", contact: {email: "a@x.example", preferences:
		    {channels: [range(16) | "\(.)" * 4000]}}}'
		jq -nc '{id: "d", contact: {email: "a@x.example"}}'
	} >"$in"
	omni-normalize <"$in" >"$in.normal"
	run -1 --separate-stderr omni-route <"$in.normal"
	assert_equal "$(jq -r '.error.message // .channel' <<<"$output")" \
'contact.preferences: channels and escalation_channels have at most 16 entries
email
email
email'
	# Nor does what is considered grow with them.
	assert_equal "$(jq -c '.route.considered | tojson | length < 3000' \
	    <<<"$output" | sort -u)" true
}

@test "quiet hours: the ledger's go before the record's" {
	at 2026-11-23T13:30:00-06:00
	contact "$phone,\"preferences\":{\"quiet_start\":\"12:00\",\"quiet_end\":\"15:00\"}"
	route 0 "{\"class\":\"reminder\",\"contact\":{\"id\":\"7\",$phone,\"preferences\":{\"quiet_start\":\"01:00\",\"quiet_end\":\"02:00\"}}}"
	is .route.waits '{"for":"quiet hours","until":"2026-11-23T21:00:00Z","timezone":"America/Mexico_City"}'
}

@test "one record explains itself, and omni-ledger why repeats it" {
	at 2026-11-23T22:00:00-06:00
	contact "$phone,$mail,\"opt_out\":[\"sms\"]"
	route 0 '{"id":"m","class":"reminder","text":"hola","contact":{"id":"7"}}'
	is .route '{"reason":"class table","considered":[{"channel":"sms","verdict":"refused","reason":"opted out (channel:sms) on 2026-11-24 by import"},{"channel":"whatsapp","verdict":"refused","reason":"no approved template, and nothing was received in the last 24 hours"},{"channel":"email","verdict":"chosen"}],"waits":{"for":"quiet hours","until":"2026-11-24T15:00:00Z","timezone":"America/Mexico_City"}}'
	printf '%s\n' "$output" | omni-render | omni-queue -q
	run -0 omni-ledger why m
	assert_line '      route: class table'
	assert_line '      waits for: quiet hours'
	assert_line '      sms: refused, opted out (channel:sms) on 2026-11-24 by import'
	assert_line '      email: chosen'
}

# With ROUTE_CONTACTS=50000 ROUTE_RECORDS=100000 it is the whole thing.
@test "memory grows neither with the records nor with the ledger (Inv. 9)" {
	local contacts=${ROUTE_CONTACTS-2000} records=${ROUTE_RECORDS-10000}
	local maxrss=$ROOT/build/tests/fake/maxrss few many limit=32768
	if [ -n "${SANITIZED-}" ]; then
		limit=1000000000 contacts=200 records=1000
	fi
	jq -nc --argjson n "$contacts" 'range($n) | {id: "a\(.)",
		type: "appointment", at: "2026-12-30T10:30", contact: {
		id: "c\(.)", email: "ana\(.)@x.example", timezone:
		(["America/Mexico_City", "America/Tijuana"][. % 2]),
		preferences: {channel: "sms"},
		phone: "55\(10000000 + (. * 7919 % 79999999))"}}' >"$in"
	run -0 omni-schedule -q <"$in"
	jq -nc --argjson n "$contacts" --argjson m "$records" 'range($m) |
		{id: "m\(.)", class: "reminder", template:
		"appointment_reminder", contact: {id: "c\(. * 31337 % $n)"}}' \
		>"$in"
	head -n 100 "$in" | "$maxrss" "$in.few" omni-route >/dev/null
	"$maxrss" "$in.many" omni-route <"$in" >"$in.out"
	assert_equal "$(jq -r .channel "$in.out" | sort | uniq -c | xargs)" \
		"$records sms"
	few=$(<"$in.few") many=$(<"$in.many")
	# SQLite fills its cache of 8 MB.
	echo "$few KiB for 100 records, $many KiB for $records"
	((many < limit && (many < few + 10240 || limit > 32768)))
}

@test "empty input, a full disk, wrong usage" {
	run -0 omni-route </dev/null
	refute_output
	echo '{"id":"a","channel":"staff"}' >"$in"
	# shellcheck disable=SC2016	# for the inner shell
	run -74 bash -c 'omni-route <"$1" >/dev/full' - "$in"
	assert_output 'omni-route: stdout: No space left on device'
	run -64 omni-route extra </dev/null
	run -0 omni-route --help
	run -0 omni-route --version
}
