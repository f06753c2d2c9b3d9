/*
 * A webhook of SNS and what SES says in it, under inputs made by chance, for
 * libFuzzer or feed.c: what comes out has the shape that the drain relies on.
 *
 * An input is the body of a webhook; one that begins with a '!' is the member
 * Message alone, and one with an '@' a tag.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/ses_hook.h"
#include "provider/sns.h"
#include "promise.h"

static void
check_url(const char *url)
{
	static const char prefix[] = "https://sns.";
	const char *slash;

	promise(strncmp(url, prefix, strlen(prefix)) == 0, "https, to SNS");
	slash = strchr(url + strlen(prefix), '/');
	promise(slash != NULL && ((slash - url > 14 &&
	    strncmp(slash - 14, ".amazonaws.com", 14) == 0) ||
	    (slash - url > 17 &&
	    strncmp(slash - 17, ".amazonaws.com.cn", 17) == 0)),
	    "to Amazon");
	for (const char *p = url; *p != '\0'; p++)
		promise(*p > ' ' && *p <= '~' && (p > slash ||
		    strchr("@:?#\\", *p) == NULL || p == url + 5),
		    "the host is all before the path");
}

static bool
is_one_of(const char *s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (s != NULL && strcmp(s, *words) == 0)
			return true;
	return false;
}

static void
check_plain(const char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		promise(*s > ' ' && *s <= '~', "it can be shown");
}

static void
check_event(const struct value *event)
{
	static const char *const statuses[] = { "accepted", "delivered",
	    "read", "failed", "bounced", "complained", NULL };
	const char *kind = value_get_string(event, "kind");
	const char *status = value_get_string(event, "status");

	promise(kind != NULL && strcmp(value_get_string(event, "provider"),
	    "ses") == 0, "a kind of SES's");
	if (strcmp(kind, "other") == 0)
		return;
	promise(strcmp(kind, "status") == 0 && is_one_of(status, statuses),
	    "a status of ours");
	promise(value_get_string(event, "provider_id") != NULL &&
	    value_get_string(event, "key") != NULL, "an id and a key");
	check_plain(value_get_string(event, "provider_id"));
	check_plain(value_get_string(event, "key"));
	check_plain(value_get_string(event, "code"));
	promise(!value_is_true(value_get(event, "dead")) ||
	    value_get_string(event, "code") != NULL, "why it is dead");
}

static void
check_message(const char *message, size_t len, const char *id)
{
	struct value *events;
	struct error e;

	if (ses_hook_read(message, len, id, &events, &e) == -1) {
		promise(events == NULL && e.text[0] != '\0',
		    "why it cannot be read is said");
		return;
	}
	promise(value_count(events) > 0 && value_count(events) <=
	    SES_RECIPIENTS_MAX, "one for each recipient");
	for (size_t i = 0; i < value_count(events); i++)
		check_event(value_at(events, i));
	value_free(events);
}

static void
check_tag(const char *tag)
{
	char out[64];

	if (ses_hook_reference(tag, out, sizeof(out)))
		promise(out[0] != '\0' && utf8_valid(out, strlen(out)),
		    "a reference is text");
}

static void
check_body(const char *body, size_t len)
{
	struct error e = { .text = "" };
	struct sns m;

	if (sns_read(&m, body, len, &e) == -1) {
		promise(m.root == NULL && e.text[0] != '\0',
		    "why it cannot be read is said");
		return;
	}
	check_url(m.certificate);
	if (m.subscribe != NULL)
		check_url(m.subscribe);
	promise((m.subscribe != NULL) == (m.type != SNS_NOTIFICATION),
	    "confirmations have a URL");
	check_plain(m.id);
	promise(sns_check(&m, "", 0, 0, &e) == -1, "nobody signs for all");
	check_message(m.message, strlen(m.message), m.id);
	sns_release(&m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = as_text(data, size);

	if (text[0] == '!')
		check_message(text + 1, strlen(text + 1), "m-1");
	else if (text[0] == '@')
		check_tag(text + 1);
	else
		check_body(text, size);
	free(text);
	return 0;
}
