/* For tests of filters: a value through an expression, and what it gives. */
#ifndef TESTS_TEMPLATE_FIXTURE_H
#define TESTS_TEMPLATE_FIXTURE_H

#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/record.h"
#include "template/template.h"

static const struct value *scopes[1];
static struct template_env env = { .scopes = scopes, .scope_count = 1 };
static char last[4096];

/* The value as `v` through an expression such as "v|money". */
static inline int
render(const char *json, const char *expression)
{
	struct error e = { .text = "" };
	struct buf out = BUF_INIT(sizeof(last) - 1);
	struct buf data = BUF_INIT(RECORD_MAX);
	struct value *v;
	struct template *t;
	int rc;

	buf_printf(&data, "{\"v\":%s}", json);
	v = value_parse(buf_text(&data), data.len, &e);
	assert(v != NULL);
	scopes[0] = v;
	t = template_parse_expression("t", expression, strlen(expression), &e);
	if (t == NULL)
		fprintf(stderr, "%s: %s\n", expression, e.text);
	assert(t != NULL);
	rc = template_render(t, &env, &out, NULL, &e);
	snprintf(last, sizeof(last), "%s", rc == -1 ? e.text : buf_text(&out));
	template_free(t);
	value_free(v);
	buf_release(&out);
	buf_release(&data);
	return rc;
}

static inline void
gives(const char *json, const char *expression, const char *want)
{
	if (render(json, expression) == -1 || strcmp(last, want) != 0) {
		fprintf(stderr, "%s %s: %s, not %s\n", json, expression, last,
		    want);
		abort();
	}
}

static inline void
refuses(const char *json, const char *expression, const char *why)
{
	if (render(json, expression) == 0 || strstr(last, why) == NULL) {
		fprintf(stderr, "%s %s: %s, not %s\n", json, expression, last,
		    why);
		abort();
	}
}

#endif
