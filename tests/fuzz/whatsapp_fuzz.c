/*
 * Answers of WhatsApp's Cloud API made by chance, for libFuzzer or feed.c; and
 * the same bytes as a record, from which a request is built.
 */
#include "http.h"

#include <sysexits.h>

static const struct provider *whatsapp;

static void
check_read(const struct response *r)
{
	struct verdict v;

	memset(&v, 0x5a, sizeof(v));
	whatsapp->read(r, &v);
	check_verdict(r, &v);
}

/* What is built can be read again; what is not, has a reason. */
static void
check_build(const struct response *r, bool window)
{
	struct request out = { .body = BUF_INIT(REQUEST_MAX) };
	struct record record = RECORD_INIT;
	struct order o = { .id = "m1", .channel = "wa", .provider = "meta",
	    .attempt = 1, .to = "+525512345678", .record = &record,
	    .config = config, .window = window };
	struct error e = { .text = "" };
	struct value *v;

	if (record_parse(&record, buf_text(&r->body), r->body.len, &e) == -1)
		return;
	if (whatsapp->build(&o, &out, &e) == -1)
		promise(e.status == EX_DATAERR && e.text[0] != '\0',
		    "why it cannot be is said");
	else {
		v = value_parse(buf_text(&out.body), out.body.len, &e);
		promise(v != NULL && value_get_string(v, "type") != NULL &&
		    value_get(v, value_get_string(v, "type")) != NULL,
		    "the request is what its type says");
		value_free(v);
	}
	buf_release(&out.body);
	record_release(&record);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct response r;

	if (config == NULL) {
		enter("[channel wa]\ntype = whatsapp\nprovider = meta\n"
		    "[provider meta]\nkind = whatsapp\n"
		    "phone_number_id = 106540352242922\n"
		    "access_token = env:NONE\n");
		whatsapp = provider_find("whatsapp", "whatsapp");
	}
	if (!read_input(data, size, &r))
		return 0;
	check_read(&r);
	check_build(&r, false);
	check_build(&r, true);
	buf_release(&r.body);
	return 0;
}
