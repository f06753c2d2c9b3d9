#!/usr/bin/env bats
# Where a message goes and when, as tables: to be read as documentation, and
# run as tests.  omni-route(1) and omni-holidays(5) say the same in words.
# shellcheck disable=SC2154	# run(1) of bats sets output
# shellcheck disable=SC2030,SC2031	# each test is a subshell

load helper

setup() {
	make_ledger 2026-11-23T17:00:00-06:00
	texts=$BATS_TEST_TMPDIR/templates
	template offer '[template]' 'topic = appointment'
	template letter '[template]' 'topic = appointment' 'channels = email'
	template notice '[template]' 'topic = appointment' '[whatsapp]' \
		'name = aviso' '[whatsapp es]' 'language = es_MX'
	# A class that names no channels, for the site's own list.
	printf '\n[class receipt]\nexpires = 2d\n' >>"$OMNI_CONF"
	sed -i "s|^templates = .*|templates = $texts|" "$OMNI_CONF"
}

# template NAME META-LINE ...: one of the test's own
template() {
	local dir=$texts/$1 part

	mkdir -p "$dir/es"
	shift
	printf '%s\n' "$@" >"$dir/meta.conf"
	for part in text sms whatsapp; do
		echo hola >"$dir/es/$part"
	done
}

# people: whom the ledger knows; each has an appointment far away
people() {
	jq -Rnc '[inputs | select(length > 0)] | to_entries[] | .key as $n |
		.value | capture("^(?<id>[a-z]*) *\\| (?<more>.*)$") |
		{id: "a\($n)", type: "appointment", at: "2026-12-30T10:30",
		contact: ({id, phone: "55512340\(10 + $n)",
		email: "\(.id)@x.example"} + (.more | fromjson))}' \
		>"$in" <<-'END'
	ana    | {}
	bea    | {"preferences": {"channel": "email"}}
	carla  | {"preferences": {"channels": ["whatsapp", "email"]}}
	dora   | {"preferences": {"channel": "voice"}}
	edna   | {"preferences": {"channel": "email", "channels": ["whatsapp"]}}
	fer    | {"opt_out": ["sms"]}
	gil    | {"opt_out": ["all"]}
	hugo   | {"opt_out": ["appointment"]}
	iris   | {"email": null}
	juan   | {"phone": "+44 20 7946 0018", "email": null}
	kai    | {"preferences": {"topics": {"marketing": true}}}
	lola   | {}
	mar    | {}
	nora   | {}
	oto    | {}
	END
	run -0 omni-schedule -q <"$in"
	# nora's mail bounced; what WhatsApp people wrote, and when
	sqlite3 "$SITE/spool/ledger.db" "
		UPDATE address SET dead_at = '2026-11-01T00:00:00Z' WHERE type =
		'email' AND hash = (SELECT hash FROM contact_address WHERE
		contact = 'nora' AND type = 'email');
		UPDATE address SET verified = 1 WHERE type = 'email' AND hash =
		(SELECT hash FROM contact_address WHERE contact = 'oto' AND
		type = 'email');"
	wrote lola 2026-11-22T23:00:01Z	# 23:59:59 ago
	wrote mar 2026-11-22T23:00:00Z	# 24 hours ago
}

# wrote WHO TIME: something came from their WhatsApp
wrote() {
	sqlite3 "$SITE/spool/ledger.db" "UPDATE address SET last_inbound_at =
		'$2' WHERE type = 'whatsapp' AND hash = (SELECT hash FROM
		contact_address WHERE contact = '$1' AND type = 'whatsapp')"
}

# trim TEXT: without the blanks around it
trim() {
	local s=$1

	s=${s#"${s%%[! ]*}"}
	printf '%s' "${s%"${s##*[! ]}"}"
}

# route_row WHO MESSAGE [SETTING ...]: one record through the filters
route_row() {
	local who=$1 message=$2 setting args=()

	shift 2
	for setting; do
		args+=(-o "$setting")
	done
	jq -cn --arg id "$who" --argjson more "{$message}" \
		'{id: "m", contact: {$id}} * $more' >"$in"
	omni-normalize <"$in" >"$in.normal"
	output=$(omni-route "${args[@]}" <"$in.normal" 2>"$in.says") || :
}

# The channel and the fallbacks; who asked for it; why others fell away.
# shellcheck disable=SC2016	# jq's own
outcome='[(if .error then "nobody" else
	[.channel, .fallback[]] | join(" > ") end), .route.reason, ([.route.considered[] | select(.verdict == "refused") |
	"\(.channel): \(.reason)"] | join("; "))] | join(" | ")'

