#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2034	# run(1) of bats sets stderr; stop_server()
# The language models that omni-simulator plays: by hand, and by the clients that
# their makers publish.

setup() {
	load helper
	server=
	coproc model_out {
		exec env -u OMNI_NOW omni-simulator -d "$BATS_TEST_TMPDIR/d" \
			-o llm_key=k1 "${options[@]}" 2>/dev/null
	}
	server=$model_out_PID
	read -r -t 20 -u "${model_out[0]}" line
	model=$(jq -r .http <<<"$line")
}

teardown() {
	stop_server
}

script() {
	jq -n '{llm: [$ARGS.positional[] | fromjson]}' --args "$@" |
		curl -sSf -o /dev/null -d @- "$model/_control"
}

ANTHROPIC='{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
OPENAI='{"model":"m","messages":[{"role":"user","content":"hi"}]}'

# anthropic [BODY [KEY]], openai [BODY [KEY]]: status and answer in $output
anthropic() {
	run -0 curl -sS -w '\n%{http_code}' -H "x-api-key: ${2-k1}" \
		-H 'anthropic-version: 2023-06-01' -d "${1-$ANTHROPIC}" \
		"$model/v1/messages"
}

openai() {
	run -0 curl -sS -w '\n%{http_code}' -H "Authorization: Bearer ${2-k1}" \
		-d "${1-$OPENAI}" "$model/v1/chat/completions"
}

# of FILTER: of the answer, before the status
of() {
	jq -rc "$1" <<<"${lines[0]}"
}

@test "each script entry in turn, the last one again, by both formats" {
	script '{"text":"uno"}' '{"tool":"t","input":{"a":1},"text":"dos"}' \
		'{"refuse":true}'
	anthropic
	assert_equal "$(of '[.type, .role, .content[0].text, .stop_reason]')" \
		'["message","assistant","uno","end_turn"]'
	openai
	assert_equal "$(of '.choices[0] | [.message.content,
		.message.tool_calls[0].function.arguments, .finish_reason]')" \
		'["dos","{\"a\":1}","tool_calls"]'
	anthropic
	assert_equal "$(of '[(.content | length), .stop_reason]')" \
		'[0,"refusal"]'
	openai
	assert_equal "$(of '.choices[0].finish_reason')" content_filter
	curl -sSf -o /dev/null -d '{"llm":null}' "$model/_control"
	anthropic
	assert_equal "$(of '.content[0].text')" 'Respuesta simulada.'
}

@test "without a script it calls the first tool that it is offered" {
	tools='[{"name":"t","input_schema":{"type":"object","properties":{"a":{"type":"string"},"b":{"enum":["x","y"]},"c":{"type":"integer"},"d":{"type":"boolean"}},"required":["a","b","c","d"]}}]'
	anthropic "$(jq -c --argjson t "$tools" '. + {tools: $t}' <<<"$ANTHROPIC")"
	assert_equal "$(of '.content[0] | [.type, .name, .input]')" \
		'["tool_use","t",{"a":"Respuesta simulada.","b":"x","c":1,"d":false}]'
	openai "$(jq -c --argjson t "$tools" '. + {tools: [$t[] | {type:
		"function", function: {name, parameters: .input_schema}}]}' \
		<<<"$OPENAI")"
	assert_equal "$(of '.choices[0].message.tool_calls[0].function |
		[.name, (.arguments | fromjson | .b)]')" '["t","x"]'
}

@test "errors in the form of each, scripted and deserved; Retry-After" {
	anthropic "$ANTHROPIC" wrong
	assert_equal "${lines[1]} $(of '[.type, .error.type]')" \
		'401 ["error","authentication_error"]'
	openai "$OPENAI" wrong
	assert_equal "${lines[1]} $(of '.error.code')" '401 invalid_api_key'
	anthropic '{"model":"m","messages":[{"role":"user","content":"x"}]}'
	assert_equal "${lines[1]} $(of .error.message)" \
		'400 max_tokens: Field required'
	anthropic '{"model":"m","max_tokens":1,"messages":[{"role":"system","content":"x"}]}'
	assert_equal "${lines[1]}" 400
	openai 'no json'
	assert_equal "${lines[1]}" 400
	openai '{"model":"m","messages":[]}'
	assert_equal "${lines[1]}" 400
	run -0 curl -sS -o /dev/null -w '%{http_code}' -H 'x-api-key: k1' \
		-d "$ANTHROPIC" "$model/v1/messages"
	assert_output 400
	script '{"status":529}' '{"status":429,"type":"insufficient_quota"}' \
		'{"raw":"nonsense"}' '{"status":500,"raw":"x"}'
	anthropic
	assert_equal "${lines[1]} $(of .error.type)" '529 overloaded_error'
	openai
	assert_equal "${lines[1]} $(of .error.code)" '429 insufficient_quota'
	openai
	assert_output $'nonsense\n200'
	openai
	assert_output $'x\n500'
	script '{"status":429,"retry_after":7}'
	run -0 curl -sS -i -H 'x-api-key: k1' -H 'anthropic-version: x' \
		-d "$ANTHROPIC" "$model/v1/messages"
	assert_line --partial 'Retry-After: 7'
}

