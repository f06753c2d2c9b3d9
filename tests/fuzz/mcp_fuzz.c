/*
 * Lines of an MCP client under inputs made by chance, for libFuzzer or feed.c.
 * The tools are stubs: what they get fits their schemas.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcp/mcp.h"
#include "promise.h"

#define OUT_MAX	(64 * 1024 * 1024)

static const char *const tools[] = { "find_contact", "get_unread_messages",
    "get_conversation_history", "check_message_status", "explain",
    "send_message" };

static struct value *
call(struct mcp *m, const char *tool, const struct value *arguments,
    struct error *e)
{
	const char *key = value_get_string(arguments, "idempotency_key");
	int64_t limit = 1;
	size_t i = 0;

	promise(value_type(arguments) == VALUE_OBJECT, "arguments there are");
	while (i < 6 && strcmp(tools[i], tool) != 0)
		i++;
	promise(i < 6 && (m->allow & MCP_SCHEDULE) == 0, "what is not allowed "
	    "is not called");
	promise((strcmp(tool, "send_message") == 0) == (key != NULL),
	    "who sends has a key");
	promise(key == NULL || (strlen(key) <= 100 && strpbrk(key, " \n/") ==
	    NULL), "of the form that is asked for");
	value_integer(value_get(arguments, "limit"), &limit);
	promise(limit >= 1 && limit <= 100, "limits are kept");
	if (i % 2 == 0)
		return value_copy(arguments);
	error_set(e, 1, "%s: not here", tool);
	return NULL;
}

/* One answer: a result or an error, by JSON-RPC. */
static void
check_one(const struct value *v)
{
	const struct value *error = value_get(v, "error");
	const char *version = value_get_string(v, "jsonrpc");
	int64_t code = 0;

	promise(version != NULL && strcmp(version, "2.0") == 0, "jsonrpc");
	if (value_get(v, "method") != NULL) {
		promise(value_get(v, "id") == NULL, "we ask nothing");
		return;
	}
	promise((error != NULL) != (value_get(v, "result") != NULL),
	    "a result or an error");
	promise(value_type(value_get(v, "id")) == VALUE_STRING ||
	    value_type(value_get(v, "id")) == VALUE_INTEGER ||
	    (error != NULL && value_type(value_get(v, "id")) == VALUE_NULL),
	    "whose answer it is");
	promise(error == NULL || (value_integer(value_get(error, "code"),
	    &code) && code < 0 && value_get_string(error, "message") != NULL),
	    "a code and a text");
}

static void
check_answer(const struct buf *out)
{
	struct error e;
	struct value *v = value_parse(out->data, out->len, &e);

	promise(!out->full && v != NULL, "the answer is JSON");
	promise(memchr(out->data, '\n', out->len) == NULL, "on one line");
	if (value_type(v) == VALUE_ARRAY)
		for (size_t i = 0; i < value_count(v); i++)
			check_one(value_at(v, i));
	else
		check_one(v);
	value_free(v);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mcp m = { .call = call, .allow = MCP_SEND };
	struct buf out = BUF_INIT(OUT_MAX), line = BUF_INIT(MCP_LINE_MAX);
	const char *s = (const char *)data, *end;
	size_t n;

	mcp_open(&m);
	for (; size > 0; s += n, size -= n) {
		end = memchr(s, '\n', size);
		n = end == NULL ? size : (size_t)(end - s) + 1;
		buf_clear(&line);
		buf_add(&line, s, end == NULL ? n : n - 1);
		buf_clear(&out);
		mcp_line(&m, buf_text(&line), line.len, &out);
		if (out.len > 0)
			check_answer(&out);
		promise(strlen(m.client) < sizeof(m.client), "a name is cut");
	}
	mcp_close(&m);
	buf_release(&line);
	buf_release(&out);
	return 0;
}
