/*
 * A language model, by both wire formats: the Messages of Anthropic, and the
 * chat completions of OpenAI, which many local servers speak.  It does not
 * think: it says in turn what a script has.
 */
#include "llm.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/io.h"
#include "emit.h"
#include "simulator.h"

#define SCRIPT_MAX	(16 * 1024 * 1024)	/* bytes */
#define DELAY_MOST_MS	3600000
#define PAD_MOST	(8 * 1024 * 1024)
#define WORDS		"Respuesta simulada."
#define BYTES_TOKEN	4	/* about as many as a token has */

/*
 * The script
 */

static const char *const members[] = { "tool", "input", "arguments", "tools",
	"text", "refuse", "stop", "status", "type", "message", "raw", "delay",
	"pad", "usage", "retry_after" };

static int
check_answer(const struct value *v, size_t i, struct error *e)
{
	struct value_iter it = { 0 };
	size_t n, count = sizeof(members) / sizeof(members[0]);

	if (value_type(v) != VALUE_OBJECT)
		return error_set(e, EX_USAGE, "llm %zu: not an object", i);
	while (value_next(v, &it)) {
		for (n = 0; n < count && strcmp(members[n], it.key) != 0; n++)
			;
		if (n == count)
			return error_set(e, EX_USAGE, "llm %zu: no such "
			    "member: %.60s", i, it.key);
	}
	return 0;
}

int
llm_set(struct simulator *s, const struct value *answers, struct error *e)
{
	bool some = value_type(answers) == VALUE_ARRAY;

	if (!some && value_type(answers) != VALUE_NULL)
		return error_set(e, EX_USAGE, "llm: not an array, nor null");
	for (size_t i = 0; i < value_count(answers); i++)
		if (check_answer(value_at(answers, i), i, e) == -1)
			return -1;
	pthread_mutex_lock(&s->lock);
	value_free(s->llm);
	s->llm = some ? value_copy(answers) : NULL;
	s->llm_next = 0;
	pthread_mutex_unlock(&s->lock);
	return 0;
}

int
llm_load(struct simulator *s, const char *file, struct error *e)
{
	struct value *list = value_new_array(), *v;
	struct buf text = BUF_INIT(SCRIPT_MAX);
	const char *line, *end;
	struct error why;
	int rc;

	rc = io_read_file(AT_FDCWD, file, &text, e);
	for (line = buf_text(&text); rc == 0 && *line != '\0'; line = end) {
		end = strchrnul(line, '\n');
		v = value_parse(line, (size_t)(end - line), &why);
		if (v == NULL)
			rc = error_set(e, EX_USAGE, "%s: %s", file, why.text);
		else
			value_append_take(list, v);
		end += *end == '\n';
	}
	if (rc == 0)
		rc = llm_set(s, list, e);
	value_free(list);
	buf_release(&text);
	return rc;
}

/* A copy of the one whose turn it is, or an empty object. */
static struct value *
next_answer(struct simulator *s)
{
	struct value *v = NULL;
	size_t count;

	pthread_mutex_lock(&s->lock);
	count = value_count(s->llm);
	if (count > 0) {
		v = value_copy(value_at(s->llm, s->llm_next));
		if (s->llm_next + 1 < count)
			s->llm_next++;
	}
	pthread_mutex_unlock(&s->lock);
	return v == NULL ? value_new_object() : v;
}

/*
 * What a model would call, were it to call the first tool that it is offered
 */

static void
fill(struct value *input, const char *name, const struct value *schema)
{
	const char *type = value_get_string(schema, "type");
	const struct value *first = value_at(value_get(schema, "enum"), 0);

	if (first != NULL)
		value_set_take(input, name, value_copy(first));
	else if (type == NULL || strcmp(type, "string") == 0)
		value_set_string(input, name, WORDS);
	else if (strcmp(type, "boolean") == 0)
		value_set_bool(input, name, false);
	else
		value_set_integer(input, name, 1);
}

static struct value *
obvious_call(const struct value *tool, bool anthropic)
{
	const struct value *of = anthropic ? tool : value_get(tool,
	    "function"), *schema = value_get(of, anthropic ? "input_schema" :
	    "parameters"), *required = value_get(schema, "required");
	struct value *call = value_new_object(), *input = value_new_object();
	const char *name;

	for (size_t i = 0; i < value_count(required); i++) {
		name = value_string(value_at(required, i));
		if (name != NULL)
			fill(input, name, value_get(value_get(schema,
			    "properties"), name));
	}
	value_carry(call, "tool", of, "name");
	value_set_take(call, "input", input);
	return call;
}

