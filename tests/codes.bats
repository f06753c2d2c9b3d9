#!/usr/bin/env bats
# The manual names each error code of the providers' tables, at its outcome.

load helper

# check TABLE PAGE
check() {
	local first last answer receipt text shown bad=0

	text=$(mandoc -T utf8 -O width=1000 "$ROOT/man/$2" | sed 's/.\x08//g')
	while IFS=', ' read -r first last answer receipt; do
		shown=$first
		[ "$last" -eq 0 ] || shown="$first to $last"
		grep -Eq "^ *${answer,,} +(.*, )?$shown([,:; ]|$)" \
		    <<<"$text" && continue
		echo "$2: $shown is not shown as ${answer,,} ($receipt)"
		bad=1
	done < <(sed -nE 's/^\t\{ ([0-9]+), ([0-9]+), ([A-Z]+), (.*) \},$/\1, \2, \3, \4/p' \
	    "$ROOT/src/provider/$1")
	[ "$bad" -eq 0 ]
}

@test "omni-send-sms(1) has Twilio's codes" {
	check twilio_codes.c omni-send-sms.1
}

@test "omni-send-wa(1) has WhatsApp's codes" {
	check whatsapp_codes.c omni-send-wa.1
}

@test "omni-send-push(1) has ntfy's codes" {
	check ntfy.c omni-send-push.1
}
