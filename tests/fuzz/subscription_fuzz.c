/*
 * Subscriptions made by chance, for libFuzzer or feed.c: what a browser's page
 * posted, which anybody may have written.
 */
#include "http.h"

#include "base/digest.h"
#include "message/subscription.h"

/* Nothing that could end a header, a URL or a string of JSON. */
static void
check_text(const char *s)
{
	for (; *s != '\0'; s++)
		promise(*s > ' ' && *s < 0x7f && strchr("\"\\#<>", *s) == NULL,
		    "an endpoint is a URL as it stands");
}

static void
check_place(const struct subscription *s)
{
	size_t n = strlen(s->origin);
	bool tls = strncmp(s->origin, "https://", 8) == 0;

	promise(strncmp(s->endpoint, s->origin, n) == 0 &&
	    strchr("/?", s->endpoint[n]) != NULL, "it is at its origin");
	promise(strchr(s->origin, '@') == NULL && strchr(s->origin + 8,
	    '/') == NULL, "an origin is a host");
	if (strcmp(s->host, "127.0.0.1") == 0)
		return;		/* which is allowed here */
	promise(tls && strcmp(s->origin + 8, s->host) == 0,
	    "elsewhere it is https, at the port of that");
	promise(strchr(s->host, '.') != NULL && strchr(s->host, '[') == NULL &&
	    strchr("0123456789", strrchr(s->host, '.')[1]) == NULL,
	    "a host is a name");
}

/* The one form gives itself again. */
static void
check_form(const struct subscription *s)
{
	char text[SUBSCRIPTION_MAX + 1], again[SUBSCRIPTION_MAX + 1];
	struct subscription other;
	struct error e;

	subscription_write(s, text);
	promise(strlen(text) < SUBSCRIPTION_MAX, "it fits");
	promise(subscription_is_meant(text), "it looks like one");
	promise(subscription_parse(config, text, &other, &e) == 0,
	    "the one form is one");
	promise(strcmp(subscription_write(&other, again), text) == 0,
	    "there is one form");
}

static void
check(const char *text)
{
	struct subscription s;
	struct error e = { .text = "" };

	if (subscription_parse(config, text, &s, &e) == -1) {
		promise(e.text[0] != '\0', "it is said why");
		promise(utf8_valid(e.text, strlen(e.text)), "in UTF-8");
		return;
	}
	check_text(s.endpoint);
	check_place(&s);
	promise(p256_is_point(s.p256dh), "a key is one");
	check_form(&s);
}

/* The endpoint alone, with keys that are good: the rest is soon refused. */
static void
check_endpoint(const char *url)
{
	static const char point[] = "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXY"
	    "mMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU";
	struct value *v = value_new_object(), *keys = value_new_object();
	struct arena mem = ARENA_INIT((size_t)16 * 1024 * 1024);

	value_set_string(v, "endpoint", url);
	value_set_string(keys, "p256dh", point);
	value_set_string(keys, "auth", "AAECAwQFBgcICQoLDA0ODw");
	value_set_take(v, "keys", keys);
	check(value_json(v, &mem));
	value_free(v);
	arena_release(&mem);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = as_text(data, size);

	if (config == NULL)
		enter("[provider web]\nkind = webpush\nprivate_key = env:K\n"
		    "allow = 127.0.0.1\n");
	check(text);
	check_endpoint(text);
	free(text);
	return 0;
}