/* An array of {"tool", "input" or "arguments"}, perhaps empty. */
static struct value *
calls_of(const struct exchange *x, const struct value *a, bool anthropic)
{
	const struct value *offered = value_get(x->json, "tools");
	struct value *list = value_new_array();

	if (value_type(value_get(a, "tools")) == VALUE_ARRAY) {
		value_free(list);
		return value_copy(value_get(a, "tools"));
	}
	if (value_get(a, "tool") != NULL)
		value_append_take(list, value_copy(a));
	else if (value_get(a, "text") == NULL && !value_is_true(value_get(a,
	    "refuse")) && value_count(offered) > 0)
		value_append_take(list, obvious_call(value_at(offered, 0),
		    anthropic));
	return list;
}

/*
 * What both formats have
 */

static char *
words_of(struct exchange *x, const struct value *a)
{
	const char *text = value_get_string(a, "text");
	int64_t pad = 0;
	char *out;

	value_integer(value_get(a, "pad"), &pad);
	if (text == NULL)
		text = pad > 0 ? "" : WORDS;
	if (pad < 0 || pad > PAD_MOST)
		pad = 0;
	out = arena_alloc(&x->mem, strlen(text) + (size_t)pad + 1);
	memcpy(out, text, strlen(text));
	memset(out + strlen(text), 'x', (size_t)pad);
	return out;
}

static void
emit_value(struct exchange *x, const char *key, const struct value *v)
{
	emit_raw(&x->answer, key, v == NULL ? "{}" : value_json(v, &x->mem));
}

/* Each "error" of a script, and those that the request deserves. */
static void
say_error(struct exchange *x, int status, const char *type, const char *text)
{
	struct buf *b = &x->answer;
	char id[25];

	buf_clear(b);
	x->status = status;
	emit_open(b, NULL, '{');
	if (x->route->act == llm_anthropic) {
		emit_string(b, "type", "error");
		emit_open(b, "error", '{');
		emit_string(b, "type", type);
		emit_string(b, "message", text);
		emit_close(b, '}');
		emit_string(b, "request_id", arena_printf(&x->mem, "req_%s",
		    random_hex(id, 24)));
	} else {
		emit_open(b, "error", '{');
		emit_string(b, "message", text);
		emit_string(b, "type", type);
		emit_string(b, "param", NULL);
		emit_string(b, "code", status == 401 ? "invalid_api_key" :
		    status == 429 ? type : NULL);
		emit_close(b, '}');
	}
	emit_close(b, '}');
}

void
llm_error(struct exchange *x, int status, const char *text)
{
	static const struct {
		int status;
		const char *anthropic, *openai;
	} types[] = {
		{ 401, "authentication_error", "invalid_request_error" },
		{ 402, "billing_error", "insufficient_quota" },
		{ 403, "permission_error", "invalid_request_error" },
		{ 404, "not_found_error", "invalid_request_error" },
		{ 413, "request_too_large", "invalid_request_error" },
		{ 429, "rate_limit_error", "rate_limit_exceeded" },
		{ 500, "api_error", "server_error" },
		{ 504, "timeout_error", "server_error" },
		{ 529, "overloaded_error", "server_error" },
		{ 0, "invalid_request_error", "invalid_request_error" }
	};
	size_t i = 0;

	while (types[i].status != 0 && types[i].status != status)
		i++;
	say_error(x, status, x->route->act == llm_anthropic ?
	    types[i].anthropic : types[i].openai, text);
}

/* True: a status, or bytes that are no answer at all. */
static bool
says_otherwise(struct exchange *x, const struct value *a)
{
	const char *raw = value_get_string(a, "raw");
	const char *type = value_get_string(a, "type");
	const char *text = value_get_string(a, "message");
	int64_t status = 0, n;

	if (value_integer(value_get(a, "delay"), &n) && n > 0 &&
	    n <= DELAY_MOST_MS)
		x->hold_until = clock_monotonic_ms() + n;
	if (value_integer(value_get(a, "retry_after"), &n))
		answer_header(x, "Retry-After", arena_printf(&x->mem, "%jd",
		    (intmax_t)n));
	value_integer(value_get(a, "status"), &status);
	if (raw != NULL) {
		x->status = status >= 200 && status < 600 ? (int)status : 200;
		buf_str(&x->answer, raw);
		return true;
	}
	if (status < 300 || status >= 600)
		return false;
	if (text == NULL)
		text = "as the script has it";
	if (type == NULL)
		llm_error(x, (int)status, text);
	else
		say_error(x, (int)status, type, text);
	return true;
}

