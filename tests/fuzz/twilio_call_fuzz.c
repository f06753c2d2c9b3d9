/*
 * What Twilio says of a call, under inputs made by chance, for libFuzzer or
 * feed.c: the events that the drain relies on, and the TwiML that somebody is
 * going to hear.
 *
 * An input is the query of our URL, a newline, and the form.
 */
#include "http.h"

#include "provider/speech.h"
#include "provider/twilio_hook.h"

/* What goes into a key, a view or a comparison. */
static void
check_plain(const struct value *event, const char *key)
{
	const char *s = value_get_string(event, key);

	for (; s != NULL && *s != '\0'; s++)
		promise(*s > ' ' && *s <= '~', key);
}

static void
check_event(enum twilio_hook kind, const struct value *event)
{
	const char *what = value_get_string(event, "kind");
	const char *by = value_get_string(event, "answered_by");

	promise(what != NULL && value_get_string(event, "key") != NULL &&
	    value_get_string(event, "provider_id") != NULL, "it is an event");
	promise(kind == TWILIO_HOOK_CALL ? strcmp(what, "status") == 0 :
	    strcmp(what, "message") == 0 || strcmp(what, "other") == 0,
	    "of a kind that comes by this way");
	promise(strcmp(what, "status") != 0 ||
	    value_get_string(event, "status") != NULL, "a status is one");
	promise(strcmp(what, "message") != 0 ||
	    (value_get_string(event, "pressed") != NULL &&
	    value_get_string(event, "from") != NULL), "somebody pressed it");
	promise(!speech_is_machine(by) || strcmp(what, "status") != 0 ||
	    strcmp(value_get_string(event, "status"), "delivered") != 0,
	    "a machine has not heard it");
	promise(!speech_is_machine(by) || strcmp(what, "message") != 0 ||
	    strcmp(value_get_string(event, "pressed"), "unclear") == 0,
	    "and decides nothing");
	check_plain(event, "key");
	check_plain(event, "provider_id");
}

/* Each tag that is opened is closed, and nothing in between is a tag. */
static void
check_twiml(const struct buf *out)
{
	const char *s = strstr(buf_text(out), "<Response>"), *end, *open[8];
	size_t depth = 0, len;

	promise(s != NULL && !out->full, "it is TwiML");
	for (; s != NULL; s = strchr(end, '<')) {
		end = strchr(s, '>');
		promise(end != NULL, "a tag ends");
		len = strcspn(s + 1, " />");
		if (s[1] == '/') {
			promise(depth-- > 0, "it was opened");
			len = (size_t)(end - s) - 2;
			promise(strncmp(open[depth], s + 2, len) == 0,
			    "the one that was opened last");
		} else if (end[-1] != '/') {
			promise(depth < 8 && len > 0, "it has a name");
			open[depth++] = s + 1;
		}
	}
	promise(depth == 0, "all are closed");
	promise(utf8_valid(buf_text(out), out->len), "it is UTF-8");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena mem = ARENA_INIT((size_t)16 * 1024 * 1024);
	struct buf out = BUF_INIT(64 * 1024);
	const uint8_t *line = size == 0 ? NULL : memchr(data, '\n', size);
	struct value *event;
	struct form form;
	struct error e;
	const char *query;

	if (config == NULL)
		enter("[site]\npublic_url = https://h/o\n[channel voice]\n"
		    "type = voice\nprovider = twilio\nfrom = +525587654321\n"
		    "voice = Polly.Mia\n[provider twilio]\nkind = twilio\n");
	if (line == NULL || line - data > 4096)
		return 0;
	query = arena_strndup(&mem, (const char *)data,
	    (size_t)(line - data));
	if (form_parse(&form, (const char *)line + 1, size -
	    (size_t)(line + 1 - data), &mem, &e) == 0) {
		for (int k = TWILIO_HOOK_CALL; k <= TWILIO_HOOK_KEY; k++)
			if (twilio_hook_read((enum twilio_hook)k, &form, query,
			    &event, &e) == 0) {
				check_event((enum twilio_hook)k, event);
				value_free(event);
			}
		speech_answer(config, query, &form, &out);
		check_twiml(&out);
	}
	buf_release(&out);
	arena_release(&mem);
	return 0;
}
