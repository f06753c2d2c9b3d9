#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "provider/lookup.h"

static int
answer(int code, const char *body, struct lookup *l, struct verdict *v)
{
	struct response r = { .started = true, .code = code,
	    .retry_after = -1, .body = BUF_INIT(RESPONSE_MAX) };
	int rc;

	buf_str(&r.body, body);
	memset(v, 0, sizeof(*v));
	rc = lookup_read(&r, l, v);
	buf_release(&r.body);
	return rc;
}

static void
test_lines(void)
{
	static const struct {
		const char *theirs, *ours;
	} lines[] = {
		{ "landline", "fixed_line" }, { "nonFixedVoip", "voip" },
		{ "satellite", "unknown" }
	};
	struct verdict v;
	struct lookup l;
	char body[200];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(body, sizeof(body), "{\"valid\":true,"
		    "\"line_type_intelligence\":{\"type\":\"%s\"}}",
		    lines[i].theirs);
		assert(answer(200, body, &l, &v) == 0 && l.valid);
		assert(strcmp(l.line, lines[i].ours) == 0);
		assert(l.carrier[0] == '\0');
	}
	assert(answer(200, "{\"valid\":false,\"line_type_intelligence\":null}",
	    &l, &v) == 0);
	assert(!l.valid && strcmp(l.line, "unknown") == 0);
}

/* A long name ends with a character, and speaks to no terminal. */
static void
test_carrier(void)
{
	struct buf body = BUF_INIT(400);
	struct verdict v;
	struct lookup l;

	buf_str(&body, "{\"valid\":true,\"line_type_intelligence\":"
	    "{\"carrier_name\":\"x");
	for (int i = 0; i < 100; i++)
		buf_str(&body, "é");
	buf_str(&body, "\"}}");
	assert(answer(200, buf_text(&body), &l, &v) == 0);
	buf_release(&body);
	assert(strlen(l.carrier) > 100 && utf8_valid(l.carrier,
	    strlen(l.carrier)));
	assert(answer(200, "{\"valid\":true,\"line_type_intelligence\":"
	    "{\"carrier_name\":\"Tel\\u001b[1m\"}}", &l, &v) == 0);
	assert(strcmp(l.carrier, "Tel\\x1b[1m") == 0);
}

static void
test_no_answer(void)
{
	struct verdict v;
	struct lookup l;

	assert(answer(404, "{\"code\":20404,\"message\":\"none\"}", &l,
	    &v) == -1);
	assert(v.outcome != OUTCOME_ACCEPTED && v.text[0] != '\0');
	assert(answer(429, "{\"code\":20429}", &l, &v) == -1);
	assert(v.outcome == OUTCOME_LATER);
	assert(answer(200, "{\"valid\":\"yes\"}", &l, &v) == -1);
	assert(answer(200, "<html>", &l, &v) == -1);
	assert(v.outcome != OUTCOME_ACCEPTED);
}

int
main(void)
{
	record_setup();
	test_lines();
	test_carrier();
	test_no_answer();
	return 0;
}
