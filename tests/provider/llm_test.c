#undef NDEBUG
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/io.h"
#include "provider/llm.h"

static struct response
answered(int code, const char *body)
{
	struct response r = { .code = code, .retry_after = -1,
	    .body = BUF_INIT(RESPONSE_MAX) };

	buf_str(&r.body, body);
	return r;
}

static void
expect(const char *kind, int code, const char *body, enum llm_outcome outcome,
    const char *why)
{
	struct response r = answered(code, body);
	struct llm_answer a;

	llm_read(kind, &r, &a);
	if (a.outcome != outcome || strcmp(a.why, why) != 0)
		fprintf(stderr, "%s: %d %s\n", body, a.outcome, a.why);
	assert(a.outcome == outcome && strcmp(a.why, why) == 0);
	assert((a.input != NULL) == (outcome == LLM_CALLED));
	llm_release(&a);
	buf_release(&r.body);
}

static void
test_statuses(void)
{
	static const struct {
		int code;
		enum llm_outcome outcome;
	} all[] = {
		{ 400, LLM_UNUSABLE }, { 401, LLM_SETUP }, { 402, LLM_SETUP },
		{ 403, LLM_SETUP }, { 404, LLM_SETUP }, { 408, LLM_LATER },
		{ 409, LLM_LATER }, { 413, LLM_UNUSABLE },
		{ 422, LLM_UNUSABLE }, { 429, LLM_LATER }, { 500, LLM_LATER },
		{ 503, LLM_LATER }, { 504, LLM_LATER }, { 529, LLM_LATER },
		{ 302, LLM_SETUP }
	};
	char why[32];

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(why, sizeof(why), "HTTP %d", all[i].code);
		expect("anthropic", all[i].code, "", all[i].outcome, why);
		expect("openai", all[i].code, "{}", all[i].outcome, why);
	}
	expect("openai", 400, "{\"error\":\"no such model\"}", LLM_UNUSABLE,
	    "HTTP 400: no such model");
	expect("openai", 404, "{\"detail\":\"Not Found\"}", LLM_SETUP,
	    "HTTP 404: Not Found");
	expect("openai", 429, "{\"error\":{\"message\":\"m\",\"type\":"
	    "\"requests\",\"code\":\"insufficient_quota\"}}", LLM_SETUP,
	    "HTTP 429: requests: m");
}

/* What a server says may repeat a person's words, and stays out of it. */
static void
test_reason(void)
{
	struct response r = answered(400, "{\"error\":{\"type\":\"a_b\","
	    "\"message\":\"Ana wrote\"}}");
	struct llm_answer a;

	llm_read("anthropic", &r, &a);
	assert(strcmp(a.reason, "HTTP 400 a_b") == 0);
	buf_clear(&r.body);
	buf_str(&r.body, "{\"error\":{\"type\":\"Ana wrote\"}}");
	llm_read("anthropic", &r, &a);
	assert(strcmp(a.reason, "HTTP 400") == 0);
	buf_release(&r.body);
}

static void
test_waits(void)
{
	struct response r = answered(429, "");
	struct llm_answer a;

	r.retry_after = 7;
	llm_read("anthropic", &r, &a);
	assert(a.wait == 7);
	r.retry_after = 900000;
	llm_read("anthropic", &r, &a);
	assert(a.wait == 86400);
	r.failed = true;
	snprintf(r.text, sizeof(r.text), "timed out");
	llm_read("anthropic", &r, &a);
	assert(a.outcome == LLM_LATER && strcmp(a.why, "timed out") == 0);
	r.certificate = true;
	llm_read("anthropic", &r, &a);
	assert(a.outcome == LLM_SETUP);
	buf_release(&r.body);
}

