# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154	# for the tests; set by helper.bash
# What the tests of omni-assist share: a clinic whose model omni-simulator plays.

load people

KEY=simulator-key-4711

# make_clinic: a site with two people, and a model to ask
make_clinic() {
	server=
	open_clinic
	export OMNI_TEST_KEY=$KEY
	mkdir -p "$SITE/etc/assist"
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
	contact ana 5512345678 'Ana Díaz' es
	contact luis 5512345679 'Luis Peña' es
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

# asks FROM BODY [CHANNEL]: somebody writes; the event is in $in
asks() {
	written "$@"
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