/* "input_tokens", "output_tokens", by the bytes of both. */
static void
emit_usage(struct exchange *x, const struct value *a, bool anthropic)
{
	const struct value *given = value_get(a, "usage");
	struct buf *b = &x->answer;
	int64_t in = (int64_t)(x->body.len / BYTES_TOKEN) + 1;
	int64_t out = (int64_t)(b->len / BYTES_TOKEN) + 1;

	if (value_type(given) == VALUE_NULL)
		return;
	if (given != NULL) {
		emit_value(x, "usage", given);
		return;
	}
	emit_open(b, "usage", '{');
	emit_integer(b, anthropic ? "input_tokens" : "prompt_tokens", in);
	emit_integer(b, anthropic ? "output_tokens" : "completion_tokens",
	    out);
	if (anthropic) {
		emit_integer(b, "cache_creation_input_tokens", 0);
		emit_integer(b, "cache_read_input_tokens", 0);
	} else
		emit_integer(b, "total_tokens", in + out);
	emit_close(b, '}');
}

/*
 * Anthropic
 */

static void
check_common(struct exchange *x)
{
	if (!x->authorized)
		llm_error(x, 401, "invalid x-api-key");
	else if (x->json == NULL)
		llm_error(x, 400, "The request body is not valid JSON");
	else if (value_get_string(x->json, "model") == NULL)
		llm_error(x, 400, "model: Field required");
	else if (value_count(value_get(x->json, "messages")) == 0)
		llm_error(x, 400, "messages: at least one message is "
		    "required");
	else if (value_is_true(value_get(x->json, "stream")))
		llm_error(x, 400, "stream: not played here");
}

void
llm_check_anthropic(struct exchange *x)
{
	const char *key = request_header(x, "x-api-key");
	const struct value *list = value_get(x->json, "messages");
	const char *role;
	int64_t max;

	x->authorized = key != NULL && strcmp(key, x->sim->set.llm_key) == 0;
	check_common(x);
	if (x->status != 0)
		return;
	if (request_header(x, "anthropic-version") == NULL) {
		llm_error(x, 400, "anthropic-version: header is required");
		return;
	}
	if (!value_integer(value_get(x->json, "max_tokens"), &max) ||
	    max < 1) {
		llm_error(x, 400, "max_tokens: Field required");
		return;
	}
	for (size_t i = 0; i < value_count(list); i++) {
		role = value_get_string(value_at(list, i), "role");
		if (role == NULL || (strcmp(role, "user") != 0 &&
		    strcmp(role, "assistant") != 0)) {
			llm_error(x, 400, "messages: role must be user or "
			    "assistant");
			return;
		}
	}
}

static void
emit_uses(struct exchange *x, const struct value *calls)
{
	struct buf *b = &x->answer;
	const struct value *c;
	char id[25];

	for (size_t i = 0; i < value_count(calls); i++) {
		c = value_at(calls, i);
		emit_open(b, NULL, '{');
		emit_string(b, "type", "tool_use");
		emit_string(b, "id", arena_printf(&x->mem, "toolu_%s",
		    random_hex(id, 24)));
		emit_string(b, "name", value_get_string(c, "tool"));
		emit_value(x, "input", value_get(c, "input"));
		emit_close(b, '}');
	}
}

static void
emit_words(struct exchange *x, const struct value *a)
{
	struct buf *b = &x->answer;

	emit_open(b, NULL, '{');
	emit_string(b, "type", "text");
	emit_string(b, "text", words_of(x, a));
	emit_close(b, '}');
}

