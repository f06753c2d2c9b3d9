#!/usr/bin/env bats
# The manual and the programs agree.

load helper

LEDGER_PAGE=$ROOT/man/omni-ledger.5

# What a page says, without its markup: page FILE
page() {
	mandoc -T utf8 -O width=1000 "$1" | sed 's/.\x08//g'
}

# words FILE: each word of the page on a line of its own, for grep -Fx
words() {
	page "$1" | grep -Eo '[[:alnum:]_.*-]+' | sed 's/\.$//' | sort -u
}

# A ledger in which most views have something to show.
fill_ledger() {
	make_site
	at 2026-11-23T17:00:00-06:00
	run -0 omni-ledger init
	cat >"$SITE/export" <<-'END'
	{"id":"A-1","type":"appointment","at":"2026-11-24T10:30","contact":{"id":"c1","name":"Rosa Pérez","email":"rosa@example.com","phone":"55 1234 5678"},"vars":{"owner_name":"Rosa","pet_name":"Luna"},"related":{"type":"appointment","id":"A-1"}}
	{"id":"A-2","type":"appointment","at":"2026-11-24T11:30","contact":{"id":"c2","name":"Ana","phone":"55 8765 4321","opt_out":["sms"]},"vars":{"owner_name":"Ana","pet_name":"Sol"}}
	{"id":"A-3","type":"appointment","at":"2026-11-24T12:30","status":"confirmed","contact":{"id":"c3","name":"Eva","email":"eva@example.com"},"vars":{"owner_name":"Eva","pet_name":"Kai"}}
	END
	run -0 omni-schedule -q <"$SITE/export"
	omni-escalate >"$SITE/due"
	omni-normalize <"$SITE/due" >"$SITE/normal"
	omni-route <"$SITE/normal" >"$SITE/routed" 2>"$SITE/says" || (($? == 1))
	omni-render <"$SITE/routed" >"$SITE/rendered" || (($? == 1))
	omni-queue -q <"$SITE/rendered" || (($? == 1))
	run -0 omni-send-mail -q
}

@test "each query of omni-ledger(5) runs" {
	local sql count=0

	fill_ledger
	while IFS= read -r sql; do
		run -0 sqlite3 -readonly -box "$SITE/spool/ledger.db" "$sql"
		count=$((count + 1))
	done < <(page "$LEDGER_PAGE" | sed -n \
	    "s/^ *\\$ sqlite3 -readonly -box ledger\\.db '\\(.*\\)'\$/\\1/p")
	[ "$count" -eq "$(grep -c '^CREATE VIEW' "$ROOT/share/ledger/views.sql")" ]
}

@test "each view of the ledger has a query in omni-ledger(5), and its columns" {
	local view column all text

	fill_ledger
	text=$(grep '^\.Dl \$ sqlite3' "$LEDGER_PAGE")
	all=$(words "$LEDGER_PAGE")
	while IFS= read -r view; do
		grep -Eq "FROM $view\\b" <<<"$text" || fail "no query: $view"
		while IFS= read -r column; do
			grep -Fqx -- "$column" <<<"$all" ||
				fail "$view: column $column is missing"
		done < <(sql "SELECT name FROM pragma_table_info('$view')")
	done < <(sql "SELECT name FROM sqlite_schema WHERE type = 'view'")
}

@test "each table of the ledger is in omni-ledger(5), and its columns" {
	local table column all

	make_site
	run -0 omni-ledger init
	all=$(words "$LEDGER_PAGE")
	while IFS= read -r table; do
		grep -Fqx -- "$table" <<<"$all" || fail "table $table is missing"
		while IFS= read -r column; do
			grep -Fqx -- "$column" <<<"$all" ||
				fail "$table: column $column is missing"
		done < <(sql "SELECT name FROM pragma_table_info('$table')")
	done < <(sql "SELECT name FROM sqlite_schema WHERE type = 'table'")
}

@test "each operation of apply.sql is in omni-ledger(5), and what it reads" {
	local name all

	all=$(words "$LEDGER_PAGE")
	while IFS= read -r name; do
		grep -Fqx -- "$name" <<<"$all" || fail "$name is missing"
	done < <(sed -n 's/^-- op \(.*\)$/\1/p' "$ROOT/share/ledger/apply.sql")
	while IFS= read -r name; do
		grep -Fqx -- "$name" <<<"$all" || fail "member $name is missing"
	done < <(grep -Eo '[$][.][a-z_.]+' "$ROOT/share/ledger/apply.sql" |
	    tr -d '$' | tr . '\n' | grep . | sort -u)
}