# check_rows: each row of standard input, SITUATION | WHO | MESSAGE | SETTINGS
# | CHANNEL | WHO ASKED FOR IT | WHY OTHERS FELL AWAY
check_rows() {
	local row cell cells settings bad=0 want got count=0

	while IFS= read -r row; do
		[[ $row == *'|'* ]] || continue
		cells=()
		while IFS= read -r cell; do
			cells+=("$(trim "$cell")")
		done < <(tr '|' '\n' <<<"$row")
		settings=()
		[ -z "${cells[3]}" ] || IFS=';' read -ra settings <<<"${cells[3]}"
		route_row "${cells[1]}" "${cells[2]}" "${settings[@]}"
		want="${cells[4]} | ${cells[5]} | ${cells[6]}"
		got=$(jq -r "$outcome" <<<"$output")
		if [ "$got" != "$want" ]; then
			printf '%s\n  want %s\n  got  %s\n' "${cells[0]}" \
				"$want" "$got"
			bad=1
		fi
		# Whoever cannot be reached is told all the reasons.
		[[ ${cells[4]} != nobody ]] || [[ $(jq -r .error.message \
			<<<"$output") == "cannot be reached: ${cells[6]}" ]] || {
			printf '%s: %s\n' "${cells[0]}" "$output"
			bad=1
		}
		count=$((count + 1))
	done
	[ "$bad" -eq 0 ] && [ "$count" -ge "$1" ]
}