static void
say_anthropic(struct exchange *x, const struct value *a,
    const struct value *calls)
{
	const char *stop = value_get_string(a, "stop");
	bool refuses = value_is_true(value_get(a, "refuse"));
	struct buf *b = &x->answer;
	char id[25];

	x->status = 200;
	emit_open(b, NULL, '{');
	emit_string(b, "id", arena_printf(&x->mem, "msg_%s",
	    random_hex(id, 24)));
	emit_string(b, "type", "message");
	emit_string(b, "role", "assistant");
	emit_string(b, "model", value_get_string(x->json, "model"));
	emit_open(b, "content", '[');
	if (!refuses && (value_get(a, "text") != NULL ||
	    value_count(calls) == 0))
		emit_words(x, a);
	if (!refuses)
		emit_uses(x, calls);
	emit_close(b, ']');
	emit_string(b, "stop_reason", stop != NULL ? stop : refuses ?
	    "refusal" : value_count(calls) > 0 ? "tool_use" : "end_turn");
	emit_string(b, "stop_sequence", NULL);
	emit_usage(x, a, true);
	emit_close(b, '}');
}

void
llm_anthropic(struct exchange *x)
{
	struct value *a = next_answer(x->sim), *calls;

	if (!says_otherwise(x, a)) {
		calls = calls_of(x, a, true);
		say_anthropic(x, a, calls);
		value_free(calls);
	}
	value_free(a);
}

/*
 * OpenAI
 */

void
llm_check_openai(struct exchange *x)
{
	const char *key = request_header(x, "Authorization");

	x->authorized = key != NULL && strncmp(key, "Bearer ", 7) == 0 &&
	    strcmp(key + 7, x->sim->set.llm_key) == 0;
	check_common(x);
}

/* `arguments` is a string that holds JSON, or, of a poor model, does not. */
static void
emit_calls(struct exchange *x, const struct value *calls)
{
	struct buf *b = &x->answer;
	const struct value *c, *input;
	const char *arguments;
	char id[25];

	emit_open(b, "tool_calls", '[');
	for (size_t i = 0; i < value_count(calls); i++) {
		c = value_at(calls, i);
		input = value_get(c, "input");
		arguments = value_get_string(c, "arguments");
		emit_open(b, NULL, '{');
		emit_string(b, "id", arena_printf(&x->mem, "call_%s",
		    random_hex(id, 24)));
		emit_string(b, "type", "function");
		emit_open(b, "function", '{');
		emit_string(b, "name", value_get_string(c, "tool"));
		emit_string(b, "arguments", arguments != NULL ? arguments :
		    input == NULL ? "{}" : value_json(input, &x->mem));
		emit_close(b, '}');
		emit_close(b, '}');
	}
	emit_close(b, ']');
}

static void
emit_message(struct exchange *x, const struct value *a,
    const struct value *calls)
{
	bool refuses = value_is_true(value_get(a, "refuse"));
	struct buf *b = &x->answer;

	emit_open(b, "message", '{');
	emit_string(b, "role", "assistant");
	emit_string(b, "content", refuses || (value_get(a, "text") == NULL &&
	    value_count(calls) > 0) ? NULL : words_of(x, a));
	emit_string(b, "refusal", refuses ? "I cannot help with that." :
	    NULL);
	if (!refuses && value_count(calls) > 0)
		emit_calls(x, calls);
	emit_close(b, '}');
}

static void
say_openai(struct exchange *x, const struct value *a,
    const struct value *calls)
{
	const char *stop = value_get_string(a, "stop");
	struct buf *b = &x->answer;
	char id[25];

	x->status = 200;
	emit_open(b, NULL, '{');
	emit_string(b, "id", arena_printf(&x->mem, "chatcmpl-%s",
	    random_hex(id, 24)));
	emit_string(b, "object", "chat.completion");
	emit_integer(b, "created", clock_now());
	emit_string(b, "model", value_get_string(x->json, "model"));
	emit_open(b, "choices", '[');
	emit_open(b, NULL, '{');
	emit_integer(b, "index", 0);
	emit_message(x, a, calls);
	emit_raw(b, "logprobs", "null");
	emit_string(b, "finish_reason", stop != NULL ? stop :
	    value_is_true(value_get(a, "refuse")) ? "content_filter" :
	    value_count(calls) > 0 ? "tool_calls" : "stop");
	emit_close(b, '}');
	emit_close(b, ']');
	emit_usage(x, a, false);
	emit_close(b, '}');
}

void
llm_openai(struct exchange *x)
{
	struct value *a = next_answer(x->sim), *calls;

	if (!says_otherwise(x, a)) {
		calls = calls_of(x, a, false);
		say_openai(x, a, calls);
		value_free(calls);
	}
	value_free(a);
}