@test "omni-ledger(5) names no operation that does not exist" {
	local name

	while IFS= read -r name; do
		grep -Fqx -- "-- op $name" "$ROOT/share/ledger/apply.sql" ||
			fail "$name is no operation"
	done < <(sed -n '/^\.Sh OPERATIONS/,/^\.Sh TABLES/s/^\.It Li \([a-z]*\.[a-z]*\)$/\1/p' \
	    "$LEDGER_PAGE")
}

@test "each key of the configuration is in omni.conf(5), below its section" {
	local keys=$ROOT/build/tests/fake/confkeys kind key type rest text

	[ -x "$keys" ] || skip 'build/tests/fake/confkeys is not built'
	"$keys" >"$BATS_TEST_TMPDIR/keys"
	while read -r kind key type rest; do
		text=$(sed -n "/^\\.Ss \\[${kind}[] ]/,/^\\.Ss /p" \
		    "$ROOT/man/omni.conf.5")
		[ "$key" != 'step.*' ] || key=step.1
		grep -Eq "^\\.It Cm $key( |\$)" <<<"$text" ||
			fail "[$kind] $key is missing"
		grep -Eq "^\\.It Cm $key( .*)? Pq $type(,|\$)" <<<"$text" ||
			fail "[$kind] $key: not described as $type"
		[ "$rest" = - ] ||
			grep -Eq "^\\.It Cm $key .* (Li|Pa) $rest\$" <<<"$text" ||
			fail "[$kind] $key: the default is $rest"
	done <"$BATS_TEST_TMPDIR/keys"
}

@test "omni.conf(5) names no key that does not exist" {
	local keys=$ROOT/build/tests/fake/confkeys kind='' line key

	[ -x "$keys" ] || skip 'build/tests/fake/confkeys is not built'
	"$keys" >"$BATS_TEST_TMPDIR/keys"
	while IFS= read -r line; do
		case $line in
		'.Ss ['*)
			kind=${line#.Ss [}
			kind=${kind%%[] ]*}
			;;
		.S[sh]*)
			kind=
			;;
		'.It Cm step.1 No to'*)
			;;
		'.It Cm '*)
			[ -n "$kind" ] || continue
			key=${line#.It Cm }
			grep -Eq "^$kind ${key%% *} " "$BATS_TEST_TMPDIR/keys" ||
				fail "[$kind] has no key ${key%% *}"
			;;
		esac
	done <"$ROOT/man/omni.conf.5"
}

@test "the complete example of omni.conf(5) is a configuration" {
	mkdir -p "$BATS_TEST_TMPDIR/etc"
	sed -n '/^A complete configuration/,/^\.Ed/p' "$ROOT/man/omni.conf.5" |
	    grep -v -e '^\.' -e '^A complete' >"$BATS_TEST_TMPDIR/etc/omni.conf"
	run -0 omni-ledger -c "$BATS_TEST_TMPDIR/etc/omni.conf" \
	    setting site.name
	assert_output 'Clinica Roma'
}

@test "each option in --help is in the program's page" {
	local program file text option

	for program in "$ROOT"/bin/*; do
		# A program has the page of the one that starts it.
		file=$ROOT/man/$(basename "${program%-drain}").1
		[ -e "$file" ] || fail "$program has no page"
		text=$(page "$file")
		while IFS= read -r option; do
			grep -Eq -- "(^|[^[:alnum:]-])$option([^[:alnum:]-]|\$)" \
			    <<<"$text" || fail "$file: $option is missing"
		done < <("$program" --help </dev/null |
		    grep -Eo -- '(^|[^[:alnum:]-])--?[[:alnum:]][[:alnum:]-]*' |
		    sed 's/^[^-]*//' | sort -u)
	done
}

@test "each error code that a program gives is in omni-record(5)" {
	local code all

	all=$(words "$ROOT/man/omni-record.5")
	while IFS= read -r code; do
		grep -Fqx -- "$code" <<<"$all" || fail "$code is missing"
	done < <(cat "$ROOT"/src/*.c "$ROOT"/src/*/*.c | tr '\n\t' '  ' |
	    tr -s ' ' | grep -Eo \
	    '(filter_refuse(_temporarily|_quietly)?\([^"]*|bad\(n, |pass_bad_line\([^"]*)"[a-z_]+"' |
	    sed 's/.*"\(.*\)"/\1/' | sort -u)
}