@test "cut off, broken, without usage, of 100 kB" {
	script '{"text":"a","stop":"max_tokens"}' \
		'{"tool":"t","arguments":"{\"a\":"}' \
		'{"text":"a","usage":null}' \
		'{"text":"a","usage":{"input_tokens":3,"output_tokens":4}}' \
		'{"pad":100000}'
	anthropic
	assert_equal "$(of .stop_reason)" max_tokens
	openai
	assert_equal "$(of '.choices[0].message.tool_calls[0].function.arguments')" \
		'{"a":'
	openai
	assert_equal "$(of .usage)" null
	anthropic
	assert_equal "$(of .usage.output_tokens)" 4
	anthropic
	assert_equal "$(of '.content[0].text | length')" 100000
}

@test "faults meet it, too; what was asked is kept, the key is not" {
	curl -sSf -o /dev/null -d '{"faults":{"llm:error_429":1}}' "$model/_control"
	anthropic
	assert_equal "${lines[1]} $(of .error.type)" '429 rate_limit_error'
	curl -sSf -o /dev/null -d '{"faults":null}' "$model/_control"
	openai
	run -0 jq -c 'select(.provider == "llm") | [.path, .authorized, .status,
		.fault, .json.messages[0].content]' \
		"$BATS_TEST_TMPDIR/d/requests.ndjson"
	assert_output - <<-'END'
	["/v1/messages",true,429,"error_429","hi"]
	["/v1/chat/completions",true,200,null,"hi"]
	END
	run ! grep -q k1 "$BATS_TEST_TMPDIR/d/requests.ndjson"
}

@test "a script that is none is refused; one comes from a file" {
	run -22 curl -sSf -d '{"llm":[{"txt":"a"}]}' "$model/_control"
	run -22 curl -sSf -d '{"llm":7}' "$model/_control"
	run -22 curl -sSf -d '{"llm":["a"]}' "$model/_control"
	echo '{"txt":"a"}' >"$BATS_TEST_TMPDIR/script"
	run -64 timeout 20 omni-simulator --llm "$BATS_TEST_TMPDIR/script"
	assert_output --partial 'llm 0: no such member: txt'
	echo 'a' >"$BATS_TEST_TMPDIR/script"
	run -64 timeout 20 omni-simulator --llm "$BATS_TEST_TMPDIR/script"
	stop_server
	printf '%s\n' '{"text":"uno"}' '{"text":"dos"}' >"$BATS_TEST_TMPDIR/script"
	options=(--llm "$BATS_TEST_TMPDIR/script")
	setup
	openai
	assert_equal "$(of '.choices[0].message.content')" uno
	openai
	assert_equal "$(of '.choices[0].message.content')" dos
}

# need_npm PACKAGE VERSION: it comes from npm's registry into build/npm, once;
# into a folder of its own, since npm removes what it was not asked for
need_npm() {
	local into=$ROOT/build/npm/${1//[@\/]/-}
	command -v node >/dev/null || skip 'no node, for the clients'
	export CLIENT=$into/node_modules/$1
	[ -e "$CLIENT/package.json" ] && return
	command -v npm >/dev/null || skip "no npm, to get $1"
	mkdir -p "$into"
	npm install --prefix "$into" --no-save --no-audit --no-fund --silent \
		--ignore-scripts "$1@$2" >/dev/null 2>&1 ||
		skip "npm cannot get $1"
}

@test "Anthropic's own client reads what it says" {
	need_npm @anthropic-ai/sdk 0.60.0
	script '{"text":"Propongo esto.","tool":"reply","input":{"text":"Hola"}}' \
		'{"refuse":true}' '{"status":529}'
	run -0 node "$ROOT/tests/fake/llmclient.mjs" anthropic "$CLIENT" "$model" k1
	assert_output - <<-'END'
	["text","tool_use"] tool_use {"text":"Hola"}
	[] refusal -
	529 overloaded_error
	401 authentication_error
	END
}

@test "OpenAI's own client reads what it says" {
	need_npm openai 5.12.2
	script '{"tool":"reply","input":{"text":"Hola"}}' '{"refuse":true}' \
		'{"status":429}'
	run -0 node "$ROOT/tests/fake/llmclient.mjs" openai "$CLIENT" "$model" k1
	assert_output - <<-'END'
	null tool_calls {"text":"Hola"}
	null content_filter -
	429 rate_limit_exceeded
	401 invalid_api_key
	END
}

@test "what it says has the shape of the recorded answers" {
	local dir=$OMNI_CORPORA/wire/llm shape
	[ -d "$dir" ] || skip 'no corpora'
	# Paths and types, without the values.
	# shellcheck disable=SC2016	# of jq
	shape='[paths(scalars) as $p | [($p | map(if type == "number" then 0
		else . end) | join(".")), (getpath($p) | type)] | join(" ")] |
		unique | .[] | select(test("input\\.|service_tier") | not)'
	script '{"text":"a","tool":"t","input":{}}'
	anthropic
	jq -r "$shape" <<<"${lines[0]}" >"$BATS_TEST_TMPDIR/ours"
	jq -r "$shape" "$dir/anthropic-response-tool-use.json" \
		>"$BATS_TEST_TMPDIR/theirs"
	run -0 diff "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours"
	script '{"tool":"t","input":{}}'
	openai
	jq -r "$shape" <<<"${lines[0]}" >"$BATS_TEST_TMPDIR/ours"
	jq -r "$shape" "$dir/openai-response-tool-calls.json" \
		>"$BATS_TEST_TMPDIR/theirs"
	run -0 diff "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours"
}
