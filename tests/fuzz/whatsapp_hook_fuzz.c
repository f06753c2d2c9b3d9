/*
 * A webhook of Meta under inputs made by chance, for libFuzzer or feed.c:
 * what comes out has the shape that the drain relies on.
 *
 * An input is the body; what stands before its first newline, if that begins
 * with a '?', is the query of the challenge.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/whatsapp_hook.h"
#include "promise.h"

static bool
is_one_of(const struct value *event, const char *key,
    const char *const *words)
{
	const char *s = value_get_string(event, key);

	for (; *words != NULL; words++)
		if (s != NULL && strcmp(s, *words) == 0)
			return true;
	return false;
}

/* What goes into a key, a view or a comparison. */
static void
check_plain(const struct value *event, const char *key)
{
	const char *s = value_get_string(event, key);

	if (s == NULL)
		return;
	promise(s[0] != '\0', key);
	for (; *s != '\0'; s++)
		promise(*s > ' ' && *s <= '~', key);
}

static void
check_event(const struct value *event)
{
	static const char *const kinds[] = { "status", "message",
	    "preference", "other", NULL };
	static const char *const statuses[] = { "sent", "delivered", "read",
	    "failed", NULL };
	static const char *const said[] = { "stop", "resume", NULL };
	const char *kind = value_get_string(event, "kind");

	promise(is_one_of(event, "kind", kinds), "a kind");
	check_plain(event, "provider_id");
	check_plain(event, "from");
	check_plain(event, "to");
	check_plain(event, "context");
	check_plain(event, "user_id");
	if (strcmp(kind, "other") == 0)
		return;
	promise(value_get_string(event, "key") != NULL, "a key");
	check_plain(event, "key");
	if (strcmp(kind, "status") == 0)
		promise(is_one_of(event, "status", statuses) &&
		    value_get_string(event, "provider_id") != NULL,
		    "a status of ours");
	else
		promise(value_get_string(event, "from") != NULL, "a sender");
	if (strcmp(kind, "message") == 0)
		promise(value_get_string(event, "text") != NULL &&
		    value_type(value_get(event, "media")) == VALUE_ARRAY,
		    "a text and a list of media");
	if (strcmp(kind, "preference") == 0)
		promise(is_one_of(event, "value", said), "a preference");
}

static void
check_challenge(const char *query, size_t len)
{
	struct arena mem = ARENA_INIT(4 * 1024 * 1024);
	const char *answer;
	struct error ignored;
	struct form f;

	if (form_parse(&f, query, len, &mem, &ignored) == 0) {
		answer = whatsapp_challenge(&f, "token");
		promise(answer == NULL || strspn(answer, "0123456789") ==
		    strlen(answer), "nothing but digits is sent back");
	}
	arena_release(&mem);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *body = (const char *)data, *end;
	struct value *events;
	struct error e;

	end = size == 0 || *body != '?' ? NULL : memchr(body, '\n', size);
	if (end != NULL) {
		check_challenge(body + 1, (size_t)(end - body - 1));
		size -= (size_t)(end + 1 - body);
		body = end + 1;
	}
	if (whatsapp_hook_read(body, size, &events, &e) == -1) {
		promise(events == NULL && e.text[0] != '\0',
		    "why it cannot be read is said");
		return 0;
	}
	for (size_t i = 0; i < value_count(events); i++)
		check_event(value_at(events, i));
	value_free(events);
	return 0;
}