@test "which channel: wish > preference > class > default, and why not another (Inv. 6, 10)" {
	people
	# situation | who | message | settings | channel > fallbacks | asked for by |
	# why others fell away
	check_rows 41 <<-'END'
	# order
	nothing said: transactional | ana |  |  | email > sms | class table | whatsapp: no approved template, and nothing was received in the last 24 hours
	the class of the message | ana | "class":"alert" |  | sms > email | class table | whatsapp: no approved template, and nothing was received in the last 24 hours
	the class has another order | ana | "class":"reminder" | class reminder.channels=email sms | email > sms | class table | 
	the class has one channel | ana | "class":"announcement" |  | email | class table | 
	the class has none: the default | ana | "class":"receipt" |  | sms > email | default | whatsapp: no approved template, and nothing was received in the last 24 hours
	the site's own default | ana | "class":"receipt" | site.channels=email sms | email > sms | default | 
	a preferred channel beats the class | bea | "class":"alert" |  | email > sms | the contact's preference | whatsapp: no approved template, and nothing was received in the last 24 hours
	an order of their own, then the class | carla | "template":"notice" |  | whatsapp > email > sms | the contact's preference | 
	preferred, then their order, then the class | edna | "template":"notice" |  | email > whatsapp > sms | the contact's preference | 
	the record knows the preference better | bea | "class":"alert","contact":{"preferences":{"channel":"sms"}} |  | sms > email | the contact's preference | whatsapp: no approved template, and nothing was received in the last 24 hours
	the record knows their order better | carla | "class":"alert","contact":{"preferences":{"channels":["email"]}} |  | email > sms | the contact's preference | whatsapp: no approved template, and nothing was received in the last 24 hours
	the preferred one falls away | dora | "class":"alert" |  | sms > email | class table | voice: no active channel of this type; whatsapp: no approved template, and nothing was received in the last 24 hours
	a preference that is no channel | ana | "class":"alert","contact":{"preferences":{"channels":["fax","pigeon","telex","letter","drum","sms"]}} |  | sms > email | the contact's preference | fax: there is no such type of channel; pigeon: there is no such type of channel; telex: there is no such type of channel; letter: there is no such type of channel; drum: there is no such type of channel; whatsapp: no approved template, and nothing was received in the last 24 hours
	an explicit wish beats all | bea | "class":"alert","channel":"sms" |  | sms | explicit wish | 
	a wish has no fallback | iris | "channel":"email" |  | nobody | explicit wish | email: no address
	a wish may name a channel | ana | "channel":"texts" | channel texts.type=sms;channel texts.provider=console | sms | explicit wish | 
	a type that has its own channel off | ana | "channel":"sms" | channel sms.active=no;channel texts.type=sms;channel texts.provider=console | sms | explicit wish | 
	a wish for a channel that is off | ana | "channel":"texts" | channel texts.type=sms;channel texts.provider=console;channel texts.active=no | nobody | explicit wish | sms: no active channel of this type
	# what falls away
	the channel is not active | ana | "class":"alert" | channel sms.active=no | email | class table | sms: no active channel of this type; whatsapp: no approved template, and nothing was received in the last 24 hours
	the template is not for it | ana | "template":"letter","class":"alert" |  | email | class table | sms: the template is not for this channel; whatsapp: the template is not for this channel
	no address | iris |  |  | sms | class table | email: no address; whatsapp: no approved template, and nothing was received in the last 24 hours
	a landline takes no texts | juan | "class":"alert" |  | nobody | no channel is left | sms: no address; whatsapp: no address; email: no address
	opted out of a channel | fer | "class":"alert" |  | email | class table | sms: opted out (channel:sms) on 2026-11-23 by import; whatsapp: no approved template, and nothing was received in the last 24 hours
	opted out of everything | gil | "class":"alert" |  | nobody | no channel is left | sms: opted out (all) on 2026-11-23 by import; whatsapp: opted out (all) on 2026-11-23 by import; email: opted out (all) on 2026-11-23 by import
	an alert does not pass an opt-out | gil | "class":"alert","channel":"sms" |  | nobody | explicit wish | sms: opted out (all) on 2026-11-23 by import
	opted out of a topic | hugo | "topic":"appointment","channel":"sms" |  | nobody | explicit wish | sms: opted out (topic:appointment) on 2026-11-23 by import
	another topic goes out | hugo | "topic":"vaccination","channel":"sms" |  | sms | explicit wish | 
	marketing that was not asked for | ana | "topic":"marketing" |  | nobody | no channel is left | email: never opted in to marketing
	marketing that was | kai | "topic":"marketing" |  | email | class table | 
	marketing is not made an alert | ana | "topic":"marketing","class":"alert","channel":"sms" |  | nobody | explicit wish | sms: never opted in to marketing
	the address is dead | nora |  |  | sms | class table | email: the address is dead; whatsapp: no approved template, and nothing was received in the last 24 hours
	verified_only: not verified | ana | "class":"announcement" | channel email.verified_only=yes | nobody | no channel is left | email: the address is not verified
	verified_only: verified | oto | "class":"announcement" | channel email.verified_only=yes | email | class table | 
	# WhatsApp's window
	free text, nothing was written | ana | "channel":"whatsapp","text":"hola" |  | nobody | explicit wish | whatsapp: no approved template, and nothing was received in the last 24 hours
	free text, 23:59:59 after they wrote | lola | "channel":"whatsapp","text":"hola" |  | whatsapp | explicit wish | 
	free text, 24 hours to the second | mar | "channel":"whatsapp","text":"hola" |  | nobody | explicit wish | whatsapp: no approved template, and nothing was received in the last 24 hours
	a template that is not approved | mar | "channel":"whatsapp","template":"offer" |  | nobody | explicit wish | whatsapp: no approved template, and nothing was received in the last 24 hours
	the same within 24 hours | lola | "channel":"whatsapp","template":"offer","class":"alert" |  | whatsapp | explicit wish | 
	an approved template | mar | "channel":"whatsapp","template":"notice" |  | whatsapp | explicit wish | 
	it falls away, the next one is taken | mar | "text":"hola","class":"receipt" |  | sms > email | default | whatsapp: no approved template, and nothing was received in the last 24 hours
	open now, but not when it may go | lola | "channel":"whatsapp","text":"hola","not_before":"2026-11-24T17:30:00-06:00" |  | nobody | explicit wish | whatsapp: no approved template, and when it may be sent the 24 hours after the last answer are over
	END
}

