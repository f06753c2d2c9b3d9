# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154	# for the tests; set by helper.bash
# What the tests of omni-assist share: a clinic whose model omni-simulator plays.

KEY=simulator-key-4711

# make_clinic: a site with two people, and a model to ask
make_clinic() {
	server=
	# 17:00 at the clinic.
	make_ledger 2026-11-23T23:00:00Z
	keep_console
	export TWILIO_AUTH_TOKEN=12345678901234567890123456789012
	export OMNI_TEST_KEY=$KEY
	sed -i 's/^provider = maildir/provider = console/' "$OMNI_CONF"
	inbound=$SITE/spool/inbound
	mkdir -p "$inbound"/{tmp,new,cur,bad} "$SITE/etc/assist"
	names=0
	journal=$BATS_TEST_TMPDIR/played
	start_model
	cat >>"$OMNI_CONF" <<-END

	[provider model]
	kind = anthropic
	base_url = $model
	access_token = env:OMNI_TEST_KEY
	timeout = 10s

	[assist]
	provider = model
	model = test-model
	facts = assist
	input_cost = 3
	output_cost = 15
	END
	printf '%s\n' '# Horario' 'Abrimos de lunes a viernes de 9:00 a 19:00.' \
		'Estacionamiento en Calle Roma 12. Banco: 55 9876 5432.' \
		>"$SITE/etc/assist/horario.md"
	contact ana 5512345678 'Ana Díaz'
	contact luis 5512345679 'Luis Peña'
}

# start_model: a language model that says what script() has
start_model() {
	local line
	coproc model_out {
		exec env -u OMNI_NOW omni-simulator -d "$journal" \
			-o "llm_key=$KEY" 2>/dev/null
	}
	server=$model_out_PID
	read -r -t 20 -u "${model_out[0]}" line
	model=$(jq -r .http <<<"$line")
}

# script ANSWER...: what it answers, in turn; the last one again and again
script() {
	jq -n '{llm: [$ARGS.positional[] | fromjson]}' --args "$@" |
		curl -sSf -o /dev/null -d @- "$model/_control"
}

openai() {
	sed -i 's/^kind = anthropic/kind = openai/' "$OMNI_CONF"
}

mode() {
	sed -i "/^provider = model/a mode = $1" "$OMNI_CONF"
}

# asked: how often the model was asked
asked() {
	grep -c '"provider":"llm"' "$journal/requests.ndjson" || :
}

# prompt [N]: all that the N-th question said
prompt() {
	grep '"provider":"llm"' "$journal/requests.ndjson" | sed -n "${1-1}p" |
		jq -r '.json | .. | strings'
}

contact() {
	jq -cn --arg id "$1" --arg phone "$2" --arg name "$3" \
		--arg language "${4-es}" '{id: $id, name: $name, phone: $phone,
		whatsapp: $phone, email: "\($id)@example.org",
		language: $language}' >"$in"
	run -0 omni-contact import -q <"$in"
}

# text FROM BODY [CHANNEL]: somebody writes by Twilio; the event is in $in
text() {
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
	omni-ingest >"$in"
}

# assist [OPTION]...: the event in $in goes through; the record is in $record
assist() {
	run --separate-stderr omni-assist "$@" <"$in"
	record=$output
	rc=$status
	said=$stderr
	printf '%s\n' "$record" >"$BATS_TEST_TMPDIR/record"
	run omni-queue -q <"$BATS_TEST_TMPDIR/record"
}

# got FILTER: of the record
got() {
	jq -r "$1" <<<"$record"
}

ours() {
	sql "SELECT count(*) FROM message WHERE direction = 'outbound'"
}

flags() {
	sql "SELECT group_concat(kind || ': ' || reason, '; ') FROM flag
		WHERE resolved_at IS NULL"
}

reply='{"tool":"reply","input":{"text":"Abrimos de 9:00 a 19:00."}}'