static void
test_usage(void)
{
	struct response r = answered(200, "{\"id\":\"msg_1\",\"content\":[{"
	    "\"type\":\"new_kind\"},{\"type\":\"tool_use\",\"name\":\"reply\","
	    "\"input\":{\"text\":\"a\"}}],\"stop_reason\":\"tool_use\","
	    "\"usage\":{\"input_tokens\":10,\"cache_read_input_tokens\":5,"
	    "\"cache_creation_input_tokens\":2,\"output_tokens\":3}}");
	struct llm_answer a;

	llm_read("anthropic", &r, &a);
	assert(a.outcome == LLM_CALLED && strcmp(a.tool, "reply") == 0);
	assert(strcmp(value_get_string(a.input, "text"), "a") == 0);
	assert(a.input_tokens == 17 && a.output_tokens == 3);
	assert(strcmp(a.request_id, "msg_1") == 0);
	llm_release(&a);
	buf_release(&r.body);
	r = answered(200, "{\"id\":\"a b\",\"choices\":[{\"message\":{"
	    "\"tool_calls\":[{\"function\":{\"name\":\"reply\",\"arguments\":"
	    "{\"text\":\"a\"}}}]},\"finish_reason\":\"stop\"}]}");
	llm_read("openai", &r, &a);
	assert(a.outcome == LLM_CALLED && a.input_tokens == -1 &&
	    a.request_id[0] == '\0');
	llm_release(&a);
	buf_release(&r.body);
}

/* What was recorded, in $OMNI_CORPORA. */
static void
test_recorded(const char *corpora)
{
	static const struct {
		const char *file, *kind;
		int code;
		enum llm_outcome outcome;
	} all[] = {
		{ "anthropic-response-tool-use", "anthropic", 200,
		    LLM_CALLED },
		{ "anthropic-response-refusal", "anthropic", 200,
		    LLM_REFUSED },
		{ "anthropic-response-max-tokens", "anthropic", 200,
		    LLM_UNUSABLE },
		{ "anthropic-error-400", "anthropic", 400, LLM_UNUSABLE },
		{ "anthropic-error-529", "anthropic", 529, LLM_LATER },
		{ "openai-response-tool-calls", "openai", 200, LLM_CALLED },
		{ "openai-response-forced-tool-finish-stop", "openai", 200,
		    LLM_CALLED },
		{ "openai-response-bad-arguments", "openai", 200,
		    LLM_UNUSABLE },
		{ "openai-error-429", "openai", 429, LLM_LATER }
	};
	struct buf text = BUF_INIT(1024 * 1024);
	struct llm_answer a;
	struct response r;
	struct error e;
	char path[1024];

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(path, sizeof(path), "%s/wire/llm/%s.json", corpora,
		    all[i].file);
		buf_clear(&text);
		assert(io_read_file(AT_FDCWD, path, &text, &e) == 0);
		r = answered(all[i].code, buf_text(&text));
		llm_read(all[i].kind, &r, &a);
		assert(a.outcome == all[i].outcome);
		llm_release(&a);
		buf_release(&r.body);
	}
	buf_release(&text);
}

int
main(void)
{
	const char *corpora = getenv("OMNI_CORPORA");
	char path[1024];

	record_setup();
	assert(llm_provider("anthropic") != NULL && llm_provider("openai") !=
	    NULL && llm_provider("twilio") == NULL && llm_provider(NULL) ==
	    NULL);
	test_statuses();
	test_reason();
	test_waits();
	test_usage();
	expect("anthropic", 200, "x", LLM_UNUSABLE, "the answer is no JSON "
	    "object");
	expect("anthropic", 200, "{}", LLM_UNUSABLE, "an answer without an "
	    "end");
	expect("openai", 200, "{}", LLM_UNUSABLE, "it called no tool");
	snprintf(path, sizeof(path), "%s/wire/llm", corpora == NULL ? "" :
	    corpora);
	if (access(path, R_OK) == 0)
		test_recorded(corpora);
	else
		puts("# skip no corpora: recorded answers of models");
	return 0;
}