# check_times: each row of standard input, SITUATION | ZONE | CLASS | NOW |
# NOT BEFORE | WAITS FOR, with the contact's own quiet hours or settings in
# $more; "-" is no wait, "too late" a refusal
check_times() {
	local row cell cells settings bad=0 want got count=0

	while IFS= read -r row; do
		[[ $row == *'|'* ]] || continue
		cells=()
		while IFS= read -r cell; do
			cells+=("$(trim "$cell")")
		done < <(tr '|' '\n' <<<"$row")
		settings=()
		[[ ${cells[2]} != *';'* ]] ||
			IFS=';' read -ra settings <<<"${cells[2]#*;}"
		at "${cells[3]}"
		route_row ana "\"class\":\"${cells[2]%%;*}\",\"contact\":{
			\"timezone\":\"${cells[1]}\",\"phone\":\"55 1234 5678\",
			\"email\":\"ana@x.example\"}${more-}" \
			"${settings[@]}"
		want="${cells[4]} | ${cells[5]}"
		got=$(jq -r --arg now "${cells[3]}" '(if .error then
			.error.code else .not_before end) + " | " +
			(.route.waits.for // "-")' <<<"$output")
		if [ "$got" != "$want" ]; then
			printf '%s\n  want %s\n  got  %s\n' "${cells[0]}" \
				"$want" "$got"
			bad=1
		fi
		count=$((count + 1))
	done
	[ "$bad" -eq 0 ] && [ "$count" -ge "$1" ]
}

@test "when: quiet hours of each zone, and the nights in which clocks change (Inv. 6)" {
	# situation | zone | class;settings | now | not before | waits for
	check_times 38 <<-'END'
	# Mexico City had summer time until October 2022, and none since
	2021: gap of 4 April, 09:00 summer time | America/Mexico_City | reminder | 2021-04-03T22:00:00-06:00 | 2021-04-04T14:00:00Z | quiet hours
	2021: summer | America/Mexico_City | reminder | 2021-07-01T22:00:00-05:00 | 2021-07-02T14:00:00Z | quiet hours
	2021: fold of 31 October, 09:00 winter time | America/Mexico_City | reminder | 2021-10-30T22:00:00-05:00 | 2021-10-31T15:00:00Z | quiet hours
	2022: the last summer | America/Mexico_City | reminder | 2022-07-01T22:00:00-05:00 | 2022-07-02T14:00:00Z | quiet hours
	2022: the last change | America/Mexico_City | reminder | 2022-10-29T22:00:00-05:00 | 2022-10-30T15:00:00Z | quiet hours
	2023: no gap any more | America/Mexico_City | reminder | 2023-04-01T22:00:00-06:00 | 2023-04-02T15:00:00Z | quiet hours
	2023: summer as in winter | America/Mexico_City | reminder | 2023-07-01T22:00:00-06:00 | 2023-07-02T15:00:00Z | quiet hours
	2023: no fold | America/Mexico_City | reminder | 2023-10-28T22:00:00-06:00 | 2023-10-29T15:00:00Z | quiet hours
	2021: 20:59:59 in summer | America/Mexico_City | reminder | 2021-07-02T01:59:59Z | 2021-07-02T01:59:59Z | -
	2023: the same instant is 19:59:59 | America/Mexico_City | reminder | 2023-07-02T02:00:00Z | 2023-07-02T02:00:00Z | -
	2021: is 21:00 | America/Mexico_City | reminder | 2021-07-02T02:00:00Z | 2021-07-02T14:00:00Z | quiet hours
	# Tijuana still changes: 8 March and 1 November 2026
	the night of the gap | America/Tijuana | reminder | 2026-03-07T22:00:00-08:00 | 2026-03-08T16:00:00Z | quiet hours
	the night of the fold | America/Tijuana | reminder | 2026-10-31T22:00:00-07:00 | 2026-11-01T17:00:00Z | quiet hours
	gap: until 2:30 ends at 3:00 | America/Tijuana | reminder;quiet.start=22:00;quiet.end=02:30 | 2026-03-08T01:30:00-08:00 | 2026-03-08T10:00:00Z | quiet hours
	gap: and at 3:00 it is over | America/Tijuana | reminder;quiet.start=22:00;quiet.end=02:30 | 2026-03-08T10:00:00Z | 2026-03-08T10:00:00Z | -
	gap: until 2:00 | America/Tijuana | reminder;quiet.start=22:00;quiet.end=02:00 | 2026-03-08T01:59:59-08:00 | 2026-03-08T10:00:00Z | quiet hours
	gap: until 3:00 | America/Tijuana | reminder;quiet.start=22:00;quiet.end=03:00 | 2026-03-08T01:59:59-08:00 | 2026-03-08T10:00:00Z | quiet hours
	gap: from 2:30, the second before | America/Tijuana | reminder;quiet.start=02:30;quiet.end=05:00 | 2026-03-08T01:59:59-08:00 | 2026-03-08T09:59:59Z | -
	gap: from 2:30 begins at 3:00 | America/Tijuana | reminder;quiet.start=02:30;quiet.end=05:00 | 2026-03-08T10:00:00Z | 2026-03-08T12:00:00Z | quiet hours
	fold: until 1:30, the first time | America/Tijuana | reminder;quiet.start=22:00;quiet.end=01:30 | 2026-11-01T01:10:00-07:00 | 2026-11-01T08:30:00Z | quiet hours
	fold: over for half an hour | America/Tijuana | reminder;quiet.start=22:00;quiet.end=01:30 | 2026-11-01T01:40:00-07:00 | 2026-11-01T08:40:00Z | -
	fold: until 1:30, the second time | America/Tijuana | reminder;quiet.start=22:00;quiet.end=01:30 | 2026-11-01T01:10:00-08:00 | 2026-11-01T09:30:00Z | quiet hours
	fold: until 2:00 ends after both | America/Tijuana | reminder;quiet.start=22:00;quiet.end=02:00 | 2026-11-01T01:10:00-07:00 | 2026-11-01T10:00:00Z | quiet hours
	fold: from 1:30 until it is 1:00 again | America/Tijuana | reminder;quiet.start=01:30;quiet.end=05:00 | 2026-11-01T01:40:00-07:00 | 2026-11-01T09:00:00Z | quiet hours
	fold: from the second 1:30 on | America/Tijuana | reminder;quiet.start=01:30;quiet.end=05:00 | 2026-11-01T01:30:00-08:00 | 2026-11-01T13:00:00Z | quiet hours
	# Cancun has been an hour ahead all year since 2015
	Cancun in winter | America/Cancun | reminder | 2026-12-01T22:00:00-05:00 | 2026-12-02T14:00:00Z | quiet hours
	Cancun in summer | America/Cancun | reminder | 2026-07-01T22:00:00-05:00 | 2026-07-02T14:00:00Z | quiet hours
	Cancun on the night of Tijuana's fold | America/Cancun | reminder | 2026-10-31T22:00:00-05:00 | 2026-11-01T14:00:00Z | quiet hours
	# zones that are not whole hours apart
	Kolkata, +05:30: 21:00 | Asia/Kolkata | reminder | 2026-11-23T15:30:00Z | 2026-11-24T03:30:00Z | quiet hours
	Kolkata: 20:59:59 | Asia/Kolkata | reminder | 2026-11-23T15:29:59Z | 2026-11-23T15:29:59Z | -
	Kathmandu, +05:45 | Asia/Kathmandu | reminder | 2026-11-23T20:00:00Z | 2026-11-24T03:15:00Z | quiet hours
	Lord Howe, a fold of half an hour | Australia/Lord_Howe | reminder | 2026-04-04T22:00:00+11:00 | 2026-04-04T22:30:00Z | quiet hours
	Lord Howe: until 1:45, the first time | Australia/Lord_Howe | reminder;quiet.start=22:00;quiet.end=01:45 | 2026-04-04T14:40:00Z | 2026-04-04T14:45:00Z | quiet hours
	Lord Howe: until 1:45, the second time | Australia/Lord_Howe | reminder;quiet.start=22:00;quiet.end=01:45 | 2026-04-04T15:00:00Z | 2026-04-04T15:15:00Z | quiet hours
	Lord Howe: a gap of half an hour | Australia/Lord_Howe | reminder;quiet.start=22:00;quiet.end=02:15 | 2026-10-04T01:50:00+10:30 | 2026-10-03T15:30:00Z | quiet hours
	# the classes
	an alert passes | America/Tijuana | alert | 2026-03-08T01:30:00-08:00 | 2026-03-08T09:30:00Z | -
	unless it is configured not to | America/Tijuana | alert;class alert.quiet=yes | 2026-03-08T01:30:00-08:00 | 2026-03-08T16:00:00Z | quiet hours
	the same time twice: never quiet | America/Tijuana | reminder;quiet.start=09:00;quiet.end=09:00 | 2026-03-08T01:30:00-08:00 | 2026-03-08T09:30:00Z | -
	END
}

@test "when: the contact's own quiet hours, across midnight, in their zone (Inv. 6)" {
	more=',"contact":{"preferences":{"quiet_start":"22:30","quiet_end":"06:15"}}'
	# A member twice is the last one's: put the two together.
	route_row() {
		local message=$2 setting args=()
		shift 2
		for setting; do args+=(-o "$setting"); done
		jq -cn --argjson a "{${message%"$more"}}" \
			--argjson b "{${more#,}}" \
			'{id: "m", contact: {id: "x"}} * $a * $b' >"$in"
		omni-normalize <"$in" >"$in.normal"
		output=$(omni-route "${args[@]}" <"$in.normal" 2>"$in.says") || :
	}
	check_times 8 <<-'END'
	the second before | America/Mexico_City | reminder | 2026-11-23T22:29:59-06:00 | 2026-11-24T04:29:59Z | -
	from 22:30 | America/Mexico_City | reminder | 2026-11-23T22:30:00-06:00 | 2026-11-24T12:15:00Z | quiet hours
	at midnight | America/Mexico_City | reminder | 2026-11-24T00:00:00-06:00 | 2026-11-24T12:15:00Z | quiet hours
	the last second | America/Mexico_City | reminder | 2026-11-24T06:14:59-06:00 | 2026-11-24T12:15:00Z | quiet hours
	until 06:15 | America/Mexico_City | reminder | 2026-11-24T06:15:00-06:00 | 2026-11-24T12:15:00Z | -
	their clock, not the site's | Asia/Kolkata | reminder | 2026-11-23T17:00:00Z | 2026-11-24T00:45:00Z | quiet hours
	the night of the fold | America/Tijuana | reminder | 2026-10-31T23:00:00-07:00 | 2026-11-01T14:15:00Z | quiet hours
	an alert passes these, too | America/Mexico_City | alert | 2026-11-23T22:30:00-06:00 | 2026-11-24T04:30:00Z | -
	END
}

# calendar LINE ...: the site's
calendar() {
	printf '%s\n' "$@" >"$SITE/etc/holidays"
	grep -q '^holidays = ' "$OMNI_CONF" ||
		sed -i '/^\[paths\]/a holidays = holidays' "$OMNI_CONF"
}

@test "when: holidays, those of Mexican law as etc/holidays has them (Inv. 6)" {
	calendar
	cp "$ROOT/etc/holidays" "$SITE/etc/holidays"
	check_times 26 <<-'END'
	# an announcement waits, a reminder and an alert do not
	the day before | America/Mexico_City | announcement | 2026-12-24T20:59:59-06:00 | 2026-12-25T02:59:59Z | -
	the night before | America/Mexico_City | announcement | 2026-12-24T21:00:00-06:00 | 2026-12-26T15:00:00Z | quiet hours; holiday: Navidad
	at midnight | America/Mexico_City | announcement | 2026-12-25T00:00:00-06:00 | 2026-12-26T15:00:00Z | holiday: Navidad; quiet hours
	at noon | America/Mexico_City | announcement | 2026-12-25T12:00:00-06:00 | 2026-12-26T15:00:00Z | holiday: Navidad; quiet hours
	the day after | America/Mexico_City | announcement | 2026-12-26T09:00:00-06:00 | 2026-12-26T15:00:00Z | -
	the next year, too | America/Mexico_City | announcement | 2027-12-25T12:00:00-06:00 | 2027-12-26T15:00:00Z | holiday: Navidad; quiet hours
	a reminder goes out | America/Mexico_City | reminder | 2026-12-25T12:00:00-06:00 | 2026-12-25T18:00:00Z | -
	but not at night | America/Mexico_City | reminder | 2026-12-25T22:00:00-06:00 | 2026-12-26T15:00:00Z | quiet hours
	an alert goes out | America/Mexico_City | alert | 2026-12-25T03:00:00-06:00 | 2026-12-25T09:00:00Z | -
	a receipt goes out | America/Mexico_City | transactional | 2026-12-25T03:00:00-06:00 | 2026-12-25T09:00:00Z | -
	a reminder told to wait | America/Mexico_City | reminder;class reminder.holidays=hold | 2026-12-25T12:00:00-06:00 | 2026-12-26T15:00:00Z | holiday: Navidad; quiet hours
	holidays without quiet hours | America/Mexico_City | alert;class alert.holidays=hold | 2026-12-25T12:00:00-06:00 | 2026-12-26T06:00:00Z | holiday: Navidad
	# each rule of the law
	1 January | America/Mexico_City | announcement | 2027-01-01T12:00:00-06:00 | 2027-01-02T15:00:00Z | holiday: Año Nuevo; quiet hours
	first Monday of February 2027 | America/Mexico_City | announcement | 2027-02-01T12:00:00-06:00 | 2027-02-02T15:00:00Z | holiday: Día de la Constitución; quiet hours
	the second Monday is none | America/Mexico_City | announcement | 2027-02-08T12:00:00-06:00 | 2027-02-08T18:00:00Z | -
	first Monday of February 2026 | America/Mexico_City | announcement | 2026-02-02T12:00:00-06:00 | 2026-02-03T15:00:00Z | holiday: Día de la Constitución; quiet hours
	third Monday of March 2027 | America/Mexico_City | announcement | 2027-03-15T12:00:00-06:00 | 2027-03-16T15:00:00Z | holiday: Natalicio de Benito Juárez; quiet hours
	21 March 2027 is a Sunday | America/Mexico_City | announcement | 2027-03-21T12:00:00-06:00 | 2027-03-21T18:00:00Z | -
	1 May | America/Mexico_City | announcement | 2027-05-01T12:00:00-06:00 | 2027-05-02T15:00:00Z | holiday: Día del Trabajo; quiet hours
	16 September | America/Mexico_City | announcement | 2027-09-16T12:00:00-06:00 | 2027-09-17T15:00:00Z | holiday: Día de la Independencia; quiet hours
	third Monday of November 2026 | America/Mexico_City | announcement | 2026-11-16T12:00:00-06:00 | 2026-11-17T15:00:00Z | holiday: Día de la Revolución; quiet hours
	20 November 2026 is none | America/Mexico_City | announcement | 2026-11-20T12:00:00-06:00 | 2026-11-20T18:00:00Z | -
	1 October 2030 | America/Mexico_City | announcement | 2030-10-01T12:00:00-06:00 | 2030-10-02T15:00:00Z | holiday: Transmisión del Poder Ejecutivo Federal; quiet hours
	but not in 2029 | America/Mexico_City | announcement | 2029-10-01T12:00:00-06:00 | 2029-10-01T18:00:00Z | -
	# the reader's own calendar day
	Christmas is over in Kolkata | Asia/Kolkata | announcement | 2026-12-25T12:30:00-06:00 | 2026-12-26T03:30:00Z | quiet hours
	and has begun in Lord Howe | Australia/Lord_Howe | announcement | 2026-12-24T20:00:00Z | 2026-12-25T22:00:00Z | holiday: Navidad; quiet hours
	END
}

@test "when: days of one year, last weekdays, leap days, several in a row" {
	calendar '# ours' '' '2026-12-24 Nochebuena' '12-25 Navidad' \
		'  12-26	' '02-29 Bisiesto' '05-monlast Memorial Day' \
		'2026-12-25 segundo nombre' $'10-25 Fold\r' \
		'2026-04-24 Gap' '2027-04-29 Eve'
	check_times 12 <<-'END'
	three in a row | America/Mexico_City | announcement | 2026-12-24T12:00:00-06:00 | 2026-12-27T15:00:00Z | holiday: Nochebuena; holiday: Navidad; holiday; quiet hours
	two in the next year | America/Mexico_City | announcement | 2027-12-24T12:00:00-06:00 | 2027-12-24T18:00:00Z | -
	29 February | America/Mexico_City | announcement | 2028-02-29T12:00:00-06:00 | 2028-03-01T15:00:00Z | holiday: Bisiesto; quiet hours
	no 29 February: 1 March is none | America/Mexico_City | announcement | 2027-03-01T12:00:00-06:00 | 2027-03-01T18:00:00Z | -
	the last Monday of May is the fifth | America/Mexico_City | announcement | 2027-05-31T12:00:00-06:00 | 2027-06-01T15:00:00Z | holiday: Memorial Day; quiet hours
	the fourth is not the last | America/Mexico_City | announcement | 2027-05-24T12:00:00-06:00 | 2027-05-24T18:00:00Z | -
	but in 2026 it is | America/Mexico_City | announcement | 2026-05-25T12:00:00-06:00 | 2026-05-26T15:00:00Z | holiday: Memorial Day; quiet hours
	without quiet hours: to midnight | America/Mexico_City | announcement;quiet.start=00:00;quiet.end=00:00 | 2026-05-25T12:00:00-06:00 | 2026-05-26T06:00:00Z | holiday: Memorial Day
	a day of 25 hours | Europe/Madrid | announcement;quiet.start=00:00;quiet.end=00:00 | 2026-10-25T00:00:00+02:00 | 2026-10-25T23:00:00Z | holiday: Fold
	the midnight after it is skipped | Africa/Cairo | announcement;quiet.start=00:00;quiet.end=00:00 | 2027-04-29T12:00:00Z | 2027-04-29T22:00:00Z | holiday: Eve
	its own midnight is skipped: 23:59:59 | Africa/Cairo | announcement;quiet.start=00:00;quiet.end=00:00 | 2026-04-23T21:59:59Z | 2026-04-23T21:59:59Z | -
	it begins at 01:00 | Africa/Cairo | announcement;quiet.start=00:00;quiet.end=00:00 | 2026-04-23T22:00:00Z | 2026-04-24T21:00:00Z | holiday: Gap
	END
}

@test "marketing never passes quiet hours nor holidays, whatever it says it is (Inv. 6)" {
	people
	calendar '11-23 Today'
	at 2026-11-23T12:00:00-06:00
	route_row kai '"topic":"marketing"'
	assert_equal "$(jq -r .route.waits.for <<<"$output")" \
		'holiday: Today; quiet hours'
	route_row kai '"topic":"marketing","class":"alert","channel":"email"'
	assert_equal "$(jq -r '.class, .not_before' <<<"$output")" \
		$'alert\n2026-11-24T15:00:00Z'
	for setting in 'quiet=no: marketing is never sent in quiet hours' \
		'holidays=send: marketing is never sent on holidays'; do
		run -78 omni-route -o "class marketing.${setting%%:*}" <"$in.normal"
		assert_output "omni-route: $OMNI_CONF: [class marketing]: ${setting/=/ = }"
		run -78 omni-send-mail -o "class marketing.${setting%%:*}"
	done
}

@test "what waits beyond its end is refused as too late, not sent the day after (Inv. 6)" {
	calendar '12-25 Navidad'
	more=',"expires_at":"2026-12-26T14:59:59Z"'
	check_times 2 <<-'END'
	over before it may go | America/Mexico_City | announcement | 2026-12-25T12:00:00-06:00 | too_late | holiday: Navidad; quiet hours
	a reminder need not wait | America/Mexico_City | reminder | 2026-12-25T12:00:00-06:00 | 2026-12-25T18:00:00Z | -
	END
	more=',"expires_at":"2026-12-26T15:00:01Z"'
	check_times 1 <<-'END'
	a second is left | America/Mexico_City | announcement | 2026-12-25T12:00:00-06:00 | 2026-12-26T15:00:00Z | holiday: Navidad; quiet hours
	END
}

@test "a calendar in which each day is a holiday ends, too" {
	local month

	for month in 01 02 03 04 05 06 07 08 09 10 11 12; do
		printf "$month-%02d x\n" {1..28}
		[ "$month" = 02 ] || printf "$month-%02d x\n" 29 30
	done >"$BATS_TEST_TMPDIR/days"
	for month in 01 03 05 07 08 10 12; do
		echo "$month-31 x"
	done >>"$BATS_TEST_TMPDIR/days"
	calendar '02-29 x'
	cat "$BATS_TEST_TMPDIR/days" >>"$SITE/etc/holidays"
	more=',"expires_at":"2027-11-23T00:00:00Z"'
	check_times 1 <<-'END'
	no day is left | America/Mexico_City | announcement | 2026-11-23T12:00:00-06:00 | too_late | holiday: x
	END
}

@test "a calendar that is missing or wrong is an error of the configuration: 78, with the line" {
	local line

	calendar '12-25 Navidad'
	rm "$SITE/etc/holidays"
	route_row ana '"contact":{"email":"ana@x.example"}'
	run -78 omni-route <"$in.normal"
	assert_output "omni-route: $OMNI_CONF: [paths] holidays: $SITE/etc/holidays: No such file or directory"
	run -78 omni-send-mail
	assert_output "omni-send-mail: $OMNI_CONF: [paths] holidays: $SITE/etc/holidays: No such file or directory"
	while IFS= read -r line; do
		calendar '# one' '12-25 Navidad' "$line" '12-26 later'
		run -78 omni-route <"$in.normal"
		assert_output "omni-route: $SITE/etc/holidays:3: not a day; write 2026-12-25, 12-25 or 02-mon1, a blank and its name"
	done <<-'END'
	Navidad
	2026-13-01 x
	2026-02-29 x
	2026-2-9 x
	0000-12-25 x
	02-30 x
	00-10 x
	13-mon1 x
	02-mon0 x
	02-mon5 x
	02-mon x
	02-mon11 x
	02-lun1 x
	02-MON1 x
	2026-02-mon1 x
	12-25,Navidad
	12-250 x
	12/25 x
	25 December
	-12-25 x
	123456789012345678901234567890 x
	END
	calendar '# one' $'12-25 Navi\xffdad'
	run -78 omni-route <"$in.normal"
	assert_output "omni-route: $SITE/etc/holidays:2: not UTF-8 text"
	calendar $'12-25 Navi\033dad'
	run -78 omni-route <"$in.normal"
	assert_output "omni-route: $SITE/etc/holidays:1: a control character"
	calendar "12-25 $(printf 'x%.0s' {1..81})"
	run -78 omni-route <"$in.normal"
	assert_output "omni-route: $SITE/etc/holidays:1: a name longer than 80 bytes"
	printf '12-25\0 x\n' >"$SITE/etc/holidays"
	run -78 omni-route <"$in.normal"
	assert_output "omni-route: $SITE/etc/holidays:1: not UTF-8 text"
	mkfifo "$SITE/etc/fifo"
	run -78 omni-route -o paths.holidays=fifo <"$in.normal"
	run -78 omni-send-sms -o paths.holidays=.
	# An empty one, and one without a last line end, are calendars.
	: >"$SITE/etc/holidays"
	run -0 omni-route <"$in.normal"
	printf '12-25 Navidad' >"$SITE/etc/holidays"
	run -0 omni-route <"$in.normal"
}
