#!/usr/bin/env bats
# Requests that Twilio's own libraries signed, and the same ones tampered with.

setup() {
	load helper
	: "${OMNI_CORPORA:=$ROOT/../shared/corpora}"
	PATH=$ROOT/build/tests/fake:$PATH
	in=$BATS_TEST_TMPDIR/in
	out=$BATS_TEST_TMPDIR/out
}

# need FILE: skips the test where the corpus is not at hand
need() {
	corpus=$OMNI_CORPORA/$1
	[ -r "$corpus" ] || skip "no corpus: $corpus"
}

# counts: twiliosig's answers to $in, as "VALID INVALID"
counts() {
	twiliosig <"$in" >"$out"
	run -0 jq -rs '[map(select(.valid)), map(select(.valid | not))] |
	    map(length) | join(" ")' "$out"
}

# as_expected: twiliosig agrees with `valid` in every record of $in
as_expected() {
	twiliosig <"$in" >"$out"
	run -0 diff <(jq -c '{valid}' "$in") "$out"
}

# rows: how many records are in $in
rows() {
	wc -l <"$in"
}

@test "every request of the signature corpus comes out right" {
	need twilio/signatures.ndjson
	cp "$corpus" "$in"
	[ "$(rows)" -ge 2511 ]
	as_expected
}

@test "another token, path or body: not one is valid" {
	local change

	need twilio/signatures.ndjson
	for change in '.token += "x"' \
	    '.url |= sub("(?<host>://[^/?]*)"; "\(.host)/x")' \
	    '.url |= sub("://"; "://x.")' \
	    '.url |= sub("(?<path>^[^?]*)"; "\(.path)?q=")' \
	    '.body += if .kind == "json" then " " else "&zz=1" end' \
	    '.content_type = "text/plain" | .body += " "' \
	    '.signature |= ascii_downcase' \
	    '.signature |= .[:-1]' \
	    'del(.signature)' \
	    '.token = ""'; do
		jq -c "$change" "$corpus" >"$in"
		counts
		assert_output "0 $(rows)"
	done
}

@test "a value moved to another name is noticed" {
	need twilio/signatures.ndjson
	jq -c 'select(.kind == "status") |
	    .body |= (sub("SmsStatus="; "SmsStatu=s"))' "$corpus" >"$in"
	# Names and values are signed without a separator, by Twilio's rule:
	# this one tampering cannot be seen, wherever the order stays.
	counts
	assert_output "$(rows) 0"
	jq -c 'select(.kind == "status") |
	    .body |= (sub("&To="; "&X=") | sub("&From="; "&To="))' \
	    "$corpus" >"$in"
	counts
	assert_output "0 $(rows)"
}

@test "the vectors of Twilio's own test suites come out right" {
	need wire/twilio-signature-vectors.json
	jq -c '.vectors[] | . as $v | {
		token: .auth_token, url: .received_url, signature, valid,
		content_type: (if .body == null then
		    "application/x-www-form-urlencoded" else
		    "application/json" end),
		body: (.body // ([.params | to_entries[] | .key as $k |
		    ([.value] | flatten)[] | "\($k | @uri)=\(@uri)"] |
		    join("&")))
	}' "$corpus" >"$in"
	[ "$(rows)" -ge 20 ]
	as_expected
}

@test "the sample webhooks are signed" {
	local folder

	need wire/twilio-webhooks/index.json
	folder=${corpus%/*}
	jq -c '.auth_token as $token | .requests[] |
	    {token: $token, url, content_type, valid: true, file,
	    signature: .x_twilio_signature}' "$corpus" |
	while read -r request; do
		jq -c --rawfile body \
		    "$folder/$(jq -r .file <<<"$request")" \
		    '. + {$body}' <<<"$request"
	done >"$in"
	[ "$(rows)" -ge 14 ]
	as_expected
}

@test "input that is not a record ends with 65" {
	echo '{' >"$in"
	run -65 twiliosig <"$in"
	printf '{}' >"$in"
	run -65 twiliosig <"$in"
}
