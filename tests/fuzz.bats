#!/usr/bin/env bats
# The inputs that fuzzing found worth keeping, and those that once went wrong,
# given to the same targets.  "make check-fuzz" looks for more.

load helper

feed() {
	run -0 "$ROOT/build/tests/fuzz/$1_fuzz" "$ROOT/tests/fuzz/corpus/$1"
	assert_line --regexp '^[0-9]+ inputs$'
}

@test "templates: the parser and the renderer" {
	feed template
}

@test "meta.conf, its parts, and what WhatsApp gets of them" {
	feed meta
}

@test "Twilio's answers and its list" {
	feed twilio
}

@test "what Twilio says of calls, and what they go on with" {
	feed twilio_call
}

@test "answers of WhatsApp's Cloud API, and records for it" {
	feed whatsapp
}

@test "mails, with what goes along" {
	feed mime
}

@test "subscriptions of browsers" {
	feed subscription
}

@test "a webhook of Meta's" {
	feed whatsapp_hook
}

@test "mails that come in" {
	feed mail
}

@test "mails that omni-send-mail --check looks at" {
	feed mailcheck
}

@test "a webhook of SNS's, and what SES says in it" {
	feed sns
}

@test "answers of people, and lists of words for them" {
	feed reply
}

@test "what people send along" {
	feed media
}

@test "requests of a web server" {
	feed cgi
}

@test "forms and queries" {
	feed form
}

@test "requests for the pages behind links" {
	feed page_hook
}

@test "records" {
	feed record
}

@test "omni.conf" {
	feed config
}

@test "steps of ladders, opening hours, times and durations" {
	feed step
}

@test "a calendar's export" {
	feed export
}

@test "answers of SES" {
	feed ses
}

@test "answers of push services" {
	feed push
}

@test "answers to lookups" {
	feed lookup
}

@test "replies of mail servers" {
	feed smtp
}

@test "what phonenumber answers, and what omni makes of it" {
	feed phonebook
}

@test "questions to phonenumber" {
	feed phonenumber
}

@test "files of the inbound spool" {
	feed inbound_file
}

@test "work orders" {
	feed order
}

@test "answers of language models, and what a reader would get of them" {
	feed llm
}

@test "lines of an MCP client" {
	feed mcp
}
