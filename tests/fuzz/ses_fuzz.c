/*
 * Answers of SES made by chance, for libFuzzer or feed.c; the first word of the
 * body, up to a newline, is what the header x-amzn-ErrorType says where there
 * is one.
 */
#include "http.h"

static const struct provider *ses;

static void
check_read(const struct response *r)
{
	struct verdict v;

	memset(&v, 0x5a, sizeof(v));
	ses->read(r, &v);
	check_verdict(r, &v);
}

/* The header is a line of the answer, so nothing in it breaks one. */
static void
check_with_type(struct response *r)
{
	const char *text = buf_text(&r->body);
	size_t n = strcspn(text, "\r\n");
	struct response typed = *r;

	snprintf(typed.error_type, sizeof(typed.error_type), "%.*s",
	    (int)(n < 63 ? n : 63), text);
	typed.body = (struct buf)BUF_INIT(RESPONSE_MAX);
	if (n + 1 < r->body.len)
		buf_add(&typed.body, text + n + 1, r->body.len - n - 1);
	check_read(&typed);
	buf_release(&typed.body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct response r;

	if (config == NULL) {
		enter("[provider ses]\nkind = ses\nregion = us-east-1\n");
		ses = provider_find("ses", "email");
	}
	if (!read_input(data, size, &r))
		return 0;
	check_read(&r);
	check_with_type(&r);
	buf_release(&r.body);
	return 0;
}
