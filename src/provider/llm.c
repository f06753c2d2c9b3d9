/* Language models: what they are asked, by both wire formats. */
#include "llm.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "provider_impl.h"

#define ANTHROPIC	"anthropic"
#define ANTHROPIC_BASE	"https://api.anthropic.com"
#define ANTHROPIC_DATE	"2023-06-01"
#define OPENAI		"openai"
#define OPENAI_BASE	"https://api.openai.com"

/*
 * Whom they take us for
 */

static int
sign_in_anthropic(struct config *c, const char *provider,
    struct credentials *out, struct error *e)
{
	memset(out, 0, sizeof(*out));
	out->how = SIGN_IN_HEADERS;
	return http_secret(c, provider, "access_token", out, e);
}

/* A server of one's own may want no key. */
static int
sign_in_openai(struct config *c, const char *provider,
    struct credentials *out, struct error *e)
{
	memset(out, 0, sizeof(*out));
	out->how = SIGN_IN_HEADERS;
	out->secret = (struct buf)BUF_INIT(1);
	if (config_string(c, "provider", provider, "access_token") == NULL)
		return 0;
	out->how = SIGN_IN_BEARER;
	return http_secret(c, provider, "access_token", out, e);
}

const struct provider *
llm_provider(const char *kind)
{
	static const struct provider all[] = {
		{ .kind = ANTHROPIC, .types = "", .transport = TRANSPORT_HTTP,
		    .sign_in = sign_in_anthropic },
		{ .kind = OPENAI, .types = "", .transport = TRANSPORT_HTTP,
		    .sign_in = sign_in_openai }
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (kind != NULL && strcmp(all[i].kind, kind) == 0)
			return &all[i];
	return NULL;
}

/*
 * The question
 */

static void
add_message(struct value *list, const char *role, const char *text)
{
	struct value *m = value_new_object();

	value_set_string(m, "role", role);
	value_set_string(m, "content", text);
	value_append_take(list, m);
}

static struct value *
one_tool(const struct value *tool, bool anthropic)
{
	struct value *v = value_new_object(), *of = anthropic ? v :
	    value_new_object();

	value_carry(of, "name", tool, "name");
	value_carry(of, "description", tool, "description");
	value_set_take(of, anthropic ? "input_schema" : "parameters",
	    value_copy(value_get(tool, "schema")));
	if (!anthropic) {
		value_set_string(v, "type", "function");
		value_set_take(v, "function", of);
	}
	return v;
}

static struct value *
all_tools(const struct value *tools, bool anthropic)
{
	struct value *list = value_new_array();

	for (size_t i = 0; i < value_count(tools); i++)
		value_append_take(list, one_tool(value_at(tools, i),
		    anthropic));
	return list;
}

static void
write_anthropic(const struct llm_question *q, struct value *v)
{
	struct value *choice = value_new_object();
	struct value *messages = value_new_array();

	value_set_integer(v, "max_tokens", q->max_tokens);
	value_set_string(v, "system", q->rules);
	add_message(messages, "user", q->user);
	value_set_take(v, "messages", messages);
	value_set_take(v, "tools", all_tools(q->tools, true));
	value_set_string(choice, "type", "any");
	value_set_bool(choice, "disable_parallel_tool_use", true);
	value_set_take(v, "tool_choice", choice);
}

/* Servers of one's own know the older name; OpenAI's newest models do not. */
static void
write_openai(const struct llm_question *q, bool own, struct value *v)
{
	struct value *messages = value_new_array();

	value_set_integer(v, own ? "max_tokens" : "max_completion_tokens",
	    q->max_tokens);
	add_message(messages, "system", q->rules);
	add_message(messages, "user", q->user);
	value_set_take(v, "messages", messages);
	value_set_take(v, "tools", all_tools(q->tools, false));
	value_set_string(v, "tool_choice", "required");
	if (!own)
		value_set_bool(v, "parallel_tool_calls", false);
}

int
llm_build(struct config *c, const char *provider,
    const struct llm_question *q, const struct credentials *who,
    struct request *out, struct error *e)
{
	const char *kind = config_string(c, "provider", provider, "kind");
	const struct order o = { .provider = provider, .config = c };
	bool anthropic = strcmp(kind, ANTHROPIC) == 0;
	struct value *v;
	char base[1024];

	if (http_base(&o, anthropic ? ANTHROPIC_BASE : OPENAI_BASE, base,
	    sizeof(base), e) == -1)
		return -1;
	*out = (struct request){ .method = "POST",
	    .content_type = "application/json",
	    .body = BUF_INIT(REQUEST_MAX), .headers = BUF_INIT(HEADERS_MAX) };
	snprintf(out->url, sizeof(out->url), "%s%s", base, anthropic ?
	    "/v1/messages" : "/v1/chat/completions");
	v = value_new_object();
	value_set_string(v, "model", q->model);
	if (anthropic) {
		buf_printf(&out->headers, "x-api-key: %s\n"
		    "anthropic-version: " ANTHROPIC_DATE "\n",
		    buf_text(&who->secret));
		write_anthropic(q, v);
	} else
		write_openai(q, strcmp(base, OPENAI_BASE) != 0, v);
	value_write(v, &out->body);
	value_free(v);
	return 0;
}
