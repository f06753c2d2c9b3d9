# shellcheck shell=bash
# A clinic to which people write, for the tests of what staff sees.

# open_clinic: at 17:00, with Ana at the terminal and nothing that leaves it
open_clinic() {
	make_ledger 2026-11-23T23:00:00Z
	keep_console
	export TWILIO_AUTH_TOKEN=12345678901234567890123456789012 USER=ana
	unset SUDO_USER GATEWAY_INTERFACE
	sed -i 's/^provider = maildir/provider = console/' "$OMNI_CONF"
	inbound=$SITE/spool/inbound
	mkdir -p "$inbound"/{tmp,new,cur,bad}
	names=0
}

# contact ID PHONE NAME [LANGUAGE]
contact() {
	jq -cn --arg id "$1" --arg phone "$2" --arg name "$3" \
		--arg language "${4-}" '{id: $id, name: $name, phone: $phone,
		whatsapp: $phone, email: "\($id)@example.org"} +
		if $language == "" then {} else {language: $language} end' \
		>"$BATS_TEST_TMPDIR/contact"
	run -0 omni-contact import -q <"$BATS_TEST_TMPDIR/contact"
}

# written FROM BODY [CHANNEL]: what somebody writes waits, as of Twilio
written() {
	local sid from=$1 kind=${3-sms} prefix=
	names=$((names + 1))
	sid=$(printf 'SM%032d' "$names")
	[ "$kind" = sms ] || prefix=whatsapp:
	printf 'Hook: %s\nReceived: %s\nContent-Type: x\nQuery: \nToken: \n\n%s' \
		twilio/sms "$OMNI_NOW" "$(jq -rn '$ARGS.positional |
		map(capture("(?<k>[^=]*)=(?<v>.*)"; "ms") | .k + "=" +
		(.v | @uri)) | join("&")' --args "MessageSid=$sid" \
		"From=$prefix$from" "To=$prefix+525587654321" "Body=$2")" \
		>"$inbound/new/$names"
}

# text FROM BODY [CHANNEL]: somebody writes, and it is in the ledger
text() {
	written "$@"
	run -0 omni-ingest -q
}
