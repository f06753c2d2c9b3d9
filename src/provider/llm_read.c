/* Language models: what their answers say. */
#include <stdio.h>
#include <string.h>

#include "llm.h"
#include "provider_impl.h"

#define ID_LETTERS	"abcdefghijklmnopqrstuvwxyz" \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
#define WAIT_MAX	86400	/* seconds, whatever the server says */

static void
say(struct llm_answer *out, enum llm_outcome outcome, const char *why)
{
	out->outcome = outcome;
	snprintf(out->why, sizeof(out->why), "%s", why);
	snprintf(out->reason, sizeof(out->reason), "%.120s", why);
}

/* Their own words are for the log, and never hold our key. */
static void
say_status(struct llm_answer *out, enum llm_outcome outcome, int status,
    const char *type, const char *text)
{
	bool plain = type != NULL && type[strspn(type,
	    "abcdefghijklmnopqrstuvwxyz_")] == '\0';

	out->outcome = outcome;
	snprintf(out->reason, sizeof(out->reason), "HTTP %d%s%.60s", status,
	    plain ? " " : "", plain ? type : "");
	snprintf(out->why, sizeof(out->why), "HTTP %d%s%.60s%s%.300s", status,
	    type == NULL ? "" : ": ", type == NULL ? "" : type,
	    text == NULL ? "" : ": ", text == NULL ? "" : text);
}

static enum llm_outcome
outcome_of(int status, const char *type, const char *code)
{
	/* The account has no money left: waiting does not help. */
	if (type != NULL && strcmp(type, "insufficient_quota") == 0)
		return LLM_SETUP;
	if (code != NULL && strcmp(code, "insufficient_quota") == 0)
		return LLM_SETUP;
	if (status == 408 || status == 409 || status == 429 || status >= 500)
		return LLM_LATER;
	return status == 401 || status == 402 || status == 403 ||
	    status == 404 || (status >= 300 && status < 400) ? LLM_SETUP :
	    LLM_UNUSABLE;
}

/* {"error": {"type", "message"}}; of local servers {"error": "text"} too. */
static void
read_error(const struct response *r, const struct value *v,
    struct llm_answer *out)
{
	const struct value *error = value_get(v, "error");
	const char *text = value_string(error);
	const char *type = value_get_string(error, "type");

	if (text == NULL)
		text = value_get_string(error, "message");
	if (text == NULL)
		text = value_get_string(v, "detail");
	say_status(out, outcome_of(r->code, type, value_get_string(error,
	    "code")), r->code, type, text);
	if (r->retry_after > 0)
		out->wait = r->retry_after < WAIT_MAX ? r->retry_after :
		    WAIT_MAX;
}

/* One call; a second one makes the answer of no use. */
static void
take_call(struct llm_answer *out, const char *name, struct value *input)
{
	if (out->input != NULL) {
		value_free(input);
		say(out, LLM_UNUSABLE, "it called several tools");
		return;
	}
	if (name == NULL || input == NULL || value_type(input) !=
	    VALUE_OBJECT) {
		value_free(input);
		say(out, LLM_UNUSABLE, "a call without a name, or without an "
		    "object");
		return;
	}
	out->input = input;
	snprintf(out->tool, sizeof(out->tool), "%s", name);
}

static void
read_usage(const struct value *usage, const char *in, const char *more,
    const char *most, const char *written, struct llm_answer *out)
{
	int64_t n, sum = 0;

	if (!value_integer(value_get(usage, in), &sum) || sum < 0)
		return;
	if (more != NULL && value_integer(value_get(usage, more), &n) &&
	    n > 0)
		sum += n;
	if (most != NULL && value_integer(value_get(usage, most), &n) &&
	    n > 0)
		sum += n;
	out->input_tokens = sum;
	if (value_integer(value_get(usage, written), &n) && n >= 0)
		out->output_tokens = n;
}

