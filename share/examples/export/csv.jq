# jq -Rsc -f csv.jq appointments.csv
#
# Records for omni-schedule(1) of a CSV export: RFC 4180, so quoted cells may
# hold commas, quotes and line ends; with or without a byte order mark.  The
# whole file is in memory: for a million rows take Miller.

# [[cell, ...], ...]
def csv:
	ltrimstr("\ufeff") | gsub("\r\n"; "\n")
	| if (gsub("[^\"]"; "") | length) % 2 == 1 then
		error("a quoted cell is never closed") else . end
	| [match("(\"(?:[^\"]|\"\")*\"|[^\",\n]*)(,|\n|$)"; "g")
	    | .captures | map(.string)]
	| reduce .[] as [$cell, $stop] ([[]];
		.[-1] += [if $cell[:1] == "\"" then
		    $cell[1:-1] | gsub("\"\""; "\"") else $cell end]
		| if $stop == "\n" then . + [[]] else . end)
	| map(select(. != [""] and . != []));

# [{header: cell, ...}, ...]; a row of another length ends it all, since nobody
# knows which of its cells is which.
def rows:
	csv | .[0] as $header | .[1:][]
	| if length != ($header | length) then
		error("a row has \(length) cells, not \($header | length): \(.)")
	  else . end
	| [$header, .] | transpose
	| map({key: .[0], value: .[1]}) | from_entries;

# Empty cells leave their member out.
def compact: with_entries(select(.value != "" and .value != null));

rows | {
	id: .id,
	type: "appointment",
	at: .starts,
	status: ({booked: "scheduled", off: "cancelled"}[.state] // .state),
	updated_at: .changed,
	contact: ({id: .client, name, phone, email} | compact),
	vars: ({owner_name: .name, pet_name: .pet} | compact)
} | compact
