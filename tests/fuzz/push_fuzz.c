/*
 * Answers of push services made by chance, for libFuzzer or feed.c: of Web
 * Push, of ntfy, and ntfy's list after a lost answer.
 */
#include "http.h"

static const struct provider *webpush, *ntfy;

static void
check_read(const struct provider *p, const struct response *r)
{
	struct response seen = *r;
	struct verdict v;

	memset(&v, 0x5a, sizeof(v));
	p->read(r, &v);
	if (p == webpush && v.outcome == OUTCOME_ACCEPTED) {
		/* The status says all: there may be no id, and half a body. */
		seen.cut = false;
		if (v.provider_id[0] == '\0')
			snprintf(v.provider_id, sizeof(v.provider_id), "none");
	}
	check_verdict(&seen, &v);
}

static bool
found(void *ctx, const char *provider_id, bool certain)
{
	size_t *count = ctx;

	promise(*provider_id != '\0' && strlen(provider_id) < 256,
	    "what is found has an id");
	++*count;
	return certain;
}

static void
check_look(const struct response *r, const struct record *record)
{
	const struct order o = { .id = "m1", .channel = "push",
	    .provider = "ntfy", .attempt = 1, .to = "topic-of-ana",
	    .record = record, .config = config, .now = 1795197700,
	    .started = 1795197600 };
	char page[2048] = "untouched";
	size_t count = 0;
	int rc = ntfy->look(&o, r, found, &count, page);

	promise(rc == 0 || rc == -1, "there is one page");
	promise(strcmp(page, "untouched") == 0, "and no other");
	promise(count == 0 || (!r->failed && !r->cut && r->code == 200),
	    "who did not answer knows nothing");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char line[] = "{\"text\":\"Hola Ana\"}";
	struct record record = RECORD_INIT;
	struct response r;
	struct error e;

	if (config == NULL) {
		enter("[channel push]\ntype = push\nprovider = ntfy\n"
		    "[provider ntfy]\nkind = ntfy\n");
		webpush = provider_find("webpush", "push");
		ntfy = provider_find("ntfy", "push");
	}
	if (!read_input(data, size, &r))
		return 0;
	/* Where Web Push says what it made; the rest is in the status. */
	snprintf(r.location, sizeof(r.location), "%.*s",
	    (int)strcspn(buf_text(&r.body), "\n"), buf_text(&r.body));
	promise(record_parse(&record, line, sizeof(line) - 1, &e) == 0,
	    "the record is one");
	check_read(webpush, &r);
	check_read(ntfy, &r);
	check_look(&r, &record);
	record_release(&record);
	buf_release(&r.body);
	return 0;
}