static void
read_anthropic(const struct value *v, struct llm_answer *out)
{
	const char *stop = value_get_string(v, "stop_reason"), *type;
	const struct value *content = value_get(v, "content"), *block;

	read_usage(value_get(v, "usage"), "input_tokens",
	    "cache_creation_input_tokens", "cache_read_input_tokens",
	    "output_tokens", out);
	if (stop != NULL && strcmp(stop, "refusal") == 0) {
		say(out, LLM_REFUSED, "the model refused");
		return;
	}
	if (stop == NULL || (strcmp(stop, "tool_use") != 0 &&
	    strcmp(stop, "end_turn") != 0)) {
		say(out, LLM_UNUSABLE, stop == NULL ? "an answer without an "
		    "end" : strcmp(stop, "max_tokens") == 0 ?
		    "the answer was cut off at max_tokens" :
		    "it stopped for another reason");
		return;
	}
	for (size_t i = 0; i < value_count(content); i++) {
		block = value_at(content, i);
		type = value_get_string(block, "type");
		if (type != NULL && strcmp(type, "tool_use") == 0)
			take_call(out, value_get_string(block, "name"),
			    value_get(block, "input") == NULL ? NULL :
			    value_copy(value_get(block, "input")));
	}
}

/* The arguments are a string, which holds JSON or what a model takes for it. */
static void
read_function(const struct value *call, struct llm_answer *out)
{
	const struct value *f = value_get(call, "function");
	const char *text = value_get_string(f, "arguments");
	struct error why;

	if (text == NULL && value_type(value_get(f, "arguments")) ==
	    VALUE_OBJECT)
		take_call(out, value_get_string(f, "name"), value_copy(
		    value_get(f, "arguments")));
	else
		take_call(out, value_get_string(f, "name"), text == NULL ?
		    NULL : value_parse(text, strlen(text), &why));
}

static void
read_openai(const struct value *v, struct llm_answer *out)
{
	const struct value *choice = value_at(value_get(v, "choices"), 0);
	const struct value *m = value_get(choice, "message"), *calls;
	const char *stop = value_get_string(choice, "finish_reason");

	read_usage(value_get(v, "usage"), "prompt_tokens", NULL, NULL,
	    "completion_tokens", out);
	if (value_get_string(m, "refusal") != NULL || (stop != NULL &&
	    strcmp(stop, "content_filter") == 0)) {
		say(out, LLM_REFUSED, "the model refused");
		return;
	}
	if (stop != NULL && strcmp(stop, "length") == 0) {
		say(out, LLM_UNUSABLE, "the answer was cut off at "
		    "max_tokens");
		return;
	}
	calls = value_get(m, "tool_calls");
	for (size_t i = 0; i < value_count(calls); i++)
		read_function(value_at(calls, i), out);
}

static void
read_answer(const char *kind, const struct value *v, struct llm_answer *out)
{
	const char *id = value_get_string(v, "id");

	if (id != NULL && strlen(id) < sizeof(out->request_id) &&
	    id[strspn(id, ID_LETTERS)] == '\0')
		snprintf(out->request_id, sizeof(out->request_id), "%s", id);
	out->outcome = LLM_CALLED;
	if (strcmp(kind, "anthropic") == 0)
		read_anthropic(v, out);
	else
		read_openai(v, out);
	if (out->outcome == LLM_CALLED && out->input == NULL)
		say(out, LLM_UNUSABLE, "it called no tool");
	if (out->outcome != LLM_CALLED)
		llm_release(out);
}

void
llm_read(const char *kind, const struct response *r, struct llm_answer *out)
{
	struct value *v;
	struct error why;

	*out = (struct llm_answer){ .input_tokens = -1, .output_tokens = -1 };
	if (r->failed) {
		say(out, r->certificate ? LLM_SETUP : LLM_LATER, r->text);
		out->lost = r->started && !r->certificate;
		return;
	}
	v = value_parse(buf_text(&r->body), r->body.len, &why);
	if (r->code < 200 || r->code >= 300)
		read_error(r, v, out);
	else if (r->cut)
		say(out, LLM_UNUSABLE, "the answer did not end, or was too "
		    "long");
	else if (v == NULL || value_type(v) != VALUE_OBJECT)
		say(out, LLM_UNUSABLE, "the answer is no JSON object");
	else
		read_answer(kind, v, out);
	value_free(v);
}

void
llm_release(struct llm_answer *a)
{
	value_free(a->input);
	a->input = NULL;
	a->tool[0] = '\0';
}
