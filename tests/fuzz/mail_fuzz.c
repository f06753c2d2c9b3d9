/*
 * A mail that came in, under inputs made by chance, for libFuzzer or feed.c:
 * what comes out has the shape that the drain relies on.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/mail_hook.h"
#include "provider/mail_letter.h"
#include "provider/mail_sns.h"
#include "provider/mail_text.h"
#include "promise.h"

static bool
is_one_of(const struct value *v, const char *key, const char *const *words)
{
	const char *s = value_get_string(v, key);

	for (; *words != NULL; words++)
		if (s != NULL && strcmp(s, *words) == 0)
			return true;
	return false;
}

static void
check_event(const struct value *event)
{
	static const char *const kinds[] = { "status", "message", "other",
	    NULL };
	static const char *const statuses[] = { "bounced", "failed",
	    "accepted", "sent", "delivered", "complained", NULL };
	const char *kind = value_get_string(event, "kind");
	const struct value *ids = value_path(event, "mail.ids");

	promise(is_one_of(event, "kind", kinds), "a kind");
	promise(value_get_string(event, "key") != NULL, "a key");
	if (strcmp(kind, "status") == 0)
		promise(is_one_of(event, "status", statuses), "a status");
	if (strcmp(kind, "message") == 0)
		promise(value_get_string(event, "from") != NULL &&
		    value_get_string(event, "text") != NULL, "a message");
	for (size_t i = 0; i < value_count(ids); i++)
		promise(value_string(value_at(ids, i))[0] == '<' &&
		    strchr(value_string(value_at(ids, i)), '@') != NULL,
		    "an id has its brackets");
}

/* The same bytes as the text of a mail. */
static void
check_text(const uint8_t *data, size_t size)
{
	struct buf words = BUF_INIT(1024 * 1024), text = BUF_INIT(1024 * 1024);
	struct value *told = value_new_array(), *own = value_new_array();
	struct mail_letter letter = { .subject = "", .failed = "",
	    .own = own };
	const char *copy = NULL;
	char id[128];

	buf_add(&text, data, strnlen((const char *)data, size));
	mail_own_words(buf_text(&text), &words);
	promise(!words.full && words.len <= text.len + 1, "words are taken "
	    "from the text");
	letter.text = buf_text(&text);
	if (mail_letter_read(&letter, told, &copy))
		promise(copy >= letter.text && copy <= letter.text + text.len,
		    "the copy is in the text");
	mail_letter_embedded(buf_text(&text), told, &copy);
	mail_sns_read(buf_text(&text), told, id);
	for (size_t i = 0; i < value_count(told); i++)
		promise(value_get_string(value_at(told, i), "action") != NULL,
		    "an action");
	value_free(told);
	value_free(own);
	buf_release(&words);
	buf_release(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mail_envelope nobody = { .sender = "" };
	static const struct mail_envelope unknown = { .sender = NULL };
	const struct mail_envelope *envelopes[] = { &nobody, &unknown };
	struct buf out = BUF_INIT(1024 * 1024);
	struct value *events;
	struct error e;

	for (size_t n = 0; n < 2; n++) {
		if (mail_hook_read((const char *)data, size, envelopes[n],
		    &events, &e) == -1) {
			promise(events == NULL && e.text[0] != '\0',
			    "why it cannot be read is said");
			continue;
		}
		promise(value_count(events) > 0, "a mail says something");
		for (size_t i = 0; i < value_count(events); i++)
			check_event(value_at(events, i));
		value_free(events);
	}
	mail_html_text((const char *)data, size, &out);
	buf_release(&out);
	check_text(data, size);
	return 0;
}