# template_examples: what omni-template(5) says a template becomes, a request of
# omni-render --try with its "expected" on each line.  Comments of the page name
# its blocks: the data, files to include, lines of a template and its results.
template_examples() {
	sed -e 's/\\e/\\/g' -e "s/\\\\(aq/'/g" -e 's/\\&//g' \
	    "$ROOT/man/omni-template.5" | jq -Rnc '
	def block: until(.lines[0] == ".Ed" or .lines == [];
	    .block += [.lines[0]] | .lines |= .[1:]);
	[inputs] as $all
	| [range($all | length) as $i | $all[$i] |
	    capture("^\\.\\\\\" (?<kind>data|try|file|whole) ?(?<rest>.*)")
	    as $mark | {lines: $all[$i + 2:], block: []} | block |
	    $mark + {block, after: [.lines[] | select(startswith(".Dl "))[4:]][0]}]
	| (.[] | select(.kind == "data").block | join("\n") | fromjson) as $data
	| (map(select(.kind == "file") | {(.rest): (.block | join("\n"))})
	    | add) as $files
	| .[]
	| select(.kind == "try" or .kind == "whole")
	| (.rest | fromjson) as $asked
	| ($asked.languages // [$asked.language]) as $languages
	| if .kind == "whole"
	    then [(.block | join("\n")), .after]
	    else .block[] | capture("^(?<template>.*?[^ ])  +(?<rest>.*)")
		| [.template] + if ($languages | length) == 1 then [.rest]
		    else [.rest | splits("  +")] end
	    end
	| . as $row | range($languages | length) as $i
	| {template: $row[0], expected: $row[1 + $i],
	    language: $languages[$i], data: $data, templates: $files,
	    format: ($asked.format // "text"), currency: "MXN",
	    timezone: "America/Mexico_City"}'
}

@test "each example of omni-template(5) gives what the page says" {
	local wrong

	make_site
	at 2026-11-23T17:00:00-06:00
	template_examples >"$BATS_TEST_TMPDIR/requests"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/requests")" -gt 130 ]
	omni-render --try <"$BATS_TEST_TMPDIR/requests" \
	    >"$BATS_TEST_TMPDIR/answers" || (($? == 1))
	wrong=$(jq -nr --slurpfile requests "$BATS_TEST_TMPDIR/requests" \
	    '[inputs] | to_entries[] | $requests[.key] as $r | .value |
	    select(if $r.expected | startswith("refused: ")
		then (.error.message // "") | contains($r.expected[9:]) | not
		else .result != $r.expected end) |
	    [$r.language, $r.template, "not " + $r.expected,
	    .result // .error.message] | @tsv' <"$BATS_TEST_TMPDIR/answers")
	[ -z "$wrong" ] || fail "$wrong"
}

@test "each filter and tag has an example in omni-template(5)" {
	local name text count=0

	text=$(template_examples | jq -r '.template, .templates[]')
	while IFS= read -r name; do
		grep -Eq "\\| *$name\\b" <<<"$text" || fail "no filter $name"
		count=$((count + 1))
	done < <(sed -n '/^const struct filter filters_/,/^}/s/^	{ "\([a-z_]*\)",.*/\1/p' \
	    "$ROOT"/src/template/filters_*.c)
	[ "$count" -ge 40 ]
	while IFS= read -r name; do
		grep -Eq "{% *$name\\b" <<<"$text" || fail "no tag $name"
		count=$((count + 1))
	done < <(sed -n '/^static const struct tag tags/,/^}/p' \
	    "$ROOT/src/template/tags.c" | grep -o '{ "[a-z]*"' | tr -dc 'a-z\n')
	[ "$count" -ge 54 ]
}

@test "omni(7) says of each other page that it is there" {
	local file name

	sed -n '/^\.Sh SEE ALSO/,/^\.Pp/p' "$ROOT/man/omni.7" \
	    >"$BATS_TEST_TMPDIR/seen"
	for file in "$ROOT"/man/*; do
		name=${file##*/}
		[ "$name" = omni.7 ] ||
			grep -Eq "^\.Xr ${name%.*} ${name##*.}( ,)?$" \
			    "$BATS_TEST_TMPDIR/seen" || fail "$name is missing"
	done
}

@test "every page is free of mandoc's warnings" {
	local file

	for file in "$ROOT"/man/*; do
		run -0 mandoc -T lint -W warning "$file"
		assert_output ''
	done
}
